"""Overlays: what lies in a village, as one counted circle per village and overlay.

Overlays are declared in ``data/overlays.csv``: what is counted, the amount that goes with it,
the classes that the tooltip tells apart, which rows count, and the colour. Every number comes
from `measure`; here it only becomes text and the size of a circle. Where exactly in the village
a thing lies is not known, so a circle never stands for one row, and its place is schematic.
"""

import csv
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from jingde_core.model.catalogue import label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.views import escape, marks, numbers

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from jingde_core.county import County

#: radius of the circle with the largest count of its overlay, and the least that holds a number
LARGEST, LEAST = 13.0, 7.5
#: count that is large enough for the largest circle, however few the others have
MANY = 10
#: pixels between neighbours where circles of several overlays stand round a village's point
APART = 21.0


@dataclass(frozen=True)
class Declared:
    """One overlay as ``data/overlays.csv`` declares it."""

    name: str
    count: str
    value: str
    by: str
    where: dict[str, Any]
    colour: str


@dataclass(frozen=True)
class Circle:
    """Position of the village in the county's table, its count, and the tooltip's lines."""

    village: int
    count: int
    radius: float
    lines: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Overlay:
    """An overlay ready to draw: texts and circles."""

    title: str
    legend: str
    colour: str
    circles: tuple[Circle, ...]
    kinds: tuple[str, ...]

    @property
    def ink(self) -> str:
        """Black or white, whichever reads better on the colour."""
        channels = [int(self.colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        return "#000000" if luminance > 0.179 else "#ffffff"

    def state(self) -> dict[str, Any]:
        """The overlay as the map's script reads it."""
        return {
            "title": escape.shown(self.title),
            "legend": self.legend,
            "colour": self.colour,
            "ink": self.ink,
            "circles": [
                [each.village, numbers.number(each.count, "count"), each.radius, each.lines]
                for each in self.circles
            ],
        }


@lru_cache(maxsize=1)
def declared() -> dict[str, Declared]:
    """Declared overlays by name."""
    with (shipped("data") / "overlays.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["name"]: Declared(
            row["name"],
            count=row["count"],
            value=row["value"],
            by=row["by"],
            where=json.loads(row["where"] or "{}"),
            colour=row["colour"],
        )
        for row in rows
    }


def overlay(county: "County", name: str) -> Overlay:
    """The circles of a declared overlay; a village without records has none.

    Raises
    ------
    KeyError
        for a name that is not declared; the close ones are listed.
    """
    from jingde_core.county import measure

    if name not in declared():
        raise KeyError(unknown_name(name, declared()))
    own = declared()[name]
    counted = measure(county, own.count, by="village", where=own.where)
    total = measure(county, own.count, where=own.where)
    known = counted.set_index("code")["value"].reindex(county.villages["code"])
    most = max(known.max(), MANY)
    classes = _lines(county, own)
    circles = tuple(
        Circle(
            position,
            int(count),
            round(max(LEAST, LARGEST * float(np.sqrt(count / most))), 1),
            classes[str(code)],
        )
        for position, (code, count) in enumerate(known.items())
        if count > 0
    )
    return Overlay(
        title=label(f"overlay.{name}"),
        legend=_legend(known, total["value"].iloc[0], str(counted.attrs["unit"])),
        colour=own.colour,
        circles=circles,
        kinds=marks.kinds(None, counted.attrs),
    )


def _legend(counts: "pd.Series[Any]", total: float, unit: str) -> str:
    """How many are on the map, of how many; rows of no village are not hidden."""
    placed = numbers.quantity(counts.sum(), unit, "count")
    key = "overlay.placed" if counts.sum() == total else "overlay.placed_of"
    text = label(key, placed=placed, total=numbers.quantity(total, unit, "count"))
    unknown = int(counts.isna().sum())
    return text + (label("overlay.unknown", count=unknown) if unknown else "")


def _lines(county: "County", own: Declared) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Name, count and amount of the total and of each class that a village has."""
    from jingde_core.county import measure

    found: dict[str, list[tuple[str, str, str]]] = {}
    for by in ["village", *([("village", own.by)] if own.by else [])]:
        counts, amounts = (
            measure(county, metric, by=by, where=own.where) if metric else None
            for metric in (own.count, own.value)
        )
        assert counts is not None
        unit = str(counts.attrs["unit"])
        texts = _amounts(counts, amounts)
        names = counts["name_2"] if by != "village" else [label("overlay.total")] * len(counts)
        for code, name, count, amount in zip(
            counts["code"], names, counts["value"], texts, strict=True
        ):
            if count != 0:
                line = (escape.shown(name), numbers.quantity(count, unit, "count"), amount)
                found.setdefault(code, []).append(line)
    return {code: tuple(lines) for code, lines in found.items()}


def _amounts(counts: pd.DataFrame, amounts: pd.DataFrame | None) -> list[str]:
    """Amount of each row of ``counts`` as text; empty where the overlay has none."""
    if amounts is None:
        return [""] * len(counts)
    keys = [key for key in ("code", "code_2") if key in counts]
    unit = str(amounts.attrs["unit"])
    joined = counts[keys].merge(amounts[[*keys, "value"]], on=keys, how="left")
    return [numbers.quantity(v, unit, "wan" if unit == "yuan" else "") for v in joined["value"]]


def points(villages: "GeoDataFrame") -> list[list[float] | None]:
    """Latitude and longitude of a point inside each village's shape; None without a shape."""
    shapes = villages.geometry.to_numpy()
    inside = shapely.point_on_surface(shapes)
    return [
        None if point is None or point.is_empty else [round(point.y, 5), round(point.x, 5)]
        for point in inside
    ]


def asides(count: int) -> list[list[float]]:
    """Pixels (right, down) by which each of several overlays stands aside of the point.

    Examples
    --------
    >>> asides(1), asides(2)
    ([[0.0, 0.0]], [[0.0, -10.5], [0.0, 10.5]])
    """
    if count == 1:
        return [[0.0, 0.0]]
    turns = np.arange(count) * 2 * np.pi / count
    ring = APART / 2 / np.sin(np.pi / count)
    places = ring * np.column_stack([np.sin(turns), -np.cos(turns)])
    return [[float(x), float(y)] for x, y in places.round(1) + 0.0]
