"""The import panel driven as a hand would: look first, mend, confirm."""

import base64
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lab import Lab, one_cell, opened, run_all
from playwright.sync_api import Browser
from test_ledger_reading import HEADINGS, identity, person, saved, workbook

import jingde_core as jc
from jingde_core.ledgers import Store, read
from jingde_core.model.catalogue import label
from jingde_core.views.panels.importing import ImportPanel

HOUSEHOLD = ["村", "户编号", "家庭人口", "人均纯收入（元）"]


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[ImportPanel]:
    yield jc.views.import_panel(tmp_path / "数据" / "store.sqlite")


def drop(panel: ImportPanel, *paths: Path) -> None:
    """What the browser sends when files are chosen."""
    day = datetime(2020, 9, 20)
    panel.files.value = tuple(
        {
            "name": path.name,
            "type": "",
            "size": path.stat().st_size,
            "content": memoryview(path.read_bytes()),
            "last_modified": day,
        }
        for path in paths
    )


def people(folder: Path, *rows: list[Any]) -> Path:
    return saved(workbook(HEADINGS, *rows), folder, "人员.xlsx")


def homes(folder: Path, count: int, name: str = "户.xlsx") -> Path:
    rows = [["江村村", f"H{n}", 2, 9000 + n] for n in range(count)]
    return saved(workbook(HOUSEHOLD, *rows), folder, name)


def test_choosing_files_reads_them_and_writes_nothing(panel: ImportPanel, tmp_path: Path) -> None:
    assert panel.confirm.disabled
    drop(panel, people(tmp_path, person(1), person(2, 证件号码=identity(2)[:17])))
    assert not panel.confirm.disabled and panel.store(make=False) is None
    assert not (tmp_path / "数据").exists()
    (report,) = panel.reports
    assert report.counts["accepted"] == report.counts["quarantined"] == 1
    assert "证件号码为17位" in panel.found.value and "人员.xlsx" in panel.found.value


def test_numbers_of_persons_are_masked_on_the_screen(panel: ImportPanel, tmp_path: Path) -> None:
    wrong = person(
        1, 证件号码=identity(1)[:17] + "?", 联系电话="138563012345", 与户主关系=identity(3)
    )
    drop(panel, people(tmp_path, wrong))
    shown = re.sub(r'href="[^"]*"', "", panel.found.value)
    for secret in (identity(1)[:14], "138563012345", identity(3)):
        assert secret not in shown


def test_quarantined_rows_can_be_taken_along_as_they_were(
    panel: ImportPanel, tmp_path: Path
) -> None:
    drop(panel, people(tmp_path, person(1, 与户主关系="邻居")))
    (held,) = re.findall(r"href=\"data:[^;]*;base64,([^\"]*)", panel.found.value)
    (tmp_path / "隔离.xlsx").write_bytes(base64.b64decode(held))
    sheet = openpyxl.load_workbook(tmp_path / "隔离.xlsx").active
    assert "邻居" in [cell.value for cell in sheet[2]]


def test_confirming_puts_all_in_the_store_and_the_same_file_says_when(
    panel: ImportPanel, tmp_path: Path
) -> None:
    paths = people(tmp_path, person(1, 户编号="H0", 人数=2)), homes(tmp_path, 3)
    drop(panel, *paths)
    panel.confirm.click()
    assert panel.confirm.disabled and "已入库，批次2" in panel.done.value
    county = jc.County.load(Store(tmp_path / "数据" / "store.sqlite"))
    assert len(county.households) == 3 and len(county.persons) == 1
    drop(panel, paths[1])
    assert "此文件已于" in panel.found.value
    panel.confirm.click()
    assert "没有变化" in panel.done.value


def test_a_much_smaller_edition_asks_before_it_is_taken(panel: ImportPanel, tmp_path: Path) -> None:
    drop(panel, homes(tmp_path, 20))
    panel.confirm.click()
    drop(panel, homes(tmp_path, 4, "新一期.xlsx"))
    assert panel.sure.layout.display == "none"
    panel.confirm.click()
    assert "16" in panel.said.value and panel.sure.layout.display == ""
    store = panel.store(make=False)
    assert store is not None and len(store.tables()[0]["households"]) == 20
    panel.sure.value = True
    panel.confirm.click()
    assert len(store.tables()[0]["households"]) == 4 and panel.confirm.disabled


def test_a_file_that_cannot_be_read_is_named_and_cannot_be_confirmed(
    panel: ImportPanel, tmp_path: Path
) -> None:
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 broken")
    drop(panel, tmp_path / "坏.xlsx")
    assert "文件已损坏" in panel.found.value and panel.confirm.disabled


def test_the_kind_can_be_said_by_hand(panel: ImportPanel, tmp_path: Path) -> None:
    drop(panel, homes(tmp_path, 2))
    assert panel.reports[0].counts["accepted"] == 2
    panel.kind.value = "loan"
    assert not panel.reports[0].tables and "编码或表头不认识" in panel.found.value


def test_a_blank_ledger_is_handed_out(panel: ImportPanel, tmp_path: Path) -> None:
    panel.blank.value = "loan"
    (held,) = re.findall(r"base64,([^\"]*)", panel.template.value)
    (tmp_path / "空白.xlsx").write_bytes(base64.b64decode(held))
    assert set(read(tmp_path / "空白.xlsx").rows["kind"]) == {"loan", ""}


def test_hostile_names_do_nothing(panel: ImportPanel, tmp_path: Path) -> None:
    row = ["江村村", "H1", 2, "<script>alert(1)</script>"]
    path = saved(workbook(HOUSEHOLD, row), tmp_path)
    content = {"name": "..\\..\\<img src=x>.xlsx", "type": "", "size": 1}
    content |= {"content": memoryview(path.read_bytes()), "last_modified": datetime(2020, 9, 20)}
    panel.files.value = (content,)
    assert "<script>" not in panel.found.value and "<img" not in panel.found.value


def test_a_page_keeps_a_sentence_and_no_file(panel: ImportPanel, tmp_path: Path) -> None:
    drop(panel, people(tmp_path, person(1)))
    static = panel._repr_mimebundle_()["text/html"]
    assert label("importing.page") in static and "人员" not in static


def test_in_the_lab_a_hand_chooses_looks_and_confirms(
    lab: Lab, chromium: Browser, tmp_path: Path
) -> None:
    source = "import jingde_core as jc\njc.views.import_panel('store.sqlite')"
    one_cell(lab, "import_under_test.ipynb", source)
    chosen = people(tmp_path, person(1), person(2, 与户主关系="邻居"))
    with opened(lab, chromium, lab.page_of("import_under_test.ipynb")) as (page, outside):
        assert run_all(lab, page, outside, "import_under_test.ipynb").errors == []
        page.context.set_default_timeout(60_000)
        confirm = page.get_by_role("button", name=label("importing.confirm"))
        assert confirm.is_disabled()
        with page.expect_file_chooser() as choosing:
            page.get_by_role("button", name=label("importing.files")).click()
        choosing.value.set_files(chosen)
        page.get_by_text("找到“邻居”").wait_for()
        assert not (lab.folder / "store.sqlite").exists()
        confirm.click()
        page.get_by_text("已入库，批次1").wait_for()
        assert (lab.folder / "store.sqlite").is_file() and outside == []
