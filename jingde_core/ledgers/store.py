"""The office's store (台账库): what was imported, where each value came from, how it was before.

One SQLite file in the office's folder, or a PostgreSQL database by URL, through the same code.
Every import is a batch: one transaction or nothing. History is only added to. A checksum of each
table's rows goes with them and is verified on opening, as SQLite's own check passes a changed
byte. Names, ID numbers, phones and cards stay here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from jingde_core.ledgers import backups, records
from jingde_core.ledgers.databases import Database
from jingde_core.ledgers.editions import Edition, editions, kinds_of, needed
from jingde_core.ledgers.kinds import kind_of
from jingde_core.ledgers.layout import COUNTS, frame_of, key_text, row_of
from jingde_core.ledgers.opening import opened
from jingde_core.ledgers.quarantine import write_quarantine
from jingde_core.ledgers.records import Batch
from jingde_core.ledgers.report import Report
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.model.parameters import Parameters
from jingde_core.model.place import store_file
from jingde_core.model.problem import DataError, Problem, collected
from jingde_core.model.tables import STORE_ONLY, TABLES


class Store:
    """The office's imported tables with their history (台账库).

    Parameters
    ----------
    place : str or Path, optional
        A file, made when missing, or ``postgresql://user@host/database``; by default
        `model.place.store_file`. Copies of a file are made before each batch, in ``backups``
        beside it; a PostgreSQL database is backed up by its own means.

    Attributes
    ----------
    notes : list of str
        What was found and done on opening: read-only, an interrupted import, an upgrade.

    Raises
    ------
    DataError
        for a store that is damaged (the last sound copy is named), of a newer version, locked,
        or out of reach.
    """

    def __init__(self, place: str | Path | None = None) -> None:
        place = place or store_file()
        if place is None:
            raise DataError([Problem("no_home", expected="JINGDE_HOME")])
        self._database = Database(place)
        self.notes: list[str] = []
        opened(self._database, self.notes)

    @property
    def path(self) -> Path | None:
        """Its file; None for a database server."""
        return self._database.path

    @property
    def read_only(self) -> bool:
        """Whether it can be looked at only."""
        return self._database.read_only

    def commit(
        self,
        report: Report,
        *,
        confirm: bool = False,
        replaces: bool = True,
        at: datetime | None = None,
        dry_run: bool = False,
    ) -> Batch:
        """Put what a report accepted into the store, all or nothing (入库).

        Rows are written by their key; columns that the file says nothing of keep their value.
        Rows that the file covers (`editions`: the villages that its rows name) and no longer
        holds leave the table and stay in the history, so a ledger of one town touches no other
        town. A file of mended quarantined rows only adds and changes. The basis is what the
        store holds once this writer has its lock, whatever was read before.

        Parameters
        ----------
        report : Report
        confirm : bool
            Go on although the file drops a large share of the rows that it covers.
        replaces : bool
            False for a supplement: nothing is gone.
        at : datetime, optional
            When the import takes place; by default what this machine's clock says. No date of
            the data comes from it.
        dry_run : bool
            Count only; nothing is written.

        Returns
        -------
        Batch
            The earlier one, ``repeated``, where this very file is in the store.

        Raises
        ------
        DataError
            where nothing was accepted, too many rows would be gone (`fewer_rows`), somebody
            else is writing, or the disk is full; the store is then as it was.
        """
        if not any(len(frame) for frame in report.tables.values()):
            raise DataError([Problem("nothing_accepted", file=report.file)])
        database = self._database
        with database.reading() if dry_run else database.writing() as connection:
            known = records.batches(connection)
            for old in known.values():
                if old.sha256 == report.sha256 and old.active:
                    return replace(old, repeated=True)
            kinds = kinds_of(report)
            current = {table: records.rows(connection, table) for table in needed(report)}
            foreign = {table: records.others(connection, table, kinds) for table in report.tables}
            whole = replaces and not report.mended
            found = editions(report, current, replaces=whole, foreign=foreign)
            if not confirm:
                _ask(found, report.file)
            changes = {edition.table: edition.changes for edition in found}
            batch = Batch(
                len(known) + 1,
                report.file,
                report.sha256,
                ";".join(kinds),
                _moment(at),
                str(report.as_of or ""),
                tuple(sorted(report.tables)),
                report.counts | _counted(found, kinds),
            )
            if not dry_run:
                self._back_up(len(known))
                records.write(connection, batch, changes, report.kept)
        return batch

    def undo(self, batch: int, *, at: datetime | None = None) -> Batch:
        """Give every row that a batch changed its values from before it (撤销导入).

        Returns
        -------
        Batch
            A batch of its own: the history keeps both.

        Raises
        ------
        KeyError
            for a batch that there is not.
        DataError
            where it is undone already, or later batches hold the same rows (they are named).
        """
        with self._database.writing() as connection:
            known = records.batches(connection)
            old = _known(known, batch)
            if not old.active:
                raise DataError([Problem("already_undone", file=old.file, found=str(batch))])
            holding = [n for n in sorted(records.later(connection, old)) if known[n].active]
            if holding:
                named = label("list_comma").join(f"{n} {known[n].file}" for n in holding)
                raise DataError([Problem("later_batches", file=old.file, found=named)])
            changes = {table: records.reverted(connection, table, batch) for table in old.tables}
            found = [Edition(table, own) for table, own in changes.items()]
            counts = dict.fromkeys(COUNTS, 0) | _counted(found, old.kind.split(";"))
            counts["outside"] = 0
            undoing = replace(
                old, id=len(known) + 1, imported_at=_moment(at), undoes=batch, counts=counts
            )
            self._back_up(len(known))
            records.write(connection, undoing, changes, [])
        return undoing

    def _back_up(self, batch: int) -> None:
        if self._database.path is not None:
            backups.back_up(self._database.path, f"{batch:06d}")

    def batches(self) -> pd.DataFrame:
        """One row a batch: what came when from which file, its counts, and what undid it."""
        with self._database.reading() as connection:
            found = [vars(batch) for batch in records.batches(connection).values()]
        names = ["id", "file", "kind", "imported_at", "as_of", *COUNTS]
        names += ["undoes", "undone_by", "sha256"]
        frame = pd.DataFrame([row | row["counts"] for row in found], columns=names)
        return frame.astype({"undoes": "Int64", "undone_by": "Int64"})

    def history(self, table: str, key: Any) -> pd.DataFrame:
        """What a row's values were and became (变更记录).

        Parameters
        ----------
        table : str
        key : str, or the parts of a key of several columns

        Returns
        -------
        DataFrame
            ``batch, file, imported_at, column, before, after``, one row a value changed by a
            batch; a batch that stated the row as it was has one row without a column. Values
            of ``identity`` are left out: a change shows, the numbers stay in the store.
        """
        if table not in {**TABLES, **STORE_ONLY}:
            raise KeyError(unknown_name(table, [*TABLES, *STORE_ONLY]))
        past = records.table_named("history").c
        with self._database.reading() as connection:
            known = records.batches(connection)
            entries = records.history(connection, past.table == table, past.key == key_text(key))
        found = [
            (entry.batch, known[entry.batch].file, known[entry.batch].imported_at, *difference)
            for entry in entries
            for difference in _differences(table, entry.before, entry.after)
        ]
        names = ["batch", "file", "imported_at", "column", "before", "after"]
        return pd.DataFrame(found, columns=names, dtype=object)

    def tables(self) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
        """Imported tables as they are now, and one row of provenance for each.

        Returns
        -------
        dict of table to frame
            Tables that an active batch brought; without identities.
        DataFrame
            ``table, kind`` (``imported``)``, source`` (the latest file, and of how many)``,
            rows, sha256, as_of, imported_at``.
        """
        with self._database.reading() as connection:
            active = [b for b in records.batches(connection).values() if b.active]
            held = {t: [b for b in active if t in b.tables] for t in TABLES}
            found = {
                t: frame_of(t, [*records.rows(connection, t).values()]) for t in held if held[t]
            }
        about = []
        for table, frame in found.items():
            last, files = held[table][-1], len({batch.sha256 for batch in held[table]})
            source = label("store.files", file=last.file, count=files) if files > 1 else last.file
            day = max(batch.as_of for batch in held[table])
            row = (table, "imported", source, len(frame), last.sha256, day, last.imported_at)
            about.append(row)
        names = ["table", "kind", "source", "rows", "sha256", "as_of", "imported_at"]
        return found, pd.DataFrame(about, columns=names)

    def edition(self, batch: int) -> dict[str, pd.DataFrame]:
        """The tables as they were after a batch (历史版本); without identities."""
        past = records.table_named("history").c
        with self._database.reading() as connection:
            known = records.batches(connection)
            _known(known, batch)
            brought = {t for b in known.values() if b.id <= batch for t in b.tables}
            found = {t: records.rows(connection, t) for t in TABLES if t in brought}
            entries = records.history(connection, past.batch > batch, past.table.in_(found))
        for entry in reversed(entries):
            row = row_of(entry.table, entry.before)
            if row is not None:
                found[entry.table][entry.key] = row
            elif entry.after:
                del found[entry.table][entry.key]
        return {table: frame_of(table, [*rows.values()]) for table, rows in found.items()}

    def identity(self) -> pd.DataFrame:
        """Names, ID numbers, phones and cards of persons: for matching and mending only."""
        with self._database.reading() as connection:
            return frame_of("identity", [*records.rows(connection, "identity").values()])

    def write_quarantine(self, batch: int, path: Path) -> int:
        """Write a batch's quarantined rows to a workbook, to be mended; returns how many."""
        with self._database.reading() as connection:
            _known(records.batches(connection), batch)
            kept = records.quarantine(connection, batch)
        return write_quarantine(kept, Path(path))


