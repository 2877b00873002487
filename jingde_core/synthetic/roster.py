"""Who was ever on the register: entries, exits, sizes and places, 2014 to 2020.

The report prints the stock of 2014, those lifted so far and those on the register now. What
lies between - new entries, corrections, exits by year - is invented to join the three.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import Integers, codes, days, pick_with_sum, split_count

FIRST, LAST = 2014, 2020
#: households that came after the first stock, by year, and the fates of those that never rise
ENTERED = {2015: 16, 2016: 15, 2017: 14, 2018: 10, 2019: 3}
NATURAL, CLEARED_OUT_LATER = 24, 2
WAITING_LATER = {2018: (3, 4), 2019: (3, 4, 2)}
#: relative numbers lifted by year among those who stayed, and among those whose support ended
LIFTED_STAYED = {2015: 390, 2016: 510, 2017: 350, 2018: 275, 2019: 240}
LIFTED_LEFT = {2015: 300, 2016: 270, 2017: 120, 2018: 55}
#: share of households by members, on entry
SIZES = {1: 345, 2: 335, 3: 185, 4: 90, 5: 32, 6: 10, 7: 3}
EDGE_SIZES = {1: 240, 2: 345, 3: 235, 4: 120, 5: 45, 6: 15}
#: members of the edge households: 69 of 28 hit by the flood, carried over to 180
EDGE_PERSONS = 443
#: share of households that lose a member before and after lifting; others gain
SHRINK = (0.045, 0.05)
SMALLEST, LARGEST = 8, 70


def make_roster(
    rng: np.random.Generator, target: Mapping[str, int], villages: pd.DataFrame
) -> pd.DataFrame:
    """Every household ever listed (名册), one row each, in order of its code.

    Returns
    -------
    DataFrame
        ``id village hamlet fate registered lifted left entry members`` and the years and steps
        of its changes in size; fate is ``stayed | left | waiting | natural | cleared_out |
        edge``, a year 0 where there is none.
    """
    listed = pd.concat([_stock(rng, target), _later(rng)], ignore_index=True)
    listed = _lifting(rng, listed, target)
    listed = _leaving(rng, listed)
    listed = _resizing(rng, listed, target)
    roster = pd.concat([listed, _edge(rng, target["monitored_edge"])], ignore_index=True)
    roster["village"] = _villages(rng, roster["fate"], villages)
    hamlets = (villages.set_index("code")["rural_population"] / 130).clip(6, 24).astype(int)
    roster["hamlet"] = rng.integers(1, roster["village"].map(hamlets).to_numpy() + 1)
    numbers = rng.permutation(len(roster)) + 1
    roster["id"] = [f"H{number:05d}" for number in numbers]
    return roster.sort_values("id", ignore_index=True)


def _sized(rng: np.random.Generator, count: int, total: int, share: Mapping[int, int]) -> Integers:
    """Sizes in the given proportions, a few moved by one so that they sum to the total."""
    sizes = rng.permutation(np.repeat(list(share), split_count(count, list(share.values()))))
    gap = total - int(sizes.sum())
    middle = np.flatnonzero((sizes == 2) | (sizes == 3))
    sizes[rng.choice(middle, abs(gap), replace=False)] += np.sign(gap)
    return sizes


def _stock(rng: np.random.Generator, target: Mapping[str, int]) -> pd.DataFrame:
    """The stock of 2014 with each household's fate."""
    count = target["poor_households_2014"]
    sizes = _sized(rng, count, target["poor_persons_2014"], SIZES)
    fate = np.full(count, "stayed", dtype=object)
    later = [size for sizes_of_year in WAITING_LATER.values() for size in sizes_of_year]
    waiting = target["to_lift_households_2020"] - len(later)
    persons = target["to_lift_persons_2020"] - sum(later)
    fate[pick_with_sum(rng, sizes, waiting, persons, sizes > 1)] = "waiting"
    single = np.flatnonzero((sizes == 1) & (fate == "stayed"))
    fate[rng.choice(single, NATURAL, replace=False)] = "natural"
    ever_lifted, now = target["lifted_households_cum"], target["registered_households_now"]
    gone = count + sum(ENTERED.values()) - ever_lifted - target["to_lift_households_2020"]
    left = ever_lifted + target["to_lift_households_2020"] - now
    for name, number in (("cleared_out", gone - NATURAL - CLEARED_OUT_LATER), ("left", left)):
        fate[rng.choice(np.flatnonzero(fate == "stayed"), number, replace=False)] = name
    return pd.DataFrame({"registered": FIRST, "entry": sizes, "fate": fate})


