"""Why a household is poor, and what its members can do: causes, health, labour, work.

The cause is drawn to fit the family, and health, labour and work to fit the cause, so that a
household poor by illness has somebody ill and one poor by lack of labour has nobody strong.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.synthetic.draw import codes, split_count

Flags = NDArray[np.bool_]
Weights = NDArray[np.float64]

#: per mille of registered households by main cause
CAUSES = {
    "labour": 168,
    "schooling": 50,
    "skill": 50,
    "capital": 26,
    "motivation": 16,
    "disaster": 14,
    "land": 7,
    "traffic": 6,
    "other": 4,
    "water_shortage": 3,
    "disability": 232,
    "illness": 424,
}
ATTRIBUTES = {"tekun": 208, "dibao": 645}
LABOUR = ("skilled", "ordinary", "weak", "lost", "none")
#: shares of labour ability by age from and health; under 16 and pupils have none
ABILITY = {
    (16, "healthy"): (0.16, 0.83, 0.01, 0.0, 0.0),
    (16, "chronic"): (0.04, 0.52, 0.40, 0.04, 0.0),
    (16, "serious"): (0.0, 0.08, 0.42, 0.50, 0.0),
    (16, "disabled"): (0.02, 0.16, 0.42, 0.40, 0.0),
    (60, "healthy"): (0.02, 0.34, 0.56, 0.0, 0.08),
    (60, "chronic"): (0.0, 0.10, 0.58, 0.20, 0.12),
    (60, "serious"): (0.0, 0.0, 0.15, 0.60, 0.25),
    (60, "disabled"): (0.0, 0.02, 0.30, 0.48, 0.20),
    (70, "healthy"): (0.0, 0.02, 0.36, 0.0, 0.62),
    (70, "chronic"): (0.0, 0.0, 0.22, 0.18, 0.60),
    (70, "serious"): (0.0, 0.0, 0.02, 0.48, 0.50),
    (70, "disabled"): (0.0, 0.0, 0.08, 0.42, 0.50),
}
#: chance of a chronic illness, and of a disability, by age from, besides the cause's own patient
FRAILTY = {
    0: (0.01, 0.006),
    16: (0.04, 0.02),
    40: (0.17, 0.03),
    60: (0.40, 0.045),
    70: (0.50, 0.06),
}
#: registered persons at work outside the county, a third of them within the province
OUTSIDE, WITHIN_PROVINCE = 668, 0.36
#: a watched or edge household has fewer at work away
STRAIN = 0.35
#: public-welfare posts of 2020 are for those of this age (years)
POST_AGES = (18, 65)


def household_causes(rng: np.random.Generator, homes: pd.DataFrame) -> NDArray[np.object_]:
    """Main cause (主要致贫原因) of each home, by what its family could be poor of.

    Parameters
    ----------
    homes : frame
        ``able`` (members of 16-59 out of school), ``pupils`` and ``members``.
    """
    able, pupils = homes["able"].to_numpy(), homes["pupils"].to_numpy()
    fits = {
        "labour": np.where(able == 0, 1.0, np.where(able * 3 <= homes["members"], 0.05, 0.01)),
        "schooling": np.where(pupils > 0, 1.0, 0.003),
        "illness": np.ones(len(homes)),
        "disability": np.ones(len(homes)),
    }
    means = np.where(able > 0, 1.0, 0.04)
    cause = np.full(len(homes), "illness", dtype=object)
    open_homes = np.ones(len(homes), dtype=bool)
    counts = split_count(len(homes), list(CAUSES.values()))
    for name, count in zip(CAUSES, counts, strict=True):
        chosen = _weighted(rng, np.where(open_homes, fits.get(name, means), 0), int(count))
        cause[chosen] = name
        open_homes[chosen] = False
    return cause


def other_causes(rng: np.random.Generator, homes: pd.DataFrame) -> list[str | None]:
    """Up to two further causes, joined by ``;``, never the main one (其他致贫原因)."""
    share = np.array([CAUSES[name] for name in CAUSES], dtype=float) + 20
    number = rng.choice(3, len(homes), p=[0.45, 0.4, 0.15])
    found: list[str | None] = []
    for cause, count, pupils in zip(homes["main_cause"], number, homes["pupils"], strict=True):
        fit = np.array([name != cause and (name != "schooling" or pupils > 0) for name in CAUSES])
        chances = share * fit / (share * fit).sum()
        names = rng.choice(list(CAUSES), int(count), replace=False, p=chances)
        found.append(";".join(sorted(names)) or None)
    return found


def attributes(rng: np.random.Generator, homes: pd.DataFrame) -> NDArray[np.object_]:
    """Attribute (贫困户属性) of registered homes: general, dibao or tekun.

    Tekun are the old or disabled who live alone without labour, and are not watched.
    """
    cause = homes["main_cause"].to_numpy()
    fit = homes["main_cause"].map({"labour": 3.0, "disability": 2.2, "illness": 0.6}).fillna(0)
    alone = (homes["members"] == 1) & (homes["fate"] == "stayed") & (homes["watch"] == "none")
    alone &= (homes["eldest"] >= 60) | (homes["main_cause"] == "disability")
    attribute = np.full(len(homes), "general", dtype=object)
    attribute[_weighted(rng, np.where(alone, fit, 0), ATTRIBUTES["tekun"])] = "tekun"
    need = np.select(
        [cause == "disability", cause == "labour", cause == "illness"], [2.4, 1.7, 1.2]
    )
    need = np.where(need > 0, need, 0.25) * np.where(homes["able"] > 1, 0.5, 1.0)
    need = need * np.where(homes["fate"] == "waiting", 4.0, 1.0)
    dibao = _weighted(rng, np.where(attribute == "tekun", 0, need), ATTRIBUTES["dibao"])
    attribute[dibao] = "dibao"
    return attribute


def _weighted(rng: np.random.Generator, weight: Weights, count: int) -> NDArray[np.int64]:
    weight = np.asarray(weight, dtype=float)
    return rng.choice(len(weight), count, replace=False, p=weight / weight.sum())


def _patient(rng: np.random.Generator, people: pd.DataFrame, weight: Weights) -> Flags:
    """One member of each household for whom the weight is positive, the heavier the likelier."""
    wait = rng.exponential(size=len(people)) / np.where(weight > 0, weight, np.nan)
    first = pd.Series(wait).groupby(people["household"].to_numpy()).transform("min").to_numpy()
    return np.asarray(wait == first)


def health(rng: np.random.Generator, people: pd.DataFrame) -> NDArray[np.object_]:
    """Health (健康状况): the patient that the household's cause implies, and the frail besides."""
    age, cause = people["age"].to_numpy(), people["main_cause"].to_numpy()
    luck = rng.random(len(people))
    starts = np.array(list(FRAILTY))
    band = np.searchsorted(starts, age, side="right") - 1
    chronic, disabled = np.array(list(FRAILTY.values()))[band].T
    old = np.array([0.02, 1.0, 2.0, 3.0, 3.2])[band]
    ill = _patient(rng, people, np.where(cause == "illness", old, 0))
    impaired = np.where((people["in_school"] == "none") & (age >= 3), np.minimum(old, 1.2), 0)
    unfit = _patient(rng, people, np.where(cause == "disability", impaired, 0))
    state = np.full(len(people), "healthy", dtype=object)
    state[luck < chronic + disabled] = "chronic"
    state[luck < disabled] = "disabled"
    severity = rng.random(len(people))
    state[ill] = np.where(severity[ill] < 0.27, "serious", "chronic")
    state[unfit] = "disabled"
    return state


