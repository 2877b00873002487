"""A department's list matched to the register: who is who, how sure, and what contradicts.

By ID number first; else by name, village and year of birth. Confidence: *exact* number and name
agree; *high* the number agrees and the name differs, or name, village and birth agree with one
person and no number speaks against it; *possible* several candidates, contradicting numbers, or
village or birth unknown; *none*. Between two candidates nothing is guessed: both are listed.
Only exact and high matches are held against the register.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.ledgers.departments import FINDING, Listed
from jingde_core.ledgers.workbook import write_sheets
from jingde_core.model.catalogue import label, value_label
from jingde_core.quality.checking import run
from jingde_core.quality.frames import Frames
from jingde_core.quality.rules import read_rules

CONFIDENCE = ("exact", "high", "possible", "none")
#: ways of finding, surest first: columns that agree, and the column that must be unknown
_WAYS = (
    (("id_number",), ""),
    (("name", "village", "birth_year"), ""),
    (("name", "village"), "birth_year"),
    (("name", "birth_year"), "village"),
)
_PAYMENTS = ("awards", "subsidies")
_PLACE = ["sheet", "row"]


@dataclass(frozen=True)
class Matching:
    """A list matched to the register (部门比对).

    ``hits``: one row a line of the list and candidate: sheet, row, name, id_number, confidence,
    note, person, household, village, and the department's fields. ``conflicts``: one row a
    contradiction, as `quality.check` gives it, with sheet, row and name.
    """

    listed: Listed
    hits: pd.DataFrame
    conflicts: pd.DataFrame

    @property
    def summary(self) -> pd.DataFrame:
        """Lines of the list by confidence, and conflicts by kind."""
        lines = self.hits.drop_duplicates(_PLACE)["confidence"].value_counts()
        rows = [(value_label("confidence", name), int(lines.get(name, 0))) for name in CONFIDENCE]
        kinds = self.conflicts["message"].value_counts(sort=False)
        rows += [(str(message), int(count)) for message, count in kinds.items()]
        return pd.DataFrame(rows, columns=["comparison", "count"])

    def write_workbook(self, path: str | Path) -> None:
        """Write summary, hits, conflicts and faulty cells as sheets; it holds names: internal."""
        mark = pd.DataFrame({"comparison": [label("matching.internal")]})
        frames = {
            "summary": pd.concat([mark, self.summary]),
            "hits": self.hits,
            "conflicts": self.conflicts,
        }
        frames |= {"problems": self.listed.problems}
        sheets = {label(f"matching.{name}"): frame for name, frame in frames.items()}
        write_sheets(Path(path), sheets, table="listed")


def match(
    listed: Listed,
    tables: Mapping[str, pd.DataFrame],
    identity: pd.DataFrame,
    *,
    as_of: str | None = None,
) -> Matching:
    """Match a department's list to the register (部门比对): hits with their confidence, conflicts.

    Parameters
    ----------
    listed : Listed
        from `read_list`.
    tables : mapping of str to DataFrame
        the county's: persons and households at least.
    identity : DataFrame
        person, name, id_number: the store's, which no county holds.
    as_of : str, optional
        the day of the check, as for `quality.check`.

    Returns
    -------
    Matching
        Who is on the register and not on the list is a conflict only in villages that the list
        reaches, and only where nobody on the list could be that person.
    """
    frames = Frames(tables, as_of)
    people = _people(frames, identity)
    hits = _sure(_candidates(listed.rows, people))
    own = [name for name in listed.rows if name not in (*_PLACE, *FINDING)]
    sure = hits[hits["confidence"].isin(CONFIDENCE[:2])]
    said = sure[["person", *own]].rename(columns={name: f"listed_{name}" for name in own})
    frames["listed"] = frames.joined(said, people, on="person", gain=map(str, people))
    frames["unlisted"] = _unlisted(people, hits, sure)
    rules = read_rules("departments").values()
    conflicts = run((rule for rule in rules if rule.group == listed.department), frames)
    lines = sure[["person", *_PLACE]]
    conflicts = frames.joined(conflicts, lines, on="record", gain=_PLACE)
    conflicts = frames.joined(conflicts, people[["id", "name"]], on="record", gain=["name"])
    told = ["record", "household", "village", "severity", "evidence", "message", "cure", "rule"]
    shown = ["name", "id_number", "confidence", "note", "person", "household", "village", *own]
    return Matching(listed, hits[[*_PLACE, *shown]], conflicts[[*_PLACE, "name", *told]])


def _people(frames: Frames, identity: pd.DataFrame) -> pd.DataFrame:
    """Persons of the register with name, number, their home's grade and the last day paid."""
    people = frames["persons"].drop(columns="record")
    people = frames.joined(people, "households", on="household", gain=["housing_grade"])
    named = identity[["person", "name", "id_number"]]
    people = frames.joined(people, named, on="id", gain=["name", "id_number"])
    paid = pd.concat([frames.tables[name][["person", "date"]] for name in _PAYMENTS])
    last = paid.groupby("person")["date"].max()
    return people.assign(last_paid_on=last.reindex(people["id"]).to_numpy())


