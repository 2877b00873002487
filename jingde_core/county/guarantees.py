"""The six guarantees of each household: what they are made of, what nearly fails, what disagrees.

A sub-item (``data/guarantee_items.csv``) is checked on the household's or a member's own
record, apart from the state that ``guarantees`` states for the whole: the two are held
against each other, neither is derived from the other. A child counts by birth year, so that
at the lowest school age "not in school" is unknown: the month of birth is not recorded. A
dwelling of grade C or D whose repair is done is unknown until it is graded anew.
"""

import csv
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jingde_core.county.measurement import measure
from jingde_core.metrics import METRICS
from jingde_core.metrics.deprivation import GUARANTEES
from jingde_core.metrics.guarantees import clustered_interval
from jingde_core.metrics.kernel import factorised
from jingde_core.metrics.monitoring import TESTS
from jingde_core.metrics.uncertainty import sampled
from jingde_core.model.catalogue import label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.privacy.suppression import REASONS

if TYPE_CHECKING:
    from jingde_core.county.tables import County

#: a group of sub-items is as good as its worst, best first
_WORSE = ("exempt", "pass", "unknown", "fail")
#: schooling that ends compulsory education
_SCHOOLED = ("junior", "senior", "college")
#: repairs of a dwelling, by kind of measure
PATHS = ("rebuilt", "improved", "mended_by_town")


