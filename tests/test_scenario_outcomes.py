"""What a scenario comes to: hand-worked households, then identities on the whole county."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jingde_core as jc
from jingde_core.model.problem import DataError
from jingde_core.scenarios import Outcome, Scenario, equity, evaluate, is_stale, town_equity
from jingde_core.scenarios.outcome import GROUPS, STAGES
from jingde_core.views import marks

THREE = pd.DataFrame(
    {
        "id": ["A", "B", "C"],
        "members": [1, 1, 1],
        "income_per_head": [1000.0, 3000.0, 5000.0],
        "town": ["t1", "t1", "t2"],
        "risk": ["edge", "none", "none"],
        "wage": [0.0, 1000.0, 4000.0],
        "business": [1000.0, 0.0, 0.0],
        "able": [False, True, True],
        "housing_grade": ["D", "A", "A"],
    }
)


def scenario(**changes: Any) -> Scenario:
    plain = {
        "name": "试算",
        "budget": 4000,
        "lines": {"poverty_line": 6000, "monitoring_range": 6000},
        "rule": {"name": "level_up"},
        "scope": {"universe": "registered"},
    }
    return Scenario.from_dict(plain | changes)


def cash(outcome: Outcome) -> list[float]:
    return outcome.households["amount"].tolist()


@pytest.fixture(scope="module")
def county() -> jc.County:
    return jc.County.load()


def test_level_up_pays_the_hand_worked_sums_and_moves_the_printed_measures() -> None:
    outcome = evaluate(THREE, scenario())
    assert cash(outcome) == [3000, 1000, 0]
    stages = outcome.stages.set_index("measure")
    assert stages.loc["poverty_severity", "before"] == pytest.approx(0.324074, abs=5e-7)
    assert stages.loc["poverty_severity", "supported"] == pytest.approx(0.083333, abs=5e-7)
    assert stages.loc["needed_transfer", ["before", "supported"]].tolist() == [9000, 5000]
    assert outcome.totals["spent"] == 4000 and outcome.totals["unspent"] == 0
    assert outcome.households["why_left"].tolist() == ["budget_ran_out"] * 3


def test_closest_first_lifts_two_and_says_why_the_third_is_left() -> None:
    outcome = evaluate(THREE, scenario(rule={"name": "closest_first"}, budget=4500))
    assert cash(outcome) == [0, 3000, 1000]
    totals = outcome.totals
    assert (totals["lifted_persons"], totals["unspent"]) == (2, 500)
    assert totals["cost_per_person_lifted"] == 2000
    assert outcome.households["why_left"].tolist() == ["budget_ran_out", *["not_below"] * 2]


def test_equal_per_head_says_how_much_leaks() -> None:
    outcome = evaluate(THREE, scenario(rule={"name": "equal_per_head"}))
    assert cash(outcome) == [1333.34, 1333.33, 1333.33]
    assert outcome.totals["leakage"] == 333.33


def test_whoever_is_left_is_left_for_a_stated_reason() -> None:
    capped = evaluate(THREE, scenario(budget=9000, bounds={"cap": 2000}))
    assert cash(capped) == [2000, 2000, 1000]
    assert capped.households["why_left"].tolist()[:2] == ["capped", "capped"]
    away = evaluate(THREE.assign(status="registered"), scenario(scope=_scope(households=["C"])))
    assert away.households["why_left"].tolist()[:2] == ["out_of_scope"] * 2
    unfit = evaluate(THREE, scenario(eligible={"risk": ["none"]}))
    assert unfit.households["why_left"].tolist()[0] == "not_eligible"
    thin = evaluate(THREE, scenario(rule={"name": "universal", "per_head": 1}))
    assert thin.households["why_left"].tolist() == ["budget_ran_out", "by_rule", "by_rule"]


def _scope(**more: Any) -> dict[str, Any]:
    return {"universe": "registered"} | more


def test_money_that_the_capped_leave_goes_to_the_others() -> None:
    outcome = evaluate(THREE, scenario(bounds={"cap": 2500}))
    assert cash(outcome) == [2500, 1500, 0]


def test_closest_first_wastes_nothing_on_whom_a_cap_keeps_below() -> None:
    outcome = evaluate(
        THREE, scenario(rule={"name": "closest_first"}, budget=9000, bounds={"cap": 2000})
    )
    assert cash(outcome) == [0, 0, 1000]
    assert outcome.households["why_left"].tolist()[:2] == ["capped", "capped"]


def test_a_floor_comes_first_and_the_rule_shares_out_the_rest() -> None:
    outcome = evaluate(THREE, scenario(bounds={"floor": 500}))
    assert cash(outcome) == [2750, 750, 500]


def test_money_kept_for_a_town_stays_there() -> None:
    earmarks = [{"town": "t2", "amount": 1500}]
    outcome = evaluate(THREE, scenario(earmarks=earmarks))
    assert cash(outcome) == [2250, 250, 1000]
    assert outcome.totals["unspent"] == 500


def test_floors_and_kept_money_beyond_the_budget_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        evaluate(THREE, scenario(bounds={"floor": 1400}))
    assert caught.value.problems[0].code == "scenario_over"


def test_shocks_take_what_they_state() -> None:
    fall = {"kind": "price_fall", "product": "tea", "drop": 0.5, "product_share": 0.4}
    outcome = evaluate(THREE, scenario(shocks=[fall]))
    assert (outcome.loss / 100).tolist() == [200, 0, 0]
    struck = evaluate(THREE, scenario(seed=1, shocks=[_illness(share=1.0, cost=700)]))
    assert (struck.loss / 100).tolist() == [700, 700, 700]
    flooded = evaluate(THREE, scenario(seed=1, shocks=[_flood(share=1.0, income_loss=0.1)]))
    assert (flooded.loss / 100).tolist() == [100, 300, 500]


def _illness(**more: Any) -> dict[str, Any]:
    return {"kind": "illness"} | more


def _flood(**more: Any) -> dict[str, Any]:
    return {"kind": "flood", "clustering": 0.0} | more


def test_a_raised_line_makes_new_persons_at_risk_and_no_loss() -> None:
    raised = {"kind": "raised_line", "poverty_line": 4000, "monitoring_range": 6000}
    lines = {"poverty_line": 2000, "monitoring_range": 3000}
    outcome = evaluate(THREE, scenario(lines=lines, shocks=[raised], budget=100))
    assert outcome.totals["new_risk_persons"] == 1 and outcome.totals["lost"] == 0
    moved = outcome.transitions.query("step == 'shock' and households > 0")
    assert moved[["state_from", "state_to", "persons"]].to_numpy().tolist() == [
        ["below_line", "below_line", 1],
        ["above", "below_line", 1],
        ["above", "in_range", 1],
    ]


def test_a_changed_line_tells_who_changes_status() -> None:
    outcome = evaluate(THREE, scenario())
    changed = outcome.status_changes(poverty_line=4000)
    assert changed["household"].tolist() == ["C"]
    assert changed[["state_from", "state_to"]].to_numpy().tolist() == [["below_line", "in_range"]]
    assert outcome.status_changes(poverty_line=6000).empty


LEVERS: dict[str, dict[str, Any]] = {
    "posts": {"number": 1, "wage": 100, "months": 12, "displaced": 0.5},
    "pv_wages": {"pv_income": 3100, "wage_share": 0.8, "wage": 100, "months": 12},
    "micro_credit": {"number": 1, "loan": 5000, "months": 12, "interest": 0.04}
    | {"return_rate": 0.1, "risk": 0.0, "loss": 0.5},
    "insurance": {"number": 2, "premium": 50, "payout_share": 0.5},
    "house_repair": {"number": 5, "unit_cost": 2000},
}


@pytest.mark.parametrize(
    ("kind", "gain", "cost", "own"),
    [
        ("posts", [0, 600, 0], 1200, 0),
        ("pv_wages", [0, 1200, 1200], 0, 2400),
        ("micro_credit", [0, 500, 0], 200, 0),
        ("insurance", [50, 0, 0], 100, 0),
        ("house_repair", [0, 0, 0], 2000, 0),
    ],
)
def test_levers_cost_and_bring_what_they_state(
    kind: str, gain: list[float], cost: float, own: float
) -> None:
    fall = {"kind": "price_fall", "product": "tea", "drop": 1.0, "product_share": 0.1}
    lever = {"kind": kind} | LEVERS[kind]
    outcome = evaluate(
        THREE, scenario(seed=3, shocks=[fall], levers=[lever], rule={"name": "none"})
    )
    assert (outcome.levers.gain / 100).tolist() == gain
    assert (outcome.totals["lever_cost"], outcome.totals["own_funds"]) == (cost, own)
    assert outcome.totals["spent"] + outcome.totals["unspent"] == 4000
    assert outcome.totals["mended_guarantees"] == (1 if kind == "house_repair" else 0)


def test_credit_that_fails_makes_the_only_losers() -> None:
    lever = {"kind": "micro_credit"} | LEVERS["micro_credit"] | {"number": 2, "risk": 1.0}
    outcome = evaluate(THREE, scenario(seed=3, levers=[lever], rule={"name": "none"}))
    assert outcome.totals["losers"] == 2
    assert (outcome.levers.gain / 100).tolist() == [0, -2500, -2500]


@pytest.mark.parametrize(
    ("kind", "changes", "path"),
    [
        ("micro_credit", {"loan": 50_001}, "levers[1].loan"),
        ("micro_credit", {"months": 37}, "levers[1].months"),
        ("pv_wages", {"wage_share": 0.79}, "levers[1].wage_share"),
    ],
)
def test_what_a_dated_policy_forbids_is_refused_with_its_place(
    kind: str, changes: Mapping[str, float], path: str
) -> None:
    lever = {"kind": kind} | LEVERS[kind] | dict(changes)
    with pytest.raises(DataError) as caught:
        evaluate(THREE, scenario(seed=1, levers=[lever], budget=1e6))
    assert [(p.code, p.sheet) for p in caught.value.problems] == [("scenario_limit", path)]


def test_levers_dearer_than_the_budget_are_refused() -> None:
    lever = {"kind": "posts"} | LEVERS["posts"] | {"number": 2, "wage": 1000}
    with pytest.raises(DataError) as caught:
        evaluate(THREE, scenario(levers=[lever]))
    assert caught.value.problems[0].code == "scenario_over"


def test_a_selection_that_holds_nobody_is_refused() -> None:
    """D03."""
    with pytest.raises(DataError) as caught:
        evaluate(THREE, scenario(eligible={"attribute": ["tekun"]}))
    assert caught.value.problems[0].code == "scenario_nobody"


@pytest.mark.parametrize(("line", "poor"), [(0, 0), (999_999, 3)])
def test_a_line_below_or_above_all_incomes_gives_nobody_or_everybody(line: int, poor: int) -> None:
    """D04."""
    lines = {"poverty_line": line, "monitoring_range": line}
    stages = evaluate(THREE, scenario(lines=lines, budget=10)).stages.set_index("measure")
    assert stages.loc["headcount_ratio", "before"] == poor / 3
    assert stages.notna().all().all()


def test_money_that_cannot_be_shared_evenly_is_told_to_the_fen() -> None:
    """D05."""
    outcome = evaluate(THREE, scenario(budget=100.01, rule={"name": "equal_per_household"}))
    fen = outcome.households["amount_fen"]
    assert sorted(fen) == [3333, 3334, 3334] and fen.sum() == 10_001
    small = evaluate(THREE, scenario(budget=0.02, rule={"name": "equal_per_head"}))
    assert sorted(cash(small)) == [0, 0.01, 0.01]


def test_households_named_and_gone_are_listed_and_the_others_counted(county: jc.County) -> None:
    """D11."""
    here = county.households.query("status == 'registered'")["id"].iloc[0]
    gone = county.households.query("left_on == left_on")["id"].iloc[0]
    chosen = scenario(scope=_scope(households=[here, gone, "H99999"]))
    outcome = evaluate(county, chosen)
    assert outcome.absent == tuple(sorted([gone, "H99999"]))
    assert gone in outcome.notes[0] and outcome.totals["absent_households"] == 2


def test_a_result_says_when_the_data_have_changed_since(county: jc.County) -> None:
    """D08."""
    outcome = evaluate(county, scenario())
    record = json.loads(json.dumps(outcome.record(), ensure_ascii=False))
    assert not outcome.stale(county) and not is_stale(record, county)
    tables = dict(county.tables)
    provenance = county.provenance.assign(sha256="0" * 64)
    later = jc.County(tables, provenance, county.parameters)
    assert outcome.stale(later) and is_stale(record, later)
    assert jc.compare([outcome], county=later)["data_state"].tolist() == ["stale"]
    assert jc.compare([outcome])["data_state"].tolist() == ["current"]


def test_every_frame_carries_hash_data_version_seed_and_the_mark(county: jc.County) -> None:
    """D12 and D10."""
    from jingde_core import views
    from jingde_core.model.catalogue import label

    outcome = evaluate(county, scenario(seed=7, shocks=[_flood(share=0.3, income_loss=0.2)]))
    frames = [outcome.stages, outcome.groups, outcome.households, outcome.transitions]
    for frame in [*frames, jc.compare([outcome])]:
        assert frame.attrs["hash"] == outcome.hash
        assert frame.attrs["seed"] == 7 and frame.attrs["version"] == outcome.version
        assert frame.attrs["mark"] == label("scenario_mark")
        assert marks.kinds(None, frame.attrs) == ("synthetic",)
    shown = views.table(outcome.stages, name="scenario", scenario=True)
    assert label("scenario_mark") in shown.html and label("synthetic_mark") in shown.html


def test_the_same_scenario_gives_the_same_result_and_another_seed_another(
    county: jc.County,
) -> None:
    """D10 and D07: the last of many evaluations is the one of its own values."""
    drawn = scenario(seed=7, shocks=[_illness(share=0.1, cost=3000)])
    first = evaluate(county, drawn)
    for budget in np.linspace(1, 100_000, 100):
        last = evaluate(county, drawn.but(budget=float(budget)))
    assert last.totals["budget"] == 100_000
    assert np.array_equal(evaluate(county, drawn).cash, first.cash)
    assert not np.array_equal(evaluate(county, drawn, seed=8).loss, first.loss)
    assert evaluate(county, drawn, seed=8).scenario.seed == 8


def test_the_order_of_the_rows_changes_no_household(county: jc.County) -> None:
    rows = county.frame("households").query("status == 'registered' and left_on != left_on")
    mixed = rows.sample(frac=1, random_state=1)
    for frame in (rows, mixed):
        frame.attrs["provenance"] = ["synthetic"]
    for rule in ("level_up", "closest_first", "equal_per_head"):
        asked = scenario(rule={"name": rule}, budget=77_777.77)
        one, two = (evaluate(frame, asked).households for frame in (rows, mixed))
        pd.testing.assert_frame_equal(one, two)


@settings(max_examples=40, deadline=None)
@given(
    budget=st.integers(1, 10**8).map(lambda fen: fen / 100),
    rule=st.sampled_from(["level_up", "poorest_first", "closest_first", "equal_per_head"]),
    cap=st.one_of(st.none(), st.integers(1, 10**6).map(lambda fen: fen / 100)),
)
def test_every_fen_of_the_budget_is_paid_or_left_over(
    county: jc.County, budget: float, rule: str, cap: float | None
) -> None:
    """D06: in whole fen, exactly."""
    bounds = {} if cap is None else {"cap": cap}
    outcome = evaluate(county, scenario(budget=budget, rule={"name": rule}, bounds=bounds))
    fen = outcome.households["amount_fen"]
    assert fen.dtype == np.int64 and (fen >= 0).all()
    assert fen.sum() + round(outcome.totals["unspent"] * 100) == round(budget * 100)
    assert outcome.totals["unspent"] >= 0 and outcome.totals["losers"] == 0
    if cap is not None:
        assert fen.max() <= round(cap * 100)


@pytest.mark.parametrize("by", GROUPS)
def test_groups_add_up_to_the_whole(county: jc.County, by: str) -> None:
    flood = _flood(share=0.3, income_loss=0.2)
    outcome = evaluate(county, scenario(budget=300_000, seed=2, shocks=[flood]))
    groups = outcome.groups.query("by == @by")
    totals = outcome.totals
    for name in ("households", "persons", "lifted_persons"):
        assert groups[name].sum() == totals[name]
    assert groups["amount"].sum() == pytest.approx(totals["spent"])
    stages = outcome.stages.set_index("measure")
    for stage in STAGES:
        weighted = (groups[f"poverty_severity_{stage}"] * groups["persons"]).sum()
        whole = stages.loc["poverty_severity", stage]
        assert weighted / totals["persons"] == pytest.approx(whole)
        assert groups[f"poor_persons_{stage}"].sum() == stages.loc["poor_persons", stage]


def test_stages_agree_with_the_measures_of_the_house(county: jc.County) -> None:
    outcome = evaluate(county, scenario())
    before = outcome.stages.set_index("measure")["before"]
    for name in ("headcount_ratio", "poverty_gap", "poverty_severity", "poor_persons"):
        measured = jc.measure(county, name, poverty_line=6000)["value"].iloc[0]
        assert before[name] == pytest.approx(measured)


def test_the_bridge_of_the_steps_adds_up(county: jc.County) -> None:
    flood = _flood(share=0.3, income_loss=0.2)
    stages = evaluate(county, scenario(seed=2, shocks=[flood])).stages
    added = stages["before"] + stages["by_shock"] + stages["by_support"]
    assert added.to_numpy() == pytest.approx(stages["supported"].to_numpy())


def test_tenths_are_of_the_income_before_the_shock(county: jc.County) -> None:
    """A household keeps its tenth whatever the shock does to it."""
    loss = _flood(share=0.5, income_loss=0.9)
    calm, struck = (evaluate(county, scenario(seed=2, shocks=shocks)) for shocks in ([], [loss]))
    assert np.array_equal(calm.base.decile, struck.base.decile)
    persons = calm.grouped("decile")["persons"]
    assert len(persons) == 10 and persons.sum() == 4171
    assert persons.between(380, 450).all()


def test_places_are_found_by_name_and_code_and_unknown_ones_are_told(county: jc.County) -> None:
    by_name = evaluate(county, scenario(scope=_scope(towns=["白地镇"])))
    by_code = evaluate(county, scenario(scope=_scope(towns=["341825104"])))
    assert np.array_equal(by_name.cash, by_code.cash)
    wrong = scenario(scope=_scope(towns=["白的镇"]), earmarks=[{"town": "x", "amount": 1}])
    with pytest.raises(DataError) as caught:
        evaluate(county, wrong)
    assert [p.sheet for p in caught.value.problems] == ["scope.towns", "earmarks[1].town"]
    assert "白地镇" in caught.value.problems[0].expected


def test_households_without_a_cause_are_a_group_of_their_own(county: jc.County) -> None:
    causes = evaluate(county, scenario(scope={"universe": "all"})).grouped("main_cause")
    assert causes["households"].sum() == 1955
    assert causes.iloc[-1]["code"] == "" and causes.iloc[-1]["households"] == 180


def test_a_quota_by_town_gives_each_town_its_share(county: jc.County) -> None:
    rule = {"name": "town_quota", "within": "level_up"}
    rule |= {"shares": {"旌阳镇": 0.25, "白地镇": 0.75}}
    towns = evaluate(county, scenario(rule=rule, budget=10_000)).grouped("town")
    paid = towns.set_index("name")["amount"]
    assert paid["旌阳镇"] == pytest.approx(2500) and paid["白地镇"] <= 7500
    assert paid.drop(["旌阳镇", "白地镇"]).sum() == 0


def test_a_rule_of_ones_own_takes_the_place_of_the_scenarios() -> None:
    def half_the_gap(*, income_per_head: Any, members: Any, poverty_line: float, **_: Any) -> Any:
        return np.maximum(poverty_line - income_per_head, 0) / 2

    outcome = evaluate(THREE, scenario(budget=9000), rule=half_the_gap)
    assert cash(outcome) == [2500, 1500, 500]


def test_income_that_is_not_known_is_left_out_and_counted() -> None:
    rows = pd.concat([THREE, THREE.assign(id=["D", "E", "F"], income_per_head=np.nan)])
    outcome = evaluate(rows, scenario())
    assert outcome.totals["households"] == 3 and outcome.totals["unknown_households"] == 3
    assert cash(outcome) == [3000, 1000, 0] and len(outcome.notes) == 1


def test_money_that_goes_to_the_poor_is_concentrated_on_them() -> None:
    poor, rich = (
        evaluate(THREE, scenario(rule={"name": rule}, budget=1000))
        for rule in ("poorest_first", "closest_first")
    )
    assert equity(poor)["concentration"] < 0 < equity(rich)["concentration"]
    assert equity(poor)["gini_supported"] < equity(poor)["gini_before"]


def test_town_shares_of_money_and_need_are_wholes(county: jc.County) -> None:
    towns = town_equity(evaluate(county, scenario(budget=50_000)))
    assert towns[["share_of_amount", "share_of_persons", "share_of_need"]].sum().to_numpy() == (
        pytest.approx(1)
    )


def test_the_shipped_register_is_not_changed_by_a_scenario(county: jc.County) -> None:
    before = county.households.copy()
    assert len(evaluate(county, scenario(seed=1, shocks=[_illness(share=0.5, cost=100)])).groups)
    pd.testing.assert_frame_equal(county.households, before)


def test_lost_months_take_the_wages_of_those_who_work_away(county: jc.County) -> None:
    outcome = evaluate(county, scenario(shocks=[{"kind": "lost_months", "months": 12}]))
    wage = outcome.base.frame["wage"].to_numpy()
    assert (outcome.loss >= 0).all() and (outcome.loss <= wage * 100 + 1).all()
    away = np.unique(outcome.base.away[0])
    assert set(np.flatnonzero(outcome.loss)) <= set(away)
    none = evaluate(county, scenario(shocks=[{"kind": "lost_months", "months": 0}]))
    assert none.loss.sum() == 0


def test_a_baseline_pays_nothing_and_changes_nothing(county: jc.County) -> None:
    base = Scenario.baseline(poverty_line=4000, monitoring_range=6000, name="基线")
    outcome = evaluate(county, base)
    assert outcome.totals["spent"] == 0 and outcome.totals["left_persons"] == 33
    assert outcome.stages["by_support"].abs().sum() == 0
    assert replace(base, name="别名").hash == base.hash
