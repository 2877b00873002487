"""``python -m jingde_core.cli``: the command line without its script."""

import sys

from jingde_core.cli import main

sys.exit(main())
