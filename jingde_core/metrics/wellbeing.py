r"""Recovery of a household's consumption after a loss of assets, and the well-being lost.

A model, not a measurement: every parameter is stated by the caller. Effective capital
:math:`k = c(1 - s)/\Pi` loses :math:`\Delta k = k v`; it is rebuilt exponentially, 95 % within T
years, :math:`\lambda = \ln 20 / T`. Consumption falls by

.. math:: \Delta c(t) = \alpha e^{-\lambda t}, \qquad \alpha = \Delta k (\Pi + \sigma \lambda),

the income that the lost capital earned and the share sigma of rebuilding that the household
pays. The decay stands in this path once: an integral over it must not apply it again.
Support S per head, spent where consumption is lowest, holds the loss at :math:`\xi \alpha` until
:math:`\hat t = -\ln \xi / \lambda`, where :math:`\xi (1 - \ln \xi) = 1 - \lambda S / \alpha`;
:math:`S \ge \alpha / \lambda` leaves no loss.

Sources: Walsh and Hallegatte (2020), doi 10.1007/s41885-019-00047-x; Hallegatte et al. (2017),
Unbreakable, World Bank.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import COUNT, NOT_NEGATIVE, POSITIVE, SHARE, Array, Rule
from jingde_core.metrics.distribution import checked

#: years may be without end for a household that cannot rebuild
YEARS = Rule("positive", low=0, includes_high=True, unknown=False)
_COLUMNS = ("consumption", "asset_loss", "recovery_years", "support", "members")
_POSITIVE = ("consumption", "productivity", "discount_rate", "elasticity", "mean_consumption")
_RULES = dict.fromkeys((*_POSITIVE, "line", "fastest_years"), POSITIVE)
_RULES |= dict.fromkeys(("asset_loss", "support", "subsistence"), NOT_NEGATIVE)
_RULES |= {"recovery_years": YEARS, "members": COUNT, "reconstruction_share": SHARE}


def _given(**arguments: Any) -> dict[str, Array]:
    """Arguments that keep their rules, all faults at once; one number stands for every row."""
    own = [name for name in _COLUMNS if name in arguments]
    rows = np.broadcast_shapes(*(np.shape(arguments[name]) for name in own)) or (1,)
    ruled = {name: (value, _RULES[name]) for name, value in arguments.items()}
    columns = {name: (np.broadcast_to(arguments[name], rows), _RULES[name]) for name in own}
    return checked(columns, {name: each for name, each in ruled.items() if name not in own})


def gamma(
    *, productivity: float, recovery_years: Any, reconstruction_share: float, discount_rate: float
) -> Array:
    r"""Discounted consumption loss per yuan of assets lost (资产损失的消费损失系数).

    .. math:: \Gamma = \int_0^\infty (\Pi + \sigma \lambda) e^{-(\lambda + \rho) t} dt
              = \frac{\Pi + \sigma \lambda}{\rho + \lambda}

    Parameters
    ----------
    productivity : float
        Pi > 0, income a year per yuan of capital.
    recovery_years : float or array
        T > 0, years until 95 % is rebuilt; infinite for never.
    reconstruction_share : float
        sigma, 0 to 1.
    discount_rate : float
        rho > 0 a year.

    Examples
    --------
    >>> gamma(productivity=.27366, recovery_years=3, reconstruction_share=1,
    ...       discount_rate=.05).round(5)
    array([1.2133])
    """
    rate = np.log(20) / _given(**locals())["recovery_years"]
    return np.asarray((productivity + reconstruction_share * rate) / (discount_rate + rate))


def affordable_years(
    *,
    consumption: Any,
    asset_loss: Any,
    productivity: float,
    reconstruction_share: float,
    fastest_years: float,
    subsistence: float,
) -> Array:
    r"""Years to rebuild 95 % without falling below subsistence (量力恢复年限).

    .. math:: \lambda = \min\Big(\frac{\ln 20}{T_0},
              \frac{(c - c_0)/\Delta k - \Pi}{\sigma}\Big), \qquad T = \ln 20 / \lambda

    Columns and parameters as in `recovery`; ``fastest_years`` is T0 > 0, ``subsistence`` c0 >= 0
    in yuan per head per year.

    Returns
    -------
    array of float, shape (households,)
        Infinite where the loss leaves nothing to rebuild with: only support helps.

    Examples
    --------
    10,000 above 4,000 leaves 6,000: of a loss of 5,000 that is 1.2 a year, less 0.2 earned no more.

    >>> affordable_years(consumption=[10000, 4500], asset_loss=[5000, 5000], productivity=.2,
    ...                  reconstruction_share=1, fastest_years=1, subsistence=4000).round(3)
    array([2.996,   inf])
    """
    given = _given(**locals())
    with np.errstate(divide="ignore", invalid="ignore"):
        room = (given["consumption"] - subsistence) / given["asset_loss"] - productivity
        # nothing to pay: only the lost income itself can break the floor
        own = room / reconstruction_share if reconstruction_share else np.where(room < 0, 0, np.inf)
        rate = np.where(given["asset_loss"] > 0, np.clip(own, 0, np.inf), np.inf)
        return np.asarray(np.maximum(np.log(20) / rate, fastest_years))


def recovery(
    *,
    consumption: Any,
    asset_loss: Any,
    recovery_years: Any,
    support: Any,
    productivity: float,
    reconstruction_share: float,
    line: float,
) -> pd.DataFrame:
    r"""Path of each household's consumption back to what it was (灾后恢复轨迹).

    Below the line as long as :math:`\min(\xi \alpha, \alpha e^{-\lambda t}) > c - z`.

    Parameters
    ----------
    consumption : array of float, shape (households,)
        c > 0 before the loss, yuan per head per year.
    asset_loss, support : array of float, shape (households,), or float
        Delta k and S >= 0, yuan per head.
    recovery_years : array of float, shape (households,), or float
        T > 0; infinite for never (`affordable_years`).
    productivity, reconstruction_share : float
        Pi > 0 a year; sigma, 0 to 1.
    line : float
        z > 0, yuan per head per year.

    Returns
    -------
    DataFrame
        ``rate`` lambda; ``first_loss`` alpha and ``largest_loss`` xi alpha, yuan per head per
        year; ``held_years`` (support holds the floor); ``t95``, years until 95 % of alpha is
        back, 0 where no loss is left; ``years_below`` the line, infinite for who was below before.

    Raises
    ------
    InputError
        naming every argument outside its range.

    Examples
    --------
    A loss of 2,000 a year against room for 1,000, halved after ln 2 / lambda years:

    >>> path = recovery(consumption=[5000], asset_loss=[2000], recovery_years=np.log(20) / .8,
    ...                 support=0, productivity=.2, reconstruction_share=1, line=4000)
    >>> path[["first_loss", "years_below"]].round(4).to_numpy().tolist()
    [[2000.0, 0.8664]]
    """
    c, rate, first, share = _path(_given(**locals()), productivity, reconstruction_share)
    room = c - line
    with np.errstate(divide="ignore", invalid="ignore"):
        held = np.where(share < 1, -np.log(share) / rate, 0.0)
        t95 = np.where((share > 0.05) & (first > 0), np.log(20) / rate, 0.0)
        below = np.where(share * first > room, np.log(first / room) / rate, 0.0)
        always = (room < 0) | ((room == 0) & (share * first > 0))
    found = {"rate": rate, "first_loss": first, "largest_loss": share * first, "t95": t95}
    found["held_years"] = np.where(share > 0, held, np.inf)
    return pd.DataFrame(found | {"years_below": np.where(always, np.inf, below)})


def _path(
    given: Mapping[str, Array], productivity: float, reconstruction_share: float
) -> tuple[Array, Array, Array, Array]:
    """Consumption, rate of recovery, first loss, and xi: the share of it that support leaves."""
    from scipy.special import lambertw

    rate = np.log(20) / given["recovery_years"]
    first = given["asset_loss"] * (productivity + reconstruction_share * rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(first > 0, 1 - rate * given["support"] / first, 1.0)
        # xi (1 - ln xi) = r, with xi = exp(1 + w): w exp(w) = -r / e on the lower branch
        xi = np.exp(1 + lambertw(-np.clip(left, 0, 1) / np.e, k=-1).real)
    share = np.where(left >= 1, 1.0, np.where(left <= 0, 0.0, xi))
    return given["consumption"], rate, first, share


@dataclass(frozen=True)
class Wellbeing:
    """Losses of each household (yuan per head) and of all together (yuan)."""

    #: columns ``consumption_loss`` (discounted) and ``wellbeing_loss``, in yuan per head
    households: pd.DataFrame
    asset_loss: float
    wellbeing_loss: float

    @property
    def resilience(self) -> float:
        """Asset loss over well-being loss (社会经济韧性); NaN where nothing was lost."""
        return self.asset_loss / self.wellbeing_loss if self.wellbeing_loss else np.nan


def wellbeing(
    *,
    consumption: Any,
    asset_loss: Any,
    members: Any,
    recovery_years: Any,
    support: Any,
    productivity: float,
    reconstruction_share: float,
    discount_rate: float,
    elasticity: float,
    mean_consumption: float,
) -> Wellbeing:
    r"""Well-being lost with assets, as yuan of an average consumer (福祉损失).

    .. math:: \Delta W = \int_0^\infty [u(c) - u(c - \Delta c(t))] e^{-\rho t} dt, \qquad
              u(c) = \frac{c^{1 - \eta}}{1 - \eta}, \qquad
              \Delta W / \bar c^{-\eta}

    In closed form: with :math:`a = \alpha / c`, :math:`b = \rho / \lambda` the integral is
    :math:`\frac{u(c)}{\rho} [1 - {}_2F_1(\eta - 1, b; b + 1; a)]`, for eta = 1
    :math:`-\frac{1}{\rho} [\ln(1 - a) + \frac{a}{b + 1} {}_2F_1(1, b + 1; b + 2; a)]`.

    Parameters
    ----------
    consumption, asset_loss, recovery_years, support, productivity, reconstruction_share
        As in `recovery`.
    members : array of int, shape (households,)
        n >= 1.
    discount_rate, elasticity : float
        rho > 0 a year; eta > 0.
    mean_consumption : float
        c bar > 0 of the population, yuan per head per year.

    Returns
    -------
    Wellbeing
        NaN for a household whose loss would take all its consumption (see `affordable_years`),
        and then for the total: it is unknown.

    Raises
    ------
    InputError
        naming every argument outside its range.

    Examples
    --------
    A small loss costs an average consumer what it costs in consumption:

    >>> small = wellbeing(consumption=[10000], asset_loss=[1], members=[2], recovery_years=3,
    ...                   support=0, productivity=.27366, reconstruction_share=1,
    ...                   discount_rate=.05, elasticity=1.5, mean_consumption=10000)
    >>> small.households.round(4).to_numpy().tolist(), round(1 / small.resilience, 4)
    ([[1.2133, 1.2134]], 1.2134)
    """
    given = _given(**locals())
    c, rate, first, share = _path(given, productivity, reconstruction_share)
    largest = share * first
    with np.errstate(divide="ignore", invalid="ignore"):
        # held at the floor until t, from where the path goes on as one that starts there
        later = np.where((share > 0) & (share < 1), np.exp(discount_rate * np.log(share) / rate), 1)
        ratio = np.where(rate > 0, discount_rate / rate, np.inf)
        held = _utility(c, elasticity) - _utility(c - largest, elasticity)
        tail = _tail(c, np.minimum(largest / c, 1), ratio, elasticity)
        lost = (held * (1 - later) + tail * later) / discount_rate / mean_consumption**-elasticity
        lost = np.where(largest == 0, 0.0, np.where(largest < c, lost, np.nan))
    spent = largest * ((1 - later) / discount_rate + later / (discount_rate + rate))
    n = given["members"]
    return Wellbeing(
        pd.DataFrame({"consumption_loss": spent, "wellbeing_loss": lost}),
        float((n * given["asset_loss"]).sum()),
        float((n * lost).sum()),
    )


def _utility(c: Array, elasticity: float) -> Array:
    return np.log(c) if elasticity == 1 else c ** (1 - elasticity) / (1 - elasticity)


def _tail(c: Array, a: Array, b: Array, elasticity: float) -> Array:
    """Utility lost along a path that starts at the share a of consumption, times rho."""
    from scipy.special import hyp2f1

    ended = np.isfinite(b)
    b = np.where(ended, b, 1.0)
    if elasticity == 1:
        found = -np.log(1 - a) - a / (b + 1) * hyp2f1(1, b + 1, b + 2, a)
    else:
        found = _utility(c, elasticity) * (1 - hyp2f1(elasticity - 1, b, b + 1, a))
    whole = _utility(c, elasticity) - _utility(c * (1 - a), elasticity)
    return np.where(ended, found, whole)


def sensitivity(base: Mapping[str, Any], ranges: Mapping[str, Iterable[float]]) -> pd.DataFrame:
    """Well-being loss while one parameter at a time takes other values (参数敏感性).

    Parameters
    ----------
    base : mapping
        All arguments of `wellbeing`.
    ranges : mapping
        Name of an argument to the values that it takes.

    Returns
    -------
    DataFrame
        ``parameter, setting, wellbeing_loss`` (yuan), ``resilience``, ``change`` (against the
        base, a fraction; NaN where nothing was lost). No row for no household.
    """
    columns = ["parameter", "setting", "wellbeing_loss", "resilience", "change"]
    if not np.size(base["consumption"]):
        return pd.DataFrame(columns=columns)
    loss = wellbeing(**base).wellbeing_loss or np.nan
    runs = [(n, v, wellbeing(**{**base, n: v})) for n, values in ranges.items() for v in values]
    rows = [(n, v, r.wellbeing_loss, r.resilience, r.wellbeing_loss / loss - 1) for n, v, r in runs]
    return pd.DataFrame(rows, columns=columns)
