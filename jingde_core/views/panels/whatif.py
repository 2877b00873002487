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
from jingde_core.scenarios import Scenario, evaluate, examples, frontier, is_stale, keys, robustness
from jingde_core.views import escape
from jingde_core.views import scenario_charts as charts
from jingde_core.views import scenario_tables as tables
from jingde_core.views.live import LiveMap
from jingde_core.views.panels.parts import field, row, say, style_sheet

if TYPE_CHECKING:
    from jingde_core.county import County

#: seconds without a change after which the open tab follows the map
REST = 0.25
#: yuan of one step of the slider, its steps, and budgets on the frontier
_STEP, _MOST, _BUDGETS = 10_000, 200, 26
PAGES = ("stages", "rules", "frontier", "towns", "deciles", "bridge", "who", "robust")
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
        known = [Scenario.from_file(path) for path in examples().values()]
        # what a shock states until somebody says otherwise: the numbers of an example
        self._stated = {shock["kind"]: dict(shock) for each in known for shock in each.shocks}
        self.base, self.outcome = self._answered(self._read(scenario))
        self.controls = {each["path"]: self._control(each) for each in _declared()}
        self._put(self.base)
        drawn = charts.change_map(county, self.outcome)
        self.map = LiveMap(drawn, height=520, shown=charts.levels()[0])
        self.widget = self._laid_out()
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
            offered = [*tables.rules(), "universal", self.base.rule["name"]]
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

    def _answered(self, scenario: Scenario) -> tuple[Scenario, Any]:
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
        try:
            self.outcome = self._answered(self.scenario)[1]
        except DataError as fault:
            say(self.notice, fault)
            return say(self.headline, label("whatif.last_valid"))
        say(self.notice, "")
        self.headline.value = tables.headline(self.outcome)._repr_html_()
        shown = {name: held[name] for name in ("measure", "step")}
        self.map.paint(charts.paintings(self.county, self.outcome, **shown))
        self._when_at_rest()

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
        for each in _declared():
            rows.setdefault(each["row"], []).append(self.controls[each["path"]])
        *above, more, below = (row(controls) for controls in rows.values())
        self.more = widgets.ToggleButton(description=label("whatif.more"))
        widgets.dlink(
            (self.more, "value"), (more.layout, "display"), lambda on: None if on else "none"
        )
        names = [(label(f"whatif.tab.{name}"), i) for i, name in enumerate((*PAGES, "keep"))]
        self.tabs = widgets.ToggleButtons(options=names)
        self.tabs.add_class("jd-tabs")
        self.tabs.observe(lambda _: self._settled(), "value")
        self.pages = {name: widgets.HTML() for name in PAGES}
        self.buttons = {
            key: self._button(key) for key in ("run", "save", "open", "compare", "export")
        }
        numbers = {"draws": "200", "error": "0.2"}
        self.trial = {
            key: field(widgets.Text, "240px", value=text, description=label(f"whatif.{key}"))
            for key, text in numbers.items()
        }
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
        return box

    def _button(self, key: str) -> Any:
        """A button whose faults are told beside it, never raised."""

        def pressed(_: Any) -> None:
            place = self.pages["robust"] if key == "run" else self.said
            say(place, label("whatif.working"))
            try:
                say(place, getattr(self, f"_{key}")())
            except DataError as fault:
                say(place, fault)

        button = widgets.Button(description=label(f"whatif.{key}"))
        button.on_click(pressed)
        return button

    def _settled(self) -> None:
        """Fill the open tab; the others wait until they are opened."""
        name = (*PAGES, "keep")[self.tabs.value]
        if name == "keep":
            return self._offer()
        county, outcome, page = self.county, self.outcome, self.pages[name]
        made: dict[str, Callable[[], Any]] = {
            "stages": lambda: tables.stage_table(county, outcome),
            "rules": lambda: tables.rules_table(county, outcome.scenario),
            "towns": lambda: tables.town_table(county, outcome),
            "who": lambda: tables.households(county, outcome),
            "deciles": lambda: charts.support_bars(outcome),
            "bridge": lambda: charts.poverty_bridge(outcome),
            "frontier": lambda: self.frontier("poverty_severity"),
            "robust": lambda: None,
        }
        try:
            drawn = made[name]()
            page.value = getattr(drawn, "html", "") or getattr(drawn, "svg", page.value)
        except DataError as fault:
            say(page, fault)

    def frontier(self, measure: str) -> Any:
        """A measure for every budget up to twice the present one, a line a rule."""
        scenario = self.outcome.scenario
        most = max(2 * scenario.budget, _MOST * _STEP / 2)
        budgets = [most * place / (_BUDGETS - 1) for place in range(_BUDGETS)]
        found = frontier(self.county, tables.rules(), budgets, scenario=scenario)
        return charts.frontier_chart(found, budget=scenario.budget, measure=measure)

    def _run(self) -> str:
        """Rules over common draws, the present one first."""
        scenario = self.outcome.scenario
        names = list(dict.fromkeys([scenario.rule["name"], *tables.rules()]))
        draws, error = (_typed(self.trial[key]) for key in ("draws", "error"))
        found = robustness(self.county, scenario, names, draws, income_error=error)
        self.pages["robust"].value = tables.robustness_table(self.county, found).html
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
        return self._stale(names)

    def _export(self) -> str:
        self.shelf.value = tables.workbook(self.county, self.outcome).html
        return ""

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
        told += [(label("whatif.example", name=n), n) for n in examples() if n not in own]
        if told != list(self.stored.options):
            self.stored.options = self.several.options = told

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


def _declared() -> tuple[dict[str, str], ...]:
    return tables.declared("whatif_controls")


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
