"""One household on one page: its guarantees, why it is watched, what would take it off.

A view of what `county.guarantees` and `county.watch` found; it computes nothing. Households
are told by code, never by name, and only in the workbook: a page for leaders shows no rows.
"""

from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.county import guarantees, watch
from jingde_core.county.rulepack import RulePack
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.views import escape, numbers
from jingde_core.views.tables import Table, table

if TYPE_CHECKING:
    from jingde_core.county import County

#: columns that hold several codes joined by ";"
_SEVERAL = {
    *("conditions", "measures", "families", "wanted", "item", "missing", "other_causes"),
    *("papers", "not_met", "not_verified", "lacking"),
}
#: columns that hold shares, and a small index
_SHARES = "pass_rate coverage low high worst share guide most h_low h_high contribution weight "
_SHARES += "uncensored_headcount censored_headcount"
_STYLES = dict.fromkeys(_SHARES.split(), "percent") | dict.fromkeys(("m0_low", "m0_high"), "exact")
_STYLE = """<style>
.jd-household p { font-size: 13.5px; line-height: 1.6; margin: 2px 0; }
.jd-household p:first-child { font-weight: 600; font-size: 15px; }
</style>"""
_COLUMNS = ["part", "fact", "actual", "limit", "gap", "outcome", "proof"]


def spelled(column: str, codes: Any) -> str:
    """Several codes joined by ";" in words; nothing for none."""
    names = [] if pd.isna(codes) else [each for each in str(codes).split(";") if each]
    told = [value_label(column, name) for name in names]
    return label("views.list_comma").join(told) or label("monitoring.nothing")


def listing(county: "County", frame: pd.DataFrame, **shown: Any) -> Table:
    """A list of households or places as a table: places by name, several codes in words (清单).

    ``shown`` goes to `tables.table`.
    """
    told = frame.drop(columns=["code", "code_2"], errors="ignore")
    for column in ("village", "town"):
        if column in told:
            told[column] = told[column].map(_names(county, column))
    if "person" in told:
        told["person"] = told["person"].fillna("")
    for column in _SEVERAL & set(told):
        told[column] = [spelled(column, codes) for codes in told[column]]
    return table(told, styles=_STYLES | shown.pop("styles", {}), **shown)


def _names(county: "County", level: str) -> "pd.Series[str]":
    return county.tables[f"{level}s"].set_index("code")["name"]


def trace(county: "County", household: str, *, on: Any = None) -> Table:
    """Why one household is watched and what would take it off (判定依据).

    Raises
    ------
    KeyError
        for a household that is not there; close codes are listed.
    """
    title = label("monitoring.trace_title", household=household)
    rows = _conditions(county, household, on)
    return table(_frame(county, rows), name="trace", title=title)


def household_card(county: "County", household: str, *, on: Any = None) -> Table:
    """A household's card: facts, six guarantees, watch, clearing, help, missing proof (户情卡).

    Raises
    ------
    KeyError
        for a household that is not there; close codes are listed.
    """
    pack = RulePack.load(parameters=county.parameters)
    known = watch.facts(county, on=on, pack=pack)
    if household not in known.index:
        raise KeyError(unknown_name(household, known.index))
    own = known.loc[household]
    listed = watch.watch_list(county, on=on, pack=pack, known=known.loc[[household]]).iloc[0]
    rows = [*_items(county, household), *_conditions(county, household, on)]
    title = label("monitoring.card_title", household=household)
    shown = table(_frame(county, rows), name="trace", title=title)
    village = _names(county, "village")[own["village"]]
    status = _words(own, "status", "exit_status", "main_cause")
    seen = _words(listed, "category", "recorded", "reason", "verdict")
    seen["recorded"] = seen["recorded"] or label("monitoring.nothing")
    seen["since"] = f"{listed['found_on']:%Y-%m-%d}" if seen["reason"] else ""
    seen["conditions"] = spelled("conditions", listed["conditions"])
    facts = label("monitoring.facts", village=village, members=own["members"], **status)
    lines = [facts, label("monitoring.why", **seen), *_to_do(rows), _score(own, pack)]
    if seen["reason"]:
        given = spelled("measures", own["measures"])
        wanted = spelled("measures", ";".join(pack.rules["help"][str(own["reason"])]))
        lines.append(label("monitoring.help", measures=given, wanted=wanted))
    said = "".join(f"<p>{escape.text(line)}</p>" for line in lines)
    return Table(title, f'{_STYLE}<div class="jd-household">{said}</div>{shown.html}')


def _words(row: Any, *columns: str) -> dict[str, str]:
    """Coded values of a row in words, by column; nothing for none."""
    return {c: "" if pd.isna(row[c]) else value_label(c, row[c]) for c in columns}


