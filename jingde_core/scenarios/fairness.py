"""How evenly support falls over towns, and what it does to inequality."""

import numpy as np
import pandas as pd

from jingde_core.metrics.concentration import concentration_index
from jingde_core.metrics.inequality import gini
from jingde_core.scenarios.outcome import STAGES, Outcome


def town_equity(outcome: Outcome) -> pd.DataFrame:
    """Money and need by town (各镇公平性): yuan a person, shares of money, of persons, of need.

    ``need`` is what the town lacks to the line before support; ``share_of_need`` is NaN where
    nobody lacks anything.
    """
    towns = outcome.grouped("town")
    need = towns["needed_transfer_shocked"]
    frame = towns[["code", "name", "persons", "amount", "amount_per_head"]].assign(
        need=need,
        share_of_amount=towns["amount"] / _whole(towns["amount"]),
        share_of_persons=towns["persons"] / _whole(towns["persons"]),
        share_of_need=need / _whole(need),
    )
    frame.attrs = towns.attrs
    return frame


def equity(outcome: Outcome) -> dict[str, float]:
    """Inequality of the whole in numbers (公平性指标).

    Returns
    -------
    dict
        ``gini_before``, ``gini_shocked``, ``gini_supported`` of income a head (NaN where an
        income is negative), and ``concentration``: below 0 where the poorer before the shock
        get more than their share of the money, NaN where nothing was paid.
    """
    members = outcome.base.members
    heads = {stage: outcome.at[stage].income / 100 / members for stage in STAGES}
    found = {
        f"gini_{stage}": gini(head, members) if (head >= 0).all() else np.nan
        for stage, head in heads.items()
    }
    paid = outcome.paid / 100 / members
    # the index puts the neediest first: below zero says that they have more than their share
    found["concentration"] = concentration_index(paid, -heads["before"], members)
    return found


def _whole(values: "pd.Series[float]") -> float:
    total = float(values.sum())
    return total if total > 0 else np.nan
