"""Any declared metric by any grouping of a county's rows, with what it counted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.county.tables import SOURCES, County
from jingde_core.metrics import METRICS, Metric
from jingde_core.model.catalogue import column_label, label, value_label
from jingde_core.model.naming import unknown_name

COUNTY_CODE = "341825"
Where = Mapping[str, Any]

_TESTS = {
    "ge": lambda values, bound: values >= bound,
    "gt": lambda values, bound: values > bound,
    "le": lambda values, bound: values <= bound,
    "lt": lambda values, bound: values < bound,
    "ne": lambda values, bound: values.notna() & (values != bound),
}


def measure(
    county: County,
    name: str,
    *,
    by: str | Sequence[str] = "county",
    year: int | None = None,
    where: Where | None = None,
    universe: str = "registered",
    **parameters: Any,
) -> pd.DataFrame:
    """Any declared metric by any grouping, with what it counted.

    Parameters
    ----------
    name : str
        Name in ``METRICS``; an unknown one is told the close ones.
    by : str or pair of str
        ``county``, ``town``, ``village``, ``year``, any column of the metric's table (main_cause,
        attribute, kind, ...), or two of them.
    year : int, optional
        A year of 2014-2020 instead of the present; dated parameters follow it.
    where : mapping, optional
        Rows that count: column to value, list of values, None (missing), or bounds such as
        ``{"ge": 2015, "lt": 2018}``.
    universe : {"registered", "edge", "all"}
        Households that count, for metrics of households.
    **parameters
        The metric's own; those left out are the dated ones of ``data/parameters.toml``.

    Returns
    -------
    DataFrame
        ``code, name, value, n, se, denominator, small, reason``, one row a group (with
        ``code_2, name_2`` for a pair). Value is NaN where it is unknown, and ``reason`` says
        why; ``small`` marks a rate over few households; ``attrs`` tell metric, unit,
        parameters, year and provenance.

    Raises
    ------
    KeyError
        for an unknown metric, column or parameter.
    InputError
        for values outside the metric's contract.
    """
    metric = METRICS[name]
    keys = [by] if isinstance(by, str) else list(by)
    unknown = parameters.keys() - metric.parameters.keys()
    if unknown:
        raise KeyError(unknown_name(sorted(unknown)[0], metric.parameters))
    yearly = metric.table == "households" and (year is not None or "year" in keys)
    table = "household_years" if yearly else metric.table
    frame = _universe(county.frame(table), table, universe)
    if year is not None:
        frame = _selected(frame, {"year": year})
    frame = _selected(frame, where or {})
    if yearly and "year" in keys:
        periods = sorted(frame["year"].unique())
        parts = [
            _grouped(county, metric, frame[frame["year"] == each], keys, int(each), parameters)
            for each in periods
        ]
        result = pd.concat(parts, ignore_index=True)
    else:
        result = _grouped(county, metric, frame, keys, year, parameters)
    result.attrs = {
        "metric": name,
        "unit": metric.unit,
        "denominator": metric.per or metric.denominator,
        "parameters": _resolved(county, metric, year, parameters),
        "provenance": county.kinds(*SOURCES.get(table, (table,))),
        "as_of": county.as_of,
        "year": year,
        "by": tuple(keys),
        "universe": universe,
    }
    return result


def _universe(frame: pd.DataFrame, table: str, universe: str) -> pd.DataFrame:
    """Rows of the households that count: those on the register, the edge, or all."""
    if universe not in ("registered", "edge", "all"):
        raise KeyError(unknown_name(universe, ("registered", "edge", "all")))
    if table not in ("households", "household_years", "guarantee_profile") or universe == "all":
        return frame
    present = frame["left_on"].isna() | (table == "household_years")
    edge = frame["status"] == "edge"
    return frame[present & (edge if universe == "edge" else ~edge)]


def _selected(frame: pd.DataFrame, where: Where) -> pd.DataFrame:
    kept = pd.Series(True, index=frame.index)
    for column, wanted in where.items():
        if column not in frame:
            raise KeyError(unknown_name(column, frame.columns))
        values = frame[column]
        if wanted is None:
            kept &= values.isna()
        elif isinstance(wanted, Mapping):
            for test, bound in wanted.items():
                if test not in _TESTS:
                    raise KeyError(unknown_name(test, _TESTS))
                kept &= values.notna() if bound is None else _TESTS[test](values, bound)
        else:
            several = not isinstance(wanted, str) and isinstance(wanted, Iterable)
            kept &= values.isin(list(wanted) if several else [wanted])
    return frame[kept]


def _resolved(
    county: County, metric: Metric, year: int | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Parameters of the metric: as given, else the dated policy number, else its default."""
    dated = {
        name: county.parameters.value(name, year)
        for name in metric.parameters
        if name not in given and county.parameters.entries.get(name)
    }
    return dated | dict(given)


