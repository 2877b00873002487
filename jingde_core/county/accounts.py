"""Views of a county that metrics of funds and programmes are measured on, and what they rest on.

Those of funds are the frames of `jingde_core.quality.funds`, so that a figure and the rule
that finds its fault see the same rows.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd

from jingde_core.quality.frames import Frames

_MONEY = ("assets", "projects", "ledger_entries", "leases", "distributions", "pv_months")
#: frames of the quality room that are views here, and the tables behind each
_FRAMES = {
    "asset_accounts": _MONEY,
    "asset_years": _MONEY,
    "ledgers_due": ("assets", "ledger_entries"),
    "project_accounts": ("projects", "funds", "assets"),
    "lease_accounts": ("leases",),
    "distribution_accounts": _MONEY,
    "post_accounts": ("posts", "persons", "distributions"),
    "pv_cumulated": ("pv_months", "distributions"),
}
_ABLE = ("skilled", "ordinary", "weak")


def _frame(name: str) -> Callable[[Any], pd.DataFrame]:
    def view(county: Any) -> pd.DataFrame:
        found = Frames(county.tables, county.as_of)[name].drop(columns="record")
        return found if found["household"].notna().any() else found.drop(columns="household")

    return view


def _breaks(county: Any) -> pd.DataFrame:
    from jingde_core.county.chain import breaks

    return breaks(county)


def _present(county: Any) -> pd.DataFrame:
    homes = county.tables["households"]
    kept = (homes["status"] == "registered") & homes["left_on"].isna()
    return pd.DataFrame(homes[kept].reset_index(drop=True))


def _support_profile(county: Any) -> pd.DataFrame:
    """Registered households with what reaches them: credit, ties, posts, distributions.

    Who has a member of an age for credit and able to work, and no overdue loan, is eligible.
    """
    homes, tables, day = _present(county), county.tables, pd.Timestamp(county.as_of)
    key, before = homes["id"], day - pd.DateOffset(years=1)
    people, loans, posts = tables["persons"], tables["loans"], tables["posts"]
    least, most = (county.parameters.value(f"credit_age_{end}", day.year) for end in ("min", "max"))
    able = people["labour"].isin(_ABLE) & (day.year - people["birth_year"]).between(least, most)
    able &= people["died_on"].isna()
    overdue = loans.loc[loans["state"] == "overdue", "household"]
    eligible = key.isin(people.loc[able, "household"]) & ~key.isin(overdue)
    links, paid = tables["industry_links"], tables["distributions"]
    last = posts["ends_on"].fillna(day).clip(upper=day)
    months = (last - posts["starts_on"].clip(lower=before)).dt.days / 365.25 * 12
    earned = months.round().clip(lower=0) * posts["wage"]
    holder = posts["person"].map(people.set_index("id")["household"])
    paid = paid[paid["date"] > before].groupby("household")["amount"].sum()
    reached = key.isin(loans["household"])
    linked = key.isin(links.loc[links["year"] == day.year, "household"])
    profile: pd.DataFrame = homes.assign(
        eligible=eligible.astype(float),
        credit_reached=(eligible & reached).astype(float),
        credit_unreached=(eligible & ~reached).astype(float),
        linked=linked.astype(float),
        unlinked=(~linked).astype(float),
        post_income=key.map(earned.groupby(holder).sum()).fillna(0.0),
        distributed=key.map(paid).fillna(0.0),
    )
    return profile


def _village_profile(county: Any) -> pd.DataFrame:
    """Villages with what lies in them, what was paid for them, and who is on the register."""
    tables = county.tables
    villages: pd.DataFrame = tables["villages"].copy()
    homes = _present(county).groupby("village")["members"]
    sums = {
        "asset_value": tables["assets"].groupby("village")["original_value"].sum(),
        "paid": tables["projects"].groupby("village")["paid"].sum(),
        "registered_households": homes.size(),
        "registered_persons": homes.sum(),
    }
    for name, values in sums.items():
        villages[name] = villages["code"].map(values).fillna(0.0)
    return villages.assign(village=villages["code"])


VIEWS: dict[str, Callable[[Any], pd.DataFrame]] = {
    **{name: _frame(name) for name in _FRAMES},
    "chain_breaks": _breaks,
    "support_profile": _support_profile,
    "village_profile": _village_profile,
}
_CREDIT = ("households", "persons", "loans")
#: columns of a view that stand on other tables than the whole
NARROWER: dict[str, dict[str, tuple[str, ...]]] = {
    "support_profile": {
        **dict.fromkeys(("eligible", "credit_reached", "credit_unreached"), _CREDIT),
        **dict.fromkeys(("linked", "unlinked"), ("households", "industry_links")),
        "post_income": ("households", "persons", "posts"),
        "distributed": ("households", "distributions"),
        "wage": ("households",),
    },
    "village_profile": {
        "asset_value": ("villages", "assets"),
        "paid": ("villages", "projects"),
        **dict.fromkeys(("registered_households", "registered_persons"), ("households",)),
    },
}
#: tables that a view is made of
SOURCES: dict[str, tuple[str, ...]] = {
    **_FRAMES,
    "chain_breaks": (*_MONEY, "posts", "persons"),
    "support_profile": ("households", "persons", "loans", "posts", "industry_links"),
    "village_profile": ("villages", "assets", "projects", "households"),
}
