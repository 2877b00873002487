"""The chain of money: fund, project, asset, ledgers, income, distribution, household.

Which record points to which is data (``data/chain.csv``), and so is where a record's date and
amount stand (``data/chain_records.csv``); breaks of the chain are the rules of the groups
``funds`` (missing links and proofs), ``fund_input`` and ``posts`` (what cannot be right).
"""

from functools import lru_cache, partial

import pandas as pd

from jingde_core.county.tables import County
from jingde_core.model.catalogue import has_label, label, value_label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.quality import check
from jingde_core.quality.frames import Frames

GROUPS = ("funds", "fund_input", "posts")
#: table behind a frame of the rules, where a faulty row is to be set aside
_BASE = {
    "project_accounts": "projects",
    "asset_accounts": "assets",
    "entry_accounts": "ledger_entries",
    "lease_accounts": "leases",
    "distribution_accounts": "distributions",
}
#: columns that hold the code of something named elsewhere
_NAMED = {"village": "villages", "town": "towns", "entity": "entities", "operator": "entities"}
_SOURCES = ("funds", "projects", "assets", "ledger_entries", "leases", "distributions", "pv_months")
#: tables that a flow of money is summed from
_FLOWS = {
    "assets": ("funds", "projects", "assets"),
    "income": ("leases", "pv_months", "distributions"),
}
_AMOUNTS = ("amount", "arrears", "paid", "original_value", "earned", "wage", "base")


@lru_cache(maxsize=3)
def _declared(name: str) -> pd.DataFrame:
    return pd.read_csv(shipped("data") / f"{name}.csv", dtype="str")


def records(county: County, table: str) -> pd.DataFrame:
    """Rows of a table of the chain with a column ``id``, and the household that a person is of."""
    known = set(_declared("chain_records")["table"])
    if table not in known:
        raise KeyError(unknown_name(table, known))
    frame: pd.DataFrame = county.tables[table]
    if "id" not in frame:
        months = frame["month"].dt.strftime("%Y-%m")
        frame = frame.assign(id=frame["station"] + " " + months)
    if "person" in frame and "household" not in frame:
        homes = county.tables["persons"].set_index("id")["household"]
        frame = frame.assign(household=frame["person"].map(homes))
    return frame


def walk(county: County, table: str, record: str, *, up: bool = False) -> pd.DataFrame:
    """All records that money reaches from one record on, or (``up``) that it came through (资金链).

    Parameters
    ----------
    table, record : str
        Table (funds, projects, assets, ledger_entries, leases, pv_stations, pv_months,
        distributions, households, posts, subsidies, awards, loans, industry_links) and number.
    up : bool
        Towards the fund instead of towards the household.

    Returns
    -------
    DataFrame
        step (0 for the record itself), table, record, village, date, amount (yuan; NaN where a
        record has none), nearest first.

    Raises
    ------
    KeyError
        for an unknown table or number; close ones are listed.
    """
    ids = records(county, table)["id"]
    if record not in set(ids):
        raise KeyError(unknown_name(record, ids))
    seen, front, found = {(table, record)}, {table: {record}}, []
    for step in range(len(_declared("chain_records"))):
        found += [_told(county, name, held, step) for name, held in front.items()]
        after: dict[str, set[str]] = {}
        for link in _declared("chain").to_dict("records"):
            here, there = (link["source"], link["target"])[:: -1 if up else 1]
            if here not in front:
                continue
            rows = records(county, link["holder"])
            ends = (rows["id"], rows[link["column"]])
            own, other = ends if link["holder"] == here else ends[::-1]
            reached = set(other[own.isin(front[here])].dropna())
            new = {each for each in reached if (there, each) not in seen}
            seen |= {(there, each) for each in new}
            after.setdefault(there, set()).update(new)
        front = {name: new for name, new in after.items() if new}
    frame = pd.concat(found, ignore_index=True)
    frame.attrs = {"provenance": county.kinds(*frame["table"].unique()), "as_of": county.as_of}
    return frame


def _told(county: County, table: str, ids: set[str], step: int) -> pd.DataFrame:
    where = _declared("chain_records").set_index("table").loc[table]
    rows = records(county, table)
    rows = rows[rows["id"].isin(ids)]
    nothing = pd.Series(index=rows.index)
    found = {
        "step": step,
        "table": table,
        "record": rows["id"],
        "village": rows.get("village", nothing.astype("str")),
        "date": rows.get(str(where["date"]), nothing.astype("datetime64[us]")),
        "amount": rows.get(str(where["amount"]), nothing.astype(float)),
    }
    return pd.DataFrame(found)


def breaks(county: County) -> pd.DataFrame:
    """Every break of the chain and every row that cannot be right, as `quality.check` tells it."""
    hits = check(county.tables, groups=GROUPS, parameters=county.parameters, as_of=county.as_of)
    if "imported" not in county.kinds(*_SOURCES):
        return hits
    # an invented project has no asset beside imported ones: that is no break of anybody's
    kinds = county.provenance.set_index("table")["kind"]
    return hits[hits["table"].replace(_BASE).map(kinds) != "synthetic"]


