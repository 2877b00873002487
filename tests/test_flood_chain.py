"""From rows of damage and relief to each household's way back: worked by hand, then at its ends."""

import ast
import inspect

import numpy as np
import pandas as pd
import pytest
from small_flood import DAMAGES, EVENT, RELIEF, small_chain, small_county

import jingde_core as jc
from jingde_core.county import County, aftermath, flood
from jingde_core.metrics.contract import InputError
from jingde_core.model.problem import DataError
from jingde_core.quality import check

STAGES = ["income_before", "income_after_shock", "income_after_relief", "resources"]


@pytest.fixture(scope="module")
def small(county: County) -> County:
    return small_county(county)


@pytest.fixture(scope="module")
def real(county: County) -> pd.DataFrame:
    return flood.chain(
        county,
        event="FLOOD-2020-07",
        rules=flood.flood_rules(),
        baseline_year=None,
        monitoring_range=6000,
    )


class TestByHand:
    def test_hit_cut_off_and_reached_are_different_words(self, small):
        found = flood.exposure(small).set_index("household")
        assert found["hit"].to_dict() == {"A": True, "B": True, "C": False, "D": True}
        assert found.index[found["cut_off"]].tolist() == ["C"]
        assert not found["damaged"].any() and not found["displaced"].any()
        assert found.index[found["reached"]].tolist() == ["A", "C", "D"]
        assert found.index[found["leaked"]].tolist() == ["C"]
        assert found.index[found["unreached"]].tolist() == ["B"]

    def test_incomes_per_head_at_each_stage(self, small):
        found = small_chain(small)[STAGES]
        assert found.loc["A"].tolist() == [6500, 5500, 5500, 5900]
        assert found.loc["B"].tolist() == [10000, 9300, 9300, 9300]
        assert found.loc["C"].tolist() == [5000, 5000, 5000, 5100]
        assert found.loc["D"].tolist() == [4200, 3950, 4050, 4050]

    def test_loss_shock_assets_and_what_is_still_missing(self, small):
        found = small_chain(small)
        assert found["loss"].tolist() == pytest.approx([2000, 1000, np.nan, 1000], nan_ok=True)
        assert found["shock"].tolist() == [2000, 700, 0, 1000]
        assert found["asset_loss"].tolist() == [0, 300, 0, 0]
        assert found["uncovered"].tolist() == [1200, 700, 0, 600]
        assert found["need"].tolist() == [200, 0, 2700, 7800]

    def test_what_nobody_valued_is_counted_and_not_taken_as_zero(self, small):
        found = small_chain(small)
        assert found["unvalued"].tolist() == [0, 0, 0, 2]
        assert np.isnan(found.loc["D", "stock"]) and found.loc["A", "stock"] == 0

    def test_a_stated_worth_of_stock_enters_resources_and_not_income(self, small):
        rules = flood.flood_rules()
        rules.loc[rules["kind"] == "stock", "factor"] = 20.0
        found = small_chain(small, rules=rules).loc["D"]
        assert found[STAGES].tolist() == [4200, 3950, 4050, 4100]
        assert found["unvalued"] == 1

    def test_a_payout_may_be_stated_as_a_share_of_the_shock(self, small, county):
        rules = flood.flood_rules()
        rules.loc[rules["kind"] == "crop_insurance", ["basis", "factor"]] = ["shock", 0.3]
        insured = small_county(county, relief=[*RELIEF, ("B", "crop_insurance", 1, None, None)])
        assert small_chain(insured, rules=rules).loc["B", "relief_resources"] == 210

    def test_coverage_leakage_and_adequacy(self, small):
        chain = small_chain(small).reset_index()
        found = aftermath.summary(small, chain, by="county").iloc[0]
        assert (found["hit"], found["reached"], found["unreached"], found["leaked"]) == (3, 3, 1, 1)
        assert found["coverage"] == pytest.approx(2 / 3)
        assert found["leakage"] == pytest.approx(1 / 3)
        assert found["adequacy"] == pytest.approx(1 - 2500 / 3700)
        assert found["shock_median"] == 700
        rates = {
            name: jc.measure(small, name)["value"].item()
            for name in ("affected_rate", "relief_coverage", "relief_leakage")
        }
        assert rates == pytest.approx(
            {"affected_rate": 3 / 4, "relief_coverage": 2 / 3, "relief_leakage": 1 / 3}
        )
        assert jc.measure(small, "affected_person_rate")["value"].item() == 0.7
        assert jc.measure(small, "unreached_households")["value"].item() == 1

    def test_each_instrument_keeps_its_own_row_and_there_is_no_sum(self, small):
        found = aftermath.coverage(small, event=EVENT).set_index("kind")
        assert found.loc["donation", ["households", "hit", "persons", "value"]].tolist() == [
            *(1, 1, 2, 600)
        ]
        assert found.loc["temporary_relief", "not_hit"] == 1
        assert found.index[-1] == "any" and found.loc["any", "households"] == 3
        assert found.loc["any", "share"] == pytest.approx(2 / 3)
        assert found.loc["any", ["persons", "value", "quantity"]].isna().all()

    def test_who_crossed_which_line(self, small):
        chain = small_chain(small).reset_index()
        lines = {"bounds": [4000, 6000]}
        found = aftermath.crossings(small, chain, after="income_after_shock", **lines)
        assert found[["households", "persons"]].to_numpy().tolist() == [
            [1, 4],
            [1, 3],
            [1, 2],
            [1, 1],
        ]

    def test_the_bridge_divides_each_step(self, small):
        chain = small_chain(small).reset_index()
        given = {"poverty_line": 6000, "relieved": "resources"}
        headcount = aftermath.bridge(small, chain, alpha=0, **given)
        assert [str(each) for each in headcount["exact"]] == [
            *("4/7", "2/7", "0", "6/7", "0", "0", "6/7")
        ]
        gap = aftermath.bridge(small, chain, alpha=1, **given)
        assert (gap["exact"] * 42_000).tolist() == [7200, 1000, 1000, 9200, 0, -1200, 8000]

    def test_guarantees_broken_and_mended(self, small):
        (found,) = aftermath.guarantees(small, event=EVENT).to_dict("records")
        assert found == {"kind": "water_cut", "broken": 1, "mended": 1, "open": 0, "days": 4.0}
        assert jc.measure(small, "interruption_days")["value"].item() == 4


