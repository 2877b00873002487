"""FGT 0-2 and Alkire-Foster H, M0 by village against pandas, polars, DuckDB and Dask.

    python -m tests.benchmarks.metrics --rows 1775 1e5 1e6 1.48e7

prints ours / peer / ratio / goal as Markdown. Both sides give the same numbers, which is
checked first; times are interleaved, in three processes, of which the middle one counts.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.metrics import kernel
from jingde_core.metrics.deprivation import GUARANTEES
from jingde_core.metrics.engines import measure_frame
from jingde_core.metrics.registry import METRICS, grouped_many
from jingde_core.metrics.uncertainty import sampled
from tests.benchmarks.pairs import in_process, interleaved, peak_memory
from tests.benchmarks.scaled_register import scaled_register, write_cities

LINE, CUTOFF = 4000.0, 1 / 3
NAMES = [
    "headcount_ratio",
    "poverty_gap",
    "poverty_severity",
    "multidimensional_headcount",
    "adjusted_headcount",
]
PARAMETERS = {"poverty_line": LINE, "cutoff": CUTOFF}
#: ratio to hold: case, rows from which it is asked, goal
GOALS = [
    ("pandas", 1_775, 0.12),
    ("pandas", 1_000_000, 0.25),
    ("pandas", 14_800_000, 0.15),
    ("polars", 14_800_000, 0.5),
    ("DuckDB", 14_800_000, 0.4),
    ("DuckDB on Parquet", 14_800_000, 0.75),
    ("dask.dataframe", 14_800_000, 0.7),
    ("estimate without error", 1_775, 2.0),
]


def ours(frame: pd.DataFrame) -> np.ndarray:
    """The five by the kernel, shape (metrics, villages)."""
    metrics = [METRICS[name] for name in NAMES]
    codes, keys = kernel.factorised(frame["village"].to_numpy())
    used = dict.fromkeys(name for each in metrics for name in each.columns)
    columns = {name: frame[name].to_numpy() for name in used}
    found = grouped_many(metrics, columns, codes, len(keys), **PARAMETERS)
    return np.array([found[name].value for name in NAMES])


def by_pandas(frame: pd.DataFrame) -> np.ndarray:
    """Columns by NumPy, then one groupby that adds them up."""
    members = frame["members"].to_numpy()
    income = frame["income_per_head"].to_numpy()
    gap = np.maximum(LINE - income, 0) / LINE
    count = sum(frame[name].to_numpy() * (1 / 6) for name in GUARANTEES)
    deprived = members * (count >= CUTOFF - 1e-9)
    sums = (
        pd.DataFrame(
            {
                "village": frame["village"].to_numpy(),
                "persons": members,
                "poor": members * (income < LINE),
                "gap": members * gap,
                "squared": members * gap * gap,
                "deprived": deprived,
                "intensity": deprived * count,
            }
        )
        .groupby("village", sort=True)
        .sum()
    )
    parts = sums[["poor", "gap", "squared", "deprived", "intensity"]].to_numpy()
    return (parts / sums[["persons"]].to_numpy()).T


def by_polars(frame: Any) -> np.ndarray:
    """One lazy query of polars."""
    import polars as pl

    members, income = pl.col("members"), pl.col("income_per_head")
    rows = frame.lazy().with_columns(
        gap=pl.max_horizontal(LINE - income, 0.0) / LINE,
        count=pl.sum_horizontal(*(pl.col(name) * (1 / 6) for name in GUARANTEES)),
    )
    poor = members * (pl.col("count") >= CUTOFF - 1e-9)
    parts = {
        "poor": members * (income < LINE),
        "gap": members * pl.col("gap"),
        "squared": members * pl.col("gap") * pl.col("gap"),
        "deprived": poor,
        "intensity": poor * pl.col("count"),
    }
    shares = [(part.sum() / members.sum()).alias(name) for name, part in parts.items()]
    found = rows.group_by("village").agg(shares).sort("village").collect()
    return found.select(*parts).to_numpy().T


def by_duckdb(connection: Any, table: str) -> np.ndarray:
    """One SQL statement of DuckDB."""
    count = " + ".join(f"{name} * (1.0::double / 6)" for name in GUARANTEES)
    found = connection.execute(
        f"""
        with parts as (
            select village, members, income_per_head < {LINE} as poor,
                   greatest({LINE}::double - income_per_head, 0) / {LINE}::double as gap,
                   {count} as number
            from {table})
        select village,
               sum(members * poor::int) / sum(members), sum(members * gap) / sum(members),
               sum(members * gap * gap) / sum(members),
               sum(members * (number >= {CUTOFF - 1e-9})::int) / sum(members),
               sum(case when number >= {CUTOFF - 1e-9} then members * number else 0 end)
                   / sum(members)
        from parts group by village order by village"""
    ).fetchnumpy()
    return np.array([np.asarray(values, dtype=float) for values in list(found.values())[1:]])


def by_dask(frame: Any) -> np.ndarray:
    """The groupby of dask.dataframe itself, its sums gathered in one place, as it likes best."""

    def parts(part: pd.DataFrame) -> pd.DataFrame:
        gap = np.maximum(LINE - part["income_per_head"], 0) / LINE
        count = sum(part[name] * (1 / 6) for name in GUARANTEES)
        deprived = part["members"] * (count >= CUTOFF - 1e-9)
        return pd.DataFrame(
            {
                "village": part["village"],
                "persons": part["members"],
                "poor": part["members"] * (part["income_per_head"] < LINE),
                "gap": part["members"] * gap,
                "squared": part["members"] * gap * gap,
                "deprived": deprived,
                "intensity": deprived * count,
            }
        )

    sums = frame.map_partitions(parts).groupby("village", sort=False)
    sums = sums.sum(split_out=1).compute().sort_index()
    below = sums[["persons"]].to_numpy()
    return (sums[["poor", "gap", "squared", "deprived", "intensity"]].to_numpy() / below).T


def by_frame(source: Any) -> np.ndarray:
    """The five by `measure_frame`, whatever holds the rows."""
    found = measure_frame(source, NAMES, by="village", **PARAMETERS)
    return found["value"].to_numpy().reshape(len(NAMES), -1)


Case = tuple[str, Callable[[], Any], Callable[[], Any]]


def in_memory(frame: pd.DataFrame, order: str) -> Iterator[Case]:
    """Against engines that hold the same rows in memory, in the form they like best."""
    import duckdb
    import polars

    yield f"pandas{order}", partial(ours, frame), partial(by_pandas, frame)
    yield f"polars{order}", partial(ours, frame), partial(by_polars, polars.from_pandas(frame))
    connection = duckdb.connect()
    connection.register("given", frame)
    connection.execute("create table households as select * from given")
    stored = partial(by_duckdb, connection, "households")
    yield f"DuckDB{order}", partial(ours, frame), stored
    connection.close()


def cases(rows: int, folder: Path) -> Iterator[Case]:
    """Name of the peer, our side, its side."""
    import duckdb

    yield from in_memory(scaled_register(rows, shuffled=True), ", rows shuffled")
    frame = scaled_register(rows)
    yield from in_memory(frame, "")
    if rows >= 100_000:
        write_cities(frame, folder)
        files = str(folder / "*.parquet")
        read = partial(by_duckdb, duckdb.connect(), f"read_parquet('{files}')")
        yield "DuckDB on Parquet", partial(by_frame, files), read
    codes, keys = kernel.factorised(frame["village"].to_numpy())
    gap = METRICS["poverty_gap"]
    design = (frame, codes, len(keys))
    with_error = partial(sampled, gap, *design, poverty_line=LINE)
    without = partial(gap.grouped, *design, poverty_line=LINE)
    yield "estimate without error", lambda: with_error().value, lambda: without().value


def on_cluster(folder: Path) -> dict[str, list[float]]:
    """Our kernel and dask's groupby on a cluster of two processes, rows in its memory."""
    import dask.dataframe
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        frame = dask.dataframe.read_parquet(folder, split_row_groups=False).persist()
        np.testing.assert_allclose(by_frame(frame), by_dask(frame), rtol=1e-9)
        pair = interleaved(lambda: by_frame(frame), lambda: by_dask(frame))
    return {"dask.dataframe": [*map(float, summary(pair))]}


