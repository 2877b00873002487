"""Any declared metric by any grouping of a county's rows, with what it counted."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.county.rows import PLACES, Rows
from jingde_core.county.tables import County, sources
from jingde_core.metrics import METRICS, Metric
from jingde_core.metrics.engines import measure_frame
from jingde_core.model.catalogue import column_label, label
from jingde_core.model.naming import unknown_name
from jingde_core.model.parameters import Parameters
from jingde_core.privacy.audience import audience
from jingde_core.privacy.households import hidden, open_to_all

Positions = NDArray[np.intp]


def measure(
    county: "County | Any",
    name: str,
    *,
    by: str | Sequence[str] = "county",
    year: int | None = None,
    where: Mapping[str, Any] | None = None,
    universe: str = "registered",
    **parameters: Any,
) -> pd.DataFrame:
    """Any declared metric by any grouping, with what it counted.

    Parameters
    ----------
    county : County
        Or rows of another size: a frame, a Parquet path, a DuckDB relation, a Dask frame
        (`engines.measure_frame`) with the metric's columns; then ``by`` names their columns, and
        ``year``, ``where`` and ``universe`` are chosen before.
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
        Households that count, for metrics of households; ``all`` is every row, also of those
        that left the register.
    **parameters
        The metric's own; those left out are the dated ones of ``data/parameters.toml``.

    Returns
    -------
    DataFrame
        ``code, name, value, n, se, denominator, small, reason``, one row a group (with
        ``code_2, name_2`` for a pair). Value is NaN where it is unknown, and ``reason`` says
        why; ``small`` marks a rate over few households; ``attrs`` tell metric, unit,
        parameters (by year: those given, as each year has its own), year and provenance.
        For an audience ``leader`` small cells, and those that would give them away, are NaN
        with reason ``small_cell`` or ``withheld`` (`privacy.households`).

    Raises
    ------
    KeyError
        for an unknown metric, column or parameter.
    InputError
        for values outside the metric's contract.
    """
    metric = METRICS[name]
    keys = [by] if isinstance(by, str) else list(by)
    if not isinstance(county, County):
        return _elsewhere(county, metric, keys, parameters)
    if len(keys) not in (1, 2):
        raise KeyError(f"by: {keys!r}; expected one column or two")
    unknown = parameters.keys() - metric.parameters.keys()
    if unknown:
        raise KeyError(unknown_name(sorted(unknown)[0], metric.parameters))
    by_household = metric.table in ("households", "household_years")
    yearly = by_household and (year is not None or "year" in keys)
    table = "household_years" if yearly else metric.table
    rows = county.rows(table)
    conditions = dict(where or {}) | ({} if year is None else {"year": year})
    chosen = np.flatnonzero(rows.universe(universe) & rows.selected(conditions))
    years = rows.values("year")[chosen] if yearly else np.array([])
    by_years = "year" in keys and len(years) > 0
    public = open_to_all(keys, conditions)
    if by_years:
        parts = [
            _grouped(
                county, metric, rows, chosen[years == each], keys, int(each), parameters, public
            )
            for each in np.unique(years)
        ]
        result = pd.concat(parts, ignore_index=True)
    else:
        result = _grouped(county, metric, rows, chosen, keys, year, parameters, public)
    behind = sources(table, metric.columns)
    result.attrs = {
        "metric": name,
        "unit": metric.unit,
        "denominator": metric.per or metric.denominator,
        "parameters": parameters if by_years else _resolved(county, metric, year, parameters),
        "provenance": sorted({*county.kinds(*behind), *["missing"] * county.lacks(*behind)}),
        "as_of": county.as_of,
        "year": year,
        "by": tuple(keys),
        "where": dict(where or {}),
        "universe": universe,
    }
    return result


def _elsewhere(
    data: Any, metric: Metric, keys: list[str], parameters: Mapping[str, Any]
) -> pd.DataFrame:
    """The same frame from rows that no County holds; dated parameters are the latest."""
    policies = Parameters.load()
    own = dict(parameters)
    for name in metric.parameters.keys() - own.keys():
        if policies.entries.get(name):
            own[name] = policies.value(name)
    columns = [] if keys == ["county"] else keys
    found = measure_frame(data, metric, by=columns, **own)
    names = found[columns].astype(str) if columns else pd.DataFrame({"whole": [label("whole")]})
    groups: dict[str, Any] = {}
    for place, column in enumerate(names, start=1):
        suffix = "" if place == 1 else f"_{place}"
        groups |= {f"code{suffix}": names[column], f"name{suffix}": names[column]}
    small = (found["n"] > 0) & (found["n"] < policies.value("small_number")) & (metric.unit == "1")
    counted = {name: found[name] for name in ("value", "n", "se", "denominator")}
    result = pd.DataFrame(groups | counted | {"small": small, "reason": found["reason"]})
    result.attrs = {
        "metric": metric.name,
        "unit": metric.unit,
        "denominator": metric.denominator,
        "parameters": own,
        "provenance": ["imported"],
        "by": tuple(keys),
    }
    if audience() == "leader":
        few = result["n"].between(1, policies.value("small_cell") - 1)
        reason = np.where(few, "small_cell", "")
        return _without(result, reason, reason)
    return result


def _resolved(
    county: County, metric: Metric, year: int | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Parameters of the metric: as given, else the dated policy number, else its default.

    ``<name>_before`` is the policy number of the year before.
    """
    dated = {}
    for name in metric.parameters.keys() - given.keys():
        policy, before = name.removesuffix("_before"), name.endswith("_before")
        if county.parameters.entries.get(policy) and not (before and year is None):
            on = year - 1 if before and year is not None else year
            dated[name] = county.parameters.value(policy, on)
    return dated | dict(given)


