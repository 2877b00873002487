"""Which rows of an office's sheet are data, what its totals sum, what goes out to be mended."""

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from test_ledger_cells import VILLAGE, villages
from test_ledger_reading import (
    FLOOD,
    HEADINGS,
    as_csv,
    at,
    codes,
    edited,
    flood,
    identity,
    people,
    person,
    saved,
    workbook,
)

from jingde_core.ledgers import Report, read


def sheet(folder: Path, *rows: list[Any], merge: tuple[str, ...] = ()) -> Report:
    book = workbook(FLOOD, *rows)
    for merged in merge:
        book.active.merge_cells(merged)
    return read(saved(book, folder))


def total(word: str, loss: float, *, column: int = 0) -> list[Any]:
    row: list[Any] = [None] * len(FLOOD)
    row[column], row[7] = word, loss
    return row


def test_a18_a_total_may_say_so_in_the_village_column(tmp_path: Path) -> None:
    subtotal = total("小计", 1000, column=2)
    subtotal[1] = "白地镇"
    report = sheet(tmp_path, flood(1), subtotal, flood(2), total("合计", 2000, column=1))
    assert report.rows["reason"].tolist()[2] == report.rows["reason"].tolist()[4] == "total"
    assert report.counts["accepted"] == 2 and codes(report) == []


@pytest.mark.parametrize(
    "rows",
    [
        [flood(1), total("小计", 1000), flood(2), total("小计", 1000), total("合计", 2000)],
        [total("合计", 2000), flood(1), flood(2)],
        [total("小计", 1000), flood(1), total("小计", 1000), flood(2)],
        [
            *(flood(1), total("村小计", 1000), flood(2), total("村小计", 1000)),
            *(total("镇合计", 2000), flood(3), total("村小计", 1000), total("镇合计", 1000)),
            total("总计", 3000),
        ],
    ],
    ids=["below", "above", "group above", "nested"],
)
def test_a18_totals_agree_however_an_office_nests_them(tmp_path: Path, rows: list[Any]) -> None:
    report = sheet(tmp_path, *rows)
    assert "wrong_sum" not in codes(report, "warning") and codes(report) == []


def test_a18_a_wrong_subtotal_tells_both_figures(tmp_path: Path) -> None:
    report = sheet(tmp_path, flood(1), total("小计", 900), flood(2), total("合计", 2000))
    problem = at(report, "wrong_sum")
    assert problem["row"] == 3 and "900" in problem["message"] and "1000" in problem["message"]


def test_a18_dates_seals_and_headings_of_groups_are_no_data(tmp_path: Path) -> None:
    alone = [None] * 6 + ["2020年7月15日"]
    rows = [["一、白地镇"], flood(1), alone, ["（盖章）"], ["填表日期：　年　月　日"]]
    report = sheet(tmp_path, *rows, merge=("A2:I2",))
    assert report.counts == {"accepted": 1, "quarantined": 0, "skipped": 4, "header": 1}
    assert report.rows["reason"].tolist()[1] == "note"


def test_a_name_alone_is_a_row_that_lacks_all_else(tmp_path: Path) -> None:
    lonely = [None] * len(HEADINGS)
    lonely[6] = "李四"
    report = people(tmp_path, person(1), lonely)
    assert report.counts["quarantined"] == 1 and "required_missing" in codes(report)


def test_a21_merged_places_of_an_old_binary_workbook_fill_their_range(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("受灾")
    for row, cells in enumerate([FLOOD, flood(1), flood(2), flood(3)]):
        for column, cell in enumerate(cells):
            if column != 2 or row == 0:
                page.write(row, column, cell)
    page.write_merge(1, 2, 2, 2, "江村村")
    with (tmp_path / "受灾.xls").open("wb") as file:
        book.save(file)
    report = read(tmp_path / "受灾.xls")
    assert at(report, "required_missing")["row"] == 4 and report.counts["accepted"] == 2


def test_b23_a_percent_that_a_formula_gave_is_a_percent(tmp_path: Path) -> None:
    headings = ["项目编号", "资金编号", "村", "项目类别", "预算(元)", "已支付(元)", "支出进度"]
    book = workbook(headings, ["P1", "F1", "江村村", "产业", 5000, 2500, "=F2/E2"])
    book.active["G2"].number_format = "0.0%"

    def calculated(text: str) -> str:
        return text.replace("<v />", "<v>0.5</v>").replace("<v></v>", "<v>0.5</v>")

    report = read(edited(saved(book, tmp_path), sheet1=calculated))
    assert codes(report) == [] and "percent_ambiguous" not in codes(report, "warning")


def test_a06_a_damaged_character_spoils_its_own_row(tmp_path: Path) -> None:
    content = as_csv(HEADINGS, person(1, 姓名="张三丰"), person(2)).encode("gb18030")
    place = content.index("张三丰".encode("gb18030")) + 3
    (tmp_path / "坏.csv").write_bytes(content[:place] + b"\xff" + content[place + 1 :])
    problem = at(read(tmp_path / "坏.csv"), "damaged_text")
    assert (problem["row"], problem["column"], problem["severity"]) == (2, "G", "error")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf<html><table><tr><td>1</td></tr></table></html>",
        b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?><Workbook/>',
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x",
        b"<style>td{}</style><table></table>",
        "\ufeff<html><table></table></html>".encode("utf-16"),
    ],
)
def test_a03_web_pages_of_every_make_are_called_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "导出.xls").write_bytes(content)
    assert codes(read(tmp_path / "导出.xls")) == ["html_file"]


