"""The closed loop of rectification: where each problem stands, how long it takes, what recurs.

The report states completion for the 134 measures of June alone; what the rows say of other
measures is the register's, and never the report's. Evaluation scores of towns are compared only
when they are the county's own.
"""

import csv
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.county.guarantees import declared, together, told
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem
from jingde_core.model.tables import TABLES
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
        rechecked; 0 for none, NaN where problems are not imported.
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
    if county.lacks("problems"):
        frame["value"] = float("nan")
    frame = told(frame, county, "problems")
    frame.attrs |= {"metric": metric, "unit": "problems", "by": (by,), "where": dict(where or {})}
    return frame


def loop(
    county: "County",
    *,
    by: str = "source",
    where: Mapping[str, Any] | None = None,
    as_of: str | None = None,
) -> pd.DataFrame:
    """How fast and how well problems are closed, by source, aspect, town or owner (整改台账汇总).

    Parameters
    ----------
    by, where
        As for `measure`; owners are told in words (`owners`).

    Returns
    -------
    DataFrame
        ``by``, ``problems, closed, open, overdue, oldest_days`` (of the open ones),
        ``median_days, p90_days`` (to close; NaN where none is closed), ``reminder_days`` (median
        from finding to reminder), ``measures_set`` and ``measures_per_problem`` (over problems of
        sources that record measures; NaN where none does), and the rates of the profile
        ``rectification``. In the order of the codes' list; no row for no problem.

    Raises
    ------
    KeyError
        for a column that problems do not have.
    """
    frame = _problems(county, where)
    if by not in frame:
        raise KeyError(unknown_name(by, frame.columns))
    day = pd.Timestamp(as_of or county.as_of)
    own = county.frame("measures")
    counts, listed = own["problem"].value_counts(), frame["source"].isin(own["source"])
    frame = frame.assign(
        overdue=frame["open"] & (frame["due_on"] < day),
        waited=(day - frame["found_on"]).dt.days.where(frame["open"]),
        measures=frame["id"].map(counts).astype(float).fillna(0).where(listed),
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
        reminder_days=("days_to_remind", "median"),
        measures_set=("measures", lambda each: each.sum(min_count=1)),
        measures_per_problem=("measures", "mean"),
    )
    names = [row["column"] for row in declared("profiles") if row["profile"] == "rectification"]
    rates = pd.DataFrame(columns=["code", *names])
    if len(frame):
        rates = together(county, "rectification", by=by, where=where)
    found = found.loc[_listed(by, found.index)].join(rates.set_index("code")[names])
    found = found.rename_axis(by).reset_index()
    if by == "owner":
        found[by] = owners(county, found[by])
    return told(found, county, "problems", "measures")


def _listed(by: str, found: "pd.Index[str]") -> list[str]:
    """The codes found, in the order in which their column's model lists them."""
    column = TABLES["problems"].to_schema().columns.get(by)
    checks = [check.statistics for check in column.checks] if column else []
    codes = [code for each in checks for code in each.get("allowed_values", [])]
    return [code for code in codes or found if code in found]


def owners(county: "County", codes: "pd.Series[str]") -> "pd.Series[str]":
    """Responsible units in words (责任单位): the town, else a unit of the county by its code."""
    towns = county.tables["towns"].set_index("code")["name"]
    units = [label("rectification.unit", code=code) for code in codes]
    return codes.str.removeprefix("U-").map(towns).fillna(pd.Series(units, codes.index))


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
    """How many files lack each document (缺少材料清单): ``scope, document, files``, most first."""
    files = county.frame("archives")[["scope", "missing"]].dropna()
    lacking = files.assign(document=files["missing"].str.split(";")).explode("document")
    counts = lacking.groupby(["scope", "document"]).size().rename("files").reset_index()
    counts = counts.sort_values(["scope", "files"], ascending=[True, False], kind="stable")
    return told(counts.reset_index(drop=True), county, "archives")


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
