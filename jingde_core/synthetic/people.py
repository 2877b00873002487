"""Who lives in a household, why it is poor, and what its members can do.

A form of family names the relations of its members and the ages of its head; ages of the others
follow from births and marriages. Poor households of the hills are small and old, many of them
single. The cause of poverty is drawn to fit the family, and health, labour and work to fit the
cause, so that a household poor by illness has somebody ill and one poor by lack of labour has
nobody strong.
"""

import numpy as np
import pandas as pd

from jingde_core.synthetic.draw import Array, Column, Frame, Random, banded, split_count
from jingde_core.synthetic.making import ABLE, ASSUMED, Making, Tables

NOW, OLDEST = 2020, 96
Member = tuple[str, int]
CAUSES: dict[str, int] = ASSUMED["causes"]
TEKUN, DIBAO = 208, 645
#: registered persons at work outside the county, a third of them within the province
OUTSIDE, WITHIN_PROVINCE = 668, 0.36
#: a watched or edge household has fewer at work away
STRAIN = 0.35
#: why children are kept out of school
KEPT_OUT = ["unable", "unable", "home_taught"]
POSTS = ("ranger_posts", "auxiliary_posts", "pv_posts", "temporary_posts")


def make_families(made: Making) -> Tables:
    """People of the homes here now (家庭成员), one row each, head first, with age and school."""
    rng, homes = made.stream("persons"), made["homes"]
    rows = [
        (f"{home}-{number:02d}", home, *member)
        for home, members in zip(homes["id"], homes["members"], strict=True)
        for number, member in enumerate(_family(rng, int(members)), start=1)
    ]
    people = pd.DataFrame(rows, columns=["id", "household", "relation", "sex", "age"])
    age = people["age"].to_numpy()
    people["birth_year"] = NOW - age
    school, schooling = ASSUMED["in_school"], ASSUMED["schooling"]
    people["in_school"] = rng.levels(school["levels"], banded(school["attended"], age))
    reached = rng.levels(schooling["levels"], banded(schooling["reached"], age))
    reached[(people["in_school"] != "none") | (age < 6)] = None
    people["schooling"] = reached
    return {"people": people}


def _family(rng: Random, members: int) -> list[tuple[str, str, int]]:
    """Relation, sex and age of each member of a household of that size."""
    forms = ASSUMED["families"][str(members)]
    share = np.array([form[3] for form in forms])
    relations, youngest, eldest, _, male = forms[rng.choice(len(forms), p=share / share.sum())]
    head_sex = "male" if rng.random() < male else "female"
    # the elderly thin out with age; others lean to the end of their range, born in the sixties
    part = rng.beta(1.15, 1.8) if youngest >= 60 else rng.beta(1.35, 1.1)
    found: dict[str, list[Member]] = {
        "head": [(head_sex, round(youngest + (eldest - youngest) * part))]
    }
    for relation in relations.split():
        found.setdefault(relation, []).append(_member(rng, relation, found))
    return [(relation, sex, age) for relation, each in found.items() for sex, age in each]


def _spouse_of(rng: Random, sex: str, age: int) -> Member:
    """Husbands are two or three years older than their wives, now and then ten."""
    gap = int(np.clip(round(rng.normal(2.5, 2.5)), -4, 10))
    return ("female", max(age - gap, 22)) if sex == "male" else ("male", max(age + gap, 22))


def _member(rng: Random, relation: str, found: dict[str, list[Member]]) -> Member:
    """Sex and age of one more member, after those already found."""
    (head_sex, head_age), earlier = found["head"][0], found.get(relation, [])
    if relation == "spouse":
        return _spouse_of(rng, head_sex, head_age)
    if relation == "child_in_law":
        return _spouse_of(rng, *found["child"][0])
    if relation == "child":
        return _child(rng, found)
    if relation == "parent":
        if earlier:
            sex, age = _spouse_of(rng, *earlier[0])
        else:
            sex = "female" if rng.random() < 0.62 else "male"
            age = head_age + int(rng.integers(20, 31)) + (3 if sex == "male" else 0)
        return sex, int(np.clip(age, head_age + 17, OLDEST))
    if relation == "grandchild":
        sex = "male" if rng.random() < 0.54 else "female"
        if earlier:
            return sex, max(earlier[-1][1] - int(rng.integers(2, 7)), 0)
        parents = found.get("child", []) + found.get("child_in_law", [])
        birth = int(rng.integers(21, 29))
        age = min(age for _, age in parents) if parents else head_age - 21 - int(rng.integers(1, 9))
        return sex, int(np.clip(age - birth, 0 if parents else 3, 19))
    return ("male" if rng.random() < 0.8 else "female"), head_age + int(rng.integers(-8, 6))


