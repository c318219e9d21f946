"""What Inspect and Scout find under the name `feint/…`: they import this module, by its entry point, when asked for it."""

from feint.pipeline.elicitation.task import pairs

__all__ = ["pairs"]
