"""What a cell means: text as people and spreadsheets write it, made a value of its type.

Each reader takes one cell and returns a ``Cell``: the value (None for an empty cell) and,
where something is to be said, the code of the problem with what was found and expected.
``WARNINGS`` are accepted; any other code quarantines the row. Nothing is guessed: what can be
read in two ways is a fault. A column is read by its distinct values.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.dates import parse_day
from jingde_core.ledgers.idnumbers import parse_id
from jingde_core.ledgers.kinds import Field, allowed, forms, money_units, words
from jingde_core.model.catalogue import label, value_label

#: codes that are told and accepted; every other one quarantines its row
WARNINGS = frozenset(
    {
        *("id_upgraded", "id_disability", "number_as_text", "converted_unit", "yearless_date"),
        *("percent_ambiguous", "unclear_value", "several_values", "odd_phone", "sex_differs"),
        *("sum_mismatch", "negative_income", "unusual_income", "several_heads", "no_head"),
        *("young_head", "members_differ", "wrong_sum", "hidden_row", "orphan", "empty_household"),
    }
)
_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(\.\d+)?(?:[eE]([+-]?\d{1,2}))?")
_SCIENTIFIC = re.compile(r"\d\.?\d*[eE]\+?\d\d?")
_PHONE = re.compile(r"(\+?86)?1\d{10}|0\d{9,11}|[2-8]\d{6,7}")
_SEVERAL = re.compile(r"[,;/|+\u3001]")
_DIGITS15 = 10**15


class Cell(NamedTuple):
    """A cell's value, and what is to be said of it."""

    value: Any = None
    code: str = ""
    found: str = ""
    expected: str = ""


EMPTY = Cell()


@dataclass(frozen=True)
class Reading:
    """What surrounds a column: its field, money unit in yuan, the file's date system and days."""

    field: Field
    unit: float = 1.0
    epoch_1904: bool = False
    year: int | None = None
    as_of: date | None = None


Reader = Callable[[Any, Reading], Cell]
Objects = npt.NDArray[np.object_]


def read_column(cells: Objects, reading: Reading) -> tuple[Objects, list[tuple[int, Cell]]]:
    """Values of a column's cells, and the cells of which something is to be said.

    Parameters
    ----------
    cells : array of object, shape (rows,)
        as calamine or the CSV reader gives them.
    reading : Reading

    Returns
    -------
    tuple of array and list
        values (None where empty or at fault) and (position, cell) in order of position.
    """
    reader = READERS[reading.field.type]
    codes, distinct = pd.factorize(cells, use_na_sentinel=False)
    read = [_cell(value, reading, reader) for value in distinct]
    values = np.empty(len(read), dtype=object)
    values[:] = [cell.value for cell in read]
    said = np.array([bool(cell.code) for cell in read], dtype=bool)
    places: list[int] = np.flatnonzero(said[codes]).tolist() if said.any() else []
    return values[codes], [(i, read[codes[i]]) for i in places]


def _cell(value: Any, reading: Reading, reader: Reader) -> Cell:
    if value is None or value == "":
        return EMPTY
    if isinstance(value, str) and not value.isalnum():
        value = _unwrapped(value)
        if not value:
            return EMPTY
        if value[0] == "#" and value in words()["error"]:
            return Cell(None, "error_cell", value)
        if "\ufffd" in value:
            return Cell(None, "damaged_text", value)
    return reader(value, reading)


def _unwrapped(text: str) -> str:
    """Text without what holds it as text in a spreadsheet: an apostrophe, a tab, ``="..."``."""
    text = text.strip().strip("\u200b\ufeff").strip()
    if text[:2] in ('="', "='") and text[-1:] == text[1]:
        text = text[2:-1]
    return text[1:].lstrip() if text[:1] in ("'", "\u2019") else text


def plain(value: Any) -> str:
    """``plain_text``, at once for what is plain already."""
    if isinstance(value, str) and value.isalnum() and value.isascii():
        return value
    return plain_text(value)


def _blank(text: str) -> bool:
    """Whether a mark stands for nothing; marks are short."""
    return len(text) < 6 and text in words()["blank"]


def _name(value: Any, _: Reading) -> Cell:
    """A name as it is written: only blanks and invisible characters go, nothing is evened."""
    if not isinstance(value, str):
        return Cell(None, "wrong_type", plain(value), label("type.str"))
    kept = value if value.isalnum() else "".join(c for c in value if not _unseen(c))
    if any(char.isdecimal() for char in kept):
        return Cell(None, "wrong_type", kept, label("ledger.name"))
    if not any(char.isascii() and char.isalpha() for char in kept):
        kept = "".join(kept.split())
    return Cell(kept.strip() or None)


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")


