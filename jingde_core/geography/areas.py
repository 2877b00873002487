"""Area on the ellipsoid: never in degrees, never in Web Mercator (34 % too large here).

Area is that of the geodesic polygon on GRS80, the ellipsoid of CGCS2000 (Karney 2013,
Journal of Geodesy 87); WGS-84 differs by less than one part in a thousand million.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod, Transformer

GEOD = Geod(ellps="GRS80")
#: cylindrical equal-area plane of the county, km: area is true, its axes are those of the map
PLANE = "+proj=cea +lat_ts=30.31 +lon_0=118.49 +ellps=GRS80 +units=km"
#: decimals of a degree that are kept: 0.1 m
DECIMALS = 6

Shapes = npt.NDArray[Any]


def area_km2(geometries: Iterable[Any]) -> npt.NDArray[np.float64]:
    """Geodesic area (面积), km2, of each polygon.

    Parameters
    ----------
    geometries : GeoSeries, or iterable of shapely geometry, length n
        longitude and latitude in degrees; a GeoSeries in another system is brought there.
        Holes count as outside, whatever the direction of the rings.

    Returns
    -------
    array of float, shape (n,)
        0 for an empty geometry or one without area, NaN for a missing one.

    Raises
    ------
    ValueError
        where coordinates cannot be degrees.

    Examples
    --------
    One degree by one degree at the equator, and the same with a quarter cut out.

    >>> square = shapely.box(0, 0, 1, 1)
    >>> hole = square.difference(shapely.box(0.25, 0.25, 0.75, 0.75))
    >>> area_km2([square, hole]).round(1).tolist()
    [12308.8, 9231.6]
    """
    crs = getattr(geometries, "crs", None)
    if crs is not None and not crs.is_geographic:
        geometries = geometries.to_crs(4490)  # type: ignore[attr-defined]
    shapes = np.array(list(geometries), dtype=object)
    corners = shapely.bounds(shapes)
    if (np.abs(corners) > 360).any():
        raise ValueError("area_km2 needs degrees (EPSG:4490 or 4326); found projected coordinates")
    oriented = shapely.orient_polygons(shapes)
    return np.array(
        [
            np.nan if shape is None else abs(GEOD.geometry_area_perimeter(shape)[0]) / 1e6
            for shape in oriented
        ],
        dtype=float,
    )


def to_plane(shapes: Shapes) -> Shapes:
    """Shapes in degrees, brought to the county's equal-area plane (km)."""
    forward = Transformer.from_crs(4326, PLANE, always_xy=True).transform
    moved: Shapes = shapely.transform(shapes, forward, interleaved=False)
    return moved


def to_degrees(shapes: Shapes) -> Shapes:
    """Shapes of the plane, brought back to degrees and rounded to six decimals."""
    back = Transformer.from_crs(PLANE, 4326, always_xy=True).transform
    moved = shapely.transform(shapes, back, interleaved=False)
    rounded: Shapes = shapely.transform(moved, lambda corners: corners.round(DECIMALS))
    return rounded
