"""Programme levers beside cash: posts, PV wages, micro-credit, insurance, repair, water.

A lever is a row of ``data/levers.csv``: who it reaches, what one costs, what it adds to income
in a year, which guarantee it mends, who pays. Formulas name the lever's stated parameters and
columns of the households; nothing is assumed that the scenario does not state.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem, collected
from jingde_core.scenarios.baseline import Baseline, Fen, Mask
from jingde_core.scenarios.scenario import Scenario


@dataclass(frozen=True)
class Pulled:
    """What the levers of a scenario do to each household; money in fen."""

    #: added to income; below zero where credit was lost
    gain: Fen
    #: paid for the household out of the budget, and out of other money (PV income)
    cost: Fen
    own: Fen
    #: households reached, and guarantees mended, by lever in the scenario's order
    reached: tuple[Mask, ...]
    mended: Mapping[str, Mask]


@lru_cache(maxsize=1)
def table() -> dict[str, dict[str, str]]:
    """The levers by kind."""
    with (shipped("data") / "levers.csv").open(encoding="utf-8", newline="") as file:
        return {row["kind"]: row for row in csv.DictReader(file)}


def pulled(base: Baseline, scenario: Scenario, *, loss: Fen, open_to: Mask) -> Pulled:
    """Effect of all levers, the poorest after the shock first (帮扶措施).

    Raises
    ------
    DataError
        for a parameter beyond its dated limit (credit cap, PV wage floor), and for levers that
        cost more than the budget.
    """
    zero = np.zeros(len(base), dtype=np.int64)
    gain, paid = zero.copy(), {"budget": zero.copy(), "own": zero.copy()}
    reached: list[Mask] = []
    mended: dict[str, Mask] = {}
    if not scenario.levers:
        return Pulled(gain, paid["budget"], paid["own"], (), {})
    order = np.argsort((base.income - loss) / base.members, kind="stable")
    with collected() as problems:
        for place, lever in enumerate(scenario.levers, start=1):
            row = table()[lever["kind"]]
            problems.extend(_limits(base, scenario, lever, row, place))
            chosen = _chosen(base, lever, row, open_to, order)
            values = dict(lever) | {"shock_loss": loss / 100}
            values["failed"] = _failed(lever, (scenario.seed or 0) + 1000 + place, len(base))
            cost, income = (_fen(row[name], values, len(base)) for name in ("cost", "income"))
            paid[row["funded"]][chosen] += cost[chosen]
            gain[chosen] += income[chosen]
            reached.append(chosen)
            if row["mends"]:
                mended[row["mends"]] = chosen | mended.get(row["mends"], np.zeros_like(chosen))
        spent, budget = int(paid["budget"].sum()), round(scenario.budget * 100)
        if spent > budget:
            found, most = f"{spent / 100:,.2f}", f"{budget / 100:,.2f}"
            problems.append(
                Problem("scenario_over", scenario.file, "levers", None, "", found, most)
            )
    return Pulled(gain, paid["budget"], paid["own"], tuple(reached), mended)


def _chosen(
    base: Baseline, lever: Mapping[str, Any], row: Mapping[str, str], open_to: Mask, order: Any
) -> Mask:
    """The households reached: able to use the lever, in order, as many as are stated."""
    limits = {
        name: base.parameters.value(name)
        for name in base.parameters.entries
        if f"@{name}" in row["who"]
    }
    able = np.asarray(base.frame.eval(row["who"], local_dict=limits, engine="python"), dtype=bool)
    number = int(np.asarray(pd.eval(row["number"], local_dict=dict(lever), engine="python")))
    queue = order[(able & open_to)[order]][:number]
    chosen = np.zeros(len(base), dtype=bool)
    chosen[queue] = True
    return chosen


def _failed(lever: Mapping[str, Any], seed: int, rows: int) -> Any:
    """Whose undertaking fails, drawn; nobody's where the lever states no risk."""
    return (np.random.default_rng(seed).random(rows) < lever.get("risk", 0.0)).astype(float)


def _fen(formula: str, values: Mapping[str, Any], rows: int) -> Fen:
    yuan = pd.eval(formula, local_dict=dict(values), engine="python")
    return np.broadcast_to(np.rint(np.asarray(yuan, dtype=float) * 100), rows).astype(np.int64)


def _limits(
    base: Baseline, scenario: Scenario, lever: Mapping[str, Any], row: Mapping[str, str], place: int
) -> list[Problem]:
    """Stated parameters that a dated policy number forbids."""
    found = []
    for limit in filter(None, row["limits"].split(";")):
        name, sign, policy = limit.split()
        bound = base.parameters.value(policy)
        if not (lever[name] <= bound if sign == "<=" else lever[name] >= bound):
            path = f"levers[{place}].{name}"
            told = f"{sign} {bound:,.10g}"
            found.append(
                Problem("scenario_limit", scenario.file, path, None, "", str(lever[name]), told)
            )
    return found
