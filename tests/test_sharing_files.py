"""Files that leave the desk: official tables, CSV, Word; searched, whole, never lost."""

import csv
import os
import tempfile
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from docx import Document
from fake_county import HOSTILE
from test_scan import ID, IDENTITY, NAME

import jingde_core as jc
from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.sharing import csv_file, document, paragraph, scan, workbook
from jingde_core.sharing.files import written
from jingde_core.sharing.paragraphs import figure_text

TEXTS = ["=1+1", "+1", "-1", "@sum", "\t=1", "=cmd|' /C calc'!A0", *HOSTILE]


def sheet_of(path, name=None):
    book = openpyxl.load_workbook(path)
    return book[name] if name else book.worksheets[0]


def test_a_workbook_has_title_unit_date_and_a_row_to_sign(county, tmp_path):
    frame = jc.measure(county, "mean_income", by="town")
    sheet = sheet_of(workbook({"各镇收入": frame}, tmp_path / "x.xlsx"))
    assert sheet["A1"].value == "各镇收入" and sheet["A1"].coordinate in sheet.merged_cells
    assert label("unit.yuan") in sheet["A2"].value and county.as_of in sheet["A2"].value
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert label("synthetic_mark") in texts and label("sharing.signatures") in texts
    assert sheet["B4"].value == pytest.approx(frame["value"][0]) and sheet["B4"].data_type == "n"
    assert sheet["B4"].border.left.style == "thin"


def test_one_workbook_holds_a_sheet_for_each_table(county, tmp_path):
    frames = {each: jc.measure(county, "persons", by=each) for each in ("town", "village")}
    path = workbook(frames, tmp_path / "x.xlsx")
    assert openpyxl.load_workbook(path).sheetnames == ["town", "village"]


def test_text_in_excel_is_never_a_formula_and_codes_keep_every_digit(tmp_path):
    frame = pd.DataFrame({"name": TEXTS, "code": ["341825100201000001"] * len(TEXTS)})
    sheet = sheet_of(workbook({"t": frame}, tmp_path / "x.xlsx", provenance=["imported"]))
    cells = [sheet.cell(4 + row, 1) for row in range(len(TEXTS))]
    assert [cell.value for cell in cells] == TEXTS
    assert {cell.data_type for cell in cells} == {"s"}
    assert sheet["B4"].value == "341825100201000001" and sheet["B4"].number_format == "@"


def test_shares_money_days_and_years_have_their_formats(tmp_path):
    frame = pd.DataFrame(
        {
            "share": [0.2834],
            "amount": [86_356_000.0],
            "date": [pd.Timestamp("2020-07-02")],
            "year": [2020],
            "members": pd.array([1775], dtype="Int64"),
            "value": [np.nan],
        }
    )
    styles = {"share": "percent", "amount": "wan"}
    sheet = sheet_of(
        workbook({"t": frame}, tmp_path / "x.xlsx", styles=styles, provenance=["public"])
    )
    formats = [cell.number_format for cell in sheet[4]]
    assert formats[:4] == ["0.00%", "#,##0.00", "yyyy-mm-dd", "0"]
    assert sheet["B4"].value == 8635.6 and sheet["F4"].value == label("no_data")


def test_a_workbook_without_provenance_is_refused(tmp_path):
    with pytest.raises(DataError):
        workbook({"t": pd.DataFrame({"name": ["x"]})}, tmp_path / "x.xlsx")


