"""Problems and their measures, unannounced visits, and the mass visits of 2015 to 2020.

The report says that the 134 measures of June are all done; of the 209 it does not, so a
believable part of those is open.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import codes, days, split_count, stream, table
from jingde_core.synthetic.flood import Tables, numbered, present, targets

Dates = NDArray[np.datetime64]
Positions = NDArray[np.int64]

ASPECTS = (
    "responsibility",
    "policy",
    "work",
    "education",
    "medical",
    "housing",
    "water",
    "industry",
    "employment",
    "credit",
    "funds",
    "register",
    "archives",
    "style",
)
#: aspects of a single household and how often a screening finds each
HOME_ASPECTS = {
    "register": 24,
    "archives": 20,
    "industry": 14,
    "policy": 11,
    "medical": 9,
    "housing": 7,
    "employment": 6,
    "education": 4,
    "water": 3,
    "credit": 2,
}
REVIEWERS = {"central_inspection": 19, "state_assessment": 14, "province_assessment": 19}
FOUND = {
    "central_inspection": ("2020-01-08", "2020-02-12"),
    "state_assessment": ("2020-03-05", "2020-04-03"),
    "province_assessment": ("2020-02-20", "2020-04-10"),
    "june_review": ("2020-06-02", "2020-06-19"),
    "housing_check": ("2020-04-08", "2020-06-30"),
}
SCREENINGS = (("2020-04-02", "2020-04-10"), ("2020-04-20", "2020-04-29"))
SEASON = ("2020-03-02", "2020-09-25")
LAST_DAY = "2020-09-25"
NEVER = np.datetime64("NaT", "us")


def make_oversight(seed: int, tables: Tables) -> dict[str, pd.DataFrame]:
    """Tables of rectification and visits (整改与走访): problems, measures, inspections, visits.

    Parameters
    ----------
    seed : int
        the same seed and tables give the same rows.
    tables : mapping of table name to frame
        villages, households, report_figures.

    Raises
    ------
    ValueError
        when the register is too small for the report's figures.
    """
    target = targets(tables["report_figures"])
    villages = tables["villages"]
    people = present(tables["households"])
    people["town"] = people["village"].map(villages.set_index("code")["town"])
    problems = _problems(stream(seed, "problems"), people, villages, target)
    grades = people.set_index("id")["housing_grade"]
    measures = _measures(stream(seed, "measures"), problems, grades, target)
    return {
        "problems": problems,
        "measures": measures,
        "inspections": _inspections(stream(seed, "inspections"), people, villages, target),
        "visits": _visits(stream(seed, "visits"), villages, target),
    }


def _problems(
    rng: np.random.Generator,
    people: pd.DataFrame,
    villages: pd.DataFrame,
    target: Mapping[str, int],
) -> pd.DataFrame:
    parts = [
        _county_problems(rng, villages, target),
        _june_problems(rng, villages, target),
        _april_problems(rng, people, target["april_screening_problems"]),
        _housing_problems(rng, people, target["housing_checked"]),
    ]
    frame = pd.concat(parts, ignore_index=True)
    order = ["found_on", "source", "village", "household", "aspect"]
    frame = frame.sort_values(order, kind="stable", ignore_index=True)
    return table("problems", frame.assign(id=numbered("N", 4, len(frame))))


def _owner(aspects: NDArray[np.object_], towns: "pd.Series[str]") -> list[str]:
    """The responsible unit: the town where there is one, else the aspect's department."""
    offices = {aspect: f"D{min(number, 12):02d}" for number, aspect in enumerate(ASPECTS, 1)}
    return [
        f"U-{town}" if isinstance(town, str) else offices[aspect]
        for aspect, town in zip(aspects, towns, strict=True)
    ]


def _file(rng: np.random.Generator, found: Dates, latest: str, *, longest: int) -> dict[str, Dates]:
    """Prepared, reviewed, signed, closed in this order, from finding to the latest day."""
    room = (np.datetime64(latest, "D") - found.astype("datetime64[D]")).astype("int64")
    part = np.sort(rng.beta(3, 2, size=(len(found), 4)), axis=1)
    passed = np.floor(part * np.minimum(room, longest)[:, None]).astype("timedelta64[D]")
    names = ("prepared_on", "reviewed_on", "signed_on", "closed_on")
    return {name: found + passed[:, step] for step, name in enumerate(names)}


