"""Cells and rules: numbers, dates, identity numbers, places, households, sums, conservation."""

import io
import random
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_ledger_reading import (
    FLOOD,
    HEADINGS,
    as_csv,
    at,
    codes,
    flood,
    identity,
    people,
    person,
    saved,
    workbook,
)

from jingde_core.geography.register import read_register
from jingde_core.ledgers import Report, read
from jingde_core.ledgers.dates import parse_day
from jingde_core.ledgers.idnumbers import check_character, parse_id

INCOME = "人均纯收入（元）"


def rejected(report: Report, code: str, row: int = 2) -> Any:
    """The row is quarantined for this one reason."""
    problem = at(report, code)
    assert (problem["row"], problem["severity"]) == (row, "error")
    assert report.rows.set_index("row").loc[row, "disposition"] == "quarantined"
    return problem


def warned(report: Report, code: str, row: int = 2) -> Any:
    problem = at(report, code)
    assert (problem["row"], problem["severity"]) == (row, "warning")
    assert report.rows.set_index("row").loc[row, "disposition"] == "accepted"
    return problem


def test_the_check_character_of_the_standards_example() -> None:
    assert check_character("11010519491231002") == "X"
    assert check_character("44052418800101001") == "4"


@given(st.dates(date(1900, 1, 1), date(2020, 9, 30)), st.integers(0, 999), st.integers(0, 17))
def test_one_wrong_digit_never_passes(born: date, serial: int, place: int) -> None:
    number = identity(serial, f"{born:%Y%m%d}")
    assert parse_id(number).birth == born
    wrong = "5" if number[place] != "5" else "6"
    assert parse_id(number[:place] + wrong + number[place + 1 :]).fault


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (identity()[:-1] + ("1" if identity()[-1] != "1" else "2"), "id_checksum"),
        (identity()[:17], "id_length"),
        (identity() + "1", "id_length"),
        (float(identity()[:17] + "1"), "precision_lost"),
        (f"{float(identity()[:17] + '1'):.5E}", "precision_lost"),
        (identity(born="19711332"), "id_birth"),
        (identity(born="20991201"), "id_birth"),
        (identity() + "81", "id_disability_code"),
        (identity() + "15", "id_disability_code"),
        ("34182O19601205001X", "id_characters"),
    ],
)
def test_b01_to_b07_a_wrong_identity_number_is_quarantined(
    tmp_path: Path, number: Any, code: str
) -> None:
    problem = rejected(people(tmp_path, person(证件号码=number), person(2)), code)
    assert problem["column"] == "H" and str(number)[:12] not in problem["message"]


def test_b05_an_old_number_is_brought_to_18_digits_and_told(tmp_path: Path) -> None:
    right = identity()
    report = people(tmp_path, person(证件号码=right[:6] + right[8:17]))
    warned(report, "id_upgraded")
    assert report.tables["identity"]["id_number"].tolist() == [right]


def test_b06_a_disability_number_is_split_and_told(tmp_path: Path) -> None:
    report = people(tmp_path, person(证件号码=identity() + "44"))
    warned(report, "id_disability")
    assert report.tables["identity"]["id_number"].tolist() == [identity()]


@pytest.mark.parametrize(
    ("numbers", "code", "kept"),
    [
        ([3418250000010112.0, 3418250000010113.0], "number_as_text", 2),
        ([3418250000010110.0, 3418250000010120.0], "precision_lost", 0),
        ([34182500000101125.0, 34182500000101135.0], "precision_lost", 0),
        ([2.0**53, 3418250000010113.0], "number_as_text", 2),
        ([341825000001011.0, 341825000001012.0], "", 2),
        (["3.41825E+15", "3.41825E+15"], "precision_lost", 0),
    ],
)
def test_household_numbers_stored_as_numbers(
    tmp_path: Path, numbers: list[Any], code: str, kept: int
) -> None:
    rows = [person(i, 户编号=number) for i, number in enumerate(numbers, 1)]
    report = people(tmp_path, *rows)
    found = report.problems[report.problems["column"] == "E"]["code"].tolist()
    assert found == ([code] * 2 if code else []) and report.counts["accepted"] == kept
    if kept:
        assert report.tables["persons"]["household"][1] == str(int(numbers[1]))


