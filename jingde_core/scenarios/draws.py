"""How far a rule's merit hangs on what is not known: who is struck next, who is mis-measured.

The office shares out by the register; the world is another. In each draw the shocks fall anew
and the true income of each household is the register's times a log-normal error with median 1.
All rules meet the same draws (common random numbers), so that the difference between two rules
is known far better than either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jingde_core.metrics.contract import COUNT, NOT_NEGATIVE, Array
from jingde_core.metrics.distribution import checked
from jingde_core.model.problem import DataError, Problem
from jingde_core.scenarios.baseline import Baseline, Fen
from jingde_core.scenarios.evaluation import placed, prepared
from jingde_core.scenarios.outcome import Outcome, attributes
from jingde_core.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from jingde_core.county import County

#: measures of a draw, all the better the smaller
MEASURES = ("headcount_ratio", "poverty_gap", "poverty_severity")
#: draws are this far apart in seeds, so that a scenario's own shocks never share one
_STRIDE = 10_007


@dataclass(frozen=True)
class Robustness:
    """Rules held side by side over common draws.

    ``summary`` has one row a rule: means of the measures; ``difference`` from the first rule in
    the chosen measure with its 95 % interval ``low, high`` (paired draws); ``ranks_first``, the
    share of draws in which no rule was better (ties shared); ``regret`` mean and greatest;
    ``exclusion`` (truly poor persons who got nothing) and ``inclusion`` (paid persons who were
    truly not poor). ``draws`` has one row a rule and draw.
    """

    summary: pd.DataFrame
    draws: pd.DataFrame
    measure: str


def robustness(
    county: "County | pd.DataFrame | Baseline",
    scenario: Scenario,
    rules: Sequence[str],
    draws: int = 200,
    *,
    income_error: float,
    measure: str = "poverty_severity",
) -> Robustness:
    r"""Rules over many draws of shock and income error (稳健性检验).

    .. math:: y^{true}_{id} = y_i \exp(\sigma \varepsilon_{id}), \quad \varepsilon \sim N(0, 1)

    Parameters
    ----------
    county : County or frame
    scenario : Scenario
        With a seed; everything but its rule holds for every rule.
    rules : sequence of str
        The first is the one that the others are held against.
    draws : int
        >= 2.
    income_error : float
        sigma >= 0, standard deviation of the logarithm of income; 0 trusts the register.
    measure : str
        One of `MEASURES`, by which rules are ranked.

    Returns
    -------
    Robustness

    Raises
    ------
    DataError
        for a scenario without seed, and as for `evaluate`.
    InputError
        for fewer than two draws, or a negative error.
    """
    checked({}, {"draws": (draws - 1, COUNT), "income_error": (income_error, NOT_NEGATIVE)})
    if scenario.seed is None:
        raise DataError([Problem("scenario_seed", scenario.file, "seed", found="robustness")])
    base = Baseline.of(county, scenario.scope["universe"])
    options = [scenario.ruled_by(rule) for rule in rules]
    redrawn = any(each["kind"] in ("flood", "illness") for each in scenario.shocks)
    redrawn |= any(each["kind"] == "micro_credit" for each in scenario.levers)
    outcomes: list[Outcome] = []
    rows = []
    for draw in range(draws):
        seed = (scenario.seed + _STRIDE * draw) % 2**32
        noise = np.random.default_rng([scenario.seed, draw]).standard_normal(len(base))
        if redrawn or not outcomes:
            ready = prepared(base, replace(options[0], seed=seed))
            outcomes = [
                replace(ready, local=placed(base, option)).outcome(option) for option in options
            ]
        for rule, outcome in zip(rules, outcomes, strict=True):
            found = _true(outcome, np.exp(income_error * noise))
            rows.append({"rule": rule, "draw": draw, "seed": seed} | found)
    frame = pd.DataFrame(rows)
    summary = _summary(frame, list(rules), measure)
    frame.attrs = summary.attrs = attributes(scenario, base)
    return Robustness(summary, frame, measure)


def _true(outcome: Outcome, error: Array) -> dict[str, float]:
    """Measures of one draw where the true income is the register's times an error."""
    shocked, stage = outcome.at["shocked"].income, outcome.at["supported"]
    own: Fen = np.where(shocked > 0, np.rint(shocked * error), shocked).astype(np.int64)
    without = replace(stage, income=own)
    true = replace(stage, income=own + stage.income - shocked)
    found = true.measures(np.zeros(len(own), dtype=np.intp), 1)
    members, paid = outcome.base.members, stage.income > shocked
    poor = without.below
    return {
        **{name: float(found[name][0]) for name in MEASURES},
        "exclusion": _share(members[poor & ~paid].sum(), members[poor].sum()),
        "inclusion": _share(members[paid & ~poor].sum(), members[paid].sum()),
    }


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else np.nan


def _summary(frame: pd.DataFrame, rules: list[str], measure: str) -> pd.DataFrame:
    values = frame.pivot(index="draw", columns="rule", values=measure)[rules].to_numpy()
    count = len(values)
    best = values.min(axis=1, keepdims=True)
    first = values <= best * (1 + 1e-9) + 1e-15
    regret = values - best
    paired = values - values[:, :1]
    error = paired.std(axis=0, ddof=1) / np.sqrt(count)
    means = frame.groupby("rule", sort=False)[[*MEASURES, "exclusion", "inclusion"]].mean()
    return (
        means.loc[rules]
        .assign(
            difference=paired.mean(axis=0),
            low=paired.mean(axis=0) - 1.96 * error,
            high=paired.mean(axis=0) + 1.96 * error,
            ranks_first=(first / first.sum(axis=1, keepdims=True)).mean(axis=0),
            regret=regret.mean(axis=0),
            greatest_regret=regret.max(axis=0),
        )
        .reset_index()
    )