def _checked(
    rng: np.random.Generator, file: Mapping[str, Dates], *, share: float, back: float
) -> dict[str, Any]:
    """The file with a recheck of part of the closed; a few were reopened and closed anew."""
    closed = file["closed_on"]
    later = _after(closed, rng.integers(5, 40, len(closed)))
    chosen = (rng.random(len(closed)) < share) & (later <= np.datetime64("2020-09-20"))
    reopened = chosen & (rng.random(len(closed)) < back)
    anew = _after(later, rng.integers(3, 11, len(closed)))
    return {
        **file,
        "closed_on": np.where(reopened, anew, closed),
        "rechecked_on": np.where(chosen, later, NEVER),
        "reopened": reopened,
    }


def _after(found: Dates, passed: Positions) -> Dates:
    after: Dates = found + passed.astype("timedelta64[D]")
    return after


def _county_problems(
    rng: np.random.Generator, villages: pd.DataFrame, target: Mapping[str, int]
) -> pd.DataFrame:
    """Problems fed back by the centre, the state and the province; about a fifth are open."""
    count = target["rectification_problems"]
    source = codes(rng, list(REVIEWERS), list(REVIEWERS.values()), count)
    found = np.full(count, NEVER)
    for name in REVIEWERS:
        at = np.flatnonzero(source == name)
        found[at] = days(rng, *FOUND[name], len(at))
    aspect = codes(rng, ASPECTS, rng.gamma(3.0, size=len(ASPECTS)), count)
    at = np.where(rng.random(count) < 0.15, rng.integers(0, len(villages), count), -1)
    place = villages.reset_index(drop=True).reindex(at)
    due = _after(found, rng.choice([120, 150, 180], count, p=[0.15, 0.4, 0.45]))
    file = _file(rng, found, LAST_DAY, longest=170)
    open_ones = rng.choice(count, round(count * 0.2), replace=False)
    for column in file.values():
        column[open_ones] = NEVER
    columns = {
        "source": source,
        "aspect": aspect,
        "found_on": found,
        "village": place["code"].to_numpy(),
        "owner": _owner(aspect, place["town"]),
        "due_on": due,
    }
    return pd.DataFrame(columns | _checked(rng, file, share=0.7, back=0.05))


def _june_problems(
    rng: np.random.Generator, villages: pd.DataFrame, target: Mapping[str, int]
) -> pd.DataFrame:
    """Problems of the June review: every aspect but one, all closed."""
    count, spread = target["june_problems"], target["june_aspects"]
    chosen = np.sort(rng.choice(ASPECTS, spread, replace=False))
    extra = split_count(count - spread, rng.gamma(2.0, size=spread))
    aspect = rng.permutation(np.repeat(chosen, extra + 1)).astype(object)
    found = days(rng, *FOUND["june_review"], count)
    at = np.where(rng.random(count) < 0.6, rng.integers(0, len(villages), count), -1)
    place = villages.reset_index(drop=True).reindex(at)
    file = _file(rng, found, "2020-09-20", longest=40)
    columns = {
        "source": "june_review",
        "aspect": aspect,
        "found_on": found,
        "village": place["code"].to_numpy(),
        "owner": _owner(aspect, place["town"]),
        "due_on": _after(found, rng.choice([30, 45, 60], count, p=[0.1, 0.5, 0.4])),
    }
    return pd.DataFrame(columns | _checked(rng, file, share=0.8, back=0.03))


def _at_home(people: pd.DataFrame, at: NDArray[np.int64]) -> dict[str, Any]:
    """Village, household and responsible town of problems found at homes."""
    return {
        "village": people["village"].to_numpy()[at],
        "household": people["id"].to_numpy()[at],
        "owner": ("U-" + people["town"]).to_numpy()[at],
    }


