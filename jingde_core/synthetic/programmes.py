"""Loans, subsidies, links, awards, facilities, products and sales of 2020, as reported."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import Integers, days, split_count, stream
from jingde_core.synthetic.employment import make_transport
from jingde_core.synthetic.flood import FLOOD, numbered, present, targets
from jingde_core.synthetic.frames import table
from jingde_core.synthetic.industry import make_facilities, make_links, make_products, make_sales

ABLE = ("skilled", "ordinary", "weak")
LOAN_CAP = 50_000
#: thousands of yuan of each loan given after the flood: 300 in all
FLOOD_LOANS = (50, 50, 50, 40, 40, 40, 30)
EARLIER_LOANS = {2018: 64, 2019: 88}
PURPOSES = {"tea": 0.38, "livestock": 0.24, "crops": 0.18, "ganoderma": 0.1, "trade": 0.1}
MODES = {"own": 0.62, "joint": 0.16, "cooperative": 0.16, "venture": 0.06}
#: yuan a year by stage of school
STUDENT_AID = {
    "kindergarten": 800,
    "primary": 1_000,
    "junior": 1_250,
    "senior": 2_000,
    "vocational": 3_000,
    "college": 4_000,
}
#: certificates among those on the register and watched; whose the rest are is not reported
KNOWN_CHRONIC, KNOWN_TWO_DISEASE = 1_100, 48


def make_programmes(
    seed: int, register: dict[str, pd.DataFrame], funds: dict[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Loans, subsidies, links, awards, facilities, products and sales (各项帮扶).

    Posts come with the funds, since a station's income pays their wages.

    Raises
    ------
    ValueError
        when the register cannot give the report's counts.
    """
    target = targets(register["report_figures"])
    entities, villages = funds["entities"], register["villages"]
    products = make_products(seed, entities, target)
    return {
        "loans": _loans(seed, register, entities, target),
        "subsidies": _subsidies(seed, register, funds["projects"], target),
        "industry_links": make_links(seed, register, entities, target),
        "awards": _awards(seed, register, target),
        "facilities": make_facilities(seed, villages, entities, products, target),
        "products": products,
        "sales": make_sales(seed, products, target),
    }


def _loans(
    seed: int,
    register: dict[str, pd.DataFrame],
    entities: pd.DataFrame,
    target: dict[str, int],
) -> pd.DataFrame:
    rng = stream(seed, "loans")
    persons = register["persons"]
    able = persons.loc[
        persons["labour"].isin(ABLE) & (2020 - persons["birth_year"]).between(18, 65), "household"
    ]
    homes = present(register["households"])
    homes = homes[(homes["status"] == "registered") & homes["id"].isin(able)]
    count = target["credit_households"]
    new = homes.loc[rng.choice(homes.index, count, replace=False)]
    plain = target["credit_amount"] - sum(FLOOD_LOANS) * 1000
    amount = np.r_[_capped(rng, plain, count - len(FLOOD_LOANS)), np.array(FLOOD_LOANS) * 1000]
    late = len(FLOOD_LOANS)
    granted = np.r_[
        days(rng, "2020-01-06", "2020-09-25", count - late),
        days(rng, "2020-07-13", "2020-08-28", late),
    ]
    parts = [_household_loans(rng, new, amount, granted).assign(state="current")]
    parts[0]["event"] = [np.nan] * (count - late) + [FLOOD] * late
    for year, number in EARLIER_LOANS.items():
        old = homes[homes["registered_on"] < pd.Timestamp(year, 1, 1)].sample(
            number, random_state=rng
        )
        amount = rng.choice([20_000, 30_000, 40_000, 50_000], number, p=[0.1, 0.2, 0.15, 0.55])
        part = _household_loans(
            rng, old, amount, days(rng, f"{year}-02-01", f"{year}-11-30", number)
        )
        due = part["granted_on"] + pd.to_timedelta(part["months"] * 30.5, "D")
        parts.append(part.assign(state=np.where(due < "2020-09-30", "repaid", "current")))
    parts.append(_entity_loans(rng, entities, target))
    loans = pd.concat(parts).sort_values(["granted_on", "household"], ignore_index=True)
    return table("loans", loans.assign(id=numbered("C", 4, len(loans))))


def _household_loans(
    rng: np.random.Generator,
    homes: pd.DataFrame,
    amount: Integers,
    granted: NDArray[np.datetime64],
) -> pd.DataFrame:
    count = len(homes)
    return pd.DataFrame(
        {
            "household": homes["id"].to_numpy(),
            "village": homes["village"].to_numpy(),
            "amount": amount.astype(float),
            "granted_on": granted,
            "months": rng.choice([12, 24, 36], count, p=[0.25, 0.2, 0.55]),
            "purpose": rng.choice(list(PURPOSES), count, p=list(PURPOSES.values())),
            "mode": rng.choice(list(MODES), count, p=list(MODES.values())),
        }
    )


