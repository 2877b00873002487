"""Parts of a whole, completeness by two groupings, and money on its way: three diagrams.

Each lays out what it is given and computes nothing else: the treemap slices by the first
grouping and dices by the second, a band of the flow chart is as thick as its sum.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jingde_core.model.catalogue import has_label, label
from jingde_core.views import charts, escape, marks, numbers

COLOURS = ("#2f6f9f", "#b45309", "#4d7c5a", "#7c5a8a", "#6b7280")
#: lightest and darkest blue of a matrix
_PALE, _DEEP = (222, 235, 247), (8, 69, 148)
#: part of width and height below which an area has no text of its own
_NARROW, _LOW = 0.14, 0.09
_WIDTH, _HEIGHT, _GAP = 620, 360, 0.045
#: where a band is drawn between its two ends, and how far it has bent there
_ACROSS = np.linspace(0, 1, 13)
_BENT = _ACROSS**2 * (3 - 2 * _ACROSS)


def treemap(frame: pd.DataFrame, *, provenance: marks.Provenance = None) -> charts.Chart:
    """A measured amount by two groupings as areas (矩形树图).

    ``frame`` is what `measure` gives ``by`` two columns: width tells the first, height within it
    the second; parts of nothing are left out.
    """
    import altair as alt

    rows = frame[frame["value"] > 0].reset_index(drop=True)
    share = rows["value"] / rows["value"].sum()
    wide = share.groupby(rows["name"], sort=False).sum()
    left = wide.cumsum() - wide
    high = share / rows["name"].map(wide)
    top = high.groupby(rows["name"]).cumsum()
    style = "wan" if frame.attrs["unit"] == "yuan" else ""
    texts = [numbers.quantity(v, str(frame.attrs["unit"]), style) for v in rows["value"]]
    drawn = pd.DataFrame(
        {
            "name": [escape.shown(name) for name in rows["name"]],
            "part": [escape.shown(name) for name in rows["name_2"]],
            "text": texts,
            "share": [numbers.number(each, "percent") for each in share],
            "x": rows["name"].map(left),
            "x2": rows["name"].map(left + wide),
            "y": top - high,
            "y2": top,
        }
    )
    small = (drawn["x2"] - drawn["x"] < _NARROW) | (high < _LOW)
    drawn["shown"], drawn["below"] = (drawn[n].mask(small, "") for n in ("part", "text"))
    colour = alt.Color("name:N", title=None, sort=None, scale=alt.Scale(range=list(COLOURS)))
    scale = alt.Scale(domain=[0, 1], nice=False)
    base = alt.Chart(drawn).encode(
        x=alt.X("x:Q", axis=None, scale=scale),
        y=alt.Y("y:Q", axis=None, scale=scale),
        tooltip=[alt.Tooltip(f"{n}:N", title=None) for n in ("name", "part", "text", "share")],
    )
    text = base.transform_calculate(x="(datum.x + datum.x2) / 2", y="(datum.y + datum.y2) / 2")
    layers = [base.mark_rect(stroke="white", strokeWidth=2).encode(x2="x2", y2="y2", color=colour)]
    layers += [
        text.mark_text(color="white", fontSize=12, dy=move).encode(text=f"{name}:N")
        for name, move in (("shown", -8), ("below", 8))
    ]
    sized = alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)
    return charts.finished(alt, sized, frame, provenance)


def matrix(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str] = (),
    low: float = 0.0,
    high: float = 1.0,
    provenance: marks.Provenance = None,
) -> charts.Chart:
    """A measured share by two groupings as a table of coloured cells (完整性矩阵).

    Rows are the first grouping, columns the second, in the order of the frame or of ``columns``
    (codes); the lightest shade is ``low``, the darkest ``high``; below ``low`` a cell is marked
    red; one without rows says so and is grey.
    """
    import altair as alt

    none = [
        label(k) if has_label(k := f"reason.{r}") else label("no_data") for r in frame["reason"]
    ]
    texts = [
        missing if pd.isna(value) else numbers.number(value, "percent", trim=True)
        for value, missing in zip(frame["value"], none, strict=True)
    ]
    rows = frame[["name", "name_2", "value", "n"]].assign(text=texts, order=range(len(frame)))
    rows["colour"] = [_shade(value, low, high) for value in frame["value"]]
    dark = (frame["value"] < low) | (frame["value"] > low + (high - low) / 2)
    rows["ink"] = np.where(dark, "white", "#444")
    codes = list(columns) or list(dict.fromkeys(frame["code_2"]))
    rows["place"] = frame["code_2"].map(codes.index)
    order, places = (alt.EncodingSortField(name, op="min") for name in ("order", "place"))
    base = alt.Chart(rows).encode(
        x=alt.X("name_2:N", title=None, sort=places, axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("name:N", title=None, sort=order),
        tooltip=["name:N", "name_2:N", "text:N", alt.Tooltip("n:Q", title=label("views.records"))],
    )
    drawn = alt.layer(
        base.mark_rect(stroke="white", strokeWidth=1).encode(
            color=alt.Color("colour:N", scale=None)
        ),
        base.mark_text(fontSize=12).encode(text="text:N", color=alt.Color("ink:N", scale=None)),
    ).properties(width=alt.Step(112), height=alt.Step(24))
    return charts.finished(alt, drawn, frame, provenance)


def _shade(value: float, low: float, high: float) -> str:
    """Blue, the darker the higher; grey for unknown, red below the scale."""
    if pd.isna(value) or value < low:
        return "#eeeeee" if pd.isna(value) else charts.LINE
    part = min(1.0, (value - low) / (high - low))
    mixed = [round(a + (b - a) * part) for a, b in zip(_PALE, _DEEP, strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def sankey(frame: pd.DataFrame, *, title: str, provenance: marks.Provenance = None) -> charts.Chart:
    """Sums on their way from source to target as bands (资金流向图).

    Parameters
    ----------
    frame : DataFrame
        source, target (catalogue keys without ``value.``, or text), value (yuan), without a
        circle, as `county.chain.money_flows` gives it.
    """
    import altair as alt

    links = frame[frame["value"] > 0].reset_index(drop=True)
    if links.empty:
        return charts.finished(alt, None, links, provenance, name=title)
    nodes = _nodes(links)
    bands = links.assign(colour=links["source"].map(nodes["colour"]))
    for end in ("source", "target"):
        # bands leave and arrive in the order of what they join, so that few of them cross
        other = links["target" if end == "source" else "source"].map(nodes["top"])
        order = bands.assign(other=other).sort_values(["other"], kind="stable").index
        before = bands.loc[order].groupby(end)["value"].cumsum() - bands.loc[order, "value"]
        bands[end[0]] = links[end].map(nodes["top"]) + before / nodes.attrs["scale"]
        bands[f"{end[0]}x"] = links[end].map(nodes["depth"])
    steps = bands.loc[bands.index.repeat(len(_ACROSS))].reset_index(names="band")
    across, bent = np.tile(_ACROSS, len(bands)), np.tile(_BENT, len(bands))
    steps["x"] = steps["sx"] + 0.03 + (steps["tx"] - steps["sx"] - 0.03) * across
    steps["y"] = steps["s"] + (steps["t"] - steps["s"]) * bent
    steps["y2"] = steps["y"] + steps["value"] / nodes.attrs["scale"]
    wide = alt.Scale(domain=[0, float(nodes["depth"].max()) + 0.45], nice=False)
    x = alt.X("x:Q", axis=None, scale=wide)
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[1, 0], nice=False))
    colour = alt.Color("colour:N", scale=None)
    flow = alt.Chart(steps[["band", "x", "y", "y2", "colour"]].round(4)).mark_area(opacity=0.4)
    blocks = nodes.assign(x=nodes["depth"], x2=nodes["depth"] + 0.03, y=nodes["top"])
    blocks["middle"] = (blocks["y"] + blocks["y2"]) / 2
    base = alt.Chart(blocks.drop(columns=["top", "depth"]).round(4)).encode(x=x, y=y)
    text = base.encode(x=alt.X("x2:Q"), y="middle:Q", text="text:N")
    written = {"align": "left", "dx": 4, "fontSize": 12}
    drawn = alt.layer(
        flow.encode(x=x, y=y, y2="y2", color=colour, detail="band:N"),
        base.mark_rect().encode(x2="x2", y2="y2", color=colour, tooltip="text:N"),
        text.mark_text(stroke="white", strokeWidth=3, **written),
        text.mark_text(color="#222", **written),
    ).properties(width=_WIDTH, height=_HEIGHT + 60)
    return charts.finished(alt, drawn, frame, provenance, name=title)


def _nodes(links: pd.DataFrame) -> pd.DataFrame:
    """Blocks by name: layer, top and bottom, colour and text, the largest of a layer first."""
    depth = dict.fromkeys(links["source"], 0)
    for _ in range(len(links)):
        for source, target in zip(links["source"], links["target"], strict=True):
            depth[target] = max(depth.get(target, 0), depth[source] + 1)
    last = max(depth.values())
    # what goes nowhere from here stands at the right edge
    ends = {name: last for name in set(links["target"]) - set(links["source"])}
    nodes = pd.DataFrame({"depth": depth | ends})
    out, into = (links.groupby(end)["value"].sum() for end in ("source", "target"))
    nodes["value"] = out.reindex(nodes.index).fillna(into.reindex(nodes.index))
    nodes = nodes.sort_values(["depth", "value"], ascending=[True, False], kind="stable")
    layer = nodes.groupby("depth")["value"]
    room = 1 - _GAP * (layer.size().max() - 1)
    nodes.attrs["scale"] = float(layer.sum().max() / room)
    high = nodes["value"] / nodes.attrs["scale"]
    nodes["top"] = (high + _GAP).groupby(nodes["depth"]).cumsum() - high - _GAP
    nodes["y2"] = nodes["top"] + high
    nodes["colour"] = [COLOURS[at % len(COLOURS)] for at in range(len(nodes))]
    names = [label(k) if has_label(k := f"value.{node}") else node for node in nodes.index]
    amounts = [numbers.quantity(value, "yuan", "wan") for value in nodes["value"]]
    pairs = zip(names, amounts, strict=True)
    nodes["text"] = [escape.shown(label("diagram.node", name=n, amount=a)) for n, a in pairs]
    return nodes.drop(columns="value")
