"""Multidimensional poverty by Alkire and Foster's counting, over the guarantee dimensions.

Weights of the dimensions add up to 1; a household is poor when its weighted count of
deprivations c is at least the cutoff k, compared as c >= k - 1e-9. Unknown is never a pass:
`alkire_foster` refuses it, `alkire_foster_bounds` takes all unknown as passed and then as
failed, and the metrics leave such a household out and count it, or take the same two bounds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import (
    COUNT,
    NOT_NEGATIVE,
    InputError,
    Rule,
    as_column,
    input_fault,
    value_faults,
)
from jingde_core.metrics.distribution import checked, group_faults
from jingde_core.metrics.finish import ratio
from jingde_core.metrics.kernel import Array, once_a_chunk
from jingde_core.metrics.registry import Column, metric
from jingde_core.model.problem import Problem

ALKIRE_FOSTER = "Alkire and Foster (2011), Journal of Public Economics 95(7-8)"
#: the six guarantee indicators, equally weighted unless stated otherwise
GUARANTEES = ("food", "clothing", "education", "medical", "housing", "water")
EQUAL = (1 / 6,) * 6
#: slack of the comparison of a count with the cutoff, and of a sum of weights with 1
SLACK = 1e-9
CUTOFF = Rule("cutoff", low=0, high=1, includes_high=True, unknown=False)
#: deprived 1, not deprived 0, unknown NaN
STATE = Rule("deprived", low=0, high=1, includes_low=True, includes_high=True, whole=True)
KNOWN_STATE = Rule("deprived_known", 0, 1, True, True, whole=True, unknown=False)
RULES = {"cutoff": CUTOFF, **dict.fromkeys(GUARANTEES, STATE)}


@dataclass(frozen=True)
class AlkireFoster:
    """What `alkire_foster` finds; arrays by dimension follow ``dimensions``, by row the rows."""

    #: share of persons who are poor
    H: float
    #: mean share of deprivations among the poor; NaN where nobody is
    A: float
    #: adjusted headcount ratio, H times A
    M0: float
    persons: float
    dimensions: tuple[str, ...]
    weights: Array
    #: share of persons deprived in a dimension, poor or not
    uncensored_headcounts: Array
    #: share of persons poor and deprived in it
    censored_headcounts: Array
    #: part of M0 that comes from each dimension; adds up to 1, NaN where M0 is 0
    contributions: Array
    #: each row's weighted share of deprivations, c
    intensity: Array
    poor: Array

    def table(self) -> pd.DataFrame:
        """A row a dimension: weight, headcounts, contribution."""
        return pd.DataFrame(
            {
                "weight": self.weights,
                "uncensored_headcount": self.uncensored_headcounts,
                "censored_headcount": self.censored_headcounts,
                "contribution": self.contributions,
            },
            index=pd.Index(self.dimensions, name="dimension"),
        )


def alkire_foster(
    deprivations: Any, weights: Any, cutoff: float, members: Any = None
) -> AlkireFoster:
    r"""Multidimensional poverty with a double cutoff (多维贫困指数, Alkire-Foster).

    .. math:: c_i = \sum_d w_d g_{id}, \quad H = \frac{\sum_{i: c_i \ge k} n_i}{\sum_i n_i}, \quad
              M_0 = H A = \frac{\sum_{i: c_i \ge k} n_i c_i}{\sum_i n_i}

    Parameters
    ----------
    deprivations : array or DataFrame, shape (n, d)
        g: 1 deprived, 0 not. NaN (unknown) is refused; see `alkire_foster_bounds`.
    weights : array of float, shape (d,), or mapping by the frame's columns
        w >= 0, adding up to 1.
    cutoff : float
        k, above 0 to 1, compared as c >= k - 1e-9.
    members : array of int, shape (n,), optional
        n >= 1, persons a row stands for; one each when left out.

    Returns
    -------
    AlkireFoster
        H, A, M0, headcounts and contributions by dimension, intensity by row; NaN for no row.

    Raises
    ------
    InputError
        for another state than 0 and 1, weights that do not add up to 1 or differ from the
        dimensions in number or name, a cutoff outside its range, members below 1.

    Examples
    --------
    The four persons of Alkire and Foster (2011): two have at least 2 of 4, one of them all 4.

    >>> g = [[0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1], [0, 1, 0, 0]]
    >>> found = alkire_foster(g, [0.25] * 4, 0.5)
    >>> found.H, found.A, found.M0, found.censored_headcounts.tolist()
    (0.5, 0.75, 0.375, [0.25, 0.5, 0.25, 0.5])

    References
    ----------
    Alkire and Foster (2011), Journal of Public Economics 95(7-8).
    """
    return _counted(_given(deprivations, weights, cutoff, members, KNOWN_STATE))


@dataclass(frozen=True)
class AlkireFosterBounds:
    """The two ends that unknown states leave open.

    H, M0 and the headcounts of the truth lie between those of ``all_pass`` and ``all_fail``;
    A and the contributions need not.
    """

    all_pass: AlkireFoster
    all_fail: AlkireFoster
    #: share of persons, by dimension, whose state is known
    coverage: Array


def alkire_foster_bounds(
    deprivations: Any, weights: Any, cutoff: float, members: Any = None
) -> AlkireFosterBounds:
    """Bounds of multidimensional poverty when some states are unknown (多维贫困指数上下界).

    Arguments and errors as for `alkire_foster`, NaN standing for unknown.

    Examples
    --------
    One of two is poor for certain, the other if the unknown has failed.

    >>> bounds = alkire_foster_bounds([[1, 1], [0, float("nan")]], [0.5, 0.5], 0.5)
    >>> bounds.all_pass.H, bounds.all_fail.H, bounds.coverage.tolist()
    (0.5, 1.0, [1.0, 0.5])
    """
    case = _given(deprivations, weights, cutoff, members, STATE)
    low, high = (
        _counted(case._replace(states=np.nan_to_num(case.states, nan=taken))) for taken in (0, 1)
    )
    with np.errstate(invalid="ignore"):
        coverage = case.members @ ~np.isnan(case.states) / case.members.sum()
    return AlkireFosterBounds(low, high, coverage)


def alkire_foster_by_group(
    deprivations: Any, weights: Any, cutoff: float, groups: Any, members: Any = None
) -> pd.DataFrame:
    """Multidimensional poverty by group, and each group's part in it (分组多维贫困指数).

    Arguments and errors as for `alkire_foster`; ``groups`` holds the group of each row.

    Returns
    -------
    pandas.DataFrame
        A row a group: ``persons``, ``H``, ``A``, ``M0``, ``contribution`` (part of the M0 of all;
        adds up to 1, NaN where that is 0), and the censored headcount by dimension.

    Examples
    --------
    >>> g = [[0, 0], [1, 1], [1, 0], [1, 1]]
    >>> alkire_foster_by_group(g, [0.5, 0.5], 1, ["a", "a", "b", "b"])["H"].tolist()
    [0.5, 0.5]
    """
    keys = pd.Series(np.asarray(groups))
    faults = group_faults(keys, len(deprivations))
    case = _given(deprivations, weights, cutoff, members, KNOWN_STATE, faults)
    whole = _counted(case)
    parts = keys.groupby(keys).indices
    rows = [
        _counted(case._replace(states=case.states[at], members=case.members[at]))
        for at in parts.values()
    ]
    index = pd.Index(list(parts), name="group")
    names = ["persons", "H", "A", "M0"]
    table = pd.DataFrame(
        [[getattr(row, name) for name in names] for row in rows], index, names, dtype=float
    )
    poverty = table["persons"] * table["M0"]
    table["contribution"] = poverty / (whole.persons * whole.M0) if whole.M0 > 0 else np.nan
    headcounts = np.reshape([row.censored_headcounts for row in rows], (-1, len(case.dimensions)))
    return table.join(pd.DataFrame(headcounts, index, list(case.dimensions)))


class _Case(NamedTuple):
    """Arguments that have been checked."""

    states: Array
    weights: Array
    cutoff: float
    dimensions: tuple[str, ...]
    members: Array


def _given(
    deprivations: Any,
    weights: Any,
    cutoff: float,
    members: Any,
    rule: Rule,
    faults: Iterable[Problem] = (),
) -> _Case:
    """The arguments, once they keep the contract; all faults at once."""
    shape = np.shape(deprivations)
    if len(shape) != 2:
        raise InputError([input_fault("deprivations", str(shape), "matrix")])
    states = as_column(np.ravel(deprivations)).reshape(shape)
    names = getattr(deprivations, "columns", range(shape[1]))
    dimensions = tuple(str(name) for name in names)
    faults = [*faults, *value_faults("deprivations", states, rule)]
    n = np.ones(len(states), dtype=int) if members is None else members
    if np.shape(n) != (len(states),):
        found = f"deprivations {len(states)}, members {np.shape(n)}"
        faults.append(input_fault("deprivations, members", found, "same_length"))
    w = _ordered_weights(weights, dimensions)
    faults += weight_faults(w, len(dimensions))
    given = checked({"members": (n, COUNT)}, {"cutoff": (cutoff, CUTOFF)}, beside=faults)
    w = np.asarray(w, dtype=float)
    return _Case(states.astype(float), w, cutoff, dimensions, given["members"])


def _ordered_weights(weights: Any, dimensions: Sequence[str]) -> Any:
    """Weights by name in the order of the dimensions; NaN for a name that is not there."""
    if not isinstance(weights, Mapping | pd.Series):
        return weights
    named = {str(name): weight for name, weight in weights.items()}
    return [named.get(name, np.nan) for name in dimensions] if len(named) == len(dimensions) else []


def weight_faults(weights: Any, dimensions: int) -> list[Problem]:
    """Weights of dimensions: one each, none negative, adding up to 1."""
    w = np.asarray(weights)
    if w.shape != (dimensions,):
        return [input_fault("weights", str(w.shape), "same_length")]
    faults = list(value_faults("weights", w, NOT_NEGATIVE))
    if not faults and abs(w.sum() - 1) > SLACK:
        faults.append(input_fault("weights", f"{w.sum():.12g}", "weights_of_one"))
    return faults


def _counted(case: _Case) -> AlkireFoster:
    states, w, cutoff, dimensions, n = case
    count = states @ w
    poor = count >= cutoff - SLACK
    persons, poor_persons = n.sum(), n[poor].sum()
    with np.errstate(invalid="ignore"):
        headcounts, censored = n @ states / persons, n[poor] @ states[poor] / persons
        deprived = n[poor] @ count[poor]
        return AlkireFoster(
            H=float(poor_persons / persons),
            A=float(deprived / poor_persons),
            M0=float(deprived / persons),
            persons=float(persons),
            dimensions=dimensions,
            weights=w,
            uncensored_headcounts=headcounts,
            censored_headcounts=censored,
            contributions=w * censored / (deprived / persons),
            intensity=count,
            poor=poor,
        )


@lru_cache
def _six(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Weights of the six guarantees, judged once and not again for every chunk of rows."""
    if faults := weight_faults(weights, len(GUARANTEES)):
        raise InputError(faults)
    return weights


