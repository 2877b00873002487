"""Guarantees and water: what was checked, what passed, and how many were unknown.

A pass rate counts known checks only and is never read without its coverage. In a survey of
whole villages the villages were drawn, not the households: its intervals go by village.
"""

import numpy as np

from jingde_core.metrics.contract import SHARE, Rule
from jingde_core.metrics.distribution import checked
from jingde_core.metrics.finish import ratio
from jingde_core.metrics.kernel import Array
from jingde_core.metrics.registry import Column, metric
from jingde_core.metrics.tallies import tally

#: tallies of ``data/tallies.csv`` are names of this module too
__getattr__ = tally


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


def clustered_interval(
    *, share: float, rows: int, clusters: int, correlation: float, level: float = 0.95
) -> tuple[float, float]:
    r"""Exact interval of a share from whole clusters, also where all pass (整群抽样置信区间).

    The Clopper-Pearson interval on the effective number of rows

    .. math:: n^* = \frac{n}{1 + (n / C - 1)\,\rho}

    A linearised error is zero when every row passes, and says nothing then; this does not.

    Parameters
    ----------
    share : float
        0 to 1, of the rows that pass.
    rows, clusters : int
        n rows in C >= 1 clusters (villages) that were drawn.
    correlation : float
        Assumed likeness rho of the rows of a cluster, 0 to 1; 1 lets a village count once.
    level : float
        Of confidence.

    Returns
    -------
    tuple of float
        Lower and upper end, 0 to 1.

    Raises
    ------
    InputError
        for a share or a likeness outside 0 to 1, or no cluster.

    Examples
    --------
    All pass in two villages that count once each: 0.025 to the power of a half.

    >>> [round(end, 4) for end in clustered_interval(share=1, rows=60, clusters=2, correlation=1)]
    [0.1581, 1.0]

    Source: Korn and Graubard (1998), Survey Methodology 24(2).
    """
    given = {"share": share, "correlation": correlation, "level": level}
    sizes = {"clusters": (clusters, Rule("count", 1, rows, True, True, whole=True, unknown=False))}
    checked({}, {name: (value, SHARE) for name, value in given.items()} | sizes)
    from scipy.special import betaincinv

    effective = rows / (1 + (rows / clusters - 1) * correlation)
    above, tail = share * effective, (1 - level) / 2
    low = betaincinv(above, effective - above + 1, tail) if share > 0 else 0.0
    high = betaincinv(above + 1, effective - above, 1 - tail) if share < 1 else 1.0
    return float(low), float(high)
