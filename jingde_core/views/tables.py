"""Tables for readers: headings from the catalogue, numbers in the house style, marks below.

What a cell holds is text and is escaped; what is not known says so and is never a zero or
an empty cell. The index of a frame is not shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api import types

from jingde_core.model.catalogue import column_label, has_label, label, value_label
from jingde_core.views import escape, marks, numbers
from jingde_core.views.classes import missing_text
from jingde_core.views.painting import conditions, metric_title

#: columns of a measured frame that are told by the value's own cell or not at all
_FOLDED = ("se", "small", "reason")
_STYLE = """<style>
table.jd-table { border-collapse: collapse; font-size: 13.5px; line-height: 1.6; }
table.jd-table caption { caption-side: top; text-align: left; font-weight: 600; padding: 4px 0; }
table.jd-table th, table.jd-table td { padding: 3px 12px; text-align: left;
  border-bottom: 1px solid #ddd; }
table.jd-table thead th { border-top: 2px solid #444; border-bottom: 1px solid #444;
  font-weight: 600; }
table.jd-table tbody tr:last-child td { border-bottom: 2px solid #444; }
table.jd-table thead th, table.jd-table .jd-number { white-space: nowrap; }
table.jd-table .jd-number { text-align: right; font-variant-numeric: tabular-nums; }
table.jd-table .jd-none { color: #777; text-align: right; }
table.jd-table .jd-flag { color: #a61c1c; font-size: 12px; margin-right: 8px; }
.jd-foot { font-size: 12px; color: #555; margin: 2px 0 14px; }
.jd-foot .jd-marks { color: #a61c1c; font-weight: 600; }
</style>"""


@dataclass(frozen=True)
class Table:
    """A table ready to show."""

    title: str
    html: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"Table({self.title})"


def table(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    styles: Mapping[str, str] | None = None,
    name: str = "",
    title: str = "",
    limit: int = 100,
    rank: bool = False,
    scenario: bool = False,
    provenance: marks.Provenance = None,
) -> Table:
    """A frame as a table with Chinese headings, units, source line and marks (数据表).

    Parameters
    ----------
    frame : DataFrame
        As `measure` returns it, or any table of the county.
    columns : sequence of str, optional
        Columns to show, in order; by default all, a measured frame without its codes.
    styles : mapping, optional
        Column to number style (`numbers.STYLES`): ``{"amount": "wan"}``.
    name : str
        Name of the table, for headings that differ by table.
    limit : int
        Most rows shown; how many there are is then said.
    rank : bool
        Largest ``value`` first; while data are synthetic only for an analyst.

    Returns
    -------
    Table
        An empty frame gives headings and one row that says there are no data.

    Raises
    ------
    DataError
        where neither the frame nor ``provenance`` says where the data come from.
    """
    attrs = frame.attrs
    kinds = marks.kinds(provenance, attrs)
    measured = "metric" in attrs and "value" in frame
    if rank and marks.may_rank(kinds, attrs):
        frame = frame.sort_values("value", ascending=False, kind="stable")
    hidden = (*_FOLDED, "code", "code_2") if measured else ()
    shown = list(columns or [str(c) for c in frame if c not in hidden])
    wanted = dict(styles or {})
    if measured:
        wanted = {"value": numbers.style_of(str(attrs.get("unit", "")))} | wanted
    heads = [_heading(frame, column, wanted, name, measured) for column in shown]
    rows = [
        "".join(_cell(row, column, wanted, measured=measured) for column in shown)
        for row in frame.head(limit).to_dict("records")
    ]
    if not rows:
        rows = [
            f'<td class="jd-none" colspan="{len(shown)}">{escape.text(marks.nothing(kinds))}</td>'
        ]
    title = title or (metric_title(attrs) if measured else "")
    lines = [conditions(attrs)] if measured else []
    if len(frame) > limit:
        lines.append(label("views.rows_shown", count=f"{len(frame):,}", shown=limit))
    lines.append(marks.source_line(kinds, marks.as_of(provenance, attrs)))
    html = (
        f'{_STYLE}<table class="jd-table">'
        + (f"<caption>{escape.text(title)}</caption>" if title else "")
        + f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
        + "".join(f"<tr>{row}</tr>" for row in rows)
        + f"</tbody></table>{foot(lines, marks.marks(kinds, scenario=scenario))}"
    )
    return Table(title, html)


def foot(lines: Sequence[str], stamps: Sequence[str]) -> str:
    """Source lines and marks as they stand below a table or a sentence."""
    shown = [f'<div class="jd-marks">{escape.text(stamp)}</div>' for stamp in stamps]
    shown += [f"<div>{escape.text(line)}</div>" for line in lines if line]
    return f'<div class="jd-foot">{"".join(shown)}</div>'


def _numeric(frame: pd.DataFrame, column: str) -> bool:
    return types.is_numeric_dtype(frame[column]) and not types.is_bool_dtype(frame[column])


def _heading(
    frame: pd.DataFrame, column: str, styles: Mapping[str, str], name: str, measured: bool
) -> str:
    text = column_label(column, table=name)
    unit = ""
    if measured and column == "value":
        text = label(f"metric.{frame.attrs['metric']}")
        unit = numbers.unit_text(str(frame.attrs.get("unit", "")), styles["value"])
    elif styles.get(column) == "wan":
        text = text.removesuffix(label("views.in_unit", unit=label("unit.yuan")))
        unit = label("views.unit_wan")
    elif measured and column == "denominator":
        key = f"denominator.{frame.attrs.get('denominator')}"
        text = label(key) if has_label(key) else text
    text += label("views.in_unit", unit=unit) if unit else ""
    kind = ' class="jd-number"' if _numeric(frame, column) else ""
    return f"<th{kind}>{escape.text(text)}</th>"


def _cell(row: Mapping[Any, Any], column: str, styles: Mapping[str, str], *, measured: bool) -> str:
    value = row[column]
    if pd.isna(value):
        reason = row.get("reason", "") if measured and column == "value" else ""
        text = missing_text("" if pd.isna(reason) else str(reason))
        return f'<td class="jd-none">{escape.text(text)}</td>'
    if isinstance(value, bool):
        return f"<td>{escape.text(label('views.yes' if value else 'views.no'))}</td>"
    if isinstance(value, int | float):
        year = column == "year" or column.endswith("_year")
        text = str(int(value)) if year else numbers.number(value, styles.get(column, "plain"))
        small = measured and column == "value" and bool(row.get("small", False))
        flag = f'<span class="jd-flag">{escape.text(label("views.small_flag"))}</span>'
        return f'<td class="jd-number">{flag if small else ""}{escape.text(text)}</td>'
    text = value.strftime("%Y-%m-%d") if hasattr(value, "strftime") else value_label(column, value)
    return f"<td>{escape.text(text)}</td>"


@dataclass(frozen=True)
class Sentence:
    """A sentence with its numbers written out, and the marks of their data."""

    text: str
    stamps: tuple[str, ...]

    def _repr_html_(self) -> str:
        return f'{_STYLE}<p class="jd-sentence">{escape.text(self.text)}</p>{foot([], self.stamps)}'

    def __str__(self) -> str:
        return self.text


def sentence(template: str, *, provenance: marks.Provenance, **values: Any) -> Sentence:
    """A sentence whose placeholders are written in the house style (数字表述).

    ``template`` is a catalogue key or the text itself; ``{name:style}`` takes a style of
    `numbers.STYLES`. A value that is not known reads as no data; of tables that are not
    imported nothing is said.
    """
    text, kinds = label(template) if has_label(template) else template, marks.kinds(provenance)
    said = label("views.unsaid") if "missing" in kinds else numbers.sentence(text, **values)
    return Sentence(said, marks.marks(kinds))