def _candidates(lines: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Lines with everybody they could be, found in the surest way that finds anybody."""
    there = people[["id", "household", *FINDING]].rename(columns={"id": "person"})
    waiting, found = lines.reset_index(names="line"), []
    for way, (columns, unknown) in enumerate(_WAYS):
        asked = waiting.dropna(subset=list(columns))
        met = asked.merge(
            there.dropna(subset=list(columns)), on=list(columns), suffixes=("", "_own")
        )
        if unknown:
            met = met[met[unknown].isna() | met[f"{unknown}_own"].isna()]
        found.append(met.assign(way=way))
        waiting = waiting[~waiting["line"].isin(met["line"])]
    every = pd.concat([*found, waiting.assign(way=len(_WAYS))], ignore_index=True)
    return every.sort_values(["line", "person"], ignore_index=True)


def _sure(hits: pd.DataFrame) -> pd.DataFrame:
    """Confidence of each candidate, and what speaks against it."""
    several = hits["person"].notna() & hits["line"].duplicated(keep=False)
    shared = (hits["way"] > 0) & hits["person"].notna() & hits["person"].duplicated(keep=False)
    by_number = hits["way"] == 0
    other_name = by_number & (hits["name"] != hits["name_own"])
    numbers = hits[["id_number", "id_number_own"]].notna().all(axis=1)
    other_number = (hits["way"] == 1) & numbers & (hits["id_number"] != hits["id_number_own"])
    tests: list[tuple[Any, str, str]] = [
        (hits["person"].isna(), "none", "nobody"),
        (several, "possible", "several"),
        (shared, "possible", "shared"),
        (other_number, "possible", "other_number"),
        (hits["way"] == 2, "possible", "no_birth"),
        (hits["way"] == 3, "possible", "no_village"),
        (other_name, "high", "other_name"),
        (by_number, "exact", ""),
    ]
    where = [test.to_numpy(dtype=bool) for test, _, _ in tests]
    notes = [label(f"matching.note.{note}") if note else "" for _, _, note in tests]
    village = hits["village"].fillna(hits["village_own"])
    return hits.assign(
        confidence=np.select(where, [confidence for _, confidence, _ in tests], "high"),
        note=np.select(where, notes, label("matching.note.by_name")),
        village=village,
    )


def _unlisted(people: pd.DataFrame, hits: pd.DataFrame, sure: pd.DataFrame) -> pd.DataFrame:
    """Persons in the villages that the list reaches whom no line of it could be."""
    reached = people["village"].isin(people.loc[people["id"].isin(sure["person"]), "village"])
    homes = people["household"].isin(hits["household"])
    alive = reached & people["died_on"].isna() & ~people["id"].isin(hits["person"])
    return people.assign(home_listed=homes)[alive]
