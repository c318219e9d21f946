"""The audit: whether a detector goes by shortcuts, one module a shortcut, each part with its figures and a verdict."""

from feint.models.audit.false_positives import FalsePositives
from feint.models.audit.judged import Judged, LeftOut
from feint.models.audit.length import Length
from feint.models.audit.shuffle import Shuffle
from feint.models.audit.source import Source
from feint.models.audit.vocabulary import Vocabulary

__all__ = ["FalsePositives", "Judged", "LeftOut", "Length", "Shuffle", "Source", "Vocabulary"]
