"""The invented rectification ledger, inspections and visits give the report's figures."""

import pandas as pd
import pytest
from synthetic_county import SEEDS, Tables, made

REVIEWS = ["central_inspection", "state_assessment", "province_assessment"]
SIGNATURES = ["found_on", "prepared_on", "reviewed_on", "signed_on", "closed_on"]


def found(t: Tables, *sources: str) -> pd.DataFrame:
    return t["problems"][t["problems"]["source"].isin(sources)]


def taken(t: Tables, *sources: str) -> pd.DataFrame:
    return t["measures"][t["measures"]["problem"].isin(found(t, *sources)["id"])]


def visits(t: Tables, kind: str) -> pd.DataFrame:
    return t["inspections"][t["inspections"]["kind"] == kind]


@pytest.mark.parametrize("seed", SEEDS)
class TestOversight:
    def test_a_file_is_prepared_reviewed_signed_and_closed_in_this_order(self, seed: int) -> None:
        closed = made(seed)["problems"].dropna(subset=["closed_on"])
        for before, after in zip(SIGNATURES, SIGNATURES[1:], strict=False):
            assert (closed[before] <= closed[after]).all(), (before, after)

    def test_an_open_problem_carries_no_signature_and_a_measure_to_do(self, seed: int) -> None:
        tables = made(seed)
        still = tables["problems"][tables["problems"]["closed_on"].isna()]
        assert len(still) and set(still["source"]) <= set(REVIEWS)
        assert (
            still[["prepared_on", "reviewed_on", "signed_on", "rechecked_on"]].isna().all(axis=None)
        )
        to_do = tables["measures"][tables["measures"]["done_on"].isna()]["problem"]
        assert set(to_do) == set(still["id"])

    def test_the_209_are_not_all_done_for_the_report_does_not_say_so(self, seed: int) -> None:
        assert 0.6 < taken(made(seed), *REVIEWS)["done_on"].notna().mean() < 0.98

    def test_every_problem_of_the_reviews_and_of_june_has_a_measure(self, seed: int) -> None:
        tables = made(seed)
        planned = found(tables, *REVIEWS, "june_review", "housing_check")["id"]
        assert set(tables["measures"]["problem"]) == set(planned)

    def test_evidence_stands_only_with_what_was_done(self, seed: int) -> None:
        measures = made(seed)["measures"]
        assert measures.loc[measures["evidence"].notna(), "done_on"].notna().all()
        assert taken(made(seed), "june_review", "housing_check")["evidence"].notna().all()

    def test_a_measure_is_done_between_finding_and_filing(self, seed: int) -> None:
        measures = made(seed)["measures"].dropna(subset=["done_on"])
        problems = made(seed)["problems"].set_index("id").loc[measures["problem"]]
        done = measures["done_on"].to_numpy()
        assert (done >= problems["found_on"].to_numpy()).all()
        filed = problems["prepared_on"].fillna(pd.Timestamp("2020-09-30")).to_numpy()
        assert (done <= filed).all()

    def test_few_are_reopened_and_those_closed_anew_after_the_recheck(self, seed: int) -> None:
        problems = made(seed)["problems"]
        again = problems[problems["reopened"]]
        assert 1 <= len(again) <= 60
        assert (again["closed_on"] > again["rechecked_on"]).all()
        once = problems[~problems["reopened"]].dropna(subset=["rechecked_on"])
        assert (once["rechecked_on"] > once["closed_on"]).all()
        assert problems["closed_on"].max() <= pd.Timestamp("2020-09-30")

    def test_the_april_problems_come_from_two_screenings_of_homes(self, seed: int) -> None:
        april = found(made(seed), "april_screening")
        first = april["found_on"].between("2020-04-01", "2020-04-10")
        second = april["found_on"].between("2020-04-20", "2020-04-30")
        assert first.any() and second.any() and (first | second).all()
        assert not april.duplicated(["household", "aspect", "found_on"]).any()
        assert april["closed_on"].notna().all()
        listed = made(seed)["households"].set_index("id")["registered_on"]
        assert not (april["household"].map(listed) > april["found_on"]).any()

    def test_a_problem_at_a_home_stands_in_its_village_and_with_its_town(self, seed: int) -> None:
        tables = made(seed)
        at_home = tables["problems"].dropna(subset=["household"])
        village = tables["households"].set_index("id")["village"]
        assert (at_home["household"].map(village) == at_home["village"]).all()
        town = at_home["village"].map(tables["villages"].set_index("code")["town"])
        assert (at_home["owner"] == "U-" + town).all()

    def test_only_those_present_are_screened_and_visited(self, seed: int) -> None:
        tables = made(seed)
        left = tables["households"].dropna(subset=["left_on"])["id"]
        for name in ("problems", "inspections"):
            assert not tables[name]["household"].isin(left).any()

    def test_the_homes_rebuilt_are_not_better_than_those_the_towns_mended(self, seed: int) -> None:
        tables = made(seed)
        home = tables["problems"].set_index("id")["household"]
        grade = tables["households"].set_index("id")["housing_grade"].fillna("A")
        kinds = tables["measures"].assign(grade=tables["measures"]["problem"].map(home).map(grade))
        worst = kinds.groupby("kind")["grade"].agg(["min", "max"])
        assert worst.loc["rebuilt", "min"] >= worst.loc["improved", "max"]
        assert worst.loc["improved", "min"] >= worst.loc["mended_by_town", "max"]

    def test_visits_go_to_registered_homes_again_and_again_never_twice_a_day(
        self, seed: int
    ) -> None:
        tables = made(seed)
        status = tables["households"].set_index("id")["status"]
        homes = visits(tables, "registered")
        assert (homes["household"].map(status) == "registered").all()
        assert homes["household"].nunique() < len(homes)
        known = tables["inspections"].dropna(subset=["household"])
        assert not known.duplicated(["household", "date"]).any()
        assert tables["inspections"]["date"].between("2020-03-01", "2020-09-30").all()

    def test_the_vulnerable_are_edge_households_or_not_listed(self, seed: int) -> None:
        tables = made(seed)
        status = tables["households"].set_index("id")["status"]
        listed = visits(tables, "vulnerable")["household"].dropna()
        assert (listed.map(status) == "edge").all()

    def test_opinions_follow_visits_to_homes_one_each(self, seed: int) -> None:
        written = made(seed)["inspections"].dropna(subset=["opinion"])
        assert len(written) == 129 and written["opinion"].is_unique
        assert (written["kind"] != "mutual_check").all()

    def test_the_poor_villages_check_one_another_on_two_days_of_june(self, seed: int) -> None:
        tables = made(seed)
        mutual = visits(tables, "mutual_check")
        poor = tables["villages"].loc[tables["villages"]["poor_2014"], "code"]
        assert sorted(mutual["village"]) == sorted(poor)
        assert mutual["date"].between("2020-06-11", "2020-06-12").all()

    def test_every_village_has_every_year_and_every_request_an_answer(self, seed: int) -> None:
        tables = made(seed)
        rows = tables["visits"]
        assert len(rows) == 6 * len(tables["villages"])
        assert rows["collected"].sum() == 37_473
        assert (rows["solved"] + rows["referred"] == rows["collected"]).all()
        assert (rows["completed"] == rows["referred"]).all()
        people = tables["villages"].set_index("code")["population"]
        assert rows.groupby("village")["collected"].sum().corr(people) > 0.6


def test_another_seed_moves_the_rows_but_not_the_totals() -> None:
    first, second = (made(seed)["problems"]["household"].dropna() for seed in SEEDS[:2])
    assert sorted(first) != sorted(second)
