"""One measure at several stages of an event on one common scale, with a slider between them.

The stages are counties whose rows differ (before, after a shock, after relief); each is
measured as any other county, and what is painted lies ready in the page, so that the slider
works without a kernel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.model.catalogue import value_label
from jingde_core.views import maps
from jingde_core.views.classes import Layer, quantile_breaks

if TYPE_CHECKING:
    from jingde_core.county import County


def stage_map(
    stages: "Mapping[str, County]",
    metric_name: str,
    *,
    overlays: Sequence[str] = (),
    show: Sequence[str] = (),
    **layer: Any,
) -> maps.VillageMap:
    """A measure at each stage on one map with a slider (分阶段专题图).

    Parameters
    ----------
    stages : mapping of str to County
        Stage (``value.stage.<stage>`` of the catalogue, else the text itself) to the county at
        that stage, in order; all have the same villages. The first is shown.
    overlays, show, layer
        As in `maps.village_map` (level, breaks, palette, where, the metric's parameters).
        Without declared or given breaks the classes are quintiles of all stages together, so
        that colours compare.
    """
    declared = [_common(stages, each) for each in maps.layers(metric_name, **layer)]
    named = {value_label("stage", name): county for name, county in stages.items()}
    first = next(iter(stages.values()))
    return maps.draw(first, declared, overlays=overlays, show=show, stages=named)


def _common(stages: "Mapping[str, County]", layer: Layer) -> Layer:
    from jingde_core.county import measure

    if layer.scale.breaks:
        return layer
    values = [
        measure(county, layer.metric, by=layer.level, **layer.parameters)["value"]
        for county in stages.values()
    ]
    found = quantile_breaks(pd.concat(values).to_numpy(dtype=float))
    return replace(layer, breaks=found or None)
