"""``jingde scenario``: what it prints, saves and refuses, and its exit codes."""

import json
from pathlib import Path

import pytest

from jingde_core import cli
from jingde_core.model.catalogue import label
from jingde_core.scenarios import Scenario, examples

Captured = pytest.CaptureFixture[str]


def test_the_leaders_question_is_answered_with_its_marks(capsys: Captured) -> None:
    assert cli.main(["scenario", "run", "leader_500k"]) == 0
    shown = capsys.readouterr().out
    scenario = Scenario.from_file(examples()["leader_500k"])
    assert scenario.hash in shown and scenario.name in shown
    assert label("scenario_mark") in shown and label("synthetic_mark") in shown
    assert label("scenario.limits") in shown


def test_results_are_saved_under_safe_names_that_do_not_meet(
    tmp_path: Path, capsys: Captured
) -> None:
    plain = Scenario.from_file(examples()["leader_500k"]).but(name="../<b>问</b>")
    files = [plain.save(tmp_path / "a"), plain.but(budget=7).save(tmp_path / "b")]
    out = tmp_path / "out"
    assert cli.main(["scenario", "run", *map(str, files), "--out", str(out), "--json"]) == 0
    saved = sorted(out.iterdir())
    assert len(saved) == 2 and all(path.parent == out for path in saved)
    printed = json.loads(capsys.readouterr().out)
    assert {json.loads(path.read_text("utf-8"))["hash"] for path in saved} == {
        record["hash"] for record in printed
    }


def test_scenarios_are_held_side_by_side(capsys: Captured) -> None:
    names = ["baseline", "raised_line", "lost_work", "illness_insurance"]
    assert cli.main(["scenario", "compare", *names, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["data_state"] for row in rows] == ["current"] * 4
    assert rows[0]["left_persons"] == 33
    assert cli.main(["scenario", "compare", *names]) == 0
    assert label("scenario_mark") in capsys.readouterr().out


def test_faults_of_all_files_are_told_together(tmp_path: Path, capsys: Captured) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "x"\nbudget = "10万"\n', encoding="utf-8")
    assert cli.main(["scenario", "run", str(bad), str(tmp_path / "none.toml")]) == 2
    told = capsys.readouterr().err
    assert "bad.toml[budget]" in told and "none.toml" in told and "Traceback" not in told
