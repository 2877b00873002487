"""Income of the register's year October 2019 to September 2020, by component.

Wages follow from each member's work, transfers from age, attribute and health, business from
who is at home to farm. Then each household is fitted to its band: those waiting to be lifted
below the line, the watched between the line and the range of monitoring or little above it,
all others above the range, and the register's mean at about the figure of its neighbours.
"""

import numpy as np
import pandas as pd

from jingde_core.model.parameters import Parameters
from jingde_core.synthetic.draw import Array, Frame, Random
from jingde_core.synthetic.making import ASSUMED, Making, Tables

#: yuan per person and year over the register: a neighbouring county printed 12,574 for 2020
MEAN = 12_000
#: from here on income per head counts for less than half: nobody of the register is rich
BEND = 28_000
MOST_MONTHLY = 5_600
POST_WAGES = (400, 500, 500, 600)
#: least, likeliest and most of a band's income per head: in lines when poor, else in ranges
BANDS = {"poor": (0.83, 0.94, 0.99), "below": (0.674, 0.9, 0.995), "above": (1.025, 1.16, 1.55)}
COMPONENTS = ["wage", "business", "property", "transfer", "business_cost"]
EARNED = ["wage", "business", "business_cost"]


def make_incomes(made: Making) -> Tables:
    """Components, cost and income per head (收入构成) by home, in yuan; months of work by person.

    Nobody but the waiting is below the line, nobody but the watched below the range. Who earns
    less than the work at hand would bring worked fewer months, but on a post.
    """
    rng, homes, people = made.stream("incomes"), made["homes"], made["people"]
    value = Parameters.load().value
    poverty_line, monitoring_range = value("poverty_line", 2020), value("monitoring_range", 2020)
    on_post = (people["work"] == "local_post").to_numpy()
    wages = _wages(rng, people)
    person = people[["household"]].assign(
        wage=np.where(on_post, 0, wages),
        post=np.where(on_post, wages, 0),
        transfer=_transfers(rng, people),
    )
    count = len(homes)
    parts = person.groupby("household").sum().reindex(homes["id"]).reset_index(drop=True)
    # farm and forest subsidies of every home; what grown children give parents without work
    subsidies = 90 + rng.gamma(2.0, 170, count)
    alone = (homes["able"] == 0) & (homes["attribute"] != "tekun")
    given = np.where(alone, rng.uniform(900, 4_200, count) * homes["members"] ** 0.7, 0)
    parts["transfer"] += subsidies + given
    parts["business"], parts["business_cost"] = _business(rng, homes, people)
    villages = sorted(set(homes["village"]))
    place = pd.Series(rng.lognormal(0, 0.07, len(villages)), villages)
    parts[EARNED] = parts[EARNED].mul(homes["village"].map(place), axis=0)
    parts["property"] = np.where(rng.random(count) < 0.22, 0, 120 + rng.gamma(1.4, 260, count))
    floor = monitoring_range + 40 + rng.gamma(1.5, 620, count)
    # income per head that a band asks for; NaN for those in none
    wanted = np.full(count, np.nan)
    for band, shares in BANDS.items():
        at = np.flatnonzero(homes["band"] == band)
        unit = poverty_line if band == "poor" else monitoring_range
        wanted[at] = unit * rng.triangular(*shares, len(at))
    here = (homes["fate"] != "edge").to_numpy()
    low, high = 0.2, 3.0
    for _ in range(40):
        earned = (low + high) / 2
        fitted, over = _fitted(parts, homes, earned, floor, wanted)
        mean = _net(fitted)[here].sum() / homes.loc[here, "members"].sum()
        low, high = (earned, high) if mean < MEAN else (low, earned)
    # wages and business in tens of yuan, the rest in yuan, income per head on whole fen
    steps = dict.fromkeys(EARNED, -1) | {"property": 0, "transfer": 0}
    rounded = fitted.assign(wage=fitted["wage"] + fitted["post"])[COMPONENTS].round(steps)
    rounded["income_per_head"] = (_net(rounded) / homes["members"].to_numpy()).round(2)
    less = people["household"].map(pd.Series(over**0.6, index=homes["id"])).to_numpy()
    months = people["work_months"].to_numpy()
    fewer = np.where(on_post, months, np.maximum(np.round(months * less), np.minimum(months, 1)))
    people = people.assign(work_months=fewer.astype(np.int64))
    return {"homes": homes.join(rounded), **made.table("persons", people)}


