"""Every table of the county as a pandera model: structure, contract and documentation in one.

``TABLES`` maps a table's name to its model. Importing this package imports pandera, so the
rest of the code does it where tables are checked, not at start.
"""

from jingde_core.model.tables import flood, funds, oversight, people, programmes
from jingde_core.model.tables.fields import Table

TABLES: dict[str, type[Table]] = {
    **people.TABLES,
    **funds.TABLES,
    **programmes.TABLES,
    **flood.TABLES,
    **oversight.TABLES,
}

#: tables that only the office's store holds
STORE_ONLY: dict[str, type[Table]] = people.STORE_ONLY
