"""The Jingde workbook: a county's fight against poverty as tables, metrics, maps and scenarios.

``import jingde_core as jc`` is cheap: what is heavy is imported when it is first named.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jingde_core import (
        geography,
        ledgers,
        metrics,
        model,
        quality,
        scenarios,
        sharing,
        synthetic,
        views,
    )
    from jingde_core.county import County, cards, chain, measure, reconcile
    from jingde_core.metrics import METRICS
    from jingde_core.metrics.engines import measure_frame
    from jingde_core.model.catalogue import label
    from jingde_core.model.parameters import Parameters
    from jingde_core.model.problem import DataError
    from jingde_core.scenarios import (
        ALLOCATIONS,
        Scenario,
        compare,
        evaluate,
        frontier,
        robustness,
    )

__version__ = "0.1.0"
__all__ = [
    "ALLOCATIONS",
    "METRICS",
    "County",
    "DataError",
    "Parameters",
    "Scenario",
    "cards",
    "chain",
    "compare",
    "evaluate",
    "frontier",
    "geography",
    "label",
    "ledgers",
    "measure",
    "measure_frame",
    "metrics",
    "model",
    "quality",
    "reconcile",
    "robustness",
    "scenarios",
    "sharing",
    "synthetic",
    "views",
]

_WHERE = {
    "METRICS": "jingde_core.metrics",
    "County": "jingde_core.county",
    "DataError": "jingde_core.model.problem",
    "cards": "jingde_core.county",
    "chain": "jingde_core.county",
    "Parameters": "jingde_core.model.parameters",
    "label": "jingde_core.model.catalogue",
    "measure": "jingde_core.county",
    "measure_frame": "jingde_core.metrics.engines",
    "reconcile": "jingde_core.county",
    "ALLOCATIONS": "jingde_core.scenarios",
    "Scenario": "jingde_core.scenarios",
    "compare": "jingde_core.scenarios",
    "evaluate": "jingde_core.scenarios",
    "frontier": "jingde_core.scenarios",
    "robustness": "jingde_core.scenarios",
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = getattr(import_module(_WHERE[name]), name)
    elif name in __all__:
        value = import_module(f"jingde_core.{name}")
    else:
        raise AttributeError(f"module 'jingde_core' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
