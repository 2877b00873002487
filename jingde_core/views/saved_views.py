"""A view kept: checked field by field, written to a small file, read again, told as code."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jingde_core.model.catalogue import label
from jingde_core.model.place import write_whole
from jingde_core.model.problem import DataError, Problem, collected
from jingde_core.views import classes
from jingde_core.views.exploration import (
    COMPARISONS,
    FILTERS,
    UNIVERSES,
    Exploration,
    choices,
    layers,
    years,
)

if TYPE_CHECKING:
    from jingde_core.county import County

_SUFFIX = ".explorer.json"
_FILE_NAME = re.compile(r'(?!\.)(?!(?i:con|prn|aux|nul|com\d|lpt\d)$)[^\\/:*?"<>|\x00-\x1f]{1,60}')


def parsed_breaks(text: str) -> tuple[float, ...] | None:
    """Cuts as a person types them: ``0, 1%, 0.05``; nothing is the declared ones.

    Raises
    ------
    DataError
        for what is no number, not ascending, or too many.

    Examples
    --------
    >>> parsed_breaks("0, 1%, 0.05"), parsed_breaks(" ")
    ((0.0, 0.01, 0.05), None)
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    parts = [part for part in re.split(r"[^\w.%+-]+", plain) if part]
    if not parts and not plain:
        return None
    cuts, wrong = [], [] if parts else [text]
    for part in parts:
        try:
            cuts.append(float(part.rstrip("%")) / (100 if part.endswith("%") else 1))
        except ValueError:
            wrong.append(part)
    if wrong:
        raise DataError([Problem("explorer_number", found=each) for each in wrong])
    return classes.checked_breaks(cuts)


def checked(
    county: "County", metrics: Iterable[str], given: Mapping[str, Any], *, file: str = ""
) -> Exploration:
    """A view from its fields, each held against what the county offers.

    Raises
    ------
    DataError
        with every field that is unknown or holds what cannot be chosen.
    """
    names, villages = tuple(metrics), county.tables["villages"]
    offered: dict[str, Sequence[Any]] = {
        "metric": names,
        "level": ("village", "town"),
        "geometry": ("schematic", "tiles"),
        "compare": COMPARISONS,
        "other_metric": names,
        "universe": UNIVERSES,
        "unit": ("", *villages["code"], *county.tables["towns"]["code"]),
        **{c: ("", *(code for code, _ in choices(county, c))) for c in (*FILTERS, "town")},
    }
    metric = given.get("metric", names[0])
    if metric in names:
        offered["year"] = offered["other_year"] = years(county, metric)
    known = [field.name for field in fields(Exploration)]
    if county.tables["household_years"].empty:
        # an office's own register may have no past years: what is asked of one shows now
        given = {name: v for name, v in given.items() if name not in ("year", "other_year")}
    values = dict(given)
    with collected() as problems:
        for name, value in given.items():
            if name not in known:
                fault = Problem("explorer_field", file=file, found=name, expected=_few(known))
                problems.append(fault)
            elif not _fits(value, offered.get(name)) or not _counts(name, value):
                right = _few(offered.get(name, (">= 1",)))
                problems.append(Problem("explorer_value", file, "", None, name, str(value), right))
        try:
            if values.get("breaks") is not None:
                values["breaks"] = classes.checked_breaks(values["breaks"])
        except (DataError, TypeError, ValueError):
            problems.append(Problem("explorer_breaks", file, found=str(values["breaks"])))
    first, last = years(county, metric)[0], years(county, metric)[-1]
    other = "mean_income" if "mean_income" in names else names[-1]
    start = {"metric": metric, "other_metric": other, "year": last, "other_year": first}
    return Exploration(**(start | values))


def _fits(value: Any, offered: Sequence[Any] | None) -> bool:
    """Whether a value is among those offered, of the same kind: 1 is not True."""
    return offered is None or any(value == o and type(value) is type(o) for o in offered)


def _counts(name: str, value: Any) -> bool:
    """Whether a poverty line is whole yuan."""
    if name != "poverty_line" or value is None:
        return True
    return type(value) in (int, float) and 1 <= value < 1e6 and value == int(value)


def _few(offered: Iterable[Any]) -> str:
    listed = [str(each) for each in offered if each not in ("", None)]
    return ", ".join(listed[:12]) + (", ..." if len(listed) > 12 else "")


def code(county: "County", seen: Exploration) -> str:
    """Three lines that make the same map in a cell; a comparison makes its explorer."""
    if seen.compare == "none":
        asked = layers(county, seen)
        named = {n: v for n, v in asked.items() if n != "metric_name"}
        named |= {"geometry": "tiles"} if seen.geometry == "tiles" else {}
        named |= {"level": "town"} if seen.level == "town" else {}
        more = "".join(f", {name}={value!r}" for name, value in named.items())
        shown = f'jc.views.village_map(county, "{seen.metric}"{more})'
    else:
        shown = f"jc.views.explorer(county, state={seen.chosen()!r})"
    return f"import jingde_core as jc\ncounty = jc.County.load()\n{shown}"


def save(seen: Exploration, name: str, *, folder: Path | None = None, over: bool = False) -> Path:
    """Write a view into a small file of the working folder (保存视图).

    Raises
    ------
    DataError
        for a name that is no file name, or that another view has (unless ``over``).
    """
    name = name.strip()
    if not _FILE_NAME.fullmatch(name) or name.endswith("."):
        raise DataError([Problem("explorer_name", found=name)])
    path = (folder or Path.cwd()) / f"{name}{_SUFFIX}"
    if path.exists() and not over:
        raise DataError([Problem("explorer_taken", file=path.name)])
    content = json.dumps(asdict(seen), ensure_ascii=False, indent=1) + "\n"
    return write_whole(path, content.encode())


def saved(folder: Path | None = None) -> list[str]:
    """Names of the views saved in a folder (the working one)."""
    found = (folder or Path.cwd()).glob(f"*{_SUFFIX}")
    return sorted(path.name.removesuffix(_SUFFIX) for path in found)


def load(
    county: "County", metrics: Iterable[str], name: str | Path, *, folder: Path | None = None
) -> Exploration:
    """Read a saved view by its name or path.

    Raises
    ------
    DataError
        for a file that is missing, damaged, or holds what this county cannot show.
    """
    named = str(name).endswith(".json")
    path = Path(name) if named else (folder or Path.cwd()) / f"{name}{_SUFFIX}"
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        known = label("views.list_comma").join(saved(folder)) or label("explorer.none_saved")
        raise DataError([Problem("explorer_missing", file=path.name, expected=known)]) from None
    except ValueError as fault:
        row = getattr(fault, "lineno", None)
        raise DataError([Problem("explorer_damaged", file=path.name, row=row)]) from None
    if not isinstance(given, dict):
        raise DataError([Problem("explorer_damaged", file=path.name, row=1)])
    return checked(county, metrics, given, file=path.name)
