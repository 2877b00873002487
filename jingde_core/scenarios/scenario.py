"""A scenario: what is assumed, as one small file that says all of it.

The file is TOML and states everything that the result depends on; what it does not name does
not happen. Two scenarios with the same assumptions have the same hash, whatever their names,
notes and sources.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from jingde_core.model.place import shipped
from jingde_core.model.problem import DataError, Problem, collected
from jingde_core.scenarios import keys

#: what no file system takes in a name, and what hides or climbs
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f`$&;\u2028\u2029]+|^[.\s]+|[.\s]+$')
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
_LONGEST_NAME = 60
#: fields that say who and why: no assumption
_REMARKS = ("name", "note", "source", "file")


@dataclass(frozen=True)
class Scenario:
    """Assumptions of one what-if, checked as they are put together; money in yuan.

    ``lines`` holds poverty_line and monitoring_range; ``rule`` the name of an allocation and
    its parameters; ``scope`` and ``eligible`` say who may be paid; ``bounds`` cap and floor of
    a household; ``earmarks`` money kept for a town; ``shocks`` and ``levers`` what happens
    before cash is handed out. ``data/scenario_keys.csv`` lists every key.

    Raises
    ------
    DataError
        naming file and key path of every fault at once.
    """

    name: str
    budget: float
    lines: Mapping[str, float]
    rule: Mapping[str, Any]
    scope: Mapping[str, Any]
    eligible: Mapping[str, Any] = field(default_factory=dict)
    bounds: Mapping[str, float] = field(default_factory=dict)
    earmarks: tuple[Mapping[str, Any], ...] = ()
    shocks: tuple[Mapping[str, Any], ...] = ()
    levers: tuple[Mapping[str, Any], ...] = ()
    seed: int | None = None
    note: str = ""
    source: str = ""
    file: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        with collected() as problems:
            problems.extend(keys.faults(self.to_dict(), self.file))
            problems.extend(_impossible(self.to_dict(), self.file))

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], *, file: str = "") -> "Scenario":
        """A scenario from nested mappings, as a TOML file gives them."""
        told = _plain(raw)
        with collected() as problems:
            problems.extend(keys.faults(told, file))
            problems.extend(_impossible(told, file))
        listed = {name: tuple(told[name]) for name in keys.LISTS if name in told}
        return cls(**{**told, **listed, "file": file})

    @classmethod
    def from_file(cls, path: str | Path) -> "Scenario":
        """Read a scenario file (读取情景文件).

        Raises
        ------
        DataError
            for a file that is missing or no TOML, and every fault of what it holds.
        """
        path = Path(path)
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise DataError([Problem("missing_file", file=path.name, expected=path.name)]) from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            found = str(error).replace(str(path), path.name)
            fault = Problem("unreadable_file", file=path.name, found=found, expected="TOML")
            raise DataError([fault]) from None
        return cls.from_dict(raw, file=path.name)

    @classmethod
    def baseline(cls, *, poverty_line: float, monitoring_range: float, name: str) -> "Scenario":
        """The register as it is: no money, no shock."""
        lines = {"poverty_line": poverty_line, "monitoring_range": monitoring_range}
        return cls(name, 0, lines, {"name": "none"}, {"universe": "registered"})

    @property
    def poverty_line(self) -> float:
        """Line before any shock, yuan a person and year."""
        return float(self.lines["poverty_line"])

    @property
    def monitoring_range(self) -> float:
        """Monitoring range before any shock, yuan a person and year."""
        return float(self.lines["monitoring_range"])

    @cached_property
    def hash(self) -> str:
        """Sixteen digits that change with any assumption, and with nothing else."""
        told = {n: v for n, v in self.to_dict().items() if n not in _REMARKS}
        # 4000 and 4000.0 are one assumption
        same = json.loads(json.dumps(told), parse_int=float)
        text = json.dumps(same, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def but(self, **changes: Any) -> "Scenario":
        """The same scenario with a difference: a reform (在此基础上调整).

        ``lines``, ``scope``, ``eligible`` and ``bounds`` are merged key by key; a value of None
        takes a key away. Anything else is replaced; ``rule`` may be the name alone.

        Examples
        --------
        >>> base = Scenario.baseline(poverty_line=4000, monitoring_range=6000, name="now")
        >>> base.but(lines={"poverty_line": 5000}).lines["poverty_line"]
        5000
        """
        merged = self.to_dict()
        for key, value in changes.items():
            if key in keys.SECTIONS and key != "rule" and isinstance(value, Mapping):
                value = merged.get(key, {}) | value
                value = {n: each for n, each in value.items() if each is not None}
            merged[key] = {"name": value} if key == "rule" and isinstance(value, str) else value
        return Scenario.from_dict({n: each for n, each in merged.items() if each is not None})

    def ruled_by(self, name: str) -> "Scenario":
        """The same scenario under another rule; a baseline gets a yuan, so that rules may act."""
        if name == self.rule["name"]:
            return self
        return replace(self, rule={"name": name}, budget=self.budget or 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values; what is empty is left out."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        del told["file"]
        listed = {n: [_plain(each) for each in told[n]] for n in keys.LISTS}
        return {n: _plain(v) for n, v in (told | listed).items() if v not in (None, "", [], {})}

    def to_toml(self) -> str:
        """The text of the scenario's file; reading it gives the same scenario."""
        told = self.to_dict()
        lines = [f"{n} = {_toml(v)}" for n, v in told.items() if not isinstance(v, dict | list)]
        for name, table in told.items():
            several = table if isinstance(table, list) else [table]
            for each in several if isinstance(table, dict | list) else []:
                lines += ["", f"[[{name}]]" if isinstance(table, list) else f"[{name}]"]
                lines += [f"{key} = {_toml(value)}" for key, value in each.items()]
        return "\n".join(lines) + "\n"

    @property
    def file_name(self) -> str:
        """The scenario's name as a file may bear it, without suffix."""
        safe = _UNSAFE.sub("_", self.name)[:_LONGEST_NAME].strip(". ")
        return f"{safe}_" if _RESERVED.fullmatch(safe) else safe or "_"

    def save(self, folder: str | Path, *, over: bool = False) -> Path:
        """Write the scenario into a folder under its name, made safe for a file (保存情景).

        Raises
        ------
        DataError
            where another scenario has the file's name, unless ``over``.
        """
        path = Path(folder) / f"{self.file_name}.toml"
        if path.exists() and not over:
            raise DataError([Problem("scenario_taken", file=path.name, found=self.name)])
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting = path.with_suffix(".part")
        waiting.write_text(self.to_toml(), encoding="utf-8")
        waiting.replace(path)
        return path