def _child(rng: Random, found: dict[str, list[Member]]) -> Member:
    """A child: the first born at the mother's 20 to 30, the next some years later."""
    earlier = found.get("child", [])
    parents = found["head"] + found.get("spouse", [])
    mothers = [age for sex, age in parents if sex == "female"]
    born = min(mothers) if mothers else found["head"][0][1] - 3
    age = earlier[-1][1] - int(rng.integers(2, 8)) if earlier else born - int(rng.integers(20, 29))
    age = max(min(age, *(each - 19 for _, each in parents)), 0)
    # grown children who live at home are mostly sons
    return ("male" if rng.random() < (0.8 if age > 24 else 0.53) else "female"), age


def make_circumstances(made: Making) -> Tables:
    """Causes and attributes of the homes (致贫原因), health, labour and work of their people."""
    rng, homes, people = made.stream("circumstances"), made["homes"], made["people"]
    # the few children of school age who are not in school, and why
    fit = np.flatnonzero(people["age"].between(7, 14))
    kept = rng.choice(fit, len(KEPT_OUT), replace=False)
    people["kept_out"] = pd.Series(KEPT_OUT, index=kept, dtype="str").reindex(people.index)
    people.loc[kept, "in_school"] = "none"
    pupil = people["in_school"] != "none"
    grown = people["age"].between(16, 59) & ~pupil
    by_home = people.assign(able=grown, pupils=pupil).groupby("household")
    counted = by_home.agg(able=("able", "sum"), pupils=("pupils", "sum"), eldest=("age", "max"))
    homes = homes.join(counted, on="id")
    registered = homes["fate"] != "edge"
    for rows in (registered, ~registered):
        homes.loc[rows, "main_cause"] = _causes(rng, homes[rows])
    homes.loc[registered, "attribute"] = _attributes(rng, homes[registered])
    homes["other_causes"] = _other_causes(rng, homes)
    gained = ["village", "fate", "watch", "main_cause", "attribute"]
    people = people.join(homes.set_index("id")[gained], on="household")
    people["health"] = _health(rng, people)
    people.loc[kept, "health"] = "disabled"
    people["labour"] = _labour(rng, people)
    villages = made["villages"].set_index("code")
    poor = people["village"].map(villages["poor_2014"]).to_numpy()
    people["work"] = _work(rng, people, poor=poor, posts=sum(made.target[kind] for kind in POSTS))
    people["work_months"] = 0
    for place, (least, most) in ASSUMED["months"].items():
        rows = people["work"] == place
        likeliest = 0.3 * least + 0.7 * most
        months = rng.triangular(least, likeliest, most, int(rows.sum()))
        people.loc[rows, "work_months"] = np.round(months).astype(int)
    return {"homes": homes, "people": people}


def _causes(rng: Random, homes: Frame) -> Array:
    """Main cause (主要致贫原因) of each home, by what its family could be poor of."""
    able, pupils = homes["able"].to_numpy(), homes["pupils"].to_numpy()
    fits = {
        "labour": np.where(able == 0, 1.0, np.where(able * 3 <= homes["members"], 0.05, 0.01)),
        "schooling": np.where(pupils > 0, 1.0, 0.003),
        "illness": np.ones(len(homes)),
        "disability": np.ones(len(homes)),
    }
    means = np.where(able > 0, 1.0, 0.04)
    cause = np.full(len(homes), None, dtype=object)
    counts = split_count(len(homes), list(CAUSES.values()))
    for name, count in zip(CAUSES, counts, strict=True):
        cause[rng.pick(np.where(pd.isna(cause), fits.get(name, means), 0), count)] = name
    return cause


def _other_causes(rng: Random, homes: Frame) -> list[str | None]:
    """Up to two further causes, joined by ``;``, never the main one (其他致贫原因)."""
    share = np.array(list(CAUSES.values()), dtype=float) + 20
    number = rng.choice(3, len(homes), p=[0.45, 0.4, 0.15])
    found: list[str | None] = []
    for cause, count, pupils in zip(homes["main_cause"], number, homes["pupils"], strict=True):
        fit = np.array([name != cause and (name != "schooling" or pupils > 0) for name in CAUSES])
        names = np.array(list(CAUSES))[rng.pick(share * fit, count)]
        found.append(";".join(sorted(names)) or None)
    return found


def _attributes(rng: Random, homes: Frame) -> Array:
    """Attribute (贫困户属性) of registered homes: general, dibao or tekun.

    Tekun are the old or disabled who live alone without labour, and are not watched.
    """
    cause = homes["main_cause"]
    fit = cause.map({"labour": 3.0, "disability": 2.2, "illness": 0.6}).fillna(0)
    alone = (homes["members"] == 1) & (homes["fate"] == "stayed") & (homes["watch"] == "none")
    alone &= (homes["eldest"] >= 60) | (cause == "disability")
    attribute = np.full(len(homes), "general", dtype=object)
    attribute[rng.pick(np.where(alone, fit, 0), TEKUN)] = "tekun"
    need: Column = cause.map({"disability": 2.4, "labour": 1.7, "illness": 1.2}).fillna(0.25)
    need *= np.where(homes["able"] > 1, 0.5, 1.0)
    need *= np.where(homes["fate"] == "waiting", 4.0, 1.0)
    attribute[rng.pick(np.where(attribute == "tekun", 0, need), DIBAO)] = "dibao"
    return attribute


