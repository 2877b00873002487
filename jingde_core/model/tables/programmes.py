"""Posts, loans, subsidies, industry links, awards, facilities, entities, products, sales."""

import pandas as pd
import pandera.pandas as pa

from jingde_core.model.tables.fields import Day, Table, about, column, identifier, one_of, yuan


class Posts(Table):
    """One row a public-welfare post held by a person; wage is yuan a month."""

    id: str = identifier(unique=True)
    person: str = identifier()
    village: str = identifier(r"\d{12}")
    kind: str = one_of("ranger", "auxiliary", "pv", "temporary")
    starts_on: Day = column("date")
    ends_on: Day = column("date", nullable=True)
    wage: float = yuan(ge=0)

    class Config:
        metadata = about(person="persons.id", village="villages.code")


class Loans(Table):
    """One row a loan: micro-credit to a household, or a loan won for an entity."""

    id: str = identifier(unique=True)
    household: str = identifier(nullable=True)
    entity: str = identifier(nullable=True)
    village: str = identifier(r"\d{12}", nullable=True)
    amount: float = yuan(gt=0)
    granted_on: Day = column("date")
    months: int = column("month", ge=1)
    purpose: str = one_of("tea", "ganoderma", "livestock", "crops", "trade", "working_capital")
    mode: str = one_of("own", "joint", "cooperative", "venture", nullable=True)
    state: str = one_of("current", "repaid", "overdue")
    event: str = identifier(nullable=True)

    @pa.dataframe_check(name="one_borrower")
    def one_borrower(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """A household or an entity borrows, never both and never neither."""
        return frame["household"].notna() ^ frame["entity"].notna()

    class Config:
        metadata = about(
            household="households.id",
            entity="entities.id",
            village="villages.code",
            event="events.id",
        )


class Subsidies(Table):
    """One row a subsidy paid to a person or a household."""

    id: str = identifier(unique=True)
    person: str = identifier(nullable=True)
    household: str = identifier()
    village: str = identifier(r"\d{12}")
    kind: str = one_of("transport", "industry_project")
    date: Day = column("date")
    amount: float = yuan(ge=0)

    class Config:
        metadata = about(person="persons.id", household="households.id", village="villages.code")


class IndustryLinks(Table):
    """One row a household's tie to an industry in a year; income is what the tie added."""

    id: str = identifier(unique=True)
    household: str = identifier()
    year: int = column("year", ge=2014, le=2100)
    mode: str = one_of("park", "enterprise", "cooperative", "able_household", "own", "forestry")
    entity: str = identifier(nullable=True)
    persons: int = column("person", ge=1)
    income: float = yuan(nullable=True, ge=0)

    class Config:
        metadata = about(household="households.id", entity="entities.id")


class Awards(Table):
    """One row an aid, certificate or insurance given to a person or household.

    ``household`` is empty for a recipient off the register: the report does not say whose
    the certificates are.
    """

    id: str = identifier(unique=True)
    person: str = identifier(nullable=True)
    household: str = identifier(nullable=True)
    village: str = identifier(r"\d{12}")
    kind: str = one_of(
        "student_aid", "flood_student_aid", "chronic_certificate", "two_disease_certificate"
    )
    date: Day = column("date")
    amount: float = yuan(nullable=True, ge=0)

    class Config:
        metadata = about(person="persons.id", household="households.id", village="villages.code")


class Facilities(Table):
    """One row a workshop, vending cabinet, pavilion, sales zone, or clinic and its doctor."""

    id: str = identifier(unique=True)
    kind: str = one_of(
        "workshop", "cabinet", "local_pavilion", "enterprise_pavilion", "sales_zone", "clinic"
    )
    village: str = identifier(r"\d{12}")
    entity: str = identifier(nullable=True)
    opened_on: Day = column("date", nullable=True)
    people: pd.Int64Dtype = column("person", nullable=True, ge=0)
    registered_people: pd.Int64Dtype = column("person", nullable=True, ge=0)
    staffing: str = one_of("recruited", "rehired", "posted", nullable=True)

    class Config:
        metadata = about(village="villages.code", entity="entities.id")


class Entities(Table):
    """One row an enterprise, cooperative, farm or other body that works with households."""

    id: str = identifier(unique=True)
    name: str = column()
    kind: str = one_of("leading_enterprise", "cooperative", "farm", "operator", "park")
    village: str = identifier(r"\d{12}", nullable=True)
    resumed_on: Day = column("date", nullable=True)
    alliance_tie: str = one_of("orders", "shares", "labour", "services", nullable=True)

    class Config:
        metadata = about(village="villages.code")


class Products(Table):
    """One row a certified product; ``displayed_on`` when it is on the national platform."""

    id: str = identifier(unique=True)
    entity: str = identifier()
    certified_on: Day = column("date", nullable=True)
    displayed_on: Day = column("date", nullable=True)

    class Config:
        metadata = about(entity="entities.id")


class Sales(Table):
    """One row an entity's sales in a month and channel."""

    id: str = identifier(unique=True)
    entity: str = identifier()
    channel: str = one_of("platform", "cabinet", "pavilion", "sales_zone", "fair", "direct")
    date: Day = column("date")
    amount: float = yuan(ge=0)

    class Config:
        metadata = about(entity="entities.id")


TABLES: dict[str, type[Table]] = {
    "posts": Posts,
    "loans": Loans,
    "subsidies": Subsidies,
    "industry_links": IndustryLinks,
    "awards": Awards,
    "facilities": Facilities,
    "entities": Entities,
    "products": Products,
    "sales": Sales,
}
