"""Blank ledgers to fill in: official title, units in the headings, value lists, one example row.

What is in a template is what the kind's header map knows, so that a filled one is read without
a question. The example row and the sheet that explains the columns are passed over by the
reader. ``data/ledgers/examples.csv`` holds the example of a field, or of ``kind.field``.
"""

import csv
from functools import lru_cache
from pathlib import Path
from typing import Any

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.kinds import BRACKETS, Field, allowed, kind_of, kinds, unit_word, words
from jingde_core.ledgers.workbook import save
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.place import shipped

_NUMBERS = ("amount", "count", "quantity")
#: rows above the example: title, office, headings; rows that offer a list of values
_ABOVE, _LAST = 3, 2000


def write_template(kind: str, path: str | Path) -> Path:
    """Write a kind's blank ledger as Excel (空白模板); the same bytes each time.

    Parameters
    ----------
    kind : str
        as in `read`: ``person``, ``household``, ...
    path : str or Path
        an existing file is replaced.

    Returns
    -------
    Path
        the file.

    Raises
    ------
    KeyError
        for an unknown kind.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    fields = [f for f in kind_of(kind).fields.values() if f.used or _example(kind, f)]
    book = Workbook()
    sheet, notes = book.active, book.create_sheet(label("template.notes"))
    sheet.title = label(f"ledger.kind.{kind}")
    sheet.cell(1, 1, label("template.title", title=sheet.title)).font = Font(bold=True, size=14)
    sheet.cell(2, 1, label("template.office"))
    notes.append([label(f"template.{name}") for name in ("column", "required", "form", "values")])
    for at, about in enumerate(fields, start=1):
        letter, offered = get_column_letter(at), _offered(about)
        needed = label(f"required.{'yes' if about.required else 'no'}")
        notes.append([_heading(about), needed, label(f"template.form.{about.type}"), *offered])
        head = sheet.cell(_ABOVE, at, _heading(about))
        head.font, head.alignment = Font(bold=True), Alignment(wrap_text=True)
        sheet.cell(_ABOVE + 1, at, _example(kind, about)).fill = PatternFill("solid", "EEEEEE")
        sheet.column_dimensions[letter].width = max(12, 2 * len(_heading(about)))
        if about.type not in _NUMBERS:
            # as text from the start: a long number loses no digit
            sheet.column_dimensions[letter].number_format = "@"
        if offered:
            last = get_column_letter(3 + len(offered))
            source = f"'{notes.title}'!$D${at + 1}:${last}${at + 1}"
            rule = DataValidation("list", formula1=source, showErrorMessage=True)
            rule.add(f"{letter}{_ABOVE + 2}:{letter}{_LAST}")
            sheet.add_data_validation(rule)
    sheet.freeze_panes = sheet.cell(_ABOVE + 1, 1)
    save(book, Path(path))
    return Path(path)


def write_templates(folder: str | Path) -> list[Path]:
    """Write the blank ledger of every kind into a folder, made when missing (全部空白模板)."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    return [write_template(k, Path(folder) / f"{label(f'ledger.kind.{k}')}.xlsx") for k in kinds()]


def _heading(about: Field) -> str:
    """The usual heading with its unit."""
    unit = ""
    if about.type == "amount":
        unit = unit_word({"yuan": 1.0, "wan": 10_000.0}[about.unit])
    elif about.type in _NUMBERS and about.targets:
        from jingde_core.model.tables import TABLES

        table, _, column = about.targets[0].partition(".")
        about_column = TABLES[table].to_schema().columns[column]
        unit = BRACKETS.sub("", plain_text(label(f"unit.{about_column.metadata['unit']}")))
    return about.headers[0] + (label("views.in_unit", unit=unit) if unit else "")


def _offered(about: Field) -> list[str]:
    if about.type == "flag":
        return [label("ledger.true"), label("ledger.false")]
    if about.type != "choice":
        return []
    column = about.targets[0].partition(".")[2]
    return [value_label(column, code) for code in allowed(about.targets[0])]


@lru_cache(maxsize=1)
def _examples() -> dict[str, str]:
    path = shipped("data") / "ledgers" / "examples.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["field"]: row["example"] for row in csv.DictReader(file, strict=True)}


def _example(kind: str, about: Field) -> Any:
    """What the example row has: as the data say, else the first value of the list."""
    if about.type == "serial":
        return max(words()["example"], key=len)
    stated = _examples().get(f"{kind}.{about.name}", _examples().get(about.name))
    text = next(iter(_offered(about)), "") if stated is None else stated
    return float(text) if text and about.type in _NUMBERS else text or None
