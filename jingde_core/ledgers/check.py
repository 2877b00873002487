"""Every check of the tables, as problems with their place: cells, rows, keys between tables."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd
import pandera.errors

from jingde_core.model.catalogue import column_label, has_label, label, value_label
from jingde_core.model.problem import Problem
from jingde_core.model.tables import STORE_ONLY, TABLES
from jingde_core.model.tables.fields import Table

_WHOLE = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TRUTH = {"true": True, "false": False}


def column_types(table: str) -> dict[str, str]:
    """Type of each column: ``str``, ``int64``, ``Int64``, ``float64``, ``bool`` or ``date``."""
    columns = TABLES[table].to_schema().columns
    types = {name: str(column.dtype) for name, column in columns.items()}
    return {
        name: "date" if kind.startswith("datetime") else "str" if "str" in kind else kind
        for name, kind in types.items()
    }


def table_of_text(table: str, rows: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Problem]]:
    """Typed table of text cells, and the cells that cannot be of their column's type.

    A row with such a cell is left out of the table; the index keeps the file's line numbers.
    """
    types = column_types(table)
    problems = list(_header_problems(table, list(rows.columns), list(types), file))
    typed: dict[str, Any] = {}
    bad = pd.Series(False, index=rows.index)
    for name in types:
        if list(rows.columns).count(name) != 1:
            continue
        text = rows[name].str.strip()
        typed[name], wrong = _typed(text, types[name])
        bad |= wrong
        for row in rows.index[wrong]:
            problems.append(
                Problem(
                    "wrong_type",
                    file=file,
                    row=int(row),
                    column=name,
                    found=str(text[row]),
                    expected=label(f"type.{types[name]}"),
                )
            )
    frame = pd.DataFrame(typed, index=rows.index)[~bad]
    for name, kind in types.items():
        if name in frame and kind != "date":
            required = kind in ("int64", "bool") and frame[name].isna().any()
            frame[name] = frame[name].astype(cast(Any, "Int64" if required else kind))
    return frame, problems


def check_tables(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Faults of tables against their models and against each other; empty when all is right.

    A frame's index is the line of its file where it came from one; otherwise rows count from
    the line below the header.
    """
    problems: list[Problem] = []
    for name, frame in tables.items():
        problems.extend(_table_problems(name, TABLES[name], frame))
    for name, frame in tables.items():
        about = table_about(name)
        problems.extend(_key_problems(name, frame, about["key"]))
        for column, target in about["references"].items():
            other, key = target.split(".")
            if other in tables and column in frame and key in tables[other]:
                problems.extend(
                    _reference_problems(name, frame, column, target, tables[other][key])
                )
    return problems


def _typed(text: "pd.Series[str]", kind: str) -> tuple[Any, "pd.Series[bool]"]:
    filled = text != ""
    if kind == "str":
        return text.where(filled), pd.Series(False, index=text.index)
    if kind == "date":
        days = pd.to_datetime(text.where(filled), format="%Y-%m-%d", errors="coerce")
        return days.astype("datetime64[us]"), days.isna() & filled
    if kind == "bool":
        return text.map(_TRUTH).astype(object), filled & ~text.isin(list(_TRUTH))
    pattern = _NUMBER if kind == "float64" else _WHOLE
    fits = text.map(lambda cell: pattern.fullmatch(cell) is not None).astype(bool)
    numbers = pd.to_numeric(text.where(fits & filled), errors="coerce")
    return numbers.astype("float64" if kind == "float64" else "Int64"), filled & ~fits


def _header_problems(
    table: str, found: list[str], expected: list[str], file: str
) -> Iterator[Problem]:
    for name in expected:
        if name not in found:
            yield Problem("missing_column", file=file, row=1, expected=name)
    for name in dict.fromkeys(found):
        if name not in expected:
            yield Problem(
                "unknown_column", file=file, row=1, found=name, expected=", ".join(expected)
            )
        elif found.count(name) > 1:
            yield Problem("duplicate", file=file, row=1, column=name, found=name, expected="1")


