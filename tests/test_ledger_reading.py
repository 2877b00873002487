"""Files as offices send them: each fault is made for real, and told as a clerk would tell it."""

import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from jingde_core.geography.names import resolve_village
from jingde_core.ledgers import Report, read

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
HEADINGS = [
    *("县", "乡", "行政村", "自然村", "户编号", "人编号", "姓名", "证件号码", "人数", "与户主关系"),
    *("民族", "文化程度", "健康状况", "劳动技能", "务工状况", "务工时间", "脱贫属性"),
    *("人均纯收入（元）", "联系电话"),
]


def identity(number: int = 1, born: str = "19601205") -> str:
    body = f"341825{born}{number:03d}"
    total = sum(w * int(d) for w, d in zip(WEIGHTS, body, strict=True))
    return body + "10X98765432"[total % 11]


def person(number: int = 1, **cells: Any) -> list[Any]:
    """A right row of the national person export: a household of one."""
    row = dict(
        zip(
            HEADINGS,
            [
                *("旌德县", "白地镇", "江村村", "上村组", f"341825{number:010d}"),
                *(f"341825{number:010d}01", "张三", identity(number), 1, "户主", "汉族", "小学"),
                *("健康", "普通劳动力", "省外务工", 7, "已脱贫（享受政策）", 8534.5, "13856301234"),
            ],
            strict=True,
        )
    )
    return list((row | cells).values())


def workbook(*rows: list[Any], title: str = "Sheet1") -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return book


def saved(book: openpyxl.Workbook, folder: Path, name: str = "台账.xlsx") -> Path:
    book.save(folder / name)
    return folder / name


def people(folder: Path, *rows: list[Any]) -> Report:
    return read(saved(workbook(HEADINGS, *rows), folder), "person")


def codes(report: Report, severity: str = "error") -> list[str]:
    return report.problems.loc[report.problems["severity"] == severity, "code"].tolist()


def at(report: Report, code: str) -> Any:
    """The one problem of this code."""
    found = report.problems[report.problems["code"] == code]
    assert len(found) == 1, report.problems[["row", "column", "code", "message"]].to_string()
    return found.iloc[0]


def refused(path: Path, code: str) -> None:
    report = read(path)
    assert codes(report) == [code], report.problems.to_string()
    assert report.rows.empty and not report.tables
    assert path.name in at(report, code)["message"]


def edited(path: Path, **parts: Any) -> Path:
    """The workbook with parts replaced: a function of its text, by the end of the part's name."""
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            for part, change in parts.items():
                if name.endswith(part + ".xml"):
                    text = change(text.decode()).encode()
            new.writestr(name, text)
    return path


def test_a_right_export_is_accepted_whole(tmp_path: Path) -> None:
    report = people(tmp_path, person(1), person(2, 姓名="NULL"))
    assert report.counts == {"accepted": 2, "quarantined": 0, "skipped": 0, "header": 1}
    assert codes(report) == []
    persons, homes = report.tables["persons"], report.tables["households"]
    assert persons.loc[0, ["sex", "birth_year", "work_months"]].tolist() == ["male", 1960, 7]
    assert homes["village"].tolist() == [resolve_village("江村村")] * 2
    assert homes["income_per_head"].tolist() == [8534.5, 8534.5]
    assert report.tables["identity"]["name"].tolist() == ["张三", "NULL"]
    assert report.places["persons"]["row"].tolist() == [2, 3]
    assert not {"name", "id_number", "phone"} & {*persons.columns, *homes.columns}


def test_a01_a_truncated_workbook_is_damaged(tmp_path: Path) -> None:
    path = saved(workbook(HEADINGS, person()), tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(path, "damaged_file")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf\r\n", b"\x00" * 40])
def test_a02_an_empty_file_is_no_table_of_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "空.csv").write_bytes(content)
    refused(tmp_path / "空.csv", "empty_ledger")


def test_a02_a_header_alone_has_no_data(tmp_path: Path) -> None:
    report = people(tmp_path)
    assert codes(report) == ["empty_ledger"] and not report.tables
    assert report.counts["header"] == 1


