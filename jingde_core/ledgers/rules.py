"""Rules across a sheet's rows and fields, kind by kind; what practice decides is decided here.

Quarantined: one identity number in two households, a number that names two rows, one household
with contradictory rows, more victims than members. Told and accepted: heads, members, sums.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.idnumbers import sex_of
from jingde_core.ledgers.kinds import Kind
from jingde_core.ledgers.rows import SheetRows
from jingde_core.model.catalogue import column_label, label, value_label

#: what all rows of one household must agree on
_OF_HOUSEHOLD = (
    *("village", "members", "status", "exit_status", "attribute", "main_cause"),
    *("income_per_head", "registered_on", "lifted_on"),
)
_INCOME = ("wage", "business", "property", "transfer")
_FUNDS = ("central", "province", "city", "county_funds", "other_funds")
#: yuan a head above which an income is told
_UNUSUAL_INCOME = 100_000
_YOUNGEST_HEAD = 16
Rule = Callable[[SheetRows, pd.DataFrame], None]


def check_rows(rows: SheetRows) -> None:
    """Run the rules of the sheet's kind; each says what it finds."""
    kind = rows.header.kind
    frame = pd.DataFrame(rows.values, index=rows.data, dtype=object)
    repeated = {fault.row for fault in rows.faults if fault.code == "repeated_row"}
    frame = frame[~frame.index.isin(repeated)]
    key = _key(kind)
    if key in frame:
        _duplicate_keys(rows, frame, str(key))
    for rule in _RULES.get(kind.name, ()):
        rule(rows, frame)


def _key(kind: Kind) -> str | None:
    keys = {f"{kind.main}.id", f"{kind.main}.code"}
    return next((f.name for f in kind.fields.values() if keys & set(f.targets)), None)


def check_across(sheets: list[SheetRows]) -> None:
    """Keys and identity numbers that stand in more than one sheet of a kind.

    One identity number in two households quarantines all of its rows; any other number that
    names a second row quarantines that row. Villages that no sheet has are told.
    """
    for name in dict.fromkeys(rows.header.kind.name for rows in sheets):
        alike = [rows for rows in sheets if rows.header.kind.name == name]
        if name == "village":
            _villages_missing(alike)
        for key in (_key(alike[0].header.kind), "id_number") if len(alike) > 1 else ():
            met: dict[Any, list[tuple[SheetRows, int]]] = {}
            for rows in alike:
                values = rows.values.get(str(key), ())
                for position, value in zip(rows.data.tolist(), values, strict=False):
                    if value is not None:
                        met.setdefault(value, []).append((rows, position))
            for value, there in met.items():
                if len({id(rows) for rows, _ in there}) > 1:
                    _say_across(str(key), str(value), there)


def _say_across(key: str, value: str, there: list[tuple[SheetRows, int]]) -> None:
    homes = {_value(rows, "household", position) for rows, position in there}
    apart = key == "id_number" and len(homes) > 1
    code = "id_in_two_households" if apart else "duplicate_key"
    code = "repeated_id" if key == "id_number" and not apart else code
    for rows, position in there:
        others = [place for place in there if place[0] is not rows]
        if apart or rows is not there[0][0]:
            shown = others if apart else there[:1]
            expected = label("list_comma").join(
                f"[{other.sheet.name}] {_row(other, at)}" for other, at in shown[:5]
            )
            rows.say(
                code, position, key, found=value if key != "id_number" else "", expected=expected
            )


def _value(rows: SheetRows, name: str, position: int) -> Any:
    found = rows.values.get(name)
    return None if found is None else found[int(rows.data.searchsorted(position))]


def _row(rows: SheetRows, position: int) -> str:
    return label("problem.row", row=rows.number(position))


def _written(rows: SheetRows, position: int, name: str, value: Any) -> str:
    """A value as its cell has it, else (of a merged cell) by its label."""
    column = rows.header.column(name)
    text = plain_text(rows.cells[position, column]) if column is not None else ""
    return text or value_label(name, value)


def _list(rows: SheetRows, positions: list[int]) -> str:
    return label("list_comma").join(_row(rows, position) for position in positions[:5])


def _repeats(values: "pd.Series[Any]") -> Iterator[tuple[int, Any, int]]:
    """Of values that stood before: position, value, position of the first."""
    named = values.dropna()
    again = named[named.duplicated()]
    if len(again):
        firsts = named.drop_duplicates()
        where = dict(zip(firsts, map(int, firsts.index), strict=True))
        for position, value in zip(map(int, again.index), again, strict=True):
            yield position, value, where[value]


