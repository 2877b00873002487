"""A county's tables as a folder of CSV files with a manifest.

``manifest.json`` names each table's file, SHA-256, row count, column types and provenance.
Files whose bytes are those that passed every check when they were written are read at once;
anything else is checked from cell to key, and every fault is told with file, row and column.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem, collected

Tables = dict[str, pd.DataFrame]
MANIFEST = "manifest.json"


def read_tables(folder: Path) -> tuple[Tables, pd.DataFrame]:
    """Tables of a folder and their provenance, one row a table.

    A folder with a manifest is held to it; one without is the office's own, and every
    table must be there as ``<table>.csv``.

    Raises
    ------
    DataError
        with every fault: a missing, changed, unreadable or empty file, unknown or missing
        columns, wrong cells, duplicate keys, keys that point nowhere.
    """
    manifest = _manifest(folder)
    contents: dict[str, bytes] = {}
    with collected() as problems:
        for name, entry in manifest["tables"].items():
            path = folder / entry["file"]
            if not path.is_file():
                problems.append(Problem("missing_file", file=entry["file"], expected=path.name))
            else:
                contents[name] = path.read_bytes()
    found = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    known = all(found[name] == entry.get("sha256") for name, entry in manifest["tables"].items())
    if known and manifest.get("schema") == schema_fingerprint():
        tables = {
            name: _parsed(contents[name], entry["columns"])
            for name, entry in manifest["tables"].items()
        }
    else:
        tables = _checked(contents, manifest, found)
    return tables, _provenance(manifest, tables, found)


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path, *, about: Any) -> None:
    """Check the tables and write them with their manifest; same tables, same bytes.

    Files take the place of old ones only when all are written, so that a full disk leaves the
    folder as it was.

    Parameters
    ----------
    tables : mapping of name to frame
    folder : Path
        Created when missing.
    about : mapping
        ``as_of`` (ISO date) and, per table or under ``"*"``, ``kind`` (reported, public,
        synthetic, imported) and ``source``.

    Raises
    ------
    DataError
        for tables outside the contract; then nothing is written.
    """
    from jingde_core.ledgers.check import check_tables, column_types

    problems = check_tables(tables)
    if problems:
        raise DataError(problems)
    contents: dict[str, bytes] = {}
    entries: dict[str, Any] = {}
    for name, frame in tables.items():
        content = contents[f"{name}.csv"] = table_bytes(frame)
        entries[name] = {
            "file": f"{name}.csv",
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": len(frame),
            **about.get(name, about["*"]),
            "columns": column_types(name),
        }
    manifest = {"as_of": about["as_of"], "schema": schema_fingerprint(), "tables": entries}
    contents[MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".writing-") as waiting:
        for file, content in contents.items():
            (Path(waiting) / file).write_bytes(content)
        for file in contents:
            os.replace(Path(waiting) / file, folder / file)


def table_bytes(frame: pd.DataFrame) -> bytes:
    """A table as CSV: UTF-8, LF, ISO dates, whole fen, true and false, empty for missing."""
    shown = frame.copy(deep=False)
    for column in shown:
        values = shown[column]
        if pd.api.types.is_bool_dtype(values):
            shown[column] = values.map({True: "true", False: "false"})
        elif pd.api.types.is_float_dtype(values):
            shown[column] = [_decimal(value) for value in values]
    text = shown.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")
    return text.encode("utf-8")


@lru_cache(maxsize=1)
def schema_fingerprint() -> str:
    """Hash of the table models' source: what files were checked against."""
    folder = Path(__file__).parents[1] / "model" / "tables"
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def _decimal(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.4f}".rstrip("0").rstrip(".")


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if path.is_file():
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            manifest["tables"].items()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                [Problem("unreadable_file", file=MANIFEST, found=str(error), expected="JSON")]
            ) from None
        return manifest
    if folder.resolve() == shipped("data").resolve() or not folder.is_dir():
        raise DataError([Problem("missing_file", file=MANIFEST, expected=MANIFEST)])
    from jingde_core.model.tables import TABLES

    return {"tables": {name: {"file": f"{name}.csv", "kind": "imported"} for name in TABLES}}


def _parsed(content: bytes, columns: Mapping[str, str]) -> pd.DataFrame:
    """A table whose bytes are known to be right."""
    dates = [name for name, kind in columns.items() if kind == "date"]
    types = {name: kind for name, kind in columns.items() if kind != "date"}
    frame = pd.read_csv(
        io.BytesIO(content), dtype=types, keep_default_na=False, na_values=[""], encoding="utf-8"
    )
    for name in dates:
        frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[us]")
    return frame


def _checked(contents: dict[str, bytes], manifest: dict[str, Any], found: dict[str, str]) -> Tables:
    """Tables of files that differ from their manifest, or have none, after every check."""
    from jingde_core.ledgers.check import check_tables, table_of_text

    tables: Tables = {}
    with collected() as problems:
        for name, entry in manifest["tables"].items():
            sha256 = entry.get("sha256")
            if sha256 and sha256 != found[name]:
                problems.append(
                    Problem(
                        "changed_file",
                        file=entry["file"],
                        found=found[name][:12],
                        expected=sha256[:12],
                    )
                )
            rows, faults = text_rows(contents[name], entry["file"])
            problems.extend(faults)
            if rows is not None:
                tables[name], faults = table_of_text(name, rows, entry["file"])
                problems.extend(faults)
        problems.extend(check_tables(tables))
    return {name: frame.reset_index(drop=True) for name, frame in tables.items()}


def text_rows(content: bytes, file: str) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Cells of a CSV file as text, indexed by the line of the file that each row starts on."""
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        start, rows, numbers = lines.line_num, [], []
        problems = []
        for cells in lines:
            number, start = start + 1, lines.line_num
            if len(cells) == len(header):
                rows.append(cells)
                numbers.append(number)
            elif cells:
                problems.append(
                    Problem(
                        "wrong_width",
                        file=file,
                        row=number,
                        found=str(len(cells)),
                        expected=str(len(header)),
                    )
                )
    except (UnicodeDecodeError, csv.Error) as error:
        fault = Problem("unreadable_file", file=file, found=str(error), expected="UTF-8 CSV")
        return None, [fault]
    if not rows and not problems:
        return None, [Problem("empty_file", file=file, expected="1+")]
    return pd.DataFrame(rows, columns=header, index=numbers, dtype="str"), problems


def _provenance(manifest: dict[str, Any], tables: Tables, found: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        {
            "table": name,
            "kind": entry.get("kind", "imported"),
            "source": entry.get("source", entry["file"]),
            "rows": len(tables[name]),
            "sha256": found[name],
            "as_of": manifest.get("as_of", ""),
        }
        for name, entry in manifest["tables"].items()
    ]
    return pd.DataFrame(rows)
