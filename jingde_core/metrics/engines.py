"""The same metrics over whatever holds the rows: pandas, Parquet, Arrow, DuckDB, Dask.

Every engine hands over columns batch by batch; a batch is summed per group by the one
kernel, partial sums are added, and the metric is finished once. Memory is bounded by a
batch and the groups. An order statistic needs all rows of a group together: files and
streams kept group by group (a register is kept by village) are evaluated as each group
ends, a DuckDB relation is sorted by DuckDB, a Dask frame shuffled by Dask; files in any
other order are read whole, the columns used only. pyarrow, duckdb and dask are optional.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from jingde_core.metrics import evaluation, kernel
from jingde_core.metrics.contract import NOT_NEGATIVE, Array, InputError, input_fault, value_faults
from jingde_core.metrics.finish import REASONS, Grouped
from jingde_core.metrics.registry import METRICS, Metric
from jingde_core.metrics.sources import Batch, opened

if TYPE_CHECKING:
    import pandas as pd

#: groups of partial sums that wait before they are added up
_WAITING = 1 << 20


def measure_frame(
    data: Any,
    metric: str | Metric | Sequence[str | Metric],
    *,
    by: str | Sequence[str] = (),
    per: Mapping[Any, float] | float | None = None,
    **parameters: Any,
) -> "pd.DataFrame":
    """Values of metrics per group, whatever holds the rows (指标分组结果).

    Parameters
    ----------
    data : DataFrame, path, list of paths, Arrow stream, DuckDB relation or Dask DataFrame
        A path is a Parquet file, a folder of them, or a glob. Columns have the names that
        the metric gives them. Whatever exports an Arrow stream is read batch by batch.
    metric : str, Metric or several
        Several are computed in one pass.
    by : str or sequence of str
        Grouping columns; none for the whole. A row without a key belongs to no group.
    per : mapping or number
        Denominator from another table: group key (a tuple for several columns) to number.
    **parameters
        Each metric takes those it names.

    Returns
    -------
    DataFrame
        Grouping columns, ``metric, value, n, denominator, unknown, reason, se``; one row a
        metric and group that has rows, sorted by group. Every engine gives the same frame.

    Raises
    ------
    InputError
        for a missing column, values outside the contract (of the first batch that has any), or
        an order statistic over a stream whose groups are torn apart.
    DataError
        for a file that is missing or is no Parquet.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"village": ["a", "b", "a"], "members": [2, 3, 4]})
    >>> measure_frame(rows, "persons", by="village")[["village", "value", "n"]]
      village  value  n
    0       a    6.0  2
    1       b    3.0  1
    """
    import pandas as pd

    given = [metric] if isinstance(metric, str | Metric) else list(metric)
    metrics = [METRICS[each] if isinstance(each, str) else each for each in given]
    query = _Query(metrics, [by] if isinstance(by, str) else list(by), parameters)
    faults = [input_fault(m.per, "-", "required") for m in metrics if m.per and per is None]
    if per is not None:
        numbers = np.array(list(per.values()) if isinstance(per, Mapping) else per, dtype=float)
        faults += value_faults("per", numbers, NOT_NEGATIVE)
    if faults:
        raise InputError(faults)
    dask = type(data).__module__.startswith("dask")
    sums, ordered = _on_dask(data, query) if dask else _in_batches(data, query)
    below = {each.per: _below(per, sums[query.keys]) for each in query.additive if each.per}
    found = {str(name): sums[name].to_numpy() for name in sums if name not in query.keys}
    done = evaluation.finished(query.additive, found, below, query.parameters)
    frames = {each.name: _tidy(sums[query.keys], each, done[each.name]) for each in query.additive}
    for each in query.ordered:
        own = ordered[ordered["metric"] == each.name]
        frames[each.name] = own.sort_values(query.keys) if query.keys else own
    return pd.concat([frames[each.name] for each in metrics], ignore_index=True)


@dataclass(frozen=True)
class _Query:
    """What is asked: metrics, grouping columns, parameters."""

    metrics: list[Metric]
    keys: list[str]
    parameters: dict[str, Any]

    @property
    def additive(self) -> list[Metric]:
        return [each for each in self.metrics if not each.ordered]

    @property
    def ordered(self) -> list[Metric]:
        return [each for each in self.metrics if each.ordered]

    def columns(self, available: Iterable[str]) -> list[str]:
        """Columns to be read; one that is neither there nor optional is an error."""
        has = set(available)
        named = [name for each in self.metrics for name in each.columns]
        needed = {n for each in self.metrics for n in each.columns if n not in each.optional}
        faults = [
            input_fault(name, "-", "required") for name in {*self.keys, *needed} if name not in has
        ]
        if faults:
            raise InputError(sorted(faults, key=lambda fault: fault.column))
        return [name for name in dict.fromkeys([*self.keys, *named]) if name in has]

    def partial(self, batch: Batch) -> "pd.DataFrame":
        """Sums of the additive metrics per group of a batch."""
        import pandas as pd

        codes, keys, groups = _groups(batch, self.keys)
        judged_before = {each.per: np.zeros(0) for each in self.metrics if each.per}
        given = evaluation.checked(
            self.metrics, batch, self.parameters, codes=codes, per=judged_before
        )
        sums = evaluation.grouped_sums(self.additive, given, codes, groups, self.parameters)
        for each in self.additive:
            sums.setdefault(f"{each.name}/unknown", np.zeros(groups))
        frame = pd.DataFrame({**keys, **dict(sorted(sums.items()))})
        return frame[frame[kernel.ROWS] > 0] if self.keys else frame

    def values(self, batch: Any) -> "pd.DataFrame":
        """Values of the order statistics, a batch holding all rows of its groups."""
        import pandas as pd

        codes, keys, groups = _groups(batch, self.keys)
        known = {name for each in self.ordered for name in each.parameters}
        own = {name: value for name, value in self.parameters.items() if name in known}
        done = evaluation.grouped_many(self.ordered, batch, codes, groups, **own)
        names = pd.DataFrame(keys, index=range(groups))
        frame = pd.concat([_tidy(names, each, done[each.name]) for each in self.ordered])
        return frame[(frame["n"] > 0) | (frame["unknown"] > 0)] if self.keys else frame


@dataclass
class _InOrder:
    """Order statistics of batches, each group evaluated when another begins."""

    query: _Query
    _pending: "pd.DataFrame | None" = None
    _done: list["pd.DataFrame"] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        import pandas as pd

        rows = pd.DataFrame(batch)
        if self._pending is not None:
            rows = pd.concat([self._pending, rows], ignore_index=True)
        last = np.zeros(len(rows), dtype=bool)
        if self.query.keys:
            rows = rows.dropna(subset=self.query.keys)
            ends = rows[self.query.keys].iloc[-1:].to_numpy()
            last = (rows[self.query.keys].to_numpy() == ends).all(axis=1)
        self._pending = rows[last] if self.query.keys else rows
        if self.query.keys and not last.all():
            self._done.append(self.query.values(rows[~last]))

    def values(self) -> "pd.DataFrame | None":
        """All values, None where a group came twice."""
        import pandas as pd

        assert self._pending is not None
        values: pd.DataFrame = pd.concat([*self._done, self.query.values(self._pending)])
        twice = values.duplicated([*self.query.keys, "metric"]).any()
        return None if twice else values


def _in_batches(data: Any, query: _Query) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Sums of the additive metrics, values of the ordered ones, in one pass."""
    import pandas as pd

    source = opened(data, query.keys, in_order=bool(query.ordered))
    columns = query.columns(source.names)
    in_order = _InOrder(query)

    def partials() -> Iterator["pd.DataFrame"]:
        nothing: Batch = dict.fromkeys(columns, np.zeros(0))
        batches = source.batches(columns)
        for batch in chain([next(batches, nothing)], batches):
            yield query.partial(batch)
            if query.ordered:
                in_order.add(batch)

    sums = _merged(partials(), query.keys)
    if not query.ordered:
        return sums, pd.DataFrame()
    values = in_order.values()
    if values is None and source.again:
        rows = pd.concat([pd.DataFrame(batch) for batch in source.batches(columns)])
        values = query.values(rows)
    if values is None:
        raise InputError([input_fault(", ".join(query.keys), "-", "in_order")])
    return sums, values


