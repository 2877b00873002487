"""A county's tables by their place: a folder, or a store whose tables replace the shipped ones.

An imported table replaces the shipped one whole. Shipped tables whose rows point to rows that
are gone with it (loans of invented households beside real households) are emptied, with
provenance ``missing``: a measure of them is NaN, not imported. Tables that point to nothing
imported stay, and say that they are synthetic. Of the villages the codes stay and the
population is replaced; that table counts as imported once all of it is.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.ledgers.folder import Tables, read_tables
from jingde_core.model.catalogue import label
from jingde_core.model.place import STORE, home, shipped, store_file
from jingde_core.model.problem import DataError, Problem

if TYPE_CHECKING:
    from jingde_core.ledgers.store import Store

#: every table points to them and they keep their codes
_PLACES = {"towns", "villages"}


def load_tables(place: "str | Path | Store | None") -> tuple[Tables, pd.DataFrame, Path]:
    """Tables of a place, their provenance (one row a table), and the folder of its other files.

    Parameters
    ----------
    place : Store, str or Path, optional
        A store, its file or URL, or a folder: of a store when ``store.sqlite`` is in it, else
        of CSV tables. By default the office's own (`model.place.store_file`, ``$JINGDE_HOME``),
        else the shipped one.

    Raises
    ------
    DataError
        for a store that is not there, and for every fault of the files.
    """
    if place is None:
        own = store_file()
        place = own if own and own.is_file() else home() or shipped("data")
    if isinstance(place, Path) or (isinstance(place, str) and "://" not in place):
        path = Path(place).expanduser()
        path = path / STORE if (path / STORE).is_file() else path
        if path.suffix != Path(STORE).suffix:
            return *read_tables(path), path
        if not path.is_file():
            raise DataError([Problem("missing_file", file=path.name, expected=str(path))])
        place = path
    from jingde_core.ledgers.store import Store

    store = place if isinstance(place, Store) else Store(place)
    return *_merged(store), store.path.parent if store.path else shipped("data")


def _merged(store: "Store") -> tuple[Tables, pd.DataFrame]:
    """Tables of a store among the shipped ones, and their provenance."""
    tables, shipped_rows = read_tables(shipped("data"))
    own, imported = store.tables()
    records = shipped_rows.assign(imported_at="").to_dict("records")
    about: dict[str, Any] = {str(row["table"]): row for row in records}
    villages = about["villages"]
    about |= {str(row["table"]): row for row in imported.to_dict("records")}
    if "villages" in own:
        row, count = about["villages"], len(own["villages"])
        own["villages"] = _filled(own["villages"], tables["villages"])
        if count < villages["rows"]:
            source = label("store.villages", source=row["source"], count=count)
            row |= {"kind": villages["kind"], "rows": villages["rows"], "source": source}
    for table in _orphaned(tables, set(own)):
        own[table] = tables[table].iloc[:0]
        empty = {"kind": "missing", "source": "not_imported", "rows": 0, "sha256": "", "as_of": ""}
        about[table] |= empty
    return tables | own, pd.DataFrame(list(about.values()))


def _filled(own: pd.DataFrame, shipped_rows: pd.DataFrame) -> pd.DataFrame:
    """Every village: as imported, else as shipped; in the order of the shipped codes."""
    rest = shipped_rows[~shipped_rows["code"].isin(own["code"])]
    rows = pd.concat([own, rest]).set_index("code")
    return rows.loc[shipped_rows["code"]].reset_index()[list(shipped_rows)]


def _orphaned(tables: Tables, own: set[str]) -> set[str]:
    """Shipped tables with a row that points to an imported or an orphaned table."""
    from jingde_core.ledgers.check import table_about

    lost: set[str] = set()
    while True:
        away = (own | lost) - _PLACES
        new = {
            name
            for name, frame in tables.items()
            if name not in own | lost
            for column, target in table_about(name)["references"].items()
            if target.partition(".")[0] in away and frame[column].notna().any()
        }
        if not new:
            return lost
        lost |= new
