"""Scenario files: what they hold, what they refuse and where, what their hash says."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jingde_core.model.catalogue import has_label
from jingde_core.model.problem import DataError
from jingde_core.scenarios import Scenario, examples
from jingde_core.scenarios.keys import kinds

PLAIN: dict[str, Any] = {
    "name": "试算",
    "budget": 100_000,
    "lines": {"poverty_line": 6000, "monitoring_range": 7000},
    "rule": {"name": "level_up"},
    "scope": {"universe": "registered"},
}
FLOOD = {"kind": "flood", "share": 0.3, "clustering": 0.2, "income_loss": 0.1}


def written(folder: Path, text: str) -> Path:
    path = folder / "s.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(raw: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and key path of every fault."""
    with pytest.raises(DataError) as caught:
        Scenario.from_dict(raw, file="s.toml")
    assert all(problem.file == "s.toml" for problem in caught.value.problems)
    return [(problem.code, problem.sheet) for problem in caught.value.problems]


@pytest.mark.parametrize("name", sorted(examples()))
def test_every_shipped_example_is_read_and_written_back_the_same(name: str, tmp_path: Path) -> None:
    scenario = Scenario.from_file(examples()[name])
    again = Scenario.from_file(scenario.save(tmp_path))
    assert again == scenario and again.hash == scenario.hash


