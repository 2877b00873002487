"""Funds and projects, and with them the assets, stations and posts that they pay for.

The allotments and projects of 2020 are the report's; those of the years before are invented
so that the reported assets have projects which paid for them.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.model.catalogue import label
from jingde_core.synthetic.assets import JIANGCUN, make_assets, make_ledger
from jingde_core.synthetic.draw import codes, split_count, stream
from jingde_core.synthetic.employment import make_posts, post_holders, post_table
from jingde_core.synthetic.flood import FLOOD_DAYS, present, targets
from jingde_core.synthetic.frames import table
from jingde_core.synthetic.industry import make_entities
from jingde_core.synthetic.leases import (
    LUXI,
    make_collective_income,
    make_leases,
    share_income,
)
from jingde_core.synthetic.pv import make_months, make_stations, make_wages, plan_stations

#: ten thousands of yuan, and projects, of the years before the report's
ALLOTTED = {2014: 630, 2015: 850, 2016: 1_280, 2017: 1_600, 2018: 1_760, 2019: 1_890}
PROJECTS = {2014: 14, 2015: 18, 2016: 24, 2017: 28, 2018: 30, 2019: 32}
SOURCES = {"central": 0.5, "province": 0.27, "city": 0.08, "county": 0.15}
#: kind of project and whether it reaches the village or the household: weight, median budget
KINDS = {
    "industry village": (0.36, 70),
    "industry household": (0.09, 26),
    "road village": (0.2, 55),
    "water village": (0.13, 42),
    "public village": (0.11, 38),
    "environment village": (0.07, 30),
    "housing household": (0.04, 24),
}
#: ten thousands of yuan a kilowatt
PV_COST = 0.75
#: projects of the model village by year, so that its ledgers show every kind of asset
MODEL_PROJECTS = {
    2015: "road village",
    2016: "industry village",
    2017: "public village",
    2018: "industry village",
    2019: "industry household",
}
UNSETTLED, UNACCEPTED = 8, 6
#: yuan above which a project is put out to tender
TENDER = 600_000
#: what the repair of the projects cost; the other part of the repair funds is the water works'
REPAIR_COST = 1_150_000
BEFORE_FLOOD = pd.Timestamp(FLOOD_DAYS[0])


def make_funds(seed: int, register: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables of funds and assets (资金、项目与资产), with the entities and posts they need.

    Parameters
    ----------
    seed : int
        the same seed and register give the same rows.
    register : mapping of table name to frame
        towns, villages, households, persons, report_figures.

    Raises
    ------
    ValueError
        when the register cannot give the report's counts.
    """
    figures = register["report_figures"]
    target = targets(figures)
    printed = figures.set_index("figure_id")["value"]
    villages, homes = register["villages"], present(register["households"])
    homes = homes[homes["status"] == "registered"]
    holders = post_holders(register)
    plan = plan_stations(seed, villages, holders, target)
    funds = _funds(target["project_funds"])
    projects = _projects(seed, villages, homes, plan, funds, target, printed)
    entities = make_entities(seed, villages, target)
    assets = make_assets(seed, projects, villages, entities, target["assets_total"])
    pv = assets["project"].isin(projects.loc[projects["kind"] == "pv", "id"])
    stations = make_stations(plan, assets[pv])
    posts = make_posts(seed, holders, villages, plan, target)
    wages = make_wages(plan, posts)
    share, ratio = printed[["pv_wage_share", "pv_generation_ratio"]] / 100
    months = make_months(seed, plan, wages, share=share, ratio=ratio)
    leases = make_leases(seed, assets[~pv], entities, target["luxi_income"])
    shared = share_income(seed, assets, homes, leases, stations, months, wages)
    return {
        "funds": funds,
        "projects": projects,
        "assets": assets,
        "ledger_entries": make_ledger(seed, assets, entities, shared, stations),
        "distributions": shared,
        "pv_stations": stations,
        "pv_months": months,
        "leases": leases,
        "collective_income": make_collective_income(
            seed, villages, assets, leases, stations, months
        ),
        "entities": entities,
        "posts": post_table(posts),
    }


