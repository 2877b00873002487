"""A weighted distribution: its checks, its Lorenz curve, quantiles and the shares between them.

A weight is a frequency: one value of weight three counts as three equal values. A quantile
is averaged where the distribution function meets the probability exactly; the share of a
fifth or a tenth is read from the Lorenz curve, so that a value on the boundary is divided.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import (
    COUNT,
    NOT_NEGATIVE,
    SHARE,
    Array,
    InputError,
    Rule,
    as_column,
    input_fault,
    shape_faults,
    value_faults,
)
from jingde_core.model.problem import Problem

#: a number that must be known
KNOWN = Rule("known", unknown=False)
Ruled = Mapping[str, tuple[Any, Rule]]


def checked(
    columns: Ruled, parameters: Ruled = MappingProxyType({}), *, beside: Iterable[Problem] = ()
) -> dict[str, Array]:
    """Columns as arrays of float, once they and the parameters are seen to keep their rules.

    Raises
    ------
    InputError
        naming every column that is none, differs in length or breaks its rule, every
        parameter that breaks its own, and the faults found ``beside``.
    """
    arrays = {name: as_column(values) for name, (values, _) in columns.items()}
    faults = [*beside, *shape_faults(arrays, None)]
    for name, array in arrays.items():
        if array.ndim > 1:
            faults.append(input_fault(name, str(array.shape), "column"))
        faults += value_faults(name, array, columns[name][1])
    for name, (value, rule) in parameters.items():
        faults += value_faults(name, np.asarray(value), rule)
    if faults:
        raise InputError(faults)
    return {name: array.astype(float, copy=False) for name, array in arrays.items()}


def group_faults(groups: pd.Series, rows: int) -> list[Problem]:
    """Faults of a column of groups: one for each row, none missing."""
    if len(groups) == rows and not groups.isna().any():
        return []
    return [input_fault("groups", f"{groups.count()} / {rows}", "group")]


def weighted(
    values: Any, weights: Any, rule: Rule = NOT_NEGATIVE, **parameters: tuple[Any, Rule]
) -> tuple[Array, Array]:
    """Values that keep a rule, and their weights; weight zero stands for nobody and is left out."""
    columns = {"values": (values, rule), "weights": (weights, NOT_NEGATIVE)}
    if weights is None:
        del columns["weights"]
    given = checked(columns, parameters)
    y, w = given["values"], given.get("weights", np.ones(len(given["values"])))
    somebody = w > 0
    return (y, w) if somebody.all() else (y[somebody], w[somebody])


def cumulated(order: Array, amounts: Array, weights: Array) -> tuple[Array, Array]:
    """Cumulative weight and weighted amounts along ``order``, from (0, 0).

    Equal places in the order are one step, so that no order among them is invented.
    """
    places, step = np.unique(order, return_inverse=True)
    people = np.bincount(step, weights, len(places))
    held = np.bincount(step, weights * amounts, len(places))
    return np.append(0.0, np.cumsum(people)), np.append(0.0, np.cumsum(held))


def curve(order: Array, amounts: Array, weights: Array) -> tuple[Array, Array]:
    """Cumulative shares of weight and of weighted amounts along ``order``; NaN of a zero total."""
    people, held = cumulated(order, amounts, weights)
    with np.errstate(invalid="ignore"):
        return people / people[-1], held / held[-1]


def lorenz(values: Any, weights: Any = None) -> pd.DataFrame:
    r"""Lorenz curve (洛伦兹曲线).

    .. math:: L(p_k) = \frac{\sum_{i \le k} w_i y_i}{\sum_i w_i y_i}, \qquad
              p_k = \frac{\sum_{i \le k} w_i}{\sum_i w_i}, \quad y_1 \le y_2 \le \dots

    Parameters
    ----------
    values : array of float, shape (n,)
        y >= 0, any unit.
    weights : array of float, shape (n,), optional
        w >= 0, persons that each value stands for; one each when left out.

    Returns
    -------
    pandas.DataFrame
        ``p`` and ``L``, fractions from (0, 0) to (1, 1), a row for each distinct value; NaN
        for nobody (one row), and in ``L`` for a total of zero.

    Raises
    ------
    InputError
        for a negative, unknown or infinite value or weight, or lengths that differ.

    Examples
    --------
    >>> lorenz([3, 1]).to_numpy().tolist()
    [[0.0, 0.0], [0.5, 0.25], [1.0, 1.0]]

    References
    ----------
    Lorenz (1905), Publications of the American Statistical Association 9(70).
    """
    y, w = weighted(values, weights)
    p, held = curve(y, y, w)
    return pd.DataFrame({"p": p, "L": held})


def quantile(values: Any, weights: Any = None, *, q: float) -> float:
    r"""Weighted quantile (分位数).

    .. math:: Q(q) = \tfrac{1}{2} \big( \min\{y: F(y) \ge q\} + \min\{y: F(y) > q\} \big)

    Values are any known numbers, weights as for `lorenz`, q a probability from 0 (the
    smallest) to 1 (the largest); another is an InputError.

    Returns
    -------
    float
        In the unit of the values; NaN for nobody.

    Examples
    --------
    >>> quantile([1, 2, 3, 10], q=0.5), quantile([1, 2, 3], q=0.5)
    (2.5, 2.0)

    References
    ----------
    Hyndman and Fan (1996), The American Statistician 50(4), definition 2.
    """
    y, w = weighted(values, weights, KNOWN, q=(q, SHARE))
    if not y.size:
        return np.nan
    order = np.argsort(y)
    reached = np.cumsum(w[order])
    goal, slack = q * reached[-1], 1e-12 * reached[-1]
    ends = np.searchsorted(reached, [goal - slack, goal + slack])
    low, high = y[order[np.minimum(ends, len(y) - 1)]]
    return float(low / 2 + high / 2)


def quantile_shares(values: Any, weights: Any = None, *, parts: int = 5) -> pd.DataFrame:
    r"""Share of the total that each fifth (tenth, ...) of the persons holds (分位组份额).

    .. math:: S_k = L(k / m) - L((k - 1) / m), \qquad k = 1, \dots, m

    Arguments and errors as for `lorenz`; ``parts`` is m >= 1, groups of equally many persons.

    Returns
    -------
    pandas.DataFrame
        ``part`` (1 is the lowest), ``p_from``, ``p_to``, ``share``: fractions that add up
        to 1; NaN for nobody or a total of zero.

    Examples
    --------
    Three persons in halves: the middle one is divided.

    >>> quantile_shares([1, 2, 3], parts=2)["share"].round(6).tolist()
    [0.333333, 0.666667]
    """
    y, w = weighted(values, weights, parts=(parts, COUNT))
    ends = np.arange(parts + 1) / parts
    shares = np.diff(np.interp(ends, *curve(y, y, w)))
    part = np.arange(1, parts + 1)
    return pd.DataFrame({"part": part, "p_from": ends[:-1], "p_to": ends[1:], "share": shares})


def tail_ratio(values: Any, weights: Any, *, top: float, bottom: float) -> float:
    """Share of the richest ``top`` over that of the poorest ``bottom``; NaN over nothing."""
    y, w = weighted(values, weights)
    low, high = np.interp([bottom, 1 - top], *curve(y, y, w))
    return float((1 - high) / low) if low > 0 else np.nan
