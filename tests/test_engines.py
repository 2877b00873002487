"""One declaration over every engine: the same frame, to the last digits, from all of them."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow
import pyarrow.parquet
import pytest

from jingde_core.metrics import kernel, poverty
from jingde_core.metrics.contract import InputError
from jingde_core.metrics.engines import measure_frame
from jingde_core.metrics.registry import METRICS, Column, metric, ratio
from jingde_core.model.problem import DataError

NAMES = ["headcount_ratio", "poverty_gap", "needed_transfer", "watts"]


@pytest.fixture(autouse=True)
def _declared_here_only(monkeypatch):
    monkeypatch.setattr(METRICS, "_declared", dict(METRICS))


def register(rows: int = 4000, seed: int = 20200930) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    income = rng.lognormal(8.5, 0.6, rows).round(2)
    income[rng.random(rows) < 0.02] = np.nan
    income[0] = -50.0
    village = rng.choice(["341825100001", "341825100002", "341825101203"], rows)
    frame = pd.DataFrame(
        {
            "village": village,
            "year": rng.integers(2014, 2021, rows).astype(np.int32),
            "income_per_head": income,
            "members": rng.integers(1, 8, rows),
            "remark": "none",
        }
    )
    frame.loc[rng.random(rows) < 0.01, "village"] = None
    return frame


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return register()


@pytest.fixture(scope="module")
def folder(rows, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("cities")
    for city in range(4):
        table = pyarrow.Table.from_pandas(rows.iloc[city::4], preserve_index=False)
        pyarrow.parquet.write_table(table, target / f"{city}.parquet", row_group_size=300)
    return target


def sources(rows: pd.DataFrame, folder: Path) -> dict[str, object]:
    import dask.dataframe

    table = pyarrow.Table.from_pandas(rows)
    connection = duckdb.connect()
    connection.register("rows", rows)
    return {
        "folder": folder,
        "glob": str(folder / "*.parquet"),
        "files": sorted(folder.iterdir()),
        "arrow table": table,
        "polars frame": polars.from_pandas(rows),
        "duckdb relation": connection.sql("select * from rows"),
        "dask frame": dask.dataframe.from_pandas(rows, npartitions=20),
    }


@pytest.mark.parametrize("by", ["village", "year", ["village", "year"], []])
def test_every_engine_gives_the_frame_that_pandas_gives(rows, folder, by):
    expected = measure_frame(rows, [*NAMES, "sen"], by=by, poverty_line=4000)
    for name, source in sources(rows, folder).items():
        found = measure_frame(source, [*NAMES, "sen"], by=by, poverty_line=4000)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-12, obj=f"{name} by {by}")


def test_the_frame_is_the_metric_of_each_group(rows):
    found = measure_frame(rows, "poverty_gap", by="village", poverty_line=4000)
    for record in found.to_dict("records"):
        own = rows[rows["village"] == record["village"]]
        columns = {name: own[name].to_numpy() for name in ("income_per_head", "members")}
        value = poverty.poverty_gap(**columns, poverty_line=4000)
        assert record["value"] == pytest.approx(value, rel=1e-12)
        known = own["income_per_head"].notna()
        assert record["n"] == known.sum() and record["unknown"] == (~known).sum()
        assert record["denominator"] == own.loc[known, "members"].sum()
    assert found["village"].is_monotonic_increasing and found["se"].isna().all()
    assert len(found) == 3


def test_an_undefined_sum_stays_undefined_when_partial_sums_are_added(folder):
    # The first household has a negative income: Watts has no value where it lives.
    found = measure_frame(folder, "watts", by=[], poverty_line=4000)
    assert np.isnan(found["value"][0]) and found["reason"][0] == "undefined"


def test_a_group_of_unknown_rows_says_so():
    rows = pd.DataFrame(
        {"village": ["a", "b"], "income_per_head": [np.nan, 1.0], "members": [2, 3]}
    )
    found = measure_frame(rows, ["needed_transfer", "sen"], by="village", poverty_line=4000)
    assert found["reason"].tolist() == ["unknown", "", "unknown", ""]
    assert found["value"].isna().tolist() == [True, False, True, False]


def test_incidence_takes_the_population_of_each_group(rows, folder):
    population = {"341825100001": 4000.0, "341825100002": 2000.0}
    for source in (rows, folder):
        found = measure_frame(source, "incidence", by="village", per=population, poverty_line=4000)
        assert found["denominator"].tolist()[:2] == [4000, 2000]
        assert found["value"].isna().tolist() == [False, False, True]
    whole = measure_frame(rows, "incidence", per=122_222, poverty_line=4000)
    assert whole["denominator"].tolist() == [122_222]
    with pytest.raises(InputError) as fault:
        measure_frame(rows, "incidence", by="village", poverty_line=4000)
    assert [problem.column for problem in fault.value.problems] == ["rural_population"]


def test_nothing_gives_an_empty_frame(rows, tmp_path):
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(rows.head(0)), tmp_path / "none.parquet")
    for source in (rows.head(0), tmp_path / "none.parquet"):
        assert measure_frame(source, NAMES, by="village", poverty_line=4000).empty
        whole = measure_frame(source, "headcount_ratio", poverty_line=4000)
        assert whole["value"].isna().all() and whole["reason"].tolist() == ["empty"]


def test_a_stream_is_read_once_and_its_groups_may_not_be_torn(rows):
    table = pyarrow.Table.from_pandas(rows)
    expected = measure_frame(rows, NAMES, by="village", poverty_line=4000)
    reader = table.to_reader(max_chunksize=500)
    found = measure_frame(reader, NAMES, by="village", poverty_line=4000)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12)
    with pytest.raises(InputError) as fault:
        torn = table.to_reader(max_chunksize=500)
        measure_frame(torn, "sen", by="village", poverty_line=4000)
    assert [problem.column for problem in fault.value.problems] == ["village"]
    whole = table.sort_by("village").to_reader(max_chunksize=500)
    found = measure_frame(whole, "sen", by="village", poverty_line=4000)
    expected = measure_frame(rows, "sen", by="village", poverty_line=4000)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12)


def test_a_metric_of_the_user_runs_like_any_other(rows, folder):
    @metric(
        table="households",
        unit="1",
        source="test",
        finish=ratio("large", "rows"),
        name="share_of_large_households",
    )
    def large(*, members: Column, least: int = 5):
        return {"large": members >= least, "rows": np.ones(len(members))}

    expected = measure_frame(rows, large, by="year", least=6)
    by_hand = rows.assign(large=rows["members"] >= 6).groupby("year")["large"].mean()
    assert expected["value"].to_numpy() == pytest.approx(by_hand.to_numpy(), rel=1e-12)
    for name, source in sources(rows, folder).items():
        found = measure_frame(source, large, by="year", least=6)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-12, obj=name)


def test_faults_are_told_whatever_holds_the_rows(rows, folder, tmp_path):
    for source in (rows, folder):
        with pytest.raises(InputError) as fault:
            measure_frame(source, "sen", by="hamlet", poverty_line=4000)
        assert [problem.column for problem in fault.value.problems] == ["hamlet"]
        with pytest.raises(InputError) as fault:
            measure_frame(source, "poverty_gap", by="village", poverty_line=0)
        assert [problem.column for problem in fault.value.problems] == ["poverty_line"]
    with pytest.raises(InputError):
        measure_frame({"members": [1]}, "persons")
    with pytest.raises(KeyError, match="poverty_gap"):
        measure_frame(rows, "poverty_gaps")
    with pytest.raises(DataError) as missing:
        measure_frame([tmp_path / "a.parquet", tmp_path / "b*.parquet"], "persons")
    assert [problem.code for problem in missing.value.problems] == ["missing_file"] * 2
    (tmp_path / "text.parquet").write_text("village,members\n")
    with pytest.raises(DataError) as unreadable:
        measure_frame(tmp_path / "text.parquet", "persons")
    assert [problem.code for problem in unreadable.value.problems] == ["unreadable_file"]


def test_chunks_blocks_and_order_of_rows_do_not_matter(monkeypatch):
    rows = register(30_000)
    expected = measure_frame(rows, NAMES, by=["village", "year"], poverty_line=4000)
    monkeypatch.setattr(kernel, "BLOCK", 1 << 12)
    shuffled = rows.sample(frac=1, random_state=1)
    ordered = rows.sort_values(["village", "year"])
    for other in (rows, shuffled, ordered):
        found = measure_frame(other, NAMES, by=["village", "year"], poverty_line=4000)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-12)


def test_sums_are_the_same_bytes_on_any_number_of_cores(monkeypatch):
    rng = np.random.default_rng(5)
    columns = {"income": rng.lognormal(9, 1, 50_000)}
    codes = rng.integers(-1, 40, 50_000)
    monkeypatch.setattr(kernel, "BLOCK", 1 << 12)
    found = []
    for cores in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        found.append(kernel.grouped_sums(dict, columns, codes, 40)["income"])
    assert all((found[0] == other).all() for other in found[1:])
    by_hand = [columns["income"][codes == group].sum() for group in range(40)]
    assert found[0] == pytest.approx(by_hand, rel=1e-12)


CLUSTER = """
import json, os, signal, sys, threading, time
import dask.dataframe
from distributed import Client, LocalCluster
from jingde_core.metrics.engines import measure_frame


