"""Guarantees and water: what was checked, what passed, and how many were unknown."""

import numpy as np

from jingde_core.metrics.finish import ratio
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric
from jingde_core.metrics.tallies import distinct_of, rows_of, share_of, sum_of

checked_households = distinct_of(
    "checked_households", "guarantees", "household", "households", "Households checked."
)
checked_villages = distinct_of(
    "checked_villages", "guarantees", "village", "villages", "Villages with a household checked."
)
water_works = rows_of("water_works", "water_works", "works", "Number of water works.")
water_build_cost = sum_of("water_build_cost", "water_works", "cost", "yuan", "Spent on building.")
water_repair_cost = sum_of(
    "water_repair_cost", "water_works", "restored_cost", "yuan", "Spent on restoring."
)
water_quality_pass_rate = share_of(
    "water_quality_pass_rate", "water_works", "passed", "Works that passed over works tested."
)


@metric(
    table="guarantees",
    unit="1",
    source="two assurances, three guarantees, safe water: state of each check",
    finish=ratio("met", "known"),
)
def guarantee_pass_rate(*, met: Column, known: Column) -> dict[str, Array]:
    """Share of known checks that are met or exempt (达标率); unknown is neither.

    Parameters
    ----------
    met, known : arrays of 0 and 1, shape (checks,)
        Whether the state is pass or exempt; whether it is anything but unknown.

    Returns
    -------
    float
        0 to 1; NaN where every check is unknown. Read it with `guarantee_coverage`.

    Examples
    --------
    Two met of three known, a fourth unknown:

    >>> round(guarantee_pass_rate(met=[1, 1, 0, 0], known=[1, 1, 1, 0]), 3)
    0.667
    """
    return {"met": np.asarray(met, float), "known": np.asarray(known, float)}


@metric(
    table="guarantees",
    unit="1",
    source="two assurances, three guarantees, safe water: state of each check",
    finish=ratio("known", "checks"),
)
def guarantee_coverage(*, known: Column) -> dict[str, Array]:
    """Share of checks whose state is known (核查覆盖率).

    Parameters
    ----------
    known : array of 0 and 1, shape (checks,)

    Returns
    -------
    float
        0 to 1; NaN for no check.

    Examples
    --------
    >>> guarantee_coverage(known=[1, 1, 1, 0])
    0.75
    """
    return {"known": np.asarray(known, float), "checks": np.ones(len(known))}
