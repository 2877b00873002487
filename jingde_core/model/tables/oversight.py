"""Monitoring, rectification, visits, and the report's own figures."""

import pandas as pd
import pandera.pandas as pa

from jingde_core.model.tables.fields import REPORT, Day, Table, about, column, identifier, one_of


class Risks(Table):
    """One row a household's watch against a return to poverty."""

    id: str = identifier(unique=True)
    household: str = identifier()
    category: str = one_of("lifted_unstable", "edge", "sudden_hardship")
    found_on: Day = column("date")
    reason: str = one_of(
        "illness", "disability", "schooling", "disaster", "work", "income", "other"
    )
    measures: str = column("category", nullable=True)
    cleared_on: Day = column("date", nullable=True)
    clearing_evidence: str = one_of(
        "home_check", "village_review", "county_confirmed", nullable=True
    )

    @pa.dataframe_check(name="cleared_after_found")
    def cleared_after_found(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """A risk is cleared no earlier than it was found."""
        return frame["cleared_on"].isna() | (frame["cleared_on"] >= frame["found_on"])

    class Config:
        metadata = about(household="households.id")


class Problems(Table):
    """One row a problem in the rectification ledger, with its three signatures.

    ``reminded_on`` is the day on which a reminder went to the first head of the group.
    """

    id: str = identifier(unique=True)
    source: str = one_of(
        "central_inspection",
        "state_assessment",
        "province_assessment",
        "april_screening",
        "june_review",
        "housing_check",
    )
    aspect: str = one_of(
        "responsibility",
        "policy",
        "work",
        "education",
        "medical",
        "housing",
        "water",
        "industry",
        "employment",
        "credit",
        "funds",
        "register",
        "archives",
        "style",
    )
    found_on: Day = column("date")
    village: str = identifier(r"\d{12}", nullable=True)
    household: str = identifier(nullable=True)
    owner: str = identifier()
    due_on: Day = column("date")
    reminded_on: Day = column("date", nullable=True)
    prepared_on: Day = column("date", nullable=True)
    reviewed_on: Day = column("date", nullable=True)
    signed_on: Day = column("date", nullable=True)
    closed_on: Day = column("date", nullable=True)
    rechecked_on: Day = column("date", nullable=True)
    reopened: bool = column("flag")

    @pa.dataframe_check(name="due_after_found")
    def due_after_found(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """A problem is due no earlier than it was found."""
        return frame["due_on"] >= frame["found_on"]

    @pa.dataframe_check(name="closed_after_found")
    def closed_after_found(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """A problem is closed no earlier than it was found."""
        return frame["closed_on"].isna() | (frame["closed_on"] >= frame["found_on"])

    class Config:
        metadata = about(village="villages.code", household="households.id")


class Measures(Table):
    """One row a measure taken for a problem."""

    id: str = identifier(unique=True)
    problem: str = identifier()
    kind: str = one_of("rule", "task", "training", "rebuilt", "improved", "mended_by_town")
    done_on: Day = column("date", nullable=True)
    evidence: str = column(nullable=True)

    class Config:
        metadata = about(problem="problems.id")


class Inspections(Table):
    """One row an unannounced visit to a household, or a village's part in a mutual check."""

    id: str = identifier(unique=True)
    date: Day = column("date")
    village: str = identifier(r"\d{12}")
    household: str = identifier(nullable=True)
    kind: str = one_of("registered", "vulnerable", "mutual_check")
    opinion: str = identifier(nullable=True)

    class Config:
        metadata = about(village="villages.code", household="households.id")


class Visits(Table):
    """One row a village and year of the mass visits: requests gathered and dealt with."""

    village: str = identifier(r"\d{12}")
    year: int = column("year", ge=2015, le=2100)
    collected: int = column("request", ge=0)
    solved: int = column("request", ge=0)
    referred: int = column("request", ge=0)
    completed: int = column("request", ge=0)

    @pa.dataframe_check(name="requests_add_up")
    def requests_add_up(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Solved on the spot and referred are parts of the collected; completed of the referred."""
        return (frame["solved"] + frame["referred"] <= frame["collected"]) & (
            frame["completed"] <= frame["referred"]
        )

    class Config:
        metadata = about(["village", "year"], village="villages.code")


class Evaluations(Table):
    """One row a town and round of the county's evaluation of rectification work."""

    town: str = identifier(r"\d{9}")
    round: int = column("number", ge=1)
    held_on: Day = column("date")
    score: float = column("point", ge=0, le=100)
    talked: bool = column("flag")

    class Config:
        metadata = about(["town", "round"], town="towns.code")


class Archives(Table):
    """One row a file of a household or a village, held against the county's list of documents.

    ``household`` is empty for the village's own file; ``missing`` names the documents that are
    not in it, joined by semicolons.
    """

    id: str = identifier(unique=True)
    village: str = identifier(r"\d{12}")
    household: str = identifier(nullable=True)
    required: int = column("document", ge=1)
    missing: str = column("category", nullable=True)
    filled_on: Day = column("date", nullable=True)
    reviewed_on: Day = column("date", nullable=True)
    verified_on: Day = column("date", nullable=True)

    class Config:
        metadata = about(village="villages.code", household="households.id")


class ReportFigures(Table):
    """One row a figure that the county's 2020 report prints."""

    figure_id: str = identifier(unique=True)
    topic: str = column("category", source=REPORT)
    measure_zh: str = column(source=REPORT)
    measure_en: str = column(source=REPORT)
    value: float = column("number", source=REPORT)
    unit: str = column("category", source=REPORT)
    qualifier: str = one_of("exact", "rounded", "truncated", "at_least", "ambiguous", "derived")
    as_of: str = column(source=REPORT)

    class Config:
        metadata = about(["figure_id"])


TABLES: dict[str, type[Table]] = {
    "risks": Risks,
    "problems": Problems,
    "measures": Measures,
    "inspections": Inspections,
    "visits": Visits,
    "evaluations": Evaluations,
    "archives": Archives,
    "report_figures": ReportFigures,
}
