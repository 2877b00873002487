"""What leaves the analyst's desk: pages that open offline, PDF, Word, Excel; all searched first."""

from jingde_core.sharing.baked import Step, baked, what_if
from jingde_core.sharing.guard import scan
from jingde_core.sharing.paragraphs import document, paragraph
from jingde_core.sharing.render import render, render_all
from jingde_core.sharing.workbook import csv_file, workbook

__all__ = ["Step", "baked", "csv_file", "document", "paragraph", "render", "render_all"]
__all__ += ["scan", "what_if", "workbook"]
