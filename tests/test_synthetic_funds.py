"""Funds, projects, assets, ledgers, stations and distributions of the calibrated county."""

import numpy as np
import pandas as pd
import pytest
from synthetic_county import SEEDS, Tables, fen, made

from jingde_core.model.catalogue import label
from jingde_core.model.tables.funds import LEDGERS
from jingde_core.synthetic.register import JIANGCUN, LUXI

REQUIRED = {
    "public": LEDGERS[:3],
    "operating": LEDGERS[:4],
    "household": LEDGERS[:2],
}


@pytest.fixture(scope="module", params=SEEDS)
def tables(request: pytest.FixtureRequest) -> Tables:
    return made(request.param)


def current(projects: pd.DataFrame) -> pd.DataFrame:
    return projects[projects["id"].str.startswith("P2020")]


def station_wages(tables: Tables) -> pd.DataFrame:
    shared = tables["distributions"]
    return shared[shared["kind"].isin(["post_wage", "temporary_wage"])]


def station_net(tables: Tables) -> "pd.Series[float]":
    months = tables["pv_months"]
    return (months["income"] - months["upkeep"]).groupby(months["station"]).sum()


def test_projects_and_project_funds_of_2020(tables: Tables) -> None:
    projects, funds = current(tables["projects"]), tables["funds"]
    allotted = funds.loc[funds["year"] == 2020, "allotted"]
    assert len(projects) == 42
    assert fen(projects["budget"]) == fen(allotted) == 2_095_000_000


def test_every_fund_is_budgeted_to_its_projects_of_the_same_year(tables: Tables) -> None:
    funds = tables["funds"].set_index("id")
    budget = tables["projects"].groupby("fund")["budget"].sum()
    assert np.allclose(budget, funds.loc[budget.index, "allotted"])
    assert (tables["projects"]["fund"].str[1:5] == tables["projects"]["id"].str[1:5]).all()


def test_projects_are_paid_in_full_when_settled_and_only_then(tables: Tables) -> None:
    projects = tables["projects"]
    assert ((projects["paid"] == projects["budget"]) == projects["settled_on"].notna()).all()


def test_project_dates_are_in_order(tables: Tables) -> None:
    dates = tables["projects"][
        ["listed_on", "noticed_on", "tendered_on", "accepted_on", "settled_on"]
    ]
    filled = dates.ffill(axis=1)
    for before, after in zip(dates.columns, dates.columns[1:], strict=False):
        assert (filled[before] <= filled[after]).all()
    assert dates.max().max() <= pd.Timestamp("2020-09-30")


def test_flood_projects_and_their_repair_cost(tables: Tables) -> None:
    damaged = tables["projects"][tables["projects"]["flood_damaged"]]
    assert len(damaged) == 12
    assert fen(damaged["repair_cost"]) == 115_000_000
    assert tables["projects"]["repair_cost"].notna().sum() == 12


def test_assets_total(tables: Tables) -> None:
    assets = tables["assets"]
    assert fen(assets["original_value"]) == 8_635_600_000
    assert set(assets["asset_class"]) == set(REQUIRED)
    assert set(assets["form"]) == {"fixed", "biological", "equity"}
    assert 300 <= len(assets) <= 420


def test_assets_come_from_accepted_projects_of_their_village_within_what_was_paid(
    tables: Tables,
) -> None:
    assets = tables["assets"]
    projects = tables["projects"].set_index("id").loc[assets["project"]]
    assert (projects["village"].to_numpy() == assets["village"].to_numpy()).all()
    assert (projects["accepted_on"].to_numpy() <= assets["built_on"].to_numpy()).all()
    value = assets.groupby("project")["original_value"].sum()
    assert (value <= tables["projects"].set_index("id").loc[value.index, "paid"]).all()


def test_asset_ledgers_are_complete_by_class_and_all_five_are_kept(tables: Tables) -> None:
    rows = tables["ledger_entries"]
    assert rows["ledger"].nunique() == 5
    kept = rows.groupby("asset")["ledger"].agg(set)
    for asset in tables["assets"].itertuples():
        assert set(REQUIRED[asset.asset_class]) <= kept[asset.id]
        assert (asset.state == "disposed") == ("disposal" in kept[asset.id])


def test_model_village_keeps_all_five_ledgers(tables: Tables) -> None:
    mine = tables["assets"].loc[tables["assets"]["village"] == JIANGCUN, "id"]
    rows = tables["ledger_entries"]
    assert set(rows.loc[rows["asset"].isin(mine), "ledger"]) == set(LEDGERS)


def test_ledger_rows_are_not_older_than_their_asset(tables: Tables) -> None:
    built = tables["assets"].set_index("id")["built_on"]
    rows = tables["ledger_entries"]
    assert (rows["date"] >= rows["asset"].map(built)).all()
    assert rows["date"].max() <= pd.Timestamp("2020-09-30")


