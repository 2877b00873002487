"""Rectification, unannounced visits and mass visits: tallies and completion rates."""

from jingde_core.metrics.tallies import distinct_of, rows_of, share_of, sum_of

problems = rows_of("problems", "problems", "problems", "Problems listed.")
problem_aspects = distinct_of(
    "problem_aspects", "problems", "aspect", "aspects", "Aspects that the problems touch."
)
closure_rate = share_of("closure_rate", "problems", "closed", "Problems closed over listed.")
measures = rows_of("measures", "measures", "measures", "Measures set.")
completion_rate = share_of("completion_rate", "measures", "done", "Measures done over set.")
inspections = rows_of("inspections", "inspections", "visits", "Visits made.")
inspected_villages = distinct_of(
    "inspected_villages", "inspections", "village", "villages", "Villages visited."
)
review_opinions = distinct_of(
    "review_opinions", "inspections", "opinion", "opinions", "Review opinions issued."
)
requests_collected = sum_of(
    "requests_collected", "visits", "collected", "requests", "Requests gathered."
)
requests_solved = sum_of("requests_solved", "visits", "solved", "requests", "Answered on the spot.")
requests_completed = sum_of(
    "requests_completed", "visits", "completed", "requests", "Referred and completed."
)
visit_years = distinct_of("visit_years", "visits", "year", "years", "Years with mass visits.")
