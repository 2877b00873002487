"""What reading a file came to: its rows, its problems, its tables."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.ledgers.quarantine import Kept, write_quarantine

if TYPE_CHECKING:
    from jingde_core.ledgers.records import Batch
    from jingde_core.ledgers.store import Store


@dataclass
class Report:
    """What a file holds (导入报告). Nothing of it is in the store before it is committed.

    ``rows``: one row a physical row that holds anything: file, sheet, row, disposition
    (accepted, quarantined, skipped, header), kind, reason. ``problems``: one row a fault:
    file, sheet, row, column (letter), header, raw, code, severity (error, warning), message,
    fix. ``tables``: checked frames of what was accepted; ``places``: file, sheet and row of
    each of their rows, by the same index. ``columns``: what each heading was taken for.
    ``as_of``: the day that the titles name, else that of the file. ``unread``: what is known of
    the quarantined rows, by ``table.column``. ``mended``: the file is a quarantine sent back.
    """

    file: str
    sha256: str
    rows: pd.DataFrame
    problems: pd.DataFrame
    columns: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    places: dict[str, pd.DataFrame] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    as_of: date | None = None
    unread: pd.DataFrame = field(default_factory=pd.DataFrame)
    mended: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Rows by disposition."""
        found = self.rows["disposition"].value_counts()
        names = ("accepted", "quarantined", "skipped", "header")
        return {name: int(found.get(name, 0)) for name in names}

    def write_quarantine(self, path: Path) -> int:
        """Write the quarantined rows as they were, the reason beside each cell; returns how many.

        The file can be mended and read again: the columns of reasons are passed over.
        """
        return write_quarantine(self.kept, Path(path))

    def commit(self, store: "Store | str | Path", **choices: Any) -> "Batch":
        """Put what was accepted into the store, all or nothing (`Store.commit`)."""
        from jingde_core.ledgers.store import Store

        return (store if isinstance(store, Store) else Store(store)).commit(self, **choices)
