"""A rendered page opens anywhere, shows only results, and is the same bytes each time."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fake_county
import nbformat
import pandas as pd
import pytest
from browser import opened
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError
from jingde_core.sharing import page as pages
from jingde_core.sharing import render, render_all

SETUP = """import fake_county, jingde_core.county
jingde_core.county.measure = fake_county.measure
county = fake_county.county()
from jingde_core.views import charts, maps, tables"""


@pytest.fixture(autouse=True)
def kernels_find_the_tests(monkeypatch):
    here = Path(__file__).resolve().parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), str(here.parent)]))


def notebook(folder, name, *cells):
    path = folder / f"{name}.ipynb"
    made = new_notebook(
        cells=[
            new_markdown_cell(cell[2:]) if cell.startswith("##") else new_code_cell(cell)
            for cell in cells
        ]
    )
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(made, path)
    return path


def rendered(path, out, **settings):
    return render(path, out, provenance=fake_county.PROVENANCE, **settings)


def written(out):
    return sorted(path.name for path in out.iterdir()) if out.exists() else []


def page_of(*outputs, prose="# x", audience="leader"):
    """The page of a notebook that was run already."""
    cell = new_code_cell("secret = 1", outputs=list(outputs))
    made = new_notebook(cells=[new_markdown_cell(prose), cell])
    return pages.page(made, file="x.ipynb", audience=audience, provenance=fake_county.PROVENANCE)


def shown(data, kind="display_data"):
    return new_output(kind, data=data)


def codes(fault):
    return [problem.code for problem in fault.value.problems]


def test_a_page_shows_maps_charts_and_tables_without_network_source_or_noise(chromium, tmp_path):
    path = notebook(
        tmp_path,
        "01_poverty",
        "### Title <script>alert(1)</script>",
        SETUP,
        "import sys\nprint('noise', file=sys.stderr)\nprint('said <b>')\n"
        "maps.village_map(county, 'headcount_ratio', year=2020)",
        "maps.village_map(county, 'headcount_ratio', geometry='tiles')",
        "charts.trend(fake_county.measure(county, 'headcount_ratio', by='year'))",
        "tables.table(fake_county.measure(county, 'headcount_ratio', by='town'))",
    )
    first = rendered(path, tmp_path / "out")
    bytes_once = first.read_bytes()
    assert first.name == "01_poverty.html" and len(bytes_once) < 1_500_000
    text = bytes_once.decode()
    assert text.count("Leaflet 1.9.3") == 1
    for absent in (
        "fake_county",
        "noise",
        "import ",
        "require.js",
        "mathjax",
        "cdn",
        str(tmp_path),
    ):
        assert absent not in text.split("<article>")[1].replace("@import", "")
    with opened(chromium, first, tmp_path) as seen:
        for frame in seen.page.frames[1:]:
            frame.wait_for_selector(".jd-legend li")
            assert frame.locator("path.leaflet-interactive").count() == 68
        assert len(seen.page.frames) == 3
        assert "<script>alert(1)</script>" in seen.page.locator("h1").inner_text()
        assert "<script>" in seen.page.title()
        assert "said <b>" in seen.page.locator("pre").inner_text()
        assert label("synthetic_mark") in seen.page.locator("body > header").inner_text()
        foot = seen.page.locator("body > footer").inner_text()
        assert pages.checksum(fake_county.PROVENANCE) in foot and "2020-12-31" in foot
        assert seen.quiet(), (seen.outside, seen.stopped, seen.errors)
    assert rendered(path, tmp_path / "again").read_bytes() == bytes_once


def test_a_failing_notebook_is_named_with_cell_and_cause_and_the_rest_is_delivered(tmp_path):
    out = tmp_path / "out"
    good = notebook(tmp_path, "good", "1 + 1")
    bad = notebook(tmp_path, "bad", "1 + 1", "1 / 0")
    told = []
    with pytest.raises(DataError) as fault:
        render_all([bad, good], out, provenance=fake_county.PROVENANCE, progress=told.append)
    (problem,) = fault.value.problems
    assert (problem.code, problem.file) == ("cell_failed", "bad.ipynb")
    assert "2" in problem.sheet and problem.found == "ZeroDivisionError: division by zero"
    assert written(out) == ["good.html"]
    assert any("good.html" in line for line in told)


def test_a_notebook_that_fails_leaves_its_old_page_as_it_was(tmp_path):
    out = tmp_path / "out"
    path = notebook(tmp_path, "x", "1 + 1")
    before = rendered(path, out).read_bytes()
    notebook(tmp_path, "x", "1 / 0")
    with pytest.raises(DataError):
        rendered(path, out)
    assert (out / "x.html").read_bytes() == before and written(out) == ["x.html"]


def test_an_endless_notebook_is_killed_when_its_time_is_up(tmp_path):
    path = notebook(
        tmp_path, "x", "import os; open('pid', 'w').write(str(os.getpid()))", "while True: pass"
    )
    with pytest.raises(DataError) as fault:
        rendered(path, tmp_path / "out", timeout=8)
    assert codes(fault) == ["notebook_timeout"]
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()
    assert written(tmp_path / "out") == []


def test_a_kernel_that_dies_is_told(tmp_path):
    with pytest.raises(DataError) as fault:
        rendered(notebook(tmp_path, "x", "import os; os._exit(3)"), tmp_path / "out")
    assert codes(fault) == ["kernel_died"]


def test_the_notebook_sees_its_audience_and_the_working_copy_is_marked(tmp_path):
    path = notebook(tmp_path, "x", "import os; print(os.environ['JINGDE_AUDIENCE'])")
    leader, working = (
        rendered(path, tmp_path / "out", audience=each) for each in ("leader", "working")
    )
    assert "<pre>leader" in leader.read_text() and "<pre>working" in working.read_text()
    assert label("internal_mark") in working.read_text() and working.name != leader.name
    assert label("internal_mark") not in leader.read_text()


def test_a_page_is_rendered_from_a_cell_of_a_running_notebook(tmp_path):
    path = notebook(tmp_path, "x", "1 + 1")

    async def cell():
        return rendered(path, tmp_path / "out")

    with ThreadPoolExecutor() as threads:
        assert threads.submit(asyncio.run, cell()).result().is_file()


def test_faults_before_any_run_are_told_at_once(tmp_path):
    (tmp_path / "other").mkdir()
    same = [notebook(tmp_path, "x", "1"), notebook(tmp_path / "other", "x", "1")]
    with pytest.raises(DataError) as fault:
        render_all(same, tmp_path, audience="friends", provenance=fake_county.PROVENANCE)
    assert codes(fault) == ["unknown_audience", "same_page"]


def test_what_is_no_notebook_is_told(tmp_path):
    (tmp_path / "x.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(DataError) as fault:
        rendered(tmp_path / "x.ipynb", tmp_path / "out")
    assert codes(fault) == ["unreadable_file"]


def test_a_widget_keeps_its_static_part_and_nothing_of_its_state():
    view = "application/vnd.jupyter.widget-view+json"
    text = page_of(shown({view: {"model_id": "abc"}, "text/html": "<p>static</p>"}))
    assert "<p>static</p>" in text and "abc" not in text
    with pytest.raises(DataError) as fault:
        page_of(shown({view: {"model_id": "abc"}, "text/plain": "HBox()"}))
    assert codes(fault) == ["no_static_output"]


def test_an_output_that_refers_to_the_network_is_refused_with_its_cell():
    with pytest.raises(DataError) as fault:
        page_of(shown({"text/html": '<script src="https://example.org/x.js"></script>'}))
    (problem,) = fault.value.problems
    assert problem.code == "external_reference" and problem.found == "https://example.org/x.js"
    assert problem.sheet == label("sharing.cell", number=1)


def test_scripts_in_prose_and_outputs_do_not_run(chromium, tmp_path):
    attack = "<script>alert(1)</script><img src=data:, onerror=alert(2)>"
    text = page_of(shown({"text/html": attack}), prose=f"# {attack}\n\n[x](javascript:alert(3))")
    with opened(chromium, text, tmp_path) as seen:
        assert seen.dialogs == [] and seen.outside == []
        assert "javascript:" not in text


def test_error_output_metadata_and_hidden_kinds_never_reach_a_page():
    text = page_of(
        new_output("error", ename="E", evalue="hidden1", traceback=["hidden2"]),
        new_output("stream", name="stderr", text="hidden3"),
        new_output(
            "execute_result",
            data={"image/png": "AAAA", "text/plain": "hidden4"},
            metadata={"note": "hidden5"},
        ),
    )
    assert "data:image/png;base64,AAAA" in text
    assert "hidden" not in text and "secret" not in text


def test_cells_of_the_workshop_stay_there_but_count():
    made = new_notebook(
        cells=[
            new_markdown_cell("how to use it", metadata={"tags": ["workshop"]}),
            new_code_cell("1", metadata={"tags": ["workshop"]}),
            new_code_cell("2", outputs=[shown({"application/json": {}})]),
        ]
    )
    with pytest.raises(DataError) as fault:
        pages.page(made, file="x", audience="leader", provenance=fake_county.PROVENANCE)
    assert fault.value.problems[0].sheet == label("sharing.cell", number=2)
    made.cells.pop()
    text = pages.page(made, file="x", audience="leader", provenance=fake_county.PROVENANCE)
    assert "how to use it" not in text


def test_the_checksum_follows_every_table_and_no_order():
    rows = fake_county.PROVENANCE
    assert pages.checksum(rows) == pages.checksum(rows.iloc[::-1])
    changed = pd.concat([rows.iloc[:1], rows.iloc[1:].assign(sha256="c" * 64)])
    assert pages.checksum(rows) != pages.checksum(changed)
