"""Posts, loans, subsidies, links, awards, facilities, products and sales, as reported."""

import pandas as pd
import pytest
from synthetic_county import SEEDS, Tables, fen, made

from jingde_core.synthetic.draw import stream
from jingde_core.synthetic.programmes import TRANSPORT_STEPS, _capped, _steps


@pytest.fixture(scope="module", params=SEEDS)
def tables(request: pytest.FixtureRequest) -> Tables:
    return made(request.param)


def held(tables: Tables) -> pd.DataFrame:
    """Posts with their holder and the holder's household."""
    persons = tables["persons"].rename(columns={"id": "person"})
    homes = tables["households"].rename(columns={"id": "household", "village": "home"})
    posts = tables["posts"].merge(persons, on="person", suffixes=("", "_person"))
    return posts.merge(homes, on="household", suffixes=("", "_household"))


def registered(tables: Tables, households: "pd.Series[str]") -> bool:
    homes = tables["households"].set_index("id").loc[households]
    return bool((homes["status"].eq("registered") & homes["left_on"].isna()).all())


def new_credit(tables: Tables) -> pd.DataFrame:
    return tables["loans"].query("household.notna() and granted_on >= '2020-01-01'")


def test_posts_are_held_by_different_registered_persons_who_may_hold_them(tables: Tables) -> None:
    posts = held(tables)
    age = 2020 - posts["birth_year"]
    assert len(posts) == posts["person"].nunique() == 535
    assert (posts["home"] == posts["village"]).all()
    assert registered(tables, posts["household"])
    assert age.between(16, 69).all()
    assert age[posts["kind"] == "ranger"].between(18, 65).all()
    assert posts["labour"].isin(["skilled", "ordinary", "weak"]).all()
    assert not posts.loc[posts["kind"] == "ranger", "household"].duplicated().any()


def test_temporary_posts_start_in_2020(tables: Tables) -> None:
    posts = tables["posts"]
    starts = posts.loc[posts["kind"] == "temporary", "starts_on"]
    assert (starts.dt.year == 2020).all()


def test_micro_credit_of_2020(tables: Tables) -> None:
    new = new_credit(tables)
    assert len(new) == new["household"].nunique() == 223
    assert fen(new["amount"]) == 1_070_100_000
    assert new["granted_on"].max() <= pd.Timestamp("2020-09-30")
    assert round(new["amount"].sum() / 6_800_000 - 1, 6) == 0.573676


def test_micro_credit_within_its_rules(tables: Tables) -> None:
    loans = tables["loans"][tables["loans"]["household"].notna()]
    assert (loans["amount"] <= 50_000).all() and (loans["months"] <= 36).all()
    assert (loans["purpose"] != "working_capital").all() and loans["mode"].notna().all()
    assert registered(tables, loans["household"])


def test_credit_after_the_flood(tables: Tables) -> None:
    loans = tables["loans"][tables["loans"]["event"].notna()]
    assert set(loans["event"]) == {"FLOOD-2020-07"}
    assert 6 <= len(loans) <= 8 and fen(loans["amount"]) == 30_000_000
    assert (loans["granted_on"] > "2020-07-06").all()


def test_loans_of_entities(tables: Tables) -> None:
    loans = tables["loans"][tables["loans"]["entity"].notna()]
    assert len(loans) == loans["entity"].nunique() == 8
    assert fen(loans["amount"]) == 570_000_000
    assert (loans["purpose"] == "working_capital").all() and loans["mode"].isna().all()


def test_transport_subsidies(tables: Tables) -> None:
    rows = tables["subsidies"][tables["subsidies"]["kind"] == "transport"]
    persons = tables["persons"].set_index("id").loc[rows["person"]]
    assert len(rows) == rows["person"].nunique() == 598
    assert fen(rows["amount"]) == 28_650_000
    assert set(rows["amount"]) == set(TRANSPORT_STEPS)
    assert persons["work"].isin(["province", "outside"]).all()
    assert (persons["household"].to_numpy() == rows["household"].to_numpy()).all()
    assert registered(tables, rows["household"])


def test_household_industry_projects_are_paid_from_projects_of_2020(tables: Tables) -> None:
    rows = tables["subsidies"][tables["subsidies"]["kind"] == "industry_project"]
    projects = tables["projects"]
    source = projects[
        projects["id"].str.startswith("P2020")
        & (projects["kind"] == "industry")
        & (projects["reach"] == "household")
    ]
    assert len(rows) == 1159
    assert registered(tables, rows["household"])
    assert rows["household"].value_counts().max() <= 2
    assert rows["amount"].sum() <= source["paid"].sum()


