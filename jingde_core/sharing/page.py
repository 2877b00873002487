"""An executed notebook as one page for readers: prose and results, nothing of the workshop.

No source, no widget state, no error output, no time of making, nothing fetched. The page
carries one copy of Leaflet for all its maps, and a policy that runs only their scripts and its
own two: tables that sort, a slider over baked scenarios. A working copy shows code and the
workshop's cells as well.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from jingde_core.model.catalogue import column_label, label, language, value_label
from jingde_core.model.problem import Problem, collected
from jingde_core.sharing.baked import SCRIPT as SLIDER
from jingde_core.sharing.guard import Guard
from jingde_core.views import escape, marks, offline

#: what a page can keep of an output, best first
_KEPT = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain")
#: tag of cells that speak to the analyst alone
WORKSHOP = "workshop"
#: a text fallback of these shows nothing: the output lives in JupyterLab only
_LIVE = "application/"
#: bytes of the largest page that mail takes without complaint
LARGEST = 1_500_000
_HERE = Path(__file__).parent
_SORT = (_HERE / "sort.js").read_text(encoding="utf-8")
_TABLE = re.compile(r'<table class="jd-table">(?=(.*?)</thead>)', re.S)


def page(
    notebook: Any, *, file: str, audience: str, provenance: pd.DataFrame, guard: Guard | None = None
) -> str:
    """HTML of an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode
    file : str
        The notebook's name, for messages.
    audience : {"leader", "working"}
    provenance : DataFrame
        ``county.provenance``: kinds, day and checksums of the data.

    guard : Guard, optional
        Whom the page is searched for.

    Raises
    ------
    DataError
        naming each cell whose output cannot be kept, refers to the network, or holds a person's
        name or number, a path of this machine or a key; or that the page is too large.
    """
    working = audience == "working"
    parts: list[tuple[str, str]] = []
    with collected() as problems:
        for place, cell in _cells(notebook, working):
            found: list[Problem] = []
            parts += [(place, content) for content in _contents(cell, file, place, found, working)]
            workshop = WORKSHOP in cell["metadata"].get("tags", ())
            problems += [] if workshop else found
    text = _whole(
        offline.shared_once("\n".join(_sortable(parts, provenance, working))),
        title=_title(notebook),
        audience=audience,
        provenance=provenance,
    )
    with collected() as problems:
        problems += _leaks(guard or Guard(), parts, text, file, records=not working)
        size = len(text.encode())
        if size > LARGEST:
            found_size, most = f"{size / 1e6:.2f} MB", f"{LARGEST / 1e6:.1f} MB"
            problems.append(Problem("page_too_large", file=file, found=found_size, expected=most))
    return text


def _cells(notebook: Any, working: bool) -> Iterator[tuple[str, Any]]:
    """Cells that the page shows, each with its place in words."""
    number = 0
    for cell in notebook["cells"]:
        number += cell["cell_type"] == "code"
        if working or WORKSHOP not in cell["metadata"].get("tags", ()):
            code = cell["cell_type"] == "code"
            yield label("sharing.cell", number=number) if code else label("sharing.prose"), cell


def _contents(
    cell: Any, file: str, place: str, problems: list[Problem], working: bool
) -> Iterator[str]:
    if cell["cell_type"] == "markdown":
        yield _prose(cell["source"])
    elif cell["cell_type"] == "code":
        if working and cell["source"]:
            name, code = escape.text(label("sharing.code")), escape.text(cell["source"])
            yield f'<details class="jd-code"><summary>{name}</summary><pre>{code}</pre></details>'
        for content in _outputs(cell["outputs"], file, place, problems):
            outside = sorted(set(offline.external(content)))
            problems += [
                Problem("external_reference", file=file, sheet=place, found=each)
                for each in outside
            ]
            if not outside:
                yield f'<div class="jd-output">{content}</div>'


def _leaks(
    guard: Guard, parts: list[tuple[str, str]], text: str, file: str, *, records: bool
) -> list[Problem]:
    """Persons in the page: named by their cell where one holds them, else by the whole page."""
    whole = [*guard.faults(text, file=file, records=records)]
    if not whole:
        return []
    named = [
        fault
        for place, content in parts
        for fault in guard.faults(content, file=file, place=place, records=records)
    ]
    return [*dict.fromkeys(named)] or whole


def _sortable(
    parts: Iterable[tuple[str, str]], provenance: pd.DataFrame, working: bool
) -> Iterator[str]:
    """Contents whose tables may be sorted; invented numbers of named places may not be ranked."""
    places = [f">{escape.text(column_label(name))}</th>" for name in ("name", "village", "town")]
    free = working or "synthetic" not in set(provenance["kind"])

    def marked(found: "re.Match[str]") -> str:
        ranked = any(place in found[1] for place in places)
        return found[0] if ranked and not free else '<table class="jd-table jd-sortable">'

    for _, content in parts:
        yield _TABLE.sub(marked, content)


def _prose(source: str) -> str:
    import mistune

    write = mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])
    return str(write(escape.shown(source))).replace("<h2>", '<h2 class="jd-section">')


def _outputs(
    outputs: Iterable[Mapping[str, Any]], file: str, place: str, problems: list[Problem]
) -> Iterator[str]:
    for output in outputs:
        if output["output_type"] == "stream":
            if output["name"] == "stdout":
                yield f"<pre>{escape.text(output['text'])}</pre>"
        elif output["output_type"] in ("display_data", "execute_result"):
            kept = next((kind for kind in _KEPT if kind in output["data"]), "")
            live = sorted(kind for kind in output["data"] if kind.startswith(_LIVE))
            if live and kept in ("", "text/plain"):
                found = ", ".join(live)
                problems.append(Problem("no_static_output", file=file, sheet=place, found=found))
            elif kept:
                yield _output(kept, output["data"][kept])


def _output(kind: str, content: Any) -> str:
    text = "".join(content) if isinstance(content, list) else str(content)
    if kind in ("text/html", "image/svg+xml"):
        return text
    if kind == "text/markdown":
        return _prose(text)
    if kind == "text/plain":
        return f"<pre>{escape.text(text)}</pre>"
    return f'<img alt="" src="data:{kind};base64,{escape.text("".join(text.split()))}">'


def _title(notebook: Any) -> str:
    """First heading of the notebook, else the workbook's own title."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for line in cell["source"].splitlines():
                if line.startswith("# "):
                    return str(line[2:].strip())
    return label("app_title")


