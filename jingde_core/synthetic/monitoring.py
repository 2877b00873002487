"""The watch against a return to poverty, and the six indicators checked after the flood.

A risk is cleared no earlier than half a year after it was found, and only above the range of
monitoring; an open one lies below it, or has large rigid spending. The indicators all hold or do
not apply; a few are still to be verified. The national survey covered whole villages: there the
proof is the survey's own, elsewhere a home check or a department's list.
"""

import numpy as np
import pandas as pd

from jingde_core.synthetic.draw import Array, Frame, Random
from jingde_core.synthetic.making import ASSUMED, NEVER, Making, Tables

#: lifted households watched as unstable: the range drawn from, and the share cleared by now
UNSTABLE, UNSTABLE_CLEARED, EDGE_CLEARED = (62, 68), 0.3, 0.34
#: share of the open whose income lies below the range; the others spend much on illness or school
BELOW_RANGE = 0.84
INDICATORS = ["food", "clothing", "education", "medical", "housing", "water"]
BY_DEPARTMENT = {"education": 0.55, "medical": 0.8, "housing": 0.35, "water": 0.45}
#: indicators still to be verified and in how many households
UNKNOWN = {"housing": 2, "water": 1}
NEWBORN, SOLDIERS, UNVERIFIED = 3, 3, 2


def make_watch(made: Making) -> Tables:
    """Homes here now, with state and days of the watch and the income band it implies (监测状态).

    ``watch`` is none, open or cleared; ``band`` free, below, above or poor.
    """
    rng, roster = made.stream("watch"), made["roster"]
    homes = roster[roster["fate"].isin(["stayed", "waiting", "edge"])].reset_index(drop=True)
    fate = homes["fate"].to_numpy()
    watch = np.full(len(homes), "none", dtype=object)
    band = np.where(fate == "waiting", "poor", "free").astype(object)
    found = np.full(len(homes), NEVER)
    stayed = np.flatnonzero(fate == "stayed")
    unstable = rng.choice(stayed, int(rng.integers(*UNSTABLE)), replace=False)
    early = rng.permutation(unstable)[: round(0.7 * len(unstable))]
    edge_2019, edge_2020 = (
        np.flatnonzero((fate == "edge") & (homes["registered"] == year)) for year in (2019, 2020)
    )
    found[unstable] = rng.days(len(unstable), "2020-03-25", "2020-08-20")
    found[early] = rng.days(len(early), "2019-12-02", "2020-03-10")
    found[edge_2019] = rng.days(len(edge_2019), "2019-10-20", "2019-12-28")
    found[edge_2020] = rng.days(len(edge_2020), "2020-01-06", "2020-06-28")
    watched = np.concatenate([unstable, edge_2019, edge_2020])
    watch[watched] = "open"
    watch[rng.choice(early, round(UNSTABLE_CLEARED * len(unstable)), replace=False)] = "cleared"
    watch[rng.choice(edge_2019, round(EDGE_CLEARED * len(edge_2019)), replace=False)] = "cleared"
    open_rows = rng.permutation(np.flatnonzero(watch == "open"))
    band[watched] = "above"
    band[open_rows[: round(BELOW_RANGE * len(open_rows))]] = "below"
    cleared = np.full(len(homes), NEVER)
    rows = np.flatnonzero(watch == "cleared")
    room = (np.datetime64("2020-09-25") - found[rows].astype("datetime64[D]")).astype(int)
    cleared[rows] = found[rows] + rng.integers(185, room + 1).astype("timedelta64[D]")
    return {"homes": homes.assign(watch=watch, band=band, found_on=found, cleared_on=cleared)}


def make_risks(made: Making) -> Tables:
    """The table of risks (防返贫监测): one row a watched household, measures fitting the reason.

    Nobody's reason is a disaster: whom the flood hit is drawn later, by the flood's own tables.
    """
    rng, homes = made.stream("risks"), made["homes"]
    rows = homes[homes["watch"] != "none"].sort_values(["found_on", "id"], ignore_index=True)
    reason = rows["main_cause"].map(ASSUMED["watch"]["reasons"]).fillna("other").to_numpy(object)
    spends = (rows["band"] == "above") & (rows["watch"] == "open") & (reason != "schooling")
    reason[spends & ~np.isin(reason, ["illness", "disability"])] = "illness"
    rows = rows.assign(
        household=rows["id"],
        category=rows["fate"].map({"edge": "edge"}).fillna("lifted_unstable"),
        reason=reason,
        measures=_measures(rng, reason, rows),
        clearing_evidence=rows["cleared_on"].notna().map({True: "county_confirmed"}),
    )
    return made.coded("risks", "Z0001", rows)


