"""Who may see what: audience, whitelist of columns, masks by type."""

import pandas as pd
import pytest

from jingde_core.county import County
from jingde_core.model.problem import DataError
from jingde_core.model.tables import STORE_ONLY, TABLES
from jingde_core.privacy import (
    audience,
    mask_card,
    mask_id,
    mask_name,
    mask_phone,
    permitted,
)
from jingde_core.privacy.audience import whitelist


def test_the_audience_is_the_analyst_until_somebody_else_is_named(monkeypatch):
    monkeypatch.delenv("JINGDE_AUDIENCE", raising=False)
    assert audience() == "analyst"
    monkeypatch.setenv("JINGDE_AUDIENCE", "working")
    assert audience() == "working"


def test_a_slip_in_the_audience_opens_nothing(monkeypatch):
    monkeypatch.setenv("JINGDE_AUDIENCE", "Leader ")
    with pytest.raises(DataError) as fault:
        audience()
    assert fault.value.problems[0].code == "unknown_audience"


def test_every_column_of_the_model_is_judged_and_no_identity_is_on_the_list():
    judged = {
        (table, column) for table, columns in whitelist()["leader"].items() for column in columns
    }
    model = {(name, column) for name, t in TABLES.items() for column in t.to_schema().columns}
    assert judged == model
    assert not {table for table, _ in judged} & set(STORE_ONLY)


def test_what_the_whitelist_does_not_name_is_left_out():
    tables = {
        "households": pd.DataFrame(
            {"id": ["H1"], "hamlet": [4], "helper": ["王小明"], "phone": ["1"]}
        ),
        "identity": pd.DataFrame({"name": ["王小明"]}),
    }
    leader, working = permitted(tables, "leader"), permitted(tables, "working")
    assert set(leader) == set(working) == {"households"}
    assert list(leader["households"]) == ["id", "hamlet", "helper"]
    assert leader["households"][["hamlet", "helper"]].isna().all().all()
    assert working["households"]["helper"].tolist() == ["王**"]
    assert permitted(tables, "analyst") == tables


def test_free_text_says_only_that_there_is_some():
    frame = pd.DataFrame({"evidence": ["survey", "见王小明家照片", None]}, dtype="str")
    found = permitted({"guarantees": frame}, "leader")["guarantees"]["evidence"]
    assert found[0] == "survey" and "王" not in found[1] and pd.isna(found[2])


def test_a_county_loaded_for_a_leader_measures_the_same_and_knows_no_hamlet(monkeypatch, county):
    monkeypatch.setenv("JINGDE_AUDIENCE", "leader")
    seen = County.load()
    assert seen.households["hamlet"].isna().all() and seen.households["helper"].isna().all()
    assert list(seen.households.columns) == list(county.households.columns)
    assert seen.households["income_per_head"].equals(county.households["income_per_head"])


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王明", "王**"),
        ("王小明", "王**"),
        ("欧阳修", "欧阳**"),
        ("欧阳锋锐", "欧阳**"),
        ("欧阳", "欧**"),
        ("明", "**"),
        ("阿卜杜·买买提", "阿**"),
        ("司马 相如", "司马**"),
        ("John Smith", "J**"),
        ("", ""),
    ],
)
def test_a_name_keeps_its_surname_and_tells_no_length(name, masked):
    assert mask_name(name) == masked


def test_numbers_of_one_type_are_masked_to_one_length():
    ids = ["341825900101123", "34182519900101123X", "34182519900101123X44", "E12345678"]
    assert {len(mask_id(each)) for each in ids} == {18}
    assert mask_id(ids[2]).strip("*") == "3418"
    assert mask_phone("13800138000") == "138********"
    assert mask_card("6222 0202 0011 2233 445") == "6222************"
