r"""Most persons lifted to a line with a given sum: a knapsack, solved exactly.

A household of n members and a gap g a head costs n g and lifts n persons, or none: half of the
money lifts nobody. Value over cost is 1 / g, so that filling the smallest gaps first is the
optimum of the relaxed problem, and of this one as long as nothing is left over. What is left
over is settled by dynamic programming over persons, about the household where the money ends;
the answer is proven when it reaches the relaxed bound, and else the program is widened.
"""

from math import gcd

import numpy as np
from numpy.typing import NDArray

from jingde_core.metrics.contract import Array

#: households on each side of the one where money ends that are decided anew first
_CORE = 64
#: cells of a program that is solved whole: more than a county has
_WHOLE = 2e7
#: share of a sum that floating point may add to it
_ROUNDING = 1e-12


def most_persons(*, gap: Array, members: Array, budget: float) -> NDArray[np.bool_]:
    r"""Households to lift so that most persons are lifted (达标人数最多的户，理论对照).

    .. math:: \max_x \sum_i n_i x_i \quad \text{with} \quad \sum_i n_i g_i x_i \le B, \;
              x_i \in \{0, 1\}

    Parameters
    ----------
    gap : array of float, shape (households,)
        g > 0, yuan a head to the line.
    members : array of int, shape (households,)
        n >= 1.
    budget : float
        B >= 0, yuan.

    Returns
    -------
    array of bool, shape (households,)
        Of the choices that lift most persons one that costs least, as long as the whole
        program fits; for a province one within the budget.

    Examples
    --------
    Smallest gap first would lift one person with 90 of 500 yuan; five are possible.

    >>> most_persons(gap=np.array([100.0, 90.0]), members=np.array([5, 1]), budget=500.0)
    array([ True, False])

    Source: Pisinger (1997), Operations Research 45(5), for the core about the break.
    """
    order = np.lexsort((members, gap))
    n, cost = members[order].astype(np.intp), (members * gap)[order]
    limit = budget * (1 + _ROUNDING)
    spent = np.cumsum(cost)
    broken = int(np.searchsorted(spent, limit, side="right"))
    chosen = np.zeros(len(order), dtype=bool)
    width = _CORE if len(order) * n.sum() > _WHOLE else len(order)
    while True:
        first, last = max(0, broken - width), min(len(order), broken + width)
        base = float(spent[first - 1]) if first else 0.0
        least, taken = least_costs(cost=cost[first:last], members=n[first:last])
        persons = int(np.flatnonzero(least <= limit - base).max())
        if last - first == len(order) or persons + n[:first].sum() >= _bound(
            n, cost, spent, limit, broken
        ):
            break
        width *= 4
    chosen[:first] = True
    chosen[first:last] = _choice(taken, n[first:last], np.array([persons]))[:, 0]
    result = np.zeros(len(order), dtype=bool)
    result[order] = chosen
    return result


def least_costs(*, cost: Array, members: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Least cost of lifting exactly 0, 1, 2, ... persons, and which household each one took.

    Returns
    -------
    least : array of float, shape (persons + 1,)
        Yuan; infinite where no set of households has so many persons.
    taken : array of bool, shape (households, persons + 1)

    Examples
    --------
    >>> least_costs(cost=np.array([90.0, 500.0]), members=np.array([1, 5]))[0].tolist()
    [0.0, 90.0, inf, inf, inf, 500.0, 590.0]
    """
    persons = int(members.sum())
    least = np.full(persons + 1, np.inf)
    least[0] = 0.0
    taken = np.zeros((len(cost), persons + 1), dtype=bool)
    reached = 0
    for row, (each, n) in enumerate(zip(cost.tolist(), members.tolist(), strict=True)):
        reached += n
        cheaper = least[: reached + 1 - n] + each
        held = least[n : reached + 1]
        np.less(cheaper, held, out=taken[row, n : reached + 1])
        np.minimum(cheaper, held, out=held)
    return least, taken


def lifted_sets(*, cost: Array, members: Array, budgets: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Most persons for each of many budgets from one program, and the households of each.

    Returns
    -------
    persons : array of int, shape (budgets,)
    chosen : array of bool, shape (households, budgets)

    Examples
    --------
    >>> persons, _ = lifted_sets(cost=np.array([90.0, 500.0]), members=np.array([1, 5]),
    ...                          budgets=np.array([0.0, 90.0, 500.0, 589.0]))
    >>> persons.tolist()
    [0, 1, 5, 5]
    """
    least, taken = least_costs(cost=cost, members=members)
    # the least cost of lifting at least so many: ascending, so that it can be searched
    at_least = np.minimum.accumulate(least[::-1])[::-1]
    persons = np.searchsorted(at_least, budgets * (1 + _ROUNDING), side="right") - 1
    return persons, _choice(taken, members, persons)


def _choice(taken: NDArray[np.bool_], members: Array, persons: Array) -> NDArray[np.bool_]:
    """Households that lift these numbers of persons at least cost, followed back through the
    program."""
    left = persons.copy()
    chosen = np.zeros((len(members), len(persons)), dtype=bool)
    for row in range(len(members) - 1, -1, -1):
        chosen[row] = taken[row, left]
        left -= members[row] * chosen[row]
    return chosen


def _bound(n: Array, cost: Array, spent: Array, limit: float, broken: int) -> int:
    """Persons that no choice can pass: the relaxed optimum, down to what sizes can add up to."""
    before = float(spent[broken - 1]) if broken else 0.0
    part = (limit - before) / cost[broken] * n[broken] if broken < len(n) else 0.0
    step = gcd(*np.unique(n).tolist())
    return int((n[:broken].sum() + part) // step * step)
