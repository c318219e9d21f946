"""Models: what a machine sees in a transcript."""

from feint.models.detector import Detector
from feint.models.prediction import Evidence, Prediction

__all__ = ["Detector", "Evidence", "Prediction"]
