"""How income is spread among the persons of a group, and who crosses the line: as metrics.

Theil, mean log deviation and Atkinson are sums over households and run at any scale; the
others sort the incomes of a group. A group that holds a negative income, or a zero where its
logarithm is needed, gets NaN (reason: undefined): one household does not hide the county.
"""

from functools import partial

import numpy as np

from jingde_core.metrics import inequality
from jingde_core.metrics.contract import NOT_NEGATIVE, POSITIVE, SHARE
from jingde_core.metrics.finish import Sums, ratio
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric

LERMAN = "Lerman and Yitzhaki (1989), Journal of Econometrics 42(1)"
THEIL = "Theil (1967), Economics and Information Theory, North-Holland"
ATKINSON = "Atkinson (1970), Journal of Economic Theory 2(3)"
PALMA = "Cobham and Sumner (2013), Center for Global Development working paper 343"
QUINTILES = "Eurostat, income quintile share ratio; boundary values divided"
REGISTER = "register of two income years, matched by household"
HYNDMAN = "Hyndman and Fan (1996), The American Statistician 50(4), definition 2"


def _theil(sums: Sums) -> Array:
    income = _positive(sums["income"])
    mean_log = sums["logs"] / income
    return np.asarray(np.maximum(mean_log - np.log(income / _positive(sums["persons"])), 0))


def _mean_log_deviation(sums: Sums) -> Array:
    persons = _positive(sums["persons"])
    return np.asarray(
        np.maximum(np.log(_positive(sums["income"]) / persons) - sums["logs"] / persons, 0)
    )


def _positive(values: Array) -> Array:
    return np.where(values > 0, values, np.nan)


@metric(table="households", unit="index", source=LERMAN, ordered=True, denominator="members")
def income_gini(*, income_per_head: Column, members: Column) -> float:
    """Gini coefficient of income among persons (人均纯收入基尼系数); see `inequality.gini`.

    Parameters
    ----------
    income_per_head : array of float, shape (households,)
        y, yuan per person per year.
    members : array of int, shape (households,)
        n >= 1.

    Returns
    -------
    float
        0 to below 1; NaN for no household, a negative income, or no income at all.

    Examples
    --------
    >>> income_gini(income_per_head=[1000, 3000], members=[2, 2])
    0.25
    """
    return inequality.gini_of(income_per_head, members) if income_per_head.min() >= 0 else np.nan


_entropy = partial(metric, table="households", unit="index", source=THEIL, denominator="persons")


@_entropy(finish=_theil)
def income_theil(*, income_per_head: Column, members: Column) -> dict[str, Array]:
    """Theil's T of income among persons (人均纯收入泰尔指数); see `inequality.theil`.

    Arguments and result as in `income_gini`.

    Examples
    --------
    >>> round(income_theil(income_per_head=[0, 5000], members=[1, 1]), 6)
    0.693147
    """
    logs = members * inequality.y_log_y(income_per_head)
    return {"persons": members, "income": members * income_per_head, "logs": logs}


@_entropy(finish=_mean_log_deviation)
def income_mld(*, income_per_head: Column, members: Column) -> dict[str, Array]:
    """Mean log deviation of income among persons (人均纯收入平均对数离差).

    Arguments as in `income_gini`; see `inequality.mean_log_deviation`.

    Returns
    -------
    float
        At least 0; NaN for no household, and where an income is zero or negative.

    Examples
    --------
    >>> round(income_mld(income_per_head=[1000, 4000], members=[1, 1]), 6)
    0.223144
    """
    logs = members * np.log(_positive(income_per_head))
    return {"persons": members, "income": members * income_per_head, "logs": logs}


def _atkinson(sums: Sums, *, epsilon: float) -> Array:
    persons, power = _positive(sums["persons"]), 1 - epsilon
    mean, worth = _positive(sums["income"]) / persons, sums["worth"] / persons
    if power:
        # Beyond the range of floating point the index would come out as 0 or 1.
        worth = np.where((worth > 0) & np.isfinite(worth), worth, np.nan) ** (1 / power)
    else:
        worth = np.exp(worth)
    return np.asarray(np.maximum(1 - worth / mean, 0))


@metric(
    table="households",
    unit="index",
    source=ATKINSON,
    finish=_atkinson,
    denominator="persons",
    rules={"epsilon": NOT_NEGATIVE},
)
def income_atkinson(
    *, income_per_head: Column, members: Column, epsilon: float
) -> dict[str, Array]:
    """Atkinson's index of income among persons (人均纯收入阿特金森指数).

    Arguments as in `income_gini`; epsilon >= 0 as in `inequality.atkinson`.

    Returns
    -------
    float
        0 to 1; NaN for no household, no income, a negative income, and a zero from epsilon 1 on.

    Examples
    --------
    >>> round(income_atkinson(income_per_head=[1000, 9000], members=[1, 1], epsilon=1), 12)
    0.4
    """
    lowest = income_per_head >= 0 if epsilon < 1 else income_per_head > 0
    defined = np.where(lowest, income_per_head, np.nan)
    worth = np.log(defined) if epsilon == 1 else defined ** (1 - epsilon)
    return {"persons": members, "income": members * income_per_head, "worth": members * worth}


