"""Each rule of the room's own groups finds the breach that is made for it, and nothing else."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd
import pytest

from jingde_core.county import County
from jingde_core.model.catalogue import has_label, label
from jingde_core.quality import RULES, check
from jingde_core.quality.frames import Frames

AS_OF = "2020-09-30"
DAY = pd.Timestamp
GROUPS = (
    *("guarantees", "identifiers", "required", "causes", "support", "labour", "income", "work"),
    *("relations", "duplicates", "posts", "clearing", "stock", "dates", "payments"),
    *("finder", "rectification"),
)
OWN = {"register": "households"}
LIFTED = "exit_status == 'lifted_with_policy'"
REGISTERED = "status == 'registered'"
Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Breach:
    """A record that ``where`` finds in the rule's frame, and what is done to it.

    ``cells`` go into the record's row, or into the rows of its household in ``table`` that
    ``rows`` chooses; ``drop`` takes these rows away, ``add`` appends the record's row once more
    under another id, with the cells.
    """

    where: str
    cells: dict[str, Any] = field(default_factory=dict)
    table: str = ""
    rows: str = ""
    drop: bool = False
    add: bool = False


def cells(where: str, **values: Any) -> Breach:
    return Breach(where, values)


def of(table: str, rows: str, where: str, **values: Any) -> Breach:
    return Breach(where, values, table, rows)


def again(where: str, **values: Any) -> Breach:
    return Breach(where, values, add=True)


CHILD = "relation == 'child' and age < 14"
ADULT = "relation == 'head' and age < 60 and in_school == 'none' and died_on.isna()"
RANGER = "running and kind == 'ranger'"
AUXILIARY = "running and kind == 'auxiliary'"
CLEARED, OPEN = "cleared_on.notna()", "cleared_on.isna()"
AID, CERTIFICATE = "kind == 'student_aid'", "kind == 'chronic_certificate' and person.notna()"
TRANSPORT, CREDIT = "kind == 'transport'", "household.notna() and state == 'current'"
SIGNED = "closed_on.notna() and signed_on.notna()"
ABROAD, UNPAID = {"work": "outside"}, {"wage": 0.0}
BREACHES: dict[str, Breach] = {
    "guarantee_missing": Breach(
        REGISTERED, table="guarantees", rows="indicator=='food'", drop=True
    ),
    "guarantee_failed_lifted": of("guarantees", "indicator == 'water'", LIFTED, state="fail"),
    "food_against_tests": cells(REGISTERED, food_protein="fail"),
    "clothing_against_tests": cells(REGISTERED, bedding="fail"),
    "housing_against_grade": cells("housing == 'pass'", housing_grade="D"),
    "housing_failed_safe": of("guarantees", "indicator == 'housing'", REGISTERED, state="fail"),
    "housing_ungraded": cells("housing == 'pass'", housing_grade=None),
    "water_too_little": cells("water == 'pass'", water_litres=34.9),
    "water_too_far": cells("water == 'pass'", water_trip_minutes=20.5),
    "water_cut_too_long": cells("water == 'pass'", water_cut_days=37.0),
    "water_bad_quality": cells("water == 'pass'", water_quality="fail"),
    "water_untested": cells("water == 'pass'", water_quality="unknown"),
    "medical_uninsured": of("persons", "relation == 'head'", "medical == 'pass'", insured="no"),
    "medical_failed_insured": of("guarantees", "indicator=='medical'", REGISTERED, state="fail"),
    "school_age_not_in_school": cells("8 <= age <= 13 and education=='pass'", in_school="none"),
    "school_age_not_applicable": cells("education_reason == 'not_applicable'", birth_year=2010),
    "exempt_indicator": cells("indicator == 'food'", state="exempt", reason="newborn"),
    "exempt_reason": cells("indicator == 'education' and state == 'exempt'", reason="army"),
    "check_without_evidence": cells("state == 'pass'", evidence=None),
    "check_without_date": cells("state == 'pass'", checked_on=pd.NaT),
    "check_in_future": cells("state == 'pass'", checked_on=DAY("2020-10-01")),
    "check_outdated": cells("state == 'pass'", checked_on=DAY("2019-09-30")),
    "check_unknown": cells("state == 'pass'", state="unknown"),
    "household_id_damaged": cells(REGISTERED, id="3.41825E+15"),
    "household_id_length": cells(REGISTERED, id="H000021"),
    "household_id_repeated": Breach(REGISTERED, {"id": "same"}, add=True),
    "person_id_damaged": cells("age > 0", id="34182500.0"),
    "person_id_length": cells("age > 0", id="H00002-011"),
    "person_id_repeated": Breach("age > 0", {"id": "same"}, add=True),
    "person_without_household": cells("age > 0", household="H99999"),
    "person_of_gone_household": of(
        "households", "", "relation == 'head' and members == 1", left_on=DAY("2020-09-01")
    ),
    "unknown_village": cells(REGISTERED, village="341825999999"),
    "no_registered_on": cells(REGISTERED, registered_on=pd.NaT),
    "no_exit_status": cells(REGISTERED, exit_status=None),
    "no_attribute": cells(REGISTERED, attribute=None),
    "no_main_cause": cells(REGISTERED, main_cause=None),
    "no_helper": cells(REGISTERED, helper=None),
    "no_income": cells(REGISTERED, income_per_head=None),
    "no_income_component": cells(REGISTERED, property=None),
    "no_water_test": cells("water == 'pass'", water_cut_days=None),
    "no_schooling": cells("age > 30 and in_school == 'none'", schooling=None),
    "insurance_unverified": cells("age > 30", insured="unknown"),
    "cause_illness": of("persons", "", "main_cause == 'illness'", health="healthy"),
    "cause_disability": of("persons", "", "main_cause == 'disability'", health="healthy"),
    "cause_schooling": of("persons", "", "main_cause == 'schooling'", in_school="none"),
    "cause_labour": of("persons", "", "main_cause == 'labour'", labour="ordinary"),
    "cause_repeated": cells("main_cause == 'illness'", other_causes="labour;illness"),
    "causes_too_many": cells("main_cause == 'illness'", other_causes="labour;skill;land"),
    "cause_of_edge": cells("status == 'edge'", main_cause="skill"),
    "tekun_able": cells("attribute == 'general' and able > 0", attribute="tekun"),
    "tekun_working": cells("attribute == 'general' and working > 0", attribute="tekun"),
    "tekun_post": cells("attribute == 'general' and posts > 0", attribute="tekun"),
    "allowance_without_transfer": cells("attribute == 'dibao'", transfer=0.0),
    "pension_without_transfer": cells("eldest > 60", transfer=0.0),
    "edge_with_attribute": cells("status == 'edge'", attribute="dibao"),
    "child_able": cells("age < 15", labour="weak"),
    "child_working": cells("age < 15", work="town"),
    "unable_working": cells("labour == 'none' and work == 'none'", work_months=3),
    "pupil_working": cells("in_school == 'senior'", work="county"),
    "aged_able": cells("age > 81", labour="ordinary"),
    "seriously_ill_away": cells("work == 'outside'", health="serious"),
    "school_stage_age": cells("in_school == 'primary'", in_school="college"),
    "schooling_too_young": cells("age == 10", schooling="junior"),
    "income_adds_up": cells(REGISTERED, wage=123456.0),
    "income_not_positive": cells(REGISTERED, income_per_head=-12.5),
    "income_unusual": cells(REGISTERED, income_per_head=100000.01),
    "business_without_cost": cells("business > 0", business_cost=0.0),
    "cost_without_business": cells("business > 0", business=0.0),
    "cost_above_business": cells("business > 0", business_cost=999999.0),
    "wage_without_worker": cells("working == 0", wage=800.0),
    "worker_without_wage": cells("working > 0", wage=0.0),
    "lifted_below_line": cells(LIFTED, income_per_head=3999.99),
    "watch_range_not_watched": cells(f"{LIFTED} and open_risks == 0", income_per_head=5999.99),
    "year_income_differs": cells("last_year == 2020", income_per_head=7000.25),
    "year_members_differ": cells("last_year == 2020 and members < 9", members=11),
    "work_without_months": cells("work == 'town'", work_months=0),
    "months_without_work": cells("work == 'none'", work_months=2),
    "months_out_of_year": cells("work == 'town'", work_months=13),
    "local_post_without_post": cells("posts == 0", work="local_post"),
    "post_without_work": cells("posts > 0", work="none"),
    "dead_working": cells("posts > 0", died_on=DAY("2020-03-01")),
    "two_heads": of("persons", "relation == 'spouse'", "spouses == 1", relation="head"),
    "no_head": of("persons", "relation == 'head'", "heads == 1", relation="other"),
    "no_members": Breach("rows == 1", table="persons", drop=True),
    "members_differ": cells("rows == 2", members=3),
    "children_alone": of("persons", "", "rows == 1", birth_year=2006),
    "young_head": cells("relation == 'head' and members == 1", birth_year=2005),
    "dead_head": cells("relation == 'head'", died_on=DAY("2020-05-01")),
    "two_spouses": of(
        "persons", "relation == 'child'", "spouses == 1 and pupils == 1", relation="spouse"
    ),
    "spouse_sex": cells("relation == 'spouse' and head_sex == 'male'", sex="male"),
    "spouse_young": cells("relation == 'spouse'", birth_year=2001),
    "child_older": cells("relation == 'child'", birth_year=1930),
    "parent_younger": cells("relation == 'parent'", birth_year=1990),
    "grandchild_older": cells("relation == 'grandchild'", birth_year=1960),
    "age_impossible": cells("relation == 'head'", birth_year=1900),
    "household_alike": again(REGISTERED),
    "person_alike": again("relation == 'parent'"),
    "post_alike": again(AUXILIARY),
    "loan_alike": again(CREDIT),
    "award_alike": again(AID),
    "subsidy_alike": again(TRANSPORT),
    "risk_alike": again(OPEN),
    "post_too_young": of("persons", "work == 'local_post'", AUXILIARY, birth_year=2005),
    "post_too_old": of("persons", "work == 'local_post'", AUXILIARY, birth_year=1950),
    "ranger_too_young": of("persons", "work == 'local_post'", RANGER, birth_year=2003),
    "ranger_too_old": of("persons", "work == 'local_post'", RANGER, birth_year=1954),
    "rangers_in_household": again(RANGER),
    "post_double": again(AUXILIARY, starts_on=DAY("2020-02-02")),
    "post_unable": of("persons", "work == 'local_post'", AUXILIARY, labour="lost"),
    "post_pupil": of("persons", "work == 'local_post'", AUXILIARY, in_school="college"),
    "post_away": of("persons", "work == 'local_post'", AUXILIARY, work="outside"),
    "post_after_death": of("persons", "work=='local_post'", AUXILIARY, died_on=DAY("2020-02-01")),
    "post_unpaid": cells(AUXILIARY, wage=0.0),
    "post_household_without_wage": cells("posts > 0", wage=0.0),
    "post_gone_household": of("households", "", AUXILIARY, left_on=DAY("2020-08-01")),
    "post_dates": cells(AUXILIARY, ends_on=DAY("2015-01-01")),
    "cleared_early": cells(OPEN, found_on=DAY("2020-04-01"), cleared_on=DAY("2020-09-27")),
    "cleared_guarantee_open": of("guarantees", "indicator == 'water'", CLEARED, state="fail"),
    "cleared_guarantee_unknown": of("guarantees", "indicator == 'food'", CLEARED, state="unknown"),
    "cleared_income_low": of("households", "", CLEARED, income_per_head=5999.0),
    "cleared_without_evidence": cells(CLEARED, clearing_evidence=None),
    "cleared_unconfirmed": cells(CLEARED, clearing_evidence="home_check"),
    "evidence_not_cleared": cells(OPEN, clearing_evidence="village_review"),
    "cleared_before_found": cells(CLEARED, cleared_on=DAY("2019-01-01")),
    "cleared_without_labour": Breach(
        "cleared_on.notna() and able == 0", {"attribute": "dibao"}, "households"
    ),
    "risk_category": cells("category == 'edge'", category="lifted_unstable"),
    "risk_sudden_early": cells("category == 'edge'", category="sudden_hardship"),
    "risk_not_lifted": of("households", "", "category != 'edge'", exit_status="not_lifted"),
    "risk_in_future": cells(OPEN, found_on=DAY("2020-10-01")),
    "risk_without_measures": cells(OPEN, measures=None),
    "risk_illness": Breach("reason == 'illness'", {"health": "disabled"}, "persons"),
    "risk_disability": Breach("reason == 'disability'", {"health": "chronic"}, "persons"),
    "risk_schooling": cells("reason != 'schooling' and pupils == 0", reason="schooling"),
    "missed_risk_income": cells(f"{LIFTED} and open_risks == 0", income_per_head=5999.0),
    "missed_risk_guarantee": of(
        "guarantees", "indicator == 'food'", f"{LIFTED} and open_risks == 0", state="fail"
    ),
    "illness_without_health": cells(OPEN, reason="illness", measures="industry"),
    "schooling_without_education": cells(OPEN, reason="schooling", measures="industry"),
    "disability_without_security": cells(OPEN, reason="disability", measures="industry"),
    "able_security_only": cells(f"{OPEN} and able > 0", measures="social_security"),
    "watched_without_measures": cells(f"{OPEN} and days_watched > 30", measures=None),
    "signatures_out_of_order": cells(SIGNED, reviewed_on=DAY("2020-01-01")),
    "signature_skipped": cells(SIGNED, reviewed_on=pd.NaT),
    "closed_unsigned": cells(SIGNED, closed_on=DAY("2020-01-05")),
    "reminded_late": cells("reminded_on.notna()", reminded_on=DAY("2020-09-30")),
    "not_reminded": cells("closed_on.isna()", reminded_on=pd.NaT),
    "rechecked_unclosed": cells(SIGNED, rechecked_on=DAY("2020-01-05"), reopened=False),
    "reopened_unchecked": cells(SIGNED, reopened=True, rechecked_on=pd.NaT),
    "lifted_without_status": cells("lifted_on.notna()", exit_status="not_lifted"),
    "lifted_status_missing": cells("lifted_on.notna()", exit_status=None),
    "lifted_without_day": cells(LIFTED, lifted_on=pd.NaT),
    "left_without_reason": cells("left_on.notna()", reason_left=None),
    "reason_without_leaving": cells(REGISTERED, reason_left="natural"),
    "left_still_listed": cells("left_on.notna()", status="registered"),
    "other_not_left": cells(REGISTERED, status="other"),
    "support_ended_status": cells("reason_left == 'support_ended'", exit_status="never_lifted"),
    "edge_with_exit": cells("status == 'edge'", exit_status="lifted_with_policy"),
    "year_status_lifted": of("household_years", "year == 2020", LIFTED, status="poor"),
    "year_status_poor": cells("year_status == 'lifted'", exit_status="not_lifted"),
    "registered_early": cells(REGISTERED, registered_on=DAY("2012-12-31")),
    "lifted_before_registered": cells(LIFTED, lifted_on=DAY("2013-05-01")),
    "left_before_registered": cells("left_on.notna()", left_on=DAY("2013-05-01")),
    "register_in_future": cells(LIFTED, lifted_on=DAY("2020-10-01")),
    "died_in_future": cells("age > 30", died_on=DAY("2020-10-01")),
    "died_before_birth": cells("age < 10", died_on=DAY("2005-06-01")),
    "award_after_death": Breach(AID, {"died_on": DAY("2020-01-02")}, "persons", "id == @person"),
    "subsidy_after_death": Breach(
        TRANSPORT, {"died_on": DAY("2020-01-02")}, "persons", "id == @person"
    ),
    "loan_over_cap": cells(CREDIT, amount=50000.01),
    "loan_sum_over_cap": cells(
        "household.notna() and state == 'repaid'", amount=50001.0, state="current"
    ),
    "loan_too_long": cells(CREDIT, months=37),
    "loan_past_due": cells(
        "household.notna() and state == 'repaid'", state="current", granted_on=DAY("2017-01-05")
    ),
    "loan_overdue_early": cells(CREDIT, state="overdue"),
    "loan_after_leaving": of("households", "", CREDIT, left_on=DAY("2018-01-01")),
    "loan_to_household_for_working_capital": cells(CREDIT, purpose="working_capital"),
    "loan_in_future": cells(CREDIT, granted_on=DAY("2020-10-02")),
    "student_aid_not_pupil": Breach(AID, {"in_school": "none"}, "persons", "id == @person"),
    "certificate_healthy": Breach(CERTIFICATE, {"health": "healthy"}, "persons", "id == @person"),
    "transport_not_away": Breach(TRANSPORT, {"work": "town"}, "persons", "id == @person"),
    "subsidy_wrong_household": cells(TRANSPORT, household="H99998"),
}


@cache
def sample() -> Tables:
    """A part of the shipped county in which no rule of these groups is broken."""
    tables = dict(County.load().tables)
    doubtful = set(check(tables, groups=GROUPS, as_of=AS_OF)["household"].dropna())
    homes = tables["households"]
    homes = homes[~homes["id"].isin(doubtful)]
    here, gone = homes[homes["left_on"].isna()], homes[homes["left_on"].notna()]
    risks, loans = tables["risks"], tables["loans"]
    wanted = {*risks["household"][::4], *loans["household"].dropna()[::6]}
    kept = pd.concat([here[here["id"].isin(wanted)], here[::9], gone[::50]]).drop_duplicates("id")
    tables["households"] = kept.sort_values("id", ignore_index=True)
    for column, owner in (("household", "households"), ("person", "persons")):
        known = set(tables[owner]["id"])
        for name, table in tables.items():
            if column in table:
                own = table[column].isin(known) | (table[column].isna() & (name != "persons"))
                tables[name] = table[own].reset_index(drop=True)
    return tables


@cache
def sample_frames() -> Frames:
    return Frames(sample(), AS_OF)


def broken(rule: str, breach: Breach) -> tuple[Tables, str]:
    """The sample with the breach made, and the record on which the rule must fire."""
    tables, frame = dict(sample()), RULES[rule].table
    found = sample_frames()[frame].query(breach.where, engine="python").iloc[0]
    name = breach.table or OWN.get(frame, frame)
    table = tables[name].copy()
    if breach.table:
        own = table["id" if name == "households" else "household"] == found["household"]
        chosen = table.eval(breach.rows or "index >= 0", local_dict={"person": found.get("person")})
        at = table.index[own & chosen]
    else:
        keys = (
            table["household"] + "/" + table["indicator"]
            if name == frame == "guarantees"
            else table["id"]
        )
        at = table.index[keys == found["record"]]
    assert len(at)
    record, values = str(found["record"]), dict(breach.cells)
    if breach.drop:
        table = table.drop(at)
    elif breach.add:
        values = {"id": record + "X"} | values
        values["id"] = record if values["id"] == "same" else values["id"]
        table = pd.concat([table, table.loc[at].assign(**values)], ignore_index=True)
    else:
        for column, value in values.items():
            table.loc[at, column] = value
        record = str(values.get("id", record))
    tables[name] = table.reset_index(drop=True)
    return tables, record


@pytest.mark.parametrize("rule", [rule.id for rule in RULES.values() if rule.group in GROUPS])
def test_a_breach_made_for_real_is_found_on_its_record_alone(rule: str) -> None:
    tables, record = broken(rule, BREACHES[rule])
    hits = check(tables, rules=[rule], as_of=AS_OF)
    found = {text.removesuffix("X") for text in hits["record"]}
    assert found == {record} and set(hits["rule"]) == {rule}


def test_the_sample_breaks_no_rule_before_anything_is_done_to_it() -> None:
    assert check(sample(), groups=GROUPS, as_of=AS_OF).empty


def test_every_rule_says_what_is_wrong_and_how_to_mend_it() -> None:
    assert len([rule for rule in RULES.values() if rule.group in GROUPS]) == len(BREACHES) >= 60
    for rule in RULES.values():
        for part in ("", ".cure"):
            assert label(f"quality.{rule.id}{part}", lang="zh").strip()
        if rule.group in GROUPS:
            assert has_label(f"quality.group.{rule.group}")
            assert has_label(f"value.source.{rule.source}")
