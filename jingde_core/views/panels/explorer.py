"""The explorer: controls over live maps, with tables and charts of what they show.

An explorer computes nothing: what the controls say is an `Exploration`; the map is repainted
at once, what stands in the open tab when the hand rests. It also emits what it shows as static
HTML, which is all that a rendered page keeps.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from jingde_core.metrics import METRICS
from jingde_core.model.catalogue import column_label, label, value_label
from jingde_core.model.problem import DataError
from jingde_core.views import escape, exploration, maps, overlays, readings, saved_views
from jingde_core.views.exploration import FILTERS, Exploration
from jingde_core.views.live import LiveMap, LivePicture
from jingde_core.views.panels.parts import field, row, say, style_sheet

if TYPE_CHECKING:
    from jingde_core.county import County

#: a saved view by name or path, or fields of one
State = str | Path | Mapping[str, Any]

#: seconds without a change after which the open tab follows the map
REST = 0.25
MAP_HEIGHT = 540
TABS = ("detail", "table", "spread", "trend", "scatter", "keep")


class Explorer:
    """Indicator, level, year, filters and comparison over live maps, with what stands behind."""

    def __init__(
        self, county: "County", *, metrics: Sequence[str] | None = None, state: State | None = None
    ) -> None:
        self.county = county
        self.themes = exploration.themes(county, metrics)
        self._names = [name for names in self.themes.values() for name in names]
        self._resting: asyncio.TimerHandle | None = None
        self._breaks: tuple[float, ...] | None = None
        self._setting, self._confirmed = False, ""
        self.controls = self._made_controls()
        self._put(self._given(state or {}))
        self.map = LiveMap(self._drawn(self.state), height=MAP_HEIGHT, shown=self.state.level)
        self.second: LiveMap | None = None
        self.widget = self._laid_out()
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self._listen(self.map)
        self._follow(self.state)

    def _made_controls(self) -> dict[str, Any]:
        def named(prefix: str, keys: Iterable[str]) -> list[tuple[str, str]]:
            return [(label(f"{prefix}.{key}"), key) for key in keys]

        drop, slide, press = widgets.Dropdown, widgets.SelectionSlider, widgets.ToggleButtons
        metrics, none = named("metric", self._names), [("", 0)]
        levels = named("views.layer", ("village", "town"))
        shapes = named("views.panel", ("schematic", "tiles"))
        ways = named("explorer.compare", exploration.COMPARISONS)
        everybody = {"all": label("views.all")}
        universes = [
            (everybody.get(u) or value_label("status", u), u) for u in exploration.UNIVERSES
        ]
        hint = {"placeholder": label("explorer.breaks_hint"), "continuous_update": False}
        made = {
            "theme": field(drop, "200px", named("explorer.theme", self.themes)),
            "metric": field(drop, "350px", metrics),
            "year": field(slide, "250px", none),
            "level": field(press, "auto", levels),
            "geometry": field(press, "auto", shapes),
            "unit": field(drop, "210px", none),
            "compare": field(drop, "210px", ways),
            "other_metric": field(drop, "400px", metrics),
            "other_year": field(slide, "300px", none),
            "universe": field(drop, "230px", universes),
            "own_line": widgets.Checkbox(indent=False, layout={"width": "auto"}),
            "poverty_line": field(widgets.IntSlider, "300px", min=1000, max=15000, step=50),
            "breaks": field(widgets.Text, "380px", **hint),
        }
        made["poverty_line"].value = 4000
        for column in (*FILTERS, "town"):
            offered = [(name, code) for code, name in exploration.choices(self.county, column)]
            made[column] = field(drop, "230px", [(label("explorer.any"), ""), *offered])
        for name, control in made.items():
            own = name in FILTERS
            control.description = column_label(name) if own else label(f"explorer.{name}")
        return made

    def _given(self, state: State) -> Exploration:
        if isinstance(state, str | Path):
            return saved_views.load(self.county, self._names, state)
        return saved_views.checked(self.county, self._names, state)

    @property
    def state(self) -> Exploration:
        """What the controls say."""
        values = {name: control.value for name, control in self.controls.items()}
        line, own = float(values.pop("poverty_line")), values.pop("own_line")
        del values["theme"], values["breaks"]
        values |= {name: values[name] or None for name in ("year", "other_year")}
        return Exploration(**values, poverty_line=line if own else None, breaks=self._breaks)

    def show(self, state: State) -> None:
        """Turn every control to a saved view (name or path) or to given fields."""
        self._put(self._given(state))
        self._redrawn()
        self._follow(self.state)

    def _put(self, seen: Exploration) -> None:
        held, self._setting = self.controls, True
        held["theme"].value = next(t for t, names in self.themes.items() if seen.metric in names)
        self._offer_metrics()
        held["metric"].value, held["level"].value = seen.metric, seen.level
        self._offer_years_and_units()
        for name in held.keys() - {"theme", "own_line", "poverty_line", "breaks"}:
            value = getattr(seen, name)
            held[name].value = 0 if value is None else value
        held["own_line"].value = seen.poverty_line is not None
        if seen.poverty_line is not None:
            line = int(seen.poverty_line)
            held["poverty_line"].max, held["poverty_line"].min = max(15000, line), min(1000, line)
            held["poverty_line"].value = line
        self._breaks = seen.breaks
        held["breaks"].value = ", ".join(f"{cut:.12g}" for cut in seen.breaks or ())
        self._setting = False

    def _offer_metrics(self) -> None:
        names = self.themes[self.controls["theme"].value]
        self.controls["metric"].options = [(label(f"metric.{name}"), name) for name in names]

    def _offer_years_and_units(self) -> None:
        """Years that the metric has, units that the level has; what was chosen stays if it can."""
        held = self.controls
        offered = exploration.years(self.county, held["metric"].value)
        absent = label("explorer.all_years" if len(offered) > 1 else "explorer.now")
        # a slider holds no None: 0 stands for it
        years = [(str(year or absent), year or 0) for year in offered]
        units = [(label("explorer.whole"), ""), *((n, c) for c, n in self._units().items())]
        last, first = ("year", years, offered[-1] or 0), ("other_year", years, offered[0] or 0)
        for name, options, usual in (last, first, ("unit", units, "")):
            before = held[name].value
            held[name].options = options
            held[name].value = before if before in dict(options).values() else usual
            held[name].disabled = len(options) < 2

    def _units(self) -> dict[str, str]:
        frame = exploration.units(self.county, self.controls["level"].value)
        return dict(zip(frame["code"], map(escape.shown, frame["name"]), strict=True))

    def _changed(self, change: Any) -> None:
        if self._setting:
            return
        held = self.controls
        owner = next(name for name, control in held.items() if control is change["owner"])
        self._setting = True
        if owner == "theme":
            self._offer_metrics()
        if owner in ("theme", "metric", "level"):
            self._offer_years_and_units()
        if owner in ("theme", "metric", "compare"):
            self._breaks, held["breaks"].value = None, ""
        self._setting = False
        try:
            if owner == "breaks":
                self._breaks = saved_views.parsed_breaks(held["breaks"].value)
        except DataError as fault:
            return say(self.notice, fault)
        if owner == "geometry":
            self._redrawn()
        self._follow(self.state, paint=owner not in ("unit", "town", "level"))

    def _follow(self, seen: Exploration, *, paint: bool = True) -> None:
        """Controls, maps and marks as the state says; the open tab once the hand rests."""
        held, by_year = self.controls, seen.compare in ("year", "change")
        held["own_line"].disabled = "poverty_line" not in METRICS[seen.metric].parameters
        held["poverty_line"].disabled = not held["own_line"].value or held["own_line"].disabled
        for name, wanted in (("other_metric", seen.compare == "metric"), ("other_year", by_year)):
            held[name].layout.display = None if wanted else "none"
        undated = by_year and None in (seen.year, seen.other_year)
        say(self.notice, label("explorer.needs_years") if undated else "")
        try:
            if paint:
                self._paint(seen)
        except DataError as fault:
            say(self.notice, fault)
        self._mark(seen)
        self._when_at_rest(self._settled)

    def _paint(self, seen: Exploration) -> None:
        painted = exploration.paintings(self.county, seen)
        self.map.paint(painted[0])
        if len(painted) > 1:
            if self.second is None:
                link = self.map.link = str(self.map.model_id)
                self.second = LiveMap(self._drawn(seen), height=MAP_HEIGHT, link=link)
                self.second.layout = {"flex": "1 1 0", "min_width": "0"}
                self._listen(self.second)
            self.second.paint(painted[1])
            self.second.layout.order = "-1" if exploration.backward(seen) else "0"
        shown = [self.map, self.second][: len(painted)]
        if len(self.maps.children) != len(shown):
            self.maps.children = shown

    def _mark(self, seen: Exploration) -> None:
        frame = exploration.units(self.county, seen.level)
        marked = [i for i, code in enumerate(frame["code"]) if code == seen.unit]
        towns = frame["code" if seen.level == "town" else "town"]
        turned = [i for i, town in enumerate(towns) if town == seen.town]
        for each in filter(None, (self.map, self.second)):
            each.shown = seen.level
            each.marked = [seen.level, marked] if marked else []
            each.focus = [seen.level, turned] if turned else []

    def _drawn(self, seen: Exploration, pane: int = 0) -> maps.VillageMap:
        asked = exploration.layers(self.county, seen, pane) | {"geometry": seen.geometry}
        return maps.village_map(self.county, **asked, overlays=list(overlays.declared()))

    def _redrawn(self) -> None:
        document = self._drawn(self.state).document
        for each in filter(None, (self.map, self.second)):
            each.document = document

    def _listen(self, live: LiveMap) -> None:
        live.observe(self._clicked, "selected")
        live.observe(lambda change: self._turned(change["new"]), "shown")

    def _clicked(self, change: Any) -> None:
        level, code = change["new"]
        self._turned(level)
        self._picked(code)

    def _picked(self, code: str) -> None:
        if code in self._units():
            self.controls["unit"].value = code

    def _turned(self, level: str) -> None:
        if level and level != self.controls["level"].value:
            self.controls["level"].value = level

    def _when_at_rest(self, action: Callable[[], None]) -> None:
        """Do it once the controls have been still for a moment; at once where no loop runs."""
        if self._resting:
            self._resting.cancel()
        try:
            self._resting = asyncio.get_running_loop().call_later(REST, action)
        except RuntimeError:
            action()

    def _laid_out(self) -> Any:
        held = self.controls
        self.notice, self.said = widgets.HTML(), widgets.HTML()
        self.pages = {name: widgets.HTML() for name in TABS[:4]}
        last = ("universe", "town", "own_line", "poverty_line", "breaks")
        more = row(held[name] for name in (*FILTERS, *last))
        self.more = widgets.ToggleButton(description=label("explorer.more"))
        self.more.add_class("jd-more")
        shown = {True: "flex", False: "none"}
        widgets.dlink((self.more, "value"), (more.layout, "display"), shown.get)
        self.map.layout = {"flex": "1 1 0", "min_width": "0"}
        self.maps = widgets.HBox([self.map], layout={"width": "100%"})
        self.tabs = widgets.ToggleButtons(
            options=[(label(f"explorer.tab.{name}"), i) for i, name in enumerate(TABS)]
        )
        self.tabs.add_class("jd-tabs")
        self.tabs.observe(lambda _: self._settled(), "value")
        stack = widgets.Stack([*self.pages.values(), self._scattering(), self._keeping()])
        widgets.dlink((self.tabs, "value"), (stack, "selected_index"))
        themes = ["theme"] if len(self.themes) > 1 else []
        second, third = ["level", "geometry", "unit", "compare"], ["other_metric", "other_year"]
        rows = [[*themes, "metric", "year"], second, third]
        above = [style_sheet(), *(row(held[name] for name in names) for names in rows)]
        above += [self.more, more, self.notice]
        box = widgets.VBox([*above, self.maps, self.tabs, stack])
        box.add_class("jd-explorer")
        return box

    def _scattering(self) -> Any:
        """The scatter with its own control for the second indicator."""
        own = self.controls["other_metric"]
        self.twin = field(widgets.Dropdown, "400px", own.options, description=own.description)
        widgets.link((own, "value"), (self.twin, "value"))
        self.picture, note = LivePicture(), widgets.HTML()
        self.picture.observe(lambda change: self._picked(change["new"]), "selected")
        say(note, label("explorer.scatter_hint"))
        return widgets.VBox([self.twin, self.picture, note])

    def _keeping(self) -> Any:
        named, stored, hint = (label(f"explorer.{n}") for n in ("name", "saved_views", "name_hint"))
        self.name = field(widgets.Text, "300px", description=named, placeholder=hint)
        self.stored = field(widgets.Dropdown, "300px", [], description=stored)
        self.save = widgets.Button(description=label("explorer.save"), layout={"width": "80px"})
        self.open = widgets.Button(description=label("explorer.open"), layout={"width": "80px"})
        self.save.on_click(self._save)
        self.open.on_click(self._open)
        self.code = widgets.Textarea(layout={"width": "98%", "height": "86px"})
        self.code.add_class("jd-code")
        keeping = row([self.name, self.save, self.stored, self.open])
        return widgets.VBox([keeping, self.said, widgets.Label(label("explorer.code")), self.code])

    def _save(self, _: Any) -> None:
        name, self._confirmed, said = self.name.value.strip(), "", self._confirmed
        try:
            path = saved_views.save(self.state, name, over=said == name)
        except DataError as fault:
            say(self.said, fault)
            if fault.problems[0].code == "explorer_taken":
                self._confirmed = name
            return
        self.stored.options = saved_views.saved()
        self.stored.value = name
        say(self.said, label("explorer.saved", file=path.name, name=name))

    def _open(self, _: Any) -> None:
        try:
            self.show(self.stored.value or "")
            say(self.said, label("explorer.opened", name=self.stored.value))
        except DataError as fault:
            say(self.said, fault)

    def _settled(self) -> None:
        """Fill the open tab; the others wait until they are opened."""
        seen, tab = self.state, TABS[self.tabs.value]
        if tab == "keep":
            self.code.value = saved_views.code(self.county, seen)
            self.stored.options = saved_views.saved()
        elif tab == "scatter":
            drawn, self.picture.points = readings.scatter(self.county, seen)
            self.picture.svg = drawn.svg
        else:
            try:
                self.pages[tab].value = getattr(readings, tab)(self.county, seen)
            except DataError as fault:
                say(self.pages[tab], fault)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        live = self.widget._repr_mimebundle_()
        bundle = live[0] if isinstance(live, tuple) else live
        seen = self.state
        # a page draws the two years of a change, and tells the change in the table
        both = replace(seen, compare="year") if seen.compare == "change" else seen
        panes = range(len(exploration.panes(both)))
        parts = [self._drawn(both, pane)._repr_html_() for pane in panes]
        parts += [readings.trend(self.county, seen)]
        parts += [readings.table(self.county, seen, download=False)]
        spaced = "".join(f'<div style="margin:0 0 18px">{part}</div>' for part in parts)
        return {**bundle, "text/html": spaced}


def explorer(
    county: "County", metrics: Sequence[str] | None = None, *, state: State | None = None
) -> Explorer:
    """The county under the hand: maps, tables and charts that follow the controls (分析面板).

    Parameters
    ----------
    metrics : sequence of str, optional
        Names of metrics to choose from; all that can be told by village when left out.
    state : str, Path or mapping, optional
        A view saved in the working folder (its name, or a path), or fields of one, such as
        ``{"metric": "poverty_gap", "year": 2015}``.

    Raises
    ------
    KeyError
        for a metric that does not exist or has no villages.
    DataError
        for a view that is missing, damaged, or holds what cannot be chosen.
    """
    return Explorer(county, metrics=metrics, state=state)
