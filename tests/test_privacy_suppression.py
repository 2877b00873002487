"""Small cells and what would give them away: by hand, by force, and on the county's measures."""

import itertools
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jingde_core as jc
from jingde_core.privacy.suppression import SHOWN, SMALL, Axis, _cells, _lines, suppress
from jingde_core.views import charts, maps


@pytest.fixture
def leader(monkeypatch, county):
    """The county as it is measured for a leader."""
    monkeypatch.setenv("JINGDE_AUDIENCE", "leader")
    return county


def possible(cells, found, lines, threshold, most):
    """Every table of whole numbers that agrees with what is shown, by trying all."""
    hidden = np.flatnonzero(found != SHOWN)
    ranges = [
        range(1, threshold) if found[c] == SMALL else range(threshold, most + 1) for c in hidden
    ]
    tried = cells.copy()
    for values in itertools.product(*ranges):
        tried[hidden] = values
        if all(tried[total] == tried[members].sum() for total, members in lines):
            yield tried.copy()


def test_zero_and_five_are_shown_and_one_to_four_are_not():
    assert suppress([0, 5, 9], [Axis.apart(3)]).tolist() == [0, 0, 0]
    assert suppress([1, 4, 9], [Axis.apart(3)]).tolist() == [1, 1, 0]


def test_the_threshold_is_a_parameter():
    assert suppress([7, 30], [Axis.apart(2)], threshold=10).tolist() == [1, 0]


def test_one_small_cell_takes_a_neighbour_with_it():
    assert suppress([2, 16, 10, 0], [Axis.whole(4)]).tolist() == [1, 0, 2, 0, 0]


def test_two_small_cells_that_add_up_to_the_least_give_each_other_away():
    """1 + 1 = 2 can be nothing else, so a third cell is withheld."""
    assert suppress([1, 1, 20, 30], [Axis.whole(4)]).tolist() == [1, 1, 2, 0, 0]
    assert suppress([2, 3, 20, 30], [Axis.whole(4)]).tolist()[:2] == [1, 1]


def test_a_town_of_small_villages_is_withheld_with_another_town():
    """Two villages of 1 in a town: their town's 2 is small itself and must not be a remainder."""
    found = suppress([1, 1, 20, 30, 40], [Axis.nested([0, 0, 1, 1, 2], 3)])
    towns = found[5:8]
    assert towns[0] == SMALL and (towns[1:] > 0).any() and found[-1] == SHOWN


@given(st.lists(st.integers(0, 30), min_size=3, max_size=9))
def test_no_small_cell_of_a_line_can_be_worked_out(counts):
    """In one line the rest can be any sum between its least and largest, counted by hand here."""
    found = suppress(counts, [Axis.whole(len(counts))])[:-1]
    hidden = [n for n, code in zip(counts, found, strict=True) if code != SHOWN]
    small = sum(code == SMALL for code in found)
    withheld = len(hidden) - small
    rest_least, rest_most = small - 1 + 5 * withheld, 4 * (small - 1) + 1000 * withheld
    can_be = {v for v in range(1, 5) if rest_least <= sum(hidden) - v <= rest_most}
    # where nothing is left to withhold, the county's public total says what it says
    nothing_left = all(code != SHOWN for n, code in zip(counts, found, strict=True) if n >= 5)
    assert not small or can_be == {1, 2, 3, 4} or nothing_left


def test_no_small_cell_of_a_crossing_can_be_worked_out():
    counts = np.array([[2, 11, 14], [12, 9, 20], [15, 13, 10]])  # 9 is the least with room
    axes = [Axis.whole(3), Axis.whole(3)]
    found = suppress(counts, axes)
    cells, lines = _cells(counts, axes).ravel(), list(_lines(axes))
    tables = list(possible(cells, found.ravel(), lines, 5, 25))
    assert found[0, 0] == SMALL and {int(t[0]) for t in tables} == {1, 2, 3, 4}


def test_a_crossing_of_mostly_small_cells_is_published_by_its_totals_alone():
    counts = np.array([[1, 2, 20], [3, 1, 20], [2, 3, 20]])
    found = suppress(counts, [Axis.whole(3), Axis.whole(3)])
    assert (found[:3, :3] > 0).all() and found[-1, -1] == SHOWN and (found[:3, -1] == SHOWN).all()


def test_a_leader_sees_no_value_over_fewer_than_five_households(leader):
    told = jc.measure(leader, "poor_households", by="village", year=2018)
    os.environ["JINGDE_AUDIENCE"] = "analyst"
    real = jc.measure(leader, "poor_households", by="village", year=2018)["value"]
    hidden = told["reason"].isin(["small_cell", "withheld"])
    assert (told["reason"] == "small_cell").equals((real > 0) & (real < 5))
    assert told.loc[hidden, "value"].isna().all()
    assert told.loc[~hidden, "value"].equals(real[~hidden])


