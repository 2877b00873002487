"""Files in and out: tables as CSV folders, ledgers of the office as they come.

``read`` and ``Report`` are loaded when they are first named.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jingde_core.ledgers.reader import Report, read

__all__ = ["Report", "read"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jingde_core.ledgers import reader

    return getattr(reader, name)