def _one_each(rng: Random, people: Frame, weight: Array) -> Array:
    """One member of each household for whom the weight is positive, the heavier the likelier."""
    wait = rng.exponential(size=len(people)) / np.where(weight > 0, weight, np.nan)
    first = pd.Series(wait).groupby(people["household"].to_numpy()).transform("min").to_numpy()
    return np.asarray(wait == first)


def _health(rng: Random, people: Frame) -> Array:
    """Health (健康状况): the patient that the household's cause implies, and the frail besides."""
    age, cause = people["age"].to_numpy(), people["main_cause"].to_numpy()
    luck = rng.random(len(people))
    chronic, disabled, old = banded(ASSUMED["frailty"], age).T
    ill = _one_each(rng, people, np.where(cause == "illness", old, 0))
    impaired = np.where((people["in_school"] == "none") & (age >= 3), np.minimum(old, 1.2), 0)
    unfit = _one_each(rng, people, np.where(cause == "disability", impaired, 0))
    state = np.full(len(people), "healthy", dtype=object)
    state[luck < chronic + disabled] = "chronic"
    state[luck < disabled] = "disabled"
    severity = rng.random(len(people))
    state[ill] = np.where(severity[ill] < 0.27, "serious", "chronic")
    state[unfit] = "disabled"
    return state


def _labour(rng: Random, people: Frame) -> Array:
    """Labour ability (劳动技能) by age, health, and whether the household lacks labour."""
    assumed, age = ASSUMED["labour"], people["age"].to_numpy()
    shares = np.zeros((len(people), len(assumed["levels"])))
    for state in people["health"].unique():
        rows = (people["health"] == state).to_numpy()
        shares[rows] = banded(assumed[state], age[rows])
    ability = rng.levels(assumed["levels"], shares)
    short = (people["main_cause"] == "labour").to_numpy() & (rng.random(len(people)) < 0.8)
    ability[short & np.isin(ability, ["skilled", "ordinary"])] = "weak"
    ability[(age < 16) | (people["in_school"] != "none")] = "none"
    tekun = (people["attribute"] == "tekun").to_numpy()
    ability[tekun] = np.where(age >= 60, "none", "lost")[tekun]
    return ability


def _work(rng: Random, people: Frame, *, poor: Array, posts: int) -> Array:
    """Place of work (务工状况), so many outside the county and so many on posts.

    ``poor`` marks who lives in a poor village of 2014: there are more posts.
    """
    ability, age = people["labour"], people["age"].to_numpy()
    strain = np.where(people["watch"] == "none", 1.0, STRAIN)
    place = np.full(len(people), "none", dtype=object)
    registered = (people["fate"] != "edge").to_numpy()
    young = np.interp(age, [16, 19, 24, 45, 55, 60, 63], [0.2, 0.9, 1.2, 1.0, 0.45, 0.15, 0.0])
    leaves = young * ability.map({"skilled": 1.2, "ordinary": 1.0, "weak": 0.06}).fillna(0) * strain
    # of each household with children one grown member stays with them, mostly a woman
    children = people["household"].isin(people.loc[people["age"] < 14, "household"])
    grown = children & (people["age"] >= 18) & (people["in_school"] == "none")
    chance = np.where(people["sex"] == "female", 3.0, 1.0) * np.where(people["age"] > 50, 3.0, 1.0)
    leaves[_one_each(rng, people, np.where(grown, chance, 0))] = 0
    for rows, count in ((registered, OUTSIDE), (~registered, round(0.11 * (~registered).sum()))):
        away = rng.permutation(rng.pick(np.where(rows, leaves, 0), count))
        within = round(WITHIN_PROVINCE * len(away))
        place[away[:within]], place[away[within:]] = "province", "outside"
    # the holders of posts: one a household, at home, of the age of 2020's posts
    fit = ability.map({"skilled": 0.4, "ordinary": 0.9, "weak": 1.0}).fillna(0).to_numpy()
    fit = fit * people["age"].between(18, 65).to_numpy() * (1 + 0.8 * poor) * registered
    fit = np.where(place == "none", fit, 0)
    fit = np.where(_one_each(rng, people, fit), fit, 0)
    place[rng.pick(fit, posts)] = "local_post"
    at_home = (place == "none") & ability.isin(ABLE) & (age < 70)
    luck = rng.random(len(people))
    local = ability.map({"skilled": 0.62, "ordinary": 0.55, "weak": 0.17}).fillna(0) * strain**0.5
    place[at_home & (luck < local)] = "town"
    place[at_home & (luck < local * np.where(age < 55, 0.55, 0.25))] = "county"
    return place
