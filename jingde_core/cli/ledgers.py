"""``jingde import``: ledger files into the office's store; looked at first, written when agreed."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jingde_core.cli.front import app, print_line, print_table
from jingde_core.model.catalogue import label
from jingde_core.model.place import store_file
from jingde_core.model.problem import DataError

if TYPE_CHECKING:
    from jingde_core.ledgers import Report, Store

_SHOWN = ("accepted", "quarantined", "skipped", "new", "changed", "same", "gone", "outside")


@app.command("import", help=label("cli.import.help"))
def import_files(
    files: Annotated[list[Path], typer.Argument(help=label("cli.import.files_help"))],
    kind: Annotated[str | None, typer.Option(help=label("cli.import.kind_help"))] = None,
    dry_run: Annotated[bool, typer.Option(help=label("cli.import.dry_run_help"))] = False,
    store: Annotated[str | None, typer.Option(help=label("cli.import.store_help"))] = None,
    yes: Annotated[bool, typer.Option("--yes", help=label("cli.import.yes_help"))] = False,
    supplement: Annotated[bool, typer.Option(help=label("cli.import.supplement_help"))] = False,
) -> None:
    """Read ledger files, show what they hold and would change, and put them into the store."""
    from jingde_core.ledgers import Store

    reports = _read(files, kind)
    place = store or store_file()
    unmade = dry_run and place and "://" not in str(place) and not Path(place).is_file()
    target = None if unmade else Store(place)
    for note in target.notes if target else []:
        typer.echo(note, err=True)
    _show(reports, target, replaces=not supplement)
    usable = [report for report in reports if report.tables]
    faulty = sum(report.counts["quarantined"] for report in reports)
    result = 2 if len(usable) < len(reports) else int(faulty > 0)
    if target is None or dry_run:
        print_line("cli.import.dry_run")
    elif usable and _agreed("cli.import.ask", yes):
        for report in usable:
            result = max(result, _commit(report, target, yes, replaces=not supplement))
    else:
        print_line("cli.import.nothing_written")
        result = result or 1
    raise typer.Exit(result)


def _read(files: list[Path], kind: str | None) -> "list[Report]":
    """Reports of the files, their errors told; a terminal sees which file is read."""
    from rich.console import Console
    from rich.progress import track

    from jingde_core.ledgers import read

    console = Console(stderr=True)
    quiet = not console.is_terminal
    shown = track(files, label("cli.import.reading"), console=console, disable=quiet)
    reports = [read(path, kind) for path in shown]
    for report in reports:
        errors = report.problems.loc[report.problems["severity"] == "error", "message"]
        for message in errors.head(DataError.shown):
            typer.echo(message, err=True)
        if len(errors) > DataError.shown:
            print_line("problem.more", count=len(errors) - DataError.shown, err=True)
    return reports


def _show(reports: "list[Report]", target: "Store | None", **choices: Any) -> None:
    """One line a file: its rows by disposition, and what they would change in the store."""
    import pandas as pd

    rows = []
    for report in reports:
        known = [label(f"ledger.kind.{kind}") for kind in sorted(set(report.rows["kind"]) - {""})]
        counts, note = dict(report.counts), ""
        if target is not None and report.tables:
            try:
                batch = target.commit(report, dry_run=True, **choices)
            except DataError as error:
                typer.echo(str(error), err=True)
                batch = target.commit(report, dry_run=True, confirm=True, **choices)
            counts |= {} if batch.repeated else batch.counts
            note = label("cli.import.repeated", at=batch.imported_at) if batch.repeated else ""
        shown = [str(counts.get(name, "")) for name in _SHOWN]
        rows.append([report.file, label("list_comma").join(known), *shown, note])
    print_table(pd.DataFrame(rows, columns=["file", "kind", *_SHOWN, "note"]), about="import")


def _agreed(question: str, yes: bool) -> bool:
    """Whether to go on: said beforehand, or answered at the terminal."""
    with suppress(typer.Abort):
        return yes or (sys.stdin.isatty() and typer.confirm(label(question)))
    return False


def _commit(report: "Report", target: "Store", yes: bool, **choices: Any) -> int:
    """Put a report into the store; where too much would be gone, ask again."""
    try:
        batch = target.commit(report, confirm=yes, **choices)
    except DataError as error:
        typer.echo(str(error), err=True)
        fewer = all(problem.code == "fewer_rows" for problem in error.problems)
        if not fewer or not _agreed("cli.import.ask_fewer", yes):
            print_line("cli.import.nothing_written")
            return 2
        batch = target.commit(report, confirm=True, **choices)
    key = "cli.import.was_there" if batch.repeated else "cli.import.written"
    print_line(key, file=batch.file, batch=batch.id, at=batch.imported_at)
    return 0
