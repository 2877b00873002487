"""Headings as offices write them: units above, below and inside; years; two definitions."""

from pathlib import Path
from typing import Any

import pytest
from test_ledger_reading import HEADINGS, at, codes, person, saved, workbook

from jingde_core.ledgers import Report, read
from jingde_core.ledgers.kinds import kind_of

LOAN = ["村", "户编号", "贷款金额", "放款日期", "贷款用途", "贷款状态", "期限"]
ROW = ["江村村", "H1", 5, "2019-08-01", "茶叶", "正常", 36]


def loan(folder: Path, *above: list[Any], heading: str = "贷款金额", amount: float = 5) -> Report:
    headings, row = list(LOAN), list(ROW)
    headings[2], row[2] = heading, amount
    rows = [*(r for r in above if r[0] != "below"), headings]
    rows += [[None, *r[1:]] for r in above if r[0] == "below"]
    return read(saved(workbook(["小额信贷台账"], *rows, row), folder))


@pytest.mark.parametrize(
    ("above", "heading"),
    [
        (["单位：万元"], "贷款金额"),
        (["填报单位：白地镇　　单位：万元　2020年7月"], "贷款金额"),
        (["填报单位：白地镇", None, "单位：户、万元"], "贷款金额"),
        (["单位：", "万元"], "贷款金额"),
        (["below", None, "万元", None, None, None, "月"], "贷款金额"),
        (["below", "单位", "（万元）", None, None, None, "个月"], "贷款金额"),
        (["填报单位：白地镇"], "贷款金额/万元"),
        (["填报单位：白地镇"], "贷款金额万元"),
        (["填报单位：白地镇"], "贷款金额（单位：万元）"),
        (["单位：元"], "贷款金额（万元）"),
    ],
)
def test_b21_a_unit_is_found_wherever_an_office_writes_it(
    tmp_path: Path, above: list[Any], heading: str
) -> None:
    report = loan(tmp_path, above, heading=heading)
    assert report.counts["accepted"] == 1 and report.counts["quarantined"] == 0
    assert report.tables["loans"]["amount"].tolist() == [50000]
    assert "unit_assumed" not in codes(report, "warning")


@pytest.mark.parametrize("name", ["填报单位：万寿公司", "编制单位：亿达光伏", "单位：元山村"])
def test_the_name_of_a_body_is_no_unit(tmp_path: Path, name: str) -> None:
    report = loan(tmp_path, [name], amount=50000)
    assert report.tables["loans"]["amount"].tolist() == [50000]
    assert "按“元”读取" in at(report, "unit_assumed")["message"]


HOME = ["村", "户编号", "家庭人口"]


def home(folder: Path, headings: list[str], *values: Any) -> Report:
    return read(saved(workbook([*HOME, *headings], ["江村", "H1", 2, *values]), folder))


def test_a_heading_with_its_year_is_the_plain_one(tmp_path: Path) -> None:
    report = home(tmp_path, ["2020年度人均纯收入（元）"], 6000)
    assert report.tables["households"]["income_per_head"].tolist() == [6000]
    assert report.columns.set_index("header")["field"].iloc[-1] == "income_per_head"


def test_of_two_years_none_is_taken_and_both_are_named(tmp_path: Path) -> None:
    report = home(tmp_path, ["2019年人均纯收入（元）", "2020年人均纯收入（元）"], 5000, 6000)
    unused = report.problems[report.problems["code"] == "unused_column"]
    assert unused["column"].tolist() == ["D", "E"]
    assert report.tables["households"]["income_per_head"].isna().all()


def test_a15_another_definition_under_a_year_rejects_the_sheet_too(tmp_path: Path) -> None:
    report = home(tmp_path, ["2020年农民人均可支配收入（元）"], 6000)
    assert at(report, "other_definition")["column"] == "D" and report.counts["accepted"] == 0