@lru_cache
def declared(file: str) -> tuple[dict[str, str], ...]:
    """Rows of a file of declarations: ``guarantee_items`` (sub-items), ``profiles``."""
    with (shipped("data") / f"{file}.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(csv.DictReader(rows))


def told(frame: pd.DataFrame, county: "County", *tables: str) -> pd.DataFrame:
    """The frame with what views print below it: kinds of its tables, and their day."""
    frame.attrs = {"provenance": county.kinds(*tables), "as_of": county.as_of}
    return frame


def present(county: "County") -> pd.DataFrame:
    """Households on the register or watched now, by id, with village and town."""
    homes = county.frame("households")
    return homes[homes["left_on"].isna()].set_index("id")


def alive(county: "County") -> pd.DataFrame:
    """Persons of these households who live, with their age by birth year."""
    day = pd.Timestamp(county.as_of)
    people = county.tables["persons"]
    people = people[~(people["died_on"] <= day)]
    return people.assign(age=day.year - people["birth_year"])


def guarantee_items(county: "County") -> pd.DataFrame:
    """Every sub-item of every household's six guarantees (分项核查).

    Returns
    -------
    DataFrame
        A row a household, sub-item, and (school, insurance) person: ``household, indicator,
        item, person, column, value`` (a number) or ``code`` (a coded value), ``threshold,
        margin`` (share of the threshold that is left; negative when failed), ``state``
        (pass, fail, exempt, unknown), ``reason`` (of an exemption), ``path`` (repair of a
        dwelling); ``met, known, unverified`` as 0 and 1. A household without a child of
        school age has one row ``school``, exempt because it applies to nobody.
    """
    homes, people = present(county), alive(county)
    value = county.parameters.value
    low, high = value("school_age_min"), value("school_age_max")
    pupils = people[people["age"].between(low, high)]
    reasons = county.tables["guarantees"].set_index(["household", "indicator"])["reason"]
    parts = []
    for item in declared("guarantee_items"):
        if item["table"] == "households":
            rows = homes.reset_index(names="household").assign(person=pd.Series(dtype="str"))
        else:
            rows = (pupils if item["item"] == "school" else people).rename(columns={"id": "person"})
        part = rows[["household", "person"]].reset_index(drop=True)
        part = part.assign(indicator=item["indicator"], item=item["item"], column=item["column"])
        recorded = rows[item["column"]].reset_index(drop=True)
        if item["parameter"]:
            part["value"], part["threshold"] = recorded, value(item["parameter"])
            passed = TESTS[item["test"]](recorded, part["threshold"])
            part["state"] = np.where(recorded.isna(), "unknown", np.where(passed, "pass", "fail"))
            side = 1 if item["test"] == "ge" else -1
            part["margin"] = side * (recorded / part["threshold"] - 1)
        else:
            meaning = dict(pair.split("=") for pair in item["states"].split("|"))
            part["code"], part["state"] = recorded, recorded.map(meaning).fillna("unknown")
        if item["item"] == "school":
            done = (part["state"] == "fail") & rows["schooling"].isin(_SCHOOLED).to_numpy()
            early = (part["state"] == "fail") & (rows["age"] == low).to_numpy()
            part["state"] = part["state"].mask(done, "pass").mask(early, "unknown")
        parts.append(part)
    childless = homes.index.difference(pd.Index(pupils["household"]))
    # of a household whose members are not on record nothing is known
    listed = childless.isin(people["household"])
    school = pd.DataFrame({"household": childless, "state": np.where(listed, "exempt", "unknown")})
    parts.append(school.assign(indicator="education", item="school", column="in_school"))
    insured = pd.DataFrame({"household": childless[~listed], "state": "unknown"})
    parts.append(insured.assign(indicator="medical", item="insurance", column="insured"))
    items = pd.concat(parts, ignore_index=True)
    pairs = pd.MultiIndex.from_frame(items[["household", "indicator"]])
    items["reason"] = reasons.reindex(pairs).to_numpy()
    childless_row = (items["item"] == "school") & items["person"].isna()
    items["reason"] = items["reason"].mask(childless_row, "not_applicable")
    return _settled(county, items)


def _settled(county: "County", items: pd.DataFrame) -> pd.DataFrame:
    """States after what else is on record: a reason exempts, a repair asks for a new grade."""
    state = items["state"]
    excused = items["reason"].notna() & (items["reason"] != "not_applicable")
    kept_out = (items["item"] == "school") & (state == "fail") & excused
    unexplained = (items["item"] == "insurance") & (state == "exempt") & ~excused
    state = state.mask(kept_out, "exempt").mask(unexplained, "unknown")
    repairs = housing_repairs(county).drop_duplicates("household", keep="last")
    repair = items["household"].map(repairs.set_index("household")["kind"])
    items["path"] = repair.where(items["item"] == "housing_grade")
    done = items["household"].isin(repairs.loc[repairs["done_on"].notna(), "household"])
    state = state.mask((state == "fail") & items["path"].notna() & done, "unknown")
    items["state"], items["reason"] = state, items["reason"].where(state == "exempt")
    known = state != "unknown"
    items = items.assign(met=known & (state != "fail"), known=known, unverified=~known)
    return told(items, county, "households", "persons", "guarantees", "measures")


def housing_repairs(county: "County") -> pd.DataFrame:
    """Repairs of dwellings (住房整改路径): household, kind, day done; the latest last."""
    repairs = county.frame("measures")
    repairs = repairs[repairs["kind"].isin(PATHS) & repairs["household"].notna()]
    columns = ["household", "village", "town", "kind", "done_on"]
    found = repairs.sort_values("done_on", na_position="first")[columns]
    return told(found.reset_index(drop=True), county, "measures", "problems")


def contradictions(county: "County", items: pd.DataFrame | None = None) -> pd.DataFrame:
    """Stated states that the sub-items do not bear out (核查状态与分项不一致).

    Returns
    -------
    DataFrame
        ``household, village, town, indicator, state, reason`` as stated, ``by_items`` from the
        sub-items (the worst of them), ``item``: those that speak against it. An exemption
        counts as met; one that says it applies to nobody must find nobody. No row: none.
    """
    items = county.frame("guarantee_items") if items is None else items
    rank = items["state"].map({state: place for place, state in enumerate(_WORSE)})
    keys = ["household", "indicator"]
    worst = items.assign(rank=rank).groupby(keys)["rank"].max()
    nobody = (items["reason"] == "not_applicable").groupby([items[k] for k in keys]).any()
    stated = county.frame("guarantees").set_index(keys)
    stated = stated[["village", "town", "state", "reason"]]
    both = stated.assign(rank=worst, nobody=nobody).dropna(subset="rank")
    both["by_items"] = [_WORSE[int(rank)] for rank in both.pop("rank")]
    kinds = {"exempt": "pass"}
    differs = both["state"].replace(kinds) != both["by_items"].replace(kinds)
    differs |= (both["reason"] == "not_applicable") != both.pop("nobody").astype(bool)
    both = both[differs].reset_index()
    told_by = items.merge(both[[*keys, "by_items"]], on=keys)
    told_by = told_by[told_by["state"] == told_by["by_items"]]
    names = told_by.groupby(keys)["item"].agg(lambda each: ";".join(dict.fromkeys(each)))
    both["item"] = names.reindex(pd.MultiIndex.from_frame(both[keys])).to_numpy()
    return told(both, county, "guarantees", "households", "persons")


def near_fails(county: "County") -> pd.DataFrame:
    """Checks that hold by little, or that time will ask again (临界情形).

    Returns
    -------
    DataFrame
        ``household, indicator, item, person, value, threshold, margin``: a water test within
        ``near_margin`` of its threshold; ``school_next``: a child that reaches school age next
        year; ``insurance_next``: a newborn whose exemption ends.
    """
    items = county.frame("guarantee_items")
    near = items["margin"].between(0, county.parameters.value("near_margin"))
    near |= items["reason"] == "newborn"
    kept = ["household", "indicator", "item", "person", "value", "threshold", "margin"]
    found = items.loc[near & (items["state"].isin(["pass", "exempt"])), kept]
    found["item"] = found["item"].replace({"insurance": "insurance_next"})
    people, age = alive(county), county.parameters.value("school_age_min")
    soon = people.loc[people["age"] == age - 1, ["household", "id", "age"]]
    soon = soon.rename(columns={"id": "person", "age": "value"})
    soon = soon.assign(indicator="education", item="school_next", threshold=age)
    return pd.concat([found, soon], ignore_index=True)


def together(
    county: "County", profile: str, *, by: str | Sequence[str], where: Any = None
) -> pd.DataFrame:
    """Several metrics side by side, a row a group of the first (多指标并列).

    Parameters
    ----------
    profile : str
        Name in ``data/profiles.csv``, which gives each column a metric and its arguments:
        ``guarantees`` and ``items`` (a pass rate never without coverage and unknown checks),
        ``schooling`` (children of school age, enrolment, aid to pupils of every school),
        ``deprivation`` (Alkire-Foster, unknown taken as passed and as failed, one of six
        enough), ``watch`` (record, rules, to verify).
    by, where
        As for `measure`.

    Returns
    -------
    DataFrame
        A count of a group without rows is 0, a rate is NaN, and what a leader may not see is
        its reason in words. ``checks`` is how many rows the metric counted.
    """
    rows = [row for row in declared("profiles") if row["profile"] == profile]
    if not rows:
        raise KeyError(unknown_name(profile, {row["profile"] for row in declared("profiles")}))
    keys = ["code", "name"] if isinstance(by, str) else ["code", "name", "code_2", "name_2"]
    why = {each: label(f"reason.{each}") for each in REASONS[1:]}
    result, attrs = pd.DataFrame(), dict[Any, Any]()
    for row in rows:
        name, given = row["column"], json.loads(row["arguments"] or "{}")
        given["where"] = {**(where or {}), **given.get("where", {})}
        found = measure(county, row["metric"], by=by, **given)
        lacks = "missing" in found.attrs["provenance"]
        value = found["n"] * (np.nan if lacks else 1) if name == "checks" else found["value"]
        secret = value.isna() & found["reason"].isin(REASONS[1:])
        if secret.any():
            value = value.astype(object).mask(secret, found["reason"].map(why))
        found[name] = value
        if not attrs:
            result, attrs = found[[*keys, name]], found.attrs
            continue
        joined = result.merge(found[[*keys, name]], "left", indicator=True)
        absent = (joined.pop("_merge") == "left_only") & (METRICS[row["metric"]].unit != "1")
        absent &= not lacks
        result = joined.assign(**{name: joined[name].mask(absent, 0.0)})
    result.attrs = {key: attrs[key] for key in ("provenance", "as_of", "by")}
    return _in_order(result, "code")


def survey_intervals(county: "County", *, level: float = 0.95) -> pd.DataFrame:
    """Pass rates of the national survey with intervals by village (抽样调查区间).

    Whole villages were surveyed, so a village is the unit drawn. Where all or none pass, the
    linearised error is zero and says nothing: the ends are then exact ones on the effective
    number of households, for an assumed likeness within a village (``survey_correlation``),
    and ``worst`` is the lower end when a village counts once.

    Returns
    -------
    DataFrame
        ``indicator, households, villages, unverified, pass_rate, low, high, worst, method``
        (``linearised`` or ``exact``).
    """
    rows = county.frame("guarantees")
    rows = rows[rows["evidence"] == "survey"]
    codes, names = factorised(rows["indicator"].to_numpy())
    columns = {name: rows[name].to_numpy(dtype=float) for name in ("met", "known")}
    metric = METRICS["guarantee_pass_rate"]
    found = sampled(metric, columns, codes, len(names), clusters=rows["village"].to_numpy())
    ends = np.transpose(found.interval(level=level))
    likeness = county.parameters.value("survey_correlation")
    result = []
    for place, name in enumerate(names):
        share, own = float(found.value[place]), rows[codes == place]
        known, clusters = int(own["known"].sum()), own["village"].nunique()
        exact, worst = (
            clustered_interval(
                share=share, rows=known, clusters=clusters, correlation=each, level=level
            )
            for each in (likeness, 1.0)
        )
        sure = share in (0.0, 1.0)
        counted = (own["household"].nunique(), clusters, len(own) - known, share)
        told_by = (*(exact if sure else ends[place].clip(0, 1)), worst[0])
        result.append((name, *counted, *told_by, "exact" if sure else "linearised"))
    heads = ["indicator", "households", "villages", "unverified", "pass_rate"]
    frame = pd.DataFrame(result, columns=[*heads, "low", "high", "worst", "method"])
    return _in_order(told(frame, county, "guarantees", "households"), "indicator")


def _in_order(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Indicators or items in their declared order; a frame of other groups as it is."""
    order = [*GUARANTEES, *(item["item"] for item in declared("guarantee_items"))]
    if not set(frame[column]) <= set(order):
        return frame
    return frame.iloc[np.argsort(frame[column].map(order.index))].reset_index(drop=True)
