"""Where a sheet's header stands and which column is what: by content, never by position."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.kinds import BRACKETS, Field, Kind, money_units, words
from jingde_core.ledgers.sheets import Sheet

#: headings are few and met often
_plain = lru_cache(maxsize=4096)(plain_text)

#: rows among which the header is sought, and rows that it may span
SEARCHED, TALLEST = 25, 3
#: share of a header's own headings that must be known
LEAST_KNOWN = 0.3
#: a sheet of which fewer known headings are found is no ledger, or its encoding is misread
FEWEST = 3


@dataclass
class Header:
    """A sheet's header: rows by position, fields by column, headings as they are written.

    ``units`` holds the money unit of a column in yuan where a heading or unit row says one.
    ``title`` is all that stands above. ``missing`` are fields that the kind requires.
    """

    kind: Kind
    first: int
    last: int
    fields: dict[int, Field]
    texts: dict[int, str]
    units: dict[int, float] = field(default_factory=dict)
    title: str = ""
    repeated: list[tuple[int, int]] = field(default_factory=list)

    @property
    def missing(self) -> list[Field]:
        """Required fields for which there is no column."""
        there = {found.name for found in self.fields.values()}
        return [f for f in self.kind.fields.values() if f.required and f.name not in there]

    @property
    def refused(self) -> list[int]:
        """Columns that hold another definition than the one the kind wants."""
        return [column for column, found in self.fields.items() if found.type == "refused"]

    def column(self, name: str) -> int | None:
        """The column of a field."""
        return next((c for c, found in self.fields.items() if found.name == name), None)


def find_header(sheet: Sheet, choice: Iterable[Kind]) -> Header | None:
    """The header that knows most: all that a kind requires first, then most columns.

    None where no row has ``FEWEST`` known headings, or too few of its own are known.
    """
    kinds = list(choice)
    filled = [i for i, row in enumerate(sheet.cells[:2000]) if (row != "").any()][:SEARCHED]
    best: tuple[tuple[float, ...], Header] | None = None
    for first in filled:
        if best is not None and not best[1].missing and first > best[1].last + TALLEST:
            break
        for height in range(1, TALLEST + 1):
            block = range(first, min(first + height, len(sheet.cells)))
            paths = _paths(sheet, block)
            for kind in kinds:
                header = _matched(kind, first, block[-1], paths)
                known = len(header.fields)
                if known < min(FEWEST, len(paths)) or known < len(paths) * LEAST_KNOWN:
                    continue
                score = (not header.missing, known, -len(header.missing), -height, -first)
                if best is None or score > best[0]:
                    best = (score, header)
    if best is None:
        return None
    header = best[1]
    above = [c for row in sheet.cells[: header.first] for c in row if isinstance(c, str) and c]
    header.title = " ".join([*above, sheet.name])
    _set_units(header, above, sheet.cells[header.last + 1 : header.last + 3])
    return header


def _paths(sheet: Sheet, block: range) -> dict[int, list[str]]:
    """Headings of each column from the uppermost row down; merged cells count in every column."""
    cells = {(i, j): c for i in block for j, c in enumerate(sheet.cells[i]) if c != ""}
    for top, left, bottom, right in sheet.merged:
        if top in block and (top, left) in cells and (right > left or bottom > top):
            for column in range(left, min(right, len(sheet.cells[top]) - 1) + 1):
                cells.setdefault((top, column), cells[top, left])
    paths: dict[int, list[str]] = {}
    for (_, column), cell in sorted(cells.items()):
        if isinstance(cell, str) and _plain(cell):
            paths.setdefault(column, []).append(cell)
    return paths


def _matched(kind: Kind, first: int, last: int, paths: dict[int, list[str]]) -> Header:
    header = Header(kind, first, last, {}, {})
    taken: dict[str, int] = {}
    dated: dict[str, list[int]] = {}
    for column, path in sorted(paths.items()):
        header.texts[column] = " ".join(path)
        found = _field_of(kind, path)
        if found is None:
            of_year = _field_of(kind, [_year().sub("", _plain(path[-1]), count=1)])
            if of_year is not None:
                dated.setdefault(of_year.name, []).append(column)
            continue
        if found.name in taken and found.used:
            header.repeated.append((taken[found.name], column))
            continue
        taken.setdefault(found.name, column)
        header.fields[column] = found
    # a heading with its year is the plain one, as long as there is one year only
    for name, columns in dated.items():
        if name not in taken and len(columns) == 1:
            header.fields[columns[0]] = kind.fields[name]
    return header


@lru_cache(maxsize=1)
def _year() -> re.Pattern[str]:
    return re.compile(rf"^\d{{4}}(?:{'|'.join(words()['year_word'])})")


def _field_of(kind: Kind, path: list[str]) -> Field | None:
    """The field of a heading: with those above it, then alone unless they name someone else."""
    plain = [_plain(text) for text in path]
    if plain[-1].startswith(words()["reason_column"]) or plain[-1] in words()["source_column"]:
        return None
    tries = ["".join(plain[i:]) for i in range(len(plain))]
    if any(word in above for above in plain[:-1] for word in words()["other_person"]):
        tries = tries[:-1]
    for text in tries:
        bare = BRACKETS.sub("", text).strip("*:")
        before = next(filter(bare.startswith, words()["before_heading"]), "")
        plainer = bare.removeprefix(before).lstrip(":")
        for form in (text, bare, plainer, _apart(bare)[0]):
            if form in kind.headers:
                return kind.fields[kind.headers[form]]
    return None


def _apart(text: str) -> tuple[str, float | None]:
    """A heading and the money unit that stands behind it without brackets."""
    for word, yuan in money_units().items():
        if text.endswith(word):
            return text.removesuffix(word).rstrip("/:,-_"), yuan
    return text, None


def _set_units(header: Header, above: list[str], below: Iterable[Iterable[Any]]) -> None:
    """Money units: of the heading, else of the row of units below it, else of what stands above."""
    rows = [[money_units().get(_plain(cell).strip("()")) for cell in row] for row in below]
    general = next(filter(None, map(_general_unit, map(_plain, above))), None)
    for column, found in header.fields.items():
        if found.type == "amount":
            text = _plain(header.texts[column])
            own = [_unit_in("".join(BRACKETS.findall(text))), _apart(BRACKETS.sub("", text))[1]]
            unit = next(filter(None, [*own, *(row[column] for row in rows), general]), None)
            if unit is not None:
                header.units[column] = unit


def _unit_in(text: str) -> float | None:
    return next((yuan for word, yuan in money_units().items() if word in text), None)


def _general_unit(text: str) -> float | None:
    """The unit that a line above the header states: the word alone, and no part of a name."""
    _, stated, said = text.partition(words()["unit_row"][0])
    if not stated:
        return money_units().get(text)
    found = re.search(rf"(?:^|[:\u3001,;/(])({'|'.join(money_units())})(?![^\W\d])", said)
    return money_units()[found[1]] if found else None
