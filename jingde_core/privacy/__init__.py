"""Who reads, what they may see of persons, and whether anything slipped through.

Audience travels with the data: ``$JINGDE_AUDIENCE`` is set by whoever renders a page, tables
are cut to its whitelist when a county is loaded, and measures over households are suppressed.
"""

from jingde_core.privacy.audience import audience, permitted
from jingde_core.privacy.leaks import scan
from jingde_core.privacy.masking import mask_card, mask_id, mask_name, mask_phone
from jingde_core.privacy.suppression import audit, suppress

__all__ = ["audience", "audit", "mask_card", "mask_id", "mask_name", "mask_phone"]
__all__ += ["permitted", "scan", "suppress"]
