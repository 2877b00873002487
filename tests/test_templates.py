"""Blank ledgers: what an office fills in is read without a question."""

from pathlib import Path

import openpyxl
import pytest

from jingde_core.ledgers import read, write_template, write_templates
from jingde_core.ledgers.kinds import kinds


def codes(path: Path, severity: str) -> list[str]:
    problems = read(path).problems
    return problems.loc[problems["severity"] == severity, "code"].tolist()


@pytest.mark.parametrize("kind", kinds())
def test_a_blank_ledger_holds_no_data_and_no_fault(tmp_path: Path, kind: str) -> None:
    path = write_template(kind, tmp_path / "模板.xlsx")
    report = read(path)
    assert report.counts["accepted"] == report.counts["quarantined"] == 0
    assert codes(path, "error") == ["empty_ledger"] and not report.tables
    assert set(report.rows["kind"]) == {kind, ""}
    assert report.rows["reason"].value_counts()[["header", "example"]].tolist() == [3, 1]


@pytest.mark.parametrize("kind", kinds())
def test_the_example_made_a_row_is_read_without_a_word(tmp_path: Path, kind: str) -> None:
    path = write_template(kind, tmp_path / "模板.xlsx")
    book = openpyxl.load_workbook(path)
    book.active["A4"] = 1
    book.save(path)
    report = read(path)
    assert report.counts["accepted"] == 1 and codes(path, "error") == []
    assert set(codes(path, "warning")) <= {"explanation_sheet", "missing_villages"}
    assert (report.columns["field"] != "").all()


def test_coded_columns_offer_their_values_and_amounts_say_their_unit(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write_template("asset", tmp_path / "模板.xlsx"))
    data, notes = sheet.worksheets
    headings = [cell.value for cell in data[3]]
    assert "资产原值（万元）" in headings and data["A1"].value == "旌德县扶贫资产台账"
    (rule,) = (r for r in data.data_validations.dataValidation if "I5" in r.sqref)
    row = headings.index("产权人") + 2
    assert headings[8] == "产权人" and rule.formula1 == f"'填表说明'!$D${row}:$G${row}"
    assert [cell.value for cell in notes[row]][3:7] == ["村集体", "镇级", "县级", "农户"]


def test_templates_of_every_kind_are_written_the_same_each_time(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_templates(tmp_path / "一")]
    again = write_templates(tmp_path / "二")
    assert [path.read_bytes() for path in again] == first and len(first) == len(kinds())


def test_an_unknown_kind_names_the_close_ones(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="person"):
        write_template("persom", tmp_path / "模板.xlsx")
