"""A page as PDF, printed by the Chromium or Chrome that the machine has."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from jingde_core.model.problem import DataError, Problem
from jingde_core.sharing.files import written

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_MADE = re.compile(rb"\(D:\d{14}")
_STEADY = b"(D:20200101000000"


def print_page(page: Path, *, timeout: float = 120.0) -> Path:
    """Print a page to a PDF beside it, text selectable, the same bytes each time (打印为PDF).

    Raises
    ------
    DataError
        where there is no browser, or it fails.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise DataError([Problem("no_browser", file=page.name, expected=", ".join(BROWSERS[:3]))])
    with tempfile.TemporaryDirectory(prefix="jingde-") as folder:
        made = Path(folder) / "page.pdf"
        command = [browser, "--headless", "--disable-gpu", "--no-sandbox", "--no-first-run"]
        command += [f"--user-data-dir={folder}/profile", "--no-pdf-header-footer"]
        command += ["--virtual-time-budget=20000", f"--print-to-pdf={made}", page.as_uri()]
        try:
            run = subprocess.run(command, capture_output=True, timeout=timeout)
            found = str(run.returncode)
        except subprocess.TimeoutExpired:
            found = f"{timeout:g} s"
        if not made.is_file():
            raise DataError([Problem("not_printed", file=page.name, found=found)])
        content = _MADE.sub(_STEADY, made.read_bytes())
    return written(page.with_suffix(".pdf"), content)
