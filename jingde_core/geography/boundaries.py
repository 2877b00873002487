"""Official boundaries in: read, joined to the register, checked, every fault told at once.

Until polygons pass here, the county has only schematic cells. What comes back has the
columns of the schematic frame with ``geometry_kind`` "official", so that everything drawn or
measured from one works with the other.
"""

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from jingde_core.geography.boundary_checks import (
    coverage,
    outside,
    polygons,
    shifted,
    whole_area,
)
from jingde_core.geography.boundary_files import degrees, read_features
from jingde_core.geography.features import code_problems, properties, unofficial
from jingde_core.geography.names import LEVELS, Level, plain_text, resolve_town, resolve_village
from jingde_core.geography.register import Register, Town, Village, read_register, read_rows
from jingde_core.model.catalogue import label
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem


def load_boundaries(
    path: str | PathLike[str], *, level: Level | None = None, layer: str | None = None
) -> Any:
    """Official polygons of the villages or the towns (法定村界、镇界).

    Parameters
    ----------
    path : path
        GeoJSON, GeoPackage or shapefile on CGCS2000 or WGS-84 (EPSG 4490, 4326, 4527, 4528,
        4548, 4549; without a stated system, degrees are recognised).
    level : "village" or "town", optional
        by default the level at which more features are recognised.
    layer : str, optional
        needed where the file has several.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, one row a place in the register's order: code, name, town (code), kind,
        geometry_kind ("official"), geometry; towns without town and kind.
        ``frame.attrs["problems"]`` is a tuple of the warnings (``Problem``): shapes that were
        mended, slivers, an assumed coordinate system, a probable shift to GCJ-02 or BD-09.

    Raises
    ------
    DataError
        with every fault: file, ``row`` (the feature's number from 1), column, found, expected.
    """
    path, register = Path(path), read_register()
    frame = read_features(path, layer)
    columns = _columns(frame)
    chosen = level or _level(frame, columns)
    places = register.villages if chosen == "village" else register.towns
    codes, names, problems = _joined(frame, columns, chosen)
    # the workbook's own cells say what they are; a shapefile cuts the heading to ten letters
    for heading in frame.columns.intersection(["geometry_kind", "geometry_k"]):
        problems += unofficial(frame[heading])
    if columns.keys() & {"code", "name"}:
        problems += code_problems(codes, places)
    whole = sorted(codes) == [place.code for place in places]
    shapes, found = _checked(frame, names, register, whole=whole)
    problems = [replace(problem, file=path.name) for problem in problems + found]
    if any(problem.severity == "error" for problem in problems):
        raise DataError(problems)
    return _official(dict(zip(codes, shapes, strict=True)), places, tuple(problems))


def _columns(frame: Any) -> dict[str, str]:
    """Which column holds the code, the name and the town, by their declared headings."""
    declared = read_rows(shipped("geodata") / "boundary_columns.csv", ("role", "column"))
    headings = {plain_text(name).lower(): name for name in frame.columns if name != "geometry"}
    found: dict[str, str] = {}
    for row in declared:
        heading = plain_text(row["column"])
        if heading in headings:
            found.setdefault(row["role"], headings[heading])
    return found


def _level(frame: Any, columns: dict[str, str]) -> Level:
    """The level at which more of the features are places of the register."""
    return max(LEVELS, key=lambda level: sum(map(bool, _joined(frame, columns, level)[0])))


def _joined(
    frame: Any, columns: dict[str, str], level: Level
) -> tuple[list[str], list[str], list[Problem]]:
    """The code of each feature ("" where there is none), what to call it, and the faults."""
    if not columns.keys() & {"code", "name"}:
        expected = label("boundary.code_or_name")
        unnamed = [str(row) for row in range(1, len(frame) + 1)]
        return [""] * len(frame), unnamed, [Problem("missing_column", expected=expected)]
    codes, names, problems = [], [], []
    for row, cells in enumerate(frame.drop(columns="geometry").to_dict("records"), start=1):
        given = {role: plain_text(cells[column]) for role, column in columns.items()}
        code, found = _place(given, level)
        codes.append(code)
        names.append(given.get("name") or given.get("code") or str(row))
        problems += [
            replace(problem, row=row, column=columns.get(problem.column, "")) for problem in found
        ]
    return codes, names, problems


def _place(given: dict[str, str], level: Level) -> tuple[str, list[Problem]]:
    """The place that a feature's code means, or else its town and name.

    Both are looked up: a name that is another place's is an error, since one of the two is
    wrong; a code that the register lacks is told, and the name taken.
    """
    by_code, code_faults = _attempt(given.get("code", ""), level, "", "code")
    by_name, name_faults = _attempt(given.get("name", ""), level, given.get("town", ""), "name")
    if by_code and by_name and by_code != by_name:
        found, expected = f"{given['code']} {given['name']}", by_name
        return "", [Problem("code_and_name", column="code", found=found, expected=expected)]
    if by_code:
        strayed = [problem for problem in name_faults if problem.code == "wrong_member"]
        return by_code, strayed
    if by_name and given.get("code"):
        found = given["code"]
        ignored = Problem(
            "code_ignored", column="code", found=found, expected=by_name, severity="warning"
        )
        return by_name, [ignored]
    attempts = (("code", code_faults), ("name", name_faults))
    told = [fault for role, faults in attempts if given.get(role) for fault in faults]
    return by_name, [] if by_name else told or name_faults


def _attempt(text: str, level: Level, town: str, role: str) -> tuple[str, list[Problem]]:
    try:
        return (resolve_village(text, town=town) if level == "village" else resolve_town(text)), []
    except DataError as error:
        own = [
            problem if problem.column != level else replace(problem, column=role)
            for problem in error.problems
        ]
        return "", own


def _checked(
    frame: Any, names: Sequence[str], register: Register, *, whole: bool
) -> tuple[Any, list[Problem]]:
    """The shapes as valid polygons in degrees, and what is wrong with them.

    ``whole`` says that every place is there: only then do total area and shift mean anything.
    """
    shapes, problems = polygons(frame.geometry.to_numpy(), names)
    shapes, misplaced = degrees(shapes, frame.crs, register.box(), names)
    problems += misplaced
    if any(p.severity == "error" and p.code != "swapped_axes" for p in misplaced):
        return shapes, problems
    strayed = list(outside(shapes, names, register))
    if strayed:
        return shapes, problems + strayed
    present = np.array([shape or shapely.Polygon() for shape in shapes])
    problems += coverage(present, names)
    if whole and not any(shape.is_empty for shape in present):
        problems += whole_area(present, register)
        problems += shifted(present, register)
    return shapes, problems


def _official(
    shapes: dict[str, Any], places: Sequence[Town | Village], problems: tuple[Problem, ...]
) -> Any:
    import geopandas

    rows = [properties(place, "official") for place in places]
    frame = geopandas.GeoDataFrame(
        rows, geometry=[shapes[place.code] for place in places], crs=4326
    )
    frame.attrs["problems"] = problems
    return frame
