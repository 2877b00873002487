"""Assets and their five ledgers.

What a project paid becomes its assets, less what is no asset (design, supervision). Every
asset has an owner and a row in each ledger that its class requires; the model village has a
row in all five. The distribution ledger of an asset and year holds what was shared of its
income, which is the sum of its distributions.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jingde_core.model.catalogue import label
from jingde_core.synthetic.draw import days, split_count, stream
from jingde_core.synthetic.flood import numbered
from jingde_core.synthetic.frames import table

#: the village whose ledgers are the model (Jiangcun)
JIANGCUN = "341825104205"
LEDGER_YEARS = range(2018, 2021)
#: words for what a project builds: class and form
WORDS = {
    "road village": dict.fromkeys(("lane", "farm_road", "bridge", "drain"), ("public", "fixed")),
    "water village": dict.fromkeys(("tank", "pipes", "purifier"), ("public", "fixed")),
    "public village": dict.fromkeys(("square", "lamps", "clinic", "hall"), ("public", "fixed")),
    "environment village": dict.fromkeys(("sewage", "waste", "toilet"), ("public", "fixed")),
    "pv village": {"pv_station": ("operating", "fixed")},
    "housing household": {"home_repair": ("household", "fixed")},
    "industry household": {
        "home_pens": ("household", "fixed"),
        "home_tools": ("household", "fixed"),
        "home_tea": ("household", "biological"),
        "home_stock": ("household", "biological"),
    },
    "industry village": {
        "tea_plant": ("operating", "fixed"),
        "workshop": ("operating", "fixed"),
        "cold_store": ("operating", "fixed"),
        "storehouse": ("operating", "fixed"),
        "tea_garden": ("operating", "biological"),
        "torreya": ("operating", "biological"),
        "polygonatum": ("operating", "biological"),
        "ganoderma": ("operating", "biological"),
        "cooperative_share": ("operating", "equity"),
        "company_share": ("operating", "equity"),
    },
}
#: projects that hand out awards and leave no asset, besides those of 2020
AWARDS_ONLY = 0.3
#: how many assets a project leaves
ASSETS_OF_PROJECT = {1: 0.2, 2: 0.4, 3: 0.4}
OPERATORS = ("operator", "cooperative", "leading_enterprise", "farm")
DISPOSED, IDLE = 5, 2


def make_assets(
    seed: int,
    projects: pd.DataFrame,
    villages: pd.DataFrame,
    entities: pd.DataFrame,
    total: int,
) -> pd.DataFrame:
    """Assets (扶贫资产) of accepted projects, whose original values sum to ``total`` yuan."""
    rng = stream(seed, "assets")
    awards = (projects["kind"] == "industry") & (projects["reach"] == "household")
    awards &= projects["id"].str.startswith("P2020") | (rng.random(len(projects)) < AWARDS_ONLY)
    awards &= projects["village"] != JIANGCUN
    source = projects[projects["accepted_on"].notna() & ~awards].reset_index(drop=True)
    spent = source["paid"].to_numpy().astype(np.int64)
    value = spent - split_count(int(spent.sum()) - total, spent * rng.lognormal(0, 0.3, len(spent)))
    rows = []
    for project, worth in zip(source.to_dict("records"), value.tolist(), strict=True):
        words = WORDS[f"{project['kind']} {project['reach']}"]
        drawn = rng.choice(list(ASSETS_OF_PROJECT), p=list(ASSETS_OF_PROJECT.values()))
        count = min(int(drawn), len(words))
        parts = split_count(worth, rng.uniform(0.5, 1.5, count))
        for word, part in zip(rng.permutation(list(words))[:count], parts, strict=True):
            rows.append((project["id"], project["village"], word, *words[word], float(part)))
    columns = ["project", "village", "word", "asset_class", "form", "original_value"]
    assets = pd.DataFrame(rows, columns=columns)
    accepted = assets["project"].map(source.set_index("id")["accepted_on"])
    assets["built_on"] = accepted + pd.to_timedelta(rng.integers(0, 15, len(assets)), "D")
    assets["name"] = _names(assets, villages)
    assets["owner"] = _owners(rng, assets)
    assets["operator"] = _operators(rng, assets, entities, villages)
    assets["state"] = _states(rng, assets)
    assets = assets.sort_values(["village", "built_on", "project"], ignore_index=True)
    return table("assets", assets.assign(id=numbered("A", 5, len(assets))))


def make_ledger(
    seed: int,
    assets: pd.DataFrame,
    entities: pd.DataFrame,
    shared: pd.DataFrame,
    stations: pd.DataFrame,
) -> pd.DataFrame:
    """Ledger entries (五本台账): every asset has a row in each ledger that its class requires."""
    rng = stream(seed, "ledgers")
    owners = {who: label(f"synthetic.party.{who}", lang="zh") for who in assets["owner"].unique()}
    base = pd.DataFrame({"asset": assets["id"], "value": assets["original_value"]})
    base["owner"] = assets["owner"].map(owners)
    operator = assets["operator"].map(entities.set_index("id")["name"])
    base["operator"] = operator.fillna(base["owner"])
    base["built"], base["kind"] = assets["built_on"], assets["asset_class"]
    entered = base["built"] + pd.to_timedelta(rng.integers(3, 14, len(base)), "D")
    gone = base[(assets["state"] == "disposed").to_numpy()]
    parts = [
        _entries("registration", base, base["owner"], entered, base["value"]),
        _entries("ownership", base, base["owner"], entered + pd.Timedelta(days=5), base["value"]),
        _distribution_ledger(base, shared, stations),
        _entries(
            "disposal",
            gone,
            gone["owner"],
            pd.Series(days(rng, "2020-01-10", "2020-05-20", len(gone)), index=gone.index),
            (gone["value"] * rng.uniform(0.02, 0.15, len(gone))).round(-2),
        ),
    ]
    for year in LEDGER_YEARS:
        kept = base[(base["kind"] != "household") & (base["built"].dt.year <= year)]
        if year == 2020:
            kept = kept.drop(gone.index, errors="ignore")
        date, usual = kept["built"] + pd.Timedelta(days=20), pd.Timestamp(year, 6, 20)
        date = date.where(date > usual, usual)
        cost = (kept["value"] * rng.uniform(0.003, 0.012, len(kept))).round(-1)
        parts.append(_entries("upkeep", kept, kept["operator"], date, cost))
    ledger = pd.concat(parts).sort_values(["asset", "date", "ledger"], ignore_index=True)
    years = ledger["date"].dt.year
    ledger["evidence"] = [
        label("synthetic.evidence", lang="zh", year=year, number=f"{number:04d}")
        for year, number in zip(years, ledger.groupby(years).cumcount() + 1, strict=True)
    ]
    return table("ledger_entries", ledger.assign(id=numbered("L", 6, len(ledger))))


def _entries(
    ledger: str,
    rows: pd.DataFrame,
    party: "pd.Series[str]",
    date: "pd.Series[pd.Timestamp]",
    amount: "pd.Series[float]",
) -> pd.DataFrame:
    return rows[["asset"]].assign(ledger=ledger, party=party, date=date, amount=amount)


def _distribution_ledger(
    base: pd.DataFrame, shared: pd.DataFrame, stations: pd.DataFrame
) -> pd.DataFrame:
    """What was shared of an asset's income, a year; a plan without amount before the first."""
    asset = shared["asset"].fillna(shared["station"].map(stations.set_index("id")["asset"]))
    yearly = shared.groupby([asset.rename("asset"), shared["date"].dt.year.rename("year")])
    rows = yearly.agg(amount=("amount", "sum"), date=("date", "max")).reset_index()
    rows["party"] = rows["asset"].map(base.set_index("asset")["owner"])
    plans = base[(base["kind"] == "operating") & ~base["asset"].isin(rows["asset"])]
    plans = plans[["asset"]].assign(
        party=plans["owner"], date=plans["built"] + pd.Timedelta(20, "D")
    )
    return pd.concat([rows.drop(columns="year").round({"amount": 2}), plans]).assign(
        ledger="distribution"
    )


