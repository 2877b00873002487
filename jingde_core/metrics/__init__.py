"""Every measure of the workbook: pure functions over columns, declared once in ``METRICS``.

Importing the package declares the metrics of all its modules, so that a new module
needs no entry here.
"""

from importlib import import_module
from pkgutil import iter_modules

from jingde_core.metrics.registry import METRICS, Column, Metric, metric

__all__ = ["METRICS", "Column", "Metric", "metric"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
