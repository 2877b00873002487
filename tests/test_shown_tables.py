"""A table for readers: headings, numbers in the house style, marks, nothing executed."""

import datetime

import fake_county
import numpy as np
import pandas as pd
import pytest
from browser import opened

from jingde_core.model.catalogue import column_label, label
from jingde_core.model.problem import DataError
from jingde_core.views import tables
from jingde_core.views.numbers import number, quantity, sentence


def cells(chromium, tmp_path, html):
    """Text of the heading row and of the rows."""
    page = "<!DOCTYPE html><meta charset=utf-8>" + html
    with opened(chromium, page, tmp_path) as seen:
        read = "all => all.map(each => each.textContent)"
        head = seen.page.eval_on_selector_all("thead th", read)
        body = [row.locator("td").evaluate_all(read) for row in seen.page.locator("tbody tr").all()]
        assert seen.quiet(), (seen.dialogs, seen.errors)
    return head, body


def measured(values=(0.2834, np.nan), **attrs):
    frame = fake_county.tidy(["1", "2"], ["A", "B"], values, by=("town",), **attrs)
    return frame.assign(small=[True, False], reason=["", "not_applicable"])


def test_a_measured_frame_shows_name_value_n_and_denominator(chromium, tmp_path):
    shown = tables.table(measured())
    head, body = cells(chromium, tmp_path, shown.html)
    assert head == [
        column_label("name"),
        label("metric.headcount_ratio"),
        column_label("n"),
        label("denominator.persons"),
    ]
    assert body[0] == ["A", label("views.small_flag") + "28.34%", "4", "100"]
    assert body[1][1] == label("reason.not_applicable")


def test_marks_source_and_conditions_stand_below():
    html = tables.table(measured()).html
    for text in ("synthetic_mark", "value.provenance.synthetic", "denominator.persons"):
        assert label(text) in html
    assert "2020-12-31" in html and "4,000" in html


def test_a_table_without_provenance_is_refused():
    with pytest.raises(DataError) as fault:
        tables.table(pd.DataFrame({"name": ["A"]}))
    assert fault.value.problems[0].code == "no_provenance"


def test_money_is_shown_in_ten_thousands_when_asked(chromium, tmp_path):
    frame = pd.DataFrame({"amount": [86_356_000.0, np.nan]})
    shown = tables.table(frame, styles={"amount": "wan"}, provenance=["imported"])
    head, body = cells(chromium, tmp_path, shown.html)
    assert label("views.unit_wan") in head[0] and label("unit.yuan") + ")" not in head[0]
    assert body == [["8,635.60"], [label("no_data")]]
    assert label("synthetic_mark") not in shown.html


def test_years_dates_truth_and_codes_read_as_such(chromium, tmp_path):
    frame = pd.DataFrame(
        {
            "year": [2020],
            "date": [pd.Timestamp("2020-07-02")],
            "poor_2014": [True],
            "kind": ["community"],
            "members": pd.array([1234], dtype="Int64"),
        }
    )
    _, body = cells(chromium, tmp_path, tables.table(frame, provenance=["public"]).html)
    assert body[0] == [
        "2020",
        "2020-07-02",
        label("views.yes"),
        label("value.kind.community"),
        "1,234",
    ]


def test_hostile_names_are_text_in_a_table(chromium, tmp_path):
    frame = pd.DataFrame({"name": fake_county.HOSTILE})
    shown = tables.table(frame, provenance=["imported"], title=fake_county.HOSTILE[2])
    _, body = cells(chromium, tmp_path, shown.html)
    assert [row[0] for row in body] == fake_county.HOSTILE


def test_an_empty_frame_says_so(chromium, tmp_path):
    _, body = cells(chromium, tmp_path, tables.table(measured().iloc[:0]).html)
    assert body == [[label("no_data")]]


def test_rows_beyond_the_limit_are_counted(chromium, tmp_path):
    frame = pd.DataFrame({"members": range(1775)})
    shown = tables.table(frame, provenance=["synthetic"], limit=5)
    _, body = cells(chromium, tmp_path, shown.html)
    assert len(body) == 5 and "1,775" in shown.html


def test_leaders_see_no_ranking_of_places_from_invented_numbers(chromium, tmp_path, monkeypatch):
    for audience, first in (("analyst", "B"), ("leader", "A")):
        monkeypatch.setenv("JINGDE_AUDIENCE", audience)
        shown = tables.table(measured((0.1, 0.2)), rank=True)
        assert cells(chromium, tmp_path, shown.html)[1][0][0] == first


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (0.0, "percent", "0.00%"),
        (-0.00001, "percent", "-0.001%"),
        (-0.0000001, "percent", "0.000%"),
        (33 / 122_222, "percent", "0.027%"),
        (1.0, "percent", "100.00%"),
        (12_345.678, "yuan", "12,346"),
        (12.5, "yuan", "12.50"),
        (503, "count", "503"),
        (1e12, "count", "1,000,000,000,000"),
        (1_070_100, "wan", "107.01"),
        (np.float64(0.33), "index", "0.330"),
    ],
)
def test_numbers_in_the_house_style(value, style, text):
    assert number(value, style) == text


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), np.nan])
def test_what_is_not_known_is_never_a_number(value):
    assert number(value, "percent") == label("no_data") == quantity(value, "yuan")


def test_a_sentence_writes_its_numbers_and_carries_the_mark():
    shown = tables.sentence(
        "{n} / {all}: {share:percent}; {lost:wan}; {day}; {none:percent}",
        provenance=["synthetic"],
        n=503,
        all=1775,
        share=503 / 1775,
        lost=1e6,
        day=datetime.date(2020, 7, 2),
        none=float("nan"),
    )
    assert str(shown) == f"503 / 1,775: 28.34%; 100.00; 2020-07-02; {label('no_data')}"
    assert label("synthetic_mark") in shown._repr_html_()
    assert "<b>" not in tables.sentence("<b>", provenance=["public"])._repr_html_()
    assert sentence("{a:.1f}", a=1.25) == "1.2"
