"""The report's figures out of the rows, and how agreement is judged."""

import pandas as pd
import pytest

import jingde_core as jc
from jingde_core.county.reconciliation import status
from jingde_core.metrics import METRICS
from jingde_core.model.catalogue import label
from jingde_core.model.place import shipped


@pytest.fixture(scope="module")
def figures(county):
    return jc.reconcile(county).set_index("figure_id")


def test_every_figure_of_the_report_stands_there_once(figures):
    assert len(figures) == 156
    assert figures.index.is_unique


def test_nothing_differs(figures):
    wrong = figures[figures["status"] == "differs"]
    assert wrong.empty, wrong[["reported", "computed"]]


def test_what_has_rows_behind_it_is_computed(figures):
    assert (figures["status"] != "recorded").sum() >= 125
    assert (figures["rule"] != "").sum() == (figures["status"] != "recorded").sum()


def test_figures_without_rows_are_only_recorded(figures):
    recorded = figures[figures["status"] == "recorded"]
    assert {"area", "study_sessions", "pocket_books_printed", "survey_satisfaction"} <= set(
        recorded.index
    )
    assert recorded["computed"].isna().all()


def test_a_synthetic_register_is_no_independent_check(figures):
    assert not figures.loc["registered_persons_now", "independent"]
    assert not figures.loc["assets_total", "independent"]


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("registered_persons_now", 4171),
        ("assets_total", 8635.6),
        ("pv_wage_share", 81.75),
        ("flood_water_persons", 503),
        ("flood_poor_households", 503),
    ],
)
def test_a_figure_comes_out_of_the_rows(figures, figure, value):
    assert figures.loc[figure, "computed"] == pytest.approx(value, abs=1e-9)


def test_incidence_names_its_denominator(county):
    found = jc.measure(county, "incidence", year=2014)
    assert found.attrs["denominator"] == "rural_population"
    assert found["denominator"].item() == 122222
    assert found["value"].item() == pytest.approx(5500 / 122222, abs=1e-12)


@pytest.mark.parametrize(
    "trap",
    [
        "poverty_incidence_2014",
        "credit_excess",
        "flood_water_persons",
        "flood_poor_households",
        "temporary_posts",
        "relief_workers",
        "certified_products",
        "displayed_products",
        "poor_households_2014",
        "poor_persons_2014",
        "monitored_lifted",
    ],
)
def test_the_reports_own_traps_are_explained(figures, trap):
    assert len(figures.loc[trap, "note"]) > 10


def test_every_rule_names_a_figure_and_declared_metrics(figures):
    rules = pd.read_csv(shipped("data") / "reconciliation.csv", dtype=str, keep_default_na=False)
    assert set(rules["figure_id"]) <= set(figures.index)
    for names in rules["metric"]:
        for name in filter(None, names.split("+")):
            assert METRICS[name].name == name


def test_a_row_taken_away_is_seen(county):
    tables = dict(county.tables)
    tables["posts"] = tables["posts"].iloc[1:]
    fewer = jc.County(tables, county.provenance, county.parameters)
    changed = jc.reconcile(fewer).set_index("figure_id")
    assert (changed["status"] == "differs").sum() == 1
    assert changed["difference"].dropna().abs().max() >= 1


@pytest.mark.parametrize(
    ("reported", "computed", "qualifier", "expected"),
    [
        (8, 8.0, "exact", "equal"),
        (8, 9.0, "exact", "differs"),
        (81.75, 81.75000000001, "rounded", "equal"),
        (96.2, 96.2463, "rounded", "rounded"),
        (96.2, 96.2563, "rounded", "differs"),
        (57.36, 57.3676, "truncated", "rounded"),
        (57.36, 57.3576, "truncated", "differs"),
        (390, 391.0, "at_least", "rounded"),
        (390, 389.0, "at_least", "differs"),
        (37000, 37473.0, "at_least", "rounded"),
        (37000, 38000.0, "at_least", "differs"),
        (7, float("nan"), "ambiguous", "recorded"),
    ],
)
def test_agreement_follows_the_way_a_figure_was_printed(reported, computed, qualifier, expected):
    assert status(reported, computed, qualifier) == expected


def test_the_marks_are_in_chinese():
    assert "非独立核对" in label("calibrated_mark", lang="zh")
