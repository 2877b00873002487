"""Loading a county: what is damaged is named with its place, and nothing half loads."""

import json
import resource
import shutil

import pandas as pd
import pytest

import jingde_core as jc
from jingde_core.ledgers.folder import write_tables
from jingde_core.model.place import shipped


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped data that a test may damage."""
    target = tmp_path / "data"
    shutil.copytree(shipped("data"), target, ignore=shutil.ignore_patterns("catalogue"))
    return target


def faults(folder):
    with pytest.raises(jc.DataError) as caught:
        jc.County.load(folder)
    return caught.value.problems


def edit(folder, table, change):
    """Change a table's lines; drop the manifest, so that the file is read as the office's own."""
    path = folder / f"{table}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
    (folder / "manifest.json").unlink(missing_ok=True)


def cell(lines, row, column, value):
    names = lines[0].split(",")
    cells = lines[row - 1].split(",")
    cells[names.index(column)] = value
    return [*lines[: row - 1], ",".join(cells), *lines[row:]]


def test_the_shipped_county_loads_with_its_provenance(county):
    assert len(county.villages) == 68 and len(county.towns) == 10
    assert set(county.provenance["table"]) == set(county.tables)
    assert county.provenance["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert county.kinds("households") == ["synthetic"]


def test_a_missing_file_is_named(folder):
    (folder / "villages.csv").unlink()
    (folder / "posts.csv").unlink()
    assert {(p.code, p.file) for p in faults(folder)} == {
        ("missing_file", "villages.csv"),
        ("missing_file", "posts.csv"),
    }


def test_a_changed_file_is_named_even_when_its_cells_are_right(folder):
    path = folder / "visits.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n", encoding="utf-8")
    (problem,) = faults(folder)
    assert (problem.code, problem.file) == ("changed_file", "visits.csv")


def test_a_truncated_file_is_a_fault(folder):
    path = folder / "persons.csv"
    path.write_bytes(path.read_bytes()[:1001])
    codes = {p.code for p in faults(folder) if p.file == "persons.csv"}
    assert "changed_file" in codes


def test_bytes_that_are_no_text_are_a_fault(folder):
    (folder / "posts.csv").write_bytes(b"\xff\xfe\x00\x01")
    assert ("unreadable_file", "posts.csv") in {(p.code, p.file) for p in faults(folder)}


def test_an_empty_table_is_a_fault_and_not_a_county_of_nobody(folder):
    edit(folder, "households", lambda lines: lines[:1])
    assert ("empty_file", "households.csv") in {(p.code, p.file) for p in faults(folder)}


def test_a_duplicate_village_code_names_both_rows(folder):
    edit(folder, "villages", lambda lines: [*lines, lines[1]])
    problems = [p for p in faults(folder) if p.file == "villages.csv" and p.code == "duplicate"]
    assert problems[0].row == 70
    assert problems[0].column == "code"
    assert "2" in problems[0].expected


def test_a_household_in_an_unknown_village_is_located(folder):
    edit(folder, "households", lambda lines: cell(lines, 5, "village", "341825999999"))
    (problem,) = [p for p in faults(folder) if p.code == "unknown_key"]
    assert (problem.file, problem.row, problem.column) == ("households.csv", 5, "village")
    assert problem.found == "341825999999"


def test_a_negative_size_is_located(folder):
    edit(folder, "households", lambda lines: cell(lines, 7, "members", "-3"))
    found = {(p.row, p.column, p.found) for p in faults(folder) if p.code == "wrong_value"}
    assert (7, "members", "-3") in found


def test_many_faults_are_told_at_once_and_each_with_its_row(folder):
    def change(lines):
        lines = cell(lines, 3, "members", "two")
        lines = cell(lines, 4, "status", "rich")
        lines = cell(lines, 6, "registered_on", "2014-13-01")
        return cell(lines, 8, "id", "")

    edit(folder, "households", change)
    found = {(p.row, p.column) for p in faults(folder) if p.file == "households.csv"}
    assert {(3, "members"), (4, "status"), (6, "registered_on"), (8, "id")} <= found


def test_a_row_with_too_few_cells_is_located_and_its_neighbours_are_read(folder):
    edit(folder, "posts", lambda lines: [*lines[:3], "W0001,short", *lines[4:]])
    problems = [p for p in faults(folder) if p.file == "posts.csv"]
    assert (problems[0].code, problems[0].row) == ("wrong_width", 4)


def test_a_missing_and_an_unknown_column_are_named(folder):
    edit(folder, "towns", lambda lines: [line.replace("name", "nome") for line in lines])
    found = {(p.code, p.found or p.expected) for p in faults(folder) if p.file == "towns.csv"}
    assert ("missing_column", "name") in found
    assert ("unknown_column", "nome") in found


def test_a_name_like_null_is_a_name(folder):
    edit(folder, "entities", lambda lines: cell(lines, 2, "name", "NULL"))
    assert jc.County.load(folder).entities["name"].iloc[0] == "NULL"


def test_an_office_folder_without_manifest_is_imported_and_says_so(folder):
    """And its rows stand in the same order under the same names as shipped ones."""
    edit(folder, "visits", lambda lines: lines)
    imported, shipped_one = jc.County.load(folder), jc.County.load()
    assert imported.kinds() == ["imported"]
    for name, frame in shipped_one.tables.items():
        pd.testing.assert_frame_equal(imported.tables[name], frame)
    assert list(imported.towns["name"]) == list(shipped_one.towns["name"])


def test_a_damaged_manifest_is_named(folder):
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    (problem,) = faults(folder)
    assert (problem.code, problem.file) == ("unreadable_file", "manifest.json")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert faults(tmp_path / "nowhere")[0].code == "missing_file"


def test_the_offices_folder_is_found_by_the_environment(folder, monkeypatch):
    monkeypatch.setenv("JINGDE_HOME", str(folder))
    assert len(jc.County.load().households) > 0


@pytest.mark.parametrize("fault", ["swapped", "missing", "unknown"])
def test_a_wrong_boundary_file_beside_the_data_is_refused(folder, fault):
    target = folder / "geodata"
    shutil.copytree(shipped("geodata"), target)
    path = target / "villages.geojson"
    shapes = json.loads(path.read_text(encoding="utf-8"))
    if fault == "missing":
        shapes["features"].pop()
    elif fault == "unknown":
        shapes["features"][0]["properties"]["code"] = "341825999999"
    else:
        for feature in shapes["features"]:
            feature["geometry"] = json.loads(json.dumps(feature["geometry"]), parse_float=float)
            parts = feature["geometry"]["coordinates"]
            rings = parts if feature["geometry"]["type"] == "Polygon" else sum(parts, [])
            for ring in rings:
                ring[:] = [[y, x] for x, y in ring]
    path.write_text(json.dumps(shapes, ensure_ascii=False), encoding="utf-8")
    problems = faults(folder)
    assert problems and all(p.file for p in problems)


def test_tables_outside_the_contract_are_not_written(county, tmp_path):
    tables = {"visits": county.visits.assign(collected=-1)}
    with pytest.raises(jc.DataError):
        write_tables(
            tables, tmp_path / "out", about={"as_of": "2020-09-30", "*": {"kind": "imported"}}
        )
    assert not (tmp_path / "out").exists()


def test_a_disk_that_fills_up_leaves_the_old_tables_as_they_were(county, folder):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    tables = {"visits": county.visits.head(5), "households": county.households}
    about = {"as_of": "2021-09-30", "*": {"kind": "imported", "source": "x"}}
    free, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, most))
    try:
        with pytest.raises(OSError):
            write_tables(tables, folder, about=about)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (free, most))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_an_unknown_table_is_told_the_close_ones(county):
    with pytest.raises(AttributeError, match="households"):
        _ = county.housholds
