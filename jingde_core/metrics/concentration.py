"""Concentration of assets: over villages, over persons, and against need.

Over villages each village is one holder, whatever its size; over persons a village's assets
are spread evenly over its persons. Amounts are not negative. A village without assets
belongs in the table with 0: leaving it out would make what is concentrated look even.
"""

from typing import Any

import numpy as np
import pandas as pd

from jingde_core.metrics import inequality
from jingde_core.metrics.contract import COUNT, NOT_NEGATIVE, POSITIVE, SHARE
from jingde_core.metrics.distribution import KNOWN, checked, curve, weighted
from jingde_core.metrics.finish import Sums
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric

HIRSCHMAN = "Hirschman (1964), American Economic Review 54(5)"
LERMAN = "Lerman and Yitzhaki (1989), Journal of Econometrics 42(1)"


def herfindahl(amounts: Any, *, normalised: bool = False) -> float:
    r"""Herfindahl-Hirschman index of concentration (赫芬达尔指数, HHI).

    .. math:: H = \sum_i s_i^2, \quad s_i = \frac{x_i}{\sum_j x_j}, \qquad
              H^* = \frac{H - 1/n}{1 - 1/n}

    Parameters
    ----------
    amounts : array of float, shape (n,)
        x >= 0, one for each holder (village), any unit.
    normalised : bool
        H*, which is 0 for n equal holders.

    Returns
    -------
    float
        1/n (all equal) to 1 (one holds all), H* from 0 to 1. NaN for no holder, a total of
        zero, and H* of a single holder.

    Raises
    ------
    InputError
        for a negative, unknown or infinite amount.

    Examples
    --------
    >>> herfindahl([5, 5]), herfindahl([5, 5], normalised=True), herfindahl([7, 0])
    (0.5, 0.0, 1.0)

    References
    ----------
    Hirschman (1964), American Economic Review 54(5).
    """
    x = checked({"amounts": (amounts, NOT_NEGATIVE)})["amounts"]
    index = float(_shares(x) @ _shares(x)) if x.size else np.nan
    if not normalised:
        return index
    return (index - 1 / len(x)) / (1 - 1 / len(x)) if len(x) > 1 else np.nan


def concentration_ratio(amounts: Any, *, count: int) -> float:
    """Share of the total that the largest ``count`` holders have (前若干名集中度, CR).

    Amounts and errors as for `herfindahl`; count >= 1.

    Returns
    -------
    float
        0 to 1; 1 from as many as there are holders on; NaN for no holder or a total of zero.

    Examples
    --------
    >>> concentration_ratio([50, 30, 15, 5], count=2)
    0.8
    """
    x = checked({"amounts": (amounts, NOT_NEGATIVE)}, {"count": (count, COUNT)})["amounts"]
    return float(np.sort(_shares(x))[::-1][:count].sum()) if x.size else np.nan


def _shares(x: Array) -> Array:
    """Parts of the total; NaN where it is 0 or beyond the range of floating point."""
    return np.asarray(x / (x.sum() if 0 < x.sum() < np.inf else np.nan))


def top_share(values: Any, weights: Any = None, *, share: float) -> float:
    r"""Share of the total held by the richest share of the persons (最高分位份额).

    .. math:: 1 - L(1 - t)

    Values and weights as for `inequality.gini`; t, from 0 to 1, is the share of the persons.

    Returns
    -------
    float
        t (all equal) to 1; NaN for nobody or a total of zero.

    Examples
    --------
    >>> round(top_share([1, 1, 1, 1, 1, 1, 1, 1, 1, 11], share=0.1), 12)
    0.55
    """
    y, w = weighted(values, weights, share=(share, SHARE))
    return float(1 - np.interp(1 - share, *curve(y, y, w)))


def gini_over_persons(amounts: Any, persons: Any) -> float:
    r"""Gini of assets a head, each village's spread evenly over its persons (人均资产基尼系数).

    .. math:: G(x_v / n_v) \text{ with weights } n_v

    Amounts as for `herfindahl`; persons n > 0, one for each village. Over villages, without
    regard to their size, it is ``inequality.gini(amounts)``.

    Returns
    -------
    float
        0 to below 1; NaN for no village or a total of zero. Differences inside a village are
        not in it.

    Examples
    --------
    Twice the assets for twice the persons is equal a head.

    >>> gini_over_persons([10, 20], [100, 200]), inequality.gini([10, 30])
    (0.0, 0.25)
    """
    return inequality.gini(*_per_head(amounts, persons))


def lorenz_over_persons(amounts: Any, persons: Any) -> pd.DataFrame:
    """Lorenz curve of assets a head over persons (人均资产洛伦兹曲线).

    Arguments as for `gini_over_persons`, the frame as for `inequality.lorenz`; over villages
    it is ``inequality.lorenz(amounts)``.

    Examples
    --------
    >>> lorenz_over_persons([10, 30], [100, 100])["L"].tolist()
    [0.0, 0.25, 1.0]
    """
    return inequality.lorenz(*_per_head(amounts, persons))


