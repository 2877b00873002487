"""The county's checked tables together, their keys agreeing, with their provenance.

Tables come from a folder: the one given, else ``$JINGDE_HOME``, else the shipped one.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from jingde_core.county import accounts
from jingde_core.county.rows import Rows
from jingde_core.ledgers.loading import load_tables
from jingde_core.metrics.deprivation import GUARANTEES
from jingde_core.model.naming import unknown_name
from jingde_core.model.parameters import Parameters
from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem, collected
from jingde_core.privacy.audience import audience, permitted

if TYPE_CHECKING:
    import geopandas

    from jingde_core.ledgers.store import Store

#: what a row gains from the record that it points to: column -> (table, {gained: there})
_JOINED: dict[str, tuple[str, dict[str, str]]] = {
    "person": ("persons", {n: n for n in ("household", "sex", "birth_year", "labour", "health")}),
    "station": ("pv_stations", {"village": "village"}),
    "asset": ("assets", {n: n for n in ("village", "asset_class", "form")}),
    "problem": ("problems", {n: n for n in ("village", "household", "source", "aspect", "owner")}),
    "entity": ("entities", {"village": "village", "entity_kind": "kind"}),
    "fund": ("funds", {"year": "year", "fund_source": "source"}),
    "household": (
        "households",
        {
            n: n
            for n in (
                "village",
                "status",
                "exit_status",
                "attribute",
                "main_cause",
                "members",
                "left_on",
                "lifted_on",
            )
        },
    ),
    "village": ("villages", {"town": "town", "village_kind": "kind", "poor_2014": "poor_2014"}),
}


class County:
    """Checked tables of one county, as attributes: ``households``, ``persons``, ``assets``, ...

    ``villages`` and ``towns`` are GeoDataFrames; every table is handed out as a copy, so that
    nothing a caller does changes the county.
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        provenance: pd.DataFrame,
        parameters: Parameters,
        geodata: Path | None = None,
    ) -> None:
        self.tables = MappingProxyType(dict(tables))
        self.provenance = provenance
        self.parameters = parameters
        self._kinds = dict(zip(provenance["table"], provenance["kind"], strict=True))
        self._geodata = geodata or shipped("geodata")
        self._rows: dict[str, Rows] = {}

    @classmethod
    def load(cls, path: "str | Path | Store | None" = None) -> "County":
        """The county of a store or folder: ``path``, else ``$JINGDE_HOME``, else the shipped one.

        Of a store (itself, its file or URL, a folder with ``store.sqlite`` in it) the imported
        tables take the place of the shipped ones (`ledgers.loading`). The tables hold what the
        audience of ``$JINGDE_AUDIENCE`` may have (`privacy.permitted`).

        Raises
        ------
        DataError
            with every fault of the files at once; nothing is half loaded.
        """
        tables, provenance, folder = load_tables(path)
        geodata = folder / "geodata"
        tables = permitted(tables, audience())
        county = cls(tables, provenance, Parameters.load(), geodata if geodata.is_dir() else None)
        _ = county._geometry
        return county

    def __getattr__(self, name: str) -> pd.DataFrame:
        tables = self.__dict__.get("tables", {})
        if name not in tables:
            raise AttributeError(unknown_name(name, tables))
        return pd.DataFrame(tables[name].copy(deep=False))

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self.tables]

    @cached_property
    def _geometry(self) -> "dict[str, geopandas.GeoDataFrame]":
        from jingde_core.geography.features import read_geometry

        return self._shapes(read_geometry)

    @cached_property
    def _tiles(self) -> "dict[str, geopandas.GeoDataFrame]":
        from jingde_core.geography.features import read_tiles

        return self._shapes(read_tiles)

    def _shapes(self, read: Callable[..., Any]) -> "dict[str, geopandas.GeoDataFrame]":
        """Shapes of towns and villages, held against the tables' codes, with their attributes."""
        shapes = dict(zip(("towns", "villages"), read(self._geodata), strict=True))
        located = {}
        with collected() as problems:
            for table, frame in shapes.items():
                own = self.tables[table]
                for code in sorted(set(frame["code"]) ^ set(own["code"])):
                    missing = f"{table}.csv" if code in set(frame["code"]) else f"{table}.geojson"
                    problems.append(
                        Problem("unknown_key", file=f"{table}", found=code, expected=missing)
                    )
                joined = frame.set_index("code")[["geometry_kind", "geometry"]]
                joined = joined.reindex(own["code"]).reset_index(drop=True)
                for place, name in enumerate(own):
                    joined.insert(place, name, own[name])
                located[table] = joined
        return located

    @property
    def villages(self) -> "geopandas.GeoDataFrame":
        """Villages and communities with their polygons, one row each, in order of code."""
        return self._geometry["villages"].copy()

    @property
    def towns(self) -> "geopandas.GeoDataFrame":
        """Towns with their polygons, one row each, in order of code."""
        return self._geometry["towns"].copy()

    def tiles(self, level: str = "village") -> "geopandas.GeoDataFrame":
        """Villages or towns as equal tiles: the second view, which claims no shape or size."""
        return self._tiles[f"{level}s"].copy()

    @cached_property
    def urban(self) -> list[str]:
        """Codes of communities without agricultural population: nobody there is on a register."""
        villages = self.tables["villages"]
        return list(villages.loc[villages["rural_population"] == 0, "code"])

    @cached_property
    def as_of(self) -> str:
        """Latest day that the data speak of, as the manifest states it."""
        return str(self.provenance["as_of"].max())

    def kinds(self, *tables: str) -> list[str]:
        """Kinds of provenance of these tables (all, when none is named), each once."""
        return sorted({self._kinds[table] for table in tables or self._kinds})

    def lacks(self, *tables: str) -> bool:
        """Whether these tables say nothing together (数据不全): one of them is not imported, or
        some are invented and others imported."""
        kinds = {self._kinds[table] for table in tables if table not in _GIVEN}
        return "missing" in kinds or {"synthetic", "imported"} <= kinds

    def known(self, frame: pd.DataFrame, *tables: str) -> pd.DataFrame:
        """The frame, or none of its rows where the tables that it is made of say nothing."""
        return frame.iloc[:0] if self.lacks(*tables) else frame

    def frame(self, table: str) -> pd.DataFrame:
        """A table with the place and people its rows point to: village, town, status, cause.

        Besides the tables there are three views: ``exits`` (a household's year of lifting),
        ``pv_accounts`` (income, upkeep and wages of stations), and ``guarantee_profile``
        (households with one column an indicator: 1 deprived, 0 not, NaN unknown).
        """
        return self.rows(table).frame.copy(deep=False)

    def rows(self, table: str) -> Rows:
        """The rows of `frame` as arrays ready to be counted; prepared once."""
        if table not in self._rows:
            own = _VIEWS[table](self) if table in _VIEWS else self.tables.get(table)
            if own is None:
                raise KeyError(unknown_name(table, [*self.tables, *_VIEWS]))
            self._rows[table] = Rows(table, self._joined(table, own.copy(deep=False)), self.tables)
        return self._rows[table]

    def _joined(self, table: str, frame: pd.DataFrame) -> pd.DataFrame:
        for column, (target, gains) in _JOINED.items():
            if column not in frame:
                continue
            other = self.tables[target]
            positions = pd.Index(other.iloc[:, 0]).get_indexer(frame[column])
            for gained, there in gains.items():
                if gained not in frame:
                    values = other[there].reset_index(drop=True).reindex(positions)
                    frame[gained] = values.set_axis(frame.index)
        for column, derived in _DERIVED.get(table, {}).items():
            frame[column] = derived(frame, self.tables)
        return frame


