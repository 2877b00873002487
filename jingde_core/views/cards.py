"""A file card as HTML: sections that a click opens, nothing that runs; and figures side by side.

Rows of households are left out for a leader before they reach this view (`county.cards`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.county import cards, measure
from jingde_core.model.catalogue import label
from jingde_core.views import escape, numbers
from jingde_core.views.classes import missing_text
from jingde_core.views.tables import Table, table

if TYPE_CHECKING:
    from jingde_core.county import County

#: yuan from which on a figure is told in ten thousands
_MANY = 50_000
_STYLE = """<style>
.jd-card table { margin: 0 0 8px; }
.jd-card { border: 1px solid #ccc; padding: 8px 14px; margin: 6px 0 14px; max-width: 1000px; }
.jd-card h3 { font-size: 15px; margin: 4px 0; }
.jd-card summary { cursor: pointer; font-size: 14px; font-weight: 600; padding: 4px 0; }
.jd-card .jd-hint, .jd-card .jd-foot { font-size: 12px; color: #555; }
.jd-card details .jd-foot { display: none; }
.jd-card > .jd-foot { display: block; }
</style>"""


def file_card(county: "County", kind: str, record: str) -> Table:
    """All that the register holds of one record, a question a click (档案卡).

    Arguments and errors as for `county.cards.card`.
    """
    found = cards.card(county, kind, record)
    parts = [f"<h3>{escape.text(found.title)}</h3>"]
    parts.append(f'<div class="jd-hint">{escape.text(label("card.hint"))}</div>')
    foot = ""
    for section, frames in found.sections.items():
        drawn = [_drawn(frame) for frame in frames]
        # every frame of a card has the same source and marks: they stand once, below
        foot = drawn[0][drawn[0].index('<div class="jd-foot">') :]
        state = " open" if section == "facts" else ""
        heading = escape.text(label(f"card.{section}"))
        inner = "".join(drawn)
        parts.append(f"<details{state}><summary>{heading}</summary>{inner}</details>")
    return Table(found.title, f'{_STYLE}<div class="jd-card">{"".join(parts)}{foot}</div>')


def _drawn(frame: pd.DataFrame) -> str:
    return table(frame, name=str(frame.attrs["table"]), styles={"share": "percent"}).html


def figures(
    county: "County",
    asked: Mapping[str, tuple[str, Mapping[str, Any]]],
    *,
    title: str,
    styles: Mapping[str, str] = MappingProxyType({}),
) -> Table:
    """Figures of the whole county as a short table (指标一览).

    Parameters
    ----------
    asked : mapping
        What a figure is called, to metric and arguments of `measure`.
    styles : mapping, optional
        Name of a figure to a style of `numbers.STYLES`; ``wan`` for sums of yuan otherwise.
    """
    rows, kinds = [], []
    for name, (metric, arguments) in asked.items():
        frame = measure(county, metric, **arguments)
        unit, value = str(frame.attrs["unit"]), frame["value"].iloc[0]
        usual = "wan" if unit == "yuan" and abs(value) >= _MANY else ""
        figure = numbers.quantity(value, unit, styles.get(name, usual))
        figure = missing_text(frame["reason"].iloc[0]) if pd.isna(value) else figure
        rows.append({"indicator": name, "figure": figure, "counted": frame["n"].iloc[0]})
        kinds += frame.attrs["provenance"]
    told = pd.DataFrame(rows)
    told.attrs = {"provenance": sorted(set(kinds)), "as_of": county.as_of}
    return table(told, title=title)
