"""Rectification, evaluations, archives, unannounced and mass visits: tallies and rates.

A problem is closed on time when it was closed by its due day; one that is open counts as not
closed. Evidence is asked of a measure that was done.
"""

from jingde_core.metrics.tallies import tally

#: tallies of ``data/tallies.csv`` are names of this module too
__getattr__ = tally
