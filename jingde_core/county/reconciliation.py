"""The report held against the rows: each printed figure beside what the rows give.

Which metric gives which figure is data, ``data/reconciliation.csv``; a figure without a
rule there (meetings, booklets, area, ...) has no rows behind it and is only recorded.
"""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.county.measurement import measure
from jingde_core.county.tables import County, sources
from jingde_core.metrics import METRICS
from jingde_core.model.catalogue import has_label, label, language
from jingde_core.model.place import shipped

#: how many of the metric's unit the figure's printed unit holds
_SCALE = {"percent": 0.01, "10k_yuan": 10_000.0}


def reconcile(county: County) -> pd.DataFrame:
    """One row a figure of the report: reported, computed from rows, difference, status.

    Returns
    -------
    DataFrame
        ``figure_id, topic, measure, reported, computed, difference, unit, qualifier, as_of``;
        ``status``: ``equal``, ``rounded`` (agrees to the printed digits, or is not below an
        "over N"), ``recorded`` (no rows behind it), ``not_imported`` (its table waits for
        the office's ledger), ``differs``; ``independent``: False while
        the rows were calibrated to the report; ``basis``: ``calibrated``, ``independent`` or
        ``none``, the same for a reader; ``rule``: the call that gives the figure;
        ``note``: what is to be known about it.
    """
    rules = pd.read_csv(
        shipped("data") / "reconciliation.csv", dtype=str, keep_default_na=False
    ).set_index("figure_id")
    rows = []
    for figure in county.report_figures.to_dict("records"):
        name = figure["figure_id"]
        rule = rules.loc[name].to_dict() if name in rules.index else None
        behind = set() if rule is None else _kinds(county, rule)
        independent = rule is not None and not behind & {"synthetic", "missing"}
        computed = np.nan if rule is None else _computed(county, rule) / _scale(figure["unit"])
        note = f"figure_note.{name}"
        rows.append(
            {
                "figure_id": name,
                "topic": figure["topic"],
                "measure": figure[f"measure_{language()}"],
                "reported": figure["value"],
                "computed": computed,
                "difference": _rounded(computed - figure["value"]),
                "unit": figure["unit"],
                "qualifier": figure["qualifier"],
                "as_of": figure["as_of"],
                "status": "not_imported"
                if "missing" in behind
                else status(figure["value"], computed, figure["qualifier"]),
                "independent": independent,
                "basis": "none"
                if rule is None or "missing" in behind
                else "independent"
                if independent
                else "calibrated",
                "rule": "" if rule is None else _shown(rule),
                "note": label(note) if has_label(note) else "",
            }
        )
    return pd.DataFrame(rows)


def status(reported: float, computed: float, qualifier: str) -> str:
    """How a computed value stands to a printed one, by the way in which it was printed.

    Examples
    --------
    >>> status(57.36, 57.3676, "truncated"), status(4.5, 4.50000818, "rounded")
    ('rounded', 'rounded')
    >>> status(390, 391, "at_least"), status(390, 400, "at_least"), status(8, 7, "exact")
    ('rounded', 'differs', 'differs')
    """
    if np.isnan(computed):
        return "recorded"
    if abs(computed - reported) < 1e-9 * max(1.0, abs(reported)):
        return "equal"
    digits = -int(Decimal(repr(reported)).normalize().as_tuple().exponent)
    unit = 10.0 ** -max(digits, 0)
    if qualifier == "rounded":
        agrees = abs(computed - reported) <= unit / 2 * (1 + 1e-9)
    elif qualifier == "truncated":
        agrees = reported <= computed < reported + unit
    else:
        step = 10.0**-digits if digits < 0 else unit
        agrees = qualifier == "at_least" and reported <= computed < reported + step
    return "rounded" if agrees else "differs"


def _computed(county: County, rule: dict[str, str]) -> float:
    if not rule["metric"]:
        return county.parameters.value(rule["parameter"])
    names = rule["metric"].split("+")
    value = sum(float(measure(county, name, **_arguments(rule))["value"].iloc[0]) for name in names)
    if rule["parameter"]:
        return value / county.parameters.value(rule["parameter"]) - 1
    return value


def _arguments(rule: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(rule["arguments"] or "{}")
    return given


def _shown(rule: dict[str, str]) -> str:
    """The rule as the call that a reader can repeat."""
    if not rule["metric"]:
        return f'county.parameters.value("{rule["parameter"]}")'
    words = "".join(f", {name}={value!r}" for name, value in _arguments(rule).items())
    calls = [f'jc.measure(county, "{name}"{words})' for name in rule["metric"].split("+")]
    excess = f" / {rule['parameter']} - 1" if rule["parameter"] else ""
    return " + ".join(calls) + excess


def _kinds(county: County, rule: dict[str, str]) -> set[str]:
    """Kinds of the data behind a rule; none for a parameter."""
    names = rule["metric"].split("+") if rule["metric"] else []
    behind = [sources(METRICS[name].table, METRICS[name].columns) for name in names]
    lacking = {"missing"} if any(county.lacks(*tables) for tables in behind) else set()
    return lacking | {kind for tables in behind for kind in county.kinds(*tables)}


def _scale(unit: str) -> float:
    return _SCALE.get(unit, 1.0)


def _rounded(difference: float) -> float:
    return round(difference, 6) + 0.0