def _exits(county: County) -> pd.DataFrame:
    years = county.tables["household_years"]
    lifted = county.tables["households"].set_index("id")["lifted_on"].dt.year
    return years[years["year"] == years["household"].map(lifted)].reset_index(drop=True)


def _pv_accounts(county: County) -> pd.DataFrame:
    months = county.tables["pv_months"][["station", "month", "income", "upkeep"]]
    paid = county.tables["distributions"]
    labour = paid["kind"].isin(["post_wage", "temporary_wage", "village_works"])
    wages = paid[paid["station"].notna() & labour][["station", "date", "amount"]]
    wages = wages.rename(columns={"date": "month", "amount": "wages"})
    accounts = pd.concat([months, wages], ignore_index=True)
    return accounts.fillna({"income": 0.0, "upkeep": 0.0, "wages": 0.0})


def _guarantee_profile(county: County) -> pd.DataFrame:
    deprived = {"pass": 0.0, "exempt": 0.0, "fail": 1.0}
    states = county.tables["guarantees"]
    profile = states.assign(state=states["state"].map(deprived)).pivot(
        index="household", columns="indicator", values="state"
    )
    profile = profile.reindex(columns=sorted(GUARANTEES))
    households = county.tables["households"].set_index("id")
    return households.join(profile, how="inner").reset_index(names="id")


def _made(module: str, name: str) -> Callable[[County], pd.DataFrame]:
    """A view that a module above the measures makes; it is imported when it is first asked for."""
    return lambda county: getattr(import_module(f"jingde_core.county.{module}"), name)(county)


