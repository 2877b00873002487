"""The flood on household rows: who was hit, what it cost in income, what relief gave back.

Two columns are never mixed. *Register net income* (核算口径) counts wages and awards alone, since
one-off relief is not income of a register's year; *resources at hand* (模拟) adds the relief whose
value is recorded. What counts as which, and the share of a loss that is income of the year, are
rows of ``data/flood_rules.csv`` and are handed in. An amount that nobody recorded stays out and is
counted in ``unvalued``: shocks and resources are then lower bounds.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import POSITIVE
from jingde_core.metrics.distribution import checked
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem, collected

if TYPE_CHECKING:
    from jingde_core.county.tables import County

#: kinds of damage that hit nobody: what is cut off or displaced is counted apart
NOT_HIT = ("water_cut", "displaced")
STAGES = ("income_before", "income_after_shock", "income_after_relief", "resources")
_TREATMENTS, _BASES = ("income", "resources", "none"), ("loss", "value", "quantity", "shock")
_FILE = "flood_rules.csv"
_FLAGS = ("hit", "damaged", "cut_off", "displaced", "reached", "hit_reached", "leaked", "unreached")
_UNSURE = dict.fromkeys(_FLAGS[4:], "boolean")
#: columns that nobody knows without the ledger of relief
_OF_RELIEF = ("relief_income", "relief_resources", "uncovered", *STAGES[2:], "need")
_SOURCES = ("households", "events", "damages", "relief", "loans", "awards")


def flood_rules() -> pd.DataFrame:
    """What of a loss is income, and what of a relief: ``side, kind, counts_as, basis, factor``.

    ``factor`` times ``basis`` (loss, value, quantity, or the household's shock) counts as
    ``income``, ``resources`` or ``none``; an empty factor says that nobody knows the worth.
    """
    return pd.read_csv(shipped("data") / _FILE, dtype={"factor": float})


def events_whole(county: "County") -> "pd.Series[Any]":
    """Event to the event that it is a part of, or to itself."""
    events = county.tables["events"]
    return events["part_of"].fillna(events["id"]).set_axis(events["id"])


def of_event(county: "County", rows: pd.DataFrame, event: str) -> pd.DataFrame:
    """Rows of an event and its parts; an unknown event is told the close ones."""
    whole = events_whole(county)
    if event not in set(whole):
        raise KeyError(unknown_name(event, set(whole)))
    return rows[rows["event"].map(whole) == event]


def reach(county: "County") -> pd.DataFrame:
    """Household, event and instrument of all that reached somebody; a loan is one of them."""
    tables, whole = county.tables, events_whole(county)
    aid = tables["awards"].dropna(subset=["household", "date"]).assign(persons=1)
    aid = aid.rename(columns={"amount": "value"})
    aid = aid[aid["kind"] == "flood_student_aid"].sort_values("date", kind="stable")
    floods = tables["events"].loc[tables["events"]["part_of"].isna(), ["id", "starts_on"]]
    floods = floods.rename(columns={"id": "event"}).sort_values("starts_on", kind="stable")
    aid = pd.merge_asof(aid, floods, left_on="date", right_on="starts_on").dropna(subset=["event"])
    lent = tables["loans"].dropna(subset=["event", "household"]).assign(kind="credit")
    lent = lent.rename(columns={"amount": "value"})
    kept = ["household", "event", "kind", "persons", "value", "quantity"]
    found = pd.concat([tables["relief"], lent, aid], ignore_index=True).reindex(columns=kept)
    return found.assign(event=found["event"].map(whole))


def exposure(county: "County") -> pd.DataFrame:
    """One row a flood and household now on the register or watched: what happened to it.

    ``hit`` (any damage but a water cut or displacement), ``damaged`` (its home), ``cut_off``,
    ``displaced``; ``reached`` by any relief, loan or pupil's aid, ``hit_reached`` both,
    ``leaked`` reached and not hit, ``unreached`` hit and not reached; ``hit_members``. Parts of
    an event belong to the whole. Who has left since is kept when hit or reached. A rate over
    several events counts a household once in each.
    """
    homes, events = county.tables["households"], county.tables["events"]
    whole, help_given = events_whole(county), reach(county)
    struck = county.tables["damages"].dropna(subset=["household"])
    pairs = pd.MultiIndex.from_arrays([struck["event"].map(whole), struck["household"]])
    reached = pd.MultiIndex.from_frame(help_given[["event", "household"]])
    floods = events.loc[events["part_of"].isna() & (events["kind"] == "flood"), "id"]
    present = homes["left_on"].isna() & homes["status"].isin(["registered", "edge"])
    index = pd.MultiIndex.from_product([floods, homes.loc[present, "id"]])
    index = index.union(pairs.union(reached), sort=False).drop_duplicates()
    kind = struck["kind"]
    hit, touched = index.isin(pairs[~kind.isin(NOT_HIT)]), index.isin(reached)
    own = [index.isin(pairs[kind == each]) for each in ("house", *NOT_HIT)]
    flags = [hit, *own, touched, hit & touched, ~hit & touched, hit & ~touched]
    found = index.to_frame(index=False, name=["event", "household"])
    found = found.assign(**dict(zip(_FLAGS, flags, strict=True)))
    members = found["household"].map(homes.set_index("id")["members"])
    return found.assign(members=members, hit_members=members * found["hit"])


def chain(
    county: "County",
    *,
    event: str,
    rules: pd.DataFrame,
    baseline_year: int | None,
    monitoring_range: float,
) -> pd.DataFrame:
    """From a flood to each household's way back: loss, income shock, relief, need (灾情传导链).

    Parameters
    ----------
    county : County
    event : str
        Id of the event; its parts belong to it.
    rules : DataFrame
        As `flood_rules` returns them; every kind that occurs has one.
    baseline_year : int or None
        Year of ``household_years`` whose income is the one before the flood; None takes the
        register as it stands and reads its income as not yet lessened by the flood.
    monitoring_range : float
        Yuan per head per year, up to which the need is counted.

    Returns
    -------
    DataFrame
        One row a household, with the flags of `exposure`; in yuan ``loss`` (as recorded, NaN
        where no damage has an amount), ``shock`` (loss of the year's income), ``asset_loss``
        (the rest of what production lost, so no home),
        ``relief_income``, ``relief_resources``, ``uncovered`` (shock less both, not below 0),
        ``need`` (up to the range); ``unvalued`` (records without amount); a column a kind of
        relief (its value, 0 for none, NaN when not recorded); in yuan per head
        ``income_before``, ``income_after_shock``, ``income_after_relief`` (register net income)
        and ``resources`` (simulated); ``decile`` of households by ``income_before``.
        ``attrs["outside"]`` counts victims not among them. No row where damage is not imported;
        what stands on relief is NaN where that is not.

    Raises
    ------
    KeyError
        for an unknown event; close ones are listed.
    DataError
        naming each rule that is missing, stands twice or is out of range.
    InputError
        for a range that is not above 0.
    """
    checked({}, {"monitoring_range": (monitoring_range, POSITIVE)})
    struck = of_event(county, county.tables["damages"].dropna(subset=["household"]), event)
    given = of_event(county, county.tables["relief"], event)
    _check(rules, {"damages": struck["kind"], "relief": given["kind"]})
    homes = _baseline(county, baseline_year)
    home = homes.set_index("household").index
    seen = of_event(county, exposure(county), event).set_index("household")
    seen = seen.reindex(home)[list(_FLAGS)].astype("boolean").fillna(False).astype(bool)

    lost, missing = _counted(struck, rules, "damages", home)
    shock = lost["income"]
    given = given.assign(shock=given["household"].map(shock).astype(float).fillna(0) / 100)
    relief, unknown = _counted(given, rules, "relief", home)
    earning = rules.loc[(rules["side"] == "damages") & (rules["counts_as"] == "income"), "kind"]
    loss, productive = (
        (rows["loss"] * 100).round().groupby(rows["household"]).sum(min_count=1).reindex(home)
        for rows in (struck, struck[struck["kind"].isin(earning)])
    )
    # what was damaged and not valued is no loss of zero
    loss = loss.where(loss.notna() | home.isin(struck["household"]), 0.0)
    covered = relief["income"] + relief["resources"]
    fen = {
        "loss": loss,
        "shock": shock,
        "asset_loss": (productive.fillna(0) - shock).clip(lower=0),
        "relief_income": relief["income"],
        "relief_resources": relief["resources"],
        "uncovered": (shock - covered).clip(lower=0),
    }
    found = homes.set_index("household").join(seen)
    found = found.assign(**{name: each / 100 for name, each in fen.items()})
    found = _staged(found.assign(unvalued=missing + unknown), fen, monitoring_range)
    outside = len(set(struck["household"]) - set(home))
    found = found.join(_by_kind(given, rules, home)).reset_index()
    if county.lacks("households", "relief"):
        found = found.assign(**dict.fromkeys((*_OF_RELIEF, *_UNSURE), np.nan)).astype(_UNSURE)
    return marked(county.known(found, "households", "damages"), county, outside=outside)


def _staged(
    found: pd.DataFrame, fen: "Mapping[str, pd.Series[Any]]", monitoring_range: float
) -> pd.DataFrame:
    """Income per head at each stage, the gap to the range, and the decile before."""
    n = found["members"]
    before = (found["income_before"] * 100).round() * n
    after = before - fen["shock"]
    register = after + fen["relief_income"]
    amounts = (before, after, register, register + fen["relief_resources"])
    need = (round(monitoring_range * 100) * n - amounts[-1]).clip(lower=0) / 100
    rank = found["income_before"].rank(method="first")
    staged = {name: each / n / 100 for name, each in zip(STAGES, amounts, strict=True)}
    return found.assign(**staged, need=need, decile=np.ceil(rank / rank.count() * 10))


def marked(frame: pd.DataFrame, county: "County", **more: Any) -> pd.DataFrame:
    """The frame with its provenance, without which no view shows it."""
    frame.attrs.update(provenance=county.kinds(*_SOURCES), as_of=county.as_of, **more)
    return frame


def _baseline(county: "County", year: int | None) -> pd.DataFrame:
    """Households with place, size and income before the flood."""
    homes = county.frame("households")
    if year is None:
        present = homes["left_on"].isna() & homes["status"].isin(["registered", "edge"])
        homes = homes[present].rename(columns={"id": "household"})
    else:
        homes = county.frame("household_years").query("year == @year")
        homes = homes.assign(status=homes["status"].where(homes["status"] == "edge", "registered"))
    kept = ["household", "village", "town", "status", "members", "income_per_head"]
    return homes[kept].rename(columns={"income_per_head": "income_before"})


def _check(rules: pd.DataFrame, kinds: Mapping[str, "pd.Series[Any]"]) -> None:
    """Every kind has one rule, every rule keeps its range; all faults at once."""
    most = np.where(rules["basis"] == "quantity", np.inf, 1.0)
    factor = rules["factor"]
    kept = {
        "counts_as": (rules["counts_as"].isin(_TREATMENTS), " | ".join(_TREATMENTS)),
        "basis": (rules["basis"].isin(_BASES), " | ".join(_BASES)),
        "factor": (factor.isna() | ((factor >= 0) & (factor <= most)), "0-1"),
    }
    with collected() as problems:
        for name, (fits, expected) in kept.items():
            for at in np.flatnonzero(~fits):
                found = str(rules[name].iloc[at])
                problems.append(
                    Problem("wrong_value", _FILE, "", int(at) + 2, name, found, expected)
                )
        for side, occurring in kinds.items():
            own = rules.loc[rules["side"] == side, "kind"]
            faults = [("unknown_key", kind) for kind in sorted(set(occurring) - set(own))]
            faults += [("duplicate", kind) for kind in own[own.duplicated()]]
            problems += [Problem(c, side, "", None, "kind", kind, _FILE) for c, kind in faults]


def _counted(
    rows: pd.DataFrame, rules: pd.DataFrame, side: str, home: pd.Index
) -> tuple[pd.DataFrame, "pd.Series[Any]"]:
    """Fen of each household that count as income and as resources; records without amount."""
    found = rows.merge(rules[rules["side"] == side], on="kind", how="left")
    base = pd.Series(np.nan, found.index)
    for basis in _BASES:
        base = base.mask(found["basis"] == basis, found.get(basis, np.nan))
    found["fen"] = (base * found["factor"] * 100).round()
    counts = found[found["counts_as"] != "none"]
    sums = counts.pivot_table("fen", "household", "counts_as", aggfunc="sum")
    sums = sums.reindex(index=home, columns=["income", "resources"]).fillna(0.0)
    unvalued = counts["household"][counts["fen"].isna()].value_counts()
    return sums, unvalued.reindex(home).fillna(0).astype(int)


def _by_kind(given: pd.DataFrame, rules: pd.DataFrame, home: pd.Index) -> pd.DataFrame:
    """Recorded value of each kind of relief: 0 where none was given, NaN where not recorded."""
    kinds = rules.loc[rules["side"] == "relief", "kind"]
    grouped = given.groupby(["household", "kind"])["value"]
    value, count = grouped.sum(min_count=1).unstack(), grouped.size().unstack()
    value, count = (each.reindex(index=home, columns=kinds) for each in (value, count))
    return value.mask(count.isna(), 0.0)
