"""Charts with Chinese labels, units, n and source line; Altair is imported when one is drawn.

A `Chart` is shown by JupyterLab's own Vega-Lite 5, without network, and carries the same
picture as SVG for pages. Rows reach a chart already counted: a histogram holds its bins,
never the values.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.catalogue import column_label, has_label, label
from jingde_core.privacy.audience import audience
from jingde_core.privacy.suppression import merged_bins
from jingde_core.views import escape, marks, numbers
from jingde_core.views.fonts import SANS
from jingde_core.views.painting import conditions, filters, metric_title

LINE, FILL, QUIET, SELECTED = "#9a3412", "#c2703d", "#6b7280", "#0b57d0"
WIDTH = 640
_AXIS_FORMAT = {"percent": "~%", "count": ",d", "index": ".2f"}
#: yuan from which a chart speaks of 10,000 yuan
_LARGE = 100_000
_CONFIG = {
    "font": SANS,
    "title": {"anchor": "start", "fontSize": 16, "subtitleFontSize": 12, "subtitleColor": "#555"},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "gridColor": "#e5e5e5", "labelLimit": 200},
    "legend": {"labelFontSize": 12, "titleFontSize": 12},
    "view": {"stroke": None},
    "background": "white",
}


@dataclass(frozen=True)
class Chart:
    """A drawn chart: a Vega-Lite 5 specification, and the same as SVG."""

    title: str
    spec: dict[str, Any]

    @cached_property
    def svg(self) -> str:
        """The chart as SVG; ids are its own, so that several charts can stand in one page."""
        import vl_convert

        schema = re.search(r"/v(\d+\.\d+)", self.spec["$schema"])
        assert schema is not None
        drawn = vl_convert.vegalite_to_svg(self.spec, vl_version=schema[1])
        own = hashlib.sha256(drawn.encode()).hexdigest()[:8]
        drawn = re.sub(r'(\bid="|url\(#)([\w-]+)', rf"\g<1>c{own}-\g<2>", drawn)
        return str(drawn).replace(
            "<svg ", f'<svg role="img" aria-label="{escape.text(self.title)}" ', 1
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "application/vnd.vegalite.v5+json": self.spec,
            "image/svg+xml": self.svg,
            "text/plain": repr(self),
        }

    def __repr__(self) -> str:
        return f"Chart({self.title})"


def trend(
    frame: pd.DataFrame, *, series: str | None = None, provenance: marks.Provenance = None
) -> Chart:
    """A measure over the years as a line, one line a value of ``series`` (走势图).

    Parameters
    ----------
    frame : DataFrame
        As `measure` returns it with ``by="year"`` (or a column ``year``).
    series : str, optional
        Column that tells lines apart.
    provenance : optional
        Needed where the frame does not say its own.
    """
    import altair as alt

    style = _style(frame)
    rows = _rows(frame, style).assign(year=frame["year" if "year" in frame else "code"].astype(str))
    x = alt.X("year:O", title=label("views.year_axis"), axis=alt.Axis(labelAngle=0))
    y = alt.Y("value:Q", title=_axis_title(frame, style), axis=alt.Axis(format=_format(style)))
    colour = (
        alt.value(LINE) if series is None else alt.Color(f"{series}:N", title=column_label(series))
    )
    tips = [alt.Tooltip("year:O", title=label("views.year_axis")), *_tips(alt, frame)]
    base = alt.Chart(rows).encode(x=x, y=y, color=colour, tooltip=tips)
    layers = [base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=55)]
    if series is None:
        halo = base.mark_text(dy=-12, fontSize=12, stroke="white", strokeWidth=4)
        layers += [
            each.encode(text="text:N") for each in (halo, base.mark_text(dy=-12, fontSize=12))
        ]
    return finished(alt, alt.layer(*layers).properties(width=WIDTH, height=280), frame, provenance)


def bars(frame: pd.DataFrame, *, rank: bool = False, provenance: marks.Provenance = None) -> Chart:
    """A measure by group as horizontal bars (条形图).

    ``rank`` puts the largest first; while the data are synthetic, only an analyst gets a
    ranking: a page keeps the order of the frame.
    """
    import altair as alt

    style = _style(frame)
    rows = _rows(frame, style)
    if rank and marks.may_rank(marks.kinds(provenance, frame.attrs), frame.attrs):
        rows = rows.sort_values("value", ascending=False, kind="stable")
    # by position, not by a list of names: Vega would put the names into an expression
    rows = rows.assign(order=range(len(rows)))
    order = alt.EncodingSortField("order", op="min")
    x = alt.X("value:Q", title=_axis_title(frame, style), axis=alt.Axis(format=_format(style)))
    y = alt.Y("name:N", title=None, sort=order)
    base = alt.Chart(rows).encode(x=x, y=y, tooltip=["name:N", *_tips(alt, frame)])
    text = base.mark_text(align="left", dx=4, fontSize=12).encode(text="text:N")
    drawn = alt.layer(base.mark_bar(color=FILL), text)
    return finished(alt, drawn.properties(width=WIDTH - 80, height=alt.Step(20)), frame, provenance)


def histogram(
    frame: pd.DataFrame,
    *,
    column: str = "value",
    bins: int = 20,
    unit: str = "",
    title: str = "",
    provenance: marks.Provenance = None,
) -> Chart:
    """How many rows fall in each of equal bins of a column (分布图); unknown values are counted.

    ``unit`` is needed for a column of a frame that `measure` did not make.
    """
    import altair as alt

    unit = unit or str(frame.attrs.get("unit", ""))
    style = numbers.style_of(unit)
    values = frame[column].to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    counts, edges = np.histogram(known, bins=bins)
    if audience() == "leader" and "metric" not in frame.attrs:
        counts, edges = merged_bins(counts, edges)
    rows = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts})
    measured = column == "value" and "metric" in frame.attrs
    name = label(f"metric.{frame.attrs['metric']}") if measured else column_label(column)
    unit_name = numbers.unit_text(unit, style)
    named = label("views.in_unit", unit=unit_name)
    axis = name if not unit_name or name.endswith(named) else name + named
    drawn = (
        alt.Chart(rows)
        .mark_bar(color=FILL, stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("low:Q", title=axis, bin="binned", axis=alt.Axis(format=_format(style))),
            x2="high:Q",
            y=alt.Y("count:Q", title=label("views.records"), axis=alt.Axis(tickMinStep=1)),
        )
        .properties(width=WIDTH, height=260)
    )
    lines = [_counted(len(known), len(values) - len(known))]
    heading = title or ("" if measured else name)
    return finished(alt, drawn, frame, provenance, name=heading, lines=lines)


def lorenz(
    population_share: Iterable[float],
    value_share: Iterable[float],
    *,
    name: str,
    title: str = "",
    provenance: marks.Provenance,
) -> Chart:
    """A Lorenz curve against the line of equality (洛伦兹曲线).

    Both shares are cumulative and start at 0; ``name`` is a metric or a column, of which the
    title speaks unless there is another.
    """
    import altair as alt

    curve = pd.DataFrame({"people": [*population_share], "share": [*value_share]}, dtype=float)
    equal = pd.DataFrame({"people": [0.0, 1.0], "share": [0.0, 1.0]})
    percent = alt.Axis(format="~%")
    x = alt.X("people:Q", title=label("views.population_share"), axis=percent)
    y = alt.Y("share:Q", title=label("views.value_share"), axis=percent)
    diagonal = alt.Chart(equal).mark_line(color=QUIET, strokeDash=[5, 4]).encode(x=x, y=y)
    line = alt.Chart(curve).mark_line(color=LINE, strokeWidth=2).encode(x=x, y=y)
    key = f"metric.{name}"
    title = title or (label(key) if has_label(key) else column_label(name))
    drawn = alt.layer(diagonal, line).properties(width=360, height=360)
    lines = [label("views.equality")]
    return finished(alt, drawn, curve, provenance, name=title, lines=lines)


def scatter(across: pd.DataFrame, up: pd.DataFrame, *, marked: str = "") -> Chart:
    """Two measures of the same units against each other, a point a unit (散点图).

    Parameters
    ----------
    across, up : DataFrame
        As `measure` returns them by the same units; units that lack one of the two are counted
        and not drawn. Points stand in the order of ``up``.
    marked : str
        Code of a unit that is drawn larger, with its name.
    """
    import altair as alt

    rows = paired(across, up)
    axes: list[Any] = []
    for channel, frame, column in ((alt.X, across, "across"), (alt.Y, up, "value")):
        style = _style(frame)
        unit = numbers.unit_text(str(frame.attrs.get("unit", "")), style)
        title = label(f"metric.{frame.attrs['metric']}")
        title += label("views.in_unit", unit=unit) if unit else ""
        axis = alt.Axis(format=_format(style))
        axes.append(channel(f"{column}:Q", title=title, axis=axis, scale=alt.Scale(zero=False)))
    drawn_rows = rows.drop(columns="code").assign(name=[escape.shown(n) for n in rows["name"]])
    base = alt.Chart(drawn_rows).encode(x=axes[0], y=axes[1])
    layers = [base.mark_point(filled=True, size=60, color=FILL, opacity=0.65)]
    chosen = drawn_rows[(rows["code"] == marked).to_numpy()]
    if len(chosen):
        own = alt.Chart(chosen).encode(x=axes[0], y=axes[1])
        text = {"dy": -12, "fontSize": 13, "fontWeight": "bold"}
        layers += [
            own.mark_point(filled=False, size=160, color=SELECTED, strokeWidth=3),
            own.mark_text(stroke="white", strokeWidth=4, **text).encode(text="name:N"),
            own.mark_text(color=SELECTED, **text).encode(text="name:N"),
        ]
    titles = [metric_title(frame.attrs) for frame in (up, across)]
    told = [conditions(frame.attrs) for frame in (up, across)]
    lines = [*dict.fromkeys(told), _counted(len(rows), len(up) - len(rows))]
    sources = [*marks.kinds(None, across.attrs), *marks.kinds(None, up.attrs)]
    drawn = alt.layer(*layers).properties(width=WIDTH - 40, height=360)
    name = label("views.against", up=titles[0], across=titles[1])
    return finished(alt, drawn, up, marks.kinds(sources), name=name, lines=lines)


def paired(across: pd.DataFrame, up: pd.DataFrame) -> pd.DataFrame:
    """Units of which both measures are known: ``code``, ``name``, ``across``, ``value``."""
    other = up["code"].map(across.set_index("code")["value"])
    return up[["code", "name", "value"]].assign(across=other).dropna().reset_index(drop=True)


def _style(frame: pd.DataFrame) -> str:
    """Style of the unit; sums of yuan that are large are shown in 10,000 yuan."""
    unit = str(frame.attrs.get("unit", ""))
    large = unit == "yuan" and "value" in frame and frame["value"].abs().max() >= _LARGE
    return "wan" if large else numbers.style_of(unit)


def _format(style: str) -> str:
    return _AXIS_FORMAT.get(style, ",.2~f")


def _rows(frame: pd.DataFrame, style: str) -> pd.DataFrame:
    """Only what is drawn reaches the page."""
    texts = [numbers.number(value, style) for value in frame["value"]]
    kept = [name for name in frame if name in ("name", "name_2", "value", "n", "year")]
    drawn = frame["value"] / 10_000 if style == "wan" else frame["value"]
    return frame[kept].assign(text=texts, value=drawn).reset_index(drop=True)


def _tips(alt: Any, frame: pd.DataFrame) -> list[Any]:
    value = alt.Tooltip("text:N", title=column_label("value"))
    return (
        [value, alt.Tooltip("n:Q", title=column_label("n"), format=",")]
        if "n" in frame
        else [value]
    )


def _axis_title(frame: pd.DataFrame, style: str) -> str:
    unit = numbers.unit_text(str(frame.attrs.get("unit", "")), style)
    return label("views.unit_line", unit=unit) if unit else ""


def _counted(known: int, unknown: int) -> str:
    line = label("views.n_line", count=f"{known:,}")
    missing = f"{label('no_data')}{label('views.colon')}{unknown:,}"
    return line + (label("views.semicolon") + missing if unknown else "")


def finished(
    alt: Any,
    drawn: Any,
    frame: pd.DataFrame,
    provenance: marks.Provenance,
    *,
    name: str = "",
    lines: Iterable[str] = (),
) -> Chart:
    """The chart of what is drawn: title, conditions, source and marks of the frame, house style.

    Of a frame without a value a word is left: that it is not imported, or no data.
    """
    attrs: Mapping[Any, Any] = frame.attrs
    kinds = marks.kinds(provenance, attrs)
    title = name or metric_title(attrs)
    own = filters(attrs) if name and "metric" in attrs else "" if name else conditions(attrs)
    source = marks.source_line(kinds, marks.as_of(provenance, attrs))
    subtitle = [line for line in [own, *lines, source, *marks.marks(kinds)] if line]
    if not len(frame) or ("value" in frame and frame["value"].isna().all()):
        empty = pd.DataFrame({"text": [marks.nothing(kinds)]})
        drawn = alt.Chart(empty).mark_text(fontSize=14, color=QUIET).encode(text="text:N")
    heading = alt.TitleParams(escape.shown(title), subtitle=[escape.shown(s) for s in subtitle])
    return Chart(title, drawn.properties(title=heading).configure(**_CONFIG).to_dict())
