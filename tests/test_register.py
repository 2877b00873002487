"""The synthetic register gives the report's figures from its rows, and its rows hold together."""

import numpy as np
import pandas as pd
import pytest
from synthetic_county import SEEDS, Tables, made

from jingde_core.geography.register import read_register
from jingde_core.model.parameters import Parameters

COMPONENTS = ["wage", "business", "property", "transfer"]


@pytest.fixture(params=SEEDS, scope="module")
def register(request: pytest.FixtureRequest) -> Tables:
    return made(request.param)


@pytest.fixture
def figure(register: Tables) -> "pd.Series[float]":
    return register["report_figures"].set_index("figure_id")["value"]


@pytest.fixture
def here(register: Tables) -> pd.DataFrame:
    """Households on the register or watched now."""
    households = register["households"]
    return households[households["status"] != "other"].set_index("id")


@pytest.fixture
def registered(here: pd.DataFrame) -> pd.DataFrame:
    return here[here["status"] == "registered"]


@pytest.fixture
def people(register: Tables, here: pd.DataFrame) -> pd.DataFrame:
    gained = ["status", "village", "members", "attribute", "main_cause", "wage"]
    people = register["persons"].join(here[gained], on="household")
    return people.assign(age=2020 - people["birth_year"])


def test_stock_of_2014(register: Tables, figure: "pd.Series[float]") -> None:
    years = register["household_years"]
    first = years[years["year"] == 2014]
    assert set(first["status"]) == {"poor"}
    assert len(first) == figure["poor_households_2014"]
    persons = first["members"].sum()
    assert persons == figure["poor_persons_2014"]
    rural = register["villages"]["rural_population"].sum()
    assert round(100 * persons / rural, 1) == figure["poverty_incidence_2014"]


def test_lifted_since_2014_by_their_size_when_lifted(
    register: Tables, figure: "pd.Series[float]"
) -> None:
    lifted = register["households"].dropna(subset=["lifted_on"])
    assert len(lifted) == figure["lifted_households_cum"]
    years = register["household_years"].merge(lifted, left_on="household", right_on="id")
    then = years[years["year"] == years["lifted_on"].dt.year]
    assert len(then) == len(lifted)
    assert then["members_x"].sum() == figure["lifted_persons_cum"]
    assert lifted["lifted_on"].dt.year.max() == 2019


def test_on_the_register_now_and_still_to_lift(
    registered: pd.DataFrame, here: pd.DataFrame, figure: "pd.Series[float]"
) -> None:
    assert len(registered) == figure["registered_households_now"]
    assert registered["members"].sum() == figure["registered_persons_now"]
    waiting = registered[registered["exit_status"] == "not_lifted"]
    assert len(waiting) == figure["to_lift_households_2020"]
    assert waiting["members"].sum() == figure["to_lift_persons_2020"]
    assert registered["left_on"].isna().all()
    assert (here["status"] == "edge").sum() == figure["monitored_edge"]
    assert here.loc[here["status"] == "edge", "members"].sum() == 443


def test_those_gone_left_for_a_reason(register: Tables) -> None:
    gone = register["households"].query("status == 'other'")
    assert gone["left_on"].notna().all()
    reasons = gone.groupby("exit_status")["reason_left"].agg(set)
    assert reasons["lifted_without_policy"] == {"support_ended"}
    assert reasons["never_lifted"] == {"natural", "cleared_out"}
    assert (gone["reason_left"] == "support_ended").sum() == 745
    assert gone[["income_per_head", "helper", "housing_grade"]].isna().all(axis=None)


def test_stock_and_flow_join_in_every_year(register: Tables) -> None:
    households = register["households"].query("status != 'edge'")
    years = register["household_years"].query("status != 'edge'")
    stock = years.groupby("year").size()
    entered = households["registered_on"].dt.year.value_counts()
    left = households["left_on"].dt.year.value_counts()
    for year in range(2015, 2021):
        flow = entered.get(year, 0) - left.get(year, 0)
        assert stock[year] == stock[year - 1] + flow
    poor = years[years["status"] == "poor"].groupby("year").size()
    assert poor.is_monotonic_decreasing
    lifted = households["lifted_on"].dt.year.value_counts()
    never = households[households["exit_status"] == "never_lifted"]
    never_left = never["left_on"].dt.year.value_counts()
    for year in range(2015, 2021):
        flow = entered.get(year, 0) - lifted.get(year, 0) - never_left.get(year, 0)
        assert poor[year] == poor[year - 1] + flow


