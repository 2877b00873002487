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
from jingde_core.metrics.deprivation import GUARANTEES
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem, collected
from jingde_core.quality import check
from jingde_core.quality.checking import shown
from jingde_core.quality.frames import Frames
from jingde_core.quality.predicates import truth

if TYPE_CHECKING:
    from jingde_core.county.tables import County

TABLES = ("households", "persons", "guarantees", "risks")
EXIT_PAPERS = "income_account;guarantee_check;review_notice;county_confirmation"
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
        for an unknown query; close names are listed.
    """
    known = {row["query"]: row for row in _declared("finder")}
    wanted = list(known if queries is None else queries)
    for name in set(wanted) - set(known):
        raise KeyError(unknown_name(name, known))
    chosen = {name: known[name] for name in wanted}
    asked = {rule: name for name, row in chosen.items() for rule in row["rules"].split(";")}
    hits = check(county.tables, rules=list(asked), parameters=county.parameters, as_of=county.as_of)
    query = hits["rule"].map(asked)
    proof = query.map({name: row["proof"] for name, row in chosen.items()})
    hits.insert(0, "query", query)
    return told(hits.assign(papers=proof), county, *_asked(chosen))


def _asked(queries: Iterable[str]) -> list[str]:
    """Tables that these queries read."""
    rows = (row for row in _declared("finder") if row["query"] in queries)
    return list(dict.fromkeys(name for row in rows for name in row["tables"].split(";")))


def finder_counts(county: "County", *, by: str = "query") -> pd.DataFrame:
    """Hits of the finder by query, village or town, those without a hit too (自查命中汇总).

    Returns
    -------
    DataFrame
        ``by``, ``hits`` and ``homes`` (households among them); of places one row more, without
        a code, where a hit has no place on record. NaN instead of 0 where a table that was asked
        is not imported.
    """
    hits = finder(county)
    if by not in ("query", "village", "town"):
        raise KeyError(unknown_name(by, ("query", "village", "town")))
    queries = [row["query"] for row in _declared("finder")]
    every = pd.Index(queries if by == "query" else county.tables[f"{by}s"]["code"], name=by)
    groups = hits.groupby(by, dropna=False)["household"]
    counts = groups.agg(hits="size", homes="nunique")
    counts = counts.reindex(every.append(counts.index.difference(every)), fill_value=0)
    lacking = [county.lacks(*_asked([each] if by == "query" else queries)) for each in counts.index]
    counts = counts.mask(np.array(lacking, dtype=bool) & (counts["hits"] == 0))
    return told(counts.rename_axis(by).reset_index(), county, *_asked(queries))


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
    joined = hits.groupby(["village", "household"], as_index=False, dropna=False).agg(
        check=("message", lambda each: label("quality.join").join(dict.fromkeys(each))),
        evidence=("evidence", lambda each: label("quality.join").join(dict.fromkeys(each))),
        papers=("papers", lambda each: ";".join(dict.fromkeys(";".join(each).split(";")))),
    )
    joined.attrs = hits.attrs
    return joined


def visit_sheets(county: "County", *, village: str | None = None) -> dict[str, pd.DataFrame]:
    """The visit list as sheets to print, one a village, with room to write (入户核查表).

    Give them to `ledgers.workbook.write_sheets` for a file, to `views.workbook` for a link.

    Returns
    -------
    dict
        First what the list is and where its data come from, then name of village to frame:
        ``number, household, check, evidence, papers`` in words, ``seen_there, signature`` empty.
    """
    visits = visit_list(county, village=village)
    visits["papers"] = [shown("papers", papers) for papers in visits["papers"]]
    marked = ["synthetic_mark"] if "synthetic" in visits.attrs["provenance"] else []
    notes = [label(key) for key in (*marked, "internal_mark", "inspection.hint")]
    notes.append(label("inspection.counted", count=len(visits), as_of=county.as_of))
    sheets = {label("inspection.about"): pd.DataFrame({"note": notes})}
    names = visits["village"].map(county.tables["villages"].set_index("code")["name"])
    names = names.fillna(label("inspection.unplaced"))
    for name, rows in visits.drop(columns="village").groupby(names, sort=False):
        rows.insert(0, "number", range(1, len(rows) + 1))
        sheets[str(name)] = rows.assign(seen_there="", signature="").reset_index(drop=True)
    return sheets


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
        semicolons; one without a check on record is not verified), ``lacking`` (documents;
        ``no_file`` where no file is on record), ``helper, by_when``, ``papers`` of the exit.
    """
    homes = present(county)
    homes = homes[homes["exit_status"] == "not_lifted"]
    line = county.parameters.value("poverty_line", pd.Timestamp(county.as_of).date())
    states = Frames(county.tables, county.as_of)["states"].set_index("household")
    states = states.reindex(index=homes.index, columns=list(GUARANTEES)).fillna("unknown")

    def indicators(state: str) -> list[str]:
        return [";".join(states.columns[row]) for row in (states == state).to_numpy()]

    files = county.tables["archives"].dropna(subset=["household"]).set_index("household")
    found = homes[["village", "town", "members", "income_per_head", "helper"]].assign(
        gap_per_head=(line - homes["income_per_head"]).clip(lower=0),
        not_met=indicators("fail"),
        not_verified=indicators("unknown"),
        lacking=files["missing"].fillna("").reindex(homes.index).fillna("no_file"),
        by_when=by_when,
        papers=EXIT_PAPERS,
    )
    columns = ["household", "village", "town", "members", "income_per_head", "gap_per_head"]
    columns += ["not_met", "not_verified", "lacking", "helper", "by_when", "papers"]
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
        ``inspected, persons, unverified, denominator, value``; ``unverified`` are persons of
        whose household the income or a guarantee is not known and nothing known speaks
        against it: they are in no numerator. NaN where households or guarantees are not imported.
    """
    homes = present(county)
    line = county.parameters.value("poverty_line", pd.Timestamp(county.as_of).date())
    states = county.tables["guarantees"]
    failed = homes.index.isin(states.loc[states["state"] == "fail", "household"])
    settled = states[states["state"] != "unknown"].groupby("household").size()
    known = settled.reindex(homes.index) == len(GUARANTEES)
    short = (homes["income_per_head"] < line) | failed
    doubtful = ~short & (homes["income_per_head"].isna() | ~known)
    lifted, edge = homes["exit_status"].isin(LIFTED), homes["status"] == "edge"
    left = homes["exit_status"] == "not_lifted"

    def persons(chosen: "pd.Series[bool]") -> int:
        return int(homes.loc[chosen, "members"].sum())

    rural = int(county.tables["villages"]["rural_population"].sum())
    either, both = (lifted | edge) & short, (lifted | edge) & doubtful
    rows = [
        ("comprehensive_incidence", persons(left | either), persons(both), rural),
        ("missed_rate", persons(edge & short), persons(edge & doubtful), rural),
        ("wrong_exit_rate", persons(lifted & short), persons(lifted & doubtful), persons(lifted)),
        ("approval", np.nan, np.nan, np.nan),
    ]
    frame = pd.DataFrame(rows, columns=["inspected", "persons", "unverified", "denominator"])
    if county.lacks("households", "guarantees"):
        frame["persons"] = np.nan
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
        where fewer than one is asked for.
    """
    homes = present(county).reset_index(names="household").sort_values("household")
    places = homes["village"].drop_duplicates().sort_values().to_numpy()
    with collected() as problems:
        for name, count in (("villages", villages), ("households", households)):
            if count < 1:
                problems.append(Problem("draw_size", found=f"{name}={count}"))
    villages = min(villages, len(places))
    random = np.random.default_rng(seed)
    parts = [homes.iloc[:0].assign(chance=1.0)]
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
        (应享未享), received_without (违规享受疑似), unknown where what it turns on is not
        verified; rows of neither are left out.
    """
    frames = Frames(county.tables, county.as_of)
    parts = []
    for row in _declared("entitlements"):
        rows = frames[row["frame"]]
        entitled, received = (truth(row[side], dict(rows)) for side in ("entitled", "received"))
        unknown = (entitled.isna() | received.isna()).to_numpy(dtype=bool)
        due, has = (side.fillna(False).to_numpy(dtype=bool) for side in (entitled, received))
        verdict = np.select(
            [unknown, due & has, due, has],
            ["unknown", "has", "entitled_without", "received_without"],
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
        figure = label(row["figure"] or f"metric.{row['metric']}")
        pair = {"heading": value_label("task", row["task"]), "value": figure}
        given = json.loads(row["arguments"] or "{}")
        asked[label("inspection.task", **pair)] = (row["metric"], {"by": "county", **given})
    return asked