@once_a_chunk
def _moments(*columns: Any) -> dict[str, Array]:
    """Persons, poor persons and deprivations; a household with an unknown state stands apart."""
    *states, members, weights, cutoff, unknown = columns
    taken = {"left_out": np.nan, "pass": 0.0, "fail": 1.0}
    if unknown not in taken:
        raise InputError([input_fault("unknown", str(unknown), "choice", names=", ".join(taken))])
    if unknown != "left_out":
        states = [np.where(np.isnan(state), taken[unknown], state) for state in states]
    # States of equal weight are added first: small integers add up many times faster.
    failed: dict[float, Array] = {}
    for state, weight in zip(states, _six(tuple(weights)), strict=True):
        own = state.view(np.int8) if state.dtype == bool else state
        failed[weight] = failed[weight] + own if weight in failed else own
    count = np.zeros(len(members))
    for weight, failures in failed.items():
        count += weight * failures
    poor = members * (count >= cutoff - SLACK)
    missing = np.isnan(count)
    if not missing.any():
        return {"persons": members, "poor_persons": poor, "deprivations": poor * count}
    return {
        "persons": members * ~missing,
        "poor_persons": poor,
        "deprivations": poor * np.where(missing, 0.0, count),
        "unknown": missing.astype(float),
    }


_over_guarantees = partial(
    metric, table="guarantee_profile", source=ALKIRE_FOSTER, rules=RULES, keep_unknown=True
)