def test_a_household_has_a_row_for_each_year_it_was_listed(register: Tables) -> None:
    households = register["households"].query("status != 'edge'").set_index("id")
    years = register["household_years"].groupby("household")["year"].agg(["min", "max", "size"])
    years = years.loc[households.index]
    assert (years["min"] == households["registered_on"].dt.year).all()
    last = households["left_on"].dt.year.sub(1).fillna(2020)
    assert (years["max"] == last).all()
    assert (years["size"] == years["max"] - years["min"] + 1).all()


def test_poor_is_below_the_line_of_its_year_and_lifted_is_not(register: Tables) -> None:
    years = register["household_years"]
    parameters = Parameters.load()
    line = years["year"].map({y: parameters.value("poverty_line", y) for y in range(2014, 2021)})
    assert ((years["income_per_head"] < line) == (years["status"] == "poor")).all()
    assert (years["income_per_head"] > 0).all()


def test_the_last_year_is_the_household_as_it_stands(register: Tables, here: pd.DataFrame) -> None:
    last = register["household_years"].query("year == 2020").set_index("household")
    assert set(last.index) == set(here.index)
    for column in ("members", "income_per_head"):
        assert (last[column] == here.loc[last.index, column]).all()
    gone = register["households"].query("status == 'other'").set_index("id")
    known = register["household_years"].groupby("household")["members"].last()
    assert (known.loc[gone.index] == gone["members"]).all()


def test_edge_households_were_never_on_the_register(register: Tables, here: pd.DataFrame) -> None:
    edge = here[here["status"] == "edge"]
    nothing = ["exit_status", "registered_on", "lifted_on", "left_on", "attribute", "main_cause"]
    assert edge[nothing].isna().all(axis=None)
    rows = register["household_years"].query("household in @edge.index")
    assert set(rows["status"]) == {"edge"}
    assert set(rows["year"]) == {2019, 2020}


def test_components_add_up_to_income_per_head(here: pd.DataFrame) -> None:
    net = here[COMPONENTS].sum(axis=1) - here["business_cost"]
    assert ((net / here["members"]).round(2) - here["income_per_head"]).abs().max() < 0.006
    assert ((here["business"] > 0) == (here["business_cost"] > 0)).all()


def test_incomes_are_believable(register: Tables, registered: pd.DataFrame) -> None:
    income, members = registered["income_per_head"], registered["members"]
    assert np.average(income, weights=members) == pytest.approx(12_000, abs=50)
    assert income.mean() > income.median() * 1.05
    assert income.max() < 45_000
    share = registered[COMPONENTS].sum() / (income * members).sum()
    assert share.idxmax() == "wage"
    assert 0.15 < share["business"] < 0.25
    support = registered.groupby("attribute")["transfer"].sum() / registered.groupby("attribute")[
        COMPONENTS
    ].sum().sum(axis=1)
    assert support["tekun"] > 0.9 and support["dibao"] > support["general"]
    years = register["household_years"].query("status != 'edge'")
    total = (years["income_per_head"] * years["members"]).groupby(years["year"]).sum()
    mean = total / years.groupby("year")["members"].sum()
    assert mean.is_monotonic_increasing
    assert mean[2014] < 2_500


def test_only_the_waiting_are_below_the_line_and_only_the_watched_below_the_range(
    register: Tables, here: pd.DataFrame
) -> None:
    low = here[here["income_per_head"] < 4_000]
    assert set(low["exit_status"]) == {"not_lifted"}
    assert len(low) == 10
    near = here[here["income_per_head"].between(4_000, 6_000, inclusive="left")]
    watched = register["risks"].query("cleared_on.isna()")["household"]
    assert set(near.index) <= set(watched)


def test_population_sums_to_the_county_and_urban_communities_have_none_poor(
    register: Tables, here: pd.DataFrame, figure: "pd.Series[float]"
) -> None:
    villages = register["villages"].set_index("code")
    assert len(villages) == figure["villages"] and len(register["towns"]) == figure["towns"]
    assert villages["population"].sum() == figure["population"]
    assert villages["rural_population"].sum() == 122_222
    assert villages.groupby("town")["population"].sum()["341825100"] == 56_048
    places = {village.code: village for village in read_register().villages}
    assert list(villages.index) == sorted(places)
    assert all(villages.loc[code, "name"] == place.name for code, place in places.items())
    urban = villages[(villages["kind"] == "community") & (villages["town"] == "341825100")]
    assert len(urban) == 5 and (urban["rural_population"] == 0).all()
    assert not set(urban.index) & set(register["households"]["village"])
    assert villages["rural_population"].drop(urban.index).gt(300).all()


