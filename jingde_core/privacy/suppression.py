"""Which cells of a table of counts may be shown, so that none that is small can be worked out.

A cell of 1 to ``threshold - 1`` households is hidden; zero is shown. Where the rest of its
line and the line's total would give it away, further cells are withheld. That this suffices is
not assumed: a linear programme bounds every small cell by all lines that are published, by
what "fewer than the threshold" itself says, and cells are withheld until each small one may
still be anything from 1 to ``threshold - 1``. Totals belong to the table: a town is a line of
its villages, the county a line of its towns, so one pattern serves the village and town maps.

The county's own total is taken to be public (its report prints it) and is never hidden.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Lines = list[tuple[int, Counts]]
#: what becomes of a cell; places in `REASONS`
SHOWN, SMALL, WITHHELD = 0, 1, 2
REASONS = ("", "small_cell", "withheld")


@dataclass(frozen=True)
class Axis:
    """One grouping of a table: its groups, then their totals, and which adds up to which."""

    groups: int
    #: groups of each total, in the order in which the totals stand behind the groups
    totals: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def apart(cls, groups: int) -> "Axis":
        """Groups that no published total joins: years."""
        return cls(groups)

    @classmethod
    def whole(cls, groups: int) -> "Axis":
        """Groups and their sum."""
        return cls(groups, (tuple(range(groups)),))

    @classmethod
    def nested(cls, parents: Sequence[int], above: int) -> "Axis":
        """Groups in ``above`` larger ones (villages in towns), and the sum of these."""
        inside = [
            tuple(np.flatnonzero(np.asarray(parents) == one).tolist()) for one in range(above)
        ]
        groups = len(parents)
        return cls(groups, (*inside, tuple(range(groups, groups + above))))

    @property
    def size(self) -> int:
        """Cells: groups and totals."""
        return self.groups + len(self.totals)

    def summed(self, counts: Counts) -> Counts:
        """Counts of the groups along the first dimension, with their totals behind."""
        for members in self.totals:
            counts = np.concatenate([counts, counts[list(members)].sum(axis=0, keepdims=True)])
        return counts


def suppress(counts: Any, axes: Sequence[Axis], *, threshold: int = 5) -> Counts:
    """Which cells are shown, small or withheld (小单元隐匿与补充隐匿).

    Parameters
    ----------
    counts : array of int, one dimension an axis
        Households in each cell, without totals.
    axes : one or two `Axis`
    threshold : int
        Least number of households that is shown.

    Returns
    -------
    array of int, shape of the cells with totals
        0 shown, 1 fewer than the threshold, 2 withheld to protect another.

    Examples
    --------
    Three villages and their sum 28: without the 10 the 2 could be worked out as 28 - 16 - 10.

    >>> suppress([2, 16, 10], [Axis.whole(3)]).tolist()
    [1, 0, 2, 0]
    """
    counts = np.asarray(counts, dtype=np.int64)
    sizes = [axis.size for axis in axes]
    if len(axes) == 2 and 1 in sizes:
        only = axes[1 - sizes.index(1)]
        return suppress(counts.ravel(), [only], threshold=threshold).reshape(sizes)
    cells = _cells(counts, axes)
    found = np.where((cells > 0) & (cells < threshold), SMALL, SHOWN)
    if all(axis.totals for axis in axes):
        found[(-1,) * len(axes)] = SHOWN
    inside = tuple(slice(axis.groups) for axis in axes)
    if len(axes) == 2 and (found[inside] == SMALL).sum() * 2 > (cells[inside] > 0).sum():
        # a crossing most of whose cells are small is published by its totals alone
        found = np.where((cells > 0) & (found == SHOWN), WITHHELD, found)
        for at, axis in enumerate(axes):
            edge = suppress(counts.sum(axis=1 - at), [axis], threshold=threshold)
            np.moveaxis(found, at, 0)[:, -1] = edge
        return found
    flat = cells.ravel()
    return _protected(tuple(flat.tolist()), tuple(axes), threshold).reshape(sizes)


@lru_cache(maxsize=256)
def _protected(counted: tuple[int, ...], axes: tuple[Axis, ...], threshold: int) -> Counts:
    """The pattern with cells withheld until every small one has room; measures often share it."""
    cells, lines = np.array(counted, dtype=np.int64), list(_lines(axes))
    found = np.where((cells > 0) & (cells < threshold), SMALL, SHOWN)
    if all(axis.totals for axis in axes):
        found[-1] = SHOWN
    exposed = np.flatnonzero(found == SMALL)
    while True:
        low, high = audit(cells, lines, found, exposed, threshold=threshold)
        # a cell that has room keeps it when more is withheld
        exposed = exposed[high - low < threshold - 2 - 1e-6]
        partners = {_partner(int(cell), cells, lines, found, threshold) for cell in exposed} - {-1}
        if not partners:
            return found
        found[list(partners)] = WITHHELD


def audit(
    cells: Counts, lines: Lines, found: Counts, small: Counts, *, threshold: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and largest value that each small cell can have for one who reads all the rest.

    Parameters
    ----------
    cells, found : arrays of int, shape (cells,)
        Counts with their totals, and what becomes of each.
    lines : list of a total's place and the places that add up to it
    small : array of int
        Places of the small cells that are asked for.

    Returns
    -------
    two arrays of float, one value for each of ``small``
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    hidden = np.flatnonzero(found != SHOWN)
    place = {int(cell): at for at, cell in enumerate(hidden)}
    rows: list[tuple[int, int, float]] = []
    right: list[float] = []
    for total, members in lines:
        signed = [(int(m), 1.0) for m in members] + [(total, -1.0)]
        unknown = [(len(right), place[cell], sign) for cell, sign in signed if cell in place]
        if unknown:
            rows += unknown
            right.append(-sum(sign * float(cells[c]) for c, sign in signed if c not in place))
    at, column, sign = zip(*rows, strict=True) if rows else ((), (), ())
    equal = csr_array((sign, (at, column)), shape=(len(right), hidden.size)) if rows else None
    bounds = [(1, threshold - 1) if found[c] == SMALL else (threshold, None) for c in hidden]

    def best(cell: int, direction: float) -> float:
        aim = np.zeros(hidden.size)
        aim[place[cell]] = direction
        solved = linprog(aim, A_eq=equal, b_eq=right if rows else None, bounds=bounds)
        return float(direction * solved.fun) if solved.status == 0 else float(cells[cell])

    low, high = ([best(int(cell), way) for cell in small] for way in (1.0, -1.0))
    return np.array(low), np.array(high)


def merged_bins(
    counts: Counts, edges: NDArray[np.float64], *, threshold: int = 5
) -> tuple[Counts, NDArray[np.float64]]:
    """Bins of a distribution joined until each holds enough, so that no end is one household's.

    Examples
    --------
    >>> counts, edges = merged_bins(np.array([1, 9, 7, 0, 2]), np.arange(6.0))
    >>> counts.tolist(), edges.tolist()
    ([10, 9], [0.0, 2.0, 5.0])
    """
    ends, held = [0], 0
    for place, count in enumerate(counts, start=1):
        held += int(count)
        if held >= threshold:
            ends.append(place)
            held = 0
    ends = [*ends[: max(len(ends) - 1, 1)], len(counts)] if held or ends[-1] < len(counts) else ends
    return np.add.reduceat(counts, ends[:-1]), edges[ends]


def _cells(counts: Counts, axes: Sequence[Axis]) -> Counts:
    cells = axes[0].summed(counts)
    return cells if len(axes) == 1 else axes[1].summed(cells.T).T


def _lines(axes: Sequence[Axis]) -> Iterator[tuple[int, Counts]]:
    """Every total of the table with the cells that add up to it, as places in the flat table."""
    sizes = [axis.size for axis in axes]
    grid = np.arange(np.prod(sizes)).reshape(sizes)
    for dimension, axis in enumerate(axes):
        across = np.moveaxis(grid, dimension, 0).reshape(axis.size, -1)
        for number, members in enumerate(axis.totals):
            for column in across.T:
                yield int(column[axis.groups + number]), column[list(members)]


def _partner(cell: int, cells: Counts, lines: Lines, found: Counts, threshold: int) -> int:
    """The cell to withhold for an exposed one, -1 where there is none.

    It is taken from the lines that give the most away: those with the fewest hidden cells among
    all that hang together with the exposed one. A cell on two of them closes a rectangle; totals
    come last, and of the rest the least that gives room.
    """
    whole = [np.append(members, total) for total, members in lines]
    known, touched = {cell}, set[int]()
    while True:
        new = {n for n, line in enumerate(whole) if n not in touched and known & {*line.tolist()}}
        if not new:
            break
        touched |= new
        known |= {int(c) for n in new for c in whole[n] if found[c] != SHOWN}
    totals = {int(total) for total, _ in lines}
    open_cells: dict[int, list[int]] = {}
    for n in touched:
        hidden = int((found[whole[n]] != SHOWN).sum())
        # the last cell is the whole county's, which is public
        free = [c for c in whole[n].tolist() if found[c] == SHOWN and c != len(cells) - 1]
        open_cells.setdefault(hidden, []).extend(c for c in free if cells[c] >= threshold)
    for _, free in sorted(open_cells.items()):
        if free:
            room = 2 * threshold - 1
            return min(
                free,
                key=lambda c: (c in totals, -free.count(c), cells[c] < room, cells[c], c),
            )
    return -1