def _later(rng: np.random.Generator) -> pd.DataFrame:
    """Households found after the first stock."""
    registered = np.repeat(list(ENTERED), list(ENTERED.values()))
    share = np.array(list(SIZES.values()), dtype=float)
    sizes = rng.choice(list(SIZES), len(registered), p=share / share.sum())
    fate = np.full(len(registered), "stayed", dtype=object)
    for year, waiting in WAITING_LATER.items():
        at = np.flatnonzero(registered == year)[: len(waiting)]
        sizes[at], fate[at] = waiting, "waiting"
    fate[np.flatnonzero(registered == FIRST + 1)[:CLEARED_OUT_LATER]] = "cleared_out"
    return pd.DataFrame({"registered": registered, "entry": sizes, "fate": fate})


def _lifting(
    rng: np.random.Generator, listed: pd.DataFrame, target: Mapping[str, int]
) -> pd.DataFrame:
    """Year of lifting of those lifted: never the year of entry."""
    year = np.zeros(len(listed), dtype=np.int64)
    entered = listed["registered"].to_numpy()
    new = entered > FIRST
    for fate, share in (("stayed", LIFTED_STAYED), ("left", LIFTED_LEFT)):
        own = (listed["fate"] == fate).to_numpy()
        stock = dict(
            zip(share, split_count(int(own.sum()), list(share.values())).tolist(), strict=True)
        )
        for at in np.flatnonzero(own & new):
            open_years = [each for each in stock if each > entered[at]]
            year[at] = rng.choice(open_years)
            stock[int(year[at])] -= 1
        year[own & ~new] = rng.permutation(np.repeat(list(stock), list(stock.values())))
    return listed.assign(lifted=year)


def _leaving(rng: np.random.Generator, listed: pd.DataFrame) -> pd.DataFrame:
    """Year of leaving: after the lifting, or after the entry for those never lifted."""
    fate, since = listed["fate"], listed[["registered", "lifted"]].max(axis=1).to_numpy()
    until = np.where(fate == "cleared_out", 2017, LAST - 1)
    year = rng.integers(since + 1, np.maximum(until, since + 1) + 1)
    gone = fate.isin(["left", "natural", "cleared_out"])
    return listed.assign(left=np.where(gone, year, 0))


def _resizing(
    rng: np.random.Generator, listed: pd.DataFrame, target: Mapping[str, int]
) -> pd.DataFrame:
    """Changes in size before and after lifting that meet the persons lifted and those here now."""
    lifted, stayed = (listed["lifted"] > 0).to_numpy(), (listed["fate"] == "stayed").to_numpy()
    members = listed["entry"].to_numpy().copy()
    here = target["registered_persons_now"] - target["to_lift_persons_2020"]
    phases = (
        (lifted, target["lifted_persons_cum"], listed["registered"], listed["lifted"]),
        (stayed, here, listed["lifted"], pd.Series(LAST, index=listed.index)),
    )
    columns: dict[str, Integers] = {}
    for number, (rows, total, after, until) in enumerate(phases):
        step = _steps(rng, members, rows, total - int(members[rows].sum()), SHRINK[number])
        first = np.where(rows, after + 1, LAST)
        columns[f"step_{number}"] = step
        columns[f"step_{number}_in"] = rng.integers(first, np.where(rows, until, LAST) + 1)
        members = members + step
    return listed.assign(**columns, members=members)


