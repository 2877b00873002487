"""Rectification: the loop counted by hand, rules run again, scores that are not made up."""

import math
import shutil

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.county import County, measure, rectification
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError
from jingde_core.quality import RULES

AS_OF = "2020-09-30"
DAYS = ("found", "due", "reminded", "prepared", "reviewed", "signed", "closed", "rechecked")
COLUMNS = ["id", "source", "aspect", "owner", *(f"{day}_on" for day in DAYS), "reopened"]
#: six problems: closed in 10, 20 and 60 days (the last 10 days late), overdue, near, far; one of
#: a screening that records no measures
LEDGER = """
P1 june_review      water   U-341825100 03-01 04-20 03-02 03-08 03-09 03-10 03-11 04-01 no
P2 june_review      water   U-341825101 03-01 04-20 03-04 03-08 03-09 03-10 03-21 04-01 yes
P3 june_review      style   D03         03-01 04-20 .     03-08 03-09 .     04-30 .     no
P4 state_assessment style   D03         06-02 09-29 .     06-08 .     .     .     .     no
P5 state_assessment style   D03         06-02 10-30 .     .     .     .     .     .     no
P6 april_screening  medical U-341825100 06-02 10-31 .     .     .     .     .     .     no
"""
#: problem, done, evidence
MEASURES = "P1 yes yes, P1 yes no, P2 yes yes, P3 no no, P4 yes yes, P4 no no"


def with_tables(county, **tables):
    return County({**county.tables, **tables}, county.provenance, county.parameters)


def ledger(county, text=LEDGER):
    rows = []
    for line in filter(None, text.splitlines()):
        code, source, aspect, owner, *days, reopened = line.split()
        dated = [pd.NaT if day == "." else pd.Timestamp(f"2020-{day}") for day in days]
        rows.append([code, source, aspect, owner, *dated, reopened == "yes"])
    like = county.tables["problems"]
    found = pd.DataFrame(rows, columns=COLUMNS).reindex(columns=like.columns)
    return found.astype(like.dtypes)


@pytest.fixture(scope="module")
def small(county):
    like = county.tables["measures"]
    rows = [entry.split() for entry in MEASURES.split(", ")]
    measures = pd.DataFrame(
        {
            "id": [f"M{place}" for place in range(len(rows))],
            "problem": [problem for problem, _, _ in rows],
            "kind": "task",
            "done_on": pd.to_datetime(
                ["2020-05-01" if done == "yes" else None for _, done, _ in rows]
            ),
            "evidence": ["paper" if proof == "yes" else None for _, _, proof in rows],
        }
    ).astype(like.dtypes)
    return with_tables(county, problems=ledger(county), measures=measures)


def declared_groups():
    lines = (shipped("data") / "aspect_rules.csv").read_text(encoding="utf-8").splitlines()
    return {line.split(",")[0]: line.split(",")[1].split(";") for line in lines[1:]}


def values(frame):
    return dict(zip(frame["code"], frame["value"], strict=True))


class TestTheFunnel:
    def test_counts_problems_that_have_come_as_far_as_each_stage(self, small):
        assert values(rectification.stages(small)) == {
            "found": 6,
            "prepared": 4,
            "reviewed": 3,
            "signed": 2,
            "closed": 3,
            "rechecked": 2,
        }

    def test_keeps_stages_that_nobody_has_reached(self, small):
        found = rectification.stages(small, where={"source": "april_screening"})
        assert list(found["value"]) == [1, 0, 0, 0, 0, 0]

    def test_refuses_a_condition_on_a_column_that_is_not_there(self, small):
        with pytest.raises(KeyError, match="source"):
            rectification.stages(small, where={"sorce": "june_review"})

    def test_is_unknown_and_not_zero_where_no_ledger_was_imported(self, small):
        told = small.provenance.assign(kind="missing")
        none = {**small.tables, "problems": small.tables["problems"].iloc[:0]}
        own = County(none, told, small.parameters)
        assert rectification.stages(own)["value"].isna().all()
        assert rectification.ages(own)["value"].isna().all()

    def test_says_where_its_rows_come_from(self, small):
        assert rectification.stages(small).attrs["provenance"] == ["synthetic"]


class TestOpenProblems:
    def test_stand_by_their_due_day_and_the_due_day_itself_is_not_late(self, small):
        assert values(rectification.ages(small, as_of=AS_OF)) == {
            "overdue": 1,
            "within_30": 1,
            "later": 1,
        }
        assert values(rectification.ages(small, as_of="2020-09-29"))["overdue"] == 0

    def test_are_counted_by_a_metric_too(self, small):
        assert measure(small, "open_problems")["value"].item() == 3


@pytest.fixture(scope="module")
def loop(small):
    return rectification.loop(small, as_of=AS_OF).set_index("source")


