"""Running declared metrics over columns: checked, chunk by chunk, finished per group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from jingde_core.metrics import kernel
from jingde_core.metrics.contract import (
    COUNT,
    NOT_NEGATIVE,
    REQUIRED,
    Array,
    InputError,
    Rule,
    as_column,
    input_fault,
    shape_faults,
    unknown_rows,
    value_faults,
)
from jingde_core.metrics.finish import Grouped, Sums

if TYPE_CHECKING:
    from jingde_core.metrics.registry import Metric


class Chunk:
    """Columns of some rows, judged once for all metrics that use them."""

    def __init__(self, columns: Mapping[str, Array]) -> None:
        # Views of its own: what a metric remembers of a chunk must not outlive the chunk.
        self._columns = {name: column[:] for name, column in columns.items()}
        self._done: dict[Any, Any] = {}

    def unknown(self, metric: Metric) -> Array | None:
        """Rows with a value unknown to a metric, None where there are none; may raise, too."""
        masks = []
        for name in metric.columns:
            rule = metric.rule(name)
            key = (name, id(rule))
            if name in self._columns and key not in self._done:
                self._done[key] = unknown_rows(name, self._columns[name], rule)
            if self._done.get(key) is not None:
                masks.append(self._done[key])
        return np.logical_or.reduce(masks) if masks and not metric.keep_unknown else None

    def known(self, metric: Metric) -> tuple[Array | None, dict[str, Array]]:
        """Mask of rows with an unknown value (None: there are none), and columns without them.

        Raises
        ------
        InputError
            for a value that breaks the rule of its column.
        """
        key = (metric.columns, metric.keep_unknown, *(id(metric.rule(n)) for n in metric.columns))
        if key not in self._done:
            unknown = self.unknown(metric)
            own = {n: self._number(n, metric) for n in metric.columns if n in self._columns}
            if unknown is not None:
                own = {name: column[~unknown] for name, column in own.items()}
            self._done[key] = unknown, own
        return self._done[key]  # type: ignore[no-any-return]

    def _number(self, name: str, metric: Metric) -> Array:
        """The column, a count converted once to the float in which it is multiplied and summed."""
        if metric.rule(name) is not COUNT:
            return self._columns[name]
        key = (name, float)
        if key not in self._done:
            self._done[key] = self._columns[name].astype(float, copy=False)
        return self._done[key]  # type: ignore[no-any-return]

    def spread(self, values: Array, unknown: Array) -> Array:
        """Contributions of the known rows set among zeros for the unknown ones."""
        key = (id(values), id(unknown))
        if key not in self._done:
            full = np.zeros(len(unknown))
            full[~unknown] = values
            self._done[key] = values, full
        return self._done[key][1]  # type: ignore[no-any-return]


def contributions(metric: Metric, chunk: Chunk, settings: Mapping[str, Any]) -> dict[str, Array]:
    """Moments of the rows of a chunk; zero, and ``unknown`` one, where a value is unknown."""
    unknown, own = chunk.known(metric)
    moments: Mapping[str, Array] = metric.function(**own, **settings)
    if unknown is None:
        return dict(moments)
    full = {name: chunk.spread(values, unknown) for name, values in moments.items()}
    return {"unknown": unknown.astype(float), **full}


def grouped_many(
    metrics: Sequence[Metric],
    columns: Mapping[str, Any],
    codes: Array,
    groups: int,
    *,
    per: Mapping[str, Array] = MappingProxyType({}),
    **parameters: Any,
) -> dict[str, Grouped]:
    """Several metrics in one pass over the rows; each takes the parameters that it names."""
    codes = np.asarray(codes)
    given = checked(metrics, columns, parameters, codes=codes, per=per)
    additive = [metric for metric in metrics if not metric.ordered]
    try:
        sums = grouped_sums(additive, given, codes, groups, parameters)
        done = finished(additive, sums, per, parameters)
        for each in metrics:
            if each.ordered:
                done[each.name] = _ordered(each, given, codes, groups, parameters)
    except InputError as broken:
        every = {
            fault: None
            for metric in metrics
            for name in given.keys() & set(metric.columns)
            for fault in value_faults(name, given[name], metric.rule(name))
        }
        raise InputError(every or broken.problems) from None
    return {metric.name: done[metric.name] for metric in metrics}


def grouped_sums(
    metrics: Sequence[Metric],
    columns: Mapping[str, Array],
    codes: Array,
    groups: int,
    parameters: Mapping[str, Any],
) -> dict[str, Array]:
    """Sums per group, keyed ``metric/moment``, of additive metrics, and `kernel.ROWS`."""
    settings = [(metric, metric.settings(parameters)) for metric in metrics]

    def moments(columns: Mapping[str, Array]) -> dict[str, Array]:
        chunk = Chunk(columns)
        return {
            f"{metric.name}/{moment}": values
            for metric, own in settings
            for moment, values in contributions(metric, chunk, own).items()
        }

    used = {name: columns[name] for metric in metrics for name in metric.columns if name in columns}
    return kernel.grouped_sums(moments, used, codes, groups)


def finished(
    metrics: Sequence[Metric],
    sums: Sums,
    per: Mapping[str, Array],
    parameters: Mapping[str, Any],
) -> dict[str, Grouped]:
    """Values of additive metrics from the sums that `grouped_sums` gave, wherever it ran."""
    rows = sums[kernel.ROWS]
    everybody, nobody = rows.astype(np.int64), np.zeros(len(rows), dtype=np.int64)
    nothing = np.full(len(rows), np.nan)
    owned: dict[str, dict[str, Array]] = {metric.name: {} for metric in metrics}
    for key, values in sums.items():
        if key != kernel.ROWS:
            name, _, moment = key.partition("/")
            owned[name][moment] = values
    done = {}
    for metric in metrics:
        own = owned[metric.name] | dict(per)
        value = metric.finish(own, **parameters)
        n, unknown = everybody, nobody
        if "unknown" in own:
            unknown = own["unknown"].astype(np.int64)
            n = everybody - unknown
            value = np.where((unknown > 0) & (n == 0), np.nan, value)
        below = own.get(metric.denominator, nothing)
        done[metric.name] = Grouped(value, n, below, unknown, nothing)
    return done


def _ordered(
    metric: Metric,
    columns: Mapping[str, Array],
    codes: Array,
    groups: int,
    parameters: Mapping[str, Any],
) -> Grouped:
    """An order statistic group by group, the rows of a group brought together once."""
    unknown = Chunk(columns).unknown(metric)
    left_out = np.zeros(groups, dtype=np.int64)
    if unknown is not None:
        left_out += np.bincount(codes[unknown & (codes >= 0)], minlength=groups)
        codes = np.where(unknown, -1, codes)
    order, bounds = kernel.slices(codes, groups)
    own = {name: columns[name][order] for name in metric.columns if name in columns}
    settings = metric.settings(parameters)
    value = np.where(left_out > 0, np.nan, metric.empty)
    below = np.full(groups, np.nan)
    for group in np.flatnonzero(np.diff(bounds)):
        rows = slice(bounds[group], bounds[group + 1])
        part = {name: column[rows] for name, column in own.items()}
        value[group] = metric.function(**part, **settings)
        if metric.denominator in part:
            below[group] = part[metric.denominator].sum()
    return Grouped(value, np.diff(bounds), below, left_out, np.full(groups, np.nan))


def checked(
    metrics: Sequence[Metric],
    columns: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    codes: Array | None = None,
    per: Mapping[str, Array] = MappingProxyType({}),
) -> dict[str, Array]:
    """The columns as arrays, after every fault of names, shapes and parameters was looked for.

    Values of columns are judged chunk by chunk, where they are in cache anyway.
    """
    wanted = dict.fromkeys(name for metric in metrics for name in metric.columns)
    given = {
        name: as_column(columns[name])
        for name in wanted
        if name in columns and columns[name] is not None
    }
    required: set[str] = set()
    # The same parameter under the same rule is judged once, however many metrics take it.
    judged: dict[tuple[str, int], tuple[Any, Rule | None]] = {}
    for metric in metrics:
        required |= {name for name in metric.columns if name not in metric.optional} - given.keys()
        required |= {metric.per} - per.keys() - {""}
        for name, value in metric.settings(parameters).items():
            if value is REQUIRED:
                required.add(name)
            elif (rule := metric.rule(name)) is not None:
                judged[name, id(rule)] = value, rule
    faults = [input_fault(name, "-", "required") for name in sorted(required)]
    for (name, _), (value, rule) in judged.items():
        faults += value_faults(name, np.asarray(value), rule)
    for name, values in per.items():
        faults += value_faults(name, values, NOT_NEGATIVE)
    known = {*wanted, *(name for metric in metrics for name in metric.parameters)}
    faults += [
        input_fault(name, name, "argument", names=", ".join(sorted(known)))
        for name in parameters.keys() - known
    ]
    faults += shape_faults(given, None if codes is None else len(codes))
    if faults:
        raise InputError(dict.fromkeys(faults))
    return given
