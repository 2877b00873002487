"""Problems and their measures, unannounced visits, and the mass visits of 2015 to 2020.

The report says that the 134 measures of June are all done; of the 209 it does not, so a
believable part of those is open.
"""

from typing import Any

import numpy as np
import pandas as pd

from jingde_core.synthetic.draw import Array, Column, Frame, Random, split_count
from jingde_core.synthetic.making import ASSUMED, Making, Tables, at_homes, numbered

REVIEWERS = {"central_inspection": 19, "state_assessment": 14, "province_assessment": 19}
SCREENINGS = (("2020-04-02", "2020-04-10"), ("2020-04-20", "2020-04-29"))
#: days given to put right what a review of the county found, and what others did
DUE, DUE_SOON = {120: 0.15, 150: 0.4, 180: 0.45}, {30: 0.1, 45: 0.5, 60: 0.4}
LAST_DAY = "2020-09-25"


def make_problems(made: Making) -> Tables:
    """Problems (问题清单) that reviews, screenings and the housing check found."""
    rng, people, target = made.stream("problems"), made.present(), made.target
    people["owner"] = "U-" + people["village"].map(made["villages"].set_index("code")["town"])
    parts = [
        _county_problems(rng, made["villages"], target["rectification_problems"]),
        _june_problems(rng, made["villages"], target["june_problems"], target["june_aspects"]),
        _april_problems(rng, people, target["april_screening_problems"]),
        _housing_problems(rng, people, target["housing_checked"]),
    ]
    order = ["found_on", "source", "village", "household", "aspect"]
    return made.coded("problems", "N0001", parts, order)


def _days(lengths: Any) -> Any:
    return np.asarray(lengths).astype("timedelta64[D]")


def _file(rng: Random, found: Array, latest: str, *, longest: int) -> Frame:
    """Prepared, reviewed, signed, closed in this order, from finding to the latest day."""
    room = (np.datetime64(latest, "D") - found.astype("datetime64[D]")).astype("int64")
    part = np.sort(rng.beta(3, 2, size=(len(found), 4)), axis=1)
    passed = _days(np.floor(part * np.minimum(room, longest)[:, None]))
    names = ["prepared_on", "reviewed_on", "signed_on", "closed_on"]
    return pd.DataFrame(found[:, None] + passed, columns=names).assign(found_on=found)


def _checked(rng: Random, file: Frame, *, share: float, back: float, **columns: Any) -> Frame:
    """The file with a recheck of part of the closed; a few were reopened and closed anew."""
    closed = file["closed_on"]
    later = closed + _days(rng.integers(5, 40, len(closed)))
    chosen = (rng.random(len(closed)) < share) & (later <= "2020-09-20")
    reopened = chosen & (rng.random(len(closed)) < back)
    anew = later + _days(rng.integers(3, 11, len(closed)))
    return file.assign(
        closed_on=closed.where(~reopened, anew),
        rechecked_on=later.where(chosen),
        reopened=reopened,
        **columns,
    )


def _somewhere(rng: Random, villages: Frame, aspect: Array, share: float) -> dict[str, Any]:
    """A village for a share of problems; in charge is its town, else the aspect's department."""
    count = len(aspect)
    at = np.where(rng.random(count) < share, rng.integers(0, len(villages), count), -1)
    place = villages.reset_index(drop=True).reindex(at).reset_index(drop=True)
    owner = ("U-" + place["town"]).fillna(pd.Series(aspect).map(ASSUMED["aspects"]))
    return {"aspect": aspect, "village": place["code"], "owner": owner}


def _county_problems(rng: Random, villages: Frame, count: int) -> Frame:
    """Problems fed back by the centre, the state and the province; about a fifth are open."""
    source = rng.codes(REVIEWERS, count)
    found = np.full(count, np.datetime64("NaT", "us"))
    for name in REVIEWERS:
        at = np.flatnonzero(source == name)
        found[at] = rng.days(len(at), *ASSUMED["reviews"][name])
    weights = rng.gamma(3.0, size=len(ASSUMED["aspects"]))
    aspect = rng.codes(dict(zip(ASSUMED["aspects"], weights, strict=True)), count)
    place = _somewhere(rng, villages, aspect, 0.15)
    due = found + _days(rng.chances(DUE, count))
    file = _file(rng, found, LAST_DAY, longest=170)
    still = rng.choice(count, round(count * 0.2), replace=False)
    file.loc[still, ["prepared_on", "reviewed_on", "signed_on", "closed_on"]] = pd.NaT
    return _checked(rng, file, share=0.7, back=0.05, source=source, due_on=due, **place)