def test_a03_a_web_page_under_an_excel_name_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "导出.xls").write_text("<html><table><tr><td>姓名</td></tr></table>", "utf-8")
    refused(tmp_path / "导出.xls", "html_file")


@pytest.mark.parametrize("name", ["台账.xls", "台账.et"])
def test_a04_an_old_binary_workbook_is_read_and_its_limits_told(tmp_path: Path, name: str) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("脱贫户")
    for row, cells in enumerate([HEADINGS, person()]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    with (tmp_path / name).open("wb") as file:
        book.save(file)
    report = read(tmp_path / name)
    assert report.counts["accepted"] == 1
    assert "xls_limits" in codes(report, "warning")


def test_a04_another_packed_format_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "表.ods", "w") as file:
        file.writestr("content.xml", "<x/>")
    refused(tmp_path / "表.ods", "unsupported_ledger")


def test_a05_a_password_is_no_damage(tmp_path: Path) -> None:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    (tmp_path / "密.xlsx").write_bytes(head + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500)
    refused(tmp_path / "密.xlsx", "encrypted_file")


def as_csv(*rows: list[Any]) -> str:
    return "\r\n".join(",".join(str(cell) for cell in row) for row in rows) + "\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
def test_a06_a07_every_encoding_gives_the_same_names(tmp_path: Path, encoding: str) -> None:
    row = person(姓名="䶮𬳽")
    (tmp_path / "人.csv").write_bytes(as_csv(HEADINGS, row).encode(encoding))
    report = read(tmp_path / "人.csv")
    assert report.tables["identity"]["name"].tolist() == ["䶮𬳽"]
    assert report.columns["header"][0] == "县"


def test_a08_text_in_the_wrong_encoding_is_not_imported(tmp_path: Path) -> None:
    mangled = as_csv(HEADINGS, person()).encode("gb18030").decode("latin-1")
    (tmp_path / "乱.csv").write_text(mangled, "utf-8")
    report = read(tmp_path / "乱.csv")
    assert codes(report) == ["unknown_header"] and not report.tables
    assert report.counts == {"accepted": 0, "quarantined": 0, "skipped": 2, "header": 0}


def test_a09_short_and_shifted_rows_are_quarantined_alone(tmp_path: Path) -> None:
    shifted = person(3)
    shifted[17] = "8,534.50"
    text = as_csv(HEADINGS, person(1)[:7], person(2), shifted, person(4))
    (tmp_path / "短.csv").write_text(text, "utf-8")
    report = read(tmp_path / "短.csv")
    wrong = report.problems[report.problems["code"] == "wrong_width"]
    assert wrong["row"].tolist() == [2, 4]
    assert report.tables["persons"]["household"].tolist() == [
        "3418250000000002",
        "3418250000000004",
    ]


def test_a09_a_quote_never_closed_costs_its_own_line(tmp_path: Path) -> None:
    text = as_csv(HEADINGS, person(1, 姓名='"张三'), person(2))
    (tmp_path / "引.csv").write_text(text, "utf-8")
    report = read(tmp_path / "引.csv")
    assert len(report.rows) == 3 and "3418250000000002" in set(
        report.tables["persons"]["household"]
    )


def test_a10_a_line_break_in_quotes_is_one_record_on_its_first_line(tmp_path: Path) -> None:
    text = as_csv(HEADINGS, person(1, 自然村='"上村\n组"'), person(2, 证件号码="1"))
    (tmp_path / "换行.csv").write_text(text, "utf-8", newline="")
    report = read(tmp_path / "换行.csv")
    assert report.rows["row"].tolist() == [1, 2, 4]
    assert at(report, "id_length")["row"] == 4


