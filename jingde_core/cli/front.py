"""What every command shares: the application, what it says, tables in a terminal."""

import math
import sys
from typing import TYPE_CHECKING, Any

import typer

from jingde_core.model.catalogue import column_label, label, value_label
from jingde_core.model.problem import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    help=label("cli.help"),
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help cuts Chinese text, which has no spaces to break at
)


def print_line(key: str, *, err: bool = False, **values: Any) -> None:
    """Print a line of the catalogue, on stderr where it is an error."""
    typer.echo(label(key, **values), err=err)


def tell(problems: list[Problem]) -> None:
    """Print warnings on stderr; raise when one of the problems is an error."""
    if any(problem.severity == "error" for problem in problems):
        raise DataError(problems)
    for problem in problems:
        typer.echo(problem.message, err=True)


def print_table(table: "pd.DataFrame", *, about: str) -> None:
    """Print a frame under its headings; wide characters keep their columns, long text folds.

    ``about`` names the table whose headings the catalogue holds.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 200)
    grid = Table(box=SIMPLE_HEAD)
    for name in table:
        grid.add_column(
            Text(column_label(str(name), table=about)),
            justify="right" if table[name].dtype.kind in "if" else "left",
            overflow="fold",
        )
    for row in table.itertuples(index=False):
        grid.add_row(*map(Text, map(_cell, table.columns, row)))
    console.print(grid)


def _cell(column: str, value: Any) -> str:
    if isinstance(value, float):
        return label("no_data") if math.isnan(value) else f"{value:,.10g}"
    return value_label(column, value)
