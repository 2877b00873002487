"""Who reads, and which columns that reader's tables hold.

``data/privacy.csv`` is a whitelist: a column that it does not name never reaches a reader
outside the office, whatever the tables gain later. What can be enforced in one process is the
content of the tables, the suppression of measures, and the scan of the finished page; metrics
need rows, so rows stay in memory. No row may be shown: the scan stops a page that holds the
number of a household or a person.
"""

import csv
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pandas as pd

from jingde_core.model.catalogue import has_label, label
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem
from jingde_core.privacy.masking import mask_name

AUDIENCES = ("analyst", "working", "leader")


def audience() -> str:
    """Who reads what is made here (读者类别): ``$JINGDE_AUDIENCE``, ``analyst`` when unset.

    Raises
    ------
    DataError
        for any other word: a slip must not open the office's tables.

    Examples
    --------
    >>> audience() in AUDIENCES
    True
    """
    found = os.environ.get("JINGDE_AUDIENCE") or "analyst"
    if found not in AUDIENCES:
        raise DataError([Problem("unknown_audience", found=found, expected=", ".join(AUDIENCES))])
    return found


@lru_cache(maxsize=1)
def whitelist() -> dict[str, dict[str, dict[str, str]]]:
    """Audience to table to column to what becomes of it: keep, blank, coded, name."""
    found: dict[str, dict[str, dict[str, str]]] = {"leader": {}, "working": {}}
    with (shipped("data") / "privacy.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for reader, tables in found.items():
                tables.setdefault(row["table"], {})[row["column"]] = row[reader]
    return found


def permitted(tables: Mapping[str, pd.DataFrame], reader: str) -> dict[str, pd.DataFrame]:
    """The tables as a reader may have them (共享列白名单).

    Parameters
    ----------
    tables : mapping of name to frame
    reader : {"analyst", "working", "leader"}

    Returns
    -------
    dict of name to frame
        An analyst's are the same. Otherwise a table or column outside the whitelist is left out;
        ``blank`` columns are empty (the hamlet of a home, its helper), ``coded`` ones keep codes
        of the catalogue and tell of free text only that there is some, ``name`` ones are masked.

    Examples
    --------
    >>> home = pd.DataFrame({"id": ["H1"], "hamlet": [3], "phone": ["13800138000"]})
    >>> permitted({"households": home}, "leader")["households"]
       id  hamlet
    0  H1    <NA>
    """
    if reader == "analyst":
        return dict(tables)
    allowed = whitelist()[reader]
    return {
        name: pd.DataFrame(
            {
                column: _AS[allowed[name][str(column)]](frame[column])
                for column in frame
                if column in allowed[name]
            },
            index=frame.index,
        )
        for name, frame in tables.items()
        if name in allowed
    }


def _blank(values: "pd.Series[Any]") -> "pd.Series[Any]":
    kind = "Int64" if values.dtype.kind in "iu" else values.dtype
    return pd.Series(pd.NA, index=values.index, dtype=kind)


def _coded(values: "pd.Series[Any]") -> "pd.Series[Any]":
    known = {v for v in values.dropna().unique() if has_label(f"value.{values.name}.{v}")}
    return values.where(values.isna() | values.isin(known), label("privacy.some_text"))


def _names(values: "pd.Series[Any]") -> "pd.Series[Any]":
    return values.map(mask_name, na_action="ignore").astype(values.dtype)


_AS = {"keep": lambda values: values, "blank": _blank, "coded": _coded, "name": _names}
