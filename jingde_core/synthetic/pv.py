"""Village PV stations: capacity, months, and the wages of the posts that their income pays.

The wages come first, the income after them: a station's net income is what its wages are of
it at a share near the county's, so that the floor of four fifths holds at every station, and
at every month's end from January on. Two capacities are public facts; the rest is invented.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import Integers, split_count, split_total, stream
from jingde_core.synthetic.flood import numbered
from jingde_core.synthetic.frames import table

#: kilowatt, of Fancun and of Xinzhuang
KNOWN_CAPACITY = {"341825101202": 60.0, "341825100200": 120.0}
POOR_CAPACITY = (60, 60, 60, 50, 50, 40, 40)
OTHER_CAPACITY = (30, 30, 25, 20, 20)
#: yuan a kWh, by the year of connection
TARIFF = {2016: 0.98, 2017: 0.85, 2018: 0.75}
PAID_MONTHS = pd.date_range("2020-01-01", "2020-09-01", freq="MS")
#: share of the nine months' yield in each: less in winter and in the plum rains
SEASON = np.array([0.094, 0.093, 0.104, 0.112, 0.118, 0.105, 0.108, 0.139, 0.127])
FLOOR = 0.8
#: months paid up to September, of each temporary post, and its yuan a month
TEMPORARY_MONTHS = (7, 7, 6, 6, 6, 6, 6, 6, 5, 5, 5, 5, 4, 4)
TEMPORARY_WAGE = 500
#: least PV posts at a station that takes temporary posts as well
POSTS_FOR_TEMPORARY = 8


def plan_stations(
    seed: int, villages: pd.DataFrame, holders: pd.DataFrame, target: dict[str, int]
) -> pd.DataFrame:
    """Where the stations stand (光伏电站布局): one a village, with posts, wage and year.

    Raises
    ------
    ValueError
        when villages or wages cannot give the report's counts and sum.
    """
    rng = stream(seed, "pv.stations")
    rural = villages[villages["kind"] == "village"].set_index("code")
    known = rural.index[rural.index.isin(KNOWN_CAPACITY)]
    poor = rural.index[rural["poor_2014"]]
    count, in_poor = target["pv_stations"], target["pv_poor_village_stations"]
    size = holders["village"].value_counts().reindex(rural.index, fill_value=0)
    chosen = [
        _fill(rng, known.intersection(poor), poor, in_poor, size),
        _fill(rng, known.difference(poor), rural.index.difference(poor), count - in_poor, size),
    ]
    stock = [rng.permutation(POOR_CAPACITY), rng.permutation(OTHER_CAPACITY)]
    plan = pd.concat(
        [
            pd.DataFrame({"village": group, "capacity": kilowatts[: len(group)].astype(float)})
            for group, kilowatts in zip(chosen, stock, strict=True)
        ]
    )
    plan["capacity"] = plan["village"].map(KNOWN_CAPACITY).fillna(plan["capacity"])
    plan = plan.sort_values("village").reset_index(drop=True)
    plan["town"] = plan["village"].map(rural["town"])
    plan["year"] = rng.choice(list(TARIFF), count, p=[0.3, 0.5, 0.2])
    plan["tariff"] = plan["year"].map(TARIFF)
    plan["posts"] = split_count(target["pv_posts"], plan["capacity"] * plan["tariff"])
    large = plan["posts"].where(plan["posts"] >= POSTS_FOR_TEMPORARY, 0)
    plan["temporary"] = split_count(target["temporary_posts"], large)
    temporary = TEMPORARY_WAGE * sum(TEMPORARY_MONTHS)
    yields = plan["capacity"] * plan["tariff"]
    fair = target["pv_wages"] * yields / yields.sum()
    fair -= temporary * plan["temporary"] / plan["temporary"].sum()
    monthly, rest = divmod(target["pv_wages"] - temporary, len(PAID_MONTHS))
    if rest:
        raise ValueError(f"wages of {target['pv_wages']} yuan leave {rest} yuan after the months")
    plan["wage"] = _wages(rng, plan["posts"].to_numpy(), fair.to_numpy() / 9, monthly)
    plan.insert(0, "id", numbered("S", 2, count))
    return plan


def make_stations(plan: pd.DataFrame, assets: pd.DataFrame) -> pd.DataFrame:
    """Station rows (光伏电站), each with the asset of its village's PV project."""
    built = assets.set_index("village")
    connected = plan["village"].map(built["built_on"]) + pd.Timedelta(days=12)
    columns = plan[["id", "village", "capacity"]]
    return table(
        "pv_stations",
        columns.assign(asset=plan["village"].map(built["id"]), connected_on=connected),
    )


