"""Inequality of a weighted distribution.

Gini takes mid-ranks. A negative value is refused, as a share of a total has no meaning with
it (a Gini could pass 1), and so is a zero where its logarithm is needed. Nobody, and a total
of zero, give NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import (
    NOT_NEGATIVE,
    POSITIVE,
    Array,
    Rule,
)
from jingde_core.metrics.distribution import (
    checked,
    group_faults,
    lorenz,
    quantile,
    quantile_shares,
    tail_ratio,
    weighted,
)

__all__ = ["Split", "atkinson", "gini", "lorenz", "mean_log_deviation", "mean_log_deviation_split"]
__all__ += ["palma", "quantile", "quantile_shares", "s80_s20", "theil", "theil_split"]


def gini(values: Any, weights: Any = None) -> float:
    r"""Gini coefficient with mid-ranks (基尼系数).

    .. math:: G = \frac{\sum_i w_i y_i (2 F_i - 1)}{\sum_i w_i y_i}, \qquad
              F_i = \frac{W_{i-1} + w_i / 2}{W_n}, \quad y_1 \le y_2 \le \dots

    Parameters
    ----------
    values : array of float, shape (n,)
        y >= 0, any unit (income a head in yuan, assets in yuan).
    weights : array of float, shape (n,), optional
        w >= 0, persons that each value stands for; one each when left out.

    Returns
    -------
    float
        0 (all equal, or one observation) to below 1; NaN for nobody or a total of zero.

    Raises
    ------
    InputError
        for a negative, unknown or infinite value or weight, or lengths that differ.

    Examples
    --------
    Two persons with 1 and 3: mid-ranks 1/4 and 3/4, so (1 * -0.5 + 3 * 0.5) / 4.

    >>> gini([1, 3]), gini([1, 3], weights=[2, 2]) == gini([1, 1, 3, 3])
    (0.25, True)

    References
    ----------
    Lerman and Yitzhaki (1989), Journal of Econometrics 42(1).
    """
    y, w = weighted(values, weights)
    return gini_of(y, None if weights is None else w)


def gini_of(y: Array, w: Array | None) -> float:
    """`gini` of arrays that have been checked: what the metrics call for each group."""
    if w is None:
        y, w = np.sort(y), np.ones(len(y))
    else:
        order = np.argsort(y)
        y, w = y[order], w[order]
    held = w * y
    rank = np.cumsum(w, dtype=float)
    scale = held.sum() * rank[-1] if w.size else 0.0
    if not 0 < scale < np.inf:
        return np.nan
    rank *= 2
    rank -= w
    return max(0.0, float(held @ rank / scale) - 1)


def theil(values: Any, weights: Any = None) -> float:
    r"""Theil's T, general entropy GE(1) (泰尔指数).

    .. math:: T = \frac{1}{W} \sum_i w_i \frac{y_i}{\mu} \ln \frac{y_i}{\mu}, \qquad 0 \ln 0 = 0

    Arguments and errors as for `gini`.

    Returns
    -------
    float
        0 (all equal) to the logarithm of the number of persons; NaN for nobody or a total of zero.

    Examples
    --------
    One of two persons has everything: half of 2 ln 2.

    >>> round(theil([0, 10]), 6)
    0.693147

    References
    ----------
    Theil (1967), Economics and Information Theory, North-Holland.
    """
    return _entropy(*weighted(values, weights))


def mean_log_deviation(values: Any, weights: Any = None) -> float:
    r"""Mean logarithmic deviation, general entropy GE(0) (平均对数离差).

    .. math:: L = \frac{1}{W} \sum_i w_i \ln \frac{\mu}{y_i}

    Arguments and errors as for `gini`, and every value above 0: the measure is infinite as
    soon as anybody has nothing.

    Returns
    -------
    float
        At least 0 (all equal); NaN for nobody.

    Examples
    --------
    1 and 4 about their mean 2.5: half of ln 2.5 + ln 0.625.

    >>> round(mean_log_deviation([1, 4]), 6)
    0.223144

    References
    ----------
    Theil (1967), Economics and Information Theory, North-Holland.
    """
    return _log_deviation(*weighted(values, weights, POSITIVE))


def _relative(y: Array, w: Array) -> Array:
    """Values over their mean; NaN where the mean is 0 or beyond the range of floating point."""
    mean = y @ w / w.sum() if w.size else 0.0
    return np.asarray(y / (mean if 0 < mean < np.inf else np.nan))


def _entropy(y: Array, w: Array) -> float:
    """Theil's T as a mean of parts that are none negative, so that near equality keeps digits."""
    relative = _relative(y, w)
    return _mean(np.maximum(y_log_y(relative) - (relative - 1), 0.0), w)


