"""``jingde scenario run|compare``: scenario files worked out on a county, told or saved."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jingde_core.cli.front import app, print_line, print_table
from jingde_core.model.catalogue import label

if TYPE_CHECKING:
    from jingde_core.scenarios import Outcome

Files = Annotated[list[str], typer.Argument(help=label("cli.scenario.files_help"))]
Data = Annotated[Path | None, typer.Option(help=label("cli.check.data_help"))]
Json = Annotated[bool, typer.Option("--json", help=label("cli.json_help"))]

scenario = typer.Typer(help=label("cli.scenario.help"), no_args_is_help=True, rich_markup_mode=None)
app.add_typer(scenario, name="scenario")


@scenario.command(help=label("cli.scenario.run_help"))
def run(
    files: Files,
    data: Data = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help=label("cli.scenario.out_help"))] = None,
) -> None:
    """Work out scenario files and tell what each comes to."""
    outcomes = _outcomes(files, data)
    records = [outcome.record() for outcome in outcomes]
    if as_json:
        typer.echo(json.dumps(records, ensure_ascii=False))
    for outcome in [] if as_json else outcomes:
        _tell(outcome)
    for outcome, record in zip(outcomes, records, strict=True) if out else ():
        path = (out or Path()) / f"{outcome.scenario.file_name}-{outcome.hash[:8]}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting = path.with_suffix(".part")
        text = json.dumps(record, ensure_ascii=False, indent=1)
        waiting.write_text(text + "\n", encoding="utf-8")
        waiting.replace(path)
        print_line("cli.scenario.saved", err=True, path=path)


@scenario.command(help=label("cli.scenario.compare_help"))
def compare(files: Files, data: Data = None, as_json: Json = False) -> None:
    """Hold scenario files side by side."""
    from jingde_core import scenarios

    frame = scenarios.compare(_outcomes(files, data))
    if as_json:
        typer.echo(frame.to_json(orient="records", force_ascii=False))
        return
    shown = ["scenario", "rule", "spent", "unspent", "lifted_persons", "left_persons"]
    print_table(frame[[*shown, "unmet_need", "losers", "hash"]], about="scenario")
    _marks(frame.attrs)


def _outcomes(files: list[str], data: Path | None) -> "list[Outcome]":
    """The outcome of each file; faults of all files are told together."""
    from jingde_core import County, scenarios
    from jingde_core.model.problem import DataError, Problem

    examples, read = scenarios.examples(), []
    problems: list[Problem] = []
    for file in files:
        try:
            read.append(scenarios.Scenario.from_file(examples.get(file, file)))
        except DataError as faults:
            problems.extend(faults.problems)
    if problems:
        raise DataError(problems)
    county = County.load(data)
    return [scenarios.evaluate(county, each) for each in read]


def _tell(outcome: "Outcome") -> None:
    from jingde_core.views.numbers import sentence

    seed = outcome.scenario.seed
    print_line(
        "cli.scenario.heading",
        name=outcome.scenario.name,
        hash=outcome.hash,
        version=outcome.version,
        seed=label("cli.scenario.no_seed") if seed is None else seed,
    )
    text = label("scenario.sentence")
    typer.echo(sentence(text, scenario=outcome.scenario.name, **outcome.totals))
    print_table(outcome.stages, about="scenario")
    for note in outcome.notes:
        typer.echo(note)
    _marks(outcome.stages.attrs)


def _marks(attrs: dict[Any, Any]) -> None:
    from jingde_core.views import marks

    for mark in marks.marks(marks.kinds(None, attrs), scenario=True):
        typer.echo(mark)
    typer.echo(label("scenario.limits"))
