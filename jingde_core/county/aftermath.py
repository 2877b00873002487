"""After a flood: what reached whom, what is still missing, who crossed which line, what was mended.

All stand on `county.flood.chain` or on rows of damage and relief; nothing is estimated here.
Kinds of relief stand in rows of their own and have no sum: a grant, a wage, a loan, a claim and a
public work are different things.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.county.flood import STAGES, exposure, marked, of_event, reach
from jingde_core.county.rows import COUNTY_CODE
from jingde_core.county.tables import County
from jingde_core.metrics.flood import fgt_bridge
from jingde_core.metrics.movement import transition_matrix
from jingde_core.model.catalogue import label
from jingde_core.privacy.audience import audience
from jingde_core.privacy.suppression import Axis, suppress

#: count of households to the columns that it may give away; none named is all
_TOLD: dict[str, tuple[str, ...]] = {
    "unreached": ("unreached", "reached", "coverage"),
    "leaked": ("leaked", "reached", "leakage"),
    "hit": (),
}


def coverage(county: County, *, event: str) -> pd.DataFrame:
    """What each instrument reached (各项帮扶覆盖情况): exact, from rows.

    Returns
    -------
    DataFrame
        ``kind, households, hit`` (of them), ``not_hit``, ``share`` (of all households hit),
        ``persons``, ``value`` (yuan; of ``credit`` the amount lent), ``quantity``. The last row,
        ``any``, counts each household once and has no value. No row for no relief.
    """
    seen, rows = (of_event(county, each, event) for each in (exposure(county), reach(county)))
    rows = rows.assign(hit=rows["household"].isin(seen.loc[seen["hit"], "household"]))
    each = pd.concat([rows, rows[["household", "hit"]].assign(kind="any")])
    once = each.drop_duplicates(["kind", "household"]).groupby("kind")
    found = once.agg(households=("household", "size"), hit=("hit", "sum"))
    found["not_hit"] = found["households"] - found["hit"]
    found["share"] = found["hit"] / max(int(seen["hit"].sum()), 1)
    found = found.join(each.groupby("kind")[["persons", "value", "quantity"]].sum(min_count=1))
    found = found.sort_values("households", ascending=False, kind="stable")
    if county.lacks("households", "damages"):
        found[["hit", "not_hit", "share"]] = np.nan
    last = found.index == "any"
    return marked(pd.concat([found[~last], found[last]]).reset_index(), county)


def _guarded(
    county: County, found: pd.DataFrame, counts: str, columns: Sequence[str] = ()
) -> pd.DataFrame:
    """The rows as a leader's page may hold them: ``columns`` (all, when none is named) are empty
    where the count is of few households, and where it would give such a one away."""
    if audience() != "leader":
        return found
    least = int(county.parameters.value("small_cell"))
    whole = found[counts].fillna(0).to_numpy(dtype=int)
    shown = suppress(whole, [Axis.whole(len(found))], threshold=least)[: len(found)] == 0
    kept = list(columns or found.columns)
    return found.assign(**{name: found[name].where(shown) for name in kept})


def summary(county: County, chain: pd.DataFrame, *, by: str) -> pd.DataFrame:
    r"""Coverage, leakage, adequacy and unmet need by group (帮扶精准度与未满足需求).

    .. math:: \text{coverage} = \frac{\text{hit and reached}}{\text{hit}}, \quad
              \text{leakage} = \frac{\text{reached, not hit}}{\text{reached}}, \quad
              \text{adequacy} = \frac{\sum \min(s_i, r_i)}{\sum s_i}

    with s the shock and r the relief of known value. ``by`` is ``county`` or a column of the
    chain (town, village, decile, status).

    Returns
    -------
    DataFrame
        ``code, name, households, persons, hit, reached, unreached, leaked, coverage, leakage``,
        ``shock_median`` and ``shock_p90`` (yuan per head, of households with a shock),
        ``shock, uncovered, need`` (yuan), ``adequacy``; a rate of nobody is NaN. On a leader's
        page groups of few households hit, and those that would give them away, are empty.
    """
    key = chain[by] if by in chain else pd.Series(COUNTY_CODE, chain.index)
    groups = chain.groupby(key.rename("code"))
    names = ("hit", "reached", "unreached", "leaked", "hit_reached", "shock", "uncovered", "need")
    found = groups.agg(households=("household", "size"), persons=("members", "sum"))
    found = found.join(groups[list(names)].sum(min_count=1))
    found["coverage"] = found.pop("hit_reached") / found["hit"].replace(0, np.nan)
    found["leakage"] = found["leaked"] / found["reached"].replace(0, np.nan)
    found["adequacy"] = 1 - found["uncovered"] / found["shock"].replace(0, np.nan)
    per_head = (chain["shock"] / chain["members"]).where(chain["shock"] > 0).groupby(key)
    found["shock_median"], found["shock_p90"] = per_head.median(), per_head.quantile(0.9)
    for counts, columns in _TOLD.items() if by != "county" else ():
        found = _guarded(county, found, counts, columns)
    found = found.reset_index()
    units = county.tables.get(f"{by}s")
    named = found["code"] if units is None else found["code"].map(units.set_index("code")["name"])
    found.insert(1, "name", named)
    return marked(found, county, by=(by,))


def crossings(
    county: County, chain: pd.DataFrame, *, after: str, bounds: Sequence[float]
) -> pd.DataFrame:
    """Households and persons by state before and after (跨线转移矩阵), a row a cell.

    Empty cells are left out. ``after`` is one of `STAGES`, ``bounds`` the lines in yuan; a state
    is closed below. A household of unknown income is in no cell.
    """
    known = chain.dropna(subset=["income_before", after])
    sides = known["income_before"].to_numpy(), known[after].to_numpy()
    lines = [f"{line:g}" for line in bounds]
    states = [label("views.below", high=lines[0]), label("views.at_least", low=lines[-1])]
    between = zip(lines[:-1], lines[1:], strict=True)
    states[1:1] = [label("views.range", low=low, high=high) for low, high in between]
    weights = {"households": np.ones(len(known)), "persons": known["members"].to_numpy()}
    found = {
        name: transition_matrix(*sides, bounds=bounds, labels=states, weights=w).counts.stack()
        for name, w in weights.items()
    }
    cells = pd.DataFrame(found).astype(int).query("households > 0")
    return marked(_guarded(county, cells, "households").reset_index(), county)


def bridge(
    county: County,
    chain: pd.DataFrame,
    *,
    alpha: int,
    poverty_line: float,
    relieved: str,
    status: str = "registered",
) -> pd.DataFrame:
    """Poverty before, after the shock and after relief; `metrics.flood.fgt_bridge` of the chain.

    ``relieved`` is ``income_after_relief`` (register net income) or ``resources`` (simulated).
    A household of unknown income stays out and is counted in ``attrs["unknown"]``.
    """
    stages = (*STAGES[:2], relieved)
    own = chain[chain["status"] == status]
    known = own.dropna(subset=list(stages))
    n = known["members"]
    fen = {name: (known[name] * n * 100).round().to_numpy() for name in stages}
    line = round(poverty_line * 100)
    found = fgt_bridge(fen, members=n.to_numpy(), poverty_line=line, alpha=alpha)
    more = {"alpha": alpha, "poverty_line": poverty_line, "relieved": relieved}
    return marked(found, county, persons=int(n.sum()), unknown=len(own) - len(known), **more)


def stage(county: County, chain: pd.DataFrame, column: str) -> County:
    """The county with its households' income as at a stage: every measure and map runs on it."""
    homes = county.tables["households"]
    income = homes["id"].map(chain.set_index("household")[column]).astype(float)
    tables = {**county.tables, "households": homes.assign(income_per_head=income)}
    staged = County(tables, county.provenance, county.parameters, county._geodata)
    staged.__dict__["_geometry"] = county._geometry
    return staged


