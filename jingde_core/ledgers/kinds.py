"""Kinds of ledger as data: columns with their headings, words of the office, forms of values.

``data/ledgers/kinds/<kind>.csv`` is one kind's header map; ``words.csv`` holds what marks a
total, a signature, a unit; ``values.csv`` the ways in which a coded value is written, beside
its label in the catalogue.
"""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from jingde_core.geography.names import plain_text
from jingde_core.model.catalogue import LANGUAGES, has_label, label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped

#: what a heading or label has in brackets: a unit, a remark
BRACKETS = re.compile(r"[(\[\u3010<]([^)\]\u3011>]*)[)\]\u3011>]")


@dataclass(frozen=True)
class Field:
    """A column that a kind knows: its type, where it goes, and within which bounds it is usual.

    ``least`` and ``most`` bound a usual amount in yuan (outside, off by 10,000: suspect), a
    count, or a share. ``unit`` is the money unit where no heading says one. ``targets`` are
    ``table.column``; a ``refused`` field is another definition of ``targets``. ``total``: its
    values add up.
    """

    name: str
    type: str
    required: bool = False
    unit: str = ""
    least: float | None = None
    most: float | None = None
    total: bool = False
    default: str = ""
    targets: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()

    @property
    def used(self) -> bool:
        """Whether its values are read; a known field may only be kept as it stands."""
        return self.type not in ("known", "serial", "refused")


@dataclass(frozen=True)
class Kind:
    """A kind of ledger: its fields by name and its header map, plain heading to field."""

    name: str
    fields: dict[str, Field]
    headers: dict[str, str]

    @property
    def tables(self) -> list[str]:
        """Tables that its rows go to."""
        targets = (t for f in self.fields.values() if f.used for t in f.targets)
        return list(dict.fromkeys(target.partition(".")[0] for target in targets))

    @property
    def main(self) -> str:
        """The table that gets one row for every accepted row."""
        return "persons" if self.name == "person" else self.tables[0]


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """Every kind of ledger, by name."""
    found = {}
    for path in sorted((shipped("data") / "ledgers" / "kinds").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            fields = [_field(row) for row in csv.DictReader(file, strict=True)]
        headers = {plain_text(text): field.name for field in fields for text in field.headers}
        found[path.stem] = Kind(path.stem, {field.name: field for field in fields}, headers)
    return found


def kind_of(name: str) -> Kind:
    """The kind of this name.

    Raises
    ------
    KeyError
        for an unknown one; close names are listed.
    """
    try:
        return kinds()[name]
    except KeyError:
        raise KeyError(unknown_name(name, kinds())) from None


def _field(row: dict[str, str]) -> Field:
    return Field(
        row["field"],
        row["type"],
        row["need"] == "yes",
        row["unit"],
        float(row["least"]) if row["least"] else None,
        float(row["most"]) if row["most"] else None,
        row["total"] == "yes",
        row["default"],
        tuple(row["targets"].split()),
        tuple(row["headers"].split("|")),
    )


@lru_cache(maxsize=1)
def words() -> dict[str, tuple[str, ...]]:
    """Words of the office by use, evened out; the longest first."""
    found: dict[str, set[str]] = defaultdict(set)
    with (shipped("data") / "ledgers" / "words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            found[row["use"]].add(plain_text(row["word"]))
    return {use: tuple(sorted(texts, key=lambda t: (-len(t), t))) for use, texts in found.items()}


@lru_cache(maxsize=1)
def money_units() -> dict[str, float]:
    """Money units as they are written, in yuan; the longest first."""
    found = {
        word: float(use.split()[1])
        for use, texts in words().items()
        if use.startswith("money_unit")
        for word in texts
    }
    return dict(sorted(found.items(), key=lambda unit: -len(unit[0])))


def unit_word(yuan: float) -> str:
    """What a heading calls a unit of so many yuan."""
    return next(word for word, size in money_units().items() if size == yuan and len(word) <= 2)


@lru_cache(maxsize=1)
def _written() -> defaultdict[str, list[tuple[str, str]]]:
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    with (shipped("data") / "ledgers" / "values.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            found[row["column"]].append((row["code"], row["form"]))
    return found


@lru_cache(maxsize=64)
def forms(target: str) -> dict[str, str]:
    """Ways of writing a coded column's values, evened out, each with its code.

    A label counts with and without what it has in brackets; the codes themselves count too. A
    form without a code means that nothing can be said.
    """
    if target == "flag":
        return {plain_text(form).lower(): code for code, form in _written()["flag"]}
    codes, column = allowed(target), target.partition(".")[2]
    found: dict[str, str] = {}
    doubtful = set()
    for code in codes:
        key = f"value.{column}.{code}"
        texts = [label(key, lang=lang) for lang in LANGUAGES] if has_label(key) else []
        for text in map(plain_text, (code, *texts)):
            for form in {text.lower(), BRACKETS.sub("", text).lower()}:
                if found.setdefault(form, code) != code:
                    doubtful.add(form)
    found = {form: code for form, code in found.items() if form not in doubtful}
    for key in (column, target):
        written = ((code, form) for code, form in _written()[key] if code in ("", *codes))
        found |= {plain_text(form).lower(): code for code, form in written}
    return found


@lru_cache(maxsize=64)
def allowed(target: str) -> list[str]:
    """Codes that the table's model allows in a coded column, in its order."""
    from jingde_core.model.tables import TABLES

    table, _, column = target.partition(".")
    if (table, column) == ("households", "other_causes"):
        column = "main_cause"
    checks = TABLES[table].to_schema().columns[column].checks
    return [
        value
        for check in checks
        if check.name == "isin"
        for value in check.statistics["allowed_values"]
    ]
