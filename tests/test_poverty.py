"""Poverty indices: cases worked by hand, published values, then laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.metrics import poverty
from jingde_core.metrics.contract import InputError
from jingde_core.metrics.population import households, mean_income, persons
from jingde_core.metrics.registry import METRICS

#: incomes 1 to 100 and the line 25.25, for which peer packages print the values below
HUNDRED = {
    "income_per_head": np.arange(1.0, 101),
    "members": np.ones(100, dtype=int),
    "poverty_line": 25.25,
}
INDICES = [
    poverty.headcount_ratio,
    poverty.poverty_gap,
    poverty.poverty_severity,
    poverty.watts,
    poverty.sen,
    poverty.thon,
    poverty.sen_shorrocks_thon,
]


def what_if(*income: float) -> dict[str, object]:
    return {"income_per_head": income, "members": [1] * len(income), "poverty_line": 6000}


@pytest.mark.parametrize(
    ("index", "published"),
    [
        (poverty.headcount_ratio, 0.25),
        (poverty.poverty_gap, 0.1212871265),
        (poverty.poverty_severity, 0.0792324305),
        (poverty.watts, 0.2271704865),
        (poverty.sen, 0.1608910891),
        (poverty.thon, 0.2215469072),
    ],
)
def test_one_to_a_hundred_gives_the_published_values(index, published):
    assert index(**HUNDRED) == pytest.approx(published, abs=2e-8)


def test_sen_of_one_to_a_hundred_is_65_over_404():
    assert poverty.sen(**HUNDRED) == pytest.approx(65 / 404, rel=1e-14)


@pytest.mark.parametrize(
    ("allocation", "income", "expected"),
    [
        ("none", (1000, 3000, 5000), (1, 0.5, 0.324074)),
        ("equal per head", (7000 / 3, 13000 / 3, 19000 / 3), (0.666667, 0.296296, 0.150206)),
        ("proportional to gap", (29000 / 9, 39000 / 9, 49000 / 9), (1, 0.277778, 0.100023)),
        ("poorest first", (5000, 3000, 5000), (1, 0.277778, 0.101852)),
        ("level up", (4000, 4000, 5000), (1, 0.277778, 0.083333)),
        ("closest first", (1000, 6000, 6000), (0.333333, 0.277778, 0.231481)),
    ],
)
def test_hand_worked_allocations_of_4000_yuan(allocation, income, expected):
    found = [poverty.fgt(**what_if(*income), alpha=alpha) for alpha in (0, 1, 2)]
    assert found == pytest.approx(expected, abs=5e-7), allocation


def test_income_equal_to_the_line_is_not_poor():
    at_the_line = {"income_per_head": [4000.0], "members": [3], "poverty_line": 4000}
    for index in [*INDICES, poverty.poor_persons, poverty.needed_transfer]:
        assert index(**at_the_line) == 0
    assert poverty.fgt(**at_the_line, alpha=0) == 0


def test_members_are_weights():
    given_weights = {"income_per_head": [1000, 5000], "members": [3, 1], "poverty_line": 4000}
    assert poverty.headcount_ratio(**given_weights) == 0.75
    assert poverty.needed_transfer(**given_weights) == 9000
    assert poverty.poor_persons(**given_weights) == 3
    assert households(members=[3, 1]) == 2
    assert persons(members=[3, 1]) == 4
    assert mean_income(income_per_head=[1000, 5000], members=[3, 1]) == 2000


def test_incidence_stands_over_the_agricultural_population():
    unit = {"income_per_head": [1000.0] * 10, "members": [3] * 9 + [6], "poverty_line": 4000}
    assert poverty.incidence(**unit, rural_population=122_222) == pytest.approx(33 / 122_222)
    assert poverty.incidence.denominator == "rural_population"
    assert math.isnan(poverty.incidence(**unit, rural_population=0))
    with pytest.raises(InputError) as fault:
        poverty.incidence(**unit)
    assert [problem.column for problem in fault.value.problems] == ["rural_population"]


def test_unknown_income_is_neither_poor_nor_not_poor():
    known = {"income_per_head": [1000.0, 9000.0], "members": [1, 3], "poverty_line": 4000}
    unknown = {**known, "income_per_head": [1000.0, 9000.0, np.nan], "members": [1, 3, 5]}
    for index in [*INDICES, poverty.poor_persons, poverty.income_gap_ratio]:
        assert index(**unknown) == index(**known), index.name
    assert math.isnan(poverty.needed_transfer(**{**unknown, "income_per_head": [np.nan] * 3}))


def test_nobody_gives_nan_for_a_rate_and_zero_for_a_count():
    nobody = {"income_per_head": [], "members": [], "poverty_line": 4000}
    for index in [*INDICES, poverty.income_gap_ratio]:
        assert math.isnan(index(**nobody)), index.name
    assert poverty.poor_persons(**nobody) == 0
    assert poverty.needed_transfer(**nobody) == 0


def test_negative_income_counts_in_full_but_has_no_logarithm():
    below_zero = {"income_per_head": [-4000, 9000], "members": [1, 1], "poverty_line": 4000}
    assert poverty.poverty_gap(**below_zero) == 1
    assert poverty.poverty_severity(**below_zero) == 2
    assert math.isnan(poverty.watts(**below_zero))
    assert math.isnan(poverty.watts(**{**below_zero, "income_per_head": [0, 9000]}))


@pytest.mark.parametrize("line", [0, -4000, math.nan, math.inf, "4000"])
def test_a_line_that_is_no_positive_number_is_refused(line):
    for index in INDICES:
        with pytest.raises(InputError) as fault:
            index(income_per_head=[3000], members=[1], poverty_line=line)
        assert [problem.column for problem in fault.value.problems] == ["poverty_line"]


@pytest.mark.parametrize("members", [0, -1, 1.5, math.nan, math.inf, "2"])
def test_members_that_are_no_count_are_refused(members):
    for index in INDICES:
        with pytest.raises(InputError) as fault:
            index(income_per_head=[3000, 3000], members=[2, members], poverty_line=4000)
        assert [problem.column for problem in fault.value.problems] == ["members"]


def test_every_fault_is_told_at_once():
    with pytest.raises(InputError) as fault:
        poverty.fgt(
            income_per_head=[1, 2], members=[1, 1, 1], poverty_line=math.nan, alpha=-1, line=3
        )
    columns = {problem.column for problem in fault.value.problems}
    assert columns == {"poverty_line", "alpha", "line", "income_per_head, members"}


def test_faulty_values_are_told_for_all_columns_with_their_place():
    with pytest.raises(InputError) as fault:
        poverty.poverty_gap(income_per_head=[1, math.inf], members=[0, 1], poverty_line=4000)
    found = {problem.column: problem.found for problem in fault.value.problems}
    assert found.keys() == {"income_per_head", "members"}
    assert found["income_per_head"].startswith("inf")
    assert "2" in found["income_per_head"] and "1" in found["members"]


def test_sen_knows_two_forms_only():
    # H (I + (1 - I) G): the Gini of 1 to 25 is 24 / 75.
    gap_ratio = poverty.income_gap_ratio(**HUNDRED)
    limit = 0.25 * (gap_ratio + (1 - gap_ratio) * 24 / 75)
    assert poverty.sen(**HUNDRED, form="limit") == pytest.approx(limit)
    with pytest.raises(InputError) as fault:
        poverty.sen(**HUNDRED, form="1976")
    assert [problem.column for problem in fault.value.problems] == ["form"]


incomes = st.floats(min_value=1, max_value=1e6)
rows = st.lists(st.tuples(incomes, st.integers(1, 9)), min_size=1, max_size=30)


def columns(rows: list[tuple[float, int]]) -> dict[str, object]:
    income, members = zip(*rows, strict=True)
    return {
        "income_per_head": np.array(income),
        "members": np.array(members),
        "poverty_line": 4000.0,
    }


@given(rows)
def test_a_household_of_n_members_is_n_persons(rows):
    replicated = [(income, 1) for income, members in rows for _ in range(members)]
    for index in [*INDICES, poverty.income_gap_ratio, poverty.needed_transfer]:
        weighted, single = index(**columns(rows)), index(**columns(replicated))
        assert weighted == pytest.approx(single, rel=1e-9, abs=1e-12, nan_ok=True), index.name


@given(rows)
def test_doubling_everybody_leaves_replication_invariant_indices(rows):
    for index in [*INDICES[:4], poverty.sen_shorrocks_thon]:
        once, twice = index(**columns(rows)), index(**columns(rows * 2))
        assert once == pytest.approx(twice, rel=1e-9, abs=1e-12)
    once, twice = (poverty.sen(**columns(r), form="limit") for r in (rows, rows * 2))
    assert once == pytest.approx(twice, rel=1e-9, abs=1e-12)


@given(rows, st.floats(0.01, 100))
def test_a_change_of_the_unit_of_money_changes_nothing(rows, factor):
    before = columns(rows)
    after = {**before}
    # A power of two scales exactly, so that nobody crosses the line by rounding.
    factor = 2.0 ** round(math.log2(factor))
    after["income_per_head"] = before["income_per_head"] * factor
    after["poverty_line"] = 4000 * factor
    for index in INDICES:
        assert index(**after) == pytest.approx(index(**before), rel=1e-9, abs=1e-12)


@given(rows, st.floats(1, 3000))
def test_income_lost_by_a_poor_person_raises_the_gap_but_not_the_headcount(rows, loss):
    before = columns([*rows, (3999.0, 1)])
    after = {**before, "income_per_head": before["income_per_head"].copy()}
    after["income_per_head"][-1] -= loss
    assert poverty.headcount_ratio(**after) == poverty.headcount_ratio(**before)
    for index in INDICES[1:]:
        assert index(**after) > index(**before), index.name


@given(rows, st.floats(1, 900))
def test_a_transfer_from_poorer_to_less_poor_raises_indices_that_see_inequality(rows, amount):
    before = columns([*rows, (1000.0, 1), (3000.0, 1)])
    after = {**before, "income_per_head": before["income_per_head"].copy()}
    after["income_per_head"][-2:] += [-amount, amount]
    assert poverty.poverty_gap(**after) == pytest.approx(poverty.poverty_gap(**before))
    for name in ("poverty_severity", "watts", "sen", "thon", "sen_shorrocks_thon"):
        assert METRICS[name](**after) > METRICS[name](**before), name


@given(rows, rows)
def test_fgt_decomposes_by_population_share(one, other):
    shares = [persons(members=[n for _, n in part]) for part in (one, other)]
    for alpha in (0, 0.5, 1, 2):
        parts = [poverty.fgt(**columns(part), alpha=alpha) for part in (one, other)]
        whole = poverty.fgt(**columns(one + other), alpha=alpha)
        assert whole == pytest.approx(np.average(parts, weights=shares), rel=1e-9, abs=1e-12)


@given(rows)
def test_indices_agree_with_their_definitions_from_each_other(rows):
    given_rows = columns(rows)
    head, gap = poverty.headcount_ratio(**given_rows), poverty.poverty_gap(**given_rows)
    if head:
        assert poverty.income_gap_ratio(**given_rows) == pytest.approx(gap / head)
    poor = poverty.needed_transfer(**given_rows) / 4000 / persons(members=given_rows["members"])
    assert poor == pytest.approx(gap, rel=1e-9, abs=1e-12)
    assert gap - 1e-12 <= poverty.sen_shorrocks_thon(**given_rows) <= 2 * gap + 1e-12