def guarantees(county: County, *, event: str) -> pd.DataFrame:
    """Housing and water broken and mended (住房、饮水受损与恢复), households once each.

    Columns ``kind`` (house, water_cut), ``broken, mended, open, days`` (mean until mended).
    """
    rows = county.frame("damages")
    own = of_event(county, rows[rows["kind"].isin(["house", "water_cut"])], event)
    latest = own.groupby(["kind", "household"])["mended_on"].agg(lambda d: d.max(skipna=False))
    groups = latest.groupby("kind")
    found = pd.DataFrame({"broken": groups.size(), "mended": groups.count()})
    found["open"] = found["broken"] - found["mended"]
    found["days"] = own.groupby("kind")["days"].mean()
    return marked(found.reset_index(), county)


def risks(county: County, chain: pd.DataFrame, *, event: str) -> pd.DataFrame:
    """Monitoring category of the households hit, the day before the event and now (风险类别变化).

    Columns ``before, after, households``; ``unwatched`` for no open risk.
    """
    events = county.tables["events"].set_index("id")
    days = {"before": events.loc[event, "starts_on"], "after": pd.Timestamp(county.as_of)}
    open_risks = county.tables["risks"].sort_values("found_on", kind="stable")
    hit = chain.loc[chain["hit"], "household"]
    states: dict[str, Any] = {}
    for name, day in days.items():
        seen = open_risks["found_on"] < day if name == "before" else open_risks["found_on"] <= day
        cleared = (
            open_risks["cleared_on"] < day if name == "before" else open_risks["cleared_on"] <= day
        )
        own = open_risks[seen & ~cleared].drop_duplicates("household", keep="last")
        states[name] = hit.map(own.set_index("household")["category"]).fillna("unwatched")
    found = pd.DataFrame(states).value_counts(sort=False).rename("households").to_frame()
    found = county.known(found, "households", "risks")
    return marked(_guarded(county, found, "households").reset_index(), county)
