"""Two editions of one table held against each other: rows new and gone, cells changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.report import Report
from jingde_core.ledgers.workbook import heading, write_sheets
from jingde_core.model.catalogue import label
from jingde_core.model.parameters import Parameters
from jingde_core.model.problem import Problem, collected
from jingde_core.quality.checking import shown


@dataclass(frozen=True)
class Comparison:
    """What a new edition changes (两期比对).

    ``new`` and ``gone`` are whole rows; ``changed`` has one row a changed cell: the key's
    columns, ``column``, ``before``, ``after``. ``summary`` counts rows before and after, new,
    gone, changed and same, then changed cells by column. ``fewer`` is the warning that so many
    rows fewer came as the dated parameter does not let pass.
    """

    table: str
    new: pd.DataFrame
    gone: pd.DataFrame
    changed: pd.DataFrame
    summary: pd.DataFrame
    fewer: Problem | None

    def write_workbook(self, path: str | Path) -> None:
        """Write summary, new, gone and changed rows as sheets with Chinese headings."""
        summary = self.summary
        if self.fewer:
            warning = {"comparison": [self.fewer.message], "count": [int(self.fewer.found)]}
            summary = pd.concat([pd.DataFrame(warning), summary])
        cells = self.changed.drop(columns=["before", "after"])
        names = self.changed["column"]
        cells["column"] = [heading(name, self.table) for name in names]
        for side in ("before", "after"):
            cells[label(f"comparison.cell_{side}")] = [
                value if isinstance(value, int | float) else shown(name, value)
                for name, value in zip(names, self.changed[side], strict=True)
            ]
        sheets = {"summary": summary, "new": self.new, "gone": self.gone, "changed": cells}
        titled = {label(f"comparison.{name}"): frame for name, frame in sheets.items()}
        write_sheets(Path(path), titled, table=self.table)


def compare(
    old: pd.DataFrame | Report,
    new: pd.DataFrame | Report,
    *,
    key: str | Sequence[str] | None = None,
    table: str = "",
) -> Comparison:
    """What the new edition of a table changes (两期比对): new, gone and changed rows.

    Parameters
    ----------
    old, new : DataFrame or Report
        of a Report the table of that name, by default the first of the new one.
    key : str or sequence of str, optional
        columns that name a row; by default the key of the table, else ``id``.
    table : str, optional
        name of the table, for its key and headings.

    Returns
    -------
    Comparison
        A value that is missing in both is the same; so are text and number that read alike.
        Columns that only one edition has are no change.

    Raises
    ------
    DataError
        for an edition that lacks the table or a column of the key, or names a row twice.

    Examples
    --------
    >>> old = pd.DataFrame({"id": ["1", "2"], "members": [3, 1]})
    >>> new = pd.DataFrame({"id": ["2", "3"], "members": [2, 4]})
    >>> found = compare(old, new)
    >>> found.changed.to_dict("records")
    [{'id': '2', 'column': 'members', 'before': 1, 'after': 2}]
    >>> found.new["id"].tolist(), found.gone["id"].tolist()
    (['3'], ['1'])
    """
    if isinstance(new, Report):
        table = table or next(iter(new.tables), "")
    keys = [key] if isinstance(key, str) else list(key or _key(table))
    with collected() as problems:
        before, after = (
            _edition(edition, table, keys, label(f"comparison.{name}_edition"), problems)
            for name, edition in (("old", old), ("new", new))
        )
    changed = _changed(before, after, keys)
    new_rows, gone = after[~after.index.isin(before.index)], before[~before.index.isin(after.index)]
    touched, same = len(changed.drop_duplicates(keys)), len(after) - len(new_rows)
    sizes = (len(before), len(after), len(new_rows), len(gone), touched, same - touched)
    names = ("before", "after", "new", "gone", "changed", "same")
    counts = {label(f"comparison.{name}"): size for name, size in zip(names, sizes, strict=True)}
    for column, cells in changed["column"].value_counts(sort=False).items():
        counts[heading(str(column), table)] = int(cells)
    return Comparison(
        table,
        new_rows.reset_index(drop=True),
        gone.reset_index(drop=True),
        changed,
        pd.DataFrame({"comparison": list(counts), "count": list(counts.values())}),
        _fewer(len(before), len(after)),
    )


def _key(table: str) -> list[str]:
    from jingde_core.ledgers.check import table_about

    return list(table_about(table)["key"]) if table else ["id"]


def _edition(
    edition: pd.DataFrame | Report, table: str, keys: list[str], name: str, faults: list[Problem]
) -> pd.DataFrame:
    """The table of an edition by its key; what is wrong with it joins the faults."""
    frame = edition.tables.get(table) if isinstance(edition, Report) else edition
    missing = [table] if frame is None else [key for key in keys if key not in frame]
    faults += [Problem("missing_column", file=name, expected=column) for column in missing]
    if frame is None or missing:
        return pd.DataFrame(columns=keys)
    for twice in frame.loc[frame.duplicated(keys), keys].astype("str").to_numpy():
        column, found = ", ".join(keys), "/".join(twice)
        faults.append(Problem("duplicate", file=name, column=column, found=found, expected=name))
    return frame.set_index(keys, drop=False)


def _changed(before: pd.DataFrame, after: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Cells that differ in rows of both editions, sorted by key, columns in their order."""
    both = after.index[after.index.isin(before.index)]
    old, new = before.loc[both], after.loc[both]
    parts = [pd.DataFrame(columns=[*keys, "column", "before", "after"], dtype=object)]
    shared = new.columns.intersection(old.columns, sort=False).difference(keys, sort=False)
    for column in map(str, shared):
        left, right = old[column], new[column]
        if left.dtype != right.dtype:
            left, right = left.map(plain_text), right.map(plain_text)
        differs = (left.ne(right) & ~(left.isna() & right.isna())).fillna(True).to_numpy(dtype=bool)
        cells = {"before": left[differs], "after": right[differs]}
        parts.append(new.loc[differs, keys].assign(column=column, **cells).astype(object))
    return pd.concat(parts).sort_values(keys, kind="stable", ignore_index=True)


def _fewer(before: int, after: int) -> Problem | None:
    drop = before - after
    if drop <= 0 or drop < Parameters.load().value("edition_drop") * before:
        return None
    expected = f"{after}/{before}"
    return Problem("fewer_rows", found=str(drop), expected=expected, severity="warning")
