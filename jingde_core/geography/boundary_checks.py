"""What official polygons must satisfy: valid, in place, no gap or overlap, the county's area.

Areas are geodesic. Slivers under 100 m2 come from rounding and are not told; up to a hectare
they are a warning; above it they are an error, since a village's area would be wrong.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from jingde_core.geography.areas import area_km2, to_degrees, to_plane
from jingde_core.geography.datums import DATUMS, fitted_shift
from jingde_core.geography.register import Register
from jingde_core.model.catalogue import label
from jingde_core.model.problem import Problem, Severity

#: km2: below it a sliver is rounding, above it an error
ROUNDING_KM2, SLIVER_KM2 = 0.0001, 0.01
#: km: half the width up to which a gap that opens outwards is looked for
CLEFT_KM = 0.05
#: share by which the sum of all areas may differ from the county's
AREA_TOLERANCE = 0.005
#: part of a datum's offset within which the fitted shift must lie to be told as that datum's
SHIFT_MATCH = 0.5

Shapes = npt.NDArray[Any]


def polygons(shapes: Shapes, names: Sequence[str]) -> tuple[Shapes, list[Problem]]:
    """The shapes as valid polygons, and what was mended or cannot be.

    A self-intersection is mended (``make_valid``), a collection reduced to its polygons; both
    are warnings. What has no area left is an error and comes back as None.
    """
    mended: list[Any] = []
    problems = []
    for row, (shape, name) in enumerate(zip(shapes, names, strict=True), start=1):
        clean, reason = _polygon(shape)
        mended.append(clean)
        if clean is None:
            problems.append(Problem("no_polygon", row=row, column="geometry", found=name))
        elif reason:
            found = f"{name} {reason}"
            problems.append(Problem("repaired", "", "", row, "geometry", found, severity="warning"))
    return np.array(mended, dtype=object), problems


def outside(shapes: Shapes, names: Sequence[str], register: Register) -> Iterator[Problem]:
    """Shapes that lie outside the county's surroundings."""
    county = shapely.box(*register.box())
    expected = ", ".join(f"{edge:.2f}" for edge in county.bounds)
    for row, (shape, name) in enumerate(zip(shapes, names, strict=True), start=1):
        if shape is not None and not county.covers(shape):
            corner = ", ".join(f"{edge:.4f}" for edge in shape.bounds[:2])
            yield Problem("outside_county", "", "", row, "geometry", f"{name} ({corner})", expected)


def coverage(shapes: Shapes, names: Sequence[str]) -> Iterator[Problem]:
    """Overlaps of shapes, and gaps between them."""
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="intersects")
    pairs = np.column_stack([left, right])[left < right]
    common = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    for (one, two), area in zip(pairs, area_km2(_polygonal(common)), strict=True):
        if area >= ROUNDING_KM2:
            found = label("boundary.overlap", one=names[one], two=names[two], area=f"{area:.4f}")
            yield Problem("overlap", row=int(two) + 1, found=found, severity=_severity(area))
    union = shapely.union_all(shapes)
    filled = shapely.union_all([shapely.Polygon(p.exterior) for p in shapely.get_parts(union)])
    yield from _gaps("gap", _parts(shapely.difference(filled, union)), tree, names)
    yield from _gaps("open_gap", _clefts(filled), tree, names)


def whole_area(shapes: Shapes, register: Register) -> Iterator[Problem]:
    """A total area that is not the county's."""
    total = float(area_km2(shapes).sum())
    if abs(total / register.area_km2 - 1) > AREA_TOLERANCE:
        expected = label(
            "boundary.area", area=f"{register.area_km2:.1f}", share=f"{AREA_TOLERANCE:.1%}"
        )
        yield Problem("wrong_area", found=f"{total:.2f}", expected=expected)


def shifted(shapes: Shapes, register: Register) -> Iterator[Problem]:
    """A warning where the whole county lies off by what GCJ-02 or BD-09 are off here.

    The shipped outline is good to about 1 km a point, yet its 78 points average out: fitted
    to outlines disturbed by 0.5 to 1 km a point, the shift scatters by 50 to 130 m on each
    axis, against offsets of 560 m (GCJ-02) and 1,180 m (BD-09). It is a hint, not a proof.
    """
    outline = shapely.union_all([shapely.Polygon(ring) for ring in register.outline.values()])
    official, coarse = to_plane(np.array([shapely.union_all(shapes).simplify(0.0005), outline]))
    shift = np.array(fitted_shift(official, coarse))
    middle = outline.centroid
    for name, datum in DATUMS.items():
        places = shapely.points([(middle.x, middle.y), datum(middle.x, middle.y)])
        before, after = shapely.get_coordinates(to_plane(places))
        offset = after - before
        if np.hypot(*(shift - offset)) < SHIFT_MATCH * np.hypot(*offset):
            found = label("boundary.shift", east=f"{shift[0]:.2f}", north=f"{shift[1]:.2f}")
            yield Problem("shifted_datum", found=found, expected=name, severity="warning")


def _gaps(code: str, gaps: Shapes, tree: Any, names: Sequence[str]) -> Iterator[Problem]:
    for gap, area in zip(gaps, area_km2(gaps), strict=True):
        around = sorted(tree.query(gap, predicate="dwithin", distance=1e-6))
        # a cleft in one village's edge is the county's own shape
        if area < ROUNDING_KM2 or (code == "open_gap" and (area < SLIVER_KM2 or len(around) < 2)):
            continue
        between = ", ".join(names[place] for place in around)
        found = label("boundary.gap", between=between, area=f"{area:.4f}")
        yield Problem(
            code, found=found, severity="warning" if code == "open_gap" else _severity(area)
        )


def _clefts(union: Any) -> Shapes:
    """What is narrower than twice ``CLEFT_KM`` between parts of the edge: gaps open outwards."""
    (flat,) = to_plane(np.array([union]))
    closed = shapely.buffer(shapely.buffer(flat, CLEFT_KM), -CLEFT_KM)
    return to_degrees(_parts(shapely.difference(closed, flat)))


def _severity(area: float) -> Severity:
    return "error" if area > SLIVER_KM2 else "warning"


def _polygon(shape: Any) -> tuple[Any, str]:
    """A valid polygon and why it had to be made one; None where there is nothing to make."""
    if shape is None or shape.is_empty:
        return None, ""
    shape = shapely.force_2d(shape)
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return None, ""
    reason = "" if shape.is_valid else shapely.is_valid_reason(shape)
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        reason = reason or shape.geom_type
    clean = _polygonal(np.array([shape if shape.is_valid else shapely.make_valid(shape)]))[0]
    return (None if clean.area == 0 else clean), reason


def _polygonal(shapes: Shapes) -> Shapes:
    """The polygons in each shape as one; empty where there is none."""
    return np.array([shapely.union_all(_parts(shape)) for shape in shapes], dtype=object)


def _parts(shape: Any) -> Shapes:
    """Single polygons in a shape, however deep; points and lines are left out."""
    parts = shapely.get_parts(shape)
    while (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():
        parts = shapely.get_parts(parts)
    polygons: Shapes = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return polygons
