"""Draws that meet their totals exactly, for any total, weights and rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.synthetic.draw import banded, split_count, stream

weights = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60)
seeds = st.integers(0, 2**31)


def test_streams_of_two_families_and_two_seeds_differ():
    draws = {stream(s, name).integers(2**60) for s in (1, 2) for name in ("assets", "posts")}
    assert len(draws) == 4


def test_three_equal_weights_share_ten_with_the_odd_one_first():
    assert split_count(10, [1, 1, 1]).tolist() == [4, 3, 3]


def test_zero_over_zero_weights_is_zeros_and_more_is_an_error():
    assert split_count(0, [0, 0]).tolist() == [0, 0]
    with pytest.raises(ValueError, match="7 over 2 weights"):
        split_count(7, [0, 0])


@pytest.mark.parametrize(("total", "share"), [(-1, [1]), (1, [-1, 2]), (1, [np.nan])])
def test_negative_or_unknown_input_is_an_error(total, share):
    with pytest.raises(ValueError, match="cannot split"):
        split_count(total, share)


@given(total=st.integers(0, 10**12), share=weights)
def test_counts_sum_to_the_total_and_keep_to_their_share(total, share):
    found = split_count(total, share)
    assert found.sum() == total
    exact = total * np.array(share) / sum(share)
    assert (np.abs(found - exact) <= 1 + 1e-9 * total).all()


@given(seed=seeds, extra=st.integers(0, 10**12), minimum=st.integers(0, 10**6), share=weights)
def test_amounts_sum_to_the_fen_and_none_is_below_the_minimum(seed, extra, minimum, share):
    total = extra + minimum * len(share)
    found = stream(seed, "x").split_total(total, share, minimum=minimum)
    assert found.sum() == total
    assert found.min() >= minimum


def test_minima_above_the_total_are_an_error():
    with pytest.raises(ValueError, match="cannot split 5 into 2 amounts of >= 3"):
        stream(1, "x").split_total(5, [1, 1], minimum=3)


@given(
    seed=seeds,
    values=st.lists(st.integers(1, 9), min_size=1, max_size=40),
    data=st.data(),
)
def test_rows_are_found_whenever_some_exist(seed, values, data):
    chosen = data.draw(st.sets(st.integers(0, len(values) - 1)))
    total = sum(values[i] for i in chosen)
    found = stream(seed, "x").pick_with_sum(values, len(chosen), total)
    assert len(set(found.tolist())) == len(chosen)
    assert sum(values[i] for i in found) == total


def test_two_swaps_at_once_are_found_where_no_single_swap_helps():
    values = [1, 4, 6, 9]
    found = {
        tuple(values[i] for i in stream(seed, "x").pick_with_sum(values, 2, 10))
        for seed in range(20)
    }
    assert found == {(1, 9), (4, 6)}


def test_rows_of_weight_zero_are_never_picked():
    for seed in range(20):
        found = stream(seed, "x").pick_with_sum([2, 2, 2, 3], 2, 4, weights=[1, 0, 1, 1])
        assert found.tolist() == [0, 2]


@pytest.mark.parametrize(("count", "total"), [(2, 3), (3, 5), (5, 10), (1, 7), (0, 1)])
def test_rows_that_do_not_exist_are_an_error_naming_count_and_total(count, total):
    with pytest.raises(ValueError, match=f"no {count} of 4 rows .* sum to {total}"):
        stream(1, "x").pick_with_sum([2, 2, 4, 4], count, total)


@given(seed=seeds, span=st.integers(0, 400), n=st.integers(0, 50))
def test_days_lie_within_their_bounds(seed, span, n):
    start = np.datetime64("2020-01-01")
    end = start + span
    found = stream(seed, "x").days(n, str(start), str(end))
    assert found.dtype == "datetime64[us]"
    assert len(found) == n
    assert ((found >= start) & (found <= end)).all()


def test_days_that_end_before_they_start_are_an_error():
    with pytest.raises(ValueError, match="high <= 0"):
        stream(1, "x").days(1, "2020-02-01", "2020-01-01")


def test_codes_come_in_the_given_proportions():
    found = stream(1, "x").codes({"a": 3, "b": 1}, 8).tolist()
    assert (found.count("a"), found.count("b")) == (6, 2)


def test_a_row_is_that_of_the_age_reached_and_the_first_below_all() -> None:
    table = {"6": [1.0, 2.0], "35": [3.0, 4.0]}
    assert banded(table, [3, 6, 34, 35, 90])[:, 0].tolist() == [1, 1, 1, 3, 3]


def test_levels_follow_the_shares_of_their_row() -> None:
    shares = np.repeat([[0.0, 1.0], [1.0, 0.0]], 3, axis=0)
    assert stream(1, "x").levels(["a", "b"], shares).tolist() == ["b"] * 3 + ["a"] * 3
