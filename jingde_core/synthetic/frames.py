"""Tables out of working frames, which hold more columns than the table, or fewer."""

import pandas as pd

from jingde_core.synthetic import draw


def table(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a named table (按表结构成表): absent columns empty, working columns left out."""
    from jingde_core.ledgers.check import column_types

    return draw.table(name, frame.reindex(columns=list(column_types(name))))