class TestTheLoopBySource:
    def test_stands_in_the_order_of_the_list_of_sources(self, loop):
        assert list(loop.index) == ["state_assessment", "april_screening", "june_review"]

    def test_counts_closed_open_and_overdue(self, loop):
        counted = loop[["problems", "closed", "open", "overdue"]]
        assert counted.loc["june_review"].tolist() == [3, 3, 0, 0]
        assert counted.loc["state_assessment"].tolist() == [2, 0, 2, 1]

    def test_counts_days_to_close_and_those_that_the_open_ones_have_waited(self, loop):
        # 10, 20 and 60 days: the middle is 20, nine tenths of the way 20 + 0.8 * 40 = 52
        assert loop.loc["june_review", ["median_days", "p90_days"]].tolist() == [20, 52]
        assert math.isnan(loop.loc["june_review", "oldest_days"])
        # 2 June to 30 September
        assert loop.loc["state_assessment", "oldest_days"] == 120
        assert math.isnan(loop.loc["state_assessment", "median_days"])

    def test_counts_days_to_the_reminder(self, loop):
        assert loop.loc["june_review", "reminder_days"] == 2
        assert math.isnan(loop.loc["state_assessment", "reminder_days"])

    def test_a_source_without_recorded_measures_has_none_rather_than_zero(self, loop):
        assert loop.loc["june_review", ["measures_set"]].item() == 4
        assert loop.loc["june_review", "measures_per_problem"] == 4 / 3
        # P5 has none, but its source records them
        assert loop.loc["state_assessment", "measures_per_problem"] == 1
        assert math.isnan(loop.loc["april_screening", "measures_set"])
        assert math.isnan(loop.loc["april_screening", "measures_per_problem"])

    def test_holds_the_rates_of_what_was_done(self, loop):
        june = loop.loc["june_review"]
        assert june["on_time_rate"] == 2 / 3 and june["signed_rate"] == 2 / 3
        assert june["recheck_rate"] == 2 / 3 and june["reopen_rate"] == 1 / 2
        # three of its measures are done, two of them have evidence
        assert june["evidence_rate"] == 2 / 3
        assert math.isnan(loop.loc["state_assessment", "on_time_rate"])
        assert math.isnan(loop.loc["april_screening", "evidence_rate"])


class TestTheLoopByOthers:
    def test_owners_are_told_in_words(self, small):
        owners = rectification.loop(small, by="owner")["owner"].tolist()
        assert owners[1:] == ["旌阳镇", "蔡家桥镇"]
        assert "D03" in owners[0] and owners[0] != "D03"

    def test_an_unlisted_town_in_an_owner_stays_a_code_in_words(self, county):
        (told,) = rectification.owners(county, pd.Series(["U-341825999"], dtype="str"))
        assert "U-341825999" in told

    def test_aspects_and_towns_add_up_to_the_same_problems(self, county):
        chosen = {"source": "june_review"}
        aspects = rectification.loop(county, by="aspect", where=chosen)
        owners = rectification.loop(county, by="owner", where=chosen)
        assert aspects["problems"].sum() == owners["problems"].sum() == 85
        assert aspects["measures_set"].sum() == owners["measures_set"].sum() == 134

    def test_no_problem_gives_no_row(self, small):
        assert rectification.loop(small, where={"aspect": "housing"}).empty

    def test_an_unknown_column_is_refused_with_the_close_ones(self, small):
        with pytest.raises(KeyError, match="source"):
            rectification.loop(small, by="sources")


def test_measures_per_problem_of_the_reviews_and_of_june_are_those_of_the_report(county):
    loop = rectification.loop(county).set_index("source")
    reviews = loop.loc[["central_inspection", "state_assessment", "province_assessment"]]
    assert (reviews["measures_set"].sum(), reviews["problems"].sum()) == (209, 52)
    assert (loop.loc["june_review", "measures_set"], loop.loc["june_review", "problems"]) == (
        134,
        85,
    )
    assert round(209 / 52, 2) == 4.02
    assert round(loop.loc["june_review", "measures_per_problem"], 2) == 1.58


@given(st.sampled_from(["source", "aspect", "owner", "town"]))
def test_every_problem_is_either_closed_or_open_in_every_grouping(county, by):
    loop = rectification.loop(county, by=by)
    assert (loop["problems"] == loop["closed"] + loop["open"]).all()
    assert (loop["overdue"] <= loop["open"]).all()


@pytest.fixture(scope="module")
def broken(county):
    """A county in which one household's water was found to fail its test of quality."""
    homes = county.tables["households"].copy()
    states = county.tables["guarantees"]
    passed = states[(states["indicator"] == "water") & (states["state"] == "pass")]
    here = homes["left_on"].isna() & homes["id"].isin(passed["household"])
    place = homes.index[here][0]
    homes.loc[place, "water_quality"] = "fail"
    return with_tables(county, households=homes), homes.loc[place, "village"]


