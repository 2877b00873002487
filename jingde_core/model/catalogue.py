"""The one catalogue of everything that people read: labels and messages, zh and en.

Entries are rows ``key,zh,en`` of the CSV files in ``data/catalogue/``, one file a
room. Code holds keys only. A message is an entry with ``{placeholders}``.
"""

import csv
import os
from functools import lru_cache

from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped

LANGUAGES = ("zh", "en")


@lru_cache(maxsize=1)
def entries() -> dict[str, tuple[str, str]]:
    """Every entry: key to (Chinese, English). A key that stands twice is an error."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted((shipped("data") / "catalogue").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["key"] in found:
                    raise ValueError(f"{path.name}: catalogue key {row['key']!r} stands twice")
                found[row["key"]] = (row["zh"], row["en"])
    return found


def language() -> str:
    """The language of the screen: ``zh``, or ``en`` when ``$JINGDE_LANG`` says so."""
    wanted = os.environ.get("JINGDE_LANG", "zh")
    return wanted if wanted in LANGUAGES else "zh"


def label(key: str, *, lang: str | None = None, **values: object) -> str:
    """Text of a catalogue entry in the language of the screen, placeholders filled.

    Raises
    ------
    KeyError
        for a key that the catalogue lacks; close keys are listed.

    Examples
    --------
    >>> label("town", lang="en")
    'Town'
    """
    try:
        text = entries()[key][LANGUAGES.index(lang or language())]
    except KeyError:
        raise KeyError(unknown_name(key, entries())) from None
    return text.format(**values) if values else text


def has_label(key: str) -> bool:
    """Whether the catalogue holds this key."""
    return key in entries()


def column_label(column: str, *, table: str = "", lang: str | None = None) -> str:
    """Heading of a table's column; ``column.<table>.<name>`` wins over ``column.<name>``."""
    own = f"column.{table}.{column}"
    return label(own if table and has_label(own) else f"column.{column}", lang=lang)


def value_label(column: str, value: object, *, lang: str | None = None) -> str:
    """Text of a coded value; a value that is no code (a name, a year) stays as it is."""
    key = f"value.{column}.{value}"
    return label(key, lang=lang) if has_label(key) else str(value)
