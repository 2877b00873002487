"""Kill a commit at a random moment, again and again: ``python store_kills.py FOLDER KILLS SEED``.

Each time the store must open, sound, in the old or the new state. Prints how often which.
"""

import json
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from store_ledgers import people, person

from jingde_core.ledgers import Report, Store
from jingde_core.ledgers.backups import leftovers


def committed(store: Path, report: Report) -> float:
    """Seconds that a commit takes in a process of its own."""
    started = time.perf_counter()
    if (child := os.fork()) == 0:
        report.commit(store)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    return time.perf_counter() - started


def main(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Run the kills; the counts of old and new states found after them."""
    store = folder / "store.sqlite"
    editions = [people(folder, *(person(n, 务工时间=m) for n in range(200))) for m in (7, 8)]
    editions[0].commit(store)
    duration = committed(store, editions[1])
    drawn, found = random.Random(seed), {"old": 0, "new": 0, "interrupted": 0}
    before, batches = editions[1].tables["persons"], 2
    for number in range(kills):
        again = replace(editions[number % 2], sha256=f"{number}")
        if (child := os.fork()) == 0:
            again.commit(store)
            os._exit(0)
        time.sleep(drawn.uniform(0.2, 1.4) * duration)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        opened = Store(store)
        after = opened.tables()[0]["persons"]
        grown = len(opened.batches()) - batches
        expected = again.tables["persons"] if grown else before
        assert grown in (0, 1) and after.equals(expected[list(after)])
        before, batches = expected, batches + grown
        assert not [path for path in leftovers(store) if path.suffix == ".part"]
        found["new" if grown else "old"] += 1
        found["interrupted"] += bool(opened.notes)
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
