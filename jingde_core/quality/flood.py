"""Frames of damage and relief, each with its event, its victim, and what could be lost there."""

import pandas as pd

from jingde_core.quality.frames import Frames, frame

#: kinds of damage by which nobody is hit
_NOT_HIT = ("water_cut", "displaced")


def _placed(frames: Frames, table: str) -> pd.DataFrame:
    """Rows with the days of their event, the event it is a part of, and the victim's facts."""
    events = frames.tables["events"]
    whole = events.assign(whole=events["part_of"].fillna(events["id"]))
    own = frames.joined(
        frames.tables[table], whole, on="event", gain=["whole", "starts_on", "ends_on"]
    )
    return frames.joined(own, "households", on="household", gain=["members", "business"])


@frame("damage_checks")
def damage_checks(frames: Frames) -> pd.DataFrame:
    """Damages (受灾) with takings, cost of the work, budget of the project.

    ``alike`` rows of one victim, kind and day; ``events_that_day`` on which one was struck.
    """
    own = _placed(frames, "damages")
    own = frames.joined(own, "water_works", on="work", gain=["cost"])
    own = frames.joined(own, "projects", on="project", gain=["budget"])
    victim = own["household"].fillna(own["work"]).fillna(own["project"])
    day = own.assign(victim=victim).groupby(["victim", "date"])
    alike = own.assign(victim=victim).groupby(["victim", "kind", "date"])["id"]
    return own.assign(
        alike=alike.transform("size"), events_that_day=day["whole"].transform("nunique")
    )


@frame("relief_checks")
def relief_checks(frames: Frames) -> pd.DataFrame:
    """Relief (救助) with whether its household was ``hit`` by the same event."""
    own, struck = _placed(frames, "relief"), _placed(frames, "damages")
    struck = struck[~struck["kind"].isin(_NOT_HIT)]
    hit = pd.MultiIndex.from_frame(struck[["whole", "household"]])
    return own.assign(hit=pd.MultiIndex.from_frame(own[["whole", "household"]]).isin(hit))
