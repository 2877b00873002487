"""Places and people: towns, villages, households and their years, persons, guarantees."""

from jingde_core.model.tables.fields import (
    PUBLIC,
    Day,
    Table,
    about,
    column,
    identifier,
    one_of,
    yuan,
)

import pandas as pd  # isort: skip
import pandera.pandas as pa  # isort: skip

INDICATORS = ("food", "clothing", "education", "medical", "housing", "water")
#: what a check of one thing can come to
STATES = ("pass", "fail", "unknown")
INCOME_COMPONENTS = ("wage", "business", "property", "transfer")


class Towns(Table):
    """One row a town."""

    code: str = identifier(r"\d{9}", unique=True)
    name: str = column(source=PUBLIC, unique=True)

    class Config:
        metadata = about(["code"])


class Villages(Table):
    """One row a village or community, with its population and its 2014 standing."""

    code: str = identifier(r"\d{12}", unique=True)
    name: str = column(source=PUBLIC, unique=True)
    kind: str = one_of("village", "community")
    town: str = identifier(r"\d{9}")
    poor_2014: bool = column("flag")
    population: int = column("person", ge=1)
    rural_population: int = column("person", ge=0)

    @pa.dataframe_check(name="rural_within_population")
    def rural_within_population(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Agricultural population is part of the population."""
        return frame["rural_population"] <= frame["population"]

    class Config:
        metadata = about(["code"], town="towns.code")


class Households(Table):
    """One row a household ever on the register or watched; the present state.

    ``left_on`` is empty for those on the register now. Income is yuan a household in the
    register's income year (1 October to 30 September); ``income_per_head`` is
    (wage + business + property + transfer - business_cost) / members, on whole fen. Where a
    ledger prints another number, the row stands and a rule of the quality room tells of it.
    """

    id: str = identifier(unique=True)
    village: str = identifier(r"\d{12}")
    hamlet: int = column("number", ge=1)
    status: str = one_of("registered", "edge", "other")
    exit_status: str = one_of(
        "not_lifted",
        "lifted_with_policy",
        "lifted_without_policy",
        "relapsed",
        "never_lifted",
        nullable=True,
    )
    attribute: str = one_of("general", "dibao", "tekun", nullable=True)
    main_cause: str = one_of(
        "illness",
        "disability",
        "schooling",
        "disaster",
        "land",
        "water_shortage",
        "skill",
        "labour",
        "capital",
        "traffic",
        "motivation",
        "other",
        nullable=True,
    )
    other_causes: str = column("category", nullable=True)
    members: int = column("person", ge=1)
    registered_on: Day = column("date", nullable=True)
    lifted_on: Day = column("date", nullable=True)
    left_on: Day = column("date", nullable=True)
    reason_left: str = one_of("support_ended", "natural", "cleared_out", nullable=True)
    wage: float = yuan(nullable=True, ge=0)
    business: float = yuan(nullable=True, ge=0)
    property: float = yuan(nullable=True, ge=0)
    transfer: float = yuan(nullable=True, ge=0)
    business_cost: float = yuan(nullable=True, ge=0)
    income_per_head: float = yuan(nullable=True)
    food_enough: str = one_of(*STATES, nullable=True)
    food_protein: str = one_of(*STATES, nullable=True)
    seasonal_clothes: str = one_of(*STATES, nullable=True)
    bedding: str = one_of(*STATES, nullable=True)
    housing_grade: str = one_of("A", "B", "C", "D", nullable=True)
    water_litres: float = column("litre_per_person_day", nullable=True, ge=0)
    water_quality: str = one_of(*STATES, nullable=True)
    water_trip_minutes: float = column("minute", nullable=True, ge=0)
    water_cut_days: float = column("day_per_year", nullable=True, ge=0, le=366)
    helper: str = identifier(nullable=True)

    @pa.dataframe_check(name="dates_in_order")
    def dates_in_order(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Registered before lifted, lifted before left."""
        lifted = frame["lifted_on"].fillna(frame["registered_on"])
        left = frame["left_on"].fillna(pd.Timestamp.max.floor("s"))
        return (frame["registered_on"].isna() | (frame["registered_on"] <= lifted)) & (
            lifted.isna() | (lifted <= left)
        )

    class Config:
        metadata = about(village="villages.code")


class HouseholdYears(Table):
    """One row a household and year on the register, as at the end of the income year."""

    household: str = identifier()
    year: int = column("year", ge=2000, le=2100)
    members: int = column("person", ge=1)
    income_per_head: float = yuan()
    status: str = one_of("poor", "lifted", "edge")

    class Config:
        metadata = about(["household", "year"], household="households.id")


class Persons(Table):
    """One row a person of a household on the register or watched; no name, no ID number.

    Who died stays with ``died_on``, so that a payment after it can be found.
    """

    id: str = identifier(unique=True)
    household: str = identifier()
    relation: str = one_of(
        "head", "spouse", "child", "parent", "grandchild", "child_in_law", "other"
    )
    sex: str = one_of("male", "female")
    birth_year: int = column("year", ge=1900, le=2100)
    died_on: Day = column("date", nullable=True)
    schooling: str = one_of("illiterate", "primary", "junior", "senior", "college", nullable=True)
    in_school: str = one_of(
        "none", "kindergarten", "primary", "junior", "senior", "vocational", "college"
    )
    health: str = one_of("healthy", "chronic", "serious", "disabled")
    labour: str = one_of("skilled", "ordinary", "weak", "lost", "none")
    work: str = one_of("none", "town", "county", "province", "outside", "local_post")
    work_months: int = column("month", ge=0, le=12)
    insured: str = one_of("yes", "no", "exempt", "unknown")

    class Config:
        metadata = about(household="households.id")


class Guarantees(Table):
    """One row a household and indicator of the two assurances, three guarantees, safe water."""

    household: str = identifier()
    indicator: str = one_of(*INDICATORS)
    state: str = one_of("pass", "fail", "exempt", "unknown")
    reason: str = one_of(
        "not_applicable", "home_taught", "unable", "newborn", "army", nullable=True
    )
    evidence: str = one_of("survey", "home_check", "department", nullable=True)
    checked_on: Day = column("date", nullable=True)

    @pa.dataframe_check(name="exempt_has_reason")
    def exempt_has_reason(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """An exemption states its reason, and only an exemption does."""
        return (frame["state"] == "exempt") == frame["reason"].notna()

    class Config:
        metadata = about(["household", "indicator"], household="households.id")


class Identity(Table):
    """Names and numbers of persons: in the office's store only, never in a County."""

    person: str = identifier()
    name: str = column("secret")
    id_number: str = column("secret", nullable=True)
    phone: str = column("secret", nullable=True)
    bank_card: str = column("secret", nullable=True)

    class Config:
        metadata = about(["person"], person="persons.id")


TABLES: dict[str, type[Table]] = {
    "towns": Towns,
    "villages": Villages,
    "households": Households,
    "household_years": HouseholdYears,
    "persons": Persons,
    "guarantees": Guarantees,
}
#: tables of the office's store that no County ever holds
STORE_ONLY: dict[str, type[Table]] = {"identity": Identity}