def test_a_number_is_no_name_and_is_not_repeated_by_the_message(tmp_path: Path) -> None:
    report = people(tmp_path, person(1, 姓名=identity(1)), person(2, 与户主关系=identity(2)))
    assert [c for c in report.problems["column"] if c] == ["G", "J"]
    assert not report.problems["message"].str.contains(identity(1)[:17]).any()
    assert not report.problems["message"].str.contains(identity(2)[:17]).any()


def test_codes_that_a_csv_lends_a_decimal_are_the_plain_ones(tmp_path: Path) -> None:
    text = as_csv(HEADINGS, person(1, 户编号="1011.0"), person(2, 户编号="1012.0"))
    (tmp_path / "点.csv").write_text(text, "utf-8")
    assert read(tmp_path / "点.csv").tables["households"]["id"].tolist() == ["1011", "1012"]


def test_a_day_of_saving_that_cannot_be_is_not_the_day_of_the_figures(tmp_path: Path) -> None:
    child = person(
        1, 证件号码=identity(1, "20150301"), 与户主关系="之子", 务工状况="", 务工时间=None
    )
    book = workbook(HEADINGS, child)
    book.properties.modified = datetime(2006, 9, 16)
    report = read(edited(saved(book, tmp_path), core=lambda text: _stamped(text, "2006-09-16")))
    assert report.counts["accepted"] == 1
    report = read(edited(saved(book, tmp_path), core=lambda text: _stamped(text, "2014-09-16")))
    assert "id_birth" in codes(report)


def _stamped(text: str, day: str) -> str:
    head, _, tail = text.partition("<dcterms:modified")
    return (
        f"{head}<dcterms:modified{tail[: tail.index('>') + 1]}{day}T00:00:00Z"
        + (tail[tail.index("</") :])
    )


def test_b18_villages_spread_over_sheets_are_one_ledger(tmp_path: Path) -> None:
    rows = villages(leave="篁嘉村")
    book = workbook(VILLAGE, *rows[:30])
    other = book.create_sheet("其余")
    for row in (VILLAGE, *rows[30:]):
        other.append(row)
    problem = at(read(saved(book, tmp_path)), "missing_villages")
    assert "篁嘉村" in problem["message"] and problem["sheet"] == "其余"


def test_a20_a_sheet_called_a_template_is_named_and_not_called_unknown(tmp_path: Path) -> None:
    report = read(saved(workbook(HEADINGS, person(), title="采集模板"), tmp_path))
    assert codes(report) == [] and codes(report, "warning") == ["explanation_sheet"]


def test_what_goes_out_to_be_mended_keeps_title_and_merged_places(tmp_path: Path) -> None:
    rows = [flood(1, 受灾日期="7月4日"), flood(2, 受灾日期="7月4日", 受灾人口=9)]
    book = workbook(["2020年洪涝受灾台账"], FLOOD, *rows)
    for column in "BC":
        book.active[f"{column}4"].value = None
        book.active.merge_cells(f"{column}3:{column}4")
    report = read(saved(book, tmp_path))
    assert at(report, "part_above_whole")["row"] == 4
    report.write_quarantine(tmp_path / "隔离.xlsx")
    out = openpyxl.load_workbook(tmp_path / "隔离.xlsx")
    headings = [cell.value for cell in out.active[2]]
    out.active.cell(3, headings.index("受灾人口") + 1).value = 2
    again = read(saved(out, tmp_path))
    assert codes(again) == [] and again.counts["accepted"] == 1
    assert str(again.tables["damages"]["date"][0])[:10] == "2020-07-04"


def test_b11_a_contradiction_shows_what_the_row_says(tmp_path: Path) -> None:
    one = {"户编号": "H1", "人数": 2}
    spouse = person(2, 与户主关系="配偶", 行政村="白地村", **one)
    problem = at(people(tmp_path, person(1, **one), spouse), "household_conflict")
    assert "白地村" in problem["message"] and problem["column"] == "C"


def test_a18_a_total_over_a_row_that_cannot_be_read_is_not_called_wrong(tmp_path: Path) -> None:
    rows = [flood(1), flood(2, **{"经济损失（元）": "约2千"}), total("合计", 3000)]
    report = sheet(tmp_path, *rows)
    assert codes(report) == ["wrong_type"] and "wrong_sum" not in codes(report, "warning")


def test_a09_of_a_slipped_row_only_the_slip_is_told(tmp_path: Path) -> None:
    row = person(1)
    row[17] = "8,534.50"
    (tmp_path / "错位.csv").write_text(as_csv(HEADINGS, row, person(2)), "utf-8")
    assert codes(read(tmp_path / "错位.csv")) == ["wrong_width"]


def test_a_household_at_fault_takes_its_persons_along(tmp_path: Path) -> None:
    headings = [*HEADINGS, "识别时间", "脱贫时间"]
    one = {"户编号": "H1", "人数": 2}
    head = [*person(1, **one), "2018-01-01", None]
    spouse = [*person(2, 与户主关系="配偶", **one), None, "2016-12-31"]
    report = read(saved(workbook(headings, head, spouse, [*person(3), None, None]), tmp_path))
    assert codes(report) == ["broken_rule", "broken_household"]
    assert (
        report.tables["persons"]["household"].tolist() == report.tables["households"]["id"].tolist()
    )


def test_part_of_which_is_no_part_of_a_heading(tmp_path: Path) -> None:
    headings = [*VILLAGE[:3], "其中：农业户籍人口", *VILLAGE[4:]]
    assert read(saved(workbook(headings, *villages()), tmp_path)).counts["accepted"] == 68
