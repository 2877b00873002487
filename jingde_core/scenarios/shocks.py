"""What strikes before support: each shock as yuan that a household loses in a year.

Shares and losses are stated in the scenario. Who is hit is drawn where that is not known; the
same seed draws the same households, whatever rule then helps them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jingde_core.metrics.contract import Array
from jingde_core.scenarios.baseline import Baseline, Fen
from jingde_core.scenarios.repeat_flood import draw_hits
from jingde_core.scenarios.scenario import Scenario

Shock = Callable[[Baseline, Mapping[str, Any], int], Array]


def _flood(base: Baseline, shock: Mapping[str, Any], seed: int) -> Array:
    """A share of the income of those that a repeat flood hits."""
    hits = draw_hits(
        base.codes("town")[0],
        share=shock["share"],
        clustering=shock["clustering"],
        draws=1,
        seed=seed,
    )
    return np.asarray(np.maximum(base.income, 0) / 100 * shock["income_loss"] * hits[0])


def _illness(base: Baseline, shock: Mapping[str, Any], seed: int) -> Array:
    """A rigid cost to each household that falls ill; each has the same chance."""
    struck = np.random.default_rng(seed).random(len(base)) < shock["share"]
    return np.asarray(struck * float(shock["cost"]))


def _price_fall(base: Baseline, shock: Mapping[str, Any], seed: int) -> Array:
    """The stated share of business income comes from the product, and falls with its price."""
    business = base.frame["business"].fillna(0.0).to_numpy(dtype=float)
    return np.asarray(business * shock["product_share"] * shock["drop"])


def _lost_months(base: Baseline, shock: Mapping[str, Any], seed: int) -> Array:
    """Wages of the months that members who work outside the county cannot work."""
    position, months = base.away
    lost = np.bincount(position, np.minimum(months, shock["months"]), minlength=len(base))
    worked = np.maximum(base.frame["work_months"].to_numpy(dtype=float), 1.0)
    wage = base.frame["wage"].fillna(0.0).to_numpy(dtype=float)
    return np.asarray(wage * np.minimum(lost / worked, 1.0))


_SHOCKS: dict[str, Shock] = {
    "flood": _flood,
    "illness": _illness,
    "price_fall": _price_fall,
    "lost_months": _lost_months,
}


def losses(base: Baseline, scenario: Scenario, *, seed: int | None = None) -> Fen:
    """Loss of each household by all shocks together (冲击造成的收入损失), whole fen >= 0.

    ``seed`` replaces the scenario's own, for another draw of the same shocks.
    """
    start = scenario.seed if seed is None else seed
    lost = np.zeros(len(base), dtype=np.int64)
    for place, shock in enumerate(scenario.shocks):
        if shock["kind"] in _SHOCKS:
            yuan = _SHOCKS[shock["kind"]](base, shock, (start or 0) + place)
            lost += np.rint(yuan * 100).astype(np.int64)
    return lost


def lines_after(scenario: Scenario) -> tuple[float, float]:
    """Poverty line and monitoring range once a shock has raised them."""
    line, watch = scenario.poverty_line, scenario.monitoring_range
    for shock in scenario.shocks:
        if shock["kind"] == "raised_line":
            line, watch = float(shock["poverty_line"]), float(shock["monitoring_range"])
    return line, watch
