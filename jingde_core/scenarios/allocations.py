"""How a sum is shared out: pure functions of incomes, sizes, line and budget.

A rule hands each member of a household the same yuan, unrounded; whole fen are made when a
scenario is evaluated. It spends at most the budget, takes from nobody, and treats households
of equal income alike, but for `closest_first`, which chooses among them. A rule that asks for
more columns (``town``, ``risk``, ...) is handed them by name.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from jingde_core.metrics.contract import COUNT, NOT_NEGATIVE, Array, InputError, input_fault
from jingde_core.metrics.distribution import KNOWN, checked
from jingde_core.model.naming import unknown_name
from jingde_core.scenarios.lifting import most_persons

Rule = Callable[..., Array]


class _Rules(dict[str, Rule]):
    """Rules by name; an unknown name is told the close ones."""

    def __missing__(self, name: str) -> Rule:
        raise KeyError(unknown_name(name, self))


#: every rule by name
ALLOCATIONS: dict[str, Rule] = _Rules()


def allocation(function: Rule) -> Rule:
    """Declare a rule: it is found in ``ALLOCATIONS`` and can be named in a scenario file."""
    ALLOCATIONS[function.__name__] = ruled(function)
    return ALLOCATIONS[function.__name__]


def ruled(function: Rule) -> Rule:
    """A rule, a user's own too, held to its contract before and after.

    Raises
    ------
    InputError
        for an unknown or infinite income, a household of nobody, a negative line or budget,
        and for a result that is negative, unknown or dearer than the budget.
    """
    if hasattr(function, "__wrapped__"):
        return function
    needs = [name for name in inspect.signature(function).parameters if name == "cap"]

    @wraps(function)
    def held(
        *,
        income_per_head: Any,
        members: Any,
        poverty_line: float,
        budget: float,
        cap: Any = None,
        **more: Any,
    ) -> Array:
        given = checked(
            {"income_per_head": (income_per_head, KNOWN), "members": (members, COUNT)},
            {"poverty_line": (poverty_line, NOT_NEGATIVE), "budget": (budget, NOT_NEGATIVE)},
        )
        more |= {"cap": cap} if needs else {}
        support = function(**given, poverty_line=float(poverty_line), budget=float(budget), **more)
        support = np.asarray(support, dtype=float)
        known = support.shape == given["members"].shape
        cost = float(support @ given["members"]) if known else np.nan
        low = float(support.min(initial=0.0)) if known else np.nan
        if not (low >= 0 and cost <= budget * (1 + 1e-9) + 1e-6):
            name = getattr(function, "__name__", "rule")
            raise InputError([input_fault(name, f"{cost:.2f}", "support")])
        return support

    return held


@allocation
def none(*, income_per_head: Array, members: Array, poverty_line: float, budget: float) -> Array:
    """No support: the register as it is (不发放，作为基线).

    Examples
    --------
    >>> none(income_per_head=[3000], members=[1], poverty_line=4000, budget=0).tolist()
    [0.0]
    """
    return np.zeros(len(members))


@allocation
def equal_per_head(
    *, income_per_head: Array, members: Array, poverty_line: float, budget: float
) -> Array:
    """The same for each person, poor or not (按人均等).

    Returns
    -------
    array of float, shape (households,)
        Yuan a member.

    Examples
    --------
    >>> equal_per_head(income_per_head=[1000, 3000], members=[1, 3], poverty_line=6000,
    ...                budget=4000).tolist()
    [1000.0, 1000.0]
    """
    return np.full(len(members), budget / max(members.sum(), 1.0))


@allocation
def equal_per_household(
    *, income_per_head: Array, members: Array, poverty_line: float, budget: float
) -> Array:
    """The same for each household, whatever its size (按户均等).

    Examples
    --------
    >>> equal_per_household(income_per_head=[1000, 3000], members=[1, 2], poverty_line=6000,
    ...                     budget=4000).tolist()
    [2000.0, 1000.0]
    """
    return np.asarray(budget / max(len(members), 1) / members)


@allocation
def universal(
    *, income_per_head: Array, members: Array, poverty_line: float, budget: float, per_head: float
) -> Array:
    """A stated sum for each person, less where the budget does not reach (普惠定额).

    ``per_head`` is yuan a person, >= 0.

    Examples
    --------
    >>> universal(income_per_head=[1000, 9000], members=[1, 1], poverty_line=6000, budget=4000,
    ...           per_head=500).tolist()
    [500.0, 500.0]
    """
    return np.full(len(members), min(per_head, budget / max(members.sum(), 1.0)))


@allocation
def proportional_to_gap(
    *, income_per_head: Array, members: Array, poverty_line: float, budget: float
) -> Array:
    """The same share of every gap (按缺口比例).

    Examples
    --------
    >>> proportional_to_gap(income_per_head=[1000, 3000, 5000], members=[1, 1, 1],
    ...                     poverty_line=6000, budget=4500).tolist()
    [2500.0, 1500.0, 500.0]
    """
    gap = np.maximum(poverty_line - income_per_head, 0.0)
    need = float(gap @ members)
    return np.asarray(gap * min(1.0, budget / need)) if need > 0 else gap


@allocation
def poorest_first(
    *, income_per_head: Array, members: Array, poverty_line: float, budget: float
) -> Array:
    """Each gap filled to the line, from the poorest on, until the money ends (最困难户优先补足).

    Households of equal income are filled together. It is not the way to least severity: that
    is `level_up`.

    Examples
    --------
    >>> poorest_first(income_per_head=[1000, 3000], members=[1, 1], poverty_line=6000,
    ...               budget=6500).tolist()
    [5000.0, 1500.0]
    """
    gap = np.maximum(poverty_line - income_per_head, 0.0)
    rungs, rung = np.unique(income_per_head, return_inverse=True)
    cost = np.bincount(rung, gap * members, minlength=len(rungs))
    before = np.cumsum(cost) - cost
    share = np.clip((budget - before) / np.where(cost > 0, cost, 1.0), 0.0, 1.0)
    return np.asarray(gap * share[rung])


@allocation
def level_up(
    *, income_per_head: Array, members: Array, poverty_line: float, budget: float
) -> Array:
    r"""The poorest raised to one common level, never above the line (自下而上补至同一水平).

    .. math:: t_i = (L - y_i)^+, \qquad \sum_i n_i (L - y_i)^+ = \min(B, \sum_i n_i (z - y_i)^+)

    Of all rules it leaves the least severity P2. The level is found by Newton's steps down from
    the line: what the money buys is convex and piecewise linear in L, so they end exactly.

    Examples
    --------
    >>> level_up(income_per_head=[1000, 3000, 5000], members=[1, 1, 1], poverty_line=6000,
    ...          budget=4000).tolist()
    [3000.0, 1000.0, 0.0]

    References
    ----------
    Bourguignon and Fields (1990), in Layard and Gregory (eds).
    """
    level = common_level(
        income_per_head=income_per_head, members=members, poverty_line=poverty_line, budget=budget
    )
    return np.maximum(level - income_per_head, 0.0)


def common_level(
    *, income_per_head: Array, members: Array, poverty_line: float, budget: float
) -> float:
    """Level L to which `level_up` raises the poorest (补至的共同水平), yuan a head.

    The line where the budget fills every gap; minus infinity where there is no money or
    nobody below the line.

    Examples
    --------
    >>> common_level(income_per_head=np.array([1000.0, 3000.0]), members=np.array([1, 1]),
    ...              poverty_line=6000, budget=4000)
    4000.0
    """
    below = income_per_head < poverty_line
    income, n = income_per_head[below], members[below]
    if budget <= 0 or not len(n):
        return -np.inf
    level = poverty_line
    while True:
        found = min((budget + float(income @ n)) / float(n.sum()), level)
        keep = income < found
        if found >= level or keep.all() or not keep.any():
            return found
        level, income, n = found, income[keep], n[keep]


@allocation
def closest_first(
    *,
    income_per_head: Array,
    members: Array,
    poverty_line: float,
    budget: float,
    cap: Array | None = None,
) -> Array:
    """Most persons over the line, exactly; the poorest get nothing (收入达标人数最多).

    A yardstick of theory and no ground for handing out money. What lifts nobody more is left
    unspent. ``cap`` (yuan a household) leaves out those that it would keep below the line.

    Examples
    --------
    >>> closest_first(income_per_head=[5900, 5910], members=[5, 1], poverty_line=6000,
    ...               budget=500).tolist()
    [100.0, 0.0]
    """
    gap = np.maximum(poverty_line - income_per_head, 0.0)
    within = np.inf if cap is None else cap * (1 + 1e-12)
    open_to = np.flatnonzero((gap > 0) & (gap * members <= within))
    lifted = most_persons(gap=gap[open_to], members=members[open_to], budget=budget)
    support = np.zeros(len(members))
    support[open_to[lifted]] = gap[open_to[lifted]]
    return support


@allocation
def town_quota(
    *,
    income_per_head: Array,
    members: Array,
    poverty_line: float,
    budget: float,
    town: Array,
    shares: Mapping[str, float],
    within: str,
) -> Array:
    """A stated share of the money for each town, shared out there by another rule (按镇定额).

    ``shares`` is town to fraction; they add up to 1. Money that a town cannot use stays
    unspent.

    Examples
    --------
    >>> town_quota(income_per_head=[1000, 3000], members=[1, 1], poverty_line=6000, budget=1000,
    ...            town=["a", "b"], shares={"a": 0.25, "b": 0.75}, within="level_up").tolist()
    [250.0, 750.0]
    """
    support = np.zeros(len(members))
    groups = np.asarray(town)
    for group, share in shares.items():
        own = groups == group
        support[own] = ALLOCATIONS[within](
            income_per_head=income_per_head[own],
            members=members[own],
            poverty_line=poverty_line,
            budget=budget * share,
        )
    return support


@allocation
def risk_quota(*, risk: Array, **more: Any) -> Array:
    """A stated share of the money for each category of risk (按风险类别定额).

    ``shares`` is category to fraction, for the rest as `town_quota`; a household that nobody
    watches has the category ``none``.

    Examples
    --------
    >>> risk_quota(income_per_head=[1000, 3000], members=[1, 1], poverty_line=6000, budget=1000,
    ...            risk=["edge", "none"], shares={"edge": 1.0}, within="level_up").tolist()
    [1000.0, 0.0]
    """
    return ALLOCATIONS["town_quota"](town=risk, **more)
