"""Measures: what the labels say of a model, its checkpoints and its contexts, with intervals and warnings."""

from feint.pipeline.measures.result import Group, Result, table

__all__ = ["Group", "Result", "table"]
