"""What a scenario file may hold: each key's type, range and choices are ``scenario_keys.csv``.

A number is a number: text with a unit or with commas (``"10万"``, ``'1,000'``) is refused and
never guessed. Nothing has a silent default; a table of a kind states all that the kind needs.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jingde_core.model.catalogue import label, value_label
from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem
from jingde_core.scenarios.allocations import ALLOCATIONS

#: sections that hold one table, and those that hold a list of tables
SECTIONS = ("lines", "scope", "eligible", "bounds", "rule")
LISTS = ("earmarks", "shocks", "levers")
#: key that says of which kind a table is
_KIND = {"rule": "name", "shocks": "kind", "levers": "kind"}


@dataclass(frozen=True)
class Key:
    """One key of a scenario file."""

    type: str
    unit: str
    low: float
    high: float
    required: bool
    choices: tuple[str, ...]


@lru_cache(maxsize=1)
def keys() -> dict[tuple[str, str], dict[str, Key]]:
    """Keys by section and kind."""
    found: dict[tuple[str, str], dict[str, Key]] = {}
    with (shipped("data") / "scenario_keys.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault((row["section"], row["kind"]), {})[row["key"]] = Key(
                row["type"],
                row["unit"],
                float(row["low"] or -math.inf),
                float(row["high"] or math.inf),
                row["required"] == "true",
                tuple(filter(None, row["choices"].split(";"))),
            )
    return found


def kinds(section: str) -> tuple[str, ...]:
    """Kinds of shocks or levers that a scenario may name; for ``rule`` every allocation."""
    if section == "rule":
        return tuple(ALLOCATIONS)
    return tuple(kind for where, kind in keys() if where == section and kind)


def faults(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """Every fault of a scenario as it stands in a file, each with its key path."""
    top = {name: value for name, value in raw.items() if name not in (*SECTIONS, *LISTS)}
    yield from _table_faults(top, keys()[("", "")], file, "", extra=(*SECTIONS, *LISTS))
    for section in SECTIONS:
        if section in raw or any(key.required for key in keys().get((section, ""), {}).values()):
            yield from _section_faults(section, raw.get(section, {}), file, section)
    for section in LISTS:
        listed = raw.get(section, [])
        if not isinstance(listed, list | tuple):
            yield _fault("value", file, section, listed, label("scenario.type.tables"))
            continue
        for place, each in enumerate(listed, start=1):
            path = f"{section}[{place}]"
            yield from _section_faults(section, each, file, path)
            kind = str(each.get("kind")) if isinstance(each, Mapping) else ""
            drawn = any(key.type == "chance" for key in keys().get((section, kind), {}).values())
            if drawn and raw.get("seed") is None:
                yield _fault("seed", file, path, kind, "seed")


def _section_faults(section: str, table: Any, file: str, path: str) -> Iterator[Problem]:
    if not isinstance(table, Mapping):
        yield _fault("value", file, path, table, label("scenario.type.table"))
        return
    known = dict(keys().get((section, ""), {}))
    if section in _KIND:
        name, offered = _KIND[section], kinds(section)
        kind = table.get(name)
        known[name] = Key("choice", "text", -math.inf, math.inf, True, offered)
        if kind not in offered:
            # of a kind that does not exist nothing more can be said
            table = {name: kind} if name in table else {}
        known |= keys().get((section, str(kind)), {})
    yield from _table_faults(table, known, file, path)


def _table_faults(
    table: Mapping[str, Any],
    known: Mapping[str, Key],
    file: str,
    path: str,
    *,
    extra: tuple[str, ...] = (),
) -> Iterator[Problem]:
    stem = f"{path}." if path else ""
    for name in known:
        if known[name].required and name not in table:
            yield _fault("missing", file, f"{stem}{name}", "", wanted(known[name]))
    for name, value in table.items():
        if name not in known:
            yield _fault("key", file, f"{stem}{name}", name, _listed([*known, *extra]))
        elif not _fits(value, known[name]):
            yield _fault(
                _code(value, known[name]), file, f"{stem}{name}", value, wanted(known[name])
            )
        elif known[name].type == "shares" and abs(sum(value.values()) - 1) > 1e-9:
            total = sum(value.values())
            short = f"{100 * (1 - total):+.10g}"
            yield _fault("sum", file, f"{stem}{name}", f"{100 * total:.10g}", short)


def _code(value: Any, key: Key) -> str:
    """Which fault a value is: nobody chosen, out of the choices, or no such value."""
    if key.type == "names" and value in ([], ()):
        return "nobody"
    return "choice" if key.type in ("choice", "rule", "names") else "value"


def _fits(value: Any, key: Key) -> bool:
    if key.type in ("number", "chance", "whole"):
        kind = int if key.type == "whole" else int | float
        number = isinstance(value, kind) and not isinstance(value, bool)
        return number and math.isfinite(value) and key.low <= value <= key.high
    if key.type == "flag":
        return isinstance(value, bool)
    if key.type == "names":
        several = isinstance(value, list | tuple) and len(value) > 0
        return several and all(_named(each, key) for each in value)
    if key.type == "shares":
        return (
            isinstance(value, Mapping)
            and all(_named(name, key) for name in value)
            and all(_fits(each, _SHARE) for each in value.values())
        )
    return _named(value, key)


def _named(value: Any, key: Key) -> bool:
    offered = tuple(ALLOCATIONS) if key.type == "rule" else key.choices
    return isinstance(value, str) and bool(value.strip()) and (not offered or value in offered)


_SHARE = Key("number", "1", 0.0, 1.0, True, ())


def wanted(key: Key) -> str:
    """What a key takes, in words: type, unit, range, choices."""
    offered = tuple(ALLOCATIONS) if key.type == "rule" else key.choices
    said = label(f"scenario.type.{key.type}", unit=value_label("unit", key.unit))
    if math.isfinite(key.high):
        said += label("scenario.between", low=f"{key.low:,.12g}", high=f"{key.high:,.12g}")
    return said + (label("scenario.out_of", choices=_listed(offered)) if offered else "")


def _listed(names: Any) -> str:
    return label("views.list_comma").join(names)


def _fault(code: str, file: str, path: str, found: Any, expected: str) -> Problem:
    shown = repr(found) if isinstance(found, str) and code in ("value", "choice") else str(found)
    return Problem(f"scenario_{code}", file=file, sheet=path, found=shown, expected=expected)
