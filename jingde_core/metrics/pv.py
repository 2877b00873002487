"""PV stations: what they made and earned, and how much of it became wages of posts.

PV income is taken net of upkeep unless said otherwise, as the 80 % rule is applied in the
province; wages are the post, temporary and village-works payments out of a station.
"""

import numpy as np

from jingde_core.metrics.finish import Sums
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric


def _wage_share(sums: Sums, *, net: bool = True) -> Array:
    base = sums["income"] - (sums["upkeep"] if net else 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(base == 0, np.nan, sums["wages"] / base)


_NOTICE = "national notice on PV income, February 2020"


@metric(table="pv_accounts", unit="1", source=_NOTICE, finish=_wage_share, denominator="base")
def pv_wage_share(
    *, wages: Column, income: Column, upkeep: Column, net: bool = True
) -> dict[str, Array]:
    r"""Share of PV income that became wages (公益岗位等工资占光伏发电收益比重).

    .. math:: s = \frac{\sum w}{\sum (r - u)}

    Parameters
    ----------
    wages, income, upkeep : arrays of float, shape (entries,)
        w, r, u in yuan.
    net : bool
        Whether the base is income less upkeep; else income.

    Returns
    -------
    float
        NaN where the base is 0; the floor is 0.80.

    Examples
    --------
    The case printed in the province, in 10,000 yuan:

    >>> wages, income, upkeep = [305.11, 38.92], [422.48, 0], [21.14, 0]
    >>> round(pv_wage_share(wages=wages, income=income, upkeep=upkeep), 4)
    0.8572
    """
    base = income - upkeep if net else income
    return {"wages": wages, "income": income, "upkeep": upkeep, "base": base}


@metric(table="pv_cumulated", unit="1", source=_NOTICE, ordered=True)
def pv_cumulated_share(
    *, month: Column, wages: Column, income: Column, upkeep: Column, net: bool = True
) -> float:
    """Share of the year's PV income so far that became wages (光伏收益工资累计占比).

    Parameters
    ----------
    month : array, shape (station-months,)
        Rises with time; only the last one of a group counts, as rows are running sums.
    wages, income, upkeep : arrays of float, shape (station-months,)
        Yuan from the year's start on.
    net : bool
        As for `pv_wage_share`.

    Returns
    -------
    float
        NaN where the base is 0; the floor is 0.80.

    Examples
    --------
    >>> pv_cumulated_share(month=[1, 2], wages=[9, 82], income=[10, 105], upkeep=[0, 5])
    0.82
    """
    last = month == month.max()
    given = {"wages": wages[last], "income": income[last], "upkeep": upkeep[last]}
    return pv_wage_share(**given, net=net)
