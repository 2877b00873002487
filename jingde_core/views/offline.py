"""Documents that need no network: Leaflet carried along, everything else refused.

A stock folium page is blank without eleven files from the network. Here Leaflet (and
jQuery where a script asks for it) come from their XStatic packages, folium's other
libraries are dropped, and a reference that would still leave the page is an error. Each
document carries a Content-Security-Policy that forbids the network and runs only the
scripts that the document was made with, known by their hash.

On a page with several maps the copy of Leaflet inside each map's frame is replaced by a
short loader that reads the page's single copy (`shared_once`).
"""

import base64
import hashlib
import re
from functools import lru_cache
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

from jingde_core.model.problem import DataError, Problem
from jingde_core.views import escape

#: folium's name of a library to its XStatic package and file
_CARRIED = {
    "leaflet": ("leaflet", "leaflet.js"),
    "leaflet_css": ("leaflet", "leaflet.css"),
    "jquery": ("jquery", "jquery.min.js"),
}
#: what folium links although nothing here uses it
_DROPPED = {"bootstrap", "awesome_markers", "bootstrap_css", "glyphicons_css"}
_DROPPED |= {"awesome_markers_font_css", "awesome_markers_css", "awesome_rotate_css"}
#: addresses that name a thing and are never fetched
_NAMES = ("http://www.w3.org/", "https://www.w3.org/", "https://leafletjs.com")
_ADDRESS = re.compile(r"(?:\b(?:https?|wss?|ftp):)?//[\w-]+(?:\.[\w-]+)+[^\s\"'`<>)\\]*", re.I)
_IN_STYLE = re.compile(r"url\(\s*[\"']?(?!data:|#)([^\"')]+)|@import\s+([^;]+)", re.I)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.S)
_HASH = re.compile(r"'sha256-[A-Za-z0-9+/]{43}='")


@lru_cache(maxsize=8)
def asset(name: str) -> str:
    """Text of a carried library; images named in a style sheet become data URIs."""
    package, file = _CARRIED[name]
    folder = Path(import_module(f"xstatic.pkg.{package}").BASE_DIR)
    content = (folder / file).read_text(encoding="utf-8").replace("\r\n", "\n")
    content = re.sub(r"\n?//# sourceMappingURL=\S+", "", content)

    def carried(found: re.Match[str]) -> str:
        image = base64.b64encode((folder / found[1]).read_bytes()).decode()
        return f"url(data:image/png;base64,{image})"

    return re.sub(r"url\((images/[\w.-]+\.png)\)", carried, content)


def _script(content: str) -> str:
    return f"<script>{content}</script>"


@lru_cache(maxsize=1)
def _leaflet() -> str:
    return f"<style>{asset('leaflet_css')}</style>\n{_script(asset('leaflet'))}"


_LOADER = _script(
    'for(const[id,tag]of[["leaflet_css","style"],["leaflet","script"]]){'
    "const copy=document.createElement(tag);"
    "copy.textContent=parent.document.getElementById(id).textContent;"
    "document.head.append(copy)}"
)


def policy(*scripts: str, images: str = "") -> str:
    """``<meta>`` that forbids the network (but images of one origin) and all other scripts."""
    return _policy({_hash(script) for script in scripts}, images)


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _policy(hashes: set[str], images: str = "") -> str:
    allowed = " ".join(sorted(hashes)) or "'none'"
    pictures = f"data: {images}".strip()
    return (
        '<meta http-equiv="Content-Security-Policy" content="'
        f"default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; "
        f"base-uri 'none'; form-action 'none'; script-src {allowed}\">"
    )


