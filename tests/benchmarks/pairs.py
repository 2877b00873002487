"""Two ways to the same numbers, timed in turns so that the machine's moods hit both."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Pair:
    """Times of both sides of a pair, in seconds."""

    ours: list[float]
    peer: list[float]

    @property
    def ratio(self) -> float:
        """Our time over the peer's, the median of each."""
        return statistics.median(self.ours) / statistics.median(self.peer)

    @property
    def best_ratio(self) -> float:
        """Our time over the peer's, the least of each."""
        return min(self.ours) / min(self.peer)


def interleaved(ours: Callable[[], Any], peer: Callable[[], Any], *, seconds: float = 6.0) -> Pair:
    """A, B, A, B after one run of each that does not count, 5 to 60 times."""
    pair = Pair([], [])
    ours(), peer()
    end = time.perf_counter() + seconds
    while len(pair.ours) < 5 or (time.perf_counter() < end and len(pair.ours) < 60):
        for side, times in ((ours, pair.ours), (peer, pair.peer)):
            start = time.perf_counter()
            side()
            times.append(time.perf_counter() - start)
    return pair


def peak_memory(work: Callable[[], Any]) -> float:
    """Memory that work holds at its largest, above what the process held before, in GB."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _largest()
    work()
    return (_largest() - before) / 1e9


def _largest() -> int:
    """Most bytes held since the count was last cleared (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])


def in_process(module: str, *arguments: str) -> Any:
    """What ``python -m module arguments`` prints as JSON in its last line."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])