def test_all_faults_of_a_file_are_told_at_once_with_their_key_paths(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
name = "坏"
budget = "10万"
colour = 3
[lines]
poverty_line = 6000
[scope]
universe = "everybody"
towns = []
[rule]
name = "town_quota"
within = "levelup"
shares = { "旌阳镇" = 0.5, "白地镇" = 0.4 }
[bounds]
cap = 100
floor = 200
[[earmarks]]
town = "旌阳镇"
amount = '1,000'
[[shocks]]
kind = "flood"
share = 30
[[shocks]]
kind = "quake"
""",
    )
    with pytest.raises(DataError) as caught:
        Scenario.from_file(path)
    found = {(problem.code, problem.sheet) for problem in caught.value.problems}
    assert found == {
        ("scenario_value", "budget"),
        ("scenario_key", "colour"),
        ("scenario_missing", "lines.monitoring_range"),
        ("scenario_choice", "scope.universe"),
        ("scenario_nobody", "scope.towns"),
        ("scenario_choice", "rule.within"),
        ("scenario_sum", "rule.shares"),
        ("scenario_bounds", "bounds.floor"),
        ("scenario_value", "earmarks[1].amount"),
        ("scenario_missing", "shocks[1].clustering"),
        ("scenario_missing", "shocks[1].income_loss"),
        ("scenario_value", "shocks[1].share"),
        ("scenario_seed", "shocks[1]"),
        ("scenario_choice", "shocks[2].kind"),
    }


@pytest.mark.parametrize(
    "budget", ["", 0, -1, "abc", 1e12, "1,000", "10万", float("nan"), float("inf"), True, None, [1]]
)
def test_a_budget_that_is_no_sum_of_yuan_is_refused_in_its_place(budget: Any) -> None:
    """D01."""
    assert [path for _, path in faults(PLAIN | {"budget": budget})] == ["budget"]


def test_shares_that_do_not_make_the_whole_say_what_is_missing_and_are_not_scaled() -> None:
    """D02."""
    rule = {"name": "risk_quota", "shares": {"edge": 0.5, "none": 0.4}, "within": "level_up"}
    with pytest.raises(DataError) as caught:
        Scenario.from_dict(PLAIN | {"rule": rule})
    (problem,) = caught.value.problems
    assert (problem.code, problem.sheet) == ("scenario_sum", "rule.shares")
    assert (problem.found, problem.expected) == ("90", "+10")


@pytest.mark.parametrize("key", ["towns", "villages", "households"])
def test_a_list_of_nobody_is_refused(key: str) -> None:
    """D03."""
    scope = {"universe": "all", key: []}
    assert faults(PLAIN | {"scope": scope}) == [("scenario_nobody", f"scope.{key}")]


@pytest.mark.parametrize(
    "drawn",
    [
        {"shocks": [FLOOD]},
        {"shocks": [{"kind": "illness", "share": 0.1, "cost": 5000}]},
        {
            "levers": [
                {"kind": "micro_credit", "number": 3, "loan": 50_000, "months": 36}
                | {"interest": 0.04, "return_rate": 0.1, "risk": 0.05, "loss": 0.5}
            ]
        },
    ],
)
def test_what_is_drawn_needs_a_seed(drawn: dict[str, Any]) -> None:
    """D10."""
    (fault,) = faults(PLAIN | drawn)
    assert fault[0] == "scenario_seed"
    assert Scenario.from_dict(PLAIN | drawn | {"seed": 1}).seed == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"earmarks": [{"town": "旌阳镇", "amount": 100_001}]}, ("scenario_over", "earmarks")),
        ({"bounds": {"cap": 5, "floor": 6}}, ("scenario_bounds", "bounds.floor")),
        ({"budget": 0}, ("scenario_budget", "budget")),
        ({"rule": {"name": "level_up", "per_head": 3}}, ("scenario_key", "rule.per_head")),
        ({"rule": {"name": "universal"}}, ("scenario_missing", "rule.per_head")),
        ({"rule": 3}, ("scenario_value", "rule")),
        ({"shocks": 3}, ("scenario_value", "shocks")),
        ({"shocks": {"kind": "flood"}}, ("scenario_value", "shocks")),
        ({"shocks": ["flood"]}, ("scenario_value", "shocks[1]")),
        ({"lines": {}}, ("scenario_missing", "lines.poverty_line")),
        ({"name": "  "}, ("scenario_value", "name")),
        ({"seed": 1.5}, ("scenario_value", "seed")),
    ],
)
def test_what_cannot_stand_together_is_refused(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert faults(PLAIN | changes)[0] == expected


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe\x00", b""])
def test_a_file_that_is_no_scenario_says_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        Scenario.from_file(path)
    assert {problem.code for problem in caught.value.problems} <= {
        "unreadable_file",
        "scenario_missing",
    }
    with pytest.raises(DataError):
        Scenario.from_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "../../etc", "a/b\\c", "很" * 500, "CON", ".hidden", "a\u2028`$"],
)
def test_a_hostile_name_stays_text_and_never_leaves_its_folder(name: str, tmp_path: Path) -> None:
    """D09."""
    scenario = Scenario.from_dict(PLAIN | {"name": name})
    path = scenario.save(tmp_path)
    assert path.parent == tmp_path and len(path.name.encode()) < 255
    assert not set(path.name) & set('/\\<>:"|?*`$') and not path.name.startswith(".")
    assert Scenario.from_file(path).name == name


def test_a_second_scenario_of_that_name_does_not_replace_the_first(tmp_path: Path) -> None:
    """D09."""
    first = Scenario.from_dict(PLAIN)
    path = first.save(tmp_path)
    with pytest.raises(DataError) as caught:
        first.but(budget=5).save(tmp_path)
    assert caught.value.problems[0].code == "scenario_taken"
    assert Scenario.from_file(path).budget == 100_000
    first.but(budget=5).save(tmp_path, over=True)
    assert Scenario.from_file(path).budget == 5


def test_the_hash_follows_assumptions_and_not_names() -> None:
    scenario = Scenario.from_dict(PLAIN)
    same = scenario.but(name="另一个名字", note="说明", source="来源", budget=100_000.0)
    assert same.hash == scenario.hash
    others = [
        scenario.but(budget=100_000.01),
        scenario.but(lines={"poverty_line": 5999}),
        scenario.but(rule="poorest_first"),
        scenario.but(scope={"universe": "all"}),
        scenario.but(eligible={"attribute": ["dibao"]}),
        scenario.but(bounds={"cap": 9}),
        scenario.but(seed=2),
        scenario.but(shocks=[{"kind": "lost_months", "months": 2}]),
    ]
    assert len({scenario.hash, *(other.hash for other in others)}) == len(others) + 1


def test_a_reform_is_a_difference_and_leaves_the_baseline_as_it_was() -> None:
    base = Scenario.from_dict(PLAIN)
    reform = base.but(lines={"poverty_line": 5000}, scope={"towns": ["白地镇"]})
    assert reform.lines == {"poverty_line": 5000, "monitoring_range": 7000}
    assert reform.but(scope={"towns": None}).scope == {"universe": "registered"}
    assert base == Scenario.from_dict(PLAIN)


texts = st.text(min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(name=texts, note=texts, budget=st.floats(0.01, 1e10), seed=st.integers(0, 2**32 - 1))
def test_any_text_survives_the_file(name: str, note: str, budget: float, seed: int) -> None:
    raw = PLAIN | {"name": name, "note": note, "budget": budget, "seed": seed, "shocks": [FLOOD]}
    scenario = Scenario.from_dict(raw)
    assert Scenario.from_dict(tomllib.loads(scenario.to_toml())) == scenario


def test_every_kind_has_a_name_in_both_languages() -> None:
    for section, stem in (("rule", "value.rule"), ("shocks", "shock"), ("levers", "lever")):
        assert all(has_label(f"{stem}.{kind}") for kind in kinds(section)), section
