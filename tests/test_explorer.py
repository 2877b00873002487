"""The explorer wires and computes nothing: what it shows is what `measure` says, and it keeps."""

import csv
import io
import json
import time
from dataclasses import replace
from pathlib import Path

import ipywidgets
import numpy as np
import openpyxl
import pandas as pd
import pytest

import jingde_core as jc
from jingde_core.county import measure
from jingde_core.metrics import METRICS
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.views import charts, downloads, exploration, maps, numbers, saved_views
from jingde_core.views.exploration import Exploration
from jingde_core.views.panels import explorer as panels


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    """Views are saved beside the notebook; each test has a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def the_hand_rests_at_once(monkeypatch):
    """A browser of another test leaves a loop running in which nobody would wait."""
    monkeypatch.setattr(panels.Explorer, "_when_at_rest", lambda self, action: action())


@pytest.fixture
def explorer(county):
    return panels.explorer(county, state={"metric": "incidence", "year": 2016})


def shown(explorer, level="village", live=None):
    """First text of every unit on the map: its value."""
    return [row[1] for row in (live or explorer.map).states[level]["rows"]]


def written(county, name, level="village", **asked):
    frame = measure(county, name, by=level, **asked)
    codes = (county.towns if level == "town" else county.villages)["code"]
    frame = frame.set_index("code").reindex(codes)
    return [
        label(f"reason.{row.reason}") if np.isnan(row.value) else numbers.quantity(row.value, "1")
        for row in frame.itertuples()
    ]


def years_of(county, name):
    year = exploration.years(county, name)[-1]
    return {} if year is None else {"year": year}


def test_every_metric_of_villages_is_offered_once_and_poverty_comes_first(county):
    found = exploration.themes(county)
    names = [name for theme in found.values() for name in theme]
    assert next(iter(found)) == "poverty" and names[0] == "headcount_ratio"
    assert len(names) == len(set(names))
    assert {"incidence", "asset_value", "damage_loss", "guarantee_pass_rate"} <= set(names)
    # no village in its table, or a parameter that nothing gives
    assert not {"funds_allotted", "events", "fgt"} & set(names)
    for name in names:
        measure(county, name, by="village", **years_of(county, name))


@pytest.mark.parametrize("name", ["no_such_metric", "funds_allotted"])
def test_a_metric_that_cannot_be_told_by_village_is_refused(county, name):
    with pytest.raises(KeyError, match=name):
        panels.explorer(county, [name])


@pytest.mark.parametrize("compare", exploration.COMPARISONS)
def test_every_offered_metric_can_be_painted(county, compare):
    for names in exploration.themes(county).values():
        for name in names:
            seen = saved_views.checked(county, names, {"metric": name, "compare": compare})
            for painted in exploration.paintings(county, seen):
                assert (len(painted["village"].rows), len(painted["town"].rows)) == (68, 10)


def test_the_map_shows_what_measure_says_for_every_control(county, explorer):
    held = explorer.controls
    assert shown(explorer) == written(county, "incidence", year=2016)
    held["year"].value = 2015
    assert shown(explorer) == written(county, "incidence", year=2015)
    held["main_cause"].value = "illness"
    where = {"main_cause": "illness"}
    assert shown(explorer) == written(county, "incidence", year=2015, where=where)
    assert label("value.main_cause.illness") in explorer.map.states["village"]["subtitle"]
    held["own_line"].value, held["poverty_line"].value = True, 6000
    asked = {"year": 2015, "where": where, "poverty_line": 6000}
    assert shown(explorer) == written(county, "incidence", **asked)
    held["level"].value = "town"
    assert shown(explorer, "town") == written(county, "incidence", "town", **asked)
    held["level"].value = "village"
    held["universe"].value = "all"
    assert shown(explorer) == written(county, "incidence", universe="all", **asked)


def test_a_filter_that_the_table_lacks_does_not_apply(county, explorer):
    explorer.controls["main_cause"].value = "illness"
    explorer.controls["theme"].value = "assets"
    state = explorer.map.states["village"]
    assert explorer.state.metric in explorer.themes["assets"]
    assert label("value.main_cause.illness") not in state["subtitle"]


def test_years_belong_to_the_metric_and_stay_where_they_can(county, explorer):
    held = explorer.controls
    held["metric"].value = "mean_income"
    assert held["year"].value == 2016
    held["theme"].value = "flood"
    assert explorer.state.year is None and held["year"].disabled
    held["compare"].value = "change"
    assert label("explorer.needs_years") in explorer.notice.value


def test_two_years_stand_side_by_side_the_earlier_one_first(county, explorer):
    held = explorer.controls
    held["compare"].value = "year"
    held["other_year"].value = 2014
    assert len(explorer.maps.children) == 2
    assert shown(explorer) == written(county, "incidence", year=2016)
    assert shown(explorer, live=explorer.second) == written(county, "incidence", year=2014)
    assert explorer.second.layout.order == "-1"
    assert explorer.map.link and explorer.map.link == explorer.second.link
    held["compare"].value = "none"
    assert explorer.maps.children == (explorer.map,)


def test_two_indicators_stand_side_by_side(county, explorer):
    held = explorer.controls
    held["other_metric"].value = "headcount_ratio"
    held["compare"].value = "metric"
    expected = written(county, "headcount_ratio", year=2016)
    assert shown(explorer, live=explorer.second) == expected


def test_a_change_is_in_percentage_points_on_a_diverging_scale(county):
    seen = Exploration(metric="incidence", year=2016, other_year=2014, compare="change")
    frame = exploration.change(county, seen)
    old, new = (measure(county, "incidence", by="village", year=y)["value"] for y in (2014, 2016))
    np.testing.assert_allclose(frame["value"], (new - old) * 100)
    assert frame["value"].isna().sum() == old.isna().sum() > 0
    painted = exploration.paintings(county, seen)[0]["village"]
    colours = [entry.colour for entry in painted.classes.entries]
    assert colours[:5] == [colours[0], "#d8daeb", "#f7f7f7", "#fee0b6", colours[4]]
    assert sum(entry.count for entry in painted.classes.entries) == 68
    assert "2014" in painted.title and "2016" in painted.title
    assert label("unit.percentage_points") in painted.legend_title


def test_breaks_are_checked_in_place_and_empty_is_the_declared_ones(county, explorer):
    box, declared = explorer.controls["breaks"], explorer.map.states["village"]["legend"]
    box.value = "0，1%、0.05"
    assert explorer.state.breaks == (0.0, 0.01, 0.05)
    drawn = explorer.map.states["village"]["legend"]
    assert len(drawn) == 5 and drawn != declared
    for wrong in ("a, 1", "0.5, 0.1", "1,2,3,4,5,6,7,8,9"):
        box.value = wrong
        assert "jd-wrong" in explorer.notice.value
        assert explorer.map.states["village"]["legend"] == drawn
    box.value = ""
    assert explorer.notice.value == "" and explorer.map.states["village"]["legend"] == declared


def test_a_click_selects_the_unit_everywhere(county, explorer):
    code = county.villages["code"][30]
    name = county.villages["name"][30]
    explorer.map.selected = ["village", code]
    assert explorer.state.unit == code
    assert explorer.map.marked == ["village", [30]]
    card = explorer.pages["detail"].value
    assert name in card
    row = measure(county, "incidence", by="village", year=2016).set_index("code").loc[code]
    assert numbers.number(row["value"], "percent") in card
    assert numbers.number(row["denominator"], "count") in card
    explorer.tabs.value = panels.TABS.index("trend")
    assert name in explorer.pages["trend"].value
    explorer.controls["compare"].value = "year"
    assert explorer.second.marked == ["village", [30]]


def test_a_click_on_a_town_turns_the_level(county, explorer):
    code = county.towns["code"][3]
    explorer.map.selected = ["town", code]
    assert (explorer.state.level, explorer.state.unit) == ("town", code)
    assert explorer.map.shown == "town" and explorer.map.marked == ["town", [3]]


def test_a_point_of_the_scatter_is_a_village_and_selects_it(county, explorer):
    explorer.tabs.value = panels.TABS.index("scatter")
    points = explorer.picture.points
    known = measure(county, "incidence", by="village", year=2016).dropna(subset=["value"])
    assert [code for code, _ in points] == list(known["code"])
    explorer.picture.selected = points[10][0]
    assert explorer.state.unit == points[10][0]


def test_a_town_turns_the_map_and_keeps_its_rows_but_changes_no_value(county, explorer):
    before = shown(explorer)
    town = county.towns["code"][2]
    explorer.controls["town"].value = town
    inside = [i for i, each in enumerate(county.villages["town"]) if each == town]
    assert explorer.map.focus == ["village", inside] and shown(explorer) == before
    frame = exploration.pane_frame(county, explorer.state)
    assert list(frame["code"]) == list(county.villages["code"][inside])


def test_the_lorenz_curve_weighs_villages_by_their_persons(county):
    frame = pd.DataFrame({"code": ["a", "b"], "value": [0.1, 0.3], "denominator": [10.0, 10.0]})
    frame.attrs["unit"] = "1"
    curve = exploration.shares(county, frame, "village")
    assert curve["p"].tolist() == [0, 0.5, 1]
    assert curve["L"].tolist() == pytest.approx([0, 0.25, 1])
    frame.attrs["unit"] = "index"
    assert exploration.shares(county, frame, "village") is None


def test_every_tab_can_be_opened_in_every_comparison(county, explorer):
    for compare in exploration.COMPARISONS:
        explorer.controls["compare"].value = compare
        for i, tab in enumerate(panels.TABS):
            explorer.tabs.value = i
            if tab in explorer.pages:
                assert label("synthetic_mark") in explorer.pages[tab].value, (compare, tab)


def test_one_hundred_fast_changes_leave_the_last_value_and_nothing_waits_twice(county, monkeypatch):
    waiting = []
    monkeypatch.setattr(
        panels.Explorer, "_when_at_rest", lambda self, action: waiting.append(action)
    )
    explorer = panels.explorer(county, ["headcount_ratio"])
    explorer.controls["own_line"].value = True
    start = time.perf_counter()
    for line in range(1000, 11000, 100):
        explorer.controls["poverty_line"].value = line
    assert time.perf_counter() - start < 10
    assert shown(explorer) == written(county, "headcount_ratio", year=2020, poverty_line=10900)
    assert explorer.pages["detail"].value == ""
    assert len(set(waiting)) == 1


def test_a_step_of_the_slider_sends_less_than_five_kilobytes(explorer):
    explorer.controls["year"].value = 2015
    states = json.dumps(explorer.map.states, ensure_ascii=False).encode()
    assert len(states) < 5000


def test_a_rendered_page_keeps_map_trend_and_table_and_no_download(county, explorer):
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    for part in ("srcdoc", "<svg", "jd-table", label("synthetic_mark"), "2016"):
        assert part in bundle["text/html"]
    assert "download=" not in bundle["text/html"] and "data:text/csv" not in bundle["text/html"]


def test_a_leader_gets_no_ranking_of_places_from_synthetic_data(county, explorer, monkeypatch):
    monkeypatch.setenv("JINGDE_AUDIENCE", "leader")
    explorer.controls["compare"].value = "change"
    for compare in ("none", "change"):
        explorer.controls["compare"].value = compare
        html = explorer._repr_mimebundle_()["text/html"].rpartition("<tbody>")[2]
        names = [name for name in county.villages["name"] if f"<td>{name}</td>" in html]
        assert sorted(names, key=html.index) == list(county.villages["name"])


def test_every_control_has_a_name_to_read_out(explorer):
    for name, control in explorer.controls.items():
        assert control.description, name
    assert isinstance(explorer.tabs, ipywidgets.ToggleButtons)


VIEWS = [
    {},
    {"metric": "incidence", "year": 2015, "level": "town", "geometry": "tiles"},
    {"metric": "poverty_gap", "year": 2016, "main_cause": "illness", "poverty_line": 6000.0},
    {"metric": "mean_income", "breaks": [3000, 9000], "universe": "all"},
    {"metric": "damage_loss"},
    {"metric": "incidence", "year": 2016, "compare": "change", "other_year": 2014},
    {"metric": "persons", "year": 2017, "compare": "metric", "other_metric": "posts"},
]


@pytest.mark.parametrize("fields", VIEWS)
def test_the_code_of_a_view_makes_the_same_painting(county, fields, monkeypatch):
    monkeypatch.setattr(jc.County, "load", lambda: county)
    explorer = panels.explorer(county, state=fields)
    told = saved_views.code(county, explorer.state)
    *lines, last = told.splitlines()
    assert len(lines) == 2
    space = {}
    exec("\n".join(lines), space)
    made = eval(last, space)
    if isinstance(made, maps.VillageMap):
        states = {level: painted.state() for level, painted in made.paintings.items()}
    else:
        states = made.map.states
        if made.second:
            assert made.second.states == explorer.second.states
    for level, live in explorer.map.states.items():
        mine, state = dict(live), states[level]
        # a filter stands in the explorer's subtitle
        assert mine.pop("subtitle").startswith(state.pop("subtitle"))
        assert mine == state


@pytest.mark.parametrize("fields", VIEWS)
def test_a_saved_view_comes_back_after_a_restart(county, fields):
    explorer = panels.explorer(county, state=fields)
    path = saved_views.save(explorer.state, "v")
    assert path.parent == Path.cwd() and path.stat().st_size < 1000
    for name in ("v", path, str(path)):
        again = panels.explorer(county, state=name)
        assert again.state == explorer.state
        assert again.map.states == explorer.map.states


def test_saving_over_another_view_is_said_before_it_is_done(county, explorer):
    explorer.name.value = "A"
    explorer.save.click()
    assert saved_views.saved() == ["A"]
    before = Path("A.explorer.json").read_bytes()
    explorer.controls["year"].value = 2015
    explorer.save.click()
    assert "jd-wrong" in explorer.said.value
    assert Path("A.explorer.json").read_bytes() == before
    explorer.save.click()
    assert json.loads(Path("A.explorer.json").read_text())["year"] == 2015
    explorer.controls["year"].value = 2014
    explorer.tabs.value = panels.TABS.index("keep")
    assert explorer.stored.options == ("A",)
    explorer.open.click()
    assert explorer.state.year == 2015


@pytest.mark.parametrize("name", ["", " ", "a/b", "..", ".x", "a\\b", "a:b", "CON", "x" * 61, "a."])
def test_a_name_that_is_no_file_name_is_refused(name, working_folder):
    with pytest.raises(DataError) as fault:
        saved_views.save(Exploration(), name)
    assert fault.value.problems[0].code == "explorer_name"
    assert not list(working_folder.iterdir())


def test_a_missing_view_names_those_that_there_are(county):
    saved_views.save(Exploration(), "kept")
    with pytest.raises(DataError) as fault:
        panels.explorer(county, state="other")
    problem = fault.value.problems[0]
    assert (problem.code, problem.expected) == ("explorer_missing", "kept")
    assert "other" in problem.file


@pytest.mark.parametrize("content", ["", "{", '{"metric": }', "[1]", "\x00", '"a"', "\udcff"])
def test_a_damaged_file_is_located(county, content):
    Path("bad.explorer.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError) as fault:
        panels.explorer(county, state="bad")
    problem = fault.value.problems[0]
    assert (problem.code, problem.file) == ("explorer_damaged", "bad.explorer.json")


def test_every_wrong_field_of_a_view_is_named_at_once(county):
    given = {
        "metric": "incidence",
        "year": 1999,
        "level": "hamlet",
        "poverty_line": -1,
        "breaks": [2, 1],
        "main_cause": ["illness"],
        "colour": "red",
    }
    Path("odd.explorer.json").write_text(json.dumps(given))
    with pytest.raises(DataError) as fault:
        panels.explorer(county, state="odd")
    found = {(p.code, p.column or p.found) for p in fault.value.problems}
    assert found == {
        ("explorer_value", "year"),
        ("explorer_value", "level"),
        ("explorer_value", "poverty_line"),
        ("explorer_value", "main_cause"),
        ("explorer_field", "colour"),
        ("explorer_breaks", "[2, 1]"),
    }
    assert all(p.file == "odd.explorer.json" for p in fault.value.problems)


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "=cmd|' /C calc'!A0", "\uff1d1"]


def hostile_frame():
    return pd.DataFrame(
        {
            "code": [f"3418251002{i:02d}" for i in range(len(FORMULAS))],
            "name": FORMULAS,
            "value": [-1.5, np.nan, *range(len(FORMULAS) - 2)],
            "n": range(len(FORMULAS)),
        }
    )


def test_a_csv_has_its_mark_and_no_formula_and_numbers_stay_numbers():
    content = downloads.as_csv(hostile_frame())
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    assert [row[1] for row in rows] == [f"'{text}" for text in FORMULAS]
    assert rows[0][2] == "-1.5" and rows[1][2] == label("no_data")


def test_an_excel_file_has_codes_as_text_and_no_formula_and_the_same_bytes():
    content = downloads.as_excel(hostile_frame())
    assert content == downloads.as_excel(hostile_frame())
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    rows = list(sheet.iter_rows(min_row=2))
    assert [row[1].value for row in rows] == FORMULAS
    assert {row[1].data_type for row in rows} == {"s"}
    assert rows[0][0].data_type == "s" and rows[0][0].value == "341825100200"
    assert rows[0][2].value == -1.5 and rows[1][2].value == label("no_data")


def test_the_table_offers_what_it_shows(county, explorer):
    explorer.tabs.value = panels.TABS.index("table")
    html = explorer.pages["table"].value
    assert html.count("download=") == 2 and "data:text/csv" in html
    frame = exploration.pane_frame(county, explorer.state)
    assert list(csv.reader(io.StringIO(downloads.as_csv(frame).decode("utf-8-sig"))))[1][0] in set(
        frame["code"]
    )


def test_a_scatter_has_one_point_a_unit_with_both_values(county):
    up = measure(county, "incidence", by="village", year=2016)
    across = measure(county, "mean_income", by="village", year=2016)
    pairs = charts.paired(across, up)
    assert len(pairs) == (up["value"].notna() & across["value"].notna()).sum()
    chart = charts.scatter(across, up, marked=pairs["code"][3])
    assert pairs["name"][3] in chart.svg and label("synthetic_mark") in chart.svg


def test_fields_apply_to_any_metric_that_measure_knows(county):
    seen = replace(Exploration(), poverty_line=6000.0, main_cause="illness", universe="all")
    assert exploration.arguments(county, seen, "asset_value", None) == {}
    asked = exploration.arguments(county, seen, "entry_rate", 2016)
    assert asked["poverty_line_before"] == asked["poverty_line"] == 6000.0
    assert set(METRICS["entry_rate"].parameters) <= set(asked)
