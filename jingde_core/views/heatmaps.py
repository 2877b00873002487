"""Villages by indicators as a heat-map; a cell tells how many of its checks are unknown.

A share is never drawn without what it does not know: the number in a cell counts the checks
still to be verified, and a cell that nobody checked is grey. Units stand in the order of the
frame, which is no ranking; classes and colours are those of the metric's map.
"""

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from jingde_core.county.measurement import measure
from jingde_core.metrics.deprivation import GUARANTEES
from jingde_core.model.catalogue import column_label, label
from jingde_core.privacy.suppression import REASONS
from jingde_core.views import escape, numbers
from jingde_core.views.charts import LINE, Chart, finished
from jingde_core.views.classes import Layer, classify

if TYPE_CHECKING:
    from jingde_core.county import County

_CELL, _ROW = 84, 15


def guarantee_heatmap(
    county: "County",
    metric: str = "guarantee_pass_rate",
    *,
    level: Literal["village", "town"] = "village",
    where: Any = None,
) -> Chart:
    """A rate of the six guarantees by village and indicator (村居×指标热力图).

    Parameters
    ----------
    metric : {"guarantee_pass_rate", "guarantee_coverage"}
        What the colour tells; the number in a cell is how many checks are to be verified.
    level : {"village", "town"}
        Rows; those without any check are left out.
    where : mapping, optional
        Checks that count, as for `measure`.
    """
    import altair as alt

    keys, named = [level, "indicator"], label(f"metric.{metric}")
    frame = measure(county, metric, by=keys, where=where)
    marks = _marks(measure(county, "guarantee_unknown", by=keys, where=where))
    classes = classify(frame, Layer(metric).scale)
    kinds = [classes.entries[each].text for each in classes.index]
    texts = [numbers.number(value, "percent") for value in frame["value"]]
    names = [escape.shown(name) for name in frame["name"]]
    rows = frame[["name_2", "n"]].assign(name=names, kind=kinds, text=texts, mark=marks)
    rows = rows.assign(order=range(len(rows)), place=frame["code_2"].map(GUARANTEES.index))
    rows = rows[frame.groupby("code")["n"].transform("sum") > 0]
    by_row, by_column = (alt.EncodingSortField(name, op="min") for name in ("order", "place"))
    legend = [entry for entry in classes.entries if entry.text in set(rows["kind"])]
    scale = alt.Scale(domain=[e.text for e in legend], range=[e.colour for e in legend])
    colour = alt.Color("kind:N", scale=scale, legend=alt.Legend(title=named, titleLimit=400))
    heads = {"name": level, "name_2": "indicator", "n": "checks", "mark": "unverified"}
    tips = [alt.Tooltip(name, title=column_label(column)) for name, column in heads.items()]
    top = alt.Axis(orient="top", labelAngle=0)
    base = alt.Chart(rows).encode(
        x=alt.X("name_2:N", title=None, sort=by_column, axis=top),
        y=alt.Y("name:N", title=None, sort=by_row),
        tooltip=[*tips, alt.Tooltip("text", title=named)],
    )
    unsure = base.transform_filter("datum.mark != ''")
    white = {"shape": "square", "filled": True, "size": 170, "opacity": 1, "color": "white"}
    drawn = alt.layer(
        base.mark_rect(stroke="white").encode(color=colour),
        unsure.mark_point(**white),
        unsure.mark_text(fontSize=11, fontWeight="bold", color=LINE).encode(text="mark:N"),
    ).properties(width=alt.Step(_CELL), height=alt.Step(_ROW))
    title = label("heatmap.title", metric=named, level=column_label(level))
    return finished(alt, drawn, frame, None, name=title, lines=[label("heatmap.note")])


def _marks(unknown: pd.DataFrame) -> list[str]:
    """What stands in a cell: how many are unknown, or why that is not told; nothing for none."""
    hidden = {reason: label(f"heatmap.{reason}") for reason in REASONS[1:]}
    pairs = zip(unknown["value"], unknown["reason"], strict=True)
    return [hidden.get(r, "") if pd.isna(n) or n == 0 else f"{n:.0f}" for n, r in pairs]