def labour(rng: np.random.Generator, people: pd.DataFrame) -> NDArray[np.object_]:
    """Labour ability (劳动技能) by age, health, and whether the household lacks labour."""
    shares = np.zeros((len(people), len(LABOUR)))
    for (start, state), share in ABILITY.items():
        rows = (people["age"] >= start) & (people["health"] == state)
        shares[rows.to_numpy()] = share
    level = (rng.random(len(people))[:, None] >= np.cumsum(shares, axis=1)).sum(axis=1)
    ability: NDArray[np.object_] = np.array(LABOUR, dtype=object)[
        np.minimum(level, len(LABOUR) - 1)
    ]
    short = (people["main_cause"] == "labour").to_numpy() & (rng.random(len(people)) < 0.8)
    ability[short & np.isin(ability, ["skilled", "ordinary"])] = "weak"
    ability[(people["age"] < 16) | (people["in_school"] != "none")] = "none"
    tekun = (people["attribute"] == "tekun").to_numpy()
    ability[tekun] = np.where(people["age"] >= 60, "none", "lost")[tekun]
    return ability


def work(
    rng: np.random.Generator, people: pd.DataFrame, *, poor: Flags, posts: int
) -> pd.DataFrame:
    """Place and months of work (务工状况), so many outside the county and so many on posts.

    Parameters
    ----------
    poor : array of bool, shape (people,)
        lives in a poor village of 2014: more posts there.
    posts : int
        public-welfare posts of the county.
    """
    ability, age = people["labour"].to_numpy(), people["age"].to_numpy()
    strain = np.where(people["watch"] == "none", 1.0, STRAIN)
    place = np.full(len(people), "none", dtype=object)
    registered = (people["fate"] != "edge").to_numpy()
    young = np.interp(age, [16, 19, 24, 45, 55, 60, 63], [0.2, 0.9, 1.2, 1.0, 0.45, 0.15, 0.0])
    leaves = young * _scaled(ability, {"skilled": 1.2, "ordinary": 1.0, "weak": 0.06}) * strain
    leaves[_keeper(rng, people)] = 0
    for rows, count in ((registered, OUTSIDE), (~registered, round(0.11 * (~registered).sum()))):
        away = rng.permutation(_weighted(rng, np.where(rows, leaves, 0), int(count)))
        within = round(WITHIN_PROVINCE * len(away))
        place[away[:within]], place[away[within:]] = "province", "outside"
    _posts(rng, people, np.where(registered, 1 + 0.8 * poor, 0), posts, place)
    at_home = (place == "none") & np.isin(ability, ["skilled", "ordinary", "weak"]) & (age < 70)
    luck = rng.random(len(people))
    local = _scaled(ability, {"skilled": 0.62, "ordinary": 0.55, "weak": 0.17}) * strain**0.5
    place[at_home & (luck < local)] = "town"
    place[at_home & (luck < local * np.where(age < 55, 0.55, 0.25))] = "county"
    return pd.DataFrame({"work": place, "work_months": _months(rng, place)}, index=people.index)


