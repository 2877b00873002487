"""What assets bring in and who gets it: leases, distributions, village collective income.

Income is what leases bring and what stations earn net of upkeep. Dividends and awards to
households and the collective's part stay within it; what is left is kept for upkeep.
"""

import numpy as np
import pandas as pd

from jingde_core.synthetic.assets import LEDGER_YEARS
from jingde_core.synthetic.draw import split_count, stream
from jingde_core.synthetic.flood import numbered
from jingde_core.synthetic.frames import table

#: the village that lets its tea garden to an operator (Luxi); no other lease is its own
LUXI = "341825102200"
TICKET_SHARE = 18_000.0
SECOND_HALF = pd.Timestamp("2020-07-01")
TODAY = pd.Timestamp("2020-09-30")
#: other sources of the collective: share of villages, median yuan
OTHER_SOURCES = {"service": (0.6, 18_000), "forestry": (0.45, 12_000)}


def make_leases(
    seed: int, assets: pd.DataFrame, entities: pd.DataFrame, guaranteed: int
) -> pd.DataFrame:
    """Leases (租赁), one a contract and year: operating assets, and Luxi's tea garden."""
    rng = stream(seed, "leases")
    let = assets[assets["asset_class"] == "operating"]
    rent = (let["original_value"] * rng.uniform(0.045, 0.075, len(let))).round(-2)
    parts = []
    for year in LEDGER_YEARS:
        first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
        ready = let["built_on"] + pd.Timedelta(days=10)
        start = ready.where(ready > first, first)
        running = (start <= min(last, TODAY)) & ~(
            (let["state"] == "disposed") & (year == 2020) | (let["state"] == "idle") & (year > 2018)
        )
        share = ((last - start).dt.days + 1) / ((last - first).days + 1)
        due = (rent * share).round(-2)
        half = (year == 2020) & ((rng.random(len(let)) < 0.15) | (start >= SECOND_HALF))
        part = let[["village"]].assign(
            asset=let["id"],
            entity=let["operator"],
            starts_on=start,
            ends_on=last,
            receivable=due,
            received=np.where(half, (due / 2).round(-1), due),
        )
        parts.append(part[running])
    garden = {
        "village": LUXI,
        "entity": entities.loc[entities["kind"] == "operator", "id"].iloc[0],
        "starts_on": pd.Timestamp(2020, 1, 1),
        "ends_on": pd.Timestamp(2020, 12, 31),
        "receivable": float(guaranteed),
        "received": float(guaranteed),
    }
    leases = pd.concat([*parts, pd.DataFrame([garden])])
    leases = leases.sort_values(["starts_on", "village", "asset"], ignore_index=True)
    return table("leases", leases.assign(id=numbered("R", 3, len(leases))))


def share_income(
    seed: int,
    assets: pd.DataFrame,
    homes: pd.DataFrame,
    leases: pd.DataFrame,
    stations: pd.DataFrame,
    months: pd.DataFrame,
    wages: pd.DataFrame,
) -> pd.DataFrame:
    """Distributions (收益分配): PV wages, dividends, awards, the collective's part.

    What households get in 2020 is within their property income of the year.
    """
    rng = stream(seed, "distributions")
    purse = homes.set_index("id")["property"].fillna(0.0).to_dict()
    since = homes.set_index("id")["registered_on"]
    of_village = {code: group.tolist() for code, group in homes.groupby("village")["id"]}
    rows: list[dict[str, object]] = []
    for lease in leases[leases["asset"].notna() & (leases["received"] > 0)].to_dict("records"):
        year = lease["starts_on"].year
        day = pd.Timestamp(year, 9, 1) + pd.Timedelta(days=int(rng.integers(0, 28)))
        if lease["starts_on"] > day:
            continue
        here = [h for h in of_village.get(lease["village"], []) if since[h].year <= year]
        chosen = rng.permutation(here)[: rng.integers(3, 11)]
        tens = int(lease["received"] * rng.uniform(0.1, 0.2)) // 10
        amounts = split_count(tens if len(chosen) else 0, rng.uniform(0.6, 1.4, len(chosen))) * 10
        kind = "award" if rng.random() < 0.1 else "dividend"
        base = {"asset": lease["asset"], "village": lease["village"], "date": day}
        for household, amount in zip(chosen, amounts, strict=True):
            if year == 2020:
                amount = min(int(amount), int(purse[household] // 10 * 10))
                purse[household] -= amount
            if amount:
                rows.append({**base, "household": household, "amount": float(amount), "kind": kind})
        kept = round(lease["received"] * rng.uniform(0.45, 0.6), -1)
        rows.append({**base, "amount": kept, "kind": "collective"})
    net = months["income"] - months["upkeep"]
    left = net.groupby(months["station"]).sum() - wages.groupby("station")["amount"].sum()
    rest = stations[["village"]].assign(
        station=stations["id"],
        date=pd.Timestamp("2020-09-28"),
        amount=np.floor(stations["id"].map(left) * 0.9 / 100) * 100,
        kind="collective",
    )
    shared = pd.concat([wages, rest, pd.DataFrame(rows)])
    shared = shared.sort_values(["date", "asset", "station", "household"], ignore_index=True)
    return table("distributions", shared.assign(id=numbered("D", 6, len(shared))))


def make_collective_income(
    seed: int,
    villages: pd.DataFrame,
    assets: pd.DataFrame,
    leases: pd.DataFrame,
    stations: pd.DataFrame,
    months: pd.DataFrame,
) -> pd.DataFrame:
    """Village collective income (村集体收入) by year and source; rents and PV from their rows."""
    rng = stream(seed, "collective")
    equity = leases["asset"].map(assets.set_index("id")["form"]) == "equity"
    rents = leases[["village"]].assign(
        year=leases["starts_on"].dt.year,
        source=np.where(equity, "share", "lease"),
        amount=leases["received"],
    )
    net = (months["income"] - months["upkeep"]).groupby(months["station"]).sum()
    rural = villages.loc[villages["rural_population"] > 0, ["code"]].set_axis(["village"], axis=1)
    parts = [rents]
    for year in LEDGER_YEARS:
        running = stations[stations["connected_on"].dt.year < year]
        earned = running["id"].map(net) * (
            1.0 if year == 2020 else rng.uniform(1.15, 1.3, len(running))
        )
        parts.append(running[["village"]].assign(year=year, source="pv", amount=earned.round(2)))
        for source, (share, median) in OTHER_SOURCES.items():
            some = rural[rng.random(len(rural)) < share]
            amount = np.round(median * rng.lognormal(0, 0.5, len(some)), -2)
            parts.append(some.assign(year=year, source=source, amount=amount))
    tickets = {"village": LUXI, "year": 2020, "source": "share", "amount": TICKET_SHARE}
    parts.append(pd.DataFrame([tickets]))
    keys = ["village", "year", "source"]
    income = pd.concat(parts).groupby(keys)["amount"].sum().round(2)
    return table("collective_income", income.reset_index())