def _on_dask(data: Any, query: _Query) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """The same on a Dask frame: partitions are mapped, their sums added up in a tree."""
    import pandas as pd

    frame = data[query.columns(data.columns)]
    empty = frame._meta
    sums = frame.reduction(
        query.partial,
        combine=_added,
        aggregate=_added,
        meta=query.partial(empty),
        combine_kwargs={"keys": query.keys},
        aggregate_kwargs={"keys": query.keys},
    )
    added = sums.compute().reset_index(drop=True)
    if not query.ordered:
        return added, pd.DataFrame()
    together = frame.shuffle(on=query.keys) if query.keys else frame.repartition(npartitions=1)
    return added, together.map_partitions(query.values, meta=query.values(empty)).compute()


def _merged(partials: Iterator["pd.DataFrame"], keys: list[str]) -> "pd.DataFrame":
    """Partial sums added up, now and then, so that what waits stays bounded by the groups."""
    import pandas as pd

    waiting: list[pd.DataFrame] = []
    size, limit = 0, _WAITING
    for partial in partials:
        waiting.append(partial)
        size += len(partial)
        if size > limit:
            waiting = [_added(pd.concat(waiting), keys)]
            size, limit = len(waiting[0]), _WAITING + 2 * len(waiting[0])
    if len(waiting) == 1:
        return waiting[0].sort_values(keys, ignore_index=True) if keys else waiting[0]
    return _added(pd.concat(waiting), keys)