def make_wages(plan: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    """Wages out of PV income (光伏公益岗位工资): one row a post and month, up to September."""
    paid = posts[posts["station"].notna()].merge(pd.DataFrame({"date": PAID_MONTHS}), how="cross")
    paid = paid[paid["starts_on"] <= paid["date"]]
    kinds = paid["kind"].map({"pv": "post_wage", "temporary": "temporary_wage"})
    return pd.DataFrame(
        {
            "station": paid["station"],
            "household": paid["household"],
            "village": paid["village"],
            "date": paid["date"] + pd.Timedelta(days=24),
            "amount": paid["wage"],
            "kind": kinds,
        }
    )


def make_months(
    seed: int, plan: pd.DataFrame, wages: pd.DataFrame, *, share: float, ratio: float
) -> pd.DataFrame:
    """Station months (光伏月报): energy in kWh, income and upkeep in yuan.

    Over all stations and months, ``share`` is wages over income less upkeep, and ``ratio``
    is actual over standard generation.
    """
    rng = stream(seed, "pv.months")
    months = plan[["id", "capacity", "tariff"]].merge(pd.DataFrame({"month": PAID_MONTHS}), "cross")
    shape = (len(plan), len(SEASON))
    paid = wages.groupby("station")["amount"].sum().reindex(plan["id"]).to_numpy()
    nets = split_total(
        rng, round(paid.sum() / share * 100), paid / rng.uniform(0.986, 1.014, len(plan))
    )
    season = SEASON * rng.uniform(0.99, 1.01, shape)
    monthly = wages.pivot_table(index="station", columns="date", values="amount", aggfunc="sum")
    net = np.array(
        [
            split_total(rng, int(earned), _above_floor(yields, paid_out * 100 / earned))
            for earned, yields, paid_out in zip(nets, season, monthly.to_numpy(), strict=True)
        ]
    )
    months["upkeep"] = np.round(months["capacity"] * rng.uniform(4.5, 7.5, season.size))
    months["income"] = (net.ravel() + months["upkeep"] * 100) / 100
    months["actual"] = (months["income"] / months["tariff"]).round(1)
    standard = months["capacity"] * np.tile(SEASON, len(plan))
    months["standard"] = (standard * months["actual"].sum() / ratio / standard.sum()).round(1)
    months["station"] = months["id"]
    return table("pv_months", months.assign(online=True, fault=False, anomaly=False))


def _above_floor(season: NDArray[np.float64], paid: NDArray[np.float64]) -> NDArray[np.float64]:
    """A station's season, drawn to its wages until these hold the floor at every month's end."""
    season, pattern = season / season.sum(), paid / paid.sum()
    for pull in np.linspace(0, 1, 21):
        mixed = (1 - pull) * season + pull * pattern
        if (paid.cumsum() >= mixed.cumsum() * (FLOOR + 0.002)).all():
            break
    return np.asarray(mixed)


def _fill(
    rng: np.random.Generator, first: pd.Index, pool: pd.Index, count: int, size: "pd.Series[int]"
) -> list[str]:
    """``count`` villages: the first ones, and others drawn by their holders of posts."""
    rest = pool.difference(first)
    weight = size[rest].to_numpy(dtype=float)
    drawn = rng.choice(rest, count - len(first), replace=False, p=weight / weight.sum())
    return [*first, *drawn]


def _wages(
    rng: np.random.Generator, posts: Integers, fair: NDArray[np.float64], monthly: int
) -> Integers:
    """Whole tens of yuan a month by station, near what it earns, that pay ``monthly`` in all."""
    near = np.round(fair / posts / 10).astype(np.int64)
    offers = (near + rng.integers(-2, 3, (20_000, len(posts)))) * 10
    exact = np.flatnonzero(offers @ posts == monthly)
    if not len(exact):
        raise ValueError(f"no wages of {len(posts)} stations pay {monthly} yuan a month")
    wages: Integers = offers[exact[0]]
    return wages
