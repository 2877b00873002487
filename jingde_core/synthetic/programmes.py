"""Entities, links, products, sales, facilities, loans, subsidies and awards, as reported.

Entities are invented and say so in their names. Suppliers are those with certified products.
"""

from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.catalogue import label
from jingde_core.synthetic.draw import Array, Column, Frame, Random, split_count
from jingde_core.synthetic.making import ABLE, ASSUMED, FLOOD, Making, Tables, at_homes

ENTITIES = {"leading_enterprise": 0, "cooperative": 34, "farm": 18, "operator": 9, "park": 4}
TIES = {"orders": 9, "shares": 5, "labour": 4, "services": 4}
#: suppliers by kind of entity: the rest are leading enterprises
OTHER_SUPPLIERS = {"cooperative": 11, "farm": 3}
#: households of 2020 by link; leading enterprises and forestry come from the report
LINKS = {"park": 90, "cooperative": 420, "able_household": 150, "own": 480}
#: entity kinds that stand behind a link
BEHIND = {"enterprise": "leading_enterprise", "park": "park", "cooperative": "cooperative"}
SALES_MONTHS = pd.date_range("2020-01-01", "2020-09-01", freq="MS")
#: sales by month: little in the epidemic's spring, most with the spring tea and autumn goods
SALES_SEASON = np.array([0.09, 0.03, 0.07, 0.17, 0.15, 0.11, 0.10, 0.13, 0.15])
CHANNELS = {"platform": 0.3, "cabinet": 0.04, "pavilion": 0.12, "sales_zone": 0.2, "direct": 0.34}
LOAN_CAP = 50_000
#: thousands of yuan of each loan given after the flood: 300 in all
FLOOD_LOANS = (50, 50, 50, 40, 40, 40, 30)
EARLIER_LOANS = {2018: 64, 2019: 88}
EARLIER_AMOUNTS = {20_000: 0.1, 30_000: 0.2, 40_000: 0.15, 50_000: 0.55}
MONTHS = {12: 0.25, 24: 0.2, 36: 0.55}
MODES = {"own": 0.62, "joint": 0.16, "cooperative": 0.16, "venture": 0.06}
#: one-off transport subsidy in yuan: within the province, outside it, and far
TRANSPORT_STEPS = (300, 500, 800)
#: certificates among those on the register and watched; whose the rest are is not reported
KNOWN_CHRONIC, KNOWN_TWO_DISEASE = 1_100, 48


def make_entities(made: Making) -> Tables:
    """Entities (带贫主体): leading enterprises back at work, cooperatives, farms, others."""
    rng, villages = made.stream("entities"), made["villages"]
    counts = ENTITIES | {"leading_enterprise": made.target["leading_enterprises"]}
    frame = pd.DataFrame({"kind": np.repeat(list(counts), list(counts.values()))})
    number = frame.groupby("kind").cumcount() + 1
    frame["name"] = [
        label(f"synthetic.entity.{kind}", lang="zh", number=f"{n:02d}")
        for kind, n in zip(frame["kind"], number, strict=True)
    ]
    rural = villages["rural_population"]
    frame["village"] = rng.choice(villages["code"], len(frame), p=rural / rural.sum())
    leading = frame["kind"] == "leading_enterprise"
    resumed = pd.Series(rng.days(len(frame), "2020-02-10", "2020-04-08"))
    frame["resumed_on"] = resumed.where(leading)
    rank = rng.random(len(frame)) + leading + 0.6 * (frame["kind"] == "cooperative")
    tied = np.argsort(-np.asarray(rank))[: made.target["alliance_entities"]]
    frame.loc[tied, "alliance_tie"] = rng.codes(TIES, len(tied))
    return made.coded("entities", "E001", frame)


def make_links(made: Making) -> Tables:
    """Links of registered households to an industry (产业带动): forestry 2019, others 2020."""
    rng, homes, entities = made.stream("links"), made.registered(), made["entities"]
    counts = {"enterprise": made.target["enterprise_households"]} | LINKS
    linked = homes.loc[rng.permutation(len(homes))[: sum(counts.values())]]
    mode = np.repeat(list(counts), list(counts.values()))
    links = at_homes(linked, year=2020, mode=mode)
    for name, kind in BEHIND.items():
        pool = entities.loc[entities["kind"] == kind, "id"]
        links.loc[mode == name, "entity"] = _spread(rng, pool, counts[name])
    links["persons"] = 1 + (rng.random(len(links)) < 0.3) * (linked["members"] > 1).to_numpy()
    links["income"] = np.round(rng.lognormal(7.3, 0.5, len(links)), -1)
    parts = [links, _forestry(rng, homes, made)]
    return made.coded("industry_links", "I00001", parts, ["year", "household"])


