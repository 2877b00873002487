"""The synthetic county: every table from one seed, calibrated to the report's figures.

No row is a real household, person, asset or event; only the names and codes of places and the
figures of the report are real. Real ledgers replace these tables by import.
"""

import pandas as pd

from jingde_core.synthetic.register import make_register

SEED = 20201001


def make_county_tables(seed: int = SEED) -> dict[str, pd.DataFrame]:
    """All tables of the county (全县数据表), in the order in which they are declared.

    Raises
    ------
    ValueError
        when a seed's register cannot meet a figure of the report; nothing is returned.
    """
    from jingde_core.model.tables import TABLES
    from jingde_core.synthetic.flood import make_flood
    from jingde_core.synthetic.funds import make_funds
    from jingde_core.synthetic.oversight import make_oversight
    from jingde_core.synthetic.programmes import make_programmes

    tables = make_register(seed)
    funds = make_funds(seed, tables)
    tables |= funds | make_programmes(seed, tables, funds)
    tables |= make_flood(seed, tables)
    tables |= make_oversight(seed, tables)
    return {name: tables[name] for name in TABLES}
