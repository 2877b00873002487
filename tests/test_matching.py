"""Lists of other departments: read, matched to the register, held against it."""

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from jingde_core.county import County
from jingde_core.ledgers.departments import departments, read_list
from jingde_core.ledgers.idnumbers import check_character
from jingde_core.ledgers.matching import CONFIDENCE, Matching, match
from jingde_core.model.catalogue import has_label
from jingde_core.model.problem import DataError
from jingde_core.quality.rules import read_rules

VILLAGE, OTHER = "341825104205", "341825102200"  # 江村村, 路西村


def number(birth: str, order: int) -> str:
    """An invented ID number of that birth; odd orders are male."""
    body = f"341825{birth}{order:03d}"
    return body + check_character(body)


ANNA, BO, CHEN = (
    number(day, n) for day, n in (("19600102", 11), ("19620304", 22), ("20100506", 33))
)
#: person, household, relation, birth, name, number
PEOPLE = [
    ("1-1", "1", "head", 1960, "张甲", ANNA),
    ("1-2", "1", "spouse", 1962, "李乙", BO),
    ("2-1", "2", "head", 1971, "王丙", None),
    ("2-2", "2", "child", 2010, "王丁", CHEN),
    ("3-1", "3", "head", 1955, "赵戊", None),
    ("4-1", "4", "head", 1955, "赵戊", None),
    ("5-1", "5", "head", 1980, "孙己", number("19800101", 44)),
]


