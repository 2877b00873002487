"""The flood of July 2020: events, water works, damages, relief.

Where the water came is invented: each town, village and hamlet draws an exposure of its own,
which no real place and no geometry stands behind. The county's totals are the report's. It gives
them by instrument of relief alone: some households are reached twice, some by none, and a few
that were not hit are reached too.
"""

from typing import Any

import numpy as np
import pandas as pd

from jingde_core.synthetic.draw import Array, Frame, Random, split_count
from jingde_core.synthetic.making import ABLE, ASSUMED, FLOOD, FLOOD_DAYS, Making, Tables, at_homes

RAINS = (("2020-07-02", "2020-07-03"), ("2020-07-04", "2020-07-04"), ("2020-07-05", "2020-07-06"))
CLEARED_KINDS = ("silt", "road_blocked", "slide")
BUILD_KINDS = {"new": 22, "rebuilt": 31, "extended": 22}
#: yuan; the report prints over 390 x 10k for works and projects together
REPAIRS = 2_760_000
#: young stock and fry given; the report prints over 10,000
STOCK_HEADS = 10_240


def make_exposure(made: Making) -> Tables:
    """Events (灾害事件), and the homes with what the water and other tables say of each."""
    rng, villages, homes = made.stream("flood.exposure"), made["villages"], made.present()
    towns = villages["town"].unique()
    rain = pd.Series(rng.gamma(2.0, size=len(towns)), index=towns)
    lie = rng.gamma(1.2, size=len(villages)) + 0.02
    exposure = pd.Series(villages["town"].map(rain).to_numpy() * lie, index=villages["code"])
    hamlets = homes[["village", "hamlet"]].drop_duplicates()
    lie = rng.gamma(0.7, size=len(hamlets))
    hamlets["exposure"] = hamlets["village"].map(exposure) * lie
    homes["exposure"] = homes.merge(hamlets, on=["village", "hamlet"], how="left")["exposure"]
    # those already called hit: by loans after the flood and aid to its pupils
    loans, awards = made["loans"], made["awards"]
    lent = loans.loc[loans["event"] == FLOOD, "household"].dropna()
    aided = awards.loc[awards["kind"] == "flood_student_aid", "household"]
    homes["known_hit"] = homes["id"].isin([*lent, *aided])
    rows: list[tuple[Any, ...]] = [(FLOOD, "flood", *FLOOD_DAYS, None)]
    rows += [(f"RAIN-2020-07-{n}", "heavy_rain", *span, FLOOD) for n, span in enumerate(RAINS, 1)]
    columns = ["id", "kind", "starts_on", "ends_on", "part_of"]
    events = made.table("events", pd.DataFrame(rows, columns=columns))
    return {**events, "exposure": exposure.to_frame("exposure"), "exposed": homes}


def make_water_works(made: Making) -> Tables:
    """Water works (饮水工程), by village and kind.

    ``built_on``, ``build_kind`` and ``cost`` tell of the building of 2020 alone, ``restored_on``
    and ``restored_cost`` of the repair after the flood alone: all are empty for other works.
    """
    rng, villages, target = made.stream("water_works"), made["villages"], made.target
    rural = villages["rural_population"].to_numpy(dtype=float)
    central = split_count(target["water_works_disinfected"], rural)
    remote = rural**0.5 * rng.gamma(0.8, size=len(rural))
    dispersed = split_count(int(rng.integers(60, 91)), remote)
    village = np.repeat(np.tile(villages["code"].to_numpy(), 2), np.append(central, dispersed))
    kind = np.repeat(["central", "dispersed"], [central.sum(), dispersed.sum()])
    works = pd.DataFrame({"village": village, "kind": kind, "quality": "pass"})
    works = works.sort_values(["village", "kind"], ignore_index=True)
    count, sites = len(works), target["water_works_built"]
    at = rng.choice(count, sites, replace=False)
    works.loc[at, "built_on"] = rng.days(sites, "2020-03-10", "2020-08-25")
    works.loc[at, "build_kind"] = rng.codes(BUILD_KINDS, sites)
    cost = rng.split_total(target["water_funds"], rng.lognormal(0, 0.7, sites), minimum=12_000)
    works.loc[at, "cost"] = cost.astype(float)
    # a work that was new after the flood was not there to be damaged
    later = (works["build_kind"] == "new") & (works["built_on"] >= FLOOD_DAYS[0])
    damaged = target["flood_water_works"]
    at = rng.pick(works["village"].map(made["exposure"]["exposure"]).mask(later, 0), damaged)
    works.loc[at, "restored_on"] = rng.days(damaged, "2020-07-08", "2020-08-20")
    cost = rng.split_total(REPAIRS, rng.lognormal(0, 0.6, damaged), minimum=2_000)
    works.loc[at, "restored_cost"] = cost.astype(float)
    # disinfected, if central, and tested, both after the work was built or restored
    works["ready"] = rng.days(count, "2020-05-10", "2020-08-15")
    ready = works[["ready", "built_on", "restored_on"]].max(axis=1)
    central_only = works["kind"] == "central"
    works["disinfected_on"] = (ready + rng.spans(0, 5, count)).where(central_only)
    works["tested_on"] = ready + rng.spans(5, 25, count)
    return made.coded("water_works", "U001", works)