def _funds(current: int) -> pd.DataFrame:
    """Allotments by year and source; ``current`` is the yuan of 2020."""
    rows = []
    for year, tens in (ALLOTTED | {2020: current // 10_000}).items():
        shares = split_count(tens, list(SOURCES.values())) * 10_000.0
        for number, (source, amount) in enumerate(zip(SOURCES, shares, strict=True), 1):
            document = label("synthetic.document", lang="zh", year=year, number=f"{number:02d}")
            rows.append((f"F{year}-{number:02d}", source, document, year, amount))
    columns = ["id", "source", "document_number", "year", "allotted"]
    return table("funds", pd.DataFrame(rows, columns=columns))


def _projects(
    seed: int,
    villages: pd.DataFrame,
    homes: pd.DataFrame,
    plan: pd.DataFrame,
    funds: pd.DataFrame,
    target: dict[str, int],
    printed: "pd.Series[float]",
) -> pd.DataFrame:
    rng = stream(seed, "projects")
    poor = villages.set_index("code")["poor_2014"]
    weight = homes["village"].value_counts().sort_index().astype(float)
    weight *= 1 + 0.6 * poor.loc[weight.index]
    parts = []
    for year, count in (PROJECTS | {2020: target["projects"]}).items():
        part = _pv_projects(plan[plan["year"] == year])
        rest = _village_projects(rng, year, count - len(part), weight, villages)
        part = pd.concat([part, rest], ignore_index=True)
        part["fund"] = _fund_of(rng, funds[funds["year"] == year], part)
        part["budget"] = _budgets(funds.set_index("id")["allotted"], part)
        part = part.sort_values(["fund", "village", "kind"], ignore_index=True)
        part["id"] = [f"P{year}-{number:03d}" for number in range(1, count + 1)]
        parts.append(part.assign(year=year))
    projects = _dated(rng, pd.concat(parts, ignore_index=True))
    projects["paid"] = _paid(rng, projects, printed["expenditure_progress"] / 100)
    settled_late = projects["settled_on"].dt.year > projects["year"]
    projects["carried_over"] = settled_late | (
        projects["settled_on"].isna() & (projects["year"] < 2020)
    )
    return table("projects", _flooded(rng, projects, target["flood_projects"]))


def _pv_projects(plan: pd.DataFrame) -> pd.DataFrame:
    frame = plan[["village"]].assign(kind="pv", reach="village")
    return frame.assign(weight=plan["capacity"] * PV_COST)


def _village_projects(
    rng: np.random.Generator,
    year: int,
    count: int,
    weight: "pd.Series[float]",
    villages: pd.DataFrame,
) -> pd.DataFrame:
    """Projects other than PV; in 2020 every town has one household project of industry."""
    towns = villages.set_index("code")["town"].reindex(weight.index)
    seats = weight.groupby(towns.to_numpy()).idxmax().tolist() if year == 2020 else []
    kinds = {k: w for k, (w, _) in KINDS.items() if not (seats and k == "industry household")}
    kind = codes(rng, list(kinds), list(kinds.values()), count - len(seats))
    places = rng.choice(weight.index, len(kind), p=weight / weight.sum())
    industry = kind == "industry village"
    elsewhere = weight.drop(LUXI, errors="ignore")
    places[industry] = rng.choice(elsewhere.index, industry.sum(), p=elsewhere / elsewhere.sum())
    if year in MODEL_PROJECTS:
        places[np.flatnonzero(kind == MODEL_PROJECTS[year])[0]] = JIANGCUN
    kind = np.r_[kind, ["industry household"] * len(seats)]
    frame = pd.DataFrame({"village": [*places, *seats]})
    frame[["kind", "reach"]] = [name.split() for name in kind]
    medians = np.array([KINDS[name][1] for name in kind])
    return frame.assign(weight=medians * rng.lognormal(0, 0.35, len(frame)))


def _fund_of(
    rng: np.random.Generator, funds: pd.DataFrame, projects: pd.DataFrame
) -> NDArray[np.object_]:
    return codes(rng, funds["id"].tolist(), funds["allotted"], len(projects))


def _budgets(allotted: "pd.Series[float]", projects: pd.DataFrame) -> "pd.Series[float]":
    """Every fund spent on its projects, to the thousand of yuan."""
    budgets = pd.Series(0.0, index=projects.index)
    for fund in projects["fund"].unique():
        mine = projects["fund"] == fund
        thousands = round(allotted[fund] / 1000)
        budgets[mine] = split_count(thousands, projects.loc[mine, "weight"]) * 1000.0
    return budgets


def _dated(rng: np.random.Generator, projects: pd.DataFrame) -> pd.DataFrame:
    """Listed, noticed, tendered, accepted and settled in order; 2020 by September at the latest."""

    def later(low: int, high: "int | NDArray[np.int64]") -> pd.TimedeltaIndex:
        return pd.to_timedelta(rng.integers(low, high, len(projects)), "D")

    now = (projects["year"] == 2020).to_numpy()
    first = pd.to_datetime(projects["year"].astype(str) + "-01-05").astype("datetime64[us]")
    projects["listed_on"] = first + later(0, 80)
    projects["noticed_on"] = projects["listed_on"] + later(7, 20)
    tender = (projects["budget"] >= TENDER) & (projects["reach"] == "village")
    projects["tendered_on"] = (projects["noticed_on"] + later(12, 30)).where(tender)
    projects["accepted_on"] = projects["noticed_on"] + later(50, np.where(now, 130, 320))
    projects["settled_on"] = projects["accepted_on"] + later(7, np.where(now, 28, 50))
    waiting = projects.index[now & (projects["reach"] == "village")]
    waiting = waiting[np.argsort(-projects.loc[waiting, "accepted_on"].to_numpy(dtype=np.int64))]
    projects.loc[waiting[:UNSETTLED], "settled_on"] = pd.NaT
    projects.loc[waiting[:UNACCEPTED], "accepted_on"] = pd.NaT
    return projects


def _paid(rng: np.random.Generator, projects: pd.DataFrame, progress: float) -> "pd.Series[float]":
    """Settled projects are paid in full; what 2020 has not paid lies with the unsettled."""
    paid = projects["budget"].copy()
    open_rows = projects.index[projects["settled_on"].isna()]
    budget = projects.loc[projects["year"] == 2020, "budget"].sum()
    unpaid = round(budget * (1 - progress) / 100)
    weights = paid[open_rows] * rng.uniform(0.7, 1.3, len(open_rows))
    paid[open_rows] -= split_count(unpaid, weights) * 100.0
    return paid


def _flooded(rng: np.random.Generator, projects: pd.DataFrame, count: int) -> pd.DataFrame:
    """Damaged projects, one a village at most, among what stood in the open before the flood."""
    standing = (projects["accepted_on"] < BEFORE_FLOOD) & projects["kind"].isin(
        ["road", "water", "industry", "environment"]
    )
    drawn = projects[standing & (projects["reach"] == "village")].sample(frac=1, random_state=rng)
    hit = drawn.drop_duplicates("village").index[:count].sort_values()
    projects["flood_damaged"] = projects.index.isin(hit)
    cost = split_count(
        REPAIR_COST // 100, projects.loc[hit, "budget"] ** 0.5 * rng.uniform(0.5, 1.5, count)
    )
    projects["repair_cost"] = pd.Series(cost * 100.0, index=hit).reindex(projects.index)
    return projects