def sound(county: County) -> County:
    """The county without the rows that cannot be right, so that no sum holds them.

    A faulty row stays in the county it came from and in its `audit_list`.
    """
    hits = breaks(county)
    hits = hits[(hits["group"] != "funds") & (hits["severity"] == "error")]
    tables = dict(county.tables)
    for name, ids in hits.groupby(hits["table"].replace(_BASE))["record"]:
        tables[str(name)] = tables[str(name)][~tables[str(name)]["id"].isin(ids)]
    return County(tables, county.provenance, county.parameters)


def audit_list(county: County) -> pd.DataFrame:
    """Breaks by town and village, ready for a visit (审计清单).

    Returns
    -------
    DataFrame
        town, village (names), severity, table, record, amount (yuan at stake), message, proof
        (what paper is missing), evidence, cure, as text to read; no row where nothing is broken.
    """
    hits, frames = breaks(county), Frames(county.tables, county.as_of)
    amounts = [_at_stake(frames, *at) for at in hits[["table", "record"]].itertuples(index=False)]
    names = {u: county.tables[f"{u}s"].set_index("code")["name"] for u in ("town", "village")}
    proofs = [f"proof.{rule}" for rule in hits["rule"]]
    listed = hits.assign(
        amount=pd.Series(amounts, index=hits.index, dtype=float),
        proof=[label(key) if has_label(key) else "" for key in proofs],
        table=[value_label("table", name) for name in hits["table"]],
        severity=[value_label("severity", each) for each in hits["severity"]],
        **{unit: hits[unit].map(found).fillna("") for unit, found in names.items()},
    )
    order = hits.sort_values(["town", "village", "table", "record"], kind="stable").index
    columns = ["town", "village", "severity", "table", "record", "amount", "message"]
    return _marked(listed.loc[order, [*columns, "proof", "evidence", "cure"]], county)


def _at_stake(frames: Frames, table: str, record: str) -> float:
    frame = frames[table]
    column = next(name for name in _AMOUNTS if name in frame)
    return float(frame.loc[frame["record"] == record, column].max())


def audit_sheets(county: County) -> dict[str, pd.DataFrame]:
    """What an auditor asks for, a frame a sheet: breaks, carry-over, rents owed, paid after death.

    What a sheet holds is data (``data/audit.csv``); write them with ``views.workbook``.
    """
    sheets = {label("audit.sheet.breaks"): audit_list(county)}
    frames = Frames(county.tables, county.as_of)
    for declared in _declared("audit").to_dict("records"):
        rows = frames[declared["frame"]].query(declared["where"])
        rows = named(county, rows[declared["columns"].split(";")])
        days = {
            str(day): rows[day].dt.strftime("%Y-%m-%d") for day in rows.select_dtypes("datetime")
        }
        coded = {each: rows[each].map(partial(value_label, each)) for each in {"kind"} & set(rows)}
        sheet = _marked(rows.assign(**days, **coded), county)
        sheets[label(f"audit.sheet.{declared['sheet']}")] = sheet
    return sheets


def named(county: County, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with names for the codes of places and entities."""
    for column, table in _NAMED.items():
        if column in frame:
            names = county.tables[table].set_index(county.tables[table].columns[0])["name"]
            frame = frame.assign(**{column: frame[column].map(names)})
    return frame


def _marked(frame: pd.DataFrame, county: County) -> pd.DataFrame:
    frame = frame.reset_index(drop=True)
    frame.attrs = {"provenance": county.kinds(*_SOURCES), "as_of": county.as_of}
    return frame


def money_flows(county: County) -> dict[str, pd.DataFrame]:
    """Sums along the chain, for a flow chart: ``assets`` (funds to assets), ``income`` (to whom).

    Returns
    -------
    dict of str to DataFrame
        source, target (catalogue keys without ``value.``), value (yuan); what became no asset
        and what is not distributed stand as targets of their own. No row where a table of the
        flow is not imported.
    """
    projects, assets = county.frame("project_accounts"), county.tables["assets"]
    kind = "kind." + projects["kind"]
    made = assets["project"].map(projects.set_index("id")["kind"])
    rest = projects["paid"] - projects["asset_value"]
    outcome = pd.Series("outcome.expense", index=kind.index)
    outcome = outcome.mask(projects["assets"] == 0, "outcome.award")
    outcome = outcome.mask(projects["accepted_on"].isna(), "outcome.underway")
    paid, months = county.tables["distributions"], county.tables["pv_months"]
    source = paid["station"].isna().map({True: "outcome.rent", False: "outcome.pv"})
    earned = {
        "outcome.rent": county.tables["leases"].dropna(subset="asset")["received"].sum(),
        "outcome.pv": (months["income"] - months["upkeep"]).sum(),
    }
    kept = pd.Series(earned) - paid["amount"].groupby(source).sum()
    parts = {
        "assets": [
            ("source." + projects["fund_source"], kind, projects["paid"]),
            ("kind." + made, "asset_class." + assets["asset_class"], assets["original_value"]),
            (kind, outcome, rest),
        ],
        "income": [
            (source, "kind." + paid["kind"], paid["amount"]),
            (kept.index.to_series(), pd.Series("outcome.kept", index=kept.index), kept),
        ],
    }
    flows = {}
    for name, rows in parts.items():
        columns = ("source", "target", "value")
        frame = pd.concat([pd.DataFrame(dict(zip(columns, row, strict=True))) for row in rows])
        sums = frame.groupby(["source", "target"])["value"].sum().reset_index()
        flows[name] = _marked(county.known(sums, *_FLOWS[name]), county)
    return flows
