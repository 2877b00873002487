"""Entities that work with households, the households' links to them, products, sales, places.

Entities are invented and say so in their names. Suppliers are those with certified products.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from jingde_core.model.catalogue import label
from jingde_core.synthetic.draw import codes, days, pick_with_sum, split_count, split_total, stream
from jingde_core.synthetic.flood import numbered, present
from jingde_core.synthetic.frames import table

KINDS = {"leading_enterprise": 0, "cooperative": 34, "farm": 18, "operator": 9, "park": 4}
TIES = ("orders", "shares", "labour", "services")
#: (kinds of entity, suppliers among them): the rest of the suppliers are leading enterprises
OTHER_SUPPLIERS = {"cooperative": 11, "farm": 3}
#: households of 2020 by link; leading enterprises and forestry come from the report
LINKS = {"park": 90, "cooperative": 420, "able_household": 150, "own": 480}
#: entity kinds that stand behind a link
BEHIND = {"enterprise": "leading_enterprise", "park": "park", "cooperative": "cooperative"}
MONTHS = pd.date_range("2020-01-01", "2020-09-01", freq="MS")
#: sales by month: little in the epidemic's spring, most with the spring tea and autumn goods
SALES_SEASON = np.array([0.09, 0.03, 0.07, 0.17, 0.15, 0.11, 0.10, 0.13, 0.15])
CHANNELS = {"platform": 0.3, "cabinet": 0.04, "pavilion": 0.12, "sales_zone": 0.2, "direct": 0.34}
FAIR_DAY = pd.Timestamp("2020-09-18")


def make_entities(seed: int, villages: pd.DataFrame, target: dict[str, int]) -> pd.DataFrame:
    """Entities (带贫主体): leading enterprises back at work, cooperatives, farms, others."""
    rng = stream(seed, "entities")
    counts = KINDS | {"leading_enterprise": target["leading_enterprises"]}
    kind = np.repeat(list(counts), list(counts.values()))
    number = np.concatenate([np.arange(1, count + 1) for count in counts.values()])
    frame = pd.DataFrame({"kind": kind})
    frame["name"] = [
        label(f"synthetic.entity.{k}", lang="zh", number=f"{n:02d}")
        for k, n in zip(kind, number, strict=True)
    ]
    rural = villages[villages["rural_population"] > 0]
    frame["village"] = rng.choice(rural["code"], len(frame), p=_share(rural["rural_population"]))
    leading = (frame["kind"] == "leading_enterprise").to_numpy()
    frame["resumed_on"] = pd.Series(days(rng, "2020-02-10", "2020-04-08", len(frame))).where(
        leading
    )
    rank = rng.random(len(frame)) + leading + 0.6 * (frame["kind"] == "cooperative").to_numpy()
    tied = np.argsort(-rank)[: target["alliance_entities"]]
    frame.loc[tied, "alliance_tie"] = codes(rng, TIES, (9, 5, 4, 4), len(tied))
    return table("entities", frame.assign(id=numbered("E", 3, len(frame))))


def make_links(
    seed: int, register: dict[str, pd.DataFrame], entities: pd.DataFrame, target: dict[str, int]
) -> pd.DataFrame:
    """Links of registered households to an industry (产业带动): forestry 2019, others 2020."""
    rng = stream(seed, "links")
    homes = present(register["households"])
    homes = homes[homes["status"] == "registered"].reset_index(drop=True)
    counts = {"enterprise": target["enterprise_households"]} | LINKS
    linked = homes.loc[rng.permutation(len(homes))[: sum(counts.values())]]
    links = pd.DataFrame({"household": linked["id"], "village": linked["village"], "year": 2020})
    links["mode"] = np.repeat(list(counts), list(counts.values()))
    links["entity"] = pd.Series(np.nan, index=links.index, dtype="str")
    for mode, kind in BEHIND.items():
        mine = links.index[links["mode"] == mode]
        pool = entities.loc[entities["kind"] == kind, "id"].to_numpy()
        links.loc[mine, "entity"] = _spread(rng, pool, len(mine))
    links["persons"] = 1 + (rng.random(len(links)) < 0.3) * (linked["members"] > 1).to_numpy()
    links["income"] = np.round(rng.lognormal(7.3, 0.5, len(links)), -1)
    links = pd.concat([links, _forestry(rng, homes, target)])
    links = links.sort_values(["year", "household"], ignore_index=True)
    return table("industry_links", links.assign(id=numbered("I", 5, len(links))))


def make_products(seed: int, entities: pd.DataFrame, target: dict[str, int]) -> pd.DataFrame:
    """Certified products (扶贫产品), all displayed on the platform, over the suppliers."""
    rng = stream(seed, "products")
    suppliers: list[str] = []
    kinds = {"leading_enterprise": target["suppliers"] - sum(OTHER_SUPPLIERS.values())}
    for kind, count in (kinds | OTHER_SUPPLIERS).items():
        pool = entities.loc[entities["kind"] == kind, "id"]
        suppliers.extend(rng.choice(pool, count, replace=False))
    count = target["certified_products"]
    products = pd.DataFrame({"entity": _spread(rng, np.array(sorted(suppliers)), count)})
    products["certified_on"] = days(rng, "2019-11-01", "2020-08-31", count)
    products["displayed_on"] = products["certified_on"] + pd.to_timedelta(
        rng.integers(3, 28, count), "D"
    )
    products = products.sort_values(["entity", "certified_on"], ignore_index=True)
    return table("products", products.assign(id=numbered("T", 3, count)))


def make_sales(seed: int, products: pd.DataFrame, target: dict[str, int]) -> pd.DataFrame:
    """Sales of the suppliers by month and channel (消费扶贫销售), January to September 2020."""
    rng = stream(seed, "sales")
    suppliers = products["entity"].drop_duplicates().to_numpy()
    size = rng.lognormal(0, 0.7, len(suppliers))
    rows = []
    for supplier, weight in zip(suppliers, size, strict=True):
        channels = rng.choice(
            list(CHANNELS), rng.integers(1, 4), replace=False, p=_share(list(CHANNELS.values()))
        )
        for channel in sorted(channels):
            share = weight * CHANNELS[channel] * rng.uniform(0.7, 1.3)
            rows += [(supplier, channel, month, share) for month in MONTHS]
    sales = pd.DataFrame(rows, columns=["entity", "channel", "date", "weight"])
    season = np.tile(SALES_SEASON, len(sales) // len(MONTHS))
    sales["weight"] *= season * rng.lognormal(0, 0.2, len(sales))
    sales["date"] += pd.Timedelta(days=24)
    fair = pd.DataFrame({"entity": rng.choice(suppliers, target["fair_entities"], replace=False)})
    fair = fair.assign(channel="fair", date=FAIR_DAY, weight=sales["weight"].mean() * 0.4)
    sales = pd.concat([sales, fair]).sort_values(["date", "entity", "channel"], ignore_index=True)
    sales["amount"] = split_count(target["consumption_sales"], sales["weight"]).astype(float)
    return table("sales", sales.assign(id=numbered("Q", 4, len(sales))))


def make_facilities(
    seed: int,
    villages: pd.DataFrame,
    entities: pd.DataFrame,
    products: pd.DataFrame,
    target: dict[str, int],
) -> pd.DataFrame:
    """Workshops, cabinets, pavilions, sales zones, and clinics with their doctors (设施)."""
    rng = stream(seed, "facilities")
    rural = villages[villages["rural_population"] > 0]
    seat = villages[villages["kind"] == "community"]["code"]
    suppliers = products["entity"].drop_duplicates()
    workers = split_count(target["workshop_workers"], rng.uniform(0.5, 1.5, target["workshops"]))
    poor = split_count(target["workshop_poor_workers"], workers)
    staffing = np.repeat(
        ["recruited", "rehired", "posted"],
        [target[f"village_doctors_{how}"] for how in ("recruited", "rehired", "posted")],
    )
    makers = entities.loc[entities["kind"].isin(["leading_enterprise", "cooperative"]), "id"]
    parts = [
        _places(rng, "workshop", rural["code"], len(workers), "2018-05-01", entity=makers).assign(
            people=workers, registered_people=poor
        ),
        _places(rng, "cabinet", villages["code"], target["smart_cabinets"], "2020-05-01"),
        _places(rng, "local_pavilion", seat, target["local_pavilions"], "2020-04-01"),
        _places(
            rng,
            "enterprise_pavilion",
            seat,
            target["enterprise_pavilions"],
            "2020-04-01",
            entity=suppliers,
        ),
        _places(rng, "sales_zone", villages["code"], target["special_zones"], "2020-04-15"),
        _places(rng, "clinic", rural["code"], len(staffing), "2020-03-01").assign(
            people=1, staffing=staffing
        ),
    ]
    frame = pd.concat(parts, ignore_index=True)
    return table("facilities", frame.assign(id=numbered("K", 3, len(frame))))


def _places(
    rng: np.random.Generator,
    kind: str,
    villages: "pd.Series[str]",
    count: int,
    start: str,
    *,
    entity: "pd.Series[str] | None" = None,
) -> pd.DataFrame:
    """Places of one kind, in different villages while there are enough."""
    frame = pd.DataFrame({"village": rng.choice(villages, count, replace=count > len(villages))})
    frame = frame.assign(kind=kind, opened_on=days(rng, start, "2020-08-31", count))
    return (
        frame if entity is None else frame.assign(entity=rng.choice(entity, count, replace=False))
    )


def _forestry(
    rng: np.random.Generator, homes: pd.DataFrame, target: dict[str, int]
) -> pd.DataFrame:
    """Forestry links of 2019: households, persons and added income as reported."""
    count, persons = target["forestry_households_2019"], target["forestry_persons_2019"]
    there = homes[homes["registered_on"] < pd.Timestamp(2020, 1, 1)]
    capped = there["members"].clip(upper=3)
    chosen = there.iloc[pick_with_sum(rng, capped, count, persons)]
    shared = capped[chosen.index].to_numpy()
    weights = shared * rng.lognormal(0, 0.35, count)
    income = split_total(rng, target["forestry_income_2019"] // 10, weights, minimum=10) * 10
    return pd.DataFrame(
        {
            "household": chosen["id"],
            "year": 2019,
            "mode": "forestry",
            "persons": shared,
            "income": income.astype(float),
        }
    )


def _spread(rng: np.random.Generator, pool: NDArray[Any], count: int) -> NDArray[Any]:
    """``count`` draws from the pool, everyone at least once, some far more often."""
    extra = split_count(count - len(pool), rng.lognormal(0, 0.6, len(pool)))
    return rng.permutation(np.repeat(pool, extra + 1))


def _share(weights: ArrayLike) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.asarray(weights, dtype=float)
    share: NDArray[np.float64] = values / values.sum()
    return share
