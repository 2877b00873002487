"""Controls wired to views; the only place that touches ipywidgets.

A panel computes nothing: a control's value goes to `measure`, what comes back to the map at
once, to table and chart when the hand rests. Each panel also emits what it shows as static
HTML, which is all that a rendered page keeps.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from jingde_core.metrics import METRICS
from jingde_core.model.catalogue import label
from jingde_core.views import charts, maps, tables
from jingde_core.views.live import LiveMap

if TYPE_CHECKING:
    from jingde_core.county import County

POVERTY_METRICS = (
    "headcount_ratio",
    "incidence",
    "poverty_gap",
    "poverty_severity",
    "mean_income",
    "persons",
)
#: seconds without a change after which table and chart follow the map
REST = 0.25
_FITTED = "<style>.widget-html-content > svg { max-width: 100%; height: auto; }</style>"


class PovertyPanel:
    """Indicator, year, line and level over a live map, with table and trend."""

    def __init__(self, county: "County", *, metrics: Sequence[str] = POVERTY_METRICS) -> None:
        self.county = county
        years = sorted(int(year) for year in county.household_years["year"].unique())
        self.metric = widgets.Dropdown(
            options=[(label(f"metric.{name}"), name) for name in metrics],
            description=label("views.panel.metric"),
            layout=widgets.Layout(width="420px"),
        )
        self.year = widgets.SelectionSlider(
            options=years, value=years[-1], description=label("views.panel.year")
        )
        self.level = widgets.ToggleButtons(
            options=[(label(f"views.layer.{level}"), level) for level in ("village", "town")],
            style={"button_width": "110px"},
        )
        self.geometry = widgets.ToggleButtons(
            options=[
                (label("views.panel.schematic"), "schematic"),
                (label("views.panel.tiles"), "tiles"),
            ],
            style={"button_width": "110px"},
        )
        self.own_line = widgets.Checkbox(description=label("views.panel.own_line"), indent=False)
        self.line = widgets.IntSlider(
            value=4000, min=1000, max=15000, step=100, disabled=True, layout={"width": "360px"}
        )
        self.map = LiveMap(self._drawn(), shown="village")
        self.table, self.trend = widgets.HTML(), widgets.HTML()
        self._resting: asyncio.TimerHandle | None = None
        for control in (self.metric, self.year, self.own_line, self.line):
            control.observe(self._changed, "value")
        self.level.observe(self._level_changed, "value")
        self.geometry.observe(self._geometry_changed, "value")
        self.widget = self._layout()
        self._when_at_rest(self._settled)

    def _layout(self) -> Any:
        rows = [
            widgets.HBox([self.metric, self.year]),
            widgets.HBox([self.own_line, self.line]),
            widgets.HBox([self.level, self.geometry]),
        ]
        table = {"max_height": "420px", "overflow": "auto", "flex": "0 0 auto"}
        below = widgets.HBox(
            [
                widgets.Box([self.table], layout=table),
                widgets.Box([self.trend], layout={"flex": "1 1 0", "min_width": "0"}),
            ]
        )
        return widgets.VBox([*rows, self.map, below])

    @property
    def parameters(self) -> dict[str, Any]:
        """The poverty line, where the user sets one and the metric has it."""
        line = self.own_line.value and "poverty_line" in METRICS[self.metric.value].parameters
        return {"poverty_line": float(self.line.value)} if line else {}

    def _drawn(self) -> maps.VillageMap:
        return maps.village_map(
            self.county,
            self.metric.value,
            year=self.year.value,
            geometry=self.geometry.value,
            **self.parameters,
        )

    def _changed(self, change: Any) -> None:
        self.line.disabled = not self.own_line.value
        self.map.paint(
            maps.paintings(
                self.county, maps.layers(self.metric.value, year=self.year.value, **self.parameters)
            )
        )
        self._when_at_rest(self._settled)

    def _level_changed(self, change: Any) -> None:
        self.map.shown = self.level.value
        self._settled()

    def _geometry_changed(self, change: Any) -> None:
        self.map.document = self._drawn().document

    def _when_at_rest(self, action: Callable[[], None]) -> None:
        """Do it once the controls have been still for a moment; at once where no loop runs."""
        if self._resting:
            self._resting.cancel()
        try:
            self._resting = asyncio.get_running_loop().call_later(REST, action)
        except RuntimeError:
            action()

    def _settled(self) -> None:
        self.table.value = self._table()._repr_html_()
        self.trend.value = _FITTED + self._trend().svg

    def _table(self) -> tables.Table:
        from jingde_core.county import measure

        frame = measure(
            self.county,
            self.metric.value,
            by=self.level.value,
            year=self.year.value,
            **self.parameters,
        )
        return tables.table(frame)

    def _trend(self) -> charts.Chart:
        from jingde_core.county import measure

        return charts.trend(measure(self.county, self.metric.value, by="year", **self.parameters))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        live = self.widget._repr_mimebundle_()
        bundle = live[0] if isinstance(live, tuple) else live
        parts = [self._drawn()._repr_html_(), self._trend().svg, self._table()._repr_html_()]
        spaced = "".join(f'<div style="margin:0 0 18px">{part}</div>' for part in parts)
        return {**bundle, "text/html": spaced}


def poverty_panel(county: "County", *, metrics: Sequence[str] = POVERTY_METRICS) -> PovertyPanel:
    """Poverty on the map under the hand: indicator, year, line, level (贫困状况面板).

    In the Lab the map repaints in place; a rendered page keeps the first state.
    """
    return PovertyPanel(county, metrics=metrics)
