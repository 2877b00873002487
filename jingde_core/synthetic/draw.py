"""Seeded draws that meet a total exactly: amounts, counts, rows with a given sum, days.

Every table family draws from a stream of its own, so that a change in one family does not
move another. What a draw cannot meet is a ``ValueError`` naming the numbers, never a near miss.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Integers = NDArray[np.int64]


def stream(seed: int, name: str) -> np.random.Generator:
    """Random stream of one table family (随机数流): the same seed and name, the same draws.

    Examples
    --------
    >>> bool(stream(1, "assets").integers(1000) == stream(1, "assets").integers(1000))
    True
    """
    key = zlib.crc32(name.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))


def _largest_remainder(
    total: int, weights: ArrayLike, rng: np.random.Generator | None = None
) -> Integers:
    share = np.asarray(weights, dtype=float)
    if total < 0 or (share < 0).any() or not np.isfinite(share).all():
        raise ValueError(f"cannot split {total} by weights {share!r}: both must be >= 0 and finite")
    if share.sum() <= 0:
        if total == 0:
            return np.zeros(len(share), dtype=np.int64)
        raise ValueError(f"cannot split {total} over {len(share)} weights that sum to 0")
    exact = total * (share / share.sum())
    whole: Integers = np.floor(exact).astype(np.int64)
    left = total - int(whole.sum())
    tie = np.arange(len(share)) if rng is None else rng.permutation(len(share))
    order = np.lexsort((tie, whole - exact))
    # rounding of the shares themselves may leave a unit too many, never more than there are shares
    whole[order[:left] if left >= 0 else np.argsort(-whole)[:-left]] += np.sign(left)
    return whole


def split_count(total: int, weights: ArrayLike) -> Integers:
    """Whole counts proportional to the weights that sum to ``total`` (最大余数法); ties go first.

    Raises
    ------
    ValueError
        for a negative total or weight, or a positive total over weights that sum to 0.

    Examples
    --------
    >>> split_count(10, [1, 1, 1]).tolist()
    [4, 3, 3]
    """
    return _largest_remainder(total, weights)


def split_total(
    rng: np.random.Generator, total_fen: int, weights: ArrayLike, *, minimum: int = 0
) -> Integers:
    """Amounts in fen that sum to ``total_fen`` exactly, each at least ``minimum`` (金额分摊).

    What lies above the minimum is proportional to the weights; ties fall by ``rng``.

    Raises
    ------
    ValueError
        as :func:`split_count`, or when the minima alone exceed the total.

    Examples
    --------
    >>> split_total(stream(1, "x"), 1000, [3, 1], minimum=100).tolist()
    [700, 300]
    """
    count = len(np.asarray(weights))
    if minimum * count > total_fen:
        raise ValueError(f"cannot split {total_fen} fen into {count} amounts of >= {minimum}")
    amounts = _largest_remainder(total_fen - minimum * count, weights, rng)
    amounts += minimum
    return amounts


def pick_with_sum(
    rng: np.random.Generator,
    values: ArrayLike,
    count: int,
    total: int,
    weights: ArrayLike | None = None,
) -> Integers:
    """Positions of exactly ``count`` rows whose values sum to ``total`` (定数抽户), sorted.

    A random start, swapped until the sum is met; when no swap leads on, an exact search.

    Parameters
    ----------
    values : array of int, shape (rows,)
        e.g. household members.
    weights : array of float, shape (rows,), optional
        propensity to be picked; 0 is never picked.

    Raises
    ------
    ValueError
        when no such rows exist.

    Examples
    --------
    >>> pick_with_sum(stream(1, "x"), [1, 5, 2, 9], 2, 11).tolist()
    [2, 3]
    """
    value = np.asarray(values, dtype=np.int64)
    weight = np.ones(len(value)) if weights is None else np.asarray(weights, dtype=float)
    open_rows = np.flatnonzero(weight > 0)
    impossible = ValueError(f"no {count} of {len(open_rows)} rows have values that sum to {total}")
    if not 0 <= count <= len(open_rows):
        raise impossible
    share = weight[open_rows] / weight[open_rows].sum() if len(open_rows) else None
    picked = np.zeros(len(value), dtype=bool)
    picked[rng.choice(open_rows, size=count, replace=False, p=share)] = True
    while gap := total - int(value[picked].sum()):
        swap = _swap(rng, value, weight, picked, gap)
        if swap is None:
            counts = _counts_with_sum(value[open_rows], value[picked], count, total)
            if counts is None:
                raise impossible
            _recount(rng, value, weight, picked, counts)
        else:
            picked[swap[0]], picked[swap[1]] = False, True
    return np.flatnonzero(picked)


def _swap(
    rng: np.random.Generator,
    value: Integers,
    weight: NDArray[np.float64],
    picked: NDArray[np.bool_],
    gap: int,
) -> tuple[int, int] | None:
    """A picked and an open row whose exchange narrows the gap without crossing it."""
    sign = int(np.sign(gap))
    free = ~picked & (weight > 0)
    for size in rng.permutation(np.unique(value[picked])):
        step = (value - size) * sign
        enter = np.flatnonzero(free & (step > 0) & (step <= abs(gap)))
        if len(enter):
            leave = rng.choice(np.flatnonzero(picked & (value == size)))
            share = weight[enter] / weight[enter].sum()
            return int(leave), int(rng.choice(enter, p=share))
    return None


def _counts_with_sum(
    values: Integers, start: Integers, count: int, total: int
) -> dict[int, int] | None:
    """How many rows of each value give count and total, near the start; None when impossible."""
    sizes, stock = np.unique(values, return_counts=True)
    near = [int((start == size).sum()) for size in sizes]
    dead: set[tuple[int, int, int]] = set()

    def bounds(level: int, rows: int) -> tuple[int, int] | None:
        flat = np.repeat(sizes[level:], stock[level:])
        if rows > len(flat):
            return None
        return int(flat[:rows].sum()), int(flat[len(flat) - rows :].sum())

    def search(level: int, rows: int, rest: int) -> list[int] | None:
        within = bounds(level, rows)
        if within is None or not within[0] <= rest <= within[1] or (level, rows, rest) in dead:
            return None
        if level == len(sizes):
            return []
        most = min(int(stock[level]), rows)
        for taken in sorted(range(most + 1), key=lambda n: abs(n - near[level])):
            deeper = search(level + 1, rows - taken, rest - taken * int(sizes[level]))
            if deeper is not None:
                return [taken, *deeper]
        dead.add((level, rows, rest))
        return None

    found = search(0, count, total)
    return None if found is None else dict(zip(sizes.tolist(), found, strict=True))


def _recount(
    rng: np.random.Generator,
    value: Integers,
    weight: NDArray[np.float64],
    picked: NDArray[np.bool_],
    counts: dict[int, int],
) -> None:
    """Bring the picked rows of each value to the given count, in place."""
    for size, wanted in counts.items():
        rows = np.flatnonzero((value == size) & (weight > 0))
        surplus = int(picked[rows].sum()) - wanted
        pool = rows[picked[rows] == (surplus > 0)]
        picked[rng.choice(pool, size=abs(surplus), replace=False)] = surplus < 0


def days(rng: np.random.Generator, start: str, end: str, n: int) -> NDArray[np.datetime64]:
    """``n`` days drawn evenly from ``start`` to ``end``, both included (日期), as datetime64[us].

    Examples
    --------
    >>> days(stream(1, "x"), "2020-07-02", "2020-07-02", 1).astype("datetime64[D]").tolist()
    [datetime.date(2020, 7, 2)]
    """
    first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    span = int((last - first).astype(int))
    if span < 0:
        raise ValueError(f"no day from {start} to {end}")
    return (first + rng.integers(0, span + 1, size=n)).astype("datetime64[us]")


def codes(
    rng: np.random.Generator, values: Sequence[str], weights: ArrayLike, n: int
) -> NDArray[Any]:
    """``n`` codes whose counts follow the weights to the unit, in random order (按比例取码)."""
    return rng.permutation(np.repeat(np.asarray(values, dtype=object), split_count(n, weights)))


def table(name: str, columns: Mapping[str, Any] | pd.DataFrame) -> pd.DataFrame:
    """Rows of a named table (按表结构成表): columns in order and type, sorted by key.

    Raises
    ------
    KeyError
        for a column that the table lacks or that is not given.
    """
    from jingde_core.ledgers.check import column_types
    from jingde_core.model.tables import TABLES

    types = column_types(name)
    frame = pd.DataFrame(columns)
    if odd := sorted({str(column) for column in frame} ^ set(types)):
        raise KeyError(f"{name}: columns {odd} are either not given or not declared")
    kinds = {n: "datetime64[us]" if kind == "date" else kind for n, kind in types.items()}
    (metadata,) = TABLES[name].get_metadata().values()
    key = metadata["dataframe"]["key"]
    return frame[list(types)].astype(kinds).sort_values(key, ignore_index=True)
