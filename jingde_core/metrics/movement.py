"""Movement of the same households between two years, or over several.

Years are matched by household id where both are Series with the id as index, by position
where both are plain arrays of one length. A household found in one year only, or with an
unknown value, is counted in `Coverage` and stays out of every rate. A state is an interval of
income closed below, so that income equal to a line is not poor. Persons are counted by the
weights given, as a rule the members at the start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import COUNT, NOT_NEGATIVE, POSITIVE, InputError, input_fault
from jingde_core.metrics.distribution import KNOWN, checked, cumulated, weighted
from jingde_core.metrics.kernel import Array


@dataclass(frozen=True)
class Coverage:
    """Households that a comparison of two years could use, and those that it could not."""

    matched: int
    only_before: int
    only_after: int
    unknown: int


@dataclass(frozen=True)
class Pairs:
    """Values of the same households before and after, their weights, and the coverage."""

    before: pd.Series
    after: pd.Series
    weights: Array
    coverage: Coverage


def matched(before: Any, after: Any, weights: Any = None) -> Pairs:
    """Households of two years put side by side (两年农户匹配).

    Parameters
    ----------
    before, after : Series by household id, or arrays of one length
        Any value; NaN is unknown.
    weights : Series by household id, or array as long as ``before``, optional
        Persons, >= 0; one each when left out.

    Raises
    ------
    InputError
        for an id that stands twice, a Series beside a plain array, lengths that differ, a
        matched household without a weight.

    Examples
    --------
    >>> found = matched(pd.Series([1, 2], ["a", "b"]), pd.Series([3, 4], ["b", "c"]))
    >>> found.before.tolist(), found.after.tolist(), found.coverage
    ([2], [3], Coverage(matched=1, only_before=1, only_after=1, unknown=0))
    """
    by_id = isinstance(before, pd.Series), isinstance(after, pd.Series)
    first, second = pd.Series(before), pd.Series(after)
    faults = []
    if by_id[0] != by_id[1]:
        faults.append(input_fault("before, after", type(before).__name__, "both_by_id"))
    elif not by_id[0] and len(first) != len(second):
        faults.append(input_fault("before, after", f"{len(first)}, {len(second)}", "same_length"))
    for name, series in (("before", first), ("after", second)):
        if twice := series.index[series.index.duplicated()].tolist():
            faults.append(input_fault(name, str(twice[0]), "unique_id"))
    persons = pd.Series(1.0, first.index) if weights is None else pd.Series(weights)
    if not isinstance(weights, pd.Series):
        if len(persons) == len(first):
            persons.index = first.index
        else:
            faults.append(input_fault("weights", str(len(persons)), "same_length"))
    if faults:
        raise InputError(faults)
    both = first.index.intersection(second.index, sort=False)
    known = (first[both].notna() & second[both].notna()).to_numpy()
    coverage = Coverage(
        int(known.sum()), len(first) - len(both), len(second) - len(both), int((~known).sum())
    )
    both = both[known]
    w = checked({"weights": (persons.reindex(both), NOT_NEGATIVE)})["weights"]
    return Pairs(first[both], second[both], w, coverage)


@dataclass(frozen=True)
class Transition:
    """Persons by state before (rows) and after (columns), and the households behind them."""

    counts: pd.DataFrame
    coverage: Coverage

    @property
    def rates(self) -> pd.DataFrame:
        """Share of each row's persons by state after; NaN in the row of an empty state."""
        return self.counts.div(self.counts.sum(axis=1).replace(0, np.nan), axis=0)

    @property
    def persistence(self) -> float:
        """Share of all persons whose state is the same; NaN for nobody."""
        persons = float(self.counts.to_numpy().sum())
        return float(np.trace(self.counts.to_numpy())) / persons if persons else np.nan

    @property
    def flows(self) -> pd.DataFrame:
        """Persons by state: before, stayed, left, entered, after; and the two rates.

        ``exit_rate`` is left over before, ``entry_rate`` entered over those elsewhere before.
        """
        table = self.counts.to_numpy()
        before, after, stayed = table.sum(axis=1), table.sum(axis=0), np.diag(table)
        flows = pd.DataFrame(
            {"before": before, "stayed": stayed, "left": before - stayed},
            index=pd.Index(self.counts.index, name="state"),
        )
        flows["entered"], flows["after"] = after - stayed, after
        flows["exit_rate"] = flows["left"] / flows["before"].replace(0, np.nan)
        elsewhere = (before.sum() - flows["before"]).replace(0, np.nan)
        flows["entry_rate"] = flows["entered"] / elsewhere
        return flows


