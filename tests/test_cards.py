"""File cards: what a record's card holds, who may see it, and how it reaches a page."""

import pytest

from jingde_core.county import County, cards
from jingde_core.views.cards import figures, file_card
from jingde_core.views.panels.cards import card_search

QUESTIONS = ["owner", "operator", "earned", "paid", "written"]
PV = "A00001"


@pytest.fixture
def leader(monkeypatch):
    monkeypatch.setenv("JINGDE_AUDIENCE", "leader")
    return County.load()


def test_an_auditors_five_questions_are_the_sections_of_an_assets_card(county):
    card = cards.card(county, "assets", PV)
    assert [name for name in card.sections if name in QUESTIONS] == QUESTIONS
    assert PV in card.title


def test_who_owns_it_and_who_runs_it(county):
    card = cards.card(county, "assets", PV)
    asset = county.assets.set_index("id").loc[PV]
    assert card.sections["owner"][0]["owner"].tolist() == [asset["owner"]]
    name = county.entities.set_index("id").loc[asset["operator"], "name"]
    assert card.sections["operator"][0]["manager"].tolist() == [name]


def test_what_it_earned_and_who_got_the_money(county):
    card = cards.card(county, "assets", PV)
    months = county.pv_months.query("station == 'S01'")
    earned = card.sections["earned"][0].set_index("year")
    net = (months["income"] - months["upkeep"]).sum()
    assert earned.loc[2020, "earned"] == pytest.approx(net)
    assert earned.loc[2019].isna()["earned"], "no month on record is unknown, not zero"
    paid = county.distributions.query("station == 'S01'")["amount"].sum()
    assert card.sections["paid"][0]["amount"].sum() == pytest.approx(paid)
    assert earned.loc[2020, "distributed"] == pytest.approx(paid)


def test_where_it_is_written(county):
    ledgers, project, fund = cards.card(county, "assets", PV).sections["written"]
    assert set(ledgers["evidence"]) == set(county.ledger_entries.query("asset == @PV")["evidence"])
    assert project["id"].tolist() == [county.assets.set_index("id").loc[PV, "project"]]
    assert fund["document_number"].notna().all()


@pytest.mark.parametrize(
    "table, record",
    [("villages", "341825104205"), ("projects", "P2016-001"), ("funds", "F2016-01")]
    + [("entities", "E004"), ("pv_stations", "S01"), ("households", "H00875")],
)
def test_every_kind_of_record_has_a_card_with_facts(county, table, record):
    card = cards.card(county, table, record)
    assert len(card.sections["facts"][0]) == 1 and len(card.sections) > 1
    for frames in card.sections.values():
        assert all(frame.attrs["provenance"] for frame in frames)


def test_a_villages_card_adds_up_to_the_village(county):
    card = cards.card(county, "villages", "341825104205")
    assets = county.assets.query("village == '341825104205'")
    assert card.sections["assets"][0]["original_value"].sum() == assets["original_value"].sum()
    income = county.collective_income.query("village == '341825104205'")["amount"].sum()
    assert card.sections["earned"][0]["amount"].sum() == pytest.approx(income)


def test_a_leader_sees_no_row_of_a_household(county, leader):
    homes = set(county.households["id"])
    for table, record in (("assets", "A00005"), ("villages", "341825104205")):
        card = cards.card(leader, table, record)
        values = {str(v) for fs in card.sections.values() for f in fs for v in f.to_numpy().ravel()}
        assert not values & homes
    with pytest.raises(KeyError):
        cards.card(leader, "households", "H00875")
    assert "households" not in set(cards.find(leader, "H00875")["table"])


def test_a_fault_of_the_record_stands_on_its_card(county):
    assets = county.assets
    assets.loc[assets["id"] == PV, "owner"] = None
    faulty = County(dict(county.tables) | {"assets": assets}, county.provenance, county.parameters)
    found = cards.card(faulty, "assets", PV)
    assert "faults" in found.sections and "faults" not in cards.card(county, "assets", PV).sections


def test_records_are_found_by_number_and_by_part_of_a_name(county):
    assert cards.find(county, " a00001 ").to_dict("records")[0]["record"] == "A00001"
    found = cards.find(county, "江村村")
    assert {"assets", "villages"} == set(found["table"])
    assert cards.find(county, "").empty and cards.find(county, "[").empty


def test_an_unknown_record_is_told_the_close_ones(county):
    with pytest.raises(KeyError, match="close"):
        cards.card(county, "assets", "A1")
    with pytest.raises(KeyError, match="assets"):
        cards.card(county, "asset", PV)


def test_a_hostile_name_is_text_on_the_card(county):
    assets = county.assets
    assets.loc[assets["id"] == PV, "name"] = "<img src=x onerror=alert(1)>`${1}`"
    hostile = County(dict(county.tables) | {"assets": assets}, county.provenance, county.parameters)
    html = file_card(hostile, "assets", PV).html
    assert "<img" not in html and "`${" not in html and "onerror" in html


def test_the_search_follows_the_typing_and_keeps_a_static_card(county):
    search = card_search(county, "江村村集体茶园")
    assert "江村村集体茶园" in search.card.value
    search.text.value = "S03"
    assert "S03" in search.card.value and "江村村集体茶园" not in search.card.value
    search.text.value = "nothing of the kind"
    assert search.said.value and not search.card.value
    search.text.value = "A00005"
    bundle = search._repr_mimebundle_()
    assert bundle["text/html"] == search.card.value and "<details" in bundle["text/html"]


def test_figures_stand_side_by_side_with_unit_and_mark(county):
    told = figures(county, {"x": ("asset_value", {}), "y": ("assets", {})}, title="t")
    assert "8,635.60万元" in told.html and "320" in told.html
    assert "演示数据（合成）" in told.html
