"""A page for sharing: nobody in it, tables that sort, a list of contents, a slider, a PDF.

Section E of the fault catalogue, line by line, and the test that makes each fault for real:

E01 names, numbers                 test_a_page_with_a_person_names_cell_and_channel
E02 undisplayed GeoJSON property   test_scan CHANNELS, test_maps: a feature holds its place only
E03 widget state                   test_sharing: a widget keeps its static part; CHANNELS
E04 traceback, stderr, code        test_sharing: error output never reaches a page;
                                   test_a_working_copy_shows_code_and_is_searched_too
E05 base64, percent                test_scan CHANNELS; no download links: test_the_brief
E06 a notebook sent as it is       test_sharing_files: it is searched; house rules: no output
E07 names in pictures              test_charts_are_drawn_from_what_the_audience_may_see
E08 small cells                    test_privacy_suppression
E09 two exports subtracted         same bytes (test_sharing), edition in the foot (test_the_brief)
E10 extremes of one household      test_no_row_of_a_household_stands_in_a_leaders_page
E11, E12 masks                     test_privacy
E13 person rows                    test_no_row_of_a_household_stands_in_a_leaders_page;
                                   test_sharing: the working copy is marked
E14, E15 formulas, long numbers    test_sharing_files
E16 opened without a network       test_the_brief, test_sharing
E17 size                           test_a_page_that_mail_would_refuse_is_refused
E18 paths, keys, addresses         test_paths_and_keys_stop_a_page, test_scan
E19 fonts                          test_cli: start check; test_the_pdf_holds_chinese_text
E20 data date, checksum, same bytes  test_the_brief, test_sharing, test_sharing_files
E21 locked target                  test_sharing_files, test_a_locked_page_is_not_lost
"""

import os
import re
import unicodedata
import zlib
from pathlib import Path

import fake_county
import nbformat
import pandas as pd
import pytest
from browser import opened
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_scan import CARD, ID, IDENTITY, NAME, PHONE, encoded, entities, escaped

from jingde_core import cli
from jingde_core.ledgers.store import Store
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.sharing import Step, baked, render_all
from jingde_core.sharing import page as pages
from jingde_core.sharing.guard import Guard
from jingde_core.sharing.pdf import print_page
from jingde_core.views import charts, maps, tables

PUBLIC = fake_county.PROVENANCE.assign(kind="public")


def page_of(*outputs, prose="# x", audience="leader", guard=None, provenance=PUBLIC, source="y"):
    """The page of a notebook that was run already; each output in a cell of its own."""
    cells = [new_code_cell(source, outputs=[out]) for out in outputs]
    made = new_notebook(cells=[*(new_markdown_cell(text) for text in prose.split("\f")), *cells])
    given = guard or Guard(given=IDENTITY)
    return pages.page(made, file="x.ipynb", audience=audience, provenance=provenance, guard=given)


def html(text):
    return new_output("display_data", data={"text/html": text})


def faults(*outputs, **settings):
    with pytest.raises(DataError) as fault:
        page_of(*outputs, **settings)
    return fault.value.problems


@pytest.mark.parametrize(
    "text",
    [
        f"<p>{NAME}</p>",
        f'<img alt="{entities(NAME)}" src="data:,">',
        f'<script type="application/json">{{"owner":"{escaped(ID)}"}}</script>',
        f'<a href="data:text/csv;base64,{encoded(PHONE)}">x</a>',
        f"<!-- {CARD} -->",
    ],
)
def test_a_page_with_a_person_names_cell_and_channel(text):
    (problem,) = faults(html("<p>fine</p>"), html(text))
    assert problem.code == "leak" and problem.sheet == label("sharing.cell", number=2)
    assert problem.expected.startswith("<")
    assert not any(secret in problem.message for secret in (NAME, ID, PHONE, CARD))


def test_a_person_in_the_prose_stops_the_page_too():
    (problem,) = faults(prose=f"# x\f联系{PHONE}")
    assert problem.sheet == label("sharing.prose")


def test_all_persons_are_named_at_once():
    assert len(faults(html(f"<p>{NAME} {ID}</p>"), html(f"<p>{PHONE}</p>"))) == 3


@pytest.mark.parametrize("text", ["/ho" + "me/li/x.csv", "192.168.1.20", "tk=" + "0a1b2c3d" * 4])
def test_paths_and_keys_stop_a_page(text):
    assert faults(html(f"<p>{text}</p>"))[0].code == "leak"


def test_no_row_of_a_household_stands_in_a_leaders_page(county):
    rows = tables.table(county.households.head(2), provenance=["synthetic"])
    guard = Guard(county)
    assert {p.code for p in faults(html(rows.html), guard=guard)} == {"leak"}
    assert county.households["id"][0] in page_of(html(rows.html), guard=guard, audience="working")


