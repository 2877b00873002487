"""Funds, projects, assets and their five ledgers, PV stations, leases, collective income."""

import pandas as pd
import pandera.pandas as pa

from jingde_core.model.tables.fields import Day, Table, about, column, identifier, one_of, yuan

LEDGERS = ("registration", "ownership", "upkeep", "distribution", "disposal")


class Funds(Table):
    """One row an allotment of funds."""

    id: str = identifier(unique=True)
    source: str = one_of("central", "province", "city", "county", "other")
    document_number: str = column(nullable=True)
    year: int = column("year", ge=2000, le=2100)
    allotted: float = yuan(ge=0)

    class Config:
        metadata = about()


class Projects(Table):
    """One row a village or household project paid from a fund.

    The village proposes, the town checks, the county approves; then the project bank lists it.
    """

    id: str = identifier(unique=True)
    fund: str = identifier()
    village: str = identifier(r"\d{12}")
    kind: str = one_of("industry", "pv", "road", "water", "housing", "public", "environment")
    reach: str = one_of("village", "household")
    budget: float = yuan(ge=0)
    paid: float = yuan(ge=0)
    proposed_on: Day = column("date", nullable=True)
    checked_on: Day = column("date", nullable=True)
    approved_on: Day = column("date", nullable=True)
    listed_on: Day = column("date", nullable=True)
    noticed_on: Day = column("date", nullable=True)
    tendered_on: Day = column("date", nullable=True)
    accepted_on: Day = column("date", nullable=True)
    settled_on: Day = column("date", nullable=True)
    carried_over: bool = column("flag")
    flood_damaged: bool = column("flag")
    repair_cost: float = yuan(nullable=True, ge=0)

    @pa.dataframe_check(name="paid_within_budget")
    def paid_within_budget(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """No more is paid than was budgeted."""
        return frame["paid"] <= frame["budget"] + 0.005

    class Config:
        metadata = about(fund="funds.id", village="villages.code")


class Assets(Table):
    """One row a poverty-alleviation asset, at its original value."""

    id: str = identifier(unique=True)
    name: str = column()
    asset_class: str = one_of("public", "operating", "household")
    form: str = one_of("fixed", "biological", "equity")
    project: str = identifier(nullable=True)
    village: str = identifier(r"\d{12}")
    owner: str = one_of("village", "town", "county", "household", nullable=True)
    operator: str = identifier(nullable=True)
    original_value: float = yuan(gt=0)
    built_on: Day = column("date")
    state: str = one_of("in_use", "leased", "idle", "disposed")

    class Config:
        metadata = about(project="projects.id", village="villages.code", operator="entities.id")


class LedgerEntries(Table):
    """One row an entry of an asset in one of the five ledgers."""

    id: str = identifier(unique=True)
    asset: str = identifier()
    ledger: str = one_of(*LEDGERS)
    date: Day = column("date")
    party: str = column(nullable=True)
    amount: float = yuan(nullable=True)
    evidence: str = column(nullable=True)

    class Config:
        metadata = about(asset="assets.id")


class Distributions(Table):
    """One row a payment out of an asset's or a PV station's income."""

    id: str = identifier(unique=True)
    asset: str = identifier(nullable=True)
    station: str = identifier(nullable=True)
    household: str = identifier(nullable=True)
    village: str = identifier(r"\d{12}")
    date: Day = column("date")
    amount: float = yuan(ge=0)
    kind: str = one_of(
        "post_wage", "temporary_wage", "village_works", "dividend", "award", "collective"
    )

    @pa.dataframe_check(name="one_source")
    def one_source(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Paid out of an asset or out of a station, never both and never neither."""
        return frame["asset"].notna() ^ frame["station"].notna()

    class Config:
        metadata = about(
            asset="assets.id",
            station="pv_stations.id",
            household="households.id",
            village="villages.code",
        )


class PVStations(Table):
    """One row a village PV station."""

    id: str = identifier(unique=True)
    village: str = identifier(r"\d{12}")
    asset: str = identifier(nullable=True)
    capacity: float = column("kilowatt", gt=0)
    connected_on: Day = column("date")

    class Config:
        metadata = about(village="villages.code", asset="assets.id")


class PVMonths(Table):
    """One row a station and month; energy in kWh, income and upkeep in yuan."""

    station: str = identifier()
    month: Day = column("date")
    online: bool = column("flag")
    fault: bool = column("flag")
    anomaly: bool = column("flag")
    actual: float = column("kilowatt_hour", ge=0)
    standard: float = column("kilowatt_hour", gt=0)
    income: float = yuan(ge=0)
    upkeep: float = yuan(ge=0)

    class Config:
        metadata = about(["station", "month"], station="pv_stations.id")


class Leases(Table):
    """One row a contract by which a village lets an asset or a site to an operator."""

    id: str = identifier(unique=True)
    asset: str = identifier(nullable=True)
    village: str = identifier(r"\d{12}")
    entity: str = identifier()
    starts_on: Day = column("date")
    ends_on: Day = column("date")
    receivable: float = yuan(ge=0)
    received: float = yuan(ge=0)

    class Config:
        metadata = about(asset="assets.id", village="villages.code", entity="entities.id")


class CollectiveIncome(Table):
    """One row a village, year and source of the village collective's income."""

    village: str = identifier(r"\d{12}")
    year: int = column("year", ge=2000, le=2100)
    source: str = one_of("lease", "share", "pv", "service", "forestry")
    amount: float = yuan(ge=0)

    class Config:
        metadata = about(["village", "year", "source"], village="villages.code")


TABLES: dict[str, type[Table]] = {
    "funds": Funds,
    "projects": Projects,
    "assets": Assets,
    "ledger_entries": LedgerEntries,
    "distributions": Distributions,
    "pv_stations": PVStations,
    "pv_months": PVMonths,
    "leases": Leases,
    "collective_income": CollectiveIncome,
}
