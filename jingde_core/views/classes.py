"""Classes, colours and legend of a choropleth, worked out from a tidy frame alone.

Cuts are declared per metric in ``data/breaks.csv`` as policy values, so that maps compare
over years; a metric without an entry is cut at its quintiles. A class holds its lower
cut and not its upper one. A first cut of 0 keeps zero apart: nobody is not a few. What has
no value is no class: it is grey, with its reason, and counted.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.model.catalogue import has_label, label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem
from jingde_core.views import numbers

Level = Literal["village", "town"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """How a metric is drawn: cuts between classes (None: quintiles), palette, number style."""

    breaks: tuple[float, ...] | None = None
    palette: str = "YlOrBr"
    style: str = ""


@dataclass(frozen=True)
class Layer:
    """One choropleth, declared: what is measured, over which units, drawn how."""

    metric: str
    level: Level = "village"
    year: int | None = None
    breaks: Sequence[float] | None = None
    palette: str | None = None
    where: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scale(self) -> Scale:
        """The metric's declared scale with what this layer sets itself."""
        declared = declared_scales().get(self.metric, Scale())
        breaks = declared.breaks if self.breaks is None else checked_breaks(self.breaks)
        return Scale(breaks, self.palette or declared.palette, declared.style)


@dataclass(frozen=True)
class Entry:
    """One line of a legend."""

    colour: str
    text: str
    count: int


@dataclass(frozen=True)
class Classes:
    """Legend entries, ascending and then what has no value, and the entry of every row."""

    entries: tuple[Entry, ...]
    index: tuple[int, ...]


@lru_cache(maxsize=1)
def palettes() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Palettes by name: kind (sequential, diverging, missing) and colours."""
    with (shipped("data") / "palettes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["name"]: (row["kind"], tuple(row["colours"].split("|"))) for row in rows}


@lru_cache(maxsize=1)
def declared_scales() -> dict[str, Scale]:
    """Scales declared in ``data/breaks.csv``, by metric."""
    with (shipped("data") / "breaks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    scales = {}
    for row in rows:
        cuts = [float(cut) for cut in row["breaks"].split("|") if cut]
        breaks = checked_breaks(cuts) if cuts else None
        scales[row["metric"]] = Scale(breaks, row["palette"], row["style"])
    return scales


def checked_breaks(breaks: Sequence[float]) -> tuple[float, ...]:
    """Cuts as finite, strictly ascending numbers.

    Raises
    ------
    DataError
        otherwise, or for more cuts than a palette has steps.
    """
    cuts = np.asarray(breaks, dtype=float)
    most = min(len(colours) for kind, colours in palettes().values() if kind != "missing") - 1
    if cuts.ndim != 1 or not 1 <= cuts.size <= most or not np.isfinite(cuts).all():
        raise DataError([Problem("breaks_count", found=str(list(breaks)), expected=str(most))])
    if (np.diff(cuts) <= 0).any():
        raise DataError([Problem("breaks_order", found=str(list(breaks)))])
    return tuple(float(cut) for cut in cuts)


def quantile_breaks(values: Floats, *, diverging: bool = False) -> tuple[float, ...]:
    """Cuts at the quintiles of the known values, rounded, duplicates and empty classes merged.

    Examples
    --------
    >>> quantile_breaks(np.arange(1.0, 101))
    (21.0, 41.0, 60.0, 80.0)
    >>> quantile_breaks(np.array([2.0, 2.0, 2.0])), quantile_breaks(np.array([]))
    ((), ())
    >>> quantile_breaks(np.array([-3.0, -1.0, 0.0, 1.0, 8.0]), diverging=True)
    (-4.0, -1.0, 1.0, 4.0)
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return ()
    spread = np.abs(known) if diverging else known
    marks = np.quantile(spread, [0.4, 0.8] if diverging else [0.2, 0.4, 0.6, 0.8])
    width = float(marks[-1] - marks[0])
    if width > 0:
        step = 10.0 ** (np.floor(np.log10(width)) - 1)
        marks = np.round(marks / step) * step
    elif diverging:
        # the same change everywhere is a change: its cut lies between it and zero
        marks = marks / 2
    cuts = sorted({float(f"{mark:.12g}") for mark in marks})
    if diverging:
        cuts = [cut for cut in cuts if cut > 0]
        return tuple([-cut for cut in reversed(cuts)] + cuts)
    kept: list[float] = []
    for cut in cuts:
        below = known <= 0 if cut == 0 else known < cut
        above_last = known > 0 if kept[-1:] == [0.0] else known >= (kept[-1] if kept else -np.inf)
        if (below & above_last).any() and (~below).any():
            kept.append(cut)
    return tuple(kept)


