"""The what-if panel: controls that edit a scenario, over a live map of the change.

The panel computes nothing: what the controls say is a `Scenario`, refused in place where it is
none, and `evaluate` answers. Map and sentence follow every step; what stands in the open tab
follows when the hand rests. What a file holds and no control shows stays as it was. The controls
are rows of ``data/whatif_controls.csv``, each with the path of what it edits.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from jingde_core.model.catalogue import has_label, label, value_label
from jingde_core.model.place import write_whole
from jingde_core.model.problem import DataError, Problem
from jingde_core.privacy import audience
from jingde_core.scenarios import Outcome, Scenario, evaluate, examples, is_stale, keys, robustness
from jingde_core.views import escape
from jingde_core.views import scenario_charts as charts
from jingde_core.views import scenario_tables as tables
from jingde_core.views.live import LiveMap
from jingde_core.views.panels.parts import field, row, say, style_sheet

if TYPE_CHECKING:
    from jingde_core.county import County

#: seconds without a change after which the open tab follows the map
REST = 0.25
#: yuan of one step of the slider, and its steps
_STEP, _MOST = 10_000, 200
_CONTROLS = tables.declared("whatif_controls")
#: what stands in each tab, made when it is opened; robustness waits for its button
PAGES: dict[str, Callable[["County", Outcome], Any]] = {
    "stages": tables.stage_table,
    "rules": lambda county, outcome: tables.rules_table(county, outcome.scenario),
    "frontier": charts.budget_chart,
    "towns": tables.town_table,
    "deciles": lambda _, outcome: charts.support_bars(outcome),
    "bridge": lambda _, outcome: charts.poverty_bridge(outcome),
    "who": tables.households,
    "robust": lambda _, outcome: None,
}
_RESULT = ".result.json"
_KINDS: dict[str, Any] = {
    "text": widgets.Text,
    "one": widgets.Dropdown,
    "many": widgets.SelectMultiple,
    "slider": widgets.IntSlider,
}
_LEVELS = ("towns", "villages")


class WhatIf:
    """Budget, rule, line, scope, conditions and shocks over a live map, and what follows."""

    def __init__(self, county: "County", scenario: Scenario | str | Path) -> None:
        self.county, self.folder = county, Path.cwd() / "scenarios"
        self._resting: asyncio.TimerHandle | None = None
        self._examples = {name: Scenario.from_file(path) for name, path in examples().items()}
        # what a shock states until somebody says otherwise: the numbers of an example
        shocks = [shock for each in self._examples.values() for shock in each.shocks]
        self._stated = {shock["kind"]: dict(shock) for shock in shocks}
        self.base, self.outcome = self._answered(self._read(scenario))
        self.controls = {each["path"]: self._control(each) for each in _CONTROLS}
        self._put(self.base)
        drawn = charts.change_map(county, self.outcome)
        self.map = LiveMap(drawn, height=520, shown=charts.levels()[0])
        self.widget = self._laid_out()
        self.map.observe(lambda _: self._paint(), "shown")
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self._follow()

    def _control(self, declared: dict[str, str]) -> Any:
        path, column, kind = declared["path"], declared["column"], declared["kind"]
        codes = declared["choices"].split(";") if declared["choices"] else []
        options = [(value_label(column, code), code) for code in codes]
        if column in ("town", "village"):
            options = [(escape.shown(n), n) for n in getattr(self.county, f"{column}s")["name"]]
        if column == "rule":
            offered = [*charts.rules(), "universal", self.base.rule["name"]]
            options = [(value_label("rule", name), name) for name in dict.fromkeys(offered)]
        more: dict[str, Any] = {"rows": 5} if kind == "many" else {"continuous_update": False}
        more = {"max": _MOST} if kind == "slider" else {} if kind == "one" else more
        made = field(_KINDS[kind], declared["width"], options if column else None, **more)
        made.description = label(f"whatif.field.{path}")
        return made

    def _read(self, name: Scenario | str | Path) -> Scenario:
        """A scenario: itself, by the name under which it was saved, an example, or a path."""
        if isinstance(name, Scenario):
            return name
        own = self.folder / f"{name}.toml"
        return Scenario.from_file(own if own.is_file() else examples().get(str(name), Path(name)))

    def _answered(self, scenario: Scenario) -> tuple[Scenario, Outcome]:
        """The scenario and what it comes to; for leaders never the yardstick of theory."""
        if scenario.rule["name"] == "closest_first" and audience() == "leader":
            raise DataError([Problem("whatif_yardstick", scenario.file, "rule.name")])
        return scenario, evaluate(self.county, scenario)

    @property
    def scenario(self) -> Scenario:
        """What the controls say.

        Raises
        ------
        DataError
            with every control that holds what cannot be, by its name on the screen.
        """
        raw, held = self.base.to_dict(), {n: _typed(c) for n, c in self.controls.items()}
        held["name"] = self.controls["name"].value.strip()
        held |= {f"scope.{n}": [] for n in _LEVELS if held["place"] not in (n, "both")}
        needed = {"name", "budget", "lines.poverty_line", "lines.monitoring_range"}
        needed |= {f"scope.{n}" for n in _LEVELS if held["place"] in (n, "both")}
        for path, value in held.items():
            section, _, key = path.rpartition(".")
            if path in ("name", "budget", "seed") or section in keys.SECTIONS:
                table = raw.setdefault(section, {}) if section else raw
                table[key] = value
                if value in ("", []) and path not in needed:
                    del table[key]
        rule, wanted = held["rule.name"], held["shocks"]
        same = dict(self.base.rule) if rule == self.base.rule["name"] else {"name": rule}
        raw["rule"] = same | self._parameters(rule)
        shocks = [each for each in raw.get("shocks", []) if each["kind"] in wanted]
        shocks += [{"kind": k} for k in wanted if k not in {each["kind"] for each in shocks}]
        for kind in wanted:
            next(s for s in shocks if s["kind"] == kind).update(self._parameters(kind))
        try:
            return Scenario.from_dict(raw | {"shocks": shocks})
        except DataError as fault:
            told = [_told(each, shocks) for each in fault.problems]
            raise DataError(told) from None

    def _parameters(self, kind: str) -> dict[str, Any]:
        """What the controls state for a rule or a shock."""
        own = {p: c for p, c in self.controls.items() if p.startswith(f"{kind}.")}
        return {path.partition(".")[2]: _typed(control) for path, control in own.items()}

    def show(self, scenario: Scenario | str | Path) -> None:
        """Turn every control to a scenario: itself, a saved name, an example, or a path."""
        self.base, self.outcome = self._answered(self._read(scenario))
        self._put(self.base)
        self._follow()

    def _put(self, scenario: Scenario) -> None:
        self._setting, told = True, scenario.to_dict()
        stated = self._stated | {shock["kind"]: shock for shock in reversed(scenario.shocks)}
        told |= stated | {"shocks": [shock["kind"] for shock in scenario.shocks]}
        places = [level for level in _LEVELS if level in scenario.scope]
        told |= {"universal": told["rule"], "place": ["all", *places, "both"][len(places)]}
        told["place"] = places[0] if len(places) == 1 else told["place"]
        for path, control in self.controls.items():
            section, _, key = path.rpartition(".")
            value = (told.get(section, {}) if section else told).get(key, "")
            if isinstance(control, widgets.SelectMultiple):
                units = getattr(self.county, key) if key in _LEVELS else {"code": (), "name": ()}
                names = dict(zip(units["code"], units["name"], strict=True))
                control.value = tuple(names.get(each, each) for each in value or ())
            elif isinstance(control, widgets.Text):
                control.value = str(value)
            elif isinstance(control, widgets.Dropdown) and (value or section):
                control.value = value
        self._setting = False

    def _changed(self, change: Any) -> None:
        if not self._setting:
            if change["owner"] is self.controls["slider"]:
                self._set("budget", str(change["new"] * _STEP))
            self._follow()

    def _set(self, path: str, value: Any) -> None:
        """Turn a control without an answer."""
        self._setting, self.controls[path].value = True, value
        self._setting = False

    def _follow(self) -> None:
        """Answer the controls: what is wrong in place, else map and sentence at once."""
        held = {path: _typed(control) for path, control in self.controls.items()}
        if isinstance(held["budget"], int | float) and 0 <= held["budget"] <= _MOST * _STEP:
            self._set("slider", round(held["budget"] / _STEP))
        at_hand = {*held["shocks"], held["rule.name"]}
        for path, control in self.controls.items():
            kind, _, key = path.partition(".")
            wanted = kind in at_hand or kind not in (*self._stated, "universal")
            wanted &= key not in _LEVELS or held["place"] in (key, "both")
            control.layout.display = None if wanted else "none"
        # what a button made speaks of the scenario before
        self.pages["robust"].value = self.shelf.value = ""
        try:
            self.outcome = self._answered(self.scenario)[1]
        except DataError as fault:
            say(self.notice, fault)
            return say(self.headline, label("whatif.last_valid"))
        say(self.notice, "")
        self.headline.value = tables.headline(self.outcome)._repr_html_()
        self._paint()
        self._when_at_rest()

    def _paint(self) -> None:
        """Repaint the level on show; the other one when it is turned to."""
        level: Any = self.map.shown
        shown = {name: self.controls[name].value for name in ("measure", "step")}
        self.map.paint({level: charts.painting(self.county, self.outcome, level, **shown)})

    def _when_at_rest(self) -> None:
        """Fill the open tab once the hand rests; at once where no loop runs."""
        if self._resting:
            self._resting.cancel()
        try:
            self._resting = asyncio.get_running_loop().call_later(REST, self._settled)
        except RuntimeError:
            self._settled()

    def _laid_out(self) -> Any:
        self.notice, self.headline, self.said, self.shelf, last = (widgets.HTML() for _ in range(5))
        rows: dict[str, list[Any]] = {}
        for each in _CONTROLS:
            rows.setdefault(each["row"], []).append(self.controls[each["path"]])
        *above, more, below = (row(controls) for controls in rows.values())
        self.more = widgets.ToggleButton(description=label("whatif.more"))
        self.more.add_class("jd-more")
        shown = {True: "flex", False: "none"}
        widgets.dlink((self.more, "value"), (more.layout, "display"), shown.get)
        names = [(label(f"whatif.tab.{name}"), i) for i, name in enumerate((*PAGES, "keep"))]
        self.tabs = widgets.ToggleButtons(options=names)
        self.tabs.add_class("jd-tabs")
        self.tabs.observe(lambda _: self._settled(), "value")
        self.pages = {name: widgets.HTML() for name in PAGES}
        keys = ("run", "save", "open", "compare", "export")
        self.buttons = {key: self._button(key) for key in keys}
        self.trial = {key: field(widgets.Text, "260px") for key in ("draws", "error")}
        for (key, control), start in zip(self.trial.items(), ("200", "0.2"), strict=True):
            control.description, control.value = label(f"whatif.{key}"), start
        trying = row([*self.trial.values(), self.buttons["run"]])
        stored, beside = label("whatif.stored"), label("whatif.beside")
        self.stored = field(widgets.Dropdown, "380px", [], description=stored)
        self.several = field(widgets.SelectMultiple, "460px", [], description=beside)
        keeping = [self.buttons["save"], self.buttons["export"], self.stored, self.buttons["open"]]
        kept = [row(keeping), row([self.several, self.buttons["compare"]]), self.said, self.shelf]
        *plain, tried = self.pages.values()
        stack = widgets.Stack([*plain, widgets.VBox([trying, tried]), widgets.VBox(kept)])
        widgets.dlink((self.tabs, "value"), (stack, "selected_index"))
        say(last, tables.limits())
        parts = [style_sheet(), *above, self.more, more, self.notice, self.headline, below]
        box = widgets.VBox([*parts, self.map, self.tabs, stack, last])
        box.add_class("jd-explorer")
        box.add_class("jd-whatif")
        return box

    def _button(self, key: str) -> Any:
        """A button whose faults are told beside it, never raised."""

        def pressed(_: Any) -> None:
            place = self.pages["robust"] if key == "run" else self.said
            say(place, label("whatif.working"))
            try:
                if told := getattr(self, f"_{key}")():
                    say(place, told)
            except DataError as fault:
                say(place, fault)
            except OSError:
                say(place, label("whatif.not_written"))

        button = widgets.Button(description=label(f"whatif.{key}"))
        button.on_click(pressed)
        return button

    def _settled(self) -> None:
        """Fill the open tab; the others wait until they are opened."""
        name = (*PAGES, "keep")[self.tabs.value]
        if name == "keep":
            return self._offer()
        page = self.pages[name]
        try:
            drawn = PAGES[name](self.county, self.outcome)
            page.value = getattr(drawn, "html", "") or getattr(drawn, "svg", page.value)
        except DataError as fault:
            say(page, fault)

    def _run(self) -> str:
        """Rules over common draws, the present one first."""
        scenario = self.outcome.scenario
        names = list(dict.fromkeys([scenario.rule["name"], *charts.rules()]))
        draws, error = (_typed(self.trial[key]) for key in ("draws", "error"))
        found = robustness(self.county, scenario, names, draws, income_error=error)
        self.pages["robust"].value = tables.shown(self.county, found.summary, "robust").html
        return ""

    def _save(self) -> str:
        """Keep assumptions and result under the scenario's name; no file is ever replaced."""
        scenario, outcome = self._answered(self.scenario)
        path = scenario.save(self.folder)
        record = json.dumps(outcome.record(), ensure_ascii=False, indent=1) + "\n"
        write_whole(path.with_suffix(_RESULT), record.encode())
        self._offer()
        self.stored.value = path.stem
        return label("whatif.saved", file=f"{self.folder.name}/{path.name}")

    def _open(self) -> str:
        self.show(self.stored.value)
        return label("whatif.opened", name=self.stored.value) + self._stale([self.stored.value])

    def _compare(self) -> str:
        names = self.several.value
        found = [self._answered(self._read(name))[1] for name in names]
        self.shelf.value = tables.comparison(self.county, [*found, self.outcome]).html
        return self._stale(names) or label("whatif.compared")

    def _export(self) -> str:
        self.shelf.value = tables.workbook(self.county, self.outcome).html
        return label("whatif.exported")

    def _stale(self, names: Any) -> str:
        """Which saved results stand on other data than these, or cannot be read."""
        stale = []
        for name in names:
            kept = self.folder / f"{name}{_RESULT}"
            try:
                other = kept.is_file() and is_stale(json.loads(kept.read_bytes()), self.county)
            except (ValueError, KeyError, TypeError):
                other = True
            stale += [name] if other else []
        return label("whatif.stale", names=label("views.list_comma").join(stale)) if stale else ""

    def _offer(self) -> None:
        """Scenarios saved beside the notebook, then the examples."""
        own = sorted(path.stem for path in self.folder.glob("*.toml"))
        told = [(escape.shown(name), name) for name in own]
        shipped = {name: each.name for name, each in self._examples.items() if name not in own}
        told += [(label("whatif.example", name=shown), name) for name, shown in shipped.items()]
        if told != list(self.stored.options):
            self.stored.options = self.several.options = told
            self.stored.index = 0

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        live = self.widget._repr_mimebundle_()
        bundle = live[0] if isinstance(live, tuple) else live
        shown = {name: self.controls[name].value for name in ("measure", "step")}
        parts = [
            tables.headline(self.outcome)._repr_html_(),
            charts.change_map(self.county, self.outcome, **shown)._repr_html_(),
            tables.stage_table(self.county, self.outcome).html,
        ]
        spaced = "".join(f'<div style="margin:0 0 18px">{part}</div>' for part in parts)
        return {**bundle, "text/html": spaced}


