"""Who was ever on the register: entries, exits, sizes, places and yearly incomes, 2014 to 2020.

The report prints the stock of 2014, those lifted so far and those on the register now. What
lies between - new entries, corrections, exits by year - is invented to join the three. Income
is below the line while poor, at or above it from the year of lifting on; from there it grows
into that of 2020, or as others' did for those who left before.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.parameters import Parameters
from jingde_core.synthetic.draw import Array, Column, Frame, Random, split_count
from jingde_core.synthetic.making import NEVER, Making, Tables, numbered

FIRST, LAST = 2014, 2020
#: households that came after the first stock, by year, and the fates of those that never rise
ENTERED = {2015: 16, 2016: 15, 2017: 14, 2018: 10, 2019: 3}
NATURAL, CLEARED_OUT_LATER = 24, 2
WAITING_LATER = {2018: (3, 4), 2019: (3, 4, 2)}
#: relative numbers lifted by year among those who stayed, and among those whose support ended
LIFTED = {
    "stayed": {2015: 390, 2016: 510, 2017: 350, 2018: 275, 2019: 240},
    "left": {2015: 300, 2016: 270, 2017: 120, 2018: 55},
}
#: share of households of one, two and more members, on entry
SIZES = dict(enumerate((345, 335, 185, 90, 32, 10, 3), 1))
EDGE_SIZES = dict(enumerate((240, 345, 235, 120, 45, 15), 1))
#: members of the edge households: 69 of 28 hit by the flood, carried over to 180
EDGE_PERSONS = 443
#: share of households that lose a member before and after lifting; others gain
SHRINK = (0.045, 0.05)
SMALLEST, LARGEST = 8, 70
#: days of entry, of the first entries, of lifting and of leaving: acts fall late in the year
ACTS = {
    "registered_on": ("registered", "-10-10", "-12-10"),
    "lifted_on": ("lifted", "-11-20", "-12-28"),
    "left_on": ("left", "-10-15", "-12-31"),
}
#: yuan a head that a lifted household of the middle has in each year
LEVEL = {2015: 4_600, 2016: 5_300, 2017: 6_400, 2018: 8_100, 2019: 10_300, 2020: 12_000}
#: times the line that a household has at most in its year of lifting: it was poor a year before
MOST = 3.2


def make_roster(made: Making) -> Tables:
    """Every household ever listed (名册), one row each, in order of its code.

    With its fate - stayed, left, waiting, natural, cleared_out, edge -, the years ``registered``,
    ``lifted`` and ``left``, 0 where there is none, and years and steps of its changes in size.
    """
    rng, target, villages = made.stream("roster"), made.target, made["villages"]
    listed = pd.concat([_stock(rng, target), _later(rng)], ignore_index=True)
    listed["lifted"] = _lifting(rng, listed)
    since = listed[["registered", "lifted"]].max(axis=1).to_numpy()
    until = np.where(listed["fate"] == "cleared_out", 2017, LAST - 1)
    left = rng.integers(since + 1, np.maximum(until, since + 1) + 1)
    listed["left"] = np.where(listed["fate"].isin(["left", "natural", "cleared_out"]), left, 0)
    listed = _resized(rng, listed, target)
    roster = pd.concat([listed, _edge(rng, target["monitored_edge"])], ignore_index=True)
    roster["village"] = _villages(rng, roster["fate"], villages)
    hamlets = (villages.set_index("code")["rural_population"] / 130).clip(6, 24).astype(int)
    roster["hamlet"] = rng.integers(1, roster["village"].map(hamlets).to_numpy() + 1)
    names = np.array(numbered("H00001", len(roster)), dtype=object)
    roster["id"] = names[rng.permutation(len(roster))]
    return {"roster": roster.sort_values("id", ignore_index=True)}


def _sized(rng: Random, count: int, total: int, share: Mapping[int, int]) -> Array:
    """Sizes in the given proportions, a few moved by one so that they sum to the total."""
    sizes = rng.codes(share, count).astype(np.int64)
    gap = total - int(sizes.sum())
    middle = np.flatnonzero((sizes == 2) | (sizes == 3))
    sizes[rng.choice(middle, abs(gap), replace=False)] += np.sign(gap)
    return sizes


def _stock(rng: Random, target: Mapping[str, int]) -> Frame:
    """The stock of 2014 with each household's fate."""
    count, to_lift = target["poor_households_2014"], target["to_lift_households_2020"]
    sizes = _sized(rng, count, target["poor_persons_2014"], SIZES)
    fate = np.full(count, "stayed", dtype=object)
    later = [size for sizes_of_year in WAITING_LATER.values() for size in sizes_of_year]
    persons = target["to_lift_persons_2020"] - sum(later)
    fate[rng.pick_with_sum(sizes, to_lift - len(later), persons, sizes > 1)] = "waiting"
    single = np.flatnonzero((sizes == 1) & (fate == "stayed"))
    fate[rng.choice(single, NATURAL, replace=False)] = "natural"
    ever = target["lifted_households_cum"] + to_lift
    gone = count + sum(ENTERED.values()) - ever
    left = ever - target["registered_households_now"]
    for name, number in (("cleared_out", gone - NATURAL - CLEARED_OUT_LATER), ("left", left)):
        fate[rng.choice(np.flatnonzero(fate == "stayed"), number, replace=False)] = name
    return pd.DataFrame({"registered": FIRST, "entry": sizes, "fate": fate})