def _groups(values: "pd.Series[Any]") -> dict[Any, list[int]]:
    """Positions of each value that is there, in order."""
    found: dict[Any, list[int]] = {}
    for position, value in zip(map(int, values.index), values, strict=True):
        if value is not None and value == value:
            found.setdefault(value, []).append(position)
    return found


def _duplicate_keys(rows: SheetRows, frame: pd.DataFrame, key: str) -> None:
    code = "household_conflict" if key == "household" else "duplicate_key"
    for position, value, first in _repeats(frame[key]):
        found = _written(rows, position, key, value)
        rows.say(code, position, key, found=found, expected=_row(rows, first))


def _one_id_two_households(rows: SheetRows, frame: pd.DataFrame) -> None:
    twice = frame["id_number"].dropna()
    for there in _groups(twice[twice.duplicated(keep=False)]).values():
        apart = frame.loc[there, "household"].nunique(dropna=False) > 1
        for position in there if apart else there[1:]:
            others = [other for other in there if other != position]
            code = "id_in_two_households" if apart else "repeated_id"
            rows.say(code, position, "id_number", expected=_list(rows, others))


def _household_conflicts(rows: SheetRows, frame: pd.DataFrame) -> None:
    """Rows of a household that contradict the first one that says anything."""
    for name in (name for name in _OF_HOUSEHOLD if name in frame):
        first: dict[Any, tuple[Any, int]] = {}
        for position, household, value in _all(frame, "household", name):
            said, where = first.setdefault(household, (value, position))
            if said != value:
                found, row = _written(rows, position, name, value), _row(rows, where)
                rows.say("household_conflict", position, name, found=found, expected=row)


def _heads(rows: SheetRows, frame: pd.DataFrame) -> None:
    """Two heads, no head, a head below 16: told once a household."""
    heads = frame[frame["relation"] == "head"]
    headed = _groups(heads["household"])
    for there in headed.values():
        if len(there) > 1:
            rows.say("several_heads", there[1], "relation", found=_list(rows, there))
    doubtful = set(frame.loc[frame["relation"].isna(), "household"])
    firsts = frame["household"].dropna().drop_duplicates()
    for position, household in zip(map(int, firsts.index), firsts, strict=True):
        if household not in headed and household not in doubtful:
            rows.say("no_head", position, "relation", found=str(household))
    if rows.as_of is not None:
        for position, number in _all(heads, "id_number"):
            age = rows.as_of.year - int(number[6:10])
            if age < _YOUNGEST_HEAD:
                rows.say("young_head", position, "id_number", found=str(age))


def _members(rows: SheetRows, frame: pd.DataFrame) -> None:
    if "members" not in frame:
        return
    counted = Counter(frame["household"].dropna())
    told = set()
    for position, household, members in _all(frame, "household", "members"):
        if household not in told and members != counted[household]:
            found, expected = f"{members:g}", str(counted[household])
            rows.say("members_differ", position, "members", found=found, expected=expected)
        told.add(household)


def _sex(rows: SheetRows, frame: pd.DataFrame) -> None:
    if "sex" in frame:
        for position, number, sex in _all(frame, "id_number", "sex"):
            if sex_of(number) != sex:
                rows.say("sex_differs", position, "sex", found=value_label("sex", sex))


def _birth(rows: SheetRows, frame: pd.DataFrame) -> None:
    if "birth" in frame:
        for position, number, birth in _all(frame, "id_number", "birth"):
            if number[6:12] != f"{birth:%Y%m}":
                rows.say("birth_differs", position, "birth", found=str(birth.date()))


