"""Controls wired to views: the only place that touches ipywidgets."""