@pytest.mark.parametrize("form", ["\t{}", "'{}", '="{}"', "　{} ", "\u200b{}", "{}"])
def test_a11_b04_what_holds_a_number_as_text_is_taken_off(tmp_path: Path, form: str) -> None:
    for number in range(1, 40):
        if identity(number).endswith("X"):
            break
    for text in (identity(number), identity(number).lower(), "３" + identity(number)[1:]):
        book = workbook(HEADINGS, person(证件号码=form.format(text)))
        book.active["H2"].data_type = "s"
        report = read(saved(book, tmp_path), "person")
        assert report.tables["identity"]["id_number"].tolist() == [identity(number)]


def test_a12_a_title_a_unit_row_and_a_header_of_two_rows(tmp_path: Path) -> None:
    book = workbook(
        ["旌德县脱贫户收入台账（2020年）"],
        ["填报单位：白地镇", *[None] * 9, "单位：元"],
        [
            "序号",
            "乡镇",
            "村",
            "户编号",
            "家庭人口",
            "收入",
            *[None] * 3,
            "生产经营性支出",
            "人均纯收入",
        ],
        [*[None] * 5, "工资性收入", "生产经营性收入", "财产性收入", "转移性收入"],
        [1, "白地镇", "江村", "H-1", 2, 10000, 2000, 0, 500, 500, 6000],
    )
    for merged in ("A1:K1", "F3:I3", *(f"{c}3:{c}4" for c in "ABCDEJK")):
        book.active.merge_cells(merged)
    report = read(saved(book, tmp_path))
    assert report.counts == {"accepted": 1, "quarantined": 0, "skipped": 0, "header": 4}
    home = report.tables["households"].iloc[0]
    assert home[["wage", "transfer", "income_per_head"]].tolist() == [10000, 500, 6000]
    assert "unit_assumed" not in codes(report, "warning")


def test_a13_headings_with_breaks_blanks_and_other_brackets_still_match(tmp_path: Path) -> None:
    headings = list(HEADINGS)
    headings[7], headings[17], headings[9] = "证件\n号码", "人均　纯收入\n(元)", " 与户主 关系＊"
    report = read(saved(workbook(headings, person()), tmp_path))
    assert report.counts["accepted"] == 1


def test_a13_missing_and_unknown_columns_are_all_named(tmp_path: Path) -> None:
    headings = list(HEADINGS)
    headings[4], headings[7] = "户的号", "证的号"
    report = read(saved(workbook(headings, person()), tmp_path), "person")
    missing = report.problems[report.problems["code"] == "missing_heading"]
    unused = report.problems[report.problems["code"] == "unused_column"]
    assert len(missing) == 2 and unused["column"].tolist() == ["E", "H"]
    assert report.counts == {"accepted": 0, "quarantined": 1, "skipped": 0, "header": 1}


def test_a14_synonyms_are_mapped_and_the_mapping_is_told(tmp_path: Path) -> None:
    headings = list(HEADINGS)
    headings[2] = "村名"
    report = read(saved(workbook(headings, person()), tmp_path))
    mapped = report.columns.set_index("header")["field"]
    assert mapped["村名"] == "village" and report.counts["accepted"] == 1


def test_a15_another_definition_rejects_its_sheet_only(tmp_path: Path) -> None:
    headings = list(HEADINGS)
    headings[17] = "人均可支配收入"
    book = workbook(headings, person(1), title="可支配")
    other = book.create_sheet("纯收入")
    other.append(HEADINGS)
    other.append(person(2))
    report = read(saved(book, tmp_path))
    problem = at(report, "other_definition")
    assert (problem["sheet"], problem["column"], problem["severity"]) == ("可支配", "R", "error")
    assert report.counts == {"accepted": 1, "quarantined": 1, "skipped": 0, "header": 2}


def test_a16_repeated_headings_are_told_and_contradicting_ones_reject(tmp_path: Path) -> None:
    report = read(saved(workbook([*HEADINGS, "备注", "备注"], [*person(), "a", "b"]), tmp_path))
    assert at(report, "repeated_heading")["column"] == "U" and report.counts["accepted"] == 1
    report = read(saved(workbook([*HEADINGS, "姓名"], [*person(), "李四"]), tmp_path))
    assert "contradicting_columns" in codes(report) and report.counts["accepted"] == 0


