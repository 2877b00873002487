"""Why a household is watched, what would take it off, and which paper is missing.

The rules (`RulePack`) are held against every household; what the county recorded stands
beside what the rules say, and neither replaces the other. Income is the register year's, and
spending is not on record: a serious illness or a recorded reason is a sign, so that rigid
spending reads "unknown" until receipts are there. A household not lifted yet is no case for
the watch: it is still poor.
"""

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jingde_core.county.guarantees import alive, present, told
from jingde_core.county.rulepack import RulePack
from jingde_core.metrics import METRICS
from jingde_core.metrics.monitoring import any_of, held, points
from jingde_core.model.naming import unknown_name

if TYPE_CHECKING:
    from jingde_core.county.tables import County

#: tables that the rules of the watch stand on, and those of clearing besides
RULED = ("households", "persons", "damages", "risks")
TABLES = (*RULED, "guarantees", "archives")
#: steps of clearing, in their order
STEPS = ("home_check", "village_review", "county_confirmed")
ABLE = ("skilled", "ordinary", "weak")
Day = datetime.date | str | None
_HOME = ["household", "village", "town", "status", "members", "income_per_head"]


def _day(county: "County", on: Day) -> pd.Timestamp:
    return pd.Timestamp(on or county.as_of)


def facts(county: "County", *, on: Day = None, pack: RulePack | None = None) -> pd.DataFrame:
    """What the rules look at, a row a household present, by id (监测要素).

    Returns
    -------
    DataFrame
        The household's own columns, the pack's (`rulepack.FACTS`; NaN where it is not known),
        and of the record open on the day ``recorded`` (its category), ``record, reason,
        measures, found_on``; ``missing``: documents that its file lacks.
    """
    day, pack = _day(county, on), pack or RulePack.load(parameters=county.parameters)
    homes, people = present(county), alive(county)

    def members(chosen: "pd.Series[bool]") -> Any:
        return chosen.groupby(people["household"]).sum().reindex(homes.index)

    damages = county.tables["damages"]
    recent = damages["date"].between(day - pd.DateOffset(years=1), day)
    lost = damages[recent & damages["kind"].isin(pack.rules["losses"])].groupby("household")["loss"]
    # a table that was not imported is no sign that nobody lost anything
    none = 0.0 if len(damages) else np.nan
    loss = lost.sum().mask(lost.count() < lost.size()).reindex(homes.index, fill_value=none)
    income = homes["income_per_head"] * homes["members"]
    states = county.tables["guarantees"]
    count = states.groupby(["household", "state"]).size().unstack(fill_value=0)
    count = count.reindex(index=homes.index, columns=["pass", "exempt", "fail"], fill_value=0)
    risks = county.tables["risks"]
    still = (risks["found_on"] <= day) & ~(risks["cleared_on"] <= day)
    kept = ["id", "category", "reason", "measures", "found_on", "clearing_evidence"]
    own = risks[still].drop_duplicates("household", keep="last").set_index("household")[kept]
    own = own.rename(columns={"id": "record", "category": "recorded"})
    found = own["found_on"].dt
    months = (day.year - found.year) * 12 + day.month - found.month - (found.day > day.day)
    steps = own["clearing_evidence"].map({step: n for n, step in enumerate(STEPS, start=1)})
    own = own.assign(months_watched=months, steps_done=steps.fillna(0))
    files = county.tables["archives"].dropna(subset=["household", "missing"])
    lacking = files.groupby("household")["missing"].agg(";".join)
    ill = members(people["health"] == "serious")
    homes = homes.join(own)
    return homes.assign(
        spending_signs=ill + homes["reason"].isin(pack.rules["spending_reasons"]),
        serious_members=ill,
        disabled_members=members(people["health"] == "disabled"),
        able_members=members(people["labour"].isin(ABLE)),
        loss_share=(loss / income.where(income > 0)).mask(loss == 0, 0.0),
        guarantees_open=count["fail"].mask((count["fail"] == 0) & (count.sum(axis=1) < 6)),
        missing=lacking.reindex(homes.index),
    )


