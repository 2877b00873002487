"""The register of places, its schematic cells and tiles, names and areas."""

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from jingde_core.geography.areas import area_km2, to_plane
from jingde_core.geography.cartogram import tiles
from jingde_core.geography.features import read_geometry, read_tiles, require_official
from jingde_core.geography.names import resolve_town, resolve_village
from jingde_core.geography.power import power_cells
from jingde_core.geography.register import read_register
from jingde_core.geography.schematic import build
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError

GEODATA = shipped("geodata")
REGISTER = read_register()
COUNTY_KM2 = 904.8


@pytest.fixture(scope="module")
def shapes():
    return read_geometry()


@pytest.fixture(scope="module")
def squares():
    return read_tiles()


@pytest.fixture
def copied(tmp_path):
    folder = tmp_path / "geodata"
    shutil.copytree(GEODATA, folder)
    return folder


def problems(action, *arguments, **options):
    with pytest.raises(DataError) as raised:
        action(*arguments, **options)
    return raised.value.problems


def edit(path: Path, change) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content["features"])
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def test_the_register_holds_the_ten_towns_and_68_units_of_the_report() -> None:
    kinds = [village.kind for village in REGISTER.villages]
    assert (len(REGISTER.towns), len(kinds)) == (10, 68)
    assert (kinds.count("village"), kinds.count("community")) == (61, 7)
    assert math.isclose(REGISTER.area_km2, COUNTY_KM2)
    names = [village.name for village in REGISTER.villages]
    assert len(set(names)) == len(names)


def test_rebuilding_gives_the_shipped_bytes() -> None:
    for name, text in build(GEODATA).items():
        assert (GEODATA / name).read_bytes() == text.encode(), name


def test_shipped_files_are_small_and_one_feature_a_line() -> None:
    for name, count in (("villages", 68), ("towns", 10), ("villages_tiles", 68)):
        content = (GEODATA / f"{name}.geojson").read_bytes()
        assert len(content) < 120_000
        assert content.count(b'\n{"type":"Feature"') == count


def test_every_town_has_its_share_of_the_county(shapes) -> None:
    towns, _ = shapes
    areas = area_km2(towns.geometry)
    published = np.array([town.area_km2 for town in REGISTER.towns])
    target = published * areas.sum() / published.sum()
    assert np.abs(areas / target - 1).max() < 0.003
    # the coarse outline itself encloses 0.84 % less than the county's published area
    assert abs(areas.sum() / COUNTY_KM2 - 1) < 0.01


def test_villages_of_a_town_are_equal_apart_from_the_exclave(shapes) -> None:
    _, villages = shapes
    inside = villages[[place.position_quality != "inferred_exclave" for place in REGISTER.villages]]
    areas = inside.assign(area=area_km2(inside.geometry)).groupby("town")["area"]
    assert (areas.max() / areas.min() - 1).max() < 0.01


def test_villages_cover_the_outline_without_gap_or_overlap(shapes) -> None:
    towns, villages = shapes
    for frame in (towns, villages):
        assert shapely.coverage_is_valid(frame.geometry.to_numpy())
        assert frame.geometry.is_valid.all()
    outline = shapely.union_all([shapely.Polygon(ring) for ring in REGISTER.outline.values()])
    covered = shapely.union_all(villages.geometry.to_numpy())
    missed = to_plane(np.array([shapely.symmetric_difference(covered, outline)]))[0]
    assert missed.area < 0.01
    assert not any(part.interiors for part in shapely.get_parts(covered))


def test_a_town_is_the_union_of_its_villages(shapes) -> None:
    towns, villages = shapes
    for town in towns.itertuples():
        own = villages.geometry[villages["town"] == town.code]
        assert shapely.equals(shapely.union_all(own.to_numpy()), town.geometry)


def test_the_exclave_is_shichuan_and_makes_yucun_town_two_parts(shapes) -> None:
    towns, villages = shapes
    town = towns.set_index("name").geometry["俞村镇"]
    village = villages.set_index("name").geometry["仕川村"]
    assert town.geom_type == "MultiPolygon"
    assert shapely.equals(max(town.geoms, key=lambda part: part.bounds[0]), village)
    assert towns[towns["name"] != "俞村镇"].geometry.geom_type.eq("Polygon").all()
    assert villages.geometry.geom_type.eq("Polygon").all()


def test_every_village_of_known_position_holds_its_point(shapes) -> None:
    _, villages = shapes
    cells = villages.set_index("code").geometry
    known = [village for village in REGISTER.villages if village.point]
    assert len(known) == 12
    assert all(cells[village.code].contains(shapely.Point(village.point)) for village in known)


def test_every_town_holds_its_seat_and_cells_are_simple(shapes) -> None:
    towns, villages = shapes
    for place, shape in zip(REGISTER.towns, towns.geometry, strict=True):
        assert shape.contains(shapely.Point(place.lon, place.lat))
    assert shapely.get_num_coordinates(villages.geometry.to_numpy()).max() <= 40


