"""Sheets of an Excel or CSV file: cells by place, and what a spreadsheet keeps from the eye.

Values come from calamine. What it does not tell (hidden rows, formulas that were never
calculated, error values, percent formats, the 1904 date system) comes from ``package``, one
streaming pass over the sheet's XML, which also finds a stray cell before memory is laid out.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jingde_core.ledgers.package import Package, SheetNotes, open_package
from jingde_core.model.problem import DataError, Problem

Objects = npt.NDArray[np.object_]

#: a file above this is no ledger of a county
MOST_BYTES = 300_000_000
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
#: a page of the web or a spreadsheet written as text, whatever its name says
_MARKUP = re.compile(rb"[\xef\xbb\xbf\xff\xfe\s]*(<[a-z!?]|MIME-Version:)", re.I)
_DELIMITERS = ",\t;|"
#: a quoted cell over more lines than this is a quote that was never closed
_LONGEST_CELL = 60


@dataclass
class Sheet:
    """Cells of one sheet as a matrix; row i stands on line ``numbers[i]`` of the file.

    ``widths`` are the cells that each row of a CSV file has; ``merged`` are ranges (top, left,
    bottom, right), all from 0.
    """

    name: str
    cells: Objects
    numbers: list[int]
    notes: SheetNotes = field(default_factory=SheetNotes)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: bool = False
    widths: list[int] | None = None


@dataclass
class Book:
    """A file's sheets, its SHA-256, and what is to be said of the file as a whole."""

    file: str
    sha256: str
    sheets: list[Sheet]
    problems: list[Problem]
    epoch_1904: bool = False
    modified: str = ""


def read_book(path: Path) -> Book:
    """Sheets of an ``.xlsx``, ``.xls``, ``.et`` or ``.csv`` file, told by its content.

    Raises
    ------
    DataError
        ``missing_file``, ``empty_ledger``, ``damaged_file``, ``encrypted_file``, ``html_file``,
        ``unsupported_ledger``, ``too_big``: the file for what it is.
    """
    name = path.name
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _refused("too_big", name, expected=f"{MOST_BYTES // 10**6} MB")
        content = path.read_bytes()
    except OSError as error:
        raise _refused("missing_file", name, expected=error.strerror or name) from None
    book = Book(name, hashlib.sha256(content).hexdigest(), [], [])
    if not content.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise _refused("empty_ledger", name)
    if content.startswith(_OLE):
        _read_ole(content, book)
    elif content.startswith(_ZIP):
        _read_zip(content, book)
    elif _MARKUP.match(content[:2048].replace(b"\x00", b"")):
        raise _refused("html_file", name)
    elif path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".et"):
        raise _refused("damaged_file", name, found=path.suffix)
    else:
        book.sheets.append(_read_csv(content, name))
    return book


def _refused(code: str, file: str, **about: str) -> DataError:
    return DataError([Problem(code, file=file, **about)])  # type: ignore[arg-type]


def _read_ole(content: bytes, book: Book) -> None:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise _refused("encrypted_file", book.file)
    book.sheets = _calamine_sheets(content, book, None)
    book.problems.append(Problem("xls_limits", file=book.file, severity="warning"))


def _read_zip(content: bytes, book: Book) -> None:
    package = open_package(content, book.file)
    book.epoch_1904, book.modified = package.epoch_1904, package.modified
    for code in package.ignored:
        book.problems.append(Problem(code, file=book.file, severity="warning"))
    book.sheets = _calamine_sheets(content, book, package)


def _calamine_sheets(content: bytes, book: Book, package: Package | None) -> list[Sheet]:
    import python_calamine

    sheets = []
    try:
        workbook = python_calamine.load_workbook(io.BytesIO(content))
        for about in workbook.sheets_metadata:
            if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            notes = package.notes(about.name) if package else SheetNotes()
            sheet = workbook.get_sheet_by_name(about.name)
            rows = sheet.to_python(skip_empty_area=False)
            cells = _matrix(rows, max(len(rows), max(notes.filled, default=0)))
            sheets.append(
                Sheet(
                    about.name,
                    cells,
                    list(range(1, len(cells) + 1)),
                    notes,
                    [(*first, *last) for first, last in sheet.merged_cell_ranges or ()],
                    about.visible != python_calamine.SheetVisibleEnum.Visible,
                )
            )
    except python_calamine.PasswordError:
        raise _refused("encrypted_file", book.file) from None
    except DataError:
        raise
    except BaseException as error:
        # a panic of the reader below comes as a BaseException of its own; a wish to stop does not
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise _refused("damaged_file", book.file, found=type(error).__name__) from None
    return sheets


def _read_csv(content: bytes, file: str) -> Sheet:
    text = _decoded(content, file)
    lines = io.StringIO(text, newline="").readlines()
    head = "".join(lines[:20])
    delimiter = max(_DELIMITERS, key=head.count)
    records = list(_records(lines, delimiter))
    rows = [cells for _, cells in records]
    widths = [len(cells) for cells in rows]
    numbers = [number for number, _ in records]
    rows = [cells + [""] * (max(widths) - len(cells)) for cells in rows]
    return Sheet("", _matrix(rows, len(rows)), numbers, widths=widths)


def _matrix(rows: list[list[Any]], height: int) -> Objects:
    """Cells as a matrix, equal ones of a column as one object; truth values become text."""
    cells = np.full((height, max(len(rows[0]) if rows else 0, 1)), "", dtype=object)
    for column, values in enumerate(zip(*rows, strict=True)):
        if bool in set(map(type, values)):
            values = tuple(str(v).upper() if isinstance(v, bool) else v for v in values)
        one = np.empty(len(values), dtype=object)
        one[:] = values
        codes, distinct = pd.factorize(one, use_na_sentinel=False)
        cells[: len(rows), column] = distinct[codes]
    return cells


def _decoded(content: bytes, file: str) -> str:
    """Text of a CSV file: by its byte-order mark, else UTF-8, UTF-16 by its zeros, GB18030."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        tries = ["utf-16"]
    elif content[:4000].count(0) > len(content[:4000]) / 20:
        low, high = content[1:4000:2].count(0), content[:4000:2].count(0)
        tries = ["utf-16-le" if low > high else "utf-16-be"]
    else:
        tries = ["utf-8-sig", "gb18030"]
    for encoding in tries:
        try:
            return content.decode(encoding).replace("\x00", "")
        except UnicodeDecodeError:
            continue
    # a damaged character spoils its own row only: the rest is read, and the header must still hit
    return content.decode(tries[-1], errors="replace").replace("\x00", "")


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the line that each starts on; a quote never closed costs its own line only."""
    start = 0
    while start < len(lines):
        end = start + 1
        if '"' in lines[start]:
            while _open(lines, start, end) and end < min(len(lines), start + _LONGEST_CELL):
                end += 1
            if _open(lines, start, end):
                end = start + 1
                plain = lines[start].rstrip("\r\n")
                yield start + 1, plain.split(delimiter)
                start = end
                continue
        try:
            cells = next(csv.reader(lines[start:end], delimiter=delimiter), [])
        except csv.Error:
            cells = lines[start].rstrip("\r\n").split(delimiter)
            end = start + 1
        yield start + 1, cells
        start = end


def _open(lines: list[str], start: int, end: int) -> bool:
    return sum(line.count('"') for line in lines[start:end]) % 2 == 1
