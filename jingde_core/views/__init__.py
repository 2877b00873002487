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
    "treemap": "diagrams",
    "matrix": "diagrams",
    "sankey": "diagrams",
    "file_card": "cards",
    "workbook": "downloads",
    "figures": "cards",
    "card_search": "panels.cards",
    "import_panel": "panels.importing",
    "bridge": "bridges",
    "stage_map": "stages",
    "guarantee_heatmap": "heatmaps",
    "listing": "traces",
    "trace": "traces",
    "household_card": "traces",
    "household_viewer": "panels.traces",
    "whatif": "panels.whatif",
}
__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
