"""The workbook as an analyst meets it: real JupyterLab, real Chromium, no network."""

import json
import socket
import subprocess
from pathlib import Path

import pytest
from lab import NOTEBOOKS, Lab, jingde, opened, run_all
from playwright.sync_api import Browser


def test_the_printed_address_opens_the_first_notebook_in_chinese_and_without_a_news_prompt(
    lab: Lab, chromium: Browser
) -> None:
    with opened(lab, chromium, lab.address) as (page, outside):
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        current = page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")
        # a busy machine shows the launcher and English menus for a moment
        current.filter(has_text=".ipynb").wait_for()
        page.locator("#jp-MainMenu").filter(has_text="文件").wait_for()
        tab, menus = current.inner_text(), page.locator("#jp-MainMenu").inner_text()
        settings = json.loads(page.locator("#jupyter-config-data").inner_text())
        page.wait_for_timeout(3000)
        prompts = page.locator(".Toastify__toast, .jp-Dialog").count()
    assert tab.strip() == "00_start.ipynb"
    assert "文件" in menus
    assert settings["news"] == {"disabled": True}
    assert prompts == 0
    assert outside == []


@pytest.mark.parametrize("notebook", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_every_cell_of_the_notebook_runs_and_asks_the_network_for_nothing(
    lab: Lab, chromium: Browser, notebook: str
) -> None:
    with opened(lab, chromium, lab.page_of(notebook)) as (page, outside):
        run = run_all(lab, page, outside, notebook)
    assert run.errors == []
    assert run.unrun == []
    assert run.outside == []


def test_the_lab_listens_on_this_machine_only_and_asks_for_its_token(lab: Lab) -> None:
    assert lab.address.startswith("http://127.0.0.1:")
    assert len(lab.token) >= 32
    port = int(lab.root.rpartition(":")[2])
    with socket.socket() as elsewhere:
        elsewhere.settimeout(5)
        # another address of this machine's loopback: a server on all interfaces would answer
        assert elsewhere.connect_ex(("127.0.0.2", port)) != 0


def test_a_port_that_is_taken_is_said_and_nothing_starts(lab: Lab, tmp_path: Path) -> None:
    port = lab.root.rpartition(":")[2]
    run = subprocess.run(
        [jingde(), "lab", "--no-browser", "--port", port, "--workspace", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 2
    assert f"--port {port}" in run.stderr
    assert run.stdout == ""
