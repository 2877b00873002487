"""What a metric accepts: the rule of each column and parameter, and the error when it is broken.

A rule is looked up by the argument's own name, so that ``members`` means the same
everywhere. NaN in a column whose rule allows it is *unknown*, never zero.
"""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError, Problem

Array = NDArray[Any]


class InputError(DataError):
    """Arguments outside a metric's contract; ``problems`` names each: column, found, expected."""


@dataclass(frozen=True)
class Rule:
    """Interval in which every value lies; ``expected.<key>`` of the catalogue says it in words."""

    key: str
    low: float = -np.inf
    high: float = np.inf
    includes_low: bool = False
    includes_high: bool = False
    whole: bool = False
    unknown: bool = True

    def holds(self, low: Any, high: Any) -> bool:
        """Whether a smallest and a largest value lie inside; False for NaN."""
        above = low >= self.low if self.includes_low else low > self.low
        below = high <= self.high if self.includes_high else high < self.high
        return bool(above) and bool(below)

    def accepts(self, values: Array) -> bool:
        """Whether all values keep the rule; False for NaN, which `broken` judges row by row."""
        if not values.size:
            return True
        whole = values.dtype.kind in "iub"
        if self.low == -np.inf and self.high == np.inf:
            # A finite sum proves it in half the time of smallest and largest value.
            with np.errstate(over="ignore", invalid="ignore"):
                if whole or np.isfinite(values.sum()):
                    return True
        low = values.min()
        if not self.holds(low, low if whole and self.high == np.inf else values.max()):
            return False
        return not self.whole or whole or bool((values % 1 == 0).all())

    def broken(self, values: Array) -> NDArray[np.bool_]:
        """Which values break the rule."""
        above = values >= self.low if self.includes_low else values > self.low
        below = values <= self.high if self.includes_high else values < self.high
        kept = above & below
        if self.whole:
            with np.errstate(invalid="ignore"):
                kept &= values % 1 == 0
        if self.unknown and values.dtype.kind == "f":
            kept |= np.isnan(values)
        return ~kept


#: stands for the default of a parameter that has none
REQUIRED: Final = inspect.Parameter.empty

NUMBER = Rule("number")
POSITIVE = Rule("positive", low=0, unknown=False)
NOT_NEGATIVE = Rule("not_negative", low=0, includes_low=True, unknown=False)
COUNT = Rule("count", low=1, includes_low=True, whole=True, unknown=False)
SHARE = Rule("share", low=0, high=1, includes_low=True, includes_high=True, unknown=False)

#: rules by argument name; a metric adds or replaces its own with ``rules=``
RULES: Mapping[str, Rule] = {
    "income_per_head": NUMBER,
    "members": COUNT,
    "weights": NOT_NEGATIVE,
    "poverty_line": POSITIVE,
    "alpha": NOT_NEGATIVE,
}


def as_column(values: object) -> Array:
    """Values as an array; missing numbers of nullable or object columns become NaN."""
    array: Array = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if array.dtype != object:
        return array
    import pandas as pd

    series = pd.Series(array)
    numeric = {"integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty"}
    if pd.api.types.infer_dtype(series, skipna=True) in numeric:
        return series.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return array


def shape_faults(columns: Mapping[str, Array], rows: int | None) -> Iterator[Problem]:
    """Columns that are no columns, and lengths that differ (``rows``: length of the codes)."""
    lengths = {name: len(column) for name, column in columns.items() if column.ndim}
    for name in columns.keys() - lengths.keys():
        yield input_fault(name, str(columns[name]), "column")
    if rows is not None and len(set(lengths.values())) == 1:
        lengths["codes"] = rows
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        yield input_fault(", ".join(lengths), found, "same_length")


def unknown_rows(name: str, values: Array, rule: Rule | None) -> NDArray[np.bool_] | None:
    """Rows whose value is NaN, None where every value is known; a broken rule is an error."""
    if values.dtype.kind in "mMOSU" and rule is None:
        return None
    if values.dtype.kind not in "mMOSU" and (rule or NUMBER).accepts(values):
        return None
    faults = list(value_faults(name, values, rule))
    if faults:
        raise InputError(faults)
    missing = np.isnan(values)
    return np.asarray(missing.any(axis=tuple(range(1, missing.ndim))))


def value_faults(name: str, values: Array, rule: Rule | None) -> Iterator[Problem]:
    """The fault of one column or parameter, naming the first value that breaks its rule."""
    if values.dtype.kind in "mMOSU":
        if rule is not None:
            yield input_fault(name, str(values.ravel()[:1].tolist()), rule.key)
        return
    rule = rule or NUMBER
    if rule.accepts(values):
        return
    broken = np.flatnonzero(rule.broken(values))
    if broken.size:
        first = values.ravel()[broken[0]].item()
        place = label("input.place", position=int(broken[0]) + 1, count=broken.size)
        yield input_fault(name, f"{first} {place}" if values.ndim else str(first), rule.key)


def input_fault(name: str, found: str, expected: str, **values: str) -> Problem:
    """Fault of one argument; ``expected.<expected>`` of the catalogue says what is right."""
    wanted = label(f"expected.{expected}", lang=None, **values)
    return Problem("input", column=name, found=found, expected=wanted)
