"""A county without a register: the shipped shapes and names, and values made up by a rule."""

import json
from types import SimpleNamespace

import geopandas
import numpy as np
import pandas as pd
from shapely.geometry import shape

from jingde_core.model.place import shipped

PROVENANCE = pd.DataFrame(
    {
        "table": ["households", "villages"],
        "kind": ["synthetic", "public"],
        "source": ["seed 1", "NBS"],
        "rows": [1775, 68],
        "sha256": ["a" * 64, "b" * 64],
        "as_of": ["2020-12-31", "2020-06-30"],
    }
)
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "`${alert(1)}`",
    "</script><script>alert(1)</script>",
    "C:\\2020\\x",
    "a\u2028b",
    "<!--",
    "' onmouseover='alert(1)",
    '"><svg onload=alert(1)>',
    "&amp;&#60;b&#62;",
]


def _frame(file: str, kind: str) -> geopandas.GeoDataFrame:
    features = json.loads((shipped("geodata") / file).read_text(encoding="utf-8"))["features"]
    frame = geopandas.GeoDataFrame(
        [feature["properties"] for feature in features],
        geometry=[shape(feature["geometry"]) for feature in features],
        crs="EPSG:4326",
    )
    return frame.assign(geometry_kind=kind)


def county(*, hostile: bool = False) -> SimpleNamespace:
    """Villages, towns, tiles and provenance as a `County` has them."""
    tables = {
        "village": _frame("villages.geojson", "schematic"),
        "town": _frame("towns.geojson", "schematic"),
    }
    tiles = {
        "village": _frame("villages_tiles.geojson", "tile"),
        "town": _frame("towns_tiles.geojson", "tile"),
    }
    if hostile:
        for frame in (*tables.values(), *tiles.values()):
            frame["name"] = [HOSTILE[i % len(HOSTILE)] for i in range(len(frame))]
    return SimpleNamespace(
        villages=tables["village"],
        towns=tables["town"],
        tiles=lambda level="village": tiles[level],
        provenance=PROVENANCE,
        household_years=pd.DataFrame({"year": range(2014, 2021)}),
    )


def tidy(codes, names, values, **attrs) -> pd.DataFrame:
    """A frame as `measure` returns it."""
    values = np.asarray(values, dtype=float)
    frame = pd.DataFrame(
        {
            "code": list(codes),
            "name": list(names),
            "value": values,
            "n": np.arange(len(values)) + 4,
            "se": np.nan,
            "denominator": 100.0,
            "small": np.arange(len(values)) % 9 == 0,
            "reason": "",
        }
    )
    frame.attrs = {
        "metric": "headcount_ratio",
        "unit": "1",
        "denominator": "persons",
        "parameters": {"poverty_line": 4000.0},
        "provenance": ["synthetic"],
        "as_of": "2020-12-31",
        "year": 2020,
    } | attrs
    return frame


def measure(county, name, *, by="county", year=None, where=None, **parameters):
    """Values by a rule; communities have none, and one village has no data."""
    if by == "year":
        years = np.arange(2014, 2021)
        return tidy(years.astype(str), years.astype(str), 0.9 ** (years - 2013), year=None)
    units = county.villages if by == "village" else county.towns
    step = np.arange(len(units))
    values = (step * 37 % 101) / 100 * 0.6 * (step % 4 > 0)
    frame = tidy(units["code"], units["name"], values, metric=name, year=year)
    if by == "village":
        urban = (units["kind"] == "community").to_numpy()
        frame.loc[urban, ["value", "reason"]] = [np.nan, "not_applicable"]
        frame.loc[20, "value"] = np.nan
    frame.attrs["parameters"] = {"poverty_line": 4000.0} | parameters
    return frame
