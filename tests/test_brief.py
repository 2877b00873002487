"""The page that leadership reads: from a USB stick, without a network, on a phone, in the dark."""

from pathlib import Path

import pandas as pd
import pytest
from browser import opened

from jingde_core.model.catalogue import label
from jingde_core.model.place import shipped
from jingde_core.sharing import page as pages
from jingde_core.sharing import render, scan


@pytest.fixture(scope="module")
def brief(tmp_path_factory):
    """The brief as a leader gets it."""
    return render(shipped("notebooks") / "09_brief.ipynb", tmp_path_factory.mktemp("brief"))


@pytest.fixture(scope="module")
def words(brief):
    return Path(brief).read_text(encoding="utf-8")


def test_the_brief_opens_without_a_network_and_the_slider_moves(brief, chromium, tmp_path):
    with opened(chromium, brief, tmp_path) as seen:
        page = seen.page
        for frame in page.frames[1:]:
            frame.wait_for_selector(".jd-legend li")
        assert len(page.frames) == 5
        before = page.locator(".jd-told").inner_text()
        page.locator(".jd-baked input").fill("10")
        after = page.locator(".jd-told").inner_text()
        assert before != after and "10.00万元" in after
        last = page.frames[-1]
        assert label("scenario_mark") in last.locator("#jd-subtitle").inner_text()
        last.locator("path.leaflet-interactive").first.hover(force=True)
        assert seen.quiet(), (seen.outside, seen.stopped, seen.dialogs, seen.errors)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_brief_is_as_wide_as_the_screen_and_no_wider(brief, chromium, tmp_path, width):
    with opened(chromium, brief, tmp_path, width=width) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_brief_follows_a_dark_screen(brief, chromium, tmp_path):
    with opened(chromium, brief, tmp_path) as seen:
        shade = "getComputedStyle(document.body).backgroundColor"
        light = seen.page.evaluate(shade)
        seen.page.emulate_media(color_scheme="dark")
        assert seen.page.evaluate(shade) != light


def test_the_brief_says_what_its_numbers_are(brief, words, county):
    foot = words.split("<footer>")[-1]
    assert pages.checksum(county.provenance) in foot and county.as_of in foot
    assert label("sharing.edition") in foot and label("synthetic_mark") in foot
    for heading in ("数据与口径", "局限", "来源与版本"):
        assert f">{heading}</h2>" in words
    assert words.count('class="jd-notes"') == 4 and "按报告校准" in words
    assert len(words.encode()) < pages.LARGEST


def test_an_inspector_with_the_register_finds_nobody_in_the_brief(brief, county):
    register = pd.DataFrame({"name": ["聂锦棠"], "id_number": ["341825196307140129"]})
    assert scan(brief, county=county, identity=register).empty


def test_the_brief_ranks_no_named_place_and_carries_no_source_or_download(words):
    assert "jingde_core" not in words and "jc." not in words.split("<article>")[1]
    assert "download=" not in words and "widget-state" not in words
    for table in words.split('<table class="jd-table')[1:]:
        heads = table.split("</thead>")[0]
        assert "镇" not in table.split("</table>")[0] or "jd-sortable" not in heads


def test_the_brief_never_speaks_of_poor_households_today_or_of_a_theoretical_rule(words):
    prose = words.split("<article>")[1]
    assert "closest_first" not in prose and "理论对照" not in prose
    assert "收入达标" in prose and "返贫户" not in prose