def _grouped(
    county: County,
    metric: Metric,
    rows: Rows,
    chosen: Positions,
    keys: list[str],
    year: int | None,
    given: Mapping[str, Any],
    public: bool,
) -> pd.DataFrame:
    codes, groups = _groups(rows, chosen, keys)
    if county.lacks(*sources(rows.table, metric.columns)):
        return _not_imported(groups)
    columns = {name: rows.values(name)[chosen] for name in metric.columns if name in rows}
    below = _per(county, metric, groups, keys) if metric.per else None
    settings = _resolved(county, metric, year, given)
    found = metric.grouped(columns, codes, len(groups["code"]), per=below, **settings)
    urban = np.isin(groups["code"], county.urban) & (found.n == 0)
    reason = np.where(urban, "not_applicable", found.reason)
    threshold = county.parameters.value("small_number", year)
    result = pd.DataFrame(
        groups
        | {
            "value": found.value,
            "n": found.n.astype(int),
            "se": found.se,
            "denominator": found.denominator,
            "small": (found.n > 0) & (found.n < threshold) & (metric.unit == "1"),
            "reason": reason,
        }
    )
    if public or audience() != "leader":
        return result
    least = int(county.parameters.value("small_cell", year))
    villages = county.tables["villages"]
    secret = hidden(
        metric, rows, chosen, keys, columns, settings, villages=villages, threshold=least
    )
    return result if secret is None else _without(result, *secret)


def _not_imported(groups: dict[str, Any]) -> pd.DataFrame:
    """Nothing is known where a table is not imported: no rows is not zero."""
    unknown = {"value": np.nan, "n": 0, "se": np.nan, "denominator": np.nan}
    return pd.DataFrame(groups | unknown | {"small": False, "reason": "not_imported"})


def _without(result: pd.DataFrame, counts: Any, value: Any) -> pd.DataFrame:
    """The frame without what a leader's page may not show; why stands in ``reason``."""
    known = result["value"].notna().to_numpy()
    result["reason"] = np.where((value != "") & known, value, result["reason"])
    result["value"] = result["value"].mask(value != "")
    result["n"] = result["n"].astype(float).mask(counts != "")
    result["denominator"] = result["denominator"].mask(counts != "")
    return result


def _groups(rows: Rows, chosen: Positions, keys: list[str]) -> tuple[Positions, dict[str, Any]]:
    """Group of each chosen row, and the groups: every place there is, every value found."""
    parts = []
    for key in keys:
        levels = rows.levels(key)
        codes, code, name = levels.codes[chosen], np.array(levels.code), np.array(levels.name)
        if key not in PLACES:
            seen = np.unique(codes[codes >= 0])
            codes = np.where(codes < 0, -1, np.searchsorted(seen, codes))
            code, name = code[seen], name[seen]
        parts.append((codes, code, name))
    if len(parts) == 1:
        codes, code, name = parts[0]
        return codes, {"code": code, "name": name}
    (first, code, name), (second, code_2, name_2) = parts
    pairs = np.where((first < 0) | (second < 0), -1, first * len(code_2) + second)
    return pairs, {
        "code": np.repeat(code, len(code_2)),
        "name": np.repeat(name, len(code_2)),
        "code_2": np.tile(code_2, len(code)),
        "name_2": np.tile(name_2, len(code)),
    }


def _per(county: County, metric: Metric, groups: Mapping[str, Any], keys: list[str]) -> Any:
    """Denominator of each group from the villages' table; groups are places, or years of one."""
    places = [key for key in keys if key in PLACES]
    if set(keys) - {*PLACES, "year"} or len(places) > 1:
        names = {"metric": label(f"metric.{metric.name}"), "column": column_label(metric.per)}
        raise KeyError(label("measure.per", **names))
    villages = county.tables["villages"]
    if not places or places == ["county"]:
        return np.full(len(groups["code"]), float(villages[metric.per].sum()))
    unit = villages["code" if places == ["village"] else "town"]
    code = pd.Series(groups["code" if keys[0] == places[0] else "code_2"])
    return code.map(villages.groupby(unit)[metric.per].sum()).to_numpy(dtype=float)
