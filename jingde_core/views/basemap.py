"""Online basemaps, opt-in: tiles come through the running kernel, never from the page itself.

A page that asked a map service for tiles would have to hold the service's key, and whoever got
the page would have it. So the kernel relays: the page knows only an address of this machine that
lives as long as the kernel; key and service stay in the kernel's environment. A saved notebook
that is opened later shows the map without its basemap and says so. Services are declared in
``data/basemaps.csv``. A service that draws in a shifted datum gets the county shifted alike.
"""

import csv
import os
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np
import shapely

from jingde_core.geography.datums import DATUMS
from jingde_core.model.catalogue import label
from jingde_core.model.naming import unknown_name
from jingde_core.model.place import shipped
from jingde_core.model.problem import Problem, collected

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: how much of a colour covers the basemap
OPACITY = 0.65
#: seconds that a service has for a tile, and the largest tile taken
PATIENCE, LARGEST = 8.0, 2_000_000
_AGENT = "Mozilla/5.0 (compatible; jingde-workbook)"
_TILE = re.compile(r"/([\w-]+)/(\w+)/(\w+)/(\d{1,2})/(\d{1,7})/(\d{1,7})")


@dataclass(frozen=True)
class Basemap:
    """A service: address of each of its layers, datum when shifted, variable of its key."""

    name: str
    addresses: dict[str, str]
    datum: str
    key: str
    deepest: int

    def tile(self, layer: str, *, z: str, x: str, y: str) -> str:
        """Address of a tile, with the key: for the relay only."""
        key = quote(os.environ.get(self.key, "").strip(), safe="") if self.key else ""
        return self.addresses[layer].format(x=x, y=y, z=z, key=key)

    def state(self) -> dict[str, Any]:
        """What the map's script needs: addresses of the relay, texts, depth."""
        return {
            "addresses": [
                f"{relay()}/{self.name}/{each}/{{z}}/{{x}}/{{y}}" for each in self.addresses
            ],
            "credit": label(f"basemap.credit.{self.name}"),
            "failed": label("basemap.failed"),
            "deepest": self.deepest,
            "opacity": OPACITY,
        }

    def shifted(self, frame: "GeoDataFrame") -> "GeoDataFrame":
        """The frame's shapes where this service draws them."""
        if not self.datum:
            return frame
        move = DATUMS[self.datum]
        shapes = shapely.transform(
            frame.geometry.to_numpy(), lambda corners: np.array([move(*c) for c in corners])
        )
        return frame.set_geometry(shapes, crs=frame.crs)


@lru_cache(maxsize=1)
def declared() -> dict[str, Basemap]:
    """Declared services by name."""
    with (shipped("data") / "basemaps.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["name"]: Basemap(
            row["name"],
            {each["layer"]: each["address"] for each in rows if each["name"] == row["name"]},
            row["datum"],
            row["key"],
            int(row["deepest"]),
        )
        for row in rows
    }


def chosen(name: str, *, placed: bool = True) -> Basemap:
    """The service of this name, if this map may have it.

    Parameters
    ----------
    placed : bool
        Whether the map's shapes stand at their place on the earth.

    Raises
    ------
    KeyError
        for a name that is not declared.
    DataError
        on a page for sharing, for shapes without a place, or without the service's key.
    """
    if name not in declared():
        raise KeyError(unknown_name(name, declared()))
    found = declared()[name]
    with collected() as problems:
        if os.environ.get("JINGDE_AUDIENCE", "analyst") != "analyst":
            problems.append(Problem("tiles_shared", found=name))
        if not placed:
            problems.append(Problem("tiles_without_place", found=name))
        if found.key and not os.environ.get(found.key, "").strip():
            problems.append(Problem("tiles_key_missing", found=name, expected=f"${found.key}"))
    return found


class _Relay(BaseHTTPRequestHandler):
    """Answers with one tile of a declared service, to those who know the secret path."""

    def do_GET(self) -> None:
        tile = _TILE.fullmatch(self.path)
        name, layer = (tile[2], tile[3]) if tile else ("", "")
        allowed = tile and secrets.compare_digest(tile[1], _secret())
        if not (tile and allowed and layer in getattr(declared().get(name), "addresses", ())):
            return self._answer(404)
        try:
            address = declared()[name].tile(layer, z=tile[4], x=tile[5], y=tile[6])
            with urlopen(Request(address, headers={"User-Agent": _AGENT}), timeout=PATIENCE) as got:
                kind, content = got.headers.get_content_type(), got.read(LARGEST)
        except (OSError, ValueError):
            return self._answer(502)
        return self._answer(200 if kind.startswith("image/") else 502, kind, content)

    def _answer(self, status: int, kind: str = "text/plain", content: bytes = b"") -> None:
        self.send_response(status)
        if status == 200:
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "private, max-age=86400")
        self.end_headers()
        if status == 200:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a log of addresses would end in the notebook."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a reader who moves on before the tile arrives is no error."""


@lru_cache(maxsize=1)
def _secret() -> str:
    return secrets.token_urlsafe(16)


@lru_cache(maxsize=1)
def origin() -> str:
    """Origin of the kernel's relay, started when first asked for; on this machine only."""
    server = _Server(("127.0.0.1", 0), _Relay)
    Thread(target=server.serve_forever, name="jingde-tiles", daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def relay() -> str:
    """Address under which this kernel relays tiles."""
    return f"{origin()}/{_secret()}"