def test_b08_sex_against_the_seventeenth_digit_is_told(tmp_path: Path) -> None:
    book = workbook([*HEADINGS, "性别"], [*person(1), "女"], [*person(2), "女"])
    assert warned(read(saved(book, tmp_path)), "sex_differs")["column"] == "T"


def test_b09_an_exact_repeat_quarantines_the_later_row(tmp_path: Path) -> None:
    book = workbook(["序号", *HEADINGS], [1, *person(1)], [2, *person(2)], [3, *person(1)])
    report = read(saved(book, tmp_path))
    assert "第2行" in rejected(report, "repeated_row", 4)["message"]
    assert report.counts["accepted"] == 2 and len(codes(report)) == 1


def test_b10_one_id_in_two_households_quarantines_both(tmp_path: Path) -> None:
    report = people(tmp_path, person(1), person(2, 证件号码=identity(1)), person(3))
    found = report.problems[report.problems["code"] == "id_in_two_households"]
    assert found["row"].tolist() == [2, 3] and report.counts["accepted"] == 1
    assert "第3行" in found["message"].iloc[0] and "第2行" in found["message"].iloc[1]


def test_b10_one_id_in_two_sheets_is_found_as_in_one(tmp_path: Path) -> None:
    book = workbook(HEADINGS, person(1), person(2), person(3), title="白地镇")
    sheet = book.create_sheet("另页")
    for row in (HEADINGS, person(4, 证件号码=identity(1)), person(2), person(5)):
        sheet.append(row)
    report = read(saved(book, tmp_path))
    found = report.problems[report.problems["code"] == "id_in_two_households"]
    assert found[["sheet", "row"]].to_numpy().tolist() == [["白地镇", 2], ["另页", 2]]
    assert "[另页] 第2行" in found["message"].iloc[0]
    assert at(report, "duplicate_key")["sheet"] == at(report, "repeated_id")["sheet"] == "另页"
    assert report.counts == {"accepted": 3, "quarantined": 3, "skipped": 0, "header": 2}
    assert not report.tables["households"]["id"].duplicated().any()


def test_b11_contradicting_rows_of_one_household(tmp_path: Path) -> None:
    same = {"户编号": "H1", "人数": 2}
    spouse = person(2, 与户主关系="配偶", **(same | {INCOME: 9000}))
    report = people(tmp_path, person(1, **same), spouse)
    assert "第2行" in rejected(report, "household_conflict", 3)["message"]
    heads = ["村", "户编号", "家庭人口"]
    report = read(saved(workbook(heads, ["江村", "H1", 2], ["江村", "H1", 3]), tmp_path))
    rejected(report, "household_conflict", 3)


def test_b12_b13_heads_and_members_are_told(tmp_path: Path) -> None:
    one = {"户编号": "H1", "人数": 3}
    rows = [
        *(person(1, **one), person(2, **one), person(3, 与户主关系="之子", 户编号="H2")),
        person(4, 证件号码=identity(4, "20151205")),
    ]
    report = read(saved(workbook(HEADINGS, *rows), tmp_path), as_of=date(2020, 9, 30))
    assert warned(report, "several_heads", 3) is not None
    warned(report, "no_head", 4)
    warned(report, "young_head", 5)
    assert "2" in warned(report, "members_differ", 2)["message"]
    assert report.tables["households"]["members"].tolist() == [2, 1, 1]


