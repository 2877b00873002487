"""A table's rows as arrays ready to be counted: each column and grouping is prepared once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.model.catalogue import label, value_label
from jingde_core.model.naming import unknown_name

COUNTY_CODE = "341825"
PLACES = ("county", "town", "village")
UNIVERSES = ("registered", "edge", "all")
#: tables of households, in which a universe is chosen, and the states that are in each
_STATES: dict[str, dict[str, tuple[str, ...]]] = {
    "households": {"registered": ("registered",), "edge": ("edge",)},
    "guarantee_profile": {"registered": ("registered",), "edge": ("edge",)},
    "household_years": {"registered": ("poor", "lifted"), "edge": ("edge",)},
}
_TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "ge": lambda values, bound: values >= bound,
    "gt": lambda values, bound: values > bound,
    "le": lambda values, bound: values <= bound,
    "lt": lambda values, bound: values < bound,
    "ne": lambda values, bound: values.notna() & (values != bound),
}


@dataclass(frozen=True)
class Levels:
    """A grouping: the group of each row (-1: none), and each group's code and name."""

    codes: NDArray[np.intp]
    code: tuple[str, ...]
    name: tuple[str, ...]


class Rows:
    """Rows of one table with what they point to; arrays are made when first asked for."""

    def __init__(self, table: str, frame: pd.DataFrame, units: Mapping[str, pd.DataFrame]) -> None:
        self.table = table
        self.frame = frame
        self._units = units
        self._values: dict[str, Any] = {}
        self._levels: dict[str, Levels] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.frame.columns

    def __len__(self) -> int:
        return len(self.frame)

    def values(self, name: str) -> NDArray[Any]:
        """A column as numbers: text becomes codes of which only the difference counts, or NaN."""
        if name not in self._values:
            column = self.frame[name]
            if column.dtype == "str":
                codes = pd.factorize(column)[0].astype(float)
                codes[codes < 0] = np.nan
                self._values[name] = codes
            else:
                self._values[name] = column.to_numpy()
        found: NDArray[Any] = self._values[name]
        return found

    def levels(self, key: str) -> Levels:
        """Groups by a column: every place of the county, or every value that the rows hold."""
        if key not in self._levels:
            self._levels[key] = self._grouping(key)
        return self._levels[key]

    def _grouping(self, key: str) -> Levels:
        if key == "county":
            return Levels(np.zeros(len(self), np.intp), (COUNTY_CODE,), (label("county"),))
        if key not in self:
            raise KeyError(unknown_name(key, ["county", *self.frame.columns]))
        if key in PLACES:
            units = self._units[f"{key}s"]
            codes = pd.Index(units["code"]).get_indexer(self.frame[key])
            return Levels(codes, tuple(units["code"]), tuple(units["name"]))
        codes, values = pd.factorize(self.frame[key], sort=True)
        names = tuple(value_label(key, value) for value in values)
        return Levels(codes, tuple(str(value) for value in values), names)

    def universe(self, universe: str) -> NDArray[np.bool_]:
        """Rows of the households that count; all rows of a table that is not of households."""
        if universe not in UNIVERSES:
            raise KeyError(unknown_name(universe, UNIVERSES))
        if self.table not in _STATES or universe == "all":
            return np.ones(len(self), dtype=bool)
        counted = self.frame["status"].isin(_STATES[self.table][universe])
        if self.table != "household_years":
            counted &= self.frame["left_on"].isna()
        return counted.to_numpy(dtype=bool)

    def selected(self, where: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Rows that meet every condition: a value, a list of values, None (missing), or bounds."""
        kept = np.ones(len(self), dtype=bool)
        for column, wanted in where.items():
            if column not in self:
                raise KeyError(unknown_name(column, self.frame.columns))
            kept &= _meets(self.frame[column], wanted).to_numpy(dtype=bool)
        return kept


def _meets(values: "pd.Series[Any]", wanted: Any) -> "pd.Series[bool]":
    if wanted is None:
        return values.isna()
    if isinstance(wanted, Mapping):
        met = pd.Series(True, index=values.index)
        for test, bound in wanted.items():
            if test not in _TESTS:
                raise KeyError(unknown_name(test, _TESTS))
            met &= values.notna() if bound is None else _TESTS[test](values, bound)
        return met
    several = not isinstance(wanted, str) and isinstance(wanted, Iterable)
    return values.isin(list(wanted) if several else [wanted])
