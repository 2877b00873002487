"""File cards: what the register holds of one record or village, as sections of frames.

Which sections a card has is data (``data/cards.csv``): the frame, the column that names the
record, and the columns shown or summed. A section of households is for the analyst alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

from jingde_core.county import chain
from jingde_core.county.tables import County
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.privacy import audience

_AMOUNTS = ("amount", "income", "wage")


@dataclass(frozen=True)
class Card:
    """A card: its title, and its sections in order, each a key ``card.<key>`` and frames."""

    title: str
    sections: dict[str, list[pd.DataFrame]]


@lru_cache(maxsize=1)
def _declared() -> pd.DataFrame:
    return pd.read_csv(shipped("data") / "cards.csv", dtype="str", keep_default_na=False)


def _offered() -> pd.DataFrame:
    """Declared sections that the present reader may see."""
    declared = _declared()
    return declared[(declared["reader"] == "") | (declared["reader"] == audience())]


def find(county: County, text: str, *, limit: int = 50) -> pd.DataFrame:
    """Records that have a card and whose number is ``text``, or whose name holds it (检索).

    Returns
    -------
    DataFrame
        table, record, name; exact numbers first, at most ``limit`` rows; none for an empty text.
    """
    wanted, found = text.strip().lower(), []
    for table in _offered()["card"].unique() if wanted else ():
        rows = county.tables[table]
        record, name = rows.iloc[:, 0], rows["name"] if "name" in rows else rows.iloc[:, 0]
        exact = record.str.lower() == wanted
        hit = exact | name.str.lower().str.contains(wanted, regex=False)
        about = {"table": table, "record": record[hit], "name": name[hit], "exact": exact[hit]}
        found.append(pd.DataFrame(about))
    columns = ["table", "record", "name"]
    every = pd.concat([pd.DataFrame(columns=[*columns, "exact"]), *found])
    ordered = every.sort_values("exact", ascending=False, kind="stable", ignore_index=True)
    return ordered[columns].head(limit)


def card(county: County, table: str, record: str) -> Card:
    """All that the register holds of one record (档案卡).

    Parameters
    ----------
    table, record : str
        ``assets``, ``pv_stations``, ``projects``, ``funds``, ``entities``, ``villages`` (by code),
        ``households`` (for an analyst only), and the number.

    Raises
    ------
    KeyError
        for a table without a card for the present reader, or an unknown number.
    """
    offered = _offered()
    if table not in set(offered["card"]):
        raise KeyError(unknown_name(table, offered["card"].unique()))
    rows = county.tables[table].set_index(county.tables[table].columns[0])
    if record not in rows.index:
        raise KeyError(unknown_name(record, rows.index))
    sections: dict[str, list[pd.DataFrame]] = {}
    for _, declared in offered[offered["card"] == table].iterrows():
        frame = _section(county, table, record, declared.to_dict())
        if len(frame):
            sections.setdefault(declared["section"], []).append(frame)
    name = "" if "name" not in rows else rows["name"][record]
    about = label("card.of", record=record, name=name).strip()
    title = label("card.title", table=value_label("table", table), record=about)
    return Card(title, sections)


def _section(county: County, table: str, record: str, declared: Mapping[Any, str]) -> pd.DataFrame:
    """Rows and columns of one section."""
    source, key = declared["frame"], declared["key"]
    rows = county.frame(source)
    if key == "@up":
        above = chain.walk(county, table, record, up=True)
        rows = rows[rows["id"].isin(above["record"])]
    else:
        rows = rows[rows[key] == record]
    if declared["where"]:
        rows = rows.query(declared["where"])
    if declared["sum_by"]:
        if "date" in rows:
            rows = rows.assign(year=rows["date"].dt.year)
        by, amount = declared["sum_by"].split(";"), next(n for n in _AMOUNTS if n in rows)
        sums = rows.groupby(by)[amount].agg(["size", "sum"]).reset_index()
        rows = sums.rename(columns={"size": "records", "sum": "amount"})
    else:
        rows = rows[declared["columns"].split(";")]
    frame = chain.named(county, rows).reset_index(drop=True)
    frame.attrs = {"provenance": county.kinds(), "as_of": county.as_of, "table": source}
    return frame