def tables(county: County, **cells: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Five homes of two villages; ``cells`` are columns of persons by id."""
    known = dict(county.tables)
    sample = known["persons"].iloc[[0] * len(PEOPLE)].reset_index(drop=True)
    ids, homes, relations, births, _, _ = zip(*PEOPLE, strict=True)
    people = sample.assign(
        id=ids, household=homes, relation=relations, birth_year=births, health="healthy"
    ).assign(work="none", work_months=0, in_school="none", insured="yes")
    row = known["households"][known["households"]["housing_grade"] == "A"].iloc[[0] * 5]
    households = row.reset_index(drop=True).assign(
        id=[str(n) for n in range(1, 6)], village=[VILLAGE] * 4 + [OTHER], attribute="general"
    )
    for column, values in cells.items():
        frame = people if column in people else households
        for record, value in values.items():
            frame.loc[frame["id"] == record, column] = value
    empty = {name: known[name][:0] for name in ("awards", "subsidies", "posts", "guarantees")}
    return {
        **{name: known[name] for name in ("villages", "towns")},
        **empty,
        "households": households,
        "persons": people,
    }


def identity() -> pd.DataFrame:
    ids, _, _, _, names, numbers = zip(*PEOPLE, strict=True)
    return pd.DataFrame({"person": ids, "name": names, "id_number": numbers})


def written(path: Path, *rows: tuple[str, ...]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


HEAD = ("序号", "村", "姓名", "身份证号", "出生年月")


def matched(tmp_path: Path, county: County, department: str, *rows: Any, **cells: Any) -> Matching:
    listed = read_list(written(tmp_path / "名单.csv", *rows), department)
    return match(listed, tables(county, **cells), identity(), as_of="2020-09-30")


def died(tmp_path: Path, county: County, *rows: tuple[str, ...], **cells: Any) -> Matching:
    head = (*HEAD, "死亡日期")
    lines = [(*row, "2020-03-01") for row in rows]
    return matched(tmp_path, county, "deaths", head, *lines, **cells)


def test_a_number_finds_its_person_and_a_differing_name_lowers_the_confidence(
    tmp_path: Path, county: County
) -> None:
    hits = died(
        tmp_path,
        county,
        ("1", "江村村", "张甲", ANNA, ""),
        ("2", "路西村", "李一", BO.lower(), ""),
    ).hits
    assert list(hits["confidence"]) == ["exact", "high"]
    assert list(hits["person"]) == ["1-1", "1-2"] and list(hits["row"]) == [2, 3]
    assert hits["note"][0] == "" and "姓名不同" in hits["note"][1]


def test_without_a_number_name_village_and_birth_find_one_person(
    tmp_path: Path, county: County
) -> None:
    hits = died(tmp_path, county, ("1", "江村", "王丙", "", "1971-08-01")).hits
    assert hits[["confidence", "person"]].values.tolist() == [["high", "2-1"]]


def test_two_candidates_are_both_listed_and_none_is_chosen(tmp_path: Path, county: County) -> None:
    found = died(tmp_path, county, ("1", "江村村", "赵戊", "", "1955-01-01"))
    assert list(found.hits["person"]) == ["3-1", "4-1"]
    assert set(found.hits["confidence"]) == {"possible"} and found.conflicts.empty


def test_two_lines_that_could_be_one_person_are_left_to_a_human(
    tmp_path: Path, county: County
) -> None:
    line = ("江村村", "王丙", "", "1971-01-01")
    hits = died(tmp_path, county, ("1", *line), ("2", *line)).hits
    assert list(hits["person"]) == ["2-1", "2-1"] and set(hits["confidence"]) == {"possible"}


def test_numbers_that_contradict_each_other_are_no_match(tmp_path: Path, county: County) -> None:
    other = number("19600909", 55)
    hits = died(tmp_path, county, ("1", "江村村", "张甲", other, "")).hits
    assert hits[["confidence", "person"]].values.tolist() == [["possible", "1-1"]]


def test_an_unknown_birth_or_village_is_possible_at_most(tmp_path: Path, county: County) -> None:
    hits = died(
        tmp_path, county, ("1", "江村村", "王丙", "", ""), ("2", "", "孙己", "", "1980-05-05")
    ).hits
    assert list(hits["confidence"]) == ["possible", "possible"]
    assert list(hits["person"]) == ["2-1", "5-1"]


def test_nobody_of_the_register_is_none(tmp_path: Path, county: County) -> None:
    found = died(tmp_path, county, ("1", "江村村", "周庚", "", "1971-01-01"))
    assert list(found.hits["confidence"]) == ["none"] and found.hits["person"].isna().all()
    assert list(found.summary["count"]) == [0, 0, 0, 1]


def test_a_faulty_number_is_told_and_its_row_still_found_by_name(
    tmp_path: Path, county: County
) -> None:
    found = died(tmp_path, county, ("1", "江村村", "王丙", ANNA[:17], "1971-01-01"))
    assert list(found.hits["confidence"]) == ["high"]
    assert list(found.listed.problems["row"]) == [2]
    assert ANNA[:17] not in found.listed.problems.to_csv()


def rules(found: Matching) -> list[tuple[str, str]]:
    return sorted(zip(found.conflicts["rule"], found.conflicts["record"], strict=True))


def test_the_dead_on_the_register_on_a_post_or_paid_since(tmp_path: Path, county: County) -> None:
    listed = read_list(
        written(
            tmp_path / "死亡.csv",
            ("姓名", "公民身份号码", "死亡日期", "村"),
            ("张甲", ANNA, "2020-03-01", "江村村"),
            ("李乙", BO, "2020-03-02", "江村村"),
        ),
        "deaths",
    )
    known = tables(county, died_on={"1-2": pd.Timestamp("2020-03-02")})
    post = (
        county.tables["posts"].iloc[[0]].assign(person="1-1", starts_on=pd.Timestamp("2020-01-01"))
    )
    paid = (
        county.tables["awards"]
        .iloc[[0, 0]]
        .assign(person=["1-1", "1-2"], date=pd.to_datetime(["2020-04-01", "2020-03-01"]))
    )
    known |= {"posts": post.assign(ends_on=pd.NaT), "awards": paid}
    found = match(listed, known, identity(), as_of="2020-09-30")
    assert rules(found) == [
        ("dead_on_post", "1-1"),
        ("dead_on_register", "1-1"),
        ("dead_paid", "1-1"),
    ]
    first = found.conflicts.iloc[0]
    assert (first["row"], first["name"], first["household"]) == (2, "张甲", "1")


def test_dibao_by_the_list_and_by_the_register(tmp_path: Path, county: County) -> None:
    head = ("村", "姓名", "身份证号", "救助类别")
    listed = read_list(
        written(tmp_path / "低保.csv", head, ("江村村", "张甲", ANNA, "低保")), "civil_affairs"
    )
    known = tables(county)
    known["households"]["attribute"] = ["general", "dibao", "general", "general", "dibao"]
    found = match(listed, known, identity(), as_of="2020-09-30")
    assert rules(found) == [
        ("dibao_attribute_differs", "1-1"),
        ("dibao_not_listed", "2-1"),
    ]
    known["households"].loc[0, "attribute"] = "dibao"
    again = match(listed, known, identity(), as_of="2020-09-30")
    assert rules(again) == [("dibao_not_listed", "2-1")]


DEAD = {"died_on": {"1-1": pd.Timestamp("2020-02-02")}}
#: the department's own column, cells of the register, and what contradicts about the first person
CASES = [
    ("civil_affairs", ("救助类别", "低保"), {}, ["dibao_attribute_differs"]),
    ("civil_affairs", ("救助类别", "特困"), DEAD, ["dibao_attribute_differs", "dibao_dead"]),
    ("disabled", ("残疾类别", "肢体"), {}, ["disabled_health_differs"]),
    ("disabled", ("残疾类别", "肢体"), {"health": {"1-1": "serious"}}, ["disabled_other_health"]),
    (
        *("disabled", ("残疾等级", "二级")),
        {"health": {"1-1": "disabled"}, "labour": {"1-1": "skilled"}},
        ["disabled_able_skilled"],
    ),
    ("medical", ("参保状态", "是"), {"insured": {"1-1": "no"}}, ["insurance_listed_differs"]),
    ("medical", ("参保状态", "否"), {"insured": {"1-1": "yes"}}, ["insurance_register_differs"]),
    ("medical", ("是否参保", "是"), {"insured": {"1-1": "unknown"}}, ["insurance_to_verify"]),
    ("education", ("年级", "七年级"), {}, ["enrolled_not_in_school"]),
    ("education", ("学段", "高中"), {"in_school": {"1-1": "junior"}}, ["school_stage_differs"]),
    ("employment", ("务工地点", "省外务工"), {}, ["employed_not_working"]),
    ("employment", ("务工地点", "省外"), {"work": {"1-1": "county"}}, ["work_place_differs"]),
    ("housing", ("鉴定等级", "D"), {}, ["unsafe_graded_safe"]),
    ("housing", ("危房等级", "B级"), {"housing_grade": {"1": "C"}}, ["housing_grade_differs"]),
    ("deaths", ("死亡日期", "2020-02-01"), DEAD, ["death_day_differs"]),
    ("deaths", ("死亡时间", "2020-02-02"), DEAD, []),
    ("moves", ("迁出日期", "2020-05-01"), {}, ["moved_head", "moved_on_register"]),
]
UNLISTED = [
    ("disabled", ("残疾类别", "肢体"), {"health": {"2-1": "disabled"}}, "disabled_not_listed"),
    ("medical", ("参保状态", "是"), {"insured": {"2-1": "yes"}}, "insurance_not_listed"),
    ("education", ("年级", "七年级"), {"in_school": {"2-1": "primary"}}, "pupil_not_enrolled"),
    ("civil_affairs", ("救助类别", "低保"), {"attribute": {"2": "tekun"}}, "dibao_not_listed"),
]


def contradictions(
    tmp_path: Path, county: County, department: str, own: tuple[str, str], cells: dict[str, Any]
) -> list[tuple[str, str]]:
    """Rules broken by a list of one line, the first person's."""
    head, line = ("村", "姓名", "身份证号", own[0]), ("江村村", "张甲", ANNA, own[1])
    return rules(matched(tmp_path, county, department, head, line, **cells))


@pytest.mark.parametrize(("department", "own", "cells", "expected"), CASES)
def test_the_list_and_the_register_contradict_each_other(
    tmp_path: Path,
    county: County,
    department: str,
    own: tuple[str, str],
    cells: dict[str, Any],
    expected: list[str],
) -> None:
    found = contradictions(tmp_path, county, department, own, cells)
    assert [rule for rule, person in found if person == "1-1"] == expected


@pytest.mark.parametrize(("department", "own", "cells", "expected"), UNLISTED)
def test_who_is_on_the_register_alone_is_found_where_the_list_reaches(
    tmp_path: Path,
    county: County,
    department: str,
    own: tuple[str, str],
    cells: dict[str, Any],
    expected: str,
) -> None:
    found = contradictions(tmp_path, county, department, own, cells)
    assert (expected, "2-1") in found and "5-1" not in {person for _, person in found}


def test_every_check_of_a_department_has_been_seen_to_fire() -> None:
    seen = {rule for *_, expected in CASES for rule in expected} | {rule for *_, rule in UNLISTED}
    assert seen | {"dead_on_register", "dead_on_post", "dead_paid"} == set(
        read_rules("departments")
    )


def test_who_could_be_on_the_list_is_not_said_to_be_off_it(tmp_path: Path, county: County) -> None:
    head = ("村", "姓名", "身份证号", "出生年月", "残疾类别")
    rows = (("江村村", "张甲", ANNA, "", "肢体"), ("江村村", "赵戊", "", "1955-02-02", "视力"))
    disabled = {"3-1": "disabled", "4-1": "disabled", "1-1": "disabled", "2-1": "disabled"}
    found = matched(tmp_path, county, "disabled", head, *rows, health=disabled)
    assert rules(found) == [("disabled_not_listed", "2-1")]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", ("项目", "金额", "日期"), ("a", "1", "2020-01-01"))
    with pytest.raises(DataError) as raised:
        read_list(path, "deaths")
    (problem,) = raised.value.problems
    assert problem.code == "unknown_header" and "死亡日期" in problem.expected
    with pytest.raises(KeyError, match="deaths"):
        read_list(path, "death")


def test_an_excel_list_with_title_and_subtotal_is_read_by_its_headings(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["旌德县2020年9月残疾人名单"],
        ["序号", "姓名", "残疾人证号", "残疾等级", "乡镇", "村（居）"],
        [1, "张甲", ANNA + "42", "二级", "白地镇", "江村村委会"],
        ["合计", "1人"],
    ):
        book.active.append(row)
    book.save(tmp_path / "名单.xlsx")
    listed = read_list(tmp_path / "名单.xlsx", "disabled")
    (row,) = listed.rows.to_dict("records")
    assert (row["row"], row["name"], row["id_number"]) == (3, "张甲", ANNA)
    assert (row["village"], row["birth_year"]) == (VILLAGE, 1960)


def test_hits_and_conflicts_go_to_excel_as_text(tmp_path: Path, county: County) -> None:
    path = tmp_path / "比对.xlsx"
    died(tmp_path, county, ("1", "江村村", "张甲", ANNA, "")).write_workbook(path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["汇总", "比对结果", "疑点", "名单问题"]
    assert book["汇总"]["A2"].value == "内部资料　注意保管"
    hits = [[cell.value for cell in row] for row in book["比对结果"].iter_rows()]
    assert hits[0][:7] == ["工作表", "行号", "姓名", "证件号码", "比对结论", "说明", "人编号"]
    assert hits[1][3:5] == [ANNA, "确定"]
    conflicts = [[cell.value for cell in row] for row in book["疑点"].iter_rows()]
    assert "公安死亡名单人员，名册未登记死亡" in conflicts[1]
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n"}


def test_every_department_has_its_checks_and_its_name() -> None:
    found = read_rules("departments").values()
    assert {rule.group for rule in found} == set(departments())
    assert all(has_label(f"department.{name}") for name in departments())
    assert all(has_label(f"value.confidence.{name}") for name in CONFIDENCE)
