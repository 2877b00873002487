"""From what people write to the register's code: names, their usual variants, old codes.

A name is one of the register's or one of its declared forms (``geodata/name_forms.csv``), after
width, invisible characters and blanks are evened out. A misspelt name is never guessed: it is
an error that lists the close ones.
"""

import unicodedata
from collections import defaultdict
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal

from jingde_core.geography.register import Town, Village, read_register, read_rows
from jingde_core.model.catalogue import label
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem

Level = Literal["village", "town"]
LEVELS: tuple[Level, ...] = ("village", "town")
CODE_LENGTH: dict[Level, int] = {"village": 12, "town": 9}


def plain_text(value: object) -> str:
    """Text without blanks and invisible characters, full-width letters and digits made plain.

    A whole number that a spreadsheet or table turned into a float loses its ``.0``; a missing
    value is the empty text.

    Examples
    --------
    >>> plain_text(" 341825\\u200b109200 "), plain_text(341825109200.0), plain_text(None)
    ('341825109200', '341825109200', '')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    even = unicodedata.normalize("NFKC", str(value))
    return "".join(c for c in even if unicodedata.category(c)[0] not in "CZ")


def resolve_village(name: object, *, town: object = None) -> str:
    """The 12-digit code of a village or community (村、社区), from its name or code.

    Parameters
    ----------
    name : object
        the name in any declared form, or the code of 2020 or 2016, as text or number.
    town : object, optional
        the town's name or code; a village of another town is then an error.

    Returns
    -------
    str
        the register's code.

    Raises
    ------
    DataError
        ``missing_value``, ``unknown_village`` or ``unknown_town`` (the expected ones are the
        close names), ``ambiguous_village``, ``wrong_member`` (of another town). The column is
        the argument at fault, "village" or "town"; the caller adds file and row.

    Examples
    --------
    The town Yunle was a township until about 2017; its villages' codes moved with it.

    >>> resolve_village("341825202200")
    '341825109200'
    """
    return _resolve(name, "village", town)


def resolve_town(name: object) -> str:
    """The 9-digit code of a town (镇), from its name, its former name or a code.

    Raises
    ------
    DataError
        ``missing_value`` or ``unknown_town``, with the close names as the expected ones.

    Examples
    --------
    >>> resolve_town(341825202), resolve_town("341825109000")
    ('341825109', '341825109')
    """
    return _resolve(name, "town", None)


def _resolve(name: object, level: Level, town: object) -> str:
    text = plain_text(name)
    if not text:
        expected = label("village_unit" if level == "village" else "town")
        raise DataError([Problem("missing_value", column=level, expected=expected)])
    codes = _known(level).get(_digits(text, level), ())
    owner = resolve_town(town) if plain_text(town) else ""
    inside = [code for code in codes if code.startswith(owner)]
    if len(inside) == 1:
        return inside[0]
    places = _places(level)
    if inside:
        expected = ", ".join(inside)
        raise DataError([Problem("ambiguous_village", column=level, found=text, expected=expected)])
    if codes:
        expected = ", ".join(_places("town")[code[:9]].name for code in codes)
        raise DataError([Problem("wrong_member", column=level, found=text, expected=expected)])
    names = [place.name for code, place in places.items() if code.startswith(owner)]
    close = ", ".join(get_close_matches(text, names, n=3, cutoff=0.5))
    raise DataError([Problem(f"unknown_{level}", column=level, found=text, expected=close)])


def _digits(text: str, level: Level) -> str:
    """The text, or of a longer code of nothing but trailing zeros its meaningful part."""
    length = CODE_LENGTH[level]
    padded = text.isdecimal() and len(text) > length and not text[length:].strip("0")
    return text[:length] if padded else text


@lru_cache(maxsize=2)
def _places(level: Level) -> dict[str, Town | Village]:
    register = read_register()
    places = register.villages if level == "village" else register.towns
    return {place.code: place for place in places}


@lru_cache(maxsize=2)
def _known(level: Level) -> dict[str, tuple[str, ...]]:
    """Every accepted name and code, with the codes of the places that it can mean."""
    path = shipped("geodata") / "name_forms.csv"
    forms = defaultdict(list)
    for row in read_rows(path, ("use", "ending", "form")):
        forms[row["use"], row["ending"]].append(row["form"])
    known: dict[str, set[str]] = defaultdict(set)
    for code, place in _places(level).items():
        use = place.kind if isinstance(place, Village) else "town"
        names = [place.name, place.former_name if isinstance(place, Town) else ""]
        for name in filter(None, names):
            for ending, texts in ((e, t) for (u, e), t in forms.items() if u == use):
                stem = name.removesuffix(ending)
                for accepted in (name, stem, *(base + t for base in (stem, name) for t in texts)):
                    known[plain_text(accepted)].add(code)
        known[code].add(code)
        known[place.code_2016].add(code)
    return {name: tuple(sorted(codes)) for name, codes in known.items()}
