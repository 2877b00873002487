"""What things are: tables, parameters, labels, faults; what the workbook needs to run."""

from typing import TYPE_CHECKING

from jingde_core.model.versions import versions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["describe", "versions"]


def describe(table: str) -> "pd.DataFrame":
    """The columns of a table: name, heading, unit, type, whether required, values, source.

    Raises
    ------
    KeyError
        for an unknown table; close names are listed.
    """
    from jingde_core.model.tables import describe as described

    return described(table)
