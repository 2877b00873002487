"""The map says what it shows and what its data are not; hostile names stay text."""

import json

import fake_county
import numpy as np
import pytest
from browser import opened
from hypothesis import given
from hypothesis import strategies as st

import jingde_core.county
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.views import classes, maps, painting
from jingde_core.views.classes import Layer, Scale, classify


@pytest.fixture(autouse=True)
def made_up_values(monkeypatch):
    monkeypatch.setattr(jingde_core.county, "measure", fake_county.measure)


def frame(values, reasons=None, **attrs):
    codes = [str(i) for i in range(len(values))]
    made = fake_county.tidy(codes, codes, values, **attrs)
    return made.assign(reason=reasons) if reasons else made


def entries(values, scale=None, **more):
    found = classify(frame(values, **more), scale or Scale())
    return [(entry.text, entry.count) for entry in found.entries]


def shown(tab):
    return tab.frames[1]


# classes ------------------------------------------------------------------------------


def test_declared_classes_hold_their_lower_cut_and_keep_zero_apart():
    found = entries([0, 0, 0.005, 0.01, 0.04, 0.05, 0.7], Scale((0, 0.01, 0.05, 0.5)))
    assert [count for _, count in found] == [2, 1, 2, 1, 1]
    assert [text for text, _ in found][0] == "0%"
    assert "5%" in found[2][0] and "50%" in found[4][0]


def test_declared_classes_are_shown_with_nobody_in_them():
    assert [count for _, count in entries([0.9], Scale((0.1, 0.5)))] == [0, 0, 1]


def test_values_all_equal_make_one_class_that_names_the_value():
    assert entries([0.25, 0.25, 0.25]) == [("25%", 3)]


def test_zero_everywhere_is_drawn_in_the_lightest_colour():
    found = classify(frame([0.0, 0.0]), Scale())
    assert found.entries[0].colour == classes.palettes()["YlOrBr"][1][0]


def test_values_all_missing_leave_only_no_data():
    assert entries([np.nan, np.nan]) == [(label("no_data"), 2)]


def test_one_huge_outlier_leaves_the_others_apart():
    found = entries([*range(1, 101), 1e12], unit="persons")
    assert sum(count for _, count in found) == 101
    assert len(found) == 5 and all(15 <= count <= 25 for _, count in found)


def test_many_ties_merge_quintiles_without_an_empty_class():
    found = entries([0] * 70 + [0.5] * 20 + [1] * 10)
    assert all(count > 0 for _, count in found)
    assert found[0] == ("0%", 70)


def test_changes_are_cut_the_same_on_both_sides_of_zero():
    found = classify(frame([-0.4, -0.1, 0, 0.1, 0.2], unit="1"), Scale(palette="PuOr"))
    middle = found.entries[len(found.entries) // 2]
    assert middle.colour == "#f7f7f7" and len(found.entries) % 2 == 1


def test_what_does_not_apply_is_not_what_is_unknown():
    found = classify(
        frame([np.nan, np.nan, 0.1, np.nan], ["", "not_applicable", "", "small_cell"]),
        Scale((0.5,)),
    )
    missing = [(e.text, e.count) for e in found.entries[2:]]
    assert missing[0] == (label("no_data"), 1)
    assert {text for text, _ in missing[1:]} == {
        label("small_cell"),
        label("reason.not_applicable"),
    }
    assert len({entry.colour for entry in found.entries}) == 5


@pytest.mark.parametrize("breaks", [[0.5, 0.1], [0.1, 0.1], [], [np.nan], list(range(20))])
def test_breaks_that_make_no_classes_are_refused(breaks):
    with pytest.raises(DataError) as fault:
        _ = Layer("headcount_ratio", breaks=breaks).scale
    assert fault.value.problems[0].code in ("breaks_order", "breaks_count")


def test_an_unknown_palette_lists_the_close_ones():
    with pytest.raises(KeyError, match="YlOrBr"):
        classify(frame([1.0]), Scale(palette="YlOrBrr"))


@given(
    st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(float("nan"))), min_size=1, max_size=80),
    st.one_of(st.none(), st.sets(st.integers(-50, 50), min_size=1, max_size=6)),
)
def test_every_unit_is_counted_once_and_higher_values_never_fall_in_lower_classes(values, cuts):
    breaks = tuple(float(c) for c in sorted(cuts)) if cuts else None
    found = classify(frame(values), Scale(breaks))
    assert sum(entry.count for entry in found.entries) == len(values)
    index = np.array(found.index)
    known = ~np.isnan(values)
    order = np.argsort(np.array(values)[known], kind="stable")
    assert (np.diff(index[known][order]) >= 0).all()
    assert np.bincount(index, minlength=len(found.entries)).tolist() == [
        entry.count for entry in found.entries
    ]


