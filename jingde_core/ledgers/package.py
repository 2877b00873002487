"""One streaming pass over a workbook's XML: what the reader of its values does not tell."""

import io
import re
import zipfile
from dataclasses import dataclass, field
from typing import IO, Any
from xml.etree import ElementTree

from jingde_core.model.problem import DataError, Problem

#: unpacked, a county's ledger stays below this; what is above is a packed bomb
MOST_UNPACKED = 1_500_000_000
#: cells that a sheet may span; one stray value in its last corner would span 17,000 million
MOST_CELLS = 60_000_000
_PERCENT_FORMATS = {"9", "10"}
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)>")
_VALUE = re.compile(rb"<(?:\w+:)?[vtf][\s/>]")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_LETTERS = re.compile(rb"[A-Z]{1,3}")
_NUMBER = re.compile(r"""\br=["'](\d{1,9})["']""")
_HIDDEN = re.compile(r"""\bhidden=["'](?:1|true)["']""")
_ATTRIBUTE = re.compile(r"""(\w+)=["']([^"']*)["']""")
_OTHERS = ("xl/workbook.bin", "content.xml", "word/document.xml", "ppt/presentation.xml")


@dataclass
class SheetNotes:
    """Rows count from 1, columns from 0. ``filled``: rows with any cell that holds something."""

    hidden_rows: set[int] = field(default_factory=set)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)
    percents: set[tuple[int, int]] = field(default_factory=set)
    filled: set[int] = field(default_factory=set)


@dataclass
class Package:
    """An opened ``.xlsx``: its sheets' parts, date system, day of saving, what is left aside."""

    file: str
    archive: zipfile.ZipFile
    parts: dict[str, str]
    percent_styles: frozenset[str]
    epoch_1904: bool
    modified: str
    ignored: list[str]

    def notes(self, sheet: str) -> SheetNotes:
        """What the pass over the sheet's XML tells; nothing where the part is missing."""
        part, notes = self.parts.get(sheet, ""), SheetNotes()
        if part in self.archive.namelist():
            try:
                with self.archive.open(part) as stream:
                    cells = _pass(stream, notes, self.percent_styles)
            except Exception as error:  # whatever foreign bytes make of the unpacker
                raise _refused("damaged_file", self.file, type(error).__name__) from None
            if cells > MOST_CELLS:
                raise _refused("too_big", self.file, f"{cells:,}", f"{MOST_CELLS:,}")
        return notes


