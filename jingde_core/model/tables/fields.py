"""What every column of every table declares: its unit, its source, its checks.

A column's heading (zh, en) is the catalogue entry ``column.<name>``; where the same
name heads another thing in one table, ``column.<table>.<name>``.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.engines import pandas_engine

Day = Annotated[pandas_engine.DateTime, {}, "us", None, False, {}]
Count = pd.Int64Dtype

#: where a column's values come from when nothing else is said
REGISTER, REPORT, PUBLIC = "register", "report", "public"


def column(unit: str = "text", *, source: str = REGISTER, **checks: Any) -> Any:
    """A column with its unit (``text``, ``code``, ``yuan``, ``person``, ...) and its source."""
    return pa.Field(metadata={"unit": unit, "source": source}, **checks)


def identifier(pattern: str = r"\S+", **checks: Any) -> Any:
    """A code: text, never a number, of the given pattern."""
    return column("code", str_matches=rf"^{pattern}$", **checks)


def one_of(*values: str, **checks: Any) -> Any:
    """A coded value out of a closed list; each has a catalogue entry ``value.<column>.<code>``."""
    return column("category", isin=list(values), **checks)


def yuan(**checks: Any) -> Any:
    """Money in yuan on whole fen."""
    return column("yuan", whole_fen=True, **checks)


def in_fen(values: "pd.Series[float]") -> "pd.Series[int]":
    """Money in whole fen as integers, the form in which sums are exact."""
    return (values * 100).round().astype("int64")


@pa.extensions.register_check_method(statistics=["whole"])  # type: ignore[untyped-decorator]
def whole_fen(series: "pd.Series[float]", *, whole: bool) -> "pd.Series[bool]":
    """Whether an amount of yuan has no part of a fen."""
    fen = series.to_numpy(dtype=float) * 100
    return pd.Series((np.abs(fen - np.round(fen)) < 1e-4) == whole, index=series.index)


class Table(pa.DataFrameModel):
    """A table: no unknown column, no silent conversion."""

    class Config:
        strict = True
        coerce = False


def about(key: Iterable[str] = ("id",), **references: str) -> dict[str, Any]:
    """A table's key columns, and for each referring column the ``table.column`` it points to."""
    return {"key": list(key), "references": references}


Model = type[Table]
Rule = Callable[[type[Table], pd.DataFrame], "pd.Series[bool]"]
