"""Write the synthetic county as CSV: ``python -m jingde_core.synthetic [--seed N] [--out DIR]``."""

import argparse
from pathlib import Path

from jingde_core.ledgers.folder import write_tables
from jingde_core.model.place import shipped
from jingde_core.synthetic import SEED, make_county_tables


def main(arguments: list[str] | None = None) -> None:
    """Make all tables and write them with their manifest; the same seed writes the same bytes."""
    parser = argparse.ArgumentParser(prog="python -m jingde_core.synthetic")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=shipped("data"))
    chosen = parser.parse_args(arguments)
    write_tables(
        make_county_tables(chosen.seed),
        chosen.out,
        about={
            "as_of": "2020-09-30",
            "*": {"kind": "synthetic", "source": "calibrated_register", "seed": chosen.seed},
            "towns": {"kind": "public", "source": "statistical_areas"},
            "report_figures": {"kind": "reported", "source": "county_report"},
        },
    )


if __name__ == "__main__":
    main()