def open_package(content: bytes, file: str) -> Package:
    """The parts of a workbook, after what is no workbook, damaged or a bomb was refused.

    Raises
    ------
    DataError
        ``damaged_file``, ``unsupported_ledger`` or ``too_big``.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = set(archive.namelist())
        if "xl/workbook.xml" not in names:
            kind = next((name for name in _OTHERS if name in names), "zip")
            raise _refused("unsupported_ledger", file, kind)
        unpacked = sum(about.file_size for about in archive.infolist())
        if unpacked > MOST_UNPACKED:
            raise _refused(
                "too_big", file, f"{unpacked // 10**6} MB", f"{MOST_UNPACKED // 10**6} MB"
            )
        for name in names & {"xl/sharedStrings.xml"}:
            # a size that lies in the directory comes out here, in a bounded read
            with archive.open(name) as stream:
                while stream.read(1 << 20):
                    pass
        workbook = _xml(archive, "xl/workbook.xml")
        core = _xml(archive, "docProps/core.xml") if "docProps/core.xml" in names else []
        return Package(
            file,
            archive,
            _parts(archive, workbook),
            _percent_styles(archive) if "xl/styles.xml" in names else frozenset(),
            any(a.get("date1904") in ("1", "true") for a in _all(workbook, "workbookPr")),
            next((part.text or "" for part in _all(core, "modified")), ""),
            _left_aside(names),
        )
    except DataError:
        raise
    except Exception as error:  # whatever foreign bytes make of the unpacker
        raise _refused("damaged_file", file, type(error).__name__) from None


def _refused(code: str, file: str, found: str, expected: str = "") -> DataError:
    return DataError([Problem(code, file=file, found=found, expected=expected)])


def _xml(archive: zipfile.ZipFile, name: str) -> Any:
    content = archive.read(name)
    if b"<!DOCTYPE" in content:
        raise ValueError("DOCTYPE")
    return ElementTree.fromstring(content)


def _all(tree: Any, tag: str) -> list[Any]:
    return [] if isinstance(tree, list) else list(tree.findall(f".//{{*}}{tag}"))


def _parts(archive: zipfile.ZipFile, workbook: Any) -> dict[str, str]:
    relations = {
        about.get("Id"): about.get("Target", "")
        for about in _xml(archive, "xl/_rels/workbook.xml.rels")
    }
    parts = {}
    for about in _all(workbook, "sheet"):
        key = next((value for name, value in about.items() if name.endswith("}id")), "")
        target = relations.get(key, "")
        parts[about.get("name", "")] = target[1:] if target.startswith("/") else f"xl/{target}"
    return parts


def _percent_styles(archive: zipfile.ZipFile) -> frozenset[str]:
    styles = _xml(archive, "xl/styles.xml")
    percents = _PERCENT_FORMATS | {
        about.get("numFmtId")
        for about in _all(styles, "numFmt")
        if "%" in about.get("formatCode", "")
    }
    return frozenset(
        str(number)
        for formats in _all(styles, "cellXfs")
        for number, about in enumerate(formats)
        if about.get("numFmtId") in percents
    )


def _left_aside(names: set[str]) -> list[str]:
    left = []
    if any(name.endswith("vbaProject.bin") for name in names):
        left.append("macro_ignored")
    if any(name.startswith("xl/externalLinks/") for name in names):
        left.append("links_ignored")
    return left


def _pass(stream: IO[bytes], notes: SheetNotes, percents: frozenset[str]) -> int:
    """Fill the notes from a sheet's XML; returns the cells that the sheet spans.

    In XML a ``<`` begins a tag wherever it stands, so that rows are found as text, a hundred
    times faster than by events; only rows with something to note are looked at by cell. What
    is no XML at all is left to the reader of the values to refuse.
    """
    marks = [b"<f", b":f>", b":f ", b't="e"', b"t='e'"]
    marks += [form % style.encode() for style in percents for form in (b's="%s"', b"s='%s'")]
    row = widest = 0
    rest = b""
    while True:
        chunk = stream.read(1 << 20)
        rest += chunk
        if b"<!DOCTYPE" in rest or rest[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ValueError("DOCTYPE")
        cut = len(rest)
        if chunk:
            cut = rest.rfind(b"</row>") + 1 or _last_row_of_prefix(rest)
        part, rest = rest[:cut], rest[cut:]
        begins = list(_ROW.finditer(part))
        there = [mark for mark in marks if mark in part]
        for begin, after in zip(
            begins, [*(b.start() for b in begins[1:]), len(part)], strict=False
        ):
            about = begin[1].decode()
            number = _NUMBER.search(about)
            row = int(number[1]) if number else row + 1
            if row < 1:
                raise ValueError("row")
            if _HIDDEN.search(about):
                notes.hidden_rows.add(row)
            if not _VALUE.search(part, begin.end(), after):
                continue
            notes.filled.add(row)
            widest = max(widest, _width(part, begin.end(), after))
            if any(part.find(mark, begin.end(), after) >= 0 for mark in there):
                _note_cells(part[begin.end() : after], row, notes, percents)
        if not chunk:
            return max(notes.filled, default=0) * widest


def _last_row_of_prefix(part: bytes) -> int:
    return max((end.end() for end in _ROW_END.finditer(part)), default=0)


def _width(part: bytes, begin: int, end: int) -> int:
    """Columns up to the last cell of a row that holds something."""
    while (at := part.rfind(b" r=", begin, end)) >= 0:
        if _VALUE.search(part, at, end):
            return _column(part[at + 4 : at + 8]) + 1
        end = at
    return 1


def _note_cells(row: bytes, number: int, notes: SheetNotes, percents: frozenset[str]) -> None:
    """Error values, formulas (save those whose value is text) and percents of one row."""
    cells, column = list(_CELL.finditer(row)), -1
    for cell, after in zip(cells, [*(c.start() for c in cells[1:]), len(row)], strict=False):
        about = dict(_ATTRIBUTE.findall(cell[1].decode()))
        column = _column(about["r"].encode()) if "r" in about else column + 1
        place = (number, column)
        if about.get("t") == "e":
            notes.errors.add(place)
        elif about.get("t") != "str" and _FORMULA.search(row, cell.end(), after):
            notes.formulas.add(place)
        if about.get("s") in percents:
            notes.percents.add(place)


def _column(reference: bytes) -> int:
    """Column, counted from 0, of a cell's reference."""
    found, number = _LETTERS.match(reference), 0
    for letter in found[0] if found else b"A":
        number = number * 26 + letter - 64
    return number - 1