def _positions(values: Floats, cuts: Sequence[float]) -> NDArray[np.intp]:
    edges = np.asarray(cuts, dtype=float)
    if edges.size and edges[0] == 0:
        edges[0] = np.nextafter(0, 1)
    return np.searchsorted(edges, values, side="right")


def _class_texts(values: Floats, cuts: Sequence[float], unit: str, style: str) -> list[str]:
    def shown(value: float) -> str:
        return numbers.quantity(value, unit, style, trim=True)

    if not cuts:
        low, high = float(values.min()), float(values.max())
        return [
            shown(low) if low == high else label("views.range", low=shown(low), high=shown(high))
        ]
    first = label("views.below", high=shown(cuts[0]))
    if cuts[0] == 0:
        first = shown(0.0) if values.size and values.min() >= 0 else label("views.not_above_zero")
        first = first if values.size else shown(0.0)
    between = [
        label("views.range", low=shown(low), high=shown(high))
        for low, high in zip(cuts, cuts[1:], strict=False)
    ]
    if between and cuts[0] == 0:
        between[0] = label("views.above_zero", high=shown(cuts[1]))
    last = label("views.at_least", low=shown(cuts[-1]))
    return [first, *between, last if cuts[-1] != 0 else label("views.more_than_zero")]


def _colours(count: int, palette: str, only: float | None) -> list[str]:
    known = palettes()
    if palette not in known:
        raise KeyError(unknown_name(palette, known))
    kind, colours = known[palette]
    if count == 1:
        zero = only == 0 and kind == "sequential"
        return [colours[0] if zero else colours[len(colours) // 2]]
    steps = np.linspace(0, len(colours) - 1, count).round().astype(int)
    return [colours[step] for step in steps]


def classify(frame: pd.DataFrame, scale: Scale) -> Classes:
    """Classes of a tidy frame (columns ``value``, ``reason``; unit in ``attrs``).

    Declared classes are all shown, also with nobody in them, so that legends of different
    years are the same. Without a known value only the missing entries remain.
    """
    values = frame["value"].to_numpy(dtype=float)
    known = np.isfinite(values)
    unit = str(frame.attrs.get("unit", ""))
    style = scale.style or numbers.style_of(unit)
    cuts: tuple[float, ...] = scale.breaks or ()
    entries: list[Entry] = []
    index = np.full(len(values), -1)
    if known.any():
        if scale.breaks is None:
            diverging = palettes().get(scale.palette, ("",))[0] == "diverging"
            cuts = quantile_breaks(values, diverging=diverging)
        index[known] = _positions(values[known], cuts)
        texts = _class_texts(values[known], cuts, unit, style)
        colours = _colours(len(texts), scale.palette, float(values[known][0]))
        counts = np.bincount(index[known], minlength=len(texts))
        entries = [Entry(*entry) for entry in zip(colours, texts, counts.tolist(), strict=True)]
    reasons = [str(reason) for reason in frame["reason"].fillna("")]
    texts = ["" if k else missing_text(r) for k, r in zip(known, reasons, strict=True)]
    greys = dict(enumerate(palettes()["missing"][1]))
    others = sorted(set(texts) - {"", label("no_data")})
    for grey, text in enumerate([label("no_data"), *others]):
        rows = np.array([each == text for each in texts], dtype=bool)
        if rows.any():
            index[rows] = len(entries)
            entries.append(Entry(greys.get(grey, greys[1]), text, int(rows.sum())))
    return Classes(tuple(entries), tuple(int(i) for i in index))


def missing_text(reason: str) -> str:
    """What is shown in place of a value: the reason's own text, or that there are no data."""
    keys = (reason, f"reason.{reason}")
    return next((label(key) for key in keys if has_label(key)), label("no_data"))