def _forestry(rng: Random, homes: Frame, made: Making) -> Frame:
    """Forestry links of 2019: households, persons and added income as reported."""
    count, persons = made.target["forestry_households_2019"], made.target["forestry_persons_2019"]
    there = homes[homes["registered_on"] < pd.Timestamp(2020, 1, 1)]
    capped = there["members"].clip(upper=3).to_numpy()
    chosen = rng.pick_with_sum(capped, count, persons)
    weights = capped[chosen] * rng.lognormal(0, 0.35, count)
    income = rng.split_total(made.target["forestry_income_2019"] // 10, weights, minimum=10) * 10.0
    return at_homes(
        there, chosen, year=2019, mode="forestry", persons=capped[chosen], income=income
    )


def make_products(made: Making) -> Tables:
    """Certified products (扶贫产品), all displayed on the platform, over the suppliers."""
    rng, entities = made.stream("products"), made["entities"]
    suppliers: list[str] = []
    kinds = {"leading_enterprise": made.target["suppliers"] - sum(OTHER_SUPPLIERS.values())}
    for kind, number in (kinds | OTHER_SUPPLIERS).items():
        pool = entities.loc[entities["kind"] == kind, "id"]
        suppliers.extend(rng.choice(pool, number, replace=False))
    count = made.target["certified_products"]
    products = pd.DataFrame({"entity": _spread(rng, pd.Series(sorted(suppliers)), count)})
    products["certified_on"] = rng.days(count, "2019-11-01", "2020-08-31")
    products["displayed_on"] = products["certified_on"] + rng.spans(3, 28, count)
    return made.coded("products", "T001", products, ["entity", "certified_on"])


def _spread(rng: Random, pool: Column, count: int) -> Array:
    """``count`` draws from the pool, everyone at least once, some far more often."""
    extra = split_count(count - len(pool), rng.lognormal(0, 0.6, len(pool)))
    return rng.permutation(np.repeat(pool.to_numpy(dtype=object), extra + 1))


def make_sales(made: Making) -> Tables:
    """Sales of the suppliers by month and channel (消费扶贫销售), January to September 2020."""
    rng = made.stream("sales")
    suppliers = made["products"]["entity"].drop_duplicates().to_numpy()
    size = rng.lognormal(0, 0.7, len(suppliers))
    rows = []
    for supplier, weight in zip(suppliers, size, strict=True):
        chosen = rng.pick(list(CHANNELS.values()), int(rng.integers(1, 4)))
        for channel in sorted(np.array(list(CHANNELS))[chosen]):
            share = weight * CHANNELS[channel] * rng.uniform(0.7, 1.3)
            rows += [(supplier, channel, month, share) for month in SALES_MONTHS]
    sales = pd.DataFrame(rows, columns=["entity", "channel", "date", "weight"])
    season = np.tile(SALES_SEASON, len(sales) // len(SALES_MONTHS))
    sales["weight"] *= season * rng.lognormal(0, 0.2, len(sales))
    sales["date"] += pd.Timedelta(days=24)
    shown = rng.choice(suppliers, made.target["fair_entities"], replace=False)
    fair = pd.DataFrame({"entity": shown, "channel": "fair", "date": pd.Timestamp("2020-09-18")})
    fair["weight"] = sales["weight"].mean() * 0.4
    sales = pd.concat([sales, fair]).sort_values(["date", "entity", "channel"], ignore_index=True)
    sales["amount"] = split_count(made.target["consumption_sales"], sales["weight"]).astype(float)
    return made.coded("sales", "Q0001", sales)


def make_facilities(made: Making) -> Tables:
    """Workshops, cabinets, pavilions, sales zones, and clinics with their doctors (设施)."""
    rng, target = made.stream("facilities"), made.target
    villages, entities = made["villages"], made["entities"]
    anywhere, rural = villages["code"], villages.loc[villages["rural_population"] > 0, "code"]
    seat = villages.loc[villages["kind"] == "community", "code"]
    suppliers = made["products"]["entity"].drop_duplicates()
    makers = entities.loc[entities["kind"].isin(["leading_enterprise", "cooperative"]), "id"]
    workers = split_count(target["workshop_workers"], rng.uniform(0.5, 1.5, target["workshops"]))
    poor = split_count(target["workshop_poor_workers"], workers)
    ways = ("recruited", "rehired", "posted")
    staffing = np.repeat(ways, [target[f"village_doctors_{how}"] for how in ways])
    parts = []
    for kind, where, count, start, entity in (
        ("workshop", rural, target["workshops"], "2018-05-01", makers),
        ("cabinet", anywhere, target["smart_cabinets"], "2020-05-01", None),
        ("local_pavilion", seat, target["local_pavilions"], "2020-04-01", None),
        ("enterprise_pavilion", seat, target["enterprise_pavilions"], "2020-04-01", suppliers),
        ("sales_zone", anywhere, target["special_zones"], "2020-04-15", None),
        ("clinic", rural, len(staffing), "2020-03-01", None),
    ):
        # in different villages while there are enough
        place = rng.choice(where, count, replace=count > len(where))
        opened = rng.days(count, start, "2020-08-31")
        part = pd.DataFrame({"kind": kind, "village": place, "opened_on": opened})
        if entity is not None:
            part["entity"] = rng.choice(entity, count, replace=False)
        parts.append(part)
    parts[0] = parts[0].assign(people=workers, registered_people=poor)
    parts[-1] = parts[-1].assign(people=1, staffing=staffing)
    return made.coded("facilities", "K001", parts)


def make_loans(made: Making) -> Tables:
    """Loans (小额信贷) to households of 2020 and before, and to entities."""
    rng, homes, target = made.stream("loans"), made.registered(), made.target
    people = made.residents(homes)
    able = people.loc[people["labour"].isin(ABLE) & people["age"].between(18, 65), "household"]
    homes = homes[homes["id"].isin(able)]
    count, late = target["credit_households"], len(FLOOD_LOANS)
    new = homes.iloc[rng.choice(len(homes), count, replace=False)]
    plain = target["credit_amount"] - sum(FLOOD_LOANS) * 1000
    amount = np.r_[_capped(rng, plain, count - late), np.array(FLOOD_LOANS) * 1000]
    granted = np.r_[
        rng.days(count - late, "2020-01-06", "2020-09-25"),
        rng.days(late, "2020-07-13", "2020-08-28"),
    ]
    event = np.repeat(np.array([None, FLOOD]), [count - late, late])
    parts = [_household_loans(rng, new, amount, granted).assign(state="current", event=event)]
    for year, number in EARLIER_LOANS.items():
        old = homes[homes["registered_on"] < pd.Timestamp(year, 1, 1)]
        old = old.sample(number, random_state=rng)
        amount = rng.chances(EARLIER_AMOUNTS, number)
        granted = rng.days(number, f"{year}-02-01", f"{year}-11-30")
        part = _household_loans(rng, old, amount, granted)
        due = part["granted_on"] + pd.to_timedelta(part["months"] * 30.5, "D")
        parts.append(part.assign(state=np.where(due < "2020-09-30", "repaid", "current")))
    own = pd.concat(parts)
    # a household's new loan pays off the one before: together they would be above the cap
    later = own.groupby("household")["granted_on"].transform("max") > own["granted_on"]
    own["state"] = own["state"].mask(later, "repaid")
    parts = [own, _entity_loans(rng, made)]
    return made.coded("loans", "C0001", parts, ["granted_on", "household"])


def _household_loans(rng: Random, homes: Frame, amount: Array, granted: Array) -> Frame:
    return at_homes(
        homes,
        amount=amount.astype(float),
        granted_on=granted,
        months=rng.chances(MONTHS, len(homes)),
        purpose=rng.chances(ASSUMED["loans"]["purpose"], len(homes)),
        mode=rng.chances(MODES, len(homes)),
    )


def _entity_loans(rng: Random, made: Making) -> Frame:
    """Working capital for entities hit by the epidemic, in tens of thousands."""
    count, entities = made.target["industry_loan_entities"], made["entities"]
    pool = entities[entities["kind"].isin(["leading_enterprise", "cooperative"])]
    chosen = pool.sample(count, random_state=rng)[["id", "village"]]
    tens = split_count(made.target["industry_loans"] // 10_000, rng.uniform(0.4, 1.6, count))
    return chosen.rename(columns={"id": "entity"}).assign(
        amount=tens * 10_000.0,
        granted_on=rng.days(count, "2020-03-01", "2020-06-30"),
        months=12,
        purpose="working_capital",
        state="current",
    )


def _capped(rng: Random, total: int, count: int) -> Array:
    """Loans in whole thousands, most at the cap, that sum to the total."""
    short, rest = divmod(LOAN_CAP * count - total, 1000)
    below = max(short // 13, -(-short // 40))
    if rest or short < 0 or below > count:
        raise ValueError(f"{count} loans of up to {LOAN_CAP} yuan cannot sum to {total}")
    steps = split_count(short // 5, rng.uniform(0.4, 1.6, below)) * 5
    steps[0] += short % 5
    amounts = np.full(count, LOAN_CAP, dtype=np.int64)
    amounts[rng.choice(count, below, replace=False)] -= steps * 1000
    return amounts


def make_subsidies(made: Making) -> Tables:
    """Transport subsidies (补贴), and awards out of the household projects of 2020."""
    rng, homes, projects = made.stream("subsidies"), made.registered(), made["projects"]
    target = made.target
    count = target["industry_projects"]
    second = count // 8
    first = homes.loc[rng.choice(homes.index, count - second, replace=False)]
    chosen = pd.concat([first, first.sample(second, random_state=rng)])
    awarded = projects["id"].str.startswith("P2020") & (projects["reach"] == "household")
    purse = int(projects.loc[awarded & (projects["kind"] == "industry"), "paid"].sum() * 0.97)
    amount = split_count(purse // 50, rng.lognormal(0, 0.45, count)) * 50.0
    date = rng.days(count, "2020-06-15", "2020-09-25")
    own = at_homes(chosen, kind="industry_project", date=date, amount=amount)
    rng = made.stream("transport")
    people = made.residents(homes)
    people = people[people["age"] >= 16]
    within, beyond = (people.index[people["work"] == where] for where in ("province", "outside"))
    low, middle, high = _steps(
        target["transport_subsidy_persons"], target["transport_subsidy"], len(within), len(beyond)
    )
    far = rng.choice(beyond, middle + high, replace=False)
    chosen = people.loc[np.r_[rng.choice(within, low, replace=False), far]]
    transport = chosen[["id", "household", "village"]].rename(columns={"id": "person"})
    transport["date"] = rng.days(len(chosen), "2020-03-10", "2020-06-25")
    transport["amount"] = np.repeat(np.array(TRANSPORT_STEPS, dtype=float), [low, middle, high])
    parts = [transport.assign(kind="transport"), own]
    return made.coded("subsidies", "B00001", parts, ["kind", "date", "household"])


def _steps(persons: int, total: int, within: int, beyond: int) -> tuple[int, int, int]:
    """How many at each step: the split nearest to a quarter within the province."""
    low_step, step, high_step = TRANSPORT_STEPS
    for low in sorted(range(min(within, persons) + 1), key=lambda n: abs(n - persons // 4)):
        rest = total - low * low_step - (persons - low) * step
        high, left = divmod(rest, high_step - step)
        if not left and 0 <= high <= persons - low <= beyond:
            return low, persons - low - high, high
    raise ValueError(f"no {persons} subsidies of {TRANSPORT_STEPS} sum to {total}")


def make_awards(made: Making) -> Tables:
    """Aid to pupils, and certificates of illness (资助与慢性病证)."""
    rng, people, target = made.stream("awards"), made.residents(made.present()), made.target
    pupils = people[(people["in_school"] != "none") & (people["status"] == "registered")]
    aided = pupils.sample(target["aided_students"], random_state=rng)
    weights = aided["in_school"].map(ASSUMED["student_aid"]) * rng.uniform(0.9, 1.1, len(aided))
    aid = split_count(target["student_aid"] // 100, weights) * 100.0
    visited = aided.sample(target["flood_students"], random_state=rng)
    flood_aid = split_count(target["flood_student_aid"] // 100, np.ones(len(visited))) * 100.0
    ill = people[people["health"].isin(["chronic", "serious"])]
    parts = [
        _given(rng, "student_aid", aided, "2020-03-15", "2020-09-20", aid),
        _given(rng, "flood_student_aid", visited, "2020-07-08", "2020-07-28", flood_aid),
    ]
    for kind, known, pool in (
        ("chronic_certificate", KNOWN_CHRONIC, ill),
        ("two_disease_certificate", KNOWN_TWO_DISEASE, ill[ill["age"] >= 40]),
    ):
        holders = pool.sample(min(known, len(pool)), random_state=rng)
        parts.append(_given(rng, kind, holders, "2020-03-01", "2020-09-25"))
        rest = target[f"{kind}s"] - len(holders)
        villages = made["villages"].rename(columns={"code": "village"})
        others = villages.sample(rest, replace=True, weights="population", random_state=rng)
        parts.append(_given(rng, kind, others, "2020-03-01", "2020-09-25"))
    return made.coded("awards", "G00001", parts, ["kind", "date", "village", "person"])


def _given(rng: Random, kind: str, to: Frame, start: str, end: str, amount: Any = np.nan) -> Frame:
    """Awards of a kind to persons of the register, or to a village's others."""
    rows = to.rename(columns={"id": "person"}).reindex(columns=["person", "household", "village"])
    return rows.assign(kind=kind, date=rng.days(len(to), start, end), amount=amount)