def _keeper(rng: np.random.Generator, people: pd.DataFrame) -> Flags:
    """Of each household with children one grown member who stays with them, mostly a woman."""
    children = people.loc[people["age"] < 14, "household"]
    grown = people["household"].isin(children) & (people["age"] >= 18)
    chance = np.where(people["sex"] == "female", 3.0, 1.0) * np.where(people["age"] > 50, 3.0, 1.0)
    return _patient(rng, people, np.where(grown & (people["in_school"] == "none"), chance, 0))


def _scaled(ability: NDArray[np.object_], scale: Mapping[str, float]) -> Weights:
    return np.array([scale.get(each, 0.0) for each in ability])


def _posts(
    rng: np.random.Generator,
    people: pd.DataFrame,
    weight: Weights,
    posts: int,
    place: NDArray[np.object_],
) -> None:
    """Mark the holders of public-welfare posts: one a household, at home, of the age, in place."""
    fit = _scaled(people["labour"].to_numpy(), {"skilled": 0.4, "ordinary": 0.9, "weak": 1.0})
    fit = fit * people["age"].between(*POST_AGES).to_numpy() * weight
    fit = np.where(place == "none", fit, 0)
    fit = np.where(_patient(rng, people, fit), fit, 0)
    place[_weighted(rng, fit, posts)] = "local_post"


def _months(rng: np.random.Generator, place: NDArray[np.object_]) -> NDArray[np.int64]:
    """Months of work from October 2019 to September 2020: the epidemic cost those away some."""
    spans = {"outside": (7, 11), "province": (7, 11), "county": (6, 11), "town": (2, 9)}
    months = np.zeros(len(place), dtype=np.int64)
    for name, (least, most) in {**spans, "local_post": (10, 12)}.items():
        rows = np.flatnonzero(place == name)
        months[rows] = np.round(rng.triangular(least, 0.3 * least + 0.7 * most, most, len(rows)))
    return months


def causes_of_gone(rng: np.random.Generator, count: int) -> NDArray[np.object_]:
    """Causes of households that left: as those here, with fewer disabled."""
    share = [value * (0.55 if name == "disability" else 1.0) for name, value in CAUSES.items()]
    return codes(rng, list(CAUSES), share, count)