def trace(
    county: "County",
    *,
    stage: str = "watch",
    household: str | None = None,
    on: Day = None,
    pack: RulePack | None = None,
) -> pd.DataFrame:
    """Each condition of a household: its value, how near, what proof is missing (判定依据).

    Parameters
    ----------
    stage : {"watch", "clearing"}
        ``watch``: every household present; ``clearing``: those with an open record.
    household : str, optional
        One household alone.
    on : date, optional
        Day whose thresholds hold; that of the data when left out.
    pack : RulePack, optional
        The shipped one when left out; ``RulePack.load().changed(monitoring_range=7000)``.

    Returns
    -------
    DataFrame
        ``household, condition, value, threshold, distance`` (value less threshold), ``met``
        (yes, no, unknown), ``proof`` (the missing document, else empty), ``unit``; in the
        order of households and of the pack. No row for a household without an open record.

    Raises
    ------
    KeyError
        for a household that is not there, or an unknown stage.
    """
    pack = pack or RulePack.load(parameters=county.parameters)
    known = facts(county, on=on, pack=pack)
    if household is not None and household not in known.index:
        raise KeyError(unknown_name(household, known.index))
    if household is not None:
        known = known.loc[[household]]
    if stage == "clearing":
        known = known[known["recorded"].notna()]
    day = _day(county, on).date()
    rows = pd.concat([_condition(known, pack, name, day) for name in pack.stage(stage)])
    return told(rows.sort_index(kind="stable").reset_index(drop=True), county, *TABLES)


def _met(known: pd.DataFrame, pack: RulePack, name: str, day: datetime.date) -> Any:
    own = pack.conditions[name]
    unproven, threshold = str(own.get("unproven", "")), pack.threshold(name, day)
    return held(known[own["column"]], test=own["test"], threshold=threshold, unproven=unproven)


def _condition(known: pd.DataFrame, pack: RulePack, name: str, day: datetime.date) -> pd.DataFrame:
    own, threshold = pack.conditions[name], pack.threshold(name, day)
    value, met = known[own["column"]].astype(float), _met(known, pack, name, day)
    absent = known["missing"].fillna("").str.contains(own["proof"], regex=False)
    absent |= (met == "unknown") | (met == own.get("paper", ""))
    found = pd.DataFrame({"household": known.index, "condition": name, "value": value.to_numpy()})
    found = found.assign(threshold=threshold, distance=found["value"] - threshold, met=met)
    return found.assign(proof=np.where(absent, own["proof"], ""), unit=own["unit"])