def test_a_csv_opens_in_excel_and_guards_what_begins_a_formula(tmp_path):
    path = csv_file(pd.DataFrame({"name": TEXTS}), tmp_path / "x.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [row[0] for row in csv.reader(file)][1:]
    assert cells[:6] == [f"'{text}" for text in TEXTS[:6]]
    assert [cell.removeprefix("'") for cell in cells] == [t.removeprefix("'") for t in TEXTS]


@pytest.mark.parametrize("kind", ["xlsx", "csv", "docx"])
def test_the_same_input_gives_the_same_bytes(kind, county, tmp_path, monkeypatch):
    def made(name):
        if kind == "docx":
            return document(paragraph(county, "brief.overall"), tmp_path / name)
        frame = jc.measure(county, "persons", by="town")
        path = tmp_path / name
        return csv_file(frame, path) if kind == "csv" else workbook({"t": frame}, path)

    first = made(f"a.{kind}").read_bytes()
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert made(f"b.{kind}").read_bytes() == first


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_file_with_a_person_in_it_is_not_written(kind, tmp_path):
    frame = pd.DataFrame({"name": [f"户主证件{ID}"]})
    path = tmp_path / f"x.{kind}"
    with pytest.raises(DataError) as fault:
        if kind == "csv":
            csv_file(frame, path)
        else:
            workbook({"t": frame}, path, provenance=["imported"])
    assert {problem.code for problem in fault.value.problems} == {"leak"}
    assert ID not in str(fault.value) and not path.exists()


def test_a_leader_gets_no_file_with_the_numbers_of_households(county, tmp_path, monkeypatch):
    path = tmp_path / "x.xlsx"
    workbook({"t": county.households.head(3)}, path, provenance=["synthetic"])
    found = scan(path, county=county)
    assert set(found["kind"]) == {"record"} and found["place"].str.contains("xl/").all()
    assert scan(path, identity=IDENTITY).empty


def test_a_locked_target_gives_way_to_another_name(tmp_path, monkeypatch):
    real = os.replace

    def locked(source, target):
        if str(target).endswith("x.html"):
            raise PermissionError(13, "in use", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", locked)
    path = written(tmp_path / "x.html", b"result")
    assert path != tmp_path / "x.html" and path.parent == tmp_path
    assert path.read_bytes() == b"result"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_is_a_file_gives_way_to_the_systems_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "out").write_text("taken")
    path = written(tmp_path / "out" / "x.html", b"result")
    assert path == tmp_path / "x.html" and path.read_bytes() == b"result"


def test_a_result_that_fits_nowhere_says_why(tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        written(tmp_path / "x.html", b"result")
    assert not list(tmp_path.iterdir())


def test_a_paragraph_is_worked_out_from_the_rows_and_notes_say_how(county):
    told = paragraph(
        county, "现有{registered_households_now}，超{credit_excess}，会议{leading_group_meetings}次"
    )
    assert str(told) == "现有1775户，超57.36%，会议10次"
    households, excess, meetings = told.notes
    assert label("value.basis.calibrated") in households
    assert label("sharing.rounded") in excess and label("value.basis.none") in meetings
    assert label("synthetic_mark") in told._repr_html_() and "<sup>3</sup>" in told._repr_html_()


def test_an_unknown_figure_is_told_its_close_ones(county):
    with pytest.raises(KeyError, match="registered_persons_now"):
        paragraph(county, "{registered_persons}")


def test_a_hostile_template_is_text(county):
    for bad in HOSTILE:
        if "{" not in bad:
            assert bad not in paragraph(county, bad)._repr_html_() or "<" not in bad


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ((4171.0, 4171.0, "person", "exact"), "4171人"),
        ((8635.6, 8635.6, "10k_yuan", "rounded"), "8635.6万元"),
        ((80.82, 81.75, "percent", "rounded"), "80.82%"),
        ((57.3676, 57.36, "percent", "truncated"), "57.36%"),
        ((float("nan"), 22.0, "count", "exact"), "22"),
        ((float("nan"), float("nan"), "count", "exact"), "无数据"),
        ((0.0, 0.0, "percent", "exact"), "0%"),
    ],
)
def test_numbers_are_written_as_the_county_writes_them(figure, text):
    keys = ("computed", "reported", "unit", "qualifier")
    assert figure_text(dict(zip(keys, figure, strict=True)))[0] == text


def test_a_word_file_holds_sentences_notes_stamps_and_source(county, tmp_path):
    told = paragraph(county, "brief.head.overall", "brief.overall")
    book = Document(document(told, tmp_path / "x.docx", title="简报"))
    texts = [line.text for line in book.paragraphs]
    assert texts[0] == "简报" and texts[1].startswith("累计脱贫2510户")
    assert label("synthetic_mark") in texts and told.source in texts
    raised = [run.text for run in book.paragraphs[1].runs if run.font.superscript]
    assert raised == ["1", "2", "3", "4"]
    with zipfile.ZipFile(tmp_path / "x.docx") as archive:
        assert "python-docx" not in archive.read("docProps/core.xml").decode()


def test_a_word_file_with_a_person_in_it_is_not_written(county, tmp_path):
    told = paragraph(county, f"联系{ID}。")
    with pytest.raises(DataError):
        document(told, tmp_path / "x.docx")
    assert not list(tmp_path.iterdir())


def test_a_notebook_sent_as_it_is_is_searched_like_any_file(tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text('{"cells": [{"outputs": [{"text": ["' + NAME + '"]}]}]}', encoding="utf-8")
    assert set(scan(path, identity=IDENTITY)["kind"]) == {"name"}
