"""The engine of the quality room: three states, frames, evidence, faults of rules, rates."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.county import County
from jingde_core.model.parameters import Parameters
from jingde_core.model.problem import DataError
from jingde_core.quality import RULES, check, checking, error_rates, rules
from jingde_core.quality.frames import Frames
from jingde_core.quality.predicates import truth

TOWNS = pd.DataFrame({"code": ["341825100", "341825101"], "name": ["A", "B"]})
VILLAGES = pd.DataFrame(
    {"code": ["341825100001", "341825101001"], "town": TOWNS["code"], "name": ["a", "b"]}
)
PEOPLE = pd.DataFrame(
    {
        "id": ["1-1", "1-2", "2-1"],
        "household": ["1", "1", "2"],
        "relation": ["head", "spouse", "head"],
        "sex": ["male", "male", "female"],
        "birth_year": [1970, 1972, 2008],
        "died_on": pd.to_datetime([None, None, None]),
        "schooling": ["primary", "primary", None],
        "in_school": ["none", "none", "junior"],
        "health": "healthy",
        "labour": ["ordinary", "none", "none"],
        "work": ["none", "none", "none"],
        "work_months": [0, 4, 0],
        "insured": "yes",
    }
)
HOMES = pd.DataFrame(
    {
        "id": ["1", "2"],
        "village": VILLAGES["code"],
        "status": "registered",
        "members": [2, 1],
        "left_on": pd.to_datetime([None, None]),
    }
).reindex(columns=[*County.load().tables["households"]])
HOMES = HOMES.astype({"exit_status": "str", "attribute": "str", "other_causes": "str"})
TABLES = {"towns": TOWNS, "villages": VILLAGES, "households": HOMES, "persons": PEOPLE}
MISSING = st.sampled_from([None, "a", "b"])


def test_the_shipped_register_breaks_no_rule_that_is_an_error(county: County) -> None:
    hits = check(county.tables, as_of=county.as_of)
    assert hits.loc[hits["severity"] == "error", ["rule", "record"]].empty
    assert len(hits.attrs["rules"]) == len(RULES) >= 60


def test_a_breach_is_told_with_place_evidence_and_cure() -> None:
    hits = check(TABLES, rules=["spouse_sex"], as_of="2020-09-30")
    (hit,) = hits.to_dict("records")
    assert (hit["record"], hit["household"], hit["table"]) == ("1-2", "1", "persons")
    assert (hit["village"], hit["town"]) == ("341825100001", "341825100")
    assert (hit["group"], hit["severity"]) == ("relations", "error")
    assert hit["evidence"] == "与户主关系=配偶；性别=男；户主性别=男"
    assert hit["message"] and hit["cure"]
    assert hits.attrs == {"rules": ["spouse_sex"], "as_of": "2020-09-30"}


def test_age_is_that_of_the_day_of_the_check() -> None:
    young = {"rules": ["young_head"]}
    assert list(check(TABLES, **young, as_of="2020-09-30")["record"]) == ["2-1"]
    assert check(TABLES, **young, as_of="2024-01-01").empty


def test_a_rule_about_an_absent_or_empty_table_finds_nothing(county: County) -> None:
    people = {name: TABLES[name] for name in ("persons", "households")}
    for tables in (people, people | {"posts": county.tables["posts"][:0]}, {}):
        hits = check(tables, groups=["posts", "payments", "clearing", "guarantees"])
        assert hits.empty and list(hits) == list(checking.COLUMNS)
    assert check(people, rules=["guarantee_missing"]).empty
    assert list(check(people, rules=["months_without_work"])["town"]) == ["341825100"]


def test_names_of_rules_and_groups_that_do_not_exist_are_answered_with_close_ones() -> None:
    with pytest.raises(KeyError, match="two_heads"):
        check(TABLES, rules=["two_head"])
    with pytest.raises(KeyError, match="relations"):
        check(TABLES, groups=["relation"])


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("predicate", {"predicate": "agee < 16"}),
        ("predicate", {"predicate": "age < @post_age"}),
        ("predicate", {"predicate": "age <"}),
        ("predicate", {"predicate": "age"}),
        ("predicate", {"predicate": "relation > 3"}),
        ("predicate", {"predicate": "sex.nothing()"}),
        ("evidence", {"evidence": ("agee",)}),
        ("table", {"table": "person"}),
        ("id", {"id": "nameless"}),
    ],
)
def test_a_bad_rule_is_a_fault_with_its_place(
    monkeypatch: pytest.MonkeyPatch, column: str, wrong: dict[str, object]
) -> None:
    bad = replace(RULES["young_head"], **wrong)
    monkeypatch.setattr(checking, "RULES", {bad.id: bad, "two_heads": RULES["two_heads"]})
    with pytest.raises(DataError) as raised:
        check(TABLES)
    (problem,) = raised.value.problems
    assert (problem.code, problem.file, problem.column) == (
        "bad_rule",
        "quality/relations.csv",
        column,
    )
    assert problem.row == RULES["young_head"].row


def test_all_faults_of_a_file_of_rules_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    folder = tmp_path / "quality"  # type: ignore[operator]
    folder.mkdir()
    head = "id,table,severity,predicate,evidence,source\n"
    (folder / "x.csv").write_text(head + "a,t,fatal,p,e,s\na,t,error,p,,s\n", encoding="utf-8")
    monkeypatch.setattr(rules, "shipped", lambda _: tmp_path)
    with pytest.raises(DataError) as raised:
        rules.read_rules()
    found = {(p.code, p.row, p.column) for p in raised.value.problems}
    wanted = {("wrong_value", 2, "severity"), ("missing_value", 3, "evidence")}
    assert found == wanted | {("duplicate", 3, "id")}


def test_what_is_missing_is_no_breach_unless_the_rule_asks() -> None:
    columns = {
        "n": pd.Series([1.0, None, 3.0]),
        "kind": pd.Series(["a", None, "b"], dtype="str"),
        "day": pd.to_datetime(pd.Series(["2020-01-01", None, "2020-05-01"])),
        "@cap": 2.0,
        "@never": float("nan"),
    }
    cases = {
        "n > 2": [False, None, True],
        "kind != 'a'": [False, None, True],
        "kind not in ['a']": [False, None, True],
        "~(n > 2)": [True, None, False],
        "day != '2020-01-01'": [False, None, True],
        "not day < '2020-02-01'": [False, None, True],
        "n > 2 | kind == 'a'": [True, None, True],
        "n.isna() | n > 2": [False, True, True],
        "kind.isna() & n > 0": [False, None, False],
        "(n - 1).abs() > 1 & kind == 'b'": [False, None, True],
        "kind.str.contains('a|c')": [True, None, False],
        "n > @cap": [False, None, True],
        "n > @never": [None, None, None],
        "day.dt.year == 2020 and kind == 'b'": [False, None, True],
        "(kind == 'a') == (n < 2)": [True, None, True],
    }
    for predicate, states in cases.items():
        found = [None if pd.isna(state) else bool(state) for state in truth(predicate, columns)]
        assert found == states, predicate


@given(st.lists(st.tuples(MISSING, MISSING), min_size=1))
def test_de_morgan_holds_where_values_are_missing(
    rows: list[tuple[str | None, str | None]],
) -> None:
    left, right = (pd.Series(side, dtype="str") for side in zip(*rows, strict=True))
    columns = {"x": left, "y": right}
    one = truth("~(x == 'a' | y == 'b')", columns)
    assert one.equals(truth("x != 'a' & y != 'b'", columns))
    assert not (one & truth("x == 'a' | y == 'b'", columns)).fillna(False).any()


def test_a_parameter_holds_from_its_day_and_is_unknown_before() -> None:
    homes = HOMES.assign(income_per_head=5500.0, exit_status="lifted_with_policy")
    tables = TABLES | {"households": homes.assign(attribute="general")}
    watched = {"rules": ["watch_range_not_watched"], "parameters": Parameters.load()}
    tables["risks"] = County.load().tables["risks"][:1]
    assert len(check(tables, **watched, as_of="2020-09-30")) == 2
    assert check(tables, **watched, as_of="2020-02-01").empty
    assert check(tables, **watched, as_of="2015-02-01").empty


def test_rates_are_breaches_over_rows_checked_with_every_place() -> None:
    hits = check(TABLES, rules=["spouse_sex", "two_heads"], as_of="2020-09-30")
    rates = error_rates(hits, TABLES)
    assert list(rates["rule"]) == ["two_heads"] * 2 + ["spouse_sex"] * 2
    assert list(rates["breaches"]) == [0, 0, 1, 0] and list(rates["n"]) == [1, 1, 2, 1]
    assert list(rates["rate"]) == [0, 0, 0.5, 0] and list(rates["name"]) == ["A", "B", "A", "B"]
    empty = error_rates(check(TABLES, rules=["post_dates"]), TABLES, by="village")
    assert list(empty["n"]) == [0, 0] and all(map(math.isnan, empty["rate"]))
    with pytest.raises(KeyError, match="village"):
        error_rates(hits, TABLES, by="villages")


def test_one_rule_over_all_villages_counts_those_without_a_hit(county: County) -> None:
    hits = check(county.tables, rules=["check_unknown"], as_of=county.as_of)
    rates = error_rates(hits, county.tables, by="village")
    assert len(rates) == 68 and rates["breaches"].sum() == len(hits) == 5
    assert (rates["breaches"] == 0).sum() >= 63 and rates["n"].sum() == 11730


def test_the_day_is_by_default_the_latest_on_which_something_was_done(county: County) -> None:
    assert Frames(county.tables).as_of == pd.Timestamp("2020-09-28")
    assert (
        Frames({"leases": county.tables["leases"]}).as_of
        == county.tables["leases"]["starts_on"].max()
    )


def test_a_record_is_found_beside_rows_that_share_its_key() -> None:
    twice = pd.concat([HOMES, HOMES[:1]], ignore_index=True)
    hits = check(TABLES | {"households": twice}, rules=["household_id_repeated"])
    assert list(hits["record"]) == ["1", "1"]
