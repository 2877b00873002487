"""Damage and relief of an event, counted as the report counts: households, persons, yuan.

A household with several damages counts once, and so do its members. Kinds of relief are
never added up: a grant, a wage, a loan and a claim are different things.
"""

from jingde_core.metrics.tallies import distinct_of, once_each, rows_of, sum_of

events = rows_of("events", "events", "events", "Number of events.")
damages = rows_of("damages", "damages", "damages", "Number of damages.")
damaged_households = distinct_of(
    "damaged_households", "damages", "household", "households", "Households with a damage."
)
damaged_persons = once_each(
    "damaged_persons", "damages", "household", "members", "persons", "Members of those households."
)
damaged_works = distinct_of("damaged_works", "damages", "work", "works", "Water works damaged.")
damaged_projects = distinct_of(
    "damaged_projects", "damages", "project", "projects", "Projects damaged."
)
damage_loss = sum_of("damage_loss", "damages", "loss", "yuan", "Loss of the damages.")
relief_households = distinct_of(
    "relief_households", "relief", "household", "households", "Households given relief."
)
relief_persons = sum_of("relief_persons", "relief", "persons", "persons", "Persons reached.")
relief_value = sum_of("relief_value", "relief", "value", "yuan", "Value of one kind of relief.")
relief_quantity = sum_of(
    "relief_quantity", "relief", "quantity", "quantity", "Quantity of one kind of relief."
)
