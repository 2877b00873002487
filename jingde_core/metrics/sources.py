"""Where rows come from: frames, Parquet files, Arrow streams, DuckDB, as batches of columns."""

import glob
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from jingde_core.metrics import kernel
from jingde_core.metrics.contract import InputError, input_fault
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError, Problem

Batch = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Columns by name, read as batches, once, or as often as wanted (``again``)."""

    names: list[str]
    batches: Callable[[list[str]], Iterator[Batch]]
    again: bool = True


def opened(data: Any, keys: list[str], *, in_order: bool) -> Source:
    """The source behind a frame, a path, a DuckDB relation, or whatever exports an Arrow stream.

    Parameters
    ----------
    data : DataFrame, path, list of paths, DuckDB relation or Arrow stream
    keys : list of str
        Grouping columns; text among them is read as codes.
    in_order : bool
        Whether rows of a group should come together, where the engine can sort.

    Raises
    ------
    InputError
        for anything else.
    DataError
        for a file that is missing or is no Parquet.
    """
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return Source(
            list(data.columns), lambda names: iter([{name: data[name] for name in names}])
        )
    if isinstance(data, str | Path | list | tuple):
        return _parquet(data, keys)
    if type(data).__module__.split(".")[0] in ("duckdb", "_duckdb"):
        quoted = [f'"{name}"' for name in keys]
        rows = data.order(", ".join(quoted)) if in_order and keys else data
        return Source(
            data.columns,
            lambda names: _stream(rows.select(*(f'"{name}"' for name in names)), names),
        )
    if hasattr(data, "__arrow_c_stream__"):
        available = _arrow("pyarrow").schema(data.schema).names
        again = not hasattr(data, "read_next_batch")
        return Source(available, lambda names: _stream(data, names), again)
    raise InputError([input_fault("data", type(data).__name__, "engine")])


def _arrow(module: str) -> Any:
    """A module of pyarrow, which is an optional extra."""
    try:
        return import_module(module)
    except ImportError as missing:
        raise ImportError(label("metrics.extra_missing", extra="duckdb")) from missing


def _stream(data: Any, names: list[str]) -> Iterator[Batch]:
    kinds = _arrow("pyarrow.types")
    for batch in _arrow("pyarrow").RecordBatchReader.from_stream(data):
        yield {name: _values(batch[name], kinds) for name in names}


def _parquet(data: Any, keys: list[str]) -> Source:
    """Parquet files, text keys read as codes; files are opened when their turn comes."""
    arrow, datasets, kinds = map(_arrow, ("pyarrow", "pyarrow.dataset", "pyarrow.types"))
    given = data if isinstance(data, list | tuple) else [data]
    found = [glob.glob(str(path)) if glob.has_magic(str(path)) else [str(path)] for path in given]
    paths = sorted(path for each in found for path in each)
    faults = [
        Problem("missing_file", file=str(path), expected=label("expected.parquet"))
        for path, files in zip(given, found, strict=True)
        if not files or not Path(files[0]).exists()
    ]
    if faults or not paths:
        raise DataError(faults or [Problem("missing_file", expected=label("expected.parquet"))])
    form = datasets.ParquetFileFormat(dictionary_columns=set(keys))
    source: Any = paths if len(paths) > 1 else paths[0]
    try:
        dataset = datasets.dataset(source, format=form)
    except (arrow.ArrowInvalid, OSError) as error:
        found_it = str(error).splitlines()[0]
        expected = label("expected.parquet")
        raise DataError(
            [Problem("unreadable_file", file=", ".join(paths), found=found_it, expected=expected)]
        ) from error

    def batches(names: list[str]) -> Iterator[Batch]:
        scanned = dataset.to_batches(
            columns=names, batch_size=kernel.BLOCK, batch_readahead=2, fragment_readahead=1
        )
        for batch in scanned:
            yield {name: _values(batch[name], kinds) for name in names}

    return Source(dataset.schema.names, batches)


def _values(column: Any, kinds: Any) -> Any:
    """An Arrow column as an array; text as codes with their categories."""
    if kinds.is_string(column.type) or kinds.is_large_string(column.type):
        column = column.dictionary_encode()
    if kinds.is_dictionary(column.type):
        return column.to_pandas()
    return column.to_numpy(zero_copy_only=False)
