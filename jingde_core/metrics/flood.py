"""Damage and relief of an event, counted as the report counts: households, persons, yuan.

A household with several damages counts once, and so do its members. Kinds of relief are
never added up: a grant, a wage, a loan and a claim are different things. Rates stand on
``flood_households``, one row a household and event: *hit*, *damaged* (its home), *cut off*
(from water) and *displaced* are different words with different columns. No rate here comes
from a shape on the map: where the water stood is not known.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import COUNT, NOT_NEGATIVE, Array
from jingde_core.metrics.distribution import KNOWN, checked
from jingde_core.metrics.finish import ratio
from jingde_core.metrics.registry import Column, metric
from jingde_core.metrics.tallies import tally
from jingde_core.metrics.wellbeing import affordable_years as affordable_years
from jingde_core.metrics.wellbeing import gamma as gamma
from jingde_core.metrics.wellbeing import recovery as recovery
from jingde_core.metrics.wellbeing import sensitivity as sensitivity
from jingde_core.metrics.wellbeing import wellbeing as wellbeing

#: tallies of ``data/tallies.csv`` are names of this module too
__getattr__ = tally


@metric(table="damages", unit="days", source="county report 2020", finish=ratio("days", "cuts"))
def interruption_days(*, days: Column) -> dict[str, Array]:
    """Mean days from damage to mending (平均恢复天数); of water cuts the service interruption.

    Parameters
    ----------
    days : array of float, shape (damages,)
        NaN where it is not mended: unknown, and left out.

    Returns
    -------
    float
        NaN where nothing was mended.

    Examples
    --------
    >>> interruption_days(days=[2, 4, float("nan")])
    3.0
    """
    return {"days": days.astype(float), "cuts": np.ones(len(days))}


def coverage_interval(*, reached: Sequence[float], population: float) -> tuple[float, float]:
    r"""Bounds of the share reached by at least one instrument (帮扶覆盖率区间).

    .. math:: \Big[ \frac{\max_i n_i}{N}, \; \min\big(1, \frac{\sum_i n_i}{N}\big) \Big]

    For totals whose overlap is not known; where there are rows, `relief_coverage` is exact.

    Parameters
    ----------
    reached : sequence of int
        Households that each instrument reached, all of them among the N.
    population : int
        N, households hit.

    Returns
    -------
    tuple of float
        Lowest and highest share; NaN for nobody hit.

    Raises
    ------
    InputError
        for a negative number, or an instrument that reached more than there are.

    Examples
    --------
    Inputs, stock and claims after the flood of 2020:

    >>> [round(share, 4) for share in coverage_interval(reached=[187, 66, 283], population=531)]
    [0.533, 1.0]
    """
    most = max(reached, default=0)
    rules = {"population": (population, NOT_NEGATIVE), "left": (population - most, NOT_NEGATIVE)}
    counts = checked({"reached": (list(reached), NOT_NEGATIVE)}, rules)["reached"]
    if not population:
        return np.nan, np.nan
    return most / population, min(float(counts.sum()), population) / population


def fgt_bridge(
    stages: Mapping[str, Any], *, members: Any, poverty_line: int, alpha: int
) -> pd.DataFrame:
    r"""Poverty at each stage and what the steps between are made of (贫困指数变化分解).

    .. math:: P_\alpha = \frac{1}{N} \sum_{Y_i < n_i z} n_i
              \Big(\frac{n_i z - Y_i}{n_i z}\Big)^\alpha

    Each step is divided between the households that cross the line in it and those below it on
    both sides. All is counted in fractions of whole fen: the parts add up exactly.

    Parameters
    ----------
    stages : mapping of str to array of whole numbers, shape (households,)
        Name of a stage to the income Y of each household in fen, in order of time.
    members : array of int, shape (households,)
        n >= 1.
    poverty_line : int
        z in fen per head.
    alpha : {0, 1, 2}

    Returns
    -------
    DataFrame
        ``stage``, ``part`` (level, crossed, stayed), ``exact`` (Fraction), ``start``, ``value``,
        ``end``: a level before and after each step. No row for no household.

    Raises
    ------
    InputError
        for an unknown or broken amount, or columns of different lengths.

    Examples
    --------
    One person falls from 50 to 20 against a line of 40, another from 30 to 25:

    >>> made = fgt_bridge({"before": [50, 30], "after": [20, 25]}, members=[1, 1],
    ...                   poverty_line=40, alpha=1)
    >>> [str(each) for each in made["exact"]]
    ['1/8', '1/4', '1/16', '7/16']

    Source: Foster, Greer and Thorbecke (1984), Econometrica 52(3).
    """
    columns = {name: (values, KNOWN) for name, values in stages.items()}
    given = checked(
        {**columns, "members": (members, COUNT)}, {"poverty_line": (poverty_line, COUNT)}
    )
    n = given.pop("members")
    rows: list[tuple[str, str, Fraction, Fraction]] = []
    before, level = np.array([]), Fraction(0)
    for stage, income in given.items() if n.size else ():
        gap = np.maximum(n * poverty_line - np.rint(income), 0)
        before = before if rows else gap
        crossed = (gap > 0) != (before > 0)
        for part, own in (("crossed", crossed), ("stayed", ~crossed)) if rows else ():
            was, now = (_fgt(g[own], n[own], poverty_line, alpha) for g in (before, gap))
            rows.append((stage, part, (now - was) / int(n.sum()), level))
            level += rows[-1][2]
        level = _fgt(gap, n, poverty_line, alpha) / int(n.sum())
        rows.append((stage, "level", level, Fraction(0)))
        before = gap
    frame = pd.DataFrame(rows, columns=["stage", "part", "exact", "start"])
    frame["end"] = (frame["start"] + frame["exact"]).astype(float)
    return frame.assign(value=frame["exact"].astype(float), start=frame["start"].astype(float))


def _fgt(gap: Array, members: Array, line: int, alpha: int) -> Fraction:
    """Sum of n (gap / (n z)) ** alpha over those with a gap, households of one size together."""
    total = Fraction(0)
    for size in np.unique(members[gap > 0]).astype(int).tolist():
        gaps = gap[(members == size) & (gap > 0)].astype(np.int64).astype(object)
        total += Fraction(int((gaps**alpha).sum()) * size, (size * line) ** alpha)
    return total
