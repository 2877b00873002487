"""Monitoring: why a household is watched, what would take it off, what the rules say of dates."""

import datetime
import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingde_core.county import County, measure, rulepack, watch
from jingde_core.county.rulepack import RulePack
from jingde_core.metrics.monitoring import any_of, held, points
from jingde_core.model.catalogue import has_label
from jingde_core.model.parameters import Parameters
from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError

PACK = (shipped("data") / "monitoring.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def listed(county):
    return watch.watch_list(county)


@pytest.fixture(scope="module")
def quiet(county, listed):
    """A lifted household of which nothing speaks for a watch."""
    known = watch.facts(county)
    kept = (known["status"] == "registered") & (known["spending_signs"] == 0)
    kept &= (known["loss_share"] == 0) & (known["income_per_head"] > 9000)
    kept &= known["exit_status"] == "lifted_with_policy"
    return known.index[kept][0]


def changed(county, table, where, **values):
    frame = county.tables[table].copy()
    frame.loc[where(frame), list(values)] = list(values.values())
    return County({**county.tables, table: frame}, county.provenance, county.parameters)


def added(county, table, **values):
    frame = county.tables[table]
    row = pd.DataFrame([values]).reindex(columns=frame.columns).astype(frame.dtypes)
    whole = pd.concat([frame, row], ignore_index=True)
    return County({**county.tables, table: whole}, county.provenance, county.parameters)


def of(county, household, **more):
    return watch.watch_list(county, **more).set_index("household").loc[household]


def met(county, household, stage="watch", **more):
    rows = watch.trace(county, stage=stage, household=household, **more)
    return rows.set_index("condition")


@given(st.lists(st.floats(-1e6, 1e6) | st.just(np.nan), min_size=1), st.floats(-1e6, 1e6))
def test_a_condition_and_its_opposite_never_both_hold(values, threshold):
    below = held(values, test="lt", threshold=threshold)
    above = held(values, test="ge", threshold=threshold)
    assert ((below == "unknown") == np.isnan(values)).all()
    assert (above == "unknown").tolist() == (below == "unknown").tolist()
    known = below != "unknown"
    assert ((below == "yes") != (above == "yes"))[known].all()


@given(st.lists(st.sampled_from(["yes", "no", "unknown"]), min_size=1, max_size=5))
def test_one_that_holds_settles_it_and_else_an_unknown_leaves_it_open(states):
    found = any_of(*([state] for state in states))[0]
    wanted = "yes" if "yes" in states else "unknown" if "unknown" in states else "no"
    assert found == wanted


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_points_grow_as_income_falls_and_stay_in_bounds(one, other):
    low, high = sorted([one, other])
    poorer, richer = points([low, high], zero=10000, full=4000, most=40)
    assert 0 <= richer <= poorer <= 40


@pytest.mark.parametrize(
    ("income", "state", "distance", "category"),
    [
        (5999.99, "yes", -0.01, "lifted_unstable"),
        (6000.0, "no", 0.0, "none"),
        (np.nan, "unknown", np.nan, "to_verify"),
    ],
)
def test_income_is_held_against_the_range(county, quiet, income, state, distance, category):
    other = changed(county, "households", lambda f: f["id"] == quiet, income_per_head=income)
    row = met(other, quiet).loc["income_below_range"]
    assert row["met"] == state and row["threshold"] == 6000
    assert row["distance"] == pytest.approx(distance, nan_ok=True)
    assert row["proof"] == ("income_account" if state == "unknown" else "")
    assert of(other, quiet)["category"] == category


def test_before_march_2020_the_range_was_5000(county, quiet):
    other = changed(county, "households", lambda f: f["id"] == quiet, income_per_head=5500.0)
    assert met(other, quiet, on="2020-02-29").loc["income_below_range", "met"] == "no"
    assert met(other, quiet, on="2020-03-01").loc["income_below_range", "met"] == "yes"


def test_a_serious_illness_is_a_sign_and_asks_for_receipts(county, quiet):
    person = county.persons.query("household == @quiet")["id"].iloc[0]
    other = changed(county, "persons", lambda f: f["id"] == person, health="serious")
    row = met(other, quiet).loc["rigid_spending"]
    assert (row["met"], row["proof"], row["value"]) == ("unknown", "spending_receipts", 1)
    assert of(other, quiet)["verdict"] == "to_verify"


@pytest.mark.parametrize(
    ("loss", "date", "state"),
    [
        (1.0, "2020-07-03", "yes"),
        (0.4, "2020-07-03", "no"),
        (1.0, "2019-07-03", "no"),
        (np.nan, "2020-07-03", "unknown"),
    ],
)
def test_a_loss_is_held_against_the_years_income(county, quiet, loss, date, state):
    home = watch.facts(county).loc[quiet]
    amount = loss * home["income_per_head"] * home["members"]
    struck = {"id": "X", "event": "E", "village": home["village"], "household": quiet}
    other = added(county, "damages", **struck, kind="crop", loss=amount, date=pd.Timestamp(date))
    assert met(other, quiet).loc["big_loss", "met"] == state


def test_water_cut_off_is_no_loss_of_money(county, quiet):
    village = watch.facts(county).loc[quiet, "village"]
    struck = {"id": "X", "event": "E", "village": village, "household": quiet}
    other = added(county, "damages", **struck, kind="water_cut", date=pd.Timestamp("2020-07-03"))
    assert met(other, quiet).loc["big_loss", ["met", "value"]].tolist() == ["no", 0]


@pytest.mark.parametrize(
    ("table", "condition"), [("persons", "rigid_spending"), ("damages", "big_loss")]
)
def test_what_no_table_tells_is_unknown_and_not_no(county, quiet, table, condition):
    empty = {**county.tables, table: county.tables[table].iloc[:0]}
    other = County(empty, county.provenance, county.parameters)
    assert met(other, quiet).loc[condition, "met"] == "unknown"
    assert of(other, quiet)["verdict"] == "to_verify"
    assert of(other, quiet)["score_unknown"] > 0


def test_flows_of_no_record_are_no_flow(county):
    empty = {**county.tables, "risks": county.tables["risks"].iloc[:0]}
    found = watch.flows(County(empty, county.provenance, county.parameters))
    assert found[["opening", "found", "cleared", "closing"]].to_numpy().sum() == 0


def test_a_household_not_lifted_yet_is_no_case_for_the_watch(listed, county):
    poor = county.households.query("exit_status == 'not_lifted'")["id"]
    rows = listed.set_index("household").loc[poor]
    assert (rows["category"] == "outside").all() and not rows["by_rule"].any()


def test_the_category_is_a_function_of_the_conditions(listed, county):
    rows = watch.trace(county).pivot(index="household", columns="condition", values="met")
    any_yes = (rows == "yes").any(axis=1).reindex(listed["household"]).to_numpy()
    no_yes_but_unknown = (
        ~any_yes & (rows == "unknown").any(axis=1).reindex(listed["household"]).to_numpy()
    )
    inside = (listed["category"] != "outside").to_numpy()
    assert (listed["by_rule"].to_numpy() == (any_yes & inside)).all()
    assert (listed["to_verify"].to_numpy() == (no_yes_but_unknown & inside)).all()


def test_the_record_and_the_rules_stand_beside_each_other(listed, county):
    risks = county.risks
    on_record = set(risks.loc[risks["cleared_on"].isna(), "household"])
    recorded = listed["recorded"].notna()
    assert set(listed.loc[recorded, "household"]) == on_record
    assert set(listed.loc[listed["verdict"] == "agrees", "household"]) <= on_record
    assert (listed.loc[listed["verdict"] == "rule_only", "by_rule"]).all()
    assert measure(county, "watched_households")["value"].iloc[0] == len(on_record)
    rule = measure(county, "rule_households")["value"].iloc[0]
    assert rule == listed["by_rule"].sum()


def test_sudden_hardship_is_a_category_only_from_2021(county, quiet):
    person = county.persons.query("household == @quiet")["id"].iloc[0]
    other = changed(county, "persons", lambda f: f["id"] == person, health="serious")
    pack = RulePack.load()
    last = dict(pack.rules["categories"][-1])
    assert last["code"] == "sudden_hardship" and last["from"] == datetime.date(2021, 1, 1)
    assert "sudden_hardship" not in set(watch.watch_list(other, on="2020-12-31")["category"])


def test_clearing_lists_each_condition_that_is_not_met(county):
    record = county.risks.query("cleared_on.isna()").iloc[0]
    home = record["household"]
    rows = met(county, home, "clearing")
    assert list(rows.index) == list(RulePack.load().stage("clearing"))
    assert rows.loc["half_year", "value"] == 11 and rows.loc["half_year", "met"] == "yes"
    assert rows.loc[["home_check", "village_review", "county_confirmed"], "met"].eq("no").all()
    assert rows.loc["home_check", "proof"] == "home_check_form"
    checked = changed(
        county, "risks", lambda f: f["household"] == home, clearing_evidence="village_review"
    )
    rows = met(checked, home, "clearing")
    assert rows.loc[["home_check", "village_review"], "met"].eq("yes").all()
    assert rows.loc["village_review", "proof"] == ""
    assert rows.loc["county_confirmed", "proof"] == "county_confirmation"


@pytest.mark.parametrize(
    ("found", "months", "state"),
    [("2020-03-30", 6, "yes"), ("2020-03-31", 5, "no"), ("2020-09-30", 0, "no")],
)
def test_half_a_year_is_six_whole_months(county, found, months, state):
    home = county.risks.query("cleared_on.isna()").iloc[0]["household"]
    other = changed(county, "risks", lambda f: f["household"] == home, found_on=pd.Timestamp(found))
    assert met(other, home, "clearing").loc["half_year", ["value", "met"]].tolist() == [
        months,
        state,
    ]


def test_a_household_without_an_open_record_has_nothing_to_clear(county, quiet):
    assert watch.trace(county, stage="clearing", household=quiet).empty


def test_a_document_that_the_file_lacks_is_told_though_the_condition_holds(county, quiet):
    other = changed(
        county, "archives", lambda f: f["household"] == quiet, missing="agreement;income_account"
    )
    row = met(other, quiet).loc["income_below_range"]
    assert (row["met"], row["proof"]) == ("no", "income_account")


def test_the_score_is_the_sum_of_its_stated_parts(county, listed):
    pack = RulePack.load()
    known = watch.facts(county)
    parts = watch.score_parts(known, pack)
    assert sum(part["most"] for part in pack.rules["score"]) == 100
    assert np.allclose(parts.sum(axis=1), listed["score"], atol=0.005)
    assert (listed["score_unknown"] == parts.isna().sum(axis=1).to_numpy()).all()
    assert listed["score"].between(0, 100).all()


def test_a_wider_range_lets_nobody_go_and_a_narrower_one_lets_nobody_in(county):
    wider = watch.rule_change(county, monitoring_range=7000)
    assert set(wider["move"]) == {"enters"} and wider["income_per_head"].between(6000, 7000).all()
    narrower = watch.rule_change(county, monitoring_range=5000)
    assert set(narrower["move"]) == {"leaves"}
    assert watch.rule_change(county, monitoring_range=6000).empty


def test_the_sensitivity_is_the_count_of_each_rule(county, listed):
    found = watch.sensitivity(county, range(5000, 8001, 500)).set_index("threshold")
    assert found["households"].is_monotonic_increasing
    assert found.loc[6000, ["enters", "leaves", "current"]].tolist() == [0, 0, True]
    assert found.loc[6000, "households"] == listed["by_rule"].sum()
    assert found.loc[7000, "enters"] == len(watch.rule_change(county, monitoring_range=7000))


def test_an_unknown_threshold_household_or_stage_is_told_the_close_ones(county):
    with pytest.raises(KeyError, match="monitoring_range"):
        RulePack.load().changed(monitoring_rang=1)
    with pytest.raises(KeyError, match="H0"):
        watch.trace(county, household="H0000")
    with pytest.raises(KeyError, match="clearing"):
        watch.trace(county, stage="clear")


def test_flows_by_month_add_up_to_the_stock(county):
    found = watch.flows(county)
    assert (found["opening"] + found["found"] - found["cleared"] == found["closing"]).all()
    assert (found["opening"].iloc[1:].to_numpy() == found["closing"].iloc[:-1]).all()
    risks = county.risks
    assert found["found"].sum() == len(risks)
    assert found["closing"].iloc[-1] == risks["cleared_on"].isna().sum()


def test_the_scale_is_a_check_and_not_an_error(county):
    found = watch.scale_check(county).set_index("group")
    edge = found.loc["edge_printed"]
    assert (edge["households"], edge["persons"]) == (180, 443)
    assert edge["share"] == pytest.approx(443 / 4171)
    assert (edge["guide"], edge["most"], edge["scale"]) == (0.05, 0.10, "above_most")


def test_help_that_does_not_fit_the_cause_is_seen(county):
    assert watch.help_given(county)["fits"].all()
    ill = county.risks.query("cleared_on.isna() and reason == 'illness'").iloc[0]["household"]
    other = changed(county, "risks", lambda f: f["household"] == ill, measures="industry")
    row = watch.help_given(other).set_index("household").loc[ill]
    assert (row["fits"], row["wanted"], row["families"]) == (False, "health", "lead")
    none = changed(county, "risks", lambda f: f["household"] == ill, measures=None)
    assert not watch.help_given(none).set_index("household").loc[ill, "fits"]


def test_a_trace_holds_each_condition_of_each_household_in_order(county):
    rows = watch.trace(county)
    homes = list(watch.facts(county).index)
    assert list(rows["household"].drop_duplicates()) == homes
    assert list(rows["condition"]) == list(RulePack.load().stage("watch")) * len(homes)


def written(tmp_path, old, new):
    assert old in PACK
    path = tmp_path / "monitoring.toml"
    path.write_text(PACK.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "sheet", "code", "column"),
    [
        ('test = "lt"', 'test = "under"', "income_below_range", "wrong_value", "test"),
        ('column = "loss_share"', 'column = "los"', "big_loss", "wrong_value", "column"),
        ('"big_loss_share"', '"big_los"', "big_loss", "wrong_value", "parameter"),
        ('proof = "income_account"\n', "", "income_below_range", "missing_column", ""),
        ('parameter = "monitoring_range"', "", "income_below_range", "missing_column", ""),
        ('any = ["income_below_range"', 'any = ["income"', "categories[1]", "wrong_value", "any"),
        ('illness = ["health"]', 'illness = ["luck"]', "help", "wrong_value", "illness"),
        ("[families]", "[family]", "", "missing_column", ""),
        ("from = 2020-01-01", "from = soon", "", "unreadable_file", ""),
    ],
)
def test_a_fault_of_the_pack_is_located(tmp_path, old, new, sheet, code, column):
    with pytest.raises(DataError) as fault:
        RulePack.load(written(tmp_path, old, new))
    found = [p for p in fault.value.problems if p.code == code and p.column == column]
    assert found and sheet in found[0].sheet and found[0].file == "monitoring.toml"


