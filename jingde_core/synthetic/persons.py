"""Who lives in a household: forms of family by size, sexes, ages, and the school each attends.

A form names the relations of its members and the ages of its head; ages of the others follow
from births and marriages. Poor households of the hills are small and old, many of them single.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NOW = 2020
OLDEST = 96


@dataclass(frozen=True)
class Form:
    """A form of family: relations beside the head, ages of the head, how common it is."""

    others: str
    youngest: int
    eldest: int
    weight: float
    male: float = 0.92

    @property
    def relations(self) -> list[str]:
        """Relations of all members, head first."""
        return ["head", *self.others.split()]


FORMS: dict[int, tuple[Form, ...]] = {
    1: (
        Form("", 60, 92, 66, male=0.62),
        Form("", 44, 59, 31, male=0.88),
        Form("", 27, 43, 3, male=0.8),
    ),
    2: (
        Form("spouse", 60, 89, 38),
        Form("spouse", 47, 59, 18),
        Form("child", 60, 80, 16, male=0.45),
        Form("parent", 42, 61, 17, male=0.85),
        Form("child", 34, 58, 8, male=0.55),
        Form("grandchild", 58, 72, 4, male=0.5),
    ),
    3: (
        Form("spouse child", 30, 47, 30),
        Form("spouse child", 46, 59, 28),
        Form("spouse child", 60, 77, 23),
        Form("spouse parent", 42, 61, 17),
        Form("child grandchild", 58, 72, 5, male=0.5),
        Form("spouse grandchild", 56, 70, 3),
        Form("child parent", 44, 60, 8, male=0.8),
    ),
    4: (
        Form("spouse child child", 33, 47, 31),
        Form("spouse child child", 46, 62, 18),
        Form("spouse child parent", 45, 60, 30),
        Form("spouse child grandchild", 55, 70, 6),
        Form("spouse child child_in_law", 54, 72, 15),
        Form("spouse parent parent", 40, 58, 10),
    ),
    5: (
        Form("spouse child child parent", 35, 56, 42),
        Form("spouse child child_in_law grandchild", 50, 66, 30),
        Form("spouse child child_in_law parent", 50, 64, 13),
        Form("spouse child parent parent", 40, 58, 15),
    ),
    6: (
        Form("spouse child child_in_law grandchild grandchild", 52, 66, 50),
        Form("spouse child child parent parent", 40, 56, 50),
    ),
    7: (
        Form("spouse child child_in_law grandchild grandchild other", 54, 66, 60),
        Form("spouse child child child parent parent", 38, 54, 40),
    ),
}
#: share in senior secondary, vocational school and college by age
FURTHER = {16: (0.52, 0.38), 17: (0.5, 0.38), 18: (0.42, 0.28)}
COLLEGE = {19: 0.46, 20: 0.46, 21: 0.4, 22: 0.2}
LEVELS = ("illiterate", "primary", "junior", "senior", "college")
#: share of each level among those who have left school, by age from
SCHOOLING = {
    6: (0.02, 0.08, 0.62, 0.18, 0.10),
    35: (0.05, 0.24, 0.60, 0.09, 0.02),
    50: (0.12, 0.44, 0.38, 0.06, 0.0),
    60: (0.30, 0.52, 0.16, 0.02, 0.0),
    75: (0.55, 0.40, 0.04, 0.01, 0.0),
}


def make_people(rng: np.random.Generator, homes: pd.DataFrame) -> pd.DataFrame:
    """Persons of the given homes (家庭成员), one row each, head first, with age and school.

    Parameters
    ----------
    homes : frame
        ``id`` and ``members`` (1 to 7) of each household.

    Returns
    -------
    DataFrame
        ``id household relation sex age birth_year in_school schooling``.
    """
    rows = [
        (f"{home}-{number:02d}", home, *member)
        for home, members in zip(homes["id"], homes["members"], strict=True)
        for number, member in enumerate(_family(rng, int(members)), start=1)
    ]
    people = pd.DataFrame(rows, columns=["id", "household", "relation", "sex", "age"])
    people["birth_year"] = NOW - people["age"]
    people["in_school"] = _in_school(rng, people["age"].to_numpy())
    people["schooling"] = _schooling(rng, people["age"].to_numpy(), people["in_school"].to_numpy())
    return people


def _opposite(sex: str) -> str:
    return "female" if sex == "male" else "male"


def _family(rng: np.random.Generator, members: int) -> list[tuple[str, str, int]]:
    """Relation, sex and age of each member of a household of that size."""
    forms = FORMS[members]
    share = np.array([form.weight for form in forms])
    form = forms[int(rng.choice(len(forms), p=share / share.sum()))]
    head_sex = "male" if rng.random() < form.male else "female"
    # the elderly thin out with age; others lean to the end of their range, born in the sixties
    part = rng.beta(1.15, 1.8) if form.youngest >= 60 else rng.beta(1.35, 1.1)
    head_age = round(form.youngest + (form.eldest - form.youngest) * part)
    found: dict[str, list[tuple[str, int]]] = {"head": [(head_sex, head_age)]}
    for relation in form.relations[1:]:
        found.setdefault(relation, []).append(_member(rng, relation, found))
    return [(relation, sex, age) for relation, each in found.items() for sex, age in each]


def _spouse_of(rng: np.random.Generator, sex: str, age: int) -> tuple[str, int]:
    """Husbands are two or three years older than their wives, now and then ten."""
    gap = int(np.clip(round(rng.normal(2.5, 2.5)), -4, 10))
    return _opposite(sex), max(age - gap if sex == "male" else age + gap, 22)


def _member(
    rng: np.random.Generator, relation: str, found: dict[str, list[tuple[str, int]]]
) -> tuple[str, int]:
    """Sex and age of one more member, after those already found."""
    (head_sex, head_age), earlier = found["head"][0], found.get(relation, [])
    if relation == "spouse":
        return _spouse_of(rng, head_sex, head_age)
    if relation == "parent":
        if earlier:
            sex, age = _spouse_of(rng, *earlier[0])
        else:
            sex = "female" if rng.random() < 0.62 else "male"
            age = head_age + int(rng.integers(20, 31)) + (3 if sex == "male" else 0)
        return sex, int(np.clip(age, head_age + 17, OLDEST))
    if relation == "child":
        return _child(rng, found)
    if relation == "child_in_law":
        return _spouse_of(rng, *found["child"][0])
    if relation == "grandchild":
        sex = "male" if rng.random() < 0.54 else "female"
        if earlier:
            return sex, max(earlier[-1][1] - int(rng.integers(2, 7)), 0)
        parents = found.get("child", []) + found.get("child_in_law", [])
        birth = int(rng.integers(21, 29))
        age = min(age for _, age in parents) if parents else head_age - 21 - int(rng.integers(1, 9))
        return sex, int(np.clip(age - birth, 0 if parents else 3, 19))
    return ("male" if rng.random() < 0.8 else "female"), head_age + int(rng.integers(-8, 6))


def _child(rng: np.random.Generator, found: dict[str, list[tuple[str, int]]]) -> tuple[str, int]:
    """A child: the first born at the mother's 20 to 30, the next some years later."""
    earlier = found.get("child", [])
    parents = found["head"] + found.get("spouse", [])
    mothers = [age for sex, age in parents if sex == "female"]
    born = min(mothers) if mothers else found["head"][0][1] - 3
    age = earlier[-1][1] - int(rng.integers(2, 8)) if earlier else born - int(rng.integers(20, 29))
    age = max(min(age, *(each - 19 for _, each in parents)), 0)
    # grown children who live at home are mostly sons
    return ("male" if rng.random() < (0.8 if age > 24 else 0.53) else "female"), age


