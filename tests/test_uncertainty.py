"""Standard errors of samples: analytic cases, laws, and agreement with the bootstrap."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jingde_core.metrics import poverty
from jingde_core.metrics.contract import InputError
from jingde_core.metrics.population import mean_income, persons
from jingde_core.metrics.registry import METRICS, Column, Metric, metric
from jingde_core.metrics.uncertainty import bootstrap, sampled

WHOLE = np.zeros(400, dtype=int)


@pytest.fixture(autouse=True)
def _declared_here_only(monkeypatch):
    monkeypatch.setattr(METRICS, "_declared", dict(METRICS))


def households(seed: int, rows: int = 400) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "income_per_head": rng.lognormal(8.5, 0.6, rows).round(2),
        "members": rng.integers(1, 8, rows),
    }


def test_a_census_has_no_standard_error():
    found = mean_income.grouped(households(1), WHOLE, 1)
    assert math.isnan(found.se[0])


def test_share_of_single_persons_has_the_textbook_error():
    income = np.repeat([3000.0, 9000.0], [30, 90])
    rows = {"income_per_head": income, "members": np.ones(120, dtype=int)}
    found = sampled(poverty.headcount_ratio, rows, np.zeros(120, int), 1, poverty_line=4000)
    assert found.value[0] == 0.25
    assert found.se[0] == pytest.approx(math.sqrt(0.25 * 0.75 / 119))
    assert found.clusters[0] == 120


def test_mean_of_single_persons_has_the_standard_error_of_the_mean():
    rows = {**households(2), "members": np.ones(400, dtype=int)}
    found = sampled(mean_income, rows, WHOLE, 1)
    expected = np.std(rows["income_per_head"], ddof=1) / math.sqrt(400)
    assert found.se[0] == pytest.approx(expected, rel=1e-12)


def test_total_has_the_error_of_a_sum():
    rows = households(3)
    found = sampled(persons, rows, WHOLE, 1)
    assert found.se[0] == pytest.approx(np.std(rows["members"], ddof=1) * math.sqrt(400))


def test_clusters_of_equal_persons_are_worth_one_person_each():
    # Four villages, everybody in one poor: a sample of four, not of forty.
    income = np.repeat([3000.0, 9000.0, 9000.0, 9000.0], 10)
    rows = {"income_per_head": income, "members": np.ones(40, dtype=int)}
    village = np.repeat(["a", "b", "c", "d"], 10)
    found = sampled(
        poverty.headcount_ratio, rows, np.zeros(40, int), 1, clusters=village, poverty_line=4000
    )
    assert found.se[0] == pytest.approx(0.25)
    assert found.clusters[0] == 4
    assert found.n[0] == 40
    low, high = found.interval(level=0.95)
    assert (high[0] - low[0]) / 2 == pytest.approx(3.182446 * 0.25)


def test_each_group_is_a_sample_of_its_own():
    rows, codes = households(4), np.arange(400) % 5 - 1
    village = np.arange(400) % 37
    together = sampled(poverty.poverty_gap, rows, codes, 4, clusters=village, poverty_line=4000)
    for group in range(4):
        own = codes == group
        alone = sampled(
            poverty.poverty_gap,
            {name: column[own] for name, column in rows.items()},
            np.zeros(own.sum(), int),
            1,
            clusters=village[own],
            poverty_line=4000,
        )
        assert together.value[group] == pytest.approx(alone.value[0], rel=1e-12)
        assert together.se[group] == pytest.approx(alone.se[0], rel=1e-9)
        assert together.n[group] == alone.n[0] and together.clusters[group] == alone.clusters[0]


def test_weights_stand_for_persons_of_the_population():
    rows = {"income_per_head": [3000.0, 9000.0], "members": [1, 1]}
    found = sampled(
        poverty.headcount_ratio, rows, np.zeros(2, int), 1, weights=[3, 1], poverty_line=4000
    )
    assert found.value[0] == 0.75
    # e = w (x - 3/4) / 4: 3/16 and -3/16; variance 2 * (9/256 * 2).
    assert found.se[0] == pytest.approx(math.sqrt(2 * 2 * 9 / 256))


def test_one_cluster_and_nobody_have_an_unknown_error():
    rows = {"income_per_head": [3000.0], "members": [1]}
    found = sampled(poverty.headcount_ratio, rows, np.array([0]), 2, poverty_line=4000)
    assert np.isnan(found.se).all()
    assert np.isnan(found.interval()[0]).all()
    assert found.clusters.tolist() == [1, 0]


def test_unknown_rows_are_no_sample():
    known, codes = households(5, 50), np.zeros(60, int)
    rows = {
        "income_per_head": np.append(known["income_per_head"], [np.nan] * 10),
        "members": np.append(known["members"], [3] * 10),
    }
    expected = sampled(poverty.poverty_gap, known, codes[:50], 1, poverty_line=4000)
    for clusters in (None, np.arange(60)):
        found = sampled(poverty.poverty_gap, rows, codes, 1, clusters=clusters, poverty_line=4000)
        assert found.se[0] == pytest.approx(expected.se[0], rel=1e-12)
        assert (found.n[0], found.unknown[0], found.clusters[0]) == (50, 10, 50)


def test_everybody_poor_leaves_no_error():
    rows = {"income_per_head": households(6)["income_per_head"] / 1e6, "members": [7] * 400}
    found = sampled(poverty.headcount_ratio, rows, WHOLE, 1, poverty_line=4000)
    assert (found.value[0], found.se[0]) == (1, 0)


def test_error_agrees_with_the_bootstrap():
    rows, village = households(7), np.arange(400) // 5
    for index in (poverty.headcount_ratio, poverty.poverty_gap, poverty.watts):
        for clusters in (None, village):
            line = sampled(index, rows, WHOLE, 1, clusters=clusters, poverty_line=4000)
            drawn = bootstrap(
                index, rows, WHOLE, 1, clusters=clusters, seed=3, replicates=400, poverty_line=4000
            )
            assert line.se[0] == pytest.approx(drawn.se[0], rel=0.12)
            assert line.clusters[0] == drawn.clusters[0]


def test_bootstrap_of_an_order_statistic_is_seeded_and_per_group():
    rows, codes = households(8), np.arange(400) % 2
    first, again, other = (
        bootstrap(poverty.sen, rows, codes, 2, seed=seed, replicates=50, poverty_line=4000)
        for seed in (1, 1, 2)
    )
    assert (first.se == again.se).all() and (first.se > 0).all()
    assert (first.se != other.se).all()
    assert first.value == pytest.approx(
        poverty.sen.grouped(rows, codes, 2, poverty_line=4000).value
    )


def general() -> Metric:
    """Headcount again, its finish written as a function without a gradient."""

    @metric(
        table="households",
        unit="1",
        source="test",
        finish=lambda sums: np.asarray(sums["poor"] / sums["persons"]),
        name="headcount_without_gradient",
    )
    def declared(*, income_per_head: Column, members: Column, poverty_line: float):
        return {"poor": members * (income_per_head < poverty_line), "persons": members}

    return declared


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_finish_without_gradient_is_differentiated(seed):
    rows = households(seed)
    exact = sampled(poverty.headcount_ratio, rows, WHOLE, 1, poverty_line=4000)
    found = sampled(general(), rows, WHOLE, 1, poverty_line=4000)
    assert found.se == pytest.approx(exact.se, rel=1e-6)


def test_faults_of_a_design_are_told():
    rows = {"income_per_head": [3000.0, 9000.0], "members": [1, 1]}
    codes = np.zeros(2, int)
    with pytest.raises(InputError) as fault:
        sampled(
            poverty.headcount_ratio,
            rows,
            codes,
            1,
            weights=[1, -1],
            clusters=["a", None],
            poverty_line=4000,
        )
    assert {problem.column for problem in fault.value.problems} == {"weights", "clusters"}
    with pytest.raises(InputError):
        sampled(poverty.sen, rows, codes, 1, poverty_line=4000)
    with pytest.raises(InputError):
        sampled(poverty.headcount_ratio, rows, codes, 1, poverty_line=4000).interval(level=95)
