"""Village PV stations and public-welfare posts, some of which their income pays.

The wages come first, the income after them: a station's net income is what its wages are of
it at a share near the county's, so that the floor of four fifths holds at every station, and
at every month's end from January on. Two capacities are public facts; the rest is invented.
The register says who works on a post; here each gets a kind, a wage and, when a PV station
pays, the station, of the village or the town where there are enough.
"""

import numpy as np
import pandas as pd

from jingde_core.synthetic.draw import Array, Column, Frame, Random, split_count
from jingde_core.synthetic.making import Making, Tables, numbered

#: kilowatt, of Fancun and of Xinzhuang
KNOWN_CAPACITY = {"341825101202": 60.0, "341825100200": 120.0}
POOR_CAPACITY, OTHER_CAPACITY = (60, 60, 60, 50, 50, 40, 40), (30, 30, 25, 20, 20)
#: yuan a kWh, by the year of connection
TARIFF = {2016: 0.98, 2017: 0.85, 2018: 0.75}
PAID_MONTHS = pd.date_range("2020-01-01", "2020-09-01", freq="MS")
#: share of the nine months' yield in each: less in winter and in the plum rains
SEASON = np.array([0.094, 0.093, 0.104, 0.112, 0.118, 0.105, 0.108, 0.139, 0.127])
FLOOR = 0.8
#: months paid up to September, of each temporary post, and its yuan a month
TEMPORARY_MONTHS, TEMPORARY_WAGE = (7, 7, 6, 6, 6, 6, 6, 6, 5, 5, 5, 5, 4, 4), 500
#: least PV posts at a station that takes temporary posts as well
POSTS_FOR_TEMPORARY = 8
RANGER_AGES, RANGER_WAGE = (18, 65), 500
AUXILIARY_WAGES = np.array([200.0, 300.0, 400.0, 500.0])
#: months' first days from which posts of a kind have run
STARTS = {
    "ranger": pd.date_range("2017-01-01", "2020-01-01", freq="YS"),
    "auxiliary": pd.date_range("2018-01-01", "2020-04-01", freq="QS"),
    "pv": pd.date_range("2018-01-01", "2020-01-01", freq="6MS"),
}


def plan_stations(made: Making) -> Tables:
    """Where the stations stand (光伏电站布局): one a village, with posts, wage and year."""
    rng, target, villages = made.stream("pv.stations"), made.target, made["villages"]
    rural = villages[villages["kind"] == "village"].set_index("code")
    count, in_poor = target["pv_stations"], target["pv_poor_village_stations"]
    people = made.residents(made.registered())
    holders = people[people["work"] == "local_post"]
    size = holders["village"].value_counts()
    chosen = []
    for poor, number in ((True, in_poor), (False, count - in_poor)):
        pool = rural.index[rural["poor_2014"] == poor]
        known = pool[pool.isin(KNOWN_CAPACITY)]
        rest = pool.difference(known)
        # villages with more holders of posts are likelier to have a station
        drawn = rng.pick(size.reindex(rest, fill_value=0), number - len(known))
        chosen.append([*known, *rest[drawn]])
    groups = zip((POOR_CAPACITY, OTHER_CAPACITY), chosen, strict=True)
    drawn = np.concatenate([rng.permutation(stock)[: len(group)] for stock, group in groups])
    plan = pd.DataFrame({"village": np.concatenate(chosen)})
    plan["capacity"] = plan["village"].map(KNOWN_CAPACITY).fillna(pd.Series(drawn))
    plan = plan.sort_values("village", ignore_index=True)
    plan["id"] = numbered("S01", count)
    plan["town"] = plan["village"].map(rural["town"])
    plan["year"] = rng.choice(list(TARIFF), count, p=[0.3, 0.5, 0.2])
    plan["tariff"] = plan["year"].map(TARIFF)
    yields = plan["capacity"] * plan["tariff"]
    plan["pv"] = split_count(target["pv_posts"], yields)
    large = plan["pv"].where(plan["pv"] >= POSTS_FOR_TEMPORARY, 0)
    plan["temporary"] = split_count(target["temporary_posts"], large)
    temporary = TEMPORARY_WAGE * sum(TEMPORARY_MONTHS)
    fair = target["pv_wages"] * yields / yields.sum()
    fair -= temporary * plan["temporary"] / plan["temporary"].sum()
    near = fair / len(PAID_MONTHS) / plan["pv"]
    plan["wage"] = _wages(rng, near.to_numpy(), plan["pv"], target["pv_wages"] - temporary)
    return {"plan": plan, "holders": holders}


def _wages(rng: Random, near: Array, posts: Column, total: int) -> Array:
    """Whole tens of yuan a month by station, near those given, that pay the total in all."""
    near = np.round(near / 10).astype(np.int64)
    offers: Array = (near + rng.integers(-2, 3, (20_000, len(near)))) * 10
    exact = np.flatnonzero(offers @ posts.to_numpy() * len(PAID_MONTHS) == total)
    if not len(exact):
        raise ValueError(f"no wages of {len(near)} stations pay {total} yuan")
    return np.asarray(offers[exact[0]])


def make_stations(made: Making) -> Tables:
    """Station rows (光伏电站), each with the asset of its village's PV project."""
    plan, projects, assets = made["plan"], made["projects"], made["assets"]
    pv = assets["project"].isin(projects.loc[projects["kind"] == "pv", "id"])
    built = assets[pv].set_index("village")
    connected = plan["village"].map(built["built_on"]) + pd.Timedelta(days=12)
    stations = plan.assign(asset=plan["village"].map(built["id"]), connected_on=connected)
    return made.table("pv_stations", stations)


