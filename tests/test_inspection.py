"""Inspection: each query is made to hit, and what is counted can be counted by hand."""

import math

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jingde_core.county import County, inspection, measure
from jingde_core.ledgers.workbook import write_sheets
from jingde_core.metrics import METRICS
from jingde_core.model.problem import DataError
from jingde_core.views import table

#: what the shipped register leaves open: homes that a team would ask about
SHIPPED = {"false_clear": (5, 5), "security_only": (2, 2), "not_verified": (7, 5)}
DAY = pd.Timestamp


def changed(county, name, at, **values):
    """The county with cells of one row of a table changed."""
    frame = county.tables[name].copy()
    for column, value in values.items():
        frame.loc[at, column] = value
    return with_tables(county, **{name: frame})


def with_tables(county, **tables):
    return County({**county.tables, **tables}, county.provenance, county.parameters)


def first(rows, chosen):
    return rows.index[chosen][0]


def lifted(county):
    homes = county.tables["households"]
    known = set(county.tables["risks"]["household"]) | set(inspection.finder(county)["household"])
    kept = homes["exit_status"].isin(inspection.LIFTED) & homes["left_on"].isna()
    return first(homes, kept & ~homes["id"].isin(known))


def watched(county, **wanted):
    rows = county.frame("risks")
    known = set(inspection.finder(county)["household"])
    kept = rows["cleared_on"].isna() & ~rows["household"].isin(known)
    kept &= rows["found_on"] < DAY("2020-08-01")
    for column, value in wanted.items():
        kept &= rows[column] == value
    return first(rows, kept)


def missed_risk(county):
    return changed(county, "households", lifted(county), income_per_head=5999.99)


def false_clear(county):
    risks, known = county.tables["risks"], set(inspection.finder(county)["household"])
    chosen = risks["cleared_on"].notna() & ~risks["household"].isin(known)
    return changed(county, "risks", first(risks, chosen), clearing_evidence="home_check")


def cause_without_help(county):
    at = watched(county, reason="illness")
    return changed(county, "risks", at, measures="industry;employment")


def security_only(county):
    people = county.tables["persons"]
    able = people.loc[people["labour"].isin(["skilled", "ordinary"]), "household"]
    risks, known = county.tables["risks"], set(inspection.finder(county)["household"])
    chosen = risks["cleared_on"].isna() & risks["household"].isin(able)
    chosen &= ~risks["household"].isin(known) & ~risks["reason"].isin(["illness", "schooling"])
    return changed(county, "risks", first(risks, chosen), measures="social_security")


def no_measures(county):
    return changed(county, "risks", watched(county), measures=None)


def running(county, kind):
    posts = county.tables["posts"]
    return first(posts, (posts["kind"] == kind) & posts["ends_on"].isna())


def holder(county, kind="auxiliary"):
    person = county.tables["posts"].loc[running(county, kind), "person"]
    people = county.tables["persons"]
    return first(people, people["id"] == person)


def posts(county):
    return changed(county, "persons", holder(county), birth_year=1940)


def wages(county):
    return changed(county, "posts", running(county, "auxiliary"), wage=0.0)


def after_death(county):
    return changed(county, "persons", holder(county), died_on=DAY("2020-03-01"))


def credit_use(county):
    loans = county.tables["loans"]
    chosen = loans["household"].notna() & (loans["state"] == "current")
    return changed(county, "loans", first(loans, chosen), purpose="working_capital")


def not_verified(county):
    states, known = county.tables["guarantees"], set(inspection.finder(county)["household"])
    chosen = (states["state"] == "pass") & ~states["household"].isin(known)
    return changed(county, "guarantees", first(states, chosen), state="unknown")


BREACHES = {
    made.__name__: made
    for made in (
        *(missed_risk, false_clear, cause_without_help, security_only, no_measures),
        *(posts, wages, after_death, credit_use, not_verified),
    )
}


def hits(county):
    counts = inspection.finder_counts(county).set_index("query")
    return {query: tuple(row) for query, row in counts.iterrows()}


class TestTheFinder:
    def test_asks_the_ten_questions_and_has_a_breach_of_each(self, county):
        assert set(hits(county)) == set(BREACHES)

    def test_finds_what_the_shipped_register_leaves_open_and_says_zero_for_the_rest(self, county):
        assert hits(county) == dict.fromkeys(BREACHES, (0, 0)) | SHIPPED

    @pytest.mark.parametrize("query", BREACHES)
    def test_hits_a_breach_that_is_made_for_real(self, county, query):
        before = len(inspection.finder(county, [query]))
        found = inspection.finder(BREACHES[query](county), [query])
        assert len(found) > before and set(found["query"]) <= {query}
        assert found["evidence"].str.len().gt(0).all() and found["papers"].notna().all()

    def test_waits_for_the_days_that_a_household_may_go_without_measures(self, county):
        risks = county.tables["risks"]
        at = watched(county)
        for days, expected in ((30, 0), (31, 1)):
            found = DAY(county.as_of) - pd.Timedelta(days=days)
            own = changed(county, "risks", at, measures=None, found_on=found)
            household = risks.loc[at, "household"]
            got = inspection.finder(own, ["no_measures"])["household"].tolist()
            assert got == [household] * expected

    def test_refuses_an_unknown_question_with_the_close_ones(self, county):
        with pytest.raises(KeyError, match="false_clear"):
            inspection.finder(county, ["false_cleared"])


