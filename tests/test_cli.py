"""The command line: what it answers, on which stream, with which exit code."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import jingde_core
from jingde_core import cli
from jingde_core.cli import lab
from jingde_core.model.problem import DataError, Problem
from jingde_core.views import fonts

Captured = pytest.CaptureFixture[str]


def notebook(path: Path, *sources: str, output: str = "") -> Path:
    """A notebook file with these code cells, run if there is an output."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    cells = [
        {"cell_type": "code", "source": source, "outputs": outputs, "execution_count": None}
        for source in sources
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}))
    return path


def reconciled(status: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "figure_id": ["area", "poor_households_2014"],
            "measure": ["总面积", "2014年贫困户"],
            "reported": [904.8, 2525.0],
            "computed": [float("nan"), 2525.0],
            "difference": [float("nan"), 0.0],
            "unit": ["km2", "household"],
            "status": ["recorded", status],
            "independent": [False, False],
            "note": ["", ""],
        }
    )


@pytest.fixture
def county(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A county that loads at once; what it reconciles to is for the test to say."""
    monkeypatch.setattr(jingde_core.County, "load", lambda path=None: path)
    return monkeypatch


def test_help_loads_nothing_that_a_command_needs() -> None:
    code = "import sys, jingde_core.cli; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not {"jupyterlab", "geopandas", "pandera", "altair", "folium"} & set(run.stdout.split())


def test_help_lists_the_commands_in_chinese(capsys: Captured) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(command in said for command in ("lab", "check", "render", "打开工作簿"))


def test_a_misspelt_command_is_told_on_stderr_with_exit_code_2(capsys: Captured) -> None:
    assert cli.main(["chek"]) == 2
    said = capsys.readouterr()
    assert "chek" in said.err and "jingde --help" in said.err
    assert said.out == ""


def test_check_of_the_shipped_data_agrees_and_says_that_it_is_no_independent_check(
    capsys: Captured,
) -> None:
    assert cli.main(["check"]) == 0
    said = capsys.readouterr()
    assert "非独立核对" in said.out
    assert said.err == ""


def test_check_speaks_json_to_programs(county: pytest.MonkeyPatch, capsys: Captured) -> None:
    county.setattr(jingde_core, "reconcile", lambda _: reconciled("equal"))
    assert cli.main(["check", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["counts"] == {"recorded": 1, "equal": 1}
    assert [figure["computed"] for figure in said["figures"]] == [None, 2525.0]


def test_a_figure_that_differs_gives_exit_code_1(
    county: pytest.MonkeyPatch, capsys: Captured
) -> None:
    county.setattr(jingde_core, "reconcile", lambda _: reconciled("differs"))
    assert cli.main(["check"]) == 1
    said = capsys.readouterr().out
    assert "2014年贫困户" in said and "2,525" in said
    assert "无数据" in said, "what has no rows is not shown as a zero"


def test_faults_in_the_data_are_told_all_at_once_with_exit_code_2(
    county: pytest.MonkeyPatch, capsys: Captured
) -> None:
    faults = [
        Problem("missing_file", file="towns.csv", expected="towns.csv"),
        Problem("duplicate", file="villages.csv", row=7, column="code", found="1", expected="2"),
    ]

    def fail(_: object) -> pd.DataFrame:
        raise DataError(faults)

    county.setattr(jingde_core, "reconcile", fail)
    assert cli.main(["check"]) == 2
    said = capsys.readouterr()
    assert all(fault.message in said.err for fault in faults)
    assert said.out == ""


def test_a_folder_without_data_is_an_error_and_no_stack(tmp_path: Path, capsys: Captured) -> None:
    assert cli.main(["check", "--data", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said and said.strip()


def test_a_fault_of_the_workbook_itself_has_its_own_exit_code(
    county: pytest.MonkeyPatch, capsys: Captured
) -> None:
    county.setattr(jingde_core, "reconcile", lambda _: 1 / 0)
    assert cli.main(["check"]) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err
    county.setenv("JINGDE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main(["check"])


def test_a_workspace_that_is_a_file_is_told_with_its_name(tmp_path: Path, capsys: Captured) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    assert cli.main(["lab", "--no-browser", "--workspace", str(taken)]) == 2
    assert str(taken) in capsys.readouterr().err


def test_rendering_a_notebook_that_does_not_exist_names_it(
    tmp_path: Path, capsys: Captured
) -> None:
    arguments = ["render", str(tmp_path / "a.ipynb"), str(tmp_path / "b.ipynb")]
    assert cli.main([*arguments, "--out", str(tmp_path / "pages")]) == 2
    said = capsys.readouterr().err
    assert "a.ipynb" in said and "b.ipynb" in said
    assert not (tmp_path / "pages").exists()


def test_rendering_writes_a_page_and_tells_its_progress(tmp_path: Path, capsys: Captured) -> None:
    cells = [new_markdown_cell("# 一加一"), new_code_cell("print(1 + 1)")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "sum.ipynb")
    arguments = ["render", str(tmp_path / "sum.ipynb"), "--out", str(tmp_path / "pages")]
    assert cli.main(arguments) == 0
    assert "一加一" in (tmp_path / "pages" / "sum.html").read_text(encoding="utf-8")
    said = capsys.readouterr().out
    assert said.count("sum") >= 2 and str(tmp_path / "pages") in said


def test_a_notebook_that_fails_is_told_with_its_cell_and_no_page_is_left(
    tmp_path: Path, capsys: Captured
) -> None:
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), tmp_path / "bad.ipynb")
    arguments = ["render", str(tmp_path / "bad.ipynb"), "--out", str(tmp_path / "pages")]
    assert cli.main(arguments) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert not list((tmp_path / "pages").glob("*"))


def test_missing_packages_stop_the_lab_and_other_versions_warn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    needs = ["pandas>=99", "no-such-package>=1", "not-asked-for; extra == 'test'"]
    monkeypatch.setattr(metadata, "requires", lambda _: needs)
    assert cli.main(["lab", "--no-browser", "--workspace", str(tmp_path / "w")]) == 2
    said = capsys.readouterr().err
    assert "no-such-package>=1" in said
    assert "not-asked-for" not in said
    assert pd.__version__ in said and ">=99" in said
    assert not (tmp_path / "w").exists()


def test_a_machine_without_chinese_fonts_is_told_which_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    monkeypatch.setattr(fonts, "missing_fonts", lambda: ["fonts-noto-cjk"])
    cli.main(["lab", "--no-browser", "--workspace", str(taken)])
    assert "fonts-noto-cjk" in capsys.readouterr().err


def test_a_checkout_opens_its_own_notebooks_and_says_when_they_cannot_be_saved(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    served = []
    monkeypatch.setattr(lab, "_serve", lambda folder, **_: served.append(folder))
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    assert cli.main(["lab", "--no-browser"]) == 0
    assert served == [Path(__file__).resolve().parents[1] / "notebooks"]
    assert "只读" in capsys.readouterr().out


def test_an_empty_workspace_gets_every_notebook(tmp_path: Path) -> None:
    shipped = notebook(tmp_path / "shipped" / "00_start.ipynb", "1 + 1")
    assert lab.copy_notebooks(shipped.parent, tmp_path / "mine") == []
    assert (tmp_path / "mine" / "00_start.ipynb").read_bytes() == shipped.read_bytes()


def test_a_notebook_that_was_only_run_gives_way_to_the_newer_version(tmp_path: Path) -> None:
    shipped = notebook(tmp_path / "shipped" / "00_start.ipynb", "1 + 1")
    lab.copy_notebooks(shipped.parent, tmp_path / "mine")
    mine = notebook(tmp_path / "mine" / "00_start.ipynb", "1 + 1", output="2")
    assert lab.copy_notebooks(shipped.parent, tmp_path / "mine") == []
    assert "stdout" in mine.read_text(), "the same version keeps its outputs"
    notebook(shipped, "1 + 2")
    assert lab.copy_notebooks(shipped.parent, tmp_path / "mine") == []
    assert mine.read_bytes() == shipped.read_bytes()


def test_a_notebook_that_the_user_changed_is_kept_and_named(tmp_path: Path) -> None:
    shipped = notebook(tmp_path / "shipped" / "00_start.ipynb", "1 + 1")
    lab.copy_notebooks(shipped.parent, tmp_path / "mine")
    mine = notebook(tmp_path / "mine" / "00_start.ipynb", "1 + 1", "'my own'")
    before = mine.read_bytes()
    notebook(shipped, "1 + 2")
    for _ in range(2):
        assert lab.copy_notebooks(shipped.parent, tmp_path / "mine") == ["00_start.ipynb"]
        assert mine.read_bytes() == before


@pytest.mark.parametrize("record", ["", "not json", None])
def test_without_a_record_of_what_was_copied_nothing_is_overwritten(
    tmp_path: Path, record: str | None
) -> None:
    shipped = notebook(tmp_path / "shipped" / "00_start.ipynb", "1 + 1")
    mine = notebook(tmp_path / "mine" / "00_start.ipynb", "'older, or mine'")
    if record is not None:
        (tmp_path / "mine" / ".jingde-notebooks.json").write_text(record)
    assert lab.copy_notebooks(shipped.parent, tmp_path / "mine") == ["00_start.ipynb"]
    assert "older, or mine" in mine.read_text()


def test_a_notebook_that_was_deleted_or_damaged_is_copied_again_or_kept(tmp_path: Path) -> None:
    notebook(tmp_path / "shipped" / "00_start.ipynb", "1 + 1")
    notebook(tmp_path / "shipped" / "01_poverty.ipynb", "2 + 2")
    lab.copy_notebooks(tmp_path / "shipped", tmp_path / "mine")
    (tmp_path / "mine" / "00_start.ipynb").unlink()
    (tmp_path / "mine" / "01_poverty.ipynb").write_text("cut off {")
    assert lab.copy_notebooks(tmp_path / "shipped", tmp_path / "mine") == ["01_poverty.ipynb"]
    assert (tmp_path / "mine" / "00_start.ipynb").is_file()
    assert (tmp_path / "mine" / "01_poverty.ipynb").read_text() == "cut off {"
