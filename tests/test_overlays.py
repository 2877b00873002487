"""One counted circle per village and overlay: what it counts, where it stands, how it reads."""

import numpy as np
import pytest
import shapely
from browser import opened

import jingde_core as jc
from jingde_core.county import County
from jingde_core.model.catalogue import has_label, label
from jingde_core.views import maps, overlays, painting
from jingde_core.views.classes import palettes

ALL = ("assets", "pv_stations", "water_works", "damages", "projects")
#: colour-vision deficiency at its full severity on linear RGB (Machado et al. 2009)
DEFICIENT = {
    "none": np.eye(3),
    "protan": [[0.1524, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0519]],
    "deutan": [[0.3673, 0.8606, -0.2279], [0.2801, 0.6726, 0.0473], [-0.0118, 0.0429, 0.9689]],
    "tritan": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0048, 0.6914, 0.3039]],
}


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB, D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    f = np.cbrt(np.maximum(np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089], 0.009))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def with_tables(county, **tables):
    return County({**county.tables, **tables}, county.provenance, county.parameters)


def test_every_declared_overlay_names_metrics_that_exist_and_a_text():
    for name, own in overlays.declared().items():
        assert own.count in jc.METRICS and (not own.value or own.value in jc.METRICS)
        assert has_label(f"overlay.{name}")
    assert tuple(overlays.declared()) == ALL


@pytest.mark.parametrize("name", ALL)
def test_circles_hold_the_measured_counts_and_no_village_without_records(county, name):
    drawn = overlays.overlay(county, name)
    counts = county.tables[name]["village"].value_counts()
    codes = county.villages["code"]
    assert {codes[each.village]: each.count for each in drawn.circles} == counts.to_dict()
    assert len(drawn.circles) == len(counts) < len(codes)


def test_the_area_grows_with_the_count_down_to_what_a_number_needs(county):
    circles = overlays.overlay(county, "damages").circles
    most = max(each.count for each in circles)
    for each in circles:
        exact = overlays.LARGEST * np.sqrt(each.count / most)
        assert each.radius == pytest.approx(max(exact, overlays.LEAST), abs=0.05)
    stations = overlays.overlay(county, "pv_stations").circles
    assert {each.radius for each in stations} == {overlays.LEAST}


def test_the_tooltip_tells_total_and_classes_with_their_amounts(county):
    assets = county.tables["assets"]
    village = assets["village"].value_counts().index[0]
    own = assets[assets["village"] == village]
    position = county.villages["code"].tolist().index(village)
    circles = overlays.overlay(county, "assets").circles
    total, *classes = next(each.lines for each in circles if each.village == position)
    assert total[0] == label("overlay.total") and total[1].startswith(str(len(own)))
    assert total[2] == f"{own['original_value'].sum() / 10_000:,.2f}{label('views.unit_wan')}"
    assert len(classes) == own["asset_class"].nunique()
    assert sum(int("".join(filter(str.isdigit, line[1]))) for line in classes) == len(own)


def test_an_amount_that_nobody_recorded_is_no_data_and_not_zero(county):
    damages = county.tables["damages"].assign(loss=np.nan)
    drawn = overlays.overlay(with_tables(county, damages=damages), "damages")
    assert {line[2] for each in drawn.circles for line in each.lines} == {label("no_data")}


def test_rows_of_no_village_are_told_in_the_legend(county):
    projects = county.tables["projects"].copy()
    projects.loc[projects.index[:5], "village"] = None
    drawn = overlays.overlay(with_tables(county, projects=projects), "projects")
    assert str(len(projects) - 5) in drawn.legend and str(len(projects)) in drawn.legend


def test_no_record_at_all_draws_no_circle_and_no_fault(county):
    drawn = overlays.overlay(with_tables(county, damages=county.tables["damages"][:0]), "damages")
    assert drawn.circles == () and drawn.legend.startswith("0")
    empty = with_tables(county, damages=county.tables["damages"][:0])
    assert "jingdeMap" in maps.village_map(empty, "headcount_ratio", overlays=ALL).document


def test_a_declared_condition_counts_only_its_rows(county, monkeypatch):
    own = overlays.Declared("damages", "damages", "", "", {"kind": "work"}, "#222222")
    monkeypatch.setattr(overlays, "declared", lambda: {"damages": own})
    drawn = overlays.overlay(county, "damages")
    expected = (county.tables["damages"]["kind"] == "work").sum()
    assert sum(each.count for each in drawn.circles) == expected


