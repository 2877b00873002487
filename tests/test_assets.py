"""Funds and assets: metrics worked by hand on few rows, then the figures of the shipped county."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.county import County, measure
from jingde_core.metrics import METRICS, assets
from jingde_core.metrics.contract import InputError
from jingde_core.metrics.pv import pv_cumulated_share, pv_wage_share
from jingde_core.views.diagrams import matrix, sankey, treemap

DAY = pd.Timestamp
LIFE = {"asset_life_fixed": 20, "asset_life_biological": 10}


def value(county, name, **asked):
    return measure(county, name, **asked)["value"].iloc[0]


@pytest.fixture
def small(county):
    """Two villages: a leased workshop of 100,000 and a road of 300,000, one project each."""
    a, b = "341825100200", "341825101202"
    tables = {name: frame.head(0) for name, frame in county.tables.items()}
    for name in ("towns", "villages", "report_figures"):
        tables[name] = county.tables[name]
    tables["entities"] = county.tables["entities"].head(1)
    tables["funds"] = county.tables["funds"].head(1).assign(id="F1", year=2018, allotted=600_000.0)
    steps = ["proposed_on", "checked_on", "approved_on", "listed_on", "noticed_on"]
    dates = {name: DAY(2018, 1, 1 + day) for day, name in enumerate(steps)}
    project = county.tables["projects"].head(1)
    tables["projects"] = pd.concat(
        [
            project.assign(
                id="P1",
                fund="F1",
                village=a,
                kind="industry",
                reach="village",
                budget=120_000.0,
                paid=110_000.0,
                **dates,
            ),
            project.assign(
                id="P2",
                fund="F1",
                village=b,
                kind="road",
                reach="village",
                budget=480_000.0,
                paid=310_000.0,
                carried_over=True,
                **dates,
            ),
        ],
        ignore_index=True,
    )
    asset = county.tables["assets"].head(1).assign(form="fixed", built_on=DAY(2018, 9, 30))
    tables["assets"] = pd.concat(
        [
            asset.assign(id="A1", name="x", asset_class="operating", project="P1", village=a,
                         owner="village", original_value=100_000.0, state="leased",
                         operator=county.tables["entities"]["id"].iloc[0]),
            asset.assign(id="A2", name="y", asset_class="public", project="P2", village=b,
                         owner=None, original_value=300_000.0, state="in_use"),
        ],
        ignore_index=True,
    )  # fmt: skip
    entry = county.tables["ledger_entries"].head(1)
    kept = [("A1", "registration"), ("A1", "ownership"), ("A1", "upkeep"), ("A2", "registration")]
    tables["ledger_entries"] = pd.concat(
        [
            entry.assign(
                id=f"L{n}", asset=asset_id, ledger=ledger, date=DAY(2019, 3, 1), amount=700.0
            )
            for n, (asset_id, ledger) in enumerate(kept)
        ],
        ignore_index=True,
    )
    lease = county.tables["leases"].head(1).assign(asset="A1", village=a)
    tables["leases"] = pd.concat(
        [
            lease.assign(id=f"R{year}", starts_on=DAY(year, 1, 1), ends_on=DAY(year, 12, 31),
                         receivable=6_000.0, received=received)
            for year, received in ((2019, 6_000.0), (2020, 4_000.0))
        ],
        ignore_index=True,
    )  # fmt: skip
    paid = county.tables["distributions"].head(1).assign(asset="A1", station=None, village=a)
    tables["distributions"] = paid.assign(id="D1", date=DAY(2019, 9, 1), amount=3_000.0)
    provenance = county.provenance.assign(as_of="2020-09-30")
    return County(tables, provenance, county.parameters)


def test_worked_by_hand_on_two_assets(small):
    assert value(small, "asset_value") == 400_000
    assert value(small, "asset_ownership_rate") == 0.25
    assert value(small, "asset_completeness") == 0
    # 7 ledgers are due: 3 for the public asset, 4 for the operating one; 4 are there
    assert value(small, "ledger_completeness") == pytest.approx(4 / 7)
    assert value(small, "project_mean_budget") == 300_000
    assert value(small, "expenditure_progress") == pytest.approx(420 / 600)
    assert value(small, "unpaid_carried") == 170_000
    assert value(small, "carried_over_rate") == 0.5
    assert value(small, "rent_owed") == 2_000
    assert value(small, "rent_collection_rate") == pytest.approx(10 / 12)


def test_the_return_is_by_year_and_a_year_without_distribution_is_zero(small):
    found = measure(small, "asset_return", by="year").set_index("code")["value"]
    assert found.to_dict() == {"2019": 0.03, "2020": 0.0}
    assert value(small, "asset_distribution_rate", where={"year": 2019}) == 0.5
    assert value(small, "asset_upkeep") == 700


def test_book_value_of_two_years_out_of_twenty(small):
    age = (DAY(2020, 9, 30) - DAY(2018, 9, 30)).days / 365.25
    assert value(small, "asset_book_value") == pytest.approx(400_000 * (1 - age / 20))
    assert value(small, "asset_book_value", asset_life_fixed=1) == 0


def test_groups_by_village_class_form_year_owner_and_manager(small):
    for by, rows in (("village", 2), ("town", 2), ("asset_class", 2), ("year", 2), ("owner", 1)):
        assert measure(small, "asset_completeness", by=by)["n"].sum() == rows, by
    managers = measure(small, "idle_rate", by="manager")
    assert managers["name"].tolist() == small.entities["name"].tolist()
    assert managers["value"].tolist() == [0]


def test_a_village_without_registered_persons_has_no_value_a_head(small):
    found = measure(small, "asset_value_per_person", by="village")
    assert found["value"].isna().all()


@pytest.mark.parametrize(
    "age, form, kept",
    [(0, "fixed", 1.0), (5, "fixed", 0.75), (25, "fixed", 0.0), (5, "biological", 0.5)]
    + [(30, "equity", 1.0)],
)
def test_straight_line_by_form(age, form, kept):
    forms = {"fixed": [form == "fixed"], "biological": [form == "biological"]}
    found = assets.asset_book_value(original_value=[1000], age=[age], **forms, **LIFE)
    assert found == 1000 * kept


def test_a_life_of_zero_years_is_refused():
    with pytest.raises(InputError):
        assets.asset_book_value(
            original_value=[1], age=[1], fixed=[True], biological=[False],
            asset_life_fixed=0, asset_life_biological=10,
        )  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 1e7), st.integers(0, 500)), min_size=1, max_size=30))
def test_shortfalls_sum_to_nothing_and_vanish_where_assets_follow_need(rows):
    held, need = np.array(rows).T
    gap = assets.shortfall(held, need)
    if need.sum() == 0:
        assert np.isnan(gap).all()
    else:
        assert gap.sum() == pytest.approx(0, abs=1e-6 * (1 + held.sum()))
        assert assets.shortfall(need * 3.0, need) == pytest.approx(0, abs=1e-6)


def test_a_negative_need_is_refused():
    with pytest.raises(InputError):
        assets.shortfall([1, 2], [1, -1])


def test_the_80_percent_rule_net_and_gross():
    paid = {"wages": [82], "income": [105], "upkeep": [5]}
    assert pv_wage_share(**paid) == 0.82
    assert pv_wage_share(**paid, net=False) == pytest.approx(82 / 105)
    assert np.isnan(pv_wage_share(wages=[0], income=[5], upkeep=[5]))


def test_running_sums_count_only_the_last_month():
    months = {"month": [1, 1, 2, 2], "upkeep": [0, 0, 0, 0]}
    found = pv_cumulated_share(**months, wages=[1, 1, 30, 50], income=[9, 9, 50, 50])
    assert found == 0.8


def test_pv_cumulated_ends_at_the_report_and_holds_the_floor(county):
    assert value(county, "pv_cumulated_share") == pytest.approx(0.8175)
    by_station = measure(county, "pv_cumulated_share", by=["station", "month"])
    assert len(by_station) == 12 * 9 and (by_station["value"] >= 0.8).all()
    last = measure(county, "pv_cumulated_share", by="village")["value"].dropna()
    total = measure(county, "pv_wage_share", by="village")["value"].dropna()
    assert last.tolist() == pytest.approx(total.tolist())


def test_the_figures_of_the_report_stand_as_sums_of_rows(county):
    assert value(county, "asset_value") == 86_356_000
    assert value(county, "project_budget", year=2020) == 20_950_000
    assert round(value(county, "expenditure_progress", year=2020), 4) == 0.962
    assert round(value(county, "pv_wage_share"), 4) == 0.8175
    assert round(value(county, "asset_value_per_person")) == 20_704
    assert round(value(county, "project_mean_budget", year=2020) / 1e4, 1) == 49.9


@pytest.mark.parametrize("by", ["village", "town", "asset_class", "form", "year", "manager"])
def test_parts_of_the_value_sum_to_the_whole(county, by):
    parts = measure(county, "asset_book_value", by=by)
    expected = county.frame("asset_accounts").dropna(subset=by).index
    if by == "manager":
        assert 0 < len(expected) < 320
    else:
        assert parts["value"].sum() == pytest.approx(value(county, "asset_book_value"))


def test_stations_without_months_on_record_are_unknown_not_zero(county):
    years = county.frame("asset_years")
    stations = years["asset"].isin(county.pv_stations["asset"])
    assert years.loc[stations & (years["year"] < 2020), "distributed"].isna().all()
    assert years.loc[stations & (years["year"] == 2020), "earned"].gt(0).all()
    assert years.loc[~stations, "distributed"].notna().all()


def test_every_metric_of_the_funds_is_drawn_with_its_label(county):
    tables = ("asset_accounts", "asset_years", "ledgers_due", "lease_accounts", "pv_cumulated")
    names = [name for name, each in METRICS.items() if each.table in tables]
    assert len(names) > 15
    for name in names:
        frame = measure(county, name, by="village")
        assert len(frame) == 68 and frame.attrs["provenance"] == ["synthetic"]


def test_the_treemap_fills_the_whole_and_the_matrix_has_a_cell_for_each_pair(county):
    drawn = treemap(measure(county, "asset_value", by=["asset_class", "form"])).spec
    rows = next(iter(drawn["datasets"].values()))
    area = sum((r["x2"] - r["x"]) * (r["y2"] - r["y"]) for r in rows)
    assert area == pytest.approx(1)
    cells = matrix(measure(county, "ledger_completeness", by=["town", "ledger"])).spec
    assert len(next(iter(cells["datasets"].values()))) == 10 * 5


def test_the_flow_chart_keeps_its_bands_apart_and_in_the_frame():
    rows = [("a", "m", 30.0), ("b", "m", 10.0), ("m", "x", 25.0), ("m", "y", 15.0)]
    frame = pd.DataFrame(rows, columns=["source", "target", "value"])
    spec = sankey(frame, title="t", provenance=["synthetic"]).spec
    bands = [row for data in spec["datasets"].values() for row in data if "band" in row]
    assert {row["band"] for row in bands} == {0, 1, 2, 3}
    assert all(-1e-9 <= row["y"] < row["y2"] <= 1 + 1e-9 for row in bands)
    thick = {row["band"]: row["y2"] - row["y"] for row in bands}
    assert thick[0] == pytest.approx(3 * thick[1], rel=0.01)
