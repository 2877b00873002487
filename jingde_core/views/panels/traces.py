"""Choose a household, see why it is on the list: card and trace that follow the choice.

The lists are those of the rules against the record; a page keeps the card that was open.
"""

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from jingde_core.county.watch import watch_list
from jingde_core.model.catalogue import label, value_label
from jingde_core.views.panels.parts import field, row, style_sheet
from jingde_core.views.traces import household_card

if TYPE_CHECKING:
    from jingde_core.county import County

LISTS = ("agrees", "record_to_verify", "record_only", "rule_only", "to_verify", "none")


class HouseholdViewer:
    """A list, a village, a household, and the household's card."""

    def __init__(self, county: "County", *, household: str = "", verdict: str = "") -> None:
        self.county, self._listed = county, watch_list(county)
        names = county.tables["villages"].set_index("code")["name"]
        villages = [(names[code], code) for code in sorted(set(self._listed["village"]))]
        lists = [(value_label("verdict", each), each) for each in LISTS]
        everyone, anywhere = (label("panel.all_present"), ""), (label("explorer.any"), "")
        self.list = field(widgets.Dropdown, "260px", [everyone, *lists], value=verdict)
        self.village = field(widgets.Dropdown, "200px", [anywhere, *villages])
        self.household = field(widgets.Dropdown, "200px", [])
        self.card = widgets.HTML()
        controls = {"list": self.list, "village": self.village, "household": self.household}
        for name, control in controls.items():
            control.description = label(f"panel.{name}")
            control.observe(lambda _, n=name: self._turned(n), "value")
        self._turned("list")
        offered = self.household.options
        self.household.value = household if household in offered else next(iter(offered), None)
        self.widget = widgets.VBox([style_sheet(), row(controls.values()), self.card])

    def _turned(self, name: str) -> None:
        """A list or a village offers its households; a household shows its card."""
        if name != "household":
            kept = self._listed
            if self.list.value:
                kept = kept[kept["verdict"] == self.list.value]
            if self.village.value:
                kept = kept[kept["village"] == self.village.value]
            self.household.options = list(kept["household"])
        chosen = self.household.value
        self.card.value = household_card(self.county, chosen).html if chosen else label("no_data")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        live = self.widget._repr_mimebundle_()
        bundle = live[0] if isinstance(live, tuple) else live
        return {**bundle, "text/html": self.card.value}


def household_viewer(
    county: "County", household: str = "", *, verdict: str = ""
) -> HouseholdViewer:
    """Cards of households under the hand (户情卡查看): for the workbook, never for a shared page.

    Parameters
    ----------
    household : str, optional
        The one to begin with; the first of the list where it is not on it.
    verdict : str, optional
        A list of `watch_list`: agrees, record_to_verify, record_only, rule_only, to_verify,
        none; everybody present when left out.
    """
    return HouseholdViewer(county, household=household, verdict=verdict)
