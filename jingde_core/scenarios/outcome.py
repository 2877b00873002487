"""What a scenario came to: money to the fen, poverty before, after shock, after support.

Whether somebody is below a line is decided in whole fen. The deciles are of income before
the shock. Crossing the line is a sum reached in a calculation, no exit from poverty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import Array
from jingde_core.model.catalogue import label, value_label
from jingde_core.scenarios.baseline import Baseline, Fen, Mask
from jingde_core.scenarios.levers import Pulled
from jingde_core.scenarios.scenario import Scenario
from jingde_core.scenarios.shocks import lines_after

STAGES = ("before", "shocked", "supported")
GROUPS = ("town", "village", "decile", "main_cause")
STATES = ("below_line", "in_range", "above")


@dataclass(frozen=True, eq=False)
class Stage:
    """Households at one stage: before, after the shock, after support."""

    income: Fen
    members: Array
    line: float
    range: float

    @cached_property
    def below(self) -> Mask:
        """Households whose income a head is below the line."""
        return self.income < round(self.line * 100) * self.members

    @cached_property
    def watched(self) -> Mask:
        """Households whose income a head is below the monitoring range."""
        return self.income < round(self.range * 100) * self.members

    @cached_property
    def gap(self) -> Fen:
        """What each household lacks to the line, fen."""
        return np.maximum(round(self.line * 100) * self.members - self.income, 0)

    @cached_property
    def state(self) -> Array:
        """Position in `STATES` of each household."""
        return np.where(self.below, 0, np.where(self.watched, 1, 2))

    def measures(self, codes: Array, groups: int) -> dict[str, Array]:
        """Measures of each group of households; a rate of nobody is NaN."""
        n, z = self.members, round(self.line * 100)
        relative = self.gap / (n * z) if z else np.zeros(len(n))
        total = partial(np.bincount, codes, minlength=groups)
        persons = total(n)
        persons = np.where(persons > 0, persons, np.nan)
        return {
            "poor_households": total(self.below).astype(int),
            "poor_persons": total(self.below * n).astype(int),
            "headcount_ratio": total(self.below * n) / persons,
            "poverty_gap": total(relative * n) / persons,
            "poverty_severity": total(relative**2 * n) / persons,
            "needed_transfer": total(self.gap) / 100,
            "below_range_households": total(self.watched).astype(int),
            "below_range_persons": total(self.watched * n).astype(int),
            "mean_income": total(self.income) / 100 / persons,
        }


@dataclass(frozen=True, eq=False)
class Outcome:
    """Result of one scenario; frames carry hash, data version and provenance in ``attrs``."""

    scenario: Scenario
    base: Baseline
    loss: Fen
    levers: Pulled
    #: cash of each household, fen
    cash: Fen
    in_scope: Mask
    eligible: Mask
    #: households that the scenario names and the data do not hold now
    absent: tuple[str, ...]

    @property
    def hash(self) -> str:
        """Hash of the assumptions."""
        return self.scenario.hash

    @property
    def version(self) -> str:
        """Version of the data: changes with any byte of the tables."""
        return self.base.version

    def stale(self, county: Any) -> bool:
        """Whether the data have changed since (数据已更新，需重算)."""
        return Baseline.of(county, self.scenario.scope["universe"]).version != self.version

    @property
    def notes(self) -> list[str]:
        """What a reader must know beside the numbers: households named or left out."""
        told = []
        if self.absent:
            listed = label("views.list_comma").join(self.absent[:20])
            told.append(label("scenario.absent", count=len(self.absent), households=listed))
        if self.base.unknown:
            told.append(label("scenario.unknown", count=self.base.unknown))
        return told

    @cached_property
    def at(self) -> dict[str, Stage]:
        """The three stages by name."""
        members = self.base.members
        line, watch = lines_after(self.scenario)
        first = (self.scenario.poverty_line, self.scenario.monitoring_range)
        shocked = self.base.income - self.loss
        supported = shocked + self.levers.gain + self.cash
        return {
            "before": Stage(self.base.income, members, *first),
            "shocked": Stage(shocked, members, line, watch),
            "supported": Stage(supported, members, line, watch),
        }

    @cached_property
    def totals(self) -> dict[str, Any]:
        """The whole in numbers; money in yuan, a cost of nothing is NaN."""
        before, shocked, supported = (self.at[stage] for stage in STAGES)
        members, levers = self.base.members, self.levers
        spent, budget = int(self.paid.sum()), round(self.scenario.budget * 100)
        fen = {
            "budget": budget,
            "spent": spent,
            "unspent": budget - spent,
            "cash": self.cash.sum(),
            "lever_cost": levers.cost.sum(),
            "own_funds": levers.own.sum(),
            "lost": self.loss.sum(),
            "leakage": self._leaked.sum(),
            "needed_transfer": shocked.gap.sum(),
            "unmet_need": supported.gap.sum(),
        }
        who = {
            "reached": self.reached,
            "new_risk": ~before.below & shocked.below,
            "lifted": shocked.below & ~supported.below,
            "cleared": shocked.watched & ~supported.watched,
            "left": supported.below,
        }
        counts = {f"{name}_households": int(mask.sum()) for name, mask in who.items()}
        counts |= {f"{name}_persons": int(members[mask].sum()) for name, mask in who.items()}
        return {
            "households": len(members),
            "persons": int(members.sum()),
            "unknown_households": self.base.unknown,
            "absent_households": len(self.absent),
            **{name: int(amount) / 100 for name, amount in fen.items()},
            **counts,
            "mended_guarantees": int(sum(mask.sum() for mask in levers.mended.values())),
            "cost_per_person_lifted": _each(spent, counts["lifted_persons"]),
            "cost_per_risk_cleared": _each(spent, counts["cleared_households"]),
            "winners": int((supported.income > shocked.income).sum()),
            "losers": int((supported.income < shocked.income).sum()),
        }

    @property
    def paid(self) -> Fen:
        """What the budget pays for each household, cash and levers, fen."""
        return self.cash + self.levers.cost

    @cached_property
    def reached(self) -> Mask:
        """Households that money or a lever reaches."""
        return np.asarray(np.logical_or.reduce([self.paid > 0, *self.levers.reached]))

    @property
    def _leaked(self) -> Fen:
        """Cash that stands above the line, fen a household."""
        over = self.at["supported"].income - round(self.at["supported"].line * 100) * (
            self.base.members
        )
        leaked: Fen = np.clip(over, 0, self.cash)
        return leaked

    @cached_property
    def stages(self) -> pd.DataFrame:
        """One row a measure: before, after shock, after support; each step is a difference."""
        codes = np.zeros(len(self.base), dtype=np.intp)
        found = {stage: self.at[stage].measures(codes, 1) for stage in STAGES}
        at = {
            stage: np.array([float(value[0]) for value in measures.values()])
            for stage, measures in found.items()
        }
        steps = {
            "by_shock": at["shocked"] - at["before"],
            "by_support": at["supported"] - at["shocked"],
        }
        return self._marked(pd.DataFrame({"measure": list(found["before"])} | at | steps))

    @cached_property
    def groups(self) -> pd.DataFrame:
        """One row a town, village, decile of baseline income and cause (``by`` says which)."""
        parts = [self._grouped(by) for by in GROUPS]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return self._marked(pd.DataFrame(joined))

    def grouped(self, by: str) -> pd.DataFrame:
        """One row a group of one grouping, any column of the households or ``decile``."""
        return self._marked(pd.DataFrame(self._grouped(by)))

    def _grouped(self, by: str) -> dict[str, Any]:
        codes, values = self.base.codes(by)
        count, members = len(values), self.base.members
        lifted = self.at["shocked"].below & ~self.at["supported"].below
        total = partial(np.bincount, codes, minlength=count)
        persons = total(members)
        found = {stage: self.at[stage].measures(codes, count) for stage in STAGES}
        return {
            "by": [by] * count,
            "code": ["" if value is None else str(value) for value in values],
            "name": [self._named(by, value) for value in values],
            "households": total(np.ones(len(members))).astype(int),
            "persons": persons.astype(int),
            "reached_households": total(self.reached).astype(int),
            "amount": total(self.paid) / 100,
            "amount_per_head": total(self.paid) / 100 / np.where(persons > 0, persons, np.nan),
            "lifted_persons": total(lifted * members).astype(int),
            **{f"{name}_{stage}": found[stage][name] for stage in STAGES for name in found[stage]},
        }

    def _named(self, by: str, value: Any) -> str:
        if value is None:
            return label("no_data")
        if by == "decile":
            return label("scenario.decile", number=value)
        return self.base.places.get(by, {}).get(value) or value_label(by, value)

    @cached_property
    def households(self) -> pd.DataFrame:
        """One row a household: cash, incomes a head, states, and why it is left."""
        frame = self.base.frame[["id", "village", "town", "members"]]
        frame = frame.rename(columns={"id": "household"})
        frame["amount_fen"] = self.cash
        frame["amount"] = self.cash / 100
        frame["lever_gain"] = self.levers.gain / 100
        for stage in STAGES:
            frame[f"income_{stage}"] = self.at[stage].income / 100 / self.base.members
            frame[f"state_{stage}"] = np.array(STATES)[self.at[stage].state]
        frame["why_left"] = self._why_left
        return self._marked(frame)

    @property
    def _why_left(self) -> Array:
        """Why a household is below the line after support, or that it is not."""
        supported = self.at["supported"]
        rest = round(self.scenario.budget * 100) - int(self.paid.sum())
        return np.select(
            [
                ~supported.below,
                ~self.in_scope,
                ~self.eligible,
                supported.gap + self.cash > self.scenario.bounds.get("cap", np.inf) * 100,
                supported.gap > rest,
            ],
            np.array(["not_below", "out_of_scope", "not_eligible", "capped", "budget_ran_out"]),
            default="by_rule",
        )

    @cached_property
    def transitions(self) -> pd.DataFrame:
        """Households and persons by state before and after each step, and over both."""
        steps = {"shock": STAGES[:2], "support": STAGES[1:], "both": STAGES[::2]}
        rows: list[Any] = []
        for step, (first, last) in steps.items():
            pair = self.at[first].state * 3 + self.at[last].state
            count = np.bincount(pair, minlength=9)
            persons = np.bincount(pair, self.base.members, minlength=9).astype(int)
            states = np.repeat(STATES, 3).tolist(), np.tile(STATES, 3).tolist()
            rows += zip([step] * 9, *states, count, persons, strict=True)
        columns = ["step", "state_from", "state_to", "households", "persons"]
        return self._marked(pd.DataFrame(rows, columns=columns))

    def status_changes(
        self,
        *,
        poverty_line: float | None = None,
        monitoring_range: float | None = None,
        stage: str = "before",
    ) -> pd.DataFrame:
        """Households whose state would change with another line or range (标准调整影响的户)."""
        now = self.at[stage]
        then = Stage(
            now.income,
            now.members,
            now.line if poverty_line is None else poverty_line,
            now.range if monitoring_range is None else monitoring_range,
        )
        frame = self.base.frame[["id", "village", "town", "members"]]
        frame = frame.rename(columns={"id": "household"}).assign(
            income_per_head=now.income / 100 / now.members,
            state_from=np.array(STATES)[now.state],
            state_to=np.array(STATES)[then.state],
        )
        return self._marked(frame[now.state != then.state].reset_index(drop=True))

    def record(self) -> dict[str, Any]:
        """What a saved result holds: assumptions, hash, version of the data, totals, marks."""
        return {
            **attributes(self.scenario, self.base),
            "scenario": self.scenario.to_dict(),
            "absent": list(self.absent),
            "totals": {n: None if v != v else v for n, v in self.totals.items()},
            "stages": self.stages.set_index("measure").to_dict("index"),
        }

    def _marked(self, frame: pd.DataFrame) -> pd.DataFrame:
        frame.attrs = attributes(self.scenario, self.base)
        return frame


def attributes(scenario: Scenario, base: Baseline) -> dict[Any, Any]:
    """What every frame of a scenario carries: provenance, hash, data version, the mark."""
    return {
        "provenance": list(base.provenance),
        "as_of": base.as_of,
        "scenario": scenario.name,
        "hash": scenario.hash,
        "version": base.version,
        "mark": label("scenario_mark"),
        "seed": scenario.seed,
        "by": ("town", "village"),
    }


def is_stale(record: Mapping[str, Any], county: Any) -> bool:
    """Whether a saved result (`Outcome.record`) was made from other data than these."""
    universe = record["scenario"]["scope"]["universe"]
    return Baseline.of(county, universe).version != str(record["version"])


def compare(outcomes: Any, *, county: Any = None) -> pd.DataFrame:
    """Scenarios side by side, one row each (情景对比).

    ``data_state`` says whether the result stands on the data of ``county`` (when left out: on those
    of the last outcome) or must be worked out anew.
    """
    listed = list(outcomes)
    rows = []
    for outcome in listed:
        last = county if county is not None else listed[-1].base
        measured = outcome.stages.set_index("measure")["supported"]
        rows.append(
            {
                "scenario": outcome.scenario.name,
                "hash": outcome.hash,
                "data_state": "stale" if outcome.stale(last) else "current",
                "rule": outcome.scenario.rule["name"],
                **outcome.totals,
                **{n: measured[n] for n in ("headcount_ratio", "poverty_gap", "poverty_severity")},
                "below_range_households": int(measured["below_range_households"]),
            }
        )
    frame = pd.DataFrame(rows)
    return listed[-1]._marked(frame) if listed else frame


def _each(spent: int, count: int) -> float:
    return round(spent / count / 100, 2) if count else float("nan")
