"""Relief after the flood: each instrument reaches households of its own.

Some households are reached twice, some by none, and a few that were not hit are reached too:
the report gives totals by instrument alone, so every choice of a household is invented.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import days, pick_with_sum, split_total

Positions = NDArray[np.int64]
Amounts = NDArray[np.float64]

PRODUCTION_KINDS = ("crop", "livestock", "equipment")
#: young stock and fry given; the report prints over 10,000
STOCK_HEADS = 10_240


def make_relief(
    rng: np.random.Generator,
    people: pd.DataFrame,
    damages: pd.DataFrame,
    target: Mapping[str, int],
) -> pd.DataFrame:
    """Relief rows (救灾帮扶) of all instruments, without code and event.

    Parameters
    ----------
    people : frame
        present households with ``able``, the members who can work.
    damages : frame
        the damages table.
    target : mapping of figure id to whole yuan or count
        the report's figures.
    """
    people = people.assign(**_losses(people, damages))
    parts = _goods(rng, people, target) + _claims(rng, people, target)
    return pd.concat(parts + _help(rng, people, target), ignore_index=True)


def _losses(people: pd.DataFrame, damages: pd.DataFrame) -> dict[str, Any]:
    """What each household suffered: hit at all, in production, at home, and its loss in yuan."""
    own = damages[damages["household"].notna() & (damages["kind"] != "water_cut")]
    suffered = {
        "hit": own,
        "production": own[own["kind"].isin(PRODUCTION_KINDS)],
        "crop": own[own["kind"] == "crop"],
        "herd": own[own["kind"] == "livestock"],
        "home": own[own["kind"] == "house"],
    }
    flags = {name: people["id"].isin(rows["household"]) for name, rows in suffered.items()}
    sums = {
        f"{name}_loss": people["id"].map(suffered[name].groupby("household")["loss"].sum())
        for name in ("hit", "home")
    }
    return flags | {name: loss.fillna(0.0) for name, loss in sums.items()}


def _given(
    rng: np.random.Generator,
    people: pd.DataFrame,
    at: Positions,
    kind: str,
    span: tuple[str, str],
    **columns: Any,
) -> pd.DataFrame:
    """Relief rows of one kind, given to whole households within the span of days."""
    given = {
        "village": people["village"].to_numpy()[at],
        "household": people["id"].to_numpy()[at],
        "kind": kind,
        "persons": people["members"].to_numpy()[at],
        "quantity": np.nan,
        "value": np.nan,
        "date": days(rng, *span, len(at)),
    }
    return pd.DataFrame(given | columns)


def _shares(
    rng: np.random.Generator, total: int, weight: Amounts, *, step: float = 1, least: int = 1
) -> Amounts:
    """Amounts in whole steps that sum to the total, scattered about the weights."""
    scattered = weight * rng.lognormal(0, 0.35, len(weight))
    steps = split_total(rng, round(total / step), scattered, minimum=least)
    return steps.astype(np.float64) * step


def _with_leak(
    rng: np.random.Generator,
    people: pd.DataFrame,
    count: int,
    persons: int,
    weight: Amounts,
    leaks: int,
) -> Positions:
    """So many households of so many members, a few of them not hit at all."""
    members = people["members"].to_numpy()
    near = ~people["hit"] & people["village"].isin(people.loc[people["hit"], "village"])
    missed = rng.choice(np.flatnonzero(near), leaks, replace=False)
    rest = persons - int(members[missed].sum())
    reached = pick_with_sum(rng, members, count - leaks, rest, np.where(people["hit"], weight, 0))
    return np.sort(np.append(reached, missed))


def _goods(
    rng: np.random.Generator, people: pd.DataFrame, target: Mapping[str, int]
) -> list[pd.DataFrame]:
    members = people["members"].to_numpy()
    count, persons = target["relief_inputs_households"], target["relief_inputs_persons"]
    weight = np.where(people["crop"], 1.0, 0.05)
    inputs = _with_leak(rng, people, count, persons, weight, int(rng.integers(2, 5)))
    value = _shares(rng, target["relief_inputs_value"], members[inputs], step=10, least=8)
    parts = [_given(rng, people, inputs, "inputs", ("2020-07-10", "2020-08-05"), value=value)]

    fields = np.flatnonzero(people["crop"])
    fields = np.sort(rng.choice(fields, round(0.38 * len(fields)), replace=False))
    loss = people["hit_loss"].to_numpy()[fields]
    mu = _shares(rng, target["relief_replanted"], loss**0.35, step=0.5)
    span = ("2020-07-10", "2020-08-10")
    parts.append(_given(rng, people, fields, "replanting", span, quantity=mu))

    count, persons = target["relief_stock_households"], target["relief_stock_persons"]
    weight = np.where(people["herd"], 1.0, 0.15)
    stock = _with_leak(rng, people, count, persons, weight, int(rng.integers(0, 3)))
    heads = _shares(rng, STOCK_HEADS, rng.lognormal(0, 0.6, len(stock)), least=10)
    span = ("2020-07-20", "2020-09-10")
    return [*parts, _given(rng, people, stock, "stock", span, quantity=heads)]


def _claims(
    rng: np.random.Generator, people: pd.DataFrame, target: Mapping[str, int]
) -> list[pd.DataFrame]:
    """Insurance claims and house grants, the latter for the homes damaged most."""
    registered = people["status"] == "registered"
    farms = np.flatnonzero(people["production"] & registered)
    loss = people["hit_loss"].to_numpy()
    chance = np.sqrt(loss[farms] + 100)
    count = target["relief_insurance_households"]
    insured = np.sort(rng.choice(farms, count, replace=False, p=chance / chance.sum()))
    homes = np.flatnonzero(people["home"])
    worst = np.sort(homes[np.argsort(-people["home_loss"].to_numpy()[homes], kind="stable")][:4])
    claim, grant = (
        split_total(rng, target[figure] // 100, people["home_loss"].to_numpy()[at]) * 100.0
        for figure, at in (("flood_house_insurance", homes), ("flood_house_grant", worst))
    )
    span = ("2020-07-12", "2020-08-15")
    return [
        _given(rng, people, insured, "crop_insurance", ("2020-07-12", "2020-08-31")),
        _given(rng, people, homes, "house_insurance", span, value=claim),
        _given(rng, people, worst, "house_grant", span, value=grant),
    ]


def _help(
    rng: np.random.Generator, people: pd.DataFrame, target: Mapping[str, int]
) -> list[pd.DataFrame]:
    """Awards, temporary relief, reconstruction wages, donations."""
    members, loss = people["members"].to_numpy(), people["hit_loss"].to_numpy()
    registered = (people["status"] == "registered").to_numpy()
    hit = people["hit"].to_numpy()
    awarded = np.sort(rng.choice(np.flatnonzero(people["production"]), 24, replace=False))
    award = _shares(rng, target["relief_industry_awards"], loss[awarded], step=100, least=5)

    poorest = 1 / people["income_per_head"].clip(lower=1000).to_numpy() ** 2
    count, persons = target["relief_temporary_households"], target["relief_temporary_persons"]
    needy = pick_with_sum(rng, members, count, persons, np.where(hit & registered, poorest, 0))
    eased = _shares(rng, target["relief_temporary_value"], members[needy], step=100, least=5)

    hands = np.minimum(people["able"].to_numpy(), 2)
    chance = np.where(hit & (hands > 0), np.where(registered, 1.0, 4.0), 0)
    hired = pick_with_sum(rng, hands, 12, target["relief_workers"], chance)
    wage = _shares(rng, target["relief_work_income"], hands[hired], step=10, least=100)

    victims = np.flatnonzero(hit & registered)
    chance = loss[victims] + 800
    share = round(0.7 * len(victims))
    given = np.sort(rng.choice(victims, share, replace=False, p=chance / chance.sum()))
    donation = _shares(
        rng, target["relief_donations"], np.minimum(loss[given], 8_000) + 800, step=100, least=3
    )
    spans = [("2020-08-20", "2020-09-25"), ("2020-07-08", "2020-07-20")]
    spans += [("2020-08-31", "2020-09-25"), ("2020-07-09", "2020-08-31")]
    return [
        _given(rng, people, awarded, "industry_award", spans[0], value=award),
        _given(rng, people, needy, "temporary_relief", spans[1], value=eased),
        _given(
            rng, people, hired, "reconstruction_wage", spans[2], persons=hands[hired], value=wage
        ),
        _given(rng, people, given, "donation", spans[3], value=donation),
    ]