def test_a_working_copy_shows_code_and_is_searched_too():
    text = page_of(html("<p>1</p>"), audience="working", source="x = '<b>'")
    assert "x &#61;" not in text and "x = &#39;&#60;b&#62;&#39;" in text
    assert label("internal_mark") in text
    assert "jd-code" not in page_of(html("<p>1</p>"), source="x = 1").split("</style>")[1]
    assert faults(html("<p>1</p>"), audience="working", source=f"x = '{ID}'")[0].code == "leak"


def test_charts_are_drawn_from_what_the_audience_may_see(county, monkeypatch):
    """A picture cannot be searched: what it is made of must be clean."""
    import jingde_core as jc

    monkeypatch.setenv("JINGDE_AUDIENCE", "leader")
    told = jc.measure(county, "poor_households", by="village", year=2018)
    assert (told["value"].dropna().between(1, 4)).sum() == 0
    svg = charts.bars(told).svg
    assert page_of(new_output("display_data", data={"image/svg+xml": svg}), guard=Guard(county))


def test_a_page_that_mail_would_refuse_is_refused():
    (problem,) = faults(html("<p>" + "字" * 600_000 + "</p>"))
    assert problem.code == "page_too_large" and problem.found.startswith("1.8")


def test_sections_are_listed_below_the_title(chromium, tmp_path):
    text = page_of(html("<h2>no section</h2>"), prose="# 题 <b>\n\n问\f## 一\f## 二 <i>\f## 三")
    with opened(chromium, text, tmp_path) as seen:
        assert seen.page.locator("nav li").all_inner_texts() == ["一", "二 <i>", "三"]
        assert seen.page.locator("h1 + nav").count() == 1
        seen.page.locator("nav a").last.click()
        assert seen.page.evaluate("location.hash") == "#jd-3" and seen.quiet()


def sorted_rows(page, column):
    page.locator("thead th").nth(column).click()
    return page.locator("tbody tr").evaluate_all("rows => rows.map(r => r.cells[0].textContent)")


def test_a_click_on_a_heading_sorts_and_unknown_stays_last(chromium, tmp_path):
    frame = pd.DataFrame({"kind": ["b", "a", "c"], "amount": [20.0, None, 1_000.0]})
    text = page_of(html(tables.table(frame, provenance=["public"]).html))
    with opened(chromium, text, tmp_path) as seen:
        assert sorted_rows(seen.page, 1) == ["b", "c", "a"]
        assert sorted_rows(seen.page, 1) == ["c", "b", "a"]
        assert sorted_rows(seen.page, 0) == ["a", "b", "c"]
        assert seen.quiet(), (seen.stopped, seen.errors)


def test_invented_numbers_of_named_places_cannot_be_sorted_by_a_leader(chromium, tmp_path):
    frame = fake_county.tidy(["1", "2"], ["A镇", "B镇"], [0.2, 0.1], by=("town",))
    shown = html(tables.table(frame).html)
    synthetic = fake_county.PROVENANCE
    with opened(chromium, page_of(shown, provenance=synthetic), tmp_path) as seen:
        assert sorted_rows(seen.page, 1) == ["A镇", "B镇"]
    with opened(chromium, page_of(shown, audience="working"), tmp_path) as seen:
        assert sorted_rows(seen.page, 1) == ["B镇", "A镇"]


def steps(county, *, name="镇"):
    codes, names = county.towns["code"], county.towns["name"]
    frames = [
        fake_county.tidy(codes, names, [share] * len(codes), by=("town",))
        for share in (0.5, 0.1, 0.0)
    ]
    return [
        Step(f"{name}{n}", frame, {"数": f"{name}{n}人"}, f"句{name}{n}")
        for n, frame in enumerate(frames)
    ]


def test_the_slider_repaints_map_numbers_and_sentence_without_a_kernel(county, chromium, tmp_path):
    shown = baked(county, steps(county), title="滑块")
    with opened(chromium, page_of(html(shown.html)), tmp_path) as seen:
        page, (frame,) = seen.page, seen.page.frames[1:]
        frame.wait_for_selector(".jd-legend li")
        colour = "jingde.layers.town.getLayers().map((each) => each.options.fillColor)"
        before = frame.evaluate(colour)
        page.locator(".jd-baked input").fill("2")
        assert page.locator(".jd-baked output").inner_text() == "镇2"
        assert page.locator(".jd-told").inner_text() == "句镇2"
        assert page.locator("dd").inner_text() == "镇2人"
        assert frame.evaluate(colour) != before
        assert label("scenario_mark") in frame.locator("#jd-subtitle").inner_text()
        took = page.evaluate(
            "() => { const s = document.querySelector('.jd-baked input'), all = [];"
            "for (let i = 0; i < 60; i++) { s.value = i % 3; const t = performance.now();"
            "s.dispatchEvent(new Event('input')); all.push(performance.now() - t); }"
            "return all.sort((a, b) => a - b)[30]; }"
        )
        assert took < 16
        assert seen.quiet(), (seen.stopped, seen.errors)


