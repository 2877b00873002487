"""Files made by hand as offices make them, held against what a careful clerk wrote beside each.

``tests/ugly/<file>.toml`` says of every row what becomes of it and why, what else is told, and
what some cells mean. Nothing of it was made by the code under test.
"""

import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import jingde_core as jc
from jingde_core.ledgers import Report, Store, read

UGLY = Path(__file__).parent / "ugly"
FILES = sorted(path for path in UGLY.iterdir() if path.suffix != ".toml")


def expected(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))


def dispositions(told: dict[str, Any]) -> dict[int, str]:
    found = {row: "header" for row in told.get("header", [])}
    found |= {row: "accepted" for row in told.get("accepted", [])}
    found |= {int(row): f"skipped {why}" for row, why in told.get("skipped", {}).items()}
    return found | {int(row): "quarantined" for row in told.get("quarantined", {})}


def codes(report: Report, sheet: str, severity: str) -> list[str]:
    """Row and code of each problem of a row."""
    own = report.problems
    own = own[(own["sheet"] == sheet) & (own["severity"] == severity) & own["row"].notna()]
    return [f"{row} {code}" for row, code in zip(own["row"], own["code"], strict=True)]


def value(report: Report, sheet: str, table: str, row: int, column: str) -> Any:
    places = report.places[table]
    (position,) = places.index[(places["sheet"] == sheet) & (places["row"] == row)]
    found = report.tables[table].at[position, column]
    return found.date() if isinstance(found, pd.Timestamp) else found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_read_as_a_careful_clerk_would(path: Path) -> None:
    wanted, report = expected(path), read(path)
    assert sorted(set(report.rows["kind"]) - {""}) == wanted["kinds"]
    whole = report.problems[report.problems["row"].isna()]
    assert sorted(whole["code"]) == wanted["file"]
    assert sorted(set(report.rows["sheet"])) == sorted(told["name"] for told in wanted["sheets"])
    for told in wanted["sheets"]:
        sheet = told["name"]
        own = report.rows[report.rows["sheet"] == sheet]
        why = own["disposition"] + (" " + own["reason"]).where(own["disposition"] == "skipped", "")
        assert dict(zip(own["row"], why, strict=True)) == dispositions(told)
        faults = [
            f"{row} {code}"
            for row, all_of in told.get("quarantined", {}).items()
            for code in all_of.split()
        ]
        assert sorted(set(codes(report, sheet, "error"))) == sorted(faults)
        assert sorted(codes(report, sheet, "warning")) == sorted(told.get("told", []))
        for table, row, column, what in told.get("cells", []):
            assert value(report, sheet, table, row, column) == what, (table, row, column)


def test_every_file_has_its_clerk_and_is_small() -> None:
    assert len(FILES) == 16
    assert {path.with_suffix(".toml") for path in FILES} == set(UGLY.glob("*.toml"))
    assert all(path.stat().st_size < 20_000 for path in FILES)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office's folder whose store took in all that the files hold, in their order."""
    folder = tmp_path_factory.mktemp("单位 数据")
    store = Store(folder / "store.sqlite")
    for path in FILES:
        report = read(path)
        if report.tables:
            report.commit(store)
    return folder


def test_the_county_of_these_files_can_be_measured_reconciled_and_mapped(home: Path) -> None:
    county = jc.County.load(Store(home / "store.sqlite"))
    kinds = dict(zip(county.provenance["table"], county.provenance["kind"], strict=True))
    brought = ("households", "persons", "damages", "loans", "posts", "risks", "pv_months")
    assert {kinds[table] for table in brought} == {"imported"}
    assert "imported" in kinds["problems"] and kinds["guarantees"] == "missing"
    (persons,) = jc.measure(county, "persons")["value"]
    # three, two, four, one, two, two and one members of the registered households
    assert persons == 15
    assert jc.measure(county, "guarantee_coverage")["value"].isna().all()
    by_village = jc.measure(county, "households", by="village").set_index("code")["value"]
    assert by_village["341825104205"] == 2 and by_village["341825106200"] == 1
    figures = jc.reconcile(county)
    assert len(figures) == 156 and "not_imported" in set(figures["status"])
    # every metric says a number, or why there is none
    for name in jc.METRICS:
        with suppress(jc.DataError):
            jc.measure(county, name)
    drawn = jc.views.village_map(county, "persons")._repr_html_()
    assert "江村村" in drawn and "汪大明" not in drawn


def test_the_workbook_is_rendered_from_these_files(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINGDE_HOME", str(home))
    page = jc.sharing.render(
        jc.model.place.shipped("notebooks") / "01_poverty.ipynb", tmp_path, audience="leader"
    )
    text = page.read_text(encoding="utf-8")
    assert "导入" in text and "Traceback" not in text and "汪大明" not in text
