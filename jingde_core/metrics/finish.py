"""What a metric makes of its sums, and what comes out per group."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jingde_core.metrics.kernel import Array

Sums = Mapping[str, Array]
#: why a value is NaN; keys ``reason.<reason>`` of the catalogue
REASONS = ("", "empty", "unknown", "undefined")


@dataclass(frozen=True)
class Ratio:
    """One sum over another; NaN where the denominator is zero: a rate of nobody is unknown."""

    numerator: str
    denominator: str

    def __call__(self, sums: Sums) -> Array:
        above = np.asarray(sums[self.numerator], dtype=float)
        below = np.asarray(sums[self.denominator], dtype=float)
        return np.asarray(np.divide(above, below, np.full(above.shape, np.nan), where=below != 0))

    def gradient(self, sums: Sums) -> dict[str, Array]:
        """Partial derivatives by each sum, for linearised standard errors."""
        below = np.where(sums[self.denominator] == 0, np.nan, sums[self.denominator])
        return {self.numerator: 1 / below, self.denominator: -self(sums) / below}


@dataclass(frozen=True)
class Total:
    """A sum as it is: zero for nobody."""

    moment: str

    def __call__(self, sums: Sums) -> Array:
        return np.array(sums[self.moment], dtype=float)

    def gradient(self, sums: Sums) -> dict[str, Array]:
        """The derivative of a sum by itself."""
        return {self.moment: np.ones_like(self(sums))}


def ratio(numerator: str, denominator: str) -> Ratio:
    """Finish: the sum ``numerator`` over the sum ``denominator``."""
    return Ratio(numerator, denominator)


def total(moment: str) -> Total:
    """Finish: the sum ``moment``."""
    return Total(moment)


@dataclass(frozen=True)
class Grouped:
    """A metric's values for a list of groups, each array of shape (groups,)."""

    value: Array
    #: rows that entered
    n: Array
    #: sum that stands below the line; NaN where the metric has none
    denominator: Array
    #: rows left out because a value was unknown
    unknown: Array
    #: standard error; NaN for a census
    se: Array

    @property
    def reason(self) -> Array:
        """Why a value is NaN: ``empty``, ``unknown`` (every row), ``undefined``; else ``""``."""
        return np.array(REASONS, dtype=object)[self.reason_codes]

    @property
    def reason_codes(self) -> Array:
        """The same as places in `REASONS`."""
        nobody = np.where(self.unknown > 0, 2, 1)
        return np.where(np.isnan(self.value), np.where(self.n == 0, nobody, 3), 0)
