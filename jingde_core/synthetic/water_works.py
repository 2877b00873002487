"""Drinking-water works: where they stand, what was built in the year, what the flood cost.

``built_on``, ``build_kind`` and ``cost`` tell of the building of 2020 alone and
``restored_on``, ``restored_cost`` of the repair after the flood alone: both are empty for a
work that the year left as it was.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.synthetic.draw import codes, days, split_count, split_total

BUILD_KINDS = {"new": 22, "rebuilt": 31, "extended": 22}
#: yuan; the report prints over 390 x 10k for works and projects together
REPAIRS = 2_760_000
FLOOD_START = np.datetime64("2020-07-02", "us")


def make_water_works(
    rng: np.random.Generator,
    villages: pd.DataFrame,
    exposure: "pd.Series[float]",
    target: Mapping[str, int],
) -> dict[str, Any]:
    """Columns of the water works (饮水工程), by village and kind.

    Parameters
    ----------
    exposure : Series of float, by village code
        propensity of the village's works to be damaged.
    target : mapping of figure id to whole yuan or count
        the report's figures.
    """
    rural = villages["rural_population"].to_numpy(dtype=float)
    central = split_count(target["water_works_disinfected"], rural)
    remote = rural**0.5 * rng.gamma(0.8, size=len(rural))
    dispersed = split_count(int(rng.integers(60, 91)), remote)
    village = np.repeat(np.tile(villages["code"].to_numpy(), 2), np.append(central, dispersed))
    kind = np.repeat(["central", "dispersed"], [central.sum(), dispersed.sum()])
    order = np.lexsort((kind, village))
    works: dict[str, Any] = {
        "id": [f"U{number:03d}" for number in range(1, len(order) + 1)],
        "village": village[order],
        "kind": kind[order],
        "quality": "pass",
    }
    works |= _built(rng, len(order), target)
    works |= _restored(rng, works, exposure, target)
    works |= _tested(rng, works)
    return works


def _built(rng: np.random.Generator, count: int, target: Mapping[str, int]) -> dict[str, Any]:
    sites = target["water_works_built"]
    at = rng.choice(count, sites, replace=False)
    built_on = np.full(count, np.datetime64("NaT", "us"))
    built_on[at] = days(rng, "2020-03-10", "2020-08-25", sites)
    build_kind = np.full(count, None, dtype=object)
    build_kind[at] = codes(rng, list(BUILD_KINDS), list(BUILD_KINDS.values()), sites)
    cost = np.full(count, np.nan)
    cost[at] = split_total(rng, target["water_funds"], rng.lognormal(0, 0.7, sites), minimum=12_000)
    return {"built_on": built_on, "build_kind": build_kind, "cost": cost}


def _restored(
    rng: np.random.Generator,
    works: Mapping[str, Any],
    exposure: "pd.Series[float]",
    target: Mapping[str, int],
) -> dict[str, Any]:
    count, damaged = len(works["id"]), target["flood_water_works"]
    # a work that was new after the flood was not there to be damaged
    later = (works["build_kind"] == "new") & (works["built_on"] >= FLOOD_START)
    weight = np.where(later, 0, exposure.loc[works["village"]].to_numpy())
    at = rng.choice(count, damaged, replace=False, p=weight / weight.sum())
    restored_on = np.full(count, np.datetime64("NaT", "us"))
    restored_on[at] = days(rng, "2020-07-08", "2020-08-20", damaged)
    restored_cost = np.full(count, np.nan)
    restored_cost[at] = split_total(rng, REPAIRS, rng.lognormal(0, 0.6, damaged), minimum=2_000)
    return {"restored_on": restored_on, "restored_cost": restored_cost}


def _tested(rng: np.random.Generator, works: Mapping[str, Any]) -> dict[str, Any]:
    """Disinfected, if central, and tested, both after the work was built or restored."""
    count = len(works["id"])
    ready = np.fmax(days(rng, "2020-05-10", "2020-08-15", count), works["built_on"])
    ready = np.fmax(ready, works["restored_on"])
    disinfected = ready + rng.integers(0, 5, count).astype("timedelta64[D]")
    tested = ready + rng.integers(5, 25, count).astype("timedelta64[D]")
    never = np.datetime64("NaT", "us")
    central = works["kind"] == "central"
    return {"disinfected_on": np.where(central, disinfected, never), "tested_on": tested}


def damage_of(works: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    """Columns of the damages (水毁) of the restored works: somewhat under the cost of repair."""
    damaged = works[works["restored_on"].notna()]
    share = rng.uniform(0.75, 1.0, len(damaged))
    stock = damaged["cost"].fillna(np.inf).to_numpy()
    return {
        "village": damaged["village"].to_numpy(),
        "work": damaged["id"].to_numpy(),
        "kind": "work",
        "loss": np.minimum(damaged["restored_cost"].to_numpy() * share, stock).round(),
        "date": days(rng, "2020-07-02", "2020-07-06", len(damaged)),
        "mended_on": damaged["restored_on"].to_numpy(),
    }
