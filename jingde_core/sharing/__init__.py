"""What leaves the analyst's desk: notebooks rendered as pages that open offline."""

from jingde_core.sharing.render import render, render_all

__all__ = ["render", "render_all"]