class TestRulesRunAgain:
    def test_every_village_is_there_with_zeros(self, county):
        found = rectification.rerun(county, "water")
        assert (found.groupby("rule")["code"].nunique() == 68).all()
        assert (found["breaches"] == 0).any()

    def test_the_breach_made_is_found_in_its_village_alone(self, county, broken):
        changed, village = broken
        before = rectification.rerun(county, "water").set_index(["rule", "code"])["breaches"]
        after = rectification.rerun(changed, "water").set_index(["rule", "code"])["breaches"]
        more = (after - before).loc[lambda change: change != 0]
        assert more.to_dict() == {("water_bad_quality", village): 1}

    def test_towns_add_up_to_villages(self, county):
        sums = [
            rectification.rerun(county, "medical", by=by)["breaches"].sum()
            for by in ("village", "town")
        ]
        assert sums[0] == sums[1] > 0

    def test_an_aspect_without_rules_is_refused_with_the_known_ones(self, county):
        with pytest.raises(KeyError, match="water"):
            rectification.rerun(county, "watr")

    def test_every_aspect_of_the_ledger_has_rules_that_there_are(self, county):
        groups = declared_groups()
        assert set(county.tables["problems"]["aspect"]) <= set(groups)
        assert {name for names in groups.values() for name in names} <= {
            rule.group for rule in RULES.values()
        }


class TestFiles:
    def test_documents_that_are_missing_are_counted_one_by_one(self, county):
        files = county.tables["archives"].head(3).copy()
        files["household"] = [None, "H00002", "H00007"]
        files["missing"] = ["roster", "agreement;photographs", "photographs"]
        found = rectification.missing_documents(with_tables(county, archives=files))
        assert found.to_numpy().tolist() == [
            ["home", "photographs", 2],
            ["home", "agreement", 1],
            ["village", "roster", 1],
        ]

    def test_completeness_is_documents_there_over_required(self, county):
        files = county.tables["archives"].head(2).copy()
        files["household"], files["required"] = ["H00002", "H00007"], [7, 7]
        files["missing"] = ["agreement;photographs", None]
        own = with_tables(county, archives=files)
        assert measure(own, "archive_completeness")["value"].item() == 12 / 14
        assert measure(own, "complete_archives")["value"].item() == 1 / 2


class TestScores:
    def test_made_up_scores_are_refused(self, county):
        with pytest.raises(DataError) as caught:
            rectification.scoreboard(county)
        (problem,) = caught.value.problems
        assert (problem.code, problem.file) == ("synthetic_scoreboard", "evaluations")

    def test_the_countys_own_scores_stand_by_round_with_their_mean(self, county):
        told = county.provenance.copy()
        told.loc[told["table"] == "evaluations", "kind"] = "imported"
        scores = county.tables["evaluations"].head(6).copy()
        scores["score"] = [80.0, 85.0, 90.0, 70.0, 75.0, 95.0]
        own = County({**county.tables, "evaluations": scores}, told, county.parameters)
        board = rectification.scoreboard(own)
        assert board["name"].tolist() == ["旌阳镇", "蔡家桥镇"]
        assert board[["round_1", "round_2", "round_3", "mean"]].to_numpy().tolist() == [
            [80, 85, 90, 85],
            [70, 75, 95, 80],
        ]
        assert board.attrs["provenance"] == ["imported"]

    def test_rounds_and_secretaries_called_in_are_counted(self, county):
        assert measure(county, "evaluation_rounds")["value"].item() == 3
        assert measure(county, "secretaries_called")["value"].item() == 3


def test_review_opinions_of_the_villages_add_up_to_those_of_the_county(county):
    whole = measure(county, "review_opinions")["value"].item()
    villages = measure(county, "review_opinions", by="village")
    assert villages["value"].sum() == whole == 129 and len(villages) == 68


@pytest.mark.parametrize(
    ("table", "column", "value", "code"),
    [
        ("guarantees", "state", "perhaps", "wrong_value"),
        ("risks", "cleared_on", "2019-01-01", "broken_rule"),
        ("problems", "due_on", "2019-12-31", "broken_rule"),
        ("problems", "closed_on", "2019-12-31", "broken_rule"),
        ("measures", "problem", "N9999", "unknown_key"),
    ],
    ids=[
        *("a state outside the four", "cleared before found", "due before found"),
        *("closed before found", "evidence of an unknown problem"),
    ],
)
def test_a_row_that_cannot_be_is_located_and_refused(tmp_path, table, column, value, code):
    folder = tmp_path / "data"
    shutil.copytree(shipped("data"), folder, ignore=shutil.ignore_patterns("catalogue"))
    (folder / "manifest.json").unlink()
    path = folder / f"{table}.csv"
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    rows.loc[4, column] = value
    rows.to_csv(path, index=False)
    with pytest.raises(DataError) as caught:
        County.load(folder)
    # the heading is line 1
    assert {(p.code, p.file, p.row) for p in caught.value.problems} == {(code, f"{table}.csv", 6)}
