"""Choropleth maps of the county; the only place that touches folium.

A map is one document that needs no network and carries its marks: there is no way to draw
it without them. Names reach the page as data only; colours, classes and texts come ready
from `painting`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import folium
import numpy as np
import shapely
from branca.element import MacroElement
from folium.template import Template

from jingde_core.model.catalogue import label, language
from jingde_core.views import escape, marks, offline
from jingde_core.views.basemap import OPACITY, Basemap, chosen, origin
from jingde_core.views.classes import Layer, Level
from jingde_core.views.coarsening import coarse_enough
from jingde_core.views.overlays import Overlay, asides, overlay, points
from jingde_core.views.painting import Painting, paint

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from jingde_core.county import County

Geometry = Literal["schematic", "tiles"]

HEIGHT = 620
#: corners beyond which polygons are thinned, shared borders kept
_MOST_CORNERS = 20_000
_HERE = Path(__file__).parent


class _Script(MacroElement):
    """The call that hands the layers and their data to the map's script."""

    _template = Template(
        "{% macro script(this, kwargs) %}{{ this.script }}\n"
        "jingdeMap({{ this._parent.get_name() }}, { "
        "{% for level, layer in this.layers.items() %}{{ level }}: {{ layer.get_name() }}, "
        "{% endfor %}}, {{ this.outline.get_name() if this.outline else 'null' }}, ["
        "{% for group in this.groups %}{{ group.get_name() }}, {% endfor %}], "
        "{{ this.given }});{% endmacro %}"
    )

    def __init__(self, layers: dict[Level, Any], outline: Any, groups: list[Any], **given: Any):
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Script"
        self.script = (_HERE / "map.js").read_text(encoding="utf-8")
        self.layers, self.outline, self.groups = layers, outline, groups
        self.given = escape.data(given | {"start": next(iter(layers))})


@dataclass(frozen=True)
class VillageMap:
    """A drawn map: a document of its own, shown in a frame in the Lab and on shared pages."""

    title: str
    document: str
    paintings: dict[Level, Painting]
    height: int = HEIGHT

    def _repr_html_(self) -> str:
        return offline.frame(self.document, title=self.title, height=self.height)

    def __repr__(self) -> str:
        return f"VillageMap({self.title})"


def village_map(
    county: "County",
    metric_name: str,
    *,
    level: Literal["village", "town", "both"] = "both",
    year: int | None = None,
    geometry: Geometry = "schematic",
    breaks: Sequence[float] | None = None,
    palette: str | None = None,
    where: Any = None,
    overlays: Sequence[str] = (),
    show: Sequence[str] = (),
    tiles: str | None = None,
    **parameters: Any,
) -> VillageMap:
    """A measure on the map of villages, towns, or both as layers to switch (村镇专题图).

    Parameters
    ----------
    metric_name : str
        Name of a metric; ``year``, ``where`` and ``parameters`` go to `measure`.
    level : {"village", "town", "both"}
        Which layers the map holds; the first is shown.
    geometry : {"schematic", "tiles"}
        The county's polygons (schematic until official ones are loaded) or equal tiles.
    breaks, palette : optional
        Cuts between classes and name of a palette, instead of the metric's declared ones.
    overlays, show : sequence of str
        Declared overlays (``data/overlays.csv``: assets, pv_stations, water_works, damages,
        projects) to switch on and off, as one counted circle a village; those in ``show`` are
        on from the start.
    tiles : {"tianditu", "amap", "osm"}, optional
        Online basemap under the map, in the workbook only; see `basemap`.

    Raises
    ------
    KeyError
        for an unknown metric, parameter, palette, overlay or basemap.
    DataError
        for breaks that do not ascend, data without provenance, or a basemap that this map may
        not have.
    """
    declared = layers(
        metric_name, level, year=year, breaks=breaks, palette=palette, where=where, **parameters
    )
    return draw(county, declared, geometry=geometry, overlays=overlays, show=show, tiles=tiles)


def layers(
    metric_name: str,
    level: Literal["village", "town", "both"] = "both",
    *,
    year: int | None = None,
    breaks: Sequence[float] | None = None,
    palette: str | None = None,
    where: Any = None,
    **parameters: Any,
) -> list[Layer]:
    """One declared layer per level; arguments as in `village_map`."""
    levels: tuple[Level, ...] = ("village", "town") if level == "both" else (level,)
    return [Layer(metric_name, each, year, breaks, palette, where, parameters) for each in levels]


def paintings(county: "County", declared: Sequence[Layer]) -> dict[Level, Painting]:
    """What the layers look like now, by level: all that a live map needs to repaint."""
    from jingde_core.county import measure

    painted: dict[Level, Painting] = {}
    for layer in declared:
        frame = measure(
            county,
            layer.metric,
            by=layer.level,
            year=layer.year,
            where=layer.where,
            **layer.parameters,
        )
        codes = (county.towns if layer.level == "town" else county.villages)["code"]
        painted[layer.level] = paint(layer, frame, codes)
    return painted


