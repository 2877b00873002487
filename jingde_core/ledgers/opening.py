"""Opening a store: clean what a killed process left, upgrade an older layout, verify all."""

from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from jingde_core.ledgers import backups
from jingde_core.ledgers.databases import Database, fault
from jingde_core.ledgers.layout import added, digest, layout
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError, Problem
from jingde_core.model.tables import STORE_ONLY, TABLES

Columns = dict[str, list[str]]
#: faults that are no damage
_NO_DAMAGE = ("store_busy", "store_unreachable", "store_read_only", "disk_full")


def opened(database: Database, notes: list[str]) -> None:
    """Make, clean, upgrade and verify a store; ``notes`` gets what its user should know.

    Raises
    ------
    DataError
        for a damaged store, one of a newer version, an upgrade that fails: then it is as it was.
    """
    if database.read_only:
        notes.append(label("store.read_only", file=database.name))
    _clean(database, notes)
    with database.reading() as connection:
        found, damage = _looked(database, connection)
    if damage:
        copies = map(str, filter(_is_sound, backups.copies(database.path) if database.path else []))
        expected = next(copies, label("store.no_backup"))
        raise DataError([_problem("store_damaged", database, damage, expected)])
    if _newer(found):
        raise DataError([_problem("store_newer", database, ", ".join(_newer(found)))])
    wanted = {name: list(table.columns.keys()) for name, table in layout().tables.items()}
    gained = {t: [c for c in own if c not in found.get(t, [])] for t, own in wanted.items()}
    if any(gained.values()):
        _upgrade(database, found, gained, notes)


def _problem(code: str, database: Database, found: str, expected: str = "") -> Problem:
    return Problem(code, file=database.name, found=found, expected=expected)


def _clean(database: Database, notes: list[str]) -> None:
    """Remove what a killed process left, unless its owner is still at work."""
    if database.path is None or database.read_only or not backups.leftovers(database.path):
        return
    with suppress(DataError), database.writing():  # taking the lock rolls an old journal back
        for path in backups.leftovers(database.path):
            if path.parent != database.path.parent:
                path.unlink(missing_ok=True)
        notes.append(label("store.interrupted", file=database.name))


def _looked(database: Database, connection: sa.Connection) -> tuple[Columns, str]:
    """The store's tables with their columns, and the first that is not as it was written."""
    found: Columns = {}
    table = "checksums"
    try:
        if not database.sound(connection):
            return found, label("store.pages")
        # a shared server may hold tables of others
        there = database.columns(connection)
        found = {name: own for name, own in there.items() if name in layout().tables}
        if not found or _newer(found):
            return found, ""
        sums = {row[0]: row[1:] for row in connection.execute(sa.select(layout().tables[table]))}
        for table in sorted(found.keys() - {"checksums"}):
            rows, total = _content(connection, table, found[table])
            if sums.get(table) != (rows, total):
                return found, table
    except (sa.exc.DBAPIError, ValueError, OverflowError) as error:
        if fault(error) in _NO_DAMAGE:
            raise
        return found, table
    return found, ""


def _newer(found: Columns) -> list[str]:
    """Columns that this version does not know."""
    known = layout().tables
    return [f"{t}.{c}" for t, own in found.items() for c in own if c not in known[t].columns]


def _content(connection: sa.Connection, table: str, names: list[str]) -> tuple[int, str]:
    """Number of rows and checksum of a table as it stands."""
    own = layout().tables[table].columns
    rows = connection.execute(sa.select(*(own[name] for name in names))).all()
    return len(rows), added("0", digest(names, rows))


def _is_sound(path: Path) -> bool:
    database = Database(path)
    with suppress(DataError), database.reading() as connection:
        return not _looked(database, connection)[1]
    return False


def _upgrade(database: Database, found: Columns, gained: Columns, notes: list[str]) -> None:
    """Add the tables and columns that the models have gained; a copy is made before."""
    copy = ""
    try:
        with database.writing() as connection:
            if found and database.path is not None:
                last = connection.scalar(sa.select(sa.func.max(layout().tables["batches"].c.id)))
                copy = str(backups.back_up(database.path, f"{last or 0:06d}-upgrade"))
            layout().create_all(connection)
            for table, names in gained.items():
                if table in found and names:
                    _widen(connection, database, table, names)
                if table != "checksums" and names:
                    sums = layout().tables["checksums"]
                    connection.execute(sums.delete().where(sums.c.table == table))
                    content = _content(connection, table, found.get(table, []) + names)
                    connection.execute(sums.insert().values((table, *content)))
    except sa.exc.SQLAlchemyError as error:
        raise DataError([_problem("store_upgrade", database, str(error), copy)]) from None
    if found:
        notes.append(label("store.upgraded", file=database.name, copy=copy))


def _widen(connection: sa.Connection, database: Database, table: str, names: list[str]) -> None:
    """Add columns to a table; one that must be filled cannot be added to rows that lack it."""
    own = layout().tables[table]
    filled = connection.scalar(sa.select(sa.func.count()).select_from(own.alias())) or 0
    quote = connection.dialect.identifier_preparer.quote
    for name in names:
        models = {**TABLES, **STORE_ONLY}
        required = table not in models or not models[table].to_schema().columns[name].nullable
        if filled and required:
            place = f"{table}.{name}"
            raise DataError([_problem("store_upgrade", database, place)])
        kind = own.columns[name].type.compile(connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {quote(table)} ADD COLUMN {quote(name)} {kind}")
