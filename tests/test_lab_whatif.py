"""The leader's question in a real JupyterLab: a sum, a map, a sentence, a saved file, in time."""

import re
import time
from collections.abc import Iterator

import pytest
from lab import Lab, one_cell, opened, run_all
from playwright.sync_api import Browser, Locator, Page, expect

from jingde_core.county import County
from jingde_core.model.catalogue import label
from jingde_core.scenarios import Scenario, evaluate, examples
from jingde_core.views import scenario_tables as tables

NOTEBOOK = "whatif_under_test.ipynb"
SOURCE = "import jingde_core as jc\ncounty = jc.County.load()\njc.views.whatif(county)"
#: a leader waits no longer for the answer, the running of the notebook not counted
ANSWER_SECONDS = 60.0


@pytest.fixture(scope="module")
def page(lab: Lab, chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """The panel in a notebook made for this test."""
    path = one_cell(lab, NOTEBOOK, SOURCE)
    with opened(lab, chromium, lab.page_of(NOTEBOOK)) as (page, outside):
        page.set_viewport_size({"width": 1280, "height": 900})
        run = run_all(lab, page, outside, NOTEBOOK)
        assert run.errors == []
        page.context.set_default_timeout(60_000)
        yield page, outside
    path.unlink()


def control(page: Page, key: str, kind: str) -> Locator:
    """The control with this label."""
    text = re.compile(f"^{re.escape(label(f'whatif.field.{key}'))}$")
    named = page.locator("label", has_text=text)
    return page.locator(".jd-explorer *:has(> label)").filter(has=named).first.locator(kind).first


def press(page: Page, key: str) -> None:
    page.get_by_role("button", name=label(f"whatif.{key}"), exact=True).click()


def sentence(page: Page) -> Locator:
    return page.locator(".jd-explorer .jd-sentence")


def test_the_leaders_question_is_answered_within_a_minute_and_kept(
    page: tuple[Page, list[str]], lab: Lab, county: County
) -> None:
    screen, outside = page
    start = time.perf_counter()
    asked = Scenario.from_file(examples()["leader_500k"])
    for key, text in (("name", "Q1"), ("budget", "600000")):
        control(screen, key, "input").fill(text)
        control(screen, key, "input").press("Enter")
    control(screen, "rule.name", "select").select_option(label=label("value.rule.poorest_first"))
    wanted = asked.but(name="Q1", budget=600000, rule="poorest_first")
    expect(sentence(screen)).to_have_text(tables.headline(evaluate(county, wanted)).text)
    title = "document.querySelector('iframe.jingde-map').contentDocument.querySelector('h1')"
    screen.wait_for_function(f"{title}.textContent.startsWith('Q1')")
    assert label("scenario.limits") in screen.locator(".jd-explorer").inner_text()
    press(screen, "tab.keep")
    press(screen, "save")
    screen.get_by_text("scenarios/Q1.toml").wait_for()
    assert time.perf_counter() - start < ANSWER_SECONDS
    kept = Scenario.from_file(lab.folder / "scenarios" / "Q1.toml")
    assert kept.hash == wanted.hash
    assert outside == []


def test_the_slider_ends_in_the_last_value_and_a_fault_is_told_in_place(
    page: tuple[Page, list[str]], county: County
) -> None:
    screen, outside = page
    slider = screen.locator(".jd-explorer .noUi-handle").first
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
        slider.press("ArrowLeft")
    slider.press("Home")
    for _ in range(3):
        slider.press("ArrowRight")
    expect(control(screen, "budget", "input")).to_have_value("30000")
    asked = Scenario.from_file(examples()["leader_500k"])
    wanted = asked.but(name="Q1", budget=30000, rule="poorest_first")
    expect(sentence(screen)).to_have_text(tables.headline(evaluate(county, wanted)).text)
    control(screen, "budget", "input").fill("1,000")
    control(screen, "budget", "input").press("Enter")
    screen.locator(".jd-explorer .jd-wrong").first.wait_for()
    control(screen, "budget", "input").fill("30000")
    control(screen, "budget", "input").press("Enter")
    expect(sentence(screen)).to_have_text(tables.headline(evaluate(county, wanted)).text)
    assert outside == []
