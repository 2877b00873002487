"""A search box that opens the file card of an asset, a village or any other record.

What is found follows the typing; a page keeps the card that was open.
"""

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from jingde_core.county import cards
from jingde_core.model.catalogue import label, value_label
from jingde_core.views import escape
from jingde_core.views.cards import file_card
from jingde_core.views.panels.parts import field, row, say, style_sheet

if TYPE_CHECKING:
    from jingde_core.county import County


def _match(name: str, table: str, record: str) -> str:
    return label("card.match", name=name, table=value_label("table", table), record=record)


class CardSearch:
    """What is searched, what was found, and the card of the chosen record."""

    def __init__(self, county: "County", text: str) -> None:
        self.county = county
        self.text = field(widgets.Text, "320px", description=label("card.search"))
        self.matches = field(widgets.Dropdown, "460px", [], description=label("card.matches"))
        self.said, self.card = widgets.HTML(), widgets.HTML()
        self.text.observe(lambda _: self._find(), "value")
        self.matches.observe(lambda _: self._show(), "value")
        controls = row([self.text, self.matches])
        self.widget = widgets.VBox([style_sheet(), controls, self.said, self.card])
        self.text.value = text

    def _find(self) -> None:
        found = cards.find(self.county, self.text.value)
        say(self.said, "" if len(found) or not self.text.value else label("card.none"))
        names = zip(found["name"], found["table"], found["record"], strict=True)
        self.matches.options = [
            (escape.shown(_match(name, table, record)), (table, record))
            for name, table, record in names
        ]
        self.matches.index = 0 if len(found) else None
        self._show()

    def _show(self) -> None:
        chosen = self.matches.value
        self.card.value = file_card(self.county, *chosen).html if chosen else ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        live = self.widget._repr_mimebundle_()
        bundle = live[0] if isinstance(live, tuple) else live
        return {**bundle, "text/html": self.card.value or self.said.value}


def card_search(county: "County", text: str = "") -> CardSearch:
    """File cards under the hand (档案检索): type a number or a name, choose, open.

    ``text`` is searched at the start; its first match is the card that a page keeps.
    """
    return CardSearch(county, text)
