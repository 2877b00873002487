"""From a sheet's accepted rows to the tables of the model, checked; what is derived is said.

A row's own number (household, person, asset, contract) is its key as it stands. Where a ledger
has none (damage, relief, risks, posts, ledger entries), the key is a hash of the row's own
values, so that the same row gets the same key whichever file it comes in.
"""

import hashlib
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.check import column_types
from jingde_core.ledgers.idnumbers import sex_of
from jingde_core.ledgers.kinds import forms
from jingde_core.ledgers.rows import SheetRows
from jingde_core.model.catalogue import column_label, has_label, label


def build_tables(rows: SheetRows) -> dict[str, pd.DataFrame]:
    """Tables of the rows that are right; rows that break a model's check are quarantined first.

    The index of a frame is the position of its row (for households out of a person export, of
    the household's first accepted row).
    """
    kind = rows.header.kind
    table = kind.main
    columns = _columns(rows, table)
    _require(rows, table, columns)
    right = pd.Index([row for row in rows.data.tolist() if row not in rows.bad], dtype="int64")
    frame = _checked(rows, table, _typed(table, columns, right))
    tables = {table: frame}
    if kind.name == "person":
        tables["identity"] = _typed("identity", _columns(rows, "identity"), frame.index)
        homes = tables["households"] = _households(rows, frame.index)
        for row in frame.index[~frame["household"].isin(homes["id"])].difference(list(rows.bad)):
            rows.say(
                "broken_household", int(row), "household", found=str(frame.at[row, "household"])
            )
    return {name: rows_of[~rows_of.index.isin(rows.bad)] for name, rows_of in tables.items()}


def _columns(rows: SheetRows, table: str) -> dict[str, "pd.Series[Any]"]:
    """Every column of a table: from its field, derived, by its stated default, or empty."""
    kind, found = rows.header.kind, {}
    for about in kind.fields.values():
        for target in about.targets if about.used else ():
            name, _, column = target.partition(".")
            if name == table:
                values = rows.values.get(about.name, np.full(len(rows.data), None, object))
                found[column] = pd.Series(values, index=rows.data, dtype=object)
    _derive(rows, table, found)
    for about in kind.fields.values():
        for target in about.targets if about.default else ():
            name, _, column = target.partition(".")
            if name == table:
                found[column] = _defaulted(rows, about.name, about.default, found[column])
    for column in _model(table).columns:
        found.setdefault(column, pd.Series(None, index=rows.data, dtype=object))
    if "id" in found and found["id"].isna().any():
        found["id"] = found["id"].where(found["id"].notna(), _hashed(table, found))
    return {column: found[column] for column in _model(table).columns}


def _model(table: str) -> Any:
    from jingde_core.model.tables import STORE_ONLY, TABLES

    return {**TABLES, **STORE_ONLY}[table].to_schema()


def _defaulted(
    rows: SheetRows, name: str, default: str, values: "pd.Series[Any]"
) -> "pd.Series[Any]":
    """Empty cells by the kind's stated default; told once a column, with their number."""
    column = rows.header.column(name)
    empty = [
        r
        for r in values.index[values.isna()]
        if column is None or column not in rows.bad.get(r, ())
    ]
    if not empty:
        return values
    about = rows.header.kind.fields[name]
    word = about.targets[0].partition(".")[2]
    shown = f"value.{word}.{default}"
    flag = f"ledger.{default}"
    text = label(shown) if has_label(shown) else label(flag) if has_label(flag) else default
    rows.say("default_used", None, name, found=f"{about.headers[0]} {len(empty)}", expected=text)
    values = values.copy()
    values.loc[empty] = {"true": True, "false": False}.get(default, default)
    return values


def _derive(rows: SheetRows, table: str, found: dict[str, "pd.Series[Any]"]) -> None:
    """Columns that a ledger does not have, out of those that it has."""
    if table == "persons":
        ids = rows.values["id_number"]
        sex = pd.Series([sex_of(n) if n else None for n in ids], rows.data, dtype=object)
        found["sex"] = found["sex"].where(found["sex"].notna(), sex)
        years = [int(n[6:10]) if n else None for n in ids]
        found["birth_year"] = pd.Series(years, rows.data, dtype=object)
        idle = found["work"].isna() | (found["work"] == "none")
        months = found["work_months"]
        found["work_months"] = months.where(months.notna() | ~idle, 0)
    elif table == "villages":
        from jingde_core.geography.register import read_register

        places = {place.code: place for place in read_register().villages}
        for column in ("name", "kind"):
            found[column] = found["code"].map(lambda c, n=column: getattr(places.get(c), n, None))
        found["town"] = found["code"].str[:9].astype(object)
    elif table == "households":
        found["hamlet"] = _hamlets(rows, found["village"])
    elif table in ("damages", "relief"):
        said = found["event"]
        found["event"] = said.where(said.notna(), found["date"].map(_event, na_action="ignore"))
    elif table == "loans" and "due_on" in rows.values:
        due = pd.Series(rows.values["due_on"], index=rows.data, dtype=object)
        both = due.notna() & found["granted_on"].notna() & found["months"].isna()
        for row in due.index[both]:
            start, end = found["granted_on"][row], due[row]
            months = (end.year - start.year) * 12 + end.month - start.month
            found["months"][row] = max(months, 1)
    elif table == "ledger_entries" and "ledger" not in rows.values:
        title = plain_text(rows.header.title)
        known = forms("ledger_entries.ledger")
        codes = {code for form, code in known.items() if not form.isascii() and form in title}
        if len(codes) == 1:
            found["ledger"] = pd.Series(codes.pop(), index=rows.data, dtype=object)


def _event(day: Any) -> str:
    return f"FLOOD-{day:%Y-%m}"