def _text(value: Any, reading: Reading) -> Cell:
    text = value.strip() if isinstance(value, str) else plain(value)
    if isinstance(value, date | time | timedelta):
        return Cell(None, "wrong_type", text, label("type.str"))
    text = " ".join("".join(" " if _unseen(c) and c in "\r\n\t" else c for c in text).split())
    return EMPTY if _blank(text) else Cell(text)


def _code(value: Any, _: Reading) -> Cell:
    """A number that names something: text; one that a spreadsheet cut short is lost."""
    if isinstance(value, date | time | timedelta):
        return Cell(None, "wrong_type", str(value), label("type.str"))
    if isinstance(value, float):
        if not value.is_integer() or abs(value) > 2**53:
            return Cell(None, "precision_lost", f"{value:.15g}")
        text = str(int(value))
        return Cell(text, "number_as_text", text) if abs(value) >= _DIGITS15 else Cell(text)
    text = plain(value)
    if text.endswith(".0") and text[:-2].isdecimal():
        return _code(float(text), _)
    if not text.isdecimal() and _SCIENTIFIC.fullmatch(text):
        return Cell(None, "precision_lost", text)
    return EMPTY if _blank(text) else Cell(text)


def _id_number(value: Any, reading: Reading) -> Cell:
    if isinstance(value, float) and abs(value) >= _DIGITS15:
        return Cell(None, "precision_lost", label("ledger.number_cell"))
    text = plain(value)
    if "." in text and _SCIENTIFIC.fullmatch(text):
        return Cell(None, "precision_lost", label("ledger.number_cell"))
    if _blank(text):
        return EMPTY
    about = parse_id(text)
    late = about.birth is not None and reading.as_of is not None and about.birth > reading.as_of
    if about.fault or late:
        return Cell(None, about.fault or "id_birth", label("ledger.length", count=len(text)))
    found = label("ledger.length", count=len(text)) if about.note else ""
    return Cell(about.number, about.note, found)


def _card(value: Any, reading: Reading) -> Cell:
    cell = _code(value, reading)
    hidden = label("ledger.number_cell") if cell.code else ""
    return cell._replace(found=hidden)


def _phone(value: Any, reading: Reading) -> Cell:
    text = plain(value)
    if _blank(text):
        return EMPTY
    if _PHONE.fullmatch(text) or all(
        _PHONE.fullmatch(n) for n in _SEVERAL.split(text.replace("-", "")) if n
    ):
        return Cell(text)
    return Cell(text, "odd_phone", label("ledger.length", count=len(text)))


def _number(value: Any) -> tuple[float, str] | None:
    """A number and the unit behind it, or None: signs of money, separators, counters go."""
    if isinstance(value, float | int):
        return float(value), ""
    text = plain(value)
    for sign in words()["currency"]:
        text = text.removeprefix(sign)
    found = _NUMBER.match(text)
    if not found or not (found[2] or found[3]):
        return None
    number = float(f"{found[1]}{found[2].replace(',', '')}{found[3] or ''}e{found[4] or 0}")
    return number, text[found.end() :]


def _count(value: Any, reading: Reading) -> Cell:
    cell = _quantity(value, reading)
    if cell.value is None or float(cell.value).is_integer():
        return cell
    return Cell(None, "wrong_type", str(value), label("type.int64"))


def _quantity(value: Any, reading: Reading) -> Cell:
    if (empty := _empty(value)) is not None:
        return empty
    read = _number(value)
    if read is None or (read[1] and read[1] not in words()["counter"]):
        return Cell(None, "wrong_type", str(value).strip(), label("type.float64"))
    return _bounded(read[0], reading.field)


def _bounded(number: float, about: Field) -> Cell:
    if about.least is not None and number < about.least:
        expected = label("check.greater_than_or_equal_to", value=f"{about.least:g}")
        return Cell(None, "wrong_value", f"{number:g}", expected)
    if about.most is not None and number > about.most:
        expected = label("check.less_than_or_equal_to", value=f"{about.most:g}")
        return Cell(None, "wrong_value", f"{number:g}", expected)
    return Cell(number)


