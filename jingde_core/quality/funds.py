"""Funds, projects, assets, leases and payments with what stands before and behind them.

Each frame is one kind of record of the chain fund, project, asset, ledgers, income,
distribution, household, with what a rule or a metric asks of its neighbours. Income of an
asset is the rent received and, of a station, its income less upkeep; a year in which a station
has no month on record is unknown, not zero. What a table that was not given would say is
unknown too. Which ledgers an asset needs is data (``data/required_ledgers.csv``).
"""

from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.place import shipped
from jingde_core.quality.frames import Frames, frame

#: dates of a project in the order in which they have to stand
STEPS = (
    *("proposed_on", "checked_on", "approved_on", "listed_on", "noticed_on", "tendered_on"),
    *("accepted_on", "settled_on"),
)
#: kinds of a distribution that pay a post, and the posts that a station pays
WAGES, PAID_POSTS = ("post_wage", "temporary_wage"), ("pv", "temporary")
FLOWS = ("receivable", "received", "pv_net", "distributed", "upkeep")


def _of(
    keys: "pd.Series[Any]", values: "pd.Series[Any]", none: float = np.nan, *, among: Any = ()
) -> "pd.Series[Any]":
    """Value of each key; ``none`` where there is none among the rows of a table that has rows."""
    found = values.reindex(keys).set_axis(keys.index)
    return found.fillna(none) if len(among) else found


def _given(table: pd.DataFrame) -> float:
    """A factor that leaves a number as it is, or unknown where the table has no row."""
    return 1.0 if len(table) else np.nan


@frame("ledgers_due")
def ledgers_due(frames: Frames) -> pd.DataFrame:
    """Assets with each ledger that their class and state require; ``kept``: 1 with an entry."""
    required = pd.read_csv(shipped("data") / "required_ledgers.csv")
    due = frames.tables["assets"].merge(required, on="asset_class")
    due = due[due["when"].isna() | (due["when"] == due["state"])].reset_index(drop=True)
    entries = frames.tables["ledger_entries"][["asset", "ledger"]]
    kept = pd.MultiIndex.from_frame(due[["id", "ledger"]]).isin(pd.MultiIndex.from_frame(entries))
    known = kept.astype(float) if len(entries) else np.nan
    return due.drop(columns="when").assign(kept=known)


def flows(frames: Frames) -> pd.DataFrame:
    """Money of assets, a row each: asset, date, flow (one of `FLOWS`), amount."""
    station = frames.tables["pv_stations"].set_index("id")["asset"]
    months = frames.tables["pv_months"]
    leases = frames.tables["leases"].rename(columns={"starts_on": "date"})
    paid, ledger = frames.tables["distributions"], frames.tables["ledger_entries"]
    net = months.assign(amount=months["income"] - months["upkeep"], date=months["month"])
    parts = {
        "receivable": leases.assign(amount=leases["receivable"]),
        "received": leases.assign(amount=leases["received"]),
        "pv_net": net.assign(asset=_of(net["station"], station)),
        "distributed": paid.assign(asset=paid["asset"].fillna(_of(paid["station"], station))),
        "upkeep": ledger[ledger["ledger"] == "upkeep"],
    }
    columns = ["asset", "date", "amount"]
    found = pd.concat([part[columns].assign(flow=name) for name, part in parts.items()])
    return found[found["asset"].notna() & found["amount"].notna()].reset_index(drop=True)


@frame("asset_years")
def asset_years(frames: Frames) -> pd.DataFrame:
    """Operating assets in each year from the first with money on record to the present one.

    ``value`` is the original value, ``earned`` what came in, ``distributed_since`` what was
    distributed from the year's first day on; all NaN where a station has no month in the year.
    """
    moved = flows(frames).assign(year=lambda f: f["date"].dt.year)
    assets = _managed(frames).rename(columns={"id": "asset", "original_value": "value"})
    assets = assets[assets["asset_class"] == "operating"].drop(columns=["name", "state"])
    present = frames.as_of.year
    years = range(int(moved["year"].min()) if len(moved) else present, present + 1)
    found = assets.merge(pd.DataFrame({"year": [*years]}), how="cross")
    gone = _entries(frames, "disposal").groupby("asset")["date"].max().dt.year
    last = _of(found["asset"], gone).fillna(present)
    found = found[found["year"].between(found["built_on"].dt.year, last)]
    keys = ["asset", "year"]
    sums = moved.pivot_table("amount", keys, "flow", "sum").reindex(columns=FLOWS)
    found = found.merge(sums.reset_index(), on=keys, how="left").fillna(dict.fromkeys(FLOWS, 0.0))
    found["earned"] = found["received"] + found["pv_net"]
    later = found.sort_values("year", ascending=False).groupby("asset")["distributed"].cumsum()
    found["distributed_since"] = later * _given(frames.tables["distributions"])
    metered = pd.MultiIndex.from_frame(moved.loc[moved["flow"] == "pv_net", keys])
    silent = found["asset"].isin(frames.tables["pv_stations"]["asset"])
    silent &= ~pd.MultiIndex.from_frame(found[keys]).isin(metered)
    found["ended"] = found["year"] < present
    found.loc[silent, ["earned", "pv_net", "distributed", "distributed_since"]] = np.nan
    return found.reset_index(drop=True)


