"""Rules as data: what they are about, when they are broken, what proves it.

``data/quality/<group>.csv`` has the columns ``id,table,severity,predicate,evidence,source``: the
frame that the rule reads, ``error`` or ``warning``, an expression that is true for a breach, the
columns shown as evidence joined by ``;``, and the catalogue's ``value.source.<source>``.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem, collected

COLUMNS = ("id", "table", "severity", "predicate", "evidence", "source")
SEVERITIES = ("error", "warning")


@dataclass(frozen=True)
class Rule:
    """One rule with its place: line ``row`` of ``data/<folder>/<group>.csv``."""

    folder: str
    group: str
    row: int
    id: str
    table: str
    severity: str
    predicate: str
    evidence: tuple[str, ...]
    source: str

    def fault(self, code: str, column: str, found: str, expected: str) -> Problem:
        """A fault of the rule itself, at its place."""
        file = f"{self.folder}/{self.group}.csv"
        return Problem(code, file, row=self.row, column=column, found=found, expected=expected)


def read_rules(folder: str = "quality") -> dict[str, Rule]:
    """Every rule of a folder by its id, in order of group and line; all faults at once.

    Raises
    ------
    DataError
        for a missing column or value, an unknown severity, an id that stands twice.
    """
    found: dict[str, Rule] = {}
    with collected() as problems:
        for path in sorted((shipped("data") / folder).glob("*.csv")):
            rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
            for row, cells in enumerate(rows, start=2):
                values = {name: cells.get(name) or "" for name in COLUMNS}
                shown = tuple(values.pop("evidence").split(";"))
                rule = Rule(folder, path.stem, row, evidence=shown, **values)
                problems += _faults(rule, found.setdefault(rule.id, rule))
    return found


def _faults(rule: Rule, first: Rule) -> Iterator[Problem]:
    for name in COLUMNS:
        if getattr(rule, name) in ("", ("",)):
            yield rule.fault("missing_value", name, "", name)
    if rule.severity not in SEVERITIES:
        yield rule.fault("wrong_value", "severity", rule.severity, ", ".join(SEVERITIES))
    if first is not rule:
        yield rule.fault("duplicate", "id", rule.id, f"{first.group}.csv:{first.row}")


RULES = read_rules()
