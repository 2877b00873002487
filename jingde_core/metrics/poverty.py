r"""Poverty of persons in households by net income per head.

Choices that the literature leaves open, made once: a person is poor when income y is
strictly below the line z; a household of n members is n persons of equal income;
Sen and Thon are the discrete forms of 1976 and 1979, their limits for many persons being
``form="limit"`` and Sen-Shorrocks-Thon. Income may be negative (costs above income), as it
enters through the shortfall z - y only; the Watts index alone takes its logarithm. A
household whose income is unknown (NaN) is left out above and below the line of the fraction.

Symbols: N persons, q poor persons, g = (z - y) / z the relative shortfall, i a poor
person's rank counted from the poorest; in the rank indices the n members of a household
take n ranks that follow one another.
"""

import numpy as np

from jingde_core.metrics.contract import InputError, input_fault
from jingde_core.metrics.kernel import Array, once_a_chunk
from jingde_core.metrics.population import REGISTER
from jingde_core.metrics.registry import Column, metric, ratio, total

FGT = "Foster, Greer and Thorbecke (1984), Econometrica 52(3)"
SEN = "Sen (1976), Econometrica 44(2)"
THON = "Thon (1979), Review of Income and Wealth 25(4)"
SHORROCKS = "Shorrocks (1995), Econometrica 63(5)"
WATTS = "Watts (1968), in Moynihan (ed.), On Understanding Poverty"


@metric(table="households", unit="households", source=REGISTER, finish=total("poor_households"))
def poor_households(*, income_per_head: Column, poverty_line: float) -> dict[str, Array]:
    """Households whose income per head is below the line (低于标准户数).

    Parameters
    ----------
    income_per_head : array of float, shape (households,)
        y, yuan per person per year.
    poverty_line : float
        z > 0, yuan per person per year. Income equal to the line is not poor.

    Returns
    -------
    float
        0 for no household.

    Examples
    --------
    >>> poor_households(income_per_head=[3000, 4000, 9000], poverty_line=4000)
    1.0
    """
    return {"poor_households": (income_per_head < poverty_line).astype(float)}


@metric(table="households", unit="persons", source=REGISTER, finish=total("poor_persons"))
def poor_persons(
    *, income_per_head: Column, members: Column, poverty_line: float
) -> dict[str, Array]:
    """Persons in households whose income per head is below the line (低于标准人数).

    Arguments as in `headcount_ratio`.

    Returns
    -------
    float
        0 for no household.

    Examples
    --------
    >>> poor_persons(income_per_head=[3000, 4000, 9000], members=[4, 2, 1], poverty_line=4000)
    4.0
    """
    return {"poor_persons": _poor_members(income_per_head, members, poverty_line)}


@metric(table="households", unit="1", source=FGT, finish=ratio("poor_persons", "persons"))
def headcount_ratio(
    *, income_per_head: Column, members: Column, poverty_line: float
) -> dict[str, Array]:
    r"""Share of registered persons below the line (低于标准人口占比).

    .. math:: P_0 = q / N

    It is a share of the *registered* persons; `incidence` is that of the rural population.

    Parameters
    ----------
    income_per_head : array of float, shape (households,)
        y, yuan per person per year; may be negative (costs above income).
    members : array of int, shape (households,)
        n >= 1.
    poverty_line : float
        z > 0, yuan per person per year. Income equal to the line is not poor.

    Returns
    -------
    float
        0 to 1; NaN for no household.

    Examples
    --------
    >>> headcount_ratio(income_per_head=[3000, 4000], members=[1, 3], poverty_line=4000)
    0.25
    """
    return {
        "poor_persons": _poor_members(income_per_head, members, poverty_line),
        "persons": members,
    }


@metric(
    table="households",
    unit="1",
    source="State Council Leading Group Office of Poverty Alleviation, register rules (2014)",
    finish=ratio("poor_persons", "rural_population"),
    per="rural_population",
)
def incidence(*, income_per_head: Column, members: Column, poverty_line: float) -> dict[str, Array]:
    """Poor registered persons over the agricultural population (贫困发生率).

    Parameters
    ----------
    income_per_head, members, poverty_line : as in `headcount_ratio`
    rural_population : float
        Persons with agricultural hukou of the unit, >= 0; per group when grouped.

    Returns
    -------
    float
        NaN where the population is 0.

    Examples
    --------
    >>> incidence(income_per_head=[3000, 9000], members=[3, 5], poverty_line=4000,
    ...           rural_population=1200)
    0.0025
    """
    return {"poor_persons": _poor_members(income_per_head, members, poverty_line)}


