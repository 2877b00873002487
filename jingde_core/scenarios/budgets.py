r"""What every budget can do: the whole frontier of a rule at once, and the next yuan.

One sort gives `level_up` and `poorest_first` for all budgets, as P1 is piecewise linear and P2
piecewise quadratic between incomes; one dynamic program gives `closest_first`. Any other rule,
caps, floors and money kept for towns are worked out budget by budget.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import NOT_NEGATIVE, Array
from jingde_core.metrics.distribution import checked
from jingde_core.model.naming import unknown_name
from jingde_core.scenarios.allocations import ALLOCATIONS, Rule, common_level
from jingde_core.scenarios.baseline import Baseline
from jingde_core.scenarios.evaluation import Prepared, prepared
from jingde_core.scenarios.lifting import lifted_sets
from jingde_core.scenarios.outcome import attributes
from jingde_core.scenarios.scenario import Scenario
from jingde_core.scenarios.shocks import lines_after

if TYPE_CHECKING:
    from jingde_core.county import County

#: most cells of a dynamic program
_PROGRAM = 2e8
#: yuan spent, poor persons, sum of gaps and of squared gaps over the poor, each by budget
Course = tuple[Array, Array, Array, Array]


def frontier(
    county: "County | pd.DataFrame | Baseline",
    rule: str | Rule | Sequence[str | Rule],
    budgets: Any,
    *,
    scenario: Scenario,
) -> pd.DataFrame:
    """Poverty for every budget under one rule or several (资金效益前沿).

    Parameters
    ----------
    county : County or frame
    rule : str, callable, or several
        Names in ``ALLOCATIONS`` (with the scenario's own parameters where it is its rule), or
        rules of one's own.
    budgets : array of float, shape (budgets,)
        Cash in yuan, >= 0, beside what the scenario's levers cost.
    scenario : Scenario
        Lines, who may be paid, shocks and levers; its budget does not count.

    Returns
    -------
    DataFrame
        ``rule, budget, spent, lifted_persons, poor_persons, headcount_ratio, poverty_gap,
        poverty_severity``, one row a rule and budget; unrounded yuan.

    Raises
    ------
    KeyError
        for a rule that does not exist.
    InputError
        for a budget that is negative or no number.
    """
    asked = checked({"budgets": (np.atleast_1d(budgets), NOT_NEGATIVE)})["budgets"]
    rules = [rule] if isinstance(rule, str) or callable(rule) else list(rule)
    parts = [_one(county, each, asked, scenario) for each in rules]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    frame = pd.DataFrame(joined)
    frame.attrs = attributes(scenario, Baseline.of(county, scenario.scope["universe"]))
    return frame


def _one(county: Any, rule: str | Rule, budgets: Array, scenario: Scenario) -> dict[str, Array]:
    name, plan, own = "", scenario, None
    if callable(rule):
        own, shown = rule, getattr(rule, "__name__", "rule")
    elif rule in ALLOCATIONS:
        name, shown, plan = rule, rule, scenario.ruled_by(rule)
    else:
        raise KeyError(unknown_name(rule, ALLOCATIONS))
    ready = prepared(county, plan, rule=own)
    members = ready.base.members.astype(float)
    line, _ = lines_after(scenario)
    open_to = ready.in_scope & ready.eligible
    plain = not scenario.bounds and not scenario.earmarks
    income = ready.income / 100 / members
    may = open_to & (income < line)
    # a program over a province would not fit: there each budget is settled about its break
    small = name != "closest_first" or may.sum() * members[may].sum() < _PROGRAM
    if plain and small and name in _COURSES and line > 0:
        spent, poor, gap, squared = _COURSES[name](income[may], members[may], line, budgets)
        rest = ~open_to & (income < line)
        poor = poor + members[rest].sum()
        gap = gap + members[rest] @ (line - income[rest])
        squared = squared + members[rest] @ (line - income[rest]) ** 2
    else:
        spent, poor, gap, squared = _by_budget(ready, income, members, line, budgets)
    persons = float(members.sum())
    at_first = float(members[income < line].sum())
    return {
        "rule": np.full(len(budgets), shown, dtype=object),
        "budget": budgets,
        "spent": spent,
        "lifted_persons": at_first - poor,
        "poor_persons": poor,
        "headcount_ratio": poor / persons,
        "poverty_gap": gap / (line * persons) if line else gap,
        "poverty_severity": squared / (line**2 * persons) if line else squared,
    }


def _level_up(income: Array, members: Array, line: float, budgets: Array) -> Course:
    order = np.argsort(income)
    y, n = income[order], members[order]
    if not len(y):
        return _nobody(budgets)
    persons, held = np.cumsum(n), np.cumsum(n * y)
    cost = y * (persons - n) - (held - n * y)
    need = line * persons[-1] - held[-1]
    spent = np.minimum(budgets, need)
    raised = np.maximum(np.searchsorted(cost, spent, side="right"), 1)
    level = (spent + held[raised - 1]) / persons[raised - 1]
    squared = persons[raised - 1] * (line - level) ** 2 + _after(n * (line - y) ** 2)[raised]
    poor = np.where(spent < need * (1 - 1e-12), persons[-1], 0.0)
    return spent, poor, need - spent, squared


def _poorest_first(income: Array, members: Array, line: float, budgets: Array) -> Course:
    rungs, rung = np.unique(income, return_inverse=True)
    if not len(rungs):
        return _nobody(budgets)
    persons = np.bincount(rung, members)
    cost = persons * (line - rungs)
    total = np.cumsum(cost)
    spent = np.minimum(budgets, total[-1])
    filled = np.searchsorted(total, spent * (1 + 1e-12), side="right")
    part = np.minimum(filled, len(rungs) - 1)
    share = np.clip((spent - (total - cost)[part]) / cost[part], 0.0, 1.0)
    squares = persons * (line - rungs) ** 2
    squared = _after(squares)[part + 1] + squares[part] * (1 - share) ** 2
    return spent, _after(persons)[filled], total[-1] - spent, squared


def _closest_first(income: Array, members: Array, line: float, budgets: Array) -> Course:
    order = np.lexsort((members, line - income))
    gap, n = line - income[order], members[order].astype(np.intp)
    persons, chosen = lifted_sets(cost=n * gap, members=n, budgets=budgets)
    spent = (n * gap) @ chosen
    left = ~chosen
    return spent, n.sum() - persons.astype(float), (n * gap) @ left, (n * gap**2) @ left


_COURSES: dict[str, Callable[[Array, Array, float, Array], Course]] = {
    "level_up": _level_up,
    "poorest_first": _poorest_first,
    "closest_first": _closest_first,
}


def _after(values: Array) -> Array:
    """Sum of the values from each position on; 0 behind the last."""
    return np.append(np.cumsum(values[::-1])[::-1], 0.0)


def _nobody(budgets: Array) -> Course:
    zero = np.zeros(len(budgets))
    return zero, zero, zero, zero


def _by_budget(
    ready: Prepared, income: Array, members: Array, line: float, budgets: Array
) -> Course:
    rows = []
    for budget in budgets:
        support = ready.shared(float(budget))
        gap = line - (income + support / members)
        gap = np.where(gap > 1e-9 * max(line, 1.0), gap, 0.0)
        rows.append((support.sum(), members @ (gap > 0), members @ gap, members @ gap**2))
    spent, poor, gaps, squared = np.array(rows).T
    return spent, poor, gaps, squared


def margins(
    county: "County | pd.DataFrame | Baseline",
    scenario: Scenario,
    *,
    steps: Sequence[float] = (10_000, 100_000),
    rules: Sequence[str] = (),
) -> pd.DataFrame:
    """What the next yuan would do, beyond the scenario's budget (再增加资金的效果).

    ``steps`` are the next sums, by default the next 10,000 and the next 100,000 yuan; ``rules``
    the rules to hold side by side, by default the scenario's own. One row a rule and step: money
    that would be spent, persons lifted, and the fall of P1 and P2.
    """
    money = prepared(county, scenario).money
    budgets = np.array([money, *(money + step for step in steps)])
    found = frontier(county, rules or (scenario.rule["name"],), budgets, scenario=scenario)
    more = ["spent", "lifted_persons", "poverty_gap", "poverty_severity"]
    change = found[more] - found.groupby("rule")[more].transform("first")
    later = found["budget"] > money
    frame = pd.DataFrame(
        {
            "rule": found["rule"],
            "step": np.tile([0.0, *steps], len(found) // len(budgets)),
            "spent": change["spent"],
            "lifted_persons": change["lifted_persons"],
            "poverty_gap_fall": -change["poverty_gap"],
            "poverty_severity_fall": -change["poverty_severity"],
        }
    )[later].reset_index(drop=True)
    frame.attrs = found.attrs
    return frame


def prices(county: "County | pd.DataFrame | Baseline", scenario: Scenario) -> dict[str, float]:
    r"""What it would cost to end poverty, and what a yuan is worth (达标资金缺口与影子价格).

    Returns
    -------
    dict
        ``needed_transfer`` (yuan that fill every gap to the line), ``clearing_needed`` (yuan that
        raise everybody to the monitoring range), ``common_level`` (L, yuan a head, to which the
        scenario's cash raises the poorest that may be paid) and ``shadow_price``
        :math:`2 (z - L) / (z^2 N)`, the fall of P2 with one more yuan; NaN where nobody is
        raised.
    """
    ready = prepared(county, scenario)
    members, income = ready.base.members, ready.income / 100 / ready.base.members
    line, watch = lines_after(scenario)
    may = ready.in_scope & ready.eligible
    level = common_level(
        income_per_head=income[may], members=members[may], poverty_line=line, budget=ready.money
    )
    worth = 2 * (line - level) / (line**2 * members.sum()) if np.isfinite(level) else np.nan
    return {
        "needed_transfer": float(members @ np.maximum(line - income, 0.0)),
        "clearing_needed": float(members @ np.maximum(watch - income, 0.0)),
        "common_level": level if np.isfinite(level) else np.nan,
        "shadow_price": float(worth),
    }
