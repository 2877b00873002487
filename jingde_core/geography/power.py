"""Cells of given areas: the power diagram (weighted Voronoi diagram) of a region.

The cell of site s_i with weight w_i holds the points x of the region with
|x - s_i|^2 - w_i the smallest. Cells are convex before they are cut by the region, cover it
without overlap, and weights exist for any wanted areas (Aurenhammer, Hoffmann and Aronov
1998, Algorithmica 20). Lengths are in the unit of a plane where area is true.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]

#: gain of the fixed-point step; an area answers its own weight by 1 to 3 per unit
STEP = 0.15
#: rounds that also move the free sites to the middle of their cells
SETTLING = 160
#: greatest relative error of an area, and rounds allowed to reach it
TOLERANCE, ROUNDS = 1e-9, 5000


def power_cells(sites: Floats, weights: Floats, region: Any) -> npt.NDArray[Any]:
    """Cells of a power diagram (加权泰森多边形), cut by the region.

    Parameters
    ----------
    sites : array of float, shape (n, 2)
    weights : array of float, shape (n,)
        square length; a larger weight makes a larger cell.
    region : shapely Polygon or MultiPolygon

    Returns
    -------
    array of shapely geometry, shape (n,)
        empty where another site's weight leaves nothing.

    Examples
    --------
    Weight moves the border between two sites from 5 to 5 + 20 / (2 * 5) = 7.

    >>> cells = power_cells(
    ...     np.array([[2.5, 5.0], [7.5, 5.0]]), np.array([20.0, 0.0]), shapely.box(0, 0, 10, 10)
    ... )
    >>> [cell.area for cell in cells]
    [70.0, 30.0]
    """
    frame = np.array(region.buffer(1.0).envelope.exterior.coords)[:-1]
    power = (sites**2).sum(axis=1) - weights
    cells = []
    for i, site in enumerate(sites):
        ring = frame
        for j, other in enumerate(sites):
            if i != j and len(ring):
                ring = _half_plane(ring, 2 * (other - site), power[j] - power[i])
        cells.append(shapely.Polygon(ring if len(ring) > 2 else None))
    cut: npt.NDArray[Any] = shapely.intersection(np.array(cells), region)
    return cut


def balanced_cells(
    sites: Floats, targets: Floats, region: Any, *, free: npt.NDArray[np.bool_]
) -> npt.NDArray[Any]:
    """Power cells whose areas are the targets; ``free`` sites settle in their cells' middle.

    Parameters
    ----------
    sites : array of float, shape (n, 2)
        starting points; those that are not free stay where they are.
    targets : array of float, shape (n,)
        wanted areas; their sum is the region's area.
    region : shapely Polygon or MultiPolygon
    free : array of bool, shape (n,)

    Returns
    -------
    array of shapely geometry, shape (n,)

    Raises
    ------
    ArithmeticError
        where the areas are not reached within ``ROUNDS``.
    """
    sites, weights = sites.copy(), np.zeros(len(sites))
    settling = SETTLING if free.any() else 0
    for step in range(ROUNDS):
        cells = power_cells(sites, weights, region)
        error = targets - shapely.area(cells)
        if step >= settling and np.abs(error / targets).max() < TOLERANCE:
            return cells
        weights += STEP * error
        # four rounds of weights to one of sites keeps both moving together
        if step < settling and step % 4 == 3:
            moving = free & ~shapely.is_empty(cells)
            middle = shapely.get_coordinates(shapely.centroid(cells[moving]))
            sites[moving] = (sites[moving] + middle) / 2
    raise ArithmeticError(f"areas not reached in {ROUNDS} rounds: {error.tolist()}")


def _half_plane(ring: Floats, normal: Floats, limit: float) -> Floats:
    """The part of a convex ring where ``normal . x <= limit``."""
    height = ring @ normal - limit
    if (height <= 0).all():
        return ring
    kept = []
    for i in range(len(ring)):
        before, here = height[i - 1], height[i]
        if (before <= 0) != (here <= 0):
            kept.append(ring[i - 1] + (ring[i] - ring[i - 1]) * before / (before - here))
        if here <= 0:
            kept.append(ring[i])
    return np.array(kept).reshape(-1, 2)
