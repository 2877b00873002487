"""What the store holds: the tables of the model, identities, batches, history, quarantine.

Rows travel as tuples of plain values in the order of `columns`, so that both databases, the
history and the checksums see the same thing.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import pandas as pd
import sqlalchemy as sa

from jingde_core.ledgers.check import column_types, table_about
from jingde_core.model.tables import STORE_ONLY, TABLES

Row = tuple[Any, ...]
_TYPES: dict[str, Any] = {
    "str": sa.Text,
    "int64": sa.BigInteger,
    "Int64": sa.BigInteger,
    "float64": sa.Double,
    "bool": sa.Boolean,
    "date": sa.Date,
}
#: rows of the file by disposition; rows of the store by what became of them
COUNTS = (
    *("accepted", "quarantined", "skipped", "header"),
    *("new", "changed", "same", "gone", "outside"),
)
_TEXT = ("file", "sha256", "kind", "imported_at", "as_of", "tables")
#: tables of the store's own
_OWN: dict[str, dict[str, str]] = {
    "batches": dict.fromkeys(("id", "undoes", *COUNTS), "Int64") | dict.fromkeys(_TEXT, "str"),
    "history": dict.fromkeys(("table", "key", "before", "after"), "str") | {"batch": "Int64"},
    "quarantine": {"batch": "Int64", "sheet": "str", "row": "Int64", "content": "str"},
    "checksums": {"table": "str", "rows": "Int64", "sum": "str"},
}
#: sums of row digests are kept modulo this
_RING = 1 << 256


def types(table: str) -> dict[str, str]:
    """Type of each column of a table of the store."""
    if table in STORE_ONLY:
        return dict.fromkeys(STORE_ONLY[table].to_schema().columns, "str")
    return column_types(table)


@lru_cache(maxsize=1)
def layout() -> sa.MetaData:
    """Every table of the store; keys cluster the rows, so that a table is its own index."""
    found = sa.MetaData()
    for name in (*TABLES, *STORE_ONLY, *_OWN):
        own = _OWN.get(name) or types(name)
        keys = ("id", "table", "key", "batch", "sheet", "row")
        key = [c for c in own if c in keys] if name in _OWN else table_about(name)["key"]
        parts = [
            sa.Column(
                column,
                _TYPES[kind],
                *([sa.ForeignKey("batches.id")] if column in ("batch", "undoes") else []),
                primary_key=column in key,
                autoincrement=False,
            )
            for column, kind in own.items()
        ]
        sa.Table(name, found, *parts, sqlite_with_rowid=False)
    return found


def columns(table: str) -> list[str]:
    """Columns of a model's table in the store, in order."""
    return list(types(table))


def rows_of(table: str, frame: pd.DataFrame) -> list[Row]:
    """Rows of a frame as plain values; None for what is missing."""
    parts = []
    for name, kind in types(table).items():
        values = frame[name]
        plain = values.astype(object).where(values.notna(), None).tolist()
        parts.append([v and v.date() for v in plain] if kind == "date" else plain)
    return list(zip(*parts, strict=True))


def frame_of(table: str, rows: Sequence[Row]) -> pd.DataFrame:
    """The typed frame of plain rows, in order of their key."""
    found: dict[str, Any] = {}
    ordered = sorted(rows, key=lambda row: key_of(table, row))
    for place, (name, kind) in enumerate(types(table).items()):
        values = pd.Series([row[place] for row in ordered], dtype=object)
        if kind == "date":
            found[name] = pd.to_datetime(values).astype("datetime64[us]")
        else:
            found[name] = values.astype(pd.api.types.pandas_dtype(kind))
    return pd.DataFrame(found)


@lru_cache(maxsize=64)
def _places(table: str) -> list[int]:
    names = columns(table)
    return [names.index(name) for name in table_about(table)["key"]]


def key_of(table: str, row: Row) -> str:
    """A row's key as text: as it stands, or a JSON list where it has several parts."""
    parts = [row[place] for place in _places(table)]
    return str(parts[0]) if len(parts) == 1 else key_text(parts)


def key_text(key: Any) -> str:
    """A key as the history holds it."""
    return key if isinstance(key, str) else json.dumps(list(key), ensure_ascii=False, default=str)


def image(table: str, row: Row | None) -> str | None:
    """A row as the history holds it, columns by name; None for none."""
    if row is None:
        return None
    named = dict(zip(columns(table), row, strict=True))
    return json.dumps(named, ensure_ascii=False, default=str)


def row_of(table: str, text: str | None) -> Row | None:
    """The row of such an image; a column that the model has gained since is missing."""
    if text is None:
        return None
    named = json.loads(text)
    return tuple(
        date.fromisoformat(named[name]) if kind == "date" and named.get(name) else named.get(name)
        for name, kind in types(table).items()
    )


def digest(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Sum of the rows' SHA-256, their values by the columns' names.

    It depends neither on the order of rows nor on that of columns, and follows what comes and
    goes: a batch need not read what it does not touch, and never blesses what is damaged.
    """
    order = sorted(range(len(names)), key=names.__getitem__)
    sha256 = hashlib.sha256
    total = 0
    for row in rows:
        text = repr([row[place] for place in order])
        total += int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest(), "big")
    return total


def added(total: str, change: int) -> str:
    """A checksum after a change of its sum."""
    return f"{(int(total, 16) + change) % _RING:064x}"