def _june_problems(rng: Random, villages: Frame, count: int, spread: int) -> Frame:
    """Problems of the June review: every aspect but one, all closed."""
    chosen = np.sort(rng.choice(list(ASSUMED["aspects"]), spread, replace=False))
    extra = split_count(count - spread, rng.gamma(2.0, size=spread))
    aspect = rng.permutation(np.repeat(chosen, extra + 1)).astype(object)
    found = rng.days(count, *ASSUMED["reviews"]["june_review"])
    place = _somewhere(rng, villages, aspect, 0.6)
    file = _file(rng, found, "2020-09-20", longest=40)
    due = found + _days(rng.chances(DUE_SOON, count))
    return _checked(rng, file, share=0.8, back=0.03, source="june_review", due_on=due, **place)


def _april_problems(rng: Random, people: Frame, count: int) -> Frame:
    """Two screenings of all who are listed by then: at most one problem of an aspect in each."""
    frailty = rng.gamma(1.5, size=len(people))
    since = people["registered_on"].to_numpy()
    listed = [np.isnat(since) | (since < np.datetime64(start)) for start, _ in SCREENINGS]
    chance = frailty * listed * np.array([[0.62], [0.38]])
    aspects: dict[str, int] = ASSUMED["home_aspects"]
    weight = np.multiply.outer(chance, list(aspects.values()))
    flat = rng.pick(weight.ravel(), count)
    screening, at, aspect = np.unravel_index(np.sort(flat), weight.shape)
    # a village is screened on one day of each round
    towns, village = np.unique(people["village"].to_numpy(), return_inverse=True)
    rounds = np.stack([rng.days(len(towns), *span) for span in SCREENINGS])
    found = rounds[screening, village[at]]
    file = _file(rng, found, "2020-06-15", longest=38)
    due = found + _days(rng.chances(DUE_SOON, count))
    homes = at_homes(people, at, owner=people["owner"].to_numpy()[at])
    columns = dict(homes) | {"aspect": np.array(list(aspects))[aspect], "due_on": due}
    return _checked(rng, file, share=0.3, back=0.015, source="april_screening", **columns)


def _housing_problems(rng: Random, people: Frame, count: int) -> Frame:
    """Homes with broken doors, cracks or leaks: the worse the grade, the likelier; all closed."""
    weight = people["housing_grade"].map({"A": 1.0, "B": 4.0, "C": 30.0, "D": 60.0}).fillna(1.0)
    at = np.sort(rng.pick(weight, count))
    found = rng.days(count, *ASSUMED["reviews"]["housing_check"])
    file = _file(rng, found, "2020-07-31", longest=80)
    columns = {"source": "housing_check", "aspect": "housing", "due_on": pd.Timestamp("2020-07-31")}
    homes = at_homes(people, at, owner=people["owner"].to_numpy()[at])
    return _checked(rng, file, share=0.5, back=0.0, **columns, **dict(homes))


def make_measures(made: Making) -> Tables:
    """Measures (整改措施) of the 52, of June and of the housing check; screenings record none."""
    rng, problems, target = made.stream("measures"), made["problems"], made.target
    grades = made["households"].set_index("id")["housing_grade"]
    county = np.flatnonzero(problems["source"].isin(REVIEWERS))
    june = np.flatnonzero(problems["source"] == "june_review")
    homes = np.flatnonzero(problems["source"] == "housing_check")
    planned = np.empty(0, dtype=int)
    for rows, count, shape in (
        (county, target["rectification_measures"], 2.0),
        (june, target["june_measures"], 1.5),
    ):
        more = split_count(count - len(rows), rng.gamma(shape, size=len(rows)))
        planned = np.append(planned, np.repeat(rows, 1 + more))
    kind = rng.codes({"task": 62, "rule": 24, "training": 14}, len(planned))
    kind = np.append(kind, _repairs(rng, problems["household"].iloc[homes].map(grades), target))
    at = np.append(planned, homes)
    of = problems.iloc[at]
    done = _done(rng, of)
    outside = of["source"].isin(REVIEWERS).to_numpy()
    proven = ~np.isnat(done) & (~outside | (rng.random(len(at)) < 0.94))
    order = np.lexsort((kind, at))
    frame = pd.DataFrame({"problem": of["id"].to_numpy(), "kind": kind, "done_on": done})
    frame = frame.iloc[order].reset_index(drop=True)
    frame["evidence"] = pd.Series(numbered("PF-M0001", len(frame))).where(proven[order])
    return made.coded("measures", "M0001", frame)


