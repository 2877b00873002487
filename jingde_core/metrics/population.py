"""Who is counted: households, persons, and their mean income."""

import numpy as np

from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric, ratio, total

REGISTER = "the county's register of poor households"


@metric(table="households", unit="households", source=REGISTER, finish=total("households"))
def households(*, members: Column) -> dict[str, Array]:
    """Number of households (户数).

    Parameters
    ----------
    members : array of int, shape (households,)
        n >= 1.

    Returns
    -------
    float
        0 for no household.

    Examples
    --------
    >>> households(members=[2, 3])
    2.0
    """
    return {"households": np.ones(len(members))}


@metric(table="households", unit="persons", source=REGISTER, finish=total("persons"))
def persons(*, members: Column) -> dict[str, Array]:
    """Number of persons (人数).

    Parameters
    ----------
    members : array of int, shape (households,)
        n >= 1.

    Returns
    -------
    float
        0 for no household.

    Examples
    --------
    >>> persons(members=[2, 3])
    5.0
    """
    return {"persons": members}


@metric(table="households", unit="yuan", source=REGISTER, finish=ratio("income", "persons"))
def mean_income(*, income_per_head: Column, members: Column) -> dict[str, Array]:
    r"""Net income per head of all persons (人均纯收入).

    .. math:: \mu = \frac{1}{N} \sum_i n_i y_i

    Parameters
    ----------
    income_per_head : array of float, shape (households,)
        y, yuan per person per year.
    members : array of int, shape (households,)
        n >= 1.

    Returns
    -------
    float
        Yuan per person per year; NaN for no household.

    Examples
    --------
    >>> mean_income(income_per_head=[3000, 9000], members=[2, 1])
    5000.0
    """
    return {"income": members * income_per_head, "persons": members}
