"""The chain of money: walked both ways, its breaks made for real, its sums conserved."""

import io

import openpyxl
import pandas as pd
import pytest

from jingde_core.county import County, chain, measure
from jingde_core.quality import RULES, check
from jingde_core.views.downloads import as_excel

DAY = pd.Timestamp


def changed(county, table, record, **values):
    """The county with some cells of one record changed."""
    frame = county.tables[table].copy()
    for column, value in values.items():
        frame.loc[frame["id"] == record, column] = value
    return with_tables(county, **{table: frame})


def with_tables(county, **tables):
    return County(dict(county.tables) | tables, county.provenance, county.parameters)


def without(county, table, **where):
    frame = county.tables[table]
    for column, value in where.items():
        frame = frame[frame[column] != value]
    return with_tables(county, **{table: frame})


def hits(county, rule):
    found = chain.breaks(county)
    return found.loc[found["rule"] == rule, "record"].tolist()


def first(county, table, query):
    return county.tables[table].query(query)["id"].iloc[0]


def test_an_asset_leads_up_to_the_document_that_paid_it(county):
    up = chain.walk(county, "assets", "A00001", up=True)
    assert up["table"].tolist() == ["assets", "projects", "funds"]
    assert up["step"].tolist() == [0, 1, 2]
    project = county.assets.set_index("id").loc["A00001", "project"]
    fund = county.projects.set_index("id").loc[project, "fund"]
    assert up["record"].tolist() == ["A00001", project, fund]


def test_a_station_leads_down_to_the_households_that_its_wages_reach(county):
    down = chain.walk(county, "assets", "A00001")
    station = first(county, "pv_stations", "asset == 'A00001'")
    paid = county.distributions[county.distributions["station"] == station]
    assert set(down.query("table == 'distributions'")["record"]) == set(paid["id"])
    assert set(down.query("table == 'households'")["record"]) == set(paid["household"].dropna())
    assert down.query("table == 'distributions'")["amount"].sum() == paid["amount"].sum()


@pytest.mark.parametrize(
    "table, record",
    [("funds", "F2016-01"), ("projects", "P2016-001"), ("pv_stations", "S03")],
)
def test_what_is_reached_downward_leads_back_upward(county, table, record):
    down = chain.walk(county, table, record)
    for name, rows in down.groupby("table"):
        last = rows["record"].iloc[-1]
        back = chain.walk(county, name, last, up=True)
        assert ((back["table"] == table) & (back["record"] == record)).any(), name


def test_no_record_is_told_twice(county):
    down = chain.walk(county, "funds", "F2018-02")
    assert not down.duplicated(["table", "record"]).any()


def test_an_unknown_record_or_table_is_told_the_close_ones(county):
    with pytest.raises(KeyError, match="A00"):
        chain.walk(county, "assets", "A0001")
    with pytest.raises(KeyError, match="assets"):
        chain.walk(county, "asset", "A00001")


def test_the_shipped_county_has_idle_assets_and_no_other_break(county):
    found = chain.breaks(county)
    assert set(found["rule"]) == {"asset_idle"}
    assert set(found["record"]) == set(county.assets.query("state == 'idle'")["id"])


#: rule: table, which record, what becomes of it; the record is what the rule names
CHANGES = {
    "project_no_approval": ("projects", "reach == 'village'", {"checked_on": pd.NaT}),
    "project_not_listed": ("projects", "paid > 0", {"listed_on": pd.NaT}),
    "project_no_notice": ("projects", "paid > 0", {"noticed_on": pd.NaT}),
    "project_no_tender": ("projects", "tendered_on.notna()", {"tendered_on": pd.NaT}),
    "project_not_accepted": ("projects", "settled_on.notna()", {"accepted_on": pd.NaT}),
    "project_not_settled": ("projects", "settled_on.notna()", {"settled_on": pd.NaT}),
    "project_carried_over_long": ("projects", "settled_on.notna()", {"settled_on": pd.NaT}),
    "project_out_of_order": ("projects", "approved_on.notna()", {"approved_on": DAY(2013, 1, 1)}),
    "asset_no_owner": ("assets", "asset_class == 'public'", {"owner": None}),
    "asset_no_operator": ("assets", "state == 'leased'", {"operator": None}),
    "asset_idle": ("assets", "state == 'leased'", {"state": "idle"}),
    "asset_unit_suspect": ("assets", "original_value > 90000", {"original_value": 92.7}),
    "entry_before_built": ("ledger_entries", "ledger == 'disposal'", {"date": DAY(2010, 1, 1)}),
    "entry_unit_suspect": ("ledger_entries", "ledger == 'ownership'", {"amount": 6.55}),
    "entry_unknown_asset": ("ledger_entries", "ledger == 'upkeep'", {"asset": "A99999"}),
    "entry_no_evidence": ("ledger_entries", "ledger == 'ownership'", {"evidence": None}),
    "distribution_no_resolution": (
        "ledger_entries",
        "ledger == 'distribution'",
        {"evidence": None},
    ),
    "rent_overdue": ("leases", "ends_on < '2020-01-01'", {"received": 0.0}),
    "rent_overreceived": ("leases", "asset.notna()", {"receivable": 1.0}),
    "income_overdistributed": ("distributions", "kind == 'dividend'", {"amount": 9e7}),
}


