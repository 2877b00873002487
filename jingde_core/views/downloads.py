"""A shown table as a file to take along: CSV or Excel in which text is never a formula."""

import base64
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from jingde_core.model.catalogue import column_label, label
from jingde_core.views import escape
from jingde_core.views.classes import missing_text
from jingde_core.views.tables import Table

#: what a spreadsheet takes for the start of a formula when it opens text
_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r\n]")
_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_EPOCH = datetime(2020, 1, 1)
_TYPES = {
    "csv": "text/csv;charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _cells(frame: pd.DataFrame) -> list[list[str | float]]:
    """Headings and rows; what is not known is its reason in words."""
    shown = [name for name in frame if name not in ("se", "small", "reason")]
    heads: list[str | float] = [column_label(str(name)) for name in shown]
    if "metric" in frame.attrs and "value" in shown:
        heads[shown.index("value")] = label(f"metric.{frame.attrs['metric']}")
    rows: list[list[str | float]] = [heads]
    for row in frame.to_dict("records"):
        reason = missing_text(str(row.get("reason") or ""))
        cells: list[str | float] = []
        for name in shown:
            value = row[name]
            if isinstance(value, int | float):
                unknown = reason if name == "value" else ""
                cells.append(value if pd.notna(value) else unknown)
            else:
                cells.append(escape.shown(value))
        rows.append(cells)
    return rows


def as_csv(frame: pd.DataFrame) -> bytes:
    """UTF-8 with its mark, which Excel needs; an apostrophe stands before what begins a formula."""
    file = io.StringIO()
    guarded = [[_guarded(cell) for cell in row] for row in _cells(frame)]
    csv.writer(file).writerows(guarded)
    return file.getvalue().encode("utf-8-sig")


def _guarded(cell: str | float) -> str | float:
    """A cell as it is, with an apostrophe before text that begins a formula in any width."""
    text = unicodedata.normalize("NFKC", cell) if isinstance(cell, str) else ""
    return f"'{cell}" if _FORMULA.match(text) else cell


def as_excel(frames: pd.DataFrame | Mapping[str, pd.DataFrame]) -> bytes:
    """A workbook of one sheet, or of one a name; the same bytes for the same frames."""
    import openpyxl

    book = openpyxl.Workbook()
    several = {str(book.active.title): frames} if isinstance(frames, pd.DataFrame) else frames
    book.remove(book.active)
    for name, frame in several.items():
        sheet = book.create_sheet(name)
        for y, row in enumerate(_cells(frame), start=1):
            for x, value in enumerate(row, start=1):
                cell = sheet.cell(y, x, value)
                if isinstance(value, str):
                    cell.data_type, cell.number_format = "s", "@"
        sheet.freeze_panes = "A2"
    drawn, steady = io.BytesIO(), io.BytesIO()
    book.save(drawn)
    stamp = rb"\g<1>" + f"{_EPOCH:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(drawn) as old, zipfile.ZipFile(steady, "w") as new:
        for name in old.namelist():
            content = _MODIFIED.sub(stamp, old.read(name))
            entry = zipfile.ZipInfo(name, _EPOCH.timetuple()[:6])
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return steady.getvalue()


def links(frame: pd.DataFrame, name: str) -> str:
    """Links that hold the files themselves: nothing is asked of a server."""
    held = (("csv", as_csv(frame)), ("xlsx", as_excel(frame)))
    return "".join(link(ending, content, name) for ending, content in held)


def workbook(frames: Mapping[str, pd.DataFrame], name: str) -> Table:
    """Frames as one Excel file to take along, a sheet a frame (导出工作簿)."""
    return Table(name, link("xlsx", as_excel(frames), name))


def link(ending: str, content: bytes, name: str) -> str:
    """A link that holds a file itself; ``ending`` is csv or xlsx."""
    held = base64.b64encode(content).decode()
    file = re.sub(r'[\\/:*?"<>|\s]+', "_", escape.shown(name))[:80]
    return (
        f'<a class="jd-download" download="{escape.text(file)}.{ending}" '
        f'href="data:{_TYPES[ending]};base64,{held}">'
        f"{escape.text(label(f'explorer.download_{ending}'))}</a>"
    )
