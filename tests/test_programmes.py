"""Programmes: credit, posts, ties, subsidies, collective income, by hand and by the report."""

import pandas as pd
import pytest

from jingde_core.county import County, measure
from jingde_core.metrics import programmes
from jingde_core.metrics.contract import InputError

NEW = {"household": {"ne": None}, "granted_on": {"ge": "2020-01-01"}}
DAY = pd.Timestamp


def value(county, name, **asked):
    return measure(county, name, **asked)["value"].iloc[0]


def with_tables(county, **tables):
    return County(dict(county.tables) | tables, county.provenance, county.parameters)


def test_what_the_report_leaves_unsaid_comes_out_of_the_rows(county):
    transport = {"where": {"kind": "transport"}}
    assert round(value(county, "subsidy_per_person", **transport)) == 479
    assert round(value(county, "credit_per_loan", where=NEW) / 1e4, 2) == 4.80
    posts = {"kind": ["ranger", "auxiliary", "pv"]}
    assert value(county, "posts", where=posts) == 521


def test_credit_stands_against_its_target_and_its_rules(county):
    assert round(value(county, "credit_progress", where=NEW), 4) == 1.5737
    assert value(county, "credit_beyond_rules", where={"household": {"ne": None}}) == 0
    assert value(county, "credit_overdue_rate", where={"household": {"ne": None}}) == 0


def test_a_loan_at_the_cap_is_allowed_and_one_fen_above_is_not():
    rules = {"credit_cap": 50_000, "credit_months": 36}
    found = programmes.credit_beyond_rules(amount=[50_000, 50_000.01], months=[36, 36], **rules)
    assert found == 1


def test_a_target_of_zero_is_refused():
    with pytest.raises(InputError):
        programmes.credit_progress(amount=[1], credit_target=0)


def test_overdue_is_a_share_of_what_is_not_repaid(county):
    loans = county.loans
    own = loans["household"].notna() & (loans["state"] == "current")
    loans.loc[loans.index[own][:3], "state"] = "overdue"
    faulty = with_tables(county, loans=loans)
    late, still = (loans.loc[own, "amount"].iloc[:3].sum(), loans.loc[own, "amount"].sum())
    found = value(faulty, "credit_overdue_rate", where={"household": {"ne": None}})
    assert found == pytest.approx(late / still)


def test_nothing_outstanding_has_no_overdue_rate():
    rate = programmes.credit_overdue_rate(amount=[5], overdue=[False], repaid=[True])
    assert rate != rate


def test_who_is_overdue_or_without_an_able_adult_is_not_eligible(county):
    profile = county.frame("support_profile").set_index("id")
    eligible = profile.query("eligible == 1 and credit_reached == 1").index[0]
    loans = county.loans
    loans.loc[loans["household"] == eligible, "state"] = "overdue"
    later = with_tables(county, loans=loans).frame("support_profile").set_index("id")
    assert later.loc[eligible, "eligible"] == 0
    persons = county.persons
    persons.loc[persons["household"] == eligible, "labour"] = "none"
    later = with_tables(county, persons=persons).frame("support_profile").set_index("id")
    assert later.loc[eligible, "eligible"] == 0


def test_the_dead_make_no_household_eligible(county):
    profile = county.frame("support_profile")
    persons = county.persons.assign(died_on=DAY(2020, 1, 1))
    assert profile["eligible"].sum() > 1000
    assert value(with_tables(county, persons=persons), "credit_eligible") == 0


def test_eligible_is_reached_or_not_reached(county):
    parts = [value(county, name) for name in ("credit_eligible", "credit_unreached")]
    reached = county.frame("support_profile")["credit_reached"].sum()
    assert parts[0] == parts[1] + reached
    assert value(county, "credit_coverage") == pytest.approx(reached / parts[0])


def test_wages_of_a_post_over_twelve_months(county):
    holder = county.posts.query("kind == 'ranger' and starts_on < '2019-09-01'").iloc[0]
    home = county.persons.set_index("id").loc[holder["person"], "household"]
    people = set(county.persons.query("household == @home")["id"])
    posts = county.posts[~county.posts["person"].isin(people)]
    one = with_tables(county, posts=pd.concat([posts, holder.to_frame().T.astype(posts.dtypes)]))
    income = one.frame("support_profile").set_index("id").loc[home, "post_income"]
    assert income == 12 * holder["wage"]


def test_a_second_post_of_one_person_counts_once_as_double(county):
    post = county.posts.head(1).assign(id="W9999")
    posts = pd.concat([county.posts, post], ignore_index=True)
    assert value(county, "double_posts") == 0
    assert value(with_tables(county, posts=posts), "double_posts") == 1


def test_households_with_and_without_a_tie_are_all_households(county):
    linked = county.industry_links.query("year == 2020")["household"].nunique()
    assert value(county, "link_coverage") == pytest.approx(linked / 1775)
    assert value(county, "unlinked_households") == 1775 - linked


def test_a_household_tied_twice_to_one_entity_counts_once():
    assert programmes.households_per_entity(household=[1, 1, 2], entity=[9, 9, 9]) == 2
    empty = programmes.households_per_entity(household=[], entity=[])
    assert empty != empty


def test_the_alliance_has_four_ties_of_22_entities(county):
    found = measure(county, "entities", by="alliance_tie")
    assert len(found) == 4 and found["value"].sum() == 22


def test_luxi_gets_its_guaranteed_income_and_a_share_on_top(county):
    luxi = {"where": {"village": "341825102200"}, "year": 2020}
    assert value(county, "rent_receivable", **luxi) == value(county, "rent_received", **luxi)
    assert value(county, "rent_received", **luxi) == 100_000
    share = {"where": {"village": "341825102200", "source": "share"}, "year": 2020}
    assert value(county, "collective_income", **share) > 0


def test_the_approval_chain_is_known_to_be_in_order_or_is_unknown(county):
    assert value(county, "approval_order_rate") == 1
    projects = county.projects
    projects.loc[projects.index[0], "checked_on"] = DAY(2013, 1, 1)
    projects.loc[projects.index[1], "checked_on"] = pd.NaT
    found = measure(with_tables(county, projects=projects), "approval_order_rate")
    assert found["n"].iloc[0] == 187 and found["value"].iloc[0] == pytest.approx(186 / 187)
