"""Drop ledger files in, see what they hold and what is wrong, and only then put them in the store.

Files are read as soon as they are there, and nothing is written. The second button commits what
was accepted. Numbers of persons are masked on the screen; what is to be mended can be taken
along as it was.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from jingde_core.geography.names import plain_text
from jingde_core.ledgers import Report, Store, read, write_template
from jingde_core.ledgers.idnumbers import parse_id
from jingde_core.ledgers.kinds import kinds
from jingde_core.model.catalogue import label
from jingde_core.model.place import store_file
from jingde_core.model.problem import DataError
from jingde_core.privacy.masking import mask_card, mask_id, mask_name, mask_phone
from jingde_core.views import escape
from jingde_core.views.downloads import link
from jingde_core.views.panels.parts import field, row, say, style_sheet
from jingde_core.views.tables import table

if TYPE_CHECKING:
    from jingde_core.county import County

_MASKS = {"name": mask_name, "id_number": mask_id, "phone": mask_phone, "card": mask_card}
_ENDINGS, _NAMED = ".xlsx,.xlsm,.xls,.et,.csv", ("importing.kind", "importing.blank")
_COUNTS = ("accepted", "quarantined", "skipped")
_EFFECTS = ("new", "changed", "same", "gone", "outside")


class ImportPanel:
    """Files, what they were taken for, what is wrong with them, and the store they go to."""

    def __init__(self, store: "Store | str | Path | County | None" = None) -> None:
        self._place = store if isinstance(store, Store | str | Path) else store_file()
        self.reports: list[Report] = []
        named = [(label(f"ledger.kind.{kind}"), kind) for kind in kinds()]
        choose, said_first = label("importing.files"), (label("importing.automatic"), "")
        self.files = widgets.FileUpload(accept=_ENDINGS, multiple=True, description=choose)
        self.kind = field(widgets.Dropdown, "330px", [said_first, *named])
        self.blank = field(widgets.Dropdown, "330px", [("", ""), *named])
        self.kind.description, self.blank.description = map(label, _NAMED)
        self.sure = widgets.Checkbox(indent=False, description=label("importing.sure"))
        self.confirm = widgets.Button(description=label("importing.confirm"), disabled=True)
        self.said, self.done, self.found, self.template = (widgets.HTML() for _ in range(4))
        self.sure.layout.display = "none"
        self.files.observe(self._read, "value")
        self.kind.observe(self._read, "value")
        self.blank.observe(self._offer, "value")
        self.confirm.on_click(self._commit)
        rows = [row([self.files, self.kind]), self.found, self.done, self.said]
        rows += [row([self.sure, self.confirm]), row([self.blank, self.template])]
        self.widget = widgets.VBox([style_sheet(), *rows])
        self.widget.add_class("jd-explorer")

    def store(self, *, make: bool) -> Store | None:
        """The store; None where there is none yet and none is to be made."""
        place = self._place
        there = isinstance(place, Store) or "://" in str(place) or Path(place or "").is_file()
        if there or make:
            self._place = place if isinstance(place, Store) else Store(place)
        return self._place if isinstance(self._place, Store) else None

    def _read(self, _: Any) -> None:
        """Read what was dropped in; nothing is written but a copy that goes at once."""
        self.sure.value, self.sure.layout.display, self.reports = False, "none", []
        say(self.said, label("importing.reading"))
        say(self.done, "")
        with TemporaryDirectory() as folder:
            for given in self.files.value:
                path = Path(folder) / (Path(given["name"].replace("\\", "/")).name or "-")
                path.write_bytes(given["content"])
                self.reports.append(read(path, self.kind.value or None))
            kept = list(_quarantined(self.reports, Path(folder) / "quarantine.xlsx"))
        usable = any(report.tables for report in self.reports)
        self.confirm.disabled, parts = not usable, []
        for report in self.reports:
            parts += [_shown(_problems(report), "problems", file=report.file)]
            parts += [_shown(_columns(report), "columns", fold=True, file=report.file)]
        say(self.said, label("importing.looked") if usable else "")
        try:
            parts.insert(0, _shown(pd.DataFrame(self._counts()), "counts"))
        except DataError as fault:
            say(self.said, fault)
        self.found.value = "".join([*parts, *kept]) if self.reports else ""

    def _counts(self) -> Iterator[dict[str, Any]]:
        """A row a file: its rows, and what they would change in the store."""
        store = self.store(make=False)
        for report in self.reports:
            held = (
                label(f"ledger.kind.{kind}") for kind in sorted(set(report.rows["kind"]) - {""})
            )
            about: dict[str, Any] = {"file": report.file, "kind": label("list_comma").join(held)}
            about |= {name: report.counts[name] for name in _COUNTS}
            if store is not None and report.tables:
                batch = store.commit(report, confirm=True, dry_run=True)
                about |= {name: batch.counts[name] for name in _EFFECTS}
                told = label("cli.import.repeated", at=batch.imported_at)
                about["note"] = told if batch.repeated else ""
            yield about

    def _commit(self, _: Any) -> None:
        """Put each file into the store; one that is refused is told and stays on offer."""
        done = []
        try:
            while self.reports:
                if (report := self.reports[0]).tables:
                    batch = report.commit(self.store(make=True) or "", confirm=self.sure.value)
                    key = f"cli.import.{'was_there' if batch.repeated else 'written'}"
                    at = batch.imported_at
                    done.append(label(key, file=report.file, batch=batch.id, at=at))
                    say(self.done, "".join(done))
                self.reports.pop(0)
        except DataError as fault:
            fewer = any(problem.code == "fewer_rows" for problem in fault.problems)
            self.sure.layout.display = "" if fewer else "none"
            return say(self.said, fault)
        self.confirm.disabled, self.sure.layout.display = True, "none"
        say(self.said, label("importing.load_again"))

    def _offer(self, _: Any) -> None:
        """A link to the blank ledger of the chosen kind."""
        self.template.value, kind = "", self.blank.value
        if kind:
            with TemporaryDirectory() as folder:
                content = write_template(kind, Path(folder) / "blank.xlsx").read_bytes()
            self.template.value = link("xlsx", content, label(f"ledger.kind.{kind}"))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        live = self.widget._repr_mimebundle_()
        bundle = live[0] if isinstance(live, tuple) else live
        return {**bundle, "text/html": f"<p>{escape.text(label('importing.page'))}</p>"}


def import_panel(store: "Store | str | Path | County | None" = None) -> ImportPanel:
    """Bring the office's own ledgers in by hand (台账导入面板).

    Parameters
    ----------
    store : Store, str, Path or County, optional
        Where they go: a store, its file or URL; by default (and for a county) the office's own.

    Returns
    -------
    ImportPanel
        A page keeps a sentence only: what was dropped in never leaves the workshop.
    """
    return ImportPanel(store)


def _shown(frame: pd.DataFrame, key: str, *, fold: bool = False, **values: str) -> str:
    title = label(f"importing.{key}", **values)
    own = "" if fold else title
    html = table(frame, name="import", title=own, provenance=["imported"]).html
    return f"<details><summary>{escape.text(title)}</summary>{html}</details>" if fold else html


def _quarantined(reports: list[Report], path: Path) -> Iterator[str]:
    """Links to the rows that wait to be mended, a file each."""
    for report in reports:
        if report.kept:
            report.write_quarantine(path)
            name = label("importing.quarantine", file=Path(report.file).stem)
            yield f"<p>{escape.text(name)} {link('xlsx', path.read_bytes(), name)}</p>"


def _columns(report: Report) -> pd.DataFrame:
    """Each heading and what it was taken for."""
    read_as = [
        kinds()[kind].fields[name].headers[0] if name else label("importing.unused")
        for kind, name in zip(report.columns["kind"], report.columns["field"], strict=True)
    ]
    shown = report.columns.assign(field=read_as)
    return shown[["sheet", "column", "header", "field", "unit"]]


def _problems(report: Report) -> pd.DataFrame:
    """Problems as they are shown, errors first: what a person's cell holds is masked."""
    known = report.columns[["sheet", "column", "kind", "field"]]
    told = report.problems.merge(known, how="left", on=["sheet", "column"])
    cells = zip(told["raw"], told["kind"], told["field"].fillna(""), strict=True)
    shown = told.assign(raw=[_masked(raw, kind, field) for raw, kind, field in cells])
    return shown.sort_values("severity", kind="stable")[["severity", "raw", "message"]]


def _masked(raw: Any, kind: str, name: str) -> str:
    text, type_ = plain_text(raw), kinds()[kind].fields[name].type if name else ""
    if parse_id(text).number:
        return mask_id(text)
    return _MASKS[type_](text) if text and type_ in _MASKS else str(raw)