def draw(
    county: "County",
    declared: Sequence[Layer],
    *,
    geometry: Geometry = "schematic",
    overlays: Sequence[str] = (),
    show: Sequence[str] = (),
    tiles: str | None = None,
    stages: "Mapping[str, County] | None" = None,
) -> VillageMap:
    """The map of these layers, one per level, as one document.

    With ``stages`` a slider goes through these counties, the first of which is ``county``.
    """
    tiled = geometry == "tiles"
    basemap = chosen(tiles, placed=not tiled) if tiles else None
    declared, painted = coarse_enough(county, declared, paintings)
    levels = list(painted)
    names = list(dict.fromkeys([*overlays, *show]))
    circles = {name: overlay(county, name) for name in names}
    towns = _towns(county, geometry, tiled="village" in levels)
    villages = _villages(county, geometry)
    if basemap:
        towns, villages = basemap.shifted(towns), basemap.shifted(villages)
    units = {level: towns if level == "town" else villages for level in levels}
    shown = {name: paintings(each, declared) for name, each in (stages or {}).items()}
    sheet = _Sheet(painted, units, towns, villages, circles, tuple(show), basemap, tiled, shown)
    return VillageMap(next(iter(painted.values())).title, _document(sheet), painted)


def painted_map(county: "County", painted: dict[Level, Painting]) -> VillageMap:
    """The map of paintings that are ready, as of a scenario's outcome; no overlays, no tiles."""
    towns, villages = county.towns, county.villages
    units = {level: towns if level == "town" else villages for level in painted}
    sheet = _Sheet(painted, units, towns, villages, {}, (), None, False, {})
    return VillageMap(next(iter(painted.values())).title, _document(sheet), painted)


def _villages(county: "County", geometry: Geometry) -> "GeoDataFrame":
    return county.tiles("village") if geometry == "tiles" else county.villages


def _towns(county: "County", geometry: Geometry, *, tiled: bool) -> "GeoDataFrame":
    """Towns; over village tiles a town is the tiles of its villages, so that the layers agree."""
    if geometry != "tiles":
        return county.towns
    towns = county.tiles("town")
    if tiled:
        tiles = county.tiles("village").dissolve("town").geometry
        towns = towns.set_geometry(tiles.reindex(towns["code"]).to_numpy(), crs=towns.crs)
    return towns


@dataclass(frozen=True)
class _Sheet:
    """All that one document shows."""

    painted: dict[Level, Painting]
    units: "dict[Level, GeoDataFrame]"
    towns: "GeoDataFrame"
    villages: "GeoDataFrame"
    circles: dict[str, Overlay]
    show: tuple[str, ...]
    basemap: Basemap | None
    tiled: bool
    #: paintings of each stage of a slider
    stages: dict[str, dict[Level, Painting]]

    @property
    def shapes(self) -> "list[GeoDataFrame]":
        """Frames of which the document shows a shape or a point."""
        frames = [*self.units.values(), self.towns, *([self.villages] if self.circles else [])]
        return list({id(frame): frame for frame in frames}.values())

    @property
    def geometry(self) -> set[str]:
        """Kinds of the shapes."""
        if self.tiled:
            return {"tile"}
        return {str(kind) for frame in self.shapes for kind in frame["geometry_kind"]}


def _document(sheet: _Sheet) -> str:
    drawn, layers, outline, groups = _drawing(sheet)
    towns = dict(zip(sheet.towns["code"], sheet.towns["name"], strict=True))
    places = {"town": _places(sheet.towns, {}), "village": _places(sheet.villages, towns)}
    _Script(
        layers,
        outline,
        groups,
        places=places,
        states={level: painting.state() for level, painting in sheet.painted.items()},
        scaled=not sheet.tiled,
        overlays=_overlays(sheet) if sheet.circles else None,
        basemap=sheet.basemap.state() if sheet.basemap else None,
        stages=[
            [escape.shown(name), {level: each.state() for level, each in painted.items()}]
            for name, painted in sheet.stages.items()
        ],
    ).add_to(drawn)
    first = next(iter(sheet.painted.values()))
    before = (
        f'<header><h1 id="jd-title">{escape.text(first.title)}</h1>'
        f'<p id="jd-subtitle">{escape.text(first.subtitle)}</p></header>'
    )
    return offline.document(
        drawn.get_root(),
        title=first.title,
        style=(_HERE / "map.css").read_text(encoding="utf-8"),
        before=before,
        after=_footer(sheet),
        lang="zh-CN" if language() == "zh" else "en",
        images=origin() if sheet.basemap else "",
    )


