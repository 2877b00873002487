"""Official polygons: what is taken, and every fault of a bad file told at once."""

import json
import os
import re

import geopandas
import numpy as np
import pytest
import shapely

from jingde_core.geography.areas import area_km2, to_plane
from jingde_core.geography.boundaries import load_boundaries
from jingde_core.geography.datums import bd09, fitted_shift, gcj02
from jingde_core.geography.features import read_geometry, require_official
from jingde_core.geography.register import read_register
from jingde_core.model.problem import DataError

REGISTER = read_register()
TOWNS, VILLAGES = read_geometry()
#: the schematic cells, blown up to the county's area, stand in for the official ones
SCALE = np.sqrt(REGISTER.area_km2 / area_km2(VILLAGES.geometry).sum())
SYSTEMS = (4326, 4490, 4527, 4528, 4548, 4549)


def scaled(frame):
    columns = [name for name in ("code", "name", "town") if name in frame]
    middle = np.array([118.5, 30.3])
    grown = shapely.transform(frame.geometry.to_numpy(), lambda xy: (xy - middle) * SCALE + middle)
    return geopandas.GeoDataFrame(frame[columns], geometry=grown, crs=4326)


@pytest.fixture
def villages():
    return scaled(VILLAGES)


@pytest.fixture
def towns():
    return scaled(TOWNS)


@pytest.fixture
def saved(tmp_path):
    """Save a frame as a file and give its path."""

    def save(frame, name="boundaries.geojson", **options):
        path = tmp_path / name
        frame.to_file(path, **options)
        if path.suffix == ".shp":
            path.with_suffix(".cpg").unlink(missing_ok=True)
        return path

    return save


def problems(path, **options):
    with pytest.raises(DataError) as raised:
        load_boundaries(path, **options)
    assert {problem.file for problem in raised.value.problems} == {path.name}
    assert not re.search(r"Traceback|GDAL|ogr", str(raised.value))
    return raised.value.problems


def found(path, **options):
    return [(p.code, p.row) for p in problems(path, **options)]


def replaced(frame, row, shape):
    shapes = list(frame.geometry)
    shapes[row - 1] = shape
    return frame.set_geometry(geopandas.GeoSeries(shapes, crs=frame.crs, index=frame.index))


def shifted_by(frame, datum):
    moved = shapely.transform(
        frame.geometry.to_numpy(), lambda xy: np.array([datum(*point) for point in xy])
    )
    return frame.set_geometry(geopandas.GeoSeries(moved, crs=4326))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("form", ["geojson", "gpkg", "shp"])
def test_every_format_and_system_gives_the_same_polygons(villages, saved, system, form) -> None:
    jumbled = villages.sample(frac=1, random_state=1).to_crs(system)
    loaded = load_boundaries(saved(jumbled, f"official.{form}", encoding="UTF-8"))
    assert list(loaded["code"]) == [village.code for village in REGISTER.villages]
    assert list(loaded["name"]) == [village.name for village in REGISTER.villages]
    assert set(loaded["geometry_kind"]) == {"official"}
    assert loaded.crs.to_epsg() == 4326 and loaded.attrs["problems"] == ()
    require_official(loaded)
    difference = shapely.hausdorff_distance(
        loaded.geometry.to_numpy(), villages.geometry.to_numpy()
    )
    assert difference.max() < 2e-6
    assert list(loaded.columns) == list(VILLAGES.columns)


def test_towns_are_recognised_and_joined_by_their_codes(towns, saved) -> None:
    loaded = load_boundaries(saved(towns))
    assert list(loaded.columns) == list(TOWNS.columns)
    assert list(loaded["name"]) == [town.name for town in REGISTER.towns]


def test_a_gbk_shapefile_without_its_code_page_is_read_by_names(villages, saved) -> None:
    table = villages.drop(columns="code").rename(columns={"name": "村名", "town": "乡镇"})
    table["乡镇"] = table["乡镇"].map({town.code: town.name for town in REGISTER.towns})
    table["村名"] = (
        table["村名"].str.replace("社区", "居委会").str.replace("村$", "村委会", regex=True)
    )
    path = saved(table.to_crs(4528), "官方村界.shp", encoding="GB18030")
    assert "江村村委会".encode("gb18030") in path.with_suffix(".dbf").read_bytes()
    assert list(load_boundaries(path)["name"]) == list(VILLAGES["name"])


@pytest.mark.parametrize("code_of", [int, float, lambda code: code + "0000000"])
def test_c05_codes_as_numbers_and_long_codes_are_understood(villages, saved, code_of) -> None:
    villages["code"] = villages["code"].map(code_of)
    assert len(load_boundaries(saved(villages.drop(columns="name")))) == 68


