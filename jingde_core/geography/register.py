"""The register of places: the county's towns, its villages and communities, its coarse outline.

Rows of ``geodata/*.csv``, in the order of their codes. A place is what the national list of
statistical areas (2020) says it is; positions and areas carry their quality beside them.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem, collected

TOWN_FILE, VILLAGE_FILE, OUTLINE_FILE = (
    "town_centres.csv",
    "village_points.csv",
    "county_outline.csv",
)
KINDS = ("village", "community")
#: what the position of the village that lies apart from the main body is called
EXCLAVE = "inferred_exclave"


@dataclass(frozen=True)
class Town:
    """One town; ``lon``, ``lat`` (degrees, WGS-84) are its seat, ``area_km2`` as published."""

    code: str
    code_2016: str
    name: str
    former_name: str
    lon: float
    lat: float
    area_km2: float


@dataclass(frozen=True)
class Village:
    """One village or community; ``point`` (lon, lat, degrees, WGS-84) is None where unknown."""

    code: str
    code_2016: str
    name: str
    kind: str
    town: str
    urban_rural_2016: str
    point: tuple[float, float] | None
    position_quality: str


@dataclass(frozen=True)
class Register:
    """All places; ``outline`` holds the rings of the main body and the exclave."""

    towns: tuple[Town, ...]
    villages: tuple[Village, ...]
    outline: dict[str, list[tuple[float, float]]]

    @property
    def area_km2(self) -> float:
        """The county's area: the sum of its towns, km2."""
        return sum(town.area_km2 for town in self.towns)

    def box(self, margin: float = 0.05) -> tuple[float, float, float, float]:
        """West, south, east, north of the outline, degrees, widened by ``margin``."""
        lon, lat = zip(*(point for ring in self.outline.values() for point in ring), strict=True)
        return min(lon) - margin, min(lat) - margin, max(lon) + margin, max(lat) + margin


def read_register(folder: Path | None = None) -> Register:
    """Read the register of ``folder`` (by default the shipped one) and check its keys.

    Raises
    ------
    DataError
        for a missing file or column, a code that stands twice, an unknown town or kind, a
        number that is none; all at once.
    """
    folder = folder or shipped("geodata")
    with collected() as problems:
        towns = list(_towns(folder, problems))
        known = {town.code for town in towns}
        villages = list(_villages(folder, known, problems))
        outline: dict[str, list[tuple[float, float]]] = {}
        for line, row in _rows(folder / OUTLINE_FILE, ("part", "lon", "lat"), problems):
            lon, lat = (_number(row, line, name, OUTLINE_FILE, problems) for name in ("lon", "lat"))
            outline.setdefault(row["part"], []).append((lon, lat))
        for file, codes in (
            (TOWN_FILE, [town.code for town in towns]),
            (VILLAGE_FILE, [village.code for village in villages]),
        ):
            problems += _duplicates(file, codes)
    return Register(
        tuple(sorted(towns, key=lambda town: town.code)),
        tuple(sorted(villages, key=lambda village: village.code)),
        outline,
    )


def read_rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of one of the room's CSV files; a missing or damaged file is a ``DataError``."""
    with collected() as problems:
        rows = [row for _, row in _rows(path, columns, problems)]
    return rows


def _towns(folder: Path, problems: list[Problem]) -> Iterator[Town]:
    texts = ("code", "code_2016", "name", "former_name")
    numbers = ("lon", "lat", "area_km2")
    for line, row in _rows(folder / TOWN_FILE, texts + numbers, problems):
        lon, lat, area = (_number(row, line, name, TOWN_FILE, problems) for name in numbers)
        yield Town(row["code"], row["code_2016"], row["name"], row["former_name"], lon, lat, area)


def _villages(folder: Path, towns: set[str], problems: list[Problem]) -> Iterator[Village]:
    texts = ("code", "code_2016", "name", "kind", "town", "urban_rural_2016")
    columns = (*texts, "lon", "lat", "position_quality")
    for line, row in _rows(folder / VILLAGE_FILE, columns, problems):
        if row["town"] not in towns:
            problems.append(
                Problem("unknown_key", VILLAGE_FILE, "", line, "town", row["town"], TOWN_FILE)
            )
        if row["kind"] not in KINDS:
            expected = ", ".join(KINDS)
            problems.append(
                Problem("wrong_value", VILLAGE_FILE, "", line, "kind", row["kind"], expected)
            )
        point = None
        if row["lon"] or row["lat"]:
            lon, lat = (_number(row, line, name, VILLAGE_FILE, problems) for name in ("lon", "lat"))
            point = (lon, lat)
        own = {name: row[name] for name in (*texts, "position_quality")}
        yield Village(point=point, **own)


def _rows(
    path: Path, columns: tuple[str, ...], problems: list[Problem]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of each row; what stops the reading becomes a problem."""
    if not path.is_file():
        problems.append(Problem("missing_file", path.name, expected=path.name))
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = type(error).__name__
        problems.append(Problem("unreadable_file", path.name, found=reason, expected="UTF-8 CSV"))
        return
    reader = csv.DictReader(text.splitlines())
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    problems += [Problem("missing_column", path.name, row=1, expected=name) for name in missing]
    if missing:
        return
    empty = True
    for row in reader:
        empty = False
        yield reader.line_num, {column: (row[column] or "").strip() for column in columns}
    if empty:
        problems.append(Problem("empty_file", path.name, expected=", ".join(columns)))


def _number(
    row: dict[str, str], line: int, column: str, file: str, problems: list[Problem]
) -> float:
    try:
        return float(row[column])
    except ValueError:
        problems.append(Problem("wrong_type", file, "", line, column, row[column], "1.234"))
        return float("nan")


def _duplicates(file: str, codes: list[str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for line, code in enumerate(codes, start=2):
        if code in first:
            yield Problem("duplicate", file, "", line, "code", code, str(first[code]))
        first.setdefault(code, line)
