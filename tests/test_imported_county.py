"""The whole workbook on an office's own ledgers: what was not imported says so, nothing stops.

The ledgers are those of ``tests/ugly``, made by hand; a notebook runs in a kernel of its own.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import jingde_core as jc
from jingde_core.county import aftermath, chain, flood, guarantees, watch
from jingde_core.ledgers import Store, read
from jingde_core.model.catalogue import label
from jingde_core.sharing.render import render_all
from jingde_core.views import charts, diagrams

UGLY = Path(__file__).parent / "ugly"
PERSONS = ("02_", "03_")
HOMES = ("01_", "06_", "08_")
EVENT = "FLOOD-2020-07"
Office = Callable[..., Path]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Folder of an office that imported the ledgers whose names begin so; all by default."""
    made: dict[tuple[str, ...], Path] = {}

    def folder(*begins: str) -> Path:
        if begins not in made:
            made[begins] = tmp_path_factory.mktemp("office")
            store = Store(made[begins] / "store.sqlite")
            for path in sorted(UGLY.iterdir()):
                if path.suffix != ".toml" and path.name.startswith(begins or ("",)):
                    report = read(path)
                    if report.tables:
                        report.commit(store)
        return made[begins]

    return folder


@pytest.fixture(scope="module")
def persons(office: Office) -> jc.County:
    return jc.County.load(office(*PERSONS))


@pytest.fixture(scope="module")
def homes(office: Office) -> jc.County:
    return jc.County.load(office(*HOMES))


@pytest.fixture(scope="module")
def whole(office: Office) -> jc.County:
    return jc.County.load(office())


def chosen(*begins: str) -> list[Path]:
    """Notebooks whose names begin so."""
    every = sorted(jc.model.place.shipped("notebooks").glob("*.ipynb"))
    return [path for path in every if path.name.startswith(begins)]


def the_chain(county: jc.County) -> pd.DataFrame:
    rules = flood.flood_rules()
    return flood.chain(county, event=EVENT, rules=rules, baseline_year=None, monitoring_range=6000)


@pytest.mark.parametrize(
    ("begins", "audience", "notebooks"),
    [
        ((), "leader", chosen("")),
        (PERSONS, "working", chosen("02", "03", "06", "08")),
        (HOMES, "leader", chosen("04")),
    ],
    ids=["every ledger", "persons alone", "households, assets and loans"],
)
def test_every_notebook_is_a_page_on_the_offices_own_ledgers(
    begins: tuple[str, ...],
    audience: str,
    notebooks: list[Path],
    office: Office,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JINGDE_HOME", str(office(*begins)))
    pages = render_all(notebooks, tmp_path, audience=audience, jobs=2)
    assert len(pages) == len(notebooks)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert label("reason.not_imported") in text and "Traceback" not in text
        assert ">nan<" not in text and ">None<" not in text and ">NaT<" not in text


def test_invented_rows_are_not_counted_beside_imported_ones(whole: jc.County) -> None:
    assert whole.lacks("projects", "households") and whole.lacks("ledger_entries")
    assert not whole.lacks("assets", "households") and not whole.lacks("damages", "events")
    (paid,) = jc.measure(whole, "project_paid_per_household").to_dict("records")
    assert pd.isna(paid["value"]) and paid["reason"] == "not_imported"
    # 42.5, 100 and 15.8 ten thousand yuan over 15 persons on the register
    (held,) = jc.measure(whole, "asset_value_per_person")["value"]
    assert held == pytest.approx(1_583_000 / 15)


def test_a_view_needs_the_ledgers_of_its_columns_alone(whole: jc.County) -> None:
    (hit,) = jc.measure(whole, "affected_rate", where={"event": EVENT})["value"]
    assert 0 < hit <= 1
    assert jc.measure(whole, "screened_households", by="verdict")["value"].notna().all()
    assert jc.measure(whole, "link_coverage")["reason"].eq("not_imported").all()


def test_without_a_ledger_of_damage_nobody_was_hit_and_nobody_was_spared(
    persons: jc.County,
) -> None:
    chain_rows = the_chain(persons)
    assert chain_rows.empty and "missing" in chain_rows.attrs["provenance"]
    assert aftermath.summary(persons, chain_rows, by="county").empty
    assert aftermath.risks(persons, chain_rows, event=EVENT).empty
    assert label("reason.not_imported") in jc.views.table(chain_rows[["household"]]).html


def test_without_a_ledger_of_relief_nobody_is_said_to_be_unreached(office: Office) -> None:
    county = jc.County.load(office("01_", "05_"))
    rows = the_chain(county)
    assert rows["hit"].any() and rows["unreached"].isna().all() and rows["need"].isna().all()
    (told,) = aftermath.summary(county, rows, by="county").to_dict("records")
    assert told["hit"] > 0 and pd.isna(told["unreached"]) and pd.isna(told["coverage"])


def test_without_the_record_no_household_is_said_to_be_off_it(persons: jc.County) -> None:
    assert watch.watch_list(persons)["verdict"].isna().all()
    assert watch.flows(persons).empty and watch.sensitivity(persons, [5000, 6000]).empty
    scale = watch.scale_check(persons)
    assert scale[["households", "share", "scale"]].isna().all(axis=None)


def test_breaks_and_flows_of_money_are_not_made_of_invented_projects(whole: jc.County) -> None:
    hits = chain.breaks(whole)
    assert len(hits) and not set(hits["table"]) & {"projects", "project_accounts"}
    flows = chain.money_flows(whole)
    assert all(frame.empty for frame in flows.values())
    drawn = diagrams.sankey(flows["income"], title="?")
    assert label("reason.not_imported") in drawn.svg


def test_profiles_keep_their_columns_and_no_zero_where_nothing_is_imported(
    homes: jc.County,
) -> None:
    rates = guarantees.together(homes, "guarantees", by="indicator")
    assert rates.empty and {"checks", "pass_rate", "coverage", "failed"} <= set(rates)
    items = guarantees.together(homes, "items", by="town")
    assert len(items) == 10 and items["checks"].isna().all()


def test_a_chart_of_nothing_is_a_word_and_a_figure_says_why(homes: jc.County) -> None:
    drawn = charts.bars(jc.measure(homes, "posts", by="kind"))
    assert label("reason.not_imported") in drawn.svg
    told = jc.views.figures(homes, {"?": ("pv_stations", {})}, title="?")
    assert label("reason.not_imported") in told.html
    said = jc.views.sentence("{n}", n=0, provenance=homes.kinds("pv_months"))
    assert "0" not in said.text


def test_a_viewer_opens_on_the_households_that_there_are(persons: jc.County) -> None:
    viewer = jc.views.household_viewer(persons, "H00098")
    assert viewer.household.value in set(persons.households["id"])
