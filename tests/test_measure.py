"""One door to every measure: groupings, universes, dated lines, and refusals."""

import numpy as np
import pytest

import jingde_core as jc

COLUMNS = ["code", "name", "value", "n", "se", "denominator", "small", "reason"]


def test_the_frame_is_tidy_and_says_what_it_measured(county):
    found = jc.measure(county, "headcount_ratio", by="town")
    assert list(found.columns) == COLUMNS
    assert len(found) == len(county.towns)
    assert found.attrs["parameters"] == {"poverty_line": 4000.0}
    assert found.attrs["provenance"] == ["synthetic"]


def test_every_village_has_a_row_and_a_place_without_households_has_no_rate(county):
    found = jc.measure(county, "headcount_ratio", by="village")
    assert list(found["code"]) == list(county.villages["code"])
    empty = found[found["n"] == 0]
    assert len(empty) and empty["value"].isna().all()
    assert set(empty["reason"]) == {"not_applicable"}
    ill = jc.measure(county, "headcount_ratio", by="village", where={"main_cause": "capital"})
    assert "empty" in set(ill["reason"])


def test_urban_communities_have_no_incidence(county):
    found = jc.measure(county, "incidence", by="village").set_index("code")
    urban = county.villages.query("rural_population == 0")["code"]
    assert found.loc[urban, "value"].isna().all()
    assert set(found.loc[urban, "reason"]) == {"not_applicable"}


def test_persons_of_towns_and_causes_add_up_to_the_county(county):
    whole = jc.measure(county, "persons")["value"].item()
    for by in ("village", "town", "main_cause", "attribute"):
        assert jc.measure(county, "persons", by=by)["value"].sum() == whole


def test_each_year_is_held_against_its_own_line(county):
    found = jc.measure(county, "headcount_ratio", by="year").set_index("code")["value"]
    assert list(found.index) == [str(year) for year in range(2014, 2021)]
    assert found["2014"] == 1
    assert found["2020"] == pytest.approx(33 / 4171)
    assert found.is_monotonic_decreasing


def test_a_year_and_a_present_measure_agree_for_the_last_year(county):
    now = jc.measure(county, "mean_income", by="village")["value"]
    last = jc.measure(county, "mean_income", by="village", year=2020)["value"]
    np.testing.assert_allclose(now, last)


def test_edge_households_are_counted_only_when_asked(county):
    assert jc.measure(county, "households")["value"].item() == 1775
    assert jc.measure(county, "households", universe="edge")["value"].item() == 180


def test_a_pair_of_columns_gives_every_place_by_every_value(county):
    found = jc.measure(county, "households", by=["town", "main_cause"])
    causes = county.households["main_cause"].nunique()
    assert len(found) == len(county.towns) * causes
    assert found["value"].sum() == 1775
    assert {"code_2", "name_2"} <= set(found.columns)


def test_village_by_year_follows_places_over_time(county):
    found = jc.measure(county, "persons", by=["village", "year"])
    assert found.groupby("code_2")["value"].sum()["2014"] == 5500


def test_a_higher_line_raises_the_rate(county):
    low = jc.measure(county, "headcount_ratio")["value"].item()
    high = jc.measure(county, "headcount_ratio", poverty_line=6000)["value"].item()
    assert high > low


def test_small_villages_are_flagged_and_a_census_has_no_error(county):
    found = jc.measure(county, "headcount_ratio", by="village")
    few = (found["n"] > 0) & (found["n"] < 30)
    assert few.any() and (found["small"] == few).all()
    assert found["se"].isna().all()


def test_rows_can_be_chosen_by_value_list_bounds_and_missing(county):
    def count(**where):
        return jc.measure(county, "posts", where=where)["value"].item()

    assert count(kind="ranger") == 180
    assert count(kind=["ranger", "pv"]) == 308
    every = count()
    assert count(starts_on={"ge": "2020-01-01"}) + count(starts_on={"lt": "2020-01-01"}) == every
    assert count(ends_on=None) + count(ends_on={"ne": None}) == every


@pytest.mark.parametrize(
    ("arguments", "close"),
    [
        ({"name": "headcount"}, "headcount_ratio"),
        ({"name": "headcount_ratio", "by": "vilage"}, "village"),
        ({"name": "headcount_ratio", "povrty_line": 1}, "poverty_line"),
        ({"name": "posts", "where": {"knd": "ranger"}}, "kind"),
        ({"name": "posts", "where": {"wage": {"above": 1}}}, "ge"),
        ({"name": "households", "universe": "everybody"}, "edge"),
    ],
)
def test_a_slip_is_told_the_close_names(county, arguments, close):
    with pytest.raises(KeyError, match=close):
        jc.measure(county, **arguments)


def test_incidence_by_cause_is_refused_as_its_denominator_knows_no_causes(county):
    with pytest.raises(KeyError):
        jc.measure(county, "incidence", by="main_cause")


@pytest.mark.parametrize("line", [0, -1, float("nan")])
def test_a_line_that_is_no_line_is_refused(county, line):
    with pytest.raises(jc.DataError) as caught:
        jc.measure(county, "headcount_ratio", poverty_line=line)
    assert caught.value.problems[0].column == "poverty_line"


def test_what_a_caller_does_to_a_table_leaves_the_county_as_it_was(county):
    mine = county.households
    mine["income_per_head"] = 0.0
    mine.loc[0, "members"] = 99
    assert jc.measure(county, "persons")["value"].item() == 4171
    assert county.households["income_per_head"].max() > 0


def test_guarantees_become_columns_of_deprivation(county):
    profile = county.frame("guarantee_profile")
    assert set(profile["food"].dropna()) <= {0.0, 1.0}
    assert len(profile) == 1775 + 180


def test_rows_in_a_parquet_file_give_the_same_frame_as_the_county(county, tmp_path):
    here = county.households.query("status == 'registered' and left_on.isna()")
    path = tmp_path / "register.parquet"
    here.to_parquet(path)
    mine = jc.measure(county, "headcount_ratio", by="village")
    file = jc.measure(path, "headcount_ratio", by="village")
    assert list(file.columns) == COLUMNS
    counted = mine[mine["n"] > 0].set_index("code")["value"]
    np.testing.assert_allclose(file.set_index("code")["value"].loc[counted.index], counted)
    assert file.attrs["parameters"] == {"poverty_line": 4000.0}
    whole = jc.measure(str(path), "persons")
    assert whole["value"].item() == 4171


def test_a_selection_of_nobody_over_the_years_is_empty_and_no_crash(county):
    found = jc.measure(county, "persons", by=["village", "year"], where={"main_cause": "luck"})
    assert found.empty or found["value"].sum() == 0


def test_members_of_damaged_households_are_counted_though_works_were_damaged_too(county):
    everybody = jc.measure(county, "damaged_persons")["value"].item()
    assert everybody >= 1260 + 69
