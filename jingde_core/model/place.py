"""Where the workbook's own files lie: shipped data, geodata and notebooks.

In a checkout they are the top-level folders; in an installed wheel they are
carried inside the package. The office's own data lie outside both, in
``$JINGDE_HOME`` when it is set.
"""

import os
from pathlib import Path

#: file name of the office's store
STORE = "store.sqlite"
_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(folder: str) -> Path:
    """Folder of shipped files: ``data``, ``geodata`` or ``notebooks``."""
    checkout = _PACKAGE.parent / folder
    if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return _PACKAGE / "_shipped" / folder


def store_file() -> Path | None:
    """The office's store when nobody names one: in ``$JINGDE_HOME``, else a checkout's data/local.

    None for an installed workbook without ``$JINGDE_HOME``: its own folder goes with the next
    version, and is no place for an office's data.
    """
    local = None if shipped("data").parent.name == "_shipped" else shipped("data") / "local"
    folder = home() or local
    return folder / STORE if folder else None


def home() -> Path | None:
    """Folder of the office's own data (``$JINGDE_HOME``), or None when unset."""
    value = os.environ.get("JINGDE_HOME", "").strip()
    return Path(value).expanduser() if value else None


def write_whole(target: Path, content: bytes) -> Path:
    """Write a file whole or not at all: a full disk leaves the old one as it was."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target
