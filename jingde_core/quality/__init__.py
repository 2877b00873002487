"""What cannot be true together: declarative rules over the tables, and how often they are broken.

A rule is a row of ``data/quality/<group>.csv``, its texts are ``quality.<id>`` and
``quality.<id>.cure`` of the catalogue. ``frames`` says how a rule gets a new frame.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jingde_core.quality.checking import check, error_rates
    from jingde_core.quality.rules import RULES

__all__ = ["RULES", "check", "error_rates"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jingde_core.quality import checking

    return getattr(checking, name)