def _amount(value: Any, reading: Reading) -> Cell:
    """Yuan on whole fen; a unit behind the figure wins over the heading's, and is told."""
    if (empty := _empty(value)) is not None:
        return empty
    read = _number(value)
    unit = reading.unit if read is None or not read[1] else money_units().get(read[1])
    if read is None or unit is None:
        return Cell(None, "wrong_type", str(value).strip(), label("type.float64"))
    yuan = round(read[0] * unit, 2)
    about, size = reading.field, abs(yuan)
    if (about.most is not None and size > about.most) or (
        about.least is not None and 0 < size < about.least
    ):
        unit_word = label("ledger.unit", yuan=f"{unit:g}")
        return Cell(None, "unit_suspect", str(value).strip(), f"{unit_word} = {_in_words(yuan)}")
    if unit != reading.unit:
        return Cell(yuan, "converted_unit", str(value).strip(), f"{yuan:.2f}")
    return Cell(yuan)


def _in_words(yuan: float) -> str:
    unit = 1e8 if abs(yuan) >= 1e8 else 1e4 if abs(yuan) >= 1e4 else 1
    return label(f"ledger.yuan_{unit:.0f}", amount=f"{yuan / unit:g}")


def _percent(value: Any, reading: Reading) -> Cell:
    """A share: ``1.2%`` and a 0.012 in percent format are 0.012; a bare 1.2 can be read twice."""
    if (empty := _empty(value)) is not None:
        return empty
    read = _number(value)
    if read is None or read[1] not in ("", "%"):
        return Cell(None, "wrong_type", str(value).strip(), label("ledger.percent"))
    if read[1] == "%":
        return _bounded(read[0] / 100, reading.field)
    return Cell(None, "percent_ambiguous", str(value).strip(), label("ledger.percent"))


def _empty(value: Any) -> Cell | None:
    """The empty cell of what is no number at all; dates are none either."""
    if isinstance(value, date | time | timedelta):
        return Cell(None, "wrong_type", str(value), label("type.float64"))
    if isinstance(value, str):
        text = plain(value)
        if text in words()["unclear"]:
            return Cell(None, "unclear_value", text)
        if not text or _blank(text):
            return EMPTY
    return None


def _choice(value: Any, reading: Reading) -> Cell:
    """A coded value by any of its forms; of several in one cell the gravest, and it is told."""
    target = "flag" if reading.field.type == "flag" else reading.field.targets[0]
    known, text = forms(target), plain(value).lower()
    if text in known:
        return Cell(known[text] or None)
    if _blank(text):
        return EMPTY
    if text in words()["unclear"]:
        return Cell(None, "unclear_value", text)
    parts = [part for part in _SEVERAL.split(text) if part]
    if len(parts) > 1 and all(known.get(part) for part in parts):
        order = allowed(target)
        gravest = max((known[part] for part in parts), key=order.index)
        column = target.partition(".")[2]
        return Cell(gravest, "several_values", text, value_label(column, gravest))
    return Cell(None, "wrong_value", plain(value), _offered(target))


def _offered(target: str) -> str:
    column = target.rpartition(".")[2]
    codes = ["true", "false"] if target == "flag" else allowed(target)
    texts = [label(f"ledger.{c}") if target == "flag" else value_label(column, c) for c in codes]
    return label("check.isin", value=label("list_comma").join(texts))


def _choices(value: Any, reading: Reading) -> Cell:
    known, text = forms(reading.field.targets[0]), plain(value).lower()
    parts = [part for part in _SEVERAL.split(text) if part]
    if _blank(text):
        return EMPTY
    if not all(part in known for part in parts):
        return Cell(None, "wrong_value", text, _offered(reading.field.targets[0]))
    return Cell(";".join(dict.fromkeys(known[part] for part in parts)) or None)


def _flag(value: Any, reading: Reading) -> Cell:
    cell = _choice(value, reading)
    return cell if cell.value is None else cell._replace(value=cell.value == "true")


def _date(value: Any, reading: Reading) -> Cell:
    text = plain(value)
    if _blank(text):
        return EMPTY
    if text in words()["unclear"]:
        return Cell(None, "unclear_value", text)
    day, code = parse_day(value, epoch_1904=reading.epoch_1904, year=reading.year)
    if day is not None and reading.field.name == "birth" and reading.as_of is not None:
        code = "bad_date" if day.date() > reading.as_of else code
    return Cell(None if code and code not in WARNINGS else day, code, str(value).strip())


READERS: dict[str, Reader] = {
    "text": _text,
    "name": _name,
    "code": _code,
    "town": _code,
    "village": _code,
    "id_number": _id_number,
    "card": _card,
    "phone": _phone,
    "count": _count,
    "quantity": _quantity,
    "amount": _amount,
    "percent": _percent,
    "choice": _choice,
    "choices": _choices,
    "flag": _flag,
    "date": _date,
}
