"""Equal-tile cartogram: one square a place, neighbours near each other, towns in one piece.

A place's size says nothing about its people; a tile map gives each the same weight and does
not pretend to know a border. The squares that overlap the county most are the slots; places
take slots so that the squared distances from their middles sum to the least, and then swap
until every group hangs together (the smallest such sum that swapping pairs reaches).
"""

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.optimize import linear_sum_assignment

Shapes = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

#: cost of one more piece of a group, in squares of a tile's side; above any sum of moves
APART = 1e4


def tiles(shapes: Shapes, *, groups: Sequence[str]) -> Shapes:
    """Equal square tiles of places (等面积方格图), in the plane of their shapes.

    Parameters
    ----------
    shapes : array of shapely geometry, shape (n,)
        polygons in an equal-area plane.
    groups : sequence of str, length n
        the town of each place.

    Returns
    -------
    array of shapely Polygon, shape (n,)
        squares of a grid whose areas sum to that of the shapes; interiors are disjoint.

    Examples
    --------
    >>> row = np.array([shapely.box(0, 0, 2, 1), shapely.box(2, 0, 4, 1)])
    >>> [tile.centroid.x < 2 for tile in tiles(row, groups=["a", "b"])]
    [True, False]
    """
    side = float(np.sqrt(shapely.area(shapes).sum() / len(shapes)))
    slots = _slots(shapes, side)
    middles = shapely.get_coordinates(shapely.centroid(shapes)) / side
    cost = ((middles[:, None, :] - (slots[None, :, :] + 0.5)) ** 2).sum(axis=2)
    _, taken = linear_sum_assignment(cost)
    taken = _joined(cost, slots, taken, np.unique(groups, return_inverse=True)[1])
    low = slots[taken] * side
    squares: Shapes = shapely.box(*low.T, *(slots[taken] + 1).T * side)
    return squares


def _slots(shapes: Shapes, side: float) -> Floats:
    """Lower left corners, in sides, of the squares that the shapes fill most; one a place.

    A square's middle or edge lies on the middle of the shapes, whichever fills more.
    """
    county = shapely.union_all(shapes)
    middle = shapely.get_coordinates(county.centroid)[0] / side
    reach = np.ceil(np.ptp(np.array(county.bounds).reshape(2, 2), axis=0).max() / side)
    steps = np.arange(-reach, reach + 1)
    lattice = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    best = (-1.0, lattice)
    for phase in product((-0.5, 0.0), repeat=2):
        corners = lattice + middle + phase
        squares = shapely.box(*(corners * side).T, *((corners + 1) * side).T)
        # rounded, so that squares wholly inside are equal and keep their order
        filled = shapely.area(shapely.intersection(squares, county)).round(6)
        most = np.sort(np.argsort(-filled, kind="stable")[: len(shapes)])
        best = max(best, (float(filled[most].sum()), corners[most]), key=lambda found: found[0])
    return best[1]


def _joined(
    cost: Floats,
    slots: Floats,
    taken: npt.NDArray[np.intp],
    group: npt.NDArray[np.intp],
) -> npt.NDArray[np.intp]:
    """Swap pairs of places while that lowers the distances or the pieces of the groups."""
    steps = np.abs(slots[:, None, :] - slots[None, :, :]).sum(axis=2)
    touching = steps < 1.5
    places = np.arange(len(taken))

    def total(candidate: npt.NDArray[np.intp]) -> float:
        return float(cost[places, candidate].sum()) + APART * _pieces(touching, candidate, group)

    best, improved = total(taken), True
    while improved:
        improved = False
        for one, two in combinations(places, 2):
            candidate = taken.copy()
            candidate[[one, two]] = taken[[two, one]]
            value = total(candidate)
            if value < best - 1e-9:
                taken, best, improved = candidate, value, True
    return taken


def _pieces(
    touching: npt.NDArray[np.bool_], taken: npt.NDArray[np.intp], group: npt.NDArray[np.intp]
) -> int:
    """Number of connected pieces, all groups together."""
    from scipy.sparse.csgraph import connected_components

    same = group[:, None] == group[None, :]
    return int(connected_components(touching[np.ix_(taken, taken)] & same, directed=False)[0])
