"""Six indicators of every household here now, checked after the flood, with their proof.

All hold or do not apply; a few are still to be verified. The national survey covered whole
villages: there the proof is the survey's own, elsewhere a home check or a department's list.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.synthetic.draw import days, pick_with_sum, table

INDICATORS = ("food", "clothing", "education", "medical", "housing", "water")
BY_DEPARTMENT = {"education": 0.55, "medical": 0.8, "housing": 0.35, "water": 0.45}
#: indicators still to be verified and in how many households
UNKNOWN = {"housing": 2, "water": 1}
NEWBORN, SOLDIERS, UNVERIFIED = 3, 3, 2
UNABLE, HOME_TAUGHT = 2, 1


def surveyed_villages(
    rng: np.random.Generator, homes: pd.DataFrame, target: Mapping[str, int]
) -> set[str]:
    """Villages of the national survey (脱贫攻坚调查): so many, with so many registered homes."""
    registered = homes[homes["fate"] != "edge"]
    counts = registered.groupby("village").size()
    # communities are none of the administrative villages surveyed
    rural = counts[counts.index.str[9] == "2"]
    count, total = target["survey_villages"], target["survey_households"]
    return set(rural.index[pick_with_sum(rng, rural.to_numpy(), count, total)])


def kept_from_school(rng: np.random.Generator, people: pd.DataFrame) -> "pd.Series[str]":
    """Reason of the few children of school age who are not in school (免除); empty for others."""
    fit = np.flatnonzero(people["age"].between(7, 14))
    reasons = ["unable"] * UNABLE + ["home_taught"] * HOME_TAUGHT
    chosen = rng.choice(fit, len(reasons), replace=False)
    return pd.Series(reasons, index=people.index[chosen], dtype="str").reindex(people.index)


def insured(rng: np.random.Generator, people: pd.DataFrame, surveyed: set[str]) -> "pd.Series[str]":
    """Medical insurance (基本医疗保险) of each person; a few exempt, a few to be verified."""
    state = pd.Series("yes", index=people.index, dtype="str")
    idle = (people["work"] == "none") & (people["in_school"] == "none")
    soldiers = people["age"].between(18, 24) & idle & (people["health"] == "healthy")
    unsurveyed = ~people["village"].isin(surveyed) & people["age"].between(20, 60)
    for rows, most, value in (
        (people["age"] == 0, NEWBORN, "exempt"),
        (soldiers & (people["sex"] == "male"), SOLDIERS, "exempt"),
        (unsurveyed, UNVERIFIED, "unknown"),
    ):
        known = people.loc[state != "yes", "household"]
        fit = people.index[rows & ~people["household"].isin(known)]
        state[rng.choice(fit, min(most, len(fit)), replace=False)] = value
    return state


def make_guarantees(
    rng: np.random.Generator,
    homes: pd.DataFrame,
    people: pd.DataFrame,
    surveyed: set[str],
) -> pd.DataFrame:
    """The table of guarantees (“两不愁三保障一安全”核查): six rows a household."""
    states = _states(rng, homes, people, surveyed)
    by_survey = (homes["village"].isin(surveyed) & (homes["fate"] != "edge")).to_numpy()
    checked = _checked(rng, homes, by_survey)
    frames = []
    for indicator, (state, reason) in states.items():
        listed = rng.random(len(homes)) < BY_DEPARTMENT.get(indicator, 0)
        evidence = np.select([by_survey, listed], ["survey", "department"], "home_check")
        later = days(rng, "2020-08-03", "2020-09-18", len(homes))
        frames.append(
            {
                "household": homes["id"],
                "indicator": indicator,
                "state": state,
                "reason": reason,
                "evidence": pd.Series(evidence).mask(state == "unknown"),
                "checked_on": np.where(evidence == "department", later, checked),
            }
        )
    return table("guarantees", pd.concat([pd.DataFrame(frame) for frame in frames]))


def _checked(rng: np.random.Generator, homes: pd.DataFrame, by_survey: Any) -> Any:
    """Day of the check after the flood; the survey takes some days in each village."""
    checked = days(rng, "2020-07-08", "2020-07-31", len(homes))
    names = sorted(set(homes["village"]))
    start = pd.Series(days(rng, "2020-07-27", "2020-08-14", len(names)), index=names)
    day = homes["village"].map(start).to_numpy() + rng.integers(0, 4, len(homes)).astype(
        "timedelta64[D]"
    )
    return np.where(by_survey, day, checked)


def _states(
    rng: np.random.Generator,
    homes: pd.DataFrame,
    people: pd.DataFrame,
    surveyed: set[str],
) -> dict[str, tuple[Any, Any]]:
    """State and reason of each indicator, by home."""
    none = np.full(len(homes), None, dtype=object)
    held = np.full(len(homes), "pass", dtype=object)
    states = {name: (held.copy(), none.copy()) for name in INDICATORS}
    at = pd.Series(np.arange(len(homes)), index=homes["id"])

    def note(indicator: str, households: Any, state: str, reason: str | None) -> None:
        rows = at[households].to_numpy()
        states[indicator][0][rows], states[indicator][1][rows] = state, reason

    taught = people["age"].between(6, 15)
    without = homes.loc[~homes["id"].isin(people.loc[taught, "household"]), "id"]
    note("education", without, "exempt", "not_applicable")
    for reason in ("unable", "home_taught"):
        note("education", people.loc[people["kept_out"] == reason, "household"], "exempt", reason)
    exempt, newborn = people["insured"] == "exempt", people["age"] == 0
    note("medical", people.loc[exempt & newborn, "household"], "exempt", "newborn")
    note("medical", people.loc[exempt & ~newborn, "household"], "exempt", "army")
    note("medical", people.loc[people["insured"] == "unknown", "household"], "unknown", None)
    open_homes = homes.loc[~homes["village"].isin(surveyed), "id"].to_numpy()
    for indicator, count in UNKNOWN.items():
        chosen = rng.choice(open_homes, count, replace=False)
        note(indicator, chosen, "unknown", None)
    return states
