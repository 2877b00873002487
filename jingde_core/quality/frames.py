"""Frames that rules read: the tables, with what a row's household, person or place says beside it.

A rule's ``table`` names a frame. A plain table needs nothing: it gains household, village and
town where they follow from its keys. ``data/quality/frames.toml`` declares what is joined,
counted and computed; a frame that this cannot say is a function in a module of this room::

    @frame("lease_accounts")
    def lease_accounts(frames: Frames) -> pd.DataFrame:
        return frames.joined(frames.tables["leases"], "entities", on="entity", gain=["kind"])

It is found by itself. ``frames.tables`` are the tables as they came (an absent one is empty, with
its columns), ``frames[name]`` is another frame, ``frames.as_of`` the day. The key of a row is its
first column, else ``record`` is set. Headings of new columns: ``column.<frame>.<name>``.
"""

import pkgutil
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from importlib import import_module
from typing import Any

import pandas as pd

from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.quality.predicates import truth, value

PLACES = ("household", "village", "town")
INDICATORS = ("food", "clothing", "education", "medical", "housing", "water")
_KEYS = {"household": ("person", "persons"), "village": ("household", "households")}
_KEYS |= {"town": ("village", "villages")}
_AHEAD = ("ends_on", "due_on")


class Frames:
    """Frames of one set of tables, each made when it is first asked for."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], as_of: str | None = None) -> None:
        self.tables = _Tables(tables)
        self._day = as_of
        self._made: dict[str, pd.DataFrame] = {}
        self._columns: dict[str, dict[str, Any]] = {}

    @cached_property
    def as_of(self) -> pd.Timestamp:
        """The day of the check: as given, else the latest on which something was done."""
        done = [
            table[name].max()
            for table in ({} if self._day else self.tables.given).values()
            for name in table.select_dtypes("datetime").columns.difference(list(_AHEAD))
        ]
        latest = max((day for day in done if pd.notna(day)), default=pd.Timestamp.max.floor("D"))
        return pd.Timestamp(self._day) if self._day else latest

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A frame with record, household, village and town; empty where its table is."""
        if name not in self._made:
            self[name] = registered()[name](self) if name in registered() else self._declared(name)
        return self._made[name]

    def __setitem__(self, name: str, made: pd.DataFrame) -> None:
        self._made[name] = self._placed(made.reset_index(drop=True))

    def columns(self, name: str) -> dict[str, Any]:
        """Columns of a frame by name."""
        if name not in self._columns:
            self._columns[name] = _series(self[name])
        return self._columns[name]

    def joined(
        self, frame: pd.DataFrame, other: str | pd.DataFrame, *, on: str, gain: Iterable[str]
    ) -> pd.DataFrame:
        """The frame with columns of the record that ``on`` names; those it has stay."""
        there = self.tables[other] if isinstance(other, str) else other
        there = there.drop_duplicates(there.columns[0])
        new = [name for name in gain if name not in frame]
        at = pd.Index(there.iloc[:, 0]).get_indexer(frame[on])
        rows = there[new].reset_index(drop=True).reindex(at).set_axis(frame.index)
        return pd.concat([frame, rows], axis=1)

    def counted(
        self, table: str, rows: pd.DataFrame, into: "pd.Series[Any]", by: str = "household"
    ) -> "pd.Series[Any]":
        """Rows of a table for each of ``into``: 0 for none, NaN where the table is empty."""
        none = 0 if len(self.tables[table]) else float("nan")
        return into.map(rows[by].value_counts()).fillna(none)

    def _source(self, name: str) -> pd.DataFrame:
        return self[name[1:]] if name.startswith("@") else self.tables[name]

    def _declared(self, name: str) -> pd.DataFrame:
        about = _declarations().get(name, {})
        made = self._source(about.get("from", name)).reset_index(drop=True)
        for line in about.get("join", []):
            other, on, *gain = line.split()
            made = self.joined(made, self._source(other), on=on, gain=gain)
        for place, counts in about.get("count", {}).items():
            other, by = place.split(".")
            rows = self._source(other)
            for column, condition in counts.items():
                meets = rows[_holds(condition, rows)]
                made[column] = self.counted(other.removeprefix("@"), meets, made["id"], by=by)
        for column, expression in about.get("columns", {}).items():
            around = {"as_of": self.as_of, "frames": self}
            made[column] = value(expression, {**_series(made), **around})
        return made[_holds(about["where"], made)] if "where" in about else made

    def _placed(self, frame: pd.DataFrame) -> pd.DataFrame:
        for place, (key, table) in _KEYS.items():
            if key in frame and place not in frame:
                frame = self.joined(frame, table, on=key, gain=[place])
            if place == "town" and not len(self.tables["villages"]):
                frame["town"] = frame["village"].str[:9]
            elif place not in frame:
                frame[place] = pd.Series(index=frame.index, dtype="str")
        return frame if "record" in frame else frame.assign(record=frame.iloc[:, 0].astype("str"))


class _Tables(dict[str, pd.DataFrame]):
    """The tables given; one that is absent is empty, with the columns of its model."""

    def __init__(self, given: Mapping[str, pd.DataFrame]) -> None:
        super().__init__(given)
        self.given = given

    def __missing__(self, name: str) -> pd.DataFrame:
        from jingde_core.model.tables import TABLES

        if name not in TABLES:
            raise KeyError(unknown_name(name, {*TABLES, *registered(), *_declarations()}))
        self[name] = TABLES[name].empty()
        return self[name]


def _series(rows: pd.DataFrame) -> dict[str, Any]:
    return {str(name): values for name, values in rows.items()}


def _holds(condition: str, rows: pd.DataFrame) -> "pd.Series[bool]":
    return truth(condition, _series(rows)).fillna(False).astype(bool)


Maker = Callable[[Frames], pd.DataFrame]
_MAKERS: dict[str, Maker] = {}


def frame(name: str) -> Callable[[Maker], Maker]:
    """Register a function as the maker of the frame of this name."""
    return lambda maker: _MAKERS.setdefault(name, maker)


@cache
def registered() -> Mapping[str, Maker]:
    """Makers of frames by name, from every module of the room."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")
    return _MAKERS


@cache
def _declarations() -> dict[str, Any]:
    path = shipped("data") / "quality" / "frames.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@frame("states")
def states(frames: Frames) -> pd.DataFrame:
    """State of the six indicators (六项指标) by household, and why education is exempt."""
    checks = frames.tables["guarantees"].drop_duplicates(["household", "indicator"])
    checks = checks.set_index(["household", "indicator"])
    reasons = checks["reason"].unstack().reindex(columns=["education"]).add_suffix("_reason")
    found = checks["state"].unstack().reindex(columns=list(INDICATORS)).join(reasons)
    return found.reset_index()
