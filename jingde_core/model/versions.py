"""Which packages the workbook needs, and which are here."""

from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from packaging.requirements import Requirement

DISTRIBUTION = "jingde-workbook"


def requirements() -> Iterator[tuple["Requirement", str | None]]:
    """Each package that the workbook needs, with the version found here, None when missing."""
    from packaging.requirements import Requirement

    for text in metadata.requires(DISTRIBUTION) or []:
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            try:
                yield needed, metadata.version(needed.name)
            except metadata.PackageNotFoundError:
                yield needed, None


def versions() -> "pd.DataFrame":
    """One row a package: name, version wanted, version found (empty when missing)."""
    import pandas as pd

    own = ("jingde-workbook", "", metadata.version(DISTRIBUTION))
    rows = [(each.name, str(each.specifier), found or "") for each, found in requirements()]
    return pd.DataFrame([own, *rows], columns=["package", "wanted", "found"])