def test_b14_households_of_nobody_and_persons_of_no_household_are_told(tmp_path: Path) -> None:
    book = workbook(HEADINGS, person(1, 户编号="H1"), person(2, 户编号="H2"), title="人")
    sheet = book.create_sheet("户")
    for row in (["村", "户编号", "家庭人口"], ["江村", "H1", 1], ["江村", "H3", 2]):
        sheet.append(row)
    report = read(saved(book, tmp_path))
    told = {code: at(report, code) for code in ("orphan", "empty_household")}
    assert [(p["sheet"], p["row"]) for p in told.values()] == [("人", 3), ("户", 3)]
    assert report.tables["households"]["id"].tolist() == ["H1", "H3", "H2"]
    assert report.places["households"]["sheet"].tolist() == ["户", "户", "人"]


def test_b15_a_misspelt_village_only_suggests(tmp_path: Path) -> None:
    report = people(tmp_path, person(乡="兴隆镇", 行政村="大里村"))
    assert "大礼村" in rejected(report, "unknown_village")["message"]


def test_b16_a_village_of_another_town(tmp_path: Path) -> None:
    report = people(tmp_path, person(乡="兴隆镇", 行政村="路西村"))
    assert "三溪镇" in rejected(report, "wrong_member")["message"]


@pytest.mark.parametrize(
    "names",
    [("江村", "江村村", "江村村委会", "江\u200b村村", "江　村"), ("南门社区", "南门居委会")],
)
def test_b17_forms_of_a_name_are_one_village(tmp_path: Path, names: tuple[str, ...]) -> None:
    rows = [person(i, 乡=None, 行政村=name) for i, name in enumerate(names, 1)]
    assert people(tmp_path, *rows).tables["households"]["village"].nunique() == 1


def villages(*, leave: str = "", **cells: Any) -> list[list[Any]]:
    return [
        [v.name, "否", 2000, 1800, 100, 90] for v in read_register().villages if v.name != leave
    ]


VILLAGE = ["村", "是否贫困村", "总人口", "农业户籍人口", "建档立卡人口", "脱贫人口"]


def test_b18_villages_missing_and_repeated(tmp_path: Path) -> None:
    rows = villages(leave="篁嘉村")
    report = read(saved(workbook(VILLAGE, *rows, [rows[0][0], "是", 9, 9, 1, 1]), tmp_path))
    missing = at(report, "missing_villages")
    assert "篁嘉村" in missing["message"] and missing["severity"] == "warning"
    assert "第2行" in rejected(report, "duplicate_key", len(rows) + 2)["message"]
    assert len(report.tables["villages"]) == len(rows)


def test_b28_a_part_above_its_whole(tmp_path: Path) -> None:
    rows = villages()
    rows[0][5] = 3000
    rejected(read(saved(workbook(VILLAGE, *rows), tmp_path)), "part_above_whole")
    report = read(saved(workbook(FLOOD, flood(1, 受灾人口=4)), tmp_path))
    assert rejected(report, "part_above_whole")["column"] == "F"


HOUSEHOLD = [
    *("村", "户编号", "家庭人口", "工资性收入", "生产经营性收入", "财产性收入", "转移性收入"),
    *("生产经营性支出", "人均纯收入"),
]


def household(tmp_path: Path, *values: Any) -> Report:
    rows = [["单位：元"], HOUSEHOLD, ["江村村", "H1", *values]]
    return read(saved(workbook(*rows), tmp_path))