def transition_matrix(
    before: Any,
    after: Any,
    *,
    bounds: Sequence[float] | None = None,
    bounds_after: Sequence[float] | None = None,
    labels: Sequence[Any] | None = None,
    weights: Any = None,
) -> Transition:
    """Persons by state before and after (收入（状态）转移矩阵).

    Parameters
    ----------
    before, after, weights
        As for `matched`: incomes when ``bounds`` are given, else coded states.
    bounds : sequence of float, optional
        Lines in yuan, rising; state 0 lies below the first. ``bounds_after`` holds the lines
        of the second year where they differ.
    labels : sequence, optional
        Names of the states in their order, one more than bounds; of coded states all that occur.

    Returns
    -------
    Transition
        ``counts`` of shape (states, states); all zero for nobody.

    Raises
    ------
    InputError
        for bounds that do not rise, labels of another number, a coded state outside the
        labels, and as for `matched`.

    Examples
    --------
    Across 4,000: of two poor households one rises, 4,000 itself being above.

    >>> moved = transition_matrix([3000, 3500, 9000], [3900, 4000, 9000], bounds=[4000])
    >>> moved.counts.to_numpy().tolist(), moved.flows["exit_rate"].tolist()
    ([[1.0, 1.0], [0.0, 1.0]], [0.5, 0.0])
    """
    pairs = matched(before, after, weights)
    if bounds is None:
        names = list(labels) if labels is not None else sorted({*pairs.before, *pairs.after})
        if len({*names}) != len(names):
            raise InputError([input_fault("labels", str(names), "unique_id")])
        states = [pd.Index(names).get_indexer(side) for side in (pairs.before, pairs.after)]
        outside = [*pairs.before[states[0] < 0], *pairs.after[states[1] < 0]]
        if outside:
            known = ", ".join(map(str, names))
            raise InputError([input_fault("labels", str(outside[0]), "choice", names=known)])
    else:
        later = bounds if bounds_after is None else bounds_after
        names = _interval_names(bounds) if labels is None else list(labels)
        _check_bounds(bounds, later, names)
        incomes = checked({"before": (pairs.before, KNOWN), "after": (pairs.after, KNOWN)})
        states = [
            np.searchsorted(lines, incomes[side], side="right")
            for side, lines in (("before", bounds), ("after", later))
        ]
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (states[0], states[1]), pairs.weights)
    rows, columns = pd.Index(names, name="before"), pd.Index(names, name="after")
    return Transition(pd.DataFrame(counts, rows, columns), pairs.coverage)


def _interval_names(bounds: Sequence[float]) -> list[str]:
    between = [f"{low:g}-{high:g}" for low, high in zip(bounds[:-1], bounds[1:], strict=True)]
    return [f"<{bounds[0]:g}", *between, f">={bounds[-1]:g}"] if len(bounds) else []


def _check_bounds(bounds: Sequence[float], later: Sequence[float], names: Sequence[Any]) -> None:
    faults = [
        input_fault(name, str(list(lines)), "rising")
        for name, lines in (("bounds", bounds), ("bounds_after", later))
        if not (len(lines) == len(names) - 1 >= 1 and np.isfinite(lines).all())
        or (np.diff(lines) <= 0).any()
    ]
    if faults:
        raise InputError(faults)


@dataclass(frozen=True)
class Persistence:
    """Persons by the number of years in which they were poor.

    ``years`` has a row for each number from 0 to that of all years: ``persons``, ``share``.
    ``unknown`` are the households with an unknown year, left out.
    """

    years: pd.DataFrame
    households: int
    unknown: int

    @property
    def never(self) -> float:
        """Share of persons poor in no year."""
        return float(self.years["share"].iloc[0])

    @property
    def always(self) -> float:
        """Share of persons poor in every year."""
        return float(self.years["share"].iloc[-1])


