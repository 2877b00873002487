"""A document asks the network for nothing, and runs only what it was made with."""

import html
import json

import folium
import pytest
from browser import opened
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.model.problem import DataError
from jingde_core.views import escape, offline

FEATURES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "x"},
            "geometry": {"type": "Point", "coordinates": [118.5, 30.3]},
        }
    ],
}


def stock_map(**settings):
    return folium.Map(location=[30.3, 118.5], tiles=None, **settings)


def found_in(fault):
    return [problem.found for problem in fault.value.problems]


@given(st.text())
def test_escaped_text_reads_back_and_has_nothing_that_ends_a_literal(text):
    safe = escape.text(text)
    assert html.unescape(safe) == escape.shown(text) or "\r" in text
    assert not set(safe) & set("<>\"'`$\\{}/\u2028\u2029")


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_data_read_back_and_cannot_end_their_script(value):
    safe = escape.data({"value": value})
    assert json.loads(safe) == {"value": value}
    assert not set(safe) & set("<>&'`$/\u2028\u2029")


def test_unknown_is_no_number_in_data():
    with pytest.raises(ValueError):
        escape.data([float("nan")])


def test_a_stock_map_becomes_one_document_without_references():
    drawn = stock_map()
    folium.GeoJson(FEATURES, tooltip=folium.GeoJsonTooltip(["name"])).add_to(drawn)
    folium.LayerControl().add_to(drawn)
    assert len(offline.external(drawn.get_root().render())) == 10
    document = offline.document(drawn.get_root(), title="x")
    assert offline.external(document) == []
    assert document.count("Leaflet 1.9.3") == 1
    assert "jQuery" not in document and "bootstrap" not in document


def test_images_of_the_style_sheet_are_carried():
    css = offline.asset("leaflet_css")
    assert "images/" not in css and css.count("data:image/png;base64,") == 3
    assert "sourceMappingURL" not in offline.asset("leaflet")


def test_jquery_is_carried_only_where_a_script_asks_for_it():
    drawn = stock_map()
    group = folium.FeatureGroup().add_to(drawn)
    drawn.keep_in_front(group)
    assert "jQuery v3" in offline.document(drawn.get_root(), title="x")


def test_equal_maps_are_equal_bytes():
    documents = set()
    for _ in range(2):
        drawn = stock_map()
        folium.GeoJson(FEATURES).add_to(drawn)
        documents.add(offline.document(drawn.get_root(), title="x"))
    assert len(documents) == 1


def test_all_references_to_the_network_are_named_at_once():
    drawn = stock_map()
    folium.TileLayer("https://tiles.example.org/{z}/{x}/{y}.png", attr="x").add_to(drawn)
    drawn.get_root().header.add_child(
        folium.JavascriptLink("https://cdn.example.org/plugin.js"), name="plugin"
    )
    folium.Marker([30, 118], icon=folium.Icon()).add_to(drawn)
    with pytest.raises(DataError) as fault:
        offline.document(drawn.get_root(), title="x")
    named = " ".join(found_in(fault))
    for part in ("tiles.example.org", "cdn.example.org/plugin.js", "AwesomeMarkers"):
        assert part in named
    assert {problem.code for problem in fault.value.problems} == {"external_reference"}


@pytest.mark.parametrize(
    "content",
    [
        '<img src="http://example.org/a.png">',
        '<img srcset="//example.org/a.png 2x">',
        '<link rel="stylesheet" href="style.css">',
        "<style>@import 'https://example.org/a.css';</style>",
        '<p style="background:url(https://example.org/a.png)">x</p>',
        "<style>p { background: url('img.png') }</style>",
        '<script>fetch("https://example.org")</script>',
        '<script>import("//example.org/a.js")</script>',
        '<svg><image xlink:href="https://example.org/a.png"/></svg>',
        '<iframe srcdoc="&lt;img src=&quot;https://example.org/a.png&quot;&gt;"></iframe>',
        '<form action="https://example.org"></form>',
        '<object data="a.swf"></object>',
    ],
)
def test_a_reference_is_found_wherever_it_hides(content):
    assert len(offline.external(content)) == 1


@pytest.mark.parametrize(
    "content",
    [
        '<a href="https://doi.org/10.1007/x">x</a>',
        '<img src="data:image/png;base64,AA">',
        "<p>https://example.org is text</p>",
        '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a"/></svg>',
        "<style>p { fill: url(#a) }</style>",
    ],
)
def test_a_link_to_click_a_name_and_plain_text_are_no_references(content):
    assert offline.external(content) == []


def test_a_foreign_script_and_a_request_are_stopped_by_the_policy(chromium, tmp_path):
    document = offline.document(stock_map().get_root(), title="x", after="<p id=end>x</p>")
    attack = (
        "<script>alert(1)</script><img src=x onerror=alert(2)>"
        '<img src="https://example.org/a.png"><script src="https://example.org/a.js"></script>'
    )
    with opened(chromium, document.replace("<p id=end>", attack + "<p id=end>"), tmp_path) as seen:
        assert seen.page.locator(".leaflet-pane").count() > 0
        assert seen.dialogs == [] and seen.outside == []
        assert any("Content Security Policy" in error for error in seen.errors)


def test_frames_of_a_page_share_one_copy_of_leaflet(chromium, tmp_path):
    drawn = stock_map()
    folium.GeoJson(FEATURES, marker=folium.CircleMarker(radius=9)).add_to(drawn)
    one = offline.frame(offline.document(drawn.get_root(), title="x"), title="x", height=300)
    body = offline.shared_once(one * 3)
    head = offline.page_policy(body) + offline.shared_assets(body)
    page = f"<!DOCTYPE html><meta charset=utf-8>{head}<body>{body}"
    assert page.count("Leaflet 1.9.3") == 1 and len(page) < len(one) * 1.3
    with opened(chromium, page, tmp_path) as seen:
        for frame in seen.page.frames[1:]:
            assert frame.locator("path.leaflet-interactive").count() == 1
        assert len(seen.page.frames) == 4 and seen.quiet(), seen.errors


def test_a_page_without_maps_carries_no_leaflet():
    assert offline.shared_assets("<p>x</p>") == ""
