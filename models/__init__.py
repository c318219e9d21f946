"""Models: what a machine sees in a transcript."""

from typing import TYPE_CHECKING, Any

from feint.models.detector import Detector
from feint.models.prediction import Evidence, Prediction

if TYPE_CHECKING:
    from feint.models.estimator import FakingClassifier

__all__ = ["Detector", "Evidence", "FakingClassifier", "Prediction"]


def __getattr__(name: str) -> Any:
    """Whatever needs scikit-learn is imported when it is asked for."""
    if name == "FakingClassifier":
        from feint.models.estimator import FakingClassifier

        return FakingClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
