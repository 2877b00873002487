"""Names that would run as script: overlays, repaints, footers and credits show them as text.

The other surfaces have their cases in `test_maps`, `test_charts`, `test_shown_tables`.
"""

import fake_county
import pytest
from browser import opened

from jingde_core.county import County
from jingde_core.model.catalogue import label
from jingde_core.views import basemap, maps, overlays

HOSTILE = fake_county.HOSTILE
OVERLAYS = ("assets", "damages")


@pytest.fixture
def hostile(county):
    """The shipped county with hostile names of villages and towns and hostile kinds of assets."""
    tables = dict(county.tables)
    for table in ("villages", "towns"):
        names = [HOSTILE[i % len(HOSTILE)] for i in range(len(tables[table]))]
        tables[table] = tables[table].assign(name=names)
    kinds = [HOSTILE[i % len(HOSTILE)] for i in range(len(tables["assets"]))]
    tables["assets"] = tables["assets"].assign(asset_class=kinds)
    return County(tables, county.provenance, county.parameters)


def texts(page, selector):
    return page.eval_on_selector_all(selector, "all => all.map(each => each.textContent)")


@pytest.mark.parametrize("geometry", ["schematic", "tiles"])
def test_overlay_tooltips_show_hostile_names_and_kinds_as_text(
    hostile, chromium, tmp_path, geometry
):
    drawn = maps.village_map(
        hostile, "headcount_ratio", geometry=geometry, overlays=OVERLAYS, show=OVERLAYS
    )
    with opened(chromium, drawn._repr_html_(), tmp_path) as seen:
        page = seen.page.frames[1]
        tips = page.evaluate(
            "() => { const found = []; jingde.map.eachLayer((layer) => {"
            " if (!layer.options.icon) return;"
            " layer.openTooltip(); found.push(layer.getTooltip().getElement().textContent);"
            " }); return found; }"
        )
        circles = [each for name in OVERLAYS for each in overlays.overlay(hostile, name).circles]
        assert len(tips) == len(circles)
        for name in HOSTILE:
            assert sum(name in tip for tip in tips) > 1
        assert page.locator("path.leaflet-interactive").count() == 68
        assert page.locator("img[src=x], svg[onload]").count() == 0
        assert seen.quiet(), (seen.outside, seen.dialogs, seen.errors)


@pytest.mark.parametrize("bad", HOSTILE)
def test_a_hostile_overlay_title_is_text_in_layer_name_legend_tooltip_and_note(
    county, chromium, tmp_path, monkeypatch, bad
):
    def hostile_label(key, **values):
        return bad if key.startswith("overlay.") else label(key, **values)

    for module in (maps, overlays):
        monkeypatch.setattr(module, "label", hostile_label)
    drawn = maps.village_map(county, "headcount_ratio", overlays=OVERLAYS, show=OVERLAYS)
    with opened(chromium, drawn.document, tmp_path) as seen:
        page = seen.page
        page.locator(".jd-at .jd-disc").first.hover()
        for selector in (
            ".leaflet-control-layers-overlays span",
            ".jd-overlays span",
            ".jd-overlays em",
            ".jd-legend small",
            ".jd-tip b",
            ".jd-tip section span",
            "footer .jd-marks",
        ):
            assert any(bad in text for text in texts(page, selector)), selector
        assert page.locator("path.leaflet-interactive").count() == 68
        assert seen.quiet(), (seen.outside, seen.dialogs, seen.errors)


def test_a_village_that_is_not_drawn_is_named_as_text(chromium, tmp_path, monkeypatch):
    import jingde_core.county

    monkeypatch.setattr(jingde_core.county, "measure", fake_county.measure)
    county = fake_county.county(hostile=True)
    county.villages.loc[: len(HOSTILE) - 1, "geometry"] = None
    with opened(chromium, maps.village_map(county, "headcount_ratio").document, tmp_path) as seen:
        foot = texts(seen.page, "footer")[0]
        assert all(name in foot for name in HOSTILE) and seen.quiet()


@pytest.mark.parametrize("bad", HOSTILE)
def test_a_repaint_with_hostile_texts_is_text_and_keeps_the_map(county, chromium, tmp_path, bad):
    drawn = maps.village_map(county, "headcount_ratio")
    state = drawn.paintings["village"].state()
    for key in ("title", "subtitle", "legendTitle", "note", "small"):
        state[key] = bad
    state["fields"] = [bad] * len(state["fields"])
    state["rows"] = [[row[0], bad, bad, bad, 1] for row in state["rows"]]
    state["legend"] = [[colour, bad, bad] for colour, *_ in state["legend"]]
    with opened(chromium, drawn.document, tmp_path) as seen:
        page = seen.page
        page.evaluate("void jingde.layers.village.getLayers()[9].openPopup()")
        page.evaluate("state => jingde.paint('village', state)", state)
        for selector in ("h1", "#jd-subtitle", ".jd-legend b", ".jd-legend em", ".jd-popup span"):
            assert bad in texts(page, selector)[0], selector
        assert page.title().endswith(bad.replace("\u2028", " ")) or bad in page.title()
        assert page.locator("path.leaflet-interactive").count() == 68
        assert seen.quiet(), (seen.outside, seen.dialogs, seen.errors)


@pytest.mark.parametrize("bad", HOSTILE)
def test_a_hostile_credit_of_a_basemap_is_text(county, chromium, tmp_path, monkeypatch, bad):
    monkeypatch.setattr(basemap, "label", lambda key, **values: bad)
    drawn = maps.village_map(county, "headcount_ratio", tiles="osm")
    with opened(chromium, drawn.document, tmp_path) as seen:
        seen.page.locator(".jd-credit b").wait_for(state="visible")
        assert texts(seen.page, ".jd-credit")[0] == bad * 2
        assert seen.page.locator("path.leaflet-interactive").count() == 68
        assert seen.dialogs == []
