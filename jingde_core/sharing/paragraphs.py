"""Live paragraphs: sentences of our own whose every number comes from the rows, with its note.

A template is a catalogue entry whose placeholders are figures of ``data/reconciliation.csv``
(``{registered_persons_now}``); ``reconcile`` works them out, so that a paragraph and the
reconciliation can never differ. A figure that no row gives is the report's, and its note says so.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.model.catalogue import has_label, label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.sharing.files import deliver
from jingde_core.views import escape, marks
from jingde_core.views.tables import foot

if TYPE_CHECKING:
    from jingde_core.county import County

_MEASURE = re.compile(r'measure\(county, "(\w+)"')
_NOTE = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Paragraphs:
    """Sentences with numbered notes, the marks of their data and their source line."""

    texts: tuple[str, ...]
    notes: tuple[str, ...]
    stamps: tuple[str, ...]
    source: str

    def _repr_html_(self) -> str:
        raised = [_NOTE.sub(r"<sup>\1</sup>", escape.text(text)) for text in self.texts]
        shown = [
            f"<h3>{text[3:]}</h3>" if text.startswith("## ") else f"<p>{text}</p>"
            for text in raised
        ]
        told = "".join(f"<li>{escape.text(note)}</li>" for note in self.notes)
        name = escape.text(label("sharing.notes"))
        return (
            f'<div class="jd-paragraph">{"".join(shown)}</div>'
            f'<details class="jd-notes"><summary>{name}</summary><ol>{told}</ol></details>'
            + foot([self.source], self.stamps)
        )

    def __str__(self) -> str:
        return "\n".join(_NOTE.sub("", text).removeprefix("## ") for text in self.texts)


def paragraph(county: "County", *templates: str) -> Paragraphs:
    """Sentences with their numbers worked out now and a note for each (动态段落).

    A template that begins with ``## `` is a heading. Numbers are written as the county writes
    them: 4171 persons, 8635.6 (10k yuan), 96.2 %, to the digits that the report prints; a note
    says where that is a rounding.

    Parameters
    ----------
    templates : str
        Catalogue keys, or texts with figure ids in braces.

    Raises
    ------
    KeyError
        for a figure that does not exist; the close ones are listed.
    """
    from jingde_core.county import reconcile

    figures = reconcile(county).set_index("figure_id").to_dict("index")
    notes: dict[str, str] = {}
    texts = [_written(label(t) if has_label(t) else t, figures, notes) for t in templates]
    kinds = marks.kinds(county.provenance)
    source = marks.source_line(kinds, marks.as_of(county.provenance))
    return Paragraphs(tuple(texts), tuple(notes.values()), marks.marks(kinds), source)


def _written(template: str, figures: dict[Any, Any], notes: dict[str, str]) -> str:
    parts = []
    for literal, name, _, _ in Formatter().parse(template):
        parts.append(literal)
        if name is None:
            continue
        if name not in figures:
            raise KeyError(unknown_name(name, figures))
        text, rounded = figure_text(figures[name])
        notes.setdefault(name, _note(figures[name], rounded))
        parts.append(f"{text}[{[*notes].index(name) + 1}]")
    return "".join(parts)


def figure_text(figure: dict[str, Any]) -> tuple[str, bool]:
    """A figure as the county writes it, with its unit, and whether that rounds it.

    Examples
    --------
    >>> figure = {"computed": 86.36, "reported": 86.4, "unit": "percent", "qualifier": "rounded"}
    >>> figure_text(figure)
    ('86.4%', True)
    """
    value = figure["reported"] if pd.isna(figure["computed"]) else figure["computed"]
    if pd.isna(value):
        return label("no_data"), False
    printed = f"{figure['reported']:.10f}".rstrip("0")
    digits = min(len(printed.partition(".")[2]), 2)
    down = value // 10**-digits * 10**-digits if figure["qualifier"] == "truncated" else value
    text = f"{down:.{digits}f}"
    unit = f"sharing.unit.{figure['unit']}"
    return text + (label(unit) if has_label(unit) else ""), abs(float(text) - value) > 1e-9


def _note(figure: dict[str, Any], rounded: bool) -> str:
    metrics = [label(f"metric.{name}") for name in _MEASURE.findall(figure["rule"])]
    definition = label("views.list_comma").join(dict.fromkeys(metrics))
    told = [
        label("sharing.definition", name=definition) if definition else "",
        value_label("basis", figure["basis"]),
        label("sharing.as_of", as_of=value_label("as_of", figure["as_of"])),
        label("sharing.rounded") if rounded else "",
        figure["note"],
    ]
    return label(
        "sharing.note",
        name=figure["measure"],
        told=label("views.semicolon").join(filter(None, told)),
    )


def document(
    parts: Paragraphs | Iterable[Paragraphs], path: str | Path, *, title: str = ""
) -> Path:
    """Paragraphs as a Word file for pasting into a report (导出Word).

    Returns
    -------
    Path
        The file, the same bytes for the same paragraphs; beside ``path`` where that is locked.

    Raises
    ------
    DataError
        naming every person found in it.
    """
    from docx import Document
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    whole: Sequence[Paragraphs] = [parts] if isinstance(parts, Paragraphs) else list(parts)
    book = Document()
    book.core_properties.author = book.core_properties.comments = ""
    style = book.styles["Normal"]
    style.font.size = Pt(16)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(
        qn("w:eastAsia"), label("sharing.word_font")
    )
    if title:
        book.add_heading(escape.shown(title), level=1)
    for part in whole:
        for text in part.texts:
            heading = text.startswith("## ")
            line = book.add_paragraph()
            line.paragraph_format.first_line_indent = Pt(0 if heading else 32)
            for place, piece in enumerate(_NOTE.split(escape.shown(text.removeprefix("## ")))):
                run = line.add_run(piece)
                run.font.superscript, run.bold = place % 2 == 1, heading
        for number, note in enumerate(part.notes, start=1):
            book.add_paragraph().add_run(f"{number}. {escape.shown(note)}").font.size = Pt(9)
        for stamp in part.stamps:
            run = book.add_paragraph().add_run(stamp)
            run.font.size, run.font.color.rgb = Pt(10.5), RGBColor(0xA6, 0x1C, 0x1C)
        book.add_paragraph().add_run(part.source).font.size = Pt(10.5)
    return deliver(book, path)
