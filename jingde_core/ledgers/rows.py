"""What each row of a sheet is: header, data, a total, a signature, a note; and data read by column.

Every row that holds anything gets one disposition. Data rows are told apart from totals and
signatures by words of the office and by what the kind requires, never by position.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from jingde_core.geography.names import plain_text, resolve_village
from jingde_core.ledgers.cells import WARNINGS, Objects, Reading, read_column
from jingde_core.ledgers.dates import day_of, year_of
from jingde_core.ledgers.headers import Header
from jingde_core.ledgers.kinds import Field, unit_word, words
from jingde_core.ledgers.sheets import Sheet
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError

#: the year from which there is a register
_FIRST_REGISTER = 2014
#: a signature row has fewer cells than this
_SIGNED = 8
#: rows below the header in which units and column numbers may stand
_NEAR = 2
#: columns in which a total, an example or a heading repeated says so
_LEADING = 4


class Fault(NamedTuple):
    """A problem of a row (its position among the sheet's rows) and column; None for all of it."""

    code: str
    row: int | None = None
    column: int | None = None
    found: str = ""
    expected: str = ""
    warning: bool = False


@dataclass
class SheetRows:
    """A recognised sheet on its way to tables: cells, values of fields, faults, dispositions."""

    sheet: Sheet
    header: Header
    filled: npt.NDArray[np.int64]
    as_of: date | None = None
    data: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    values: dict[str, Objects] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    dispositions: dict[int, tuple[str, str]] = field(default_factory=dict)
    bad: dict[int, set[int | None]] = field(default_factory=lambda: defaultdict(set))

    def say(
        self,
        code: str,
        row: int | None,
        at: str | int | None = None,
        *,
        found: str = "",
        expected: str = "",
    ) -> None:
        """Note a problem; an error quarantines its row. ``at`` is a field or a column."""
        column = self.header.column(at) if isinstance(at, str) else at
        warning = code in WARNINGS or row is None
        self.faults.append(Fault(code, row, column, found, expected, warning))
        if not warning and row is not None:
            self.bad[row].add(column)

    @property
    def cells(self) -> Objects:
        """The sheet's cells."""
        return self.sheet.cells

    def number(self, row: int) -> int:
        """Line of the file on which a row stands."""
        return self.sheet.numbers[row]

    def there(self, name: str) -> bool:
        """Whether the sheet has a field's column."""
        return name in self.values


def filled_rows(sheet: Sheet) -> npt.NDArray[np.int64]:
    """Positions of the rows that hold anything, be it a blank or an error value."""
    some = np.array((sheet.cells != "").any(axis=1))
    if sheet.notes.filled:
        marked = np.fromiter(sheet.notes.filled, np.int64)
        some[marked[marked <= len(some)] - 1] = True
    return np.flatnonzero(some)


def sort_rows(rows: SheetRows) -> None:
    """Give each filled row that is not data its disposition; the rest is data."""
    header, cells, filled = rows.header, rows.cells, rows.filled
    for row in filled[filled <= header.last]:
        rows.dispositions[int(row)] = ("header", "header")
    below = filled[filled > header.last]
    if not len(below):
        return
    block = cells[below]
    key = [c for c, found in header.fields.items() if found.required]
    doubtful = (block[:, key] == "").any(axis=1) if key else np.ones(len(below), bool)
    doubtful |= below <= header.last + _NEAR
    repeated = {str(t) for t in cells[header.last] if t != ""}
    for column in range(min(_LEADING, block.shape[1])):
        codes, distinct = pd.factorize(block[:, column], use_na_sentinel=False)
        telling = [
            isinstance(t, str) and (t in repeated or _total(t) or _example(t)) for t in distinct
        ]
        doubtful |= np.array(telling, bool)[codes]
    whole = {top for top, left, _, right in rows.sheet.merged if right > left}
    data = np.ones(len(below), bool)
    for place in np.flatnonzero(doubtful):
        row = int(below[place])
        if reason := _reason(rows, row, merged=row in whole):
            data[place] = False
            rows.dispositions[row] = ("header" if reason == "header" else "skipped", reason)
    rows.data = below[data]


@lru_cache(maxsize=4096)
def _total(text: str) -> bool:
    plain = plain_text(text).strip(":")
    return len(plain) <= 20 and any(
        plain.endswith(word) or plain.startswith(word) for word in words()["total"]
    )


@lru_cache(maxsize=4096)
def _example(text: str) -> bool:
    return text.strip()[:2].startswith(words()["example"]) and len(text.strip()) <= 4


def _reason(rows: SheetRows, row: int, *, merged: bool) -> str:
    """Why a row is no data; empty when it is."""
    cells = [(c, v) for c, v in enumerate(rows.cells[row]) if v != ""]
    texts = [plain_text(value) for _, value in cells]
    first = texts[0] if texts else ""
    if not any(texts):
        blank = rows.number(row) in {r for r, _ in _noted(rows)}
        return "" if blank else "blank"
    above = {plain_text(v) for v in rows.cells[rows.header.last] if v != ""} - {""}
    if len(texts) > 1 and all(text in above for text in texts if text):
        return "header"
    near = row <= rows.header.last + _NEAR
    if near and all(text in words()["unit"] for text in map(_bare, texts) if text):
        return "header"
    if near and len(texts) > 2 and _counts_columns(texts):
        return "header"
    leading = [text for (column, _), text in zip(cells, texts, strict=True) if column < _LEADING]
    if any(map(_total, leading)):
        return "total"
    alone = len(cells) == 1
    if len(cells) < _SIGNED and first.startswith(words()["signature"]):
        return "signature"
    if (alone and merged) or (len(cells) < _SIGNED and first.startswith(words()["note"])):
        return "note"
    if any(map(_example, leading)):
        return "example"
    if alone and day_of(first):
        return "signature"
    kinds = {rows.header.fields[c].type if c in rows.header.fields else "" for c, _ in cells}
    return "serial_only" if kinds == {"serial"} else ""


def _bare(text: str) -> str:
    return text.strip("()[]")


def _counts_columns(texts: list[str]) -> bool:
    """Whether a row only numbers the columns: 1 2 3, or letters of the old style before."""
    plain = [text for text in texts if text not in words()["column_index"]]
    numbers = [int(text) for text in plain if text.isdecimal() and len(text) < 3]
    return len(numbers) == len(plain) and numbers == list(range(1, len(numbers) + 1))


def _noted(rows: SheetRows) -> set[tuple[int, int]]:
    return rows.sheet.notes.errors | rows.sheet.notes.formulas


def read_values(rows: SheetRows, *, epoch_1904: bool) -> None:
    """Read every used column of the data rows; what is wrong in a cell is noted with its place."""
    cells = merged_filled(rows)
    title = rows.header.title
    _check_widths(rows)
    _check_uncalculated(rows)
    for column, about in rows.header.fields.items():
        if not about.used:
            continue
        raw = cells[rows.data, column]
        if about.type == "percent":
            raw = _percents(rows, column, raw)
        reading = Reading(about, _unit(rows, column, about), epoch_1904, year_of(title), rows.as_of)
        values, said = read_column(raw, reading)
        if about.type in ("code", "card"):
            said = _with_lost_digits(values, said)
        for place, cell in said:
            row = int(rows.data[place])
            if not {column, None} & rows.bad.get(row, set()):
                rows.say(cell.code, row, column, found=cell.found, expected=cell.expected)
                if cell.code not in WARNINGS:
                    values[place] = None
        rows.values[about.name] = values
    # of a row whose cells have slipped aside none means what its heading says
    slipped = [None in rows.bad.get(row, ()) for row in rows.data.tolist()]
    for values in rows.values.values():
        values[slipped] = None
    _resolve_villages(rows)
    _repeated_rows(rows, cells)


def as_of(title: str, modified: str, given: date | None) -> date | None:
    """As of when a file's figures are: as given, as its title says, else when it was saved.

    A file saved before there was a register was not: its maker stamps a fixed or unset day.
    """
    if given is not None:
        return given
    try:
        saved = date.fromisoformat(modified[:10]) if modified else None
    except ValueError:
        saved = None
    return day_of(title) or (saved if saved and saved.year >= _FIRST_REGISTER else None)


def _unit(rows: SheetRows, column: int, about: Field) -> float:
    if column in rows.header.units:
        return rows.header.units[column]
    if about.type != "amount":
        return 1.0
    own = {"yuan": 1.0, "wan": 10_000.0}[about.unit]
    rows.say("unit_assumed", None, column, expected=unit_word(own))
    return own


def merged_filled(rows: SheetRows) -> Objects:
    """Cells with a vertically merged one in all of its rows, save where values add up."""
    cells = rows.cells
    data = set(rows.data.tolist())
    copied = False
    for top, left, bottom, _ in rows.sheet.merged:
        about = rows.header.fields.get(left)
        if top > rows.header.last and bottom > top and about and not about.total:
            if not copied:
                cells, copied = cells.copy(), True
            for row in range(top + 1, min(bottom + 1, len(cells))):
                if row in data and cells[row, left] == "":
                    cells[row, left] = cells[top, left]
    return cells


def _check_widths(rows: SheetRows) -> None:
    if rows.sheet.widths is None:
        return
    wanted = max(rows.header.texts, default=-1) + 1
    for row in rows.data.tolist():
        found = rows.sheet.widths[row]
        if found < wanted or any(cell != "" for cell in rows.cells[row, wanted:]):
            rows.say("wrong_width", row, found=str(found), expected=str(wanted))


def _check_uncalculated(rows: SheetRows) -> None:
    """Formulas that were never calculated and error values, in columns that are used."""
    places = {rows.number(int(row)): int(row) for row in rows.data} if _noted(rows) else {}
    for code, noted in (
        ("error_cell", rows.sheet.notes.errors),
        ("formula_without_value", rows.sheet.notes.formulas),
    ):
        for number, column in sorted(noted):
            row, about = places.get(number), rows.header.fields.get(column)
            if row is not None and about and about.used and rows.cells[row, column] == "":
                rows.say(code, row, column)


def _percents(rows: SheetRows, column: int, raw: Objects) -> Objects:
    marked = {row for row, at in rows.sheet.notes.percents if at == column}
    return np.array(
        [
            f"{value * 100:.12g}%"
            if isinstance(value, float) and rows.number(int(row)) in marked
            else value
            for row, value in zip(rows.data, raw, strict=True)
        ],
        dtype=object,
    )


def _with_lost_digits(values: Objects, said: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """Long numbers that all end in 0 were cut by the spreadsheet, which keeps 15 digits."""
    long = [place for place, cell in said if cell.code == "number_as_text"]
    if not long or not all(str(values[place]).endswith("0") for place in long):
        return said
    lost = set(long)
    return [
        (place, cell._replace(code="precision_lost") if place in lost else cell)
        for place, cell in said
    ]


def _resolve_villages(rows: SheetRows) -> None:
    if not rows.there("village"):
        return
    villages = rows.values["village"]
    towns = rows.values.get("town", np.full(len(villages), None, object))
    known: dict[tuple[Any, Any], tuple[str | None, Any]] = {}
    codes = np.full(len(villages), None, object)
    for place, pair in enumerate(zip(villages, towns, strict=True)):
        if pair[0] is None:
            continue
        if pair not in known:
            try:
                known[pair] = (resolve_village(pair[0], town=pair[1]), None)
            except DataError as error:
                known[pair] = (None, error.problems[0])
        codes[place], fault = known[pair]
        if fault is not None:
            row = int(rows.data[place])
            rows.say(fault.code, row, fault.column, found=fault.found, expected=fault.expected)
    rows.values["village"] = codes


def _repeated_rows(rows: SheetRows, cells: Objects) -> None:
    """A row whose every cell but its serial number stood before: the later one is at fault."""
    combined = np.zeros(len(rows.data), np.int64)
    for column in range(cells.shape[1]):
        about = rows.header.fields.get(column)
        if about is None or about.type != "serial":
            codes, distinct = pd.factorize(cells[rows.data, column], use_na_sentinel=False)
            combined = pd.factorize(combined * (len(distinct) + 1) + codes)[0].astype(np.int64)
    _, firsts, inverse = np.unique(combined, return_index=True, return_inverse=True)
    for place in np.flatnonzero(firsts[inverse] != np.arange(len(combined))):
        first = rows.number(int(rows.data[firsts[inverse[place]]]))
        rows.say("repeated_row", int(rows.data[place]), expected=label("problem.row", row=first))


def check_totals(rows: SheetRows) -> None:
    """Totals against the rows that they sum: from any total before, or up to any after."""
    totals = sorted(r for r, (_, why) in rows.dispositions.items() if why == "total")
    for column, about in rows.header.fields.items():
        if not about.total or not totals or about.name not in rows.values:
            continue
        unit = rows.header.units.get(column, 10_000.0 if about.unit == "wan" else 1.0)
        loose = about.__class__(about.name, about.type)
        printed, _ = read_column(rows.cells[totals, column], Reading(loose, unit))
        numbers = [v or 0.0 for v in rows.values[about.name]]
        unread = [bool({column, None} & rows.bad.get(row, set())) for row in rows.data.tolist()]
        running = np.vstack([[0.0, 0.0], np.cumsum([numbers, unread], axis=1).T])
        # what all data rows above each total come to, with nothing before and all behind
        above = running[[0, *rows.data.searchsorted(totals), -1]]
        for place, (row, value) in enumerate(zip(totals, printed, strict=True), start=1):
            if value is None:
                continue
            sums = [above[place] - above[:place], above[place + 1 :] - above[place], running[-1:]]
            if not (np.abs(np.vstack(sums)[:, 0] - value) <= 0.011 * unit).any():
                part = any(words()["subtotal"][0] in plain_text(c) for c in rows.cells[row])
                expected, unknown = sums[0][-1] if part else running[-1]
                if unknown:
                    continue
                rows.say(
                    "wrong_sum",
                    row,
                    column,
                    found=f"{value:.15g}",
                    expected=f"{round(expected, 2):.15g}",
                )