def make_posts(made: Making) -> Tables:
    """Posts (公益岗位), and the wages of those that a station pays."""
    rng, plan, target = made.stream("posts"), made["plan"], made.target
    pool = made["holders"].rename(columns={"id": "person"})
    named = [target[f"{kind}_posts"] for kind in (*STARTS, "temporary")]
    if sum(named) != len(pool):
        raise ValueError(f"{len(pool)} holders for {named} posts")
    pool = pool.sample(frac=1, random_state=rng)
    pool["town"] = pool["village"].map(made["villages"].set_index("code")["town"])
    parts = []
    for station in plan.sort_values("pv").to_dict("records"):
        for kind, wage in (("pv", station["wage"]), ("temporary", TEMPORARY_WAGE)):
            # of the station's village first, then of its town, other stations' last
            far = 2 * (pool["town"] != station["town"]) + pool["village"].isin(plan["village"])
            far = far.mask(pool["village"] == station["village"], -1).sort_values(kind="stable")
            taken = pool.loc[far.index[: station[kind]]]
            parts.append(taken.assign(kind=kind, station=station["id"], wage=float(wage)))
            pool = pool.drop(taken.index)
    short = (pool["household_wage"] < 12 * RANGER_WAGE) + 2 * ~pool["age"].between(*RANGER_AGES)
    rangers = pool.loc[short.sort_values(kind="stable").index[: target["ranger_posts"]]]
    rest = pool.drop(rangers.index)
    step = np.searchsorted(AUXILIARY_WAGES, rest["household_wage"] / 12, side="right") - 1
    parts += [
        rangers.assign(kind="ranger", wage=float(RANGER_WAGE)),
        rest.assign(kind="auxiliary", wage=AUXILIARY_WAGES[np.maximum(step, 0)]),
    ]
    posts = pd.concat(parts).sort_values(["kind", "person"], ignore_index=True)
    posts["starts_on"] = _starts(rng, posts["kind"])
    ends = pd.Series(pd.Timestamp("2020-12-31"), index=posts.index)
    posts["ends_on"] = ends.where(posts["kind"] == "temporary")
    return made.coded("posts", "W0001", posts) | {"wages": _station_wages(posts)}


def _starts(rng: Random, kinds: Column) -> Column:
    starts = pd.Series(pd.NaT, index=kinds.index, dtype="datetime64[us]")
    for kind, firsts in STARTS.items():
        mine = kinds == kind
        starts[mine] = rng.choice(firsts.to_numpy(), int(mine.sum()))
    months = rng.permutation(TEMPORARY_MONTHS)
    starts[kinds == "temporary"] = [pd.Timestamp(2020, 10 - int(month), 1) for month in months]
    return starts


def _station_wages(posts: Frame) -> Frame:
    """Wages out of PV income (光伏公益岗位工资): one row a post and month, up to September."""
    paid = posts[posts["station"].notna()].merge(pd.DataFrame({"month": PAID_MONTHS}), how="cross")
    paid = paid[paid["starts_on"] <= paid["month"]]
    kinds = paid["kind"].map({"pv": "post_wage", "temporary": "temporary_wage"})
    paid = paid.assign(date=paid["month"] + pd.Timedelta(days=24), amount=paid["wage"], kind=kinds)
    return paid[["station", "household", "village", "date", "amount", "kind"]]


def make_months(made: Making) -> Tables:
    """Station months (光伏月报): energy in kWh, income and upkeep in yuan."""
    rng, plan, wages = made.stream("pv.months"), made["plan"], made["wages"]
    # over all stations and months: wages over income less upkeep, actual over standard energy
    share, ratio = made.share("pv_wage_share"), made.share("pv_generation_ratio")
    months = plan[["id", "capacity", "tariff"]].merge(pd.DataFrame({"month": PAID_MONTHS}), "cross")
    monthly = wages.pivot_table(index="station", columns="date", values="amount", aggfunc="sum")
    paid = monthly.loc[plan["id"]].to_numpy()
    whole = paid.sum(axis=1)
    total = round(whole.sum() / share * 100)
    nets = rng.split_total(total, whole / rng.uniform(0.986, 1.014, len(plan)))
    season = SEASON * rng.uniform(0.99, 1.01, paid.shape)
    net = [
        rng.split_total(int(earned), _above_floor(yields, paid_out * 100 / earned))
        for earned, yields, paid_out in zip(nets, season, paid, strict=True)
    ]
    months["upkeep"] = np.round(months["capacity"] * rng.uniform(4.5, 7.5, season.size))
    months["income"] = (np.ravel(net) + months["upkeep"] * 100) / 100
    months["actual"] = (months["income"] / months["tariff"]).round(1)
    standard = months["capacity"] * np.tile(SEASON, len(plan))
    months["standard"] = (standard * months["actual"].sum() / ratio / standard.sum()).round(1)
    months = months.assign(station=months["id"], online=True, fault=False, anomaly=False)
    return made.table("pv_months", months)


def _above_floor(season: Array, paid: Array) -> Array:
    """A station's season, drawn to its wages until these hold the floor at every month's end."""
    season, pattern = season / season.sum(), paid / paid.sum()
    for pull in np.linspace(0, 1, 21):
        mixed = (1 - pull) * season + pull * pattern
        if (paid.cumsum() >= mixed.cumsum() * (FLOOR + 0.002)).all():
            break
    return np.asarray(mixed)
