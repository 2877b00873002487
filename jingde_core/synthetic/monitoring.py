"""The watch against a return to poverty: who is watched, since when, and who is cleared.

A risk is cleared no earlier than half a year after it was found, and only above the range of
monitoring; an open one lies below it, or has large rigid spending.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import days, table

#: lifted households watched as unstable: the range drawn from, and the share cleared by now
UNSTABLE, UNSTABLE_CLEARED, EDGE_CLEARED = (62, 68), 0.3, 0.34
#: share of the open whose income lies below the range; the others spend much on illness or school
BELOW_RANGE = 0.84
LAST_DAY = "2020-09-25"
REASONS = {
    "illness": "illness",
    "disability": "disability",
    "schooling": "schooling",
    "skill": "work",
    "capital": "income",
    "labour": "income",
}
MEASURES = {
    "illness": ("health", "social_security"),
    "disability": ("social_security", "health"),
    "schooling": ("education",),
    "work": ("employment",),
    "income": ("industry",),
    "other": ("social_security",),
}


def make_watch(rng: np.random.Generator, homes: pd.DataFrame) -> pd.DataFrame:
    """State and days of the watch, and the income band that it implies (监测状态), by home.

    Returns
    -------
    DataFrame
        ``watch`` (none, open, cleared), ``band`` (free, below, above, poor), ``found_on`` and
        ``cleared_on``.
    """
    fate = homes["fate"].to_numpy()
    watch = np.full(len(homes), "none", dtype=object)
    band = np.where(fate == "waiting", "poor", "free").astype(object)
    found = np.full(len(homes), np.datetime64("NaT", "us"))
    unstable = rng.choice(
        np.flatnonzero(fate == "stayed"), int(rng.integers(*UNSTABLE)), replace=False
    )
    early = rng.permutation(unstable)[: round(0.7 * len(unstable))]
    found[unstable] = days(rng, "2020-03-25", "2020-08-20", len(unstable))
    found[early] = days(rng, "2019-12-02", "2020-03-10", len(early))
    edge_2019 = np.flatnonzero((fate == "edge") & (homes["registered"] == 2019))
    edge_2020 = np.flatnonzero((fate == "edge") & (homes["registered"] == 2020))
    found[edge_2019] = days(rng, "2019-10-20", "2019-12-28", len(edge_2019))
    found[edge_2020] = days(rng, "2020-01-06", "2020-06-28", len(edge_2020))
    watched = np.concatenate([unstable, edge_2019, edge_2020])
    watch[watched] = "open"
    for rows, share, of in ((early, UNSTABLE_CLEARED, unstable), (edge_2019, EDGE_CLEARED, None)):
        count = round(share * len(rows if of is None else of))
        watch[rng.choice(rows, count, replace=False)] = "cleared"
    open_rows = rng.permutation(np.flatnonzero(watch == "open"))
    band[watched] = "above"
    band[open_rows[: round(BELOW_RANGE * len(open_rows))]] = "below"
    cleared = np.full(len(homes), np.datetime64("NaT", "us"))
    rows = np.flatnonzero(watch == "cleared")
    room = (np.datetime64(LAST_DAY, "D") - found[rows].astype("datetime64[D]")).astype(int)
    wait = rng.integers(185, room + 1).astype("timedelta64[D]")
    cleared[rows] = found[rows] + wait
    columns: dict[str, Any] = {"watch": watch, "band": band, "found_on": found}
    return pd.DataFrame({**columns, "cleared_on": cleared}, index=homes.index)


def make_risks(rng: np.random.Generator, homes: pd.DataFrame) -> pd.DataFrame:
    """The table of risks (防返贫监测): one row a watched household, measures fitting the reason.

    Nobody's reason is a disaster: whom the flood hit is drawn later, by the flood's own tables.
    """
    rows = homes[homes["watch"] != "none"].sort_values(["found_on", "id"], ignore_index=True)
    reason = rows["main_cause"].map(REASONS).fillna("other").to_numpy(dtype=object)
    spends = (rows["band"] == "above") & (rows["watch"] == "open") & (reason != "schooling")
    reason[spends & ~np.isin(reason, ["illness", "disability"])] = "illness"
    cleared = rows["cleared_on"].notna()
    return table(
        "risks",
        {
            "id": [f"Z{number:04d}" for number in range(1, len(rows) + 1)],
            "household": rows["id"],
            "category": rows["fate"].map({"edge": "edge"}).fillna("lifted_unstable"),
            "found_on": rows["found_on"],
            "reason": reason,
            "measures": _measures(rng, reason, rows),
            "cleared_on": rows["cleared_on"],
            "clearing_evidence": cleared.map({True: "county_confirmed"}),
        },
    )


def _measures(
    rng: np.random.Generator, reason: NDArray[np.object_], rows: pd.DataFrame
) -> list[str]:
    """Help by reason, work for who can work, business for who has one; several joined by ``;``."""
    luck = rng.random((len(rows), 3)).T
    further = {
        "employment": (rows["able"] > 0) & (luck[0] < 0.75),
        "industry": (rows["business"] > 0) & (luck[1] < 0.6),
        "social_security": (rows["able"] == 0) | (luck[2] < 0.15),
    }
    return [
        ";".join(sorted({*MEASURES[each], *(name for name in further if further[name][row])}))
        for row, each in enumerate(reason)
    ]
