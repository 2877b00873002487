"""Persons with what each policy gave them: the frame behind the entitlement matrix."""

import pandas as pd

from jingde_core.quality.frames import Frames, frame


@frame("entitlements")
def entitlements(frames: Frames) -> pd.DataFrame:
    """Living persons of households present, and how many awards and subsidies each has.

    An insurance that is not verified is missing here, so that it is neither had nor lacked.
    """
    people = frames["persons"]
    people = people[people["left_on"].isna() & ~(people["died_on"] <= frames.as_of)]
    given = pd.concat([frames.tables[name][["person", "kind"]] for name in ("awards", "subsidies")])
    counts = given.groupby(["person", "kind"]).size().unstack(fill_value=0)
    kinds = ["student_aid", "chronic_certificate", "transport"]
    counts = counts.reindex(index=people["id"], columns=kinds, fill_value=0).fillna(0)
    people = people.assign(insured=people["insured"].replace("unknown", None))
    return people.assign(**{kind: counts[kind].to_numpy() for kind in kinds})