def slowly(part, mark):
    # Each worker leaves its number, and is slow enough to be killed over its work.
    open(os.path.join(mark, str(os.getpid())), "w").close()
    time.sleep(0.2)
    return part


if __name__ == "__main__":
    folder, mark = sys.argv[1:]
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        frame = dask.dataframe.read_parquet(folder, split_row_groups=True)
        frame = frame.map_partitions(slowly, mark, meta=frame._meta)
        killed = []

        def kill():
            while not os.listdir(mark):
                time.sleep(0.01)
            killed.append(os.listdir(mark)[0])
            os.kill(int(killed[0]), signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()
        found = measure_frame(
            frame, ["headcount_ratio", "poverty_gap"], by="village", poverty_line=4000
        )
        answer = {"killed": killed, "pids": os.listdir(mark), "found": found.to_dict("list")}
        print(json.dumps(answer))
"""


def test_a_cluster_that_loses_a_worker_gives_the_same_numbers(rows, folder, tmp_path):
    script, mark = tmp_path / "cluster.py", tmp_path / "mark"
    script.write_text(textwrap.dedent(CLUSTER))
    mark.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), str(mark)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, err
    answer = json.loads(out.splitlines()[-1])
    # It died over its first partition, and others did its work.
    assert set(answer["killed"]) < set(answer["pids"])
    expected = measure_frame(
        rows, ["headcount_ratio", "poverty_gap"], by="village", poverty_line=4000
    )
    assert answer["found"]["village"] == expected["village"].tolist()
    assert answer["found"]["value"] == pytest.approx(expected["value"].tolist(), rel=1e-12)
    assert answer["found"]["n"] == expected["n"].tolist()
