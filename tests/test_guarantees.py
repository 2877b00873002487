"""Guarantees by sub-item, coverage beside each rate, near-fails, the survey's intervals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.county import County, guarantees, measure
from jingde_core.metrics.contract import InputError
from jingde_core.metrics.deprivation import GUARANTEES
from jingde_core.metrics.guarantees import clustered_interval


@pytest.fixture(scope="module")
def items(county):
    return county.frame("guarantee_items")


def changed(county, table, where, **values):
    """The county with some rows of a table changed."""
    frame = county.tables[table].copy()
    frame.loc[where(frame), list(values)] = list(values.values())
    return County({**county.tables, table: frame}, county.provenance, county.parameters)


def states(county, household, item):
    rows = guarantees.guarantee_items(county)
    rows = rows[(rows["household"] == household) & (rows["item"] == item)]
    return list(rows["state"]), list(rows["reason"].dropna())


@pytest.fixture(scope="module")
def home(county):
    """A household with a child of ten or so in school, and no exemption."""
    people = guarantees.alive(county)
    pupils = people[people["age"].between(8, 14) & (people["in_school"] != "none")]
    return pupils.drop_duplicates("household", keep=False).iloc[0]


def test_every_household_has_every_sub_item(county, items):
    homes = guarantees.present(county)
    once = items.drop_duplicates(["household", "item"])
    assert (once.groupby("item").size() == len(homes)).all()
    assert set(items["indicator"]) == set(GUARANTEES)
    assert set(items["state"]) <= {"pass", "fail", "exempt", "unknown"}
    assert (items["state"] == "exempt").eq(items["reason"].notna()).all()
    insured = items[items["item"] == "insurance"]
    assert set(insured["person"]) == set(guarantees.alive(county)["id"])


@pytest.mark.parametrize(
    ("column", "value", "item", "state"),
    [
        ("water_litres", 35.0, "water_litres", "pass"),
        ("water_litres", 34.9, "water_litres", "fail"),
        ("water_trip_minutes", 20.0, "water_trip_minutes", "pass"),
        ("water_trip_minutes", 21.0, "water_trip_minutes", "fail"),
        ("water_cut_days", 37.0, "water_cut_days", "fail"),
        ("water_litres", np.nan, "water_litres", "unknown"),
        ("water_quality", "unknown", "water_quality", "unknown"),
        ("housing_grade", "C", "housing_grade", "fail"),
        ("housing_grade", np.nan, "housing_grade", "unknown"),
        ("bedding", "fail", "bedding", "fail"),
        ("food_protein", np.nan, "food_protein", "unknown"),
    ],
)
def test_a_household_is_held_against_each_test(county, column, value, item, state):
    repaired = set(guarantees.housing_repairs(county)["household"])
    home = next(h for h in guarantees.present(county).index if h not in repaired)
    other = changed(county, "households", lambda f: f["id"] == home, **{column: value})
    assert states(other, home, item) == ([state], [])


def test_a_grade_c_dwelling_whose_repair_is_done_waits_for_a_new_grade(county):
    mended = guarantees.housing_repairs(county).dropna(subset="done_on")["household"].iloc[0]
    other = changed(county, "households", lambda f: f["id"] == mended, housing_grade="C")
    assert states(other, mended, "housing_grade") == (["unknown"], [])


def test_a_child_out_of_school_fails_unless_a_reason_is_stated(county, home):
    out = changed(county, "persons", lambda f: f["id"] == home["id"], in_school="none")
    assert states(out, home["household"], "school") == (["fail"], [])
    taught = changed(
        out,
        "guarantees",
        lambda f: (f["household"] == home["household"]) & (f["indicator"] == "education"),
        state="exempt",
        reason="home_taught",
    )
    assert states(taught, home["household"], "school") == (["exempt"], ["home_taught"])


def test_at_the_lowest_school_age_out_of_school_is_unknown(county, home):
    year = pd.Timestamp(county.as_of).year
    six = changed(
        county, "persons", lambda f: f["id"] == home["id"], in_school="none", birth_year=year - 6
    )
    assert states(six, home["household"], "school") == (["unknown"], [])


def test_a_member_exempt_without_a_reason_is_unknown(county, home):
    other = changed(county, "persons", lambda f: f["id"] == home["id"], insured="exempt")
    assert "unknown" in states(other, home["household"], "insurance")[0]


def test_who_died_is_not_counted(county, home):
    other = changed(
        county, "persons", lambda f: f["id"] == home["id"], died_on=pd.Timestamp("2020-05-01")
    )
    assert states(other, home["household"], "school") == (["exempt"], ["not_applicable"])


def test_of_a_household_without_members_on_record_school_and_insurance_are_unknown(county, home):
    people = county.tables["persons"]
    kept = people[people["household"] != home["household"]]
    other = County({**county.tables, "persons": kept}, county.provenance, county.parameters)
    assert states(other, home["household"], "school") == (["unknown"], [])
    assert states(other, home["household"], "insurance") == (["unknown"], [])


def test_the_shipped_states_and_sub_items_agree(county):
    assert guarantees.contradictions(county).empty


@pytest.mark.parametrize(
    ("stated", "reason"), [("fail", None), ("unknown", None), ("exempt", "not_applicable")]
)
def test_a_stated_state_that_nothing_bears_out_is_listed(county, home, stated, reason):
    other = changed(
        county,
        "guarantees",
        lambda f: (f["household"] == home["household"]) & (f["indicator"] == "education"),
        state=stated,
        reason=reason,
    )
    found = guarantees.contradictions(other)
    row = found.iloc[0]
    assert len(found) == 1
    assert (row["household"], row["state"]) == (home["household"], stated)
    assert (row["by_items"], row["item"]) == ("pass", "school")


def test_a_failed_sub_item_contradicts_a_stated_pass(county, home):
    other = changed(county, "households", lambda f: f["id"] == home["household"], water_litres=10.0)
    row = guarantees.contradictions(other).iloc[0]
    assert (row["indicator"], row["state"], row["by_items"]) == ("water", "pass", "fail")
    assert row["item"] == "water_litres"


def test_a_rate_never_stands_without_what_it_does_not_know(county):
    rates = guarantees.together(county, "guarantees", by="indicator").set_index("code")
    assert list(rates.index) == list(GUARANTEES)
    assert rates.loc["housing", ["checks", "unverified", "failed"]].tolist() == [1955, 2, 0]
    assert rates.loc["housing", "pass_rate"] == 1
    assert rates.loc["housing", "coverage"] == pytest.approx(1953 / 1955)
    known = rates["checks"] - rates["unverified"]
    assert np.allclose(rates["coverage"], known / rates["checks"])


def test_a_rate_by_village_tells_zero_from_nobody(county):
    rates = guarantees.together(county, "guarantees", by=["village", "indicator"])
    empty = rates["checks"] == 0
    assert empty.any() and rates.loc[empty, "pass_rate"].isna().all()
    assert (rates.loc[empty, "unverified"] == 0).all()


def test_a_leader_reads_why_a_number_is_not_shown(county, monkeypatch):
    monkeypatch.setenv("JINGDE_AUDIENCE", "leader")
    towns = guarantees.together(county, "guarantees", by="town")
    unknown = county.frame("guarantees").query("state == 'unknown'")["town"]
    hidden = towns["code"].isin(unknown)
    assert hidden.any() and all(isinstance(told, str) for told in towns.loc[hidden, "unverified"])
    assert (towns.loc[~hidden, "unverified"] == 0).all()


def test_near_fails_are_those_by_a_little_and_those_to_come(county):
    homes = guarantees.present(county)
    near = guarantees.near_fails(county)
    litres = near[near["item"] == "water_litres"]
    assert set(litres["household"]) == set(homes.index[homes["water_litres"].between(35, 42)])
    assert litres["margin"].between(0, 0.2).all()
    soon = guarantees.alive(county).query("age == 5")
    assert set(near.loc[near["item"] == "school_next", "person"]) == set(soon["id"])
    assert measure(county, "near_fails")["value"].iloc[0] == len(near)


def test_the_repairs_of_dwellings_are_those_of_the_report(county):
    counts = guarantees.housing_repairs(county).groupby("kind")["household"].nunique()
    assert counts.to_dict() == {"rebuilt": 4, "improved": 16, "mended_by_town": 821}


def test_the_survey_is_a_sample_of_villages(county):
    found = guarantees.survey_intervals(county)
    assert (found["households"] == 918).all() and (found["villages"] == 29).all()
    assert (found["pass_rate"] == 1).all() and (found["method"] == "exact").all()
    # 29 villages that count once: 0.025 ** (1 / 29); 918 rows at a likeness of 0.1: n* = 225.7
    assert found["worst"].iloc[0] == pytest.approx(0.025 ** (1 / 29))
    effective = 918 / (1 + (918 / 29 - 1) * 0.1)
    assert found["low"].iloc[0] == pytest.approx(0.025 ** (1 / effective))


def test_a_survey_with_failures_has_a_linearised_interval(county):
    rows = county.tables["guarantees"]
    chosen = rows.index[(rows["evidence"] == "survey") & (rows["indicator"] == "water")][:40]
    other = changed(county, "guarantees", lambda f: f.index.isin(chosen), state="fail")
    found = guarantees.survey_intervals(other).set_index("indicator").loc["water"]
    assert found["method"] == "linearised"
    assert found["pass_rate"] == pytest.approx(878 / 918)
    assert found["low"] < found["pass_rate"] < found["high"] <= 1


def test_one_of_ten_simple_rows_has_the_interval_of_clopper_and_pearson():
    ends = clustered_interval(share=0.1, rows=10, clusters=10, correlation=0)
    assert np.round(ends, 4).tolist() == [0.0025, 0.4450]


@given(
    st.floats(0, 1),
    st.integers(2, 60),
    st.integers(1, 40),
    st.floats(0, 1),
)
def test_likeness_widens_the_interval_and_the_share_lies_within(share, clusters, size, likeness):
    rows = clusters * size
    low, high = clustered_interval(share=share, rows=rows, clusters=clusters, correlation=likeness)
    wide = clustered_interval(share=share, rows=rows, clusters=clusters, correlation=1)
    assert 0 <= low <= share + 1e-9 and share - 1e-9 <= high <= 1
    assert wide[0] <= low + 1e-9 and high <= wide[1] + 1e-9


def test_all_faults_of_the_interval_are_told_at_once():
    with pytest.raises(InputError) as fault:
        clustered_interval(share=1.2, rows=3, clusters=4, correlation=-1)
    assert {p.column for p in fault.value.problems} == {"share", "correlation", "clusters"}


def test_school_age_enrolment_and_aid_stand_side_by_side(county):
    found = guarantees.together(county, "schooling", by="county").iloc[0]
    people = guarantees.alive(county)
    assert found["children"] == people["age"].between(6, 15).sum()
    parts = found[["enrolled", "excused", "failed", "unsettled"]]
    assert found["children"] == parts.sum()
    assert found["aided"] == 305


def test_deprivation_is_bounded_by_what_is_unknown(county):
    found = guarantees.together(county, "deprivation", by="county").iloc[0]
    assert found["h_low"] == 0 < found["h_high"] and found["m0_low"] == 0 < found["m0_high"]


def test_an_unknown_profile_is_told_the_close_ones(county):
    with pytest.raises(KeyError, match="schooling"):
        guarantees.together(county, "school", by="town")
