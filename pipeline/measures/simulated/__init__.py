"""Simulated training runs with known truth: for the study of the measures, and as a worked example."""

from feint.pipeline.measures.simulated.answers import Design, detected, draw, labelled, lost
from feint.pipeline.measures.simulated.words import transcripts
from feint.pipeline.measures.simulated.world import Checkpoint, Value, World, worlds

__all__ = ["Checkpoint", "Design", "Value", "World", "detected", "draw", "labelled", "lost", "transcripts", "worlds"]