def document(
    figure: Any,
    *,
    title: str,
    style: str = "",
    before: str = "",
    after: str = "",
    lang: str = "zh",
    images: str = "",
) -> str:
    """One self-contained HTML document out of a folium figure.

    Parameters
    ----------
    figure : branca.element.Figure
        Root of a folium map. Its elements are renumbered in order of appearance, so that
        equal maps give equal bytes; folium draws random ids.
    title : str
        Plain text of the document's title.
    style, before, after : str
        CSS; HTML before and after the map, already safe.
    images : str
        Origin from which a map under the analyst's hand may load its basemap. It stands in the
        document as a reference, so that no page for sharing takes the document.

    Raises
    ------
    DataError
        for a library that is not carried, or any other address outside the document.
    """
    _renumber(figure)
    for child in figure._children.values():
        child.render()
    libraries, own = _libraries(figure)
    script = figure.script.render()
    faults = re.findall(r"L\.AwesomeMarkers(?=\.icon\()", script)
    if re.search(r"\$[.(]|\bjQuery\b", script):
        libraries.append(_script(asset("jquery")))
    body = _script(f"\n{script}\n")
    head = "\n".join([_leaflet(), *libraries, own, f"<style>\n{style}\n</style>"])
    body = f"{before}\n<main>\n{figure.html.render()}\n</main>\n{after}\n{body}"
    allowed = _SCRIPT.findall(head + body + _LOADER)
    whole = (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f"{policy(*allowed, images=images)}\n{_preconnect(images)}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape.text(title)}</title>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
    refuse(faults + [each for each in external(whole) if each != images], file=title)
    return whole


def _preconnect(origin: str) -> str:
    return f'<link rel="preconnect" href="{escape.text(origin)}">\n' if origin else ""


def _renumber(figure: Any) -> None:
    queue, number = [figure], 0
    while queue:
        element = queue.pop(0)
        element._id = str(number)
        number += 1
        queue += element._children.values()


def _libraries(figure: Any) -> tuple[list[str], str]:
    """Header without its links; a link that is neither carried nor dropped stays, to be refused."""
    kept, links = [], []
    for name, child in figure.header._children.items():
        if type(child).__name__ not in ("JavascriptLink", "CssLink"):
            kept.append(child.render())
        elif name not in _CARRIED and name not in _DROPPED:
            links.append(child.render())
    return links, "\n".join(part for part in kept if "http-equiv" not in part)


def frame(html: str, *, title: str, height: int) -> str:
    """A document as an ``<iframe>`` that holds it whole: an output that depends on nothing."""
    return (
        f'<iframe class="jingde-map" title="{escape.text(title)}" height="{height}" '
        'style="width:100%;border:0;display:block;background:#fff" '
        f'srcdoc="{escape.attribute(html)}"></iframe>'
    )


def shared_once(html: str) -> str:
    """The same outputs with the frames' copies of Leaflet replaced by the page's one copy."""
    return html.replace(escape.attribute(_leaflet()), escape.attribute(_LOADER))


def shared_assets(html: str) -> str:
    """The page's one copy of Leaflet as inert text, empty where no frame reads it."""
    if escape.attribute(_LOADER) not in html:
        return ""
    return "\n".join(
        f'<script type="text/plain" id="{name}">{asset(name)}</script>'
        for name in ("leaflet_css", "leaflet")
    )


def page_policy(html: str, *scripts: str) -> str:
    """Policy of a page: its own scripts and those of the frames it holds."""
    return _policy(set(_HASH.findall(html)) | {_hash(script) for script in scripts})


class _References(HTMLParser):
    """Everything in a document that a browser would fetch."""

    _fetching = frozenset({"src", "srcset", "poster", "data", "background", "action", "formaction"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            if not value:
                continue
            if name == "srcdoc":
                self.found += external(value)
            elif name == "style":
                self._style(value)
            elif re.match(r"\s*(data:|#|about:)", value, re.I):
                continue
            elif name in self._fetching or (name.endswith("href") and tag not in ("a", "area")):
                self.found.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self._style(data)
        elif self._inside == "script":
            addresses = (found[0] for found in _ADDRESS.finditer(data))
            self.found += [a for a in addresses if not a.startswith(_NAMES)]

    def _style(self, css: str) -> None:
        self.found += [a or b for a, b in _IN_STYLE.findall(css) if not (a or b).startswith("#")]


def external(html: str) -> list[str]:
    """Every reference in a document (frames included) that would leave it; links to click are none.

    Examples
    --------
    >>> external('<img src="data:,x"><a href="https://example.org/">x</a>')
    []
    >>> external('<script src="https://example.org/x.js"></script>')
    ['https://example.org/x.js']
    """
    parser = _References()
    parser.feed(html)
    parser.close()
    return parser.found


def refuse(references: list[str], *, file: str) -> None:
    """Raise `DataError` naming every reference that would leave the document."""
    if references:
        unique = sorted(set(references))
        raise DataError([Problem("external_reference", file=file, found=each) for each in unique])
