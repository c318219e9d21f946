"""Thresholds: where a probability becomes a flag."""

import numpy as np
import numpy.typing as npt

from feint.models.heads import Floats


def at_false_positive_rate(probabilities: Floats, labels: npt.NDArray[np.bool_], rate: float) -> float:
    """The lowest threshold that flags at most `rate` of the negatives; a transcript is flagged from the threshold up.

    >>> at_false_positive_rate(np.array([0.9, 0.8, 0.2, 0.1]), np.array([True, False, False, False]), 0.34)
    0.5
    """
    negatives = np.sort(probabilities[~labels])[::-1]
    allowed = int(np.floor(rate * len(negatives)))
    if allowed >= len(negatives):
        return 0.0
    highest_refused = float(negatives[allowed])
    above = probabilities[probabilities > highest_refused]
    middle = (highest_refused + float(above.min())) / 2 if len(above) else highest_refused
    return max(middle, float(np.nextafter(highest_refused, 2)))  # the middle of two neighbouring numbers is one of them


def wilson(count: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927).

    >>> [round(end, 3) for end in wilson(1, 55)]
    [0.003, 0.096]
    >>> wilson(0, 33)[0], wilson(33, 33)[1]
    (0.0, 1.0)
    """
    if total == 0:
        return 0.0, 1.0
    share = count / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    return float(centre - half) if count else 0.0, float(centre + half) if count < total else 1.0
