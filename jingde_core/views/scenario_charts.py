"""Outcomes of scenarios as maps and charts: the change by place, every budget, who gets it.

Whatever the scenario, a change is painted in the same classes, so that maps compare; blue-violet
is a fall and orange a rise. Every picture says that it is a scenario.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jingde_core.metrics.flood import fgt_bridge
from jingde_core.model.catalogue import column_label, label, value_label
from jingde_core.privacy import audience, suppress
from jingde_core.privacy.suppression import REASONS, Axis
from jingde_core.scenarios import ALLOCATIONS, frontier, keys
from jingde_core.scenarios.outcome import STAGES, Outcome
from jingde_core.views import bridges, charts, maps, marks, numbers
from jingde_core.views.classes import Layer, Level
from jingde_core.views.painting import Painting, paint

if TYPE_CHECKING:
    from jingde_core.county import County

MEASURES = ("poverty_gap", "headcount_ratio")
STEPS = {"support": STAGES[1:], "shock": STAGES[:2], "both": STAGES[::2]}
#: classes of every change, percentage points
_CUTS = (-5.0, -2.0, -0.1, 0.1, 2.0, 5.0)
#: budgets on a frontier, and yuan that it spans where the present budget is 0
_BUDGETS, _SPAN = 26, 1_000_000
_POOR = [f"poor_households_{stage}" for stage in STAGES]


def guarded(frame: pd.DataFrame, counts: Iterable[str]) -> pd.DataFrame:
    """For leaders the numbers of a row go where a count of households is small or tells one.

    ``reason`` says why; other audiences get the rows as they are.
    """
    if audience() != "leader" or frame.empty:
        return frame.assign(reason="")
    hidden = np.zeros(len(frame), dtype=int)
    for count in counts:
        own = frame[count].to_numpy()
        hidden = np.maximum(hidden, suppress(own, [Axis.whole(len(own))])[:-1])
    numeric = frame.select_dtypes("number").columns
    masked = {name: frame[name].mask(hidden > 0) for name in numeric}
    return frame.assign(**masked, reason=np.array(REASONS, dtype=object)[hidden])


def by_group(outcome: Outcome, by: str) -> pd.DataFrame:
    """Groups of an outcome as this audience may see them."""
    return guarded(outcome.grouped(by), ["reached_households", *_POOR])


def rules() -> list[str]:
    """Rules that need no parameter and that this audience may see side by side."""
    plain = [name for name in ALLOCATIONS if ("rule", name) not in keys.keys()]  # noqa: SIM118
    hidden = {"none"} | ({"closest_first"} if audience() == "leader" else set())
    return [name for name in plain if name not in hidden]


def levels() -> tuple[Level, ...]:
    """Levels of a map: leaders see no villages, whose counts are mostly small."""
    return ("town",) if audience() == "leader" else ("village", "town")


def painting(
    county: "County", outcome: Outcome, level: Level, *, measure: str, step: str
) -> Painting:
    """How much a measure changed by the shock, the support or both, at one level."""
    found, (first, last) = by_group(outcome, level), STEPS[step]
    change = (found[f"{measure}_{last}"] - found[f"{measure}_{first}"]) * 100
    frame = found[["code", "name", "reason"]].assign(
        value=change, n=found["households"], denominator=found["persons"], small=False
    )
    line = {"poverty_line": outcome.at["supported"].line}
    more: dict[Any, Any] = {"metric": measure, "unit": "percentage_points", "parameters": line}
    frame.attrs = {**found.attrs, **more, "denominator": ""}
    codes = county.tables[f"{level}s"]["code"]
    drawn = paint(Layer("change", level, None, _CUTS, "PuOr"), frame, codes)
    unit = numbers.unit_text("percentage_points", "")
    short = [replace(each, text=each.text.replace(unit, "")) for each in drawn.classes.entries]
    name = label("whatif.change", measure=label(f"metric.{measure}"))
    of = outcome.scenario.name
    title = label("whatif.change_title", change=name, step=value_label("step", step), scenario=of)
    told = [drawn.subtitle, label("whatif.scale"), *marks.marks(drawn.kinds, scenario=True)]
    return replace(
        drawn,
        classes=replace(drawn.classes, entries=tuple(short)),
        title=title,
        subtitle=label("views.semicolon").join(told),
        legend_title=name + label("views.in_unit", unit=unit),
        fields=(name, column_label("households"), column_label("persons")),
    )


def change_map(
    county: "County", outcome: Outcome, *, measure: str = "poverty_gap", step: str = "support"
) -> maps.VillageMap:
    """Where a scenario changes what, on the scale common to all scenarios (情景变化专题图).

    ``measure`` is one of `MEASURES`, ``step`` support, shock or both.
    """
    asked = {"measure": measure, "step": step}
    painted = {level: painting(county, outcome, level, **asked) for level in levels()}
    return maps.painted_map(county, painted)


def frontier_chart(
    frame: pd.DataFrame, *, budget: float, measure: str = "poverty_severity"
) -> charts.Chart:
    """A measure for every budget, a line a rule, the present budget marked (资金效益前沿).

    Parameters
    ----------
    frame : DataFrame
        As `scenarios.frontier` returns it.
    budget : float
        Yuan.
    """
    import altair as alt

    index = measure == "poverty_severity"
    rows = frame[["rule", measure]].assign(budget=frame["budget"] / 10_000)
    rows["rule"] = [value_label("rule", rule) for rule in rows["rule"]]
    axis = alt.Axis(format=".4~f" if index else "~%" if measure in MEASURES else ",d")
    legend = alt.Legend(orient="bottom", columns=2, labelLimit=320, title=None)
    x = alt.X("budget:Q", title=label("whatif.budget_axis"))
    y = alt.Y(f"{measure}:Q", title=column_label(measure), axis=axis)
    names = [value_label("rule", rule) for rule in dict.fromkeys(frame["rule"])]
    colour = alt.Color("rule:N", legend=legend, sort=names)
    lines = alt.Chart(rows).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
    now = alt.Chart(pd.DataFrame({"budget": [budget / 10_000], "text": [label("whatif.now")]}))
    rule = now.mark_rule(strokeDash=[5, 4], color=charts.SELECTED).encode(x="budget:Q")
    text = now.mark_text(dx=4, align="left", fontSize=12, color=charts.SELECTED)
    marked = [rule, text.encode(x="budget:Q", y=alt.value(8), text="text:N")]
    drawn = alt.layer(lines, *marked).properties(width=charts.WIDTH, height=300)
    title = label("whatif.frontier", measure=column_label(measure))
    return charts.finished(alt, drawn, frame, None, name=title, lines=[frame.attrs["mark"]])


def budget_chart(county: "County", outcome: Outcome) -> charts.Chart:
    """Severity for every budget up to twice the present one, all rules (资金效益前沿)."""
    scenario = outcome.scenario
    budgets = np.linspace(0, 2 * scenario.budget or _SPAN, _BUDGETS)
    found = frontier(county, rules(), budgets, scenario=scenario)
    return frontier_chart(found, budget=scenario.budget)


def support_bars(outcome: Outcome, by: str = "decile") -> charts.Chart:
    """Yuan a person by decile of baseline income, or any other grouping (人均资金分布)."""
    found = by_group(outcome, by)
    frame = found[["code", "name"]].assign(value=found["amount_per_head"], n=found["households"])
    line = {"poverty_line": outcome.at["supported"].line}
    # its name says that it is a scenario: what `bars` titles with it cannot lose the mark
    own = {"metric": f"support_by_{by}", "unit": "yuan", "by": (by,), "parameters": line}
    frame.attrs = found.attrs | own
    return charts.bars(frame)


def poverty_bridge(outcome: Outcome, *, alpha: int = 1) -> charts.Chart:
    """Poverty before, after the shock and after support as a bridge (情景三阶段变化桥图).

    All stages are held against the line after the shock, in which a raised line is no step.

    Raises
    ------
    InputError
        for a line of 0, against which nobody can be poor.
    """
    stage, members = outcome.at, outcome.base.members
    line, income = stage["supported"].line, {name: stage[name].income for name in STAGES}
    found = fgt_bridge(income, members=members, poverty_line=round(line * 100), alpha=alpha)
    told = {"persons": int(members.sum()), "relieved": "scenario", "poverty_line": line}
    found.attrs = outcome.stages.attrs | told | {"alpha": alpha}
    title = label("whatif.bridge", scenario=outcome.scenario.name)
    # a scenario's universe may hold others than the registered
    return bridges.bridge(found, title=title, people="whatif.bridge_people")