def test_b19_negative_income_is_told_and_a_negative_wage_is_not_taken(tmp_path: Path) -> None:
    report = household(tmp_path, 1, 0, 1000, 0, 0, 3000, -2000)
    warned(report, "negative_income", 3)
    assert report.tables["households"]["income_per_head"].tolist() == [-2000]
    rejected(household(tmp_path, 1, -500, 1000, 0, 0, 0, 500), "wrong_value", 3)


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        *(("9,876.50", 9876.5), ("￥85.60 ", 85.6), ("3,200元", 3200), ("３２００", 3200)),
        *((" 3 200 ", 3200), ("3.2万", 32000), ("￥1,234,567", None), ("约3200", None)),
        *(("12,34", None), ("三千", None), ("1e400", None), ("3200-3300", None)),
    ],
)
def test_b20_amounts_as_people_write_them(tmp_path: Path, text: str, yuan: float | None) -> None:
    report = people(tmp_path, person(**{INCOME: text}))
    if yuan is None:
        assert report.counts["quarantined"] == 1 and "persons" in report.tables
    else:
        assert report.tables["households"]["income_per_head"].tolist() == [yuan]
        assert ("converted_unit" in codes(report, "warning")) == ("万" in text)


ASSET = ["村", "资产编号", "资产名称", "资产类别", "资产原值（万元）", "建成日期", "资产状态"]


@pytest.mark.parametrize(("value", "yuan"), [(12.5, 125000), (968000, None), (7200, None)])
def test_b21_a_value_off_by_ten_thousand(tmp_path: Path, value: float, yuan: float | None) -> None:
    row = ["江村村", "A1", "光伏电站", "经营性", value, "2018.6", "正常"]
    report = read(saved(workbook(ASSET, row), tmp_path))
    if yuan is None:
        message = rejected(report, "unit_suspect")["message"]
        assert value != 968000 or "96.8亿元" in message
    else:
        assert report.tables["assets"]["original_value"].tolist() == [yuan]


def test_b22_a_heading_without_unit_says_which_is_taken(tmp_path: Path) -> None:
    headings = [*ASSET[:4], "资产原值", *ASSET[5:]]
    row = ["江村村", "A1", "光伏电站", "经营性", 3, "2018.6", "正常"]
    report = read(saved(workbook(headings, row), tmp_path))
    assert "万元" in at(report, "unit_assumed")["message"]
    assert report.tables["assets"]["original_value"].tolist() == [30000]


PROJECT = ["项目编号", "资金编号", "村", "项目类别", "预算(元)", "已支付(元)", "支出进度"]


@pytest.mark.parametrize(
    ("share", "form", "told"),
    [
        *(("50%", None, ""), (0.5, "0.0%", ""), (50, None, "percent_ambiguous")),
        *(("40%", None, "sum_mismatch"), (0.5, None, "percent_ambiguous")),
    ],
)
def test_b23_shares(tmp_path: Path, share: Any, form: str | None, told: str) -> None:
    book = workbook(PROJECT, ["P1", "F1", "江村村", "产业", 5000, 2500, share])
    if form:
        book.active["G2"].number_format = form
    report = read(saved(book, tmp_path))
    assert report.counts["accepted"] == 1
    if told:
        warned(report, told)
    else:
        assert not {"percent_ambiguous", "sum_mismatch"} & set(codes(report, "warning"))


@pytest.mark.parametrize(
    ("value", "day"),
    [
        *(("201412", "2014-12-01"), (201412.0, "2014-12-01"), ("2014.12", "2014-12-01")),
        *((2014.12, "2014-12-01"), ("2014年12月", "2014-12-01"), (41974.0, "2014-12-01")),
        *(("2014-12-5", "2014-12-05"), ("2014/12/05 00:00:00", "2014-12-05")),
        *(("2014年12月5日", "2014-12-05"), ("２０１４．１２．５", "2014-12-05")),
        *(("20141205", "2014-12-05"), (datetime(2014, 12, 5, 8), "2014-12-05")),
        *((date(2014, 12, 5), "2014-12-05"), ("41974", "2014-12-01"), (2014.5, "2014-05-01")),
    ],
)
def test_b24_dates_in_all_their_forms(value: Any, day: str) -> None:
    found, fault = parse_day(value)
    assert fault == "" and f"{found:%Y-%m-%d}" == day


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        *(("201813", "bad_date"), ("2020-07-32", "bad_date"), ("2019-02-29", "bad_date")),
        *((2014.0, "incomplete_date"), ("2014年", "incomplete_date"), (2014.1, "ambiguous_date")),
        *(("7月4日", "incomplete_date"), ("去年", "bad_date"), (1e12, "bad_date")),
        *((float("inf"), "bad_date"), ("14.12.5", "bad_date"), ("①②", "bad_date")),
    ],
)
def test_b25_impossible_dates_are_no_dates(value: Any, fault: str) -> None:
    assert parse_day(value) == (None, fault)


