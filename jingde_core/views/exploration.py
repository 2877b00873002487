"""What an explorer shows, as a plain value: chosen, measured, painted.

No widget is known here. A filter that a metric's table has no column for does not apply to
that metric; a town does not filter: it is what the map turns to and the tables keep.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jingde_core.metrics import METRICS
from jingde_core.metrics.contract import REQUIRED
from jingde_core.model.catalogue import label
from jingde_core.model.naming import unknown_name
from jingde_core.views import maps, numbers, painting
from jingde_core.views.classes import Layer, Level
from jingde_core.views.painting import Painting

if TYPE_CHECKING:
    from jingde_core.county import County

COMPARISONS = ("none", "metric", "year", "change")
UNIVERSES = ("registered", "edge", "all")
FILTERS = ("main_cause", "attribute", "exit_status")
POVERTY_METRICS = (
    *("headcount_ratio", "incidence", "poverty_gap", "poverty_severity", "mean_income"),
    *("persons", "households", "lifted_persons", "needed_transfer"),
)
#: what the card of a unit tells
KEY_METRICS = (
    *("households", "persons", "headcount_ratio", "incidence", "poverty_gap", "mean_income"),
    *("needed_transfer", "guarantee_pass_rate", "collective_income", "asset_value"),
    *("pv_stations", "water_quality_pass_rate", "damage_loss", "posts"),
)
#: themes in their order, each with the tables whose metrics it holds; the last takes the rest
_THEMES: dict[str, tuple[str, ...]] = {
    "poverty": ("households", "household_years", "exits"),
    "guarantees": (
        *("guarantees", "guarantee_profile", "guarantee_items", "near_fails", "water_works"),
    ),
    "assets": (
        *("assets", "ledger_entries", "collective_income", "asset_accounts", "asset_years"),
        *("ledgers_due", "lease_accounts", "distributions", "village_profile"),
    ),
    "pv": ("pv_stations", "pv_months", "pv_accounts", "pv_cumulated"),
    "flood": ("damages", "relief", "flood_households"),
    "programmes": (
        *("posts", "loans", "subsidies", "industry_links", "awards", "facilities"),
        *("post_accounts", "support_profile"),
    ),
    "trade": ("entities", "products", "sales"),
    "projects": ("projects", "project_accounts"),
    "oversight": (
        *("problems", "measures", "inspections", "visits", "evaluations", "archives"),
        *("risks", "watch"),
    ),
    "population": (),
}


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """One view of the county, chosen field by field; empty text is no choice."""

    metric: str = "headcount_ratio"
    year: int | None = None
    level: Level = "village"
    geometry: maps.Geometry = "schematic"
    compare: str = "none"
    other_metric: str = "mean_income"
    other_year: int | None = None
    universe: str = "registered"
    main_cause: str = ""
    attribute: str = ""
    exit_status: str = ""
    poverty_line: float | None = None
    breaks: tuple[float, ...] | None = None
    town: str = ""
    unit: str = ""

    def chosen(self) -> dict[str, Any]:
        """The fields that differ from the defaults, and the metric."""
        own, plain = asdict(self), asdict(Exploration())
        return {k: v for k, v in own.items() if k == "metric" or v != plain[k]}


def themes(county: "County", metrics: Sequence[str] | None = None) -> dict[str, list[str]]:
    """Metrics that a map of villages can show, by theme; poverty first.

    Raises
    ------
    KeyError
        for a name in ``metrics`` that is none of them.
    """
    known = [name for name in (*POVERTY_METRICS, *METRICS) if _mappable(county, name)]
    for name in metrics or ():
        if name not in known:
            raise KeyError(unknown_name(name, known))
    found: dict[str, list[str]] = {theme: [] for theme in _THEMES}
    for name in dict.fromkeys(metrics or known):
        table = METRICS[name].table
        held = next((theme for theme, tables in _THEMES.items() if table in tables), "population")
        found[held].append(name)
    return {theme: names for theme, names in found.items() if names}


def _mappable(county: "County", name: str) -> bool:
    """Whether all rows of a metric can be measured by village with what the county states."""
    metric, rows = METRICS[name], county.rows(METRICS[name].table)
    asked = [n for n, default in metric.parameters.items() if default is REQUIRED]
    stated = all(each.removesuffix("_before") in county.parameters.entries for each in asked)
    strict = [c for c in metric.columns if c in rows and (r := metric.rule(c)) and not r.unknown]
    known = not any(pd.isna(rows.values(column)).any() for column in strict)
    return metric.unit != "villages" and "village" in rows and stated and known


def years(county: "County", name: str) -> list[int | None]:
    """Years that a metric can be asked for, the latest last; None is all of them, or now."""
    by_household = METRICS[name].table in ("households", "household_years")
    rows = county.rows("household_years" if by_household else METRICS[name].table)
    found = sorted(int(y) for y in rows.frame["year"].dropna().unique()) if "year" in rows else []
    return [*found] if by_household and found else [*found, None]


def nearest(county: "County", name: str, year: int | None) -> int | None:
    """The year where the metric has it, else its latest."""
    offered = years(county, name)
    return year if year in offered else offered[-1]


def units(county: "County", level: Level) -> pd.DataFrame:
    """The table of a level's units, in the order of their shapes."""
    return county.tables["towns" if level == "town" else "villages"]


