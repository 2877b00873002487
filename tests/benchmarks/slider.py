"""A slider under the hand in real JupyterLab: the live map against folium drawn anew.

    python -m tests.benchmarks.slider

prints a Markdown table. Two sliders of one notebook move in turns, A, B, A, B: one repaints the
live map, the other draws the same map again in an Output widget (carried offline like ours, for
a stock folium page is blank without network). The time runs from the key to the end of the
first frame that shows the new line; bytes are those of the kernel's websocket. The first map is
timed from "run all" on a fresh kernel, import and data included.
"""

import json
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, WebSocket

from tests.benchmarks.pairs import Pair
from tests.lab import Lab, _wait_until_idle, browser, opened, running_lab

STEPS, STARTS = 40, 3
FIRST_LINE, STEP = 3000, 100
#: milliseconds after a step in which what trails it still counts
TRAILING = 250
GOAL_MILLISECONDS, GOAL_BYTES, GOAL_RATIO, GOAL_FIRST = 50, 5_000, 2.5, 2.0
LOAD = f"""import ipywidgets as widgets
import jingde_core as jc
from IPython.display import clear_output, display
from jingde_core.views import live, maps

county = jc.County.load()
asked = dict(metric_name="headcount_ratio", year=2016)
bounds = dict(value={FIRST_LINE}, min=1000, max=15000, step={STEP})
"""
OURS = """ours = widgets.IntSlider(**bounds)
shown = live.LiveMap(
    maps.village_map(county, **asked, poverty_line=float(ours.value)), shown="village"
)

def repaint(change):
    layers = maps.layers(**asked, poverty_line=float(ours.value))
    shown.paint(maps.paintings(county, layers))

ours.observe(repaint, "value")
widgets.VBox([ours, shown])
"""
PEER = """peer, place = widgets.IntSlider(**bounds), widgets.Output()

def redraw(change=None):
    with place:
        clear_output(wait=True)
        display(maps.village_map(county, **asked, poverty_line=float(peer.value)))

peer.observe(redraw, "value")
redraw()
widgets.VBox([peer, place])
"""
CELLS = {"ours": 1, "peer": 2}
#: resolves at the end of the first frame in which the map of a cell shows a text
WATCH = """([cell, text]) => { window.seen = new Promise((done) => {
  const port = new MessageChannel();
  const look = () => {
    const found = document.querySelectorAll(".jp-CodeCell")[cell];
    const page = found?.querySelector("iframe.jingde-map")?.contentDocument;
    const shown = page?.getElementById("jd-subtitle")?.textContent.includes(text);
    if (shown && page.querySelector(".jd-legend li")) done(performance.now());
    else requestAnimationFrame(() => port.port2.postMessage(0));
  };
  port.port1.onmessage = look;
  look();
}); }"""
KEYED = "addEventListener('keydown', (event) => (window.keyed = event.timeStamp), true)"


@dataclass
class Side:
    """What one side took: milliseconds, bytes from and to the kernel, of each step."""

    times: list[float] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


@dataclass
class Traffic:
    """Bytes on the kernel's websocket so far."""

    received: int = 0
    sent: int = 0

    def listen(self, socket: WebSocket) -> None:
        """Count what passes a socket, when it is a kernel's."""
        if "/channels" in socket.url:
            socket.on("framereceived", lambda data: self._add("received", data))
            socket.on("framesent", lambda data: self._add("sent", data))

    def _add(self, way: str, data: str | bytes) -> None:
        size = len(data.encode() if isinstance(data, str) else data)
        setattr(self, way, getattr(self, way) + size)


