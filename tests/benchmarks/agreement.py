"""Agreement of the inequality measures with Python peers, on one drawn distribution.

The peers are no dependency. Install them into a folder of their own, and run
``PYTHONPATH=<that folder> python tests/benchmarks/agreement.py``:
``pip install --target <that folder> --no-deps inequality microdf-python matplotlib``
(and matplotlib's own requirements). The exit code is 1 when a difference exceeds 1e-9.
"""

import sys
from collections.abc import Iterator

import numpy as np

from jingde_core.metrics import concentration, inequality

TOLERANCE = 1e-9
Row = tuple[str, str, float, float]


def drawn(rows: int = 5000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Income a head in whole fen, members, and a group of each household; always the same."""
    random = np.random.default_rng(341825)
    income = random.lognormal(9.4, 0.6, rows).round(2)
    return income, random.integers(1, 8, rows), random.integers(0, 68, rows)


def against_inequality() -> Iterator[Row]:
    """One each: the peer knows no weights, so every person is written out."""
    from inequality.atkinson import atkinson
    from inequality.gini import Gini
    from inequality.theil import Theil, TheilD

    income, members, village = drawn()
    persons, of = np.repeat(income, members), np.repeat(village, members)
    split, theirs = inequality.theil_split(income, village, members), TheilD(persons, of)
    name = "inequality 1.1"
    yield "gini", name, inequality.gini(income, members), float(Gini(persons).g)
    yield "theil", name, split.total, float(Theil(persons).T)
    yield "theil between", name, split.between, float(theirs.bg[0])
    yield "theil within", name, split.within, float(theirs.wg[0])
    for epsilon in (0.5, 1, 2):
        ours = inequality.atkinson(income, members, epsilon=epsilon)
        yield f"atkinson {epsilon}", name, ours, float(atkinson(persons, epsilon))


def against_microdf() -> Iterator[Row]:
    """The quantiles lie off the steps: on a step the peer takes the lower value, we the middle."""
    from microdf import MicroSeries

    income, members, _ = drawn()
    theirs = MicroSeries(income, weights=members)
    name = "microdf 1.5"
    yield "gini", name, inequality.gini(income, members), float(theirs.gini())
    for share in (0.01, 0.1, 0.5):
        ours = concentration.top_share(income, members, share=share)
        yield f"top share {share}", name, ours, float(theirs.top_x_pct_share(share))
    for q in (0.123456789, 0.5000001, 0.9):
        ours = inequality.quantile(income, members, q=q)
        yield f"quantile {q}", name, ours, float(theirs.quantile(q))
    bottom = float(theirs.bottom_x_pct_share(0.4))
    ours = inequality.palma(income, members)
    yield "palma", name, ours, float(theirs.top_x_pct_share(0.1)) / bottom


def main() -> int:
    """Print the table; 1 when something differs or a peer is missing."""
    worst = 0.0
    print(f"{'measure':<22}{'peer':<16}{'ours':>22}{'theirs':>22}{'difference':>12}")
    for compared in (against_inequality, against_microdf):
        try:
            rows = list(compared())
        except ImportError as missing:
            print(f"{compared.__name__}: not run, {missing}")
            return 1
        for measure, peer, ours, theirs in rows:
            difference = abs(ours - theirs) / max(1.0, abs(theirs))
            worst = max(worst, difference)
            print(f"{measure:<22}{peer:<16}{ours:>22.15g}{theirs:>22.15g}{difference:>12.1e}")
    print(f"largest relative difference {worst:.1e}, allowed {TOLERANCE:.0e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
