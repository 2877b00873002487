"""A map that changes under the hand: one folium page in a frame, repainted by small states.

Drawing a folium map anew costs a reload and hundreds of kilobytes a step; a state is a few
kilobytes, and zoom and layer choice stay. A click on a unit comes back as ``selected``.
"""

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from jingde_core.views.maps import VillageMap
from jingde_core.views.painting import Painting


class LiveMap(anywidget.AnyWidget):
    """The widget of a `VillageMap`; `paint` repaints it in place."""

    _esm = Path(__file__).parent / "live.js"
    title = traitlets.Unicode().tag(sync=True)
    document = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    #: level to state, as the map's script reads it
    states = traitlets.Dict().tag(sync=True)
    #: level on show; empty until something asks for one
    shown = traitlets.Unicode().tag(sync=True)
    #: level and code of the unit clicked last
    selected: traitlets.List[str] = traitlets.List().tag(sync=True)
    #: level and positions of the units outlined; none, when empty
    marked: traitlets.List[Any] = traitlets.List().tag(sync=True)
    #: level and positions of the units that the map turns to; the whole, when empty
    focus: traitlets.List[Any] = traitlets.List().tag(sync=True)
    #: maps of one page with the same name move together
    link = traitlets.Unicode().tag(sync=True)

    def __init__(self, drawn: VillageMap, **traits: Any) -> None:
        own = {"title": drawn.title, "document": drawn.document, "height": drawn.height}
        super().__init__(**own | traits)

    _painted: dict[Any, Painting] = {}

    def paint(self, paintings: dict[Any, Painting]) -> None:
        """Repaint; the level on show travels at once, another one when it is shown."""
        self._painted = dict(paintings)
        self._show_painted()

    @traitlets.observe("shown")
    def _show_painted(self, _: Any = None) -> None:
        painted = self._painted
        wanted = [self.shown] if self.shown in painted else list(painted)
        self.states = {level: painted[level].state() for level in wanted}


class LivePicture(anywidget.AnyWidget):
    """A drawn chart whose points name themselves, and say which one was clicked."""

    _esm = Path(__file__).parent / "picture.js"
    svg = traitlets.Unicode().tag(sync=True)
    #: code and name of each point, in the order in which they are drawn
    points: traitlets.List[Any] = traitlets.List().tag(sync=True)
    #: code of the point clicked last
    selected = traitlets.Unicode().tag(sync=True)
