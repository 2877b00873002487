"""Every table of the county as a pandera model: structure, contract and documentation in one.

``TABLES`` maps a table's name to its model. Importing this package imports pandera, so the
rest of the code does it where tables are checked, not at start.
"""

import pandas as pd

from jingde_core.model.catalogue import column_label, label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.model.tables import flood, funds, oversight, people, programmes
from jingde_core.model.tables.fields import Table

__all__ = ["STORE_ONLY", "TABLES", "Table", "describe"]

TABLES: dict[str, type[Table]] = {
    **people.TABLES,
    **funds.TABLES,
    **programmes.TABLES,
    **flood.TABLES,
    **oversight.TABLES,
}

#: tables that only the office's store holds
STORE_ONLY: dict[str, type[Table]] = people.STORE_ONLY


def describe(table: str) -> pd.DataFrame:
    """One row a column: name, heading, unit, whether required, values allowed."""
    if table not in TABLES:
        raise KeyError(unknown_name(table, TABLES))
    rows = []
    for name, column in TABLES[table].to_schema().columns.items():
        allowed = [
            value
            for check in column.checks
            if check.name == "isin"
            for value in check.statistics["allowed_values"]
        ]
        rows.append(
            {
                "column": name,
                "heading": column_label(name, table=table),
                "unit": label(f"unit.{column.metadata['unit']}"),
                "required": label("required.no" if column.nullable else "required.yes"),
                "values": label("list_comma").join(
                    f"{value}={value_label(name, value)}" for value in allowed
                ),
            }
        )
    return pd.DataFrame(rows)
