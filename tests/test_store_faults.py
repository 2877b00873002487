"""What happens to a store's file: killed, full, damaged, read-only, of another version."""

import errno
import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from store_ledgers import homes, household, id_number, loan, loans, people, person

from jingde_core.ledgers import Store, layout
from jingde_core.model.problem import DataError, Problem
from jingde_core.model.tables import TABLES

HERE = Path(__file__).parent


def problem(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Problem:
    """The one problem with which a call is refused."""
    with pytest.raises(DataError) as caught:
        call(*args, **kwargs)
    (found,) = caught.value.problems
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with two batches, so that there is a copy to go back to."""
    place = tmp_path / "store.sqlite"
    people(tmp_path, *map(person, range(40))).commit(place)
    people(tmp_path, *map(person, range(1, 41))).commit(place)
    return place


def killed(folder: Path, kills: int) -> dict[str, int]:
    command = [sys.executable, str(HERE / "store_kills.py"), str(folder), str(kills), "7"]
    run = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, timeout=1500)
    assert run.returncode == 0, run.stderr
    counts: dict[str, int] = json.loads(run.stdout)
    return counts


def test_f02_killed_at_any_moment_it_opens_in_the_old_or_the_new_state(tmp_path: Path) -> None:
    counts = killed(tmp_path, 20)
    assert counts["old"] + counts["new"] == 20 and counts["old"]


@pytest.mark.soak
def test_f02_two_hundred_kills(tmp_path: Path) -> None:
    counts = killed(tmp_path, 200)
    print(counts)
    assert counts["old"] + counts["new"] == 200 and counts["interrupted"]


def test_f02_what_a_killed_process_left_is_removed_and_told(path: Path) -> None:
    part = path.parent / "backups" / "store-000002.sqlite.part"
    part.write_bytes(b"half a copy")
    (note,) = Store(path).notes
    assert path.name in note and not part.exists()
    assert Store(path).notes == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a disk of so many bytes: a mounted one, or a limit where mounting is not allowed."""
    folder, before = tmp_path / "disk", resource.getrlimit(resource.RLIMIT_FSIZE)
    folder.mkdir()

    def made(size: int) -> Path:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True).returncode:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size // 8, before[1]))
        return folder

    yield made
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    subprocess.run(["umount", str(folder)], capture_output=True)


def fill(folder: Path, left: int) -> Path:
    """Fill a disk but for so many bytes."""
    free = shutil.disk_usage(folder).free
    ballast = folder / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        file.write(bytes(max(free - left, 0)))
    return ballast


def test_f01_a_full_disk_leaves_the_old_data(
    tmp_path: Path, small_disk: Callable[[int], Path]
) -> None:
    folder = small_disk(6_000_000)
    path = folder / "store.sqlite"
    people(tmp_path, *map(person, range(40))).commit(path)
    before = Store(path).tables()[0]["persons"]
    newer = people(tmp_path, *(person(n, 务工时间=8) for n in range(3000)))
    for left in (0, 100_000, 500_000, 700_000, 1_000_000, 2_000_000):
        ballast = fill(folder, left)
        assert problem(newer.commit, path).code == "disk_full"
        assert not list((folder / "backups").glob("*.part"))
        store = Store(path)
        pd.testing.assert_frame_equal(store.tables()[0]["persons"], before)
        assert len(store.batches()) == 1
        ballast.unlink()


