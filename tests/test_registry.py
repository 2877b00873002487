"""A metric is declared once; everything else follows from the declaration."""

import doctest
import math
import pickle

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.metrics import kernel, poverty
from jingde_core.metrics.contract import POSITIVE, REQUIRED, InputError
from jingde_core.metrics.population import households, mean_income
from jingde_core.metrics.registry import METRICS, Column, grouped_many, metric, ratio, total
from jingde_core.model.catalogue import LANGUAGES, has_label, label

ROWS = {"income_per_head": [1000.0, 3000.0, 9000.0, np.nan], "members": [1, 2, 3, 4]}
PACKAGED = {
    name: each for name, each in METRICS.items() if each.__module__.startswith("jingde_core.")
}


@pytest.fixture(autouse=True)
def _declared_here_only(monkeypatch):
    monkeypatch.setattr(METRICS, "_declared", dict(METRICS))


def declare(name="tested", **options):
    """Share of large incomes, declared with options of the test."""

    def share(*, income_per_head: Column, members: Column, bound: float = 5000, power: float = 1):
        return {"above": members * (income_per_head > bound), "persons": members}

    options = {"finish": ratio("above", "persons"), **options}
    return metric(table="households", unit="1", source="test", name=name, **options)(share)


def test_the_declaration_tells_columns_from_parameters():
    declared = declare()
    assert declared.columns == ("income_per_head", "members")
    assert dict(declared.parameters) == {"bound": 5000, "power": 1}
    assert poverty.fgt.parameters["alpha"] is REQUIRED
    assert (declared.denominator, declared.ordered, declared.per) == ("persons", False, "")
    assert METRICS["tested"] is declared
    assert declared(**ROWS) == 0.5
    assert declared(**ROWS, bound=2000) == 5 / 6


def test_a_misspelt_name_lists_the_close_ones():
    with pytest.raises(KeyError, match="headcount_ratio"):
        METRICS["headcount"]
    assert "headcount" not in METRICS


def test_a_name_of_the_package_is_taken():
    with pytest.raises(ValueError, match="poverty_gap"):
        declare("poverty_gap")
    assert METRICS["poverty_gap"] is poverty.poverty_gap
    assert declare("twice") is not declare("twice")


def test_an_additive_metric_needs_a_finish_and_an_ordered_one_has_none():
    with pytest.raises(ValueError):
        declare(finish=None)
    with pytest.raises(ValueError):
        declare(ordered=True)


@pytest.mark.parametrize("name", PACKAGED)
def test_every_metric_has_its_words(name):
    declared = PACKAGED[name]
    keys = [f"metric.{name}", f"unit.{declared.unit}"]
    if declared.per or declared.denominator:
        keys.append(f"denominator.{declared.per or declared.denominator}")
    assert [key for key in keys if not has_label(key)] == []
    assert all(label(key, lang=lang) for key in keys for lang in LANGUAGES)
    assert declared.source and declared.__doc__


def test_the_example_of_a_metric_is_found_and_run():
    found = doctest.DocTestFinder().find(poverty.poverty_gap, "poverty_gap", module=poverty)
    assert sum(len(test.examples) for test in found) == 1
    assert poverty.poverty_gap.__name__ == "poverty_gap"


def test_moments_are_contributions_and_finish_turns_sums_into_values():
    moments = mean_income.moments(**ROWS)
    assert moments["income"].tolist() == [1000, 6000, 27000, 0]
    assert moments["persons"].tolist() == [1, 2, 3, 0]
    assert moments["unknown"].tolist() == [0, 0, 0, 1]
    poor = poverty.incidence.moments(**ROWS, poverty_line=4000)
    assert poor["poor_persons"].tolist() == [1, 2, 0, 0]
    sums = {"income": np.array([34000.0, 0]), "persons": np.array([6.0, 0])}
    assert mean_income.finish(sums) == pytest.approx([34000 / 6, np.nan], nan_ok=True)