@pytest.mark.parametrize("bad", fake_county.HOSTILE)
def test_a_hostile_scenario_name_is_text_in_the_slider(bad, county, chromium, tmp_path):
    shown = baked(county, steps(county, name=bad), title=bad)
    with opened(chromium, page_of(html(shown.html)), tmp_path) as seen:
        seen.page.frames[1].wait_for_selector(".jd-legend li")
        seen.page.locator(".jd-baked input").fill("1")
        assert bad in (seen.page.locator(".jd-told").text_content() or "")
        assert seen.quiet(), (seen.dialogs, seen.stopped, seen.errors)


def test_a_locked_page_is_not_lost(tmp_path, monkeypatch):
    path = tmp_path / "x.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# x")]), path)
    real, told = os.replace, []

    def locked(source, target):
        if str(target).endswith("out/x.html"):
            raise PermissionError(13, "in use", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", locked)
    (made,) = render_all([path], tmp_path / "out", provenance=PUBLIC, progress=told.append)
    assert made.is_file() and made.name != "x.html" and str(made) in told[-1]


def test_the_pdf_holds_chinese_text_and_is_the_same_bytes_each_time(tmp_path):
    page = tmp_path / "x.html"
    page.write_text(page_of(prose="# 旌德县简报\f贫困发生率"), encoding="utf-8")
    first = print_page(page).read_bytes()
    # Chromium writes a few characters as the radicals that share their glyph
    assert set("旌德县简报贫困发生率") <= set(unicodedata.normalize("NFKC", letters(first)))
    assert print_page(page).read_bytes() == first


def letters(pdf):
    """Characters that the fonts of a PDF map their glyphs to: what can be selected and copied."""
    found = ""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            continue
        for line in text.decode("latin-1").splitlines():
            codes = [int(code, 16) for code in re.findall(r"<([0-9A-Fa-f]{2,4})>", line)]
            if len(codes) in (2, 3) and b"beginbf" in text:
                first, last = codes[0], codes[-2]
                found += "".join(chr(codes[-1] + each - first) for each in range(first, last + 1))
    return found


def test_a_bare_name_finds_the_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped_one = cli._notebook(Path("01_poverty"))
    assert shipped_one.is_file() and shipped_one.name == "01_poverty.ipynb"
    nbformat.write(new_notebook(), tmp_path / "own.ipynb")
    assert cli._notebook(Path("own")) == Path("own.ipynb")
    assert cli._notebook(Path("absent")) == Path("absent")


def test_names_of_the_offices_own_store_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("JINGDE_HOME", str(tmp_path))
    assert Guard().identity is None
    place = Store(tmp_path / "store.sqlite")
    monkeypatch.setattr(Store, "identity", lambda self: IDENTITY)
    assert {problem.code for problem in faults(html(f"<p>{NAME}</p>"), guard=Guard())} == {"leak"}
    assert place.path is not None


def test_a_machine_without_a_browser_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    page = tmp_path / "x.html"
    page.write_text("x")
    with pytest.raises(DataError) as fault:
        print_page(page)
    assert fault.value.problems[0].code == "no_browser"


def test_hostile_villages_and_assets_are_text_in_the_final_file(chromium, tmp_path, monkeypatch):
    monkeypatch.setattr("jingde_core.county.measure", fake_county.measure)
    hostile = fake_county.county(hostile=True)
    drawn = maps.village_map(hostile, "headcount_ratio", geometry="tiles")
    rows = pd.DataFrame({"name": fake_county.HOSTILE, "amount": range(len(fake_county.HOSTILE))})
    table = tables.table(rows, provenance=["imported"], title=fake_county.HOSTILE[0])
    bars = charts.bars(fake_county.tidy(range(9), fake_county.HOSTILE, range(9)))
    svg = new_output("display_data", data={"image/svg+xml": bars.svg})
    text = page_of(
        html(drawn._repr_html_()), html(table.html), svg, prose="# x\f## 一\f## 二\f## 三"
    )
    with opened(chromium, text, tmp_path) as seen:
        (frame,) = seen.page.frames[1:]
        frame.wait_for_selector(".jd-legend li")
        assert frame.locator("path.leaflet-interactive").count() == 68
        shown = seen.page.locator("tbody td:first-child").evaluate_all(
            "c => c.map(d => d.textContent)"
        )
        assert shown == fake_county.HOSTILE
        assert seen.quiet(), (seen.dialogs, seen.stopped, seen.errors)
