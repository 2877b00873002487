"""A slider over scenarios worked out beforehand: map, numbers and sentence change in the page.

No kernel, no network, no evaluation of text: the page carries each step's colours and words as
data, and a short script of its own paints them over the map that is there already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jingde_core.model.catalogue import label
from jingde_core.privacy import audience, suppress
from jingde_core.privacy.suppression import REASONS, Axis
from jingde_core.scenarios.baseline import Baseline
from jingde_core.scenarios.evaluation import evaluate
from jingde_core.scenarios.scenario import Scenario
from jingde_core.views import escape, maps, marks, numbers
from jingde_core.views.classes import Layer, Level, quantile_breaks
from jingde_core.views.painting import paint
from jingde_core.views.tables import foot

if TYPE_CHECKING:
    from jingde_core.county import County

SCRIPT = (Path(__file__).parent / "baked.js").read_text(encoding="utf-8")
#: totals of an outcome that stand beside the map, with the style of their numbers
_TOLD = {
    "spent": "wan",
    "reached_households": "count",
    "lifted_persons": "count",
    "left_persons": "count",
    "unmet_need": "wan",
}
_MEASURE = "headcount_ratio"


@dataclass(frozen=True)
class Step:
    """One position of the slider: its name, a measured frame, numbers by name, a sentence."""

    name: str
    frame: pd.DataFrame
    numbers: Mapping[str, str]
    sentence: str


@dataclass(frozen=True)
class Baked:
    """A slider with its map, ready to show."""

    title: str
    html: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"Baked({self.title})"


def what_if(
    county: "County", scenario: Scenario, *, budgets: Sequence[float], start: int = 0
) -> Baked:
    """What each budget would do under a scenario, by town (情景滑块).

    Parameters
    ----------
    scenario : Scenario
        Its budget gives way to each of ``budgets``.
    budgets : sequence of float
        Yuan; a position each.
    start : int
        Position shown first.
    """
    base = Baseline.of(county, scenario.scope["universe"])
    least = int(county.parameters.value("small_cell"))
    steps = []
    for budget in budgets:
        rule = scenario.rule if budget else {"name": "none"}
        outcome = evaluate(base, replace(scenario, budget=float(budget), rule=rule))
        totals = outcome.totals
        told = {
            label(f"whatif.{name}"): numbers.number(totals[name], style, trim=True)
            for name, style in _TOLD.items()
        }
        sentence = numbers.sentence(label("whatif.sentence"), scenario=scenario.name, **totals)
        name = label("whatif.budget", amount=numbers.number(budget, "wan", trim=True))
        steps.append(Step(name, _by_town(outcome, least), told, sentence))
    return baked(county, steps, title=label("whatif.title", name=scenario.name), start=start)


def _by_town(outcome: Any, threshold: int) -> pd.DataFrame:
    """Share of persons below the line after support, as `measure` would give it."""
    found = outcome.grouped("town")
    frame = pd.DataFrame(
        {
            "code": found["code"],
            "name": found["name"],
            "value": found[f"{_MEASURE}_supported"],
            "n": found["households"],
            "denominator": found["persons"],
            "small": False,
            "reason": "",
        }
    )
    if audience() == "leader":
        poor = found["poor_households_supported"].to_numpy()
        hidden = suppress(poor, [Axis.whole(len(poor))], threshold=threshold)[:-1]
        frame["reason"] = np.array(REASONS, dtype=object)[hidden]
        frame["value"] = frame["value"].mask(hidden > 0)
    frame.attrs = {
        **found.attrs,
        "metric": _MEASURE,
        "unit": "1",
        "denominator": "persons",
        "by": ("town",),
        "parameters": {"poverty_line": outcome.at["supported"].line},
    }
    return frame


def baked(
    county: "County",
    steps: Sequence[Step],
    *,
    level: Level = "town",
    title: str = "",
    start: int = 0,
    scenario: bool = True,
) -> Baked:
    """A slider over any steps: frames of one measure with numbers and a sentence each.

    Parameters
    ----------
    steps : sequence of Step
        All frames measure the same thing; classes without declared breaks are quintiles of
        all steps together, so that colours compare.
    level : {"town", "village"}
    start : int
        Position shown first, and where no script runs.
    """
    attrs = steps[0].frame.attrs
    layer = Layer(attrs["metric"], level)
    if not layer.scale.breaks:
        values = pd.concat([step.frame["value"] for step in steps]).to_numpy(dtype=float)
        layer = replace(layer, breaks=quantile_breaks(values) or None)
    drawn = maps.village_map(county, layer.metric, level=level, breaks=layer.breaks)
    codes = (county.towns if level == "town" else county.villages)["code"]
    states = [paint(layer, step.frame, codes).state() for step in steps]
    kinds = marks.kinds(None, attrs)
    stamps = marks.marks(kinds, scenario=scenario)
    subtitle = label("views.semicolon").join(filter(None, [states[0]["subtitle"], *stamps]))
    data = {
        "level": level,
        "base": states[0] | {"subtitle": subtitle, "legend": []},
        "steps": [
            {
                "name": step.name,
                "numbers": list(step.numbers.values()),
                "sentence": step.sentence,
                "legend": state["legend"],
                "rows": [row[:2] for row in state["rows"]],
            }
            for step, state in zip(steps, states, strict=True)
        ],
    }
    html = _html(title, drawn, steps, start, data)
    source = marks.source_line(kinds, marks.as_of(None, attrs))
    return Baked(title, f'<div class="jd-baked">{html}</div>{foot([source], stamps)}')


def _html(title: str, drawn: Any, steps: Sequence[Step], start: int, data: Any) -> str:
    first = steps[start]
    cells = "".join(
        f"<div><dt>{escape.text(name)}</dt><dd>{escape.text(text)}</dd></div>"
        for name, text in first.numbers.items()
    )
    return (
        f"<label><b>{escape.text(title)}</b> <output>{escape.text(first.name)}</output>"
        f'<input type="range" min="0" max="{len(steps) - 1}" step="1" value="{start}"></label>'
        f'<p class="jd-told">{escape.text(first.sentence)}</p><dl>{cells}</dl>'
        f"{drawn._repr_html_()}"
        f'<script type="application/json">{escape.data(data)}</script>'
        f"<script>{SCRIPT}</script>"
    )