def entries(tmp_path, *rows):
    more = "confidence = 'M', source = 'line_and_half'"
    untils = [f", until = {until}" if until else "" for _, _, until in rows]
    body = ",".join(
        f"{{ from = {starts}, value = {value}, {more}{until} }}"
        for (starts, value, _), until in zip(rows, untils, strict=True)
    )
    text = (shipped("data") / "parameters.toml").read_text(encoding="utf-8")
    own = tomllib.loads(text)["monitoring_range"]
    assert own["entries"]
    start = text.index("[monitoring_range]")
    end = text.index("[", text.index("]\n", text.index("entries", start)))
    path = tmp_path / "parameters.toml"
    head = '[monitoring_range]\nunit = "yuan_person_year"\nentries = ['
    path.write_text(text[:start] + head + body + "]\n\n" + text[end:], encoding="utf-8")
    return Parameters.load(path)


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([("2020-01-01", 5000, "2020-02-29"), ("2020-03-01", 6000, "")], []),
        (
            [("2020-01-01", 5000, "2020-02-20"), ("2020-03-01", 6000, "")],
            [("threshold_gap", "monitoring_range[1]", "until")],
        ),
        (
            [("2020-01-01", 5000, "2020-03-15"), ("2020-03-01", 6000, "")],
            [("threshold_overlap", "monitoring_range[1]", "until")],
        ),
        ([("2020-02-01", 5000, "")], [("threshold_gap", "monitoring_range[1]", "from")]),
        (
            [("2020-02-01", 5000, "2020-02-10"), ("2020-03-01", 6000, "2020-12-31")],
            [
                ("threshold_gap", "monitoring_range[1]", "from"),
                ("threshold_gap", "monitoring_range[1]", "until"),
                ("threshold_gap", "monitoring_range[2]", "until"),
            ],
        ),
    ],
)
def test_thresholds_with_gaps_or_overlaps_in_their_dates_are_refused(tmp_path, rows, faults):
    parameters = entries(tmp_path, *rows)
    starts = datetime.date(2020, 1, 1)
    found = list(rulepack.date_faults("monitoring_range", parameters, starts))
    assert [(p.code, p.sheet, p.column) for p in found] == faults
    if faults:
        with pytest.raises(DataError) as fault:
            RulePack.load(parameters=parameters)
        assert set(found) <= set(fault.value.problems)
    else:
        RulePack.load(parameters=parameters)


def test_everything_that_the_pack_names_has_a_label():
    pack = RulePack.load()
    keys = [f"value.condition.{name}" for name in pack.conditions]
    keys += [f"value.proof.{each['proof']}" for each in pack.conditions.values()]
    keys += [f"unit.{each['unit']}" for each in pack.conditions.values()]
    keys += [f"value.category.{each['code']}" for each in pack.rules["categories"]]
    keys += [f"value.part.{each['part']}" for each in pack.rules["score"]]
    keys += [f"value.measures.{name}" for names in pack.rules["help"].values() for name in names]
    keys += [f"value.families.{name}" for name in pack.rules["families"].values()]
    keys += [f"value.reason.{name}" for name in pack.rules["help"]]
    assert [key for key in keys if not has_label(key)] == []