@metric(table="households", unit="ratio", source=PALMA, ordered=True, denominator="members")
def income_palma(*, income_per_head: Column, members: Column) -> float:
    """Palma ratio of income among persons (人均纯收入帕尔玛比值); see `inequality.palma`.

    Arguments as in `income_gini`.

    Returns
    -------
    float
        NaN as in `income_gini`, and where the poorest two fifths have nothing.

    Examples
    --------
    >>> income_palma(income_per_head=[1000, 6000], members=[9, 1])
    1.5
    """
    return inequality.palma(income_per_head, members) if income_per_head.min() >= 0 else np.nan


@metric(table="households", unit="ratio", source=QUINTILES, ordered=True, denominator="members")
def income_s80_s20(*, income_per_head: Column, members: Column) -> float:
    """Richest over poorest fifth of persons by income (人均纯收入五等份收入比).

    Arguments as in `income_gini`; see `inequality.s80_s20`.

    Returns
    -------
    float
        NaN as in `income_gini`, and where the poorest fifth has nothing.

    Examples
    --------
    >>> income_s80_s20(income_per_head=[1000, 2000, 3000, 4000, 10000], members=[1] * 5)
    10.0
    """
    return inequality.s80_s20(income_per_head, members) if income_per_head.min() >= 0 else np.nan


@metric(
    table="households",
    unit="yuan",
    source=HYNDMAN,
    ordered=True,
    denominator="members",
    rules={"q": SHARE},
)
def income_quantile(*, income_per_head: Column, members: Column, q: float = 0.5) -> float:
    """Income per head that a share q of the persons do not pass (人均纯收入分位数).

    Arguments as in `income_gini`, negative incomes too; q = 0.5 is the median.

    Returns
    -------
    float
        Yuan per person per year; NaN for no household.

    Examples
    --------
    >>> income_quantile(income_per_head=[1000, 2000, 9000], members=[1, 3, 1])
    2000.0
    """
    return inequality.quantile(income_per_head, members, q=q)


@metric(
    table="household_years",
    unit="1",
    source=REGISTER,
    finish=ratio("left", "poor_before"),
    rules={"poverty_line_before": POSITIVE},
)
def exit_rate(
    *,
    income_before: Column,
    income_per_head: Column,
    members: Column,
    poverty_line_before: float,
    poverty_line: float,
) -> dict[str, Array]:
    """Share of the persons below the line a year before who no longer are (越过收入标准比例).

    Parameters
    ----------
    income_before, income_per_head : arrays of float, shape (households,)
        Yuan per person, the year before and this year, of the same household; one that was
        not on the register in both has NaN and is left out and counted.
    members : array of int, shape (households,)
    poverty_line_before, poverty_line : float
        The line of each year, > 0; income equal to it is not poor.

    Returns
    -------
    float
        0 to 1; NaN where nobody was below the line.

    Examples
    --------
    >>> exit_rate(income_before=[3000, 3000, 9000], income_per_head=[5000, 3500, 9000],
    ...           members=[1, 3, 2], poverty_line_before=3218, poverty_line=4000)
    0.25
    """
    poor = members * (income_before < poverty_line_before)
    return {"left": poor * (income_per_head >= poverty_line), "poor_before": poor}


@metric(
    table="household_years",
    unit="1",
    source=REGISTER,
    finish=ratio("entered", "not_poor_before"),
    rules={"poverty_line_before": POSITIVE},
)
def entry_rate(
    *,
    income_before: Column,
    income_per_head: Column,
    members: Column,
    poverty_line_before: float,
    poverty_line: float,
) -> dict[str, Array]:
    """Share of the persons not below the line a year before who are now (跌破收入标准比例).

    Arguments as in `exit_rate`.

    Returns
    -------
    float
        0 to 1; NaN where everybody was below the line.

    Examples
    --------
    >>> entry_rate(income_before=[3000, 6000, 9000], income_per_head=[5000, 3500, 9000],
    ...            members=[1, 3, 2], poverty_line_before=3218, poverty_line=4000)
    0.6
    """
    above = members * (income_before >= poverty_line_before)
    return {"entered": above * (income_per_head < poverty_line), "not_poor_before": above}