def _frame(county: "County", rows: list[tuple[str, ...]]) -> pd.DataFrame:
    return guarantees.told(pd.DataFrame(rows, columns=_COLUMNS), county, *watch.TABLES)


def _number(value: float, unit: str) -> str:
    text = numbers.number(value, "percent" if unit == "1" else "plain", trim=True)
    return text if pd.isna(value) or unit in ("", "1") else text + label(f"unit.{unit}")


def _measured(row: Any, test: str, unit: str) -> list[str]:
    """Value, threshold and distance of a test, with their unit."""
    distance = row["value"] - row["threshold"]
    key = "above" if distance > 0 else "below" if distance < 0 else "level"
    gap = label(f"monitoring.{key}", value=_number(abs(distance), unit))
    limit = label(f"monitoring.{test}", value=_number(row["threshold"], unit))
    return [_number(row["value"], unit), limit, "" if pd.isna(distance) else gap]


def _conditions(county: "County", household: str, on: Any) -> list[tuple[str, ...]]:
    """Rows of both stages; a household without an open record has no clearing."""
    pack = RulePack.load(parameters=county.parameters)
    found: list[tuple[str, ...]] = []
    for stage in ("watch", "clearing"):
        rows = watch.trace(county, stage=stage, household=household, on=on, pack=pack)
        for row in rows.to_dict("records"):
            own = pack.conditions[str(row["condition"])]
            kept = {"outcome": 0, "value": 1}.get(str(own.get("shown")), 3)
            told = [*_measured(row, own["test"], own["unit"])[:kept], "", "", ""][:3]
            words = _words(row, "condition", "met", "proof")
            part = label(f"monitoring.part.{stage}")
            found.append((part, words["condition"], *told, words["met"], words["proof"]))
    return found


def _items(county: "County", household: str) -> list[tuple[str, ...]]:
    """Rows of the sub-items; those of an indicator that came out alike stand together."""
    items = county.frame("guarantee_items")
    items = items[items["household"] == household]
    declared = {each["item"]: each for each in guarantees.declared("guarantee_items")}
    comma, part = label("views.list_comma"), label("monitoring.part.guarantees")
    items = items.iloc[items["item"].map([*declared].index).argsort(kind="stable")]
    alone = items["item"].where(items["threshold"].notna(), "")
    found: list[tuple[str, ...]] = []
    keys = [items["indicator"], alone, items["state"], items["reason"].fillna(items["path"])]
    for (indicator, _, state, why), rows in items.groupby(keys, sort=False, dropna=False):
        own, first = declared[rows["item"].iloc[0]], rows.iloc[0]
        values = [value_label(own["column"], code) for code in rows["code"].dropna()]
        told = [comma.join(dict.fromkeys(values)), "", ""]
        if own["test"]:
            told = _measured(first, own["test"], own["unit"])
        fact = comma.join(value_label("item", name) for name in dict.fromkeys(rows["item"]))
        if state in ("fail", "unknown") and rows["person"].notna().all():
            fact += label("views.in_unit", unit=comma.join(rows["person"]))
        fact = value_label("indicator", indicator) + label("views.colon") + fact
        outcome = value_label("state", state)
        if isinstance(why, str):
            reason = value_label("reason" if state == "exempt" else "path", why)
            outcome += label("views.in_unit", unit=reason)
        proof = value_label("proof", own["proof"]) if state == "unknown" else ""
        found.append((part, fact, *told, outcome, proof))
    return found


def _to_do(rows: list[tuple[str, ...]]) -> list[str]:
    """What clearing still lacks, and which papers are missing, each in one line."""
    comma, yes = label("views.list_comma"), value_label("met", "yes")
    stage = label("monitoring.part.clearing")
    lacking = [row[1] for row in rows if row[0] == stage and row[5] != yes]
    proofs = list(dict.fromkeys(row[6] for row in rows if row[6]))
    lines = [label("monitoring.open", conditions=comma.join(lacking))] if lacking else []
    return [*lines, label("monitoring.missing", proofs=comma.join(proofs))] if proofs else lines


def _score(own: Any, pack: RulePack) -> str:
    parts = watch.score_parts(own.to_frame().T, pack).iloc[0]
    most = {each["part"]: each["most"] for each in pack.rules["score"]}
    told = [
        label("monitoring.score_part", part=word, points=numbers.number(points), most=most[name])
        for name, points in parts.items()
        if points != 0 and (word := value_label("part", name))
    ]
    sums = " + ".join(told) or "0"
    return label("monitoring.score", score=numbers.number(parts.sum()), parts=sums)