@frame("asset_accounts")
def asset_accounts(frames: Frames) -> pd.DataFrame:
    """Assets with project, manager, age, ledgers, lease, and all that came in and went out."""
    assets = _managed(frames)
    key, value = assets["id"], assets["original_value"]
    projects, entries = frames.tables["projects"], frames.tables["ledger_entries"]
    assets["project_paid"] = _of(assets["project"], projects.set_index("id")["paid"])
    assets["year"] = assets["built_on"].dt.year
    assets["age"] = (frames.as_of - assets["built_on"]).dt.days / 365.25
    owned, sold = _entries(frames, "ownership"), _entries(frames, "disposal")
    parties = owned.groupby("asset")["party"].nunique()
    assets["owners"] = _of(key, parties, 0, among=entries)
    assets["disposed_on"] = _of(key, sold.groupby("asset")["date"].min())
    assets["proceeds"] = _of(key, sold.groupby("asset")["amount"].sum(), 0, among=entries)
    assets["complete"] = _of(key, ledgers_due(frames).groupby("id")["kept"].min())
    leases = frames.tables["leases"]
    assets["unlet"] = ~key.isin(leases.loc[leases["ends_on"] >= frames.as_of, "asset"])
    assets["unlet"] &= len(leases) > 0
    operating, idle = assets["asset_class"] == "operating", assets["state"] == "idle"
    held = assets["owner"].notna() & (assets["owners"] > 0)
    assets["owned_value"] = value.where(held, 0.0)
    assets["operating_value"] = value.where(operating, 0.0)
    assets["idle_value"] = value.where(operating & idle, 0.0)
    assets["disposed_value"] = value.where(assets["state"] == "disposed", 0.0)
    for form in ("fixed", "biological"):
        assets[form] = assets["form"] == form
    sums = flows(frames).pivot_table("amount", "asset", "flow", "sum").reindex(columns=FLOWS)
    metered = key.isin(frames.tables["pv_stations"]["asset"])
    net = _of(key, sums["pv_net"], 0.0, among=frames.tables["pv_months"])
    received = _of(key, sums["received"], 0.0, among=leases)
    assets["earned"] = received + net.where(metered, 0.0)
    paid = frames.tables["distributions"]
    assets["distributed"] = _of(key, sums["distributed"], 0.0, among=paid)
    return assets


@frame("entry_accounts")
def entry_accounts(frames: Frames) -> pd.DataFrame:
    """Ledger entries with what the register says of their asset."""
    gain, assets = ["village", "original_value", "built_on"], frames.tables["assets"]
    found = frames.joined(frames.tables["ledger_entries"], assets, on="asset", gain=gain)
    return found.assign(strange=~found["asset"].isin(assets["id"]) & (len(assets) > 0))


def _managed(frames: Frames) -> pd.DataFrame:
    """Assets with the name of their operator."""
    assets, names = frames.tables["assets"], frames.tables["entities"].set_index("id")["name"]
    return assets.assign(manager=_of(assets["operator"], names))


def _entries(frames: Frames, ledger: str) -> pd.DataFrame:
    return frames.tables["ledger_entries"].query("ledger == @ledger")


@frame("project_accounts")
def project_accounts(frames: Frames) -> pd.DataFrame:
    """Projects with document, year, assets, what is unpaid, and whether their dates stand in order.

    ``in_order`` is 1 or 0; NaN where a step before the latest known one has no date (a tender is
    no step of every project). ``open_years`` counts from the allotment until it is settled.
    """
    gain, assets = ("document_number", "year"), frames.tables["assets"]
    projects = frames.joined(frames.tables["projects"], "funds", on="fund", gain=gain)
    value = assets.groupby("project")["original_value"]
    projects["assets"] = _of(projects["id"], value.size(), 0, among=assets)
    projects["asset_value"] = _of(projects["id"], value.sum(), 0.0, among=assets)
    projects["unpaid"] = projects["budget"] - projects["paid"]
    projects["unpaid_carried"] = projects["unpaid"].where(projects["carried_over"], 0.0)
    open_years = frames.as_of.year - projects["year"]
    projects["open_years"] = open_years.where(projects["settled_on"].isna())
    steps = projects[[*STEPS]]
    latest = steps.max(axis=1)
    ordered = steps.ffill(axis=1).eq(steps.cummax(axis=1).ffill(axis=1)) | steps.isna()
    reached = steps.bfill(axis=1).notna() & steps.isna()
    gaps = reached.drop(columns="tendered_on").any(axis=1) | latest.isna()
    projects["in_order"] = ordered.all(axis=1).astype(float).mask(gaps & ordered.all(axis=1))
    return projects


