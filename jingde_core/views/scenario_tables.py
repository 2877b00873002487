"""Outcomes of scenarios in words and tables, and the workbook to take along.

Who is told what follows the audience: household rows never reach a leader, small counts are
withheld, and Gini, winners and losers stay with the analyst (``data/whatif_tables.csv``). Every
table bears the mark.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core import scenarios
from jingde_core.model.catalogue import has_label, label, value_label
from jingde_core.model.place import shipped
from jingde_core.privacy import audience
from jingde_core.scenarios import Outcome, Scenario
from jingde_core.views import downloads, marks, numbers
from jingde_core.views.scenario_charts import by_group, guarded, rules
from jingde_core.views.tables import Sentence, Table
from jingde_core.views.traces import listing

if TYPE_CHECKING:
    from jingde_core.county import County

_STAGES = {"headcount_ratio": "percent", "poverty_gap": "percent", "poverty_severity": "index"}
_LIMITS = ("scenario.limits", "whatif.limits")


@lru_cache(maxsize=2)
def declared(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a table of declarations: ``whatif_controls`` or ``whatif_tables``."""
    with (shipped("data") / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def headline(outcome: Outcome) -> Sentence:
    """What a scenario comes to in one sentence (情景结论)."""
    totals, poor = outcome.totals, outcome.stages.set_index("measure").loc["poor_persons"]
    told = {f"poor_{stage}": poor[stage] for stage in ("shocked", "supported")}
    told |= {"available": totals["budget"] - totals["lever_cost"]}
    template, name = label("whatif.headline"), outcome.scenario.name
    text = numbers.sentence(template, **totals, **told, scenario=name)
    stamps = marks.marks(outcome.base.provenance, scenario=True)
    return Sentence("".join([text, *outcome.notes]), stamps)


def stage_table(county: "County", outcome: Outcome) -> Table:
    """Before, after the shock, after support, a row a measure (三阶段对照表)."""
    found = outcome.stages.copy()
    for stage in ("before", "shocked", "supported"):
        pairs = zip(found[stage], found["measure"], strict=True)
        found[stage] = [numbers.number(v, _STAGES.get(name, "plain")) for v, name in pairs]
    return shown(county, found, "stages")


def comparison(county: "County", outcomes: Sequence[Outcome], *, name: str = "compared") -> Table:
    """Scenarios side by side (情景对比表)."""
    frame = scenarios.compare(outcomes, county=county)
    fair = pd.DataFrame([scenarios.equity(each) for each in outcomes], index=frame.index)
    joined = frame.join(fair)
    joined.attrs = frame.attrs
    return shown(county, joined, name)


def rules_table(county: "County", scenario: Scenario) -> Table:
    """What each rule does with the same money (分配方式对照表)."""
    ruled = [scenarios.evaluate(county, scenario.ruled_by(name)) for name in rules()]
    return comparison(county, ruled, name="rules")


def town_table(county: "County", outcome: Outcome) -> Table:
    """Money, persons and need by town (各镇公平性); for leaders small towns are withheld."""
    found, hidden = scenarios.town_equity(outcome), by_group(outcome, "town")["reason"] != ""
    numeric = found.select_dtypes("number")
    masked = found.assign(**{str(name): numeric[name].mask(hidden) for name in numeric})
    return shown(county, masked, "towns")


def left_table(county: "County", outcome: Outcome) -> Table:
    """How many stay below the line after support, and why (仍低于标准的原因)."""
    rows = outcome.households.query("why_left != 'not_below'").groupby("why_left")["members"]
    counted = pd.DataFrame({"households": rows.size(), "persons": rows.sum()}).reset_index()
    counted.attrs = outcome.stages.attrs
    return shown(county, guarded(counted, ["households"]), "left")


def households(county: "County", outcome: Outcome) -> Table:
    """Who gets how much and who is left, by household code: for the workshop (户级测算清单)."""
    if audience() == "leader":
        return Table("", label("whatif.no_households"))
    rows = outcome.households.query("amount_fen > 0 or lever_gain != 0 or why_left != 'not_below'")
    return shown(county, rows, "who")


def assumptions(outcome: Outcome) -> pd.DataFrame:
    """Every assumption with its value, what the numbers stand on, and limits (情景假设)."""
    attrs = outcome.stages.attrs
    data = marks.source_line(attrs["provenance"], attrs["as_of"])
    rows = [*_flat(outcome.scenario.to_dict()), ("data", data)]
    rows += [(name, attrs[name]) for name in ("hash", "version")]
    rows += [("mark", each) for each in marks.marks(attrs["provenance"], scenario=True)]
    rows += [("limits", label(key)) for key in _LIMITS]
    keys = [(f"whatif.field.{path}", path, text) for path, text in rows]
    told = [(label(key) if has_label(key) else path, text) for key, path, text in keys]
    frame = pd.DataFrame(told, columns=["assumption", "stated"])
    frame.attrs = attrs
    return frame


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Paths and values in words; a shock's or lever's path begins with its kind."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}".lstrip(".")) if key != "kind" else ()
    elif isinstance(value, list) and isinstance(value[0], Mapping):
        for each in value:
            if "kind" in each:
                yield path, label(f"{path.removesuffix('s')}.{each['kind']}")
            yield from _flat(each, each.get("kind", path))
    else:
        column = "rule" if path == "rule.name" else path.rpartition(".")[2]
        words = [
            value_label(column, each) for each in (value if isinstance(value, list) else [value])
        ]
        yield path, label("views.list_comma").join(words)


def workbook(county: "County", outcome: Outcome) -> Table:
    """One Excel file: assumptions first, then what follows from them (情景测算工作簿)."""
    frames = {"assumptions": assumptions(outcome), "stages": outcome.stages}
    frames |= {by: by_group(outcome, by) for by in ("town", "decile")}
    if audience() != "leader":
        frames |= {"village": outcome.grouped("village"), "households": outcome.households}
    sheets = {label(f"whatif.sheet.{key}"): _spelled(each) for key, each in frames.items()}
    return downloads.workbook(sheets, label("whatif.file", name=outcome.scenario.name))


def _spelled(frame: pd.DataFrame) -> pd.DataFrame:
    """Codes in words."""
    own = frame.drop(columns=["by", "reason"], errors="ignore")
    texts = own.select_dtypes(exclude="number")
    return own.assign(**{str(n): [value_label(str(n), v) for v in texts[n]] for n in texts})


def shown(county: "County", frame: pd.DataFrame, name: str) -> Table:
    """A frame as one of the declared tables, with the columns for this audience (情景数据表).

    ``name`` is a table of ``data/whatif_tables.csv``: ``robust`` takes the summary of
    `scenarios.robustness`, ``assumptions`` what `assumptions` gives.
    """
    own = [row for row in declared("whatif_tables") if row["table"] == name]
    own = [row for row in own if row["audience"] in ("", audience())]
    kept = frame[[row["column"] for row in own]]
    kept.attrs = frame.attrs
    styles = {row["column"]: row["style"] for row in own if row["style"]}
    title = label(f"whatif.table.{name}")
    return listing(county, kept, styles=styles, name="compared", scenario=True, title=title)


def limits() -> str:
    """What a scenario does not say, as it stands below every panel (局限)."""
    return "".join(label(key) for key in _LIMITS)
