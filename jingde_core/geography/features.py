"""The room's GeoJSON files: written as text that never varies, read with every check.

One feature a line, sorted by code, degrees in WGS-84 with six decimals, outer rings
counter-clockwise (RFC 7946): what changes in a place changes one line.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt
import shapely

from jingde_core.geography.register import (
    VILLAGE_FILE,
    Register,
    Town,
    Village,
    read_register,
)
from jingde_core.model.catalogue import label
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem

GEOMETRY_KINDS = ("official", "gazetteer", "inferred", "schematic")


def properties(place: Town | Village, kind: str) -> dict[str, str]:
    """What a feature says of its place, beside the shape of this kind."""
    own = {"town": place.town, "kind": place.kind} if isinstance(place, Village) else {}
    return {"code": place.code, "name": place.name, **own, "geometry_kind": kind}


def feature_text(
    name: str, places: Sequence[Town | Village], shapes: npt.NDArray[Any], kind: str = "schematic"
) -> str:
    """GeoJSON text of places and their shapes (degrees), one feature a line."""
    shapes = shapely.orient_polygons(shapely.normalize(shapes))
    lines = []
    for place, shape in zip(places, shapes, strict=True):
        text = json.dumps(properties(place, kind), ensure_ascii=False, separators=(",", ":"))
        lines.append(f'{{"type":"Feature","properties":{text},"geometry":{_geometry_text(shape)}}}')
    head = f'{{"type":"FeatureCollection","name":{json.dumps(name)},"features":[\n'
    return head + ",\n".join(lines) + "\n]}\n"


def _geometry_text(shape: Any) -> str:
    polygons = [
        "[" + ",".join(_ring_text(ring) for ring in (part.exterior, *part.interiors)) + "]"
        for part in shapely.get_parts(shape)
    ]
    if len(polygons) == 1:
        return f'{{"type":"Polygon","coordinates":{polygons[0]}}}'
    return f'{{"type":"MultiPolygon","coordinates":[{",".join(polygons)}]}}'


def _ring_text(ring: Any) -> str:
    return "[" + ",".join(f"[{x:.6f},{y:.6f}]" for x, y in ring.coords) + "]"


def read_geometry(folder: Path | None = None) -> tuple[Any, Any]:
    """The towns and the villages as polygons (镇、村示意边界).

    Parameters
    ----------
    folder : Path, optional
        holds ``towns.geojson`` and ``villages.geojson``, and the register's tables unless they
        are the shipped ones; by default the shipped folder.

    Returns
    -------
    (GeoDataFrame, GeoDataFrame)
        EPSG:4326, in the register's order; columns code, name, geometry_kind and geometry,
        villages also town (its code) and kind.

    Raises
    ------
    DataError
        for a missing or damaged file, a code that is missing, unknown or stands twice, a
        shape that is invalid or lies outside the county; all at once.
    """
    return _read_pair(folder, "towns.geojson", "villages.geojson")


def read_tiles(folder: Path | None = None) -> tuple[Any, Any]:
    """Towns and villages as equal tiles (等面积方格图): the view that claims nothing of shape.

    Columns and checks are those of :func:`read_geometry`.
    """
    return _read_pair(folder, "towns_tiles.geojson", "villages_tiles.geojson")


def require_official(frame: Any) -> None:
    """Stop where a shape is not official: distance, adjacency and exposure need true borders.

    Raises
    ------
    DataError
        naming how many shapes are of which kind.
    """
    problems = unofficial(frame["geometry_kind"])
    if problems:
        raise DataError(problems)


def unofficial(kinds: Iterable[object]) -> list[Problem]:
    """The fault of shapes whose kind is not official, if there are any."""
    others = Counter(str(kind) for kind in kinds if kind != "official")
    found = ", ".join(f"{kind} {count}" for kind, count in sorted(others.items()))
    return [Problem("not_official", column="geometry_kind", found=found)] if others else []


def _read_pair(folder: Path | None, town_file: str, village_file: str) -> tuple[Any, Any]:
    folder = folder or shipped("geodata")
    register = read_register(folder if (folder / VILLAGE_FILE).is_file() else None)
    problems: list[Problem] = []
    read = [
        _read(folder / file, places, register, problems)
        for file, places in ((town_file, register.towns), (village_file, register.villages))
    ]
    if problems:
        raise DataError(problems)
    towns, villages = read
    return towns, villages


def _read(
    path: Path, places: Sequence[Town | Village], register: Register, problems: list[Problem]
) -> Any:
    found, features = _features(path)
    if not found:
        columns = list(properties(places[0], ""))
        rows = [{name: f["properties"].get(name) for name in columns} for f in features]
        shapes = shapely.from_geojson(
            [json.dumps(f["geometry"]) for f in features], on_invalid="ignore"
        )
        found = [
            *code_problems([str(row["code"]) for row in rows], places),
            *_row_problems(rows, shapes, places, register),
        ]
    if found:
        problems += [replace(problem, file=path.name) for problem in found]
        return None
    import geopandas

    frame = geopandas.GeoDataFrame(rows, geometry=shapes, crs=4326)
    return frame.sort_values("code", ignore_index=True)


def _features(path: Path) -> tuple[list[Problem], list[dict[str, Any]]]:
    """The features of a GeoJSON file, or why there are none."""
    if not path.is_file():
        return [Problem("missing_file", expected=path.name)], []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        features = content["features"]
        if all(isinstance(feature["properties"], dict) and feature["type"] for feature in features):
            return [], [{"geometry": None, **feature} for feature in features]
        reason = "properties"
    except json.JSONDecodeError as error:
        return [Problem("unreadable_file", row=error.lineno, found="JSON", expected="GeoJSON")], []
    except (OSError, UnicodeDecodeError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__} {error}"
    return [Problem("unreadable_file", found=reason, expected="GeoJSON")], []


def code_problems(codes: Sequence[str], places: Sequence[Town | Village]) -> Iterator[Problem]:
    """What is missing, what stands twice, what the register does not know; "" is passed over."""
    names = {place.code: place.name for place in places}
    first: dict[str, int] = {}
    for row, code in enumerate(codes, start=1):
        if not code:
            continue
        if code in first:
            yield Problem(
                "duplicate", row=row, column="code", found=code, expected=str(first[code])
            )
        elif code not in names:
            yield Problem("extra_feature", row=row, column="code", found=code)
        first.setdefault(code, row)
    for code in sorted(names.keys() - first.keys()):
        found = label("boundary.count", count=len(codes))
        yield Problem(
            "missing_feature", column="code", found=found, expected=f"{code} {names[code]}"
        )


def _row_problems(
    rows: Sequence[dict[str, Any]],
    shapes: npt.NDArray[Any],
    places: Sequence[Town | Village],
    register: Register,
) -> Iterator[Problem]:
    by_code = {place.code: place for place in places}
    county = shapely.box(*register.box())
    box = ", ".join(f"{edge:.2f}" for edge in county.bounds)
    for row, (values, shape) in enumerate(zip(rows, shapes, strict=True), start=1):
        place = by_code.get(str(values["code"]))
        kind = values["geometry_kind"]
        for column, expected in (properties(place, kind) if place else {}).items():
            if values[column] != expected:
                yield Problem("wrong_value", "", "", row, column, str(values[column]), expected)
        if kind not in GEOMETRY_KINDS:
            expected = ", ".join(GEOMETRY_KINDS)
            yield Problem("wrong_value", "", "", row, "geometry_kind", str(kind), expected)
        name = place.name if place else str(values["code"])
        if shape is None or shape.is_empty or "Polygon" not in shape.geom_type:
            yield Problem("no_polygon", row=row, column="geometry", found=name)
        elif not shape.is_valid:
            reason = f"{name} {shapely.is_valid_reason(shape)}"
            yield Problem("invalid_shape", row=row, column="geometry", found=reason)
        elif not county.covers(shape):
            corner = ", ".join(f"{value:.4f}" for value in shape.bounds[:2])
            yield Problem("outside_county", "", "", row, "geometry", f"{name} ({corner})", box)