def _log_deviation(y: Array, w: Array) -> float:
    relative = _relative(y, w)
    return _mean(np.maximum(relative - 1 - np.log(relative), 0.0), w)


def y_log_y(y: Array) -> Array:
    """Each value times its logarithm; 0 at 0, NaN below."""
    return np.asarray(y * np.log(np.where(y > 0, y, np.where(y == 0, 1.0, np.nan))))


def _mean(parts: Array, w: Array) -> float:
    return float(parts @ w / w.sum()) if w.size else np.nan


def atkinson(values: Any, weights: Any = None, *, epsilon: float) -> float:
    r"""Atkinson's index: share of the total that equality could do without (阿特金森指数).

    .. math:: A = 1 - \frac{1}{\mu} \Big( \frac{1}{W} \sum_i w_i y_i^{1-\varepsilon}
              \Big)^{1/(1-\varepsilon)}, \qquad
              A = 1 - \frac{1}{\mu} \exp \frac{1}{W} \sum_i w_i \ln y_i \quad (\varepsilon = 1)

    Arguments and errors as for `gini`; epsilon, the aversion to inequality, is >= 0, and
    from 1 on every value must be above 0.

    Returns
    -------
    float
        0 (all equal, or epsilon 0) to 1; NaN for nobody or a total of zero.

    Examples
    --------
    At epsilon 1, 1 and 9 are worth as much as 3 and 3: 6 of 10 would do.

    >>> round(atkinson([1, 9], epsilon=1), 12)
    0.4

    References
    ----------
    Atkinson (1970), Journal of Economic Theory 2(3).
    """
    rule = NOT_NEGATIVE if epsilon < 1 else POSITIVE
    y, w = weighted(values, weights, rule, epsilon=(epsilon, NOT_NEGATIVE))
    if not y.any():
        return np.nan
    power = 1 - epsilon
    with np.errstate(divide="ignore"):
        logs = np.log(_relative(y, w))
    if power == 0:
        return max(0.0, -float(np.expm1(_mean(logs, w))))
    # The largest power is divided out, so that a high aversion does not overflow.
    powers = power * logs
    largest = powers.max()
    worth = (largest + np.log1p(_mean(np.expm1(powers - largest), w))) / power
    return max(0.0, -float(np.expm1(worth)))


@dataclass(frozen=True)
class Split:
    """Inequality split by group: ``total`` is ``within`` plus ``between``.

    ``groups`` has one row a group: ``persons`` (weight), ``mean``, ``index`` (inequality
    inside the group) and ``within`` (its part of the inequality within).
    """

    total: float
    within: float
    between: float
    groups: pd.DataFrame


def theil_split(values: Any, groups: Any, weights: Any = None) -> Split:
    r"""Theil's T within and between groups (泰尔指数的组内、组间分解).

    .. math:: T = \sum_g s_g T_g + \sum_g s_g \ln \frac{\mu_g}{\mu}, \qquad
              s_g = \frac{W_g \mu_g}{W \mu}

    Arguments and errors as for `theil`; ``groups`` holds the group of each value, and a
    value without one is an InputError.

    Returns
    -------
    Split
        NaN for nobody or a total of zero.

    Examples
    --------
    Equal inside each group: all of it lies between them.

    >>> split = theil_split([1, 1, 3, 3], ["a", "a", "b", "b"])
    >>> split.within, round(split.between, 6)
    (0.0, 0.130812)

    References
    ----------
    Shorrocks (1980), Econometrica 48(3).
    """
    return _split(values, groups, weights, NOT_NEGATIVE, _entropy, by_total=True)