def _names(assets: pd.DataFrame, villages: pd.DataFrame) -> list[str]:
    """Village and word, numbered from the second of its kind in the village on."""
    village = assets["village"].map(villages.set_index("code")["name"])
    turn = assets.groupby(["village", "word"]).cumcount() + 1
    names = []
    for name, word, number in zip(village, assets["word"], turn, strict=True):
        text = name + label(f"synthetic.asset.{word}", lang="zh")
        numbered_text = label("synthetic.numbered", lang="zh", name=text, number=number)
        names.append(text if number == 1 else numbered_text)
    return names


def _owners(rng: np.random.Generator, assets: pd.DataFrame) -> NDArray[np.str_]:
    public = rng.choice(["village", "town", "county"], len(assets), p=[0.84, 0.12, 0.04])
    owner = np.where(assets["asset_class"] == "public", public, "village")
    return np.where(assets["asset_class"] == "household", "household", owner)


def _operators(
    rng: np.random.Generator, assets: pd.DataFrame, entities: pd.DataFrame, villages: pd.DataFrame
) -> list[str | None]:
    """An entity for every operating asset, of the same town where there is one."""
    town = villages.set_index("code")["town"]
    pool = entities[entities["kind"].isin(OPERATORS)]
    seats = pool["village"].map(town)
    operators: list[str | None] = []
    for village, kind in zip(assets["village"], assets["asset_class"], strict=True):
        near = pool.loc[seats == town[village], "id"]
        choice = rng.choice(near if len(near) else pool["id"])
        operators.append(choice if kind == "operating" else None)
    return operators


def _states(rng: np.random.Generator, assets: pd.DataFrame) -> "pd.Series[str]":
    """In use or leased; a few disposed, one of them in the model village, and a few idle."""
    operating = assets["asset_class"] == "operating"
    leased = operating & (assets["form"] != "equity") & (assets["word"] != "pv_station")
    state = pd.Series(np.where(leased, "leased", "in_use"), index=assets.index, dtype="str")
    old = assets["built_on"].dt.year <= 2016
    model = assets.index[operating & old & (assets["village"] == JIANGCUN)][:1]
    others = assets.index[~operating & old & (assets["village"] != JIANGCUN)]
    state[model.append(pd.Index(rng.choice(others, DISPOSED - len(model), replace=False)))] = (
        "disposed"
    )
    unused = assets.index[leased & (assets["built_on"].dt.year == 2017)]
    state[rng.choice(unused, IDLE, replace=False)] = "idle"
    return state
