"""What people see: maps, charts, tables, panels. Each is imported when it is first used."""

from importlib import import_module
from typing import Any

_PLACES = {
    "village_map": "maps",
    "trend": "charts",
    "bars": "charts",
    "histogram": "charts",
    "lorenz": "charts",
    "table": "tables",
    "sentence": "tables",
    "scatter": "charts",
    "explorer": "panels.explorer",
    "Layer": "classes",
}
__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