def _repairs(rng: Random, grades: Column, target: dict[str, int]) -> Array:
    """How each home is mended: the worst rebuilt, the next improved, the rest by the town."""
    rebuilt, improved = target["housing_rebuilt"], target["housing_improved"]
    worst = grades.fillna("A").rank(method="dense", ascending=False).to_numpy()
    order = np.lexsort((rng.random(len(worst)), worst))
    repairs = np.full(len(worst), "mended_by_town", dtype=object)
    repairs[order[:rebuilt]] = "rebuilt"
    repairs[order[rebuilt : rebuilt + improved]] = "improved"
    return repairs


def _done(rng: Random, of: Frame) -> Array:
    """Done before the file is prepared; of an open problem the last measure is still to do."""
    found = of["found_on"].to_numpy()
    room = (of["prepared_on"].fillna(pd.Timestamp(LAST_DAY)) - of["found_on"]).dt.days
    passed = _days(np.floor(rng.beta(2.5, 1.5, len(of)) * room))
    last = ~of["id"].duplicated(keep="last").to_numpy()
    still = of["closed_on"].isna().to_numpy() & (last | (rng.random(len(of)) < 0.35))
    return np.where(still, np.datetime64("NaT", "us"), found + passed)


def make_inspections(made: Making) -> Tables:
    """Unannounced visits on some days in each village, and the mutual check of June (督查)."""
    rng, target, villages = made.stream("inspections"), made.target, made["villages"]
    people = made.present()
    season = np.arange("2020-03-02", "2020-09-26", dtype="datetime64[D]")
    code = villages["code"].to_numpy()
    calendar = np.array([rng.choice(season, 14, replace=False) for _ in code])
    by_village = pd.DataFrame(calendar, index=code)
    others = target["unannounced_visits_vulnerable"]
    poor, edge = (people[people["status"] == status] for status in ("registered", "edge"))
    poor = _home_visits(rng, poor, by_village, target["unannounced_visits_poor"])
    watched = _home_visits(rng, edge, by_village, round(others * 0.1))
    # the old, the sick and the orphaned whom no register of this county lists by household
    counts = split_count(others - len(watched), villages["population"])
    where = rng.permutation(np.repeat(np.arange(len(code)), counts))
    date = calendar[where, rng.integers(0, calendar.shape[1], len(where))]
    listless = pd.DataFrame({"village": code[where], "date": date})
    mutual = pd.DataFrame({"village": code[villages["poor_2014"]]})
    mutual["date"] = rng.days(len(mutual), "2020-06-11", "2020-06-12")
    parts = [
        poor.assign(kind="registered"),
        pd.concat([watched, listless]).assign(kind="vulnerable"),
        mutual.assign(kind="mutual_check"),
    ]
    order = ["date", "village", "kind", "household"]
    frame = pd.concat(parts).sort_values(order, ignore_index=True)
    visits = np.flatnonzero(frame["kind"] != "mutual_check")
    opinions = target["review_opinions"]
    written = np.sort(rng.choice(visits, opinions, replace=False))
    frame["opinion"] = pd.Series(numbered("RO2020-001", opinions), index=written)
    return made.coded("inspections", "V0001", frame)


def _home_visits(rng: Random, homes: Frame, by_village: Frame, count: int) -> Frame:
    """Visits to households on their village's days, none twice on one day."""
    per_home = by_village.shape[1]
    at, day = np.divmod(rng.choice(len(homes) * per_home, count, replace=False), per_home)
    dates = by_village.loc[homes["village"].iloc[at]].to_numpy()
    return at_homes(homes, at, date=dates[np.arange(count), day])


def make_visits(made: Making) -> Tables:
    """Requests by village and year (走访); each is solved on the spot or referred and completed."""
    rng, target, villages = made.stream("visits"), made.target, made["villages"]
    years = np.arange(2021 - target["visit_years"], 2021)
    people = villages["population"].to_numpy(dtype=float) ** 0.8
    yearly = rng.uniform(0.8, 1.25, len(years))
    cells = np.outer(people, yearly) * rng.lognormal(0, 0.25, (len(people), len(years)))
    in_all = target["visit_referred_done"]
    collected = split_count(target["visit_solved"] + in_all, cells.ravel())
    referred = split_count(in_all, collected * rng.uniform(0.6, 1.5, collected.size))
    columns = {
        "village": np.repeat(villages["code"].to_numpy(), len(years)),
        "year": np.tile(years, len(villages)),
        "collected": collected,
        "solved": collected - referred,
        "referred": referred,
        "completed": referred,
    }
    return made.table("visits", columns)
