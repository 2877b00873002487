"""Funds, projects and the assets that they pay for; what assets bring in, and the five ledgers.

The allotments and projects of 2020 are the report's; those of the years before are invented
so that the reported assets have projects which paid for them. What a project paid becomes its
assets, less what is no asset (design, supervision). Income is what leases bring and what stations
earn net of upkeep. Dividends and awards to households and the collective's part stay within it;
what is left is kept for upkeep. Every asset has an owner and a row in each ledger that its class
requires; the model village has a row in all five. The distribution ledger of an asset and year
holds the sum of its distributions.
"""

from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.catalogue import label
from jingde_core.synthetic.draw import Column, Frame, Random, split_count
from jingde_core.synthetic.making import ASSUMED, FLOOD_DAYS, Making, Tables, numbered
from jingde_core.synthetic.register import JIANGCUN, LUXI

#: ten thousands of yuan, and projects, of the years before the report's
ALLOTTED = {2014: 630, 2015: 850, 2016: 1_280, 2017: 1_600, 2018: 1_760, 2019: 1_890}
PROJECTS = {2014: 14, 2015: 18, 2016: 24, 2017: 28, 2018: 30, 2019: 32}
SOURCES = {"central": 0.5, "province": 0.27, "city": 0.08, "county": 0.15}
#: ten thousands of yuan a kilowatt
PV_COST = 0.75
#: projects of the model village by year, so that its ledgers show every kind of asset
MODEL_PROJECTS = dict.fromkeys((2016, 2018), "industry village")
MODEL_PROJECTS |= {2015: "road village", 2017: "public village", 2019: "industry household"}
UNSETTLED, UNACCEPTED = 8, 6
#: yuan above which a project is put out to tender
TENDER = 600_000
#: what the repair of the projects cost; the other part of the repair funds is the water works'
REPAIR_COST = 1_150_000
OUTDOORS = ["road", "water", "industry", "environment"]
LEDGER_YEARS = range(2018, 2021)
#: projects that hand out awards and leave no asset, besides those of 2020
AWARDS_ONLY = 0.3
#: how many assets a project leaves
ASSETS_OF_PROJECT = {1: 0.2, 2: 0.4, 3: 0.4}
OWNERS = {"village": 0.84, "town": 0.12, "county": 0.04}
OPERATORS = ("operator", "cooperative", "leading_enterprise", "farm")
DISPOSED, IDLE = 5, 2
#: tickets of the tea garden that Luxi lets to an operator; no other lease is its own
TICKET_SHARE = 18_000.0
#: other sources of the collective: share of villages, median yuan
OTHER_SOURCES = {"service": (0.6, 18_000), "forestry": (0.45, 12_000)}


