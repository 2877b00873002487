"""Values that make a scale difficult: all equal, all missing, one huge, changes of every kind."""

import fake_county
import numpy as np
import pytest
from browser import opened

from jingde_core.model.catalogue import label
from jingde_core.views import maps, painting
from jingde_core.views.classes import Layer, Scale, classify, palettes

CHANGE = Scale(palette="PuOr")
NEUTRAL = palettes()["PuOr"][1][3]


def frame(values, **attrs):
    codes = [str(i) for i in range(len(values))]
    return fake_county.tidy(codes, codes, values, **attrs)


def counts(values, scale=CHANGE):
    return [(entry.colour, entry.count) for entry in classify(frame(values), scale).entries]


def test_no_change_anywhere_is_one_class_in_the_neutral_colour():
    assert counts([0.0, 0.0, 0.0]) == [(NEUTRAL, 3)]


@pytest.mark.parametrize(("value", "side"), [(0.1, -1), (-0.1, 0)])
def test_the_same_change_everywhere_stands_on_its_side_of_zero(value, side):
    found = counts([value] * 4)
    assert found[side][1] == 4 and found[side][0] == palettes()["PuOr"][1][side]
    assert sum(count for _, count in found) == 4


def test_changes_to_one_side_only_leave_the_other_side_empty_and_shown():
    found = counts([0.1, 0.2, 0.3, 0.4, 0.5])
    assert [count for _, count in found[: len(found) // 2]] == [0] * (len(found) // 2)
    assert found[len(found) // 2][0] == NEUTRAL


def test_one_huge_change_leaves_the_small_ones_apart():
    values = [*np.linspace(-1, 1, 21), 1e12]
    found = counts(values)
    assert sum(count for _, count in found) == 22
    assert sum(count > 0 for _, count in found) == 5


def test_changes_all_missing_leave_only_no_data():
    entries = classify(frame([np.nan] * 3), CHANGE).entries
    assert [(entry.text, entry.count) for entry in entries] == [(label("no_data"), 3)]


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (np.full(68, 0.3), {}),
        (np.full(68, np.nan), {}),
        (np.where(np.arange(68) == 7, 1e12, np.arange(68) / 100), {"palette": "Blues"}),
        (np.where(np.arange(68) == 7, 1e12, np.arange(68) / 100 - 0.3), {"palette": "PuOr"}),
        (np.zeros(68), {"palette": "PuOr"}),
    ],
    ids=["all equal", "all missing", "one huge value", "one huge change", "no change"],
)
def test_legend_and_colours_agree_in_the_page(county, chromium, tmp_path, values, scale):
    villages = county.villages
    measured = fake_county.tidy(villages["code"], villages["name"], values)
    state = painting.paint(Layer("income_gap_ratio", **scale), measured, villages["code"]).state()
    drawn = maps.village_map(county, "headcount_ratio", level="village")
    with opened(chromium, drawn.document, tmp_path) as seen:
        page = seen.page
        page.evaluate("state => jingde.paint('village', state)", state)
        rows = page.locator(".jd-legend li").evaluate_all(
            "all => all.map(li => [getComputedStyle(li.querySelector('i')).backgroundColor,"
            " parseInt(li.querySelector('em').textContent)])"
        )
        fills = page.eval_on_selector_all(
            "path.leaflet-interactive", "all => all.map(each => getComputedStyle(each).fill)"
        )
        assert sum(count for _, count in rows) == len(fills) == 68
        assert [fills.count(colour) for colour, _ in rows] == [count for _, count in rows]
        assert seen.quiet(), seen.errors