def test_an_unknown_overlay_lists_the_close_ones(county):
    with pytest.raises(KeyError, match="assets"):
        maps.village_map(county, "headcount_ratio", overlays=["asets"])


@pytest.mark.parametrize("level", ["village", "town"])
def test_points_lie_inside_their_village_and_a_village_without_shape_has_none(county, level):
    frame = (county.villages if level == "village" else county.tiles("village")).copy()
    frame.loc[3, "geometry"] = None
    inside = overlays.points(frame)
    assert inside[3] is None
    for point, shape in zip(inside, frame.geometry, strict=True):
        assert point is None or shape.contains(shapely.Point(point[1], point[0]))


def test_circles_of_several_overlays_leave_each_others_number_free():
    for count in range(2, len(ALL) + 1):
        places = np.array(overlays.asides(count))
        gaps = [np.hypot(*(a - b)) for i, a in enumerate(places) for b in places[:i]]
        assert min(gaps) > overlays.LARGEST + 7


@pytest.mark.parametrize("kind", DEFICIENT)
def test_overlay_colours_are_told_apart_with_any_colour_vision(kind):
    seen = {
        name: lab(np.array(DEFICIENT[kind]) @ linear(own.colour))
        for name, own in overlays.declared().items()
    }
    for i, one in enumerate(ALL):
        for other in ALL[:i]:
            assert np.linalg.norm(seen[one] - seen[other]) > 20, (one, other)


def test_numbers_read_on_their_circle_and_its_rim_on_every_class(county):
    for name in ALL:
        drawn = overlays.overlay(county, name)
        assert contrast(drawn.colour, drawn.ink) >= 4.5
    for _, colours in palettes().values():
        for colour in colours:
            assert max(contrast(colour, rim) for rim in ("#222222", "#ffffff")) >= 3


# the page -----------------------------------------------------------------------------


@pytest.mark.parametrize("geometry", ["schematic", "tiles"])
def test_overlays_are_layers_to_switch_off_unless_asked_and_tell_their_place_is_schematic(
    county, chromium, tmp_path, geometry
):
    drawn = maps.village_map(county, "headcount_ratio", geometry=geometry, overlays=ALL)
    assert label("overlay.schematic_mark") in drawn.document.partition("<footer>")[2]
    with opened(chromium, drawn.document, tmp_path) as seen:
        page = seen.page
        boxes = page.locator(".leaflet-control-layers-overlays label")
        assert page.locator(".jd-at").count() == 0 and boxes.count() == 1 + len(ALL)
        for name in ("damages", "assets"):
            boxes.filter(has_text=label(f"overlay.{name}")).locator("input").check()
        villages = sum(county.tables[n]["village"].nunique() for n in ("damages", "assets"))
        assert page.locator(".jd-at").count() == villages
        lines = page.locator(".jd-overlays li").all_inner_texts()
        assert [label(f"overlay.{n}") in line for n, line in zip(ALL[::3], lines, strict=True)] == [
            True,
            True,
        ]
        page.locator(".jd-at .jd-disc").last.hover()
        tip = page.locator(".jd-tip").inner_text()
        assert label("overlay.damages") in tip or label("overlay.assets") in tip
        assert label("views.unit_wan") in tip
        assert seen.quiet(), (seen.outside, seen.errors)


def test_a_click_on_a_circle_gives_its_village_and_a_repaint_keeps_the_overlays(
    county, chromium, tmp_path
):
    drawn = maps.village_map(
        county, "headcount_ratio", level="town", overlays=["pv_stations"], show=["pv_stations"]
    )
    state = painting.Painting.state(drawn.paintings["town"])
    with opened(chromium, drawn.document, tmp_path) as seen:
        page = seen.page
        page.evaluate("void (jingde.onclick = (...got) => (window.got = got))")
        page.locator(".jd-at .jd-disc").first.click()
        level, code = page.evaluate("got")
        assert level == "village" and code in set(county.tables["pv_stations"]["village"])
        page.evaluate("state => jingde.paint('town', state)", state)
        assert page.locator(".jd-at").count() == len(county.tables["pv_stations"])
        assert page.locator(".jd-overlays li").count() == 1 and seen.quiet()


def test_a_map_without_overlays_says_nothing_of_circles(county):
    document = maps.village_map(county, "headcount_ratio").document
    assert label("overlay.schematic_mark") not in document