@metric(table="households", unit="1", source=FGT, finish=ratio("gap", "persons"))
def poverty_gap(
    *, income_per_head: Column, members: Column, poverty_line: float
) -> dict[str, Array]:
    r"""Mean shortfall from the line, as a share of the line (贫困深度指数).

    .. math:: P_1 = \frac{1}{N} \sum_{i:\, y_i < z} n_i \frac{z - y_i}{z}

    Arguments as in `headcount_ratio`.

    Returns
    -------
    float
        0 where nobody is poor; NaN for no household (the gap of nobody is unknown).

    Examples
    --------
    One person 1,000 short of 4,000 and one above: half of a quarter.

    >>> poverty_gap(income_per_head=[3000, 9000], members=[1, 1], poverty_line=4000)
    0.125
    """
    return {"gap": _gap(income_per_head, members, poverty_line), "persons": members}


@metric(table="households", unit="1", source=FGT, finish=ratio("squared_gap", "persons"))
def poverty_severity(
    *, income_per_head: Column, members: Column, poverty_line: float
) -> dict[str, Array]:
    r"""Mean squared relative shortfall (贫困强度指数).

    .. math:: P_2 = \frac{1}{N} \sum_{i:\, y_i < z} n_i \left(\frac{z - y_i}{z}\right)^2

    Arguments as in `headcount_ratio`.

    Returns
    -------
    float
        0 where nobody is poor; NaN for no household.

    Examples
    --------
    >>> poverty_severity(income_per_head=[2000, 9000], members=[1, 1], poverty_line=4000)
    0.125
    """
    gap = _gap(income_per_head, members, poverty_line)
    squared_gap = gap * _relative(income_per_head, poverty_line)
    return {"squared_gap": squared_gap, "persons": members}


@metric(table="households", unit="1", source=FGT, finish=ratio("gap_power", "persons"))
def fgt(
    *, income_per_head: Column, members: Column, poverty_line: float, alpha: float
) -> dict[str, Array]:
    r"""Foster-Greer-Thorbecke index of any order (FGT贫困指数).

    .. math:: P_\alpha = \frac{1}{N} \sum_{i:\, y_i < z} n_i \left(\frac{z - y_i}{z}\right)^\alpha

    Arguments as in `headcount_ratio`, and ``alpha`` >= 0: 0 headcount, 1 gap, 2 severity.

    Returns
    -------
    float
        0 where nobody is poor; NaN for no household.

    Examples
    --------
    >>> fgt(income_per_head=[2000, 9000], members=[1, 1], poverty_line=4000, alpha=3)
    0.0625
    """
    poor = income_per_head < poverty_line
    # Only of the poor: 0 ** 0 is 1 and would make everybody poor.
    gap_power = np.zeros(len(members))
    gap_power[poor] = _relative(income_per_head, poverty_line)[poor] ** alpha
    return {"gap_power": members * gap_power, "persons": members}


@metric(table="households", unit="1", source=SEN, finish=ratio("gap", "poor_persons"))
def income_gap_ratio(
    *, income_per_head: Column, members: Column, poverty_line: float
) -> dict[str, Array]:
    r"""Mean relative shortfall of the poor alone (收入缺口率).

    .. math:: I = \frac{1}{q} \sum_{i:\, y_i < z} n_i \frac{z - y_i}{z} = P_1 / P_0

    Arguments as in `headcount_ratio`.

    Returns
    -------
    float
        Above 0; NaN where nobody is poor.

    Examples
    --------
    >>> income_gap_ratio(income_per_head=[3000, 9000], members=[1, 1], poverty_line=4000)
    0.25
    """
    poor = _poor_members(income_per_head, members, poverty_line)
    return {"gap": _gap(income_per_head, members, poverty_line), "poor_persons": poor}


@metric(table="households", unit="yuan", source=FGT, finish=total("shortfall"))
def needed_transfer(
    *, income_per_head: Column, members: Column, poverty_line: float
) -> dict[str, Array]:
    r"""Least yearly sum that lifts every person to the line (达标资金缺口).

    .. math:: C = \sum_{i:\, y_i < z} n_i (z - y_i)

    Arguments as in `headcount_ratio`.

    Returns
    -------
    float
        Yuan a year; 0 for no household.

    Examples
    --------
    >>> needed_transfer(income_per_head=[3000, 9000], members=[4, 1], poverty_line=4000)
    4000.0
    """
    return {"shortfall": members * np.maximum(poverty_line - income_per_head, 0)}


@metric(table="households", unit="index", source=WATTS, finish=ratio("log_gap", "persons"))
def watts(*, income_per_head: Column, members: Column, poverty_line: float) -> dict[str, Array]:
    r"""Mean logarithmic shortfall (瓦茨指数).

    .. math:: W = \frac{1}{N} \sum_{i:\, y_i < z} n_i \ln\frac{z}{y_i}

    Arguments as in `headcount_ratio`.

    Returns
    -------
    float
        0 where nobody is poor; NaN for no household, and where an income is zero or negative:
        the index has no value there.

    Examples
    --------
    >>> round(watts(income_per_head=[2000, 9000], members=[1, 1], poverty_line=4000), 6)
    0.346574
    """
    defined = np.where(income_per_head > 0, income_per_head, np.nan)
    log_gap = np.log(poverty_line / np.minimum(defined, poverty_line))
    return {"log_gap": members * log_gap, "persons": members}