def _added(frame: "pd.DataFrame", keys: list[str]) -> "pd.DataFrame":
    """Partial sums of the same group added; a NaN sum (not defined) stays NaN."""
    if not keys:
        return frame.sum(skipna=False).to_frame().T
    return frame.groupby(keys, sort=True, observed=True).sum(skipna=False).reset_index()


def _groups(batch: Any, names: list[str]) -> tuple[Array, dict[str, Array], int]:
    """Codes of the rows of a batch, the keys of its groups, and their number."""
    if not names:
        rows = len(next(iter(batch.items()))[1])
        return np.zeros(rows, dtype=np.intp), {}, 1
    codes, keys = kernel.factorised(batch[names[0]])
    if len(names) == 1:
        return codes, {names[0]: keys}, len(keys)
    found, width = {names[0]: keys}, len(keys)
    for name in names[1:]:
        inner, found[name] = kernel.factorised(batch[name])
        pair = codes.astype(np.int64) * len(found[name]) + inner
        codes, width = np.where((codes < 0) | (inner < 0), -1, pair), width * len(found[name])
    used, codes = np.unique(codes, return_inverse=True)
    if len(used) and used[0] < 0:
        used, codes = used[1:], codes - 1
    places = np.unravel_index(used, [len(found[name]) for name in names])
    return codes, {n: found[n][at] for n, at in zip(names, places, strict=True)}, len(used)


def _below(per: Mapping[Any, float] | float | None, keys: "pd.DataFrame") -> Array:
    """Denominator of each group; NaN for a group that is not named."""
    if not isinstance(per, Mapping):
        return np.full(max(len(keys), 1), per, dtype=float)
    columns = [keys[name] for name in keys]
    groups = columns[0] if len(columns) == 1 else zip(*columns, strict=True)
    return np.array([per.get(group, np.nan) for group in groups], dtype=float)


def _tidy(keys: "pd.DataFrame", metric: Metric, found: Grouped) -> "pd.DataFrame":
    """One row a group: keys, value and what stands beside it."""
    import pandas as pd

    columns = {
        "value": found.value,
        "n": found.n,
        "denominator": found.denominator,
        "unknown": found.unknown,
        "reason": pd.array(list(REASONS), dtype="str").take(found.reason_codes),
        "se": found.se,
    }
    index = pd.RangeIndex(len(found.value))
    named = pd.DataFrame({"metric": metric.name, **columns}, index=index)
    return pd.concat([keys.set_axis(index), named], axis=1)
