"""Sums of contributions per group: the one kernel under every table, engine and scale.

The rows pass once, in chunks small enough for the processor's cache, so that the
contributions of all metrics together never exist for the whole table.
"""

import functools
import operator
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
T = TypeVar("T")
Columns = Mapping[str, Array]
Moments = Callable[[Columns], Mapping[str, Array]]
#: sums by the names of the contributions that they are the sums of
Shared = dict[tuple[str, ...], Array]

#: rows a chunk: 1 MiB an array, so that a dozen stay in the last-level cache, and calls long
#: enough that two threads do not wait for each other at the interpreter
CHUNK = 1 << 17
#: name of the number of rows among the sums
ROWS = "/rows"
#: rows that one thread takes at a time; fixed, so that sums do not depend on the machine
BLOCK = 1 << 18

# glibc returns freed memory above a threshold to the system, which clears every page of it
# anew for the next chunk. Freeing one large block, never touched, raises that threshold.
np.empty(31 << 17)


def grouped_sums(
    moments: Moments, columns: Columns, codes: Array, groups: int, *, chunk: int = CHUNK
) -> dict[str, Array]:
    """Sums per group of every contribution that ``moments`` returns, and `ROWS`, their number.

    Parameters
    ----------
    moments : callable
        From a chunk of the columns to named contributions, one value a row. Contributions
        that are the very same array are summed once. Called from several threads.
    columns : mapping of arrays, each of shape (rows, ...)
    codes : array of int, shape (rows,)
        Group of each row, 0 to groups - 1; -1 belongs to no group.
    groups : int
    chunk : int
        Rows that are handled at a time, at least.

    Returns
    -------
    dict of arrays of float, shape (groups,)
        Zero for a group without rows. The same on every machine, whatever its number of cores.

    Examples
    --------
    >>> columns = {"members": np.array([2, 3, 4])}
    >>> grouped_sums(lambda c: {"persons": c["members"]}, columns, np.array([0, 1, 0]), 2)
    {'/rows': array([2., 1.]), 'persons': array([6., 3.])}
    """

    def block(start: int) -> tuple[int, Shared]:
        return _block_sums(moments, columns, codes, slice(start, start + BLOCK), chunk)

    sums: Shared = {}
    for first, part in _in_threads(block, range(0, max(len(codes), 1), BLOCK)):
        for names, values in part.items():
            _add(sums, names, values, first, groups)
    found: dict[str, Array] = {}
    for names, values in sums.items():
        for name in names:
            found[name] = found[name] + values if name in found else values
    return found


def _add(sums: Shared, names: tuple[str, ...], values: Array, first: int, groups: int) -> None:
    """Add values that begin at a group; the first that cover all groups are taken as they are."""
    if names not in sums and len(values) == groups:
        sums[names] = values
        return
    into = sums.setdefault(names, np.zeros(groups))
    into[first : first + len(values)] += values


def _in_threads(work: Callable[[int], Any], starts: range) -> Iterator[Any]:
    """Results in order; NumPy lets go of the interpreter, so that threads do run together."""
    if len(starts) == 1:
        yield work(0)
        return
    with ThreadPoolExecutor(min(len(starts), os.cpu_count() or 1)) as pool:
        yield from pool.map(work, starts)


def _block_sums(
    moments: Moments, columns: Columns, codes: Array, rows: slice, chunk: int
) -> tuple[int, Shared]:
    """First group of a block of rows, and the sums of that group and those after it."""
    inside = codes[rows]
    first = max(int(inside.min()), 0) if len(inside) else 0
    span = int(inside.max()) + 1 - first if len(inside) else 0
    step = chunk
    if len(inside) > chunk and np.ptp(inside[:chunk]) > chunk:
        # Far-flung groups: a chunk of few rows would clear and add more sums than it has rows.
        step = max(chunk, 2 * span)
    sums: Shared = {}
    for start in range(rows.start, rows.start + max(len(inside), 1), step):
        part = slice(start, min(start + step, rows.stop))
        contributions = moments({name: column[part] for name, column in columns.items()})
        for names, at, values in _chunk_sums(contributions, codes[part]):
            _add(sums, names, values, at - first, span)
    return first, sums


def _chunk_sums(
    contributions: Mapping[str, Array], codes: Array
) -> Iterator[tuple[tuple[str, ...], int, Array]]:
    """Names, first group and sums from it on, of the row count and of each contribution."""
    first = max(int(codes.min()), 0) if len(codes) else 0
    starts = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    runs = 4 * len(starts) < len(codes)
    if runs:
        # Rows kept village by village: adding along a run costs a fifth of scattering its rows.
        starts = np.concatenate(([0], starts))
        lengths = np.diff(starts, append=len(codes)).astype(float)
        codes = codes[starts]
    shifted = np.maximum(codes.astype(np.intp), first - 1) - (first - 1)

    yield (ROWS,), first, np.bincount(shifted, weights=lengths if runs else None)[1:].astype(float)
    names: dict[int, list[str]] = {}
    for name, values in contributions.items():
        names.setdefault(id(values), []).append(name)
    for shared in names.values():
        weights = contributions[shared[0]].astype(float, copy=False)
        if runs:
            weights = np.add.reduceat(weights, starts)
        yield tuple(shared), first, np.bincount(shifted, weights=weights)[1:]


def once_a_chunk(function: Callable[..., T]) -> Callable[..., T]:
    """Remember the last result: metrics that need the same intermediate compute it once.

    Arguments are compared by identity, as the columns of a chunk are the same arrays for
    all metrics; the memory is the thread's own.
    """
    last = threading.local()

    @functools.wraps(function)
    def remembered(*arguments: Any) -> T:
        before = getattr(last, "arguments", ())
        same = len(before) == len(arguments) and all(map(operator.is_, before, arguments))
        if not same:
            last.result, last.arguments = function(*arguments), arguments
        return last.result  # type: ignore[no-any-return]

    return remembered


def factorised(keys: Any) -> tuple[Array, Array]:
    """Codes of rows and the sorted keys they stand for; a missing key is -1, no group.

    Integers that lie close together are their own codes, one pass and no hashing; the keys
    then are the whole range, some perhaps without rows.

    Examples
    --------
    >>> factorised(np.array([7, 5, 7]))
    (array([2, 0, 2]), array([5, 6, 7]))
    >>> factorised(np.array(["b", "a", None]))
    (array([ 1,  0, -1]), array(['a', 'b'], dtype=object))
    """
    if hasattr(keys, "cat"):
        return keys.cat.codes.to_numpy(), np.asarray(keys.cat.categories)
    keys = np.asarray(keys)
    if keys.dtype.kind in "iu" and keys.size:
        low, high = int(keys.min()), int(keys.max())
        if high - low < keys.size + 1024:
            return (keys - low if low else keys), np.arange(low, high + 1)
    import pandas as pd

    codes, found = pd.factorize(keys, sort=True)
    return codes, np.asarray(found)


def slices(codes: Array, groups: int) -> tuple[Array | slice, Array]:
    """Order that brings the rows of a group together, and the bounds of each group in it.

    Rows that are in order already stay where they are.

    Examples
    --------
    >>> slices(np.array([1, 0, 1, -1]), 2)
    (array([3, 1, 0, 2]), array([1, 2, 4]))
    """
    if bool((codes[1:] >= codes[:-1]).all()):
        return slice(None), np.searchsorted(codes, np.arange(groups + 1))
    order = np.argsort(codes, kind="stable")
    return order, np.searchsorted(codes[order], np.arange(groups + 1))
