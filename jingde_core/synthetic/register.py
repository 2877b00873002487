"""Places, the report's figures, and the table of households out of all that was made of them.

Codes, names and kinds of places are public. Population within a town, its agricultural part and
the poor villages are drawn: the eight are not public by name, and the two villages that the
report names for other things are kept out of that draw. Households that left the register have
status ``other`` and keep what they were last known to have; codes carry no meaning.
"""

import numpy as np
import pandas as pd

from jingde_core.geography.register import read_register
from jingde_core.model.place import shipped
from jingde_core.synthetic.draw import Column, Frame, Random, split_count
from jingde_core.synthetic.incomes import COMPONENTS
from jingde_core.synthetic.making import ASSUMED, Making, Tables, numbered
from jingde_core.synthetic.people import CAUSES
from jingde_core.synthetic.roster import roster_dates

POPULATION, RURAL_POPULATION, POOR_VILLAGES = 150_000, 122_222, 8
SEAT, SEAT_URBAN_SHARE = "341825100", 0.4
#: the villages that the report names: the model of the five ledgers, and the lessor
JIANGCUN, LUXI = "341825104205", "341825102200"
EXIT_STATUS = {"stayed": "lifted_with_policy", "left": "lifted_without_policy"}
EXIT_STATUS |= {"waiting": "not_lifted", "natural": "never_lifted", "cleared_out": "never_lifted"}
STATUS = {"stayed": "registered", "waiting": "registered", "edge": "edge"}
REASON_LEFT = {"left": "support_ended", "natural": "natural", "cleared_out": "cleared_out"}


def make_figures(made: Making) -> Tables:
    """What the report prints (报告数), in its order: kept beside the tables made here."""
    text = ["figure_id", "topic", "measure_zh", "measure_en", "unit", "qualifier", "as_of"]
    path = shipped("data") / "report_figures.csv"
    printed = pd.read_csv(path, dtype=dict.fromkeys(text, str))
    typed = made.table("report_figures", printed)["report_figures"].set_index("figure_id")
    return {"report_figures": typed.loc[printed["figure_id"]].reset_index()}


def make_places(made: Making) -> Tables:
    """Towns and villages (镇、村（居）) as the tables of those names."""
    rng, register = made.stream("places"), read_register()
    towns, units = pd.DataFrame(register.towns), pd.DataFrame(register.villages)
    units["urban"] = (units["kind"] == "community") & (units["town"] == SEAT)
    units["seat_of_town"] = units["urban_rural_2016"].str.startswith("12") & ~units["urban"]
    units["population"] = _population(rng, towns, units)
    units["rural_population"] = _rural(rng, units)
    weight = np.where(units["town"] == SEAT, 0.4, 1.0) / units["population"]
    kept_out = (units["kind"] == "community") | units["seat_of_town"]
    weight[kept_out | units["code"].isin([JIANGCUN, LUXI])] = 0
    units["poor_2014"] = units.index.isin(rng.pick(weight, POOR_VILLAGES))
    return made.table("towns", towns) | made.table("villages", units)


def _population(rng: Random, towns: Frame, units: Frame) -> Column:
    """Known counts stand; the other towns share the rest by area; villages vary within a town."""
    known = ASSUMED["places"]["known_towns"]
    others = towns[~towns["code"].isin(known)]
    rest = POPULATION - sum(known.values())
    shares = split_count(rest, others["area_km2"] * rng.uniform(0.85, 1.15, len(others)))
    of_town = known | dict(zip(others["code"], shares.tolist(), strict=True))
    scattered = pd.Series(rng.lognormal(0, 0.22, len(units)), index=units.index)
    in_group = scattered / scattered.groupby([units["town"], units["urban"]]).transform("sum")
    group_share = units["urban"].map({True: SEAT_URBAN_SHARE, False: 1 - SEAT_URBAN_SHARE})
    weight = in_group * group_share.where(units["town"] == SEAT, 1.0)
    population = pd.Series(0, index=units.index, dtype="int64")
    for town, rows in units.groupby("town").groups.items():
        population[rows] = split_count(of_town[town], weight[rows])
    counted = units["code"].map(ASSUMED["places"]["known_villages"])
    return counted.fillna(population).astype("int64")


