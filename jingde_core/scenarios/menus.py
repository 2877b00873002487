"""Which projects to do when each is done whole or not at all: an exact menu.

Cash can be cut to any size; a road, a roof or a workshop cannot. The choice goes to HiGHS, and
what it proves is told with it: the bound that no menu can pass, and the gap to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import NOT_NEGATIVE, SHARE, InputError, input_fault
from jingde_core.metrics.distribution import checked


@dataclass(frozen=True)
class Menu:
    """The projects chosen; ``bound`` is the most any menu could reach, ``gap`` the share missing.

    ``chosen`` is empty and ``value`` NaN where no menu keeps all conditions.
    """

    chosen: pd.DataFrame
    value: float
    bound: float
    gap: float
    spent: float


def choose(
    projects: pd.DataFrame,
    *,
    budget: float,
    town_shares: Mapping[str, float] | None = None,
    wage_floor: float = 0.0,
    seconds: float = 10.0,
) -> Menu:
    r"""The menu of whole projects with the greatest benefit (项目库优选).

    .. math:: \max_x \sum_j b_j x_j, \quad \sum_j c_j x_j \le B, \quad
              \sum_{j \in t} c_j x_j \ge s_t B, \quad
              \sum_j w_j x_j \ge f \sum_j v_j x_j, \quad x_j \in \{0, 1\}

    Parameters
    ----------
    projects : DataFrame
        ``cost`` and ``benefit`` (any unit, >= 0); ``town`` where shares are asked; ``wages`` and
        ``pv_income`` (yuan) where the wage floor is.
    budget : float
        B, yuan.
    town_shares : mapping, optional
        Town to the least share s of the budget that must be spent there.
    wage_floor : float
        f, least share of PV income that is paid as wages, by the menu as a whole.
    seconds : float
        HiGHS stops then and says how far it came.

    Raises
    ------
    InputError
        for a cost or benefit that is negative or unknown, or a share outside 0 to 1.

    Examples
    --------
    >>> jobs = pd.DataFrame({"cost": [60, 50, 50], "benefit": [10, 6, 6]})
    >>> menu = choose(jobs, budget=100)
    >>> list(menu.chosen.index), menu.value, menu.gap
    ([1, 2], 12.0, 0.0)

    Source: Huangfu and Hall (2018), Mathematical Programming Computation 10.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    given = checked(
        {name: (projects[name], NOT_NEGATIVE) for name in ("cost", "benefit")},
        {"budget": (budget, NOT_NEGATIVE), "wage_floor": (wage_floor, SHARE)},
    )
    cost, benefit = given["cost"], given["benefit"]
    rows, low, high = [cost], [0.0], [float(budget)]
    for town, share in (town_shares or {}).items():
        if not 0 <= share <= 1:
            raise InputError([input_fault(f"town_shares.{town}", str(share), "share")])
        rows.append(cost * (projects["town"] == town).to_numpy())
        low.append(share * budget)
        high.append(np.inf)
    if wage_floor:
        rows.append((projects["wages"] - wage_floor * projects["pv_income"]).to_numpy(dtype=float))
        low.append(0.0)
        high.append(np.inf)
    found = milp(
        -benefit,
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(np.array(rows), low, high),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        return Menu(projects.iloc[:0], np.nan, np.nan, np.nan, 0.0)
    taken = found.x > 0.5
    value, bound = float(benefit @ taken), -float(found.mip_dual_bound)
    gap = max(0.0, (bound - value) / bound) if bound > 0 else 0.0
    return Menu(projects[taken], value, bound, gap, float(cost @ taken))