def test_b24_b25_dates_in_a_ledger(tmp_path: Path) -> None:
    rows = [flood(1, 受灾日期="7月4日"), flood(2, 受灾日期="2020-07-32")]
    report = read(saved(workbook(["2020年洪涝受灾台账"], FLOOD, *rows), tmp_path))
    warned(report, "yearless_date", 3)
    assert "2020-07-32" in rejected(report, "bad_date", 4)["message"]
    assert str(report.tables["damages"]["date"][0])[:10] == "2020-07-04"
    rejected(read(saved(workbook(FLOOD, rows[0]), tmp_path)), "incomplete_date")


def test_b26_parts_that_do_not_give_the_total_are_told(tmp_path: Path) -> None:
    message = warned(household(tmp_path, 2, 10000, 2000, 0, 500, 500, 6500), "sum_mismatch", 3)
    assert "6500" in message["message"] and "6000" in message["message"]
    headings = [*ASSET, "中央资金(万元)", "省级资金(万元)"]
    row = ["江村村", "A1", "电站", "经营性", 30, "2018.6", "正常", 10, 15]
    warned(read(saved(workbook(headings, row), tmp_path)), "sum_mismatch")


def test_b27_a_household_of_nobody(tmp_path: Path) -> None:
    rejected(household(tmp_path, 0, 0, 0, 0, 0, 0, 0), "wrong_value", 3)


def test_b29_two_floods_are_two_rows_and_one_day_is_one(tmp_path: Path) -> None:
    rows = [flood(1), flood(1, 受灾日期="2020-07-06"), flood(1, **{"经济损失（元）": 900})]
    report = read(saved(workbook(FLOOD, *rows), tmp_path))
    assert "第2行" in rejected(report, "same_day_twice", 4)["message"]
    assert report.tables["damages"]["id"].nunique() == 2


@pytest.mark.parametrize(
    ("mark", "poor"),
    [
        *(("是", True), ("√", True), ("Y", True), (1, True), (True, True), ("1", True)),
        *(("否", False), ("×", False), ("N", False), (0, False), ("不清楚", None), ("—", None)),
    ],
)
def test_b30_yes_and_no(tmp_path: Path, mark: Any, poor: bool | None) -> None:
    rows = villages()
    rows[0][1] = mark
    report = read(saved(workbook(VILLAGE, *rows), tmp_path))
    if poor is None:
        rejected(report, "required_missing")
        assert ("unclear_value" in codes(report, "warning")) == (mark == "不清楚")
    else:
        assert report.tables["villages"]["poor_2014"][0] == poor


@pytest.mark.parametrize(
    ("months", "code"), [(13, "wrong_value"), (-1, "wrong_value"), (None, "required_missing")]
)
def test_work_months_outside_the_year_or_unsaid(tmp_path: Path, months: Any, code: str) -> None:
    assert rejected(people(tmp_path, person(务工时间=months)), code)["column"] == "P"


def test_all_problems_of_a_row_are_told_at_once(tmp_path: Path) -> None:
    wrong = person(姓名=None, 证件号码="1", 行政村="大里村", 与户主关系="邻居", **{INCOME: "约"})
    report = people(tmp_path, wrong)
    assert codes(report) == [
        *("unknown_village", "required_missing", "id_length", "wrong_value", "wrong_type")
    ]
    assert report.problems["row"].dropna().tolist() == [2] * 5


