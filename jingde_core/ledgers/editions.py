"""What a file changes in the store: rows new, changed, confirmed, gone; what it says nothing of.

A file is a new edition of what it covers and of nothing else. ``data/ledgers/editions.csv``
gives each table's scope: a household ledger covers the villages and the kinds of household
that its accepted rows have, an asset ledger those of its assets. A row of the store in that
scope which the file no longer holds is gone; outside, all rows stay as they are. Unknown is
not gone: a row whose new version is quarantined stays, and so does the whole scope of a
quarantined row that does not say which row it is. A village left out of a file altogether is
outside its scope: nobody can tell an empty village from a partial file.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from jingde_core.ledgers.check import table_about
from jingde_core.ledgers.kinds import kinds
from jingde_core.ledgers.layout import Row, columns, key_of, key_text, rows_of
from jingde_core.ledgers.report import Report
from jingde_core.model.place import shipped

Rows = dict[str, Row]


class Change(NamedTuple):
    """A row before and after a batch; None where there is none, both None where it is as it was."""

    key: str
    before: Row | None = None
    after: Row | None = None


@dataclass
class Edition:
    """What a file changes in a table of ``size`` rows, of which it covers ``within``."""

    table: str
    changes: list[Change] = field(default_factory=list)
    size: int = 0
    within: int = 0

    def count(self, what: str) -> int:
        """Rows that are ``new``, ``changed``, ``same``, ``gone``, or ``outside`` what is told."""
        if what == "outside":
            return self.size - sum(self.count(told) for told in ("changed", "same", "gone"))
        told = {(False, True): "new", (True, True): "changed", (True, False): "gone"}
        return sum(
            told.get((c.before is not None, c.after is not None), "same") == what
            for c in self.changes
        )


@lru_cache(maxsize=1)
def _scopes() -> dict[str, dict[str, list[str]]]:
    with (shipped("data") / "ledgers" / "editions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    return {r["table"]: {k: r[k].split() for k in ("scope", "assumed")} for r in rows}


def _scope(table: str) -> list[str]:
    """Columns that say what a file covers; of a table without a rule each row is its own."""
    own = _scopes().get(table)
    return own["scope"] if own else list(table_about(table)["key"])


def needed(report: Report) -> set[str]:
    """Tables that a report changes, and those that tell where its rows belong."""
    found = set(report.tables)
    for table in report.tables:
        for name in _scope(table):
            column, _, there = name.partition(".")
            if there:
                found.add(table_about(table)["references"][column].partition(".")[0])
    return found


def editions(
    report: Report,
    current: Mapping[str, Rows],
    *,
    replaces: bool,
    foreign: Mapping[str, set[str]],
) -> list[Edition]:
    """What a report changes in each table.

    Parameters
    ----------
    report : Report
    current : mapping of table to its rows by key
        Those of the report and those that they point to.
    replaces : bool
        Whether rows that the file no longer holds are gone.
    foreign : mapping of table to keys
        Rows that a ledger of another kind has stated too. They are not gone because this one
        leaves them out, unless the table is this kind's own.
    """
    found = []
    own = {kinds()[kind].main for kind in kinds_of(report)}
    gone: set[str] = set()
    for table, frame in report.tables.items():
        changes = list(_stated(report, table, frame, current[table]))
        edition = Edition(table, changes, len(current[table]))
        if table == "identity":
            lost = [key for key in current[table] if key in gone]
        else:
            spared = set() if table in own else foreign.get(table, set())
            covered = _covered(report, table, frame, current)
            lost = _lost(edition, report, current, covered, spared) if replaces else []
        edition.changes += [Change(key, before=current[table][key]) for key in lost]
        gone |= set(lost) if table == "persons" else set()
        found.append(edition)
    return found


def kinds_of(report: Report) -> list[str]:
    """Kinds of ledger that a file holds."""
    return sorted(set(report.rows["kind"]) & kinds().keys())


def _stated(report: Report, table: str, frame: pd.DataFrame, known: Rows) -> Iterable[Change]:
    """A row for each of the file's; where it says nothing of a column, the old value stays."""
    names = columns(table)
    silent = _silent(report, table, frame)
    quiet = [place for place, name in enumerate(names) if name in silent]
    for row in rows_of(table, frame):
        key = key_of(table, row)
        before = known.get(key)
        if before is not None and quiet:
            row = tuple(before[i] if i in quiet else value for i, value in enumerate(row))
        yield Change(key) if row == before else Change(key, before, row)


def _silent(report: Report, table: str, frame: pd.DataFrame) -> set[str]:
    """Columns without a heading in the file whose values are empty, defaults or assumed."""
    headed, defaulted = set(), set(_scopes().get(table, {}).get("assumed", []))
    for kind in kinds_of(report):
        said = set(report.columns.loc[report.columns["kind"] == kind, "field"])
        for name, about in kinds()[kind].fields.items():
            own = {t.partition(".")[2] for t in about.targets if t.startswith(f"{table}.")}
            headed |= own | {name} if name in said else set()
            defaulted |= own if about.default else set()
    empty = {str(name) for name in frame if frame[name].isna().all()}
    return ((empty | defaulted) - headed) - set(table_about(table)["key"])


def _covered(
    report: Report, table: str, frame: pd.DataFrame, current: Mapping[str, Rows]
) -> tuple[set[Any], set[str]]:
    """Scopes that the file covers whole, and keys of rows that it has but could not read."""
    read = set(_scope_of(table, frame, report.tables, current))
    unread = report.unread.filter(regex=rf"^{table}\.").rename(columns=lambda c: c.split(".")[1])
    key = table_about(table)["key"]
    known = unread[key].notna().all(axis=1) if set(key) <= set(unread) else None
    parts = [] if known is None else unread.loc[known, key].to_numpy().tolist()
    keys = {str(part[0]) if len(part) == 1 else key_text(part) for part in parts}
    lost = unread if known is None else unread[~known]
    if len(lost):
        unsure = set(_scope_of(table, lost, report.tables, current))
        read = set() if any(None in scope for scope in unsure) else read - unsure
    return read, keys


def _scope_of(
    table: str,
    frame: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    current: Mapping[str, Rows],
) -> list[tuple[Any, ...]]:
    """The scope of each row; a household or asset that is not known is a scope of its own."""
    parts = []
    for name in _scope(table):
        column, _, there = name.partition(".")
        values = frame[column].astype(object) if column in frame else pd.Series(None, frame.index)
        if there:
            target = table_about(table)["references"][column].partition(".")[0]
            place = columns(target).index(there)
            known = {key: row[place] for key, row in current.get(target, {}).items()}
            if target in tables:
                known |= dict(zip(tables[target]["id"], tables[target][there], strict=True))
            values = values.map(lambda key, known=known: known.get(key, key), na_action="ignore")
        parts.append(values.where(values.notna(), None).tolist())
    return list(zip(*parts, strict=True))


def _lost(
    edition: Edition,
    report: Report,
    current: Mapping[str, Rows],
    covered: tuple[set[Any], set[str]],
    spared: set[str],
) -> list[str]:
    """Keys of the rows in scope that the file no longer holds."""
    table, (scopes, unread) = edition.table, covered
    there = current[table]
    frame = pd.DataFrame(list(there.values()), columns=columns(table), dtype=object)
    own = _scope_of(table, frame, {}, current)
    inside = [key for key, scope in zip(there, own, strict=True) if scope in scopes]
    edition.within = len(inside)
    held = {change.key for change in edition.changes} | unread | spared
    return [key for key in inside if key not in held]
