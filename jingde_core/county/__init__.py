"""The county: tables that agree, any measure of them, and the report held against them."""

from jingde_core.county import cards, chain
from jingde_core.county.measurement import measure
from jingde_core.county.reconciliation import reconcile
from jingde_core.county.tables import County
from jingde_core.ledgers.folder import write_tables

__all__ = ["County", "cards", "chain", "measure", "reconcile", "write_tables"]
