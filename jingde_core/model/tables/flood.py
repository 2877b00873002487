"""Events, water works, damage and relief.

Hit, damaged, cut off and displaced are different words with different rows: a household is
*hit* when it has a damage row of a kind other than ``water_cut`` and ``displaced``, *cut off*
when it has the first of these, *displaced* when it has the second.
"""

import pandas as pd
import pandera.pandas as pa

from jingde_core.model.tables.fields import Day, Table, about, column, identifier, one_of, yuan


class Events(Table):
    """One row an event: a flood, or one of its heavy rains."""

    id: str = identifier(unique=True)
    kind: str = one_of("flood", "heavy_rain", "epidemic", "drought")
    starts_on: Day = column("date")
    ends_on: Day = column("date")
    part_of: str = identifier(nullable=True)

    @pa.dataframe_check(name="ends_after_start")
    def ends_after_start(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """An event ends no earlier than it starts."""
        return frame["ends_on"] >= frame["starts_on"]

    class Config:
        metadata = about(part_of="events.id")


class WaterWorks(Table):
    """One row a drinking-water work."""

    id: str = identifier(unique=True)
    village: str = identifier(r"\d{12}")
    kind: str = one_of("central", "dispersed")
    disinfected_on: Day = column("date", nullable=True)
    built_on: Day = column("date", nullable=True)
    build_kind: str = one_of("new", "rebuilt", "extended", nullable=True)
    cost: float = yuan(nullable=True, ge=0)
    quality: str = one_of("pass", "fail", "unknown")
    tested_on: Day = column("date", nullable=True)
    restored_on: Day = column("date", nullable=True)
    restored_cost: float = yuan(nullable=True, ge=0)

    class Config:
        metadata = about(village="villages.code")


class Damages(Table):
    """One row a damage of an event to a household, a water work or a project; loss in yuan."""

    id: str = identifier(unique=True)
    event: str = identifier()
    village: str = identifier(r"\d{12}")
    household: str = identifier(nullable=True)
    work: str = identifier(nullable=True)
    project: str = identifier(nullable=True)
    kind: str = one_of(
        "crop",
        "livestock",
        "equipment",
        "house",
        "silt",
        "road_blocked",
        "slide",
        "water_cut",
        "displaced",
        "work",
        "project",
    )
    loss: float = yuan(nullable=True, ge=0)
    date: Day = column("date")
    mended_on: Day = column("date", nullable=True)

    @pa.dataframe_check(name="one_victim")
    def one_victim(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """A household, a water work or a project: exactly one."""
        return frame[["household", "work", "project"]].notna().sum(axis=1) == 1

    class Config:
        metadata = about(
            event="events.id",
            village="villages.code",
            household="households.id",
            work="water_works.id",
            project="projects.id",
        )


class Relief(Table):
    """One row a relief given after an event.

    Claims and grants applied for, goods, donations, wages and awards are different kinds and
    never one sum. ``persons`` is the number reached; ``quantity`` is mu for ``replanting``,
    heads for ``stock``, empty elsewhere.
    """

    id: str = identifier(unique=True)
    event: str = identifier()
    village: str = identifier(r"\d{12}")
    household: str = identifier()
    kind: str = one_of(
        "inputs",
        "replanting",
        "stock",
        "industry_award",
        "crop_insurance",
        "house_insurance",
        "house_grant",
        "temporary_relief",
        "reconstruction_wage",
        "donation",
    )
    persons: int = column("person", ge=1)
    quantity: float = column("quantity", nullable=True, ge=0)
    value: float = yuan(nullable=True, ge=0)
    date: Day = column("date")

    class Config:
        metadata = about(event="events.id", village="villages.code", household="households.id")


TABLES: dict[str, type[Table]] = {
    "events": Events,
    "water_works": WaterWorks,
    "damages": Damages,
    "relief": Relief,
}
