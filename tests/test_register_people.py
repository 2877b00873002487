"""The people of the synthetic register: families, health, labour, work and school hold together."""

import pandas as pd
import pytest
from synthetic_county import SEEDS, made

ABLE = ("skilled", "ordinary", "weak")


@pytest.fixture(params=SEEDS, scope="module")
def register(request: pytest.FixtureRequest) -> dict[str, pd.DataFrame]:
    return made(request.param)


@pytest.fixture
def figure(register: dict[str, pd.DataFrame]) -> "pd.Series[float]":
    return register["report_figures"].set_index("figure_id")["value"]


@pytest.fixture
def here(register: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Households on the register or watched now."""
    return register["households"].query("status != 'other'").set_index("id")


@pytest.fixture
def people(register: dict[str, pd.DataFrame], here: pd.DataFrame) -> pd.DataFrame:
    gained = ["status", "village", "members", "attribute", "main_cause", "wage"]
    people = register["persons"].join(here[gained], on="household")
    return people.assign(age=2020 - people["birth_year"])


def test_causes_are_the_report_s_and_fit_the_people(
    here: pd.DataFrame, people: pd.DataFrame
) -> None:
    registered = here[here["status"] == "registered"]
    share = registered["main_cause"].value_counts(normalize=True)
    assert list(share.index[:3]) == ["illness", "disability", "labour"]
    assert share["illness"] == pytest.approx(0.42, abs=0.02)
    others = registered["other_causes"].dropna().str.split(";")
    main = registered.loc[others.index, "main_cause"]
    assert all(
        len(set(codes)) == len(codes) <= 2 and cause not in codes
        for codes, cause in zip(others, main, strict=True)
    )
    ill = people[people["health"].isin(["chronic", "serious"])]["household"]
    disabled = people[people["health"] == "disabled"]["household"]
    assert set(registered.query("main_cause == 'illness'").index) <= set(ill)
    assert set(registered.query("main_cause == 'disability'").index) <= set(disabled)


def test_a_home_has_one_head_and_at_most_one_spouse_of_the_other_sex(
    here: pd.DataFrame, people: pd.DataFrame
) -> None:
    sizes = people.groupby("household").size()
    assert (sizes == here["members"].loc[sizes.index]).all() and len(sizes) == len(here)
    heads = people[people["relation"] == "head"].set_index("household")
    assert len(heads) == len(here) and heads["age"].between(20, 95).all()
    spouses = people[people["relation"] == "spouse"].set_index("household")
    assert spouses.index.is_unique
    pair = heads.loc[spouses.index]
    assert (pair["sex"] != spouses["sex"]).all()
    assert (pair["age"] - spouses["age"]).abs().max() <= 11
    parents = people[people["relation"] == "parent"].groupby("household")["sex"]
    assert (parents.nunique() == parents.size()).all()


def test_generations_are_of_an_age(people: pd.DataFrame) -> None:
    heads = people[people["relation"] == "head"].set_index("household")["age"]
    gap = people["age"] - people["household"].map(heads)
    by = gap.groupby(people["relation"])
    assert by.max()["child"] <= -18 and by.min()["child"] >= -48
    assert by.min()["parent"] >= 17 and by.max()["parent"] <= 44
    assert by.max()["grandchild"] <= -36
    mothers = people[people["relation"].isin(["head", "spouse"]) & (people["sex"] == "female")]
    born = people[people["relation"] == "child"].merge(mothers, on="household")
    assert (born["age_y"] - born["age_x"]).between(17, 46).all()


def test_the_register_is_old_and_small(here: pd.DataFrame, people: pd.DataFrame) -> None:
    registered = here[here["status"] == "registered"]
    sizes = registered["members"].value_counts(normalize=True)
    assert sizes[[1, 2]].sum() > 0.5
    age = people.loc[people["status"] == "registered", "age"]
    assert 0.33 < (age >= 60).mean() < 0.43
    assert 0.05 < (age < 16).mean() < 0.11


def test_labour_fits_age_and_health(people: pd.DataFrame) -> None:
    idle = people[(people["age"] < 16) | (people["in_school"] != "none")]
    assert set(idle["labour"]) == {"none"}
    grown = people[people["age"].between(16, 59) & (people["in_school"] == "none")]
    able = grown["labour"].isin(["skilled", "ordinary"]).groupby(grown["health"]).mean()
    assert able["healthy"] > 0.75 > able["chronic"] > able["disabled"] > able["serious"]
    assert not people.loc[people["age"] >= 75, "labour"].isin(["skilled", "ordinary"]).mean() > 0.05
    alone = people[people["attribute"] == "tekun"]
    assert (alone["members"] == 1).all()
    assert not alone["labour"].isin(ABLE).any()
    assert ((alone["age"] >= 60) | (alone["health"] == "disabled")).all()


def test_wages_come_where_somebody_works(here: pd.DataFrame, people: pd.DataFrame) -> None:
    assert ((people["work"] != "none") == (people["work_months"] > 0)).all()
    assert people.loc[people["work"] != "none", "labour"].isin(ABLE).all()
    months = people.groupby("household")["work_months"].sum()
    assert ((months > 0) == (here["wage"].loc[months.index] > 0)).all()
    monthly = (here["wage"] / months)[months > 0]
    assert monthly.between(80, 6_500).all()
    assert monthly.quantile(0.01) > 250


def test_no_child_is_left_without_a_grown_up(people: pd.DataFrame) -> None:
    away = people["work"].isin(["province", "outside"])
    grown = people[people["age"] >= 18]
    all_away = away[grown.index].groupby(grown["household"]).all()
    assert not all_away.reindex(people.loc[people["age"] < 14, "household"]).any()


def test_enough_people_for_every_programme(
    people: pd.DataFrame, figure: "pd.Series[float]"
) -> None:
    own = people[people["status"] == "registered"]
    assert (own["in_school"] != "none").sum() >= figure["aided_students"]
    assert own["work"].isin(["province", "outside"]).sum() >= figure["transport_subsidy_persons"]
    posts = figure[["ranger_posts", "auxiliary_posts", "pv_posts", "temporary_posts"]].sum()
    holders = own[own["work"] == "local_post"]
    assert len(holders) == posts == (people["work"] == "local_post").sum()
    assert holders["household"].is_unique and holders["age"].between(18, 65).all()
    assert (own["health"] == "chronic").sum() >= 1_100


def test_children_of_school_age_are_in_school_or_exempt(
    register: dict[str, pd.DataFrame], people: pd.DataFrame
) -> None:
    taught = people[people["age"].between(6, 15)]
    out = taught[taught["in_school"] == "none"]
    education = register["guarantees"].query("indicator == 'education'").set_index("household")
    assert set(education.loc[out["household"], "reason"]) <= {"unable", "home_taught"}
    assert len(out) == 3
    reason = education["reason"] == "not_applicable"
    assert (reason == ~education.index.isin(taught["household"])).all()
    assert people.loc[people["in_school"] != "none", "schooling"].isna().all()
