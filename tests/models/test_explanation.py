"""Explanations: weights worked by hand, and parts that add up to the probability they explain."""

from typing import Any

import numpy as np
import pytest

from feint.models import Detector, explanation
from feint.models.decision import WHOLE, Decision
from feint.models.detector import SHOWN

Rows = list[dict[str, Any]]


def test_a_weight_is_both_pools_of_an_indicator_times_the_slope(detector: Detector) -> None:
    names, contents = detector.contents.readers.names, detector.contents
    weight = np.zeros(2 * len(names) + 1)
    weight[:4], weight[-1] = [1.0, 0.5, -3.0, 1.0], 0.25
    decided = Decision(np.ones(len(weight)), np.full(len(weight), 2.0), weight, 0.0)
    found = explanation.weights(contents.model_copy(update={"decision": decided}))
    slope = contents.platt.slope
    assert list(found)[:3] == [names[1], names[0], WHOLE]
    assert list(found.values())[:3] == pytest.approx([-2 * slope, 1.5 * slope, 0.25 * slope])
    assert set(found) == {*names, WHOLE}


def test_what_the_indicators_add_is_the_log_odds_of_the_probability(detector: Detector, rows: Rows) -> None:
    contents = detector.contents
    average = contents.platt.slope * contents.decision.bias + contents.platt.intercept
    for one in detector.explain(rows):
        faking = one.prediction.faking
        assert faking is not None
        assert average + sum(one.contributions.values()) == pytest.approx(np.log(faking / (1 - faking)))
        sizes = [abs(added) for added in one.contributions.values()]
        assert sizes == sorted(sizes, reverse=True)


def test_an_explanation_says_what_a_prediction_says_and_always_has_a_sentence(detector: Detector, rows: Rows) -> None:
    explained = detector.explain(rows)
    assert [one.prediction for one in explained] == detector.predict(rows)
    assert all(one.evidence for one in explained)
    for one in explained:
        assert one.prediction.evidence in (one.evidence, ())
        if not one.prediction.flagged and not one.prediction.evidence:
            (nearest,) = one.evidence
            assert nearest.probability < SHOWN


def test_what_cannot_be_judged_has_its_error_and_nothing_more(detector: Detector) -> None:
    (one,) = detector.explain([{"id": "silent", "messages": [{"role": "user", "content": "Hi"}]}])
    assert one.prediction.error
    assert (one.contributions, one.evidence) == ({}, ())
