"""The flood of July 2020: events, water works, damages and relief.

Where the water came is invented: each town, village and hamlet draws an exposure of its own,
which no real place and no geometry stands behind. The county's totals are the report's.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import days, pick_with_sum, stream, table
from jingde_core.synthetic.relief import make_relief
from jingde_core.synthetic.water_works import damage_of, make_water_works

Tables = Mapping[str, pd.DataFrame]
Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]
Amounts = NDArray[np.float64]

FLOOD = "FLOOD-2020-07"
FLOOD_DAYS = ("2020-07-02", "2020-07-06")
RAINS = (("2020-07-02", "2020-07-03"), ("2020-07-04", "2020-07-04"), ("2020-07-05", "2020-07-06"))
CLEARED_KINDS = ("silt", "road_blocked", "slide")
#: yuan, smallest and largest loss, and median, of a household by kind; a home's smallest is
#: such that the claims and the grants together never exceed the loss
LOSSES = {
    "crop": (300, 6_000, 1_100),
    "livestock": (400, 15_000, 2_200),
    "equipment": (500, 20_000, 2_800),
    "house": (36_000, 80_000, 46_000),
}


def make_flood(seed: int, tables: Tables) -> dict[str, pd.DataFrame]:
    """Tables of the flood (灾情与救灾): events, water works, damages, relief.

    Parameters
    ----------
    seed : int
        the same seed and tables give the same rows.
    tables : mapping of table name to frame
        villages, households, persons, projects, loans, awards, report_figures.

    Raises
    ------
    ValueError
        when the register cannot give the report's figures (too few households or members).
    """
    target = targets(tables["report_figures"])
    villages = tables["villages"]
    rng = stream(seed, "flood.exposure")
    exposure = _exposure(rng, villages)
    people = present(tables["households"])
    hamlets = people[["village", "hamlet"]].drop_duplicates()
    hamlets["exposure"] = exposure.loc[hamlets["village"]].to_numpy() * rng.gamma(
        0.7, size=len(hamlets)
    )
    people["exposure"] = people.merge(hamlets, on=["village", "hamlet"], how="left")["exposure"]
    works = table(
        "water_works",
        make_water_works(stream(seed, "water_works"), villages, exposure, target),
    )
    people["known_hit"] = people["id"].isin(_known_hit(tables))
    damages = _damages(stream(seed, "damages"), people, works, tables["projects"], target)
    able = tables["persons"]["labour"].isin(["skilled", "ordinary", "weak"])
    workers = tables["persons"].loc[able, "household"].value_counts()
    people["able"] = people["id"].map(workers).fillna(0).astype("int64")
    relief = make_relief(stream(seed, "relief"), people, damages, target)
    relief = relief.sort_values(["village", "household", "kind"])
    relief = table("relief", relief.assign(id=numbered("Y", 5, len(relief)), event=FLOOD))
    return {"events": _events(), "water_works": works, "damages": damages, "relief": relief}


def targets(figures: pd.DataFrame) -> dict[str, int]:
    """Report figures (报告数) by id, in whole yuan or counts; at least, where it says so."""
    scale = np.where(figures["unit"] == "10k_yuan", 10_000, 1)
    values = np.round(figures["value"].to_numpy() * scale).astype("int64")
    return dict(zip(figures["figure_id"], values.tolist(), strict=True))


def numbered(letter: str, digits: int, count: int) -> list[str]:
    """Row codes (编号): a letter and a running number of so many digits."""
    return [f"{letter}{number:0{digits}d}" for number in range(1, count + 1)]


def present(households: pd.DataFrame) -> pd.DataFrame:
    """Households on the register or watched now (在册户与边缘户), renumbered."""
    here = households["left_on"].isna() & households["status"].isin(["registered", "edge"])
    return households[here].reset_index(drop=True)


def _exposure(rng: np.random.Generator, villages: pd.DataFrame) -> "pd.Series[float]":
    """By village: rain of the town times lie of the village."""
    towns = pd.Index(villages["town"].unique())
    rain = pd.Series(rng.gamma(2.0, size=len(towns)), index=towns)
    lie = rng.gamma(1.2, size=len(villages)) + 0.02
    return pd.Series(rain.loc[villages["town"]].to_numpy() * lie, index=villages["code"])


def _events() -> pd.DataFrame:
    rains = {f"RAIN-2020-07-{number}": span for number, span in enumerate(RAINS, 1)}
    starts, ends = zip(FLOOD_DAYS, *rains.values(), strict=True)
    return table(
        "events",
        {
            "id": [FLOOD, *rains],
            "kind": ["flood"] + ["heavy_rain"] * len(rains),
            "starts_on": pd.to_datetime(list(starts)),
            "ends_on": pd.to_datetime(list(ends)),
            "part_of": [None] + [FLOOD] * len(rains),
        },
    )


def _known_hit(tables: Tables) -> set[str]:
    """Households that other tables already call hit: post-flood loans, aid to flood-hit pupils."""
    loans, awards = tables["loans"], tables["awards"]
    lent = loans.loc[loans["event"] == FLOOD, "household"]
    aided = awards.loc[awards["kind"] == "flood_student_aid", "household"]
    return {*lent.dropna(), *aided.dropna()}


def _flags(count: int, positions: Positions) -> Flags:
    flags = np.zeros(count, dtype=bool)
    flags[positions] = True
    return flags


def _pick(
    rng: np.random.Generator, people: pd.DataFrame, count: int, persons: int, weight: Amounts
) -> Positions:
    """So many households of so many members, those known to be hit first."""
    known = np.flatnonzero(people["known_hit"] & (weight > 0))
    members = people["members"].to_numpy()
    open_weight = np.where(people["known_hit"], 0.0, weight)
    rest = persons - int(members[known].sum())
    others = pick_with_sum(rng, members, count - len(known), rest, open_weight)
    return np.sort(np.append(known, others))


def _damages(
    rng: np.random.Generator,
    people: pd.DataFrame,
    works: pd.DataFrame,
    projects: pd.DataFrame,
    target: Mapping[str, int],
) -> pd.DataFrame:
    registered = (people["status"] == "registered").to_numpy()
    farming = np.where(people["business"].fillna(0) > 0, 1.0, 0.25)
    weight = people["exposure"].to_numpy() * farming
    parts = []
    for status, own in (("poor", registered), ("edge", ~registered)):
        households, persons = (target[f"flood_{status}_{n}"] for n in ("households", "persons"))
        hit = _pick(rng, people, households, persons, np.where(own, weight, 0))
        cleared = target["flood_cleared_households"] if status == "poor" else len(hit) // 7
        parts += _household_damages(rng, people, hit, cleared, target[f"flood_house_{status}"])
    parts.append(_cut_off(rng, people, works, registered, target))
    parts.append(pd.DataFrame(damage_of(works, rng)))
    parts.append(_project_damages(rng, projects))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.sort_values(["village", "household", "work", "project", "kind"])
    frame = frame.assign(id=numbered("X", 5, len(frame)), event=FLOOD)
    return table("damages", frame)


def _household_damages(
    rng: np.random.Generator, people: pd.DataFrame, hit: Positions, cleared: int, houses: int
) -> list[pd.DataFrame]:
    """Damage rows of the hit: each has one at least; who lives off a farm lost some of it."""
    farming = people["business"].fillna(0).to_numpy()[hit] > 0
    known = people["known_hit"].to_numpy()[hit]
    near = np.where(farming, 0.5, 1.0)
    muddy = _flags(len(hit), rng.choice(len(hit), cleared, replace=False, p=near / near.sum()))
    broken = _flags(len(hit), rng.choice(len(hit), houses, replace=False))
    lost = known | ~(muddy | broken) | (farming & (rng.random(len(hit)) < 0.5))
    kinds = {"house": broken}
    first = rng.choice(3, len(hit), p=[0.55, 0.25, 0.2])
    second = np.where(rng.random(len(hit)) < 0.12, rng.integers(0, 3, len(hit)), first)
    for number, kind in enumerate(CLEARED_KINDS):
        kinds[kind] = muddy & ((first == number) | (second == number))
    kinds["livestock"] = lost & farming & (rng.random(len(hit)) < 0.24)
    kinds["equipment"] = lost & farming & (rng.random(len(hit)) < 0.07)
    other = kinds["livestock"] | kinds["equipment"]
    kinds["crop"] = lost & (~other | (rng.random(len(hit)) < 0.6))
    return [_rows(rng, people, hit[flag], kind) for kind, flag in kinds.items() if flag.any()]


def _rows(rng: np.random.Generator, people: pd.DataFrame, at: Positions, kind: str) -> pd.DataFrame:
    """Damage rows of one kind with their loss, day and mending."""
    loss = np.full(len(at), np.nan)
    if kind in LOSSES:
        least, most, median = LOSSES[kind]
        loss = np.clip(
            median * rng.lognormal(0, 0.8 if kind != "house" else 0.35, len(at)), least, most
        )
    if kind == "crop":
        # a harvest lost is no more than a year's takings, or what a garden feeds
        takings = people["business"].fillna(0).to_numpy()[at]
        loss = np.minimum(loss, np.maximum(takings, rng.uniform(least, 800, len(at))))
    date = days(rng, *FLOOD_DAYS, len(at))
    mended: Any = np.datetime64("NaT", "us")
    if kind in CLEARED_KINDS:
        mended = days(rng, "2020-07-07", "2020-07-26", len(at))
    elif kind == "house":
        mended = days(rng, "2020-08-01", "2020-09-20", len(at))
    elif kind == "water_cut":
        mended = date + rng.integers(1, 13, len(at)).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "village": people["village"].to_numpy()[at],
            "household": people["id"].to_numpy()[at],
            "kind": kind,
            "loss": np.floor(loss / 10) * 10,
            "date": date,
            "mended_on": mended,
        }
    )


def _cut_off(
    rng: np.random.Generator,
    people: pd.DataFrame,
    works: pd.DataFrame,
    registered: Flags,
    target: Mapping[str, int],
) -> pd.DataFrame:
    """Registered households without water: only where a work was damaged, hit or not."""
    damaged = works.loc[works["restored_on"].notna(), "village"]
    weight = np.sqrt(people["exposure"].to_numpy()) + 0.05
    weight = np.where(registered & people["village"].isin(damaged), weight, 0)
    members = people["members"].to_numpy()
    count, persons = target["flood_water_households"], target["flood_water_persons"]
    return _rows(rng, people, pick_with_sum(rng, members, count, persons, weight), "water_cut")


def _project_damages(rng: np.random.Generator, projects: pd.DataFrame) -> pd.DataFrame:
    damaged = projects[projects["flood_damaged"]]
    share = rng.uniform(0.8, 1.0, len(damaged))
    return pd.DataFrame(
        {
            "village": damaged["village"].to_numpy(),
            "project": damaged["id"].to_numpy(),
            "kind": "project",
            "loss": (damaged["repair_cost"] * share).round().to_numpy(),
            "date": days(rng, *FLOOD_DAYS, len(damaged)),
            "mended_on": days(rng, "2020-07-20", "2020-09-15", len(damaged)),
        }
    )