def _entity_loans(
    rng: np.random.Generator, entities: pd.DataFrame, target: dict[str, int]
) -> pd.DataFrame:
    """Working capital for entities hit by the epidemic, in tens of thousands."""
    count = target["industry_loan_entities"]
    pool = entities[entities["kind"].isin(["leading_enterprise", "cooperative"])]
    chosen = pool.sample(count, random_state=rng)
    tens = split_count(target["industry_loans"] // 10_000, rng.uniform(0.4, 1.6, count))
    return pd.DataFrame(
        {
            "entity": chosen["id"].to_numpy(),
            "village": chosen["village"].to_numpy(),
            "amount": tens * 10_000.0,
            "granted_on": days(rng, "2020-03-01", "2020-06-30", count),
            "months": 12,
            "purpose": "working_capital",
            "state": "current",
        }
    )


def _capped(rng: np.random.Generator, total: int, count: int) -> Integers:
    """Loans in whole thousands, most at the cap, that sum to the total."""
    short, rest = divmod(LOAN_CAP * count - total, 1000)
    below = max(short // 13, -(-short // 40))
    if rest or short < 0 or below > count:
        raise ValueError(f"{count} loans of up to {LOAN_CAP} yuan cannot sum to {total}")
    steps = split_count(short // 5, rng.uniform(0.4, 1.6, below)) * 5
    steps[0] += short % 5
    amounts = np.full(count, LOAN_CAP, dtype=np.int64)
    amounts[rng.choice(count, below, replace=False)] -= steps * 1000
    return amounts


def _subsidies(
    seed: int,
    register: dict[str, pd.DataFrame],
    projects: pd.DataFrame,
    target: dict[str, int],
) -> pd.DataFrame:
    """Transport subsidies, and awards out of the household projects of 2020."""
    rng = stream(seed, "subsidies")
    homes = present(register["households"])
    homes = homes[homes["status"] == "registered"]
    count = target["industry_projects"]
    second = count // 8
    first = homes.loc[rng.choice(homes.index, count - second, replace=False)]
    chosen = pd.concat([first, first.sample(second, random_state=rng)])
    awarded = projects["id"].str.startswith("P2020") & (projects["reach"] == "household")
    purse = int(projects.loc[awarded & (projects["kind"] == "industry"), "paid"].sum() * 0.97)
    amount = split_count(purse // 50, rng.lognormal(0, 0.45, count)) * 50.0
    own = pd.DataFrame(
        {
            "household": chosen["id"],
            "village": chosen["village"],
            "kind": "industry_project",
            "date": days(rng, "2020-06-15", "2020-09-25", count),
            "amount": amount,
        }
    )
    rows = pd.concat([make_transport(seed, register, target), own])
    rows = rows.sort_values(["kind", "date", "household"], ignore_index=True)
    return table("subsidies", rows.assign(id=numbered("B", 5, len(rows))))


def _awards(seed: int, register: dict[str, pd.DataFrame], target: dict[str, int]) -> pd.DataFrame:
    rng = stream(seed, "awards")
    homes = present(register["households"])[["id", "village", "status"]]
    people = register["persons"].merge(homes.rename(columns={"id": "household"}), on="household")
    pupils = people[(people["in_school"] != "none") & (people["status"] == "registered")]
    aided = pupils.sample(target["aided_students"], random_state=rng)
    weights = aided["in_school"].map(STUDENT_AID) * rng.uniform(0.9, 1.1, len(aided))
    aid = split_count(target["student_aid"] // 100, weights) * 100.0
    visited = aided.sample(target["flood_students"], random_state=rng)
    flood_aid = split_count(target["flood_student_aid"] // 100, np.ones(len(visited))) * 100.0
    ill = people[people["health"].isin(["chronic", "serious"])]
    grown = ill[ill["birth_year"] <= 1980]
    parts = [
        _given(rng, "student_aid", aided, ("2020-03-15", "2020-09-20")).assign(amount=aid),
        _given(rng, "flood_student_aid", visited, ("2020-07-08", "2020-07-28")).assign(
            amount=flood_aid
        ),
    ]
    for kind, figure, known, pool in (
        ("chronic_certificate", "chronic_certificates", KNOWN_CHRONIC, ill),
        ("two_disease_certificate", "two_disease_certificates", KNOWN_TWO_DISEASE, grown),
    ):
        holders = pool.sample(min(known, len(pool)), random_state=rng)
        parts.append(_given(rng, kind, holders, ("2020-03-01", "2020-09-25")))
        rest = target[figure] - len(holders)
        villages = register["villages"].sample(
            rest, replace=True, weights="population", random_state=rng
        )
        others = villages[["code"]].rename(columns={"code": "village"})
        parts.append(_given(rng, kind, others, ("2020-03-01", "2020-09-25")))
    rows = pd.concat(parts).sort_values(["kind", "date", "village", "person"], ignore_index=True)
    return table("awards", rows.assign(id=numbered("G", 5, len(rows))))


def _given(
    rng: np.random.Generator, kind: str, to: pd.DataFrame, span: tuple[str, str]
) -> pd.DataFrame:
    """Awards of a kind to persons of the register, or to a village's others."""
    rows = to.rename(columns={"id": "person"}).reindex(columns=["person", "household", "village"])
    return rows.assign(kind=kind, date=days(rng, *span, len(to)))