def test_a15_beside_the_right_one_another_definition_is_only_told(tmp_path: Path) -> None:
    report = home(tmp_path, ["人均纯收入（元）", "人均可支配收入（元）"], 6000, 9000)
    assert at(report, "unused_column")["column"] == "E" and codes(report) == []
    assert report.tables["households"]["income_per_head"].tolist() == [6000]


def test_every_column_of_the_national_export_is_known_by_its_name() -> None:
    first = ["县", "乡", "行政村", "自然村", "户编号", "人编号", "姓名", "证件号码", "人数"]
    second = ["与户主关系", "民族", "文化程度", "在校生状况", "健康状况", "劳动技能", "务工状况"]
    third = ["务工时间", "参加大病医疗", "脱贫属性", "贫困户属性", "主要致贫原因", "危房户"]
    national = [*first, *second, *third, "饮水安全", "饮水困难", "人均纯收入", "联系电话"]
    known = kind_of("person").headers
    assert len(national) == 26 and set(national) <= set(known)
    assert len({known[heading] for heading in national}) == 26


@pytest.mark.parametrize(
    ("column", "values", "table", "code"),
    [
        ("文化程度", ["学龄前儿童"], "persons.schooling", None),
        ("务工状况", ["乡（镇）外县内务工", "县内"], "persons.work", "county"),
        ("与户主关系", ["户主", "户主本人"], "persons.relation", "head"),
        ("脱贫属性", ["已脱贫(享受政策)"], "households.exit_status", "lifted_with_policy"),
    ],
)
def test_values_of_the_national_export_are_known(
    tmp_path: Path, column: str, values: list[str], table: str, code: str | None
) -> None:
    rows = [person(n, **{column: value}) for n, value in enumerate(values, 1)]
    report = read(saved(workbook(HEADINGS, *rows), tmp_path))
    assert codes(report) == []
    name, _, field = table.partition(".")
    found = report.tables[name][field]
    assert found.isna().all() if code is None else found.tolist() == [code] * len(values)


def test_a_csv_header_of_two_rows_is_as_wide_as_both(tmp_path: Path) -> None:
    text = (
        "村,户编号,家庭人口,收入（元）,,生产经营性支出（元）,人均纯收入（元）\n"
        ",,,工资性收入,财产性收入,,\n江村村,H1,2,10000,2000,0,6000\n"
    )
    (tmp_path / "两层.csv").write_text(text, "utf-8")
    report = read(tmp_path / "两层.csv")
    assert report.counts == {"accepted": 1, "quarantined": 0, "skipped": 0, "header": 2}
    home = report.tables["households"].iloc[0]
    assert home[["wage", "property", "income_per_head"]].tolist() == [10000, 2000, 6000]


def test_columns_that_the_model_gained_are_read(tmp_path: Path) -> None:
    report = home(tmp_path, ["不愁吃", "肉蛋奶豆", "四季衣服", "被褥"], "是", "有", "否", "未核实")
    (row,) = report.tables["households"].to_dict("records")
    checks = ("food_enough", "food_protein", "seasonal_clothes", "bedding")
    assert [row[name] for name in checks] == ["pass", "pass", "fail", "unknown"]
    rows = workbook([*HEADINGS, "死亡日期"], [*person(), "2020-05-01"])
    died = read(saved(rows, tmp_path)).tables["persons"]["died_on"]
    assert str(died[0])[:10] == "2020-05-01"


def test_the_months_of_a_station_are_a_ledger(tmp_path: Path) -> None:
    headings = [
        "电站编号",
        "月份",
        "发电量（千瓦时）",
        "标准发电量",
        "发电收益（元）",
        "运维费用（元）",
    ]
    rows = [["S01", "2020年7月", 6100, 6000, 5185, 120], ["S01", "2020.08", 5900, 6000, 5015.5, 0]]
    report = read(saved(workbook(["光伏月报"], headings, *rows), tmp_path))
    months = report.tables["pv_months"]
    assert set(report.rows["kind"]) == {"pv_month"} and codes(report) == []
    assert months["actual"].tolist() == [6100, 5900] and months["online"].all()
