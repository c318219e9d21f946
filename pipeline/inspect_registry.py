"""What Inspect and Scout find under the name `feint/…`: they import this module, by its entry point, when asked for it."""

import sys

from feint.pipeline.elicitation.task import pairs
from feint.pipeline.inspect.scorer import faking

__all__ = ["faking", "pairs"]

if "inspect_scout" in sys.modules:  # whoever looks for a scanner has it; nobody else waits three seconds for its import
    import feint.pipeline.inspect.scanner  # noqa: F401
