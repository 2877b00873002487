"""A chart says its unit, its n, its source and what its data are not; the page gets the same."""

import fake_county
import numpy as np
import pandas as pd
import pytest
from browser import opened

from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.views import charts, fonts

TOWNS = ["A", "B", "C"]


def by_year(**attrs):
    years = [str(year) for year in range(2014, 2021)]
    return fake_county.tidy(years, years, np.linspace(1, 0, 7), year=None, **attrs)


def by_town(values=(0.2, np.nan, 0.5), names=TOWNS, **attrs):
    return fake_county.tidy(TOWNS, names, values, by=("town",), **attrs)


def rows(chart):
    return next(iter(chart.spec["datasets"].values()))


def every_chart(names=TOWNS):
    return [
        charts.trend(by_year()),
        charts.bars(by_town(names=names)),
        charts.histogram(by_town(names=names)),
        charts.lorenz([0, 0.5, 1], [0, 0.2, 1], name="persons", provenance=["synthetic"]),
    ]


def test_every_chart_carries_title_source_and_mark():
    for chart in every_chart():
        subtitle = chart.spec["title"]["subtitle"]
        assert chart.spec["title"]["text"]
        assert label("synthetic_mark") in subtitle
        assert any(label("value.provenance.synthetic") in line for line in subtitle)
        assert label("synthetic_mark") in chart.svg


def test_a_chart_without_provenance_is_refused():
    frame = by_town()
    del frame.attrs["provenance"]
    with pytest.raises(DataError) as fault:
        charts.bars(frame)
    assert fault.value.problems[0].code == "no_provenance"
    stated = charts.bars(frame, provenance=fake_county.PROVENANCE)
    assert any("2020-12-31" in line for line in stated.spec["title"]["subtitle"])


def test_the_lab_gets_vega_lite_five_and_a_page_the_same_as_svg():
    bundle = charts.trend(by_year())._repr_mimebundle_()
    assert bundle["application/vnd.vegalite.v5+json"]["$schema"].endswith("/v5.20.1.json")
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert "text/html" not in bundle


def test_the_same_frame_gives_the_same_bytes():
    assert charts.trend(by_year()).svg == charts.trend(by_year()).svg


def test_fractions_are_percent_on_the_axis_and_in_the_labels():
    chart = charts.trend(by_year())
    axis = chart.spec["layer"][0]["encoding"]["y"]["axis"]
    assert axis["format"].endswith("%")
    assert [row["text"] for row in rows(chart)][0] == "100.00%"


def test_what_is_unknown_is_named_and_has_no_bar():
    chart = charts.bars(by_town())
    unknown = rows(chart)[1]
    assert unknown["value"] is None and unknown["text"] == label("no_data")


@pytest.mark.parametrize(
    ("audience", "by", "kinds", "ranked"),
    [
        ("analyst", "town", ["synthetic"], True),
        ("leader", "town", ["synthetic"], False),
        ("leader", "village", ["imported", "synthetic"], False),
        ("leader", "main_cause", ["synthetic"], True),
        ("leader", "town", ["imported"], True),
    ],
)
def test_invented_numbers_rank_no_named_place_for_leaders(monkeypatch, audience, by, kinds, ranked):
    monkeypatch.setenv("JINGDE_AUDIENCE", audience)
    frame = by_town((0.1, 0.3, 0.2))
    frame.attrs |= {"by": (by,), "provenance": kinds}
    order = [row["name"] for row in rows(charts.bars(frame, rank=True))]
    assert order == (["B", "C", "A"] if ranked else TOWNS)


def test_a_histogram_holds_counts_and_no_value():
    values = pd.DataFrame({"income_per_head": [1.0, 2.0, 3.0, 4.0, np.nan]})
    chart = charts.histogram(
        values, column="income_per_head", bins=2, unit="yuan", provenance=["reported"]
    )
    assert [row["count"] for row in rows(chart)] == [2, 2]
    assert any(label("no_data") in line for line in chart.spec["title"]["subtitle"])


def test_ids_of_two_charts_never_meet():
    drawn = charts.Chart("x", charts.trend(by_year()).spec | {"width": 111})
    for chart in (drawn, charts.trend(by_year())):
        assert 'id="' not in chart.svg or 'id="c' in chart.svg


def test_hostile_names_are_text_in_a_chart(chromium, tmp_path):
    for i, start in enumerate(range(0, 9, 3)):
        names = fake_county.HOSTILE[start : start + 3]
        page = "<!DOCTYPE html><meta charset=utf-8>" + charts.bars(by_town(names=names)).svg
        (tmp_path / str(i)).mkdir()
        with opened(chromium, page, tmp_path / str(i)) as seen:
            texts = seen.page.eval_on_selector_all("text", "all => all.map(t => t.textContent)")
            assert set(names) <= set(texts)
            assert seen.quiet(), (seen.dialogs, seen.errors)


def test_chinese_is_drawn_by_a_font_that_has_it(chromium, tmp_path):
    assert fonts.missing_fonts() == []
    svg = charts.trend(by_year()).svg
    assert fonts.SANS in svg
    with opened(chromium, "<!DOCTYPE html><meta charset=utf-8>" + svg, tmp_path) as seen:
        box = seen.page.locator("text", has_text=label("synthetic_mark")).bounding_box()
        assert box["width"] > 10 * len(label("synthetic_mark"))


def test_a_machine_without_a_chinese_font_is_told_the_package(monkeypatch):
    monkeypatch.setattr(fonts.sys, "platform", "linux")
    monkeypatch.setattr(fonts.shutil, "which", lambda name: None)
    assert fonts.PACKAGE in fonts.missing_fonts()
