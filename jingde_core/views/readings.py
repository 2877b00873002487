"""What stands below an explorer's map, as HTML: card of a unit, table, distribution, trend.

Each is a function of the county and of what is shown; none knows a widget.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.metrics import METRICS
from jingde_core.model.catalogue import has_label, label
from jingde_core.views import (
    charts,
    downloads,
    escape,
    exploration,
    marks,
    numbers,
    painting,
    tables,
)
from jingde_core.views.classes import missing_text
from jingde_core.views.exploration import Exploration
from jingde_core.views.painting import metric_title

if TYPE_CHECKING:
    from jingde_core.county import County


def detail(county: "County", seen: Exploration) -> str:
    """Key indicators of the chosen unit, of the county where none is chosen."""
    by = seen.level if seen.unit else "county"
    rows, sources = [], []
    for name in exploration.KEY_METRICS:
        year = exploration.nearest(county, name, seen.year)
        frame = exploration.measured(county, seen, name=name, by=by, year=year)
        row = frame[frame["code"] == (seen.unit or frame["code"][0])].iloc[0]
        rows.append({"indicator": label(f"metric.{name}"), **_told(row, frame, year)})
        sources += frame.attrs["provenance"]
    units = exploration.units(county, seen.level)
    names = dict(zip(units["code"], units["name"], strict=True))
    title = label("explorer.card", name=names.get(seen.unit, label("explorer.whole")))
    title = _titled(title, exploration.filtered_by(county, seen, "persons"))
    card = tables.table(pd.DataFrame(rows), title=title, provenance=sorted(set(sources)))
    return card.html if seen.unit else _note("explorer.click_hint") + card.html


def _told(row: "pd.Series[Any]", frame: pd.DataFrame, year: int | None) -> dict[str, str]:
    figure = missing_text(str(row["reason"]))
    if pd.notna(row["value"]):
        figure = numbers.quantity(row["value"], str(frame.attrs["unit"]))
        figure = _titled(figure, label("views.small_flag") if row["small"] else "")
    key = f"denominator.{frame.attrs['denominator']}"
    below = numbers.number(row["denominator"], "count") if pd.notna(row["denominator"]) else ""
    return {
        "year": label("explorer.now") if year is None else str(year),
        "figure": figure,
        "counted": numbers.number(row["n"], "count"),
        "below": (label(key) + label("views.colon") if below and has_label(key) else "") + below,
    }


def table(county: "County", seen: Exploration, *, download: bool = True) -> str:
    """The tables of what the maps show, largest first where places may be ranked."""
    found = []
    for frame, title in _shown(county, seen):
        kinds, styles = frame.attrs["provenance"], {}
        if "change" in frame:
            if marks.may_rank(marks.kinds(kinds), frame.attrs):
                frame = frame.sort_values("change", kind="stable")
            style = numbers.style_of(str(frame.attrs["unit"]))
            styles = dict.fromkeys(["earlier", "later"], style)
        columns = [c for c in ("name", "earlier", "later", "change") if c in frame]
        drawn = tables.table(
            frame,
            columns=columns if "change" in frame else None,
            styles=styles,
            title=title,
            rank="change" not in frame,
            provenance=kinds,
        )
        files = downloads.links(frame, title) if download else ""
        found.append(f"<div>{files}{drawn.html}</div>")
    return f'<div class="jd-side">{"".join(found)}</div>'


def _shown(county: "County", seen: Exploration) -> list[tuple[pd.DataFrame, str]]:
    """Frame and title of each map."""
    if exploration.differs(seen):
        frame = exploration.kept(county, seen, exploration.change(county, seen))
        unit = numbers.unit_text(str(frame.attrs["unit"]), "")
        title = exploration.change_title(seen) + label("views.in_unit", unit=unit)
        own = frame[["code", "name", "earlier", "later", "value"]]
        own = own.rename(columns={"value": "change"})
        own.attrs = {n: frame.attrs[n] for n in ("provenance", "by")}
        own.attrs["unit"] = METRICS[seen.metric].unit
        return [(own, _titled(title, painting.filters(frame.attrs)))]
    frames = [exploration.pane_frame(county, seen, p) for p in range(len(exploration.panes(seen)))]
    return [(frame, metric_title(frame.attrs)) for frame in frames]


def spread(county: "County", seen: Exploration) -> str:
    """How the units' values are distributed, and over how many persons."""
    found = []
    for frame, title in _shown(county, seen):
        column = "change" if "change" in frame else "value"
        if not frame[column].notna().any():
            return _note("explorer.no_spread")
        source = frame.attrs["provenance"]
        unit = "percentage_points" if column == "change" and frame.attrs["unit"] == "1" else ""
        unit = unit or str(frame.attrs["unit"])
        found.append(
            charts.histogram(frame, column=column, unit=unit, provenance=source, title=title)
        )
        curve = exploration.shares(county, frame, seen.level) if column == "value" else None
        if curve is not None:
            heading = label("explorer.lorenz", title=title)
            name = frame.attrs["metric"]
            drawn = charts.lorenz(
                curve["p"], curve["L"], name=name, title=heading, provenance=source
            )
            found.append(drawn)
    return _pictures(found)


def trend(county: "County", seen: Exploration) -> str:
    """The county over the years, and the chosen unit beside it."""
    frame = exploration.history(county, seen)
    if frame is None:
        return _note("explorer.no_years")
    return _pictures([charts.trend(frame, series="name" if seen.unit else None)])


def scatter(county: "County", seen: Exploration) -> tuple[charts.Chart, list[list[str]]]:
    """Second indicator against the first, and code and name of each point in order."""
    across = exploration.measured(
        county,
        seen,
        name=seen.other_metric,
        year=exploration.nearest(county, seen.other_metric, seen.year),
    )
    up = exploration.pane_frame(county, seen)
    pairs = charts.paired(across, up)
    points = [
        [str(code), escape.shown(name)]
        for code, name in zip(pairs["code"], pairs["name"], strict=True)
    ]
    return charts.scatter(across, up, marked=seen.unit), points


def _titled(title: str, more: str) -> str:
    return label("explorer.filtered", title=title, filters=more) if more else title


def _note(key: str) -> str:
    return f'<p class="jd-said">{escape.text(label(key))}</p>'


def _pictures(drawn: Iterable[charts.Chart]) -> str:
    return f'<div class="jd-side">{"".join(f"<div>{each.svg}</div>" for each in drawn)}</div>'
