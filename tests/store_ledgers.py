"""Small ledgers for the tests of the store, as an office would export them."""

import csv
from pathlib import Path
from typing import Any

from jingde_core.ledgers import Report, read

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
TOWN_OF = {"江村村": "白地镇", "路西村": "三溪镇", "凡村村": "蔡家桥镇"}


def id_number(number: int) -> str:
    """A right ID number for each number under 90,000."""
    body = f"341825{1940 + number // 999}0101{number % 999 + 1:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True))
    return body + "10X98765432"[total % 11]


def _file(folder: Path, name: str, rows: list[dict[str, Any]], title: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8-sig", newline="") as file:
        file.write(f"{title}（截至2020年9月30日）\r\n")
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def person(number: int, village: str = "江村村", **cells: Any) -> dict[str, Any]:
    """A household of one, as a row of the national person export."""
    return {
        "乡": TOWN_OF[village],
        "行政村": village,
        "户编号": f"341825{number:010d}",
        "人编号": f"341825{number:010d}01",
        "姓名": "张" + "甲乙丙丁戊己庚辛壬癸"[number % 10],
        "证件号码": id_number(number),
        "与户主关系": "户主",
        "健康状况": "健康",
        "务工状况": "省外务工",
        "务工时间": 7,
        "脱贫属性": "已脱贫（享受政策）",
        "人均纯收入（元）": "8534.50",
    } | cells


def household(number: int, village: str = "江村村", **cells: Any) -> dict[str, Any]:
    """A row of the household ledger."""
    return {
        "乡": TOWN_OF[village],
        "行政村": village,
        "户编号": f"341825{number:010d}",
        "户主姓名": "张" + "甲乙丙丁戊己庚辛壬癸"[number % 10],
        "家庭人口数": 1,
        "脱贫属性": "已脱贫（享受政策）",
        "主要致贫原因": "因病",
        "工资性收入（元）": 8000,
        "转移性收入（元）": "534.50",
        "人均纯收入（元）": "8534.50",
    } | cells


def people(folder: Path, *rows: dict[str, Any], name: str = "脱贫人口.csv") -> Report:
    """The report of a person export with these rows."""
    return read(_file(folder, name, list(rows), "脱贫人口信息表"), "person")


def homes(folder: Path, *rows: dict[str, Any], name: str = "户台账.csv") -> Report:
    """The report of a household ledger with these rows."""
    return read(_file(folder, name, list(rows), "建档立卡户台账"), "household")


def loans(folder: Path, *rows: dict[str, Any], name: str = "小额信贷.csv") -> Report:
    """The report of a loan ledger with these rows."""
    return read(_file(folder, name, list(rows), "扶贫小额信贷台账"), "loan")


def loan(number: int, village: str = "江村村", **cells: Any) -> dict[str, Any]:
    """A row of the loan ledger: no contract number, so its key is a hash of its values."""
    return {
        "行政村": village,
        "户编号": f"341825{number:010d}",
        "贷款金额（元）": 50000,
        "放款日期": "2019-05-06",
        "期限（月）": 36,
        "用途": "种植",
        "贷款模式": "自我发展",
        "状态": "正常",
    } | cells
