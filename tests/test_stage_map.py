"""Stages of a flood on one scale with a slider in the page, and the bridge between them."""

import json

import pytest
from browser import opened
from small_flood import EVENT, small_chain, small_county

import jingde_core as jc
from jingde_core.county import aftermath
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.views.charts import Chart

STAGES = ("income_before", "income_after_shock", "resources")


@pytest.fixture(scope="module")
def small(county):
    return small_county(county)


@pytest.fixture(scope="module")
def stages(small):
    chain = small_chain(small).reset_index()
    return {name: aftermath.stage(small, chain, name) for name in STAGES}


def slide(tab, place):
    tab.evaluate(
        "i => { const s = document.querySelector('.jd-stages input'); s.value = i;"
        " s.dispatchEvent(new Event('input')); }",
        place,
    )


def test_a_stage_is_a_county_that_every_measure_runs_on(small, stages):
    found = {
        name: jc.measure(each, "headcount_ratio", poverty_line=6000)["value"].item()
        for name, each in stages.items()
    }
    assert found == {name: pytest.approx(n / 7) for name, n in zip(STAGES, (4, 6, 6), strict=True)}
    assert small.households["income_per_head"].tolist() == [6500, 10000, 5000, 4200]


def test_the_slider_repaints_every_level_on_one_scale_without_network(chromium, tmp_path, stages):
    drawn = jc.views.stage_map(stages, "headcount_ratio", poverty_line=6000)
    with opened(chromium, drawn.document, tmp_path) as seen:
        tab = seen.page
        tab.wait_for_selector(".jd-stages .jd-now")
        shown = []
        for place in range(3):
            slide(tab, place)
            state = tab.evaluate("jingde.state()")
            shown.append((tab.locator("#jd-title").inner_text(), state["legend"], state["rows"]))
        told = zip(STAGES, shown, strict=True)
        assert all(label(f"value.stage.{stage}") in each[0] for stage, each in told)
        assert len({json.dumps([row[:2] for row in legend]) for _, legend, _ in shown}) == 1
        assert shown[0][2] != shown[1][2]
        tab.locator(".jd-stages span").first.click()
        assert tab.locator("#jd-title").inner_text() == shown[0][0]
        assert label("scenario_mark") in tab.locator("footer").inner_text()
        assert seen.quiet()


def test_a_measure_without_declared_classes_is_cut_over_all_stages_together(stages):
    drawn = jc.views.stage_map(stages, "mean_income", level="town")
    assert len(drawn.paintings["town"].classes.entries) > 1
    one = jc.views.stage_map(dict(list(stages.items())[:1]), "mean_income", level="town")
    assert one.paintings["town"].classes != drawn.paintings["town"].classes


def test_the_same_stages_give_the_same_bytes(stages):
    one, two = (jc.views.stage_map(stages, "headcount_ratio", level="town") for _ in range(2))
    assert one.document == two.document


def test_a_map_without_stages_has_no_slider(chromium, tmp_path, small):
    with opened(chromium, jc.views.village_map(small, "persons").document, tmp_path) as seen:
        seen.page.wait_for_selector(".jd-legend li")
        assert seen.page.locator(".jd-stages").count() == 0 and seen.quiet()


@pytest.mark.parametrize("relieved", ["income_after_relief", "resources"])
def test_the_bridge_says_on_which_income_it_stands_and_carries_its_marks(small, relieved):
    chain = small_chain(small).reset_index()
    made = aftermath.bridge(small, chain, alpha=1, poverty_line=6000, relieved=relieved)
    drawn = jc.views.bridge(made)
    assert isinstance(drawn, Chart)
    said = " ".join(drawn.spec["title"]["subtitle"])
    for key in (f"flood.relieved.{relieved}", "scenario_mark", "synthetic_mark"):
        assert label(key) in said
    (rows,) = drawn.spec["datasets"].values()
    bars = [(row["start"], row["end"]) for row in rows]
    assert bars[0] == (0.0, pytest.approx(7200 / 42000))
    assert all(a[1] == pytest.approx(b[0]) for a, b in zip(bars, bars[1:], strict=False) if b[0])
    assert all(row["name"] and row["text"] for row in rows)


def test_a_bridge_without_provenance_is_refused(small):
    chain = small_chain(small).reset_index()
    made = aftermath.bridge(small, chain, alpha=0, poverty_line=6000, relieved="resources")
    made.attrs.pop("provenance")
    with pytest.raises(DataError):
        jc.views.bridge(made)


def test_affected_villages_can_be_mapped_by_event(county):
    drawn = jc.views.village_map(
        county, "affected_rate", level="town", where={"event": "FLOOD-2020-07"}
    )
    assert EVENT not in drawn.title and label("metric.affected_rate") in drawn.title