def _hamlets(rows: SheetRows, villages: "pd.Series[Any]") -> "pd.Series[Any]":
    """Numbers of the hamlets in each village, by the order of their names; 1 where none is said."""
    names = rows.values.get("hamlet", np.full(len(rows.data), None, object))
    pairs = [(village or "", name or "") for village, name in zip(villages, names, strict=True)]
    numbers: dict[tuple[str, str], int] = {}
    met: Counter[str] = Counter()
    for pair in sorted(set(pairs)):
        met[pair[0]] += 1
        numbers[pair] = met[pair[0]]
    return pd.Series([numbers[pair] for pair in pairs], index=rows.data, dtype=object)


def _hashed(table: str, columns: dict[str, "pd.Series[Any]"]) -> "pd.Series[str]":
    """A key out of a row's values; equal rows are numbered in their order."""
    parts = [values for name, values in columns.items() if name != "id"]
    seen: Counter[str] = Counter()
    keys = []
    for cells in zip(*parts, strict=True):
        text = "\x1f".join(map(str, cells))
        seen[text] += 1
        digest = hashlib.sha256(f"{text}\x1f{seen[text]}".encode()).hexdigest()
        keys.append(table[:1].upper() + digest[:15])
    return pd.Series(keys, index=parts[0].index)


def _require(rows: SheetRows, table: str, columns: dict[str, "pd.Series[Any]"]) -> None:
    """What the kind or the model requires and a row lacks, unless its cell is at fault already."""
    kind = rows.header.kind
    fields = {t: about for about in kind.fields.values() for t in about.targets if about.used}
    told = set()
    for about in kind.fields.values():
        if about.required and about.name in rows.values:
            empty = rows.data[pd.isna(rows.values[about.name])]
            _say_missing(rows, empty.tolist(), about.name, about.headers[0])
            told.add(about.name)
    for column, about in _model(table).columns.items():
        field = fields.get(f"{table}.{column}")
        if not about.nullable and not (field and field.name in told):
            empty = columns[column].index[columns[column].isna()].to_numpy()
            heading = column_label(column, table=table)
            _say_missing(rows, empty.tolist(), field.name if field else None, heading)


def _say_missing(rows: SheetRows, empty: list[int], name: str | None, heading: str) -> None:
    column = rows.header.column(name) if name else None
    for row in empty:
        at_fault = rows.bad.get(row, ())
        if not (at_fault if column is None else {column, None} & set(at_fault)):
            rows.say("required_missing", row, column, expected=heading)


def _typed(
    table: str, columns: dict[str, "pd.Series[Any]"], index: "pd.Index[Any]"
) -> pd.DataFrame:
    types = column_types(table) if table != "identity" else dict.fromkeys(columns, "str")
    typed: dict[str, Any] = {}
    for name, values in columns.items():
        values = values.loc[index]
        if types[name] == "date":
            typed[name] = pd.to_datetime(values).astype("datetime64[us]")
        elif types[name] == "str":
            typed[name] = values.where(values.notna(), None).astype("str")
        elif types[name] in ("int64", "bool"):
            number = np.asarray(values, dtype="float64" if types[name] == "int64" else "bool")
            typed[name] = pd.Series(number.astype(types[name]), index=index)
        else:
            typed[name] = pd.Series(pd.to_numeric(values).to_numpy(types[name]), index=index)
    return pd.DataFrame(typed, index=index)


def _checked(rows: SheetRows, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Hold the rows to the model: what breaks a check is said and leaves the table."""
    if not len(frame):
        return frame
    schema = _model(table)
    for name, column in schema.columns.items():
        for check in column.checks:
            if check.name != "str_matches":
                _say_broken(rows, table, frame, name, check)
    for check in schema.checks:
        failed = ~check(frame).check_output.to_numpy(dtype=bool)
        for row in frame.index[failed]:
            if row not in rows.bad:
                rows.say("broken_rule", int(row), expected=label(f"rule.{check.name}"))
    return frame.loc[[row for row in frame.index if row not in rows.bad]]


def _say_broken(rows: SheetRows, table: str, frame: pd.DataFrame, name: str, check: Any) -> None:
    output = check(frame[name]).check_output
    failed = frame.index[~output.reindex(frame.index, fill_value=True).to_numpy(dtype=bool)]
    if not len(failed):
        return
    kind = rows.header.kind
    target = f"{table}.{name}"
    field = next((f.name for f in kind.fields.values() if target in f.targets), None)
    values = ", ".join(f"{value}" for value in check.statistics.values())
    words = f"check.{check.name}"
    expected = label(words, value=values) if has_label(words) else check.name
    for row in failed:
        rows.say("wrong_value", int(row), field, found=str(frame.at[row, name]), expected=expected)


def _households(rows: SheetRows, accepted: "pd.Index[Any]") -> pd.DataFrame:
    """Households of a person export: of each field the first that its rows say.

    Members are the rows of the household in the file, less exact repeats, accepted or not:
    a quarantined member is mended, not gone.
    """
    columns = _columns(rows, "households")
    columns.pop("members", None)
    repeated = {fault.row for fault in rows.faults if fault.code == "repeated_row"}
    frame = pd.DataFrame(columns, dtype=object)
    counted = frame.loc[~frame.index.isin(repeated)].groupby("id").size()
    frame = frame.loc[accepted]
    firsts = frame.groupby("id", sort=False).first()
    where = frame["id"].drop_duplicates()
    firsts = firsts.reindex(where)
    firsts.insert(0, "id", where.to_numpy())
    firsts["members"] = counted.reindex(where).to_numpy()
    firsts.index = where.index
    ordered = {name: firsts[name] for name in _model("households").columns}
    return _checked(rows, "households", _typed("households", ordered, firsts.index))
