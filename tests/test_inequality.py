"""Inequality: cases worked by hand, published values, then laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.metrics import inequality
from jingde_core.metrics.contract import InputError
from jingde_core.metrics.income import (
    entry_rate,
    exit_rate,
    income_atkinson,
    income_gini,
    income_mld,
    income_palma,
    income_quantile,
    income_s80_s20,
    income_theil,
)

HUNDRED = np.arange(1.0, 101)
INDICES = {
    "gini": inequality.gini,
    "theil": inequality.theil,
    "mean log deviation": inequality.mean_log_deviation,
    "atkinson 0.5": lambda y, w=None: inequality.atkinson(y, w, epsilon=0.5),
    "atkinson 1": lambda y, w=None: inequality.atkinson(y, w, epsilon=1),
    "atkinson 2": lambda y, w=None: inequality.atkinson(y, w, epsilon=2),
}
RATIOS = {"palma": inequality.palma, "s80_s20": inequality.s80_s20}
every_index = pytest.mark.parametrize("index", INDICES.values(), ids=INDICES.keys())
every_measure = pytest.mark.parametrize(
    "measure", (INDICES | RATIOS).values(), ids=(INDICES | RATIOS).keys()
)
incomes = st.lists(
    st.floats(min_value=1, max_value=1e6, allow_subnormal=False), min_size=1, max_size=20
)
people = st.lists(
    st.tuples(st.floats(min_value=1, max_value=1e6), st.integers(1, 9)), min_size=1, max_size=15
)


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(
    ("index", "published"),
    [
        (inequality.gini, 0.33),
        (inequality.theil, 0.188272596003),
        (inequality.mean_log_deviation, 0.284579580726),
    ],
)
def test_one_to_a_hundred_gives_the_published_values(index, published):
    assert index(HUNDRED) == pytest.approx(published, abs=5e-13)


def test_one_to_five_by_hand():
    y = [1, 2, 3, 4, 5]
    assert inequality.gini(y) == pytest.approx(4 / 15, rel=1e-14)
    assert inequality.lorenz(y)["L"].tolist() == pytest.approx([0, 1 / 15, 0.2, 0.4, 2 / 3, 1])
    assert inequality.quantile_shares(y)["share"].tolist() == pytest.approx(np.array(y) / 15)
    # the richest tenth has half of the 5, the poorest two fifths have 1 + 2
    assert inequality.palma(y) == pytest.approx(2.5 / 3)
    assert inequality.s80_s20(y) == pytest.approx(5)
    assert inequality.atkinson(y, epsilon=1) == pytest.approx(1 - 120 ** (1 / 5) / 3)
    assert inequality.atkinson(y, epsilon=2) == pytest.approx(1 - 5 / (137 / 60) / 3)


def test_tails_of_one_to_a_hundred_by_hand():
    assert inequality.palma(HUNDRED) == pytest.approx(955 / 820)
    assert inequality.s80_s20(HUNDRED) == pytest.approx(1810 / 210)


def test_an_even_number_of_persons_has_the_mean_of_the_middle_two_as_median():
    assert inequality.quantile([4, 1, 3, 2], q=0.5) == 2.5
    assert inequality.quantile([4, 1, 3, 2], q=0.3) == 2
    assert inequality.quantile([-5, 7], q=0) == -5
    assert inequality.quantile([-5, 7], q=1) == 7
    assert inequality.quantile([1, 2, 3], [1, 1, 2], q=0.5) == 2.5


@every_measure
def test_nobody_has_no_inequality_to_speak_of(measure):
    assert math.isnan(measure([]))
    assert math.isnan(measure([5, 3], [0, 0]))


@every_index
def test_one_observation_is_equal_with_itself(index):
    assert index([7]) == 0
    assert index([7], [4]) == 0


@pytest.mark.parametrize("name", ["gini", "theil", "atkinson 0.5"])
def test_nothing_to_share_has_no_inequality_to_speak_of(name):
    assert math.isnan(INDICES[name]([0, 0]))


def test_a_ratio_over_nothing_is_unknown():
    assert math.isnan(inequality.palma([0, 0, 0, 0, 5]))
    assert math.isnan(inequality.s80_s20([0, 0, 0, 0, 5]))


@every_measure
@pytest.mark.parametrize(
    ("values", "weights", "columns"),
    [
        ([-1, 2], None, {"values"}),
        ([math.nan, 2], None, {"values"}),
        ([math.inf, 2], None, {"values"}),
        (["a", "b"], None, {"values"}),
        (5, None, {"values"}),
        ([[1, 2], [3, 4]], None, {"values"}),
        ([1, 2], [1, -1], {"weights"}),
        ([1, 2], [1, math.nan], {"weights"}),
        ([-1, 2], [1, -1, 3], {"values", "weights", "values, weights"}),
    ],
)
def test_what_lies_outside_the_contract_is_refused_all_at_once(measure, values, weights, columns):
    with pytest.raises(InputError) as refused:
        measure(values, weights)
    assert {problem.column for problem in refused.value.problems} == columns


@pytest.mark.parametrize("name", ["mean log deviation", "atkinson 1", "atkinson 2"])
def test_zero_is_refused_where_its_logarithm_is_needed(name):
    with pytest.raises(InputError) as refused:
        INDICES[name]([0, 2])
    assert refused.value.problems[0].column == "values"


def test_parameters_outside_their_range_are_refused():
    for call in (
        lambda: inequality.atkinson([1, 2], epsilon=-1),
        lambda: inequality.atkinson([1, 2], epsilon=math.nan),
        lambda: inequality.quantile([1, 2], q=1.5),
        lambda: inequality.quantile_shares([1, 2], parts=0),
    ):
        with pytest.raises(InputError) as refused:
            call()
        assert refused.value.problems[0].column in {"epsilon", "q", "parts"}


def test_values_beyond_floating_point_give_no_plausible_number():
    with np.errstate(over="ignore"):
        assert math.isnan(inequality.gini([1e308, 1e308, 1e308]))
        assert math.isnan(inequality.theil([1e308, 1e308, 1e308]))
    assert inequality.atkinson([1, 2], epsilon=2000) == pytest.approx(1 / 3, abs=1e-3)


def test_near_equality_keeps_its_digits():
    step = 1e-6
    assert inequality.theil([1 - step, 1 + step]) == pytest.approx(step**2 / 2, rel=1e-3)
    assert inequality.mean_log_deviation([1 - step, 1 + step]) == pytest.approx(
        step**2 / 2, rel=1e-3
    )


@every_measure
@given(rows=people, factor=st.floats(min_value=1e-3, max_value=1e3))
def test_the_unit_of_income_does_not_matter(measure, rows, factor):
    y, w = map(np.array, zip(*rows, strict=True))
    assert measure(y * factor, w) == close(measure(y, w))


@every_measure
@given(rows=people)
def test_a_weight_is_a_number_of_equal_persons_in_any_order(measure, rows):
    y, w = map(np.array, zip(*rows, strict=True))
    each = np.repeat(y, w)
    assert measure(each[::-1]) == close(measure(y, w))
    assert measure(y, w * 0.5) == close(measure(y, w))


@given(rows=people, q=st.floats(min_value=0, max_value=1))
def test_quantiles_and_curves_take_a_weight_for_equal_persons(rows, q):
    y, w = map(np.array, zip(*rows, strict=True))
    each = np.repeat(y, w)
    assert inequality.quantile(y, w, q=q) == inequality.quantile(each, q=q)
    pd.testing.assert_frame_equal(inequality.lorenz(y, w), inequality.lorenz(each))


@every_index
@given(y=incomes, part=st.floats(min_value=0.01, max_value=0.5))
def test_giving_to_a_poorer_person_lowers_inequality(index, y, part):
    poor, rich = int(np.argmin(y)), int(np.argmax(y))
    after = list(y)
    gift = part * (y[rich] - y[poor])
    after[poor] += gift
    after[rich] -= gift
    assert index(after) <= index(y) + 1e-11


@every_index
@given(y=incomes)
def test_indices_lie_between_equality_and_one_holder(index, y):
    highest = math.log(len(y)) if index is inequality.theil else 1
    assert index(y) >= 0
    if index is not inequality.mean_log_deviation:
        assert index(y) <= highest + 1e-12


@given(rows=people)
def test_gini_is_twice_the_area_above_the_lorenz_curve(rows):
    y, w = zip(*rows, strict=True)
    curve = inequality.lorenz(y, w)
    assert inequality.gini(y, w) == close(1 - 2 * np.trapezoid(curve["L"], curve["p"]))
    assert (np.diff(curve["L"]) >= 0).all()
    assert (curve["L"] <= curve["p"] + 1e-12).all()


@given(y=incomes, parts=st.integers(1, 12))
def test_shares_add_up_and_rise(y, parts):
    share = inequality.quantile_shares(y, parts=parts)["share"]
    assert share.sum() == close(1)
    assert (np.diff(share) >= -1e-12).all()


@pytest.mark.parametrize(
    ("split", "index"),
    [
        (inequality.theil_split, inequality.theil),
        (inequality.mean_log_deviation_split, inequality.mean_log_deviation),
    ],
)
@given(rows=people, data=st.data())
def test_within_and_between_add_up_to_the_whole(split, index, rows, data):
    y, w = map(np.array, zip(*rows, strict=True))
    groups = np.array(data.draw(st.lists(st.sampled_from("abc"), min_size=len(y), max_size=len(y))))
    found = split(y, groups, w)
    assert found.total == close(index(y, w))
    assert found.total == found.within + found.between
    assert found.groups["persons"].sum() == w.sum()
    for name, row in found.groups.iterrows():
        assert row["index"] == close(index(y[groups == name], w[groups == name]))


def test_a_group_with_nothing_takes_no_part_in_the_inequality_within():
    found = inequality.theil_split([0, 0, 3, 3], ["a", "a", "b", "b"])
    assert (found.within, found.between) == (0, pytest.approx(math.log(2)))
    assert math.isnan(found.groups.loc["a", "index"])


def test_a_split_of_nobody_is_unknown_and_a_value_without_group_is_refused():
    assert math.isnan(inequality.theil_split([], []).total)
    assert math.isnan(inequality.theil_split([0, 0], ["a", "b"]).total)
    with pytest.raises(InputError) as refused:
        inequality.theil_split([-1, 2], ["a", None])
    assert {problem.column for problem in refused.value.problems} == {"values", "groups"}


@pytest.mark.parametrize(
    ("metric", "index", "parameters"),
    [
        (income_gini, inequality.gini, {}),
        (income_theil, inequality.theil, {}),
        (income_mld, inequality.mean_log_deviation, {}),
        (income_atkinson, inequality.atkinson, {"epsilon": 0.5}),
        (income_atkinson, inequality.atkinson, {"epsilon": 1}),
        (income_atkinson, inequality.atkinson, {"epsilon": 2}),
        (income_palma, inequality.palma, {}),
        (income_s80_s20, inequality.s80_s20, {}),
        (income_quantile, inequality.quantile, {"q": 0.3}),
    ],
)
@given(rows=people, data=st.data())
def test_a_metric_by_group_is_the_index_of_each_group(metric, index, parameters, rows, data):
    y, w = map(np.array, zip(*rows, strict=True))
    codes = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(y), max_size=len(y))))
    found = metric.grouped({"income_per_head": y, "members": w}, codes, 3, **parameters).value
    for group in range(3):
        own = index(y[codes == group], w[codes == group], **parameters)
        assert found[group] == pytest.approx(own, rel=1e-9, abs=1e-11, nan_ok=True)


@pytest.mark.parametrize("metric", [income_gini, income_theil, income_mld, income_palma])
def test_a_negative_income_leaves_its_own_village_undefined_and_no_other(metric):
    columns = {"income_per_head": [-10, 20, 10, 20, math.nan], "members": [1] * 5}
    found = metric.grouped(columns, np.array([0, 0, 1, 1, 2]), 4)
    assert np.isnan(found.value).tolist() == [True, False, True, True]
    assert found.reason.tolist() == ["undefined", "", "unknown", "empty"]
    assert found.unknown.tolist() == [0, 0, 1, 0]


def test_atkinson_beyond_floating_point_is_undefined():
    columns = {"income_per_head": [1000, 2000], "members": [1, 1]}
    assert math.isnan(income_atkinson(**columns, epsilon=500))


def test_crossing_the_line_between_two_years_counts_persons():
    columns = {
        "income_before": [3000, 3000, 3300, 9000, math.nan],
        "income_per_head": [4000, 3999, 3900, 9000, 1000],
        "members": [2, 3, 4, 1, 9],
    }
    lines = {"poverty_line_before": 3218, "poverty_line": 4000}
    assert exit_rate(**columns, **lines) == pytest.approx(2 / 5)
    assert entry_rate(**columns, **lines) == pytest.approx(4 / 5)
    alone = exit_rate.grouped(columns, np.zeros(5, int), 1, **lines)
    assert (alone.n[0], alone.unknown[0], alone.denominator[0]) == (4, 1, 5)