def _later(rng: Random) -> Frame:
    """Households found after the first stock."""
    registered = np.repeat(list(ENTERED), list(ENTERED.values()))
    sizes = rng.chances(SIZES, len(registered))
    fate = np.full(len(registered), "stayed", dtype=object)
    for year, waiting in WAITING_LATER.items():
        at = np.flatnonzero(registered == year)[: len(waiting)]
        sizes[at], fate[at] = waiting, "waiting"
    fate[np.flatnonzero(registered == FIRST + 1)[:CLEARED_OUT_LATER]] = "cleared_out"
    return pd.DataFrame({"registered": registered, "entry": sizes, "fate": fate})


def _lifting(rng: Random, listed: Frame) -> Array:
    """Year of lifting of those lifted, never the year of entry; 0 for the others."""
    year = np.zeros(len(listed), dtype=np.int64)
    entered = listed["registered"].to_numpy()
    for fate, share in LIFTED.items():
        own = (listed["fate"] == fate).to_numpy()
        counts = split_count(int(own.sum()), list(share.values())).tolist()
        stock = dict(zip(share, counts, strict=True))
        for at in np.flatnonzero(own & (entered > FIRST)):
            year[at] = rng.choice([each for each in stock if each > entered[at]])
            stock[int(year[at])] -= 1
        first = own & (entered == FIRST)
        year[first] = rng.permutation(np.repeat(list(stock), list(stock.values())))
    return year


def _resized(rng: Random, listed: Frame, target: Mapping[str, int]) -> Frame:
    """With changes in size before and after lifting that meet the persons lifted and here now.

    One member less in some households, one more in others.
    """
    members = listed["entry"].to_numpy()
    here = target["registered_persons_now"] - target["to_lift_persons_2020"]
    phases = (
        (listed["lifted"] > 0, target["lifted_persons_cum"], "registered", listed["lifted"]),
        (listed["fate"] == "stayed", here, "lifted", pd.Series(LAST, index=listed.index)),
    )
    for number, (phase, total, after, until) in enumerate(phases):
        rows = phase.to_numpy()
        net = total - int(members[rows].sum())
        fewer = max(round(SHRINK[number] * int(rows.sum())), -net)
        step = np.zeros(len(members), dtype=np.int64)
        step[rng.choice(np.flatnonzero(rows & (members > 1)), fewer, replace=False)] = -1
        others = np.flatnonzero(rows & (step == 0) & (members < 6))
        step[rng.choice(others, fewer + net, replace=False)] = 1
        first = np.where(rows, listed[after] + 1, LAST)
        years = rng.integers(first, np.where(rows, until, LAST) + 1)
        listed[f"step_{number}"], listed[f"step_{number}_in"] = step, years
        members = members + step
    return listed.assign(members=members)


def _edge(rng: Random, count: int) -> Frame:
    """Edge households: watched, never on the register; found in 2019 or 2020."""
    sizes = _sized(rng, count, EDGE_PERSONS, EDGE_SIZES)
    found = rng.codes({2019: 7, 2020: 3}, count).astype(np.int64)
    columns = {"fate": "edge", "registered": found, "entry": sizes, "members": sizes}
    zeros = dict.fromkeys(("lifted", "left", "step_0", "step_1"), 0)
    return pd.DataFrame(columns | zeros | dict.fromkeys(("step_0_in", "step_1_in"), LAST))


def _villages(rng: Random, fate: Column, villages: Frame) -> Array:
    """A village for each household: more in the poor villages, few where a town has its seat."""
    rural = villages["rural_population"].to_numpy()
    weight = rural**0.7 * rng.lognormal(0, 0.42, len(villages))
    weight *= np.where(villages["poor_2014"], 2.1, np.where(villages["kind"] == "village", 1, 0.15))
    homes = np.flatnonzero(rural > 0)
    names = villages["code"].to_numpy(dtype=object)[homes]
    here = fate.isin(["stayed", "waiting"]).to_numpy()
    more = int(here.sum()) - SMALLEST * len(homes)
    spread = weight[homes] / weight[homes].sum()
    room = (LARGEST - SMALLEST) / more * rng.uniform(0.7, 0.97, len(homes))
    for _ in range(20):
        spread = np.minimum(spread, room)
        spread = spread / spread.sum()
    counts = SMALLEST + split_count(more, spread)
    place = np.empty(len(fate), dtype=object)
    place[here] = rng.permutation(np.repeat(names, counts))
    for rows in (fate == "edge", ~here & (fate != "edge")):
        scattered = counts**0.85 * rng.lognormal(0, 0.25, len(homes))
        scattered_counts = split_count(int(rows.sum()), scattered)
        place[rows] = rng.permutation(np.repeat(names, scattered_counts))
    return place