def _net(parts: Frame) -> Array:
    return (parts.sum(axis=1) - 2 * parts["business_cost"]).to_numpy(dtype=float)


def _wages(rng: Random, people: Frame) -> Array:
    """Yuan a year by place of work, months, skill and sex."""
    monthly = np.zeros(len(people))
    for place, (middle, spread) in ASSUMED["monthly_wages"].items():
        at = (people["work"] == place).to_numpy()
        monthly[at] = middle * rng.lognormal(0, spread, int(at.sum()))
    monthly *= people["labour"].map({"skilled": 1.2, "weak": 0.75}).fillna(1.0).to_numpy()
    monthly *= np.where(people["sex"] == "female", 0.87, 1.0)
    monthly = np.minimum(monthly, MOST_MONTHLY)
    on_post = (people["work"] == "local_post").to_numpy()
    monthly[on_post] = rng.choice(POST_WAGES, int(on_post.sum()))
    return np.asarray(monthly * people["work_months"])


def _transfers(rng: Random, people: Frame) -> Array:
    """Pensions from 60, allowances of the disabled, dibao and tekun, aid to pupils."""
    count, age = len(people), people["age"]
    pension = np.where(age >= 60, 12 * rng.choice([115, 120, 125, 135, 150], count), 0)
    pension = pension + np.where(age >= 80, 12 * 30, 0)
    impaired = (people["health"] == "disabled") & (rng.random(count) < 0.8)
    allowance = np.where(impaired, 12 * rng.choice([60, 70, 130], count), 0)
    attribute = people["attribute"].fillna("none")
    weak = ~people["labour"].isin(["skilled", "ordinary"])
    # a difference paid by member; the weak get more, some members none
    dibao = 12 * rng.uniform(190, 420, count) * np.where(weak, 1.0, 0.6)
    dibao = np.where((attribute == "dibao") & (rng.random(count) < 0.93), dibao, 0)
    tekun = np.where(attribute == "tekun", 12 * rng.uniform(725, 930, count), 0)
    aid = people["in_school"].map(ASSUMED["pupil_transfers"]).fillna(0)
    return np.asarray(
        pension + allowance + dibao + tekun + np.where(people["fate"] == "edge", 0, aid)
    )


def _business(rng: Random, homes: Frame, people: Frame) -> tuple[Array, Array]:
    """Takings and costs of farm, tea, livestock or trade where somebody is at home to do it."""
    at_home = ~people["work"].isin(["outside", "province"]) & (people["age"] < 78)
    hands = people["labour"].map({"skilled": 1.3, "ordinary": 1.0, "weak": 0.45}).fillna(0.0)
    strength = hands.where(at_home, 0.0).groupby(people["household"]).sum()
    able = strength.reindex(homes["id"]).fillna(0.0).to_numpy()
    farms = (able > 0) & (rng.random(len(homes)) < 0.82)
    takings = np.where(farms, 10_000 * rng.lognormal(-0.2, 0.6, len(homes)) * able**0.6, 0)
    return takings, takings * rng.uniform(0.16, 0.38, len(homes))


def _fitted(
    parts: Frame, homes: Frame, earned: float, floor: Array, wanted: Array
) -> tuple[Frame, Array]:
    """Parts with earnings scaled, then each household brought to its band.

    Above the range the lowest are eased upward (a soft maximum), so that nothing heaps at it.
    The second value is the part that is left of a household's own, at most 1.
    """
    scaled = parts.copy()
    scaled[EARNED] *= earned
    members = homes["members"].to_numpy()
    head = _net(scaled) / members
    ease = 500.0
    eased = floor + ease * np.logaddexp(0, (head - floor) / ease)
    bent = np.where(eased > BEND, BEND + 0.45 * (eased - BEND), eased)
    goal = np.where(np.isnan(wanted), bent, wanted)
    short = (goal - head) * members
    # who is short of the range is helped by family and state; who is over a band earns less,
    # but a post pays what it pays, unless that alone is over the band
    scaled["transfer"] += np.where(short > 0, short, 0)
    whole = np.minimum(goal / np.maximum(head, 1), 1.0)
    post = scaled["post"].to_numpy()
    part = (goal * members - post) / np.maximum(head * members - post, 1)
    keeps = (short < 0) & (part > 0.1)
    over = np.where(keeps, part, whole)
    fitted = scaled.mul(over, axis=0)
    fitted["post"] = np.where(keeps, post, fitted["post"])
    return fitted, over