def _differences(table: str, before: str | None, after: str | None) -> Iterator[tuple[Any, ...]]:
    """Columns that differ between two images, with their values; those of identities hidden."""
    old, new = json.loads(before or "{}"), json.loads(after or "{}")
    if not old and not new:
        yield "", None, None
    for column in {**old, **new}:
        pair = old.get(column), new.get(column)
        if pair[0] != pair[1]:
            hidden = label("store.hidden") if table in STORE_ONLY else ""
            yield column, *(hidden if hidden and value else value for value in pair)


def _known(known: Mapping[int, Batch], batch: int) -> Batch:
    if batch not in known:
        raise KeyError(unknown_name(batch, map(str, known)))
    return known[batch]


def _counted(found: Sequence[Edition], kinds: Sequence[str]) -> dict[str, int]:
    """Rows of the kinds' own tables by what becomes of them: one for each row of the file."""
    own = {kind_of(kind).main for kind in kinds}
    counted = [edition for edition in found if edition.table in own]
    return {what: sum(edition.count(what) for edition in counted) for what in COUNTS[4:]}


def _ask(found: Sequence[Edition], file: str) -> None:
    """Refuse, until it is confirmed, what drops a large share of the rows that it covers."""
    share = Parameters.load().value("edition_drop")
    with collected() as problems:
        for edition in found:
            gone = edition.count("gone")
            if edition.within and gone >= share * edition.within:
                name = value_label("table", edition.table)
                counted = label("store.of_rows", table=name, within=edition.within)
                problems.append(Problem("fewer_rows", file=file, found=str(gone), expected=counted))


def _moment(at: datetime | None) -> str:
    """When a batch takes place, to the second; the clock orders nothing and dates no data."""
    return (at or datetime.now()).isoformat(sep=" ", timespec="seconds")