def mean_log_deviation_split(values: Any, groups: Any, weights: Any = None) -> Split:
    r"""Mean log deviation within and between groups (平均对数离差的组内、组间分解).

    .. math:: L = \sum_g p_g L_g + \sum_g p_g \ln \frac{\mu}{\mu_g}, \qquad p_g = \frac{W_g}{W}

    Arguments, result and errors as for `theil_split`; every value above 0.

    Examples
    --------
    >>> split = mean_log_deviation_split([1, 4, 1, 4], ["a", "a", "b", "b"])
    >>> round(split.within, 6), split.between
    (0.223144, 0.0)

    References
    ----------
    Shorrocks (1980), Econometrica 48(3).
    """
    return _split(values, groups, weights, POSITIVE, _log_deviation, by_total=False)


def _split(
    values: Any,
    groups: Any,
    weights: Any,
    rule: Rule,
    index: Callable[[Array, Array], float],
    *,
    by_total: bool,
) -> Split:
    """Inside each group, and between groups as if everybody had the group's mean."""
    keys = pd.Series(np.asarray(groups))
    faults = group_faults(keys, len(values))
    columns = {"values": (values, rule), "weights": (weights, NOT_NEGATIVE)}
    if weights is None:
        columns["weights"] = (np.ones(len(values)), NOT_NEGATIVE)
    given = checked(columns, beside=faults)
    somebody = given["weights"] > 0
    y, w = given["values"][somebody], given["weights"][somebody]
    members = keys[somebody].groupby(keys[somebody]).indices
    table = pd.DataFrame(
        {
            "persons": [w[at].sum() for at in members.values()],
            "mean": [y[at] @ w[at] / w[at].sum() for at in members.values()],
            "index": [index(y[at], w[at]) for at in members.values()],
        },
        index=pd.Index(list(members), name="group"),
        dtype=float,
    )
    persons, mean = table["persons"].to_numpy(), table["mean"].to_numpy()
    between = index(mean, persons)
    share = persons * mean if by_total else persons
    part = np.where(share > 0, share * table["index"], 0.0)
    table["within"] = part / share.sum() if share.sum() > 0 else np.nan
    within = float(table["within"].sum()) if not np.isnan(between) else np.nan
    return Split(within + between, within, between, table)


def palma(values: Any, weights: Any = None) -> float:
    r"""Palma ratio: share of the richest tenth over that of the poorest two fifths (帕尔玛比值).

    .. math:: \frac{1 - L(0.9)}{L(0.4)}

    Arguments and errors as for `gini`.

    Returns
    -------
    float
        1/4 where all are equal; NaN for nobody and where the poorest two fifths have nothing.

    Examples
    --------
    >>> palma([1, 1, 1, 1, 1, 1, 1, 1, 1, 6])
    1.5

    References
    ----------
    Cobham and Sumner (2013), Center for Global Development working paper 343.
    """
    return tail_ratio(values, weights, top=0.1, bottom=0.4)


def s80_s20(values: Any, weights: Any = None) -> float:
    r"""Share of the richest fifth over that of the poorest fifth (五等份收入比).

    .. math:: \frac{1 - L(0.8)}{L(0.2)}

    Arguments and errors as for `gini`.

    Returns
    -------
    float
        1 where all are equal; NaN for nobody and where the poorest fifth has nothing.

    Examples
    --------
    >>> s80_s20([1, 2, 3, 4, 10])
    10.0

    References
    ----------
    Eurostat, income quintile share ratio, here from the Lorenz curve (boundary values divided).
    """
    return tail_ratio(values, weights, top=0.2, bottom=0.2)
