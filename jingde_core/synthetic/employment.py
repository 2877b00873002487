"""Public-welfare posts and the transport subsidy of those who work outside the county.

The register says who works on a post, one a household; here each gets a kind, a wage and,
when a PV station pays, the station, of the village or the town where there are enough.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.synthetic.draw import days, stream
from jingde_core.synthetic.flood import numbered, present
from jingde_core.synthetic.frames import table
from jingde_core.synthetic.pv import TEMPORARY_MONTHS, TEMPORARY_WAGE

RANGER_AGES = (18, 65)
RANGER_WAGE = 500
AUXILIARY_WAGES = (200, 300, 400, 500)
#: months' first days from which posts of a kind have run
STARTS = {
    "ranger": pd.date_range("2017-01-01", "2020-01-01", freq="YS"),
    "auxiliary": pd.date_range("2018-01-01", "2020-04-01", freq="QS"),
    "pv": pd.date_range("2018-01-01", "2020-01-01", freq="6MS"),
}
#: one-off subsidy in yuan: within the province, outside it, and far
TRANSPORT_STEPS = (300, 500, 800)


def post_holders(register: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Registered persons on a post now (公益岗位人员), with age, village and household wage."""
    people = register["persons"].merge(_homes(register), on="household")
    people = people[(people["status"] == "registered") & (people["work"] == "local_post")]
    return people.assign(age=2020 - people["birth_year"]).reset_index(drop=True)


def make_posts(
    seed: int,
    holders: pd.DataFrame,
    villages: pd.DataFrame,
    plan: pd.DataFrame,
    target: dict[str, int],
) -> pd.DataFrame:
    """Posts (公益岗位) with the holder's household, and the station that pays, if one.

    Raises
    ------
    ValueError
        when the posts of the report are more or fewer than their holders.
    """
    rng = stream(seed, "posts")
    named = ("ranger_posts", "auxiliary_posts", "pv_posts", "temporary_posts")
    if sum(target[kind] for kind in named) != len(holders):
        raise ValueError(f"{len(holders)} holders for {[target[kind] for kind in named]} posts")
    pool = holders.rename(columns={"id": "person"}).sample(frac=1, random_state=rng)
    pool["town"] = pool["village"].map(villages.set_index("code")["town"])
    pool["station"] = pd.Series(np.nan, index=pool.index, dtype="str")
    parts = []
    for station in plan.sort_values("posts").to_dict("records"):
        for kind, wage in (("pv", station["wage"]), ("temporary", TEMPORARY_WAGE)):
            count = station["posts" if kind == "pv" else kind]
            taken = pool.loc[_nearness(pool, station, plan["village"]).index[:count]]
            parts.append(taken.assign(kind=kind, station=station["id"], wage=float(wage)))
            pool = pool.drop(taken.index)
    short = (pool["household_wage"] < 12 * RANGER_WAGE) + 2 * ~pool["age"].between(*RANGER_AGES)
    rangers = pool.loc[short.sort_values(kind="stable").index[: target["ranger_posts"]]]
    rest = pool.drop(rangers.index)
    step = np.searchsorted(AUXILIARY_WAGES, rest["household_wage"] / 12, side="right") - 1
    wages = np.array(AUXILIARY_WAGES, dtype=float)[np.maximum(step, 0)]
    parts += [
        rangers.assign(kind="ranger", wage=float(RANGER_WAGE)),
        rest.assign(kind="auxiliary", wage=wages),
    ]
    posts = pd.concat(parts).sort_values(["kind", "person"], ignore_index=True)
    posts["starts_on"] = _starts(rng, posts["kind"])
    ends = pd.Series(pd.Timestamp("2020-12-31"), index=posts.index)
    posts["ends_on"] = ends.where(posts["kind"] == "temporary")
    return posts.assign(id=numbered("W", 4, len(posts)))


def _nearness(
    pool: pd.DataFrame, station: Mapping[Any, Any], served: "pd.Series[str]"
) -> "pd.Series[float]":
    """Holders, those of the station's village first, then of its town, other stations' last."""
    far: pd.Series[float] = 2.0 * (pool["town"] != station["town"]) + pool["village"].isin(served)
    far[pool["village"] == station["village"]] = -1.0
    return far.sort_values(kind="stable")


def make_transport(
    seed: int, register: dict[str, pd.DataFrame], target: dict[str, int]
) -> pd.DataFrame:
    """One-off transport subsidies (交通补贴) of registered persons working outside the county.

    Raises
    ------
    ValueError
        when too few work outside to make the report's count and sum in its steps.
    """
    rng = stream(seed, "transport")
    people = register["persons"].merge(_homes(register), on="household")
    people = people[(people["status"] == "registered") & (people["birth_year"] <= 2004)]
    within = people.index[people["work"] == "province"]
    beyond = people.index[people["work"] == "outside"]
    low, middle, high = _steps(
        target["transport_subsidy_persons"], target["transport_subsidy"], len(within), len(beyond)
    )
    far = rng.choice(beyond, middle + high, replace=False)
    chosen = people.loc[np.r_[rng.choice(within, low, replace=False), far]]
    return pd.DataFrame(
        {
            "person": chosen["id"],
            "household": chosen["household"],
            "village": chosen["village"],
            "kind": "transport",
            "date": days(rng, "2020-03-10", "2020-06-25", len(chosen)),
            "amount": np.repeat(np.array(TRANSPORT_STEPS, dtype=float), [low, middle, high]),
        }
    )


def post_table(posts: pd.DataFrame) -> pd.DataFrame:
    """Post rows without the household and station, which other tables hold."""
    return table("posts", posts)


def _homes(register: dict[str, pd.DataFrame]) -> pd.DataFrame:
    here = present(register["households"])[["id", "village", "status", "wage"]]
    return here.rename(columns={"id": "household", "wage": "household_wage"})


def _starts(rng: np.random.Generator, kinds: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    starts = pd.Series(pd.NaT, index=kinds.index, dtype="datetime64[us]")
    for kind, firsts in STARTS.items():
        mine = kinds == kind
        starts[mine] = rng.choice(firsts.to_numpy(), int(mine.sum()))
    temporary = kinds == "temporary"
    months = rng.permutation(TEMPORARY_MONTHS)
    starts[temporary] = [pd.Timestamp(2020, 10 - int(month), 1) for month in months]
    return starts


def _steps(persons: int, total: int, within: int, beyond: int) -> tuple[int, int, int]:
    """How many at each step: the split nearest to a quarter within the province."""
    low_step, step, high_step = TRANSPORT_STEPS
    for low in sorted(range(min(within, persons) + 1), key=lambda n: abs(n - persons // 4)):
        rest = total - low * low_step - (persons - low) * step
        high, left = divmod(rest, high_step - step)
        if not left and 0 <= high <= persons - low <= beyond:
            return low, persons - low - high, high
    raise ValueError(f"no {persons} subsidies of {TRANSPORT_STEPS} sum to {total}")
