"""The synthetic county: every table from one seed, calibrated to the report's figures.

No row is a real household, person, asset or event; only the names and codes of places and the
figures of the report are real. Real ledgers replace these tables by import.
"""

import pandas as pd

SEED = 20201001


def make_county_tables(seed: int = SEED) -> dict[str, pd.DataFrame]:
    """All tables of the county (全县数据表), in the order in which they are declared.

    Raises
    ------
    ValueError
        when a seed's register cannot meet a figure of the report; nothing is returned.
    """
    from jingde_core.model.tables import TABLES
    from jingde_core.synthetic.making import Making
    from jingde_core.synthetic.order import MAKERS

    made = Making(seed)
    for make in MAKERS:
        made |= make(made)
    return {name: made[name] for name in TABLES}
