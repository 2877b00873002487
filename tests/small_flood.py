"""Four households and a flood, small enough to be worked out by hand.

A, registered, 2 members at 6500 a head: crop 2000; got a donation of 600 and inputs of 200.
B, registered, 1 member at 10000: livestock 1000, of which 700 is income; got nothing.
C, edge, 3 members at 5000: no water for 4 days; got temporary relief of 300 though not hit.
D, registered, 4 members at 4200: crop 1000, equipment of unknown worth; a wage of 400, 10 head.
"""

import pandas as pd

from jingde_core.county import County
from jingde_core.county.flood import chain, flood_rules

EVENT = "F1"
HOMES = [
    ("A", "registered", 2, 6500.0),
    ("B", "registered", 1, 10000.0),
    ("C", "edge", 3, 5000.0),
    ("D", "registered", 4, 4200.0),
]
DAMAGES = [
    ("A", "crop", 2000.0, None),
    ("B", "livestock", 1000.0, None),
    ("C", "water_cut", None, "2020-07-06"),
    ("D", "crop", 1000.0, None),
    ("D", "equipment", None, None),
]
RELIEF = [
    ("A", "donation", 2, None, 600.0),
    ("A", "inputs", 2, None, 200.0),
    ("C", "temporary_relief", 3, None, 300.0),
    ("D", "reconstruction_wage", 1, None, 400.0),
    ("D", "stock", 4, 10.0, None),
]


def like(table: pd.DataFrame, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows with the columns and types of a table; what is not given is missing."""
    found = pd.DataFrame(rows, columns=table.columns)
    nullable = {c: "Float64" for c in table if table[c].dtype.kind in "iu"}
    return found.astype({c: table[c].dtype for c in table if c not in nullable})


def small_county(county: County, **changed: list[tuple[object, ...]]) -> County:
    """The county with these four households alone, and with damages and relief as told."""
    tables = dict(county.tables)
    present = tables["households"].query("status == 'registered' and left_on.isna()").head(4)
    homes = present.reset_index(drop=True)
    for column, values in zip(
        ("id", "status", "members", "income_per_head"), zip(*HOMES, strict=True), strict=True
    ):
        homes[column] = pd.Series(values, dtype=homes[column].dtype)
    place = homes.set_index("id")["village"]
    events = changed.get("events", [(EVENT, "flood", "2020-07-02", "2020-07-06", None)])
    rows = {
        "events": [
            dict(zip(("id", "kind", "starts_on", "ends_on", "part_of"), row, strict=True))
            for row in events
        ],
        "damages": [
            {
                **dict(zip(("household", "kind", "loss", "mended_on", "event"), row, strict=False)),
                "id": f"X{n}",
                "date": "2020-07-02",
                "village": place[row[0]],
            }
            for n, row in enumerate(changed.get("damages", DAMAGES))
        ],
        "relief": [
            {
                **dict(
                    zip(
                        ("household", "kind", "persons", "quantity", "value", "event"),
                        row,
                        strict=False,
                    )
                ),
                "id": f"Y{n}",
                "date": "2020-07-20",
                "village": place[row[0]],
            }
            for n, row in enumerate(changed.get("relief", RELIEF))
        ],
    }
    for name, given in rows.items():
        filled = [{"event": EVENT, **row} if name != "events" else row for row in given]
        tables[name] = like(tables[name], filled)
    for name in ("loans", "awards", "risks"):
        tables[name] = tables[name].iloc[:0]
    return County({**tables, "households": homes}, county.provenance, county.parameters)


def small_chain(county: County, **changed: object) -> pd.DataFrame:
    """The chain of the small county, by household."""
    given = {"event": EVENT, "rules": flood_rules(), "baseline_year": None}
    found = chain(county, **{**given, "monitoring_range": 6000.0, **changed})
    return found.set_index("household")
