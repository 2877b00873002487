"""Towns and villages with their invented attributes: population, poor villages of 2014.

Codes, names and kinds are public. Population within a town, its agricultural part and the poor
villages are drawn: the eight are not public by name, and the two villages that the report names
for other things are kept out of that draw.
"""

import numpy as np
import pandas as pd

from jingde_core.geography.register import read_register
from jingde_core.synthetic.draw import split_count, stream

POPULATION, RURAL_POPULATION, POOR_VILLAGES = 150_000, 122_222, 8
SEAT, SEAT_URBAN_SHARE = "341825100", 0.4
#: public head counts, mixed dates: the seat by household registration at the end of 2019, the
#: others from gazetteers; Sanxi is the sum of its villages
KNOWN_TOWNS = {
    SEAT: 56_048,
    "341825101": 16_338,
    "341825102": 13_054,
    "341825104": 15_000,
    "341825107": 10_403,
}
#: Jianqiang's is its 457 households at the size of its neighbours' households
KNOWN_VILLAGES = {
    "341825102001": 4_191,
    "341825102200": 1_582,
    "341825102201": 2_323,
    "341825102202": 1_758,
    "341825102203": 1_670,
    "341825102204": 1_530,
}
NAMED_BY_REPORT = ("341825104205", "341825102200")


def make_places(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Towns and villages (镇、村（居）) as the tables of those names."""
    rng = stream(seed, "places")
    register = read_register()
    towns = pd.DataFrame(register.towns)
    units = pd.DataFrame(register.villages)
    units["urban"] = (units["kind"] == "community") & (units["town"] == SEAT)
    units["seat_of_town"] = units["urban_rural_2016"].str.startswith("12") & ~units["urban"]
    units["population"] = _population(rng, towns, units)
    units["rural_population"] = _rural(rng, units)
    units["poor_2014"] = _poor_villages(rng, units)
    columns = ["code", "name", "kind", "town", "poor_2014", "population", "rural_population"]
    return towns[["code", "name"]], units[columns]


def _population(
    rng: np.random.Generator, towns: pd.DataFrame, units: pd.DataFrame
) -> "pd.Series[int]":
    """Known counts stand; the other towns share the rest by area; villages vary within a town."""
    of_town = dict(KNOWN_TOWNS)
    others = towns[~towns["code"].isin(KNOWN_TOWNS)]
    rest = POPULATION - sum(of_town.values())
    shares = split_count(rest, others["area_km2"] * rng.uniform(0.85, 1.15, len(others)))
    of_town |= dict(zip(others["code"], shares.tolist(), strict=True))
    scattered = pd.Series(rng.lognormal(0, 0.22, len(units)), index=units.index)
    in_group = scattered / scattered.groupby([units["town"], units["urban"]]).transform("sum")
    group_share = units["urban"].map({True: SEAT_URBAN_SHARE, False: 1 - SEAT_URBAN_SHARE})
    weight = in_group * group_share.where(units["town"] == SEAT, 1.0)
    population = pd.Series(0, index=units.index, dtype="int64")
    for town, rows in units.groupby("town").groups.items():
        population[rows] = split_count(of_town[str(town)], weight[rows])
    return units["code"].map(KNOWN_VILLAGES).fillna(population).astype("int64")


def _rural(rng: np.random.Generator, units: pd.DataFrame) -> "pd.Series[int]":
    """Agricultural population: none in the seat's communities, mixed where a town has its seat."""
    propensity = np.select(
        [units["urban"], units["kind"] == "community", units["seat_of_town"]], [0, 8, 2.5], 1.0
    )
    propensity = propensity * rng.uniform(0.7, 1.3, len(units)) * units["population"]
    townsfolk = units["population"].where(units["urban"], 0)
    others = split_count(POPULATION - RURAL_POPULATION - int(townsfolk.sum()), propensity)
    return units["population"] - townsfolk - others


def _poor_villages(rng: np.random.Generator, units: pd.DataFrame) -> "pd.Series[bool]":
    """Small villages away from the seats, drawn."""
    weight = np.where(units["town"] == SEAT, 0.4, 1.0) / units["population"]
    kept_out = (units["kind"] == "community") | units["seat_of_town"]
    weight[kept_out | units["code"].isin(NAMED_BY_REPORT)] = 0
    chosen = rng.choice(len(units), POOR_VILLAGES, replace=False, p=weight / weight.sum())
    return pd.Series(units.index.isin(chosen), index=units.index)