class TestTheShippedFlood:
    def test_every_figure_of_the_report_comes_out_of_rows(self, county):
        figures = jc.reconcile(county).query("topic == 'flood'").set_index("figure_id")
        assert len(figures) >= 35
        assert set(figures["status"]) <= {"equal", "rounded", "recorded"}
        assert figures.index[figures["status"] == "recorded"].tolist() == ["rain_multiple"]

    @pytest.mark.parametrize(
        ("status", "households", "persons"),
        [("registered", 503 / 1775, 1260 / 4171), ("edge", 28 / 180, None)],
    )
    def test_affected_rates(self, county, status, households, persons):
        own = {"where": {"status": status}}
        assert jc.measure(county, "affected_rate", **own)["value"].item() == households
        if persons:
            assert jc.measure(county, "affected_person_rate", **own)["value"].item() == persons

    def test_rows_say_what_totals_only_bound(self, county):
        three = ("inputs", "stock", "crop_insurance")
        reach = flood.reach(county)
        hit = flood.exposure(county).query("hit")["household"]
        exact = hit.isin(reach.loc[reach["kind"].isin(three), "household"]).mean()
        low, high = jc.metrics.flood.coverage_interval(reached=[187, 66, 283], population=531)
        assert (low, high) == (283 / 531, 1.0)
        assert low < exact < high

    def test_the_bridge_adds_up_to_the_last_fen(self, county, real):
        for alpha in (0, 1, 2):
            for relieved in STAGES[2:]:
                found = aftermath.bridge(
                    county, real, alpha=alpha, poverty_line=6000, relieved=relieved
                )
                level = found["part"] == "level"
                levels, steps = found.loc[level, "exact"].tolist(), found.loc[~level, "exact"]
                assert levels[0] + sum(steps) == levels[-1]
                measured = jc.measure(
                    aftermath.stage(county, real, relieved), "fgt", alpha=alpha, poverty_line=6000
                )
                assert float(levels[-1]) == pytest.approx(measured["value"].item(), rel=1e-12)

    def test_register_income_leaves_one_off_relief_out(self, real):
        assert (real["resources"] >= real["income_after_relief"]).all()
        given = real["members"] * (real["income_after_relief"] - real["income_after_shock"])
        assert given.sum() == pytest.approx(36_000 + 46_000)

    def test_groups_add_up_to_the_county(self, county, real):
        whole = aftermath.summary(county, real, by="county").iloc[0]
        for by in ("town", "decile", "status"):
            parts = aftermath.summary(county, real, by=by)
            for column in ("households", "hit", "reached", "unreached", "leaked", "need"):
                assert parts[column].sum() == pytest.approx(whole[column])

    def test_a_leaders_tables_hide_few_households(self, county, real, monkeypatch):
        open_ = aftermath.summary(county, real, by="decile").set_index("code")
        monkeypatch.setenv("JINGDE_AUDIENCE", "leader")
        told = aftermath.summary(county, real, by="decile").set_index("code")
        few = open_["unreached"].between(1, 4)
        assert few.any() and told.loc[few, ["unreached", "coverage", "reached"]].isna().all(
            axis=None
        )
        assert told["unreached"].isna().sum() > few.sum() or few.sum() > 1
        assert told["hit"].notna().all()

    def test_risk_categories_are_those_of_the_households_hit(self, county, real):
        found = aftermath.risks(county, real, event="FLOOD-2020-07")
        assert found["households"].sum() == 531

    def test_a_pupils_aid_and_a_loan_reach_a_household(self, county, real):
        reach = flood.reach(county)
        assert {"credit", "flood_student_aid"} <= set(reach["kind"])
        missed = set(real.loc[real["unreached"], "household"])
        assert not missed & set(reach["household"])