def test_f15_a_flipped_byte_is_found_though_sqlite_sees_none(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = content.find("张甲".encode()) + 2
    content[place] ^= 1
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = problem(Store, path)
    assert found.code == "store_damaged" and found.expected.endswith("store-000001.sqlite")
    assert len(Store(found.expected).batches()) == 1


def test_f15_no_flipped_byte_changes_what_is_read(path: Path) -> None:
    right, drawn = Store(path), random.Random(1)
    tables, names = right.tables()[0], right.identity()
    content = path.read_bytes()
    told = 0
    for _ in range(25):
        flipped = bytearray(content)
        flipped[drawn.randrange(len(content))] ^= 1 << drawn.randrange(8)
        path.write_bytes(flipped)
        try:
            store = Store(path)
        except DataError as error:
            assert {p.code for p in error.problems} <= {"store_damaged", "store_unreachable"}
            told += 1
        else:
            assert store.identity().equals(names)
            assert all(frame.equals(tables[t]) for t, frame in store.tables()[0].items())
    assert told


@pytest.mark.parametrize("keep", [0.5, 0.01])
def test_f15_a_torn_file_is_damaged(path: Path, keep: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    assert problem(Store, path).code == "store_damaged"


def test_a_file_that_is_no_store_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_text("这不是台账库" * 200, encoding="utf-8")
    before = path.read_bytes()
    assert problem(Store, path).code == "store_damaged"
    assert path.read_bytes() == before


def test_the_last_five_copies_are_kept_named_by_batch(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    for number in range(8):
        homes(tmp_path, household(number)).commit(path, replaces=False)
    copies = sorted((tmp_path / "backups").iterdir())
    assert [copy.name for copy in copies] == [f"store-{n:06d}.sqlite" for n in range(3, 8)]
    assert [len(Store(copy).batches()) for copy in copies] == [3, 4, 5, 6, 7]


def as_nobody(call: Callable[[], None]) -> None:
    """Run in a child that no superuser's right helps; its failure is the test's."""
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            call()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_f03_in_a_read_only_folder_it_can_be_browsed_and_says_so(tmp_path: Path) -> None:
    report = people(tmp_path, person(1))
    folder = Path(tempfile.mkdtemp())
    path = folder / "store.sqlite"
    people(tmp_path, person(2)).commit(path)
    for place in (folder, path):
        place.chmod(0o555 if place == folder else 0o444)

    def browse() -> None:
        store = Store(path)
        assert store.read_only and len(store.notes) == 1
        assert len(store.tables()[0]["persons"]) == 1
        assert problem(report.commit, store).code == "store_read_only"

    try:
        as_nobody(browse)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_f05_paths_that_are_long_or_hold_signs_work_or_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "微信 文件 100%#?&" / ("长" * 60) / "OneDrive - 县扶贫办"
    people(tmp_path, person(1)).commit(folder / "store.sqlite")
    assert len(Store(folder / "store.sqlite").batches()) == 1
    assert problem(Store, tmp_path / ("长" * 300) / "store.sqlite").code == "store_unreachable"
    deep = tmp_path.joinpath(*["长" * 60] * 6)
    assert problem(Store, deep / "store.sqlite").code == "store_unreachable"


def test_f17_no_number_is_left_beside_the_store_or_in_a_message(path: Path) -> None:
    number = id_number(1).encode()
    others = [f for f in path.parent.rglob("*") if f.is_file() and f.suffix not in (".csv",)]
    assert {f.suffix for f in others} == {".sqlite"}
    store = Store(path)
    with store._database.writing() as connection, pytest.raises(Exception) as caught:
        identity = layout.layout().tables["identity"]
        connection.execute(identity.insert(), [{"person": "1", "id_number": number.decode()}] * 2)
    assert number.decode() not in f"{caught.value} {caught.value.__cause__}"


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lets the models lack a column, as an older version's did; without arguments, no more."""
    types, whole = layout.types, layout.TABLES

    def without(table: str = "", column: str = "") -> None:
        fewer = lambda name: {  # noqa: E731
            c: kind for c, kind in types(name).items() if (name, c) != (table, column)
        }
        monkeypatch.setattr(layout, "types", fewer)
        layout.layout.cache_clear()
        layout._places.cache_clear()

    yield without
    monkeypatch.setattr(layout, "types", types)
    layout.layout.cache_clear()
    layout._places.cache_clear()
    assert whole is TABLES


def test_f16_an_older_store_is_copied_and_gains_what_it_lacks(
    tmp_path: Path, older: Callable[..., None]
) -> None:
    path = tmp_path / "store.sqlite"
    older("loans", "event")
    loans(tmp_path, loan(1)).commit(path)
    older()
    store = Store(path)
    (note,) = store.notes
    assert "store-000001-upgrade.sqlite" in note
    assert store.tables()[0]["loans"]["event"].isna().all()
    assert store.edition(1)["loans"].equals(store.tables()[0]["loans"])
    loans(tmp_path, loan(2)).commit(store, replaces=False)
    store.undo(1)
    assert len(Store(path).tables()[0]["loans"]) == 1


def test_f16_an_upgrade_that_fails_leaves_the_store_as_it_was(
    tmp_path: Path, older: Callable[..., None]
) -> None:
    path = tmp_path / "store.sqlite"
    older("loans", "amount")
    report = loans(tmp_path, loan(1))
    report.commit(path)
    before = path.read_bytes()
    older()
    found = problem(Store, path)
    assert (found.code, found.found) == ("store_upgrade", "loans.amount")
    assert path.read_bytes() == before
    older("loans", "amount")
    assert len(Store(path).tables()[0]["loans"]) == 1


def test_f16_a_newer_store_is_refused_and_not_touched(
    tmp_path: Path, older: Callable[..., None]
) -> None:
    path = tmp_path / "store.sqlite"
    loans(tmp_path, loan(1)).commit(path)
    before = path.read_bytes()
    older("loans", "event")
    found = problem(Store, path)
    assert (found.code, found.found) == ("store_newer", "loans.event")
    assert path.read_bytes() == before


def test_f13_a_wrong_clock_dates_no_data(tmp_path: Path) -> None:
    from datetime import datetime

    first = homes(tmp_path, household(1)).commit(tmp_path / "store.sqlite")
    again = homes(tmp_path, household(1), household(2))
    batch = again.commit(tmp_path / "store.sqlite", at=datetime(1970, 1, 1))
    assert batch.imported_at == "1970-01-01 00:00:00"
    assert (batch.id, batch.as_of) == (first.id + 1, "2020-09-30")


def test_a_full_disk_has_the_names_that_systems_give_it() -> None:
    from jingde_core.ledgers.databases import fault

    for number in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        assert fault(OSError(number, "")) == "disk_full"
