"""Online basemaps: through the kernel only, the key nowhere, and no map lost without them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import urlopen

import fake_county
import numpy as np
import pytest
import shapely

import jingde_core.county
from jingde_core.geography.datums import gcj02
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.sharing.page import page
from jingde_core.views import basemap, maps, offline

KEY = "c0ffee-secret/+"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0"
    "f01f0005000200ff5ccd8b0e0000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    """An analyst's desk without proxies, keys, or a county of its own."""
    monkeypatch.setattr(jingde_core.county, "measure", fake_county.measure)
    monkeypatch.setenv("no_proxy", "*")
    for name in ("JINGDE_AUDIENCE", "TIANDITU_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service(monkeypatch):
    """A map service of this machine in place of all declared ones: what it was asked for."""
    asked, answer = [], {"status": 200, "kind": "image/png"}

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(answer["status"])
            self.send_header("Content-Type", answer["kind"])
            self.end_headers()
            self.wfile.write(PIXEL)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}?tk={{key}}"
    local = {
        name: basemap.Basemap(
            name, dict.fromkeys(own.addresses, address), own.datum, own.key, own.deepest
        )
        for name, own in basemap.declared().items()
    }
    monkeypatch.setattr(basemap, "declared", lambda: local)
    yield SimpleNamespace(asked=asked, answer=answer, stop=server.server_close)
    server.shutdown()
    server.server_close()


def drawn(name, **more):
    return maps.village_map(fake_county.county(), "headcount_ratio", tiles=name, **more)


def codes(fault):
    return {problem.code for problem in fault.value.problems}


def status_of(path):
    try:
        with urlopen(basemap.origin() + path, timeout=10) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_no_map_asks_for_a_basemap_unless_told():
    document = maps.village_map(fake_county.county(), "headcount_ratio").document
    assert "127.0.0.1" not in document and "img-src data:;" in document


@pytest.mark.parametrize("key", ["", "  "])
def test_a_missing_key_is_a_fault_with_its_variable(monkeypatch, key):
    monkeypatch.setenv("TIANDITU_KEY", key)
    with pytest.raises(DataError) as fault:
        drawn("tianditu")
    assert codes(fault) == {"tiles_key_missing"}
    assert fault.value.problems[0].expected == "$TIANDITU_KEY"


@pytest.mark.parametrize("audience", ["leader", "working"])
def test_a_page_for_sharing_refuses_every_basemap_and_tells_all_faults(monkeypatch, audience):
    monkeypatch.setenv("JINGDE_AUDIENCE", audience)
    for name in basemap.declared():
        with pytest.raises(DataError) as fault:
            drawn(name, geometry="tiles")
        assert codes(fault) >= {"tiles_shared", "tiles_without_place"}


def test_an_output_with_a_basemap_is_refused_by_the_page_even_when_it_slips_through():
    cell = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [
            {
                "output_type": "display_data",
                "data": {"text/html": drawn("osm")._repr_html_()},
            }
        ],
    }
    with pytest.raises(DataError) as fault:
        page({"cells": [cell]}, file="x", audience="leader", provenance=fake_county.PROVENANCE)
    assert codes(fault) == {"external_reference"}


def test_an_unknown_basemap_lists_the_close_ones():
    with pytest.raises(KeyError, match="tianditu"):
        drawn("tiandity")


def test_neither_key_nor_service_stands_in_the_document_and_one_origin_is_allowed(monkeypatch):
    monkeypatch.setenv("TIANDITU_KEY", KEY)
    html = drawn("tianditu")._repr_html_()
    document = drawn("tianditu").document
    for hidden in (KEY, "c0ffee", "tianditu.gov", "tk="):
        assert hidden not in html and hidden not in document
    assert f"img-src data: {basemap.origin()};" in document
    assert offline.external(document) == [basemap.origin()]


def test_amap_gets_the_county_where_it_draws_and_the_others_where_it_is():
    county = fake_county.county()
    before = county.villages.geometry.to_numpy()
    for name, own in basemap.declared().items():
        after = own.shifted(county.villages).geometry.to_numpy()
        moved = shapely.get_coordinates(after) - shapely.get_coordinates(before)
        corner = shapely.get_coordinates(before)[7]
        expected = np.array(gcj02(*corner)) - corner if name == "amap" else np.zeros(2)
        assert moved[7] == pytest.approx(expected, abs=1e-9)
        assert (np.abs(moved).max() > 0.004) == (name == "amap")
    county.villages.loc[3, "geometry"] = None
    assert basemap.declared()["amap"].shifted(county.villages).geometry.isna().sum() == 1


def test_the_relay_serves_declared_tiles_to_who_knows_its_path_and_nothing_else(
    service, monkeypatch
):
    monkeypatch.setenv("TIANDITU_KEY", KEY)
    secret = basemap.relay().removeprefix(basemap.origin())
    assert status_of(f"{secret}/tianditu/vec/11/1698/845") == 200
    assert service.asked == ["/11/1698/845?tk=c0ffee-secret%2F%2B"]
    for path in (
        "/wrong/tianditu/vec/11/1698/845",
        f"{secret}/tianditu/none/11/1698/845",
        f"{secret}/elsewhere/vec/11/1698/845",
        f"{secret}/tianditu/vec/11/1698/845?x=1",
        f"{secret}/tianditu/vec/../../x",
        "/",
    ):
        assert status_of(path) == 404
    assert len(service.asked) == 1


@pytest.mark.parametrize(("status", "kind"), [(403, "image/png"), (200, "text/html")])
def test_a_refusal_of_the_service_is_no_tile_and_shows_nothing_of_it(
    service, capfd, monkeypatch, status, kind
):
    monkeypatch.setenv("TIANDITU_KEY", KEY)
    service.answer.update(status=status, kind=kind)
    path = basemap.relay().removeprefix(basemap.origin()) + "/tianditu/vec/11/1698/845"
    assert status_of(path) == 502
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def tab(chromium):
    """A tab that reaches this machine."""
    context = chromium.new_context(viewport={"width": 1100, "height": 800})
    yield context.new_page()
    context.close()


def test_tiles_are_seen_under_the_colours_with_their_credit(service, tab, monkeypatch):
    monkeypatch.setenv("TIANDITU_KEY", KEY)
    requests, errors = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: errors.append(message.text))
    tab.set_content(drawn("tianditu")._repr_html_())
    shown = tab.frames[1]
    shown.wait_for_selector("img.leaflet-tile-loaded")
    assert shown.locator(".jd-credit").inner_text() == label("basemap.credit.tianditu")
    fill = shown.locator("path.leaflet-interactive").first.get_attribute("fill-opacity")
    assert float(fill) == basemap.OPACITY
    asked = [url for url in requests if url.startswith("http")]
    assert asked and all(url.startswith(basemap.relay()) for url in asked) and errors == []


def test_without_tiles_the_map_stays_and_says_that_the_basemap_is_unavailable(service, tab):
    service.answer["status"] = 503
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.set_content(drawn("osm")._repr_html_())
    shown = tab.frames[1]
    shown.get_by_text(label("basemap.failed")).wait_for(state="visible")
    assert shown.locator("path.leaflet-interactive").count() == 68
    assert shown.locator(".jd-legend li").count() > 2 and errors == []
    service.answer["status"] = 200
    shown.evaluate("void jingde.map.setZoom(9, {animate: false})")
    shown.get_by_text(label("basemap.failed")).wait_for(state="hidden")
