"""Copies of a store's file: one before each batch, the last five, each named by its batch."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

KEPT = 5
_PART = ".part"


def place(store: Path) -> Path:
    """Where the copies of a store lie."""
    return store.parent / "backups"


def copies(store: Path) -> list[Path]:
    """Copies of a store, the latest first."""
    return sorted(place(store).glob(f"{store.stem}-[0-9]*{store.suffix}"), reverse=True)


def back_up(store: Path, state: str) -> Path:
    """Copy the store, whole or not at all, under the name of its state; the oldest copies go."""
    target = place(store) / f"{store.stem}-{state}{store.suffix}"
    part = target.with_name(target.name + _PART)
    target.parent.mkdir(exist_ok=True)
    try:
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(part)) as copy:
            copy.execute("PRAGMA journal_mode=OFF")
            source.backup(copy)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    for old in copies(store)[KEPT:]:
        old.unlink(missing_ok=True)
    return target


def leftovers(store: Path) -> list[Path]:
    """What a killed process left: unfinished copies, and the journal of an unfinished batch."""
    parts = [*place(store).glob(f"*{_PART}"), *place(store).glob(f"*{_PART}-journal")]
    journal = store.with_name(store.name + "-journal")
    return parts + ([journal] if journal.exists() and journal.stat().st_size else [])