def test_groups_are_kept_apart_and_no_group_is_left_out():
    codes = np.array([0, 2, -1, 2])
    found = mean_income.grouped(ROWS, codes, 4)
    assert found.value == pytest.approx([1000, np.nan, 3000, np.nan], nan_ok=True)
    assert found.n.tolist() == [1, 0, 1, 0]
    assert found.denominator.tolist() == [1, 0, 2, 0]
    assert found.unknown.tolist() == [0, 0, 1, 0]
    assert found.reason.tolist() == ["", "empty", "", "empty"]
    assert np.isnan(found.se).all()


def test_a_count_of_nobody_is_zero_and_of_the_unknown_is_unknown():
    found = poverty.poor_persons.grouped(ROWS, np.array([0, 0, 0, 1]), 3, poverty_line=4000)
    assert found.value == pytest.approx([3, np.nan, 0], nan_ok=True)
    assert found.reason.tolist() == ["", "unknown", ""]


def test_a_denominator_of_another_table_comes_per_group():
    codes = np.array([0, 1, 1, 1])
    found = poverty.incidence.grouped(ROWS, codes, 2, per=np.array([10, 0]), poverty_line=4000)
    assert found.value == pytest.approx([0.1, np.nan], nan_ok=True)
    assert found.denominator.tolist() == [10, 0]


def test_a_finish_may_take_parameters_and_the_defaults_reach_it():
    def powered(sums, *, power):
        return (sums["above"] / sums["persons"]) ** power

    declared = declare(finish=powered, denominator="persons")
    assert declared(**ROWS) == 0.5
    assert declared(**ROWS, power=2) == 0.25
    assert declared.grouped(ROWS, np.zeros(4, int), 1).denominator.tolist() == [6]


def test_an_ordered_metric_sees_one_group_at_a_time():
    seen = []

    @metric(table="households", unit="1", source="test", ordered=True, denominator="members")
    def spread(*, income_per_head: Column, members: Column) -> float:
        seen.append(income_per_head.tolist())
        return float(np.ptp(income_per_head))

    found = spread.grouped(ROWS, np.array([1, 0, 1, 1]), 3)
    assert seen == [[3000], [1000, 9000]]
    assert found.value == pytest.approx([0, 8000, np.nan], nan_ok=True)
    assert found.denominator == pytest.approx([2, 4, np.nan], nan_ok=True)
    assert (found.n.tolist(), found.unknown.tolist()) == ([1, 2, 0], [0, 1, 0])


def test_a_metric_may_keep_unknown_rows_and_leave_columns_out():
    def coverage(*, income_per_head: Column, weights: Column | None = None):
        known = ~np.isnan(income_per_head)
        weight = np.ones(len(known)) if weights is None else weights
        return {"known": weight * known, "all": weight}

    declared = metric(
        table="households",
        unit="1",
        source="test",
        finish=ratio("known", "all"),
        keep_unknown=True,
    )(coverage)
    assert declared.columns == ("income_per_head", "weights")
    assert declared(income_per_head=ROWS["income_per_head"]) == 0.75
    assert (
        declared(**{"income_per_head": ROWS["income_per_head"], "weights": [1, 1, 1, 5]}) == 3 / 8
    )


def test_own_rules_replace_the_common_ones():
    strict = declare(rules={"income_per_head": POSITIVE})
    with pytest.raises(InputError) as fault:
        strict(**ROWS)
    assert [problem.column for problem in fault.value.problems] == ["income_per_head"]


def test_several_metrics_share_one_pass_and_what_they_have_in_common():
    metrics = [METRICS[name] for name in ("headcount_ratio", "poverty_gap", "mean_income", "sen")]
    codes = np.array([0, 1, 1, 0])
    together = grouped_many(metrics, ROWS, codes, 2, poverty_line=4000)
    assert list(together) == [each.name for each in metrics]
    for each in metrics:
        line = {"poverty_line": 4000} if each.parameters else {}
        alone = each.grouped(ROWS, codes, 2, **line)
        assert together[each.name].value.tolist() == alone.value.tolist()


