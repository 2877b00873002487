"""How a number is written for a reader: fractions as percent, yuan or 10k yuan, thousands.

Tables hold fractions and yuan; only here do they become percent and 10k yuan. A value that
is not known is never a number: it is written as the glossary's no-data text.
"""

import math
from string import Formatter
from typing import Any

from jingde_core.model.catalogue import has_label, label

STYLES = ("percent", "yuan", "wan", "count", "index", "exact")
_STYLE_OF_UNIT = {"1": "percent", "index": "index", "persons": "count", "households": "count"}


def style_of(unit: str) -> str:
    """Style in which values of a unit are written when nothing else is declared."""
    return _STYLE_OF_UNIT.get(unit, "yuan" if unit.startswith("yuan") else "plain")


def number(value: Any, style: str = "plain", *, trim: bool = False) -> str:
    """A number without its unit's name; ``trim`` drops decimals that say nothing.

    Examples
    --------
    >>> number(0.2834, "percent"), number(0.00027, "percent"), number(86356000, "wan")
    ('28.34%', '0.027%', '8,635.60')
    >>> number(0.05, "percent", trim=True), number(12000.0, "yuan"), number(0.33, "index")
    ('5%', '12,000', '0.330')
    >>> number(8635.6, "exact"), number(57.367647, "exact"), number(33.0, "exact")
    ('8,635.6', '57.3676', '33')
    """
    if value is None or not math.isfinite(value):
        return label("no_data")
    shown, suffix = float(value), ""
    if style == "percent":
        shown, suffix = shown * 100, "%"
        decimals = 3 if 0 < abs(shown) < 0.1 else 2
    elif style == "wan":
        shown, decimals = shown / 10_000, 2
    elif style == "count":
        decimals = 0 if shown == round(shown) else 1
    elif style == "index":
        decimals = 3
    elif style == "exact":
        decimals, trim = 4, True
    else:
        decimals = 0 if shown == round(shown) or abs(shown) >= 1_000 else 2
    text = f"{shown:,.{decimals}f}"
    if trim and "." in text:
        text = text.rstrip("0").rstrip(".")
    if text.strip("-0.,") == "":
        text = text.lstrip("-")
    return text + suffix


def unit_text(unit: str, style: str) -> str:
    """Name of the unit as it stands behind a number; empty for percent and pure numbers."""
    if style == "wan":
        return label("views.unit_wan")
    if style in ("percent", "index") or unit in ("1", ""):
        return ""
    return label(f"unit.{unit}") if has_label(f"unit.{unit}") else unit


def quantity(value: Any, unit: str, style: str = "", *, trim: bool = False) -> str:
    """A number with its unit; no data stays without one."""
    style = style or style_of(unit)
    text = number(value, style, trim=trim)
    return text if text == label("no_data") else text + unit_text(unit, style)


class _Sentence(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in STYLES or (not format_spec and isinstance(value, int | float)):
            return number(value, format_spec or "plain")
        return str(super().format_field(value, format_spec))


def sentence(template: str, **values: Any) -> str:
    """A sentence with its numbers written in the house style.

    Placeholders are ``{name}`` or ``{name:style}`` with a style of `STYLES`.

    Examples
    --------
    >>> sentence("{n} of {all:count}: {share:percent}", n=503, all=1775, share=503 / 1775)
    '503 of 1,775: 28.34%'
    """
    return _Sentence().vformat(template, (), values)
