"""Monitoring against a return to poverty: conditions that hold, do not, or are not known.

A condition is three-valued: what is not recorded is neither met nor unmet, and one that
rests on a sign only (an illness, not its cost) is unknown until the proof is there. A
risk score is a sum of stated points beside the rules; it decides nothing.
"""

import operator
from typing import Any

import numpy as np

from jingde_core.metrics.contract import Array
from jingde_core.metrics.tallies import tally

#: tallies of ``data/tallies.csv`` are names of this module too
__getattr__ = tally

#: comparisons that a condition may make
TESTS = {"lt": operator.lt, "le": operator.le, "ge": operator.ge, "gt": operator.gt}


def held(values: Any, *, test: str, threshold: float, unproven: str = "") -> Array:
    """Whether each value meets a condition (条件是否成立): yes, no, unknown.

    Parameters
    ----------
    values : array of float, shape (households,)
        NaN where nothing is recorded.
    test : {"lt", "le", "ge", "gt"}
        How a value is compared with the threshold.
    threshold : float
        In the unit of the values.
    unproven : {"", "yes", "no"}
        The outcome that only a sign speaks for: it reads unknown until it is proven.

    Returns
    -------
    array of object, shape (households,)
        ``yes``, ``no`` or ``unknown``.

    Examples
    --------
    Below 6,000: one is, one is exactly there, one is not recorded.

    >>> held([5999.99, 6000, np.nan], test="lt", threshold=6000).tolist()
    ['yes', 'no', 'unknown']
    >>> held([1, 0], test="ge", threshold=1, unproven="yes").tolist()
    ['unknown', 'no']
    """
    given = np.asarray(values, dtype=float)
    found = np.where(TESTS[test](given, threshold), "yes", "no").astype(object)
    found[np.isnan(given) | (found == unproven)] = "unknown"
    return found


def any_of(*conditions: Any) -> Array:
    """Whether at least one of several conditions holds (任一成立): yes, no, unknown.

    One that holds settles it; else one that is unknown leaves it open.

    Examples
    --------
    >>> any_of(["no", "no", "no"], ["yes", "unknown", "no"]).tolist()
    ['yes', 'unknown', 'no']
    """
    states = np.array(conditions, dtype=object)
    open_ones = np.where((states == "unknown").any(axis=0), "unknown", "no")
    return np.where((states == "yes").any(axis=0), "yes", open_ones).astype(object)


def points(values: Any, *, zero: float, full: float, most: float) -> Array:
    r"""Points of one part of a risk score (风险分项得分).

    .. math:: p = m \min\!\left(1, \max\!\left(0, \frac{x - x_0}{x_1 - x_0}\right)\right)

    Parameters
    ----------
    values : array of float, shape (households,)
        x; NaN where it is not known.
    zero, full : float
        x0 with no point and x1 with all of them; x1 may lie below x0.
    most : float
        m, points at most.

    Returns
    -------
    array of float, shape (households,)
        0 to ``most``; NaN where x is not known.

    Examples
    --------
    Half of the way from 10,000 down to 4,000 is half of 40 points.

    >>> points([7000, 12000, 3000], zero=10000, full=4000, most=40).tolist()
    [20.0, 0.0, 40.0]
    """
    share = (np.asarray(values, dtype=float) - zero) / (full - zero)
    return np.asarray(most * np.clip(share, 0, 1))
