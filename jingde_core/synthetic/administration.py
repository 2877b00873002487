"""The county's own housekeeping: approval of projects, reminders, evaluations, archives.

The report tells of three rounds of evaluation and three secretaries called in, of reminders
and of files checked town by town, but prints no score, date or gap: all of these are invented.
"""

from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.place import shipped
from jingde_core.synthetic.making import Making, Tables

#: days of the rounds, and the one after which a round's last town was called in
ROUNDS = ("2020-05-28", "2020-07-30", "2020-09-22")
INCOMPLETE = {"household": 0.03, "village": 0.06}


def make_approvals(made: Making) -> Tables:
    """Projects with the village's proposal, the town's check and the county's approval (审批)."""
    rng, projects = made.stream("approvals"), made["projects"]
    listed, count = projects["listed_on"], len(projects)
    days = np.sort(rng.integers(5, 60, (count, 3)), axis=1)[:, ::-1].astype("timedelta64[D]")
    for name, before in zip(("proposed_on", "checked_on", "approved_on"), days.T, strict=True):
        projects[name] = listed - before
    return made.table("projects", projects)


def make_reminders(made: Making) -> Tables:
    """Problems with the day of their reminder (提示单): those of reviews, not of screenings."""
    rng, problems = made.stream("reminders"), made["problems"]
    told = problems["household"].isna()
    problems["reminded_on"] = (problems["found_on"] + rng.spans(1, 4, len(problems))).where(told)
    return made.table("problems", problems)


def make_evaluations(made: Making) -> Tables:
    """Scores of the towns in each round (测评); after a round its last town is called in."""
    rng, towns = made.stream("evaluations"), made["towns"]["code"]
    standing = rng.normal(88, 2.5, len(towns))
    parts = []
    for number, day in enumerate(ROUNDS[: made.target["evaluation_rounds"]], 1):
        score = np.round(standing + rng.normal(number, 1.5, len(towns)), 1).clip(60, 100)
        round_of = {"town": towns, "round": number, "held_on": pd.Timestamp(day), "score": score}
        parts.append(pd.DataFrame(round_of).assign(talked=score.argmin() == np.arange(len(towns))))
    return made.table("evaluations", pd.concat(parts, ignore_index=True))


def make_archives(made: Making) -> Tables:
    """Files (档案) of villages and households; a few lack one document of the county's list."""
    rng, homes = made.stream("archives"), made.present()[["id", "village"]]
    listed = pd.read_csv(shipped("data") / "archive_documents.csv")
    villages = pd.DataFrame({"village": made["villages"]["code"], "household": None})
    homes = homes.rename(columns={"id": "household"})
    files = []
    for scope, frame in (("village", villages), ("household", homes)):
        documents = listed.loc[listed["scope"] == scope, "document"].to_numpy()
        lacks = rng.random(len(frame)) < INCOMPLETE[scope]
        missing = pd.Series(rng.choice(documents, len(frame)), frame.index).where(lacks)
        filled = rng.days(len(frame), "2020-05-06", "2020-06-12")
        reviewed = filled + rng.spans(3, 20, len(frame))
        verified = pd.Series(reviewed + rng.spans(5, 40, len(frame)), frame.index).where(~lacks)
        days: dict[str, Any] = {
            "filled_on": filled,
            "reviewed_on": reviewed,
            "verified_on": verified,
        }
        files.append(frame.assign(required=len(documents), missing=missing, **days))
    return made.coded("archives", "DA0001", files, ["village", "household"])