def _steps(
    rng: np.random.Generator, members: Integers, rows: NDArray[np.bool_], net: int, shrink: float
) -> Integers:
    """One member less here, one more there, ``net`` more in all."""
    fewer = max(round(shrink * int(rows.sum())), -net)
    step = np.zeros(len(members), dtype=np.int64)
    step[rng.choice(np.flatnonzero(rows & (members > 1)), fewer, replace=False)] = -1
    open_rows = np.flatnonzero(rows & (step == 0) & (members < 6))
    step[rng.choice(open_rows, fewer + net, replace=False)] = 1
    return step


def _edge(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Edge households: watched, never on the register; found in 2019 or 2020."""
    sizes = _sized(rng, count, EDGE_PERSONS, EDGE_SIZES)
    found = codes(rng, ["2019", "2020"], [7, 3], count).astype(np.int64)
    columns = {"fate": "edge", "registered": found, "entry": sizes, "members": sizes}
    zeros = dict.fromkeys(("lifted", "left", "step_0", "step_1"), 0)
    return pd.DataFrame(columns | zeros | dict.fromkeys(("step_0_in", "step_1_in"), LAST))


def _villages(
    rng: np.random.Generator, fate: "pd.Series[str]", villages: pd.DataFrame
) -> NDArray[np.object_]:
    """A village for each household: more in the poor villages, few where a town has its seat."""
    rural = villages["rural_population"].to_numpy()
    weight = rural**0.7 * rng.lognormal(0, 0.42, len(villages))
    weight *= np.where(villages["poor_2014"], 2.1, np.where(villages["kind"] == "village", 1, 0.15))
    homes = np.flatnonzero(rural > 0)
    place = np.empty(len(fate), dtype=object)
    here = fate.isin(["stayed", "waiting"]).to_numpy()
    spread = weight[homes] / weight[homes].sum()
    most = (LARGEST - SMALLEST) / (int(here.sum()) - SMALLEST * len(homes))
    room = most * rng.uniform(0.7, 0.97, len(homes))
    for _ in range(20):
        spread = np.minimum(spread, room)
        spread = spread / spread.sum()
    counts = SMALLEST + split_count(int(here.sum()) - SMALLEST * len(homes), spread)
    names = villages["code"].to_numpy(dtype=object)
    place[here] = rng.permutation(np.repeat(names[homes], counts))
    for rows in (fate == "edge", ~here & (fate != "edge").to_numpy()):
        scattered = counts**0.85 * rng.lognormal(0, 0.25, len(homes))
        number = int(rows.sum())
        place[rows] = rng.permutation(np.repeat(names[homes], split_count(number, scattered)))
    return place


def roster_dates(rng: np.random.Generator, roster: pd.DataFrame) -> pd.DataFrame:
    """Days of entry, lifting and leaving (识别、脱贫、退出日期): acts fall late in the year."""
    spans = {
        "registered_on": ("registered", "-04-01", "-06-30"),
        "lifted_on": ("lifted", "-11-20", "-12-28"),
        "left_on": ("left", "-10-15", "-12-31"),
    }
    dates = pd.DataFrame(index=roster.index)
    for column, (year, first, last) in spans.items():
        dates[column] = np.full(len(roster), np.datetime64("NaT", "us"))
        for each in sorted(set(roster[year]) - {0}):
            rows = np.flatnonzero(roster[year] == each)
            late = column == "registered_on" and each > FIRST
            first_day = f"{each}-10-10" if late else f"{each}{first}"
            last_day = f"{each}-12-10" if late else f"{each}{last}"
            dates.loc[rows, column] = days(rng, first_day, last_day, len(rows))
    dates.loc[roster["fate"] == "edge", "registered_on"] = pd.NaT
    natural = np.flatnonzero(roster["fate"] == "natural")
    # a natural decrease falls on any day of its year, not on a day of the office
    offset = rng.integers(0, 280, len(natural)).astype("timedelta64[D]")
    dates.loc[natural, "left_on"] -= offset
    return dates
