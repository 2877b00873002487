"""The dated rule pack of monitoring, ``data/monitoring.toml``, read and judged as a whole.

A threshold is the name of a policy number of ``parameters.toml``; a day on which it would have
none, or two, is a fault of the pack, told with its place before anything is computed.
"""

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from jingde_core.metrics.monitoring import TESTS
from jingde_core.model.catalogue import label
from jingde_core.model.naming import unknown_name
from jingde_core.model.parameters import Parameters
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem, collected

#: columns of a household that a condition or a part of the score may name
FACTS = (
    *("income_per_head", "spending_signs", "loss_share", "guarantees_open", "able_members"),
    *("serious_members", "disabled_members", "months_watched", "steps_done"),
)
_PARTS = {"from", "conditions", "categories", "score", "help", "families"}
_PARTS |= {"losses", "spending_reasons"}
_DAY = datetime.timedelta(days=1)
_numbered = partial(enumerate, start=1)


@dataclass(frozen=True)
class RulePack:
    """The pack as the file has it, and the dated policy numbers that it refers to."""

    rules: Mapping[str, Any]
    parameters: Parameters = field(repr=False)
    #: thresholds that were given by hand, for a "what if"
    given: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None, parameters: Parameters | None = None) -> "RulePack":
        """Read the pack; all its faults are told at once.

        Raises
        ------
        DataError
            for an unreadable file, a condition that compares nothing known, a category or a
            cause that names what is not there, and a threshold that is missing on a day of the
            pack or has two values on one.
        """
        path, policies = (
            path or shipped("data") / "monitoring.toml",
            parameters or Parameters.load(),
        )
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            found = str(error).replace(str(path), path.name)
            fault = Problem("unreadable_file", file=path.name, found=found, expected="TOML")
            raise DataError([fault]) from None
        with collected() as problems:
            for key in sorted(_PARTS - raw.keys()):
                problems.append(Problem("missing_column", file=path.name, expected=key))
            problems += [] if problems else _faults(raw, path.name, policies)
        return cls(raw, policies)

    @property
    def conditions(self) -> Mapping[str, Mapping[str, Any]]:
        """Conditions by name, in their order."""
        own: Mapping[str, Mapping[str, Any]] = self.rules["conditions"]
        return own

    def stage(self, name: str) -> dict[str, Mapping[str, Any]]:
        """Conditions of a stage (``watch`` or ``clearing``), in their order."""
        stages = sorted({str(each["stage"]) for each in self.conditions.values()})
        if name not in stages:
            raise KeyError(unknown_name(name, stages))
        return {key: each for key, each in self.conditions.items() if each["stage"] == name}

    def threshold(self, condition: str, on: datetime.date) -> float:
        """What a condition compares with on a day: given by hand, dated, or a plain count."""
        own = self.conditions[condition]
        name = str(own.get("parameter", ""))
        if name in self.given:
            return self.given[name]
        return self.parameters.value(name, on) if name else float(own["value"])

    def changed(self, **thresholds: float) -> "RulePack":
        """The same pack with other thresholds, by name of the policy number.

        Raises
        ------
        KeyError
            for a name that no condition refers to; close ones are listed.
        """
        used = {str(each.get("parameter", "")) for each in self.conditions.values()} - {""}
        for name in thresholds.keys() - used:
            raise KeyError(unknown_name(name, used))
        return replace(self, given={**self.given, **thresholds})


def _faults(raw: Mapping[str, Any], file: str, parameters: Parameters) -> Iterator[Problem]:
    conditions = raw["conditions"]
    for name, own in conditions.items():
        place = f"conditions.{name}"
        absent = {"stage", "column", "test", "proof"} - own.keys()
        absent |= {"parameter | value"} if ("parameter" in own) == ("value" in own) else set()
        for key in sorted(absent):
            yield Problem("missing_column", file=file, sheet=place, expected=key)
        for key, known in (("column", FACTS), ("test", tuple(TESTS))):
            yield from _unknown(file, place, key, own.get(key, known[0]), known)
        policy = own.get("parameter")
        if policy in parameters.entries:
            yield from date_faults(policy, parameters, raw["from"])
        elif policy:
            yield from _unknown(file, place, "parameter", policy, tuple(parameters.entries))
    named = [
        (f"score[{n}]", "column", part["column"], FACTS) for n, part in _numbered(raw["score"])
    ]
    for number, category in _numbered(raw["categories"]):
        named += [(f"categories[{number}]", "any", n, tuple(conditions)) for n in category["any"]]
    for cause, names in raw["help"].items():
        named += [("help", cause, name, tuple(raw["families"])) for name in names]
    for place, key, found, known in named:
        yield from _unknown(file, place, key, found, known)


def _unknown(
    file: str, sheet: str, key: str, found: str, known: tuple[str, ...]
) -> Iterator[Problem]:
    if found not in known:
        wanted = ", ".join(known)
        yield Problem("wrong_value", file, sheet, None, key, str(found), wanted)


def date_faults(name: str, parameters: Parameters, starts: datetime.date) -> Iterator[Problem]:
    """Days from ``starts`` on for which a policy number has no value, or two."""
    entries = parameters.entries[name]
    first = entries[0].starts if entries else None
    found: list[tuple[Any, ...]] = []
    if first is None or first > starts:
        found.append(("threshold_gap", 1, "from", first, starts))
    for number, entry in _numbered(entries):
        following = entries[number].starts - _DAY if number < len(entries) else None
        if entry.until is not None and entry.until != following:
            overlaps = following is not None and entry.until > following
            code = "threshold_overlap" if overlaps else "threshold_gap"
            found.append((code, number, "until", entry.until, following))
    for code, number, column, has, wanted in found:
        told = str(has or label("no_data")), str(wanted or label("monitoring.open_end"))
        yield Problem(code, "parameters.toml", f"{name}[{number}]", None, column, *told)
