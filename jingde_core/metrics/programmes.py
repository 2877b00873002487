"""Employment, industry, credit, consumption, education and medical care: tallies of rows."""

from jingde_core.metrics.tallies import distinct_of, rows_of, sum_of

posts = rows_of("posts", "posts", "posts", "Posts held.")
loans = rows_of("loans", "loans", "loans", "Number of loans.")
credit_households = distinct_of(
    "credit_households", "loans", "household", "households", "Households with micro-credit."
)
loan_entities = distinct_of("loan_entities", "loans", "entity", "entities", "Entities with a loan.")
credit_amount = sum_of("credit_amount", "loans", "amount", "yuan", "Amount lent.")
subsidies = rows_of("subsidies", "subsidies", "subsidies", "Number of subsidies.")
subsidised_persons = distinct_of(
    "subsidised_persons", "subsidies", "person", "persons", "Persons given a subsidy."
)
subsidy_amount = sum_of("subsidy_amount", "subsidies", "amount", "yuan", "Subsidies paid.")
linked_households = distinct_of(
    "linked_households", "industry_links", "household", "households", "Households tied to industry."
)
linked_persons = sum_of(
    "linked_persons", "industry_links", "persons", "persons", "Persons tied to industry."
)
linked_income = sum_of(
    "linked_income", "industry_links", "income", "yuan", "Income that the ties added."
)
awards = rows_of("awards", "awards", "awards", "Aids and certificates given.")
awarded_persons = distinct_of(
    "awarded_persons", "awards", "person", "persons", "Persons given an aid."
)
award_amount = sum_of("award_amount", "awards", "amount", "yuan", "Aid paid.")
facilities = rows_of("facilities", "facilities", "facilities", "Number of facilities.")
facility_people = sum_of(
    "facility_people", "facilities", "people", "persons", "People who work there."
)
facility_registered_people = sum_of(
    "facility_registered_people",
    "facilities",
    "registered_people",
    "persons",
    "Registered persons who work there.",
)
entities = rows_of("entities", "entities", "entities", "Number of entities.")
products = rows_of("products", "products", "products", "Number of products.")
suppliers = distinct_of("suppliers", "products", "entity", "entities", "Entities with a product.")
sales = sum_of("sales", "sales", "amount", "yuan", "Amount sold.")
sellers = distinct_of("sellers", "sales", "entity", "entities", "Entities that sold.")