def test_households_are_counted_and_not_persons(leader):
    told = jc.measure(leader, "poor_persons", by="village", year=2018)
    other = jc.measure(leader, "poor_households", by="village", year=2018)
    assert told["reason"].equals(other["reason"])


def test_a_share_is_hidden_where_few_are_outside_it(leader):
    """All but a few below the line tell of the few as surely."""
    told = jc.measure(leader, "headcount_ratio", by="village", year=2015)
    os.environ["JINGDE_AUDIENCE"] = "analyst"
    rates = jc.measure(leader, "headcount_ratio", by="village", year=2015)
    poor = jc.measure(leader, "poor_households", by="village", year=2015)["value"]
    few = (rates["n"] - poor).between(1, 4)
    assert few.any() and told.loc[few, "value"].isna().all()


def test_counts_of_few_households_are_hidden_with_their_value(leader):
    told = jc.measure(leader, "mean_income", by=["town", "main_cause"])
    few = told["reason"] == "small_cell"
    assert few.any() and told.loc[few, ["n", "denominator"]].isna().all().all()


def test_towns_and_villages_of_one_measure_share_a_pattern(leader):
    """No hidden village is its town's total less the other villages."""
    villages = jc.measure(leader, "damaged_households", by="village")
    towns = jc.measure(leader, "damaged_households", by="town").set_index("code")["value"]
    hidden = villages[villages["reason"].isin(["small_cell", "withheld"])]
    inside = leader.villages.set_index("code")["town"].reindex(hidden["code"])
    alone = inside.value_counts()
    assert len(hidden) and all(alone[town] > 1 for town in alone.index if not np.isnan(towns[town]))


def test_the_whole_county_and_its_years_stay_as_the_report_prints_them(leader):
    where = {"kind": "temporary_relief"}
    assert jc.measure(leader, "relief_households", where=where)["value"].item() == 4
    assert jc.measure(leader, "poor_persons", by="year")["value"].notna().all()


def test_a_condition_that_names_a_place_opens_no_small_cell(leader):
    small = jc.measure(leader, "damaged_households", by="village").query("reason == 'small_cell'")
    told = jc.measure(leader, "damaged_households", where={"village": small["code"].iloc[0]})
    assert told["reason"].item() == "small_cell"


def test_what_is_no_household_is_not_hidden(leader):
    assert jc.measure(leader, "assets", by="village")["value"].notna().all()
    assert jc.measure(leader, "water_works", by="village")["value"].notna().all()


def test_the_same_edition_hides_the_same_cells_each_time(leader):
    first = jc.measure(leader, "poor_persons", by="village", year=2017)
    assert first.equals(jc.measure(leader, "poor_persons", by="village", year=2017))


def test_a_map_with_many_hidden_villages_is_drawn_by_town(leader):
    drawn = maps.village_map(leader, "headcount_ratio", year=2018)
    assert list(drawn.paintings) == ["town"]
    assert jc.label("privacy.by_town") in drawn.paintings["town"].subtitle
    assert list(maps.village_map(leader, "asset_value").paintings) == ["village", "town"]


def test_a_map_whose_towns_are_hidden_too_tells_the_county(leader):
    drawn = maps.village_map(leader, "headcount_ratio", year=2020, level="town")
    assert "0.79%" in drawn.paintings["town"].subtitle


def test_hidden_units_have_their_own_grey_and_words_on_the_map(leader):
    drawn = maps.village_map(leader, "headcount_ratio", year=2015)
    greys = {e.text: e.colour for e in drawn.paintings["village"].classes.entries if e.count}
    texts = [jc.label("small_cell"), jc.label("reason.withheld"), jc.label("reason.not_applicable")]
    assert len({greys[text] for text in texts}) == 3


def test_a_distribution_of_households_ends_in_no_single_one(leader):
    rows = leader.households.query("status == 'registered' and left_on.isna()")
    settings = {"column": "income_per_head", "unit": "yuan", "provenance": ["synthetic"]}
    told = charts.histogram(rows, **settings).spec["datasets"]
    os.environ["JINGDE_AUDIENCE"] = "analyst"
    real = charts.histogram(rows, **settings).spec["datasets"]
    (told,), (real,) = told.values(), real.values()
    assert min(row["count"] for row in real) < 5 <= min(row["count"] for row in told)
    assert sum(row["count"] for row in real) == sum(row["count"] for row in told)


def test_rows_of_another_size_are_suppressed_too(leader):
    rows = leader.households.query("status == 'registered'")
    told = jc.measure(rows, "headcount_ratio", by="main_cause", poverty_line=4000)
    few = told["n"].isna()
    assert told.loc[few, "value"].isna().all() and (told.loc[~few, "n"] >= 5).all()