def _measures(rng: Random, reason: Array, rows: Frame) -> list[str]:
    """Help by reason, work for who can work, business for who has one; several joined by ``;``."""
    luck = rng.random((len(rows), 3)).T
    further = {
        "employment": (rows["able"] > 0) & (luck[0] < 0.75),
        "industry": (rows["business"] > 0) & (luck[1] < 0.6),
        "social_security": (rows["able"] == 0) | (luck[2] < 0.15),
    }
    usual = ASSUMED["watch"]["measures"]
    return [
        ";".join(sorted({*usual[each], *(name for name in further if further[name][row])}))
        for row, each in enumerate(reason)
    ]


def make_survey(made: Making) -> Tables:
    """Villages of the national survey (脱贫攻坚调查), and everybody's insurance (基本医疗保险)."""
    rng, homes, people = made.stream("survey"), made["homes"], made["people"]
    counts = homes[homes["fate"] != "edge"].groupby("village").size()
    # communities are none of the administrative villages surveyed
    rural = counts[counts.index.str[9] == "2"]
    count, total = made.target["survey_villages"], made.target["survey_households"]
    surveyed = rural.index[rng.pick_with_sum(rural, count, total)]
    homes = homes.assign(surveyed=homes["village"].isin(surveyed))
    rng = made.stream("insured")
    state = pd.Series("yes", index=people.index, dtype="str")
    idle = (people["work"] == "none") & (people["in_school"] == "none")
    young = people["age"].between(18, 24) & (people["health"] == "healthy")
    unsurveyed = ~people["village"].isin(surveyed) & people["age"].between(20, 60)
    for rows, most, value in (
        (people["age"] == 0, NEWBORN, "exempt"),
        (young & idle & (people["sex"] == "male"), SOLDIERS, "exempt"),
        (unsurveyed, UNVERIFIED, "unknown"),
    ):
        known = people.loc[state != "yes", "household"]
        fit = people.index[rows & ~people["household"].isin(known)]
        state[rng.choice(fit, min(most, len(fit)), replace=False)] = value
    return {"homes": homes, "people": people.assign(insured=state)}


def make_guarantees(made: Making) -> Tables:
    """The table of guarantees (“两不愁三保障一安全”核查): six rows a household."""
    rng, homes = made.stream("guarantees"), made["homes"]
    states, reasons = _states(rng, homes, made["people"])
    by_survey = (homes["surveyed"] & (homes["fate"] != "edge")).to_numpy()
    # the survey takes some days in each village
    checked = rng.days(len(homes), "2020-07-08", "2020-07-31")
    names = sorted(set(homes["village"]))
    start = pd.Series(rng.days(len(names), "2020-07-27", "2020-08-14"), index=names)
    day = homes["village"].map(start) + rng.spans(0, 4, len(homes))
    checked = np.where(by_survey, day, checked)
    parts = []
    for indicator in INDICATORS:
        listed = rng.random(len(homes)) < BY_DEPARTMENT.get(indicator, 0)
        evidence = np.select([by_survey, listed], ["survey", "department"], "home_check")
        later = rng.days(len(homes), "2020-08-03", "2020-09-18")
        columns = {
            "household": homes["id"],
            "indicator": indicator,
            "state": states[indicator].to_numpy(),
            "reason": reasons[indicator].to_numpy(),
            "evidence": pd.Series(evidence).mask(states[indicator].to_numpy() == "unknown"),
            "checked_on": np.where(evidence == "department", later, checked),
        }
        parts.append(pd.DataFrame(columns))
    return made.table("guarantees", pd.concat(parts))


def _states(rng: Random, homes: Frame, people: Frame) -> tuple[Frame, Frame]:
    """State and reason by home and indicator."""
    states = pd.DataFrame("pass", index=homes["id"], columns=INDICATORS, dtype=object)
    reasons = pd.DataFrame(None, index=homes["id"], columns=INDICATORS, dtype=object)
    taught, newborn = people["age"].between(6, 15), people["age"] == 0
    untaught = homes.loc[~homes["id"].isin(people.loc[taught, "household"]), "id"]
    reasons.loc[untaught, "education"] = "not_applicable"
    exempt, home = people["insured"] == "exempt", people["household"]
    for reason in ("unable", "home_taught"):
        reasons.loc[home[people["kept_out"] == reason], "education"] = reason
    reasons.loc[home[exempt & newborn], "medical"] = "newborn"
    reasons.loc[home[exempt & ~newborn], "medical"] = "army"
    states = states.mask(reasons.notna(), "exempt")
    states.loc[home[people["insured"] == "unknown"], "medical"] = "unknown"
    unsurveyed = homes.loc[~homes["surveyed"], "id"].to_numpy()
    for indicator, count in UNKNOWN.items():
        states.loc[rng.choice(unsurveyed, count, replace=False), indicator] = "unknown"
    return states, reasons
