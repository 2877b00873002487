"""A flood drawn again: the stated share in the mean, the stated clustering, common numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.county import County, flood
from jingde_core.metrics.contract import InputError
from jingde_core.scenarios.repeat_flood import draw_hits, repeat_flood

TOWNS = np.repeat([f"t{n}" for n in range(10)], 30)
GIVEN = {"clustering": 0.2, "draws": 200, "seed": 7, "poverty_line": 4000, "monitoring_range": 6000}


@pytest.mark.parametrize("clustering", [0, 1e-6, 0.05, 0.3, 0.9, 1])
def test_the_share_and_the_correlation_are_those_stated(clustering):
    hits = draw_hits(TOWNS, share=0.3, clustering=clustering, draws=8000, seed=3)
    assert hits.shape == (8000, 300) and hits.dtype == bool
    assert hits.mean() == pytest.approx(0.3, abs=0.012)
    spread = np.corrcoef(hits[:, [0, 1, 2, 30]].T.astype(float))
    assert spread[0, [1, 2]] == pytest.approx(clustering, abs=0.04)
    assert spread[0, 3] == pytest.approx(0, abs=0.04)


def test_full_clustering_takes_towns_whole():
    hits = draw_hits(TOWNS, share=0.5, clustering=1, draws=50, seed=1)
    by_town = hits.reshape(50, 10, 30)
    assert (by_town.all(axis=2) | ~by_town.any(axis=2)).all()


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0, 0.01, 0.4, 1]), st.integers(0, 2**32))
def test_random_numbers_are_common(one, other, clustering, seed):
    low, high = sorted((one, other))
    few = draw_hits(TOWNS, share=low, clustering=clustering, draws=3, seed=seed)
    many = draw_hits(TOWNS, share=high, clustering=clustering, draws=5, seed=seed)
    assert (few <= many[:3]).all()


@pytest.mark.parametrize("clustering", [0, 0.5, 1])
def test_nobody_and_everybody(clustering):
    for share in (0, 1):
        hits = draw_hits(TOWNS, share=share, clustering=clustering, draws=20, seed=1)
        assert (hits == bool(share)).all()


def test_each_household_may_have_its_own_share():
    own = np.where(np.arange(300) % 30 < 15, 0.0, 1.0)
    hits = draw_hits(TOWNS, share=own, clustering=0.3, draws=9, seed=1)
    assert (hits == own.astype(bool)).all()
    assert draw_hits([], share=0.2, clustering=0.3, draws=4, seed=1).shape == (4, 0)


def test_every_argument_out_of_range_is_named_at_once():
    with pytest.raises(InputError) as caught:
        draw_hits(TOWNS, share=1.2, clustering=-0.1, draws=0, seed=-1)
    named = [problem.column for problem in caught.value.problems]
    assert named == ["share", "clustering", "draws", "seed"]


def people(**changed):
    """One household at the edge that lost a tenth, one far above that lost nothing."""
    rows = {
        "status": "registered",
        "town": ["t1", "t2"],
        "members": [2, 1],
        "income_before": [6500.0, 20000.0],
        "shock": [1300.0, 0.0],
        "hit": [True, False],
    }
    return pd.DataFrame({**rows, **changed})


def test_by_hand():
    found = repeat_flood(people(), share=1.0, **GIVEN)
    assert found.draws.drop_duplicates().to_dict("records") == [
        {"households_hit": 2, "new_poor": 0, "new_watched": 2, "cost": 300, "flood_cost": 300}
    ]
    towns = found.towns.set_index("town")
    assert towns["share"].to_dict() == {"t1": 1.0, "t2": 0.0}
    assert towns["households_hit"].to_dict() == {"t1": 1.0, "t2": 1.0}
    spread = found.distribution.set_index("measure")
    assert spread.loc["cost", ["mean", "p5", "p50", "p95", "max"]].tolist() == [300] * 5


def test_who_was_below_before_is_no_new_poor_and_no_cost_of_the_flood():
    poor = people(income_before=[3000.0, 20000.0], shock=[0.0, 0.0])
    found = repeat_flood(poor, share={"registered": 1.0}, **GIVEN).draws
    assert (found["new_poor"] == 0).all() and (found["flood_cost"] == 0).all()
    assert (found["cost"] == 6000).all()


def test_a_flood_of_nobody_costs_nothing_and_no_town_has_a_share():
    found = repeat_flood(people(hit=[False, False]), share=0.5, **GIVEN)
    assert (found.draws["flood_cost"] == 0).all() and found.towns["share"].isna().all()


def test_a_household_of_unknown_income_stays_out():
    found = repeat_flood(people(income_before=[6500.0, np.nan]), share=1.0, **GIVEN)
    assert (found.draws["households_hit"] == 1).all()


def test_the_county_again_and_again_the_same(county: County):
    chain = flood.chain(
        county,
        event="FLOOD-2020-07",
        rules=flood.flood_rules(),
        baseline_year=None,
        monitoring_range=6000,
    )
    share = {"registered": 503 / 1775, "edge": 28 / 180}
    one, two = (repeat_flood(chain, share=share, **GIVEN) for _ in range(2))
    pd.testing.assert_frame_equal(one.draws, two.draws)
    assert one.draws["households_hit"].mean() == pytest.approx(531, rel=0.08)
    assert one.towns["share"].sum() == pytest.approx(1)
    assert one.distribution.attrs["provenance"] == ["synthetic"]