def test_leading_enterprises_back_at_work_and_their_households(tables: Tables) -> None:
    entities, links = tables["entities"], tables["industry_links"]
    leading = entities[entities["kind"] == "leading_enterprise"]
    driven = links[(links["year"] == 2020) & (links["mode"] == "enterprise")]
    assert len(leading) == 38
    assert leading["resumed_on"].between("2020-02-01", "2020-04-30").all()
    assert len(driven) == driven["household"].nunique() == 298
    assert set(driven["entity"]) == set(leading["id"])
    assert registered(tables, driven["household"])


def test_forestry_links_of_2019(tables: Tables) -> None:
    links = tables["industry_links"]
    forestry = links[(links["year"] == 2019) & (links["mode"] == "forestry")]
    members = tables["households"].set_index("id").loc[forestry["household"], "members"]
    assert len(forestry) == forestry["household"].nunique() == 869
    assert forestry["persons"].sum() == 1568
    assert fen(forestry["income"]) == 128_630_000
    assert (forestry["persons"].to_numpy() <= members.to_numpy()).all()


def test_links_of_2020_show_every_mode(tables: Tables) -> None:
    links = tables["industry_links"][tables["industry_links"]["year"] == 2020]
    assert set(links["mode"]) == {"park", "enterprise", "cooperative", "able_household", "own"}
    assert not links.duplicated(["household", "mode"]).any()


def test_alliance_of_entities(tables: Tables) -> None:
    ties = tables["entities"]["alliance_tie"]
    assert ties.notna().sum() == 22
    assert ties.nunique() == 4
    assert 80 <= len(ties) <= 110


def test_certified_and_displayed_products_and_their_suppliers(tables: Tables) -> None:
    products = tables["products"]
    assert len(products) == 133
    assert products["certified_on"].max() <= pd.Timestamp("2020-09-30")
    assert (products["displayed_on"] >= products["certified_on"]).all()
    assert products["displayed_on"].max() <= pd.Timestamp("2020-09-30")
    assert products["entity"].nunique() == 37


def test_sales_of_2020(tables: Tables) -> None:
    sales = tables["sales"]
    assert fen(sales["amount"]) == 13_100_000_000
    assert sales["date"].between("2020-01-01", "2020-09-30").all()
    assert set(sales["entity"]) == set(tables["products"]["entity"])


def test_entities_at_the_fair(tables: Tables) -> None:
    sales = tables["sales"]
    assert sales.loc[sales["channel"] == "fair", "entity"].nunique() == 4


def test_aid_to_students(tables: Tables) -> None:
    rows = tables["awards"][tables["awards"]["kind"] == "student_aid"]
    persons = tables["persons"].set_index("id").loc[rows["person"]]
    assert len(rows) == rows["person"].nunique() == 305
    assert fen(rows["amount"]) == 46_120_000
    assert (persons["in_school"] != "none").all()
    assert registered(tables, rows["household"])


def test_aid_to_students_after_the_flood(tables: Tables) -> None:
    rows = tables["awards"][tables["awards"]["kind"] == "flood_student_aid"]
    assert len(rows) == rows["person"].nunique() == 13
    assert fen(rows["amount"]) == 320_000
    assert rows["date"].between("2020-07-07", "2020-07-31").all()


@pytest.mark.parametrize(
    ("kind", "count"), [("chronic_certificate", 1873), ("two_disease_certificate", 76)]
)
def test_certificates(tables: Tables, kind: str, count: int) -> None:
    rows = tables["awards"][tables["awards"]["kind"] == kind]
    assert len(rows) == count
    assert (rows["person"].isna() == rows["household"].isna()).all()
    assert not rows["person"].dropna().duplicated().any()
    assert rows["person"].isna().any() and rows["amount"].isna().all()


def test_workers_in_workshops(tables: Tables) -> None:
    shops = tables["facilities"][tables["facilities"]["kind"] == "workshop"]
    assert (shops["people"].sum(), shops["registered_people"].sum()) == (107, 34)
    assert (shops["registered_people"] <= shops["people"]).all()


def test_village_doctors(tables: Tables) -> None:
    clinics = tables["facilities"][tables["facilities"]["kind"] == "clinic"]
    doctors = clinics.groupby("staffing")["people"].sum()
    assert doctors.to_dict() == {"recruited": 2, "rehired": 23, "posted": 9}
    assert clinics["village"].is_unique


def test_loans_under_the_cap_that_cannot_reach_a_total_are_refused() -> None:
    assert _capped(stream(1, "x"), 147_000, 3).sum() == 147_000
    with pytest.raises(ValueError, match="cannot sum"):
        _capped(stream(1, "x"), 160_000, 3)


def test_subsidies_that_no_steps_can_sum_to_are_refused() -> None:
    low, middle, high = _steps(598, 286_500, 400, 900)
    assert (low + middle + high, 300 * low + 500 * middle + 800 * high) == (598, 286_500)
    with pytest.raises(ValueError, match="sum to"):
        _steps(3, 100, 3, 3)
