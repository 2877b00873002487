"""Coverage when only totals are known, and the bridge that adds up exactly."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jingde_core as jc
from jingde_core.metrics.contract import InputError
from jingde_core.metrics.flood import coverage_interval, fgt_bridge, interruption_days

HOMES = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.integers(-200_000, 2_000_000),
        st.integers(0, 900_000),
        st.integers(0, 900_000),
    ),
    min_size=1,
    max_size=30,
)


def test_the_interval_of_the_report():
    assert coverage_interval(reached=[187, 66, 283], population=531) == (283 / 531, 1.0)


def test_instruments_that_cannot_reach_everybody_have_an_upper_bound():
    assert coverage_interval(reached=[10, 20], population=100) == (0.2, 0.3)
    assert coverage_interval(reached=[], population=100) == (0.0, 0.0)


def test_a_coverage_of_nobody_is_unknown():
    assert np.isnan(coverage_interval(reached=[0], population=0)).all()


@pytest.mark.parametrize("wrong", [{"reached": [-1]}, {"reached": [6]}, {"population": -1}])
def test_numbers_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError):
        coverage_interval(**{"reached": [1], "population": 5, **wrong})


@given(st.lists(st.sets(st.integers(0, 39)), max_size=5))
def test_the_exact_share_lies_in_the_interval(reached):
    low, high = coverage_interval(reached=[len(each) for each in reached], population=40)
    assert low <= len(set().union(*reached)) / 40 <= high


def stages_of(homes):
    members, before, shock, relief = (np.array(column) for column in zip(*homes, strict=True))
    stages = {"before": before, "after": before - shock, "relieved": before - shock + relief}
    return stages, members


@given(HOMES, st.sampled_from([0, 1, 2]), st.integers(1, 600_000))
def test_levels_and_steps_add_up_in_fractions(homes, alpha, line):
    stages, members = stages_of(homes)
    made = fgt_bridge(stages, members=members, poverty_line=line, alpha=alpha)
    level = (made["part"] == "level").to_numpy()
    assert sum(made["exact"][:3], Fraction(0)) == made["exact"][3]
    assert sum(made["exact"][3:6], Fraction(0)) == made["exact"][6]
    assert (made.loc[[1, 2], "exact"] >= 0).all() and (made.loc[[4, 5], "exact"] <= 0).all()
    assert made["end"][level].to_numpy() == pytest.approx(made["value"][level].to_numpy())
    assert made["end"][5] == pytest.approx(made["end"][6])
    assert made["start"][[1, 4]].tolist() == pytest.approx(made["end"][[0, 3]].tolist())


@given(HOMES, st.sampled_from([0, 1, 2]))
def test_each_level_is_the_index_of_that_stage(homes, alpha):
    stages, members = stages_of(homes)
    made = fgt_bridge(stages, members=members, poverty_line=400_000, alpha=alpha)
    for stage, level in made[made["part"] == "level"].set_index("stage")["value"].items():
        known = jc.METRICS["fgt"](
            income_per_head=stages[stage] / members,
            members=members,
            poverty_line=400_000.0,
            alpha=alpha,
        )
        assert level == pytest.approx(known, rel=1e-9, abs=1e-12)


def test_income_equal_to_the_line_is_not_poor():
    made = fgt_bridge({"now": [800, 801]}, members=[2, 2], poverty_line=400, alpha=0)
    assert made["exact"].tolist() == [0]
    assert fgt_bridge({"now": [799]}, members=[2], poverty_line=400, alpha=0)["value"].item() == 1


def test_a_bridge_of_nobody_has_no_bar():
    assert fgt_bridge({"now": []}, members=[], poverty_line=400, alpha=1).empty


def test_an_unknown_income_has_no_bridge():
    with pytest.raises(InputError):
        fgt_bridge({"now": [np.nan]}, members=[1], poverty_line=400, alpha=1)


def test_what_is_not_mended_has_no_days_yet():
    assert interruption_days(days=[2.0, 4.0, np.nan]) == 3
    assert np.isnan(interruption_days(days=[np.nan]))
