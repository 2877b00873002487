"""A real `jingde lab` and a real Chromium, for tests that look at what a person sees."""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, sync_playwright

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
START_SECONDS = 180.0
RUN_SECONDS = 300.0
LOCAL = {"127.0.0.1", "localhost"}


def jingde() -> str:
    """The installed command, beside the Python that runs the tests."""
    return str(Path(sys.executable).with_name("jingde"))


def chromium() -> str:
    """Path of the browser; a machine without one fails the tests that need it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is missing: apt-get install chromium"
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium that resolves no name but this machine's."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
            ],
        )
        try:
            yield started
        finally:
            started.close()


@dataclass
class Lab:
    """A running JupyterLab: its address as printed, its folder, what it said."""

    address: str
    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def token(self) -> str:
        return self.address.partition("token=")[2]

    def page_of(self, notebook: str) -> str:
        """Address of one notebook, with no tab left over from another test."""
        return f"{self.root}/lab/tree/{notebook}?reset&token={self.token}"

    def ask(self, path: str, method: str = "GET") -> Any:
        """Answer of the server's own interface."""
        request = Request(f"{self.root}/{path}?token={self.token}", method=method)
        with urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")


@contextmanager
def running_lab(folder: Path, home: Path, command: Sequence[str] = ()) -> Iterator[Lab]:
    """`jingde lab --no-browser` on a folder of notebooks; always stopped in the end."""
    variables = ["HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"]
    own = {name: str(home / name.lower()) for name in [*variables, "JUPYTER_RUNTIME_DIR"]}
    process = subprocess.Popen(
        [*(command or (jingde(), "lab", "--workspace", str(folder))), "--no-browser", "--port=0"],
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | own | {"PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    assert process.stdout is not None
    threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
    try:
        yield _wait_for_address(folder, lines)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


def _pass_on(stream: IO[str], lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _wait_for_address(folder: Path, lines: "queue.SimpleQueue[str | None]") -> Lab:
    said: list[str] = []
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            continue
        if line is None:
            break
        said.append(line)
        if address := re.search(r"http://\S+token=\w+", line):
            return Lab(address=address[0], folder=folder, said=said)
    raise AssertionError("jingde lab gave no address; it said:\n" + "".join(said))


@dataclass
class Run:
    """A notebook after all its cells ran: as saved, and what went wrong."""

    cells: list[dict[str, Any]]
    outside: list[str]

    @property
    def errors(self) -> list[str]:
        """Name and message of every error in the outputs."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for output in self.outputs
            if output["output_type"] == "error"
        ]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        return [output for cell in self.cells for output in cell.get("outputs", [])]

    @property
    def unrun(self) -> list[str]:
        """Sources of code cells that never ran."""
        return [
            "".join(cell["source"])
            for cell in self.cells
            if cell["cell_type"] == "code"
            and "".join(cell["source"]).strip()
            and cell["execution_count"] is None
        ]


@contextmanager
def opened(lab: Lab, started: Browser, address: str) -> Iterator[tuple[Page, list[str]]]:
    """A page of the Lab, loaded, with the list of requests that went elsewhere."""
    outside: list[str] = []
    context = started.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(START_SECONDS * 1000)
    page = context.new_page()

    def record(url: str) -> None:
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and (
            urlsplit(url).hostname not in LOCAL
        ):
            outside.append(url)

    context.on("request", lambda request: record(request.url))
    page.on("websocket", lambda socket: record(socket.url))
    try:
        page.goto(address)
        page.wait_for_selector("#jp-main-dock-panel")
        yield page, outside
    finally:
        context.close()
        for session in lab.ask("api/sessions"):
            lab.ask(f"api/sessions/{session['id']}", method="DELETE")
        # tabs that a test opened must not come back in the next one; there may be none
        with suppress(HTTPError):
            lab.ask("lab/api/workspaces/default", method="DELETE")


def one_cell(lab: Lab, name: str, source: str) -> Path:
    """Write a notebook of one code cell into the Lab's folder."""
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "source": source}
    cell |= {"outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path = lab.folder / name
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def run_all(lab: Lab, page: Page, outside: list[str], notebook: str) -> Run:
    """Restart the kernel, run every cell as a person would, wait until all is quiet, save."""
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")
    _wait_until_idle(lab, notebook)
    page.locator("[data-command='notebook:restart-run-all']:visible").first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    path = lab.folder / notebook
    deadline = time.monotonic() + RUN_SECONDS
    while True:
        page.wait_for_timeout(1000)
        _wait_until_idle(lab, notebook)
        page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook").first.press("Control+s")
        page.wait_for_timeout(1000)
        run = Run(json.loads(path.read_text(encoding="utf-8"))["cells"], outside)
        if run.errors or not run.unrun:
            return run
        assert time.monotonic() < deadline, f"{notebook} never finished: {run.unrun}"


def _wait_until_idle(lab: Lab, notebook: str) -> None:
    deadline = time.monotonic() + RUN_SECONDS
    states = None
    while time.monotonic() < deadline:
        sessions = [s for s in lab.ask("api/sessions") if s["path"] == notebook]
        states = [session["kernel"]["execution_state"] for session in sessions]
        if states == ["idle"]:
            return
        time.sleep(0.5)
    raise AssertionError(f"{notebook}: the kernel is {states}")