def table_about(table: str) -> dict[str, Any]:
    """A table's ``key`` columns and its ``references``: column to ``table.column``."""
    (metadata,) = {**TABLES, **STORE_ONLY}[table].get_metadata().values()
    return dict(metadata["dataframe"])


def _table_problems(table: str, model: type[Table], frame: pd.DataFrame) -> Iterator[Problem]:
    try:
        model.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        # a check over the whole row is one fault, whatever columns it looked at
        whole = (cases["schema_context"] == "DataFrameSchema") & cases["index"].notna()
        cases = cases.assign(column=cases["column"].mask(whole, ""))
        for case in cases.drop_duplicates(["column", "check", "index"]).to_dict("records"):
            if not str(case["check"]).startswith(("field_uniqueness", "multiple_fields")):
                yield _case_problem(table, frame, case)


def _case_problem(table: str, frame: pd.DataFrame, case: Mapping[Any, Any]) -> Problem:
    check, found = str(case["check"]), case["failure_case"]
    row = None if pd.isna(case["index"]) else line(frame, case["index"])
    column = "" if case["schema_context"] == "DataFrameSchema" else str(case["column"])
    place: dict[str, Any] = {"file": f"{table}.csv", "row": row, "column": column}
    if check == "column_in_dataframe":
        return Problem("missing_column", file=f"{table}.csv", expected=str(found))
    if check == "column_in_schema":
        expected = ", ".join(TABLES[table].to_schema().columns)
        return Problem("unknown_column", file=f"{table}.csv", found=str(found), expected=expected)
    if check == "not_nullable":
        return Problem("missing_value", **place, expected=label("type.value"))
    if check.startswith("dtype"):
        return Problem("wrong_type", **place, found=str(found), expected=check)
    if has_label(f"rule.{check}"):
        names = ", ".join(_rule_columns(table, check, frame, case["index"]))
        return Problem("broken_rule", **place, found=names, expected=label(f"rule.{check}"))
    return Problem("wrong_value", **place, found=str(found), expected=_expected(check))


def _rule_columns(table: str, check: str, frame: pd.DataFrame, index: Any) -> Iterator[str]:
    key = table_about(table)["key"]
    if index in frame.index:
        for name in key:
            yield f"{name}={frame.loc[index, name]}"


def _expected(check: str) -> str:
    """A check in the reader's words: its values, its bound, or its pattern."""
    name, _, inside = check.partition("(")
    inside = inside.rstrip(")")
    words = f"check.{name}"
    return label(words, value=inside) if has_label(words) else check


def _key_problems(table: str, frame: pd.DataFrame, key: list[str]) -> Iterator[Problem]:
    if not set(key) <= set(frame.columns):
        return
    repeated = frame.duplicated(key, keep="first") & frame[key].notna().all(axis=1)
    firsts = frame[~frame.duplicated(key, keep="first")].reset_index().set_index(key)["index"]
    for index in frame.index[repeated]:
        values = tuple(frame.loc[index, key]) if len(key) > 1 else frame.loc[index, key[0]]
        first = line(frame, firsts.loc[values])
        yield Problem(
            "duplicate",
            file=f"{table}.csv",
            row=line(frame, index),
            column=", ".join(key),
            found=", ".join(str(frame.loc[index, name]) for name in key),
            expected=label("problem.row", row=first),
        )


def _reference_problems(
    table: str, frame: pd.DataFrame, column: str, target: str, known: "pd.Series[Any]"
) -> Iterator[Problem]:
    lost = frame[column].notna() & ~frame[column].isin(known)
    for index in frame.index[np.asarray(lost)]:
        yield Problem(
            "unknown_key",
            file=f"{table}.csv",
            row=line(frame, index),
            column=column,
            found=str(frame.loc[index, column]),
            expected=_key_name(target),
        )


def _key_name(target: str) -> str:
    table, key = target.split(".")
    words = {"table": value_label("table", table), "column": column_label(key, table=table)}
    return label("problem.key_of", **words)


def line(frame: pd.DataFrame, index: Any) -> int:
    """Line of the file on which a row stands."""
    counted = isinstance(frame.index, pd.RangeIndex) and frame.index.start == 0
    return int(index) + 2 if counted else int(index)
