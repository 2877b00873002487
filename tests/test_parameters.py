"""Policy numbers: dated, sourced, and refused when a file of them is wrong."""

import datetime

import pytest

from jingde_core.model.catalogue import has_label
from jingde_core.model.parameters import Parameters
from jingde_core.model.problem import DataError


def written(tmp_path, text):
    path = tmp_path / "parameters.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("year", "line"),
    [(2014, 2800), (2015, 2855), (2016, 2952), (2017, 2952), (2018, 2995), (2019, 3218)],
)
def test_the_line_of_each_year_is_that_of_the_national_series(year, line):
    assert Parameters.load().value("poverty_line", year) == line


def test_the_monitoring_range_changed_in_march_2020():
    parameters = Parameters.load()
    assert parameters.value("monitoring_range", datetime.date(2020, 2, 29)) == 5000
    assert parameters.value("monitoring_range", datetime.date(2020, 3, 1)) == 6000


def test_every_entry_has_a_source_and_a_confidence():
    frame = Parameters.load().frame()
    assert all(has_label(f"value.source.{source}") for source in frame["source"])
    assert all(has_label(f"value.parameter.{name}") for name in frame["parameter"])
    assert all(has_label(f"value.unit.{unit}") for unit in frame["unit"])
    assert set(frame["confidence"]) <= {"H", "M", "L"}


def test_a_term_that_only_the_county_can_define_has_no_value():
    parameters = Parameters.load()
    assert "ask the county" in parameters.definitions["five_preventions"]
    with pytest.raises(KeyError, match="five_preventions"):
        parameters.value("five_preventions")


def test_an_unknown_name_is_told_the_close_ones():
    with pytest.raises(KeyError, match="poverty_line"):
        Parameters.load().value("povrty_line")


def test_a_day_before_the_first_entry_has_no_value():
    with pytest.raises(KeyError, match="1999"):
        Parameters.load().value("poverty_line", 1999)


def test_every_fault_of_the_file_is_told_at_once(tmp_path):
    path = written(
        tmp_path,
        """
[line]
entries = [
  { from = 2020, value = "4,000", source = "s", confidence = "H" },
  { from = "soon", value = 1, source = "s", confidence = "H" },
  { from = 2020, value = 1, confidence = "H", colour = "red" },
]
[range]
entries = [
  { from = 2020, value = 1, source = "s", confidence = "H" },
  { from = 2019, value = 2, source = "s", confidence = "H" },
]
""",
    )
    with pytest.raises(DataError) as caught:
        Parameters.load(path)
    found = {
        (problem.sheet, problem.column or problem.expected) for problem in caught.value.problems
    }
    assert {
        ("line[1]", "value"),
        ("line[2]", "from"),
        ("line[3]", "source"),
        ("range[2]", "from"),
    } <= found


def test_a_damaged_file_is_named(tmp_path):
    with pytest.raises(DataError) as caught:
        Parameters.load(written(tmp_path, "[line\nentries = "))
    assert caught.value.problems[0].code == "unreadable_file"
    assert caught.value.problems[0].file == "parameters.toml"