def roster_dates(rng: Random, roster: Frame) -> Frame:
    """Days of entry, lifting and leaving (识别、脱贫、退出日期)."""
    dates = pd.DataFrame(index=roster.index)
    for column, (act, first, last) in ACTS.items():
        dates[column] = np.full(len(roster), NEVER)
        for year in sorted(set(roster[act]) - {0}):
            rows = np.flatnonzero(roster[act] == year)
            stock = column == "registered_on" and year == FIRST
            span = ("2014-04-01", "2014-06-30") if stock else (f"{year}{first}", f"{year}{last}")
            dates.loc[rows, column] = rng.days(len(rows), *span)
    dates.loc[roster["fate"] == "edge", "registered_on"] = pd.NaT
    natural = np.flatnonzero(roster["fate"] == "natural")
    # a natural decrease falls on any day of its year, not on a day of the office
    dates.loc[natural, "left_on"] -= rng.spans(0, 280, len(natural))
    return dates


def make_years(made: Making) -> Tables:
    """The table of household years (户年度), from incomes of 2020 and the line of each year."""
    rng, roster = made.stream("years"), made["roster"]
    value = Parameters.load().value
    lines = {year: value("poverty_line", year) for year in range(FIRST, LAST + 1)}
    roster = roster.assign(
        income=roster["id"].map(made["homes"].set_index("id")["income_per_head"]),
        gap=0.03 + 0.62 * rng.beta(2.0, 3.2, len(roster)),
        least=rng.uniform(1.02, 1.4, len(roster)),
        scatter=rng.lognormal(0, 0.14, len(roster)),
        later=13_000 * rng.lognormal(-0.1, 0.4, len(roster)),
    )
    last = roster["left"].where(roster["left"] > 0, LAST + 1) - 1
    rows = roster.loc[roster.index.repeat(last - roster["registered"] + 1)].copy()
    rows["year"] = rows["registered"] + rows.groupby(level=0).cumcount()
    rows["members"] = rows["entry"]
    for number in (0, 1):
        rows["members"] += rows[f"step_{number}"] * (rows["year"] >= rows[f"step_{number}_in"])
    lifted = (rows["lifted"] > 0) & (rows["year"] >= rows["lifted"])
    line = rows["year"].map(lines).to_numpy()
    noise = rng.normal(0, 1, len(rows))
    status = np.select([rows["fate"] == "edge", lifted], ["edge", "lifted"], "poor")
    # the gap closes as the years go by and never wholly
    gap = rows["gap"] * np.exp(0.1 * noise - 0.16 * (rows["year"] - rows["registered"]))
    paths = {
        "poor": line * (1 - np.clip(gap, 0.004, 0.7)),
        "lifted": _since_lifting(rows, line, lines, noise),
        "edge": np.maximum(rows["income"] * (1 + 0.08 * noise), line * 1.04),
    }
    drawn = np.select([status == name for name in paths], list(paths.values()))
    final = (rows["year"] == LAST) & rows["income"].notna()
    amounts = np.where(final, rows["income"], drawn).round(2)
    rows = rows.assign(household=rows["id"], status=status, income_per_head=amounts)
    return made.table("household_years", rows)


def _since_lifting(rows: Frame, line: Any, lines: Mapping[int, float], noise: Array) -> Array:
    """From a start above the line of its year into the income of 2020; never below the line.

    Those who left before 2020 head for an income as others have. The way there follows the
    register's mean of each year.
    """
    at_lift = rows["lifted"].map({**lines, 0: np.nan}).to_numpy(dtype=float)
    goal = rows["income"].fillna(rows["later"]).to_numpy()
    level = {year: np.log(mean) for year, mean in LEVEL.items()}
    reached, begun = (rows[name].map(level).to_numpy() for name in ("year", "lifted"))
    start = np.exp(begun - level[LAST]) * goal * rows["scatter"].to_numpy()
    least = np.minimum(at_lift * rows["least"].to_numpy(), np.maximum(goal * 0.95, at_lift))
    start = np.clip(start, least, at_lift * MOST)
    way = np.divide(reached - begun, level[LAST] - begun)
    path = start * (goal / start) ** way * np.exp(0.04 * noise)
    return np.asarray(np.maximum(path, line * (1.01 + 0.01 * np.abs(noise))))
