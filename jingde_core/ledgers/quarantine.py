"""Quarantined rows as they were, with the reason beside each cell: to be mended and read again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jingde_core.ledgers.kinds import unit_word, words
from jingde_core.ledgers.rows import SheetRows, merged_filled
from jingde_core.ledgers.workbook import save
from jingde_core.model.catalogue import label

_AMBER = "FFF2CC"


@dataclass
class Kept:
    """Quarantined rows of a sheet: headings, lines, cells, and reasons by row and column."""

    sheet: str
    title: str
    headings: list[str]
    numbers: list[int]
    cells: list[list[Any]]
    reasons: dict[tuple[int, int | None], list[str]]

    @classmethod
    def of(cls, rows: SheetRows, quarantined: list[int]) -> "Kept":
        """The rows at these positions, each column under the one heading that is known."""
        header = rows.header
        cells = merged_filled(rows)
        width = cells.shape[1]
        order = {row: place for place, row in enumerate(quarantined)}
        reasons: dict[tuple[int, int | None], list[str]] = {}
        for fault in rows.faults:
            if fault.row in order and not fault.warning:
                what = label(f"problem.{fault.code}", found=fault.found, expected=fault.expected)
                reasons.setdefault((order[fault.row], fault.column), []).append(what)
        return cls(
            rows.sheet.name,
            header.title.removesuffix(rows.sheet.name).strip(),
            [_heading(rows, column) for column in range(width)],
            [rows.number(row) for row in quarantined],
            [list(cells[row]) for row in quarantined],
            reasons,
        )


def _heading(rows: SheetRows, column: int) -> str:
    about, text = rows.header.fields.get(column), rows.header.texts.get(column, "")
    unit = rows.header.units.get(column)
    if about is None or about.type == "refused":
        return text
    if unit is None:
        return about.headers[0]
    return f"{about.headers[0]}({unit_word(unit)})"


def write_quarantine(kept: list[Kept], path: Path) -> int:
    """Write one sheet for each; a column that has reasons gets a column for them at its right."""
    from openpyxl import Workbook
    from openpyxl.styles import PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    amber = PatternFill("solid", fgColor=_AMBER)
    for number, part in enumerate(kept or [Kept("", "", [], [], [], {})], start=1):
        sheet = book.create_sheet(part.sheet[:31] or f"{label('quarantined')}{number}")
        faulty = {column for _, column in part.reasons if column is not None}
        reason, source = words()["reason_column"][0], words()["source_column"][0]
        layout: list[tuple[str, int | None]] = [("number", None), ("reason", None)]
        for own in range(len(part.headings)):
            layout += [("cell", own), ("reason", own)] if own in faulty else [("cell", own)]
        # the year and the ledger of some rows stand in the title only
        top = 2 if part.title else 1
        if part.title:
            _write(sheet, 1, 1, part.title)
        for at, (what, column) in enumerate(layout, start=1):
            text = part.headings[column] if column is not None else ""
            heading = {"number": source, "reason": f"{reason} {text}".strip(), "cell": text}[what]
            _write(sheet, top, at, heading)
            for place, line in enumerate(part.numbers):
                reasons = part.reasons.get((place, column), [])
                if what == "number":
                    _write(sheet, place + top + 1, at, line)
                elif what == "reason":
                    _write(sheet, place + top + 1, at, label("sentence_join").join(reasons))
                else:
                    cell = _write(sheet, place + top + 1, at, part.cells[place][column or 0])
                    if reasons:
                        cell.fill = amber
            sheet.column_dimensions[get_column_letter(at)].width = 16
    save(book, path)
    return sum(len(part.numbers) for part in kept)


def _write(sheet: Any, row: int, column: int, value: Any) -> Any:
    """Write a value as it is: text stays text, and is never a formula."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        if value:
            cell.number_format = "@"
            cell.value = _legal(value)
            cell.data_type = "s"
    else:
        cell.value = value
    return cell


def _legal(text: str) -> str:
    """Text without the control characters that a workbook cannot hold."""
    return "".join(char for char in text if char >= " " or char in "\t\n\r")[:32_767]
