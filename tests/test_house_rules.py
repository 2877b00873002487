"""The rules of the house: who imports whom, where text lives, what a notebook holds."""

import ast
import csv
import io
import json
import re
import string
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "jingde_core"
#: the rooms, uppermost first: a module imports only from its own room and those above it
ROOMS = [
    *("model", "geography", "quality", "ledgers", "metrics", "privacy", "county"),
    *("synthetic", "scenarios", "views", "sharing", "cli"),
]
#: packages that have one place, a file or a folder
ONLY_IN = {
    "folium": {"views/maps.py", "views/offline.py"},
    "branca": {"views/maps.py", "views/offline.py"},
    "ipywidgets": {"views/panels/", "views/live.py"},
    "anywidget": {"views/panels/", "views/live.py"},
    "typer": {
        "cli/__init__.py",
        "cli/front.py",
        "cli/lab.py",
        "cli/ledgers.py",
        "cli/scenarios.py",
    },
}
#: caches from elsewhere could run code: none of these formats is read or written
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve"}
#: what `import jingde_core` must not load
HEAVY = {"geopandas", "pandera", "altair", "matplotlib", "folium", "scipy", "shapely", "IPython"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
#: files and functions that may be longer, each with its reason
LONG_FOR_A_REASON: dict[str, str] = {}
#: lines of code: docstrings, comments and blank lines are not counted (README, Decisions)
WHOLE_BUDGET = 20_500
CORE_BUDGET = 5_600
CORE = ("model", "county", "metrics")
CJK = re.compile(r"[\u2e80-\u303f\u31c0-\u9fff\uf900-\ufaff\uff00-\uffef]")
TOP_FOLDERS = {"jingde_core", "notebooks", "geodata", "data", "tests", ".ci", ".readme"}
TOP_FILES = {"pyproject.toml", "README.md", "LICENSE"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def inside(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tracked() -> list[str]:
    """Files of the repository, committed or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return sorted(name for name in set(listed.split("\0")) - {""} if (ROOT / name).is_file())


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all that is imported, `from a import b` as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides its room"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def docstrings(tree: ast.AST) -> set[int]:
    """Identities of the constants that are docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def test_modules_import_only_upward_in_the_list_of_rooms() -> None:
    faults = []
    for path in modules():
        room = Path(inside(path)).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        assert room in ROOMS, f"{inside(path)} is no room of the house"
        for line, name in imports(parsed(path)):
            parts = name.split(".")
            if parts[0] != "jingde_core":
                continue
            # the package's front offers what every room holds: only the last room may use it
            other = parts[1] if len(parts) > 1 and parts[1] in ROOMS else "cli"
            if ROOMS.index(other) > ROOMS.index(room):
                faults.append(f"{inside(path)}:{line} imports {name}")
    assert not faults


def test_screen_packages_stay_in_their_files() -> None:
    faults = [
        f"{inside(path)}:{line} imports {name}"
        for path in modules()
        for line, name in imports(parsed(path))
        if name.split(".")[0] in ONLY_IN
        and not inside(path).startswith(tuple(ONLY_IN[name.split(".")[0]]))
    ]
    assert not faults


def test_no_format_that_can_run_foreign_code_is_used() -> None:
    faults = [
        f"{inside(path)}:{line} imports {name}"
        for path in modules()
        for line, name in imports(parsed(path))
        if name.split(".")[0] in FORBIDDEN_IMPORTS or name.endswith("read_pickle")
    ]
    assert not faults


def test_chinese_text_stands_in_the_catalogue_and_not_in_code() -> None:
    faults = []
    for path in modules():
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        allowed = docstrings(tree)
        faults += [
            f"{inside(path)}:{node.lineno} {node.value!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str | bytes)
            and id(node) not in allowed
            and CJK.search(str(node.value))
        ]
        faults += [
            f"{inside(path)}:{token.start[0]} {token.string}"
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type in (tokenize.COMMENT, tokenize.NAME) and CJK.search(token.string)
        ]
    assert not faults


def test_files_and_functions_are_short_or_their_length_is_argued() -> None:
    found = {}
    for path in modules():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            found[inside(path)] = lines
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node) is not None
                first = node.body[1] if documented and len(node.body) > 1 else node
                length = (node.end_lineno or 0) - first.lineno + 1
                if length > LONGEST_FUNCTION:
                    found[f"{inside(path)}:{node.name}"] = length
    unargued = {name: lines for name, lines in found.items() if name not in LONG_FOR_A_REASON}
    assert not unargued
    assert not set(LONG_FOR_A_REASON) - set(found), "an exception that nobody needs"


def code_lines(path: Path) -> set[int]:
    """Lines that hold code: no docstring, comment or blank line."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    documented = {
        number
        for node in ast.walk(parsed(path))
        if isinstance(node, holders) and ast.get_docstring(node) is not None
        for number in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    with tokenize.open(path) as file:
        spans = [
            range(token.start[0], token.end[0] + 1)
            for token in tokenize.generate_tokens(file.readline)
            if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING)
        ]
    return {number for span in spans for number in span} - documented


def test_the_house_keeps_to_its_budget_of_lines() -> None:
    lines = {inside(path): len(code_lines(path)) for path in modules()}
    core = sum(count for name, count in lines.items() if name.split("/")[0] in CORE)
    assert core <= CORE_BUDGET
    assert sum(lines.values()) <= WHOLE_BUDGET


def test_what_others_may_use_says_what_it_is() -> None:
    documented = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    faults = []
    for path in modules():
        tree = parsed(path)
        if tree.body and ast.get_docstring(tree) is None:
            faults.append(inside(path))
        faults += [
            f"{inside(path)}:{node.lineno} {node.name}"
            for node in tree.body
            if isinstance(node, documented)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ]
    assert not faults


def catalogue() -> dict[str, tuple[str, str]]:
    """Every entry of the catalogue, read without the code that reads it; keys are unique."""
    rows: list[dict[str, str]] = []
    for path in sorted((ROOT / "data" / "catalogue").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            assert reader.fieldnames == ["key", "zh", "en"], path.name
            found = list(reader)
        assert all(None not in row and None not in row.values() for row in found), path.name
        rows += found
    twice = [key for key, count in Counter(row["key"] for row in rows).items() if count > 1]
    assert not twice, f"keys that stand twice: {twice}"
    return {row["key"]: (row["zh"], row["en"]) for row in rows}


def test_the_catalogue_speaks_both_languages() -> None:
    faults = []
    for key, (zh, en) in catalogue().items():
        if not zh.strip() or not en.strip():
            faults.append(f"{key}: empty")
        elif CJK.search(en):
            faults.append(f"{key}: Chinese in the English text")
        elif not CJK.search(zh) and zh != en:
            faults.append(f"{key}: no Chinese in the Chinese text, which is no shared symbol")
    assert not faults


def test_both_languages_have_the_same_placeholders() -> None:
    def placeholders(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}

    faults = [
        f"{key}: {zh} | {en}"
        for key, (zh, en) in catalogue().items()
        if placeholders(zh) != placeholders(en)
    ]
    assert not faults


def test_every_key_that_code_names_is_in_the_catalogue() -> None:
    known = catalogue()
    faults = []
    for path in modules():
        for node in ast.walk(parsed(path)):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            first = node.args[0]
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            wanted = {
                "label": first.value,
                "print_line": first.value,
                "Problem": f"problem.{first.value}",
            }
            if called in wanted and wanted[called] not in known:
                faults.append(f"{inside(path)}:{node.lineno} {wanted[called]}")
    assert not faults


def notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_notebooks_hold_short_plain_cells_and_no_output() -> None:
    refused = (
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.For,
        ast.AsyncFor,
        ast.While,
    )
    faults = []
    for path in notebooks():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert cells and cells[0]["cell_type"] == "markdown", (
            f"{path.name} begins with its question"
        )
        for number, cell in enumerate(cells):
            if cell["cell_type"] != "code":
                continue
            place, source = f"{path.name} cell {number}", "".join(cell["source"])
            if cell.get("outputs") or cell.get("execution_count") is not None:
                faults.append(f"{place}: holds output")
            if len(source.splitlines()) > 10:
                faults.append(f"{place}: more than 10 lines")
            faults += [
                f"{place}: {type(node).__name__}"
                for node in ast.walk(ast.parse(source))
                if isinstance(node, refused)
            ]
    assert notebooks() and not faults


def test_nothing_unfinished_and_no_place_of_one_machine_is_in_the_repository() -> None:
    # the words are put together here, so that this file does not accuse itself
    words = [
        *("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"),
        *(r"pytest\.mark\.(skip|xfail)" + r"\w*", r"pytest\.(skip|xfail|import" + r"orskip)\("),
    ]
    unfinished = re.compile(r"\b(" + "|".join(words) + ")")
    hosts = ["pypi" + r"\.org", "files" + r"\.pythonhosted", "registry" + r"\.npmjs"]
    hosts += ["deb" + r"\.debian"]
    machine = re.compile("|".join([*hosts, r"(?<![\w.*])/(work|farm|root|home|Users|tmp)/"]))
    faults = []
    for name in tracked():
        text = (ROOT / name).read_bytes().decode("utf-8", errors="ignore")
        in_code = name.startswith(("jingde_core/", "tests/", "notebooks/"))
        for number, line in enumerate(text.splitlines(), start=1):
            if machine.search(line) or (in_code and unfinished.search(line)):
                faults.append(f"{name}:{number} {line.strip()[:80]}")
    assert not faults


def test_the_top_level_is_fixed() -> None:
    folders = {name.split("/")[0] for name in tracked() if "/" in name}
    files = {name for name in tracked() if "/" not in name and not name.startswith(".")}
    assert folders <= TOP_FOLDERS
    assert files == TOP_FILES


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, jingde_core; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert not HEAVY & set(run.stdout.split())


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "--output-format=concise", "jingde_core", "tests"],
        ["ruff", "format", "--check", "jingde_core", "tests"],
        ["mypy", "--strict", "jingde_core"],
    ],
    ids=["ruff check", "ruff format", "mypy strict"],
)
def test_the_code_is_clean_by(command: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout + run.stderr
