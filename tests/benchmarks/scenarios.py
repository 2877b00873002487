"""Scenarios against HiGHS, cvxpy and OpenFisca-core: the same reform, the same optimum.

    python -m tests.benchmarks.scenarios [--peers FOLDER]

prints ours / peer / ratio / goal as Markdown. ``--peers`` is a folder into which cvxpy and
openfisca-core were installed (pip install --target); without it they are left out. Results of
both sides are compared before anything is timed.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

import jingde_core as jc
from jingde_core.scenarios import Scenario
from jingde_core.scenarios.lifting import most_persons
from tests.benchmarks.pairs import interleaved

Case = tuple[str, Callable[[], Any], Callable[[], Any] | None, str]
LINE = 12_000.0


def scenario(rule: str, budget: float) -> Scenario:
    return Scenario.from_dict(
        {
            "name": "bench",
            "budget": budget,
            "lines": {"poverty_line": LINE, "monitoring_range": LINE},
            "rule": {"name": rule},
            "scope": {"universe": "registered"},
        }
    )


def shown(county: jc.County, plan: Scenario) -> Any:
    """All that a panel shows of one scenario."""
    outcome = jc.evaluate(county, plan)
    return outcome.totals, outcome.stages, outcome.groups


def own_cases(county: jc.County) -> Iterator[Case]:
    budgets = np.linspace(0, 8e6, 201)
    plan = scenario("level_up", 1e6)
    yield "evaluate, county", lambda: jc.evaluate(county, plan), None, "< 5 ms"
    yield "with totals, stages, groups", lambda: shown(county, plan), None, "< 5 ms"
    for rule in ("level_up", "closest_first"):
        course = lambda rule=rule: jc.frontier(county, rule, budgets, scenario=plan)  # noqa: E731
        yield f"201 budgets, {rule}", course, None, "< 2 ms" if rule == "level_up" else ""
    draw = np.random.default_rng(0)
    million = {
        "income_per_head": np.round(draw.lognormal(9.2, 0.5, 1_000_000), 2),
        "members": draw.integers(1, 8, 1_000_000),
    }
    fill = jc.ALLOCATIONS["level_up"]
    yield (
        "water-filling, 1e6 households",
        lambda: fill(**million, poverty_line=6000.0, budget=2e8),
        None,
        "< 20 ms",
    )
    rows = pd.DataFrame({"id": np.arange(1_000_000), **million})
    whole = scenario("level_up", 2e8).but(lines={"poverty_line": 6000, "monitoring_range": 6000})
    yield "a cell, 1e6 households", lambda: jc.evaluate(rows, whole).totals, None, "< 1 s"


def highs_cases(gap: np.ndarray, members: np.ndarray) -> Iterator[Case]:
    budget, cost = 1e6, gap * members
    poor = {"income_per_head": LINE - gap, "members": members, "poverty_line": LINE}

    def knapsack() -> float:
        found = milp(
            -members.astype(float),
            integrality=np.ones(len(cost)),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(cost[None, :], ub=budget),
            options={"mip_rel_gap": 0.0},
        )
        return -float(found.fun)

    def filled() -> float:
        bounds = np.stack([np.zeros(len(gap)), gap], axis=1)
        weights = members.astype(float)
        return -float(linprog(-weights, A_ub=weights[None], b_ub=[budget], bounds=bounds).fun)

    def lifted() -> float:
        return float(members @ most_persons(gap=gap, members=members, budget=budget))

    def poorest() -> float:
        return float(jc.ALLOCATIONS["poorest_first"](**poor, budget=budget) @ members)

    assert lifted() == round(knapsack()) and abs(poorest() - filled()) < 1e-3
    yield "most persons, exact: HiGHS milp", lifted, knapsack, ""
    yield "least gap: HiGHS linprog", poorest, filled, ""


def cvxpy_cases(gap: np.ndarray, members: np.ndarray) -> Iterator[Case]:
    import cvxpy

    budget = 1e6
    poor = {"income_per_head": LINE - gap, "members": members, "poverty_line": LINE}
    support = cvxpy.Variable(len(gap), nonneg=True)
    left = cvxpy.multiply(np.sqrt(members), cvxpy.pos(gap - support) / LINE)
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(left)), [members @ support <= budget])

    def ours() -> float:
        rest = gap - jc.ALLOCATIONS["level_up"](**poor, budget=budget)
        return float(members @ (rest / LINE) ** 2)

    def peer() -> float:
        return float(problem.solve())

    assert 0 <= peer() - ours() + 1e-6 * ours() < 1e-4 * ours()
    yield "least severity: cvxpy (Clarabel)", ours, peer, ""


def openfisca_cases(county: jc.County) -> Iterator[Case]:
    """Everybody below the line gets half of the gap: poor persons and cost, before and after."""
    system = _benefit_system()
    plan = scenario("proportional_to_gap", 1e6)
    base = jc.evaluate(county, plan).base
    income, members = base.income / 100 / base.members, base.members
    need = float(members @ np.maximum(LINE - income, 0))
    half = plan.but(budget=round(need / 2, 2))
    homes = np.repeat(np.arange(len(members)), members)

    def ours() -> tuple[float, float]:
        totals = jc.evaluate(county, half).totals
        return totals["cash"], totals["left_persons"]

    def peer() -> tuple[float, float]:
        simulation = _simulation(system, homes)
        simulation.set_input("income", "2020", income)
        paid, poor, left = (
            simulation.calculate(name, "2020") for name in ("support", "poor_before", "poor_after")
        )
        assert (left <= poor).all()
        return float(paid.sum()), float(left.sum())

    assert np.allclose(ours(), peer(), rtol=1e-4)
    yield "the same reform: OpenFisca-core", ours, peer, "<= 0.05"


def _simulation(system: Any, homes: np.ndarray) -> Any:
    """The register as OpenFisca holds it: persons, and the household of each."""
    from openfisca_core.simulations import SimulationBuilder

    builder = SimulationBuilder()
    builder.create_entities(system)
    builder.declare_person_entity("person", np.arange(len(homes)))
    households = builder.declare_entity("household", np.unique(homes))
    builder.join_with_persons(households, homes, np.full(len(homes), "member"))
    return builder.build(system)


def _benefit_system() -> Any:
    """A tax-benefit system with one line, one benefit and two counts."""
    from openfisca_core.entities import build_entity
    from openfisca_core.parameters import ParameterNode
    from openfisca_core.periods import DateUnit
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    person = build_entity("person", "persons", "", is_person=True)
    household = build_entity("household", "households", "", roles=[{"key": "member"}])
    system = TaxBenefitSystem([person, household])
    line = {"line": {"values": {"2020-01-01": {"value": LINE}}}}
    system.parameters = ParameterNode("", data=line)

    def support(household: Any, period: Any, parameters: Any) -> Any:
        short = np.maximum(parameters(period).line - household("income", period), 0)
        return short * household.nb_persons() / 2

    def poor_before(household: Any, period: Any, parameters: Any) -> Any:
        below = household("income", period) < parameters(period).line
        return below * household.nb_persons()

    def poor_after(household: Any, period: Any, parameters: Any) -> Any:
        members = household.nb_persons()
        raised = household("income", period) + household("support", period) / members
        return (raised < parameters(period).line) * members

    fixed = {"value_type": float, "entity": household, "definition_period": DateUnit.YEAR}
    system.add_variable(type("income", (Variable,), dict(fixed)))
    for formula in (support, poor_before, poor_after):
        system.add_variable(type(formula.__name__, (Variable,), fixed | {"formula": formula}))
    return system


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="folder with cvxpy and openfisca-core")
    folder = parser.parse_args().peers
    county = jc.County.load()
    base = jc.evaluate(county, scenario("level_up", 1e6)).base
    income = base.income / 100 / base.members
    poor = income < LINE
    gap, members = LINE - income[poor], base.members[poor]
    cases = [*own_cases(county), *highs_cases(gap, members)]
    if folder:
        sys.path.append(folder)
        cases += [*cvxpy_cases(gap, members), *openfisca_cases(county)]
    print("| what | ours ms | peer ms | ratio (least) | goal |\n|---|---:|---:|---:|---|")
    for name, ours, peer, goal in cases:
        pair = interleaved(ours, peer or (lambda: None), seconds=4.0)
        least = 1000 * min(pair.ours)
        if peer is None:
            print(f"| {name} | {least:.3g} | | | {goal} |")
        else:
            other = 1000 * min(pair.peer)
            print(f"| {name} | {least:.3g} | {other:.3g} | {pair.best_ratio:.2g} | {goal} |")


if __name__ == "__main__":
    main()
