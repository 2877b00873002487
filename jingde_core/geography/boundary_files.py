"""Reading a file of polygons: format, text encoding, coordinate system; no GDAL error escapes.

Known systems are those on the datums CGCS2000 and WGS-84 (among them EPSG 4490, 4326, 4527,
4528, 4548, 4549). An older datum would lie up to 100 m off and is refused.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError

from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError, Problem

Box = tuple[float, float, float, float]

FORMATS = (".geojson", ".json", ".gpkg", ".shp")
SYSTEMS = (4490, 4326, 4527, 4528, 4548, 4549)
#: words of the datum's name that stand for CGCS2000 and for WGS-84
DATUM_WORDS = ("china_2000", "cgcs2000", "wgs_84", "wgs_1984")


def read_features(path: Path, layer: str | None = None) -> Any:
    """The features of a file as a GeoDataFrame in the file's own coordinates.

    Raises
    ------
    DataError
        for a missing, unsupported or damaged file, or several layers and none chosen.
    """
    if path.suffix.lower() not in FORMATS:
        found, expected = path.suffix or path.name, ", ".join(FORMATS)
        raise DataError([Problem("unsupported_file", path.name, found=found, expected=expected)])
    if not path.is_file():
        raise DataError([Problem("missing_file", path.name, expected=str(path))])
    absent = [path.with_suffix(part).name for part in _parts(path) if not _beside(path, part)]
    if absent:
        raise DataError([Problem("missing_file", path.name, expected=name) for name in absent])
    try:
        # a ring that does not close comes as a missing shape, which the checks name by its row
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
            if layer is None and len(layers) != 1:
                raise DataError([_layer_problem(path, "", layers)])
            if layer is not None and layer not in layers:
                raise DataError([_layer_problem(path, layer, layers)])
            frame = pyogrio.read_dataframe(
                path, layer=layer or 0, encoding=_encoding(path), on_invalid="ignore"
            )
    except DataError:
        raise
    except (RuntimeError, ValueError, OSError, shapely.errors.ShapelyError) as error:
        reason = label("boundary.unreadable", reason=type(error).__name__)
        problem = Problem("unreadable_file", path.name, found=reason, expected=path.suffix[1:])
        raise DataError([problem]) from None
    if "geometry" not in frame or frame.empty:
        expected = label("boundary.polygons")
        raise DataError([Problem("empty_file", path.name, expected=expected)])
    return frame


def degrees(
    shapes: npt.NDArray[Any], crs: CRS | None, box: Box, names: Sequence[str]
) -> tuple[npt.NDArray[Any], list[Problem]]:
    """The shapes in degrees (EPSG:4326), swapped axes put right and told, and what was found.

    ``box`` is the county's surroundings (degrees). Without a stated system, coordinates
    are taken as degrees only where they fall inside it. Shapes that cannot be placed come
    back as they were.
    """
    crs = None if crs is None or not (crs.is_geographic or crs.is_projected) else crs
    corners = shapely.get_coordinates(shapes)
    corners = corners[np.isfinite(corners).all(axis=1)]
    expected = ", ".join(f"EPSG:{code}" for code in SYSTEMS)
    if crs is not None and not _known_datum(crs):
        return shapes, [Problem("unknown_crs", found=crs.name, expected=expected)]
    far = corners[(np.abs(corners) > 360).any(axis=1)]
    if (crs is None or crs.is_geographic) and len(far):
        found = ", ".join(f"{value:.0f}" for value in far[0])
        return shapes, [Problem("projected_without_crs", found=found, expected=expected)]
    placed = _to_degrees(shapes, crs)
    turned = _to_degrees(shapely.transform(shapes, lambda xy: xy[:, ::-1]), crs)
    swapped = ~_inside(placed, box) & _inside(turned, box)
    problems = []
    if swapped.any():
        problems.append(Problem("swapped_axes", found=", ".join(np.array(names)[swapped])))
    if crs is None and _inside(np.where(swapped, turned, placed), box).any():
        problems.append(Problem("assumed_crs", found="EPSG:4326", severity="warning"))
    elif crs is None:
        problems.append(Problem("missing_crs", expected=expected))
    return np.where(swapped, turned, placed), problems


def _parts(path: Path) -> tuple[str, ...]:
    return (".dbf", ".shx") if path.suffix.lower() == ".shp" else ()


def _beside(path: Path, suffix: str) -> Path | None:
    """The companion of a shapefile, in lower or upper case."""
    named = (path.with_suffix(form) for form in (suffix, suffix.upper()))
    return next((companion for companion in named if companion.is_file()), None)


def _layer_problem(path: Path, found: str, layers: list[str]) -> Problem:
    return Problem("which_layer", path.name, found=found, expected=", ".join(layers))


def _encoding(path: Path) -> str | None:
    """The encoding of a shapefile that does not tell it: UTF-8 if it is that, else GB 18030."""
    table = _beside(path, ".dbf")
    if path.suffix.lower() != ".shp" or table is None or _beside(path, ".cpg"):
        return None
    content = table.read_bytes()
    header = int.from_bytes(content[8:10], "little")
    # 32 bytes of the header are binary; names of fields and cells of rows are text
    names = b"".join(content[at : at + 11] for at in range(32, header - 1, 32))
    try:
        (names + content[header:]).decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _known_datum(crs: CRS) -> bool:
    names = str(crs.geodetic_crs).lower().replace(" ", "_")
    return any(word in names for word in DATUM_WORDS)


def _to_degrees(shapes: npt.NDArray[Any], crs: CRS | None) -> npt.NDArray[Any]:
    import geopandas

    if crs is None or crs.is_geographic:
        return shapes
    try:
        moved = geopandas.GeoSeries(shapes, crs=crs).to_crs(4326)
    except ProjError:
        return shapes
    return np.asarray(moved.array, dtype=object)


def _inside(shapes: npt.NDArray[Any], box: Box) -> npt.NDArray[np.bool_]:
    corners = shapely.bounds(shapes)
    within = (corners[:, :2] >= box[:2]) & (corners[:, 2:] <= box[2:])
    inside: npt.NDArray[np.bool_] = within.all(axis=1)
    return inside
