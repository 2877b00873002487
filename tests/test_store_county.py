"""A county out of the store: imported tables in place of the invented ones, never mixed."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from store_ledgers import homes, household, loan, loans, people, person

import jingde_core as jc
from jingde_core import cli
from jingde_core.ledgers import Store, read
from jingde_core.model.problem import DataError
from jingde_core.views import marks

Captured = pytest.CaptureFixture[str]


def village_ledger(folder: Path, *rows: str) -> Any:
    path = folder / "村情.csv"
    lines = ["行政村,贫困村,总人口,农业户籍人口", *rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return read(path, "village")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the office's with a store of six households in two villages."""
    folder = tmp_path_factory.mktemp("office")
    rows = [*map(person, range(4)), *(person(n, "路西村") for n in (4, 5))]
    people(folder / "files", *rows).commit(folder / "store.sqlite")
    return folder


@pytest.fixture(scope="module")
def imported(office: Path) -> jc.County:
    """The county of that store."""
    return jc.County.load(office)


@pytest.fixture(scope="module")
def shipped() -> jc.County:
    """The shipped county, whatever the office's folder holds."""
    return jc.County.load(jc.model.place.shipped("data"))


def test_the_store_of_the_offices_folder_is_loaded_by_default(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINGDE_HOME", str(office))
    store = office / "store.sqlite"
    for place in (None, office, store, str(store), Store(store)):
        county = jc.County.load(place)
        assert len(county.households) == len(county.persons) == 6
    measured = jc.measure(county, "households", by="village")
    found = measured[measured["value"] > 0]
    assert dict(zip(found["name"], found["value"], strict=True)) == {"江村村": 4, "路西村": 2}
    assert measured.attrs["provenance"] == ["imported"]


def test_a_store_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        jc.County.load(tmp_path / "store.sqlite")
    assert [problem.code for problem in caught.value.problems] == ["missing_file"]
    assert not (tmp_path / "store.sqlite").exists()


def test_every_table_says_where_it_comes_from_and_none_mixes(
    imported: jc.County, shipped: jc.County
) -> None:
    county = imported
    about = county.provenance.set_index("table")
    imported = about[about["kind"] == "imported"]
    assert set(imported.index) == {"households", "persons"}
    assert set(imported["source"]) == {"脱贫人口.csv"} and set(imported["rows"]) == {6}
    assert (imported["sha256"].str.len() == 64).all() and (imported["imported_at"] != "").all()
    assert about.loc["loans", "kind"] == "missing" and about.loc["measures", "kind"] == "missing"
    stays = ["towns", "villages", "funds", "assets", "events", "visits", "report_figures"]
    assert set(about.loc[stays, "kind"]) == {"public", "synthetic", "reported"}
    for table, row in about.iterrows():
        assert len(county.tables[table]) == row["rows"]
        frame = county.tables[table]
        pointing = [name for name in ("household", "person") if name in frame]
        if row["kind"] == "synthetic":
            assert not frame[pointing].notna().any().any()
    assert county.loans.dtypes.equals(shipped.loans.dtypes)


def test_a_measure_of_what_is_not_imported_is_unknown_and_no_zero(imported: jc.County) -> None:
    county = imported
    for name, by in (("loans", "county"), ("posts", "town"), ("damage_loss", "village")):
        found = jc.measure(county, name, by=by)
        assert len(found) and found["value"].isna().all()
        assert set(found["reason"]) == {"not_imported"} and set(found["n"]) == {0}
        assert "missing" in found.attrs["provenance"]
    assert jc.label("reason.not_imported") == "未导入"


def test_no_measure_fails_on_a_county_that_is_half_imported(imported: jc.County) -> None:
    county = imported
    given: dict[str, dict[str, float]] = {"fgt": {"alpha": 1}, "income_atkinson": {"epsilon": 0.5}}
    for name in jc.METRICS:
        found = jc.measure(county, name, **given.get(name, {}))
        if "missing" in found.attrs["provenance"]:
            assert found["value"].isna().all(), name


def test_the_report_is_not_held_against_what_is_not_imported(imported: jc.County) -> None:
    table = jc.reconcile(imported).set_index("figure_id")
    waiting = table[table["status"] == "not_imported"]
    assert len(waiting) > 50 and waiting["computed"].isna().all()
    assert set(waiting["basis"]) == {"none"} and not waiting["independent"].any()
    differing = table[table["status"] == "differs"]
    assert len(differing) and differing["independent"].all()


def test_imported_loans_beside_invented_households_say_which_is_which(
    tmp_path: Path,
) -> None:
    loans(tmp_path, loan(1), loan(2)).commit(tmp_path / "store.sqlite")
    county = jc.County.load(tmp_path)
    kinds = county.provenance.set_index("table")["kind"]
    assert (kinds["loans"], kinds["households"]) == ("imported", "synthetic")
    assert county.loans["amount"].sum() == 100_000
    assert county.frame("loans")["status"].isna().all()


def test_imported_villages_replace_the_population_and_keep_the_codes(
    tmp_path: Path, shipped: jc.County
) -> None:
    report = village_ledger(tmp_path, "江村村,是,2000,1900", "路西村,否,1582,1400")
    report.commit(tmp_path / "store.sqlite")
    county = jc.County.load(tmp_path)
    assert county.villages["code"].equals(shipped.villages["code"])
    named = county.villages.set_index("name")
    assert named.loc["江村村", ["population", "rural_population"]].tolist() == [2000, 1900]
    assert county.kinds("villages") == ["synthetic"], "66 of them still are"
    assert county.kinds("loans") == ["synthetic"]
    rest = ~county.villages["name"].isin(["江村村", "路西村"])
    pd.testing.assert_series_equal(
        county.villages["population"][rest], shipped.villages["population"][rest]
    )
    later = village_ledger(tmp_path, "江村村,是,2001,1900")
    assert later.commit(tmp_path / "store.sqlite").counts["gone"] == 0


def test_once_every_village_is_imported_the_table_is(tmp_path: Path, shipped: jc.County) -> None:
    names = shipped.villages["name"]
    village_ledger(tmp_path, *(f"{n},否,900,800" for n in names)).commit(tmp_path / "store.sqlite")
    assert jc.County.load(tmp_path).kinds("villages") == ["imported"]


def test_views_show_what_is_missing_and_no_synthetic_mark_on_imported(imported: jc.County) -> None:
    county = imported
    measured = jc.measure(county, "households", by="town")
    assert marks.marks(marks.kinds(None, measured.attrs)) == ()
    waiting = jc.measure(county, "loans", by="town")
    html = jc.views.table(waiting).html + str(jc.views.village_map(county, "loans"))
    assert "未导入" in html
    sources = county.provenance.rename(columns={"kind": "provenance"})
    assert "未导入" in jc.views.table(sources, provenance=county.provenance).html


def test_import_looks_first_then_writes_what_is_agreed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("JINGDE_HOME", str(tmp_path))
    people(tmp_path, *map(person, range(3)), name="名单.csv")
    file = str(tmp_path / "名单.csv")
    assert cli.main(["import", file, "--dry-run"]) == 0
    assert "试读" in capsys.readouterr().out and not (tmp_path / "store.sqlite").exists()
    assert cli.main(["import", file]) == 1, "nobody is there to agree"
    assert "没有写入" in capsys.readouterr().out
    assert cli.main(["import", file, "--yes"]) == 0
    assert len(Store().tables()[0]["persons"]) == 3
    capsys.readouterr()
    assert cli.main(["import", file, "--yes"]) == 0
    assert "已于" in capsys.readouterr().out
    cli.main(["check", "--json"])
    assert json.loads(capsys.readouterr().out)["counts"]["not_imported"] > 50


def test_import_tells_faults_without_numbers_and_keeps_the_rest(
    tmp_path: Path, capsys: Captured
) -> None:
    people(tmp_path, person(1), person(2, 证件号码="34182519601205001"), name="名单.csv")
    store = str(tmp_path / "库.sqlite")
    assert cli.main(["import", str(tmp_path / "名单.csv"), "--yes", "--store", store]) == 1
    told = capsys.readouterr()
    assert "第4行" in told.err and "3418251960" not in told.err + told.out
    assert len(Store(store).tables()[0]["persons"]) == 1


def test_import_says_what_would_be_gone_and_asks_again(tmp_path: Path, capsys: Captured) -> None:
    store = tmp_path / "库.sqlite"
    homes(tmp_path, *map(household, range(5))).commit(store)
    homes(tmp_path, household(1), name="新.csv")
    command = ["import", str(tmp_path / "新.csv"), "--store", str(store)]
    assert cli.main([*command, "--dry-run"]) == 0
    assert "少4条" in capsys.readouterr().err
    assert cli.main([*command, "--supplement", "--yes"]) == 0
    assert len(Store(store).tables()[0]["households"]) == 5
    assert cli.main(["import", str(tmp_path / "没有.csv"), "--yes", "--store", str(store)]) == 2
