"""From a scenario to what each household gets: shock, levers, cash in whole fen.

Order: the shock strikes; levers act, the poorest first; floors are paid; money kept for towns
is shared out there by the rule; the rule shares out the rest over incomes as they then are,
again and again as long as somebody reaches the cap and money comes free.
"""

import inspect
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from jingde_core.metrics.contract import Array
from jingde_core.model.problem import DataError, Problem, collected
from jingde_core.scenarios.allocations import ALLOCATIONS, Rule, ruled
from jingde_core.scenarios.baseline import Baseline, Fen, Mask
from jingde_core.scenarios.levers import Pulled, pulled
from jingde_core.scenarios.outcome import Outcome
from jingde_core.scenarios.scenario import Scenario
from jingde_core.scenarios.shocks import lines_after, losses

if TYPE_CHECKING:
    import pandas as pd

    from jingde_core.county import County


def evaluate(
    county: "County | pd.DataFrame | Baseline",
    scenario: Scenario,
    *,
    rule: Rule | None = None,
    seed: int | None = None,
) -> Outcome:
    """What a scenario does to every household, to the fen (情景测算).

    Parameters
    ----------
    county : County
        Or a frame of households (``id``, ``members``, ``income_per_head``, any more columns of
        the table), a million rows too.
    scenario : Scenario
    rule : callable, optional
        A rule of one's own in place of the scenario's; it is called as those of
        ``ALLOCATIONS`` are and held to the same contract.
    seed : int, optional
        In place of the scenario's own: another draw of the same shocks.

    Returns
    -------
    Outcome
        ``totals``, ``stages``, ``groups``, ``households``, ``transitions``, ``hash``.

    Raises
    ------
    DataError
        for places that do not exist, a scenario that selects nobody, and floors, levers or
        limits that the budget or the policy forbids.
    """
    if seed is not None:
        scenario = replace(scenario, seed=seed)
    return prepared(county, scenario, rule=rule).outcome(scenario)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scenario up to the moment when cash is handed out."""

    base: Baseline
    #: the scenario with codes for names of places
    local: Scenario
    rule: Rule | None
    in_scope: Mask
    eligible: Mask
    absent: tuple[str, ...]
    loss: Fen
    levers: Pulled

    @property
    def income(self) -> Fen:
        """Household income after shock and levers, fen."""
        return self.base.income - self.loss + self.levers.gain

    @property
    def money(self) -> float:
        """Yuan left for cash once the levers are paid."""
        return (round(self.local.budget * 100) - int(self.levers.cost.sum())) / 100

    def shared(self, money: float) -> Array:
        """Yuan of each household by rule, earmarks, floor and cap, unrounded."""
        base, scenario = self.base, self.local
        used = ruled(self.rule) if self.rule else ALLOCATIONS[scenario.rule["name"]]
        stated = {} if self.rule else {n: v for n, v in scenario.rule.items() if n != "name"}
        asked = inspect.signature(used).parameters
        floor, cap = scenario.bounds.get("floor", 0.0), scenario.bounds.get("cap", np.inf)
        here = np.flatnonzero(self.in_scope & self.eligible)
        promised = floor * len(here) + sum(each["amount"] for each in scenario.earmarks)
        if promised > money * (1 + 1e-12):
            place = (scenario.file, "bounds.floor, earmarks", None, "")
            told = (f"{promised:,.2f}", f"{money:,.2f}")
            raise DataError([Problem("scenario_over", *place, *told)])
        members = base.members[here].astype(float)
        columns = {n: column[here] for n, column in base.columns.items() if n in asked}
        columns |= {"members": members, "income_per_head": self.income[here] / 100 / members}
        paid = np.full(len(here), float(floor))

        def share_out(among: Array, budget: float) -> None:
            own: dict[str, Any] = {name: column[among] for name, column in columns.items()}
            own["income_per_head"] = own["income_per_head"] + paid[among] / own["members"]
            line, _ = lines_after(scenario)
            limits: dict[str, Any] = {
                "cap": cap - paid[among],
                "budget": budget,
                "poverty_line": line,
            }
            paid[among] += _within_cap(used, **own, **limits, **stated)

        for earmark in scenario.earmarks:
            town = np.flatnonzero(base.columns["town"][here] == earmark["town"])
            share_out(town, earmark["amount"])
        share_out(np.arange(len(here)), max(0.0, money - promised))
        yuan = np.zeros(len(base))
        yuan[here] = paid
        return yuan

    def outcome(self, scenario: Scenario) -> Outcome:
        """The scenario as it was given, with the cash handed out in whole fen."""
        cash = whole_fen(self.shared(self.money) * 100, at_most=round(self.money * 100))
        names = ("base", "loss", "levers", "in_scope", "eligible", "absent")
        return Outcome(scenario=scenario, cash=cash, **{n: getattr(self, n) for n in names})


def prepared(
    county: "County | pd.DataFrame | Baseline", scenario: Scenario, *, rule: Rule | None = None
) -> Prepared:
    """Shock and levers of a scenario, and who may be paid; errors as for `evaluate`."""
    base = Baseline.of(county, scenario.scope["universe"])
    local = placed(base, scenario)
    in_scope, absent = _in_scope(base, local)
    eligible = _eligible(base, local)
    open_to = in_scope & eligible
    if not open_to.any() and (rule or scenario.rule["name"] != "none"):
        raise DataError([Problem("scenario_nobody", scenario.file, "scope, eligible")])
    loss = losses(base, scenario)
    levers = pulled(base, scenario, loss=loss, open_to=open_to)
    return Prepared(base, local, rule, in_scope, eligible, absent, loss, levers)


def _within_cap(rule: Rule, *, cap: Array, budget: float, **columns: Any) -> Array:
    """Yuan a household, none above its cap; what the capped leave goes to the others."""
    members = columns["members"]
    amounts, free = np.zeros(len(members)), np.arange(len(members))
    while True:
        own = {n: v[free] if isinstance(v, np.ndarray) else v for n, v in columns.items()}
        support = rule(**own, budget=max(0.0, budget), cap=cap[free]) * members[free]
        over = support > cap[free] * (1 + 1e-12)
        amounts[free] = np.minimum(support, cap[free])
        if not over.any():
            return amounts
        budget -= float(cap[free[over]].sum())
        free = free[~over]


def whole_fen(fen: Array, *, at_most: int) -> Fen:
    """Amounts in whole fen that add up to their sum: the largest remainders get the odd fen.

    Examples
    --------
    >>> whole_fen(np.array([33.4, 33.3, 33.3]), at_most=100).tolist()
    [34, 33, 33]
    """
    near = np.rint(fen)
    fen = np.where(np.abs(fen - near) < 1e-4, near, fen)
    whole = np.floor(fen).astype(np.int64)
    odd = min(int(np.floor(fen.sum() + 1e-3)), at_most) - int(whole.sum())
    if odd > 0:
        whole[np.lexsort((np.arange(len(fen)), whole - fen))[:odd]] += 1
    return whole


def placed(base: Baseline, scenario: Scenario) -> Scenario:
    """The scenario with codes for the names of towns and villages; unknown ones are told."""
    scope, rule = dict(scenario.scope), dict(scenario.rule)
    earmarks = [dict(each) for each in scenario.earmarks]
    with collected() as problems:

        def code(level: str, name: str, path: str) -> str:
            units = base.places[level]
            if name in units:
                return name
            for unit, shown in units.items():
                if shown == name:
                    return unit
            known = list(units.values())
            close = ", ".join(get_close_matches(name, known, cutoff=0.3) or known[:8])
            problems.append(Problem("scenario_place", scenario.file, path, None, "", name, close))
            return ""

        for level in base.places:
            if f"{level}s" in scope:
                path = f"scope.{level}s"
                scope[f"{level}s"] = [code(level, name, path) for name in scope[f"{level}s"]]
        for place, earmark in enumerate(earmarks if base.places else (), start=1):
            earmark["town"] = code("town", earmark["town"], f"earmarks[{place}].town")
        if rule["name"] == "town_quota" and base.places:
            shares = rule["shares"].items()
            rule["shares"] = {code("town", n, f"rule.shares.{n}"): v for n, v in shares}
    return replace(scenario, scope=scope, rule=rule, earmarks=tuple(earmarks))


def _in_scope(base: Baseline, scenario: Scenario) -> tuple[Mask, tuple[str, ...]]:
    """Households of the places and lists named; and those named that are not there now."""
    scope, frame = scenario.scope, base.frame
    kept = np.ones(len(base), dtype=bool)
    for key, column in _SCOPES.items():
        if key in scope:
            kept &= frame[column].isin(scope[key]).to_numpy(dtype=bool)
    if scope.get("poor_villages"):
        kept &= frame["poor_2014"].to_numpy(dtype=bool)
    named = scope.get("households", ())
    return kept, tuple(sorted(set(named) - set(frame["id"]))) if named else ()


_SCOPES = {
    "towns": "town",
    "villages": "village",
    "village_kind": "village_kind",
    "households": "id",
}


def _eligible(base: Baseline, scenario: Scenario) -> Mask:
    """Households that meet every condition; income is that before the shock."""
    wanted, frame = scenario.eligible, base.frame
    kept = np.ones(len(base), dtype=bool)
    for key, value in wanted.items():
        if key == "labour":
            kept &= frame["able"].to_numpy(dtype=bool) == (value == "able")
        elif key == "income_below":
            kept &= base.income < value * 100 * base.members
        else:
            kept &= frame[key].isin(value).to_numpy(dtype=bool)
    return kept