def examples() -> dict[str, Path]:
    """Shipped example scenarios by name of their file."""
    return {path.stem: path for path in sorted((shipped("data") / "scenarios").glob("*.toml"))}


def _impossible(raw: Mapping[str, Any], file: str) -> list[Problem]:
    """Values that are right one by one and cannot stand together."""
    found = []

    def number(section: str, key: str) -> float | None:
        table = raw.get(section, {}) if section else raw
        value = table.get(key) if isinstance(table, Mapping) else None
        return value if isinstance(value, int | float) else None

    rule = raw.get("rule")
    budget, cap, floor = number("", "budget"), number("bounds", "cap"), number("bounds", "floor")
    name = rule.get("name") if isinstance(rule, Mapping) else None
    if budget == 0 and name != "none" and not raw.get("levers"):
        found.append(_clash("budget", file, "budget", "0", str(name)))
    if cap is not None and floor is not None and floor > cap:
        found.append(_clash("bounds", file, "bounds.floor", f"{floor:,.10g}", f"{cap:,.10g}"))
    listed = raw.get("earmarks", [])
    amounts = [e.get("amount") for e in listed if isinstance(e, Mapping)] if listed else []
    kept = sum(a for a in amounts if isinstance(a, int | float))
    if budget is not None and kept and kept > budget:
        found.append(_clash("over", file, "earmarks", f"{kept:,.10g}", f"{budget:,.10g}"))
    return found


def _clash(code: str, file: str, path: str, found: str, expected: str) -> Problem:
    return Problem(f"scenario_{code}", file=file, sheet=path, found=found, expected=expected)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.item() if hasattr(value, "item") else value


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(n)} = {_toml(v)}" for n, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)