def _april_problems(rng: np.random.Generator, people: pd.DataFrame, count: int) -> pd.DataFrame:
    """Two screenings of all who are listed by then: at most one problem of an aspect in each."""
    frailty = rng.gamma(1.5, size=len(people))
    since = people["registered_on"].to_numpy()
    listed = [np.isnat(since) | (since < np.datetime64(start)) for start, _ in SCREENINGS]
    chance = frailty * listed * np.array([[0.62], [0.38]])
    weight = np.multiply.outer(chance, list(HOME_ASPECTS.values()))
    flat = rng.choice(weight.size, count, replace=False, p=weight.ravel() / weight.sum())
    screening, at, aspect = np.unravel_index(np.sort(flat), weight.shape)
    # a village is screened on one day of each round
    towns, village = np.unique(people["village"].to_numpy(), return_inverse=True)
    rounds = np.stack([days(rng, *span, len(towns)) for span in SCREENINGS])
    found = rounds[screening, village[at]]
    file = _file(rng, found, "2020-06-15", longest=38)
    columns = {
        "source": "april_screening",
        "aspect": np.array(list(HOME_ASPECTS), dtype=object)[aspect],
        "found_on": found,
        "due_on": _after(found, rng.choice([30, 45, 60], count, p=[0.1, 0.5, 0.4])),
    }
    file = _checked(rng, file, share=0.3, back=0.015)
    return pd.DataFrame(columns | _at_home(people, at) | file)


def _housing_problems(rng: np.random.Generator, people: pd.DataFrame, count: int) -> pd.DataFrame:
    """Homes with broken doors, cracks or leaks: the worse the grade, the likelier; all closed."""
    weight = people["housing_grade"].map({"A": 1.0, "B": 4.0, "C": 30.0, "D": 60.0}).fillna(1.0)
    chance = (weight / weight.sum()).to_numpy()
    at = np.sort(rng.choice(len(people), count, replace=False, p=chance))
    found = days(rng, *FOUND["housing_check"], count)
    file = _file(rng, found, "2020-07-31", longest=80)
    columns = {
        "source": "housing_check",
        "aspect": "housing",
        "found_on": found,
        "due_on": np.datetime64("2020-07-31", "us"),
    }
    file = _checked(rng, file, share=0.5, back=0.0)
    return pd.DataFrame(columns | _at_home(people, at) | file)


def _measures(
    rng: np.random.Generator,
    problems: pd.DataFrame,
    grades: "pd.Series[str]",
    target: Mapping[str, int],
) -> pd.DataFrame:
    """Measures of the 52, of June and of the housing check; screenings record none."""
    source = problems["source"]
    county = np.flatnonzero(source.isin(REVIEWERS))
    june = np.flatnonzero(source == "june_review")
    homes = np.flatnonzero(source == "housing_check")
    shares = [
        (county, target["rectification_measures"], rng.gamma(2.0, size=len(county))),
        (june, target["june_measures"], rng.gamma(1.5, size=len(june))),
    ]
    planned = np.concatenate(
        [
            np.repeat(rows, 1 + split_count(all_ - len(rows), weight))
            for rows, all_, weight in shares
        ]
    )
    kind = codes(rng, ["task", "rule", "training"], [62, 24, 14], len(planned))
    kind = np.append(kind, _repairs(rng, problems["household"].iloc[homes].map(grades), target))
    at = np.append(planned, homes)
    of = problems.iloc[at]
    done = _done(rng, of)
    outside = of["source"].isin(REVIEWERS).to_numpy()
    proven = ~np.isnat(done) & (~outside | (rng.random(len(at)) < 0.94))
    frame = pd.DataFrame({"problem": of["id"].to_numpy(), "kind": kind, "done_on": done})
    frame = frame.iloc[np.lexsort((kind, at))].assign(id=numbered("M", 4, len(frame)))
    proof = ("PF-" + frame["id"]).where(proven[frame.index])
    return table("measures", frame.assign(evidence=proof))


def _repairs(
    rng: np.random.Generator, grades: "pd.Series[str]", target: Mapping[str, int]
) -> NDArray[np.object_]:
    """How each home is mended: the worst rebuilt, the next improved, the rest by the town."""
    rebuilt, improved = target["housing_rebuilt"], target["housing_improved"]
    worst = grades.fillna("A").rank(method="dense", ascending=False).to_numpy()
    order = np.lexsort((rng.random(len(worst)), worst))
    repairs = np.full(len(worst), "mended_by_town", dtype=object)
    repairs[order[:rebuilt]] = "rebuilt"
    repairs[order[rebuilt : rebuilt + improved]] = "improved"
    return repairs


