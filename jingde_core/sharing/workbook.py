"""Tables as an office hands them in: title, unit and date, ruled cells, a row to sign.

Text is never a formula and codes stay text, so that nothing is executed and no number of
eighteen digits loses its end; what is not known says so and is never an empty cell.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from jingde_core.model.catalogue import column_label, has_label, label, value_label
from jingde_core.privacy import audience
from jingde_core.sharing.files import deliver, written
from jingde_core.sharing.guard import Guard
from jingde_core.views import downloads, escape, marks, numbers
from jingde_core.views.classes import missing_text
from jingde_core.views.painting import metric_title

_FORMATS = {"percent": "0.00%", "count": "#,##0", "index": "0.000", "wan": "#,##0.00"}
_FOLDED = ("se", "small", "reason", "code", "code_2")


def workbook(
    frames: Mapping[str, pd.DataFrame],
    path: str | Path,
    *,
    styles: Mapping[str, str] | None = None,
    provenance: marks.Provenance = None,
) -> Path:
    """One workbook of official tables, a sheet for each frame (导出Excel).

    Parameters
    ----------
    frames : mapping of title to frame
        As `measure` returns them, or any table of the county.
    styles : mapping, optional
        Column to number style (`numbers.STYLES`); ``wan`` divides yuan by ten thousand.
    provenance : optional
        Needed where a frame does not say its own.

    Returns
    -------
    Path
        The file, the same bytes for the same frames; beside ``path`` where that is locked.

    Raises
    ------
    DataError
        for data without provenance, or naming every person found.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, frame in frames.items():
        sheet = book.create_sheet("".join(c for c in title if c not in "[]:*?/\\'")[:31] or None)
        _filled(sheet, title, frame, dict(styles or {}), provenance)
    return deliver(book, path)


def csv_file(frame: pd.DataFrame, path: str | Path) -> Path:
    """A frame as CSV that Excel opens rightly (导出CSV): UTF-8 with its mark.

    Before text that would begin a formula stands an apostrophe, which is no part of it.
    """
    strict = audience() == "leader"
    content = Guard().passed(downloads.as_csv(frame), file=Path(path).name, records=strict)
    return written(Path(path), content)


def _filled(
    sheet: Any,
    title: str,
    frame: pd.DataFrame,
    styles: dict[str, str],
    provenance: marks.Provenance,
) -> None:
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.utils import get_column_letter

    kinds = marks.kinds(provenance, frame.attrs)
    measured = "metric" in frame.attrs and "value" in frame
    names = [str(name) for name in frame if not (measured and name in _FOLDED)]
    unit = str(frame.attrs.get("unit", "")) if measured else ""
    styles = ({"value": numbers.style_of(unit)} if measured else {}) | styles
    line = Side(style="thin")
    width = len(names)
    told = label("sharing.unit_line", unit=numbers.unit_text(unit, styles.get("value", "")) or "—")
    source = marks.source_line(kinds, marks.as_of(provenance, frame.attrs))
    _write(sheet.cell(1, 1), title, "").font = Font(size=16, bold=True)
    sheet.cell(1, 1).alignment = Alignment(horizontal="center")
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=max(width, 2))
    _write(sheet.cell(2, 1), f"{told}    {source}" if measured else source, "")
    for x, name in enumerate(names, start=1):
        head = _heading(frame, name) if measured else _known(name)
        _write(sheet.cell(3, x), head, "").font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(x)].width = 18
    for y, row in enumerate(frame.to_dict("records"), start=4):
        for x, name in enumerate(names, start=1):
            _write(sheet.cell(y, x), _shown(row, name, measured), styles.get(name, ""), name)
    for cells in sheet.iter_rows(min_row=3, max_row=3 + len(frame), max_col=width):
        for cell in cells:
            cell.border = Border(left=line, right=line, top=line, bottom=line)
    below = [*marks.marks(kinds), label("sharing.signatures")]
    for y, text in enumerate(below, start=5 + len(frame)):
        _write(sheet.cell(y, 1), text, "")
    sheet.freeze_panes = "A4"
    sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = sheet.PAPERSIZE_A4, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _heading(frame: pd.DataFrame, name: str) -> str:
    below = f"denominator.{frame.attrs.get('denominator')}"
    if name == "value":
        return metric_title(frame.attrs)
    return label(below) if name == "denominator" and has_label(below) else _known(name)


def _known(name: str) -> str:
    return column_label(name) if has_label(f"column.{name}") else name


def _shown(row: Mapping[Any, Any], name: str, measured: bool) -> Any:
    value = row[name]
    if pd.isna(value):
        return missing_text(str(row.get("reason") or "") if measured and name == "value" else "")
    if isinstance(value, bool):
        return label("views.yes" if value else "views.no")
    plain = isinstance(value, int | float) or hasattr(value, "strftime")
    return value if plain else value_label(name, value)


def _write(cell: Any, value: Any, style: str, name: str = "") -> Any:
    """A number in its format, or text that stays text."""
    if isinstance(value, int | float):
        year = name == "year" or name.endswith("_year")
        cell.value = value / 10_000 if style == "wan" else value
        cell.number_format = "0" if year else _FORMATS.get(style, "#,##0.##")
    elif hasattr(value, "strftime"):
        cell.value, cell.number_format = value.to_pydatetime(), "yyyy-mm-dd"
    else:
        cell.value = escape.shown(value)[:32_767]
        cell.data_type, cell.number_format = "s", "@"
    return cell
