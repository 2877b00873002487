"""The register: places, households and their years, persons, guarantees, risks, report figures.

Everything is invented but the names of places and the figures of the report, which the rows
give exactly. Persons have neither name nor number, and codes carry no meaning.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from jingde_core.model.parameters import Parameters
from jingde_core.model.place import shipped
from jingde_core.synthetic import circumstances, frames, guarantees
from jingde_core.synthetic.draw import stream, table
from jingde_core.synthetic.incomes import COMPONENTS, make_incomes
from jingde_core.synthetic.monitoring import make_risks, make_watch
from jingde_core.synthetic.persons import make_people
from jingde_core.synthetic.places import make_places
from jingde_core.synthetic.roster import FIRST, LAST, make_roster, roster_dates
from jingde_core.synthetic.years import make_years

EXIT_STATUS = {
    "stayed": "lifted_with_policy",
    "left": "lifted_without_policy",
    "waiting": "not_lifted",
    "natural": "never_lifted",
    "cleared_out": "never_lifted",
}
STATUS = {"stayed": "registered", "waiting": "registered", "edge": "edge"}
REASON_LEFT = {"left": "support_ended", "natural": "natural", "cleared_out": "cleared_out"}
POSTS = ("ranger", "auxiliary", "pv", "temporary")
#: what the register shows of a home whose indicator is still to be verified
UNVERIFIED = (("housing", "housing_grade", None), ("water", "water_quality", "unknown"))


def make_register(seed: int) -> dict[str, pd.DataFrame]:
    """Tables of places and people (建档立卡名册): the same seed gives the same rows.

    Returns
    -------
    dict
        towns, villages, households, household_years, persons, guarantees, risks and
        report_figures. Who left the register has status ``other``. Exactly the holders of the
        county's posts have ``local_post`` as their work.

    Raises
    ------
    ValueError
        when a figure of the report cannot be met.
    """
    figures = _figures()
    target = dict(zip(figures["figure_id"], figures["value"].round().astype(int), strict=True))
    towns, villages = make_places(seed)
    roster = make_roster(stream(seed, "roster"), target, villages)
    parameters = Parameters.load()
    lines = {year: parameters.value("poverty_line", year) for year in range(FIRST, LAST + 1)}
    homes, people, surveyed = _here(seed, roster, villages, target)
    incomes, people["work_months"] = make_incomes(
        stream(seed, "incomes"),
        homes,
        people,
        poverty_line=lines[LAST],
        monitoring_range=parameters.value("monitoring_range", LAST),
    )
    homes = homes.join(incomes)
    income = homes.set_index("id")["income_per_head"]
    checks = guarantees.make_guarantees(stream(seed, "guarantees"), homes, people, surveyed)
    return {
        "towns": table("towns", towns),
        "villages": table("villages", villages),
        "households": _households(seed, roster, homes, checks),
        "household_years": make_years(stream(seed, "years"), roster, income, lines),
        "persons": frames.table("persons", people),
        "guarantees": checks,
        "risks": make_risks(stream(seed, "risks"), homes),
        "report_figures": figures,
    }


def _figures() -> pd.DataFrame:
    """What the report prints, in its order: data of its own, kept beside the tables made here."""
    text = ["figure_id", "topic", "measure_zh", "measure_en", "unit", "qualifier", "as_of"]
    path = shipped("data") / "report_figures.csv"
    printed = pd.read_csv(path, dtype=dict.fromkeys(text, str))
    typed = table("report_figures", printed).set_index("figure_id")
    return typed.loc[printed["figure_id"]].reset_index()


def _here(
    seed: int, roster: pd.DataFrame, villages: pd.DataFrame, target: Mapping[str, int]
) -> tuple[pd.DataFrame, pd.DataFrame, set[str]]:
    """Households on the register or watched now, their persons, the villages surveyed."""
    homes = roster[roster["fate"].isin(list(STATUS))].reset_index(drop=True)
    homes = homes.join(make_watch(stream(seed, "watch"), homes))
    people = make_people(stream(seed, "persons"), homes)
    rng = stream(seed, "circumstances")
    people["kept_out"] = guarantees.kept_from_school(rng, people)
    people.loc[people["kept_out"].notna(), "in_school"] = "none"
    grown = people["age"].between(16, 59) & (people["in_school"] == "none")
    by_home = people.assign(able=grown, pupils=people["in_school"] != "none").groupby("household")
    counted = by_home.agg(able=("able", "sum"), pupils=("pupils", "sum"), eldest=("age", "max"))
    homes = homes.join(counted, on="id")
    registered = homes["fate"] != "edge"
    for rows in (registered, ~registered):
        homes.loc[rows, "main_cause"] = circumstances.household_causes(rng, homes[rows])
    homes.loc[registered, "attribute"] = circumstances.attributes(rng, homes[registered])
    homes["other_causes"] = circumstances.other_causes(rng, homes)
    gained = ["village", "fate", "watch", "main_cause", "attribute"]
    people = people.join(homes.set_index("id")[gained], on="household")
    people["health"] = circumstances.health(rng, people)
    people.loc[people["kept_out"].notna(), "health"] = "disabled"
    people["labour"] = circumstances.labour(rng, people)
    posts = sum(target[f"{kind}_posts"] for kind in POSTS)
    poor = people["village"].isin(villages.loc[villages["poor_2014"], "code"]).to_numpy()
    people[["work", "work_months"]] = circumstances.work(rng, people, poor=poor, posts=posts)
    surveyed = guarantees.surveyed_villages(stream(seed, "survey"), homes, target)
    people["insured"] = guarantees.insured(stream(seed, "insured"), people, surveyed)
    return homes, people, surveyed


def _households(
    seed: int, roster: pd.DataFrame, homes: pd.DataFrame, checks: pd.DataFrame
) -> pd.DataFrame:
    """The table of households: those here now with all they have, the others with what they had."""
    here = homes.set_index("id")
    known = ["attribute", "main_cause", "other_causes", *COMPONENTS, "income_per_head"]
    frame = roster.join(here[known], on="id")
    frame = frame.join(roster_dates(stream(seed, "dates"), roster))
    frame["status"] = frame["fate"].map(STATUS).fillna("other")
    frame["exit_status"] = frame["fate"].map(EXIT_STATUS)
    frame["reason_left"] = frame["fate"].map(REASON_LEFT)
    rng = stream(seed, "gone")
    gone = frame["status"] == "other"
    frame.loc[gone, "main_cause"] = circumstances.causes_of_gone(rng, int(gone.sum()))
    # the old without labour mostly stay on the register; those cleared out were not so poor
    dibao = gone & (frame["fate"] != "cleared_out") & (rng.random(len(frame)) < 0.16)
    frame.loc[gone, "attribute"] = np.where(dibao, "dibao", "general")[gone]
    frame.loc[frame["fate"] == "natural", "attribute"] = "tekun"
    frame.loc[frame["status"] == "edge", ["main_cause", "other_causes"]] = None
    conditions = _conditions(stream(seed, "homes"), homes)
    frame = frame.join(conditions.set_index(homes["id"]), on="id")
    for indicator, column, missing in UNVERIFIED:
        unknown = (checks["indicator"] == indicator) & (checks["state"] == "unknown")
        frame.loc[frame["id"].isin(checks.loc[unknown, "household"]), column] = missing
    return frames.table("households", frame)


def _conditions(rng: np.random.Generator, homes: pd.DataFrame) -> pd.DataFrame:
    """Housing grade, water tests and helper of each household here now; all faults are mended."""
    count = len(homes)
    piped = rng.random(count) < 0.91
    return pd.DataFrame(
        {
            "housing_grade": np.where(rng.random(count) < 0.34, "A", "B"),
            "water_litres": np.round(rng.normal(78, 14, count).clip(50, 125) - 12 * ~piped),
            "water_quality": "pass",
            "water_trip_minutes": np.where(piped, 0, rng.integers(2, 16, count)),
            "water_cut_days": rng.poisson(rng.gamma(1.6, 2.2, count)).clip(0, 30),
            "helper": _helpers(rng, homes),
        }
    )


def _helpers(rng: np.random.Generator, homes: pd.DataFrame) -> "pd.Series[str]":
    """Officers' codes: each helps two to five households of one village."""
    shuffled = homes["village"].iloc[rng.permutation(len(homes))]
    helper = pd.Series("", index=homes.index)
    number = 0
    for _, rows in shuffled.groupby(shuffled):
        sizes = _group_sizes(rng, len(rows))
        names = [f"B{number + each:03d}" for each in range(1, len(sizes) + 1)]
        helper[rows.index] = np.repeat(names, sizes)
        number += len(sizes)
    return helper


def _group_sizes(rng: np.random.Generator, count: int) -> list[int]:
    """Groups of two to five that sum to the count."""
    sizes: list[int] = []
    while count > 6:
        sizes.append(int(rng.integers(2, 6)))
        count -= sizes[-1]
    return [*sizes, count // 2, count - count // 2] if count > 5 else [*sizes, count]
