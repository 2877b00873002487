"""A household's card and trace, lists, the heat-map, and the viewer that turns them over."""

import pandas as pd
import pytest
from browser import opened

from jingde_core.county import County, watch
from jingde_core.model.catalogue import label, value_label
from jingde_core.views import guarantee_heatmap, household_card, household_viewer, listing, trace
from jingde_core.views.traces import spelled


@pytest.fixture(scope="module")
def listed(county):
    return watch.watch_list(county)


@pytest.fixture(scope="module")
def watched(listed):
    return listed.loc[listed["verdict"] == "agrees", "household"].iloc[0]


def rows(seen):
    return [row.locator("td").all_text_contents() for row in seen.page.locator("tbody tr").all()]


def test_one_glance_tells_why_what_would_take_it_off_and_what_is_missing(
    county, watched, chromium, tmp_path
):
    card = household_card(county, watched)
    page = "<!DOCTYPE html><meta charset=utf-8>" + card.html
    with opened(chromium, page, tmp_path) as seen:
        body = rows(seen)
        text = seen.page.inner_text("body")
        assert seen.quiet()
    known = watch.trace(county, household=watched).set_index("condition")
    income = next(r for r in body if r[1] == value_label("condition", "income_below_range"))
    assert f"{known.loc['income_below_range', 'value']:,.2f}".rstrip("0").rstrip(".") in income[2]
    assert income[5] == value_label("met", known.loc["income_below_range", "met"])
    assert value_label("verdict", "agrees") in text
    assert value_label("proof", "home_check_form") in text
    assert value_label("condition", "county_confirmed") in text
    assert label("synthetic_mark") in text and county.as_of in text
    assert {r[0] for r in body} == {
        label(f"monitoring.part.{part}") for part in ("guarantees", "watch", "clearing")
    }
    assert "nan" not in text and "None" not in text


def test_every_household_present_has_a_card(county, listed):
    for verdict in set(listed["verdict"]):
        home = listed.loc[listed["verdict"] == verdict, "household"].iloc[-1]
        assert value_label("verdict", verdict) in household_card(county, home).html


def test_what_is_unknown_says_which_paper_is_missing(county):
    ungraded = county.households.query("left_on.isna() and housing_grade.isna()")["id"].iloc[0]
    html = household_card(county, ungraded).html
    assert value_label("proof", "dwelling_grading") in html
    assert label("state_unknown") in html


def test_a_trace_is_the_conditions_alone(county, watched):
    html = trace(county, watched).html
    assert label("monitoring.part.watch") in html
    assert label("monitoring.part.guarantees") not in html


def test_a_household_that_is_not_there_is_told_the_close_ones(county):
    with pytest.raises(KeyError, match="H02064"):
        household_card(county, "H0064")


def test_codes_that_could_run_are_shown_as_they_are(county, watched, chromium, tmp_path):
    evil = "<img src=x onerror=alert(1)>`${alert(1)}`"
    villages = county.tables["villages"].assign(name=evil)
    other = County({**county.tables, "villages": villages}, county.provenance, county.parameters)
    frame = watch.watch_list(other).head(3)
    page = household_card(other, watched).html + listing(other, frame).html
    with opened(chromium, "<!DOCTYPE html><meta charset=utf-8>" + page, tmp_path) as seen:
        assert evil in seen.page.inner_text("body")
        assert seen.quiet(), seen.dialogs


def test_a_list_tells_places_by_name_and_codes_in_words(county, listed):
    shown = listing(county, listed.query("verdict == 'agrees'").head(2))
    first = listed.query("verdict == 'agrees'").iloc[0]
    names = county.tables["villages"].set_index("code")["name"]
    assert names[first["village"]] in shown.html and first["village"] not in shown.html
    assert value_label("verdict", "agrees") in shown.html
    assert "income_below_range" not in shown.html


def test_several_codes_read_as_words_and_none_as_none():
    words = [value_label("measures", each) for each in ("health", "industry")]
    assert spelled("measures", "health;industry") == label("views.list_comma").join(words)
    assert spelled("measures", float("nan")) == label("monitoring.nothing")


def test_the_heat_map_counts_in_a_cell_what_is_unknown(county):
    chart = guarantee_heatmap(county, "guarantee_coverage")
    data = pd.DataFrame(next(iter(chart.spec["datasets"].values())))
    unknown = county.guarantees.query("state == 'unknown'")
    assert (data["mark"] != "").sum() == len(unknown)
    assert data["name"].nunique() == county.households.query("left_on.isna()")["village"].nunique()
    assert label("synthetic_mark") in chart.spec["title"]["subtitle"]
    assert "code" not in data and "household" not in data


def test_the_heat_map_of_a_leader_gives_no_small_number(county, monkeypatch):
    monkeypatch.setenv("JINGDE_AUDIENCE", "leader")
    chart = guarantee_heatmap(county, level="town")
    data = pd.DataFrame(next(iter(chart.spec["datasets"].values())))
    assert set(data["mark"]) <= {"", label("heatmap.small_cell"), label("heatmap.withheld")}
    assert (data["mark"] == label("heatmap.small_cell")).any()


def test_the_viewer_follows_list_village_and_household(county, listed, watched):
    viewer = household_viewer(county, verdict="agrees")
    agreed = list(listed.loc[listed["verdict"] == "agrees", "household"])
    assert list(viewer.household.options) == agreed
    viewer.household.value = agreed[3]
    assert agreed[3] in viewer.card.value
    home = listed.set_index("household").loc[agreed[5]]
    viewer.village.value = home["village"]
    assert agreed[5] in viewer.household.options
    viewer.list.value = "rule_only"
    chosen = viewer.household.value
    kept = listed.query("verdict == 'rule_only'")
    assert set(viewer.household.options) <= set(kept["household"])
    assert (chosen or "") in viewer.card.value
    bundle = viewer._repr_mimebundle_()
    assert bundle["text/html"] == viewer.card.value


def test_the_viewer_begins_with_the_household_that_is_asked_for(county, watched):
    assert watched in household_viewer(county, watched).card.value
