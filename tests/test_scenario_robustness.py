"""Rules over many draws: common numbers, intervals, ranks, errors of exclusion and inclusion."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import jingde_core as jc
from jingde_core.metrics.contract import InputError
from jingde_core.model.problem import DataError
from jingde_core.scenarios import Scenario, robustness

FOUR = pd.DataFrame(
    {
        "id": ["A", "B", "C", "D"],
        "members": [1, 2, 1, 1],
        "income_per_head": [1000.0, 3000.0, 5000.0, 9000.0],
        "town": ["t1", "t1", "t2", "t2"],
    }
)
RULES = ["level_up", "poorest_first", "equal_per_head"]


def scenario(**changes: Any) -> Scenario:
    plain = {
        "name": "试算",
        "budget": 4000,
        "seed": 5,
        "lines": {"poverty_line": 6000, "monitoring_range": 7000},
        "rule": {"name": "level_up"},
        "scope": {"universe": "registered"},
    }
    return Scenario.from_dict({n: v for n, v in (plain | changes).items() if v is not None})


def by_rule(result: Any) -> pd.DataFrame:
    return result.summary.set_index("rule")


def test_without_error_or_shock_every_draw_is_the_evaluation_itself() -> None:
    result = robustness(FOUR, scenario(), RULES, 3, income_error=0)
    for rule in RULES:
        own = jc.evaluate(FOUR, scenario(rule={"name": rule})).stages.set_index("measure")
        for name in ("headcount_ratio", "poverty_severity"):
            assert by_rule(result).loc[rule, name] == pytest.approx(own.loc[name, "supported"])
    summary = by_rule(result)
    assert summary.loc["level_up", ["ranks_first", "regret"]].tolist() == [1, 0]
    assert (summary["low"] == summary["high"]).all()


def test_errors_of_exclusion_and_inclusion_are_those_of_the_hand() -> None:
    """4,000 yuan level up A and both of B; C is poor and gets nothing; D is not poor."""
    level, _, equal = (
        by_rule(robustness(FOUR, scenario(), RULES, 2, income_error=0)).loc[rule] for rule in RULES
    )
    assert (level["exclusion"], level["inclusion"]) == (0.25, 0)
    assert (equal["exclusion"], equal["inclusion"]) == (0, 0.2)


def test_the_same_seed_gives_the_same_draws_and_another_gives_others() -> None:
    plan = scenario(shocks=[{"kind": "illness", "share": 0.3, "cost": 1000}])
    first, again = (robustness(FOUR, plan, RULES, 20, income_error=0.2) for _ in range(2))
    pd.testing.assert_frame_equal(first.draws, again.draws)
    other = robustness(FOUR, plan.but(seed=6), RULES, 20, income_error=0.2)
    assert not first.draws["poverty_gap"].equals(other.draws["poverty_gap"])


def test_common_draws_tell_rules_apart_that_each_is_unsure_of() -> None:
    county = jc.County.load()
    result = robustness(county, scenario(budget=60_000), RULES, 60, income_error=0.15)
    values = result.draws.pivot(index="draw", columns="rule", values="poverty_severity")
    paired = (values["poorest_first"] - values["level_up"]).var()
    assert paired < 0.1 * (values["poorest_first"].var() + values["level_up"].var())
    summary = by_rule(result)
    assert summary.loc["equal_per_head", "low"] > 0
    assert summary["ranks_first"].sum() == pytest.approx(1)
    assert (summary["regret"] >= 0).all() and summary.attrs["provenance"] == ["synthetic"]


def test_shocks_fall_anew_in_every_draw_and_alike_on_all_rules() -> None:
    plan = scenario(shocks=[{"kind": "illness", "share": 0.5, "cost": 900}], budget=0.01)
    draws = robustness(FOUR, plan, RULES, 30, income_error=0).draws
    gaps = draws.pivot(index="draw", columns="rule", values="poverty_gap")
    assert gaps["level_up"].nunique() > 3
    assert gaps.max(axis=1).to_numpy() == pytest.approx(gaps.min(axis=1).to_numpy(), abs=1e-5)


@pytest.mark.parametrize(("draws", "error"), [(1, 0.1), (0, 0.1), (5, -0.1), (5, np.nan)])
def test_draws_and_errors_outside_their_range_are_refused(draws: int, error: float) -> None:
    with pytest.raises(InputError):
        robustness(FOUR, scenario(), RULES, draws, income_error=error)


def test_a_scenario_without_seed_is_refused() -> None:
    """D10."""
    with pytest.raises(DataError) as caught:
        robustness(FOUR, scenario(seed=None), RULES, 5, income_error=0.1)
    assert caught.value.problems[0].code == "scenario_seed"
