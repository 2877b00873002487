"""The closed loop of rectification: where each problem stands, how long it takes, what recurs.

The report states completion for the 134 measures of June alone; what the rows say of other
measures is the register's, and never the report's. Evaluation scores of towns are compared only
when they are the county's own.
"""

import csv
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.county.guarantees import told
from jingde_core.model.catalogue import value_label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem
from jingde_core.quality import check, error_rates

if TYPE_CHECKING:
    from jingde_core.county.tables import County

STAGES = ("found", "prepared", "reviewed", "signed", "closed", "rechecked")
#: days before the due day from which an open problem is pressing
PRESSING = 30


def _problems(county: "County", where: Mapping[str, Any] | None) -> pd.DataFrame:
    rows = county.rows("problems")
    return rows.frame[rows.selected(where or {})]


def stages(county: "County", *, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Problems that have come as far as each stage of the loop (整改闭环漏斗).

    Parameters
    ----------
    where : mapping, optional
        Problems that count, as for `measure`: ``{"source": "june_review"}``.

    Returns
    -------
    DataFrame
        ``code, name, value``, one row a stage: found, prepared, reviewed, signed, closed,
        rechecked; 0 for none.
    """
    frame = _problems(county, where)
    counts = {stage: int(frame[f"{stage}_on"].notna().sum()) for stage in STAGES}
    return _counted(county, counts, "problem_stage", "stage", where)


def ages(
    county: "County", *, where: Mapping[str, Any] | None = None, as_of: str | None = None
) -> pd.DataFrame:
    """Open problems by how near their due day is (未销号问题时限).

    Returns
    -------
    DataFrame
        ``code, name, value``: overdue, within_30, later; 0 for none.
    """
    frame = _problems(county, where)
    left = (frame["due_on"] - pd.Timestamp(as_of or county.as_of)).dt.days
    left = left[frame["closed_on"].isna()]
    near = left.between(0, PRESSING)
    counts = {"overdue": left < 0, "within_30": near, "later": left > PRESSING}
    totals = {age: int(rows.sum()) for age, rows in counts.items()}
    return _counted(county, totals, "problem_age", "age", where)


def _counted(
    county: "County",
    counts: Mapping[str, int],
    metric: str,
    by: str,
    where: Mapping[str, Any] | None,
) -> pd.DataFrame:
    names = [value_label(by, code) for code in counts]
    frame = pd.DataFrame({"code": list(counts), "name": names, "value": list(counts.values())})
    frame = told(frame, county, "problems")
    frame.attrs |= {"metric": metric, "unit": "problems", "by": (by,), "where": dict(where or {})}
    return frame


def loop(county: "County", *, by: str = "source", as_of: str | None = None) -> pd.DataFrame:
    """How fast and how well problems are closed, by source, aspect, town or owner (整改台账汇总).

    Returns
    -------
    DataFrame
        ``by``, ``problems, closed, open, overdue, oldest_days`` (of the open ones),
        ``median_days, p90_days`` (to close; NaN where none is closed), ``measures`` and
        ``measures_per_problem`` (NaN where the source records no measures).

    Raises
    ------
    KeyError
        for a column that problems do not have.
    """
    frame = county.frame("problems")
    if by not in frame:
        raise KeyError(unknown_name(by, frame.columns))
    day = pd.Timestamp(as_of or county.as_of)
    still = frame["closed_on"].isna()
    frame = frame.assign(
        open=still,
        overdue=still & (frame["due_on"] < day),
        waited=(day - frame["found_on"]).dt.days.where(still),
        measures=frame["id"].map(county.tables["measures"]["problem"].value_counts()).fillna(0),
    )
    groups = frame.groupby(by)
    found = groups.agg(
        problems=("id", "size"),
        closed=("closed", "sum"),
        open=("open", "sum"),
        overdue=("overdue", "sum"),
        oldest_days=("waited", "max"),
        median_days=("days_to_close", "median"),
        p90_days=("days_to_close", lambda days: days.quantile(0.9)),
        measures=("measures", "sum"),
    )
    found["measures"] = found["measures"].where(found["measures"] > 0)
    found["measures_per_problem"] = found["measures"] / found["problems"]
    return told(found.reset_index(), county, "problems", "measures")


def rerun(county: "County", aspect: str, *, by: str = "village") -> pd.DataFrame:
    """The rules behind a kind of problem, run again over every place (举一反三).

    ``data/aspect_rules.csv`` says which groups of the quality room stand behind an aspect.

    Returns
    -------
    DataFrame
        As `quality.error_rates`, places without a breach too.

    Raises
    ------
    KeyError
        for an aspect without rules; the known ones are listed.
    """
    with (shipped("data") / "aspect_rules.csv").open(encoding="utf-8", newline="") as file:
        groups = {row["aspect"]: row["groups"].split(";") for row in csv.DictReader(file)}
    if aspect not in groups:
        raise KeyError(unknown_name(aspect, groups))
    hits = check(
        county.tables, groups=groups[aspect], parameters=county.parameters, as_of=county.as_of
    )
    return told(error_rates(hits, county.tables, by=by), county)


def missing_documents(county: "County") -> pd.DataFrame:
    """How many files lack each document (缺少材料清单): ``scope, document, files``."""
    files = county.frame("archives")[["scope", "missing"]].dropna()
    lacking = files.assign(document=files["missing"].str.split(";")).explode("document")
    counts = lacking.groupby(["scope", "document"]).size().rename("files").reset_index()
    return told(counts, county, "archives")


def scoreboard(county: "County") -> pd.DataFrame:
    """Scores of the towns by round, the mean behind them (整改成效测评得分).

    Raises
    ------
    DataError
        while the evaluations are synthetic: no named town is compared on invented scores.
    """
    if "synthetic" in county.kinds("evaluations"):
        raise DataError([Problem("synthetic_scoreboard", file="evaluations")])
    scores = county.frame("evaluations").pivot(index="town", columns="round", values="score")
    names = county.tables["towns"].set_index("code")["name"]
    scores = scores.add_prefix("round_").assign(mean=scores.mean(axis=1))
    scores.insert(0, "name", names.reindex(scores.index))
    return told(scores.reset_index(), county, "evaluations")