def _overlays(sheet: _Sheet) -> dict[str, Any]:
    """Circles and their places as the map's script reads them."""
    return {
        "layers": [each.state() for each in sheet.circles.values()],
        "asides": [asides(count + 1) for count in range(len(sheet.circles))],
        "points": points(sheet.villages),
        "note": label("overlay.size_note"),
    }


def _drawing(sheet: _Sheet) -> tuple[Any, dict[Level, Any], Any, list[Any]]:
    """folium's map, its layer of each level, the town outlines, and a group per overlay."""
    drawn = folium.Map(
        location=[30.3, 118.5],
        tiles=None,
        attribution_control=False,
        zoom_snap=0.25,
        zoom_delta=0.5,
    )
    folium.map.CustomPane("outline", z_index=450).add_to(drawn)
    folium.map.CustomPane("names", z_index=620).add_to(drawn)
    layers: dict[Level, Any] = {}
    for level, frame in sheet.units.items():
        layers[level] = folium.GeoJson(
            _features(frame),
            name=escape.text(label(f"views.layer.{level}")),
            overlay=False,
            show=not layers,
            smooth_factor=0,
            color="#8a8a8a",
            weight=0.7,
            fill_opacity=OPACITY if sheet.basemap else 1,
        ).add_to(drawn)
    outline = folium.GeoJson(
        _features(sheet.towns),
        name=escape.text(label("views.layer.outline")),
        smooth_factor=0,
        pane="outline",
        interactive=False,
        color="#444",
        weight=1.6,
        fill=False,
    ).add_to(drawn)
    groups = [
        folium.FeatureGroup(name=escape.text(each.title), show=name in sheet.show).add_to(drawn)
        for name, each in sheet.circles.items()
    ]
    folium.LayerControl(collapsed=False).add_to(drawn)
    return drawn, layers, outline, groups


def _footer(sheet: _Sheet) -> str:
    """Marks, source and what could not be drawn; static, so that no script can lose them."""
    kinds = [kind for each in sheet.painted.values() for kind in each.kinds]
    kinds = [*marks.kinds([*kinds, *(k for each in sheet.circles.values() for k in each.kinds)])]
    stamps = [*marks.marks(kinds, geometry=sheet.geometry, scenario=bool(sheet.stages))]
    stamps += [label("overlay.schematic_mark")] if sheet.circles else []
    as_of = next(iter(sheet.painted.values())).as_of
    lines = [escape.text(marks.source_line(kinds, as_of))]
    absent = [
        str(name)
        for frame in sheet.shapes
        for name in frame["name"][frame.geometry.isna() | frame.geometry.is_empty]
    ]
    if absent:
        names = label("views.list_comma").join(absent)
        lines.append(escape.text(label("views.not_drawn", names=names)))
    spans = "".join(f"<span>{escape.text(stamp)}</span>" for stamp in stamps)
    paragraphs = "".join(f"<p>{line}</p>" for line in lines)
    return f'<footer><p class="jd-marks">{spans}</p>{paragraphs}</footer>'


def _places(frame: "GeoDataFrame", towns: dict[str, str]) -> list[list[str]]:
    """Code and name of each unit, a village's with its town."""
    names = [str(name) for name in frame["name"]]
    if towns and "town" in frame:
        names = [
            label("views.unit_in_town", name=name, town=towns.get(town, town))
            for name, town in zip(names, frame["town"], strict=True)
        ]
    return [
        [str(code), escape.shown(name)] for code, name in zip(frame["code"], names, strict=True)
    ]


@lru_cache(maxsize=16)
def _geojson(shapes: tuple[bytes, ...], thin: bool) -> list[Any]:
    polygons = shapely.from_wkb(np.array(shapes, dtype=object))
    if thin:
        polygons = shapely.coverage_simplify(polygons, 0.0003)
    rounded = shapely.transform(polygons, lambda corners: corners.round(5 if thin else 4))
    return [json.loads(text) for text in shapely.to_geojson(rounded)]


def _features(frame: "GeoDataFrame") -> dict[str, Any]:
    """Rounded shapes, each with its position in the frame and nothing else of its row."""
    shapes = frame.geometry.to_numpy()
    drawn = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    thin = bool(shapely.get_num_coordinates(shapes).sum() > _MOST_CORNERS)
    geometries = _geojson(tuple(shapely.to_wkb(shapes[drawn]).tolist()), thin)
    features = [
        {"type": "Feature", "properties": {"i": int(i)}, "geometry": _largest_first(geometry)}
        for i, geometry in zip(drawn, geometries, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _largest_first(geometry: dict[str, Any]) -> dict[str, Any]:
    """A MultiPolygon with its largest part first: Leaflet puts the label there."""
    if geometry["type"] != "MultiPolygon":
        return geometry
    parts = sorted(geometry["coordinates"], key=lambda part: -shapely.Polygon(part[0]).area)
    return geometry | {"coordinates": parts}
