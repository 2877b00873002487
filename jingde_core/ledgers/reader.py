"""A ledger file read, told and sorted: what is accepted, what is quarantined, and why.

Nothing is written and nothing is lost: accepted, quarantined, skipped and header rows make up
every row of the file that holds anything.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.headers import find_header
from jingde_core.ledgers.idnumbers import parse_id
from jingde_core.ledgers.kinds import Kind, kind_of, kinds, unit_word, words
from jingde_core.ledgers.quarantine import Kept
from jingde_core.ledgers.report import Report
from jingde_core.ledgers.rows import (
    Fault,
    SheetRows,
    check_totals,
    filled_rows,
    read_values,
    sort_rows,
)
from jingde_core.ledgers.rows import (
    as_of as day_of_figures,
)
from jingde_core.ledgers.sheets import Book, Sheet, read_book
from jingde_core.model.catalogue import has_label, label
from jingde_core.model.problem import DataError, Problem

ROW_COLUMNS = ("file", "sheet", "row", "disposition", "kind", "reason")
PROBLEM_COLUMNS = (
    *("file", "sheet", "row", "column", "header", "raw", "code", "severity", "message", "fix"),
)
_DERIVED = "households of persons"
#: fields whose cells a message never repeats
_SECRET = ("name", "id_number", "phone", "card")


def read(path: str | Path, kind: str | None = None, *, as_of: date | None = None) -> Report:
    """Read a ledger file of the office (台账导入): rows, problems, tables; nothing is written.

    Parameters
    ----------
    path : str or Path
        ``.xlsx``, ``.xls``, ``.et`` or ``.csv``, told by its content.
    kind : str, optional
        ``person``, ``household``, ``village``, ``asset``, ``ledger``, ``flood``, ``relief``,
        ``loan``, ``post``, ``project``, ``pv``, ``risk`` or ``problem``; by default what the
        headings of each sheet fit best.
    as_of : date, optional
        as of when the figures are; by default the day that the title names, else the day on
        which the file was saved. Births after it are faults.

    Returns
    -------
    Report
        A file that cannot be read has no rows and one problem that says what it is.

    Raises
    ------
    KeyError
        for an unknown kind.
    """
    choice = list(kinds().values()) if kind is None else [kind_of(kind)]
    path = Path(path)
    try:
        book = read_book(path)
    except DataError as error:
        book = Book(path.name, "", [], list(error.problems))
    log = _Log(book)
    recognised, read_sheets = 0, []
    for sheet in book.sheets:
        rows, known = _read_sheet(log, sheet, choice, as_of)
        recognised += known
        read_sheets += [rows] if rows else []
    _check_sheets(log, read_sheets)
    if book.sheets and not recognised:
        expected = label("list_comma").join(_wanted(choice))
        log.of_file(Problem("unknown_header", file=book.file, expected=expected))
    return log.report()


def _wanted(choice: Sequence[Kind]) -> list[str]:
    if len(choice) == 1:
        return [about.headers[0] for about in choice[0].fields.values() if about.required]
    return [label(f"ledger.kind.{kind.name}") for kind in choice]


def _read_sheet(
    log: "_Log", sheet: Sheet, choice: Sequence[Kind], given: date | None
) -> tuple[SheetRows | None, bool]:
    """A sheet's data with its values, where there are any; and whether it was recognised."""
    filled = filled_rows(sheet)
    explains = any(word in sheet.name for word in words()["explanation"])
    if sheet.hidden or explains:
        log.whole_sheet(sheet, filled, "hidden_sheet" if sheet.hidden else "explanation_sheet")
        return None, find_header(sheet, choice) is not None
    header = find_header(sheet, choice)
    if header is None:
        if len(filled):
            log.whole_sheet(sheet, filled, "unknown_sheet")
        return None, False
    rows = SheetRows(sheet, header, filled, day_of_figures(header.title, log.book.modified, given))
    _say_columns(rows)
    if _refuse(rows):
        for row in filled.tolist():
            above = row <= header.last
            place = ("header", "header") if above else ("quarantined", "rejected_sheet")
            rows.dispositions[row] = place
        log.sheet(rows, {})
        return None, True
    sort_rows(rows)
    if not len(rows.data):
        rows.say("empty_ledger", None)
        rows.faults[-1] = rows.faults[-1]._replace(warning=False)
        log.sheet(rows, {})
        return None, True
    read_values(rows, epoch_1904=log.book.epoch_1904)
    return rows, True


def _check_sheets(log: "_Log", sheets: list[SheetRows]) -> None:
    """Rules over and within the sheets, then their tables: one town a sheet is one ledger."""
    if not sheets:
        return
    from jingde_core.ledgers.rules import check_across, check_rows
    from jingde_core.ledgers.tables import build_tables

    check_across(sheets)
    for rows in sheets:
        check_rows(rows)
        check_totals(rows)
        for row in rows.data.tolist():
            if rows.number(row) in rows.sheet.notes.hidden_rows:
                rows.say("hidden_row", row)
        log.sheet(rows, build_tables(rows))