def watch_list(
    county: "County",
    *,
    on: Day = None,
    pack: RulePack | None = None,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every household by the rules and by the record, with its risk score (监测对象名单).

    Parameters
    ----------
    known : DataFrame, optional
        `facts` of that day, when they are there already.

    Returns
    -------
    DataFrame
        ``household, village, town, status, members, income_per_head``; ``category`` by the
        rules (a watched one, ``to_verify``, ``none``, or ``outside`` for one not lifted yet),
        ``conditions`` that hold; ``recorded, reason, found_on``; ``verdict``: ``agrees``,
        ``record_to_verify`` or ``record_only`` (recorded, but the rules cannot tell or say
        no), ``rule_only``, ``to_verify``, ``none``, empty where no record is imported;
        ``score``, a sum of points (0 to 100) over what is known, ``score_unknown``:
        parts that are not; ``by_rule, to_verify``.
    """
    pack, day = pack or RulePack.load(parameters=county.parameters), _day(county, on).date()
    known = facts(county, on=day, pack=pack) if known is None else known
    states = {name: _met(known, pack, name, day) for name in pack.stage("watch")}
    category = np.full(len(known), "outside", dtype=object)
    for each in reversed([c for c in pack.rules["categories"] if c["from"] <= day]):
        fits = np.logical_and.reduce([known[c].isin(v) for c, v in each["where"].items()])
        found = any_of(*(states[name] for name in each["any"]))
        by_state = {"yes": each["code"], "unknown": "to_verify", "no": "none"}
        category = np.where(fits, pd.Series(found).map(by_state), category)
    by_rule, unsure = ~np.isin(category, ["outside", "none", "to_verify"]), category == "to_verify"
    recorded = known["recorded"].notna()
    verdict = np.select(
        [recorded & by_rule, recorded & unsure, recorded, by_rule, unsure],
        ["agrees", "record_to_verify", "record_only", "rule_only", "to_verify"],
        "none",
    )
    if county.lacks("households", "risks"):
        verdict = np.full(len(known), None)
    parts = score_parts(known, pack)
    marked = ([name * (each == "yes") for each in state] for name, state in states.items())
    columns = [*_HOME, "main_cause", "recorded", "reason", "found_on"]
    listed = known.rename_axis("household").reset_index()[columns]
    listed = listed.assign(
        category=category,
        conditions=[";".join(filter(None, names)) for names in zip(*marked, strict=True)],
        verdict=verdict,
        score=parts.sum(axis=1).round(2).to_numpy(),
        score_unknown=parts.isna().sum(axis=1).to_numpy(),
        by_rule=by_rule,
        to_verify=unsure,
    )
    return told(listed, county, *TABLES)


def score_parts(known: pd.DataFrame, pack: RulePack) -> pd.DataFrame:
    """Points of each part of the risk score, a column a part (风险分各部分); NaN is not known."""
    ramp = ("zero", "full", "most")
    own = {
        part["part"]: points(known[part["column"]], **{name: part[name] for name in ramp})
        for part in pack.rules["score"]
    }
    return pd.DataFrame(own, index=known.index)


def rule_change(county: "County", *, on: Day = None, **thresholds: float) -> pd.DataFrame:
    """Who enters and who leaves when a threshold is another (规则变化影响).

    ``thresholds`` by name of the policy number: ``monitoring_range=7000``.

    Returns
    -------
    DataFrame
        Households whose category by the rules changes: ``household, village, town, status,
        members, income_per_head, before, after, move`` (enters, leaves, changes).
    """
    pack = RulePack.load(parameters=county.parameters)
    known = facts(county, on=on, pack=pack)
    before = watch_list(county, on=on, pack=pack, known=known)
    after = watch_list(county, on=on, pack=pack.changed(**thresholds), known=known)
    moves = np.where(after["by_rule"], "enters", "leaves")
    moves = np.where(after["by_rule"] == before["by_rule"], "changes", moves)
    both = before[_HOME].assign(before=before["category"], after=after["category"], move=moves)
    return told(both[both["before"] != both["after"]].reset_index(drop=True), county, *TABLES)


def sensitivity(
    county: "County", values: Iterable[float], *, parameter: str = "monitoring_range"
) -> pd.DataFrame:
    """How many households the rules put on watch, by the value of one threshold (敏感性分析).

    Returns
    -------
    DataFrame
        A row a value: ``threshold, households, persons, share`` (persons over registered
        persons), ``enters, leaves`` against today's rule, ``current``: whether it is today's.
    """
    pack, day = RulePack.load(parameters=county.parameters), _day(county, None).date()
    known = facts(county, pack=pack)
    today = pack.parameters.value(parameter, day)
    now = watch_list(county, pack=pack, known=known)["by_rule"]
    whole = known.loc[known["status"] == "registered", "members"].sum()
    rows = []
    for value in values:
        listed = watch_list(county, pack=pack.changed(**{parameter: value}), known=known)
        on = listed["by_rule"]
        persons = int(listed.loc[on, "members"].sum())
        moved = (int((on & ~now).sum()), int((now & ~on).sum()))
        share = persons / whole if whole else np.nan
        rows.append((value, int(on.sum()), persons, share, *moved, value == today))
    names = ["threshold", "households", "persons", "share", "enters", "leaves", "current"]
    frame = county.known(pd.DataFrame(rows, columns=names), *RULED)
    return _as_metric(told(frame, county, *RULED), "rule_households", by=parameter)


def _as_metric(frame: pd.DataFrame, metric: str, *, by: str) -> pd.DataFrame:
    """The frame with what a chart of its counts says in title and axis."""
    frame.attrs |= {"metric": metric, "unit": METRICS[metric].unit, "by": (by,)}
    return frame


def flows(county: "County") -> pd.DataFrame:
    """Records found and cleared by month, and how many are open at its end (进出情况).

    Returns
    -------
    DataFrame
        ``month`` (first to last without a gap), ``opening, found, cleared, closing``; opening
        and found less cleared is closing.
    """
    risks = county.tables["risks"]
    days = [_day(county, None), *risks["found_on"], *risks["cleared_on"].dropna()]
    months = pd.period_range(min(days), max(days), freq="M")
    counts = {
        name: risks[f"{name}_on"].dt.to_period("M").value_counts().reindex(months, fill_value=0)
        for name in ("found", "cleared")
    }
    closing = (counts["found"] - counts["cleared"]).cumsum()
    frame = pd.DataFrame({"opening": closing.shift(fill_value=0), **counts, "closing": closing})
    frame = county.known(frame.rename_axis("month").reset_index().astype({"month": str}), "risks")
    return _as_metric(told(frame, county, "risks"), "watched_households", by="month")


def scale_check(county: "County", listed: pd.DataFrame | None = None) -> pd.DataFrame:
    """Persons watched against the guide of about 5 % of the registered (规模核对); no error.

    Returns
    -------
    DataFrame
        ``group``: ``edge_printed`` (edge households, as the report prints 180), ``recorded``
        (open records), ``rule``; ``households, persons, share, guide, most`` and ``scale``:
        within, above_guide, above_most.
    """
    listed = watch_list(county) if listed is None else listed
    whole = listed.loc[listed["status"] == "registered", "members"].sum()
    guide, most = (county.parameters.value(f"monitoring_scale{end}") for end in ("", "_most"))
    groups = {
        "edge_printed": listed["status"] == "edge",
        "recorded": listed["recorded"].notna(),
        "rule": listed["by_rule"],
    }
    rows: list[tuple[Any, ...]] = []
    for group, chosen in groups.items():
        if not whole or county.lacks(*RULED):
            rows.append((group, np.nan, np.nan, np.nan, guide, most, None))
            continue
        persons = int(listed.loc[chosen, "members"].sum())
        share = persons / whole
        scale = "within" if share <= guide else "above_guide" if share <= most else "above_most"
        rows.append((group, int(chosen.sum()), persons, share, guide, most, scale))
    names = ["group", "households", "persons", "share", "guide", "most", "scale"]
    return told(pd.DataFrame(rows, columns=names), county, "households", "risks")


def help_given(county: "County", *, pack: RulePack | None = None) -> pd.DataFrame:
    """Help of each open record against its cause (帮扶措施与原因对照).

    Returns
    -------
    DataFrame
        ``household, village, town, recorded, reason, found_on, measures, wanted`` (at least one
        of these), ``families`` that the help belongs to, ``fits``.
    """
    pack = pack or RulePack.load(parameters=county.parameters)
    known = facts(county, pack=pack)
    known = known[known["recorded"].notna()].reset_index(names="household")
    given = known["measures"].fillna("").str.split(";")
    wanted = known["reason"].map(pack.rules["help"])
    order = dict.fromkeys(pack.rules["families"].values())
    own = [{pack.rules["families"].get(name) for name in each} for each in given]
    families = [";".join(name for name in order if name in each) for each in own]
    fits = [bool({*each} & {*some}) for each, some in zip(given, wanted, strict=True)]
    columns = [*_HOME[:3], "recorded", "reason", "found_on", "measures"]
    known = known[columns].assign(wanted=wanted.str.join(";"), families=families, fits=fits)
    return told(known, county, "risks", "households")