def _done(rng: np.random.Generator, of: pd.DataFrame) -> Dates:
    """Done before the file is prepared; of an open problem the last measure is still to do."""
    found = of["found_on"].to_numpy().astype("datetime64[D]")
    until = of["prepared_on"].fillna(pd.Timestamp(LAST_DAY)).to_numpy().astype("datetime64[D]")
    room = (until - found).astype("int64")
    passed = np.floor(rng.beta(2.5, 1.5, len(of)) * room).astype("timedelta64[D]")
    last = ~of["id"].duplicated(keep="last").to_numpy()
    still = of["closed_on"].isna().to_numpy() & (last | (rng.random(len(of)) < 0.35))
    return np.where(still, NEVER, (found + passed).astype("datetime64[us]"))


def _inspections(
    rng: np.random.Generator,
    people: pd.DataFrame,
    villages: pd.DataFrame,
    target: Mapping[str, int],
) -> pd.DataFrame:
    """Unannounced visits on some days in each village, and the mutual check of June."""
    season = np.arange(np.datetime64(SEASON[0]), np.datetime64(SEASON[1]) + 1)
    calendar = np.array([rng.choice(season, 14, replace=False) for _ in villages["code"]])
    number = pd.Series(np.arange(len(villages)), index=villages["code"])
    count = target["unannounced_visits_poor"]
    poor = _home_visits(rng, people[people["status"] == "registered"], number, calendar, count)
    others = target["unannounced_visits_vulnerable"]
    edge = people[people["status"] == "edge"]
    watched = _home_visits(rng, edge, number, calendar, round(others * 0.1))
    # the old, the sick and the orphaned whom no register of this county lists by household
    where = rng.permutation(
        np.repeat(
            np.arange(len(villages)), split_count(others - len(watched), villages["population"])
        )
    )
    listless = pd.DataFrame(
        {
            "village": villages["code"].to_numpy()[where],
            "date": calendar[where, rng.integers(0, calendar.shape[1], len(where))],
        }
    )
    checked = villages.loc[villages["poor_2014"], "code"]
    mutual = pd.DataFrame(
        {"village": checked, "date": days(rng, "2020-06-11", "2020-06-12", len(checked))}
    )
    parts = {"registered": [poor], "vulnerable": [watched, listless], "mutual_check": [mutual]}
    frame = pd.concat(
        [part.assign(kind=kind) for kind, frames in parts.items() for part in frames],
        ignore_index=True,
    )
    frame = frame.sort_values(["date", "village", "kind", "household"], ignore_index=True)
    visits = np.flatnonzero(frame["kind"] != "mutual_check")
    opinions = target["review_opinions"]
    written = np.sort(rng.choice(visits, opinions, replace=False))
    frame["opinion"] = pd.Series(numbered("RO2020-", 3, opinions), index=written)
    return table("inspections", frame.assign(id=numbered("V", 4, len(frame))))


def _home_visits(
    rng: np.random.Generator,
    homes: pd.DataFrame,
    number: "pd.Series[int]",
    calendar: Dates,
    count: int,
) -> pd.DataFrame:
    """Visits to households on their village's days, none twice on one day."""
    flat = rng.choice(len(homes) * calendar.shape[1], count, replace=False)
    at, day = np.divmod(flat, calendar.shape[1])
    chosen = homes.iloc[at]
    return pd.DataFrame(
        {
            "village": chosen["village"].to_numpy(),
            "household": chosen["id"].to_numpy(),
            "date": calendar[number.loc[chosen["village"]].to_numpy(), day],
        }
    )


def _visits(
    rng: np.random.Generator, villages: pd.DataFrame, target: Mapping[str, int]
) -> pd.DataFrame:
    """Requests by village and year; each is solved on the spot or referred and completed."""
    years = np.arange(2021 - target["visit_years"], 2021)
    people = villages["population"].to_numpy(dtype=float) ** 0.8
    yearly = rng.uniform(0.8, 1.25, len(years))
    cells = np.outer(people, yearly) * rng.lognormal(0, 0.25, (len(people), len(years)))
    referred_in_all = target["visit_referred_done"]
    collected = split_count(target["visit_solved"] + referred_in_all, cells.ravel())
    referred = split_count(referred_in_all, collected * rng.uniform(0.6, 1.5, collected.size))
    return table(
        "visits",
        {
            "village": np.repeat(villages["code"].to_numpy(), len(years)),
            "year": np.tile(years, len(villages)),
            "collected": collected,
            "solved": collected - referred,
            "referred": referred,
            "completed": referred,
        },
    )
