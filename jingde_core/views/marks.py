"""What stands on everything that is shown: where the data come from, and what they are not.

A view asks here for its marks and its source line, and cannot be drawn without: a frame
that does not say its provenance is refused.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from jingde_core.model.catalogue import label, value_label
from jingde_core.model.problem import DataError, Problem

Provenance = pd.DataFrame | Iterable[str] | None

KINDS = ("reported", "public", "synthetic", "imported", "missing")
_OF_GEOMETRY = {"schematic": "schematic_mark", "tile": "views.tile_mark"}


def kinds(provenance: Provenance, attrs: Mapping[Any, Any] | None = None) -> tuple[str, ...]:
    """Kinds of the data behind a view, each once, in the order of `KINDS`.

    Parameters
    ----------
    provenance : DataFrame with a column ``kind`` (``county.provenance``), or the kinds
        When None, ``attrs["provenance"]`` of the frame, as `measure` leaves it there.

    Raises
    ------
    DataError
        where neither says anything, or a kind is unknown.
    """
    given = provenance if provenance is not None else (attrs or {}).get("provenance")
    found = set(given["kind"]) if isinstance(given, pd.DataFrame) else set(given or ())
    if not found or not found <= set(KINDS):
        unknown = ", ".join(sorted(str(kind) for kind in found - set(KINDS)))
        raise DataError([Problem("no_provenance", found=unknown, expected=", ".join(KINDS))])
    return tuple(kind for kind in KINDS if kind in found)


def marks(
    data_kinds: Iterable[str], *, geometry: Iterable[str] = (), scenario: bool = False
) -> tuple[str, ...]:
    """The marks that a view carries: synthetic, scenario, schematic boundaries."""
    keys = ["synthetic_mark"] if "synthetic" in set(data_kinds) else []
    keys += ["scenario_mark"] if scenario else []
    drawn = set(geometry)
    keys += [key for kind, key in _OF_GEOMETRY.items() if kind in drawn]
    return tuple(label(key) for key in keys)


def source_line(data_kinds: Iterable[str], as_of: object = None) -> str:
    """Source and date of the data in one line."""
    names = label("views.list_comma").join(value_label("provenance", kind) for kind in data_kinds)
    line = label("views.source_line", sources=names)
    known = as_of is not None and not pd.isna(as_of) and str(as_of) != ""  # type: ignore[call-overload]
    return line + (label("views.as_of_line", as_of=as_of) if known else "")


def nothing(data_kinds: Iterable[str]) -> str:
    """What stands where there is nothing to show: not imported, or no data."""
    return label("reason.not_imported" if "missing" in set(data_kinds) else "no_data")


def as_of(provenance: Provenance, attrs: Mapping[Any, Any] | None = None) -> Any:
    """Latest day that the data speak of, None where nothing says it."""
    if isinstance(provenance, pd.DataFrame) and "as_of" in provenance:
        return provenance["as_of"].dropna().max()
    return (attrs or {}).get("as_of")


def may_rank(data_kinds: Iterable[str], attrs: Mapping[Any, Any]) -> bool:
    """Whether the rows of a frame may be put in order of a value.

    Invented numbers must not rank real villages on a page that leaves the analyst's desk; a
    frame that does not say by what it is grouped is taken to hold places.
    """
    places = bool({"village", "town"} & set(attrs.get("by", ("village",))))
    analyst = os.environ.get("JINGDE_AUDIENCE", "analyst") == "analyst"
    return analyst or not places or "synthetic" not in set(data_kinds)