def _say_columns(rows: SheetRows) -> None:
    """Headings that are not used, or stand twice: by their letters."""
    header = rows.header
    plain = [column for column in header.texts if column not in header.fields]
    twice = {second for _, second in header.repeated}
    for column in plain:
        if column not in twice and not _of_quarantine(header.texts[column]):
            rows.say("unused_column", None, column, found=header.texts[column])
    seen: dict[str, int] = {}
    for column, text in sorted(header.texts.items()):
        first = seen.setdefault(text, column)
        if first != column and column not in twice:
            rows.say("repeated_heading", None, column, found=text, expected=letter(first))


def _of_quarantine(text: str) -> bool:
    return any(text.startswith(w) for w in (*words()["reason_column"], *words()["source_column"]))


def _refuse(rows: SheetRows) -> bool:
    """Say why a sheet cannot be read as its kind; returns whether there is a reason."""
    header, before = rows.header, len(rows.faults)
    for column in header.refused:
        wanted = header.kind.fields[header.fields[column].targets[0]].headers[0]
        apart = header.column(header.fields[column].targets[0]) is not None
        code = "unused_column" if apart else "other_definition"
        rows.say(code, None, column, found=header.texts[column], expected=wanted)
    refused = any(fault.code == "other_definition" for fault in rows.faults)
    for about in header.missing:
        if not refused:
            rows.say("missing_heading", None, expected=about.headers[0])
    for first, second in header.repeated:
        below = slice(header.last + 1, None)
        same = np.array_equal(rows.cells[below, first], rows.cells[below, second])
        code = "repeated_heading" if same else "contradicting_columns"
        text = header.texts[second]
        rows.say(code, None, second, found=text, expected=letter(first))
    fatal = {"other_definition", "missing_heading", "contradicting_columns"}
    rows.faults = [
        fault._replace(warning=fault.code not in fatal) if at >= before else fault
        for at, fault in enumerate(rows.faults)
    ]
    return any(fault.code in fatal for fault in rows.faults)


def letter(column: int) -> str:
    """A column's letter as a spreadsheet shows it: 0 is A, 26 is AA."""
    text, column = "", column + 1
    while column:
        column, digit = divmod(column - 1, 26)
        text = chr(65 + digit) + text
    return text


