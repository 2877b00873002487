"""Where a metric is declared, once: columns, additive moments, finish, unit, source.

A metric is a sum over rows followed by a function of the sums, so that a village, a
county, a Parquet file and a cluster all run the same declaration. A row with an unknown
(NaN) value in one of the metric's columns is left out of numerator and denominator and
counted in ``unknown``: missing is neither poor nor not poor.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Final, get_args, get_type_hints

import numpy as np

from jingde_core.metrics.contract import REQUIRED, RULES, Array, InputError, Rule, as_column
from jingde_core.metrics.evaluation import Chunk, checked, contributions, grouped_many
from jingde_core.metrics.finish import Grouped, Ratio, Sums, Total, ratio, total
from jingde_core.model.naming import unknown_name

__all__ = ["METRICS", "REQUIRED", "Column", "Grouped", "InputError", "Metric", "Ratio", "Total"]
__all__ += ["grouped_many", "metric", "ratio", "total"]

#: annotation of an argument that is a column of the metric's table; any other is a parameter
Column = Annotated[Array, "column"]


@dataclass(frozen=True)
class Metric:
    """A declared metric: callable on whole columns, grouped by codes, found in ``METRICS``."""

    name: str
    table: str
    unit: str
    source: str
    columns: tuple[str, ...]
    parameters: Mapping[str, Any] = field(repr=False)
    #: moment (of an ordered metric: column) whose sum is shown as the denominator
    denominator: str
    ordered: bool
    per: str
    function: Callable[..., Any] = field(repr=False)
    finisher: Callable[..., Array] | None = field(repr=False)
    rules: Mapping[str, Rule] = field(repr=False)
    #: columns that may be left out
    optional: frozenset[str] = field(default=frozenset(), repr=False)
    keep_unknown: bool = field(default=False, repr=False)
    #: an ordered metric of a group without rows: 0 for a count, NaN for a rate
    empty: float = field(default=np.nan, repr=False)

    def __post_init__(self) -> None:
        for name in functools.WRAPPER_ASSIGNMENTS:
            vars(self)[name] = getattr(self.function, name, None)
        vars(self)["__wrapped__"] = self.function
        taken = inspect.signature(self.finisher).parameters if self.finisher else {}
        rules = {**RULES, **self.rules}
        vars(self)["_rules"] = {n: rules.get(n) for n in (*self.columns, *self.parameters)}
        vars(self)["_finish_takes"] = taken.keys() & self.parameters.keys()

    def __reduce__(self) -> Any:
        """A metric of the package travels to a worker by name, any other by value."""
        if _packaged(self):
            return _registered, (self.name,)
        fields = (getattr(self, name) for name in self.__dataclass_fields__)
        return Metric, tuple(dict(f) if isinstance(f, Mapping) else f for f in fields)

    def __call__(self, *ordered: Any, **named: Any) -> float:
        """Value of all rows together; the metric's own description says what comes back."""
        arguments = dict(zip(inspect.signature(self.function).parameters, ordered, strict=False))
        arguments |= named
        per = {self.per: arguments.pop(self.per)} if self.per in arguments else {}
        columns = {name: arguments.pop(name) for name in self.columns if name in arguments}
        given = {name: as_column(values) for name, values in columns.items() if values is not None}
        rows = max((len(column) for column in given.values() if column.ndim), default=0)
        below = {name: np.array([value], dtype=float) for name, value in per.items()}
        found = grouped_many([self], given, np.zeros(rows, np.intp), 1, per=below, **arguments)
        return float(found[self.name].value[0])

    def moments(self, **arguments: Any) -> dict[str, Array]:
        """Contributions of each row; all zero, and ``unknown`` one, where a value is unknown."""
        columns = {name: arguments.pop(name) for name in self.columns if name in arguments}
        # A denominator of another table belongs to the finish, not to a row.
        below = {self.per: np.zeros(0)} if self.per else {}
        given = checked([self], columns, arguments, per=below)
        return contributions(self, Chunk(given), self.settings(arguments))

    def finish(self, sums: Sums, **parameters: Any) -> Array:
        """Values from the sums of moments per group."""
        assert self.finisher is not None
        settings = self.settings(parameters)
        return self.finisher(sums, **{name: settings[name] for name in vars(self)["_finish_takes"]})

    def grouped(
        self,
        columns: Mapping[str, Any],
        codes: Array,
        groups: int,
        *,
        per: Array | None = None,
        **parameters: Any,
    ) -> Grouped:
        """Value per group of rows; ``codes`` are 0 to groups - 1, or -1 for no group.

        ``per`` is the denominator of each group when it comes from another table.
        """
        below = {} if per is None else {self.per: np.asarray(per, dtype=float)}
        found = grouped_many([self], columns, codes, groups, per=below, **parameters)
        return found[self.name]

    def settings(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The metric's own parameters among those given, defaults filled in."""
        return {name: parameters.get(name, default) for name, default in self.parameters.items()}

    def rule(self, name: str) -> Rule | None:
        """The rule of a column or parameter, its own before the common one."""
        found: Rule | None = vars(self)["_rules"].get(name)
        return found


def metric(
    *,
    table: str,
    unit: str,
    source: str,
    finish: Callable[..., Array] | None = None,
    ordered: bool = False,
    per: str = "",
    denominator: str = "",
    rules: Mapping[str, Rule] = MappingProxyType({}),
    keep_unknown: bool = False,
    name: str = "",
) -> Callable[[Callable[..., Any]], Metric]:
    """Declare a metric: the decorated function becomes a `Metric` and an entry of `METRICS`.

    Arguments annotated `Column` are columns of ``table``, named as there; an optional
    one has the default None. Every other argument is a parameter. The function sees arrays that
    have passed their rules (`contract.RULES`, and ``rules`` of its own) and hold no unknown row.

    Parameters
    ----------
    table, unit, source : str
        Table of the columns; unit of the value (``unit.<unit>`` of the catalogue: ``1`` is a
        share, shown in percent, ``index``, ``yuan``, ``persons``, ``households``); citation.
    finish : callable
        From the sums of the moments that the function returns to values: `ratio`, `total`, or a
        function ``(sums, *, parameter)`` that names the parameters it needs.
    ordered : bool
        An order statistic: the function gets one group's columns and returns its value.
    per : str
        Name of a denominator that another table supplies per group.
    denominator : str
        Moment shown as the denominator, when ``finish`` is no ratio; of an ordered metric a column.
    keep_unknown : bool
        Whether rows with NaN reach the function, which then tells them apart itself.
    """
    if (finish is None) != ordered:
        raise ValueError("an additive metric has a finish, an ordered one has none")
    if isinstance(finish, Ratio):
        denominator = denominator or finish.denominator

    def declared(function: Callable[..., Any]) -> Metric:
        hints = get_type_hints(function, include_extras=True)
        arguments = inspect.signature(function).parameters
        columns = tuple(n for n in arguments if Column in (hints[n], *get_args(hints[n])))
        parameters = {n: a.default for n, a in arguments.items() if n not in columns}
        optional = frozenset(n for n in columns if arguments[n].default is None)
        title = name or function.__name__
        return METRICS.add(
            Metric(
                title,
                table,
                unit,
                source,
                columns,
                MappingProxyType(parameters),
                denominator,
                ordered,
                per,
                function,
                finish,
                rules,
                optional,
                keep_unknown,
            )
        )

    return declared


class Metrics(Mapping[str, Metric]):
    """All declared metrics by name; an unknown name is told its close ones."""

    def __init__(self) -> None:
        self._declared: dict[str, Metric] = {}

    def __getitem__(self, name: str) -> Metric:
        if name not in self._declared:
            raise KeyError(unknown_name(name, self._declared))
        return self._declared[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)

    def add(self, metric: Metric) -> Metric:
        """Enter a metric; a name of the package is taken for good, a notebook's may be mended."""
        taken = self._declared.get(metric.name)
        if taken and _packaged(taken):
            raise ValueError(f"metric {metric.name!r} is declared twice")
        self._declared[metric.name] = metric
        return metric


METRICS: Final = Metrics()


def _packaged(metric: Metric) -> bool:
    return metric.function.__module__.startswith("jingde_core.")


def _registered(name: str) -> Metric:
    import jingde_core.metrics  # noqa: F401  (declares every metric of the package)

    return METRICS[name]
