"""Files in and out: tables as CSV folders, ledgers of the office as they come, the store.

What is heavy is loaded when it is first named.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jingde_core.ledgers.reader import read
    from jingde_core.ledgers.records import Batch
    from jingde_core.ledgers.report import Report
    from jingde_core.ledgers.store import Store
    from jingde_core.ledgers.templates import write_template, write_templates

__all__ = ["Batch", "Report", "Store", "read", "write_template", "write_templates"]
_WHERE = {
    **{"Batch": "records", "Report": "report", "Store": "store", "read": "reader"},
    **dict.fromkeys(("write_template", "write_templates"), "templates"),
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
