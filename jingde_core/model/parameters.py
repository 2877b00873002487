"""Policy numbers as dated, sourced data: ``data/parameters.toml``.

A value holds from its date on, until the next entry of the same name. Nothing is global:
a calculation is handed its numbers, and says in its result which it was handed.
"""

import datetime
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem, collected

if TYPE_CHECKING:
    import pandas as pd

_REQUIRED = {"from", "value", "source", "confidence"}
_OPTIONAL = {"until"}


@dataclass(frozen=True)
class Entry:
    """One value of a parameter with the days it holds, its source and its confidence."""

    starts: datetime.date
    value: float
    source: str
    confidence: str
    until: datetime.date | None = None


@dataclass(frozen=True)
class Parameters:
    """Dated policy numbers by name."""

    entries: Mapping[str, tuple[Entry, ...]]
    units: Mapping[str, str]
    definitions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> "Parameters":
        """Read ``parameters.toml``; all faults of the file are told at once.

        Raises
        ------
        DataError
            for an unreadable file, an entry without value, source or date, a value that is
            no number, or two entries that start on one day.
        """
        path = path or shipped("data") / "parameters.toml"
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            found = str(error).replace(str(path), path.name)
            raise DataError(
                [Problem("unreadable_file", file=path.name, found=found, expected="TOML")]
            ) from None
        with collected() as problems:
            entries = {
                name: tuple(_entries(name, body, path.name, problems)) for name, body in raw.items()
            }
        units = {name: str(body.get("unit", "")) for name, body in raw.items()}
        definitions = {n: str(b["definition"]) for n, b in raw.items() if "definition" in b}
        return cls(entries, units, definitions)

    def entry(self, name: str, on: int | datetime.date | None = None) -> Entry:
        """The entry that holds on a day, at the end of a year, or (None) the latest.

        Raises
        ------
        KeyError
            for an unknown name (close ones are listed) or a day before the first entry.
        """
        if name not in self.entries:
            raise KeyError(unknown_name(name, self.entries))
        day = _last_day(on)
        holding = [
            entry
            for entry in self.entries[name]
            if entry.starts <= day and (entry.until is None or day <= entry.until)
        ]
        if not holding:
            raise KeyError(f"parameter {name!r} has no value on {on or 'any day'}")
        return holding[-1]

    def value(self, name: str, on: int | datetime.date | None = None) -> float:
        """Value of a parameter on a day, at the end of a year, or the latest.

        Examples
        --------
        >>> Parameters.load().value("poverty_line", 2016)
        2952.0
        """
        return self.entry(name, on).value

    def frame(self) -> "pd.DataFrame":
        """One row an entry: name, first day, value, unit, source, confidence."""
        import pandas as pd

        rows = [
            (name, entry.starts, entry.value, self.units[name], entry.source, entry.confidence)
            for name, entries in self.entries.items()
            for entry in entries
        ]
        columns = ["parameter", "from", "value", "unit", "source", "confidence"]
        return pd.DataFrame(rows, columns=columns)


def _last_day(on: int | datetime.date | None) -> datetime.date:
    if on is None:
        return datetime.date.max
    return datetime.date(on, 12, 31) if isinstance(on, int) else on


def _entries(name: str, body: Any, file: str, problems: list[Problem]) -> list[Entry]:
    found: list[Entry] = []
    for number, raw in enumerate(body.get("entries", []), start=1):
        place = f"{name}[{number}]"
        for key in sorted(_REQUIRED - raw.keys()):
            problems.append(Problem("missing_column", file=file, sheet=place, expected=key))
        for key in sorted(raw.keys() - _REQUIRED - _OPTIONAL):
            expected = ", ".join(sorted(_REQUIRED | _OPTIONAL))
            problems.append(
                Problem("unknown_column", file=file, sheet=place, found=key, expected=expected)
            )
        starts = _day(raw.get("from"))
        value = raw.get("value")
        if starts is None:
            problems.append(_wrong(file, place, "from", raw.get("from"), "2020 | 2020-03-01"))
        if isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(_wrong(file, place, "value", value, "number"))
        elif starts is not None and not _REQUIRED - raw.keys():
            entry = Entry(
                starts, float(value), raw["source"], raw["confidence"], _day(raw.get("until"))
            )
            if found and entry.starts <= found[-1].starts:
                expected = f"> {found[-1].starts}"
                problems.append(_wrong(file, place, "from", entry.starts, expected))
            found.append(entry)
    return found


def _day(raw: object) -> datetime.date | None:
    if isinstance(raw, datetime.date):
        return raw
    if isinstance(raw, int) and not isinstance(raw, bool) and 1900 <= raw <= 2200:
        return datetime.date(raw, 1, 1)
    return None


def _wrong(file: str, place: str, column: str, found: object, expected: str) -> Problem:
    return Problem(
        "wrong_value", file=file, sheet=place, column=column, found=str(found), expected=expected
    )