def make_damages(made: Making) -> Tables:
    """Damages (损失) of households, water works and projects."""
    rng, target = made.stream("damages"), made.target
    people, works = made["exposed"], made["water_works"]
    registered = (people["status"] == "registered").to_numpy()
    members = people["members"].to_numpy()
    farming = np.where(people["business"].fillna(0) > 0, 1.0, 0.25)
    weight = people["exposure"].to_numpy() * farming
    parts = []
    for status, own in (("poor", registered), ("edge", ~registered)):
        households, persons = (target[f"flood_{status}_{n}"] for n in ("households", "persons"))
        # those known to be hit come first
        known = np.flatnonzero(people["known_hit"] & own & (weight > 0))
        others = np.where(own & ~people["known_hit"], weight, 0)
        rest = persons - int(members[known].sum())
        struck = rng.pick_with_sum(members, households - len(known), rest, others)
        struck = np.sort(np.append(known, struck))
        cleared = target["flood_cleared_households"] if status == "poor" else len(struck) // 7
        parts += _household_damages(rng, people, struck, cleared, target[f"flood_house_{status}"])
    # registered households without water: only where a work was damaged, hit or not
    works = works[works["restored_on"].notna()]
    dry = people["village"].isin(works["village"])
    near = np.where(registered & dry, np.sqrt(people["exposure"].to_numpy()) + 0.05, 0)
    households, persons = (target[f"flood_water_{n}"] for n in ("households", "persons"))
    cut_off = rng.pick_with_sum(members, households, persons, near)
    parts.append(_rows(rng, people, cut_off, "water_cut"))
    broken = _repaired(rng, "work", works, works["restored_cost"], 0.75)
    broken["loss"] = broken["loss"].clip(upper=works["cost"].fillna(np.inf))
    parts.append(broken.assign(mended_on=works["restored_on"]))
    hit = made["projects"][made["projects"]["flood_damaged"]]
    broken = _repaired(rng, "project", hit, hit["repair_cost"], 0.8)
    parts.append(broken.assign(mended_on=rng.days(len(hit), "2020-07-20", "2020-09-15")))
    order = ["village", "household", "work", "project", "kind"]
    return made.coded("damages", "X00001", pd.concat(parts).assign(event=FLOOD), order)


def _household_damages(
    rng: Random, people: Frame, hit: Array, cleared: int, houses: int
) -> list[Frame]:
    """Damage rows of the hit: each has one at least; who lives off a farm lost some of it."""
    rows = np.arange(len(hit))
    farming = people["business"].fillna(0).to_numpy()[hit] > 0
    known = people["known_hit"].to_numpy()[hit]
    muddy = np.isin(rows, rng.pick(np.where(farming, 0.5, 1.0), cleared))
    broken = np.isin(rows, rng.choice(len(hit), houses, replace=False))
    lost = known | ~(muddy | broken) | (farming & (rng.random(len(hit)) < 0.5))
    kinds: dict[str, Array] = {"house": broken}
    first = rng.choice(3, len(hit), p=[0.55, 0.25, 0.2])
    second = np.where(rng.random(len(hit)) < 0.12, rng.integers(0, 3, len(hit)), first)
    for number, kind in enumerate(CLEARED_KINDS):
        kinds[kind] = muddy & ((first == number) | (second == number))
    kinds["livestock"] = lost & farming & (rng.random(len(hit)) < 0.24)
    kinds["equipment"] = lost & farming & (rng.random(len(hit)) < 0.07)
    other = kinds["livestock"] | kinds["equipment"]
    kinds["crop"] = lost & (~other | (rng.random(len(hit)) < 0.6))
    return [_rows(rng, people, hit[flag], kind) for kind, flag in kinds.items() if flag.any()]