@metric(table="households", unit="index", source=SEN, ordered=True, denominator="members")
def sen(
    *, income_per_head: Column, members: Column, poverty_line: float, form: str = "discrete"
) -> float:
    r"""Sen index: shortfalls weighted by rank among the poor (森指数).

    .. math:: S = \frac{2}{(q + 1) N} \sum_{i=1}^{q} g_i (q + 1 - i), \qquad
              S_\infty = \frac{2}{q N} \sum_{i=1}^{q} g_i (q + \tfrac12 - i) = H [I + (1 - I) G_p]

    Arguments as in `headcount_ratio`, and ``form``: "discrete", S of 1976, or "limit", for many
    persons, which copying everybody does not change.

    Returns
    -------
    float
        0 where nobody is poor; NaN for no household.

    Examples
    --------
    Two poor persons of four, short by 3/4 and 1/4: 2 / (3 * 4) * (3/4 * 2 + 1/4 * 1).

    >>> y = [1000, 3000, 5000, 9000]
    >>> round(sen(income_per_head=y, members=[1, 1, 1, 1], poverty_line=4000), 6)
    0.291667
    """
    if form not in ("discrete", "limit"):
        raise InputError([input_fault("form", form, "choice", names="discrete, limit")])
    gap, n, below = _ranked(income_per_head, members, poverty_line)
    poor = n.sum()
    if not poor:
        return 0.0
    # The sum of q + 1 - i (limit: q + 1/2 - i) over a household's ranks below + 1 ... below + n.
    step = 1 if form == "discrete" else 0
    rank_weight = n * (poor - below - (n - step) / 2)
    return float(2 * (gap * rank_weight).sum() / ((poor + step) * members.sum()))


@metric(table="households", unit="index", source=THON, ordered=True, denominator="members")
def thon(*, income_per_head: Column, members: Column, poverty_line: float) -> float:
    r"""Thon index: shortfalls weighted by rank among all persons (索恩指数).

    .. math:: T = \frac{2}{N (N + 1)} \sum_{i=1}^{q} g_i (N + 1 - i)

    Arguments as in `headcount_ratio`.

    Returns
    -------
    float
        0 where nobody is poor; NaN for no household.

    Examples
    --------
    One poor person of two, short by a quarter: 2 / (2 * 3) * 1/4 * 2.

    >>> round(thon(income_per_head=[3000, 9000], members=[1, 1], poverty_line=4000), 6)
    0.166667
    """
    gap, n, below = _ranked(income_per_head, members, poverty_line)
    everybody = members.sum()
    rank_weight = n * (everybody - below - (n - 1) / 2)
    return float(2 * (gap * rank_weight).sum() / (everybody * (everybody + 1)))


@metric(table="households", unit="index", source=SHORROCKS, ordered=True, denominator="members")
def sen_shorrocks_thon(*, income_per_head: Column, members: Column, poverty_line: float) -> float:
    r"""Sen-Shorrocks-Thon index, Thon's for many persons (SST指数).

    .. math:: P_{SST} = \frac{1}{N^2} \sum_{i=1}^{q} g_i (2 N - 2 i + 1)

    Arguments as in `headcount_ratio`.

    Returns
    -------
    float
        0 where nobody is poor; NaN for no household. Copying everybody does not change it.

    Examples
    --------
    One poor person of two, short by a quarter: 1/4 * 1/4 * 3.

    >>> sen_shorrocks_thon(income_per_head=[3000, 9000], members=[1, 1], poverty_line=4000)
    0.1875
    """
    gap, n, below = _ranked(income_per_head, members, poverty_line)
    everybody = members.sum()
    return float(2 * (gap * n * (everybody - below - n / 2)).sum() / everybody**2)


@once_a_chunk
def _relative(income: Array, line: float) -> Array:
    """(z - y) / z, of the poor their shortfall g, negative for others."""
    gap = np.asarray(line - income, dtype=float)
    gap /= line
    return gap


@once_a_chunk
def _poor_members(income: Array, members: Array, line: float) -> Array:
    return np.asarray(members * (income < line))


@once_a_chunk
def _gap(income: Array, members: Array, line: float) -> Array:
    """Members of the poor times their shortfall, zero for others."""
    return np.asarray(_poor_members(income, members, line) * _relative(income, line))


def _ranked(income: Array, members: Array, line: float) -> tuple[Array, Array, Array]:
    """Relative shortfalls of the poor from the poorest on, members, and persons poorer."""
    poor = np.flatnonzero(income < line)
    poor = poor[np.argsort(income[poor], kind="stable")]
    n = members[poor]
    return _relative(income[poor], line), n, np.cumsum(n) - n