class _Log:
    """What the sheets of a book come to, until it is a report."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.rows: list[pd.DataFrame] = []
        self.problems: list[tuple[Any, ...]] = []
        self.columns: list[tuple[Any, ...]] = []
        self.tables: dict[str, list[pd.DataFrame]] = {}
        self.places: dict[str, list[pd.DataFrame]] = {}
        self.kept: list[Kept] = []
        self.days: list[date] = []
        self.unread: list[pd.DataFrame] = []
        self.mended = False
        for problem in book.problems:
            self.of_file(problem)

    def of_file(self, problem: Problem) -> None:
        """A problem of the file or a whole sheet."""
        fault = Fault(
            problem.code,
            found=problem.found,
            expected=problem.expected,
            warning=problem.severity == "warning",
        )
        self._add(fault, problem.sheet, None, None, "", "")

    def _add(
        self, fault: Fault, sheet: str, row: int | None, column: int | None, header: str, raw: Any
    ) -> None:
        shown = letter(column) if column is not None else ""
        place = Problem(fault.code, file=self.book.file, sheet=sheet, row=row, column=shown).place
        what = label(f"problem.{fault.code}", found=fault.found, expected=fault.expected)
        cure = label(f"cure.{fault.code}") if has_label(f"cure.{fault.code}") else ""
        at = f"{place} {header}".strip()
        message = label("problem.sentence", place=at, what=what, cure=cure)
        severity = "warning" if fault.warning else "error"
        self.problems.append(
            (self.book.file, sheet, row, shown, header, raw, fault.code, severity, message, cure)
        )

    def whole_sheet(self, sheet: Sheet, filled: Any, code: str) -> None:
        """A sheet that is not read: its rows are skipped and counted."""
        problem = Problem(code, sheet=sheet.name, found=str(len(filled)), severity="warning")
        self.of_file(problem)
        self._rows(sheet, filled.tolist(), [("skipped", code)] * len(filled), "")

    def _rows(
        self, sheet: Sheet, rows: list[int], places: list[tuple[str, str]], kind: str
    ) -> None:
        self.rows.append(
            pd.DataFrame(
                {
                    "file": self.book.file,
                    "sheet": sheet.name,
                    "row": [sheet.numbers[row] for row in rows],
                    "disposition": [place[0] for place in places],
                    "kind": kind,
                    "reason": [place[1] for place in places],
                }
            )
        )

    def sheet(self, rows: SheetRows, tables: dict[str, pd.DataFrame]) -> None:
        """A recognised sheet: its rows, problems, tables and quarantined cells."""
        header, name, filled = rows.header, rows.sheet.name, rows.filled
        codes: dict[int, list[str]] = {}
        for fault in sorted(rows.faults, key=lambda f: (f.row or -1, f.column or -1)):
            if fault.row is not None and not fault.warning:
                codes.setdefault(fault.row, []).append(fault.code)
            self._of_cell(rows, fault)
        places = [
            rows.dispositions.get(row)
            or (
                ("quarantined", ";".join(dict.fromkeys(codes[row])))
                if row in codes
                else ("accepted", "")
            )
            for row in filled.tolist()
        ]
        self._rows(rows.sheet, filled.tolist(), places, header.kind.name)
        quarantined = [
            row
            for row, place in zip(filled.tolist(), places, strict=True)
            if place[0] == "quarantined"
        ]
        if quarantined:
            self.kept.append(Kept.of(rows, quarantined))
        self._of_store(rows, quarantined)
        for table, frame in tables.items():
            numbers = [rows.number(int(row)) for row in frame.index]
            place_of = pd.DataFrame({"file": self.book.file, "sheet": name, "row": numbers})
            own = table if header.kind.main == table else f"{table} of {header.kind.main}"
            kept = own if table == "households" else table
            self.tables.setdefault(kept, []).append(frame.reset_index(drop=True))
            self.places.setdefault(kept, []).append(place_of)
        for column, text in sorted(header.texts.items()):
            about = header.fields.get(column)
            unit = unit_word(header.units[column]) if column in header.units else ""
            field_name = about.name if about else ""
            self.columns.append(
                (self.book.file, name, header.kind.name, letter(column), text, field_name, unit)
            )

    def _of_store(self, rows: SheetRows, quarantined: list[int]) -> None:
        """What a commit must know besides the tables: the day, and what was not read."""
        self.days += [rows.as_of] if rows.as_of else []
        self.mended |= any(map(_of_quarantine, rows.header.texts.values()))
        fields = [f for f in rows.header.kind.fields.values() if f.name in rows.values]
        known = {target: rows.values[f.name] for f in fields for target in f.targets}
        frame = pd.DataFrame(known, index=rows.data[: len(rows.data) * bool(known)], dtype=object)
        self.unread.append(frame.loc[frame.index.isin(quarantined)])

    def _of_cell(self, rows: SheetRows, fault: Fault) -> None:
        heading, raw, secret = "", "", False
        if fault.column is not None:
            heading = rows.header.texts.get(fault.column, "")
            about = rows.header.fields.get(fault.column)
            secret = about is not None and about.type in _SECRET
            if fault.row is not None:
                raw = rows.cells[fault.row, fault.column]
        # a person's number in a wrong column is no less a person's number
        secret = secret or bool(parse_id(plain_text(raw)).number)
        if secret and raw != "" and fault.found and fault.found in str(raw):
            fault = fault._replace(found=label("ledger.length", count=len(str(raw).strip())))
        number = rows.number(fault.row) if fault.row is not None else None
        self._add(fault, rows.sheet.name, number, fault.column, heading, raw)

    def report(self) -> Report:
        """The report of the whole file."""
        rows = (
            pd.concat(self.rows, ignore_index=True)
            if self.rows
            else pd.DataFrame(columns=list(ROW_COLUMNS))
        )
        tables = {t: pd.concat(frames, ignore_index=True) for t, frames in self.tables.items()}
        places = {t: pd.concat(frames, ignore_index=True) for t, frames in self.places.items()}
        self._settle_households(tables, places)
        problems = pd.DataFrame(self.problems, columns=list(PROBLEM_COLUMNS))
        problems["row"] = problems["row"].astype("Int64")
        names = ["file", "sheet", "kind", "column", "header", "field", "unit"]
        return Report(
            self.book.file,
            self.book.sha256,
            rows,
            problems,
            pd.DataFrame(self.columns, columns=names),
            tables,
            places,
            self.kept,
            max(self.days, default=None),
            pd.concat(self.unread, ignore_index=True) if self.unread else pd.DataFrame(),
            self.mended,
        )

    def _settle_households(
        self, tables: dict[str, pd.DataFrame], places: dict[str, pd.DataFrame]
    ) -> None:
        """Of a file with both, the household ledger holds; what lacks on either side is told."""
        own, derived = tables.get("households"), tables.pop(_DERIVED, None)
        if derived is None:
            return
        once = ~derived["id"].duplicated().to_numpy()
        derived, place_of = derived[once], places.pop(_DERIVED)[once]
        if own is None:
            tables["households"] = derived.reset_index(drop=True)
            places["households"] = place_of.reset_index(drop=True)
            return
        new = ~derived["id"].isin(own["id"]).to_numpy()
        empty = ~own["id"].isin(derived["id"]).to_numpy()
        at = places["households"]
        for code, where in (("orphan", place_of[new]), ("empty_household", at[empty])):
            for sheet, row in zip(where["sheet"], where["row"], strict=True):
                self._add(Fault(code, warning=True), sheet, int(row), None, "", "")
        tables["households"] = pd.concat([own, derived[new]], ignore_index=True)
        places["households"] = pd.concat([at, place_of[new]], ignore_index=True)
