"""What-if: shocks, allocations of support and their outcomes; tables change, metrics never."""

from jingde_core.scenarios.allocations import ALLOCATIONS, allocation
from jingde_core.scenarios.budgets import frontier, margins, prices
from jingde_core.scenarios.draws import Robustness, robustness
from jingde_core.scenarios.evaluation import evaluate
from jingde_core.scenarios.fairness import equity, town_equity
from jingde_core.scenarios.outcome import Outcome, compare, is_stale
from jingde_core.scenarios.repeat_flood import draw_hits
from jingde_core.scenarios.scenario import Scenario, examples

__all__ = ["ALLOCATIONS", "Outcome", "Robustness", "Scenario", "allocation", "compare"]
__all__ += ["draw_hits", "equity", "evaluate", "examples", "frontier", "is_stale", "margins"]
__all__ += ["prices", "robustness", "town_equity"]