def _rural(rng: Random, units: Frame) -> Column:
    """Agricultural population: none in the seat's communities, mixed where a town has its seat."""
    kinds = [units["urban"], units["kind"] == "community", units["seat_of_town"]]
    propensity = np.select(kinds, [0, 8, 2.5], 1.0) * rng.uniform(0.7, 1.3, len(units))
    townsfolk = units["population"].where(units["urban"], 0)
    rest = POPULATION - RURAL_POPULATION - int(townsfolk.sum())
    return units["population"] - townsfolk - split_count(rest, propensity * units["population"])


def make_households(made: Making) -> Tables:
    """Households (户): those here now with all they have, the others with what they had."""
    roster, homes, checks = made["roster"], made["homes"], made["guarantees"]
    known = ["attribute", "main_cause", "other_causes", *COMPONENTS, "income_per_head"]
    frame = roster.join(homes.set_index("id")[known], on="id")
    frame = frame.join(roster_dates(made.stream("dates"), roster))
    fate = frame["fate"]
    frame["status"] = fate.map(STATUS).fillna("other")
    frame["exit_status"], frame["reason_left"] = fate.map(EXIT_STATUS), fate.map(REASON_LEFT)
    rng = made.stream("gone")
    gone = frame["status"] == "other"
    fewer_disabled = CAUSES | {"disability": CAUSES["disability"] * 0.55}
    frame.loc[gone, "main_cause"] = rng.codes(fewer_disabled, int(gone.sum()))
    # the old without labour mostly stay on the register; those cleared out were not so poor
    dibao = gone & (fate != "cleared_out") & (rng.random(len(frame)) < 0.16)
    frame.loc[gone, "attribute"] = np.where(dibao, "dibao", "general")[gone]
    frame.loc[fate == "natural", "attribute"] = "tekun"
    frame.loc[fate == "edge", ["main_cause", "other_causes"]] = None
    frame = frame.join(_conditions(made.stream("homes"), homes), on="id")
    # what the register shows of a home whose indicator is still to be verified
    unknown = checks[checks["state"] == "unknown"].groupby("indicator")["household"].agg(list)
    frame.loc[frame["id"].isin(unknown["housing"]), "housing_grade"] = None
    unproven = {"food": "food_protein", "clothing": "bedding", "water": "water_quality"}
    for indicator, shown in unproven.items():
        frame.loc[frame["id"].isin(unknown.get(indicator, [])), shown] = "unknown"
    return made.table("households", frame)


def _conditions(rng: Random, homes: Frame) -> Frame:
    """Housing grade, water tests and helper of each household here now; all faults are mended."""
    count = len(homes)
    piped = rng.random(count) < 0.91
    columns = {
        **dict.fromkeys(("food_enough", "food_protein", "seasonal_clothes", "bedding"), "pass"),
        "housing_grade": np.where(rng.random(count) < 0.34, "A", "B"),
        "water_litres": np.round(rng.normal(78, 14, count).clip(50, 125) - 12 * ~piped),
        "water_quality": "pass",
        "water_trip_minutes": np.where(piped, 0, rng.integers(2, 16, count)),
        "water_cut_days": rng.poisson(rng.gamma(1.6, 2.2, count)).clip(0, 30),
        "helper": _helpers(rng, homes).to_numpy(),
    }
    return pd.DataFrame(columns, index=homes["id"])


def _helpers(rng: Random, homes: Frame) -> Column:
    """Officers' codes: each helps two to five households of one village."""
    shuffled = homes["village"].iloc[rng.permutation(len(homes))]
    officer = pd.Series(0, index=homes.index)
    number = 0
    for _, rows in shuffled.groupby(shuffled):
        count, sizes = len(rows), []
        while count > 6:
            sizes.append(int(rng.integers(2, 6)))
            count -= sizes[-1]
        sizes += [count // 2, count - count // 2] if count > 5 else [count]
        officer[rows.index] = np.repeat(np.arange(number, number + len(sizes)), sizes)
        number += len(sizes)
    return officer.map(dict(enumerate(numbered("B001", number))))
