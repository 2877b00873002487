"""The shipped register scaled up: any number of households in villages of a province's size."""

from pathlib import Path

import numpy as np
import pandas as pd

from jingde_core.metrics.deprivation import GUARANTEES
from jingde_core.model.place import shipped

#: households of a village of the province: 14.8 million in 128,000
VILLAGE_SIZE = 14_800_000 / 128_000
#: share of households that miss a guarantee, food first
MISSED = (0.02, 0.02, 0.03, 0.05, 0.08, 0.10)


def scaled_register(rows: int, *, seed: int = 20200930, shuffled: bool = False) -> pd.DataFrame:
    """Households drawn again from the shipped register, incomes spread by 35 per cent.

    Returns
    -------
    DataFrame
        village (int32, kept village by village unless shuffled), income_per_head, members, and
        one column (0 or 1, int8) for each guarantee that is missed.
    """
    rng = np.random.default_rng(seed)
    source = pd.read_csv(
        shipped("data") / "households.csv", usecols=["income_per_head", "members"]
    ).dropna()
    drawn = rng.integers(0, len(source), rows)
    villages = max(68, round(rows / VILLAGE_SIZE))
    village = rng.integers(0, villages, rows, dtype=np.int32)
    if not shuffled:
        village.sort()
    income = source["income_per_head"].to_numpy(float)[drawn] * rng.lognormal(-0.4, 0.35, rows)
    poorer = income < np.median(income)
    missed = {
        name: (rng.random(rows) < share * (0.5 + poorer)).astype(np.int8)
        for name, share in zip(GUARANTEES, MISSED, strict=True)
    }
    return pd.DataFrame(
        {
            "village": village,
            "income_per_head": np.round(income, 2),
            "members": source["members"].to_numpy(np.int64)[drawn],
            **missed,
        }
    )


def write_cities(frame: pd.DataFrame, folder: Path, *, cities: int = 16) -> None:
    """The register as one Parquet file a city, rows in their order."""
    import pyarrow
    import pyarrow.parquet

    bounds = np.linspace(0, len(frame), cities + 1).astype(int)
    for city, (start, end) in enumerate(zip(bounds, bounds[1:], strict=False)):
        table = pyarrow.Table.from_pandas(frame.iloc[start:end], preserve_index=False)
        pyarrow.parquet.write_table(table, folder / f"city_{city:02}.parquet")
