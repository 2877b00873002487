"""Every seed's county meets every figure of the report and every contract of its tables."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from synthetic_county import SEEDS, Tables, made

import jingde_core as jc
from jingde_core.ledgers.check import check_tables
from jingde_core.ledgers.folder import read_tables, table_bytes
from jingde_core.model.parameters import Parameters
from jingde_core.model.place import shipped
from jingde_core.model.tables import TABLES
from jingde_core.synthetic import SEED, make_county_tables
from jingde_core.synthetic.__main__ import main
from jingde_core.synthetic.making import Making
from jingde_core.synthetic.order import MAKERS


@pytest.mark.parametrize("seed", SEEDS)
def test_every_figure_with_rows_behind_it_comes_out_of_them(seed: int) -> None:
    tables = made(seed)
    provenance = pd.DataFrame({"table": list(tables), "kind": "synthetic", "as_of": "2020-09-30"})
    figures = jc.reconcile(jc.County(tables, provenance, Parameters.load()))
    wrong = figures[figures["status"] == "differs"]
    assert wrong.empty, wrong[["figure_id", "reported", "computed"]]
    assert (figures["status"] != "recorded").sum() >= 130


@pytest.mark.parametrize("seed", SEEDS)
def test_every_row_keeps_its_contract_and_every_key_points_somewhere(seed: int) -> None:
    assert check_tables(made(seed)) == []


def test_same_seed_same_bytes_and_another_seed_others() -> None:
    def digest(tables: Tables) -> dict[str, str]:
        return {n: hashlib.sha256(table_bytes(frame)).hexdigest() for n, frame in tables.items()}

    first, again, other = digest(made(SEED)), digest(make_county_tables(SEED)), digest(made(1))
    assert first == again
    same = {name for name in first if first[name] == other[name]}
    assert same == {"towns", "report_figures", "events", "funds"}


def test_the_command_writes_the_shipped_files_byte_for_byte(tmp_path: Path) -> None:
    main(["--out", str(tmp_path)])
    tables, provenance = read_tables(tmp_path)
    assert list(tables) == list(TABLES)
    kinds = provenance.set_index("table")["kind"]
    assert kinds.drop(["towns", "report_figures"]).eq("synthetic").all()
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {n for n in written if (shipped("data") / n).read_bytes() != written[n]} == set()


@pytest.mark.parametrize(
    ("maker", "left", "match"),
    [
        ("make_damages", "edge", "no 28 of 0 rows"),
        ("make_problems", "registered", "larger sample|Fewer non-zero"),
    ],
)
def test_a_register_too_small_for_the_report_is_refused(maker: str, left: str, match: str) -> None:
    tables = made(SEED)
    households = tables["households"].copy()
    households.loc[households["status"] == left, "left_on"] = pd.Timestamp("2020-01-01")
    few = Making(SEED, tables | {"households": households})
    makers = {make.__name__: make for make in MAKERS}
    few |= makers["make_exposure"](few)
    with pytest.raises(ValueError, match=match):
        makers[maker](few)
