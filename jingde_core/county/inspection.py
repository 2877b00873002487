"""What an inspection asks: who was missed, who still has to exit, whom to visit, what to bring.

Households stand under their codes; whoever goes there takes the name from the office's own
store. Nothing here decides: a hit is a question with its evidence.
"""

import csv
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jingde_core.county.guarantees import present, told
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem, collected
from jingde_core.quality import check
from jingde_core.quality.frames import Frames
from jingde_core.quality.predicates import truth

if TYPE_CHECKING:
    from jingde_core.county.tables import County

TABLES = ("households", "persons", "guarantees", "risks")
LIFTED = ("lifted_with_policy", "lifted_without_policy")


@lru_cache
def _declared(file: str) -> tuple[dict[str, str], ...]:
    with (shipped("data") / f"{file}.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(csv.DictReader(rows))


def finder(county: "County", queries: Iterable[str] | None = None) -> pd.DataFrame:
    """What an inspection would find, found first (迎检自查).

    Parameters
    ----------
    queries : iterable of str, optional
        Queries of ``data/finder.csv``: missed_risk, false_clear, cause_without_help,
        security_only, no_measures, posts, wages, after_death, credit_use, not_verified.

    Returns
    -------
    DataFrame
        ``query``, the columns of `quality.check`, and ``papers`` to bring; no row where
        nothing was found.

    Raises
    ------
    KeyError
        for an unknown rule in the file.
    """
    chosen = {row["query"]: row for row in _declared("finder")}
    if queries is not None:
        chosen = {name: chosen[name] for name in queries}
    asked = {rule: name for name, row in chosen.items() for rule in row["rules"].split(";")}
    hits = check(county.tables, rules=list(asked), parameters=county.parameters, as_of=county.as_of)
    query = hits["rule"].map(asked)
    proof = query.map({name: row["proof"] for name, row in chosen.items()})
    hits.insert(0, "query", query)
    return told(hits.assign(papers=proof), county, *TABLES)


def visit_list(county: "County", *, village: str | None = None) -> pd.DataFrame:
    """Households to visit, what to check there and what proof to bring (入户核查清单).

    Returns
    -------
    DataFrame
        ``village, household, check, evidence, papers``: one row a household, all its questions
        together; no row where there is none.
    """
    hits = finder(county).dropna(subset=["household"])
    if village is not None:
        hits = hits[hits["village"] == village]
    joined = hits.groupby(["village", "household"], as_index=False).agg(
        check=("message", lambda each: label("quality.join").join(dict.fromkeys(each))),
        evidence=("evidence", lambda each: label("quality.join").join(dict.fromkeys(each))),
        papers=("papers", lambda each: ";".join(dict.fromkeys(";".join(each).split(";")))),
    )
    return told(joined, county, *TABLES)


def last_mile(county: "County", *, by_when: str) -> pd.DataFrame:
    """Households still to exit, one by one (未脱贫户清单).

    Parameters
    ----------
    by_when : str
        Day by which they are to exit, ``YYYY-MM-DD``: the office states it.

    Returns
    -------
    DataFrame
        ``household, village, town, members, income_per_head``, ``gap_per_head`` (yuan to the
        line of the year; 0 above it), ``not_met, not_verified`` (indicators, joined by
        semicolons), ``lacking`` (documents), ``helper, by_when``.
    """
    homes = present(county)
    homes = homes[homes["exit_status"] == "not_lifted"]
    line = county.parameters.value("poverty_line", pd.Timestamp(county.as_of).date())
    states = county.tables["guarantees"]

    def indicators(state: str) -> "pd.Series[str]":
        rows = states[states["state"] == state].groupby("household")["indicator"].agg(";".join)
        return rows.reindex(homes.index)

    files = county.tables["archives"].dropna(subset=["household"]).set_index("household")
    found = homes[["village", "town", "members", "income_per_head", "helper"]].assign(
        gap_per_head=(line - homes["income_per_head"]).clip(lower=0),
        not_met=indicators("fail"),
        not_verified=indicators("unknown"),
        lacking=files["missing"].reindex(homes.index),
        by_when=by_when,
    )
    columns = ["household", "village", "town", "members", "income_per_head", "gap_per_head"]
    columns += ["not_met", "not_verified", "lacking", "helper", "by_when"]
    return told(found.rename_axis("household").reset_index()[columns], county, *TABLES, "archives")


def rates(county: "County") -> pd.DataFrame:
    r"""The inspectors' three rates and one degree, by the register's own rows (三率一度测算).

    .. math:: \frac{N_{not\ lifted} + N_{wrong} + N_{missed}}{N_{agricultural}}, \quad
              \frac{N_{missed}}{N_{agricultural}}, \quad \frac{N_{wrong}}{N_{lifted}}

    Wrong exit: lifted, and income below the line or a guarantee failed; missed: watched but not
    registered, with the same. Who is on no list is not in the rows, so that both are least
    values. Public approval needs a survey of opinion, which the tables do not hold: NaN.

    Returns
    -------
    DataFrame
        ``inspected, persons, denominator, value``.
    """
    homes = present(county)
    line = county.parameters.value("poverty_line", pd.Timestamp(county.as_of).date())
    states = county.tables["guarantees"]
    failed = homes.index.isin(states.loc[states["state"] == "fail", "household"])
    short = (homes["income_per_head"] < line) | failed
    lifted = homes["exit_status"].isin(LIFTED)
    persons = {
        "not_lifted": homes["exit_status"] == "not_lifted",
        "wrong_exit": lifted & short,
        "missed": (homes["status"] == "edge") & short,
    }
    counts = {name: int(homes.loc[chosen, "members"].sum()) for name, chosen in persons.items()}
    rural = int(county.tables["villages"]["rural_population"].sum())
    rows = [
        ("comprehensive_incidence", sum(counts.values()), rural),
        ("missed_rate", counts["missed"], rural),
        ("wrong_exit_rate", counts["wrong_exit"], int(homes.loc[lifted, "members"].sum())),
        ("approval", np.nan, np.nan),
    ]
    frame = pd.DataFrame(rows, columns=["inspected", "persons", "denominator"])
    below = frame["denominator"].where(frame["denominator"] > 0)
    return told(frame.assign(value=frame["persons"] / below), county, *TABLES, "villages")


def draw(county: "County", *, villages: int, households: int, seed: int) -> pd.DataFrame:
    """A seeded random draw of villages, then of households in each (随机抽户).

    Parameters
    ----------
    villages, households : int
        Villages drawn, all alike, and households in each; all where there are fewer.
    seed : int
        The same seed draws the same households.

    Returns
    -------
    DataFrame
        ``number, village, household, status, exit_status, attribute, main_cause, members`` and
        ``chance`` that this household was drawn, for weighting.

    Raises
    ------
    DataError
        where fewer than one is asked for, or more villages than have a household.
    """
    homes = present(county).reset_index(names="household").sort_values("household")
    places = homes["village"].drop_duplicates().sort_values().to_numpy()
    with collected() as problems:
        for name, count, most in (
            ("villages", villages, len(places)),
            ("households", households, len(homes)),
        ):
            if not 1 <= count <= most:
                problems.append(Problem("draw_size", found=f"{name}={count}", expected=f"1-{most}"))
    random = np.random.default_rng(seed)
    parts = []
    for place in np.sort(random.choice(places, villages, replace=False)):
        own = homes[homes["village"] == place]
        count = min(households, len(own))
        at = np.sort(random.choice(len(own), count, replace=False))
        parts.append(own.iloc[at].assign(chance=villages / len(places) * count / len(own)))
    columns = ["village", "household", "status", "exit_status", "attribute", "main_cause"]
    drawn = pd.concat(parts, ignore_index=True)[[*columns, "members", "chance"]]
    drawn.insert(0, "number", range(1, len(drawn) + 1))
    return told(drawn, county, "households")


def entitlements(county: "County") -> pd.DataFrame:
    """Who is entitled to a policy and has it, and who not (政策享受对照).

    ``data/entitlements.csv`` states for each policy who is entitled and who has received. Posts
    and loans are not in it: nobody is entitled to them by a rule that the rows can show.

    Returns
    -------
    DataFrame
        ``policy, person, household, village, standing``: has, entitled_without
        (应享未享), received_without (违规享受疑似); rows of neither are left out.
    """
    frames = Frames(county.tables, county.as_of)
    parts = []
    for row in _declared("entitlements"):
        rows = frames[row["frame"]]
        entitled = truth(row["entitled"], dict(rows)).fillna(False).to_numpy(dtype=bool)
        received = truth(row["received"], dict(rows)).fillna(False).to_numpy(dtype=bool)
        verdict = np.select(
            [entitled & received, entitled, received],
            ["has", "entitled_without", "received_without"],
            "",
        )
        part = rows[["record", "household", "village"]].rename(columns={"record": "person"})
        part = part.assign(policy=row["policy"], standing=verdict)
        parts.append(part[verdict != ""])
    found = pd.concat(parts, ignore_index=True)
    found = found[["policy", "person", "household", "village", "standing"]]
    return told(found, county, *TABLES, "awards", "subsidies", "posts")


def tasks() -> dict[str, tuple[str, dict[str, Any]]]:
    """The seven tasks set for 2021 with the measures that would show each (2021年工作对照).

    Returns
    -------
    dict
        Name of task and measure to the measure and its arguments, as `views.figures` asks.
    """
    asked = {}
    for row in _declared("tasks_2021"):
        pair = {
            "heading": value_label("task", row["task"]),
            "value": label(f"metric.{row['metric']}"),
        }
        given = json.loads(row["arguments"] or "{}")
        asked[label("inspection.task", **pair)] = (row["metric"], {"by": "county", **given})
    return asked