def test_shapes_say_that_they_are_schematic_and_refuse_to_be_measured(shapes) -> None:
    for frame in shapes:
        assert set(frame["geometry_kind"]) == {"schematic"}
        (problem,) = problems(require_official, frame)
        assert (problem.code, problem.found) == ("not_official", f"schematic {len(frame)}")
    require_official(shapes[0].assign(geometry_kind="official"))


def test_tiles_are_equal_disjoint_squares(squares) -> None:
    for frame, places in zip(squares, (REGISTER.towns, REGISTER.villages), strict=True):
        assert list(frame["code"]) == [place.code for place in places]
        areas = area_km2(frame.geometry)
        assert areas.max() / areas.min() - 1 < 0.001
        assert shapely.coverage_is_valid(frame.geometry.to_numpy())
        bounds = shapely.bounds(to_plane(frame.geometry.to_numpy()))
        sides = bounds[:, 2:] - bounds[:, :2]
        assert np.allclose(sides, np.sqrt(areas.mean()), rtol=0.001)


def test_tiles_of_a_town_hang_together_and_lie_near_their_cells(shapes, squares) -> None:
    _, villages = shapes
    _, tile_frame = squares
    for town, own in tile_frame.groupby("town"):
        mainland = own.geometry[own["name"] != "仕川村"].to_numpy()
        # tiles that touch at a corner only fall apart here
        assert shapely.buffer(shapely.union_all(mainland), -1e-4).geom_type == "Polygon", town
    cells, placed = (
        to_plane(shapely.centroid(frame.geometry.to_numpy())) for frame in (villages, tile_frame)
    )
    distance = shapely.distance(cells, placed)
    assert np.median(distance) < 3.7 and distance.max() < 8


def test_two_places_take_the_tiles_on_their_own_side() -> None:
    row = np.array([shapely.box(0, 0, 2, 1), shapely.box(2, 0, 4, 1)])
    west, east = tiles(row, groups=["a", "b"])
    assert west.centroid.x < 2 < east.centroid.x
    assert west.area == pytest.approx(2) and shapely.intersection(west, east).area == 0


def test_a_weight_moves_the_border_between_two_sites() -> None:
    sites = np.array([[2.5, 5.0], [7.5, 5.0]])
    square = shapely.box(0, 0, 10, 10)
    assert [cell.area for cell in power_cells(sites, np.zeros(2), square)] == [50, 50]
    assert [cell.area for cell in power_cells(sites, np.array([60.0, 0.0]), square)] == [100, 0]


def test_area_is_geodesic_whatever_the_direction_of_rings() -> None:
    # closed form: one degree cell at the equator on GRS80, by the authalic integral
    square = shapely.box(118, 30, 119, 31)
    plane = Transformer.from_crs(4326, "+proj=cea +ellps=GRS80 +units=km", always_xy=True)
    width = plane.transform(119, 0)[0] - plane.transform(118, 0)[0]
    height = plane.transform(118, 31)[1] - plane.transform(118, 30)[1]
    # the side along a parallel is replaced by the geodesic, which bulges north
    assert area_km2([square])[0] == pytest.approx(width * height, rel=1e-4)
    hole = square.difference(shapely.box(118.4, 30.4, 118.6, 30.6))
    both = shapely.MultiPolygon([shapely.box(117, 30, 117.5, 30.5), hole])
    assert area_km2([hole.reverse()])[0] == pytest.approx(area_km2([hole])[0])
    parts = area_km2([hole, shapely.box(117, 30, 117.5, 30.5)]).sum()
    assert area_km2([both])[0] == pytest.approx(parts)


def test_area_of_the_projected_frame_is_that_of_the_county(shapes) -> None:
    towns, _ = shapes
    true = area_km2(towns.geometry)
    for code in (4527, 4549, 3857):
        assert area_km2(towns.to_crs(code).geometry) == pytest.approx(true, rel=1e-6)
    # what C09 warns of: Web Mercator's own figure is a third too large
    assert towns.to_crs(3857).area.sum() / 1e6 / true.sum() == pytest.approx(1.346, abs=0.003)
    with pytest.raises(ValueError, match="degrees"):
        area_km2(towns.to_crs(4549).geometry.to_numpy())


def test_area_of_nothing_is_zero_and_of_a_missing_shape_unknown() -> None:
    empty, missing = area_km2([shapely.Polygon(), None])
    assert empty == 0 and math.isnan(missing)
    assert area_km2([]).shape == (0,)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("江村村", "江村村"),
        ("江村", "江村村"),
        ("江村村委会", "江村村"),
        ("江村村民委员会", "江村村"),
        ("江村村村民委员会", "江村村"),
        ("南门社区", "南门社区"),
        ("南门居委会", "南门社区"),
        ("南门社区居委会", "南门社区"),
        ("　南\u200b门 社区\ufeff", "南门社区"),
        ("凡村", "凡村村"),
        ("３４１８２５１０４２０５", "江村村"),
        ("341825202200", "洪村村"),
        (341825104205, "江村村"),
        (341825104205.0, "江村村"),
        ("3418251042050000000", "江村村"),
    ],
)
def test_usual_ways_to_write_a_village_are_understood(written, name) -> None:
    found = resolve_village(written)
    assert {village.code: village.name for village in REGISTER.villages}[found] == name


