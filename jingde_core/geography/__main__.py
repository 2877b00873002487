"""Rebuild the schematic GeoJSON of ``geodata/``: ``python -m jingde_core.geography``."""

import sys

from jingde_core.geography.schematic import build
from jingde_core.model.place import shipped


def main() -> None:
    """Write every file anew, and say which changed."""
    folder = shipped("geodata")
    for name, text in build(folder).items():
        path = folder / name
        same = path.is_file() and path.read_bytes() == text.encode()
        path.write_bytes(text.encode())
        sys.stdout.write(f"{name}\t{len(text.encode())}\t{'same' if same else 'written'}\n")


if __name__ == "__main__":
    main()