def _typed(control: Any) -> Any:
    """What a control says: a number where it is one, else the text, for the scenario to refuse."""
    value = control.value
    if isinstance(value, tuple):
        return list(value)
    try:
        number = float(value)
    except ValueError:
        return value.strip()
    return int(number) if number.is_integer() else number


def _told(problem: Problem, shocks: list[dict[str, Any]]) -> Problem:
    """A fault whose key path is told as its control is called on the screen."""
    path, known = problem.sheet, value_label("rule", problem.expected)
    for number, shock in enumerate(shocks, start=1):
        path = path.replace(f"shocks[{number}]", shock["kind"])
    key = f"whatif.field.{path.replace('rule.per_head', 'universal.per_head')}"
    return replace(problem, sheet=label(key) if has_label(key) else path, expected=known)


def whatif(county: "County", scenario: Scenario | str | Path = "leader_500k") -> WhatIf:
    """What-if under the hand: a sum, a rule, a shock, and what they change (情景测算面板).

    Parameters
    ----------
    scenario : Scenario, str or Path
        Where it begins: a scenario, a name saved in the folder ``scenarios`` beside the
        notebook, a shipped example, or a file. The leader's question when left out.

    Raises
    ------
    DataError
        for a file that is missing or faulty, places that do not exist, nobody selected, and
        for leaders the yardstick of theory.
    """
    return WhatIf(county, scenario)
