"""Pictures of the workbook as people see it, for the README and for a look before a release.

    python -m tests.screenshots

runs every notebook in a real JupyterLab and renders its page, and writes
``tests/screenshots/<notebook>-lab.png`` and ``-page.png``; git ignores the folder.
"""

import sys
import tempfile
from pathlib import Path

from jingde_core.sharing import render

sys.path.insert(0, str(Path(__file__).parent))
from lab import NOTEBOOKS, browser, opened, run_all, running_lab  # noqa: E402

TARGET = Path(__file__).with_suffix("")
#: what a picture of the Lab is centred on, first found first
SHOWN = (".jd-explorer", "iframe.jingde-map", ".jp-OutputArea iframe", ".jd-table")


def main() -> None:
    """Take all pictures anew."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, browser() as started:
        folder, home = Path(scratch) / "workspace", Path(scratch) / "home"
        home.mkdir()
        with running_lab(folder, home) as lab:
            for notebook in sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")):
                with opened(lab, started, lab.page_of(notebook)) as (page, outside):
                    page.set_viewport_size({"width": 1280, "height": 900})
                    run_all(lab, page, outside, notebook)
                    found = next((s for s in SHOWN if page.locator(s).count()), SHOWN[-1])
                    page.locator(found).first.evaluate("e => e.scrollIntoView({block: 'start'})")
                    page.wait_for_timeout(2500)
                    page.screenshot(path=TARGET / f"{Path(notebook).stem}-lab.png")
        for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
            page = started.new_page(viewport={"width": 1280, "height": 900})
            page.goto(render(notebook, Path(scratch)).as_uri())
            page.wait_for_timeout(2500)
            page.screenshot(path=TARGET / f"{notebook.stem}-page.png", full_page=True)
            page.close()


if __name__ == "__main__":
    main()
