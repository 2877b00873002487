r"""Standard errors where rows are a sample; a census has none.

A register is a census: its rates carry no sampling error, and `Metric.grouped` gives NaN.
Where the rows are a sample, or a superpopulation is stated, a metric made of sums is
linearised (Taylor): with T the sums, f the finish and e = sum over moments of
(df / dT) times the moment, the variance is that of the sum of e over independent clusters,

.. math:: \widehat V = \frac{C}{C - 1} \sum_{c=1}^{C} \left(e_c - \bar e\right)^2 .

Rows are households, so that persons are always clustered by household; a survey that drew
villages names them as ``clusters``. Each group counts as a sample of its own; with fewer
than two clusters its error is unknown (NaN). Order statistics are bootstrapped.

Sources: Binder (1983), International Statistical Review 51(3); Sarndal, Swensson and
Wretman (1992), Model Assisted Survey Sampling, chapter 5; Efron (1979), Annals of Statistics 7(1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from jingde_core.metrics import kernel
from jingde_core.metrics.contract import (
    NOT_NEGATIVE,
    Array,
    InputError,
    as_column,
    input_fault,
    shape_faults,
    value_faults,
)
from jingde_core.metrics.evaluation import Chunk, checked, contributions, finished
from jingde_core.metrics.finish import Grouped
from jingde_core.metrics.registry import Metric
from jingde_core.model.problem import Problem


@dataclass(frozen=True)
class Sampled(Grouped):
    """Values of a sample per group, with their standard errors."""

    #: independent clusters of each group
    clusters: Array

    def interval(self, *, level: float = 0.95) -> tuple[Array, Array]:
        """Lower and upper end of the confidence interval (t with clusters - 1 degrees)."""
        if not 0 < level < 1:
            raise InputError([input_fault("level", str(level), "ratio_level")])
        from scipy.special import stdtrit

        degrees = np.where(self.clusters > 1, self.clusters - 1.0, np.nan)
        reach = stdtrit(degrees, 0.5 + level / 2) * self.se
        return self.value - reach, self.value + reach


def sampled(
    metric: Metric,
    columns: Mapping[str, Any],
    codes: Array,
    groups: int,
    *,
    clusters: Any = None,
    weights: Any = None,
    per: Array | None = None,
    **parameters: Any,
) -> Sampled:
    """Value and linearised standard error per group of a sample of rows (抽样估计与标准误).

    Parameters
    ----------
    metric : Metric
        One made of sums.
    columns, codes, groups, per, parameters
        As for `Metric.grouped`.
    clusters : array of shape (rows,), optional
        What was drawn: village, hamlet. Without it every row was drawn by itself.
    weights : array of float, shape (rows,), optional
        Persons of the population that a row stands for, in any unit; >= 0.

    Returns
    -------
    Sampled
        NaN error where fewer than two clusters have known rows.

    Raises
    ------
    InputError
        for an order statistic, a row without cluster, or what `Metric.grouped` refuses.

    Examples
    --------
    One of four single persons is poor: the square root of 4/3 of 0.25 * 0.75 / 4.

    >>> from jingde_core.metrics.poverty import headcount_ratio
    >>> rows = {"income_per_head": [3000, 5000, 6000, 7000], "members": [1, 1, 1, 1]}
    >>> whole = np.zeros(4, dtype=int)
    >>> float(sampled(headcount_ratio, rows, whole, 1, poverty_line=4000).se[0])
    0.25
    """
    if metric.ordered:
        raise InputError([input_fault("metric", metric.name, "linearised")])
    below = {} if per is None else {metric.per: np.asarray(per, dtype=float)}
    given = checked([metric], columns, parameters, codes=codes, per=below)
    given |= _design(len(codes), weights, clusters)
    settings = metric.settings(parameters)

    def moments(chunk: Mapping[str, Array]) -> dict[str, Array]:
        found = contributions(metric, Chunk({n: chunk[n] for n in given.keys() - _OWN}), settings)
        if _WEIGHTS not in chunk:
            return found
        kept = {"unknown": found.pop("unknown")} if "unknown" in found else {}
        return kept | {name: values * chunk[_WEIGHTS] for name, values in found.items()}

    if clusters is None:
        sums = kernel.grouped_sums(lambda chunk: _products(moments(chunk)), given, codes, groups)
        count = sums[kernel.ROWS] - sums.get("unknown", 0)
    else:
        sums, count = _clustered(moments, given, codes, groups)
    own = {f"{metric.name}/{name}": values for name, values in sums.items()}
    done = finished([metric], own | {kernel.ROWS: sums[kernel.ROWS]}, below, parameters)[
        metric.name
    ]
    error = np.sqrt(_variance(metric, sums, count, below, parameters))
    return Sampled(**vars(done) | {"se": error}, clusters=count.astype(np.int64))


def bootstrap(
    metric: Metric,
    columns: Mapping[str, Any],
    codes: Array,
    groups: int,
    *,
    seed: int,
    clusters: Any = None,
    replicates: int = 200,
    **parameters: Any,
) -> Sampled:
    """Value and bootstrap standard error per group, for order statistics (自助法标准误).

    Clusters (rows, where there are none) of each group are drawn with replacement as often as
    there are; the error is the standard deviation over the replicates.

    Parameters
    ----------
    metric, columns, codes, groups, clusters, parameters
        As for `sampled`.
    seed : int
        Same seed, same numbers.
    replicates : int
        Draws, at least 2.

    Returns
    -------
    Sampled
        NaN error where fewer than two clusters have known rows.
    """
    given = checked([metric], columns, parameters, codes=codes)
    design = _design(len(codes), None, clusters)
    done = metric.grouped(given, codes, groups, **parameters)
    unknown = Chunk(given).unknown(metric)
    known = codes >= 0 if unknown is None else (codes >= 0) & ~unknown
    drawn = design.get(_CLUSTERS, np.arange(len(codes)))
    order, bounds = kernel.slices(np.where(known, codes, -1), groups)
    inside = np.arange(len(codes))[order]
    error, count = np.full(groups, np.nan), np.zeros(groups, dtype=np.int64)
    for group in range(groups):
        rows = inside[bounds[group] : bounds[group + 1]]
        _, member = np.unique(drawn[rows], return_inverse=True)
        count[group] = int(member.max(initial=-1)) + 1
        together, starts = kernel.slices(member, int(count[group]))
        parts = np.split(rows[together], starts[1:-1])
        if count[group] > 1:
            rng = np.random.default_rng([seed, group])
            values = []
            for _ in range(replicates):
                taken = np.concatenate(
                    [parts[i] for i in rng.integers(len(parts), size=len(parts))]
                )
                values.append(metric(**{n: c[taken] for n, c in given.items()}, **parameters))
            error[group] = np.std(values, ddof=1)
    return Sampled(**vars(done) | {"se": error}, clusters=count)


_WEIGHTS, _CLUSTERS = "/weights", "/clusters"
_OWN = {_WEIGHTS, _CLUSTERS}


def _design(rows: int, weights: Any, clusters: Any) -> dict[str, Array]:
    """Weights and cluster codes as columns, checked."""
    given: dict[str, Array] = {}
    faults: list[Problem] = []
    if weights is not None:
        given[_WEIGHTS] = as_column(weights)
        faults += value_faults("weights", given[_WEIGHTS], NOT_NEGATIVE)
    if clusters is not None:
        given[_CLUSTERS], _ = kernel.factorised(as_column(clusters))
        if (given[_CLUSTERS] < 0).any():
            faults.append(input_fault("clusters", "NaN", "known_cluster"))
    faults += shape_faults({name.strip("/"): column for name, column in given.items()}, rows)
    if faults:
        raise InputError(faults)
    return given


def _products(moments: Mapping[str, Array]) -> dict[str, Array]:
    """Moments, and the product of each pair of them under a pair of names."""
    names = [name for name in moments if name != "unknown"]
    pairs = combinations_with_replacement(names, 2)
    return {**moments, **{f"{a}*{b}": moments[a] * moments[b] for a, b in pairs}}


def _clustered(
    moments: kernel.Moments, given: Mapping[str, Array], codes: Array, groups: int
) -> tuple[dict[str, Array], Array]:
    """Sums of moments and of products of cluster sums per group, and clusters per group."""
    drawn = given[_CLUSTERS]
    width = int(drawn.max(initial=0)) + 1
    pairs = np.where(codes < 0, -1, codes.astype(np.int64) * width + drawn)
    numbers, keys = kernel.factorised(pairs)
    columns = {name: column for name, column in given.items() if name != _CLUSTERS}
    sums = kernel.grouped_sums(moments, columns, numbers, len(keys))
    known = (keys >= 0) & (sums[kernel.ROWS] > sums.get("unknown", 0))
    unit = {
        name: values[known] for name, values in sums.items() if name not in (kernel.ROWS, "unknown")
    }
    within = kernel.grouped_sums(_products, unit, keys[known] // width, groups)
    count = within.pop(kernel.ROWS)
    inside = np.where(keys >= 0, keys // width, -1)
    kept = sums.keys() & {kernel.ROWS, "unknown"}
    for name in kept:
        within[name] = np.bincount(inside + 1, weights=sums[name], minlength=groups + 1)[1:]
    return within, count


def _variance(
    metric: Metric,
    sums: Mapping[str, Array],
    count: Array,
    per: Mapping[str, Array],
    parameters: Mapping[str, Any],
) -> Array:
    """Linearised variance of each group."""
    names = [n for n in sums if n not in (kernel.ROWS, "unknown") and "*" not in n]
    slope = _gradient(metric, {n: sums[n] for n in names} | dict(per), names, parameters)
    many = np.where(count > 1, count, np.nan)
    variance, scale = np.zeros(len(count)), np.zeros(len(count))
    for a, b in combinations_with_replacement(names, 2):
        product = sums[f"{a}*{b}"]
        times = (1 if a == b else 2) * slope[a] * slope[b]
        variance += times * (product - sums[a] * sums[b] / many)
        scale += np.abs(times * product)
    # What is left of equal terms that cancel is rounding, not variance.
    left = np.where(variance > 1e-13 * scale, variance, 0 * variance)
    return np.asarray(left * many / (many - 1))


def _gradient(
    metric: Metric, sums: Mapping[str, Array], names: list[str], parameters: Mapping[str, Any]
) -> dict[str, Array]:
    """Derivatives of the finish by each sum: its own, or central differences."""
    own = getattr(metric.finisher, "gradient", None)
    if own is not None:
        slope: dict[str, Array] = own(sums)
        return {name: slope.get(name, np.zeros_like(sums[name])) for name in names}
    slope = {}
    for name in names:
        step = 1e-5 * np.where(sums[name] == 0, 1, np.abs(sums[name]))
        up, down = (
            metric.finish({**sums, name: sums[name] + sign * step}, **parameters)
            for sign in (1, -1)
        )
        slope[name] = (up - down) / (2 * step)
    return slope