class TestAnyFlood:
    def test_a_flood_of_nobody(self, county):
        dry = small_county(county, damages=[], relief=[])
        chain = small_chain(dry).reset_index()
        assert not chain[["hit", "reached"]].any(axis=None) and chain["shock"].sum() == 0
        found = aftermath.summary(dry, chain, by="county").iloc[0]
        assert np.isnan([found["coverage"], found["leakage"], found["adequacy"]]).all()
        assert jc.measure(dry, "affected_rate")["value"].item() == 0
        assert np.isnan(jc.measure(dry, "relief_coverage")["value"].item())
        assert aftermath.coverage(dry, event=EVENT).empty
        assert aftermath.guarantees(dry, event=EVENT).empty
        steps = aftermath.bridge(dry, chain, alpha=2, poverty_line=6000, relieved="resources")
        assert (steps.query("part != 'level'")["exact"] == 0).all()

    def test_a_flood_of_everybody(self, county):
        all_hit = [(home, "crop", 1e5, None) for home in "ABCD"]
        chain = small_chain(small_county(county, damages=all_hit, relief=[])).reset_index()
        assert chain["hit"].all() and chain["unreached"].all()
        assert (chain["income_after_shock"] < 0).all()
        bridge = aftermath.bridge(
            county, chain, alpha=0, poverty_line=6000, relieved="income_after_relief"
        )
        assert bridge["exact"].iloc[-1] == 1

    def test_events_are_told_apart_and_parts_belong_to_the_whole(self, county):
        events = [
            ("F0", "flood", "2019-07-02", "2019-07-03", None),
            (EVENT, "flood", "2020-07-02", "2020-07-06", None),
            ("R1", "heavy_rain", "2020-07-02", "2020-07-03", EVENT),
        ]
        damages = [("A", "crop", 100.0, None, "F0"), ("B", "crop", 50.0, None, "R1")]
        both = small_county(county, events=events, damages=damages, relief=[])
        assert small_chain(both, event="F0")["hit"].tolist() == [True, False, False, False]
        assert small_chain(both)["hit"].tolist() == [False, True, False, False]
        rates = jc.measure(both, "affected_rate", by="event").set_index("code")["value"]
        assert rates.to_dict() == {"F0": 0.25, EVENT: 0.25}

    def test_another_year_stands_on_that_years_income(self, county):
        found = flood.chain(
            county,
            event="FLOOD-2020-07",
            rules=flood.flood_rules(),
            baseline_year=2019,
            monitoring_range=6000,
        ).set_index("household")
        year = county.household_years.query("year == 2019").set_index("household")
        assert found["income_before"].equals(year["income_per_head"].rename("income_before"))
        assert found.attrs["outside"] == 531 - found["hit"].sum()

    def test_a_household_of_unknown_income_stays_out_of_the_bridge_and_is_counted(self, county):
        made = small_county(county)
        homes = made.households.assign(income_per_head=[np.nan, 10000, 5000, 4200])
        blind = County({**made.tables, "households": homes}, made.provenance, made.parameters)
        chain = small_chain(blind).reset_index()
        assert chain["income_after_shock"].isna().tolist() == [True, False, False, False]
        found = aftermath.bridge(blind, chain, alpha=0, poverty_line=6000, relieved="resources")
        assert found.attrs["unknown"] == 1 and str(found["exact"].iloc[0]) == "4/5"