def test_a_message_says_place_found_expected_and_cure(tmp_path: Path) -> None:
    problem = at(people(tmp_path, person(1), person(证件号码=identity()[:17])), "id_length")
    place, _, rest = problem["message"].partition("：")
    assert place == "台账.xlsx[Sheet1] 第3行 H列 证件号码"
    assert rest == "证件号码为17位，应为18位。请核对原证件后改正。"
    assert problem["raw"] == identity()[:17] and problem["fix"] == "请核对原证件后改正。"


def test_quarantined_rows_go_out_with_reasons_are_mended_and_come_in(tmp_path: Path) -> None:
    rows = [person(1, 姓名="=甲+乙", 证件号码="1"), person(2, 与户主关系="邻居"), person(3)]
    book = workbook(HEADINGS, *rows)
    book.active["G2"].data_type = "s"
    report = read(saved(book, tmp_path))
    out = tmp_path / "隔离.xlsx"
    assert report.write_quarantine(out) == 2
    mended = openpyxl.load_workbook(out)
    sheet = mended.active
    headings = [cell.value for cell in sheet[1]]
    column = headings.index("证件号码") + 1
    assert "18位" in sheet.cell(2, column + 1).value and sheet.cell(2, 1).value == 2
    assert sheet.cell(2, headings.index("姓名") + 1).data_type == "s"
    assert read(out).counts == {"accepted": 0, "quarantined": 2, "skipped": 0, "header": 1}
    sheet.cell(2, column).value = identity(1)
    sheet.cell(3, headings.index("与户主关系") + 1).value = "户主"
    again = read(saved(mended, tmp_path))
    assert again.counts["accepted"] == 2 and codes(again) == []
    assert again.tables["households"]["income_per_head"].tolist() == [8534.5] * 2


LEDGERS: dict[str, tuple[list[Any], list[Any]]] = {
    "relief": (
        ["村", "户编号", "受益人数", "救助类型", "救助金额（元）", "救助日期"],
        ["江村村", "H1", 3, "临时救助", 500, "2020-07-20"],
    ),
    "loan": (
        ["村", "户编号", "贷款金额（万元）", "放款日期", "到期日期", "贷款用途", "贷款状态"],
        ["江村村", "H1", 5, "2019-08-01", "2022-08-01", "茶叶", "正常"],
    ),
    "post": (
        ["村", "人编号", "岗位类型", "上岗日期", "月工资（元）"],
        ["江村村", "H101", "生态护林员", "2019.3", 600],
    ),
    "pv": (
        ["电站编号", "所在村", "装机容量（千瓦）", "并网日期"],
        ["S01", "凡村村", 60, "2017-06-30"],
    ),
    "risk": (
        ["村", "户编号", "监测对象类别", "识别时间", "风险类型"],
        ["江村村", "H1", "边缘易致贫户", "2020-03-01", "因病"],
    ),
    "problem": (
        ["问题编号", "问题来源", "问题类别", "发现时间", "责任单位", "整改时限"],
        ["N1", "省级考核", "住房保障", "2020-01-10", "住建局", "2020-06-30"],
    ),
    "ledger": (
        ["资产编号", "资产名称", "分配日期", "分配金额（元）", "收益对象"],
        ["A1", "光伏电站", "2020-06-30", 12000, "江村村集体"],
    ),
}


@pytest.mark.parametrize("kind", LEDGERS)
def test_every_kind_is_known_by_its_headings(tmp_path: Path, kind: str) -> None:
    headings, row = LEDGERS[kind]
    book = workbook(["旌德县扶贫资产收益分配台账" if kind == "ledger" else "台账"], headings, row)
    if kind == "pv":
        book.active["B3"] = read_register().villages[0].name
    report = read(saved(book, tmp_path))
    assert codes(report) == [] and report.counts["accepted"] == 1
    assert set(report.rows["kind"]) == {kind}
    (frame,) = report.tables.values()
    assert len(frame) == 1
    if kind == "loan":
        assert frame[["amount", "months"]].iloc[0].tolist() == [50000, 36]
    if kind == "ledger":
        assert frame["ledger"].tolist() == ["distribution"]


