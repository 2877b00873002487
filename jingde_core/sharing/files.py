"""Files that leave the desk: searched first, written whole, and never lost."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jingde_core.ledgers.workbook import save
from jingde_core.model.catalogue import label
from jingde_core.model.place import write_whole
from jingde_core.privacy import audience
from jingde_core.sharing.guard import Guard


def deliver(made: Any, path: str | Path, *, guard: Guard | None = None) -> Path:
    """Write a workbook or document (anything that saves itself into a file) once it is searched.

    Returns
    -------
    Path
        Where it is: not ``path`` when that was taken (`written`).

    Raises
    ------
    DataError
        naming every person in it; nothing is written then.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="jingde-") as folder:
        part = Path(folder) / path.name
        save(made, part)
        content = part.read_bytes()
    strict = audience() == "leader"
    return written(path, (guard or Guard()).passed(content, file=path.name, records=strict))


def written(target: Path, content: bytes) -> Path:
    """Write a file whole; where its place is locked or closed, beside it or with the system's
    temporary files, so that a result is not lost.

    Raises
    ------
    OSError
        where it can be written nowhere.
    """
    fault: OSError | None = None
    for place in _places(target):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            return write_whole(place, content)
        except OSError as error:
            fault = fault or error
    assert fault is not None
    raise fault


def _places(target: Path) -> Iterator[Path]:
    yield target
    others = [
        target.stem + label("sharing.copy_number", number=number) + target.suffix
        for number in range(2, 6)
    ]
    yield from (target.with_name(name) for name in others)
    yield Path(tempfile.gettempdir()) / target.name
    yield from (Path(tempfile.gettempdir()) / name for name in others)
