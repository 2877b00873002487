"""The households a scenario starts from: present on the register or watched, income known.

Money of a household is whole fen in int64, so that sums are exact. Rows stand in order of
their id, so that the order of a file changes nothing.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.county import County
from jingde_core.metrics.contract import Array, InputError, input_fault
from jingde_core.model.parameters import Parameters

Fen = NDArray[np.int64]
Mask = NDArray[np.bool_]

_AWAY = ("province", "outside")
_ABLE = ("skilled", "ordinary", "weak")
#: what a frame that is no County may leave out, and what then stands there
_ABSENT: dict[str, Any] = {
    "status": "registered",
    "risk": "none",
    "able": False,
    "wage": 0.0,
    "business": 0.0,
    "work_months": 0.0,
    **dict.fromkeys(("village", "town", "main_cause", "attribute", "exit_status")),
    **dict.fromkeys(("village_kind", "poor_2014", "housing_grade", "water_quality")),
    **dict.fromkeys(("water_litres", "water_trip_minutes", "water_cut_days"), np.nan),
}


@dataclass(frozen=True, eq=False)
class Baseline:
    """Households of a universe with what scenarios ask of them."""

    frame: pd.DataFrame
    members: NDArray[np.int64]
    #: net income of the household, whole fen a year
    income: Fen
    #: households left out because their income is not known
    unknown: int
    #: changes with any byte of the tables
    version: str
    provenance: tuple[str, ...]
    as_of: str
    parameters: Parameters
    #: months that each member who works away does so: household position, months
    away: tuple[Array, Array]
    #: code and name of every place, by level; empty for a frame that is no County
    places: dict[str, dict[str, str]] = field(default_factory=dict)
    _codes: dict[str, tuple[Array, tuple[Any, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: "County | pd.DataFrame | Baseline", universe: str) -> "Baseline":
        """The baseline of a county (kept, so that the next scenario has it at once) or a frame.

        A frame needs ``id``, ``members`` and ``income_per_head``; it may hold more columns of
        the households table, and ``attrs["provenance"]``.
        """
        if isinstance(source, Baseline):
            return source
        if not isinstance(source, County):
            return _from_frame(source, universe)
        kept = _KEPT.setdefault(source, {})
        if universe not in kept:
            kept[universe] = _from_county(source, universe)
        return kept[universe]

    def __len__(self) -> int:
        return len(self.members)

    @cached_property
    def columns(self) -> dict[str, Array]:
        """Columns that a rule may ask for by name."""
        named = ("town", "village", "risk", "status", "attribute", "main_cause")
        return {name: self.frame[name].to_numpy() for name in named}

    @cached_property
    def decile(self) -> NDArray[np.intp]:
        """Tenth of the persons by baseline income a head, 0 the poorest; ties stay together."""
        rungs, rung = np.unique(self.income / self.members, return_inverse=True)
        persons = np.bincount(rung, self.members, minlength=len(rungs))
        middle = (np.cumsum(persons) - persons / 2) / max(persons.sum(), 1.0)
        tenth: NDArray[np.intp] = np.minimum((middle * 10).astype(np.intp), 9)
        return tenth[rung]

    def codes(self, by: str) -> tuple[Array, tuple[Any, ...]]:
        """Group of each household and the groups' values, all places there are."""
        if by not in self._codes:
            if by == "decile":
                self._codes[by] = (self.decile, tuple(range(1, 11)))
            elif by in self.places:
                groups = pd.Index(list(self.places[by]))
                self._codes[by] = (groups.get_indexer(pd.Index(self.frame[by])), tuple(groups))
            else:
                # what is not known is a group of its own, the last
                codes, values = pd.factorize(self.frame[by], sort=True)
                missing = (None,) if (codes < 0).any() else ()
                self._codes[by] = (np.where(codes < 0, len(values), codes), (*values, *missing))
        return self._codes[by]


_KEPT: "WeakKeyDictionary[County, dict[str, Baseline]]" = WeakKeyDictionary()


def _from_county(county: County, universe: str) -> Baseline:
    rows = county.frame("households")
    states = ["registered", "edge"] if universe == "all" else [universe]
    rows = rows[rows["left_on"].isna() & rows["status"].isin(states)]
    persons, risks = county.tables["persons"], county.tables["risks"]
    persons = persons[persons["died_on"].isna()]
    able = persons.loc[persons["labour"].isin(_ABLE), "household"]
    months = persons.groupby("household")["work_months"].sum()
    open_risks = risks[risks["cleared_on"].isna()].drop_duplicates("household", keep="last")
    risk = open_risks.set_index("household")["category"]
    rows = rows.assign(
        able=rows["id"].isin(able),
        work_months=rows["id"].map(months).fillna(0.0),
        risk=rows["id"].map(risk).fillna("none"),
    )
    away = persons[persons["work"].isin(_AWAY)]
    digest = hashlib.sha256("".join(county.provenance["sha256"].astype(str)).encode())
    return _made(
        rows,
        away=away,
        version=digest.hexdigest()[:16],
        provenance=tuple(county.kinds("households", "persons", "risks", "villages")),
        as_of=county.as_of,
        parameters=county.parameters,
        places={
            level: dict(zip(units["code"], units["name"], strict=True))
            for level, units in (
                ("town", county.tables["towns"]),
                ("village", county.tables["villages"]),
            )
        },
    )


def _from_frame(frame: pd.DataFrame, universe: str) -> Baseline:
    needed = ("id", "members", "income_per_head")
    lacking = [name for name in needed if name not in frame]
    if lacking:
        raise InputError([input_fault(name, "", "column") for name in lacking])
    rows = frame.assign(**{n: _same(v, len(frame)) for n, v in _ABSENT.items() if n not in frame})
    if universe != "all" and "status" in frame:
        rows = rows[rows["status"] == universe]
    hashed = pd.util.hash_pandas_object(frame[list(needed)], index=False).to_numpy()
    return _made(
        rows,
        away=pd.DataFrame({"household": [], "work_months": []}),
        version=hashlib.sha256(np.sort(hashed).tobytes()).hexdigest()[:16],
        provenance=tuple(frame.attrs.get("provenance", ("imported",))),
        as_of=str(frame.attrs.get("as_of", "")),
        parameters=Parameters.load(),
        places={},
    )


def _same(value: Any, rows: int) -> Any:
    """One value for every row; text as one category, which a million rows hold at once."""
    if isinstance(value, bool | float):
        return value
    categories = pd.Index([] if value is None else [value], dtype="str")
    codes = np.full(rows, len(categories) - 1, dtype=np.int8)
    return pd.Categorical.from_codes(codes, categories)


def _made(rows: pd.DataFrame, *, away: pd.DataFrame, **more: Any) -> Baseline:
    known = rows["income_per_head"].notna()
    frame = rows if known.all() else rows[known]
    if not frame["id"].is_monotonic_increasing:
        frame = frame.sort_values("id", kind="stable")
    frame = frame.reset_index(drop=True)
    members = frame["members"].to_numpy(dtype=np.int64)
    income = np.rint(frame["income_per_head"].to_numpy(dtype=float) * 100).astype(np.int64)
    at = (
        pd.Index(frame["id"]).get_indexer(pd.Index(away["household"]))
        if len(away)
        else np.array([], int)
    )
    months = away["work_months"].to_numpy(dtype=float)[at >= 0]
    return Baseline(
        frame, members, income * members, int((~known).sum()), away=(at[at >= 0], months), **more
    )