@pytest.mark.parametrize("rule", CHANGES)
def test_a_fault_made_for_real_is_found_and_located(county, rule):
    table, query, values = CHANGES[rule]
    record = first(county, table, query)
    found = hits(changed(county, table, record, **values), rule)
    assert record in found and (
        rule == "income_overdistributed" or len(found) == 1 + 2 * (rule == "asset_idle")
    )


def test_a_project_paid_without_an_asset_is_a_break_but_awards_are_none(county):
    project = first(county, "projects", "kind == 'road' and accepted_on.notna()")
    found = chain.breaks(without(county, "assets", project=project))
    assert found.query("rule == 'project_without_asset'")["record"].tolist() == [project]
    awards = county.projects.query("kind == 'industry' and reach == 'household'")["id"]
    assert not set(awards) & set(found["record"])


def test_funds_without_a_document_number_are_told_of_every_project(county):
    funds = county.funds
    funds.loc[funds["id"] == "F2016-01", "document_number"] = None
    found = hits(with_tables(county, funds=funds), "project_no_document")
    assert set(found) == set(county.projects.query("fund == 'F2016-01'")["id"])


def test_assets_worth_more_than_was_paid_are_a_fault_of_their_project(county):
    asset = county.assets.iloc[0]
    faulty = changed(county, "assets", asset["id"], original_value=asset["original_value"] * 1e4)
    assert hits(faulty, "project_assets_above_paid") == [asset["project"]]


@pytest.mark.parametrize(
    "query, ledger",
    [
        ("asset_class == 'public'", "upkeep"),
        ("asset_class == 'operating'", "distribution"),
        ("asset_class == 'household'", "ownership"),
        ("state == 'disposed'", "disposal"),
    ],
)
def test_each_class_needs_its_own_ledgers(county, query, ledger):
    asset, entries = first(county, "assets", query), county.ledger_entries
    kept = entries[(entries["asset"] != asset) | (entries["ledger"] != ledger)]
    faulty = with_tables(county, ledger_entries=kept)
    assert hits(faulty, "ledger_missing") == [asset]
    assert measure(faulty, "asset_completeness")["value"].iloc[0] == pytest.approx(319 / 320)
    rate = measure(faulty, "ledger_completeness", by="ledger").set_index("code")["value"]
    assert rate[ledger] < 1 and (rate.drop(ledger) == 1).all()


def test_a_household_asset_needs_no_upkeep_ledger(county):
    homes = set(county.assets.query("asset_class == 'household'")["id"])
    due = county.frame("ledgers_due")
    assert set(due.loc[due["id"].isin(homes), "ledger"]) == {"registration", "ownership"}


def test_two_owners_of_one_asset_are_found(county):
    entries = county.ledger_entries
    second = entries.query("ledger == 'ownership'").head(1).assign(id="L999999", party="X")
    faulty = with_tables(county, ledger_entries=pd.concat([entries, second]))
    assert hits(faulty, "asset_two_owners") == second["asset"].tolist()


def test_income_of_a_year_that_was_never_distributed_is_a_break(county):
    asset = first(county, "assets", "state == 'leased' and built_on < '2018'")
    faulty = without(county, "distributions", asset=asset)
    assert set(hits(faulty, "income_not_distributed")) == {asset}


def test_a_leased_asset_without_a_running_lease_is_a_break(county):
    asset = first(county, "assets", "state == 'leased'")
    assert hits(without(county, "leases", asset=asset), "asset_no_lease") == [asset]


def test_wages_need_a_post_and_posts_a_wage(county):
    paid = county.distributions.query("kind == 'post_wage'")
    home = paid["household"].iloc[0]
    people = set(county.persons.query("household == @home")["id"])
    posts = county.posts[~county.posts["person"].isin(people)]
    found = hits(with_tables(county, posts=posts), "wage_without_post")
    assert set(found) == set(paid.query("household == @home")["id"])
    held = set(county.posts[county.posts["person"].isin(people)]["id"])
    assert set(hits(without(county, "distributions", household=home), "post_without_wage")) == held


def test_payments_after_death_are_found_in_every_table(county):
    subsidy = county.subsidies.dropna(subset="person").iloc[0]
    post = county.posts.iloc[0]
    persons = county.persons
    persons.loc[persons["id"].isin([subsidy["person"], post["person"]]), "died_on"] = DAY(
        2019, 5, 1
    )
    faulty = with_tables(county, persons=persons)
    assert subsidy["id"] in hits(faulty, "paid_after_death")
    sheets = list(chain.audit_sheets(faulty).values())
    assert {subsidy["id"], post["id"]} <= set(sheets[3]["id"])