def test_a17_an_unknown_column_is_told_by_its_letter(tmp_path: Path) -> None:
    report = read(saved(workbook([*HEADINGS, "鞋码"], [*person(), 42]), tmp_path))
    assert at(report, "unused_column")["column"] == "T" and report.counts["accepted"] == 1


FLOOD = [
    "序号",
    "乡镇",
    "村",
    "户编号",
    "家庭人口",
    "受灾人口",
    "受灾类型",
    "经济损失（元）",
    "受灾日期",
]


def flood(number: int, **cells: Any) -> list[Any]:
    row = dict(
        zip(
            FLOOD,
            [number, "白地镇", "江村村", f"H{number}", 3, 2, "农作物受损", 1000, "2020-07-05"],
            strict=True,
        )
    )
    return list((row | cells).values())


def test_a18_totals_signatures_blanks_and_bare_numbers_are_skipped(tmp_path: Path) -> None:
    rows = [
        *([None, "白地镇", "小计"], flood(1), flood(2)),
        *(["小计", *[None] * 6, 2000], flood(3), [4], ["合计", *[None] * 6, 3100]),
        *([" "], ["填表人：李四", None, None, "审核人：王五"], ["注：数据截至7月10日"]),
    ]
    rows[0] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    report = read(saved(workbook(FLOOD, *rows), tmp_path))
    assert report.counts == {"accepted": 3, "quarantined": 0, "skipped": 6, "header": 2}
    reasons = report.rows["reason"].value_counts().to_dict()
    assert reasons["total"] == 2 and reasons["serial_only"] == reasons["blank"] == 1
    problem = at(report, "wrong_sum")
    assert (problem["row"], problem["column"], problem["severity"]) == (8, "H", "warning")
    assert "3100" in problem["message"] and "3000" in problem["message"]


def test_a19_hidden_rows_are_imported_and_told(tmp_path: Path) -> None:
    book = workbook(HEADINGS, person(1), person(2))
    book.active.row_dimensions[3].hidden = True
    report = read(saved(book, tmp_path))
    assert at(report, "hidden_row")["row"] == 3 and report.counts["accepted"] == 2


def test_a20_hidden_explaining_and_example_parts_are_listed_not_imported(tmp_path: Path) -> None:
    book = workbook(HEADINGS, ["示例", *person(9)[1:]], person(1), title="数据")
    for name in ("旧数据", "填表说明"):
        sheet = book.create_sheet(name)
        sheet.append(HEADINGS)
        sheet.append(person(2))
    book["旧数据"].sheet_state = "hidden"
    report = read(saved(book, tmp_path))
    assert {"hidden_sheet", "explanation_sheet"} <= set(codes(report, "warning"))
    assert report.counts == {"accepted": 1, "quarantined": 0, "skipped": 5, "header": 1}


def test_a21_merged_places_fill_their_range_and_no_further(tmp_path: Path) -> None:
    empty = {"乡": None, "行政村": None}
    book = workbook(HEADINGS, person(1), person(2, **empty), person(3, **empty))
    book.active.merge_cells("B2:B3")
    book.active.merge_cells("C2:C3")
    report = read(saved(book, tmp_path))
    assert report.tables["households"]["village"].nunique() == 1
    problem = at(report, "required_missing")
    assert (problem["row"], problem["column"], problem["severity"]) == (4, "C", "error")


def test_a22_a_formula_never_calculated_is_quarantined(tmp_path: Path) -> None:
    report = people(tmp_path, person(1, **{"人均纯收入（元）": "=1+1"}), person(2))
    problem = at(report, "formula_without_value")
    assert (problem["row"], problem["column"], problem["header"]) == (2, "R", "人均纯收入（元）")
    assert report.counts["accepted"] == 1