def test_poor_villages_are_villages_and_hold_more_households(
    register: Tables, registered: pd.DataFrame, figure: "pd.Series[float]"
) -> None:
    villages = register["villages"].set_index("code")
    poor = villages[villages["poor_2014"]]
    assert len(poor) == figure["poor_villages_2014"]
    assert set(poor["kind"]) == {"village"}
    assert not {"341825104205", "341825102200"} & set(poor.index)
    homes = registered.groupby("village").size()
    assert homes.between(8, 70).all()
    assert homes[poor.index].mean() > 1.25 * homes.drop(poor.index).mean()
    mixed = villages.query("kind == 'community' and rural_population > 0").index
    assert homes[mixed].max() < 15


def test_the_survey_is_918_households_of_29_villages_and_all_hold(
    register: Tables, registered: pd.DataFrame, figure: "pd.Series[float]"
) -> None:
    rows = register["guarantees"]
    surveyed = rows[rows["evidence"] == "survey"]
    homes = surveyed.groupby("household").size()
    assert len(homes) == figure["survey_households"] and set(homes) == {6}
    assert set(homes.index) <= set(registered.index)
    villages = registered.loc[homes.index, "village"].unique()
    assert len(villages) == figure["survey_villages"]
    assert registered["village"].isin(villages).sum() == len(homes)
    assert set(surveyed["state"]) == {"pass", "exempt"}


def test_everybody_was_screened_after_the_flood(
    register: Tables, here: pd.DataFrame, figure: "pd.Series[float]"
) -> None:
    rows = register["guarantees"]
    assert rows["checked_on"].between("2020-07-07", "2020-09-30").all()
    status = here["status"].loc[rows["household"].unique()].value_counts()
    assert status["registered"] == figure["flood_checked_poor"]
    assert status["edge"] == figure["flood_checked_edge"]
    assert (rows.groupby("household").size() == 6).all()
    assert "fail" not in set(rows["state"])
    unknown = rows[rows["state"] == "unknown"]
    assert 2 <= len(unknown) <= 6 and unknown["evidence"].isna().all()


def test_insurance_and_homes_agree_with_the_guarantees(
    register: Tables, here: pd.DataFrame, people: pd.DataFrame
) -> None:
    state = register["guarantees"].pivot(index="household", columns="indicator", values="state")
    assert (people["insured"] == "yes").mean() > 0.99
    assert set(people["insured"]) <= {"yes", "exempt", "unknown"}
    for value in ("exempt", "unknown"):
        homes = people.loc[people["insured"] == value, "household"]
        assert set(state.index[state["medical"] == value]) == set(homes)
    assert ((state["housing"] == "pass") == here["housing_grade"].isin(["A", "B"])).all()
    water = (here["water_quality"] == "pass") & (here["water_litres"] >= 35)
    water &= (here["water_trip_minutes"] <= 20) & (here["water_cut_days"] <= 36)
    assert ((state["water"] == "pass") == water).all()


def test_risks_are_of_the_lifted_and_the_edge_and_cleared_by_the_rule(
    register: Tables, here: pd.DataFrame
) -> None:
    risks = register["risks"].join(
        here[["status", "exit_status", "income_per_head"]], on="household"
    )
    assert risks["household"].is_unique
    edge = risks["category"] == "edge"
    assert (edge == (risks["status"] == "edge")).all() and edge.sum() == 180
    assert set(risks.loc[~edge, "exit_status"]) == {"lifted_with_policy"}
    assert 60 <= (~edge).sum() <= 70
    cleared = risks[risks["cleared_on"].notna()]
    assert (cleared["cleared_on"] - cleared["found_on"]).min() >= pd.Timedelta(days=183)
    assert cleared["income_per_head"].min() >= 6_000
    assert cleared["clearing_evidence"].notna().all()
    assert risks["measures"].str.len().min() > 0
    assert (risks["found_on"].dt.year[edge]).isin([2019, 2020]).all()


def test_a_helper_helps_a_few_households_of_one_village(here: pd.DataFrame) -> None:
    helped = here.groupby("helper")["village"].agg(["size", "nunique"])
    assert helped["size"].between(2, 5).all()
    assert (helped["nunique"] == 1).all()


def test_codes_carry_no_meaning(register: Tables) -> None:
    households = register["households"]
    number = households["id"].str[1:].astype(int)
    assert number.tolist() == list(range(1, len(households) + 1))
    for column in ("members", "income_per_head", "hamlet"):
        assert abs(number.corr(households[column])) < 0.08
    assert abs(number.corr(households["village"].astype("int64"))) < 0.08
