"""Plain tallies as metrics: how many rows, how much in all, how many different, what share.

Most figures of a county's systems are tallies; each is a row of ``data/tallies.csv``. Money is
summed in whole fen, so that a total is exact.
"""

import csv
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from jingde_core.metrics.contract import NUMBER, Rule
from jingde_core.metrics.finish import Sums, ratio, total
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import METRICS, Metric
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped

Moments = Callable[..., Any]


def rows_of(name: str, table: str, unit: str, about: str, *, key: str = "id") -> Metric:
    """Number of rows; 0 for none. ``key`` is a column that is never empty."""
    return _declared(name, table, unit, about, (key,), _one_each(key), total("rows"))


def sum_of(name: str, table: str, column: str, unit: str, about: str) -> Metric:
    """Sum of a column; 0 for no row. Yuan are added up in whole fen."""
    if unit == "yuan":
        return _declared(name, table, unit, about, (column,), _fen(column), _yuan)
    return _declared(name, table, unit, about, (column,), _itself(column), total("total"))


def share_of(
    name: str, table: str, column: str, about: str, *, of: str = "", unit: str = "1"
) -> Metric:
    """Sum of a column over the sum of ``of``, or over the rows (a mean, with its ``unit``).

    NaN where that is zero.
    """
    columns = (column, of) if of else (column,)
    below = of or "rows"
    finish = ratio("above", below)
    return _declared(name, table, unit, about, columns, _pair(column, below), finish)


def distinct_of(name: str, table: str, column: str, unit: str, about: str) -> Metric:
    """Number of different values of a column; 0 for none."""

    def counted(**columns: Array) -> float:
        return float(len(np.unique(columns[column])))

    return _declared(name, table, unit, about, (column,), counted, None)


def once_each(name: str, table: str, key: str, column: str, unit: str, about: str) -> Metric:
    """Sum of a column over the different values of ``key``, each counted once."""

    def counted(**columns: Array) -> float:
        _, first = np.unique(columns[key], return_index=True)
        return float(columns[column][first].sum())

    rules = {column: NUMBER}
    return _declared(name, table, unit, about, (key, column), counted, None, rules)


def _one_each(key: str) -> Moments:
    return lambda **columns: {"rows": np.ones(len(columns[key]))}


def _itself(column: str) -> Moments:
    return lambda **columns: {"total": columns[column].astype(float)}


def _fen(column: str) -> Moments:
    return lambda **columns: {"fen": np.rint(columns[column] * 100)}


def _pair(column: str, below: str) -> Moments:
    def moments(**columns: Array) -> dict[str, Array]:
        above = columns[column].astype(float)
        return {"above": above, below: columns.get(below, np.ones(len(above)))}

    return moments


def _yuan(sums: Sums) -> Array:
    return np.asarray(sums["fen"], dtype=float) / 100


def _declared(
    name: str,
    table: str,
    unit: str,
    about: str,
    columns: tuple[str, ...],
    function: Moments,
    finish: Callable[..., Array] | None,
    rules: Mapping[str, Rule] = MappingProxyType({}),
) -> Metric:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = about
    return METRICS.add(
        Metric(
            name=name,
            table=table,
            unit=unit,
            source="county report 2020",
            columns=columns,
            parameters=MappingProxyType({}),
            denominator=columns[-1] if len(columns) > 1 and finish is not None else "",
            ordered=finish is None,
            per="",
            function=function,
            finisher=finish,
            rules=rules,
            empty=0.0,
        )
    )


def tally(name: str) -> Metric:
    """A metric by name, as the ``__getattr__`` of a subject's module: ``flood.damages``."""
    if name not in METRICS:
        raise AttributeError(unknown_name(name, METRICS))
    return METRICS[name]


def _listed() -> None:
    """Declare the tallies of ``data/tallies.csv``: how, table, column, of which other column."""
    with (shipped("data") / "tallies.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            how, of, column = row.pop("how"), row.pop("of"), row.pop("column")
            if how == "rows":
                rows_of(**row, key=column or "id")
            elif how == "share":
                share_of(**row, column=column, of=of)
            elif how == "once":
                once_each(**row, key=of, column=column)
            else:
                {"sum": sum_of, "distinct": distinct_of}[how](**row, column=column)


_listed()
