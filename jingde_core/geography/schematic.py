"""Schematic polygons: cells of the right area near the right place, and no claim beyond that.

Towns are the power diagram of their seats inside the coarse outline, weighted so that each
town has its published share of the county; villages are equal-area cells inside their town,
those of known position holding their point. Urban units lie nearest to the town's seat, the
others follow outwards in the order of their codes, which says nothing about the ground.
The exclave is one village. The outline encloses 897.2 km2 of the 904.8 published, so every
target is 0.84 % below the printed area.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from jingde_core.geography.areas import to_degrees, to_plane
from jingde_core.geography.cartogram import tiles
from jingde_core.geography.features import feature_text
from jingde_core.geography.power import balanced_cells
from jingde_core.geography.register import EXCLAVE, Register, Village, read_register

SEED = 2020

Shapes = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def build(folder: Path) -> dict[str, str]:
    """The text of every schematic GeoJSON file, by file name, from the tables in ``folder``.

    Returns
    -------
    dict of str to str
        ``towns.geojson``, ``villages.geojson`` and the same as equal tiles
        (``*_tiles.geojson``); the same tables give the same text.
    """
    register = read_register(folder)
    villages = village_polygons(register)
    towns = town_polygons(register, villages)
    names = [town.code for town in register.towns]
    village_tiles = tiles(to_plane(villages), groups=[v.town for v in register.villages])
    town_tiles = tiles(to_plane(towns), groups=names)
    return {
        "towns.geojson": feature_text("towns", register.towns, towns),
        "villages.geojson": feature_text("villages", register.villages, villages),
        "towns_tiles.geojson": feature_text("towns_tiles", register.towns, to_degrees(town_tiles)),
        "villages_tiles.geojson": feature_text(
            "villages_tiles", register.villages, to_degrees(village_tiles)
        ),
    }


def village_polygons(register: Register) -> Shapes:
    """Polygons of the villages (村界示意), degrees, in the register's order.

    They cover the outline exactly: neighbours share every corner to the last decimal.
    """
    rings = {part: shapely.Polygon(ring) for part, ring in register.outline.items()}
    outline = dict(zip(rings, to_plane(np.array(list(rings.values()))), strict=True))
    cells: dict[str, Any] = {}
    for town, region in zip(register.towns, _town_cells(register, outline), strict=True):
        own = [village for village in register.villages if village.town == town.code]
        apart = [village for village in own if village.position_quality == EXCLAVE]
        cells |= {village.code: outline["exclave"] for village in apart}
        inside = [village for village in own if village not in apart]
        cells |= _village_cells(inside, region, seat=_point(town.lon, town.lat))
    ordered = np.array([cells[village.code] for village in register.villages])
    return to_degrees(_noded(ordered))


def town_polygons(register: Register, villages: Shapes) -> Shapes:
    """Polygons of the towns: each the union of its villages, in the register's order."""
    belongs = np.array([village.town for village in register.villages])
    unions = [shapely.union_all(villages[belongs == town.code]) for town in register.towns]
    return np.array(unions)


def _town_cells(register: Register, outline: dict[str, Any]) -> Shapes:
    """Cells of the towns in the main body; the exclave counts towards its own town's area."""
    apart = [v.town for v in register.villages if v.position_quality == EXCLAVE]
    areas = np.array([town.area_km2 for town in register.towns])
    targets = areas * sum(part.area for part in outline.values()) / areas.sum()
    targets -= [outline["exclave"].area if town.code in apart else 0 for town in register.towns]
    seats = np.array([_point(town.lon, town.lat) for town in register.towns])
    fixed = np.zeros(len(seats), dtype=bool)
    return balanced_cells(seats, targets, outline["main"], free=fixed)


def _village_cells(villages: Sequence[Village], region: Any, *, seat: Floats) -> dict[str, Any]:
    """Equal cells of a town: those with a known point hold it, the others fill outwards."""
    known = [village for village in villages if village.point]
    others = sorted(
        (village for village in villages if not village.point),
        key=lambda village: (village.urban_rural_2016, village.code),
    )
    points = [_point(*village.point) for village in known if village.point]
    sites = np.array(points + _scattered(region, len(others)))
    free = np.arange(len(sites)) >= len(known)
    targets = np.full(len(sites), region.area / len(sites))
    cells = balanced_cells(sites, targets, region, free=free)
    found = {village.code: cell for village, cell in zip(known, cells[~free], strict=True)}
    middles = shapely.get_coordinates(shapely.centroid(cells[free]))
    outwards = np.argsort(((middles - seat) ** 2).sum(axis=1), kind="stable")
    return found | {v.code: cells[free][i] for v, i in zip(others, outwards, strict=True)}


def _scattered(region: Any, count: int) -> list[Floats]:
    """Random points inside a region, from the fixed seed."""
    random = np.random.default_rng(SEED)
    west, south, east, north = region.bounds
    points: list[Floats] = []
    while len(points) < count:
        point = random.uniform((west, south), (east, north))
        if region.contains(shapely.Point(point)):
            points.append(point)
    return points


def _noded(cells: Shapes) -> Shapes:
    """The same cells (km) with every corner of a border in both neighbours.

    A corner on a neighbour's straight border becomes a corner of that border too, so that
    neighbours stay together however the coordinates are then turned and rounded.
    """
    corners = np.unique(shapely.get_coordinates(cells).round(7), axis=0)
    borders = shapely.snap(shapely.boundary(cells), shapely.multipoints(corners), 2e-7)
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(borders)]))
    face, owner = shapely.STRtree(cells).query(shapely.point_on_surface(faces), predicate="within")
    return np.array([shapely.union_all(faces[face[owner == i]]) for i in range(len(cells))])


def _point(lon: float, lat: float) -> Floats:
    point: Floats = shapely.get_coordinates(to_plane(np.array([shapely.Point(lon, lat)])))[0]
    return point
