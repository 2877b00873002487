"""A flood that comes again: who is hit, drawn by towns, and what it would cost.

Where water goes is not known here: no depth, no footprint, no geometry enters. A household's
chance is a stated share; that neighbours suffer together is a stated clustering of towns. The
model is beta-binomial: each draw gives each town a risk p from a Beta distribution with
mean s and intraclass correlation c, and hits each household of the town with probability p.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.metrics.contract import COUNT, NOT_NEGATIVE, POSITIVE, SHARE, Array
from jingde_core.metrics.distribution import checked


def draw_hits(
    towns: Any, *, share: Any, clustering: float, draws: int, seed: int
) -> NDArray[np.bool_]:
    r"""Households hit in each of many invented floods (受灾户随机抽取，情景).

    .. math:: p_t \sim \mathrm{Beta}\Big(s \tfrac{1 - c}{c}, (1 - s) \tfrac{1 - c}{c}\Big),
              \qquad E[p_t] = s, \qquad \mathrm{corr}(h_i, h_j) = c
              \text{ within a town}

    Random numbers are common: with the same seed a larger share hits all that a smaller one hits,
    and more draws begin with the same draws.

    Parameters
    ----------
    towns : array of str, shape (households,)
        Code of each household's town.
    share : float or array of float, shape (households,)
        s, 0 to 1: expected share of the households hit, for all or each its own.
    clustering : float
        c, 0 (each household by itself) to 1 (a town is hit whole or not at all).
    draws : int
        How many floods, >= 1.
    seed : int
        >= 0; the same seed gives the same draws.

    Returns
    -------
    array of bool, shape (draws, households)

    Raises
    ------
    InputError
        naming every argument outside its range.

    Examples
    --------
    With full clustering the two households of one town share their fate:

    >>> hits = draw_hits(["a", "a", "b"], share=0.3, clustering=1.0, draws=1000, seed=1)
    >>> bool((hits[:, 0] == hits[:, 1]).all()), bool((hits[:, 0] == hits[:, 2]).all())
    (True, False)

    Source: beta-binomial of Skellam (1948), Journal of the Royal Statistical Society B 10(2).
    """
    codes = np.asarray(towns)
    ruled = {"clustering": (clustering, SHARE), "draws": (draws, COUNT)}
    own = np.broadcast_to(np.asarray(share, dtype=float), codes.shape)
    checked({"share": (own, SHARE)}, {**ruled, "seed": (seed, NOT_NEGATIVE)})
    names, town = np.unique(codes, return_inverse=True)
    shares, kind = np.unique(own, return_inverse=True)
    of_towns, of_homes = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    risk = _town_risk(of_towns.random((draws, len(names), 1)), shares, clustering)
    lot = of_homes.random((draws, len(codes)), dtype=np.float32)
    flat = risk.reshape(draws, -1).astype(np.float32)
    return np.asarray(lot < flat.take(town * len(shares) + kind, axis=1))


def _town_risk(lot: Array, share: Array, clustering: float) -> Array:
    """Quantiles of the towns' risk; both ends of the clustering are limits of the Beta."""
    from scipy.special import betaincinv

    if clustering == 0:
        return np.broadcast_to(share, np.broadcast_shapes(lot.shape, share.shape))
    certain = (share == 0) | (share == 1)
    if clustering == 1:
        return (lot >= 1 - share).astype(float)
    weight = (1 - clustering) / clustering
    safe = np.where(certain, 0.5, share)
    risk = betaincinv(safe * weight, (1 - safe) * weight, lot)
    return np.asarray(np.where(certain, share, risk))