def test_contributions_that_are_the_same_array_are_added_once(monkeypatch):
    calls = []
    bincount = np.bincount
    monkeypatch.setattr(
        np, "bincount", lambda *given, **named: calls.append(1) or bincount(*given, **named)
    )
    metrics = [METRICS[name] for name in ("headcount_ratio", "poverty_gap", "poverty_severity")]
    grouped_many(metrics, ROWS, np.array([0, 1, 1, 0]), 2, poverty_line=4000)
    # rows, persons, poor persons, gap, squared gap, unknown
    assert len(calls) <= 8


def test_a_buffer_that_is_written_anew_is_computed_anew():
    income = np.array([1000.0, 9000.0])
    given_rows = {"income_per_head": income, "members": np.array([1, 1]), "poverty_line": 4000.0}
    assert poverty.poverty_gap(**given_rows) == 0.375
    before = poverty.poverty_gap.moments(**given_rows)["gap"].sum()
    income[0] = 3000.0
    assert poverty.poverty_gap(**given_rows) == 0.125
    assert poverty.poverty_gap.moments(**given_rows)["gap"].sum() == 0.25 != before


def test_columns_may_be_pandas_and_nullable():
    frame = pd.DataFrame(
        {
            "income_per_head": pd.array([1000, 3000, 9000, None], dtype="Int64"),
            "members": pd.array([1, 2, 3, 4], dtype="Int8"),
        }
    )
    found = mean_income.grouped(frame, np.zeros(4, int), 1)
    assert (found.value[0], found.unknown[0]) == (34000 / 6, 1)


def test_text_in_a_column_of_numbers_is_a_fault():
    with pytest.raises(InputError) as fault:
        mean_income(income_per_head=["1,000", "3000"], members=[1, 1])
    assert [problem.column for problem in fault.value.problems] == ["income_per_head"]


def test_a_missing_column_and_a_scalar_column_are_faults():
    with pytest.raises(InputError) as fault:
        mean_income.grouped({"members": [1]}, np.zeros(1, int), 1)
    assert [problem.column for problem in fault.value.problems] == ["income_per_head"]
    with pytest.raises(InputError) as fault:
        households(members=3)
    assert [problem.column for problem in fault.value.problems] == ["members"]


def test_a_metric_of_the_package_is_pickled_by_name():
    assert pickle.loads(pickle.dumps(poverty.sen)) is poverty.sen
    again = cloudpickle.loads(cloudpickle.dumps(declare()))
    assert again(**ROWS) == 0.5


@given(
    st.lists(st.tuples(st.integers(-1, 6), st.integers(-100, 100)), max_size=60),
    st.sampled_from([1, 3, 64]),
    st.booleans(),
)
def test_sums_do_not_depend_on_chunks_or_on_the_order_of_groups(rows, chunk, in_order):
    rows = sorted(rows) if in_order else rows
    codes = np.array([code for code, _ in rows], dtype=np.int32)
    values = np.array([value for _, value in rows], dtype=float)
    found = kernel.grouped_sums(dict, {"x": values}, codes, 7, chunk=chunk)
    for group in range(7):
        assert found["x"][group] == values[codes == group].sum()
        assert found[kernel.ROWS][group] == (codes == group).sum()


@given(st.lists(st.sampled_from(["b", "a", "c", None]), max_size=30))
def test_keys_become_codes_in_their_order(keys):
    codes, found = kernel.factorised(np.array(keys, dtype=object))
    assert [None if code < 0 else found[code] for code in codes] == keys
    assert found.tolist() == sorted(found)


@given(st.lists(st.integers(-5, 5) | st.integers(10**11, 10**12), max_size=30))
def test_integer_keys_near_or_far_become_codes(keys):
    codes, found = kernel.factorised(np.array(keys, dtype=np.int64))
    assert [found[code] for code in codes] == keys
    assert found.tolist() == sorted(found)


def test_total_is_a_sum_and_ratio_of_nothing_is_unknown():
    sums = {"a": np.array([1.0, 0.0]), "b": np.array([2.0, 0.0])}
    assert total("a")(sums).tolist() == [1, 0]
    assert ratio("a", "b")(sums)[0] == 0.5 and math.isnan(ratio("a", "b")(sums)[1])
