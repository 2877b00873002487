"""Funds, projects and assets: what was allotted, built, earned and distributed, and to whom.

Value is the original value; book value is straight-line over a life by form, and equity keeps
its value. The return is what was distributed over the value of operating assets, a year each;
a year in which a station has no month on record is left out, not counted as zero.
"""

from typing import Any

import numpy as np

from jingde_core.metrics.contract import NOT_NEGATIVE, POSITIVE
from jingde_core.metrics.distribution import checked
from jingde_core.metrics.finish import total
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric
from jingde_core.metrics.tallies import tally

#: tallies of ``data/tallies.csv`` are names of this module too
__getattr__ = tally


@metric(
    table="asset_accounts",
    unit="yuan",
    source="straight-line depreciation",
    finish=total("book"),
    rules={"age": NOT_NEGATIVE, "asset_life_fixed": POSITIVE, "asset_life_biological": POSITIVE},
)
def asset_book_value(
    *,
    original_value: Column,
    age: Column,
    fixed: Column,
    biological: Column,
    asset_life_fixed: float,
    asset_life_biological: float,
) -> dict[str, Array]:
    r"""Original value less straight-line depreciation (资产净值，测算).

    .. math:: b = \sum_i v_i \max(0, 1 - a_i / l_i)

    Parameters
    ----------
    original_value : array of float, shape (assets,)
        v in yuan.
    age : array of float, shape (assets,)
        a >= 0, years since it was built.
    fixed, biological : arrays of bool, shape (assets,)
        Form; what is neither (equity) keeps its value.
    asset_life_fixed, asset_life_biological : float
        l > 0, years.

    Returns
    -------
    float
        Yuan; 0 for no asset.

    Examples
    --------
    Half of a life of 20 years is over, and a share in a cooperative:

    >>> form = {"fixed": [True, False], "biological": [False, False]}
    >>> life = {"asset_life_fixed": 20, "asset_life_biological": 10}
    >>> asset_book_value(original_value=[8000, 500], age=[10, 10], **form, **life)
    4500.0
    """
    life = np.where(fixed, asset_life_fixed, np.where(biological, asset_life_biological, np.inf))
    return {"book": original_value * np.maximum(0, 1 - age / life)}


def shortfall(value: Any, need: Any) -> Array:
    r"""Value that a place lacks to hold its share of the need (按需求份额的资产缺口).

    .. math:: g_v = \frac{n_v}{\sum_u n_u} \sum_u x_u - x_v

    Parameters
    ----------
    value : array of float, shape (places,)
        x >= 0, yuan.
    need : array of float, shape (places,)
        n >= 0: poor persons, households hit, funds needed, ...

    Returns
    -------
    array of float, shape (places,)
        Yuan, summing to 0; above 0 where a place is left short. NaN where nobody is in need.

    Raises
    ------
    InputError
        for a negative or unknown number, or lengths that differ.

    Examples
    --------
    >>> shortfall([30, 10], need=[1, 1]).tolist()
    [-10.0, 10.0]
    """
    given = checked({"value": (value, NOT_NEGATIVE), "need": (need, NOT_NEGATIVE)})
    x, need_sum = given["value"], given["need"].sum()
    return np.asarray(given["need"] / (need_sum or np.nan) * x.sum() - x)