# the document -------------------------------------------------------------------------


def test_a_map_is_the_same_bytes_each_time_and_leaves_folium_as_it_was():
    import folium

    before = (list(folium.Map.default_js), list(folium.Map.default_css))
    documents = {
        maps.village_map(fake_county.county(), "headcount_ratio", year=2020).document
        for _ in range(2)
    }
    assert len(documents) == 1
    assert before == (folium.Map.default_js, folium.Map.default_css)


def test_only_codes_names_and_texts_of_a_village_reach_the_page():
    county = fake_county.county()
    county.villages["id_number"] = "342529199001011234"
    assert "342529199001011234" not in maps.village_map(county, "headcount_ratio").document


@pytest.mark.parametrize(
    ("geometry", "kind", "mark"),
    [
        ("schematic", "schematic", "schematic_mark"),
        ("schematic", "official", None),
        ("tiles", "schematic", "views.tile_mark"),
    ],
)
def test_the_mark_of_the_boundaries_follows_their_kind(geometry, kind, mark):
    county = fake_county.county()
    for table in (county.villages, county.towns):
        table["geometry_kind"] = kind
    document = maps.village_map(county, "headcount_ratio", geometry=geometry).document
    foot = document[document.index("<footer>") :]
    for key in ("schematic_mark", "views.tile_mark"):
        assert (label(key) in foot) == (key == mark)


def test_synthetic_data_are_stamped_and_imported_ones_are_not(monkeypatch):
    def measured(kinds):
        def measure(*args, **kwargs):
            found = fake_county.measure(*args, **kwargs)
            found.attrs["provenance"] = kinds
            return found

        return measure

    for kinds, stamped in ((["synthetic", "public"], True), (["imported"], False)):
        monkeypatch.setattr(jingde_core.county, "measure", measured(kinds))
        document = maps.village_map(fake_county.county(), "headcount_ratio").document
        assert (label("synthetic_mark") in document) is stamped
    monkeypatch.setattr(jingde_core.county, "measure", measured([]))
    with pytest.raises(DataError) as fault:
        maps.village_map(fake_county.county(), "headcount_ratio")
    assert fault.value.problems[0].code == "no_provenance"


def test_a_village_without_a_shape_is_named_beside_the_map():
    county = fake_county.county()
    county.villages.loc[3, "geometry"] = None
    drawn = maps.village_map(county, "headcount_ratio")
    name = county.villages["name"][3]
    assert name in drawn.document[drawn.document.index("<footer>") :]
    assert len(drawn.paintings["village"].rows) == 68


def test_a_unit_that_the_measure_lacks_has_no_data():
    county = fake_county.county()
    measured = fake_county.measure(county, "headcount_ratio", by="village").iloc[1:]
    painted = painting.paint(Layer("headcount_ratio"), measured, county.villages["code"])
    assert painted.rows[0][0] == label("no_data")


# the browser --------------------------------------------------------------------------


