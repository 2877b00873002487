"""Rules held against the tables: every breach with its evidence, and rates by place."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from jingde_core.model.catalogue import column_label, has_label, label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.model.parameters import Parameters
from jingde_core.model.problem import Problem, collected
from jingde_core.quality.frames import PLACES, Frames
from jingde_core.quality.predicates import truth
from jingde_core.quality.rules import RULES, Rule

__all__ = ["RULES", "check", "error_rates"]

COLUMNS = (
    *("rule", "group", "severity", "table", "record", *PLACES),
    *("evidence", "message", "cure"),
)


def check(
    tables: Mapping[str, pd.DataFrame],
    *,
    rules: Iterable[str] | None = None,
    groups: Iterable[str] | None = None,
    parameters: Parameters | None = None,
    as_of: str | None = None,
) -> pd.DataFrame:
    """Every breach of the rules (逻辑校验), one row each, in order of rule and record.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        A county's tables, or those of a ledger; rules about absent or empty ones find nothing.
    rules, groups : iterable of str, optional
        Rules by id, or all of these groups (names of ``data/quality/<group>.csv``); by default
        every rule.
    parameters : Parameters, optional
        Policy numbers, each as it holds on the day; by default the shipped ones.
    as_of : str, optional
        The day of the check, ``YYYY-MM-DD``; by default the latest on which the tables say that
        something was done.

    Returns
    -------
    DataFrame
        rule, group, severity, table, record (key of the row), household, village, town,
        evidence, message, cure; no row where nothing is broken. ``attrs`` hold the rules that
        were run and the day.

    Raises
    ------
    KeyError
        for an unknown rule or group; close names are listed.
    DataError
        for rules that cannot be read: a bad expression, an unknown column or parameter.
    """
    return run(_chosen(rules, groups), Frames(tables, as_of), parameters)


def run(
    rules: Iterable[Rule], frames: Frames, parameters: Parameters | None = None
) -> pd.DataFrame:
    """Every breach of these rules in these frames (执行校验), as `check` gives them."""
    chosen = list(rules)
    policies = _policies(parameters or Parameters.load(), frames.as_of)
    with collected() as problems:
        found = [_breaches(rule, frames, policies, problems) for rule in chosen]
    hits = pd.concat([pd.DataFrame(columns=list(COLUMNS), dtype="str"), *found], ignore_index=True)
    hits.attrs = {"rules": [rule.id for rule in chosen], "as_of": str(frames.as_of.date())}
    return hits


def _chosen(rules: Iterable[str] | None, groups: Iterable[str] | None) -> list[Rule]:
    chosen = list(RULES.values())
    for name, values in (("id", rules), ("group", groups)):
        listed = [getattr(rule, name) for rule in chosen] if values is None else list(values)
        for value in set(listed) - {getattr(rule, name) for rule in RULES.values()}:
            raise KeyError(unknown_name(value, {getattr(rule, name) for rule in RULES.values()}))
        chosen = [rule for rule in chosen if getattr(rule, name) in listed]
    return chosen


def _policies(parameters: Parameters, day: pd.Timestamp) -> dict[str, Any]:
    """Parameters as they hold on the day, NaN before their first one; and the day itself."""
    found: dict[str, Any] = {"@as_of": day}
    for name, entries in parameters.entries.items():
        holds = any(entry.starts <= day.date() for entry in entries)
        found[f"@{name}"] = parameters.value(name, day.date()) if holds else float("nan")
    return found


def _breaches(
    rule: Rule, frames: Frames, policies: dict[str, Any], problems: list[Problem]
) -> pd.DataFrame:
    """Rows that break one rule; a fault of the rule itself joins the problems."""
    column = "table"
    try:
        frame = frames[rule.table]
        column = "predicate"
        known = frames.columns(rule.table) | policies
        broken = truth(rule.predicate, known).fillna(False).to_numpy(dtype=bool)
        column = "evidence"
        for name in rule.evidence:
            if name not in frame:
                raise KeyError(unknown_name(name, known))
        column = "id"
        texts = {"message": label(f"quality.{rule.id}"), "cure": label(f"quality.{rule.id}.cure")}
    except Exception as error:  # whatever an expression can raise is a fault of its rule
        said = str(error.args[0] if error.args else error)
        problems.append(rule.fault("bad_rule", column, rule.id, said))
        return pd.DataFrame()
    if not broken.any():
        return pd.DataFrame()
    rows = frame[broken]
    about = {"rule": rule.id, "group": rule.group, "severity": rule.severity, "table": rule.table}
    places = {name: rows[name] for name in ("record", *PLACES)}
    shown = {"evidence": _evidence(rows, rule)}
    return pd.DataFrame(about | places | shown | texts, index=rows.index)[list(COLUMNS)]


def _evidence(rows: pd.DataFrame, rule: Rule) -> list[str]:
    """Heading and value of each column of evidence, as a reader would write them."""
    headings = [column_label(name, table=rule.table) for name in rule.evidence]
    columns = ([shown(name, value) for value in rows[name]] for name in rule.evidence)
    return [
        label("quality.join").join(
            label("quality.pair", heading=heading, value=value)
            for heading, value in zip(headings, values, strict=True)
        )
        for values in zip(*columns, strict=True)
    ]


def shown(name: str, value: Any) -> str:
    """A value of a column as a reader would write it: label, day, number, or that it is empty."""
    if pd.isna(value):
        return label("quality.missing")
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:.2f}".removesuffix(".00")
    if not has_label(f"value.{name}.{value}") and str(value) in ("True", "False"):
        return label(f"quality.{value}")
    return label("list_comma").join(value_label(name, part) for part in str(value).split(";"))


def error_rates(
    hits: pd.DataFrame, tables: Mapping[str, pd.DataFrame], by: str = "town"
) -> pd.DataFrame:
    r"""Breaches over rows checked, by place and rule (差错率), zeros included (举一反三).

    .. math:: rate = breaches / n

    Parameters
    ----------
    hits : DataFrame
        What `check` found in the same tables.
    tables : mapping of str to DataFrame
    by : {"town", "village"}

    Returns
    -------
    DataFrame
        code, name (of every place), rule, breaches, n (rows of the rule's frame there), rate:
        0 to 1, NaN where no row was checked.

    Raises
    ------
    KeyError
        for another grouping.
    """
    if by not in PLACES[1:]:
        raise KeyError(unknown_name(by, PLACES[1:]))
    frames = Frames(tables, hits.attrs.get("as_of"))
    places = tables[f"{by}s"][["code", "name"]].reset_index(drop=True)
    parts = []
    for rule in hits.attrs.get("rules", hits["rule"].unique()):
        broken = places["code"].map(hits.loc[hits["rule"] == rule, by].value_counts())
        checked = places["code"].map(frames[RULES[rule].table][by].value_counts())
        counts = {"breaches": broken.fillna(0), "n": checked.fillna(0)}
        parts.append(places.assign(rule=rule, **counts))
    rates = pd.concat(parts, ignore_index=True).astype({"breaches": int, "n": int})
    return rates.assign(rate=(rates["breaches"] / rates["n"]).where(rates["n"] > 0))
