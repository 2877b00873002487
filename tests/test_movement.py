"""Movement between years: cases worked by hand, then laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.metrics.contract import InputError
from jingde_core.metrics.movement import (
    Coverage,
    growth_incidence,
    growth_incidence_matched,
    matched,
    persistence,
    transition_matrix,
)

BEFORE = pd.Series([3000, 3500, 5000, 7000, math.nan], index=["h1", "h2", "h3", "h4", "h5"])
AFTER = pd.Series([9000, 6000, 3900, 4000, 5000], index=["h4", "h3", "h2", "h1", "h6"])
MEMBERS = pd.Series([1, 2, 3, 4, 5], index=BEFORE.index)

#: yuan on whole fen
money = st.integers(0, 10**6).map(lambda fen: fen / 100)
pairs = st.lists(st.tuples(money, money, st.integers(1, 6)), min_size=1, max_size=20)


def test_households_are_matched_by_id_and_the_others_counted():
    found = matched(BEFORE, AFTER, MEMBERS)
    assert found.after.tolist() == [4000, 3900, 6000, 9000]
    assert found.weights.tolist() == [1, 2, 3, 4]
    assert found.coverage == Coverage(matched=4, only_before=1, only_after=1, unknown=0)


def test_an_unknown_income_is_counted_and_left_out():
    later = pd.concat([AFTER, pd.Series([1000.0], ["h5"])])
    found = transition_matrix(BEFORE, later, bounds=[4000], weights=MEMBERS)
    assert found.coverage == Coverage(matched=4, only_before=0, only_after=1, unknown=1)
    assert found.counts.to_numpy().sum() == 10


def test_across_two_lines_by_hand():
    found = transition_matrix(BEFORE, AFTER, bounds=[4000, 6000], weights=MEMBERS)
    assert found.counts.index.tolist() == ["<4000", "4000-6000", ">=6000"]
    assert found.counts.to_numpy().tolist() == [[2, 1, 0], [0, 0, 3], [0, 0, 4]]
    assert found.rates.iloc[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert found.persistence == 0.6
    flows = found.flows
    assert flows.loc["<4000"].tolist() == pytest.approx([3, 2, 1, 0, 2, 1 / 3, 0])
    assert flows.loc[">=6000"].tolist() == pytest.approx([4, 4, 0, 3, 7, 0, 3 / 6])
    assert flows["exit_rate"].tolist() == pytest.approx([1 / 3, 1, 0])


def test_the_line_of_each_year_may_differ():
    found = transition_matrix([3100, 3300], [3900, 4000], bounds=[3218], bounds_after=[4000])
    assert found.counts.to_numpy().tolist() == [[1, 0], [0, 1]]


def test_coded_states_keep_the_order_of_their_labels():
    before, after = ["poor", "poor", "lifted"], ["lifted", "poor", "lifted"]
    found = transition_matrix(before, after, labels=["poor", "lifted", "edge"])
    assert found.counts.to_numpy().tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert found.rates.loc["edge"].isna().all()
    assert math.isnan(found.flows.loc["edge", "exit_rate"])
    assert transition_matrix(before, after).counts.index.tolist() == ["lifted", "poor"]


def test_nobody_moves_nowhere():
    found = transition_matrix([], [], bounds=[4000])
    assert found.counts.to_numpy().tolist() == [[0, 0], [0, 0]]
    assert math.isnan(found.persistence) and found.rates.isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"after": AFTER.to_numpy()}, "before, after"),
        ({"before": [1, 2], "after": [1]}, "before, after"),
        ({"before": pd.concat([BEFORE, BEFORE])}, "before"),
        ({"weights": MEMBERS.iloc[:2]}, "weights"),
        ({"weights": [1, 2]}, "weights"),
        ({"weights": -MEMBERS}, "weights"),
        ({"bounds": [6000, 4000]}, "bounds"),
        ({"bounds": []}, "bounds"),
        ({"bounds": [4000, math.nan]}, "bounds"),
        ({"bounds_after": [4000, 5000]}, "bounds_after"),
        ({"labels": ["poor"]}, "bounds"),
        ({"before": BEFORE.map(str)}, "before"),
        ({"bounds": None, "labels": [3000, 3500]}, "labels"),
        ({"bounds": None, "labels": [3000, 3000]}, "labels"),
    ],
)
def test_what_lies_outside_the_contract_is_refused(change, column):
    given = {"before": BEFORE, "after": AFTER, "bounds": [4000]} | change
    with pytest.raises(InputError) as refused:
        transition_matrix(**given)
    assert column in {problem.column for problem in refused.value.problems}


def test_years_below_the_line_by_hand():
    panel = pd.DataFrame(
        {
            2018: [2000, 2995, 9000, math.nan],
            2019: [3000, 3000, 9000, 1],
            2020: [3999, 4000, 9000, 1],
        }
    )
    lines = {2018: 2995, 2019: 3218, 2020: 4000}
    found = persistence(panel, lines=lines, weights=[3, 2, 5, 7])
    assert found.years["persons"].tolist() == [5, 2, 0, 3]
    assert (found.never, found.always) == (0.5, 0.3)
    assert (found.households, found.unknown) == (3, 1)


def test_a_year_without_a_line_or_a_household_without_a_weight_is_refused():
    panel = pd.DataFrame({2019: [1.0], 2020: [2.0]}, index=["h1"])
    lines = {2019: 3218, 2020: 4000}
    with pytest.raises(InputError) as refused:
        persistence(panel, lines={2019: 3218})
    assert refused.value.problems[0].column == "lines"
    for weights in ([1, 2], pd.Series([1], ["h2"])):
        with pytest.raises(InputError) as refused:
            persistence(panel, lines=lines, weights=weights)
        assert refused.value.problems[0].column == "weights"
    assert math.isnan(persistence(panel.iloc[:0], lines=lines).never)


def test_growth_by_half_anonymous_and_of_the_same_households():
    before, after = [1000, 2000, 3000, 4000], [4000, 2200, 3300, 1000]
    anonymous = growth_incidence(before, after, parts=2)
    assert anonymous["before"].tolist() == [1500, 3500]
    assert anonymous["after"].tolist() == [1600, 3650]
    same, coverage = growth_incidence_matched(before, after, parts=2)
    assert same["after"].tolist() == [3100, 2150]
    assert same["growth"].tolist() == pytest.approx([3100 / 1500 - 1, 2150 / 3500 - 1])
    assert coverage.matched == 4


def test_growth_from_nothing_or_less_is_unknown():
    found = growth_incidence([-100, 0, 50, 150], [10, 20, 30, 40], parts=4)
    assert np.isnan(found["growth"]).tolist() == [True, True, False, False]
    assert growth_incidence([], [1], parts=1)["growth"].isna().all()


def test_households_of_equal_income_are_spread_evenly_over_the_parts():
    same, _ = growth_incidence_matched([1000, 1000], [3000, 1000], parts=2)
    assert same["after"].tolist() == [2000, 2000]


def test_growth_refuses_unknown_incomes_and_no_parts():
    for call, column in (
        (lambda: growth_incidence([math.nan], [1]), "values"),
        (lambda: growth_incidence([1], [1], parts=0), "parts"),
        (lambda: growth_incidence_matched([1], [1], parts=0), "parts"),
    ):
        with pytest.raises(InputError) as refused:
            call()
        assert refused.value.problems[0].column == column


@given(rows=pairs, order=st.randoms())
def test_rows_and_columns_of_the_matrix_add_up_in_any_order(rows, order):
    frame = pd.DataFrame(rows, columns=["before", "after", "members"])
    shuffled = frame.sample(frac=1, random_state=order.randint(0, 9))
    moved = [
        transition_matrix(
            each["before"], frame["after"], bounds=[3000, 6000], weights=each["members"]
        )
        for each in (frame, shuffled)
    ]
    pd.testing.assert_frame_equal(moved[0].counts, moved[1].counts)
    flows = moved[0].flows
    assert flows["before"].sum() == flows["after"].sum() == frame["members"].sum()
    assert flows["left"].sum() == flows["entered"].sum()
    assert (flows["before"] - flows["left"] + flows["entered"]).tolist() == flows["after"].tolist()
    below = frame.loc[frame["after"] < 3000, "members"].sum()
    assert flows["after"].iloc[0] == below
    rows_of_rates = moved[0].rates.sum(axis=1)
    assert rows_of_rates[flows["before"] > 0].tolist() == pytest.approx(
        [1] * (flows["before"] > 0).sum()
    )


@given(rows=pairs, parts=st.integers(1, 6), factor=st.floats(0.5, 3))
def test_growth_incidence_of_growth_alike_is_that_growth(rows, parts, factor):
    before, _, members = (np.array(column) for column in zip(*rows, strict=True))
    found = [
        growth_incidence(
            before, before * factor, parts=parts, weights=members, weights_after=members
        ),
        growth_incidence_matched(before, before * factor, parts=parts, weights=members)[0],
    ]
    for table in found:
        known = table["before"] > 1e-9
        assert table["growth"][known].tolist() == pytest.approx(
            [factor - 1] * known.sum(), abs=1e-6
        )


@given(rows=pairs, parts=st.integers(1, 6))
def test_the_parts_keep_the_mean_and_members_are_equal_persons(rows, parts):
    before, after, members = (np.array(column) for column in zip(*rows, strict=True))
    table, _ = growth_incidence_matched(before, after, parts=parts, weights=members)
    each, _ = growth_incidence_matched(
        np.repeat(before, members), np.repeat(after, members), parts=parts
    )
    assert table["after"].mean() == pytest.approx(after @ members / members.sum(), abs=1e-6)
    assert table["after"].tolist() == pytest.approx(each["after"].tolist(), abs=1e-6)
