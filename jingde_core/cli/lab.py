"""``jingde lab``: JupyterLab on the notebooks, on this machine only, offline, in Chinese."""

import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from jingde_core.cli.front import app, print_line, tell
from jingde_core.model.catalogue import label, language
from jingde_core.model.place import shipped, write_whole
from jingde_core.model.problem import Problem
from jingde_core.model.versions import requirements

FIRST_NOTEBOOK = "00_start.ipynb"
WORKSPACE = Path("jingde-workspace")
LOCALHOST = "127.0.0.1"


@app.command(help=label("cli.lab.help"))
def lab(
    workspace: Annotated[Path | None, typer.Option(help=label("cli.lab.workspace_help"))] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=label("cli.lab.port_help"))
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help=label("cli.lab.no_browser_help"))
    ] = False,
) -> None:
    """Start JupyterLab on the notebooks."""
    tell(_package_faults())
    tell(_font_faults())
    if port:
        tell(_port_faults(port))
    folder = _notebook_folder(workspace)
    print_line("cli.lab.folder", folder=folder)
    if not os.access(folder, os.W_OK):
        print_line("cli.lab.read_only", folder=folder)
    _serve(folder, port=port, browser=not no_browser)


def _package_faults() -> list[Problem]:
    """Packages that the workbook needs and that are missing or of another version."""
    faults = []
    for needed, found in requirements():
        if found is None:
            faults.append(Problem("package_missing", file=needed.name, expected=str(needed)))
        elif not needed.specifier.contains(found, prereleases=True):
            wanted = str(needed.specifier)
            faults.append(
                Problem(
                    "package_version",
                    file=needed.name,
                    found=found,
                    expected=wanted,
                    severity="warning",
                )
            )
    return faults


def _font_faults() -> list[Problem]:
    """A warning naming the package to install where no font can show Chinese."""
    from jingde_core.views.fonts import missing_fonts

    packages = " ".join(missing_fonts())
    return [Problem("no_cjk_font", expected=packages, severity="warning")] if packages else []


def _port_faults(port: int) -> list[Problem]:
    """An error where the wanted port is taken: a bookmark to another port would mislead."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError as fault:
            return [Problem("port_taken", file=f"--port {port}", found=fault.strerror or "")]
    return []


def _notebook_folder(workspace: Path | None) -> Path:
    """Folder that the Lab opens: the checkout's own notebooks, else a workspace of copies."""
    source = shipped("notebooks")
    carried_in_package = source.parent.name == "_shipped"
    if workspace is None and not carried_in_package:
        return source
    folder = workspace or WORKSPACE
    kept = copy_notebooks(source, folder)
    if kept:
        print_line("cli.lab.kept", names=", ".join(kept), folder=folder.resolve(), source=source)
    return folder.resolve()


def copy_notebooks(source: Path, workspace: Path) -> list[str]:
    """Copy the notebooks into a workspace, and return the names of those left alone.

    A notebook whose cells the user changed is never overwritten; one that was only run
    gives way to a newer version. What was copied is remembered in the workspace by the
    fingerprint of its cells.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    record_path = workspace / ".jingde-notebooks.json"
    record: dict[str, str] = {}
    with suppress(OSError, ValueError):  # without a record, what differs counts as changed
        record = json.loads(record_path.read_text(encoding="utf-8"))
    before, kept = dict(record), []
    for notebook in sorted(source.glob("*.ipynb")):
        target = workspace / notebook.name
        new = _fingerprint(notebook)
        present = _fingerprint(target) if target.exists() else None
        if present in (None, new, record.get(notebook.name)):
            if present != new:
                write_whole(target, notebook.read_bytes())
            record[notebook.name] = new
        else:
            kept.append(notebook.name)
    if record != before:
        write_whole(record_path, json.dumps(record, indent=1).encode())
    return kept


def _fingerprint(notebook: Path) -> str:
    """Digest of a notebook's cells without outputs; of its bytes where it is no notebook."""
    content = notebook.read_bytes()
    with suppress(ValueError, KeyError, TypeError):
        cells = [
            (cell["cell_type"], "".join(cell["source"])) for cell in json.loads(content)["cells"]
        ]
        content = json.dumps(cells).encode()
    return hashlib.sha256(content).hexdigest()


def _serve(folder: Path, *, port: int | None, browser: bool) -> None:
    """Run JupyterLab until it is stopped; on this machine only, with its token, offline."""
    with tempfile.TemporaryDirectory(prefix="jingde-lab-") as settings:
        _write_lab_settings(Path(settings))
        for variable in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
            others = os.environ.get(variable)
            os.environ[variable] = os.pathsep.join(filter(None, (settings, others)))
        # one browser per kernel: no second page waits for an echo of each slider step
        os.environ.setdefault("JUPYTER_WIDGETS_ECHO", "0")
        from jupyterlab.labapp import LabApp

        server = LabApp.initialize_server(argv=list(_lab_arguments(folder, port, browser)))
        # what Jupyter would say as critical (address, shutdown) is said here in the reader's words
        server.log.addFilter(lambda record: record.levelname != "CRITICAL")
        server.io_loop.add_callback(print_line, "cli.lab.address", url=server.local_url)
        server.start()
    print_line("cli.lab.stopped")


def _lab_arguments(folder: Path, port: int | None, browser: bool) -> Iterator[str]:
    """Flags of JupyterLab: they win over whatever the user's own configuration says."""
    start = f"/tree/{FIRST_NOTEBOOK}" if (folder / FIRST_NOTEBOOK).is_file() else ""
    superuser = hasattr(os, "geteuid") and os.geteuid() == 0
    yield f"--ServerApp.root_dir={folder}"
    yield f"--ServerApp.ip={LOCALHOST}"
    yield f"--ServerApp.port={8888 if port is None else port}"
    yield f"--ServerApp.port_retries={50 if port is None else 0}"
    yield f"--ServerApp.open_browser={browser}"
    yield f"--ServerApp.allow_root={superuser}"
    yield "--ServerApp.answer_yes=True"
    yield "--Application.log_level=ERROR"
    yield f"--LabApp.default_url=/lab{start}"
    yield "--LabApp.news_url=None"
    yield "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"
    yield "--LabApp.extension_manager=readonly"
    yield "--KernelManager.transport_encryption=auto"


def _write_lab_settings(settings: Path) -> None:
    """Write what flags cannot say: the screen's language, no news, this Python as kernel."""
    from ipykernel.kernelspec import write_kernel_spec

    write_kernel_spec(
        str(settings / "kernels" / "python3"), overrides={"display_name": label("cli.lab.kernel")}
    )
    overrides = {
        "@jupyterlab/apputils-extension:notification": {
            "checkForUpdates": False,
            "fetchNews": "false",
        },
        "@jupyterlab/translation-extension:plugin": {
            "locale": "zh_CN" if language() == "zh" else "default"
        },
    }
    target = settings / "labconfig" / "default_setting_overrides.json"
    target.parent.mkdir()
    target.write_text(json.dumps(overrides), encoding="utf-8")
