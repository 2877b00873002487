"""A fault in what was given: where, what was found, what was expected, how to mend it.

Faults are collected and told all at once; ``DataError`` carries them. The sentence is
made from the catalogue entry ``problem.<code>`` (what is wrong) and ``cure.<code>``.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from jingde_core.model.catalogue import has_label, label

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One fault with its place. ``row`` is the line of the file as an editor counts it."""

    code: str
    file: str = ""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    found: str = ""
    expected: str = ""
    severity: Severity = "error"

    @property
    def place(self) -> str:
        """File, sheet, row and column, as far as they are known."""
        sheet = f"[{self.sheet}]" if self.sheet else ""
        row = label("problem.row", row=self.row) if self.row is not None else ""
        heading = f"column.{self.column}"
        shown = f"{label(heading)} {self.column}" if has_label(heading) else self.column
        column = label("problem.column", column=shown) if self.column else ""
        return " ".join(part for part in (f"{self.file}{sheet}", row, column) if part)

    @property
    def message(self) -> str:
        """The whole sentence: place, found, expected, cure."""
        what = label(f"problem.{self.code}", found=self.found, expected=self.expected)
        cure = label(f"cure.{self.code}") if has_label(f"cure.{self.code}") else ""
        return label("problem.sentence", place=self.place, what=what, cure=cure)

    def __str__(self) -> str:
        return self.message


class DataError(ValueError):
    """Data outside the contract; ``problems`` holds every fault found."""

    #: faults printed in the message; the rest are counted and stay in ``problems``
    shown = 30

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [problem.message for problem in self.problems[: self.shown]]
        if len(self.problems) > self.shown:
            lines.append(label("problem.more", count=len(self.problems) - self.shown))
        super().__init__("\n".join([label("problem.heading", count=len(self.problems)), *lines]))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the faults, and no stack of code."""
        return [str(self)]


@contextmanager
def collected() -> Iterator[list[Problem]]:
    """Collect faults in the block, and raise them all together at its end."""
    problems: list[Problem] = []
    yield problems
    if any(problem.severity == "error" for problem in problems):
        raise DataError(problems)