@frame("distribution_accounts")
def distribution_accounts(frames: Frames) -> pd.DataFrame:
    """Distributions with all that their asset earned, and what was distributed up to the row."""
    paid, station = frames.tables["distributions"], frames.tables["pv_stations"]
    found = paid.sort_values(["date", "id"])
    asset = _of(found["station"], station.set_index("id")["asset"])
    found["asset"] = found["asset"].fillna(asset)
    found["running"] = found.groupby("asset")["amount"].cumsum()
    earned = frames["asset_accounts"].set_index("id")["earned"]
    return found.assign(earned=_of(found["asset"], earned)).sort_index()


@frame("lease_accounts")
def lease_accounts(frames: Frames) -> pd.DataFrame:
    """Leases with the year, the rent still owed, and whether they have ended."""
    leases = frames.tables["leases"].copy()
    leases["year"] = leases["starts_on"].dt.year
    leases["arrears"] = leases["receivable"] - leases["received"]
    leases["ended"] = leases["ends_on"] <= frames.as_of
    return leases


@frame("payments")
def payments(frames: Frames) -> pd.DataFrame:
    """What is paid to persons, a row each: of a post its last day so far, else the day paid."""
    posts = frames.tables["posts"].rename(columns={"wage": "amount"})
    posts["date"] = posts["ends_on"].fillna(frames.as_of)
    paid = {"posts": posts, **{name: frames.tables[name] for name in ("subsidies", "awards")}}
    columns = ["id", "person", "village", "kind", "date", "amount"]
    rows = [part[columns].assign(paid_as=name) for name, part in paid.items()]
    found = pd.concat(rows, ignore_index=True).dropna(subset="person")
    return frames.joined(found, "persons", on="person", gain=["household", "died_on"])


@frame("wage_accounts")
def wage_accounts(frames: Frames) -> pd.DataFrame:
    """Wages paid out of stations, with the posts of the household that got them."""
    paid, posts = frames.tables["distributions"], frames["posts"]
    wages = paid[paid["kind"].isin(WAGES)]
    held = frames.counted("posts", posts, wages["household"])
    return wages.assign(posts=held.astype(float) * _given(frames.tables["persons"]))


@frame("post_accounts")
def post_accounts(frames: Frames) -> pd.DataFrame:
    """Posts with whether the holder has an earlier row, and whether a station's pay lacks."""
    posts, paid = frames["posts"], frames.tables["distributions"]
    homes = paid.loc[paid["kind"].isin(WAGES), "household"]
    silent = posts["kind"].isin(PAID_POSTS) & ~posts["household"].isin(homes)
    silent &= posts["household"].notna()
    return posts.assign(double=posts["person"].duplicated(), unpaid=silent & (len(paid) > 0))


@frame("pv_cumulated")
def pv_cumulated(frames: Frames) -> pd.DataFrame:
    """Stations month by month with income, upkeep and wages from the year's start on.

    ``base`` is income less upkeep; ``share`` is wages over it, NaN where it is 0.
    """
    months, paid = frames.tables["pv_months"], frames.tables["distributions"]
    paid = paid[paid["kind"].isin([*WAGES, "village_works"]) & paid["station"].notna()]
    keys, sums = ["station", "month"], ["income", "upkeep", "wages"]
    wages = paid.rename(columns={"date": "month", "amount": "wages"})
    rows = pd.concat([months[[*keys, "income", "upkeep"]], wages[[*keys, "wages"]]])
    rows["month"] = rows["month"].dt.to_period("M").dt.to_timestamp()
    found = rows.groupby(keys, as_index=False)[sums].sum()
    found[sums] = found.groupby(["station", found["month"].dt.year])[sums].cumsum()
    found["base"] = found["income"] - found["upkeep"]
    found["share"] = (found["wages"] / found["base"]).where((found["base"] != 0) & (len(paid) > 0))
    found["month"] = found["month"].dt.strftime("%Y-%m")
    found = found.sort_values(["month", "station"], ignore_index=True)
    return frames.joined(found, "pv_stations", on="station", gain=["village"])