def not_imported(county, name):
    """The county of an office that has imported all but one table."""
    told = county.provenance.copy()
    told["kind"] = "imported"
    told.loc[told["table"] == name, "kind"] = "missing"
    empty = {name: county.tables[name].iloc[:0]}
    return County({**county.tables, **empty}, told, county.parameters)


class TestATableThatIsNotImported:
    def test_a_question_that_it_would_answer_has_no_zero(self, county):
        counts = inspection.finder_counts(not_imported(county, "loans")).set_index("query")
        assert counts["hits"].isna().to_dict() == {
            query: query == "credit_use" for query in BREACHES
        }

    def test_a_village_without_a_hit_has_no_zero(self, county):
        villages = inspection.finder_counts(not_imported(county, "loans"), by="village")
        assert villages["hits"].notna().sum() == 12 and villages["hits"].sum() == 14

    def test_the_rates_are_unknown_without_guarantees(self, county):
        rates = inspection.rates(not_imported(county, "guarantees"))
        assert rates[["persons", "value"]].isna().all(axis=None)


class TestHitsByPlace:
    def test_every_village_is_there_and_the_hits_are_all_counted(self, county):
        villages = inspection.finder_counts(county, by="village")
        assert (
            len(villages) == 68 and villages["hits"].sum() == 14 and villages["homes"].sum() == 12
        )
        assert (villages["hits"] == 0).sum() == 56

    def test_towns_count_what_their_villages_count(self, county):
        towns = inspection.finder_counts(county, by="town")
        assert len(towns) == 10 and towns["hits"].sum() == 14

    def test_a_hit_without_a_place_is_counted_apart(self, county):
        place = county.tables["households"]["id"] == "H00098"
        own = changed(county, "households", first(county.tables["households"], place), village=None)
        villages = inspection.finder_counts(own, by="village")
        assert villages["hits"].sum() == 14 and len(villages) == 69
        assert villages.loc[villages["village"].isna(), "homes"].item() == 1

    def test_another_grouping_is_refused(self, county):
        with pytest.raises(KeyError, match="village"):
            inspection.finder_counts(county, by="vilage")


class TestTheVisitList:
    def test_has_one_row_a_household_with_all_its_questions(self, county):
        visits = inspection.visit_list(county)
        assert len(visits) == visits["household"].nunique() == 12
        both = visits.set_index("household").loc["H00098"]
        # the indicator and the person's insurance
        assert both["evidence"].count("=") == 3 and both["papers"] == "guarantee_check"

    def test_of_one_village_holds_its_households_alone(self, county):
        assert inspection.visit_list(county, village="341825101207")["household"].tolist() == [
            "H00098"
        ]
        assert inspection.visit_list(county, village="341825100001").empty

    def test_prints_to_a_sheet_a_village_in_words_with_room_to_write(self, county, tmp_path):
        sheets = inspection.visit_sheets(county)
        assert len(sheets) == 13
        path = tmp_path / "visits.xlsx"
        write_sheets(path, sheets)
        book = openpyxl.load_workbook(path)
        about, *villages = book.worksheets
        assert "合成" in about["A2"].value
        assert sum(sheet.max_row - 1 for sheet in villages) == 12
        heads = [cell.value for cell in villages[0][1]]
        assert heads[:2] == ["序号", "户编号"] and len(heads) == 7
        row = [cell.value for cell in villages[0][2]]
        assert row[4] == "两不愁三保障核查表" and row[5:] == [None, None]

    def test_prints_a_sheet_that_says_so_where_nobody_is_to_be_visited(self, county, tmp_path):
        sheets = inspection.visit_sheets(county, village="341825100001")
        assert len(sheets) == 1
        write_sheets(tmp_path / "none.xlsx", sheets)


