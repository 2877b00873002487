"""The explorer in real JupyterLab: controls are driven, and the page is read for what it shows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lab import Lab, one_cell, opened, run_all
from playwright.sync_api import Browser, Frame, Locator, Page

from jingde_core.county import County, measure
from jingde_core.model.catalogue import label
from jingde_core.views import numbers

NOTEBOOK = "explorer_under_test.ipynb"
SOURCE = (
    "import jingde_core as jc\n"
    "county = jc.County.load()\n"
    'jc.views.explorer(county, state={"metric": "incidence", "year": 2016})'
)
#: the Lab's own complaint when a kernel is restarted
LABS_OWN = "debugger state"


@dataclass
class Driven:
    """A page with an explorer on it, and what a hand does there."""

    page: Page
    outside: list[str]
    errors: list[str] = field(default_factory=list)

    @property
    def box(self) -> Locator:
        return self.page.locator(".jd-explorer")

    def control(self, key: str, kind: str = "select") -> Locator:
        """The control with this label; of two the first."""
        text = re.compile(f"^{re.escape(label(key))}$")
        row = self.box.locator("*:has(> label)").filter(
            has=self.page.locator("label", has_text=text)
        )
        return row.first.locator(kind).first

    def choose(self, key: str, text: str) -> None:
        self.control(key).select_option(label=text)

    def press(self, text: str) -> None:
        self.box.get_by_role("button", name=text, exact=True).click()

    def frames(self) -> list[Frame]:
        return [frame for frame in self.page.frames if frame.url == "about:srcdoc"]

    def told(self, title: str, map_: int = 0) -> dict[str, Any]:
        """What a map says once its title is this: state of the level shown, colours, zoom."""
        self.page.wait_for_function(
            "([n, title]) => document.querySelectorAll('iframe.jingde-map')[n]?.contentDocument"
            "?.querySelector('h1')?.textContent === title",
            arg=[map_, title],
        )
        return self.page.evaluate(
            """n => {
              const { jingde, document } = window.document
                .querySelectorAll("iframe.jingde-map")[n].contentWindow;
              const legend = [...document.querySelectorAll(".jd-legend li")];
              const fills = {};
              jingde.layers[jingde.shown()].eachLayer((layer) => {
                fills[layer.feature.properties.i] = layer.options.fillColor;
              });
              return {
                level: jingde.shown(), rows: jingde.state().rows, zoom: jingde.map.getZoom(),
                legend: legend.map((item) => [...item.children].map((e) => e.textContent)),
                colours: jingde.state().legend.map((entry) => entry[0]), fills,
                centre: jingde.map.getCenter(),
              };
            }""",
            map_,
        )


@pytest.fixture(scope="module")
def driven(lab: Lab, chromium: Browser) -> Iterator[Driven]:
    """The explorer of a notebook made for this test, in a window of 1280 x 720."""
    path = one_cell(lab, NOTEBOOK, SOURCE)
    with opened(lab, chromium, lab.page_of(NOTEBOOK)) as (page, outside):
        page.set_viewport_size({"width": 1280, "height": 720})
        driven = Driven(page, outside)
        page.on("pageerror", lambda error: driven.errors.append(str(error)))
        page.on(
            "console",
            lambda m: (
                driven.errors.append(m.text)
                if m.type == "error" and LABS_OWN not in m.text
                else None
            ),
        )
        run = run_all(lab, page, outside, NOTEBOOK)
        assert run.errors == []
        page.context.set_default_timeout(60_000)
        driven.told(title(2016))
        yield driven
    path.unlink()


def title(year: int, metric: str = "incidence") -> str:
    return label("views.title", year=year, metric=label(f"metric.{metric}"))


def expected(county: County, metric: str, by: str = "village", **asked: Any) -> list[str]:
    """Value of every unit as it is written; empty where there is none."""
    frame = measure(county, metric, by=by, **asked)
    codes = (county.towns if by == "town" else county.villages)["code"]
    values = frame.set_index("code").reindex(codes)["value"]
    unit = frame.attrs["unit"]
    return ["" if value != value else numbers.quantity(value, unit) for value in values]


def values(told: dict[str, Any]) -> list[str]:
    missing = {label("no_data"), label("reason.not_applicable")}
    return ["" if row[1] in missing else row[1] for row in told["rows"]]


def test_moving_the_year_repaints_values_colours_and_legend_and_keeps_zoom(
    driven: Driven, county: County
) -> None:
    driven.told(title(2016))
    driven.frames()[0].evaluate("void jingde.map.setView([30.3, 118.5], 12, {animate: false})")
    slider = driven.box.locator(".noUi-handle").first
    slider.focus()
    slider.press("ArrowLeft")
    told = driven.told(title(2015))
    assert values(told) == expected(county, "incidence", year=2015)
    assert told["zoom"] == 12
    assert all(
        told["fills"][str(i)] == told["colours"][row[0]] for i, row in enumerate(told["rows"])
    )
    counts = [int(re.sub(r"\D", "", item[-1])) for item in told["legend"]]
    places = [row[0] for row in told["rows"]]
    assert counts == [places.count(i) for i in range(len(counts))] and sum(counts) == 68
    for _ in range(20):
        slider.press("ArrowRight")
        slider.press("ArrowLeft")
    slider.press("End")
    told = driven.told(title(2020))
    assert values(told) == expected(county, "incidence", year=2020) and told["zoom"] == 12


def test_the_tooltip_and_the_card_of_a_clicked_village_say_what_measure_says(
    driven: Driven, county: County
) -> None:
    driven.choose("explorer.metric", label("metric.mean_income"))
    driven.told(title(2020, "mean_income"))
    inner = driven.frames()[0]
    tip = inner.evaluate(
        "() => { const layer = jingde.layers.village.getLayers()[30]; layer.openTooltip();"
        " const text = layer.getTooltip().getElement().textContent; layer.fire('click');"
        " return text; }"
    )
    name = str(county.villages["name"][30])
    value = expected(county, "mean_income", year=2020)[30]
    assert name in tip and value in tip
    card = driven.box.locator("table.jd-table").first
    card.filter(has_text=name).wait_for()
    named = driven.page.get_by_text(label("metric.mean_income"), exact=True)
    row = card.locator("tr").filter(has=named)
    assert value in row.inner_text()
    chosen = driven.control("explorer.unit").evaluate("e => e.selectedOptions[0].text")
    assert chosen == name


def test_towns_and_tiles_show_the_same_measure(driven: Driven, county: County) -> None:
    driven.choose("explorer.metric", label("metric.headcount_ratio"))
    driven.press(label("views.layer.town"))
    told = driven.told(title(2020, "headcount_ratio"))
    driven.page.wait_for_function(
        "() => document.querySelector('iframe.jingde-map').contentWindow.jingde.shown() === 'town'"
    )
    told = driven.told(title(2020, "headcount_ratio"))
    assert values(told) == expected(county, "headcount_ratio", "town", year=2020)
    driven.press(label("views.panel.tiles"))
    driven.page.wait_for_function(
        "mark => document.querySelector('iframe.jingde-map').contentDocument"
        "?.querySelector('footer')?.textContent.includes(mark)",
        arg=label("views.tile_mark"),
    )
    driven.page.wait_for_timeout(500)
    again = driven.told(title(2020, "headcount_ratio"))
    assert (again["level"], again["rows"]) == ("town", told["rows"])
    driven.press(label("views.panel.schematic"))
    driven.press(label("views.layer.village"))


def test_two_years_side_by_side_move_together(driven: Driven, county: County) -> None:
    driven.choose("explorer.metric", label("metric.incidence"))
    driven.told(title(2020))
    driven.choose("explorer.compare", label("explorer.compare.year"))
    other = driven.told(title(2014), 1)
    assert values(other) == expected(county, "incidence", year=2014)
    driven.page.wait_for_timeout(1000)
    driven.page.locator("iframe.jingde-map").first.evaluate(
        "e => void e.contentWindow.jingde.map.setView([30.25, 118.4], 11.5, {animate: false})"
    )
    first, second = driven.told(title(2020), 0), driven.told(title(2014), 1)
    assert second["zoom"] == first["zoom"] == 11.5
    assert second["centre"]["lng"] == pytest.approx(first["centre"]["lng"], abs=1e-6)
    driven.choose("explorer.compare", label("explorer.compare.change"))
    name = label("metric.incidence")
    changed = label("explorer.change_title", metric=name, earlier=2014, later=2020)
    told = driven.told(changed)
    old, new = (measure(county, "incidence", by="village", year=y)["value"] for y in (2014, 2020))
    unit = label("unit.percentage_points")
    change = ["" if v != v else numbers.number(v * 100) + unit for v in new - old]
    assert values(told) == change
    driven.choose("explorer.compare", label("explorer.compare.none"))
    driven.told(title(2020))


def test_breaks_typed_wrong_are_told_and_right_ones_drawn(driven: Driven) -> None:
    driven.press(label("explorer.more"))
    box = driven.control("explorer.breaks", "input")
    box.fill("5%, 1%")
    box.press("Enter")
    driven.box.locator(".jd-wrong").wait_for()
    box.fill("0, 1%")
    box.press("Enter")
    driven.box.locator(".jd-wrong").wait_for(state="detached")
    driven.page.wait_for_timeout(500)
    legend = driven.told(title(2020))["legend"]
    assert len(legend) == 4 and "1%" in legend[2][1]
    driven.press(label("explorer.more"))


def test_every_tab_opens_by_keyboard_and_fits_the_window(driven: Driven) -> None:
    for tab, holds in (
        ("table", "a.jd-download"),
        ("spread", "svg"),
        ("trend", "svg"),
        ("scatter", "g.mark-symbol path"),
        ("keep", "textarea"),
    ):
        button = driven.box.get_by_role("button", name=label(f"explorer.tab.{tab}"), exact=True)
        button.focus()
        button.press("Enter")
        driven.box.locator(holds).locator("visible=true").first.wait_for()
        wide = driven.box.evaluate("e => [e.scrollWidth, e.clientWidth, innerWidth]")
        assert wide[0] <= wide[1] < wide[2], tab
    assert "jc.views.village_map" in driven.box.locator("textarea").input_value()


def test_the_table_is_taken_along_as_csv_and_excel(driven: Driven, tmp_path: Path) -> None:
    driven.press(label("explorer.tab.table"))
    for ending, start in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
        with driven.page.expect_download() as waiting:
            driven.box.get_by_text(label(f"explorer.download_{ending}")).first.click()
        target = tmp_path / f"table.{ending}"
        waiting.value.save_as(target)
        assert target.read_bytes().startswith(start)
        assert waiting.value.suggested_filename.endswith(f".{ending}")


def test_a_view_is_saved_beside_the_notebook_and_opened_again(driven: Driven, lab: Lab) -> None:
    driven.press(label("explorer.tab.keep"))
    driven.control("explorer.name", "input").fill("A1")
    driven.press(label("explorer.save"))
    driven.box.locator(".jd-said", has_text="A1.explorer.json").wait_for()
    kept = json.loads((lab.folder / "A1.explorer.json").read_text(encoding="utf-8"))
    assert (kept["metric"], kept["year"]) == ("incidence", 2020)
    slider = driven.box.locator(".noUi-handle").first
    slider.focus()
    slider.press("Home")
    driven.told(title(2014))
    driven.press(label("explorer.open"))
    driven.told(title(2020))


def test_nothing_was_asked_of_the_network_and_no_error_was_logged(driven: Driven) -> None:
    assert driven.outside == []
    assert driven.errors == []