def choices(county: "County", column: str) -> tuple[tuple[str, str], ...]:
    """Codes and names that a filter offers."""
    if column == "town":
        return tuple(
            zip(county.tables["towns"]["code"], county.tables["towns"]["name"], strict=True)
        )
    levels = county.rows("households").levels(column)
    return tuple(zip(levels.code, levels.name, strict=True))


def arguments(county: "County", seen: Exploration, name: str, year: int | None) -> dict[str, Any]:
    """What `measure` and `village_map` are asked for, without what does not apply."""
    metric = METRICS[name]
    rows = county.rows(metric.table)
    where = {c: getattr(seen, c) for c in FILTERS if getattr(seen, c) and c in rows}
    lines = [n for n in ("poverty_line", "poverty_line_before") if n in metric.parameters]
    found: dict[str, Any] = {} if year is None else {"year": year}
    found |= {"where": where} if where else {}
    if seen.universe != "registered" and metric.table in painting.BY_HOUSEHOLD:
        found["universe"] = seen.universe
    return found | ({} if seen.poverty_line is None else dict.fromkeys(lines, seen.poverty_line))


def filtered_by(county: "County", seen: Exploration, name: str) -> str:
    """The filters that apply to a metric in one line, empty for none."""
    return painting.filters(arguments(county, seen, name, None) | {"metric": name})


def measured(
    county: "County",
    seen: Exploration,
    *,
    name: str = "",
    by: str = "",
    year: int | None | str = "",
) -> pd.DataFrame:
    """The tidy frame of a metric (the chosen one) by units (the chosen level) in a year."""
    from jingde_core.county import measure

    name, when = name or seen.metric, seen.year if isinstance(year, str) else year
    asked = arguments(county, seen, name, when)
    return measure(county, name, by=by or seen.level, **asked)


def differs(seen: Exploration) -> bool:
    """Whether a change between two years is shown."""
    return seen.compare == "change" and seen.year is not None and seen.other_year is not None


def change(county: "County", seen: Exploration, *, by: str = "") -> pd.DataFrame:
    """How much a measure changed from the other year to the year; NaN where one is unknown.

    Shares change by percentage points.
    """
    before = measured(county, seen, by=by, year=seen.other_year)
    after = measured(county, seen, by=by)
    share = after.attrs["unit"] == "1"
    frame = after.assign(
        value=(after["value"] - before["value"]) * (100 if share else 1),
        earlier=before["value"],
        later=after["value"],
        small=after["small"] | before["small"],
        reason=after["reason"].where(after["reason"] != "", before["reason"]),
    )
    given = arguments(county, seen, seen.metric, None)
    kept = {n: given[n] for n in METRICS[seen.metric].parameters if n in given}
    unit = "percentage_points" if share else after.attrs["unit"]
    frame.attrs = after.attrs | {"unit": unit, "parameters": kept}
    return frame


def history(county: "County", seen: Exploration) -> pd.DataFrame | None:
    """The county, and the chosen unit, over the years; None where the metric has no years."""
    when = [year for year in years(county, seen.metric) if year is not None]
    if not when:
        return None
    parts = []
    for year in when:
        parts.append(measured(county, seen, by="county", year=year).assign(year=year))
        if seen.unit:
            units = measured(county, seen, year=year).assign(year=year)
            parts.append(units[units["code"] == seen.unit])
    frame = pd.concat(parts, ignore_index=True)
    given = arguments(county, seen, seen.metric, None)
    kept = {n: given[n] for n in METRICS[seen.metric].parameters if n in given}
    frame.attrs = parts[0].attrs | {"year": None, "parameters": kept, "by": ("year",)}
    return frame