@pytest.mark.parametrize("written", ["云乐镇", "云乐乡", "云乐", "341825202", "341825109000"])
def test_the_former_township_is_the_town_it_became(written) -> None:
    assert resolve_town(written) == "341825109"


def test_every_name_and_code_of_the_register_means_itself() -> None:
    for village in REGISTER.villages:
        for written in (village.code, village.code_2016, village.name):
            assert resolve_village(written, town=village.town) == village.code


def test_a_misspelt_village_is_not_guessed_but_close_names_are_told() -> None:
    (problem,) = problems(resolve_village, "大里村", town="兴隆镇")
    assert (problem.code, problem.expected) == ("unknown_village", "大礼村")
    (problem,) = problems(resolve_town, "旌杨镇")
    assert (problem.code, problem.expected) == ("unknown_town", "旌阳镇")


def test_a_village_of_another_town_is_told_with_its_own() -> None:
    (problem,) = problems(resolve_village, "路西村", town="兴隆镇")
    assert (problem.code, problem.expected) == ("wrong_member", "三溪镇")


@pytest.mark.parametrize("nothing", ["", None, float("nan"), "\u200b "])
def test_no_name_is_a_missing_value(nothing) -> None:
    (problem,) = problems(resolve_village, nothing)
    assert problem.code == "missing_value"


def test_damaged_tables_of_the_register_are_told_all_at_once(copied) -> None:
    path = copied / "village_points.csv"
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    rows[2][0] = rows[1][0]
    rows[3][3] = "hamlet"
    rows[4][4] = "341825999"
    rows[12][6] = "118,588"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    (copied / "county_outline.csv").unlink()
    found = {(p.code, p.file, p.row, p.column) for p in problems(read_register, copied)}
    assert found == {
        ("duplicate", "village_points.csv", 3, "code"),
        ("wrong_value", "village_points.csv", 4, "kind"),
        ("unknown_key", "village_points.csv", 5, "town"),
        ("wrong_type", "village_points.csv", 13, "lon"),
        ("missing_file", "county_outline.csv", None, ""),
    }


def test_a_shipped_file_without_a_village_or_with_one_twice_is_refused(copied) -> None:
    edit(copied / "villages.geojson", lambda features: features.__setitem__(5, features[4]))
    found = [(p.code, p.file, p.row, p.found) for p in problems(read_geometry, copied)]
    assert ("duplicate", "villages.geojson", 6, "341825100005") in found
    (missing,) = [p for p in problems(read_geometry, copied) if p.code == "missing_feature"]
    assert missing.expected == "341825100200 新庄村"


def test_a_shipped_file_with_67_units_names_the_one_that_is_missing(copied) -> None:
    edit(copied / "villages.geojson", lambda features: features.pop(40))
    (problem,) = problems(read_geometry, copied)
    assert (problem.code, problem.file) == ("missing_feature", "villages.geojson")
    assert "67" in problem.found and problem.expected.endswith(REGISTER.villages[40].name)


def test_swapped_or_broken_shapes_and_wrong_names_are_told_by_feature(copied) -> None:
    def spoil(features) -> None:
        ring = features[0]["geometry"]["coordinates"][0]
        features[0]["geometry"]["coordinates"] = [[point[::-1] for point in ring]]
        box = [[118.5, 30.3], [118.51, 30.31], [118.51, 30.3], [118.5, 30.31], [118.5, 30.3]]
        features[1]["geometry"]["coordinates"] = [box]
        features[2]["geometry"] = None
        features[3]["properties"] |= {"name": "瑞士社区", "geometry_kind": "guessed"}
        features[4]["properties"]["code"] = "341825100999"

    edit(copied / "villages.geojson", spoil)
    (copied / "towns.geojson").write_text("{", encoding="utf-8")
    found = {(p.code, p.file, p.row, p.column) for p in problems(read_geometry, copied)}
    assert found == {
        ("unreadable_file", "towns.geojson", 1, ""),
        ("outside_county", "villages.geojson", 1, "geometry"),
        ("invalid_shape", "villages.geojson", 2, "geometry"),
        ("no_polygon", "villages.geojson", 3, "geometry"),
        ("wrong_value", "villages.geojson", 4, "name"),
        ("wrong_value", "villages.geojson", 4, "geometry_kind"),
        ("extra_feature", "villages.geojson", 5, "code"),
        ("missing_feature", "villages.geojson", None, "code"),
    }


def test_missing_and_foreign_files_are_told(copied) -> None:
    (copied / "towns_tiles.geojson").unlink()
    (copied / "villages_tiles.geojson").write_text('{"type": "Topology"}', encoding="utf-8")
    found = [(p.code, p.file) for p in problems(read_tiles, copied)]
    assert found == [
        ("missing_file", "towns_tiles.geojson"),
        ("unreadable_file", "villages_tiles.geojson"),
    ]


def test_a_folder_with_only_shapes_is_held_against_the_shipped_register(copied) -> None:
    for path in copied.glob("*.csv"):
        path.unlink()
    towns, villages = read_geometry(copied)
    assert (len(towns), len(villages)) == (10, 68)