def _rows(rng: Random, people: Frame, at: Array, kind: str) -> Frame:
    """Damage rows of one kind with their loss, day and mending."""
    loss = np.full(len(at), np.nan)
    if kind in ASSUMED["losses"]:
        least, most, median, spread = ASSUMED["losses"][kind]
        loss = np.clip(median * rng.lognormal(0, spread, len(at)), least, most)
    if kind == "crop":
        # a harvest lost is no more than a year's takings, or what a garden feeds
        takings = people["business"].fillna(0).to_numpy()[at]
        loss = np.minimum(loss, np.maximum(takings, rng.uniform(least, 800, len(at))))
    date = rng.days(len(at), *FLOOD_DAYS)
    mended: Any = pd.NaT
    if kind in ASSUMED["mended"]:
        mended = rng.days(len(at), *ASSUMED["mended"][kind])
    elif kind == "water_cut":
        mended = date + rng.spans(1, 13, len(at))
    loss = np.floor(loss / 10) * 10
    return at_homes(people, at, kind=kind, loss=loss, date=date, mended_on=mended)


def _repaired(rng: Random, kind: str, rows: Frame, cost: Any, least: float) -> Frame:
    """Damage rows of works or projects: somewhat under the cost of their repair."""
    loss = (cost * rng.uniform(least, 1.0, len(rows))).round()
    place = {"village": rows["village"], kind: rows["id"], "kind": kind}
    return pd.DataFrame(place | {"loss": loss, "date": rng.days(len(rows), *FLOOD_DAYS)})


def make_relief(made: Making) -> Tables:
    """Relief (救灾帮扶): rows of all instruments, each to whole households."""
    rng, people, target = made.stream("relief"), made["exposed"].copy(), made.target
    own = made["damages"].query("household.notna() and kind != 'water_cut'")
    for name, kinds in ASSUMED["suffered"].items():
        people[name] = people["id"].isin(own.loc[own["kind"].isin(kinds), "household"])
    people["hit"] = people["id"].isin(own["household"])
    for name, rows in (("hit_loss", own), ("home_loss", own[own["kind"] == "house"])):
        people[name] = people["id"].map(rows.groupby("household")["loss"].sum()).fillna(0.0)
    workers = made["persons"].loc[made["persons"]["labour"].isin(ABLE), "household"].value_counts()
    people["able"] = people["id"].map(workers).fillna(0).astype("int64")
    parts = _goods(rng, people, target) + _claims(rng, people, target)
    relief = pd.concat(parts + _help(rng, people, target)).assign(event=FLOOD)
    return made.coded("relief", "Y00001", relief, ["village", "household", "kind"])


def _given(rng: Random, people: Frame, at: Array, kind: str, **columns: Any) -> Frame:
    """Relief rows of one kind, given to whole households within the kind's days."""
    given = {"persons": people["members"].to_numpy()[at], "quantity": np.nan, "value": np.nan}
    date = rng.days(len(at), *ASSUMED["relief"][kind])
    return at_homes(people, at, kind=kind, date=date, **(given | columns))


def _shares(rng: Random, total: int, weight: Array, *, step: float = 1, least: int = 1) -> Array:
    """Amounts in whole steps that sum to the total, scattered about the weights."""
    scattered = weight * rng.lognormal(0, 0.35, len(weight))
    steps = rng.split_total(round(total / step), scattered, minimum=least)
    return steps.astype(np.float64) * step


def _with_leak(
    rng: Random, people: Frame, count: int, persons: int, weight: Array, leaks: int
) -> Array:
    """So many households of so many members, a few of them not hit at all."""
    members = people["members"].to_numpy()
    near = ~people["hit"] & people["village"].isin(people.loc[people["hit"], "village"])
    missed = rng.choice(np.flatnonzero(near), leaks, replace=False)
    rest = persons - int(members[missed].sum())
    reached = rng.pick_with_sum(members, count - leaks, rest, np.where(people["hit"], weight, 0))
    return np.sort(np.append(reached, missed))