class TestTheLastMile:
    def test_names_ten_households_of_33_persons_below_the_line(self, county):
        left = inspection.last_mile(county, by_when="2020-11-30")
        assert len(left) == 10 and left["members"].sum() == 33
        assert (left["gap_per_head"] == 4000 - left["income_per_head"]).all()
        assert left["helper"].notna().all() and set(left["by_when"]) == {"2020-11-30"}

    def test_tells_what_is_not_met_not_verified_and_not_on_file(self, county):
        home = "H00650"
        states = county.tables["guarantees"].copy()
        own = states["household"] == home
        states.loc[own & (states["indicator"] == "water"), "state"] = "fail"
        # no row of a check is no pass
        states = states[~(own & (states["indicator"] == "food"))].reset_index(drop=True)
        files = county.tables["archives"]
        files = files[files["household"] != home].reset_index(drop=True)
        broken = with_tables(county, guarantees=states, archives=files)
        row = inspection.last_mile(broken, by_when="2020-11-30").set_index("household").loc[home]
        assert (row["not_met"], row["not_verified"], row["lacking"]) == ("water", "food", "no_file")

    def test_has_no_gap_above_the_line_and_none_known_without_an_income(self, county):
        homes = county.tables["households"]
        at = first(homes, homes["id"] == "H00650")
        for income, gap in ((4000.0, 0.0), (None, None)):
            own = changed(county, "households", at, income_per_head=income)
            left = inspection.last_mile(own, by_when="2020-11-30").set_index("household")
            found = left.loc["H00650", "gap_per_head"]
            assert found == gap or (gap is None and math.isnan(found))


class TestTheRates:
    def rates(self, county):
        return inspection.rates(county).set_index("inspected")

    def test_of_the_shipped_register_are_those_still_to_exit(self, county):
        rates = self.rates(county)
        whole = rates.loc["comprehensive_incidence"]
        assert (whole["persons"], whole["denominator"]) == (33, 122_222)
        assert whole["value"] == 33 / 122_222
        assert rates.loc["wrong_exit_rate", "denominator"] == 4171 - 33
        assert math.isnan(rates.loc["approval", "value"])

    def test_say_how_many_are_not_verified_and_count_them_nowhere(self, county):
        rates = self.rates(county)
        assert (
            rates.loc["missed_rate", "unverified"] + rates.loc["wrong_exit_rate", "unverified"]
            == (rates.loc["comprehensive_incidence", "unverified"])
        )
        states, homes = county.tables["guarantees"], county.tables["households"]
        unsure = set(states.loc[states["state"] == "unknown", "household"])
        assert rates.loc["comprehensive_incidence", "unverified"] == (
            homes.loc[homes["id"].isin(unsure), "members"].sum()
        )

    def test_count_a_wrong_exit_and_a_missed_household_by_hand(self, county):
        at, homes = lifted(county), county.tables["households"]
        edge = first(homes, (homes["status"] == "edge") & homes["left_on"].isna())
        own = changed(county, "households", at, income_per_head=3999.0)
        own = changed(own, "households", edge, income_per_head=3999.0)
        wrong, missed = homes.loc[at, "members"], homes.loc[edge, "members"]
        rates = self.rates(own)
        assert rates.loc["wrong_exit_rate", "persons"] == wrong
        assert rates.loc["wrong_exit_rate", "value"] == wrong / 4138
        assert rates.loc["missed_rate", "persons"] == missed
        assert rates.loc["comprehensive_incidence", "persons"] == 33 + wrong + missed

    def test_a_household_without_a_check_or_an_income_is_not_verified(self, county):
        at = lifted(county)
        home, members = county.tables["households"].loc[at, ["id", "members"]]
        before = self.rates(county).loc["wrong_exit_rate", "unverified"]
        states = county.tables["guarantees"]
        states = states[states["household"] != home].reset_index(drop=True)
        for own in (
            with_tables(county, guarantees=states),
            changed(county, "households", at, income_per_head=None),
        ):
            row = self.rates(own).loc["wrong_exit_rate"]
            assert (row["persons"], row["unverified"]) == (0, before + members)

    def test_of_nobody_are_unknown(self, county):
        villages = county.tables["villages"].assign(rural_population=0)
        rates = self.rates(with_tables(county, villages=villages))
        assert math.isnan(rates.loc["missed_rate", "value"])