@_over_guarantees(unit="1", finish=ratio("poor_persons", "persons"))
def multidimensional_headcount(
    *,
    food: Column,
    clothing: Column,
    education: Column,
    medical: Column,
    housing: Column,
    water: Column,
    members: Column,
    cutoff: float,
    weights: Sequence[float] = EQUAL,
    unknown: str = "left_out",
) -> dict[str, Array]:
    """Share of persons who fail guarantees of weight k or more (多维贫困发生率 H).

    Parameters
    ----------
    food, clothing, education, medical, housing, water : arrays, shape (households,)
        1 deprived, 0 not (passed or exempt), NaN unknown.
    members : array of int, shape (households,)
        n >= 1.
    cutoff, weights
        k and w of the six, as for `alkire_foster`.
    unknown : {"left_out", "pass", "fail"}
        A household with an unknown state is left out and counted, or its unknown states are
        taken for passed (lower bound) or failed (upper bound).

    Returns
    -------
    float
        0 to 1; NaN for no household.

    Examples
    --------
    >>> six = dict(food=[0, 0], clothing=[0, 0], education=[1, 0], medical=[1, 0],
    ...            housing=[0, 0], water=[0, 1])
    >>> multidimensional_headcount(**six, members=[1, 3], cutoff=1 / 3)
    0.25
    """
    states = (food, clothing, education, medical, housing, water)
    return _moments(*states, members, weights, cutoff, unknown)


@_over_guarantees(unit="index", finish=ratio("deprivations", "persons"))
def adjusted_headcount(
    *,
    food: Column,
    clothing: Column,
    education: Column,
    medical: Column,
    housing: Column,
    water: Column,
    members: Column,
    cutoff: float,
    weights: Sequence[float] = EQUAL,
    unknown: str = "left_out",
) -> dict[str, Array]:
    """Adjusted headcount ratio over the six guarantees (多维贫困指数 M0).

    Arguments as in `multidimensional_headcount`.

    Returns
    -------
    float
        0 to 1; NaN for no household.

    Examples
    --------
    >>> six = dict(food=[0, 0], clothing=[0, 0], education=[1, 0], medical=[1, 0],
    ...            housing=[0, 0], water=[1, 1])
    >>> adjusted_headcount(**six, members=[1, 3], cutoff=1 / 3)
    0.125
    """
    states = (food, clothing, education, medical, housing, water)
    return _moments(*states, members, weights, cutoff, unknown)
