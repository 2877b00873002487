"""Rules of allocation: the printed cases, then laws, then HiGHS as the judge."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from jingde_core.metrics.contract import InputError
from jingde_core.metrics.registry import METRICS
from jingde_core.model.problem import DataError
from jingde_core.scenarios import ALLOCATIONS, lifting
from jingde_core.scenarios.allocations import common_level, ruled
from jingde_core.scenarios.evaluation import whole_fen
from jingde_core.scenarios.lifting import most_persons
from jingde_core.scenarios.menus import choose

THREE = {"income_per_head": [1000, 3000, 5000], "members": [1, 1, 1], "poverty_line": 6000}
PLAIN = ["equal_per_head", "equal_per_household", "proportional_to_gap", "poorest_first"]
PLAIN += ["level_up", "closest_first"]


def poverty(support: np.ndarray, *, case: dict[str, Any] = THREE) -> list[float]:
    """P0, P1, P2 once the support is added, to the digits that are printed."""
    given = case | {"income_per_head": np.array(case["income_per_head"]) + support}
    # what floating point leaves below the line is no poverty
    near = np.abs(given["income_per_head"] - case["poverty_line"]) < 1e-9
    given["income_per_head"] = np.where(near, case["poverty_line"], given["income_per_head"])
    names = ("headcount_ratio", "poverty_gap", "poverty_severity")
    return [round(METRICS[name](**given), 6) for name in names]


@pytest.mark.parametrize(
    ("rule", "printed"),
    [
        ("none", [1, 0.5, 0.324074]),
        ("equal_per_head", [0.666667, 0.296296, 0.150206]),
        ("proportional_to_gap", [1, 0.277778, 0.100023]),
        ("poorest_first", [1, 0.277778, 0.101852]),
        ("level_up", [1, 0.277778, 0.083333]),
        ("closest_first", [0.333333, 0.277778, 0.231481]),
    ],
)
def test_three_persons_and_4000_yuan_give_the_printed_digits(rule: str, printed: list) -> None:
    assert poverty(ALLOCATIONS[rule](**THREE, budget=4000)) == printed


def test_equal_per_head_leaks_what_stands_above_the_line() -> None:
    support = ALLOCATIONS["equal_per_head"](**THREE, budget=4000)
    leaked = np.maximum(np.array([1000, 3000, 5000]) + support - 6000, 0).sum()
    assert leaked == pytest.approx(333.333333)


def test_level_up_raises_the_poorest_to_4000() -> None:
    given = {k: np.array(v) if isinstance(v, list) else v for k, v in THREE.items()}
    assert common_level(**given, budget=4000) == 4000


def test_shadow_price_is_the_fall_of_severity_with_one_more_yuan() -> None:
    money = np.array([4000.0, 4000.001])
    severity = []
    for budget in money:
        incomes = np.array(THREE["income_per_head"]) + ALLOCATIONS["level_up"](
            **THREE, budget=budget
        )
        severity.append(np.mean(((6000 - incomes) / 6000) ** 2))
    price = 2 * (6000 - 4000) / (6000**2 * 3)
    assert (severity[0] - severity[1]) / 0.001 == pytest.approx(price, rel=1e-5)


def test_five_persons_are_lifted_where_the_smallest_gap_first_lifts_one() -> None:
    case = {"income_per_head": [5900, 5910], "members": [5, 1], "poverty_line": 6000}
    support = ALLOCATIONS["closest_first"](**case, budget=500)
    assert support.tolist() == [100, 0]
    # the relaxed optimum: one person for 90, and 410 of 500 yuan of the five
    bound = linprog([-1, -5], A_ub=[[90, 500]], b_ub=[500], bounds=[(0, 1)] * 2)
    assert -bound.fun == pytest.approx(5.1)


def incomes(rows: int, seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    return {
        "income_per_head": np.round(draw.lognormal(8.6, 0.5, rows), 2),
        "members": draw.integers(1, 8, rows),
        "poverty_line": 6000.0,
    }


def need(case: dict[str, Any]) -> float:
    gap = np.maximum(case["poverty_line"] - case["income_per_head"], 0)
    return float(gap @ case["members"])


def severity(case: dict[str, Any], support: np.ndarray) -> float:
    gap = np.maximum(case["poverty_line"] - case["income_per_head"] - support, 0)
    return float((gap**2) @ case["members"])


cases = st.builds(incomes, st.integers(1, 40), st.integers(0, 10_000))
shares = st.floats(0, 1.5, allow_nan=False)


@pytest.mark.parametrize("rule", PLAIN)
@settings(max_examples=30, deadline=None)
@given(case=cases, share=shares)
def test_no_rule_takes_from_anybody_or_spends_more_than_there_is(
    rule: str, case: dict[str, Any], share: float
) -> None:
    budget = share * need(case)
    support = ALLOCATIONS[rule](**case, budget=budget)
    assert (support >= 0).all()
    assert support @ case["members"] <= budget * (1 + 1e-9) + 1e-6


@pytest.mark.parametrize("rule", ["proportional_to_gap", "poorest_first", "level_up"])
@settings(max_examples=30, deadline=None)
@given(case=cases, share=st.floats(0.01, 1))
def test_rules_that_do_not_leak_spend_all_and_leave_the_same_gap(
    rule: str, case: dict[str, Any], share: float
) -> None:
    support = ALLOCATIONS[rule](**case, budget=share * need(case))
    assert support @ case["members"] == pytest.approx(share * need(case))
    gap = np.maximum(case["poverty_line"] - case["income_per_head"], 0)
    assert (support <= gap * (1 + 1e-12)).all()


def test_level_up_is_no_worse_in_severity_than_a_thousand_random_rules() -> None:
    case = incomes(60, 5)
    budget, draw = 0.4 * need(case), np.random.default_rng(1)
    best = severity(case, ALLOCATIONS["level_up"](**case, budget=budget))
    gap = np.maximum(6000 - case["income_per_head"], 0)
    weights = draw.dirichlet(np.full(60, 0.3), 500)
    capped = np.minimum(weights * budget / case["members"], gap)
    mixed = draw.uniform(0, 1, (500, 60)) ** draw.uniform(0.2, 4, (500, 1)) * gap
    mixed *= np.minimum(1, budget / (mixed @ case["members"]))[:, None]
    assert min(severity(case, each) for each in (*capped, *mixed)) >= best


@pytest.mark.parametrize("rule", PLAIN)
@settings(max_examples=20, deadline=None)
@given(case=cases, share=shares, seed=st.integers(0, 100))
def test_order_of_rows_and_unit_of_money_change_nothing(
    rule: str, case: dict[str, Any], share: float, seed: int
) -> None:
    budget = share * need(case)
    order = np.random.default_rng(seed).permutation(len(case["members"]))
    mixed = {n: v[order] if isinstance(v, np.ndarray) else v for n, v in case.items()}
    in_wan = case | {n: case[n] / 1e4 for n in ("income_per_head", "poverty_line")}
    plain, other = (ALLOCATIONS[rule](**each, budget=budget) for each in (case, mixed))
    scaled = ALLOCATIONS[rule](**in_wan, budget=budget / 1e4) * 1e4
    if rule == "closest_first":
        # which of several equally good sets is lifted may differ, how many persons may not
        persons = [((s > 0) @ c["members"]) for s, c in ((plain, case), (other, mixed))]
        assert persons[0] == persons[1] == (scaled > 0) @ case["members"]
    else:
        assert plain[order] == pytest.approx(other)
        assert plain == pytest.approx(scaled)


@settings(max_examples=20, deadline=None)
@given(case=cases, share=st.floats(0.05, 1))
def test_a_town_that_gets_its_own_optimum_leaves_the_whole_as_it_was(
    case: dict[str, Any], share: float
) -> None:
    """Additivity: each half, levelled up with what it got, gets the same again."""
    support = ALLOCATIONS["level_up"](**case, budget=share * need(case))
    half = np.arange(len(case["members"])) % 2 == 0
    for part in (half, ~half):
        own = {n: v[part] if isinstance(v, np.ndarray) else v for n, v in case.items()}
        again = ALLOCATIONS["level_up"](**own, budget=support[part] @ own["members"])
        assert again == pytest.approx(support[part], abs=1e-6)


@pytest.mark.parametrize("budget", [1e3, 3.3e4, 1e5, 7.7e5, 3e6])
@pytest.mark.parametrize("rows", [30, 400, 1800])
@pytest.mark.parametrize("whole", [2e7, 0], ids=["whole", "about the break"])
def test_highs_lifts_no_person_more_than_the_program(
    rows: int, budget: float, whole: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifting, "_WHOLE", whole)
    case = incomes(rows, 11)
    poor = case["income_per_head"] < 6000
    gap, members = 6000 - case["income_per_head"][poor], case["members"][poor]
    cost = gap * members
    best = milp(
        -members.astype(float),
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(cost[None, :], ub=budget),
        options={"mip_rel_gap": 0.0, "time_limit": 20},
    )
    chosen = most_persons(gap=gap, members=members, budget=budget)
    assert cost @ chosen <= budget * (1 + 1e-9)
    assert members @ chosen == round(-best.fun)


def test_highs_leaves_no_smaller_gap_than_rules_that_do_not_leak() -> None:
    case = incomes(1800, 3)
    gap = np.maximum(6000 - case["income_per_head"], 0)
    budget = 0.5 * need(case)
    best = linprog(
        -case["members"].astype(float),
        A_ub=case["members"][None, :],
        b_ub=[budget],
        bounds=np.stack([np.zeros(1800), gap], axis=1),
    )
    for rule in ("proportional_to_gap", "poorest_first", "level_up"):
        filled = ALLOCATIONS[rule](**case, budget=budget) @ case["members"]
        assert filled == pytest.approx(-best.fun)


def test_equal_sizes_that_no_sum_can_reach_are_settled_too() -> None:
    """Only even numbers of persons can be lifted: the bound is rounded down to them."""
    chosen = most_persons(gap=np.full(500, 7.0), members=np.full(500, 2), budget=7 * 333.0)
    assert chosen.sum() == 166


@pytest.mark.parametrize("rule", PLAIN)
def test_nobody_at_all_gets_nothing(rule: str) -> None:
    empty = ALLOCATIONS[rule](income_per_head=[], members=[], poverty_line=6000, budget=100)
    assert empty.shape == (0,)


def test_an_unknown_rule_is_told_the_close_ones() -> None:
    with pytest.raises(KeyError, match="level_up"):
        ALLOCATIONS["level_upp"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget": -1},
        {"budget": float("nan")},
        {"budget": float("inf")},
        {"poverty_line": -5},
        {"income_per_head": [1000, np.nan, 5000]},
        {"members": [1, 0, 1]},
        {"members": [1, 1]},
    ],
)
def test_an_input_outside_the_contract_is_no_plausible_number(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ALLOCATIONS["level_up"](**(THREE | {"budget": 10} | wrong))


@pytest.mark.parametrize(
    "rule",
    [
        lambda **given: np.full(3, -1.0),
        lambda **given: np.full(3, np.nan),
        lambda **given: np.full(3, 1e6),
        lambda **given: np.zeros(2),
    ],
    ids=["takes", "unknown", "too dear", "wrong length"],
)
def test_a_rule_of_ones_own_is_held_to_the_contract(rule: Callable[..., Any]) -> None:
    with pytest.raises(DataError):
        ruled(rule)(**THREE, budget=4000)


def test_odd_fen_go_to_the_largest_remainders_and_the_sum_is_kept() -> None:
    assert whole_fen(np.array([0.6, 0.6, 0.6, 0.2]), at_most=2).tolist() == [1, 1, 0, 0]
    shared = whole_fen(np.full(7, 100 / 7), at_most=100)
    assert shared.sum() == 100 and set(shared) == {14, 15}


def test_tenths_and_fifths_of_ten_thousand_yuan_add_up_to_the_fen() -> None:
    assert whole_fen(np.array([0.1, 0.2]) * 10_000 * 100, at_most=300_000).tolist() == [
        100_000,
        200_000,
    ]


def test_a_menu_keeps_the_floor_of_each_town_and_of_pv_wages() -> None:
    import pandas as pd

    projects = pd.DataFrame(
        {
            "cost": [40, 40, 40, 30],
            "benefit": [9, 8, 7, 2],
            "town": ["a", "a", "b", "b"],
            "wages": [0, 90, 90, 0],
            "pv_income": [50, 100, 100, 0],
        }
    )
    free = choose(projects, budget=100)
    fair = choose(projects, budget=100, town_shares={"b": 0.3})
    paid = choose(projects, budget=100, wage_floor=0.8)
    assert list(free.chosen.index) == [0, 1] and free.gap == 0 and free.bound == free.value
    assert list(fair.chosen.index) == [0, 2] and fair.value == 16
    assert list(paid.chosen.index) == [1, 2]
    none = choose(projects, budget=10, town_shares={"b": 1.0})
    assert none.chosen.empty and np.isnan(none.value)
    with pytest.raises(InputError):
        choose(projects.assign(cost=-1), budget=10)
