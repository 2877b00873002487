"""What panels are made of: a field, a row, a line that says what happened, the style sheet."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from jingde_core.model.problem import DataError
from jingde_core.views import escape

_CSS = (Path(__file__).parent / "panel.css").read_text(encoding="utf-8")


def style_sheet() -> Any:
    """The panels' style, once in each panel."""
    return widgets.HTML(f"<style>{_CSS}</style>", layout={"display": "none"})


def field(kind: Any, width: str, options: Any = None, **more: Any) -> Any:
    """A control that is as wide as it says and no wider than the cell."""
    given = more if options is None else {"options": options, **more}
    layout, style = {"width": width, "max_width": "100%"}, {"description_width": "initial"}
    return kind(layout=layout, style=style, **given)


def row(controls: Iterable[Any]) -> Any:
    """Controls side by side, folded where the cell is narrow."""
    layout = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}
    row = widgets.HBox(list(controls), layout=layout)
    row.add_class("jd-row")
    return row


def say(place: Any, said: str | DataError) -> None:
    """Show a sentence, or the problems of a fault, in an HTML widget; an empty one clears it."""
    wrong = isinstance(said, DataError)
    text = "".join(p.message for p in said.problems) if isinstance(said, DataError) else said
    kind = "jd-wrong" if wrong else "jd-said"
    place.value = f'<div role="status" class="{kind}">{escape.text(text)}</div>' if text else ""
