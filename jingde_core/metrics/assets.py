"""Funds, projects, assets and PV stations: what was allotted, built, earned and paid out.

PV income is taken net of upkeep unless said otherwise, as the 80 % rule is applied in the
province; wages are the post, temporary and village-works payments out of a station.
"""

from jingde_core.metrics.finish import Sums
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric
from jingde_core.metrics.tallies import distinct_of, rows_of, share_of, sum_of

funds_allotted = sum_of("funds_allotted", "funds", "allotted", "yuan", "Funds allotted.")
projects = rows_of("projects", "projects", "projects", "Number of projects.")
project_budget = sum_of("project_budget", "projects", "budget", "yuan", "Budgets of projects.")
project_paid = sum_of("project_paid", "projects", "paid", "yuan", "Paid out for projects.")
expenditure_progress = share_of(
    "expenditure_progress", "projects", "paid", "Paid over budgeted.", of="budget"
)
project_repair_cost = sum_of(
    "project_repair_cost", "projects", "repair_cost", "yuan", "Spent on repairing projects."
)

assets = rows_of("assets", "assets", "assets", "Number of assets.")
asset_value = sum_of("asset_value", "assets", "original_value", "yuan", "Original value of assets.")
ledgers_kept = distinct_of(
    "ledgers_kept", "ledger_entries", "ledger", "ledgers", "Ledgers that hold an entry."
)
collective_income = sum_of(
    "collective_income", "collective_income", "amount", "yuan", "Village collectives' income."
)

pv_stations = rows_of("pv_stations", "pv_stations", "stations", "Number of PV stations.")
pv_villages = distinct_of(
    "pv_villages", "pv_stations", "village", "villages", "Villages with a PV station."
)
pv_online_rate = share_of("pv_online_rate", "pv_months", "online", "Station-months online.")
pv_fault_rate = share_of("pv_fault_rate", "pv_months", "fault", "Station-months with a fault.")
pv_anomaly_rate = share_of(
    "pv_anomaly_rate", "pv_months", "anomaly", "Station-months with anomalous data."
)
pv_generation = share_of(
    "pv_generation", "pv_months", "actual", "Energy made over the standard.", of="standard"
)
pv_wages = sum_of("pv_wages", "pv_accounts", "wages", "yuan", "Wages paid out of PV income.")


def _wage_share(sums: Sums, *, net: bool = True) -> Array:
    import numpy as np

    base = sums["income"] - (sums["upkeep"] if net else 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(base == 0, np.nan, sums["wages"] / base)


@metric(
    table="pv_accounts",
    unit="1",
    source="national notice on PV income, February 2020",
    finish=_wage_share,
    denominator="base",
)
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
