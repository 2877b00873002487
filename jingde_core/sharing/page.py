"""An executed notebook as one page for readers: prose and results, nothing of the workshop.

No source, no widget state, no error output, no time of making, nothing fetched. The page
carries one copy of Leaflet for all its maps, and a policy that runs only their scripts.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from jingde_core.model.catalogue import label, language
from jingde_core.model.problem import DataError, Problem
from jingde_core.views import escape, marks, offline

#: what a page can keep of an output, best first
_KEPT = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain")
#: tag of cells that speak to the analyst alone
WORKSHOP = "workshop"
#: a text fallback of these shows nothing: the output lives in JupyterLab only
_LIVE = "application/"


def page(notebook: Any, *, file: str, audience: str, provenance: pd.DataFrame) -> str:
    """HTML of an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode
    file : str
        The notebook's name, for messages.
    audience : {"leader", "working"}
    provenance : DataFrame
        ``county.provenance``: kinds, day and checksums of the data.

    Raises
    ------
    DataError
        naming each cell whose output cannot be kept or refers to the network.
    """
    problems: list[Problem] = []
    parts: list[str] = []
    number = 0
    for cell in notebook["cells"]:
        hidden = WORKSHOP in cell["metadata"].get("tags", ())
        if cell["cell_type"] == "code":
            number += 1
        if hidden:
            continue
        if cell["cell_type"] == "markdown":
            parts.append(_prose(cell["source"]))
        elif cell["cell_type"] == "code":
            place = label("sharing.cell", number=number)
            for content in _outputs(cell["outputs"], file, place, problems):
                found = offline.external(content)
                problems += [
                    Problem("external_reference", file=file, sheet=place, found=each)
                    for each in sorted(set(found))
                ]
                parts.append(f'<div class="jd-output">{content}</div>')
    if problems:
        raise DataError(problems)
    body = offline.shared_once("\n".join(parts))
    return _whole(body, title=_title(notebook), audience=audience, provenance=provenance)


def _prose(source: str) -> str:
    import mistune

    write = mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])
    return str(write(escape.shown(source)))


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


def _whole(body: str, *, title: str, audience: str, provenance: pd.DataFrame) -> str:
    kinds = marks.kinds(provenance)
    stamps = [*marks.marks(kinds)] + ([label("internal_mark")] if audience == "working" else [])
    source = marks.source_line(kinds, marks.as_of(provenance))
    digest = label("sharing.checksum", digest=checksum(provenance), count=len(provenance))
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    spans = "&emsp;".join(escape.text(stamp) for stamp in stamps)
    lines = "".join(f"<div>{escape.text(line)}</div>" for line in (source, digest))
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if language() == "zh" else "en"}">\n<head>\n'
        f'<meta charset="utf-8">\n{offline.page_policy(body)}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape.text(title)}</title>\n<style>\n{style}</style>\n"
        f"{offline.shared_assets(body)}\n</head>\n<body>\n"
        f'<header><span class="jd-stamps">{spans}</span>'
        f'<span class="jd-app">{escape.text(label("app_title"))}</span></header>\n'
        f"<article>\n{body}\n</article>\n"
        f'<footer><div class="jd-stamps">{spans}</div>{lines}</footer>\n</body>\n</html>\n'
    )