def _goods(rng: Random, people: Frame, target: dict[str, int]) -> list[Frame]:
    """Farm inputs, seed to plant anew, young stock."""
    members = people["members"].to_numpy()
    count, persons = target["relief_inputs_households"], target["relief_inputs_persons"]
    weight = np.where(people["crop"], 1.0, 0.05)
    inputs = _with_leak(rng, people, count, persons, weight, int(rng.integers(2, 5)))
    value = _shares(rng, target["relief_inputs_value"], members[inputs], step=10, least=8)
    parts = [_given(rng, people, inputs, "inputs", value=value)]
    fields = np.flatnonzero(people["crop"])
    fields = np.sort(rng.choice(fields, round(0.38 * len(fields)), replace=False))
    loss = people["hit_loss"].to_numpy()[fields]
    mu = _shares(rng, target["relief_replanted"], loss**0.35, step=0.5)
    parts.append(_given(rng, people, fields, "replanting", quantity=mu))
    count, persons = target["relief_stock_households"], target["relief_stock_persons"]
    weight = np.where(people["herd"], 1.0, 0.15)
    stock = _with_leak(rng, people, count, persons, weight, int(rng.integers(0, 3)))
    heads = _shares(rng, STOCK_HEADS, rng.lognormal(0, 0.6, len(stock)), least=10)
    return [*parts, _given(rng, people, stock, "stock", quantity=heads)]


def _claims(rng: Random, people: Frame, target: dict[str, int]) -> list[Frame]:
    """Insurance claims and house grants, the latter for the homes damaged most."""
    loss, home_loss = people["hit_loss"].to_numpy(), people["home_loss"].to_numpy()
    farms = np.flatnonzero(people["production"] & (people["status"] == "registered"))
    chosen = rng.pick(np.sqrt(loss[farms] + 100), target["relief_insurance_households"])
    homes = np.flatnonzero(people["home"])
    worst = np.sort(homes[np.argsort(-home_loss[homes], kind="stable")][:4])
    claim, grant = (
        rng.split_total(target[figure] // 100, home_loss[at]) * 100.0
        for figure, at in (("flood_house_insurance", homes), ("flood_house_grant", worst))
    )
    return [
        _given(rng, people, np.sort(farms[chosen]), "crop_insurance"),
        _given(rng, people, homes, "house_insurance", value=claim),
        _given(rng, people, worst, "house_grant", value=grant),
    ]


def _help(rng: Random, people: Frame, target: dict[str, int]) -> list[Frame]:
    """Awards, temporary relief, reconstruction wages, donations."""
    members, loss = people["members"].to_numpy(), people["hit_loss"].to_numpy()
    registered = (people["status"] == "registered").to_numpy()
    hit = people["hit"].to_numpy()
    awarded = np.sort(rng.choice(np.flatnonzero(people["production"]), 24, replace=False))
    award = _shares(rng, target["relief_industry_awards"], loss[awarded], step=100, least=5)
    poorest = 1 / people["income_per_head"].clip(lower=1000).to_numpy() ** 2
    count, persons = target["relief_temporary_households"], target["relief_temporary_persons"]
    needy = rng.pick_with_sum(members, count, persons, np.where(hit & registered, poorest, 0))
    eased = _shares(rng, target["relief_temporary_value"], members[needy], step=100, least=5)
    hands = np.minimum(people["able"].to_numpy(), 2)
    chance = np.where(hit & (hands > 0), np.where(registered, 1.0, 4.0), 0)
    hired = rng.pick_with_sum(hands, 12, target["relief_workers"], chance)
    wage = _shares(rng, target["relief_work_income"], hands[hired], step=10, least=100)
    victims = np.flatnonzero(hit & registered)
    given = np.sort(victims[rng.pick(loss[victims] + 800, round(0.7 * len(victims)))])
    need = np.minimum(loss[given], 8_000) + 800
    donation = _shares(rng, target["relief_donations"], need, step=100, least=3)
    return [
        _given(rng, people, awarded, "industry_award", value=award),
        _given(rng, people, needy, "temporary_relief", value=eased),
        _given(rng, people, hired, "reconstruction_wage", persons=hands[hired], value=wage),
        _given(rng, people, given, "donation", value=donation),
    ]
