"""What a measured layer looks like, as plain data: the map's script only paints it.

A `Painting` holds every text ready to read. The static map carries it in its page; a live
map sends the next one to the same script.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from jingde_core.metrics import METRICS
from jingde_core.model.catalogue import column_label, has_label, label, value_label
from jingde_core.views import marks, numbers
from jingde_core.views.classes import Classes, Layer, classify, missing_text

#: tables of households, in which a universe is chosen
BY_HOUSEHOLD = ("households", "household_years", "guarantee_profile")


@dataclass(frozen=True)
class Painting:
    """A layer's title, legend and one row of texts per unit, in the order of the units."""

    title: str
    subtitle: str
    legend_title: str
    classes: Classes
    #: headings of value, n and denominator
    fields: tuple[str, ...]
    #: value, n, denominator of each unit as text, and whether it counts too few households
    rows: tuple[tuple[str, str, str, int], ...]
    kinds: tuple[str, ...]
    as_of: Any = None

    def state(self) -> dict[str, Any]:
        """The painting as the map's script reads it: small, because a live map sends it often."""
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "legendTitle": self.legend_title,
            "note": label("views.interval_note") if len(self.classes.entries) > 1 else "",
            "legend": [
                [entry.colour, entry.text, label("views.count", count=entry.count)]
                for entry in self.classes.entries
            ],
            "fields": list(self.fields),
            "small": label("views.small"),
            "rows": [
                [index, *texts] for index, texts in zip(self.classes.index, self.rows, strict=True)
            ],
        }


def metric_title(attrs: Mapping[Any, Any]) -> str:
    """Name of a measured metric with its year."""
    name = label(f"metric.{attrs['metric']}")
    year = attrs.get("year")
    key = "views.title" if year is not None else "views.title_now"
    return label(key, metric=name, year=year)


def filters(attrs: Mapping[Any, Any]) -> str:
    """Which rows of a measured frame count, in words; empty where all do."""
    told = [
        label("views.filter", column=column_label(column), value=_wanted(column, wanted))
        for column, wanted in dict(attrs.get("where") or {}).items()
    ]
    universe = attrs.get("universe", "registered")
    if universe != "registered" and METRICS[attrs["metric"]].table in BY_HOUSEHOLD:
        value = label("views.all") if universe == "all" else value_label("status", universe)
        told.append(label("views.filter", column=column_label("status"), value=value))
    return label("views.semicolon").join(told)


def _wanted(column: str, wanted: Any) -> str:
    if wanted is None:
        return label("views.unfilled")
    if wanted == {"ne": None}:
        return label("views.filled")
    if isinstance(wanted, Mapping):
        tests = [
            label(f"views.test.{test}", value=_wanted(column, bound))
            for test, bound in wanted.items()
        ]
        return label("views.list_comma").join(tests)
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str)
    return label("views.list_comma").join(
        value_label(column, each) for each in (wanted if several else [wanted])
    )


def conditions(attrs: Mapping[Any, Any]) -> str:
    """Denominator, parameters and filters of a measured frame in one line.

    Over the years a dated parameter has each year's value, unless one was given for all.
    """
    parts = []
    key = f"denominator.{attrs.get('denominator')}"
    if has_label(key):
        parts.append(label("views.denominator_line", name=label(key)))
    given = dict(attrs.get("parameters") or {})
    declared = METRICS[attrs["metric"]].parameters if attrs.get("metric") in METRICS else {}
    for name in {**declared, **given}:
        key = f"views.parameter.{name}"
        if isinstance(given.get(name), int | float) and has_label(key):
            parts.append(label(key, value=numbers.number(given[name], trim=True)))
        elif name not in given and has_label(f"{key}.by_year"):
            parts.append(label(f"{key}.by_year"))
    told = filters(attrs) if attrs.get("metric") in METRICS else ""
    return label("views.semicolon").join([*parts, *([told] if told else [])])


def paint(layer: Layer, frame: pd.DataFrame, codes: pd.Series) -> Painting:
    """Classes, legend and texts of a tidy frame for the units with these codes.

    A unit that the frame lacks has no data; the frame must say its provenance.

    Raises
    ------
    DataError
        for a frame without provenance.
    """
    attrs = frame.attrs
    rows = frame.set_index("code").reindex(codes)
    rows.attrs = attrs
    scale = layer.scale
    unit = str(attrs.get("unit", ""))
    denominator = f"denominator.{attrs.get('denominator')}"
    fields = [
        label(f"metric.{attrs['metric']}"),
        column_label("n"),
        label(denominator) if has_label(denominator) else column_label("denominator"),
    ]
    texts = tuple(_texts(row, unit, scale.style) for row in rows.to_dict("records"))
    return Painting(
        title=metric_title(attrs),
        subtitle=conditions(attrs),
        legend_title=_legend_title(attrs, unit, scale.style),
        classes=classify(rows, scale),
        fields=tuple(fields),
        rows=texts,
        kinds=marks.kinds(None, attrs),
        as_of=attrs.get("as_of"),
    )


def _texts(row: Mapping[Any, Any], unit: str, style: str) -> tuple[str, str, str, int]:
    n, below = (
        "" if pd.isna(v) else numbers.number(v, "count") for v in (row["n"], row["denominator"])
    )
    if pd.isna(row["value"]):
        reason = "" if pd.isna(row["reason"]) else str(row["reason"])
        return missing_text(reason), n, below, 0
    return numbers.quantity(row["value"], unit, style), n, below, int(bool(row["small"]))


def _legend_title(attrs: Mapping[Any, Any], unit: str, style: str) -> str:
    name = label(f"metric.{attrs['metric']}")
    unit_name = numbers.unit_text(unit, style or numbers.style_of(unit))
    return f"{name}{label('views.in_unit', unit=unit_name)}" if unit_name else name