def test_a_row_without_a_number_gets_the_same_key_in_any_file(tmp_path: Path) -> None:
    first = read(saved(workbook(FLOOD, flood(1), flood(2)), tmp_path))
    second = read(saved(workbook(FLOOD, flood(2), flood(1)), tmp_path))
    assert sorted(first.tables["damages"]["id"]) == sorted(second.tables["damages"]["id"])


def rows_that_hold_anything(path: Path) -> int:
    """Counted by another reader: rows of which any cell is not empty."""
    book = openpyxl.load_workbook(path)
    return sum(
        any(cell not in (None, "") for cell in row)
        for sheet in book
        for row in sheet.iter_rows(values_only=True)
    )


def total(report: Report) -> int:
    assert set(report.rows["disposition"]) <= {"accepted", "quarantined", "skipped", "header"}
    assert not report.rows.duplicated(["sheet", "row"]).any()
    return sum(report.counts.values())


ANY_CELL = st.one_of(
    st.none(),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x9FFF, exclude_categories=["Cs"])),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**19), 10**19),
    st.booleans(),
    st.dates(date(1900, 3, 1), date(2200, 1, 1)),
    st.sampled_from(["合计", "小计", "填表人：", "#N/A", "—", "示例", "=1+1", "注：", *HEADINGS]),
)
slow = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@slow
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 22), ANY_CELL), max_size=25))
@example([(1, 1, "姓名"), (3, 3, "")])
def test_every_row_of_a_mutated_workbook_is_accounted_for(tmp_path: Path, changes: Any) -> None:
    book = workbook(["脱贫人口"], HEADINGS, *(person(n) for n in range(1, 6)), ["合计"])
    for row, column, value in changes:
        try:
            book.active.cell(row, column).value = value
        except openpyxl.utils.exceptions.IllegalCharacterError:
            continue
    path = saved(book, tmp_path)
    assert total(read(path)) == rows_that_hold_anything(path)


def changed(content: bytes, chance: random.Random) -> bytes:
    """Up to six bytes replaced, removed or doubled."""
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(content))
        put = chance.randbytes(chance.randint(0, 3))
        content = content[:place] + put + content[place + chance.randint(0, 2) :]
    return content


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def mutated(seed: int, folder: Path) -> Path:
    """A file of any format, damaged somewhere: its text, a part of its package, or its bytes."""
    chance = random.Random(seed)
    rows = [person(n) for n in range(1, 4)]
    if seed % 4 == 0:
        encoding = chance.choice(["utf-8", "gb18030", "utf-16"])
        (folder / "变.csv").write_bytes(changed(as_csv(HEADINGS, *rows).encode(encoding), chance))
        return folder / "变.csv"
    content = saved(workbook(HEADINGS, *rows), folder).read_bytes()
    if seed % 4 == 1:
        content = changed(content, chance)
    else:
        parts = parts_of(content)
        name = "xl/worksheets/sheet1.xml" if seed % 4 == 2 else chance.choice(sorted(parts))
        parts[name] = changed(parts[name], chance)
        content = packed(parts)
    (folder / "变.xlsx").write_bytes(content)
    return folder / "变.xlsx"


def hold(seeds: range, folder: Path) -> None:
    for seed in seeds:
        report = read(mutated(seed, folder))
        assert total(report) or codes(report), seed
        assert report.problems["message"].str.len().gt(0).all(), seed


def test_500_mutated_files_raise_nothing_and_lose_no_row(tmp_path: Path) -> None:
    hold(range(500), tmp_path)


@pytest.mark.soak
def test_10000_mutated_files_raise_nothing_and_lose_no_row(tmp_path: Path) -> None:
    hold(range(500, 10_500), tmp_path)
