"""A map of which too much is hidden is drawn by larger units, or with the county's value."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from jingde_core.model.catalogue import label
from jingde_core.privacy.suppression import REASONS
from jingde_core.views import numbers
from jingde_core.views.classes import Layer, Level, missing_text
from jingde_core.views.painting import Painting

if TYPE_CHECKING:
    from jingde_core.county import County

Painted = dict[Level, Painting]


def coarse_enough(
    county: "County",
    declared: Sequence[Layer],
    paintings: Callable[["County", Sequence[Layer]], Painted],
) -> tuple[Sequence[Layer], Painted]:
    """Layers and their paintings, towns in place of villages too many of which are hidden.

    Where too many towns are hidden as well, the county's own value stands beside them.
    """
    painted = paintings(county, declared)
    notes = []
    if _too_much(county, painted, "village"):
        towns = [layer for layer in declared if layer.level == "town"]
        declared = towns or [replace(layer, level="town") for layer in declared]
        painted = paintings(county, declared)
        notes.append(label("privacy.by_town"))
    if _too_much(county, painted, "town"):
        value = _whole_county(county, declared[0])
        notes.append(label("privacy.county_only", value=value))
    if notes:
        told = label("views.semicolon").join(filter(None, [painted["town"].subtitle, *notes]))
        painted["town"] = replace(painted["town"], subtitle=told)
    return declared, painted


def _too_much(county: "County", painted: Painted, level: Level) -> bool:
    secret = {missing_text(reason) for reason in REASONS[1:]}
    rows = painted[level].rows if level in painted else ()
    hidden = sum(row[0] in secret for row in rows)
    return hidden > 0 and hidden > len(rows) * county.parameters.value("hidden_share")


def _whole_county(county: "County", layer: Layer) -> str:
    from jingde_core.county import measure

    given = {"year": layer.year, "where": layer.where, **layer.parameters}
    frame = measure(county, layer.metric, **given)
    return numbers.quantity(frame["value"].item(), frame.attrs["unit"], layer.scale.style)
