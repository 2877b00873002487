"""The frontier of every budget: against the single evaluation, against HiGHS, and its laws."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import jingde_core as jc
from jingde_core.metrics.contract import InputError
from jingde_core.model.problem import DataError
from jingde_core.scenarios import Scenario, evaluate, frontier, margins, prices

THREE = pd.DataFrame(
    {"id": ["A", "B", "C"], "members": [1, 1, 1], "income_per_head": [1000.0, 3000.0, 5000.0]}
)
RULES = ["level_up", "poorest_first", "closest_first", "proportional_to_gap", "equal_per_head"]
EXACT = ["poor_persons", "headcount_ratio", "poverty_gap", "poverty_severity"]


def scenario(**changes: Any) -> Scenario:
    plain = {
        "name": "试算",
        "budget": 4000,
        "lines": {"poverty_line": 6000, "monitoring_range": 7000},
        "rule": {"name": "level_up"},
        "scope": {"universe": "registered"},
    }
    return Scenario.from_dict(plain | changes)


def drawn(rows: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"{i:05d}" for i in range(rows)],
            "members": draw.integers(1, 8, rows),
            "income_per_head": np.round(draw.lognormal(8.6, 0.5, rows), 2),
        }
    )


def test_the_three_persons_pass_through_the_printed_points() -> None:
    course = frontier(THREE, "level_up", [0, 4000, 9000], scenario=scenario())
    assert course["poverty_severity"].round(6).tolist() == [0.324074, 0.083333, 0]
    assert course["poverty_gap"].round(6).tolist() == [0.5, 0.277778, 0]
    assert course["poor_persons"].tolist() == [3, 3, 0]
    closest = frontier(THREE, "closest_first", [999, 1000, 4000], scenario=scenario())
    assert closest["lifted_persons"].tolist() == [0, 1, 2]
    assert closest["poverty_severity"].round(6).tolist()[-1] == 0.231481


@pytest.mark.parametrize("rule", RULES)
def test_the_frontier_is_the_evaluation_of_every_budget(rule: str, county: jc.County) -> None:
    budgets = np.array([0.0, 1.0, 5_000, 57_123.45, 100_000, 153_643.98, 200_000])
    plan = scenario(
        rule={"name": rule},
        seed=4,
        shocks=[{"kind": "illness", "share": 0.05, "cost": 4000}],
        eligible={"attribute": ["general", "dibao"]},
    )
    course = frontier(county, rule, budgets, scenario=plan)
    for place, budget in enumerate(budgets[1:], start=1):
        stages = evaluate(county, plan.but(budget=budget)).stages.set_index("measure")
        if rule == "equal_per_head":
            # a fen of rounding may leave somebody just below
            assert course["poverty_gap"][place] == pytest.approx(
                stages.loc["poverty_gap", "supported"], rel=1e-5
            )
        else:
            for name in EXACT:
                value = stages.loc[name, "supported"]
                assert course[name][place] == pytest.approx(value, rel=1e-6, abs=1e-12), name


def test_most_persons_are_lifted_at_the_same_cost_along_the_frontier_and_alone() -> None:
    rows, budgets = drawn(400, 2), np.linspace(1_000, 900_000, 7)
    plan = scenario(rule={"name": "closest_first"})
    course = frontier(rows, "closest_first", budgets, scenario=plan)
    for place, budget in enumerate(budgets):
        outcome = evaluate(rows, plan.but(budget=float(budget)))
        stages = outcome.stages.set_index("measure")["supported"]
        assert course["spent"][place] == pytest.approx(outcome.totals["spent"])
        for name in EXACT:
            assert course[name][place] == pytest.approx(stages[name])


@pytest.mark.parametrize("bounds", [{"cap": 900.0}, {"floor": 5.0}])
def test_caps_and_floors_are_kept_along_the_frontier(bounds: dict[str, float]) -> None:
    rows, plan = drawn(60, 3), scenario(bounds=bounds, budget=20_000)
    course = frontier(rows, "level_up", [20_000], scenario=plan)
    stages = evaluate(rows, plan).stages.set_index("measure")
    for name in ("poverty_gap", "poverty_severity"):
        assert course[name][0] == pytest.approx(stages.loc[name, "supported"], rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_no_measure_rises_with_money_and_gap_and_severity_are_convex(rows: int, seed: int) -> None:
    register = drawn(rows, seed)
    budgets = np.linspace(0, 1.1 * prices(register, scenario())["needed_transfer"] + 1, 101)
    course = frontier(register, "level_up", budgets, scenario=scenario())
    assert (np.diff(course["headcount_ratio"]) <= 0).all()
    for name in ("poverty_gap", "poverty_severity"):
        steps = np.diff(course[name])
        assert (steps <= 1e-12).all() and (np.diff(steps) >= -1e-12).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_level_up_has_the_least_severity_and_closest_first_the_fewest_poor(seed: int) -> None:
    register = drawn(40, seed)
    budgets = np.linspace(0, prices(register, scenario())["needed_transfer"], 21)
    both = frontier(register, RULES, budgets, scenario=scenario())
    table = both.pivot(index="budget", columns="rule")
    severity, poor = table["poverty_severity"], table["poor_persons"]
    assert (severity["level_up"] <= severity.min(axis=1) + 1e-12).all()
    assert (poor["closest_first"] <= poor.min(axis=1)).all()


@pytest.mark.parametrize("share", [0.1, 0.45, 0.9])
def test_highs_finds_the_same_least_severity(share: float) -> None:
    """Severity as 30 straight pieces a head lies just above the exact optimum."""
    register = drawn(300, 8)
    need = prices(register, scenario())["needed_transfer"]
    exact = frontier(register, "level_up", [share * need], scenario=scenario())
    members = register["members"].to_numpy(dtype=float)
    gap = np.maximum(6000 - register["income_per_head"].to_numpy(), 0)
    pieces = 30
    # each piece of a gap is worth the slope of the square there, the steepest first; in units
    # of the line, as HiGHS takes slopes below 1e-7 for none
    slope = (2 - (2 * np.arange(pieces) + 1) / pieces) * gap[:, None] / 6000
    best = linprog(
        -(slope * members[:, None]).ravel(),
        A_ub=np.repeat(members, pieces)[None, :],
        b_ub=[share * need],
        bounds=np.stack([np.zeros(slope.size), np.repeat(gap / pieces, pieces)], axis=1),
    )
    before = (gap**2) @ members / (6000**2 * members.sum())
    least = before + best.fun / (6000 * members.sum())
    found = exact["poverty_severity"][0]
    assert found <= least + 1e-12
    assert found == pytest.approx(least, abs=1e-3 * before)


def test_shadow_price_and_costs_are_the_hand_worked_ones() -> None:
    told = prices(THREE, scenario())
    assert told["needed_transfer"] == 9000 and told["clearing_needed"] == 12_000
    assert told["common_level"] == 4000
    assert told["shadow_price"] == pytest.approx(2 * 2000 / (6000**2 * 3))


def test_the_next_thousand_yuan_lifts_whom_it_lifts() -> None:
    told = margins(THREE, scenario(budget=500), steps=(400, 500), rules=("closest_first",))
    assert told["lifted_persons"].tolist() == [0, 1]
    assert told["spent"].tolist() == [0, 1000]
    assert told["poverty_gap_fall"].tolist() == pytest.approx([0, 1000 / 18_000])


def test_the_default_steps_are_ten_and_a_hundred_thousand(county: jc.County) -> None:
    told = margins(county, scenario(budget=10_000))
    assert told["step"].tolist() == [10_000, 100_000]
    assert told["poverty_severity_fall"].is_monotonic_increasing


@pytest.mark.parametrize("budgets", [[-1], [float("nan")], [float("inf")], ["10万"]])
def test_a_budget_that_is_no_sum_is_refused(budgets: list[Any]) -> None:
    with pytest.raises(InputError):
        frontier(THREE, "level_up", budgets, scenario=scenario())


def test_an_unknown_rule_is_told_the_close_ones() -> None:
    with pytest.raises(KeyError, match="level_up"):
        frontier(THREE, "levelup", [1], scenario=scenario())


def test_a_rule_of_ones_own_has_a_frontier_whatever_its_name() -> None:
    def level_up(*, income_per_head: Any, members: Any, budget: float, **_: Any) -> Any:
        return np.full(len(members), budget / members.sum() / 2)

    course = frontier(THREE, level_up, [0, 3000], scenario=scenario())
    assert course["spent"].tolist() == [0, 1500]


def test_all_rules_run_from_a_baseline_without_money() -> None:
    base = Scenario.baseline(poverty_line=6000, monitoring_range=7000, name="now")
    course = frontier(THREE, ["none", "level_up"], [0, 9000], scenario=base)
    assert course["poor_persons"].tolist() == [3, 3, 3, 0]


def test_a_rule_that_lacks_its_parameters_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        frontier(THREE, "universal", [1], scenario=scenario())
    assert caught.value.problems[0].sheet == "rule.per_head"


def test_where_nobody_is_poor_no_budget_changes_anything() -> None:
    rich = THREE.assign(income_per_head=9000.0)
    course = frontier(rich, RULES, [0, 10], scenario=scenario())
    assert course[EXACT].to_numpy().sum() == 0
    assert np.isnan(prices(rich, scenario())["shadow_price"])


def test_every_frontier_carries_its_provenance_and_data_version(county: jc.County) -> None:
    course = frontier(county, RULES, [0, 1e5], scenario=scenario())
    assert course.attrs["provenance"] == ["synthetic"] and course.attrs["version"]
    assert course["rule"].unique().tolist() == RULES