class TestWrongInput:
    def test_an_unknown_event_is_told_the_close_ones(self, small):
        with pytest.raises(KeyError, match=EVENT):
            small_chain(small, event="F11")
        for told in (aftermath.coverage, aftermath.guarantees):
            with pytest.raises(KeyError, match=EVENT):
                told(small, event="F11")

    def test_all_faults_of_the_rules_are_told_with_line_and_column(self, small):
        rules = flood.flood_rules()
        rules.loc[rules["kind"] == "crop", ["factor", "counts_as"]] = [1.5, "wage"]
        rules = rules[rules["kind"] != "donation"]
        rules = pd.concat([rules, rules.tail(1)], ignore_index=True)
        with pytest.raises(DataError) as caught:
            small_chain(small, rules=rules)
        found = {(p.code, p.row, p.column, p.found) for p in caught.value.problems}
        assert found == {
            ("wrong_value", 2, "counts_as", "wage"),
            ("wrong_value", 2, "factor", "1.5"),
            ("unknown_key", None, "kind", "donation"),
            ("duplicate", None, "kind", "reconstruction_wage"),
        }

    def test_a_range_of_zero_is_refused(self, small):
        with pytest.raises(InputError):
            small_chain(small, monitoring_range=0)

    def test_no_parameter_of_the_chain_has_a_silent_default(self):
        signature = inspect.signature(flood.chain)
        assert all(
            each.default is inspect.Parameter.empty for each in signature.parameters.values()
        )

    @pytest.mark.parametrize(
        ("rule", "changed"),
        [
            ("relief_more_than_members", {"relief": [("B", "donation", 2, None, 10.0)]}),
            ("relief_not_hit", {"relief": RELIEF}),
            ("damage_twice", {"damages": [*DAMAGES, ("A", "crop", 5.0, None)]}),
            ("mended_before_damage", {"damages": [("C", "water_cut", None, "2020-07-01")]}),
            ("crop_loss_above_takings", {"damages": [("B", "crop", 9e6, None)]}),
            (
                "two_events_one_day",
                {
                    "events": [
                        (EVENT, "flood", "2020-07-02", "2020-07-06", None),
                        ("F2", "flood", "2020-07-02", "2020-07-02", None),
                    ],
                    "damages": [("A", "crop", 5.0, None), ("A", "silt", None, None, "F2")],
                },
            ),
            (
                "relief_before_event",
                {"events": [(EVENT, "flood", "2020-08-02", "2020-08-06", None)]},
            ),
            (
                "damage_outside_event",
                {"events": [(EVENT, "flood", "2020-07-03", "2020-07-06", None)]},
            ),
        ],
    )
    def test_doubtful_rows_are_found_with_their_household(self, county, rule, changed):
        hits = check(small_county(county, **changed).tables, rules=[rule])
        assert len(hits) >= 1 and set(hits["rule"]) == {rule}
        assert hits["household"].isin(list("ABCD")).all()
        assert hits["evidence"].ne("").all() and hits["cure"].ne("").all()

    @pytest.mark.parametrize(
        ("rule", "victim", "column"),
        [
            ("project_loss_above_budget", "project", "projects"),
            ("work_loss_above_cost", "work", "water_works"),
        ],
    )
    def test_a_loss_above_the_stock_is_found(self, county, rule, victim, column):
        damages = county.damages
        costs = county.tables["water_works"].dropna(subset=["cost"])["id"]
        own = damages[victim].isin(costs) if victim == "work" else damages[victim].notna()
        one = damages.index[own][0]
        damages.loc[one, "loss"] = 1e9
        hits = check({**county.tables, "damages": damages}, rules=[rule])
        assert hits["record"].tolist() == [damages.loc[one, "id"]]

    def test_nothing_of_the_flood_looks_at_a_shape(self):
        """Exposure and distance from schematic polygons would be inventions."""
        from jingde_core.metrics import wellbeing
        from jingde_core.scenarios import repeat_flood

        for module in (flood, jc.metrics.flood, wellbeing, repeat_flood):
            tree = ast.parse(inspect.getsource(module))
            names = {
                getattr(node, "module", None) or ",".join(alias.name for alias in node.names)
                for node in ast.walk(tree)
                if isinstance(node, ast.Import | ast.ImportFrom)
            }
            assert not [name for name in names if "geo" in name or "shapely" in name]