@dataclass(frozen=True)
class RepeatFlood:
    """What many invented floods would do."""

    #: one row a draw: households hit; persons newly below the line and below the range; yuan to
    #: hold everybody at the range, and how much of it is the flood's
    draws: pd.DataFrame
    #: one row a town: mean of these over the draws, and its share of the flood's cost
    towns: pd.DataFrame

    @property
    def distribution(self) -> pd.DataFrame:
        """Mean and quantiles over the draws: ``measure, mean, p5, p50, p95, max``."""
        spread = self.draws.quantile([0.05, 0.5, 0.95]).T.set_axis(["p5", "p50", "p95"], axis=1)
        ends = pd.DataFrame({"mean": self.draws.mean(), "max": self.draws.max()})
        found = ends.join(spread)[["mean", *spread, "max"]].rename_axis("measure").reset_index()
        found.attrs = dict(self.towns.attrs)
        return found


def repeat_flood(
    chain: pd.DataFrame,
    *,
    share: float | Mapping[str, float],
    clustering: float,
    draws: int,
    seed: int,
    poverty_line: float,
    monitoring_range: float,
) -> RepeatFlood:
    """New poor and cost of a flood like the one that was, many times over (洪涝重现，情景).

    A household that is drawn loses a share of its income, drawn from the shares that the
    households hit by the real event lost (``shock`` of the chain over income; none of them
    having lost anything, nothing is lost).

    Parameters
    ----------
    chain : DataFrame
        As `county.flood.chain` returns it; households of unknown income stay out.
    share, clustering, draws, seed
        As in `draw_hits`; ``share`` may be one for each ``status``, and a status of unknown
        share stays out. Without any household every measure is NaN.
    poverty_line, monitoring_range : float
        Yuan per head per year.

    Raises
    ------
    InputError
        naming every argument outside its range.
    """
    limits = {"poverty_line": (poverty_line, POSITIVE), "line": (monitoring_range, POSITIVE)}
    checked({}, limits)
    known = chain.dropna(subset=["income_before"])
    own: Any = share
    if isinstance(share, Mapping):
        known = known[known["status"].map(share).notna()]
        own = known["status"].map(share).to_numpy(float)
    hits = draw_hits(known["town"], share=own, clustering=clustering, draws=draws, seed=seed)
    y, n = known["income_before"].to_numpy(), known["members"].to_numpy(float)
    lost = (known["shock"] / (y * n))[known["hit"] & (y > 0)]
    rates = np.sort(lost) if len(lost) else np.zeros(1)
    # who stays above the range whatever is drawn needs no arithmetic
    near = y - rates[-1] * np.maximum(y, 0) < monitoring_range
    lot = np.random.default_rng(np.random.SeedSequence(seed).spawn(3)[2])
    drawn = rates[(lot.random(hits.shape, dtype=np.float32)[:, near] * len(rates)).astype(int)]
    y, n, town = y[near], n[near], known["town"].to_numpy()
    after = y - hits[:, near] * drawn * np.maximum(y, 0)
    gap = n * np.maximum(monitoring_range - after, 0)
    parts = {
        "households_hit": (hits, town),
        "new_poor": (((after < poverty_line) & (y >= poverty_line)) * n, town[near]),
        "new_watched": (((after < monitoring_range) & (y >= monitoring_range)) * n, town[near]),
        "cost": (gap, town[near]),
        "flood_cost": (gap - n * np.maximum(monitoring_range - y, 0), town[near]),
    }
    by_draw = pd.DataFrame({name: each.sum(axis=1) for name, (each, _) in parts.items()})
    by_draw = by_draw if len(known) else by_draw * np.nan
    mean = {
        name: pd.Series(each.mean(axis=0), at).groupby(level=0).sum()
        for name, (each, at) in parts.items()
    }
    towns = pd.DataFrame(mean).fillna(0.0).rename_axis("town").reset_index()
    whole = towns["flood_cost"].sum()
    towns["share"] = towns["flood_cost"] / (whole if whole else np.nan)
    towns.attrs = {k: chain.attrs[k] for k in ("provenance", "as_of") if k in chain.attrs}
    return RepeatFlood(by_draw, towns)