def test_the_map_shows_every_village_with_legend_marks_and_no_network(chromium, tmp_path):
    drawn = maps.village_map(fake_county.county(), "headcount_ratio", year=2020)
    with opened(chromium, drawn._repr_html_(), tmp_path) as seen:
        page = shown(seen.page)
        page.wait_for_selector(".jd-legend li")
        assert page.locator("path.leaflet-interactive").count() == 68
        legend = page.locator(".jd-legend").inner_text()
        assert label("no_data") in legend and label("reason.not_applicable") in legend
        counts = page.locator(".jd-legend em").all_inner_texts()
        assert sum(int("".join(filter(str.isdigit, count))) for count in counts) == 68
        assert label("synthetic_mark") in page.locator("footer").inner_text()
        assert "2020" in page.locator("h1").inner_text()
        assert page.locator(".jd-town").count() == 10
        colours = page.eval_on_selector_all(
            "path.leaflet-interactive", "all => all.map(each => each.getAttribute('fill'))"
        )
        states = drawn.paintings["village"].classes
        assert colours == [states.entries[i].colour for i in states.index]
        assert seen.quiet(), (seen.outside, seen.errors)


def test_switching_to_towns_switches_shapes_and_legend(chromium, tmp_path):
    drawn = maps.village_map(fake_county.county(), "headcount_ratio", year=2020)
    with opened(chromium, drawn.document, tmp_path) as seen:
        page = seen.page
        page.locator(".leaflet-control-layers-base input").nth(1).check()
        assert page.locator("path.leaflet-interactive").count() == 10
        counts = page.locator(".jd-legend em").all_inner_texts()
        assert sum(int("".join(filter(str.isdigit, count))) for count in counts) == 10
        names = page.locator(".leaflet-control-layers-base").inner_text()
        assert label("views.layer.village") in names and label("views.layer.town") in names


def test_hostile_names_are_text_on_every_surface(chromium, tmp_path, monkeypatch):
    county = fake_county.county(hostile=True)
    bad = fake_county.HOSTILE[2]

    def hostile_label(key, **values):
        hostile = key.startswith(("metric.", "views.layer", "views.small", "no_data"))
        return bad if hostile else label(key, **values)

    for module in (maps, painting, classes):
        monkeypatch.setattr(module, "label", hostile_label)
    drawn = maps.village_map(county, "headcount_ratio", year=2020)
    with opened(chromium, drawn._repr_html_(), tmp_path) as seen:
        page = shown(seen.page)
        assert page.locator("path.leaflet-interactive").count() == 68
        for i, name in enumerate(fake_county.HOSTILE):
            for bound in ("Tooltip", "Popup"):
                page.evaluate(f"i => void jingde.layers.village.getLayers()[i].open{bound}()", i)
                text = page.evaluate(
                    f"i => jingde.layers.village.getLayers()[i].get{bound}()"
                    ".getElement().textContent",
                    i,
                )
                assert name in text and bad in text
        towns = page.eval_on_selector_all(".jd-town", "all => all.map(each => each.textContent)")
        assert towns[: len(fake_county.HOSTILE)] == fake_county.HOSTILE
        for selector in ("h1", ".jd-legend b", ".leaflet-control-layers-base span"):
            found = page.locator(selector).first.evaluate("e => e.textContent")
            assert bad in found
        assert page.title().endswith(bad)
        assert page.locator("img[src=x], svg[onload]").count() == 0
        assert seen.quiet(), (seen.outside, seen.dialogs, seen.errors)


def test_painting_a_new_state_keeps_zoom_and_changes_colours_legend_and_title(chromium, tmp_path):
    county = fake_county.county()
    drawn = maps.village_map(county, "headcount_ratio", year=2020)
    layer = Layer("mean_income", year=2016, breaks=[0.1])
    measured = fake_county.measure(county, "mean_income", by="village", year=2016)
    measured.attrs["unit"] = "yuan"
    state = painting.paint(layer, measured, county.villages["code"]).state()
    assert len(json.dumps(state, ensure_ascii=False).encode()) < 5000
    with opened(chromium, drawn.document, tmp_path) as seen:
        page = seen.page
        page.evaluate("void jingde.map.setZoom(12, {animate: false})")
        page.evaluate("state => jingde.paint('village', state)", state)
        assert page.evaluate("jingde.map.getZoom()") == 12
        assert page.locator("h1").inner_text() == state["title"]
        assert page.locator(".jd-legend li").count() == len(state["legend"])
        fill = page.locator("path.leaflet-interactive").nth(30).get_attribute("fill")
        assert fill == state["legend"][state["rows"][30][0]][0]
