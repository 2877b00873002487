"""What the makers of tables share: the county in the making, what is assumed, tables and codes.

``data/synthetic.toml`` holds the invented shares and calendars; the figures are the report's.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.place import shipped
from jingde_core.synthetic.draw import Array, Frame, Random, stream

Tables = dict[str, pd.DataFrame]

ASSUMED: dict[str, Any] = tomllib.loads(
    (shipped("data") / "synthetic.toml").read_text(encoding="utf-8")
)
NEVER = np.datetime64("NaT", "us")
ABLE = ("skilled", "ordinary", "weak")
FLOOD, FLOOD_DAYS = "FLOOD-2020-07", ("2020-07-02", "2020-07-06")


class Making(dict[str, pd.DataFrame]):
    """The county as far as it is made (在制数据): tables by name, working frames beside them."""

    def __init__(self, seed: int, tables: Mapping[str, Frame] | None = None) -> None:
        super().__init__(tables or {})
        self.seed = seed

    def stream(self, name: str) -> Random:
        """The random stream of one family of tables."""
        return stream(self.seed, name)

    @cached_property
    def target(self) -> dict[str, int]:
        """Report figures (报告数) by id, in whole yuan or counts; at least, where it says so."""
        figures = self["report_figures"]
        values = figures["value"] * np.where(figures["unit"] == "10k_yuan", 10_000, 1)
        return dict(zip(figures["figure_id"], values.round().astype("int64").tolist(), strict=True))

    def share(self, figure: str) -> float:
        """A percentage of the report as a part of one."""
        figures = self["report_figures"]
        return float(figures["value"].to_numpy()[figures["figure_id"] == figure][0]) / 100

    def present(self) -> Frame:
        """Households on the register or watched now (在册户与边缘户), renumbered."""
        homes = self["households"]
        here = homes["left_on"].isna() & homes["status"].isin(["registered", "edge"])
        return homes[here].reset_index(drop=True)

    def registered(self) -> Frame:
        """Households on the register now (在册户), renumbered."""
        homes = self.present()
        return homes[homes["status"] == "registered"].reset_index(drop=True)

    def residents(self, homes: Frame) -> Frame:
        """Persons of the given homes, with age, and village, status and wage of the home."""
        gained = homes[["id", "village", "status", "wage"]]
        gained = gained.rename(columns={"id": "household", "wage": "household_wage"})
        people = self["persons"].merge(gained, on="household")
        return people.assign(age=2020 - people["birth_year"])

    @staticmethod
    def table(name: str, columns: Mapping[str, Any] | Frame) -> Tables:
        """A named table (按表结构成表): columns in order and type, sorted by key.

        Absent columns come out empty, working columns are left out.
        """
        from jingde_core.ledgers.check import column_types
        from jingde_core.model.tables import TABLES

        types = column_types(name)
        kinds = {n: "datetime64[us]" if kind == "date" else kind for n, kind in types.items()}
        frame = pd.DataFrame(columns).reindex(columns=list(types)).astype(kinds)
        (metadata,) = TABLES[name].get_metadata().values()
        return {name: frame.sort_values(metadata["dataframe"]["key"], ignore_index=True)}

    @staticmethod
    def coded(
        name: str, first: str, parts: Frame | Sequence[Frame], by: Sequence[str] = ()
    ) -> Tables:
        """A named table (编号成表) of all parts, sorted and coded from the first code on."""
        rows = parts if isinstance(parts, pd.DataFrame) else pd.concat(parts, ignore_index=True)
        rows = rows.sort_values(list(by), ignore_index=True) if by else rows
        return Making.table(name, rows.assign(id=numbered(first, len(rows))))


def at_homes(homes: Frame, at: Array | None = None, **columns: Any) -> Frame:
    """Rows at the homes of these positions (户行): village, household and the given columns."""
    chosen = homes if at is None else homes.iloc[at]
    place = {"village": chosen["village"].to_numpy(), "household": chosen["id"].to_numpy()}
    return pd.DataFrame(place | columns)


def numbered(code: str, count: int) -> list[str]:
    """Row codes (编号) like the first one: ``W0001`` and so on."""
    letters = code.rstrip("0123456789")
    digits = len(code) - len(letters)
    return [f"{letters}{number:0{digits}d}" for number in range(1, count + 1)]
