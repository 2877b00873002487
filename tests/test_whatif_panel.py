"""The what-if panel edits a scenario and computes nothing: `evaluate` says what it shows."""

import base64
import io
import json
import re
import time
from pathlib import Path

import browser
import fake_county
import numpy as np
import openpyxl
import pandas as pd
import pytest

import jingde_core as jc
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.scenarios import Scenario, evaluate, examples
from jingde_core.views import scenario_charts as charts
from jingde_core.views import scenario_tables as tables
from jingde_core.views.panels import whatif as panels

LEADER = "leader_500k"
MARKS = ("scenario_mark", "synthetic_mark")


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    """Scenarios are saved beside the notebook; each test has a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def the_hand_rests_at_once(monkeypatch):
    """A browser of another test leaves a loop running in which nobody would wait."""
    monkeypatch.setattr(panels.WhatIf, "_when_at_rest", lambda self: self._settled())


@pytest.fixture
def panel(county):
    return panels.whatif(county)


@pytest.fixture
def as_leader(monkeypatch):
    monkeypatch.setenv("JINGDE_AUDIENCE", "leader")


def example(name=LEADER):
    return Scenario.from_file(examples()[name])


def opened(panel, tab):
    panel.tabs.value = (*panels.PAGES, "keep").index(tab)
    return panel.pages[tab].value if tab in panel.pages else ""


@pytest.mark.parametrize("name", examples())
def test_a_shipped_scenario_comes_back_from_the_controls_as_it_went_in(county, name):
    panel = panels.whatif(county, name)
    assert panel.scenario.hash == example(name).hash
    assert panel.outcome.totals == pytest.approx(
        evaluate(county, example(name)).totals, nan_ok=True
    )


def test_two_shocks_of_one_kind_stay_two(county):
    shock = {"kind": "lost_months", "months": 2}
    twice = example().but(shocks=[shock, shock | {"months": 1}])
    assert panels.whatif(county, twice).scenario.hash == twice.hash


def test_every_control_edits_the_scenario_and_nothing_else(county, panel):
    held, base = panel.controls, panel.base
    held["budget"].value = "300000"
    assert panel.scenario.hash == base.but(budget=300000).hash
    assert held["slider"].value == 30
    held["rule.name"].value = "universal"
    held["universal.per_head"].value = "200"
    rule = {"name": "universal", "per_head": 200}
    assert panel.scenario.hash == base.but(budget=300000, rule=rule).hash
    held["rule.name"].value = "poorest_first"
    held["lines.poverty_line"].value = "5000"
    held["eligible.risk"].value = ("edge",)
    held["bounds.cap"].value = "3000"
    reform = base.but(
        budget=300000,
        rule="poorest_first",
        lines={"poverty_line": 5000},
        eligible={"risk": ["edge"]},
        bounds={"cap": 3000},
    )
    assert panel.scenario.hash == reform.hash
    held["place"].value, held["scope.towns"].value = "towns", (county.towns["name"][0],)
    towns = reform.but(scope={"towns": [county.towns["name"][0]]})
    assert panel.scenario.hash == towns.hash
    held["shocks"].value = ("illness",)
    shock = {"kind": "illness", "share": 0.05, "cost": 10000}
    assert panel.scenario.hash == towns.but(shocks=[shock]).hash
    found = evaluate(county, towns.but(shocks=[shock])).totals
    assert panel.outcome.totals == pytest.approx(found, nan_ok=True)


def test_the_map_shows_the_change_that_the_outcome_has(county, panel):
    for step, (first, last) in charts.STEPS.items():
        panel.controls["step"].value = step
        found = evaluate(county, panel.scenario).grouped("village")
        change = (found[f"poverty_gap_{last}"] - found[f"poverty_gap_{first}"]) * 100
        cuts = np.searchsorted(charts._CUTS, change[change.notna()], side="right")
        drawn = [row[0] for row in panel.map.states["village"]["rows"]]
        assert [d for d, known in zip(drawn, change.notna(), strict=True) if known] == list(cuts)


def test_a_level_turned_to_is_painted_as_the_controls_say(county, panel):
    panel.controls["slider"].value = 10
    panel.map.shown = "town"
    found = evaluate(county, panel.scenario).grouped("town")
    assert [row[2] for row in panel.map.states["town"]["rows"]] == [
        f"{count:,}" for count in found["households"]
    ]
    assert list(panel.map.states) == ["town"]


def test_the_legend_is_the_same_whatever_the_scenario(panel):
    def legend():
        return [entry[:2] for entry in panel.map.states["village"]["legend"]][:7]

    first = legend()
    assert len(first) == 7
    panel.controls["slider"].value = 3
    panel.controls["measure"].value = "headcount_ratio"
    panel.controls["step"].value = "shock"
    assert legend() == first


def test_a_sum_that_is_none_is_told_in_place_and_answers_nothing(panel):
    before = panel.map.states
    for typed in ("", "0", "-5", "x", "1e12", "1,000", "10\u4e07", "nan", "inf", "1e999"):
        panel.controls["budget"].value = typed
        assert "jd-wrong" in panel.notice.value, typed
        assert label("whatif.field.budget") in panel.notice.value
        assert panel.map.states == before and label("whatif.last_valid") in panel.headline.value
    panel.controls["budget"].value = "100000"
    assert panel.notice.value == "" and panel.outcome.scenario.budget == 100000


def test_faults_of_several_controls_are_told_together(panel):
    held = panel.controls
    held["budget"].value, held["flood.share"].value = "x", "2"
    for path in ("budget", "flood.share"):
        assert label(f"whatif.field.{path}") in panel.notice.value


def test_no_village_chosen_is_said_and_no_empty_map_is_drawn(panel):
    panel.controls["place"].value = "villages"
    assert label("problem.scenario_nobody") in panel.notice.value


@pytest.mark.parametrize(("line", "share"), [("0", 0), ("1000000", 1)])
def test_a_line_of_nothing_or_above_everybody_is_answered(county, panel, line, share):
    panel.controls["lines.monitoring_range"].value = "1000000"
    panel.controls["lines.poverty_line"].value = line
    at = panel.outcome.stages.set_index("measure")["shocked"]
    assert at["headcount_ratio"] == share and "nan" not in panel.headline.value
    for tab in ("stages", "rules", "towns", "bridge"):
        opened(panel, tab)


def test_one_hundred_quick_steps_end_in_the_last_value(county, monkeypatch):
    waiting = []
    monkeypatch.setattr(panels.WhatIf, "_when_at_rest", lambda self: waiting.append(self._settled))
    panel = panels.whatif(county)
    start = time.perf_counter()
    for step in range(1, 101):
        panel.controls["slider"].value = step
    assert (time.perf_counter() - start) / 100 < 0.1
    assert panel.scenario.budget == panel.outcome.scenario.budget == 1_000_000
    assert panel.pages["stages"].value == "" and len(set(waiting)) == 1
    state = json.dumps(panel.map.states, ensure_ascii=False).encode()
    assert len(state) < 5000


def test_every_tab_and_the_headline_bear_both_marks(panel):
    for tab in [*panels.PAGES][:-1]:
        page = opened(panel, tab)
        for mark in MARKS:
            # the bars are named by the mark's first words
            assert label(mark)[:6] in page, (tab, mark)
    panel.trial["draws"].value = "5"
    panel.buttons["run"].click()
    assert label("value.rule.poorest_first") in panel.pages["robust"].value
    for shown in (panel.headline.value, panel.pages["robust"].value):
        assert all(label(mark) in shown for mark in MARKS)
    assert all(label(mark) in panel.map.states["village"]["subtitle"] for mark in MARKS)


def test_robustness_faults_are_told_at_the_button(panel):
    panel.trial["draws"].value = "1"
    panel.buttons["run"].click()
    assert "jd-wrong" in panel.pages["robust"].value
    panel.controls["slider"].value = 20
    assert panel.pages["robust"].value == ""


def test_a_scenario_is_saved_and_comes_back_after_a_restart(county, panel, working_folder):
    panel.controls["name"].value, panel.controls["budget"].value = "A", "70000"
    panel.buttons["save"].click()
    assert (working_folder / "scenarios" / "A.toml").is_file()
    again = panels.whatif(county, "A")
    assert again.scenario == panel.scenario
    assert again.outcome.totals == pytest.approx(panel.outcome.totals, nan_ok=True)
    panel.show(LEADER)
    opened(panel, "keep")
    panel.stored.value = "A"
    panel.buttons["open"].click()
    assert panel.scenario.budget == 70000 and label("whatif.opened", name="A") in panel.said.value


def test_a_name_that_is_taken_is_refused_and_the_file_stays(panel):
    panel.controls["name"].value = "A"
    panel.buttons["save"].click()
    before = Path("scenarios/A.toml").read_bytes(), Path("scenarios/A.result.json").read_bytes()
    panel.controls["budget"].value = "60000"
    panel.buttons["save"].click()
    assert "jd-wrong" in panel.said.value
    after = Path("scenarios/A.toml").read_bytes(), Path("scenarios/A.result.json").read_bytes()
    assert after == before


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "../../x", "..", "a/b", "x" * 200, "2020"]
)
def test_a_hostile_name_stays_in_the_folder_and_is_text(panel, working_folder, name):
    panel.controls["name"].value = name
    panel.buttons["save"].click()
    (kept,) = working_folder.rglob("*.toml")
    assert kept.parent == working_folder / "scenarios" and len(kept.name) < 80
    assert "<script" not in panel.headline.value + panel.said.value
    assert Scenario.from_file(kept).name == name
    panel.buttons["compare"].click()
    assert "<script" not in panel.shelf.value


def test_a_hostile_name_is_text_on_the_page(panel, chromium, tmp_path):
    panel.controls["name"].value = fake_county.HOSTILE[0]
    html = panel._repr_mimebundle_()["text/html"]
    with browser.opened(chromium, html, tmp_path) as seen:
        inner = seen.page.frames[1]
        inner.wait_for_selector("path.leaflet-interactive")
        assert fake_county.HOSTILE[0] in inner.locator("h1").text_content()
        assert seen.quiet(), (seen.outside, seen.dialogs, seen.errors)


def test_saved_results_of_other_data_are_told(county, panel):
    panel.controls["name"].value = "A"
    panel.buttons["save"].click()
    place = Path("scenarios/A.result.json")
    record = json.loads(place.read_text())
    opened(panel, "keep")
    panel.stored.value = "A"
    panel.buttons["open"].click()
    assert label("whatif.stale", names="A") not in panel.said.value
    for content in (json.dumps(record | {"version": "0"}), "{"):
        place.write_text(content)
        panel.buttons["open"].click()
        assert label("whatif.stale", names="A") in panel.said.value


def test_a_damaged_or_missing_scenario_is_told(county, panel):
    Path("scenarios").mkdir()
    Path("scenarios/B.toml").write_text("budget = ")
    opened(panel, "keep")
    before = panel.scenario
    panel.stored.value = "B"
    panel.buttons["open"].click()
    assert "jd-wrong" in panel.said.value and panel.scenario == before
    with pytest.raises(DataError) as fault:
        panels.whatif(county, "nowhere")
    assert fault.value.problems[0].code == "missing_file"


def test_scenarios_stand_side_by_side(panel):
    opened(panel, "keep")
    panel.several.value = ("baseline", "lost_work")
    panel.buttons["compare"].click()
    for name in ("baseline", "lost_work", LEADER):
        assert example(name).name in panel.shelf.value


def test_the_export_carries_assumptions_hash_and_marks(panel):
    panel.buttons["export"].click()
    held = re.search(r'base64,([^"]+)"', panel.shelf.value)
    book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(held[1])))
    first = book.worksheets[0]
    told = {cell.value for row in first.iter_rows() for cell in row}
    wanted = {panel.outcome.hash, panel.outcome.version, *map(label, MARKS)}
    assert wanted | {"500000", label("value.rule.level_up"), label("scenario.limits")} <= told
    assert len(book.worksheets) == 6
    households = book[label("whatif.sheet.households")]
    heads = [cell.value for cell in households[1]]
    fen = heads.index(label("column.amount_fen"))
    assert sum(row[fen].value for row in households.iter_rows(min_row=2)) == 50_000_000


def test_a_leader_sees_no_household_no_village_no_yardstick_and_no_gini(county, as_leader):
    panel = panels.whatif(county)
    assert list(panel.map.states) == ["town"]
    assert opened(panel, "who") == label("whatif.no_households")
    pages = opened(panel, "rules") + opened(panel, "frontier")
    assert label("value.rule.closest_first") not in pages
    for column in ("gini_supported", "winners", "losers"):
        assert label(f"column.compared.{column}") not in pages
    html = panel._repr_mimebundle_()["text/html"]
    assert not any(each in html for each in panel.outcome.base.frame["id"])
    with pytest.raises(DataError) as fault:
        panels.whatif(county, example().but(rule="closest_first"))
    assert fault.value.problems[0].code == "whatif_yardstick"


def test_an_analyst_sees_the_yardstick_named_as_one(panel):
    assert label("value.rule.closest_first") in opened(panel, "rules")
    assert label("column.compared.gini_supported") in opened(panel, "rules")


def test_small_counts_are_withheld_from_leaders_and_cannot_be_worked_out(as_leader):
    frame = pd.DataFrame({"name": ["a", "b", "c"], "households": [2, 16, 10]})
    found = charts.guarded(frame, ["households"])
    assert list(found["reason"]) == ["small_cell", "", "withheld"]
    assert found["households"].isna().tolist() == [True, False, True]


def test_a_rendered_panel_holds_map_sentence_and_table(county, panel):
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    for part in ("srcdoc", "jd-sentence", "jd-table", *map(label, MARKS)):
        assert part in bundle["text/html"]


def test_the_public_name_opens_the_leaders_question(county):
    assert jc.views.whatif(county).scenario.hash == example().hash


def test_tables_change_no_frame_of_the_outcome(county):
    outcome = evaluate(county, example())
    before = outcome.stages.copy()
    tables.stage_table(county, outcome)
    tables.workbook(county, outcome)
    assert outcome.stages.equals(before)
