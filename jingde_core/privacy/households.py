"""Which groups of a measure over households a leader's page may show.

What is counted is households, not rows or persons: a village where one household of six
persons is poor has one. Two things can tell of few households, and each has its pattern: how
many there are in the group at all (the same for every measure of those rows, and then
count and denominator are hidden too), and how many make up the value: those below the line,
and for a share also those above it. Each year is a table of its own.

The county's own figures are public, whole or by year, indicator or kind of help, as its report
prints them ("temporary relief to 4 households"). A condition that names a place
hides what is small there and knows nothing of its neighbours: pages for leaders group by
place instead.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.metrics.finish import Ratio
from jingde_core.metrics.registry import Metric
from jingde_core.privacy.suppression import REASONS, SMALL, Axis, suppress

Codes = NDArray[np.intp]


class Rows(Protocol):
    """Rows of a table as the county holds them: columns as numbers, and groupings."""

    def __contains__(self, name: object) -> bool: ...
    def __len__(self) -> int: ...
    def values(self, name: str) -> NDArray[Any]:
        """A column."""

    def levels(self, key: str) -> Any:
        """The group of each row (``codes``), and each group's ``code``."""


#: columns that single out a place or tell what somebody is; any other says what was done
_NARROW = {"town", "village", "hamlet", "household", "person", "id", "helper", "relation", "sex"}
_NARROW |= {"birth_year", "schooling", "in_school", "health", "labour", "work", "insured", "reason"}
_NARROW |= {"attribute", "main_cause", "other_causes", "members", "housing_grade", "reason_left"}
_NARROW |= {"income_per_head", "wage", "business", "property", "transfer", "category", "decile"}


def open_to_all(keys: list[str], where: Mapping[str, Any]) -> bool:
    """Whether a measure is one of the whole county's work, which its report prints."""
    return not _NARROW & {*keys, *where}


def hidden(
    metric: Metric,
    rows: Rows,
    chosen: Codes,
    keys: list[str],
    columns: Mapping[str, Any],
    settings: Mapping[str, Any],
    *,
    villages: pd.DataFrame,
    threshold: int,
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Reason, or "", for hiding each group's counts, and for hiding its value alone.

    None where the rows are no household's. ``columns`` and ``settings`` are the metric's, of the
    chosen rows.
    """
    units = _units(rows, chosen)
    if units is None:
        return None
    axes, places, leaves = [], [], []
    for key in keys:
        axis, place, leaf = _axis(rows, chosen, key, villages, alone=len(keys) == 1)
        axes.append(axis)
        places.append(place)
        leaves.append(leaf)
    shape = [axis.groups for axis in axes]
    known = np.logical_and.reduce([units >= 0, *(leaf >= 0 for leaf in leaves)])
    cells = np.zeros(len(chosen), dtype=np.int64)
    for size, leaf in zip(shape, leaves, strict=True):
        cells = cells * size + leaf

    def found(mask: Any) -> NDArray[Any]:
        kept = known & mask
        pairs = np.unique(np.stack([cells[kept], units[kept]]), axis=1)
        counts = np.bincount(pairs[0], minlength=int(np.prod(shape))).reshape(shape)
        return suppress(counts, axes, threshold=threshold)[np.ix_(*places)].ravel()

    whole = found(np.ones(len(chosen), dtype=bool))
    own = [found(mask) for mask in _masks(metric, columns, settings)]
    every = np.stack([whole, *own])
    value = np.where((every == SMALL).any(axis=0), SMALL, every.max(axis=0))
    reasons = np.array(REASONS, dtype=object)
    return reasons[whole], reasons[value]


def _units(rows: Rows, chosen: Codes) -> Codes | None:
    """The household (where there is none, the person) of each row; -1 for nobody."""
    if "exit_status" in rows and "household" not in rows:  # a row is a household
        return np.arange(len(rows))[chosen]
    named = [name for name in ("household", "person") if name in rows]
    if not named:
        return None
    units = rows.values(named[0])[chosen]
    if len(named) == 2:
        other = rows.values("person")[chosen] + np.nanmax(units, initial=0) + 1
        units = np.where(np.isnan(units), other, units)
    known: Codes = np.nan_to_num(units, nan=-1).astype(np.intp)
    return known


def _axis(
    rows: Rows, chosen: Codes, key: str, villages: pd.DataFrame, *, alone: bool
) -> tuple[Axis, Codes, Codes]:
    """The groups of a key, the places of those that the frame shows, and each row's group."""
    if key == "village" or (key == "town" and alone and "village" in rows):
        towns = rows.levels("town").code
        axis = Axis.nested(
            pd.Index(towns).get_indexer(pd.Index(villages["town"])).tolist(), len(towns)
        )
        shown = np.arange(axis.groups) if key == "village" else axis.groups + np.arange(len(towns))
        return axis, shown, rows.levels("village").codes[chosen]
    levels = rows.levels(key)
    codes = levels.codes[chosen]
    if key == "county":
        return Axis.apart(1), np.arange(1), codes
    if key == "town":
        return Axis.whole(len(levels.code)), np.arange(len(levels.code)), codes
    seen = np.unique(codes[codes >= 0])
    axis = Axis.apart(len(seen)) if key == "year" else Axis.whole(len(seen))
    return axis, np.arange(len(seen)), np.where(codes < 0, -1, np.searchsorted(seen, codes))


def _masks(
    metric: Metric, columns: Mapping[str, Any], settings: Mapping[str, Any]
) -> list[NDArray[np.bool_]]:
    """Rows that make up a value: for each sum those that add to it, for a share also the rest."""
    if metric.ordered:
        return []
    moments = metric.moments(**columns, **settings)
    masks = [values != 0 for name, values in moments.items() if name != "unknown"]
    finish = metric.finisher
    if metric.unit == "1" and isinstance(finish, Ratio) and finish.denominator in moments:
        masks.append(moments[finish.numerator] != moments[finish.denominator])
    return masks