def checksum(provenance: pd.DataFrame) -> str:
    """One digest of all tables' digests: what tells two states of the data apart."""
    rows = provenance.sort_values("table")[["table", "sha256"]].astype(str)
    lines = "\n".join(" ".join(row) for row in rows.itertuples(index=False))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def _listed(body: str) -> str:
    """The body with a list of its sections to click below the title."""
    names: list[str] = []

    def numbered(found: "re.Match[str]") -> str:
        names.append(re.sub(r"<[^>]*>", "", found[1]))
        return f'<h2 id="jd-{len(names)}">{found[1]}</h2>'

    body = re.sub(r'<h2 class="jd-section">(.*?)</h2>', numbered, body, flags=re.S)
    links = "".join(f'<li><a href="#jd-{n}">{name}</a></li>' for n, name in enumerate(names, 1))
    heading = escape.text(label("sharing.contents"))
    listed = f"<nav><b>{heading}</b><ol>{links}</ol></nav>\n" if len(names) > 2 else ""
    title, end, rest = body.partition("</h1>") if body.startswith("<h1>") else ("", "", body)
    return f"{title}{end}\n{listed}{rest}"


def _standing(provenance: pd.DataFrame) -> str:
    """Which tables are imported, invented, not imported: where an office's own are among them."""
    kinds = marks.kinds(provenance)
    if not {"imported", "missing"} & set(kinds):
        return ""
    named = {k: provenance.loc[provenance["kind"] == k, "table"] for k in kinds}
    lines = [
        label(
            "sharing.tables_of",
            kind=value_label("provenance", kind),
            tables=label("views.list_comma").join(value_label("table", each) for each in tables),
        )
        for kind, tables in named.items()
    ]
    told = "".join(f"<div>{escape.text(each)}</div>" for each in lines[::-1])
    prose = escape.text(label("sharing.prose_of"))
    return f'<aside class="jd-standing">{told}<div>{prose}</div></aside>\n'


def _whole(body: str, *, title: str, audience: str, provenance: pd.DataFrame) -> str:
    kinds = marks.kinds(provenance)
    stamps = [*marks.marks(kinds)] + ([label("internal_mark")] if audience == "working" else [])
    source = marks.source_line(kinds, marks.as_of(provenance))
    digest = label("sharing.checksum", digest=checksum(provenance), count=len(provenance))
    edition = label("sharing.edition")
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    spans = "&emsp;".join(escape.text(stamp) for stamp in stamps)
    lines = "".join(f"<div>{escape.text(line)}</div>" for line in (source, digest, edition))
    body = _listed(body)
    scripts = [_SORT] if "jd-sortable" in body else []
    scripts += [SLIDER] if f"<script>{SLIDER}</script>" in body else []
    ending = f"<script>{_SORT}</script>\n" if _SORT in scripts else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if language() == "zh" else "en"}">\n<head>\n'
        f'<meta charset="utf-8">\n{offline.page_policy(body, *scripts)}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape.text(title)}</title>\n<style>\n{style}</style>\n"
        f"{offline.shared_assets(body)}\n</head>\n<body>\n"
        f'<header><span class="jd-stamps">{spans}</span>'
        f'<span class="jd-app">{escape.text(label("app_title"))}</span></header>\n'
        f"{_standing(provenance)}<article>\n{body}\n</article>\n"
        f'<footer><div class="jd-stamps">{spans}</div>{lines}</footer>\n{ending}</body>\n</html>\n'
    )