def write_notebook(target: Path) -> None:
    """The notebook that is measured, without outputs."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate((LOAD, OURS, PEER))
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    content = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    target.write_text(json.dumps(content), encoding="utf-8")


def seconds_to_first_map(page: Page) -> float:
    """From "run all" to the first map, on a kernel that has done nothing yet."""
    page.locator("#jp-MainMenu .lm-MenuBar-item").nth(3).click()
    run_all = page.locator(".lm-Menu-item[data-command='runmenu:run-all']")
    run_all.wait_for()
    page.evaluate(WATCH, [CELLS["ours"], f"{FIRST_LINE:,}"])
    start = page.evaluate("performance.now()")
    run_all.click()
    return float(page.evaluate("window.seen") - start) / 1000


def step(page: Page, name: str, line: int, traffic: Traffic, side: Side | None) -> None:
    """Move a side's slider by one key, and write down what it took."""
    page.evaluate(WATCH, [CELLS[name], f"{line:,}"])
    page.locator(".jp-CodeCell").nth(CELLS[name]).locator(".noUi-handle").focus()
    before = (traffic.received, traffic.sent)
    page.keyboard.press("ArrowRight")
    taken = float(page.evaluate("window.seen.then((end) => end - window.keyed)"))
    page.wait_for_timeout(TRAILING)
    if side:
        side.times.append(taken)
        side.received.append(traffic.received - before[0])
        side.sent.append(traffic.sent - before[1])


def measured(lab: Lab) -> tuple[dict[str, Side], list[float]]:
    """Steps of both sides in turns, and the seconds to the first map of each start."""
    sides, starts = {name: Side() for name in CELLS}, []
    with browser() as started:
        for start in range(STARTS):
            notebook = f"slider-{start}.ipynb"
            write_notebook(lab.folder / notebook)
            traffic = Traffic()
            with opened(lab, started, lab.page_of(notebook)) as (page, _):
                page.on("websocket", traffic.listen)
                page.set_viewport_size({"width": 1400, "height": 1700})
                page.reload()
                page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")
                _wait_until_idle(lab, notebook)
                starts.append(seconds_to_first_map(page))
                if start < STARTS - 1:
                    continue
                page.evaluate(WATCH, [CELLS["peer"], f"{FIRST_LINE:,}"])
                page.evaluate("window.seen")
                page.evaluate(KEYED)
                for number in range(1, STEPS + 3):
                    for name, side in sides.items():
                        warm = side if number > 2 else None
                        step(page, name, FIRST_LINE + STEP * number, traffic, warm)
    return sides, starts


def table(sides: dict[str, Side], starts: list[float]) -> str:
    """What was measured, as Markdown."""
    ours, peer = sides["ours"], sides["peer"]

    def middle(values: list[Any]) -> float:
        return float(statistics.median(values))

    ratio = 1 / Pair(ours.times, peer.times).ratio
    rows = [
        (
            "slider to paint, median",
            f"{middle(ours.times):.0f} ms",
            f"{middle(peer.times):.0f} ms",
            f"{ratio:.1f}x",
            f"< {GOAL_MILLISECONDS} ms, >= {GOAL_RATIO}x",
        ),
        (
            "slider to paint, least",
            f"{min(ours.times):.0f} ms",
            f"{min(peer.times):.0f} ms",
            "",
            "",
        ),
        (
            "kernel to page, bytes a step",
            f"{middle(ours.received):,.0f}",
            f"{middle(peer.received):,.0f}",
            "",
            f"< {GOAL_BYTES:,}",
        ),
        (
            "page to kernel, bytes a step",
            f"{middle(ours.sent):,.0f}",
            f"{middle(peer.sent):,.0f}",
            "",
            "",
        ),
        ("first map after run all", f"{middle(starts):.2f} s", "", "", f"< {GOAL_FIRST:g} s"),
    ]
    head = "| | live map | folium drawn anew | ratio | goal |\n|---|---|---|---|---|\n"
    return head + "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        home, workspace = Path(folder) / "home", Path(folder) / "workspace"
        home.mkdir(), workspace.mkdir()
        with running_lab(workspace, home) as lab:
            print(table(*measured(lab)))


if __name__ == "__main__":
    main()
