"""Concentration of assets: cases worked by hand, then laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.metrics import concentration, inequality
from jingde_core.metrics.contract import InputError

#: yuan on whole fen
money = st.integers(0, 10**8).map(lambda fen: fen / 100)
amounts = st.lists(money.map(lambda yuan: yuan + 1), min_size=2, max_size=20)
villages = st.lists(
    st.tuples(money, st.integers(1, 50), st.integers(0, 5)), min_size=1, max_size=12
)


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-10, nan_ok=True)


def test_four_villages_by_hand():
    x = [50, 30, 15, 5]
    assert concentration.herfindahl(x) == pytest.approx(0.365)
    assert concentration.herfindahl(x, normalised=True) == pytest.approx(0.115 / 0.75)
    assert concentration.concentration_ratio(x, count=1) == 0.5
    assert concentration.concentration_ratio(x, count=9) == 1
    assert concentration.top_share(x, share=0.25) == pytest.approx(0.5)
    assert concentration.top_share(x, share=0.1) == pytest.approx(0.2)


def test_over_persons_size_counts_and_over_villages_it_does_not():
    x, persons = [10, 30], [300, 100]
    assert inequality.gini(x) == 0.25
    # three quarters of the persons hold one quarter
    assert concentration.gini_over_persons(x, persons) == pytest.approx(0.5)
    curve = concentration.lorenz_over_persons(x, persons)
    assert curve.to_numpy().tolist() == [[0, 0], [0.75, 0.25], [1, 1]]


def test_assets_against_need_by_hand():
    need = [0.3, 0.2, 0.1]
    to_the_needy = concentration.concentration_curve([3, 2, 1], need)
    assert to_the_needy["C"].tolist() == pytest.approx([0, 1 / 2, 5 / 6, 1])
    assert concentration.concentration_index([3, 2, 1], need) == pytest.approx(-2 / 9)
    assert concentration.concentration_index([1, 2, 3], need) == pytest.approx(2 / 9)
    assert concentration.concentration_index([2, 2, 2], need) == pytest.approx(0)


def test_equal_need_is_no_order():
    assert concentration.concentration_index([1, 9], [0.5, 0.5]) == 0


def test_nobody_and_nothing_are_unknown():
    for nothing in ([], [0, 0]):
        ones = [1] * len(nothing)
        found = [
            concentration.herfindahl(nothing),
            concentration.herfindahl(nothing, normalised=True),
            concentration.concentration_ratio(nothing, count=1),
            concentration.top_share(nothing, share=0.1),
            concentration.gini_over_persons(nothing, ones),
            concentration.concentration_index(nothing, ones),
        ]
        assert np.isnan(found).all()
    assert math.isnan(concentration.herfindahl([5], normalised=True))
    assert concentration.herfindahl([5]) == 1


@pytest.mark.parametrize(
    ("call", "columns"),
    [
        (lambda: concentration.herfindahl([-1, 2]), {"amounts"}),
        (lambda: concentration.concentration_ratio([math.nan], count=0), {"amounts", "count"}),
        (lambda: concentration.top_share([1, 2], share=1.5), {"share"}),
        (lambda: concentration.gini_over_persons([1, 2], [0, 3]), {"persons"}),
        (lambda: concentration.gini_over_persons([1, 2], [3]), {"amounts, persons"}),
        (lambda: concentration.concentration_index([1, 2], [math.nan, 1]), {"need"}),
        (lambda: concentration.concentration_curve([1], [1], [-1]), {"weights"}),
    ],
)
def test_what_lies_outside_the_contract_is_refused_all_at_once(call, columns):
    with pytest.raises(InputError) as refused:
        call()
    assert {problem.column for problem in refused.value.problems} == columns


@given(x=amounts, factor=st.floats(1e-3, 1e3))
def test_herfindahl_lies_between_even_and_one_holder_whatever_the_unit(x, factor):
    index = concentration.herfindahl(x)
    assert 1 / len(x) - 1e-12 <= index <= 1
    assert concentration.herfindahl(np.array(x)[::-1] * factor) == close(index)
    assert -1e-12 <= concentration.herfindahl(x, normalised=True) <= 1
    assert concentration.herfindahl([*x, 0]) == close(index)


@given(x=amounts)
def test_two_villages_that_merge_are_more_concentrated(x):
    assert concentration.herfindahl([x[0] + x[1], *x[2:]]) >= concentration.herfindahl(x) - 1e-12


@given(x=amounts, data=st.data())
def test_the_largest_holders_have_more_than_their_number(x, data):
    count = data.draw(st.integers(1, len(x)))
    ratio = concentration.concentration_ratio(x, count=count)
    assert ratio >= count / len(x) - 1e-12
    assert concentration.top_share(x, share=count / len(x)) == close(ratio)


@given(rows=villages)
def test_a_village_is_as_many_persons_of_equal_assets(rows):
    x, n, need = (np.array(column) for column in zip(*rows, strict=True))
    a_head, needs = np.repeat(x / n, n), np.repeat(need, n)
    assert concentration.gini_over_persons(x, n) == close(inequality.gini(a_head))
    assert concentration.concentration_index(x / n, need, n) == close(
        concentration.concentration_index(a_head, needs)
    )


@given(rows=villages)
def test_the_concentration_index_lies_within_the_gini_and_reaches_it(rows):
    x, n, need = (np.array(column) for column in zip(*rows, strict=True))
    gini = inequality.gini(x, n)
    index = concentration.concentration_index(x, need, n)
    assert math.isnan(gini) or abs(index) <= gini + 1e-9
    assert concentration.concentration_index(x, -x, n) == close(gini)
    assert concentration.concentration_index(x, x, n) == close(-gini)


@given(rows=villages, data=st.data())
def test_the_metrics_by_town_agree_with_the_plain_functions(rows, data):
    x, n, _ = (np.array(column) for column in zip(*rows, strict=True))
    town = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(x), max_size=len(x))))
    columns = {"asset_value": x, "population": n}
    even = concentration.asset_gini.grouped(columns, town, 2)
    held = concentration.asset_herfindahl.grouped(columns, town, 2)
    for group in range(2):
        own = town == group
        assert even.value[group] == close(concentration.gini_over_persons(x[own], n[own]))
        assert held.value[group] == close(concentration.herfindahl(x[own]))
        assert held.denominator[group] == close(x[own].sum())


def test_a_negative_asset_value_is_refused_by_the_metrics():
    for metric in (concentration.asset_gini, concentration.asset_herfindahl):
        with pytest.raises(InputError) as refused:
            metric(
                asset_value=[-1, 2],
                **({"population": [1, 1]} if "population" in metric.columns else {}),
            )
        assert refused.value.problems[0].column == "asset_value"