_VIEWS: dict[str, Callable[[County], pd.DataFrame]] = {
    "flood_households": _made("flood", "exposure"),
    "exits": _exits,
    "pv_accounts": _pv_accounts,
    "guarantee_profile": _guarantee_profile,
    "guarantee_items": _made("guarantees", "guarantee_items"),
    "near_fails": _made("guarantees", "near_fails"),
    "watch": _made("watch", "watch_list"),
    **accounts.VIEWS,
}
#: tables that a view is made of
SOURCES = {
    "flood_households": ("households", "events", "damages", "relief", "loans"),
    "exits": ("households", "household_years"),
    "pv_accounts": ("pv_months", "distributions"),
    "guarantee_profile": ("households", "guarantees"),
    "guarantee_items": ("households", "persons", "guarantees", "measures"),
    "near_fails": ("households", "persons", "guarantees"),
    "watch": ("households", "persons", "damages", "risks"),
    **accounts.SOURCES,
}
#: columns of a view that stand on other tables than the whole
_NARROWER: dict[str, dict[str, tuple[str, ...]]] = {
    "flood_households": dict.fromkeys(
        ("hit", "members", "hit_members"), ("households", "events", "damages")
    ),
    "villages": {"asset_value": ("villages", "assets")},
    **accounts.NARROWER,
}
#: tables that keep their rows whatever is imported: places, and events that are public
_GIVEN = {"towns", "villages", "events"}


def sources(table: str, columns: Iterable[str] = ()) -> tuple[str, ...]:
    """Tables behind a table or view, or behind these columns of it."""
    whole, own = SOURCES.get(table, (table,)), _NARROWER.get(table, {})
    return tuple({each for column in columns for each in own.get(column, whole)}) or whole


def _income_before(frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> "pd.Series[Any]":
    """Income of the same household a year earlier; NaN where it was not on the register."""
    earlier = frame[["household", "year", "income_per_head"]].assign(year=frame["year"] + 1)
    joined = frame[["household", "year"]].merge(earlier, on=["household", "year"], how="left")
    return joined["income_per_head"].set_axis(frame.index)


def _asset_value(frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> "pd.Series[Any]":
    """Original value of the assets that lie in a village; 0 for none."""
    value = tables["assets"].groupby("village")["original_value"].sum()
    return frame["code"].map(value).fillna(0.0 if len(value) else float("nan"))


#: columns that a metric needs and the rows hold in another form
_DERIVED: dict[str, dict[str, Callable[[pd.DataFrame, Mapping[str, pd.DataFrame]], Any]]] = {
    "damages": {"days": lambda frame, _: (frame["mended_on"] - frame["date"]).dt.days},
    "assets": {"year": lambda frame, _: frame["built_on"].dt.year},
    "guarantees": {
        "met": lambda frame, _: frame["state"].isin(["pass", "exempt"]),
        "known": lambda frame, _: frame["state"] != "unknown",
        "unverified": lambda frame, _: frame["state"] == "unknown",
        "exempted": lambda frame, _: frame["state"] == "exempt",
        "failed": lambda frame, _: frame["state"] == "fail",
    },
    "risks": {
        "watched": lambda frame, _: frame["cleared_on"].isna(),
        "cleared": lambda frame, _: frame["cleared_on"].notna(),
        "watched_members": lambda frame, _: frame["members"].where(frame["cleared_on"].isna(), 0),
    },
    "water_works": {
        "passed": lambda frame, _: frame["quality"].map({"pass": 1.0, "fail": 0.0}),
    },
    "problems": {
        **{
            name: lambda frame, _, name=name: frame[f"{name}_on"].notna()  # type: ignore[misc]
            for name in ("closed", "signed", "rechecked", "reminded")
        },
        "open": lambda frame, _: frame["closed_on"].isna(),
        "on_time": lambda frame, _: frame["closed_on"] <= frame["due_on"],
        "days_to_close": lambda frame, _: (frame["closed_on"] - frame["found_on"]).dt.days,
        "days_to_remind": lambda frame, _: (frame["reminded_on"] - frame["found_on"]).dt.days,
    },
    "loans": {
        state: lambda frame, _, state=state: frame["state"] == state  # type: ignore[misc]
        for state in ("overdue", "repaid")
    },
    "measures": {
        "done": lambda frame, _: frame["done_on"].notna(),
        "proven": lambda frame, _: frame["done_on"].notna() & frame["evidence"].notna(),
    },
    "archives": {
        "scope": lambda frame, _: frame["household"].isna().map({True: "village", False: "home"}),
        "absent": lambda frame, _: frame["missing"].str.count(";").add(1).fillna(0),
        "present": lambda frame, _: frame["required"] - frame["absent"],
        "complete": lambda frame, _: frame["missing"].isna(),
    },
    "household_years": {"income_before": _income_before},
    "villages": {"village": lambda frame, _: frame["code"], "asset_value": _asset_value},
    "towns": {"town": lambda frame, _: frame["code"]},
}
