"""Counties made from several seeds, once for the whole run, and the figures that they meet."""

from functools import cache

import pandas as pd

from jingde_core.synthetic import SEED, make_county_tables

SEEDS = (SEED, 1, 2, 7)
Tables = dict[str, pd.DataFrame]


@cache
def made(seed: int) -> Tables:
    return make_county_tables(seed)


def fen(amounts: "pd.Series[float]") -> int:
    """Sum of yuan in whole fen."""
    return int((amounts * 100).round().astype("int64").sum())