def shares(county: "County", frame: pd.DataFrame, level: Level) -> pd.DataFrame | None:
    """Lorenz curve of a measure over the persons of the units; None where it has no sense.

    Units stand in the order of their value a person: a rate or mean as it is, weighted by its
    denominator; a count or amount over the population.
    """
    from jingde_core.metrics.inequality import lorenz

    if frame.attrs["unit"] in ("index", "ratio", "percentage_points"):
        return None
    people = frame["denominator"].to_numpy(dtype=float)
    value = frame["value"].to_numpy(dtype=float)
    if np.isnan(people).all():
        villages = county.tables["villages"]
        unit = villages["code" if level == "village" else "town"]
        counted = villages["population"].groupby(unit.to_numpy()).sum()
        people = frame["code"].map(counted).to_numpy(dtype=float)
        value = np.divide(value, people, out=np.full(len(value), np.nan), where=people > 0)
    known = np.isfinite(value) & (value >= 0) & (people > 0)
    return lorenz(value[known], people[known]) if (value[known] > 0).any() else None


def pane_frame(county: "County", seen: Exploration, pane: int = 0) -> pd.DataFrame:
    """What one of the maps shows at the chosen level, as a tidy frame of the chosen town."""
    name, year = panes(seen)[pane]
    frame = measured(county, seen, name=name, year=nearest(county, name, year))
    return kept(county, seen, frame)


def kept(county: "County", seen: Exploration, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the chosen town, all where none is chosen."""
    if not seen.town or seen.level != "village":
        return frame
    villages = county.tables["villages"]
    return frame[frame["code"].isin(villages.loc[villages["town"] == seen.town, "code"])]


def panes(seen: Exploration) -> list[tuple[str, int | None]]:
    """Metric and year of each map side by side."""
    other = {"metric": (seen.other_metric, seen.year), "year": (seen.metric, seen.other_year)}
    first = [(seen.metric, seen.year)]
    return [*first, other[seen.compare]] if seen.compare in other else first


def backward(seen: Exploration) -> bool:
    """Whether the second map is of an earlier year than the first, and so stands before it."""
    shown = [year or 0 for _, year in panes(seen)]
    return len(shown) > 1 and 0 < shown[1] < shown[0]


def layers(county: "County", seen: Exploration, pane: int = 0) -> dict[str, Any]:
    """Arguments of `village_map` for one of the maps, without the level."""
    name, year = panes(seen)[pane]
    asked = arguments(county, seen, name, nearest(county, name, year))
    own = {"breaks": seen.breaks} if seen.breaks and name == seen.metric else {}
    return {"metric_name": name, **asked, **own}


def paintings(county: "County", seen: Exploration) -> list[dict[Level, Painting]]:
    """What each map shows, by level."""
    if differs(seen):
        return [{level: _changed(county, seen, level) for level in ("village", "town")}]
    found = []
    for pane in range(len(panes(seen))):
        found.append(maps.paintings(county, maps.layers(**layers(county, seen, pane))))
    return found


def _changed(county: "County", seen: Exploration, level: Level) -> Painting:
    frame = change(county, seen, by=level)
    codes = (county.towns if level == "town" else county.villages)["code"]
    drawn = painting.paint(Layer("change", level, None, seen.breaks, "PuOr"), frame, codes)
    unit = numbers.unit_text(str(frame.attrs["unit"]), "")
    short = [replace(each, text=each.text.replace(unit, "")) for each in drawn.classes.entries]
    return replace(
        drawn,
        classes=replace(drawn.classes, entries=tuple(short)),
        title=change_title(seen),
        legend_title=label("explorer.change") + drawn.legend_title.partition(drawn.fields[0])[2],
        fields=(label("explorer.change"), *drawn.fields[1:]),
    )


def change_title(seen: Exploration) -> str:
    """Title of what shows a change between two years."""
    name = label(f"metric.{seen.metric}")
    return label("explorer.change_title", metric=name, earlier=seen.other_year, later=seen.year)
