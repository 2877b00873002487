"""The store: editions in, history kept, undone again; the same on every configured database.

SQLite always; PostgreSQL where ``$JINGDE_TEST_POSTGRES`` names a database of its own.
"""

import os
import threading
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from store_ledgers import homes, household, id_number, loan, loans, people, person

from jingde_core.county import County
from jingde_core.ledgers import Store, read
from jingde_core.ledgers.databases import Database
from jingde_core.ledgers.layout import layout
from jingde_core.model.problem import DataError

POSTGRES = os.environ.get("JINGDE_TEST_POSTGRES", "")
KINDS = ["sqlite", *(["postgres"] if POSTGRES else [])]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be: a path with Chinese and a blank, or a database."""
    if request.param == "sqlite":
        return str(tmp_path / "我的 台账" / "store.sqlite")
    database = Database(POSTGRES)
    with database.writing() as connection:
        layout().drop_all(connection)
    return POSTGRES


def refused(code: str, call: Any, *args: Any, **kwargs: Any) -> str:
    """The problem with which a call is refused: what was found."""
    with pytest.raises(DataError) as caught:
        call(*args, **kwargs)
    (problem,) = caught.value.problems
    assert problem.code == code
    return problem.found


def ids(store: Store, table: str = "persons") -> list[int]:
    """Numbers of the persons or households that are in the store."""
    frame = store.tables()[0][table]
    return [int(key[6:16]) for key in frame["id"]]


def test_a_commit_keeps_what_was_accepted_with_its_types(tmp_path: Path, place: str) -> None:
    report = people(tmp_path, person(1), person(2, 与户主关系="配偶", 脱贫属性=""))
    batch = report.commit(place)
    assert (batch.id, batch.kind, batch.as_of) == (1, "person", "2020-09-30")
    assert batch.counts["new"] == batch.counts["accepted"] == 2
    found, provenance = Store(place).tables()
    for table in ("persons", "households"):
        pd.testing.assert_frame_equal(found[table], report.tables[table], check_like=True)
    assert provenance["kind"].tolist() == ["imported", "imported"]
    assert provenance["sha256"].tolist() == [report.sha256] * 2
    assert provenance["source"].tolist() == ["脱贫人口.csv"] * 2


def test_a_county_is_loaded_from_it(tmp_path: Path, place: str) -> None:
    people(tmp_path, person(1), person(2)).commit(place)
    county = County.load(place)
    assert len(county.persons) == 2 and county.kinds("households") == ["imported"]


def test_names_and_numbers_stay_in_the_store(tmp_path: Path, place: str) -> None:
    people(tmp_path, person(1)).commit(place)
    people(tmp_path, person(1, 证件号码=id_number(7))).commit(place)
    store = Store(place)
    assert store.identity()["id_number"].tolist() == [id_number(7)]
    past = store.history("identity", person(1)["人编号"])
    shown = [store.tables()[0], store.edition(1), store.batches(), past]
    assert past["batch"].tolist()[-1] == 2 and past["column"].tolist()[-1] == "id_number"
    assert not any(number in f"{part!r}" for part in shown for number in map(id_number, (1, 7)))
    assert "identity" not in shown[0] and "identity" not in shown[1]


def test_b31_the_same_file_again_changes_nothing_and_says_when_it_came(
    tmp_path: Path, place: str
) -> None:
    report = people(tmp_path, person(1))
    first = report.commit(place)
    again = report.commit(place)
    assert again.repeated and (again.id, again.imported_at) == (first.id, first.imported_at)
    assert len(Store(place).batches()) == 1


def test_b32_a_new_edition_replaces_the_old_which_can_still_be_seen(
    tmp_path: Path, place: str
) -> None:
    people(tmp_path, *map(person, range(1, 11))).commit(place)
    newer = [person(1, 务工时间=9), *map(person, range(2, 9)), person(11)]
    batch = people(tmp_path, *newer).commit(place)
    counted = {what: batch.counts[what] for what in ("new", "changed", "same", "gone")}
    assert counted == {"new": 1, "changed": 1, "same": 7, "gone": 2}
    store = Store(place)
    assert ids(store) == ids(store, "households") == [*range(1, 9), 11]
    assert sorted(store.identity()["person"]) == sorted(store.tables()[0]["persons"]["id"])
    before = store.edition(1)["persons"]
    assert len(before) == 10 and set(before["work_months"]) == {7}
    pd.testing.assert_frame_equal(store.edition(2)["persons"], store.tables()[0]["persons"])
    past = store.history("persons", person(1)["人编号"]).iloc[-1]
    assert past[["batch", "column", "before", "after"]].tolist() == [2, "work_months", 7, 9]
    gone = store.history("persons", person(9)["人编号"])
    assert gone[gone["batch"] == 2]["after"].isna().all()


def test_b32_a_drop_of_three_tenths_asks_first(tmp_path: Path, place: str) -> None:
    homes(tmp_path, *map(household, range(10))).commit(place)
    fewer = homes(tmp_path, *map(household, range(7)))
    store = Store(place)
    assert refused("fewer_rows", fewer.commit, store) == "3"
    assert len(ids(store, "households")) == 10 and len(store.batches()) == 1
    assert fewer.commit(store, confirm=True).counts["gone"] == 3
    assert fewer.commit(store).repeated


def test_a_drop_below_three_tenths_does_not_ask(tmp_path: Path, place: str) -> None:
    homes(tmp_path, *map(household, range(10))).commit(place)
    assert homes(tmp_path, *map(household, range(8))).commit(place).counts["gone"] == 2


def test_a_file_of_one_village_leaves_the_others_alone(tmp_path: Path, place: str) -> None:
    both = [*map(household, range(5)), *(household(n, "路西村") for n in range(5, 10))]
    homes(tmp_path, *both).commit(place)
    batch = homes(tmp_path, *map(household, range(4)), name="白地镇.csv").commit(place)
    assert (batch.counts["gone"], batch.counts["outside"]) == (1, 5)
    assert ids(Store(place), "households") == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_a_row_whose_new_version_is_quarantined_is_not_gone(tmp_path: Path, place: str) -> None:
    people(tmp_path, *map(person, range(10))).commit(place)
    batch = people(tmp_path, *map(person, range(9)), person(9, 务工时间=99)).commit(place)
    assert (batch.counts["quarantined"], batch.counts["gone"]) == (1, 0)
    assert ids(Store(place)) == ids(Store(place), "households") == list(range(10))


def test_where_a_quarantined_row_does_not_say_which_it_is_nothing_is_gone(
    tmp_path: Path, place: str
) -> None:
    loans(tmp_path, *map(loan, range(9))).commit(place)
    mistyped = loan(8, **{"贷款金额（元）": "五万左右"})
    batch = loans(tmp_path, *map(loan, range(7)), mistyped).commit(place)
    assert (batch.counts["quarantined"], batch.counts["gone"]) == (1, 0)
    assert loans(tmp_path, *map(loan, range(8))).commit(place).counts["gone"] == 1


def test_a_supplement_only_adds_and_changes(tmp_path: Path, place: str) -> None:
    loans(tmp_path, *map(loan, range(3))).commit(place)
    batch = loans(tmp_path, loan(3)).commit(place, replaces=False)
    assert [batch.counts[what] for what in ("new", "gone", "outside")] == [1, 0, 3]


def test_mended_rows_come_back_and_push_nothing_out(tmp_path: Path, place: str) -> None:
    people(tmp_path, *map(person, range(1, 9)), person(9, 证件号码="341825")).commit(place)
    assert Store(place).write_quarantine(1, tmp_path / "待改.xlsx") == 1
    book = openpyxl.load_workbook(tmp_path / "待改.xlsx")
    (cell,) = [c for row in book.active.iter_rows() for c in row if c.value == "341825"]
    cell.value = id_number(9)
    book.save(tmp_path / "待改.xlsx")
    mended = read(tmp_path / "待改.xlsx", "person")
    assert mended.mended and mended.commit(place).counts["new"] == 1
    assert ids(Store(place)) == list(range(1, 10))


def test_a_file_that_says_nothing_of_a_column_leaves_its_values(tmp_path: Path, place: str) -> None:
    homes(tmp_path, household(1, 自然村="下村组"), household(2, 自然村="上村组")).commit(place)
    before = Store(place).tables()[0]["households"]
    people(tmp_path, person(1, **{"人均纯收入（元）": 9000}), person(2)).commit(place)
    after = Store(place).tables()[0]["households"]
    assert after["income_per_head"].tolist() == [9000.0, 8534.5]
    unsaid = ["wage", "transfer", "main_cause", "hamlet", "status"]
    pd.testing.assert_frame_equal(before[unsaid], after[unsaid])


def test_another_kind_of_ledger_does_not_push_out_what_it_leaves_out(
    tmp_path: Path, place: str
) -> None:
    homes(tmp_path, *map(household, range(5))).commit(place)
    people(tmp_path, *map(person, range(4))).commit(place)
    assert ids(Store(place), "households") == list(range(5))


def test_undoing_gives_every_value_back(tmp_path: Path, place: str) -> None:
    people(tmp_path, *map(person, range(10))).commit(place)
    store = Store(place)
    first, names = store.tables()[0], store.identity()
    people(tmp_path, person(0, 务工时间=9), *map(person, range(1, 9)), person(11)).commit(store)
    undoing = store.undo(2)
    assert (undoing.id, undoing.undoes) == (3, 2)
    for table, frame in Store(place).tables()[0].items():
        pd.testing.assert_frame_equal(frame, first[table])
    pd.testing.assert_frame_equal(store.identity(), names)
    refused("already_undone", store.undo, 2)
    refused("already_undone", store.undo, 3)
    with pytest.raises(KeyError):
        store.undo(9)


def test_an_undone_file_may_come_again(tmp_path: Path, place: str) -> None:
    report = people(tmp_path, person(1))
    report.commit(place)
    store = Store(place)
    store.undo(1)
    assert store.tables()[0] == {}
    assert report.commit(store).id == 3 and ids(store) == [1]


def test_undoing_names_the_later_batches_that_hold_the_same_rows(
    tmp_path: Path, place: str
) -> None:
    homes(tmp_path, *map(household, range(3)), name="一.csv").commit(place)
    homes(tmp_path, household(9, "路西村"), name="二.csv").commit(place)
    homes(tmp_path, *map(household, range(4)), name="三.csv").commit(place)
    store = Store(place)
    assert refused("later_batches", store.undo, 1) == "3 三.csv"
    store.undo(3)
    store.undo(1)
    assert ids(store, "households") == [9]


EDITION = st.dictionaries(st.integers(0, 5), st.integers(1, 9), min_size=1, max_size=6)


@settings(max_examples=5)
@given(editions=st.lists(EDITION, min_size=1, max_size=4))
def test_undone_backwards_every_edition_comes_out_as_it_was(
    editions: list[dict[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("law")
    store = Store(folder / "store.sqlite")
    states: list[list[int]] = []
    for rows in editions:
        report = homes(folder, *(household(n, 家庭人口数=m) for n, m in rows.items()))
        if not report.commit(store, confirm=True).repeated:
            states.append(store.tables()[0]["households"]["members"].tolist())
            assert states[-1] == [rows[n] for n in sorted(rows)]
    for number in range(len(states), 0, -1):
        assert store.edition(number)["households"]["members"].tolist() == states[number - 1]
        store.undo(number)
    assert store.tables()[0] == {}
    Store(store.path)


def test_f04_the_second_writer_is_told_and_can_try_again(tmp_path: Path, place: str) -> None:
    store, other = Store(place), Store(place)
    report = people(tmp_path, person(1))
    with store._database.writing():
        refused("store_busy", report.commit, other)
    assert report.commit(other).id == 1


def test_f04_nobodys_rows_are_lost_when_many_write(tmp_path: Path, place: str) -> None:
    Store(place)
    villages = ("江村村", "路西村", "凡村村")
    files = [people(tmp_path, *(person(10 * n + i, v) for i in range(4)), name=f"{v}.csv")
             for n, v in enumerate(villages)]  # fmt: skip

    def write(report: Any) -> None:
        store = Store(place)
        for _ in range(200):
            try:
                report.commit(store)
                return
            except DataError as error:
                assert {p.code for p in error.problems} == {"store_busy"}

    threads = [threading.Thread(target=write, args=(report,)) for report in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ids(Store(place)) == [10 * n + i for n in range(3) for i in range(4)]
    assert Store(place).batches()["id"].tolist() == [1, 2, 3]


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path, place: str) -> None:
    store = Store(place)
    batch = people(tmp_path, person(1)).commit(store, dry_run=True)
    assert batch.counts["new"] == 1 and len(store.batches()) == 0


def test_a_file_of_which_nothing_was_accepted_is_no_batch(tmp_path: Path, place: str) -> None:
    report = people(tmp_path, person(1, 行政村="桃花村"))
    refused("nothing_accepted", report.commit, place)


def test_unknown_tables_and_batches_are_told_the_close_ones(place: str) -> None:
    store = Store(place)
    with pytest.raises(KeyError, match="persons"):
        store.history("person", "1")
    with pytest.raises(KeyError):
        store.edition(1)


def test_a_changed_value_is_found_by_its_checksum(tmp_path: Path, place: str) -> None:
    people(tmp_path, person(1)).commit(place)
    store = Store(place)
    with store._database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE persons SET work_months = 8"))
    assert refused("store_damaged", Store, place) == "persons"