def test_c05_the_former_township_is_not_lost(villages, towns, saved) -> None:
    for frame, places in ((villages, REGISTER.villages), (towns, REGISTER.towns)):
        frame["code"] = [place.code_2016 for place in places]
        loaded = load_boundaries(saved(frame[["code", "geometry"]]))
        assert list(loaded["code"]) == [place.code for place in places]


@pytest.mark.parametrize(("name", "datum"), [("GCJ-02", gcj02), ("BD-09", bd09)])
def test_c01_a_shift_like_that_of_a_map_service_is_told(villages, saved, name, datum) -> None:
    loaded = load_boundaries(saved(shifted_by(villages, datum)))
    (problem,) = loaded.attrs["problems"]
    assert (problem.code, problem.expected, problem.severity) == ("shifted_datum", name, "warning")
    km = [float(number) for number in re.findall(r"-?\d+\.\d+", problem.found)]
    assert 0.3 < np.hypot(*km) < 1.3


def test_c01_a_datum_or_projection_that_is_not_known_is_told(villages, saved, tmp_path) -> None:
    old = saved(villages.to_crs(4528).set_crs(2415, allow_override=True), "beijing54.gpkg")
    assert found(old) == [("unknown_crs", None)]
    bare = saved(villages.to_crs(4549), "bare.shp", encoding="UTF-8")
    bare.with_suffix(".prj").unlink()
    assert found(bare) == [("projected_without_crs", None)]
    text = saved(villages.to_crs(4528), "projected.geojson").read_text(encoding="utf-8")
    plain = json.loads(text)
    del plain["crs"]
    (tmp_path / "plain.geojson").write_text(json.dumps(plain), encoding="utf-8")
    assert found(tmp_path / "plain.geojson") == [("projected_without_crs", None)]


def test_c01_degrees_without_a_system_are_taken_with_a_warning(villages, saved) -> None:
    path = saved(villages, "degrees.shp", encoding="UTF-8")
    path.with_suffix(".prj").unlink()
    (problem,) = load_boundaries(path).attrs["problems"]
    assert (problem.code, problem.severity) == ("assumed_crs", "warning")
    elsewhere = villages.set_geometry(villages.geometry.translate(3, 3))
    path = saved(elsewhere, "elsewhere.shp", encoding="UTF-8")
    path.with_suffix(".prj").unlink()
    assert found(path) == [("missing_crs", None)]


def test_gcj02_and_bd09_agree_with_a_published_conversion() -> None:
    # the worked example of the coordtransform library (github.com/wandergis/coordtransform)
    assert gcj02(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164))
    east, north = (np.array(gcj02(118.49, 30.31)) - (118.49, 30.31)) * (96_200, 110_860)
    assert np.hypot(east, north) == pytest.approx(560, abs=10)
    assert bd09(118.49, 30.31) == pytest.approx((118.5017, 30.3132), abs=1e-4)


def test_c01_an_outline_off_by_its_own_coarseness_is_not_called_shifted() -> None:
    random = np.random.default_rng(2020)
    rings = [np.array(ring) for ring in REGISTER.outline.values()]
    outline = to_plane(np.array([shapely.MultiPolygon(map(shapely.Polygon, rings))]))[0]
    for _ in range(8):
        rough = [
            shapely.Polygon(ring + random.uniform(-0.005, 0.005, ring.shape)) for ring in rings
        ]
        shape = shapely.make_valid(to_plane(np.array([shapely.union_all(rough)])))[0]
        assert np.hypot(*fitted_shift(shape, outline)) < 0.28


