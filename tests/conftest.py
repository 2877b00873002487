"""What several tests share: one Chromium and one JupyterLab for the whole run."""

import json
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings
from lab import Lab, browser, running_lab
from playwright.sync_api import Browser

from jingde_core.county import County

# A busy machine is no fault of the code, and a run of the tests is the same each time.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless Chromium, started once."""
    with browser() as started:
        yield started


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """`jingde lab` on copies of the notebooks, for a user whose own kernel is broken."""
    home = tmp_path_factory.mktemp("home")
    decoy = home / "jupyter_data_dir" / "kernels" / "python3"
    decoy.mkdir(parents=True)
    broken = {"argv": [shutil.which("false")], "display_name": "broken", "language": "python"}
    (decoy / "kernel.json").write_text(json.dumps(broken))
    folder = tmp_path_factory.mktemp("workspace")
    with running_lab(folder, home) as started:
        yield started


@pytest.fixture(scope="session")
def county() -> County:
    """The shipped county, loaded once; tables are handed out as copies."""
    return County.load()