def persistence(
    incomes: pd.DataFrame, *, lines: Mapping[Any, float], weights: Any = None
) -> Persistence:
    """How many years households stay below the line (持续低收入年数).

    Parameters
    ----------
    incomes : DataFrame, shape (households, years)
        Yuan per person per year; NaN is unknown.
    lines : mapping from each column to its line, yuan
    weights : array or Series by the frame's index, optional
        Persons, >= 0.

    Returns
    -------
    Persistence
        Shares are NaN for nobody.

    Raises
    ------
    InputError
        for a year without a line, a line not above 0, a weight missing.

    Examples
    --------
    >>> panel = pd.DataFrame({2019: [3000, 3000, 9000], 2020: [3900, 5000, 9000]})
    >>> persistence(panel, lines={2019: 3218, 2020: 4000}).years["persons"].tolist()
    [1.0, 1.0, 1.0]
    """
    z = [lines.get(year, np.nan) for year in incomes.columns]
    w = pd.Series(1.0, incomes.index) if weights is None else weights
    w = w.reindex(incomes.index) if isinstance(w, pd.Series) else w
    checked({"lines": (z, POSITIVE)})
    faults = [] if len(w) == len(incomes) else [input_fault("weights", str(len(w)), "same_length")]
    persons = checked({"weights": (w, NOT_NEGATIVE)}, beside=faults)["weights"]
    known = incomes.notna().all(axis=1).to_numpy()
    poor_years = (incomes.to_numpy()[known] < np.asarray(z)).sum(axis=1)
    counts = np.bincount(poor_years, persons[known], minlength=len(z) + 1)
    with np.errstate(invalid="ignore"):
        years = pd.DataFrame({"persons": counts, "share": counts / counts.sum()})
    return Persistence(years.rename_axis("poor_years"), int(known.sum()), int((~known).sum()))


def growth_incidence(
    before: Any, after: Any, *, parts: int = 10, weights: Any = None, weights_after: Any = None
) -> pd.DataFrame:
    r"""Growth incidence curve, anonymous (增长发生曲线，匿名).

    .. math:: g_k = \mu_k^{after} / \mu_k^{before} - 1

    The k-th tenth of the persons of each year in that year's own order: who stands in it may
    change, and nobody is matched.

    Parameters
    ----------
    before, after : arrays of float, shapes (n,) and (m,)
        Income per head, any known number, yuan.
    parts : int
        Groups of equally many persons.
    weights, weights_after : arrays, shapes (n,) and (m,), optional
        Persons, >= 0, of each year.

    Returns
    -------
    pandas.DataFrame
        ``part`` (1 is the lowest), ``before``, ``after`` (mean incomes), ``growth``; growth is
        NaN where the mean before is not above 0.

    Raises
    ------
    InputError
        for unknown incomes, weights that are negative or of another length, parts below 1.

    Examples
    --------
    The two change places: anonymous growth is none.

    >>> growth_incidence([1000, 3000], [3000, 1000], parts=2)["growth"].tolist()
    [0.0, 0.0]

    References
    ----------
    Ravallion and Chen (2003), Economics Letters 78(1).
    """
    sides = []
    for values, persons in ((before, weights), (after, weights_after)):
        y, w = weighted(values, persons, KNOWN, parts=(parts, COUNT))
        sides.append(_part_means(y, y, w, parts))
    return _growth(*sides)


def growth_incidence_matched(
    before: Any, after: Any, *, parts: int = 10, weights: Any = None
) -> tuple[pd.DataFrame, Coverage]:
    """Growth of the same households by their tenth at the start, not anonymous (同户增长发生曲线).

    Arguments as for `matched`; parts and the frame as for `growth_incidence`.

    Examples
    --------
    The two change places: the lower half has tripled its income.

    >>> growth_incidence_matched([1000, 3000], [3000, 1000], parts=2)[0]["growth"].tolist()
    [2.0, -0.6666666666666667]

    References
    ----------
    Grimm (2007), Journal of Economic Inequality 5(2); Bourguignon (2011), same journal 9(4).
    """
    pairs = matched(before, after, weights)
    columns = {"before": (pairs.before, KNOWN), "after": (pairs.after, KNOWN)}
    given = checked(columns, {"parts": (parts, COUNT)})
    y, later, w = given["before"], given["after"], pairs.weights
    sides = [_part_means(y, amounts, w, parts) for amounts in (y, later)]
    return _growth(*sides), pairs.coverage


def _part_means(order: Array, amounts: Array, w: Array, parts: int) -> Array:
    """Mean amount of each group of equally many persons along an order, ties divided evenly."""
    people, held = cumulated(order, amounts, w)
    ends = np.arange(parts + 1) / parts * people[-1]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.diff(np.interp(ends, people, held)) / np.diff(ends))


def _growth(before: Array, after: Array) -> pd.DataFrame:
    part = np.arange(1, len(before) + 1)
    growth = after / np.where(before > 0, before, np.nan) - 1
    return pd.DataFrame({"part": part, "before": before, "after": after, "growth": growth})