def test_c02_swapped_axes_name_the_villages(villages, saved) -> None:
    turned = shapely.transform(villages.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    (problem,) = problems(saved(villages.set_geometry(geopandas.GeoSeries(turned, crs=4326))))
    assert problem.code == "swapped_axes"
    assert problem.found.split(", ") == list(VILLAGES["name"])


def test_c02_northing_first_is_a_swap_too(villages, saved) -> None:
    plane = villages.to_crs(4548)
    turned = shapely.transform(plane.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    path = saved(plane.set_geometry(geopandas.GeoSeries(turned, crs=4548)), "survey.gpkg")
    assert found(path) == [("swapped_axes", None)]


def test_c02_one_village_elsewhere_is_told_by_its_row(villages, saved) -> None:
    path = saved(replaced(villages, 7, villages.geometry[6].buffer(0).envelope))
    away = replaced(villages, 7, shapely.transform(villages.geometry[6], lambda xy: xy + 1))
    (problem,) = problems(saved(away, "away.geojson"))
    assert (problem.code, problem.row) == ("outside_county", 7)
    assert problem.found.startswith("柳溪村")
    assert {code for code, _ in found(path)} == {"overlap"}


def test_c03_shapes_that_can_be_mended_are_mended_and_told(villages, saved) -> None:
    shape = villages.geometry[2]
    line = shapely.LineString([(118.5, 30.3), (118.6, 30.3)])
    with_line = shapely.GeometryCollection([shapely.MultiPolygon([shape]), line])
    ring = list(villages.geometry[20].exterior.coords)
    spiked = shapely.Polygon([*ring, (118.5, 30.3), ring[0]])
    path = saved(replaced(replaced(villages, 3, with_line), 21, spiked))
    loaded = load_boundaries(path)
    assert [(p.code, p.row, p.severity) for p in loaded.attrs["problems"]] == [
        ("repaired", 3, "warning"),
        ("repaired", 21, "warning"),
    ]
    assert shapely.equals(loaded.geometry[2], shape)
    assert loaded.geometry.is_valid.all()
    assert area_km2(loaded.geometry) == pytest.approx(area_km2(villages.geometry))


def test_c03_a_hole_filled_by_another_part_of_the_county_is_normal(villages, saved) -> None:
    island = villages.geometry[8].centroid.buffer(0.003, quad_segs=2)
    pierced = replaced(villages, 9, villages.geometry[8].difference(island))
    moved = shapely.union_all([villages.geometry[30], island])
    loaded = load_boundaries(saved(replaced(pierced, 31, moved)))
    assert loaded.geometry[30].geom_type == "MultiPolygon"
    assert len(loaded.geometry[8].interiors) == 1


def test_c03_empty_and_unusable_shapes_are_errors_by_row(villages, saved) -> None:
    flat = shapely.Polygon([(118.5, 30.3), (118.6, 30.3), (118.5, 30.3)])
    broken = villages
    for row, shape in (
        (1, None),
        (2, shapely.Point(118.5, 30.3)),
        (3, flat),
        (4, shapely.Polygon()),
    ):
        broken = replaced(broken, row, shape)
    told = [row for code, row in found(saved(broken, "broken.gpkg")) if code == "no_polygon"]
    assert told == [1, 2, 3, 4]


def test_c04_missing_extra_and_double_villages_are_all_listed(villages, saved) -> None:
    rows = villages.drop(index=[10]).reset_index(drop=True)
    rows.loc[3, ["code", "name"]] = ["341825100777", "天上村"]
    rows.loc[5, ["code", "name"]] = list(rows.loc[4, ["code", "name"]])
    told = problems(saved(rows))
    listed = {(p.code, p.row, p.expected.split(" ")[0]) for p in told if p.code != "gap"}
    assert listed == {
        ("unknown_village", 4, ""),
        ("duplicate", 6, "5"),
        ("missing_feature", None, "341825100004"),
        ("missing_feature", None, "341825100200"),
        ("missing_feature", None, "341825100205"),
    }
    (gap,) = [p for p in told if p.code == "gap"]
    assert gap.severity == "error"


def test_c04_a_misspelt_village_is_not_guessed(villages, saved) -> None:
    rows = villages.drop(columns="code")
    rows.loc[rows["name"] == "大礼村", "name"] = "大里村"
    told = problems(saved(rows))
    assert [p.code for p in told] == ["unknown_village", "missing_feature"]
    assert "大礼村" in told[0].expected and told[0].column == "name"


def test_c04_a_village_given_to_the_wrong_town_is_told(villages, saved) -> None:
    rows = villages.drop(columns="code")
    rows.loc[rows["name"] == "路西村", "town"] = "341825106"
    told = problems(saved(rows))
    assert [(p.code, p.expected) for p in told][0] == ("wrong_member", "三溪镇")


def test_a_code_that_belongs_to_another_name_is_an_error(villages, saved) -> None:
    villages.loc[[0, 1], "code"] = list(villages.loc[[1, 0], "code"])
    told = found(saved(villages))
    assert told[:2] == [("code_and_name", 1), ("code_and_name", 2)]


def test_unknown_codes_give_way_to_names_with_a_warning(villages, saved) -> None:
    villages["code"] = range(1, 69)
    loaded = load_boundaries(saved(villages))
    assert {p.code for p in loaded.attrs["problems"]} == {"code_ignored"}
    assert list(loaded["name"]) == list(VILLAGES["name"])


def inner_row(frame) -> int:
    """Row of the first village that lies wholly among others."""
    for at in range(len(frame)):
        rest = shapely.union_all(frame.geometry.drop(index=at).to_numpy())
        if any(part.interiors for part in shapely.get_parts(rest)):
            return at + 1
    raise AssertionError("no village lies inside")


def test_an_overlap_is_told_with_its_area_and_both_villages(villages, saved) -> None:
    one, two = villages.geometry[36], villages.geometry[37]
    strip = two.intersection(one.buffer(0.002))
    told = problems(saved(replaced(villages, 37, one.union(strip))))
    (problem,) = [p for p in told if p.row == 38]
    assert (problem.code, problem.severity) == ("overlap", "error")
    assert all(part in problem.found for part in (*villages["name"][36:38],))
    assert f"{area_km2([strip])[0]:.4f}" in problem.found


def test_a_gap_between_villages_is_told_with_its_area(villages, saved) -> None:
    row = inner_row(villages)
    shape = villages.geometry[row - 1]
    shrunk = shape.buffer(-0.0005)
    (problem,) = problems(saved(replaced(villages, row, shrunk)))
    assert (problem.code, problem.severity) == ("gap", "error")
    lost = area_km2([shape])[0] - area_km2([shrunk])[0]
    assert f"{lost:.4f}" in problem.found


def test_a_sliver_between_villages_is_a_warning(villages, saved) -> None:
    row = inner_row(villages)
    notch = villages.geometry[row - 1].exterior.interpolate(0.5, normalized=True).buffer(0.0004)
    nicked = replaced(villages, row, villages.geometry[row - 1].difference(notch))
    (problem,) = load_boundaries(saved(nicked)).attrs["problems"]
    assert (problem.code, problem.severity) == ("gap", "warning")


def test_a_cleft_that_opens_outwards_is_a_warning(villages, saved) -> None:
    edge = villages.geometry[37]
    told = load_boundaries(saved(replaced(villages, 38, edge.buffer(-0.0004)))).attrs["problems"]
    assert told and {p.code for p in told} <= {"open_gap"}
    assert any(villages["name"][37] in p.found for p in told)


def test_a_county_of_the_wrong_area_is_refused(saved) -> None:
    plain = VILLAGES.drop(columns="geometry_kind")
    (problem,) = problems(saved(plain))
    assert (problem.code, problem.found) == ("wrong_area", f"{area_km2(plain.geometry).sum():.2f}")


def test_the_schematic_cells_themselves_are_refused(villages, saved) -> None:
    cells = villages.assign(geometry_kind="schematic")
    assert found(saved(cells)) == [("not_official", None)]
    # a shapefile's headings have ten letters
    cut = cells.rename(columns={"geometry_kind": "geometry_k"})
    assert found(saved(cut, "cells.shp", encoding="UTF-8")) == [("not_official", None)]


def test_a_file_without_code_or_name_is_told(villages, saved) -> None:
    path = saved(villages[["geometry"]].assign(objectid=range(68)))
    assert found(path) == [("missing_column", None)]


def test_a_file_that_cannot_be_read_is_told_without_a_traceback(villages, saved, tmp_path) -> None:
    (tmp_path / "half.geojson").write_text(
        saved(villages).read_text(encoding="utf-8")[:5000], encoding="utf-8"
    )
    (tmp_path / "noise.gpkg").write_bytes(os.urandom(500))
    (tmp_path / "no.geojson").write_text('{"type":"FeatureCollection","features":[]}')
    (tmp_path / "map.kml").write_text("<kml/>")
    shape = saved(villages, "lone.shp", encoding="UTF-8")
    shape.with_suffix(".shx").unlink()
    shape.with_suffix(".dbf").unlink()
    expected = {
        "half.geojson": ["unreadable_file"],
        "noise.gpkg": ["unreadable_file"],
        "no.geojson": ["empty_file"],
        "map.kml": ["unsupported_file"],
        "absent.gpkg": ["missing_file"],
        "lone.shp": ["missing_file", "missing_file"],
    }
    for name, codes in expected.items():
        assert [code for code, _ in found(tmp_path / name)] == codes, name


def test_the_layer_is_asked_for_where_there_are_several(villages, towns, tmp_path) -> None:
    path = tmp_path / "both.gpkg"
    villages.to_file(path, layer="village")
    towns.to_file(path, layer="town")
    (problem,) = problems(path)
    assert (problem.code, problem.expected) == ("which_layer", "village, town")
    assert len(load_boundaries(path, layer="town")) == 10
    assert len(load_boundaries(path, layer="village", level="village")) == 68
    assert found(path, layer="county") == [("which_layer", None)]


def test_every_fault_of_a_file_is_told_at_once(villages, saved) -> None:
    rows = replaced(villages, 5, None).drop(index=[12]).reset_index(drop=True)
    rows.loc[7, ["code", "name"]] = ["341825100999", "凫山材"]
    codes = {p.code for p in problems(saved(rows, "bad.gpkg"))}
    assert codes == {"unknown_village", "missing_feature", "no_polygon", "gap"}


def test_the_message_is_a_chinese_sentence_with_place_and_cure(villages, saved) -> None:
    (problem,) = problems(saved(villages.drop(index=[3]).reset_index(drop=True)))[:1]
    for part in ("boundaries.geojson", "瑞市社区", "67", "。"):
        assert part in problem.message
