"""Seeded draws that meet a total exactly: amounts, counts, rows with a given sum, days.

Every table family draws from a stream of its own, so that a change in one family does not
move another. What a draw cannot meet is a ``ValueError`` naming the numbers, never a near miss.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Frame = pd.DataFrame
Column: TypeAlias = "pd.Series[Any]"
#: random starts of a search for rows with a given sum
STARTS = 200


def split_count(
    total: int, weights: ArrayLike, *, ties: np.random.Generator | None = None
) -> Array:
    """Whole counts proportional to the weights that sum to ``total`` (最大余数法).

    Ties go to the first, or fall by a stream. ``ValueError`` for a negative total or weight,
    and for a positive total over weights that sum to 0.
    """
    share = np.asarray(weights, dtype=float)
    sound = total >= 0 and (share >= 0).all() and np.isfinite(share).all()
    if not sound or total > 0 >= share.sum():
        raise ValueError(f"cannot split {total} over {len(share)} weights {share!r}")
    if share.sum() == 0:
        return np.zeros(len(share), dtype=np.int64)
    exact = total * (share / share.sum())
    whole: Array = np.floor(exact).astype(np.int64)
    left = total - int(whole.sum())
    tie = np.arange(len(share)) if ties is None else ties.permutation(len(share))
    order = np.lexsort((tie, whole - exact))
    # rounding of the shares themselves may leave a unit too many, never more than there are shares
    whole[order[:left] if left >= 0 else np.argsort(-whole)[:-left]] += np.sign(left)
    return whole


def banded(table: Mapping[str, Sequence[float]], age: ArrayLike) -> Array:
    """Rows of a table by age-from, one for each age (按年龄段取值)."""
    band = np.searchsorted([int(start) for start in table], age, side="right") - 1
    return np.array(list(table.values()), dtype=float)[np.maximum(band, 0)]


class Random(np.random.Generator):
    """A random stream with the draws of the county's tables (随机数流)."""

    def split_total(self, total: int, weights: NDArray[Any], *, minimum: int = 0) -> Array:
        """Amounts that sum to ``total`` exactly, each at least ``minimum`` (金额分摊).

        What lies above the minimum is proportional to the weights.
        """
        rest = total - minimum * len(weights)
        if rest < 0:
            raise ValueError(f"cannot split {total} into {len(weights)} amounts of >= {minimum}")
        return split_count(rest, weights, ties=self) + minimum

    def days(self, n: int, start: str, end: str) -> Array:
        """``n`` days drawn evenly from ``start`` to ``end``, both included (日期)."""
        first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
        passed = self.integers(0, int((last - first).astype(int)) + 1, size=n)
        return (first + passed).astype("datetime64[us]")

    def spans(self, low: int, high: Any, n: int) -> NDArray[np.timedelta64]:
        """``n`` lengths of ``low`` to ``high`` - 1 days (天数)."""
        return self.integers(low, high, n).astype("timedelta64[D]")

    def codes(self, weights: Mapping[Any, float], n: int) -> Array:
        """``n`` codes whose counts follow the weights to the unit, in random order (按比例取码)."""
        values = np.array(list(weights), dtype=object)
        return self.permutation(np.repeat(values, split_count(n, list(weights.values()))))

    def chances(self, weights: Mapping[Any, float], n: int) -> NDArray[Any]:
        """``n`` codes, each drawn by itself with chances as the weights (随机取码)."""
        share = np.array(list(weights.values()), dtype=float)
        return self.choice(np.array(list(weights)), n, p=share / share.sum())

    def levels(self, names: Sequence[str], shares: Array) -> Array:
        """A name for each row of shares, by its chances in that row (按行取码)."""
        luck = self.random(len(shares))[:, None]
        level = (luck >= np.cumsum(shares, axis=1)).sum(axis=1)
        found: Array = np.array(names, dtype=object)[np.minimum(level, len(names) - 1)]
        return found

    def pick(self, weight: ArrayLike, count: int) -> Array:
        """Positions of ``count`` different rows, the heavier the likelier (加权抽取)."""
        share = np.asarray(weight, dtype=float)
        return self.choice(len(share), count, replace=False, p=share / share.sum())

    def pick_with_sum(
        self, values: ArrayLike, count: int, total: int, weights: ArrayLike | None = None
    ) -> Array:
        """Positions of exactly ``count`` rows whose values sum to ``total`` (定数抽户), sorted.

        A random start, swapped until the sum is met; a new start when no swap leads on. Rows of
        weight 0 are never picked. ``ValueError`` when none are found.
        """
        value = np.asarray(values, dtype=np.int64)
        weight = np.ones(len(value)) if weights is None else np.asarray(weights, dtype=float)
        rows = np.flatnonzero(weight > 0)
        for _ in range(STARTS if 0 <= count <= len(rows) else 0):
            picked = np.zeros(len(value), dtype=bool)
            if count:
                picked[rows[self.pick(weight[rows], count)]] = True
            while gap := total - int(value[picked].sum()):
                swap = self._swap(value, weight, picked, gap)
                if swap is None:
                    break
                picked[list(swap)] = False, True
            else:
                return np.flatnonzero(picked)
        raise ValueError(f"no {count} of {len(rows)} rows have values that sum to {total}")

    def _swap(self, value: Array, weight: Array, picked: Array, gap: int) -> tuple[int, int] | None:
        """A picked and an open row whose exchange narrows the gap without crossing it."""
        free = ~picked & (weight > 0)
        for size in self.permutation(np.unique(value[picked])):
            step = (value - size) * np.sign(gap)
            enter = np.flatnonzero(free & (step > 0) & (step <= abs(gap)))
            if len(enter):
                leave = self.choice(np.flatnonzero(picked & (value == size)))
                return int(leave), int(enter[self.pick(weight[enter], 1)[0]])
        return None


def stream(seed: int, name: str) -> Random:
    """Random stream of one table family (随机数流): the same seed and name, the same draws."""
    key = zlib.crc32(name.encode())
    return Random(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(key,))))