def test_a_station_below_the_floor_is_an_alert_of_its_month(county):
    months = county.pv_months
    row = (months["station"] == "S02") & (months["month"] == DAY(2020, 3, 1))
    months.loc[row, "income"] *= 4
    found = chain.breaks(with_tables(county, pv_months=months))
    alerts = found.query("rule == 'pv_wages_below_floor'")
    assert alerts["record"].unique().tolist() == ["S02"]
    assert "2020-03" in alerts["evidence"].iloc[0]


@pytest.mark.parametrize("born", [2006, 1949])
def test_a_post_held_at_14_or_at_71_is_found_and_never_summed(county, born):
    post = county.posts.query("kind == 'auxiliary'").iloc[0]
    faulty = changed(county, "persons", post["person"], birth_year=born)
    assert post["id"] in set(chain.breaks(faulty)["record"])
    assert measure(chain.sound(faulty), "posts")["value"].iloc[0] == len(county.posts) - 1


def test_rows_that_cannot_be_right_are_never_summed(county):
    asset = county.assets.query("original_value > 90000").iloc[0]
    faulty = changed(county, "assets", asset["id"], original_value=92.7)
    assert (
        measure(faulty, "asset_value")["value"].iloc[0]
        != measure(county, "asset_value")["value"].iloc[0]
    )
    rest = county.assets["original_value"].sum() - asset["original_value"]
    assert measure(chain.sound(faulty), "asset_value")["value"].iloc[0] == rest
    assert measure(chain.sound(county), "asset_value")["value"].iloc[0] == 86_356_000


@pytest.mark.parametrize("table", ["assets", "ledger_entries", "leases", "pv_months", "persons"])
def test_a_table_that_was_not_given_accuses_nobody(county, table):
    given = {name: frame for name, frame in county.tables.items() if name != table}
    found = check(given, groups=chain.GROUPS, parameters=county.parameters, as_of=county.as_of)
    assert set(found["rule"]) <= {"asset_idle"}


def test_the_audit_list_names_place_record_amount_and_proof(county):
    project = first(county, "projects", "tendered_on.notna()")
    listed = chain.audit_list(changed(county, "projects", project, tendered_on=pd.NaT))
    row = listed[listed["record"] == project].iloc[0]
    own = county.projects.set_index("id").loc[project]
    assert row["amount"] == own["paid"]
    assert row["village"] == county.villages.set_index("code").loc[own["village"], "name"]
    assert row["proof"] and row["cure"] and row["severity"]
    assert listed.attrs["provenance"] == ["synthetic"]


def test_the_audit_list_of_a_clean_county_is_empty(county):
    clean = county.assets.assign(state=county.assets["state"].replace("idle", "in_use"))
    listed = chain.audit_list(with_tables(county, assets=clean))
    assert listed.empty and "proof" in listed


def test_the_workbook_holds_text_and_no_formula(county):
    asset = county.assets.query("state == 'idle'").iloc[0]
    faulty = changed(county, "assets", asset["id"], name="=1+1")
    sheets = chain.audit_sheets(faulty)
    book = openpyxl.load_workbook(io.BytesIO(as_excel(sheets)))
    assert book.sheetnames == list(sheets)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any("=1+1" in str(cell.value) for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)
    assert not [c.value for c in cells if str(c.value) in ("NaT", "nan") or "00:00" in str(c.value)]
    rents = book.worksheets[2]
    assert rents.max_row - 1 == (county.leases["receivable"] > county.leases["received"]).sum()


def test_money_is_conserved_along_the_chain(county):
    flows = chain.money_flows(county)
    for name, start in (("assets", "source."), ("income", "outcome.")):
        frame = flows[name]
        out = frame.groupby("source")["value"].sum()
        into = frame.groupby("target")["value"].sum()
        between = out.index.intersection(into.index)
        assert out[between].to_dict() == pytest.approx(into[between].to_dict())
        first_layer = out[out.index.str.startswith(start)]
        assert first_layer.sum() == pytest.approx(into.drop(between).sum())
    paid = flows["assets"].query("source.str.startswith('source.')")["value"].sum()
    assert paid == pytest.approx(county.projects["paid"].sum())


def test_every_rule_of_the_funds_has_its_texts(county):
    groups = {rule.id for rule in RULES.values() if rule.group in ("funds", "fund_input")}
    own = set(CHANGES) | {
        *("project_without_asset", "project_no_document", "project_assets_above_paid"),
        *("ledger_missing", "asset_two_owners", "income_not_distributed", "asset_no_lease"),
        *("wage_without_post", "post_without_wage", "paid_after_death", "pv_wages_below_floor"),
    }
    assert groups == own
