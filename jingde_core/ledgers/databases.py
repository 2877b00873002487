"""SQLite by path and PostgreSQL by URL: connections, one writer at a time, faults in our words.

SQLite keeps a rollback journal, which works on a network drive and leaves one file that a
read-only folder can show (a write-ahead log does neither).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError, Problem

#: what a database calls a fault, by the beginning of its name, and what it is to a reader
_FAULTS = {
    "store_busy": ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40001", "23505"),
    "disk_full": ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "53100"),
    "store_read_only": ("SQLITE_READONLY", "25006", "42501"),
    "store_damaged": ("SQLITE_CORRUPT", "SQLITE_NOTADB"),
    "store_unreachable": ("SQLITE_IOERR", "SQLITE_CANTOPEN", "connection"),
}
#: seconds that a second writer waits before it is told
_PATIENCE = 2.0
#: the one writer of a PostgreSQL store holds this lock
_LOCK = 341825


class Database:
    """A database that can be read, and written by one at a time."""

    def __init__(self, place: str | Path) -> None:
        text = str(place)
        self.path: Path | None = None
        self.read_only = False
        if "://" in text:
            url = sa.make_url(text)
            if url.drivername in ("postgres", "postgresql"):
                url = url.set(drivername="postgresql+psycopg")
            self.name = f"{url.host or ''}/{url.database}"
            self.engine = sa.create_engine(url, hide_parameters=True, poolclass=sa.NullPool)
        else:
            self.path = Path(text).expanduser().absolute()
            self.name = self.path.name
            with self.told():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                there = self.path.exists()
            asked = (self.path.parent, self.path)[: 1 + there]
            self.read_only = not all(os.access(place, os.W_OK) for place in asked)
            self.engine = sa.create_engine(
                "sqlite://", creator=self._connected, hide_parameters=True, poolclass=sa.NullPool
            )
        sa.event.listen(self.engine, "begin", self._begin)

    def _connected(self) -> sqlite3.Connection:
        assert self.path is not None
        uri = f"{self.path.as_uri()}?mode={'ro' if self.read_only else 'rwc'}"
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
        # what is sorted or set aside holds identities: it never touches the disk
        connection.executescript("PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY")
        return connection

    def _begin(self, connection: sa.Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        if self.path is not None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
        elif writing:
            lock = sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))
            if not connection.scalar(lock):
                raise DataError([Problem("store_busy", file=self.name)])

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state throughout."""
        with self.told(), self.engine.connect() as connection:
            if self.path is None:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """The connection of the one writer: all of it happens, or nothing."""
        with self.told():
            if self.read_only:
                raise DataError([Problem("store_read_only", file=self.name)])
            with self.engine.connect() as connection:
                connection.execution_options(writing=True)
                with connection.begin():
                    yield connection

    @contextmanager
    def told(self) -> Iterator[None]:
        """Faults of the database as problems; others pass."""
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
            code = fault(error)
            if code is None:
                raise
            reason = label(f"store.{code}") if code == "store_damaged" else str(_cause(error))
            raise DataError([Problem(code, file=self.name, found=reason)]) from None

    def columns(self, connection: sa.Connection) -> dict[str, list[str]]:
        """Columns of every table that there is."""
        found = sa.inspect(connection).get_multi_columns()
        return {table: [column["name"] for column in own] for (_, table), own in found.items()}

    def sound(self, connection: sa.Connection) -> bool:
        """Whether the database's own check passes; it does not see what a value should be."""
        if self.path is None:
            return True
        return connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar() == "ok"


def _cause(error: BaseException) -> Any:
    return error.orig if isinstance(error, sa.exc.DBAPIError) else error


def fault(error: BaseException) -> str | None:
    """Code of the problem that an error of the database is; None for a fault of the workbook."""
    cause = _cause(error)
    if isinstance(cause, OSError):
        return "disk_full" if cause.errno in (27, 28, 122) else "store_unreachable"
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    if name is None and isinstance(error, sa.exc.OperationalError):
        name = "connection"
    return next((c for c, starts in _FAULTS.items() if str(name).startswith(starts)), None)
