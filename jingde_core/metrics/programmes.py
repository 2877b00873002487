"""Employment, industry, credit, consumption, education and medical care.

A loan counts towards the year's target where the caller says so (``where``: to a household,
granted in the year). Who is eligible for credit and not reached, and what part of a household's
wages a post pays, are told of the households on the register now.
"""

import numpy as np

from jingde_core.metrics.contract import POSITIVE
from jingde_core.metrics.finish import Sums, ratio, total
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric
from jingde_core.metrics.tallies import tally

#: tallies of ``data/tallies.csv`` are names of this module too
__getattr__ = tally


def _progress(sums: Sums, *, credit_target: float) -> Array:
    return np.asarray(sums["amount"] / credit_target)


@metric(
    table="loans",
    unit="1",
    source="county report 2020",
    finish=_progress,
    rules={"credit_target": POSITIVE},
)
def credit_progress(*, amount: Column, credit_target: float) -> dict[str, Array]:
    """Amount lent over the target of the year (小额信贷任务完成率).

    Parameters
    ----------
    amount : array of float, shape (loans,)
        Yuan; only loans that count towards the target.
    credit_target : float
        Yuan, above 0.

    Returns
    -------
    float
        0 for no loan; 1 where the target is met.

    Examples
    --------
    The report's 10.701 million over 6.8 million, 57.37 % above the target:

    >>> round(credit_progress(amount=[10_701_000], credit_target=6_800_000), 4)
    1.5737
    """
    return {"amount": amount}


@metric(
    table="loans",
    unit="1",
    source="national rules on poverty-alleviation micro-credit",
    finish=ratio("overdue", "lent"),
)
def credit_overdue_rate(*, amount: Column, overdue: Column, repaid: Column) -> dict[str, Array]:
    """Amount overdue over the amount not yet repaid (小额信贷逾期率).

    Parameters
    ----------
    amount : array of float, shape (loans,)
        Yuan lent.
    overdue, repaid : arrays of bool, shape (loans,)

    Returns
    -------
    float
        0 to 1; NaN where nothing is outstanding.

    Examples
    --------
    >>> state = {"overdue": [True, False, False], "repaid": [False, False, True]}
    >>> credit_overdue_rate(amount=[20_000, 30_000, 50_000], **state)
    0.4
    """
    open_ = np.where(repaid, 0, amount)
    return {"overdue": np.where(overdue, amount, 0), "lent": open_}


@metric(
    table="loans",
    unit="loans",
    source="national rules on poverty-alleviation micro-credit",
    finish=total("beyond"),
    rules={"credit_cap": POSITIVE, "credit_months": POSITIVE},
)
def credit_beyond_rules(
    *, amount: Column, months: Column, credit_cap: float, credit_months: float
) -> dict[str, Array]:
    """Loans above the cap or longer than allowed (超额或超期限贷款笔数).

    Parameters
    ----------
    amount : array of float, shape (loans,)
        Yuan; only loans to households are bound by the rules.
    months : array of int, shape (loans,)
    credit_cap, credit_months : float
        Yuan and months, above 0; what equals them is allowed.

    Returns
    -------
    float
        0 for no loan.

    Examples
    --------
    >>> rules = {"credit_cap": 50_000, "credit_months": 36}
    >>> credit_beyond_rules(amount=[50_000, 50_001, 9_000], months=[36, 12, 37], **rules)
    2.0
    """
    return {"beyond": (amount > credit_cap) | (months > credit_months)}


@metric(
    table="industry_links",
    unit="households",
    source="county report 2020",
    ordered=True,
)
def households_per_entity(*, household: Column, entity: Column) -> float:
    """Different households tied to an entity, over the entities (带贫主体平均带动户数).

    Parameters
    ----------
    household, entity : arrays, shape (links,)
        Any codes; a link without an entity (own growing) is left out.

    Returns
    -------
    float
        NaN where there is no entity.

    Examples
    --------
    >>> households_per_entity(household=[1, 2, 3, 3], entity=[7, 7, 8, 8])
    1.5
    """
    return len(np.unique(household)) / len(np.unique(entity))
