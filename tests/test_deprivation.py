"""Multidimensional poverty: the authors' own case, cases worked by hand, then laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.metrics.contract import InputError
from jingde_core.metrics.deprivation import (
    EQUAL,
    GUARANTEES,
    adjusted_headcount,
    alkire_foster,
    alkire_foster_bounds,
    alkire_foster_by_group,
    multidimensional_headcount,
)

#: the four persons of Alkire and Foster (2011), deprived in income, schooling, health, insurance
FOUR = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1], [0, 1, 0, 0]])
QUARTERS = [0.25] * 4

cutoffs = st.sampled_from([1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1])
weights_of_three = (
    st.lists(st.integers(0, 5), min_size=3, max_size=3)
    .filter(any)
    .map(lambda parts: np.array(parts) / sum(parts))
)


def households(*states, most=8):
    row = st.tuples(*[st.sampled_from(states)] * 3)
    return st.lists(st.tuples(row, st.integers(1, 5)), min_size=1, max_size=most).map(
        lambda rows: (
            np.array([state for state, _ in rows], dtype=float),
            np.array([members for _, members in rows]),
        )
    )


def profile(states):
    """Six columns of the guarantee profile from three."""
    twice = np.hstack([states, states])
    return dict(zip(GUARANTEES, twice.T, strict=True))


def indices(found):
    return found.H, found.A, found.M0


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)


def test_the_authors_four_persons():
    found = alkire_foster(FOUR, QUARTERS, 0.5)
    assert indices(found) == (1 / 2, 3 / 4, 3 / 8)
    assert found.uncensored_headcounts.tolist() == [1 / 4, 3 / 4, 1 / 4, 1 / 2]
    assert found.censored_headcounts.tolist() == [1 / 4, 1 / 2, 1 / 4, 1 / 2]
    assert found.contributions == pytest.approx([1 / 6, 1 / 3, 1 / 6, 1 / 3])
    assert found.intensity.tolist() == [0, 0.5, 1, 0.25]
    assert found.poor.tolist() == [False, True, True, False]


def test_union_and_intersection():
    assert alkire_foster(FOUR, QUARTERS, 0.01).H == 3 / 4
    assert alkire_foster(FOUR, QUARTERS, 1).H == 1 / 4


def test_a_household_counts_by_its_members():
    found = alkire_foster(FOUR, QUARTERS, 0.5, members=[5, 1, 3, 1])
    assert found.persons == 10
    assert indices(found) == pytest.approx((0.4, (1 * 0.5 + 3 * 1) / 4, 0.35))


def test_a_cutoff_of_two_sixths_holds_for_two_failures_of_six():
    states = np.zeros((1, 6))
    states[0, [1, 4]] = 1
    assert alkire_foster(states, EQUAL, 1 / 3).H == 1
    assert alkire_foster(states, EQUAL, 0.1 + 0.2 + 1 / 30).H == 1


def test_names_come_from_the_frame_and_weights_may_follow_them_in_any_order():
    frame = pd.DataFrame(FOUR, columns=["income", "school", "health", "insurance"])
    weights = {"insurance": 0.4, "school": 0.3, "health": 0.2, "income": 0.1}
    found = alkire_foster(frame, weights, 0.5)
    assert found.intensity.tolist() == pytest.approx([0, 0.7, 1, 0.3])
    assert found.table().loc["insurance"].tolist() == pytest.approx([0.4, 0.5, 0.5, 0.2 / 0.425])


def test_nobody_and_nobody_poor():
    nobody = alkire_foster(np.zeros((0, 2)), [0.5, 0.5], 0.5)
    assert all(math.isnan(value) for value in indices(nobody))
    well = alkire_foster(np.zeros((3, 2)), [0.5, 0.5], 0.5)
    assert (well.H, well.M0) == (0, 0)
    assert math.isnan(well.A) and np.isnan(well.contributions).all()


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({"deprivations": [[0, 2], [1, 0]]}, {"deprivations"}),
        ({"deprivations": [[0, math.nan], [1, 0]]}, {"deprivations"}),
        ({"deprivations": [["pass", "fail"], ["pass", "fail"]]}, {"deprivations"}),
        ({"deprivations": [0, 1]}, {"deprivations"}),
        ({"weights": [0.5, 0.6]}, {"weights"}),
        ({"weights": [1, 1]}, {"weights"}),
        ({"weights": [1.5, -0.5]}, {"weights"}),
        ({"weights": [1]}, {"weights"}),
        ({"weights": {"0": 0.5, "other": 0.5}}, {"weights"}),
        ({"weights": {"0": 0.5, "1": 0.5, "other": 0}}, {"weights"}),
        ({"cutoff": 0}, {"cutoff"}),
        ({"cutoff": 1.2}, {"cutoff"}),
        ({"cutoff": math.nan}, {"cutoff"}),
        ({"members": [1, 0]}, {"members"}),
        ({"members": [1, 2, 3]}, {"deprivations, members"}),
        ({"weights": [1, 1], "cutoff": 2, "members": [0, 1]}, {"weights", "cutoff", "members"}),
    ],
)
def test_what_lies_outside_the_contract_is_refused_all_at_once(change, columns):
    given = {"deprivations": [[0, 1], [1, 0]], "weights": [0.5, 0.5], "cutoff": 0.5} | change
    with pytest.raises(InputError) as refused:
        alkire_foster(**given)
    assert {problem.column for problem in refused.value.problems} == columns


def test_the_bounds_refuse_all_but_an_unknown_state():
    with pytest.raises(InputError) as refused:
        alkire_foster_bounds([[0, 2], [1, math.nan]], [0.5, 0.6], 0.5)
    assert {problem.column for problem in refused.value.problems} == {"deprivations", "weights"}


def test_unknown_states_leave_two_bounds():
    states = [[1, 1], [math.nan, 1], [0, math.nan], [0, 0]]
    found = alkire_foster_bounds(states, [0.5, 0.5], 1, members=[1, 2, 3, 4])
    assert (found.all_pass.H, found.all_fail.H) == (0.1, 0.3)
    assert found.coverage.tolist() == [0.8, 0.7]


def test_groups_are_told_apart_and_add_up():
    table = alkire_foster_by_group(FOUR, QUARTERS, 0.5, ["a", "a", "b", "b"])
    assert table["H"].tolist() == [0.5, 0.5]
    assert table["M0"].tolist() == [0.25, 0.5]
    assert table["contribution"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert table["1"].tolist() == [0.5, 0.5]
    with pytest.raises(InputError):
        alkire_foster_by_group(FOUR, QUARTERS, 0.5, ["a", None, "b", "b"])


@given(rows=households(0, 1), weights=weights_of_three, cutoff=cutoffs)
def test_the_parts_make_the_whole(rows, weights, cutoff):
    states, members = rows
    found = alkire_foster(states, weights, cutoff, members)
    share, intensity, adjusted = indices(found)
    assert adjusted == close(share * intensity if share else 0)
    assert weights @ found.censored_headcounts == close(found.M0)
    assert (found.censored_headcounts <= found.uncensored_headcounts + 1e-12).all()
    assert found.M0 <= found.H <= 1
    if adjusted:
        assert found.contributions.sum() == close(1)
        assert intensity >= cutoff - 1e-9


@given(rows=households(0, 1), weights=weights_of_three, cutoff=cutoffs)
def test_members_are_equal_persons_in_any_order(rows, weights, cutoff):
    states, members = rows
    each = alkire_foster(np.repeat(states, members, axis=0)[::-1], weights, cutoff)
    found = alkire_foster(states, weights, cutoff, members)
    assert indices(each) == close(indices(found))


@given(rows=households(0, 1), weights=weights_of_three, cutoff=cutoffs, data=st.data())
def test_one_more_deprivation_never_lowers_poverty(rows, weights, cutoff, data):
    states, members = rows
    row = data.draw(st.integers(0, len(states) - 1))
    worse = states.copy()
    worse[row, data.draw(st.integers(0, 2))] = 1
    before, after = (alkire_foster(s, weights, cutoff, members) for s in (states, worse))
    assert after.H >= before.H and after.M0 >= before.M0 - 1e-12


@given(rows=households(0, 1), weights=weights_of_three, cutoff=cutoffs, data=st.data())
def test_groups_weighted_by_persons_make_the_county(rows, weights, cutoff, data):
    states, members = rows
    size = len(states)
    groups = data.draw(st.lists(st.sampled_from("ab"), min_size=size, max_size=size))
    table = alkire_foster_by_group(states, weights, cutoff, groups, members)
    whole = alkire_foster(states, weights, cutoff, members)
    persons = table["persons"] / whole.persons
    assert (persons * table["M0"]).sum() == close(whole.M0)
    assert (persons * table["H"]).sum() == close(whole.H)


@given(rows=households(0, 1, math.nan), weights=weights_of_three, cutoff=cutoffs, data=st.data())
def test_the_truth_lies_between_the_bounds(rows, weights, cutoff, data):
    states, members = rows
    bounds = alkire_foster_bounds(states, weights, cutoff, members)
    guess = st.lists(st.sampled_from([0.0, 1.0]), min_size=states.size, max_size=states.size)
    truth = np.where(np.isnan(states), np.reshape(data.draw(guess), states.shape), states)
    found = alkire_foster(truth, weights, cutoff, members)
    for name in ("H", "M0", "uncensored_headcounts", "censored_headcounts"):
        low, true, high = (getattr(one, name) for one in (bounds.all_pass, found, bounds.all_fail))
        assert np.all(low <= true + 1e-12) and np.all(true <= high + 1e-12)


@given(rows=households(0, 1, math.nan), cutoff=cutoffs, data=st.data())
def test_the_metrics_by_group_agree_with_the_plain_functions(rows, cutoff, data):
    states, members = rows
    size = len(states)
    codes = np.array(data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))
    columns = profile(states) | {"members": members}
    six = np.column_stack([columns[name] for name in GUARANTEES])
    known = ~np.isnan(six).any(axis=1)
    for unknown, kept, taken in (
        ("left_out", known, 0),
        ("pass", known | 1, 0),
        ("fail", known | 1, 1),
    ):
        kept = kept.astype(bool)
        for metric, field in ((multidimensional_headcount, "H"), (adjusted_headcount, "M0")):
            found = metric.grouped(columns, codes, 2, cutoff=cutoff, unknown=unknown)
            for group in range(2):
                rows_in = kept & (codes == group)
                own = alkire_foster(
                    np.nan_to_num(six[rows_in], nan=taken), EQUAL, cutoff, members[rows_in]
                )
                assert found.value[group] == close(getattr(own, field))
                assert found.n[group] == rows_in.sum()
                assert found.unknown[group] == ((codes == group) & ~kept).sum()


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"water": [0.5]}, "water"),
        ({"cutoff": 0}, "cutoff"),
        ({"weights": (0.5,) * 6}, "weights"),
        ({"unknown": "ignore"}, "unknown"),
        ({"members": [0]}, "members"),
    ],
)
def test_the_metrics_refuse_what_lies_outside_their_contract(change, column):
    columns = dict.fromkeys(GUARANTEES, [1.0]) | {"members": [2], "cutoff": 1 / 3}
    with pytest.raises(InputError) as refused:
        multidimensional_headcount(**(columns | change))
    assert column in {problem.column for problem in refused.value.problems}


@pytest.mark.parametrize("kind", [bool, np.int8, np.int64, float])
def test_the_metrics_take_states_of_any_kind(kind):
    states = np.array([[0, 1, 1], [1, 1, 1], [0, 0, 1]], dtype=kind)
    weights = (0.3, 0.1, 0.1, 0.3, 0.1, 0.1)
    columns = profile(states) | {"members": [1, 2, 3], "cutoff": 0.4, "weights": weights}
    assert multidimensional_headcount(**columns) == pytest.approx(3 / 6)
    assert adjusted_headcount(**columns) == pytest.approx((1 * 0.4 + 2 * 1) / 6)