class TestTheDraw:
    def test_the_same_seed_draws_the_same_households_and_another_one_others(self, county):
        drawn = [inspection.draw(county, villages=6, households=5, seed=seed) for seed in (7, 7, 8)]
        pd.testing.assert_frame_equal(drawn[0], drawn[1])
        assert drawn[0]["household"].tolist() != drawn[2]["household"].tolist()

    def test_the_chance_is_that_of_the_village_and_then_of_the_household(self, county):
        homes = county.tables["households"]
        homes = homes[homes["left_on"].isna()]
        sizes = homes["village"].value_counts()
        drawn = inspection.draw(county, villages=6, households=5, seed=2020)
        for village, rows in drawn.groupby("village"):
            count = min(5, sizes[village])
            assert len(rows) == count
            assert rows["chance"].tolist() == [6 / len(sizes) * count / sizes[village]] * count

    def test_all_are_drawn_with_certainty_where_all_are_asked_for(self, county):
        homes = county.tables["households"]
        homes = homes[homes["left_on"].isna()]
        places, count = homes["village"].nunique(), len(homes)
        drawn = inspection.draw(county, villages=places, households=count, seed=1)
        assert len(drawn) == drawn["household"].nunique() == count
        assert (drawn["chance"] == 1).all()

    @settings(max_examples=20)
    @given(st.integers(0, 2**32 - 1), st.integers(1, 61), st.integers(1, 40))
    def test_weights_are_finite_and_no_household_is_drawn_twice(
        self, county, seed, villages, households
    ):
        drawn = inspection.draw(county, villages=villages, households=households, seed=seed)
        assert drawn["village"].nunique() == villages
        assert not drawn["household"].duplicated().any()
        assert drawn["chance"].between(0, 1, inclusive="right").all()
        assert drawn["number"].tolist() == list(range(1, len(drawn) + 1))

    def test_of_nobody_is_an_empty_list(self, county):
        homes = county.tables["households"].iloc[:0]
        drawn = inspection.draw(
            with_tables(county, households=homes), villages=2, households=3, seed=1
        )
        assert drawn.empty and "chance" in drawn

    def test_sizes_that_cannot_be_are_told_together(self, county):
        with pytest.raises(DataError) as caught:
            inspection.draw(county, villages=0, households=0, seed=1)
        assert [p.code for p in caught.value.problems] == ["draw_size", "draw_size"]


class TestEntitlements:
    def standing(self, county, person, policy):
        found = inspection.entitlements(county)
        rows = found[(found["person"] == person) & (found["policy"] == policy)]
        return rows["standing"].tolist()

    def test_of_the_shipped_register_have_the_figures_of_the_report(self, county):
        counts = inspection.entitlements(county).value_counts(["policy", "standing"])
        assert counts["student_aid", "has"] == 305
        assert counts["transport_subsidy", "has"] == 598
        assert "received_without" not in counts.index.get_level_values("standing")

    def test_an_aided_pupil_who_left_school_has_it_without_being_entitled(self, county):
        awards, people = county.tables["awards"], county.tables["persons"]
        aided = awards.loc[awards["kind"] == "student_aid", "person"].iloc[0]
        assert self.standing(county, aided, "student_aid") == ["has"]
        own = changed(county, "persons", first(people, people["id"] == aided), in_school="none")
        assert self.standing(own, aided, "student_aid") == ["received_without"]

    def test_a_pupil_without_aid_is_entitled_without(self, county):
        awards = county.tables["awards"]
        aided = awards.loc[awards["kind"] == "student_aid", "person"].iloc[0]
        kept = awards[awards["person"] != aided].reset_index(drop=True)
        own = with_tables(county, awards=kept)
        assert self.standing(own, aided, "student_aid") == ["entitled_without"]

    @pytest.mark.parametrize(
        ("insured", "expected"),
        [("yes", "has"), ("exempt", "has"), ("no", "entitled_without"), ("unknown", "unknown")],
    )
    def test_an_insurance_that_is_not_verified_is_neither_had_nor_lacked(
        self, county, insured, expected
    ):
        people = county.frame("persons")
        at = first(people, people["left_on"].isna() & people["died_on"].isna())
        own = changed(county, "persons", at, insured=insured)
        person = people.loc[at, "id"]
        assert self.standing(own, person, "medical_insurance") == [expected]

    def test_the_dead_are_entitled_to_nothing(self, county):
        at = county.tables["persons"].index[0]
        person = county.tables["persons"].loc[at, "id"]
        own = changed(county, "persons", at, died_on=DAY("2020-01-01"))
        assert self.standing(own, person, "medical_insurance") == []


class TestTheBoardOf2021:
    def test_shows_each_of_the_seven_tasks_by_measures_that_there_are(self, county):
        asked = inspection.tasks()
        assert len({name.split("：")[0] for name in asked}) == 7
        for metric, arguments in asked.values():
            assert METRICS[metric] is not None
            assert pd.notna(measure(county, metric, **arguments)["value"].item())

    def test_tells_the_33_persons_who_have_still_to_exit(self, county):
        (found,) = [
            measure(county, metric, **arguments)["value"].item()
            for metric, arguments in inspection.tasks().values()
            if arguments.get("where") == {"exit_status": "not_lifted"}
        ]
        assert found == 33


@pytest.mark.parametrize(
    "made",
    [
        inspection.finder,
        inspection.finder_counts,
        inspection.visit_list,
        inspection.rates,
        inspection.entitlements,
    ],
)
def test_every_list_says_where_its_rows_come_from(county, made):
    assert "synthetic" in made(county).attrs["provenance"]
    assert "合成" in table(made(county), limit=1).html
