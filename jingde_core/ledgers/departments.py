"""Lists of other departments (部门数据): what each kind's columns are, and the rows of a file.

``data/departments.csv`` is the header map of every kind; ``name`` and ``id_number``, ``village``,
``birth`` find the person, all other fields are the department's own word, under the name of the
register's column that it is held against. ``data/departments/<kind>.csv`` are the checks.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.headers import find_header
from jingde_core.ledgers.idnumbers import parse_id
from jingde_core.ledgers.kinds import Field, Kind
from jingde_core.ledgers.rows import SheetRows, as_of, filled_rows, read_values, sort_rows
from jingde_core.ledgers.sheets import Sheet, read_book
from jingde_core.model.catalogue import label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem

#: what finds a person; the other fields are the department's own
FINDING = ("name", "id_number", "village", "birth_year")


@dataclass(frozen=True)
class Listed:
    """A department's list: one row a person, with ``sheet`` and ``row`` of the file.

    ``problems`` are faults of cells: sheet, row, heading, message. A row whose number is faulty
    stays and can still be found by name.
    """

    department: str
    file: str
    rows: pd.DataFrame
    problems: pd.DataFrame


@lru_cache(maxsize=1)
def departments() -> dict[str, Kind]:
    """Kinds of lists by name: civil_affairs, disabled, medical, education, ..."""
    found: dict[str, dict[str, Field]] = {}
    with (shipped("data") / "departments.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            names, targets = tuple(row["headers"].split("|")), tuple(row["target"].split())
            required = row["need"] == "yes"
            about = Field(row["field"], row["type"], required, targets=targets, headers=names)
            for department in row["departments"].split():
                found.setdefault(department, {})[row["field"]] = about
    return {
        name: Kind(
            name, fields, {plain_text(h): f.name for f in fields.values() for h in f.headers}
        )
        for name, fields in found.items()
    }


def read_list(path: str | Path, department: str) -> Listed:
    """Read a department's list (部门名单) from Excel or CSV; nothing is written.

    Parameters
    ----------
    path : str or Path
    department : str
        name in `departments`.

    Returns
    -------
    Listed
        rows: sheet, row, name, id_number, village (code), birth_year, and the department's own
        fields as codes of the register; what a cell does not say is missing.

    Raises
    ------
    KeyError
        for an unknown department; close names are listed.
    DataError
        for a file that cannot be read, or without a sheet that has the required headings.
    """
    if department not in departments():
        raise KeyError(unknown_name(department, departments()))
    kind = departments()[department]
    book = read_book(Path(path))
    parts = [
        _read_sheet(sheet, kind, book.modified, epoch_1904=book.epoch_1904)
        for sheet in book.sheets
        if not sheet.hidden
    ]
    read = [part for part in parts if part is not None]
    if not read:
        wanted = [about.headers[0] for about in kind.fields.values() if about.required]
        expected = label("list_comma").join(wanted)
        raise DataError([Problem("unknown_header", file=book.file, expected=expected)])
    rows, problems = (pd.concat(side, ignore_index=True) for side in zip(*read, strict=True))
    return Listed(department, book.file, rows, problems)


def _read_sheet(
    sheet: Sheet, kind: Kind, modified: str, *, epoch_1904: bool
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    header = find_header(sheet, [kind])
    if header is None or header.missing:
        return None
    rows = SheetRows(sheet, header, filled_rows(sheet), as_of(header.title, modified, None))
    sort_rows(rows)
    read_values(rows, epoch_1904=epoch_1904)
    lines = [rows.number(int(row)) for row in rows.data]
    frame = pd.DataFrame({"sheet": sheet.name, "row": lines}, index=rows.data)
    for name, about in kind.fields.items():
        if about.used:
            frame[name] = pd.Series(rows.values.get(name), index=rows.data, dtype=object)
    pairs = zip(frame["id_number"], frame["birth"], strict=True)
    births = [parse_id(number).birth if number else birth for number, birth in pairs]
    frame["birth_year"] = [day.year if day else float("nan") for day in births]
    said = [
        (
            *(sheet.name, rows.number(fault.row), header.texts.get(fault.column or 0, "")),
            label(f"problem.{fault.code}", found=fault.found, expected=fault.expected),
        )
        for fault in rows.faults
        if fault.row is not None
    ]
    problems = pd.DataFrame(said, columns=["sheet", "row", "heading", "message"])
    return frame.drop(columns=["town", "birth"]), problems
