"""The table models: every column says unit, source and heading; keys point somewhere."""

import pytest

from jingde_core.county.tables import _JOINED
from jingde_core.model.catalogue import has_label, label
from jingde_core.model.problem import DataError, Problem
from jingde_core.model.tables import STORE_ONLY, TABLES

EVERY = {**TABLES, **STORE_ONLY}


def about(model):
    (metadata,) = model.get_metadata().values()
    return metadata


@pytest.mark.parametrize("table", EVERY)
def test_every_column_has_a_unit_a_source_and_a_heading_in_both_languages(table):
    for name, metadata in about(EVERY[table])["columns"].items():
        assert metadata["unit"] and metadata["source"], f"{table}.{name}"
        if table in TABLES:
            assert label(f"column.{name}", lang="zh") and label(f"column.{name}", lang="en")


@pytest.mark.parametrize("table", TABLES)
def test_every_coded_value_has_a_text_in_both_languages(table):
    for name, column in TABLES[table].to_schema().columns.items():
        for check in column.checks:
            if check.name == "isin" and name != "year":
                for value in check.statistics["allowed_values"]:
                    assert has_label(f"value.{name}.{value}"), f"{table}.{name} = {value}"


@pytest.mark.parametrize("table", EVERY)
def test_keys_are_columns_and_references_point_to_keys(table):
    columns = set(EVERY[table].to_schema().columns)
    metadata = about(EVERY[table])["dataframe"]
    assert set(metadata["key"]) <= columns
    for column, target in metadata["references"].items():
        other, key = target.split(".")
        assert column in columns
        assert about(EVERY[other])["dataframe"]["key"] == [key]


def test_a_row_gains_from_the_table_that_its_column_refers_to():
    for column, (target, _) in _JOINED.items():
        pointing = {
            about(model)["dataframe"]["references"].get(column, "").split(".")[0]
            for model in TABLES.values()
        }
        assert pointing - {""} == {target}


def test_no_county_table_holds_a_name_or_a_number_of_a_person():
    secret = {
        name
        for model in TABLES.values()
        for name, metadata in about(model)["columns"].items()
        if metadata["unit"] == "secret"
    }
    assert secret == set()
    assert not {"id_number", "phone", "bank_card"} & {
        name for model in TABLES.values() for name in model.to_schema().columns
    }


def test_a_notebook_shows_the_faults_and_no_stack():
    error = DataError([Problem("missing_file", file="villages.csv", expected="villages.csv")])
    (shown,) = error._render_traceback_()
    assert "villages.csv" in shown and "Traceback" not in shown
