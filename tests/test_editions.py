"""Two editions of a table: what is new, gone, changed; and the workbook that says so."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.county import County
from jingde_core.ledgers import Report
from jingde_core.ledgers.comparison import compare
from jingde_core.model.problem import DataError

OLD = pd.DataFrame(
    {
        "id": ["H1", "H2", "H3", "H4"],
        "members": [3, 1, 2, 5],
        "attribute": pd.Series(["general", "dibao", None, None], dtype="str"),
        "lifted_on": pd.to_datetime(["2016-12-01", None, None, "2018-12-01"]),
    }
)
NEW = pd.DataFrame(
    {
        "id": ["H5", "H4", "H2", "H1"],
        "members": [1, 5, 1, 4],
        "attribute": pd.Series(["general", None, "tekun", None], dtype="str"),
        "lifted_on": pd.to_datetime([None, "2018-12-01", "2019-12-01", "2016-12-01"]),
    }
)
EDITIONS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "y", None]))


def report(**tables: pd.DataFrame) -> Report:
    empty = pd.DataFrame()
    return Report("x.xlsx", "0", empty, empty, empty, tables=tables)


def test_rows_new_gone_and_changed_cell_by_cell() -> None:
    found = compare(OLD, NEW, table="households")
    assert list(found.new["id"]) == ["H5"] and list(found.gone["id"]) == ["H3"]
    changed = found.changed.to_dict("records")
    assert [(c["id"], c["column"]) for c in changed] == [
        ("H1", "members"),
        ("H1", "attribute"),
        ("H2", "attribute"),
        ("H2", "lifted_on"),
    ]
    assert (changed[0]["before"], changed[0]["after"]) == (3, 4)
    assert (changed[2]["before"], changed[2]["after"]) == ("dibao", "tekun")
    assert pd.isna(changed[3]["before"]) and changed[3]["after"] == pd.Timestamp("2019-12-01")
    assert list(found.summary["count"]) == [4, 4, 1, 1, 2, 1, 1, 2, 1]
    assert found.fewer is None


def test_an_edition_that_lost_three_tenths_of_its_rows_is_flagged() -> None:
    full = pd.DataFrame({"id": [str(n) for n in range(10)]})
    problem = compare(full, full[:7]).fewer
    assert problem is not None and (problem.code, problem.found) == ("fewer_rows", "3")
    assert problem.severity == "warning"
    assert compare(full, full[:8]).fewer is None and compare(full[:0], full).fewer is None


def test_tables_with_a_key_of_several_columns(county: County) -> None:
    old = county.guarantees
    new = old.copy()
    new.loc[7, "state"] = "unknown"
    found = compare(old, new, table="guarantees")
    assert list(found.changed)[:2] == ["household", "indicator"] and len(found.changed) == 1
    assert found.changed.loc[0, "before"] == old.loc[7, "state"]
    other = compare(old[["household", "indicator", "state"]], new, key=["household", "indicator"])
    assert len(other.changed) == 1


def test_the_same_table_is_no_change_however_it_is_sorted(county: County) -> None:
    found = compare(county.households, county.households[::-1], table="households")
    assert found.new.empty and found.gone.empty and found.changed.empty


def test_numbers_kept_as_text_are_no_change() -> None:
    old = pd.DataFrame({"id": ["1", "2"], "members": [3.0, None]})
    new = pd.DataFrame({"id": ["1", "2"], "members": pd.Series(["3", None], dtype="str")})
    assert compare(old, new).changed.empty


def test_a_row_named_twice_and_a_missing_key_are_refused() -> None:
    with pytest.raises(DataError) as raised:
        compare(pd.concat([OLD, OLD[:1]]), NEW.drop(columns="id"))
    assert [(p.code, p.found or p.expected) for p in raised.value.problems] == [
        ("duplicate", "H1"),
        ("missing_column", "id"),
    ]


def test_reports_are_compared_by_a_table_that_both_hold() -> None:
    old, new = report(persons=OLD[:1], households=OLD), report(households=NEW)
    assert compare(old, new).table == "households"
    with pytest.raises(DataError) as raised:
        compare(new, old)
    assert [p.expected for p in raised.value.problems] == ["persons"]


@given(EDITIONS, EDITIONS)
def test_old_less_gone_plus_new_is_the_new_edition(
    old: dict[str, str | None], new: dict[str, str | None]
) -> None:
    frames = [
        pd.DataFrame({"id": list(rows), "value": pd.Series(list(rows.values()), dtype="str")})
        for rows in (old, new)
    ]
    found = compare(*frames)
    assert set(found.new["id"]) == new.keys() - old.keys()
    assert set(found.gone["id"]) == old.keys() - new.keys()
    assert set(found.changed["id"]) == {k for k in old.keys() & new.keys() if old[k] != new[k]}
    back = compare(*reversed(frames))
    assert set(back.new["id"]) == set(found.gone["id"])


def test_the_workbook_has_chinese_headings_and_no_formula(tmp_path: Path) -> None:
    evil = NEW.assign(helper=["=1+1", "+cmd", "@x", "-1"])
    path = tmp_path / "比对.xlsx"
    compare(OLD.assign(helper="B1"), evil, table="households").write_workbook(path)
    first = path.read_bytes()
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["汇总", "新增", "减少", "变更"]
    changed = [[cell.value for cell in row] for row in book["变更"].iter_rows()]
    assert changed[0] == ["编号", "列名", "变更前", "变更后"]
    assert changed[1] == ["H1", "家庭人口数", 3, 4]
    assert ["H2", "贫困户属性", "dibao", "tekun"] not in changed
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "=1+1" in {cell.value for cell in cells} and "f" not in {
        cell.data_type for cell in cells
    }
    compare(OLD.assign(helper="B1"), evil, table="households").write_workbook(path)
    assert path.read_bytes() == first


def test_a_short_edition_says_so_in_its_workbook(tmp_path: Path) -> None:
    full = pd.DataFrame({"id": [str(n) for n in range(10)]})
    compare(full, full[:5]).write_workbook(tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["汇总"]
    assert sheet["B2"].value == 5 and "5/10" in sheet["A2"].value
