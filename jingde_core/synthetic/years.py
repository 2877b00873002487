"""Members and income of every household in every year that it was on the register.

Below the line while poor, at or above it from the year of lifting on; from there the income
grows into that of 2020, or as others' did for those who left before.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import table
from jingde_core.synthetic.roster import LAST

Amounts = NDArray[np.floating[Any]]
#: yuan a head that a lifted household of the middle has in each year
LEVEL = {2015: 4_600, 2016: 5_300, 2017: 6_400, 2018: 8_100, 2019: 10_300, 2020: 12_000}
#: times the line that a household has at most in its year of lifting: it was poor a year before
MOST = 3.2


def make_years(
    rng: np.random.Generator,
    roster: pd.DataFrame,
    income: "pd.Series[float]",
    lines: Mapping[int, float],
) -> pd.DataFrame:
    """The table of household years (户年度).

    Parameters
    ----------
    income : Series
        income per head of 2020 by household, for those here now.
    lines : mapping of year to yuan
        the poverty line, strictly below which is poor.
    """
    roster = roster.assign(
        income=roster["id"].map(income),
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
    status = np.select([rows["fate"] == "edge", lifted], ["edge", "lifted"], "poor")
    line = rows["year"].map(lines).to_numpy(dtype=float)
    at_lift = rows["lifted"].map({**lines, 0: np.nan}).to_numpy(dtype=float)
    noise = rng.normal(0, 1, len(rows))
    paths = {
        "poor": _while_poor(rows, line, noise),
        "lifted": _since_lifting(rows, line, at_lift, noise),
        "edge": np.maximum(rows["income"] * (1 + 0.08 * noise), line * 1.04),
    }
    drawn = np.select([status == name for name in paths], list(paths.values()))
    final = (rows["year"] == LAST) & rows["income"].notna()
    return table(
        "household_years",
        {
            "household": rows["id"],
            "year": rows["year"],
            "members": rows["members"],
            "income_per_head": np.where(final, rows["income"], drawn).round(2),
            "status": status,
        },
    )


def _while_poor(rows: pd.DataFrame, line: Amounts, noise: Amounts) -> Amounts:
    """Short of the line by a gap that closes as the years go by and never wholly."""
    gap = rows["gap"] * np.exp(0.1 * noise - 0.16 * (rows["year"] - rows["registered"]))
    return np.asarray(line * (1 - np.clip(gap, 0.004, 0.7)))


def _since_lifting(rows: pd.DataFrame, line: Amounts, at_lift: Amounts, noise: Amounts) -> Amounts:
    """From a start above the line of its year into the income of 2020; never below the line.

    Those who left before 2020 head for an income as others have. The way there follows the
    register's mean of each year.
    """
    goal = rows["income"].fillna(rows["later"]).to_numpy()
    level = {year: np.log(mean) for year, mean in LEVEL.items()}
    reached, begun = (rows[name].map(level).to_numpy() for name in ("year", "lifted"))
    start = np.exp(begun - level[LAST]) * goal * rows["scatter"].to_numpy()
    least = np.minimum(at_lift * rows["least"].to_numpy(), np.maximum(goal * 0.95, at_lift))
    start = np.clip(start, least, at_lift * MOST)
    way = np.divide(reached - begun, level[LAST] - begun)
    path = start * (goal / start) ** way * np.exp(0.04 * noise)
    return np.asarray(np.maximum(path, line * (1.01 + 0.01 * np.abs(noise))))
