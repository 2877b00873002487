"""Rectification, evaluations, archives, unannounced and mass visits: tallies and rates.

A problem is closed on time when it was closed by its due day; one that is open counts as not
closed. Evidence is asked of a measure that was done.
"""

from jingde_core.metrics.tallies import distinct_of, rows_of, share_of, sum_of

problems = rows_of("problems", "problems", "problems", "Problems listed.")
problem_aspects = distinct_of(
    "problem_aspects", "problems", "aspect", "aspects", "Aspects that the problems touch."
)
closure_rate = share_of("closure_rate", "problems", "closed", "Problems closed over listed.")
on_time_rate = share_of(
    "on_time_rate", "problems", "on_time", "Closed by the due day over closed.", of="closed"
)
signed_rate = share_of("signed_rate", "problems", "signed", "Files signed over problems listed.")
recheck_rate = share_of(
    "recheck_rate", "problems", "rechecked", "Rechecked over closed.", of="closed"
)
reopen_rate = share_of(
    "reopen_rate", "problems", "reopened", "Reopened over rechecked.", of="rechecked"
)
reminded_problems = sum_of(
    "reminded_problems",
    "problems",
    "reminded",
    "problems",
    "Problems of which a reminder went out.",
)
measures = rows_of("measures", "measures", "measures", "Measures set.")
completion_rate = share_of("completion_rate", "measures", "done", "Measures done over set.")
evidence_rate = share_of(
    "evidence_rate", "measures", "proven", "Done with evidence over done.", of="done"
)
evaluation_rounds = distinct_of(
    "evaluation_rounds", "evaluations", "round", "rounds", "Rounds of evaluation."
)
secretaries_called = sum_of(
    "secretaries_called", "evaluations", "talked", "persons", "Town secretaries called in."
)
archives = rows_of("archives", "archives", "files", "Files kept.")
archive_completeness = share_of(
    "archive_completeness",
    "archives",
    "present",
    "Documents in the file over documents required.",
    of="required",
)
complete_archives = share_of(
    "complete_archives", "archives", "complete", "Files without a gap over files."
)
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
requests_referred = sum_of("requests_referred", "visits", "referred", "requests", "Referred.")
requests_completed = sum_of(
    "requests_completed", "visits", "completed", "requests", "Referred and completed."
)
visit_years = distinct_of("visit_years", "visits", "year", "years", "Years with mass visits.")