def _per_head(amounts: Any, persons: Any) -> tuple[Array, Array]:
    given = checked({"amounts": (amounts, NOT_NEGATIVE), "persons": (persons, POSITIVE)})
    return given["amounts"] / given["persons"], given["persons"]


def concentration_curve(amounts: Any, need: Any, weights: Any = None) -> pd.DataFrame:
    """Share of the total that the neediest share of the persons has (集中曲线).

    Parameters
    ----------
    amounts : array of float, shape (n,)
        x >= 0 a head, any unit.
    need : array of float, shape (n,)
        Any number; the greatest comes first, equal needs together.
    weights : array of float, shape (n,), optional
        Persons, >= 0; one each when left out.

    Returns
    -------
    pandas.DataFrame
        ``p`` and ``C``, fractions from (0, 0) to (1, 1), a row for each distinct need; NaN for
        nobody (one row), and in ``C`` for a total of zero.

    Raises
    ------
    InputError
        for a negative or unknown amount, an unknown need, a negative weight, lengths that differ.

    Examples
    --------
    >>> concentration_curve([30, 10], need=[0.2, 0.1]).to_numpy().tolist()
    [[0.0, 0.0], [0.5, 0.75], [1.0, 1.0]]

    References
    ----------
    Kakwani, Wagstaff and van Doorslaer (1997), Journal of Econometrics 77(1).
    """
    p, held = curve(*_by_need(amounts, need, weights))
    return pd.DataFrame({"p": p, "C": held})


def concentration_index(amounts: Any, need: Any, weights: Any = None) -> float:
    r"""Concentration index against need (集中指数).

    .. math:: C = 1 - 2 \int_0^1 C(p) \, dp

    Arguments and errors as for `concentration_curve`.

    Returns
    -------
    float
        -1 to 1: below 0 where the needier hold more than their share, 0 where amounts do not
        go with need; NaN for nobody or a total of zero. It is the Gini where need falls as
        amounts rise.

    Examples
    --------
    Three quarters go to the needier half: 1 - 2 * (0.5 * 0.75 / 2 + 0.5 * 1.75 / 2).

    >>> concentration_index([30, 10], need=[0.2, 0.1])
    -0.25

    References
    ----------
    Kakwani, Wagstaff and van Doorslaer (1997), Journal of Econometrics 77(1).
    """
    p, held = curve(*_by_need(amounts, need, weights))
    return 1 - 2 * float(np.trapezoid(held, p)) if len(p) > 1 else np.nan


def _by_need(amounts: Any, need: Any, weights: Any) -> tuple[Array, Array, Array]:
    columns = {"amounts": (amounts, NOT_NEGATIVE), "need": (need, KNOWN)}
    columns["weights"] = (np.ones(len(amounts)) if weights is None else weights, NOT_NEGATIVE)
    given = checked(columns)
    somebody = given["weights"] > 0
    return -given["need"][somebody], given["amounts"][somebody], given["weights"][somebody]


def _herfindahl(sums: Sums) -> Array:
    total = np.where(sums["asset_value"] > 0, sums["asset_value"], np.nan)
    return np.asarray(sums["squares"] / total**2)


@metric(
    table="villages",
    unit="index",
    source=HIRSCHMAN,
    finish=_herfindahl,
    denominator="asset_value",
    rules={"asset_value": NOT_NEGATIVE},
)
def asset_herfindahl(*, asset_value: Column) -> dict[str, Array]:
    """Concentration of assets over the villages of a group (扶贫资产村级集中度, HHI).

    Parameters
    ----------
    asset_value : array of float, shape (villages,)
        Yuan of original value, 0 for a village without assets.

    Returns
    -------
    float
        1/n to 1; NaN where there are no assets.

    Examples
    --------
    >>> asset_herfindahl(asset_value=[50000, 50000, 0])
    0.5
    """
    return {"asset_value": asset_value, "squares": np.square(asset_value, dtype=float)}


@metric(
    table="villages",
    unit="index",
    source=LERMAN,
    ordered=True,
    denominator="population",
    rules={"asset_value": NOT_NEGATIVE, "population": COUNT},
)
def asset_gini(*, asset_value: Column, population: Column) -> float:
    """Gini of assets a head among the persons of a group's villages (人均扶贫资产基尼系数).

    Parameters
    ----------
    asset_value : array of float, shape (villages,)
        Yuan of original value, 0 for a village without assets.
    population : array of int, shape (villages,)

    Returns
    -------
    float
        As for `gini_over_persons`.

    Examples
    --------
    >>> asset_gini(asset_value=[10000, 30000], population=[100, 100])
    0.25
    """
    return gini_over_persons(asset_value, population)