def _in_school(rng: np.random.Generator, age: NDArray[np.int64]) -> NDArray[np.object_]:
    """School attended: everybody of 6 to 15, most of 3 to 5 and 16 to 18, some to 22."""
    luck = rng.random(len(age))
    school = np.full(len(age), "none", dtype=object)
    school[(age >= 3) & (age <= 5) & (luck < 0.93)] = "kindergarten"
    school[(age >= 6) & ((age < 12) | ((age == 12) & (luck < 0.5)))] = "primary"
    school[(age <= 15) & (age >= 12) & (school == "none")] = "junior"
    school[(age == 15) & (luck < 0.18)] = "senior"
    for each, (senior, vocational) in FURTHER.items():
        school[(age == each) & (luck < senior + vocational)] = "vocational"
        school[(age == each) & (luck < senior)] = "senior"
    for each, college in COLLEGE.items():
        school[(age == each) & (luck < college)] = "college"
    school[age > max(COLLEGE)] = "none"
    return school


def _schooling(
    rng: np.random.Generator, age: NDArray[np.int64], school: Sequence[str] | NDArray[np.object_]
) -> NDArray[np.object_]:
    """Schooling of those who have left school; empty for pupils and for infants."""
    starts = np.array(list(SCHOOLING))
    band = np.searchsorted(starts, np.maximum(age, starts[0]), side="right") - 1
    reached = np.cumsum(np.array(list(SCHOOLING.values())), axis=1)[band]
    level = (rng.random(len(age))[:, None] >= reached).sum(axis=1)
    schooling: NDArray[np.object_] = np.array(LEVELS, dtype=object)[
        np.minimum(level, len(LEVELS) - 1)
    ]
    schooling[(np.asarray(school) != "none") | (age < starts[0])] = None
    return schooling
