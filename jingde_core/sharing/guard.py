"""What stands between a finished page or file and whoever it is for: the leak scan.

Names and numbers to look for come from the office's store, where there is one; numbers of
households and persons from the county. Without either, whatever is valid by its own rule is
still found.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jingde_core import privacy
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.place import store_file
from jingde_core.model.problem import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from jingde_core.county import County

#: tables whose rows are somebody's: their keys may stand in no leader's page
_ROWS = ("households", "persons")


@dataclass(frozen=True)
class Guard:
    """What is looked for: the register's identities, and the numbers of its rows."""

    county: "County | None" = None
    given: "pd.DataFrame | None" = None

    @cached_property
    def identity(self) -> "pd.DataFrame | None":
        """The identities given, else those of the office's own store, else None."""
        if self.given is not None:
            return self.given
        place = store_file()
        if place is None or not place.is_file():
            return None
        from jingde_core.ledgers.store import Store

        return Store(place).identity()

    @cached_property
    def records(self) -> frozenset[str]:
        """Numbers of households and persons."""
        if self.county is None:
            return frozenset()
        return frozenset(str(key) for table in _ROWS for key in self.county.tables[table]["id"])

    def findings(
        self, content: str | bytes, *, place: str = "", records: bool = True
    ) -> "pd.DataFrame":
        """What `privacy.scan` finds; ``records`` says whether numbers of rows are looked for."""
        key = os.environ.get("TIANDITU_KEY", "")
        return privacy.scan(
            content,
            identity=self.identity,
            records=self.records if records else (),
            keys=[key],
            place=place,
        )

    def faults(
        self, content: str | bytes, *, file: str, place: str = "", records: bool = True
    ) -> Iterator[Problem]:
        """A problem for each finding that is certain."""
        found = self.findings(content, place=place, records=records)
        for row in found[found["certain"]].to_dict("records"):
            what = f"{value_label('leak', row['kind'])} {row['sample']}"
            where = row["channel"] or label("sharing.plain")
            yield Problem("leak", file=file, sheet=row["place"], found=what, expected=where)

    def passed(self, content: bytes, *, file: str, records: bool = True) -> bytes:
        """The content, if nobody is in it.

        Raises
        ------
        DataError
            naming everybody who is, masked, with place and channel.
        """
        problems = [*self.faults(content, file=file, records=records)]
        if problems:
            raise DataError(problems)
        return content


def scan(
    path: str | Path,
    *,
    county: "County | None" = None,
    identity: "pd.DataFrame | None" = None,
) -> "pd.DataFrame":
    """Every person, path and key in a file that is to be shared (共享文件泄露扫描).

    Parameters
    ----------
    path : str or Path
        A page, a workbook, a document, a notebook, an archive, any text.
    county : County, optional
        Then numbers of its households and persons are found, too.
    identity : DataFrame, optional
        ``name, id_number, phone, bank_card`` of persons; by default those of the office's store.

    Returns
    -------
    DataFrame
        ``place, channel, kind, sample, certain`` as of `privacy.scan`; no row for a clean file.
    """
    path = Path(path)
    return Guard(county, identity).findings(path.read_bytes(), place=path.name)