def make_funds(made: Making) -> Tables:
    """Allotments by year and source (资金); those of 2020 are the report's."""
    rows = []
    for year, tens in (ALLOTTED | {2020: made.target["project_funds"] // 10_000}).items():
        shares = split_count(tens, list(SOURCES.values())) * 10_000.0
        for number, (source, amount) in enumerate(zip(SOURCES, shares, strict=True), 1):
            document = label("synthetic.document", lang="zh", year=year, number=f"{number:02d}")
            rows.append((f"F{year}-{number:02d}", source, document, year, amount))
    columns = ["id", "source", "document_number", "year", "allotted"]
    return made.table("funds", pd.DataFrame(rows, columns=columns))


def make_projects(made: Making) -> Tables:
    """Projects (项目) by year: stations as planned, others by the poor households of a village."""
    rng, plan = made.stream("projects"), made["plan"]
    villages = made["villages"].set_index("code")
    weight = made.registered()["village"].value_counts().sort_index().astype(float)
    weight *= 1 + 0.6 * villages["poor_2014"].loc[weight.index]
    parts = []
    for year, count in (PROJECTS | {2020: made.target["projects"]}).items():
        pv = plan[plan["year"] == year]
        part = pd.DataFrame({"village": pv["village"], "weight": pv["capacity"] * PV_COST})
        part = part.assign(kind="pv", reach="village")
        rest = _village_projects(rng, year, count - len(pv), weight, villages["town"])
        part = pd.concat([part, rest], ignore_index=True)
        allotted = made["funds"].query("year == @year").set_index("id")["allotted"]
        part["fund"] = rng.codes(allotted.to_dict(), count)
        part["budget"] = 0.0
        for fund in part["fund"].unique():
            mine, thousands = part["fund"] == fund, round(allotted[fund] / 1000)
            part.loc[mine, "budget"] = split_count(thousands, part.loc[mine, "weight"]) * 1000.0
        part = part.sort_values(["fund", "village", "kind"], ignore_index=True)
        parts.append(part.assign(year=year, id=numbered(f"P{year}-001", count)))
    projects = _dated(rng, pd.concat(parts, ignore_index=True))
    # settled projects are paid in full; what 2020 has not paid lies with the unsettled
    projects["paid"] = projects["budget"]
    unsettled = projects.index[projects["settled_on"].isna()]
    current = projects.loc[projects["year"] == 2020, "budget"].sum()
    unpaid = round(current * (1 - made.share("expenditure_progress")) / 100)
    weights = projects.loc[unsettled, "budget"] * rng.uniform(0.7, 1.3, len(unsettled))
    projects.loc[unsettled, "paid"] -= split_count(unpaid, weights) * 100.0
    settled, since = projects["settled_on"].dt.year, projects["year"]
    projects["carried_over"] = (settled > since) | (settled.isna() & (since < 2020))
    return made.table("projects", _flooded(rng, projects, made.target["flood_projects"]))


def _village_projects(rng: Random, year: int, count: int, weight: Column, town: Column) -> Frame:
    """Projects other than PV; in 2020 every town has one household project of industry."""
    assumed = ASSUMED["projects"]["kinds"]
    towns = town.reindex(weight.index).to_numpy()
    seats = weight.groupby(towns).idxmax().tolist() if year == 2020 else []
    shares = {kind: share for kind, (share, _) in assumed.items()}
    if seats:
        del shares["industry household"]
    kind = rng.codes(shares, count - len(seats))
    places = rng.choice(weight.index, len(kind), p=weight / weight.sum())
    industry = kind == "industry village"
    elsewhere = weight.drop(LUXI, errors="ignore")
    places[industry] = rng.choice(elsewhere.index, industry.sum(), p=elsewhere / elsewhere.sum())
    if year in MODEL_PROJECTS:
        places[np.flatnonzero(kind == MODEL_PROJECTS[year])[0]] = JIANGCUN
    kind = np.r_[kind, ["industry household"] * len(seats)]
    frame = pd.DataFrame({"village": [*places, *seats]})
    frame[["kind", "reach"]] = [name.split() for name in kind]
    medians = np.array([assumed[name][1] for name in kind])
    return frame.assign(weight=medians * rng.lognormal(0, 0.35, len(frame)))


def _dated(rng: Random, projects: Frame) -> Frame:
    """Listed, noticed, tendered, accepted and settled in order; 2020 by September at the latest."""
    count, now = len(projects), (projects["year"] == 2020).to_numpy()
    first = pd.to_datetime(projects["year"].astype(str) + "-01-05").astype("datetime64[us]")
    projects["listed_on"] = first + rng.spans(0, 80, count)
    projects["noticed_on"] = projects["listed_on"] + rng.spans(7, 20, count)
    tender = (projects["budget"] >= TENDER) & (projects["reach"] == "village")
    projects["tendered_on"] = (projects["noticed_on"] + rng.spans(12, 30, count)).where(tender)
    projects["accepted_on"] = projects["noticed_on"] + rng.spans(50, np.where(now, 130, 320), count)
    projects["settled_on"] = projects["accepted_on"] + rng.spans(7, np.where(now, 28, 50), count)
    waiting = projects.index[now & (projects["reach"] == "village")]
    waiting = waiting[np.argsort(-projects.loc[waiting, "accepted_on"].to_numpy(dtype=np.int64))]
    projects.loc[waiting[:UNSETTLED], "settled_on"] = pd.NaT
    projects.loc[waiting[:UNACCEPTED], "accepted_on"] = pd.NaT
    return projects


def _flooded(rng: Random, projects: Frame, count: int) -> Frame:
    """Damaged projects, one a village at most, among what stood in the open before the flood."""
    standing = projects["accepted_on"] < pd.Timestamp(FLOOD_DAYS[0])
    standing &= projects["kind"].isin(OUTDOORS) & (projects["reach"] == "village")
    drawn = projects[standing].sample(frac=1, random_state=rng)
    hit = drawn.drop_duplicates("village").index[:count].sort_values()
    weights = projects.loc[hit, "budget"] ** 0.5 * rng.uniform(0.5, 1.5, count)
    cost = pd.Series(split_count(REPAIR_COST // 100, weights) * 100.0, index=hit)
    projects["flood_damaged"], projects["repair_cost"] = projects.index.isin(hit), cost
    return projects


def make_assets(made: Making) -> Tables:
    """Assets (扶贫资产) of accepted projects, whose original values sum to the report's."""
    rng, projects = made.stream("assets"), made["projects"]
    awards = (projects["kind"] == "industry") & (projects["reach"] == "household")
    awards &= projects["id"].str.startswith("P2020") | (rng.random(len(projects)) < AWARDS_ONLY)
    awards &= projects["village"] != JIANGCUN
    source = projects[projects["accepted_on"].notna() & ~awards].reset_index(drop=True)
    spent = source["paid"].to_numpy().astype(np.int64)
    value = spent - split_count(
        int(spent.sum()) - made.target["assets_total"], spent * rng.lognormal(0, 0.3, len(spent))
    )
    rows = []
    for project, worth in zip(source.itertuples(), value.tolist(), strict=True):
        built = ASSUMED["assets"][f"{project.kind} {project.reach}"]
        words = {word: sort.split() for sort, each in built.items() for word in each}
        count = min(rng.chances(ASSETS_OF_PROJECT, 1)[0], len(words))
        parts = split_count(worth, rng.uniform(0.5, 1.5, count))
        for word, part in zip(rng.permutation(list(words))[:count], parts, strict=True):
            rows.append((project.id, project.village, word, *words[word], float(part)))
    columns = ["project", "village", "word", "asset_class", "form", "original_value"]
    assets = pd.DataFrame(rows, columns=columns)
    accepted = assets["project"].map(source.set_index("id")["accepted_on"])
    assets["built_on"] = accepted + rng.spans(0, 15, len(assets))
    assets["name"] = _names(assets, made["villages"])
    kind = assets["asset_class"]
    owner = np.where(kind == "public", rng.chances(OWNERS, len(assets)), "village")
    assets["owner"] = np.where(kind == "household", "household", owner)
    assets["operator"] = _operators(rng, assets, made)
    assets["state"] = _states(rng, assets)
    return made.coded("assets", "A00001", assets, ["village", "built_on", "project"])


def make_ledger(made: Making) -> Tables:
    """Ledger entries (五本台账): every asset has a row in each ledger that its class requires."""
    rng, assets = made.stream("ledgers"), made["assets"]
    owner = assets["owner"].map(lambda who: label(f"synthetic.party.{who}", lang="zh"))
    operator = assets["operator"].map(made["entities"].set_index("id")["name"]).fillna(owner)
    value, built = assets["original_value"], assets["built_on"]
    base = pd.DataFrame({"asset": assets["id"], "party": owner})
    entered = base.assign(date=built + rng.spans(3, 14, len(base)), amount=value)
    gone = base[assets["state"] == "disposed"]
    sold_on = rng.days(len(gone), "2020-01-10", "2020-05-20")
    proceeds = (value[gone.index] * rng.uniform(0.02, 0.15, len(gone))).round(-2)
    parts = [
        entered.assign(ledger="registration"),
        entered.assign(ledger="ownership", date=entered["date"] + pd.Timedelta(days=5)),
        _distribution_ledger(base, made),
        gone.assign(ledger="disposal", date=sold_on, amount=proceeds),
    ]
    for year in LEDGER_YEARS:
        rows = (assets["asset_class"] != "household") & (built.dt.year <= year)
        kept = base[rows & ~(base.index.isin(gone.index) & (year == 2020))].index
        date = (built[kept] + pd.Timedelta(days=20)).clip(lower=pd.Timestamp(year, 6, 20))
        cost = (value[kept] * rng.uniform(0.003, 0.012, len(kept))).round(-1)
        rows = base.loc[kept].assign(ledger="upkeep", party=operator)
        parts.append(rows.assign(date=date, amount=cost))
    ledger = pd.concat(parts).sort_values(["asset", "date", "ledger"], ignore_index=True)
    years = ledger["date"].dt.year
    ledger["evidence"] = [
        label("synthetic.evidence", lang="zh", year=year, number=f"{number:04d}")
        for year, number in zip(years, ledger.groupby(years).cumcount() + 1, strict=True)
    ]
    return made.coded("ledger_entries", "L000001", ledger)


def _distribution_ledger(base: Frame, made: Making) -> Frame:
    """What was shared of an asset's income, a year; a plan without amount before the first."""
    shared, assets = made["distributions"], made["assets"]
    station = shared["station"].map(made["pv_stations"].set_index("id")["asset"])
    asset = shared["asset"].fillna(station).rename("asset")
    yearly = shared.groupby([asset, shared["date"].dt.year.rename("year")])
    rows = yearly.agg(amount=("amount", "sum"), date=("date", "max")).reset_index()
    rows = rows.round({"amount": 2}).merge(base, on="asset")
    plans = base[(assets["asset_class"] == "operating") & ~base["asset"].isin(rows["asset"])]
    plans = plans.assign(date=assets["built_on"][plans.index] + pd.Timedelta(days=20))
    return pd.concat([rows, plans]).assign(ledger="distribution")


def _names(assets: Frame, villages: Frame) -> list[str]:
    """Village and word, numbered from the second of its kind in the village on."""
    village = assets["village"].map(villages.set_index("code")["name"])
    turn = assets.groupby(["village", "word"]).cumcount() + 1
    text = village + assets["word"].map(lambda word: label(f"synthetic.asset.{word}", lang="zh"))
    return [
        name if number == 1 else label("synthetic.numbered", lang="zh", name=name, number=number)
        for name, number in zip(text, turn, strict=True)
    ]


def _operators(rng: Random, assets: Frame, made: Making) -> list[str | None]:
    """An entity for every operating asset, of the same town where there is one."""
    town = made["villages"].set_index("code")["town"]
    pool = made["entities"][made["entities"]["kind"].isin(OPERATORS)]
    seats = pool["village"].map(town)
    operators: list[str | None] = []
    for village, kind in zip(assets["village"], assets["asset_class"], strict=True):
        near = pool.loc[seats == town[village], "id"]
        choice = rng.choice(near if len(near) else pool["id"])
        operators.append(choice if kind == "operating" else None)
    return operators


def _states(rng: Random, assets: Frame) -> Column:
    """In use or leased; a few disposed, one of them in the model village, and a few idle."""
    operating = assets["asset_class"] == "operating"
    leased = operating & (assets["form"] != "equity") & (assets["word"] != "pv_station")
    state = pd.Series(np.where(leased, "leased", "in_use"), index=assets.index, dtype="str")
    old, model = assets["built_on"].dt.year <= 2016, assets["village"] == JIANGCUN
    first = assets.index[operating & old & model][:1]
    others = assets.index[~operating & old & ~model]
    state[first] = "disposed"
    state[rng.choice(others, DISPOSED - len(first), replace=False)] = "disposed"
    unused = assets.index[leased & (assets["built_on"].dt.year == 2017)]
    state[rng.choice(unused, IDLE, replace=False)] = "idle"
    return state


def make_leases(made: Making) -> Tables:
    """Leases (租赁), one a contract and year: operating assets, and Luxi's tea garden."""
    rng, assets, entities = made.stream("leases"), made["assets"], made["entities"]
    let = assets[
        (assets["asset_class"] == "operating") & ~assets["id"].isin(made["pv_stations"]["asset"])
    ]
    rent = (let["original_value"] * rng.uniform(0.045, 0.075, len(let))).round(-2)
    parts = []
    for year in LEDGER_YEARS:
        first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
        start = let["built_on"] + pd.Timedelta(days=10)
        start = start.where(start > first, first)
        over = (let["state"] == "disposed") & (year == 2020)
        over |= (let["state"] == "idle") & (year > 2018)
        due = (rent * (((last - start).dt.days + 1) / ((last - first).days + 1))).round(-2)
        half = (year == 2020) & (
            (rng.random(len(let)) < 0.15) | (start >= pd.Timestamp(2020, 7, 1))
        )
        part = let[["village"]].assign(
            asset=let["id"],
            entity=let["operator"],
            starts_on=start,
            ends_on=last,
            receivable=due,
            received=np.where(half, (due / 2).round(-1), due),
        )
        parts.append(part[(start <= min(last, pd.Timestamp(2020, 9, 30))) & ~over])
    garden = {
        "village": LUXI,
        "entity": entities.loc[entities["kind"] == "operator", "id"].iloc[0],
        "starts_on": pd.Timestamp(2020, 1, 1),
        "ends_on": pd.Timestamp(2020, 12, 31),
        "receivable": float(made.target["luxi_income"]),
        "received": float(made.target["luxi_income"]),
    }
    parts.append(pd.DataFrame([garden]))
    return made.coded("leases", "R001", parts, ["starts_on", "village", "asset"])


def _station_net(made: Making) -> Column:
    """Income less upkeep by station, yuan over the months kept."""
    months = made["pv_months"]
    return (months["income"] - months["upkeep"]).groupby(months["station"]).sum()


def make_distributions(made: Making) -> Tables:
    """Distributions (收益分配): PV wages, dividends, awards, the collective's part.

    What households get in 2020 is within their property income of the year.
    """
    rng, leases, wages = made.stream("distributions"), made["leases"], made["wages"]
    homes = made.registered().set_index("id")
    purse, since = homes["property"].fillna(0.0).to_dict(), homes["registered_on"].dt.year
    rows: list[dict[str, Any]] = []
    for lease in leases[leases["asset"].notna() & (leases["received"] > 0)].to_dict("records"):
        received, year = lease["received"], lease["starts_on"].year
        day = pd.Timestamp(year, 9, 1) + pd.Timedelta(days=int(rng.integers(0, 28)))
        if lease["starts_on"] > day:
            continue
        here = homes.index[(homes["village"] == lease["village"]) & (since <= year)].tolist()
        chosen = rng.permutation(here)[: rng.integers(3, 11)]
        tens = int(received * rng.uniform(0.1, 0.2)) // 10
        amounts = split_count(tens if len(chosen) else 0, rng.uniform(0.6, 1.4, len(chosen))) * 10
        kind = "award" if rng.random() < 0.1 else "dividend"
        base = {"asset": lease["asset"], "village": lease["village"], "date": day}
        for household, amount in zip(chosen, amounts, strict=True):
            if year == 2020:
                amount = min(int(amount), int(purse[household] // 10 * 10))
                purse[household] -= amount
            if amount:
                rows.append({**base, "household": household, "amount": float(amount), "kind": kind})
        kept = round(received * rng.uniform(0.45, 0.6), -1)
        rows.append({**base, "amount": kept, "kind": "collective"})
    left = _station_net(made) - wages.groupby("station")["amount"].sum()
    rest = made["pv_stations"][["village", "id"]].rename(columns={"id": "station"})
    rest["amount"] = np.floor(rest["station"].map(left) * 0.9 / 100) * 100
    rest = rest.assign(date=pd.Timestamp("2020-09-28"), kind="collective")
    order = ["date", "asset", "station", "household"]
    return made.coded("distributions", "D000001", [wages, rest, pd.DataFrame(rows)], order)


def make_collective_income(made: Making) -> Tables:
    """Village collective income (村集体收入) by year and source; rents and PV from their rows."""
    rng, leases, stations = made.stream("collective"), made["leases"], made["pv_stations"]
    equity = leases["asset"].map(made["assets"].set_index("id")["form"]) == "equity"
    rents = leases[["village"]].assign(
        year=leases["starts_on"].dt.year,
        source=np.where(equity, "share", "lease"),
        amount=leases["received"],
    )
    net, villages = _station_net(made), made["villages"]
    rural = villages.loc[villages["rural_population"] > 0, ["code"]].set_axis(["village"], axis=1)
    parts = [rents]
    for year in LEDGER_YEARS:
        running = stations[stations["connected_on"].dt.year < year]
        times = 1.0 if year == 2020 else rng.uniform(1.15, 1.3, len(running))
        earned = (running["id"].map(net) * times).round(2)
        parts.append(running[["village"]].assign(year=year, source="pv", amount=earned))
        for source, (share, median) in OTHER_SOURCES.items():
            some = rural[rng.random(len(rural)) < share]
            amount = np.round(median * rng.lognormal(0, 0.5, len(some)), -2)
            parts.append(some.assign(year=year, source=source, amount=amount))
    tickets = {"village": LUXI, "year": 2020, "source": "share", "amount": TICKET_SHARE}
    keys = ["village", "year", "source"]
    income = pd.concat([*parts, pd.DataFrame([tickets])]).groupby(keys)["amount"].sum().round(2)
    return made.table("collective_income", income.reset_index())