def _grouped(
    county: County,
    metric: Metric,
    frame: pd.DataFrame,
    keys: list[str],
    year: int | None,
    given: Mapping[str, Any],
) -> pd.DataFrame:
    codes, groups = _groups(county, frame, keys, year)
    columns = {name: _values(frame[name]) for name in metric.columns if name in frame}
    below = _per(county, metric, groups, keys) if metric.per else None
    found = metric.grouped(
        columns, codes, len(groups), per=below, **_resolved(county, metric, year, given)
    )
    reason = found.reason
    if below is not None:
        reason = np.where(below == 0, "not_applicable", reason)
    threshold = county.parameters.value("small_number", year)
    return groups.assign(
        value=found.value,
        n=found.n.astype(int),
        se=found.se,
        denominator=found.denominator,
        small=(found.n > 0) & (found.n < threshold) & (metric.unit == "1"),
        reason=reason,
    )


def _values(column: "pd.Series[Any]") -> Any:
    """A column as numbers: text becomes codes, of which only the difference counts."""
    if column.dtype != "str":
        return column.to_numpy()
    codes = pd.factorize(column)[0].astype(float)
    codes[codes < 0] = np.nan
    return codes


def _groups(
    county: County, frame: pd.DataFrame, keys: list[str], year: int | None
) -> tuple[Any, pd.DataFrame]:
    """Code of each row's group, and the groups: every place there is, every value found."""
    if len(keys) not in (1, 2):
        raise KeyError(f"by: {keys!r}; expected one column or two")
    parts = [_levels(county, frame, key, year) for key in keys]
    if len(parts) == 1:
        return parts[0]
    (first, left), (second, right) = parts
    codes = np.where((first < 0) | (second < 0), -1, first * len(right) + second)
    groups = left.merge(right, how="cross", suffixes=("", "_2"))
    places = {"county", "town", "village"} & set(keys)
    seen = np.unique(codes[codes >= 0])
    if places and len(seen) < len(groups) and "year" not in keys:
        return codes, groups
    return np.where(codes < 0, -1, np.searchsorted(seen, codes)), groups.iloc[seen].reset_index(
        drop=True
    )


def _levels(
    county: County, frame: pd.DataFrame, key: str, year: int | None
) -> tuple[Any, pd.DataFrame]:
    if key == "county":
        name = label("county")
        return np.zeros(len(frame), int), pd.DataFrame({"code": [COUNTY_CODE], "name": [name]})
    if key not in frame:
        raise KeyError(unknown_name(key, ["county", *frame.columns]))
    if key in ("village", "town"):
        units = county.tables[f"{key}s"][["code", "name"]]
        return pd.Index(units["code"]).get_indexer(frame[key]), units.reset_index(drop=True)
    codes, values = pd.factorize(frame[key], sort=True)
    names = [value_label(key, value) for value in values]
    return codes, pd.DataFrame({"code": [str(value) for value in values], "name": names})


def _per(county: County, metric: Metric, groups: pd.DataFrame, keys: list[str]) -> Any:
    """Denominator of each group from the villages' table; groups are places, or years of one."""
    places = [key for key in keys if key in ("county", "town", "village")]
    if set(keys) - {"county", "town", "village", "year"} or len(places) > 1:
        raise KeyError(
            label(
                "measure.per",
                metric=label(f"metric.{metric.name}"),
                column=column_label(metric.per),
            )
        )
    villages = county.tables["villages"]
    if not places or places == ["county"]:
        return np.full(len(groups), float(villages[metric.per].sum()))
    column = "code" if keys[0] == places[0] else "code_2"
    unit = villages["code" if places == ["village"] else "town"]
    return groups[column].map(villages.groupby(unit)[metric.per].sum()).to_numpy(dtype=float)
