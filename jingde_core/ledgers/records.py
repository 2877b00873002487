"""Reading and writing the store's rows: batches, tables by key, history, quarantine, checksums."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from jingde_core.ledgers.check import table_about
from jingde_core.ledgers.editions import Change, Rows
from jingde_core.ledgers.layout import (
    COUNTS,
    Row,
    added,
    columns,
    digest,
    image,
    key_of,
    layout,
    row_of,
)
from jingde_core.ledgers.quarantine import Kept

#: columns of a batch that are its own fields
_ABOUT = ("id", "file", "sha256", "kind", "imported_at", "as_of", "undoes")


@dataclass(frozen=True)
class Batch:
    """An import, or the undoing of one (导入批次).

    ``counts``: rows of the file accepted, quarantined, skipped, header; rows of the store new,
    changed, same, gone, and outside what the file covers. ``repeated``: this file was in the
    store already, since ``imported_at``, and nothing changed.
    """

    id: int
    file: str
    sha256: str
    kind: str
    imported_at: str
    as_of: str
    tables: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    undoes: int | None = None
    undone_by: int | None = None
    repeated: bool = False

    @property
    def active(self) -> bool:
        """Whether its rows count."""
        return self.undoes is None and self.undone_by is None


def table_named(name: str) -> sa.Table:
    """A table of the store."""
    return layout().tables[name]


def batches(connection: sa.Connection) -> dict[int, Batch]:
    """Every batch by its number, in order."""
    own = table_named("batches")
    rows = connection.execute(sa.select(own).order_by(own.c.id)).mappings().all()
    undone = {row["undoes"]: row["id"] for row in rows if row["undoes"]}
    return {
        row["id"]: Batch(
            **{name: row[name] for name in _ABOUT},
            tables=tuple(row["tables"].split(";")),
            counts={name: row[name] for name in COUNTS},
            undone_by=undone.get(row["id"]),
        )
        for row in rows
    }


def rows(connection: sa.Connection, table: str) -> Rows:
    """Rows of a table by their key."""
    own = table_named(table).c
    found = connection.execute(sa.select(*(own[name] for name in columns(table))))
    return {key_of(table, row): tuple(row) for row in found}


def history(connection: sa.Connection, *conditions: Any) -> list[sa.Row[Any]]:
    """Entries of the history (table, key, batch, before, after), in order of batch."""
    own = table_named("history")
    found = sa.select(own).where(*conditions).order_by(own.c.batch)
    return list(connection.execute(found).all())


def others(connection: sa.Connection, table: str, kinds: Iterable[str]) -> set[str]:
    """Keys of the rows that a ledger of another kind has stated."""
    past, batch = table_named("history").c, table_named("batches").c
    joined = sa.select(past.key, batch.kind).where(past.table == table, past.batch == batch.id)
    own = set(kinds)
    return {key for key, kind in connection.execute(joined) if set(kind.split(";")) - own}


def reverted(connection: sa.Connection, table: str, batch: int) -> list[Change]:
    """The changes that give a table's rows their values from before a batch."""
    past = table_named("history").c
    entries = history(connection, past.table == table, past.batch == batch)
    there = rows(connection, table)
    return [
        Change(entry.key, there.get(entry.key), row_of(table, entry.before))
        for entry in entries
        if entry.before or entry.after
    ]


def later(connection: sa.Connection, batch: Batch) -> set[int]:
    """Later batches that hold rows which this one holds."""
    past = table_named("history")
    own, other = past.alias().c, past.alias().c
    same = (own.table == other.table) & (own.key == other.key)
    found = sa.select(other.batch).where(same, own.batch == batch.id, other.batch > batch.id)
    return set(connection.scalars(found.distinct()))


def write(
    connection: sa.Connection,
    batch: Batch,
    changes: Mapping[str, Sequence[Change]],
    kept: Sequence[Kept],
) -> None:
    """Write a batch: its rows, its history, its quarantine, each with its checksum."""
    about = [*(getattr(batch, name) for name in _ABOUT), ";".join(batch.tables)]
    counted = [batch.counts[name] for name in COUNTS]
    _add(connection, "batches", (*_ABOUT, "tables", *COUNTS), [(*about, *counted)])
    past = ("table", "key", "batch", "before", "after")
    for table, of_table in changes.items():
        old = [c.before for c in of_table if c.before is not None]
        _remove(connection, table, old)
        _add(connection, table, columns(table), [c.after for c in of_table if c.after is not None])
        entries = [
            (table, c.key, batch.id, image(table, c.before), image(table, c.after))
            for c in of_table
        ]
        _add(connection, "history", past, entries)
    waiting = [(batch.id, *row) for part in kept for row in _waiting(part)]
    _add(connection, "quarantine", ("batch", "sheet", "row", "content"), waiting)


def _remove(connection: sa.Connection, table: str, old: Sequence[Row]) -> None:
    if old:
        own, names = table_named(table), columns(table)
        places = {f"old_{name}": names.index(name) for name in table_about(table)["key"]}
        where = [own.c[names[at]] == sa.bindparam(name) for name, at in places.items()]
        keys = [{name: row[at] for name, at in places.items()} for row in old]
        connection.execute(own.delete().where(*where), keys)
        _sum(connection, table, -len(old), -digest(names, old))


def _add(connection: sa.Connection, table: str, names: Sequence[str], new: Sequence[Row]) -> None:
    if new:
        rows = [dict(zip(names, row, strict=True)) for row in new]
        connection.execute(table_named(table).insert(), rows)
        _sum(connection, table, len(new), digest(names, new))


def _sum(connection: sa.Connection, table: str, rows: int, change: int) -> None:
    """Let a table's checksum follow what was written."""
    own = table_named("checksums")
    here = own.c.table == table
    total = connection.scalar(sa.select(own.c.sum).where(here))
    counted = own.update().where(here).values(rows=own.c.rows + rows)
    connection.execute(counted, {"sum": added(total or "0", change)})


def _waiting(part: Kept) -> Iterator[Row]:
    """Quarantined rows as they were, one by one."""
    reasons: dict[int, list[Any]] = {}
    for (place, column), texts in part.reasons.items():
        reasons.setdefault(place, []).append([column, texts])
    for place, number in enumerate(part.numbers):
        content = [part.title, part.headings, part.cells[place], reasons.get(place, [])]
        yield part.sheet, number, json.dumps(content, ensure_ascii=False, default=str)


def quarantine(connection: sa.Connection, batch: int) -> list[Kept]:
    """Quarantined rows of a batch as they were, sheet by sheet."""
    own = table_named("quarantine")
    found = sa.select(own).where(own.c.batch == batch).order_by(own.c.sheet, own.c.row)
    parts: dict[str, Kept] = {}
    for entry in connection.execute(found):
        title, headings, cells, reasons = json.loads(entry.content)
        part = parts.setdefault(entry.sheet, Kept(entry.sheet, title, headings, [], [], {}))
        part.reasons |= {(len(part.numbers), column): texts for column, texts in reasons}
        part.numbers.append(entry.row)
        part.cells.append(cells)
    return list(parts.values())
