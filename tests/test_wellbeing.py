"""Recovery and well-being: published check values, closed forms against quadrature, and limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from jingde_core.metrics import flood
from jingde_core.metrics.contract import InputError

MODEL = {"productivity": 0.27366, "recovery_years": 3.0, "reconstruction_share": 1.0}
TASTE = {"discount_rate": 0.05, "elasticity": 1.5, "mean_consumption": 8000.0}


def one(consumption=10_000.0, asset_loss=5_000.0, support=0.0, **changed):
    people = {"consumption": [consumption], "asset_loss": [asset_loss], "members": [1]}
    return flood.wellbeing(**people, support=support, **{**MODEL, **TASTE, **changed})


def path_of(consumption=5_000.0, asset_loss=2_000.0, support=0.0, line=4_000.0, **changed):
    people = {"consumption": [consumption], "asset_loss": [asset_loss], "support": [support]}
    return flood.recovery(**people, line=line, **{**MODEL, **changed}).iloc[0]


@pytest.mark.parametrize(
    ("productivity", "published"),
    [(0.27366, 1.21330), (0.28971, 1.22860), (0.23011, 1.17176), (0.25308, 1.19367)],
)
def test_gamma_has_the_published_values(productivity, published):
    found = flood.gamma(**{**MODEL, "productivity": productivity}, discount_rate=0.05)
    assert found == pytest.approx(published, abs=1e-5)
    spent = one(productivity=productivity, asset_loss=1.0).households["consumption_loss"]
    assert spent.item() == pytest.approx(published, abs=1e-5)


def test_the_decay_is_applied_once():
    """A peer integrates the path with its decay a second time: 47 to 49 % of the loss is gone."""
    rate, rho = np.log(20) / 3, 0.05
    for productivity in (0.27366, 0.28971, 0.23011, 0.25308):
        first = productivity + rate
        twice = quad(lambda t, a=first: a * np.exp(-(2 * rate + rho) * t), 0, np.inf)[0]
        once = flood.gamma(**{**MODEL, "productivity": productivity}, discount_rate=rho).item()
        assert 0.47 < 1 - twice / once < 0.49
        assert once == pytest.approx(first / (rho + rate), rel=1e-12)


def integrated(c, loss, productivity, years, share, rho, eta, support, mean):
    """Consumption and well-being lost, by a root and two integrals with no closed form."""
    rate = np.log(20) / years
    first = loss * (productivity + share * rate)
    left = 1 - rate * support / first
    if left <= 0:
        return 0.0, 0.0
    xi = brentq(lambda x: x * (1 - np.log(x)) - left, 1e-300, 1, xtol=1e-15) if support else 1.0
    turn = -np.log(xi) / rate

    def lost(t):
        return min(xi * first, first * np.exp(-rate * t))

    def utility(x):
        return np.log(x) if eta == 1 else x ** (1 - eta) / (1 - eta)

    def whole(value):
        ends = (0, turn, turn + 2 / rate, turn + 10 / rate, turn + 60 / rate)
        parts = [quad(value, a, b, epsrel=1e-11)[0] for a, b in zip(ends, ends[1:], strict=False)]
        return sum(parts)

    spent = whole(lambda t: lost(t) * np.exp(-rho * t))
    felt = whole(lambda t: (utility(c) - utility(c - lost(t))) * np.exp(-rho * t))
    return spent, felt / mean**-eta


@pytest.mark.parametrize(
    ("loss", "productivity", "years", "share", "rho", "eta", "support"),
    [
        (5_000, 0.27, 3, 1.0, 0.05, 1.5, 0),
        (5_000, 0.27, 3, 1.0, 0.05, 1.5, 1_000),
        (7_500, 0.27, 3, 1.0, 0.05, 1.0, 500),
        (5_000, 0.20, 10, 0.5, 0.03, 2.5, 2_500),
        (100, 0.20, 1, 0.0, 0.10, 0.7, 0),
        (5_000, 0.27, 3, 1.0, 0.05, 1.5, 7_000),
    ],
)
def test_closed_forms_agree_with_quadrature(loss, productivity, years, share, rho, eta, support):
    found = one(
        asset_loss=float(loss),
        support=float(support),
        productivity=productivity,
        recovery_years=years,
        reconstruction_share=share,
        discount_rate=rho,
        elasticity=eta,
    ).households.iloc[0]
    spent, felt = integrated(
        10_000, loss, productivity, years, share, rho, eta, support, TASTE["mean_consumption"]
    )
    assert found["consumption_loss"] == pytest.approx(spent, rel=1e-6)
    assert found["wellbeing_loss"] == pytest.approx(felt, rel=1e-6)


def test_a_loss_that_is_never_rebuilt_lasts_for_ever():
    found = one(asset_loss=1_000.0, recovery_years=np.inf)
    after = 10_000 - 1_000 * MODEL["productivity"]
    felt = (10_000**-0.5 / -0.5 - after**-0.5 / -0.5) / 0.05 / 8_000**-1.5
    assert found.wellbeing_loss == pytest.approx(felt)


def test_support_that_covers_all_leaves_no_loss():
    rate = np.log(20) / 3
    first = 2_000 * (MODEL["productivity"] + rate)
    enough = path_of(support=first / rate)
    assert (enough["largest_loss"], enough["t95"], enough["years_below"]) == (0, 0, 0)
    assert one(asset_loss=2_000.0, support=first / rate).wellbeing_loss == 0
    nearly = path_of(support=first / rate * 0.999)
    assert nearly["largest_loss"] > 0


@given(st.floats(1e-4, 0.9999))
def test_support_is_spent_to_the_last_yuan_where_consumption_is_lowest(part):
    rate, first = np.log(20) / 3, 2_000 * (MODEL["productivity"] + np.log(20) / 3)
    path = path_of(support=part * first / rate)
    xi = path["largest_loss"] / first
    assert xi * (1 - np.log(xi)) == pytest.approx(1 - part, abs=1e-7)
    saved = first / rate * (1 - xi) - xi * first * path["held_years"]
    assert saved == pytest.approx(part * first / rate, rel=1e-6)


def test_years_below_the_line_by_hand():
    """A loss of 2,000 a year against room for 1,000 is halved after ln 2 / lambda years."""
    years = np.log(20) / 0.8
    path = path_of(asset_loss=2_000.0, productivity=0.2, recovery_years=years)
    assert path["first_loss"] == pytest.approx(2_000)
    assert path["years_below"] == pytest.approx(np.log(2) / 0.8)
    assert path["t95"] == pytest.approx(years)


def test_who_was_below_before_is_below_for_ever_and_who_lost_nothing_never():
    assert path_of(consumption=3_000.0)["years_below"] == np.inf
    assert path_of(consumption=4_000.0)["years_below"] == np.inf
    untouched = path_of(consumption=4_000.0, asset_loss=0.0)
    assert (untouched["years_below"], untouched["t95"], untouched["first_loss"]) == (0, 0, 0)


def test_recovery_is_as_fast_as_subsistence_allows():
    people = {"consumption": [10_000, 10_000, 4_500, 10_000], "asset_loss": [5_000, 100, 5_000, 0]}
    limits = {"productivity": 0.2, "reconstruction_share": 1.0, "subsistence": 4_000}
    found = flood.affordable_years(**people, **limits, fastest_years=1.0)
    assert found == pytest.approx([np.log(20), 1, np.inf, 1])
    first = 5_000 * (0.2 + np.log(20) / found[0])
    assert 10_000 - first == pytest.approx(4_000)


def test_a_loss_of_all_consumption_is_unknown_and_makes_the_total_unknown():
    people = {"consumption": [10_000, 10_000], "asset_loss": [100, 9_000], "members": [3, 1]}
    found = flood.wellbeing(**people, support=0, **MODEL, **TASTE)
    assert found.households["wellbeing_loss"].isna().tolist() == [False, True]
    assert np.isnan(found.wellbeing_loss) and np.isnan(found.resilience)


def test_the_same_loss_weighs_more_on_the_poor():
    people = {"consumption": [6_000, 20_000], "asset_loss": [500, 500], "members": [1, 1]}
    poor, rich = flood.wellbeing(**people, support=0, **MODEL, **TASTE).households["wellbeing_loss"]
    assert poor > 4 * rich


@given(st.floats(0, 4_000), st.floats(0, 4_000))
def test_more_loss_is_never_less_wellbeing_lost_and_support_never_hurts(loss, support):
    bare, more = one(asset_loss=loss), one(asset_loss=loss + 100)
    helped = one(asset_loss=loss, support=support)
    assert more.wellbeing_loss >= bare.wellbeing_loss >= helped.wellbeing_loss - 1e-6
    if loss > 1:
        assert bare.resilience == pytest.approx(bare.asset_loss / bare.wellbeing_loss)


def test_nobody_loses_nothing():
    none = {"consumption": [], "asset_loss": [], "members": []}
    found = flood.wellbeing(**none, support=0, **MODEL, **TASTE)
    assert (found.asset_loss, found.wellbeing_loss) == (0, 0)
    assert np.isnan(found.resilience) and found.households.empty


def test_every_argument_out_of_range_is_named_at_once():
    with pytest.raises(InputError) as caught:
        one(
            consumption=-1.0,
            asset_loss=np.nan,
            support=-1.0,
            productivity=0.0,
            recovery_years=0.0,
            reconstruction_share=1.2,
            discount_rate=0.0,
            elasticity=0.0,
        )
    assert [problem.column for problem in caught.value.problems] == [
        *("consumption", "asset_loss", "recovery_years", "support"),
        *("productivity", "reconstruction_share", "discount_rate", "elasticity"),
    ]


def test_no_parameter_has_a_silent_default():
    with pytest.raises(TypeError, match="elasticity"):
        flood.wellbeing(
            consumption=[1], asset_loss=[0], members=[1], support=0, **MODEL, discount_rate=0.05
        )


def test_the_sensitivity_table_changes_one_parameter_at_a_time():
    people = {"consumption": [10_000.0], "asset_loss": [1_000.0], "members": [2]}
    base = {**people, "support": 0.0, **MODEL, **TASTE}
    found = flood.sensitivity(base, {"elasticity": [1.5, 2.0], "support": [500.0]})
    assert found["parameter"].tolist() == ["elasticity", "elasticity", "support"]
    assert found["change"].iloc[0] == 0
    assert found["change"].iloc[1] != 0 and found["change"].iloc[2] < 0
    expected = flood.wellbeing(**{**base, "support": 500.0})
    assert found["wellbeing_loss"].iloc[2] == expected.wellbeing_loss
    assert found["resilience"].iloc[2] == expected.resilience
