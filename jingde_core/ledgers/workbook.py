"""Frames as sheets of an Excel file: headings and codes in words, text never a formula."""

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from jingde_core.model.catalogue import column_label, has_label
from jingde_core.quality.checking import shown

_EPOCH = datetime(2020, 1, 1)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def write_sheets(path: Path, sheets: Mapping[str, pd.DataFrame], *, table: str = "") -> None:
    """Write one sheet for each frame, named by its key; the same frames give the same bytes.

    Parameters
    ----------
    path : Path
        an existing file is replaced once the new one is whole.
    sheets : mapping of title to DataFrame
    table : str, optional
        the table whose headings the columns have.
    """
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    for title, frame in sheets.items():
        sheet = book.create_sheet(title[:31])
        sheet.freeze_panes = "A2"
        for x, name in enumerate(map(str, frame), start=1):
            for y, value in enumerate([heading(name, table), *frame.iloc[:, x - 1]], start=1):
                _write(sheet.cell(y, x), name, value)
            sheet.column_dimensions[get_column_letter(x)].width = 18
    save(book, path)


def save(book: Any, path: Path) -> None:
    """Save an openpyxl workbook whole or not at all; the same sheets give the same bytes."""
    drawn = io.BytesIO()
    book.save(drawn)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(_steady(drawn))
    part.replace(path)


def heading(name: str, table: str = "") -> str:
    """Heading of a column; one that the catalogue does not know heads itself."""
    known = has_label(f"column.{table}.{name}") or has_label(f"column.{name}")
    return column_label(name, table=table) if known else name


def _write(cell: Any, name: str, value: Any) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        cell.value = value if pd.notna(value) else None
    elif pd.notna(value) and value != "":
        cell.value = _CONTROL.sub("", shown(name, value))[:32_767]
        cell.data_type, cell.number_format = "s", "@"


def _steady(drawn: io.BytesIO) -> bytes:
    """The file without the time of its making."""
    steady = io.BytesIO()
    with zipfile.ZipFile(drawn) as old, zipfile.ZipFile(steady, "w") as new:
        for name in old.namelist():
            content = _STAMP.sub(
                rb"\g<1>" + f"{_EPOCH:%Y-%m-%dT%H:%M:%SZ}".encode(), old.read(name)
            )
            entry = zipfile.ZipInfo(name, _EPOCH.timetuple()[:6])
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return steady.getvalue()