def summary(pair: Any) -> tuple[float, float, float, float]:
    """Best time of ours, best of the peer, ratio of the best, ratio of the medians."""
    return min(pair.ours), min(pair.peer), pair.best_ratio, pair.ratio


def measured(rows: int) -> dict[str, list[float]]:
    """All pairs of one process."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, one, other in cases(rows, Path(folder)):
            np.testing.assert_allclose(one(), other(), rtol=1e-9)
            found[name] = [*map(float, summary(interleaved(one, other)))]
        if rows >= 1_000_000:
            found |= on_cluster(Path(folder))
    return found


def memory(rows: int, engine: str) -> float:
    """Peak memory, in a process of its own, over a register that is held, or read in batches."""
    if engine != "in memory":
        return peak_memory(partial(by_frame, engine))
    return peak_memory(partial(ours, scaled_register(rows)))


def goal(name: str, rows: int) -> str:
    """The goal that holds for a peer at a size."""
    asked = [held for peer, least, held in GOALS if peer == name and rows >= least]
    return f"{asked[-1]:g}" if asked else ""


def table(sizes: list[int], processes: int) -> Iterator[str]:
    """Lines of the Markdown table."""
    cpu, python = os.cpu_count(), platform.python_version()
    yield f"{cpu} cores, Python {python}, NumPy {np.__version__}, pandas {pd.__version__}"
    yield ""
    yield "| rows | against | ours ms | peer ms | ratio min/min | ratio of medians | goal |"
    yield "|---:|---|---:|---:|---:|---:|---:|"
    for rows in sizes:
        runs = [in_process(__spec__.name, "--one", str(rows)) for _ in range(processes)]
        for name in runs[0]:
            middle = sorted((run[name] for run in runs), key=lambda run: run[3])[processes // 2]
            one, other, best, median = middle
            cells = [f"{rows:,}", name, f"{one * 1e3:.2f}", f"{other * 1e3:.2f}"]
            cells += [f"{best:.2f}", f"{median:.2f}", goal(name, rows)]
            yield f"| {' | '.join(cells)} |"
    yield ""
    yield "| rows | peak memory GB, rows in memory | peak memory GB, from Parquet |"
    yield "|---:|---:|---:|"
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            in_process(__spec__.name, "--write", str(rows), folder)
            held = in_process(__spec__.name, "--memory", str(rows), "in memory")
            read = in_process(__spec__.name, "--memory", str(rows), folder)
        yield f"| {rows:,} | {held:.2f} | {read:.2f} |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=float, default=[1775, 1e5, 1e6])
    parser.add_argument("--processes", type=int, default=3)
    for hidden, count in (("--one", 1), ("--memory", 2), ("--write", 2)):
        parser.add_argument(hidden, nargs=count, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(int(given.one[0]))))
    elif given.memory:
        print(json.dumps(memory(int(given.memory[0]), given.memory[1])))
    elif given.write:
        write_cities(scaled_register(int(given.write[0])), Path(given.write[1]))
        print("null")
    else:
        for line in table([int(rows) for rows in given.rows], given.processes):
            print(line, flush=True)


if __name__ == "__main__":
    main()