def test_a22_a_formula_that_gives_empty_text_is_an_empty_cell(tmp_path: Path) -> None:
    path = saved(workbook(HEADINGS, person(联系电话="=A1")), tmp_path)
    empty = '<c r="S2" t="str"><f>A1</f><v></v></c>'

    def calculated(text: str) -> str:
        start = text.index('<c r="S2"')
        return text[:start] + empty + text[text.index("</c>", start) + 4 :]

    report = read(edited(path, sheet1=calculated))
    assert report.counts["accepted"] == 1 and codes(report) == []


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "#DIV/0!"])
def test_a23_an_error_value_is_quarantined_at_its_cell(tmp_path: Path, value: str) -> None:
    book = workbook(HEADINGS, person(1), person(2))
    book.active["I3"] = value
    book.active["I3"].data_type = "e"
    report = read(saved(book, tmp_path))
    assert (at(report, "error_cell")["row"], at(report, "error_cell")["column"]) == (3, "I")
    (tmp_path / "错.csv").write_text(as_csv(HEADINGS, person(人数=value)), "utf-8")
    assert at(read(tmp_path / "错.csv"), "error_cell")["row"] == 2


@pytest.mark.parametrize("name", ["NULL", "None", "NA", "nan", "阿·买提"])
def test_a24_names_that_look_missing_are_names(tmp_path: Path, name: str) -> None:
    assert people(tmp_path, person(姓名=name)).tables["identity"]["name"].tolist() == [name]


@pytest.mark.parametrize("text", [None, "", "　 ", "\u200b", "\t"])
def test_a25_an_empty_required_cell_is_quarantined(tmp_path: Path, text: str | None) -> None:
    problem = at(people(tmp_path, person(1, 姓名=text), person(2)), "required_missing")
    assert (problem["row"], problem["column"], problem["severity"]) == (2, "G", "error")


def test_a_stray_cell_in_the_last_corner_is_refused_before_memory_is_laid_out(
    tmp_path: Path,
) -> None:
    book = workbook(HEADINGS, person())
    book.active.cell(1_048_576, 16_384, 1)
    refused(saved(book, tmp_path), "too_big")


def test_f20_bombs_entities_macros_and_links_are_refused_or_left_aside(tmp_path: Path) -> None:
    path = saved(workbook(HEADINGS, person()), tmp_path, "宏.xlsm")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("xl/vbaProject.bin", b"x")
        file.writestr("xl/externalLinks/externalLink1.xml", b"<x/>")
    report = read(path)
    assert {"macro_ignored", "links_ignored"} <= set(codes(report, "warning"))
    assert report.counts["accepted"] == 1
    path = saved(workbook(HEADINGS, person()), tmp_path, "实体.xlsx")
    entity = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    refused(edited(path, sheet1=lambda text: entity + text), "damaged_file")
    path = saved(workbook(HEADINGS, person()), tmp_path, "炸弹.xlsx")
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file,
        file.open("xl/media/x.bin", "w", force_zip64=True) as part,
    ):
        for _ in range(1600):
            part.write(b"\0" * 1_000_000)
    refused(path, "too_big")


def test_b24_the_1904_date_system_is_known(tmp_path: Path) -> None:
    book = workbook(
        ["项目编号", "资金编号", "村", "项目类别", "预算(元)", "已支付(元)", "入库日期"]
    )
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["P1", "F1", "江村村", "产业", 5000, 5000, 41974 - 1462])
    report = read(saved(book, tmp_path), "project")
    assert str(report.tables["projects"]["listed_on"][0])[:10] == "2014-12-01"


def test_a_kind_is_guessed_by_its_headings_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    report = read(saved(workbook(FLOOD, flood(1)), tmp_path))
    assert list(report.tables) == ["damages"]
    with pytest.raises(KeyError, match="person"):
        read(tmp_path / "台账.xlsx", "persom")


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    refused(tmp_path / "没有.xlsx", "missing_file")
    refused(tmp_path, "missing_file")


def test_importing_the_room_loads_no_reader() -> None:
    code = "import sys, jingde_core.ledgers; print('python_calamine' in sys.modules)"
    command = [__import__("sys").executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True).stdout.strip() == "False"