def _all(frame: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    """Position and values of rows where all of the fields have one."""
    there = frame.dropna(subset=list(names))
    columns = (there[name] for name in names)
    return zip(map(int, there.index), *columns, strict=True)


def _income(rows: SheetRows, frame: pd.DataFrame) -> None:
    """Income a head: below nothing or very high is told; so is a sum that is not its parts."""
    if "income_per_head" not in frame:
        return
    told = set()
    for position, income, household in _all(frame, "income_per_head", "household"):
        if household in told or 0 < income <= _UNUSUAL_INCOME:
            continue
        told.add(household)
        code = "negative_income" if income <= 0 else "unusual_income"
        rows.say(code, position, "income_per_head", found=f"{income:.2f}")
    parts = (*_INCOME, "business_cost")
    if not all(name in frame for name in (*parts, "members")):
        return
    for position, income, members, *values in _all(frame, "income_per_head", "members", *parts):
        total = sum(values[:4]) - values[4]
        if members and abs(total / members - income) > 0.0051:
            _differs(rows, position, "income_per_head", total / members, income)
    if "net_income" in frame:
        for position, net, *values in _all(frame, "net_income", *parts):
            total = sum(values[:4]) - values[4]
            if abs(total - net) > 0.011:
                _differs(rows, position, "net_income", total, net)


def _differs(rows: SheetRows, position: int, name: str, total: float, said: float) -> None:
    expected = label("ledger.difference", total=f"{total:.2f}", difference=f"{said - total:.2f}")
    rows.say("sum_mismatch", position, name, found=f"{said:.2f}", expected=expected)


def _fund_sources(rows: SheetRows, frame: pd.DataFrame) -> None:
    sources = [name for name in _FUNDS if name in frame]
    if not sources:
        return
    given = frame[sources].astype(float).sum(axis=1, min_count=1)
    for position, value, parts in _all(frame.assign(given=given), "original_value", "given"):
        if abs(parts - value) > 0.011:
            _differs(rows, position, "original_value", parts, value)


def _progress(rows: SheetRows, frame: pd.DataFrame) -> None:
    """Printed progress against paid over budget, to the printed tenth of a percent."""
    if "progress" in frame:
        for position, said, paid, budget in _all(frame, "progress", "paid", "budget"):
            if budget and abs(paid / budget - said) > 0.0011:
                _differs(rows, position, "progress", paid / budget, said)


def _no_more(code: str, least: str, most: str, at: str) -> Rule:
    """A rule: of two fields that are both said the first is no more than the second."""

    def rule(rows: SheetRows, frame: pd.DataFrame) -> None:
        if least in frame and most in frame:
            for position, *pair in _all(frame, least, most):
                if pair[0] > pair[1]:
                    shown = [f"{v.date()}" if isinstance(v, datetime) else f"{v:g}" for v in pair]
                    found, expected = shown if at == least else reversed(shown)
                    rows.say(code, position, at, found=found, expected=expected)

    return rule


def _parts_of(part: str, whole: str) -> Rule:
    return _no_more("part_above_whole", part, whole, part)


def _in_order(first: str, later: str) -> Rule:
    return _no_more("dates_out_of_order", first, later, later)


def _same_day_twice(rows: SheetRows, frame: pd.DataFrame) -> None:
    """A household hit twice on different days is two rows; twice alike on one day is one."""
    met: dict[tuple[Any, ...], int] = {}
    for position, *key in _all(frame, "household", "date", "kind"):
        first = met.setdefault(tuple(key), position)
        if first != position:
            found, row = str(key[0]), _row(rows, first)
            rows.say("same_day_twice", position, "date", found=found, expected=row)


def _months_of_work(rows: SheetRows, frame: pd.DataFrame) -> None:
    """Somebody who works says for how many months: none said is not zero."""
    if "work_months" in frame and "work" in frame:
        working = frame["work"].notna() & (frame["work"] != "none")
        faulty = rows.header.column("work_months")
        for position in frame.index[working & frame["work_months"].isna()]:
            if faulty not in rows.bad.get(position, ()):
                expected = column_label("work_months", table="persons")
                rows.say("required_missing", int(position), "work_months", expected=expected)


def _villages_missing(sheets: list[SheetRows]) -> None:
    from jingde_core.geography.register import read_register

    there = {code for rows in sheets for code in rows.values["village"]}
    missing = [v.name for v in read_register().villages if v.code not in there]
    if missing:
        names, last = label("list_comma").join(missing), sheets[-1]
        last.say("missing_villages", None, "village", found=str(len(missing)), expected=names)


_RULES: dict[str, tuple[Rule, ...]] = {
    "person": (
        *(_one_id_two_households, _household_conflicts, _heads, _members, _sex, _birth, _income),
        *(_months_of_work, _in_order("registered_on", "lifted_on")),
    ),
    "household": (
        *(_income, _in_order("registered_on", "lifted_on")),
        _in_order("lifted_on", "left_on"),
    ),
    "village": (
        _parts_of("rural_population", "population"),
        _parts_of("registered_persons", "population"),
        _parts_of("lifted_persons", "population"),
    ),
    "asset": (_fund_sources,),
    "project": (_parts_of("paid", "budget"), _progress),
    "flood": (
        _parts_of("victims", "members"),
        _same_day_twice,
        _in_order("date", "mended_on"),
    ),
    "relief": (_parts_of("persons", "members"),),
    "loan": (_in_order("granted_on", "due_on"),),
    "post": (_in_order("starts_on", "ends_on"),),
    "risk": (_in_order("found_on", "cleared_on"),),
    "problem": (_in_order("found_on", "due_on"), _in_order("found_on", "closed_on")),
}