def test_every_asset_has_an_owner_and_every_operating_asset_an_operator(tables: Tables) -> None:
    assets = tables["assets"]
    assert assets["owner"].notna().all()
    assert ((assets["asset_class"] == "operating") == assets["operator"].notna()).all()


def test_distributed_income_is_within_the_income_of_asset_and_year(tables: Tables) -> None:
    leases, shared = tables["leases"], tables["distributions"]
    earned = leases.groupby(["asset", leases["starts_on"].dt.year])["received"].sum()
    paid = shared[shared["asset"].notna()]
    paid = paid.groupby(["asset", paid["date"].dt.year])["amount"].sum()
    assert (paid <= earned.reindex(paid.index) + 0.005).all()


def test_distribution_ledger_holds_what_was_shared(tables: Tables) -> None:
    rows = tables["ledger_entries"]
    shared = tables["distributions"]["amount"]
    assert fen(rows.loc[rows["ledger"] == "distribution", "amount"].dropna()) == fen(shared)


def test_dividends_of_2020_are_within_the_households_property_income(tables: Tables) -> None:
    shared = tables["distributions"]
    got = shared[shared["asset"].notna() & (shared["date"].dt.year == 2020)]
    got = got.dropna(subset="household").groupby("household")["amount"].sum()
    property_income = tables["households"].set_index("id")["property"]
    assert len(got) > 50
    assert (got <= property_income[got.index] + 0.005).all()


def test_pv_stations_by_poor_village(tables: Tables) -> None:
    poor = tables["villages"].set_index("code")["poor_2014"]
    stations = tables["pv_stations"]
    assert len(stations) == stations["village"].nunique() == 12
    assert stations["village"].map(poor).sum() == 7
    capacity = stations.set_index("village")["capacity"]
    assert (capacity["341825101202"], capacity["341825100200"]) == (60, 120)


def test_pv_wages_and_their_share_of_net_income(tables: Tables) -> None:
    wages, net = station_wages(tables), station_net(tables)
    assert fen(wages["amount"]) == 32_700_000
    assert fen(net) == 40_000_000
    assert wages["station"].notna().all()


def test_pv_floor_holds_at_every_station_and_month_end(tables: Tables) -> None:
    shared, months, wages = tables["distributions"], tables["pv_months"], station_wages(tables)
    month = wages["date"].dt.to_period("M").rename("month")
    paid = wages.groupby(["station", month])["amount"].sum().unstack().cumsum(axis=1)
    net = (months["income"] - months["upkeep"]).groupby(
        [months["station"], months["month"].dt.to_period("M")]
    )
    share = paid / net.sum().unstack().cumsum(axis=1)
    assert share.min().min() >= 0.80
    assert share.max().max() <= 1.0
    all_paid = shared[shared["station"].notna()].groupby("station")["amount"].sum()
    assert (all_paid <= station_net(tables) + 0.005).all()


def test_pv_wages_are_those_of_the_posts(tables: Tables) -> None:
    posts, persons = tables["posts"], tables["persons"].set_index("id")
    paid = posts[posts["kind"].isin(["pv", "temporary"])]
    first = paid["starts_on"].where(paid["starts_on"].dt.year == 2020, pd.Timestamp("2020-01-01"))
    due = paid["wage"] * (10 - first.dt.month)
    due = due.groupby(paid["person"].map(persons["household"])).sum()
    got = station_wages(tables)
    pd.testing.assert_series_equal(got.groupby("household")["amount"].sum(), due, check_names=False)


def test_luxi_income(tables: Tables) -> None:
    income = tables["collective_income"].set_index(["village", "year", "source"])["amount"]
    assert income[LUXI, 2020, "lease"] == 100_000
    assert income[LUXI, 2020, "share"] == 18_000
    garden = tables["leases"][tables["leases"]["village"] == LUXI]
    assert garden["asset"].isna().all()
    assert (garden["receivable"] == garden["received"]).all()


def test_collective_rents_are_those_of_the_leases(tables: Tables) -> None:
    income, leases = tables["collective_income"], tables["leases"]
    rents = income.loc[income["source"].isin(["lease", "share"]), "amount"]
    assert fen(rents) == fen(leases["received"]) + 1_800_000


def test_names_of_assets_and_entities_are_evidently_invented(tables: Tables) -> None:
    villages = tables["villages"].set_index("code")["name"]
    assets, entities = tables["assets"], tables["entities"]
    for name, village in zip(assets["name"], assets["village"].map(villages), strict=True):
        assert name.startswith(village)
    assert not assets["name"].duplicated().any()
    mark = label("synthetic.entity.park", lang="zh", number="")[:2]
    assert entities["name"].str.startswith(mark).all()
    assert entities["name"].is_unique
