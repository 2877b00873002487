"""The wheel, the lock file and the declared dependencies say what the workbook really is."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from lab import running_lab
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / ".ci" / "constraints.txt"
#: needed without being imported by name: the Lab's Chinese words, the scripts of offline pages
USED_UNIMPORTED = {"jupyterlab-language-pack-zh-cn", "xstatic-jquery", "xstatic-leaflet"}


def project() -> dict[str, list[Requirement]]:
    """Requirements of the workbook (under "") and of each extra, without those on itself."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": declared["dependencies"]} | declared["optional-dependencies"]
    return {
        group: [need for need in map(Requirement, lines) if need.name != declared["name"]]
        for group, lines in groups.items()
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of what git knows, and of an office's ledger that lies beside it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "tree" / name)
    (folder / "tree/data/local").mkdir()
    (folder / "tree/data/local/ledger.csv").write_text("name\n")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    run = subprocess.run(
        [*pip, "-w", str(folder), str(folder / "tree")], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder with nothing but the unpacked wheel in it, away from the checkout."""
    target = wheel.parent / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True, timeout=300)
    return target


def test_the_wheel_carries_the_package_data_geodata_and_notebooks_and_nothing_else(
    wheel: Path,
) -> None:
    carried = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tree = wheel.parent / "tree"
    package = {path.relative_to(tree).as_posix() for path in (tree / "jingde_core").rglob("*.*")}
    shipped = {
        f"jingde_core/_shipped/{path.relative_to(tree).as_posix()}"
        for folder in ("data", "geodata", "notebooks")
        for path in (tree / folder).rglob("*")
        if path.is_file() and path.parent.name != "local"
    }
    assert carried == package | shipped
    assert {Path(name).suffix for name in shipped} >= {".csv", ".geojson", ".ipynb"}


def test_the_installed_wheel_checks_its_own_data_from_any_folder(
    installed: Path, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "jingde_core.cli", "check", "--json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr


def test_the_installed_wheel_opens_a_workspace_of_copied_notebooks(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(installed))
    workspace = tmp_path / "jingde-workspace"
    command = [sys.executable, "-m", "jingde_core.cli", "lab"]
    with running_lab(workspace, home=tmp_path, command=command) as lab:
        listed = {entry["name"] for entry in lab.ask("api/contents")["content"]}
    shipped = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert listed == shipped == {path.name for path in workspace.glob("*.ipynb")}


def test_every_dependency_is_bounded_on_both_sides() -> None:
    faults = [
        str(need)
        for needs in project().values()
        for need in needs
        if {"<", ">="} != {part.operator for part in need.specifier}
    ]
    assert not faults


def test_what_is_imported_is_declared_and_what_is_declared_is_used() -> None:
    groups = project()
    by_module = metadata.packages_distributions()
    used = set()
    for path in (ROOT / "jingde_core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            used |= {name.split(".")[0] for name in names}
    used -= {*sys.stdlib_module_names, "jingde_core"}
    imported = {canonicalize_name(dist) for name in used for dist in by_module.get(name, [name])}
    needed = {canonicalize_name(need.name) for need in groups[""]}
    optional = {canonicalize_name(need.name) for need in [*groups["duckdb"], *groups["dask"]]}
    assert imported <= needed | optional
    assert needed - imported == USED_UNIMPORTED


def locked() -> dict[str, list[str]]:
    """Versions that the lock file pins, by package."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", LOCK.read_text(encoding="utf-8")):
        pins.setdefault(canonicalize_name(name), []).append(version)
    return pins


def test_the_lock_holds_every_dependency_within_its_bounds() -> None:
    pins = locked()
    faults = [
        f"{need}: {pins.get(canonicalize_name(need.name))}"
        for group in ("", "duckdb", "dask", "test")
        for need in project()[group]
        if not all(map(need.specifier.contains, pins.get(canonicalize_name(need.name), ["none"])))
    ]
    assert not faults


def test_the_lock_has_a_hash_for_every_pin_and_names_no_host() -> None:
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line) for line in lines)
    assert "://" not in text


def test_the_readme_and_ci_run_the_same_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    last = script.strip().splitlines()[-1]
    assert last.endswith(".venv/bin/pytest")
    assert last in readme
    for locked_install in ("--require-hashes -r .ci/constraints.txt", "--no-build-isolation -e ."):
        assert locked_install in readme and locked_install in script
