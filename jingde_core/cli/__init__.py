"""The command line: ``jingde lab``, ``jingde check``, ``jingde import``, ``jingde render``.

Exit codes: 0 all is well; 1 a figure differs or a page could not be made; 2 the data,
the machine or the command line is at fault, said on stderr with place, cause and cure;
3 a fault of the workbook itself. ``$JINGDE_DEBUG`` shows the stack of the last kind.
"""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from jingde_core.cli import lab, ledgers, scenarios
from jingde_core.cli.front import app, print_line, print_table
from jingde_core.model.catalogue import label, value_label
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem, collected

__all__ = ["app", "lab", "ledgers", "main", "scenarios"]
PAGES = Path("jingde-pages")
#: columns of the reconciliation that a screen has room for; `--json` prints all
SHOWN = ["measure", "reported", "computed", "difference", "unit", "status", "note"]


@app.command(help=label("cli.check.help"))
def check(
    data: Annotated[Path | None, typer.Option(help=label("cli.check.data_help"))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=label("cli.json_help"))] = False,
) -> None:
    """Load the data and hold every figure of the report against the rows."""
    from jingde_core import County, reconcile

    table = reconcile(County.load(data))
    counts = table["status"].value_counts()
    differs = int(counts.get("differs", 0))
    if as_json:
        figures = json.loads(table.to_json(orient="records", force_ascii=False))
        counted = {status: int(count) for status, count in counts.items()}
        typer.echo(json.dumps({"counts": counted, "figures": figures}, ensure_ascii=False))
    else:
        print_table(table[SHOWN], about="reconciliation")
        for status, count in counts.items():
            typer.echo(f"{value_label('status', status)}\t{count}")
        print_line(
            "cli.check.differs" if differs else "cli.check.agrees", count=differs or len(table)
        )
        calibrated = table["status"].isin(["equal", "rounded"]) & ~table["independent"]
        if calibrated.any():
            print_line(
                "cli.check.calibrated", mark=label("calibrated_mark"), count=int(calibrated.sum())
            )
    raise typer.Exit(1 if differs else 0)


@app.command(help=label("cli.render.help"))
def render(
    notebooks: Annotated[
        list[Path] | None, typer.Argument(help=label("cli.render.notebooks_help"))
    ] = None,
    out: Annotated[Path, typer.Option(help=label("cli.render.out_help"))] = PAGES,
    audience: Annotated[str, typer.Option(help=label("cli.render.audience_help"))] = "leader",
    jobs: Annotated[int, typer.Option(min=1, help=label("cli.render.jobs_help"))] = 2,
    pdf: Annotated[bool, typer.Option("--pdf", help=label("sharing.pdf_help"))] = False,
    working: Annotated[bool, typer.Option("--working", help=label("sharing.working_help"))] = False,
) -> None:
    """Run notebooks, one process each, and write a page for each that opens offline."""
    from jingde_core import sharing

    chosen = [_notebook(each) for each in notebooks or []]
    chosen = chosen or sorted(shipped("notebooks").glob("*.ipynb"))
    with collected() as problems:
        problems.extend(
            Problem("missing_file", file=str(path), expected=path.name)
            for path in chosen
            if not path.is_file()
        )
    reader = "working" if working else audience
    pages = sharing.render_all(
        chosen, out, audience=reader, jobs=jobs, pdf=pdf, progress=typer.echo
    )
    print_line("cli.render.done", count=len(pages), folder=out.resolve())


def _notebook(named: Path) -> Path:
    """A notebook as it was named: a file, or the bare name of one here or of the workbook's own."""
    bare = named.with_name(f"{named.name.removesuffix('.ipynb')}.ipynb")
    places = [named, bare, shipped("notebooks") / bare.name]
    return next((place for place in places if place.is_file()), named)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every fault is told on stderr."""
    try:
        return int(app(args=arguments, standalone_mode=False) or 0)
    except TyperException as fault:
        print_line("cli.wrong_usage", detail=fault.format_message(), err=True)
    except DataError as fault:
        typer.echo(str(fault), err=True)
    except ModuleNotFoundError as fault:
        print_line("cli.missing_module", name=fault.name, err=True)
    except OSError as fault:
        print_line(
            "cli.os_error", file=fault.filename or "", reason=fault.strerror or fault, err=True
        )
    except Exception as fault:
        if os.environ.get("JINGDE_DEBUG"):
            raise
        print_line("cli.unexpected", kind=type(fault).__name__, detail=fault, err=True)
        return 3
    return 2
