"""Shifted datums: how far GCJ-02 and BD-09 coordinates lie from the truth, and how that shows.

CGCS2000 and WGS-84 agree within decimetres. Chinese map services draw in GCJ-02 (about 550 m
off here) or BD-09 (about 1.2 km), and a file from there rarely says so. The formulas are the
well-known reconstruction of the obfuscation (good to metres), not a published standard.
"""

from math import atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Any

import shapely

#: Krasovsky 1940 as the obfuscation uses it: semi-major axis, m, and eccentricity squared
AXIS, ECCENTRICITY = 6378245.0, 0.00669342162296594


def gcj02(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 coordinates (火星坐标) of a WGS-84 place in China, degrees.

    Examples
    --------
    The county seat moves 0.0050 degrees east and 0.0026 south, about 560 m.

    >>> lon, lat = gcj02(118.535, 30.289)
    >>> round(lon - 118.535, 4), round(lat - 30.289, 4)
    (0.005, -0.0026)
    """
    x, y = lon - 105.0, lat - 35.0
    waves = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (waves + 20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (waves + 20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    phi = radians(lat)
    squeeze = 1 - ECCENTRICITY * sin(phi) ** 2
    meridian = AXIS * (1 - ECCENTRICITY) / squeeze**1.5 * pi / 180
    parallel = AXIS / sqrt(squeeze) * cos(phi) * pi / 180
    return lon + east / parallel, lat + north / meridian


def bd09(lon: float, lat: float) -> tuple[float, float]:
    """BD-09 coordinates (百度坐标) of a WGS-84 place in China, degrees."""
    x, y = gcj02(lon, lat)
    turn = pi * 3000 / 180
    radius = hypot(x, y) + 0.00002 * sin(y * turn)
    angle = atan2(y, x) + 0.000003 * cos(x * turn)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006


DATUMS = {"GCJ-02": gcj02, "BD-09": bd09}


def fitted_shift(shape: Any, outline: Any) -> tuple[float, float]:
    """The move (east, north) that brings the outline best onto the shape, in their unit.

    Best is the smallest area of the symmetric difference.

    Examples
    --------
    >>> east, north = fitted_shift(shapely.box(3, 1, 13, 11), shapely.box(0, 0, 10, 10))
    >>> round(east, 2), round(north, 2)
    (3.0, 1.0)
    """
    from scipy.optimize import minimize

    start = shapely.get_coordinates(shape.centroid)[0]
    start = start - shapely.get_coordinates(outline.centroid)[0]

    def mismatch(move: Any) -> float:
        moved = shapely.transform(outline, lambda corners: corners + move)
        return float(shapely.symmetric_difference(shape, moved).area)

    best = minimize(mismatch, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3})
    return float(best.x[0]), float(best.x[1])
