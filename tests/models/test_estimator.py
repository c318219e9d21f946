"""The detector as a scikit-learn classifier: inside what scikit-learn offers, and by scikit-learn's own checks."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

import feint.models
from feint.models import Detector, FakingClassifier

NUMBERS = "X is text; this is about its numbers"
FEATURES = "text has no number of features"
SKIPPED = {
    "check_array_api_input": NUMBERS,
    "check_classifiers_classes": "classes that are words need `positive`, or nobody knows which means faking",
    "check_classifiers_train": FEATURES,
    "check_dtype_object": NUMBERS,
    "check_estimator_sparse_array": NUMBERS,
    "check_estimator_sparse_matrix": NUMBERS,
    "check_estimator_sparse_tag": NUMBERS,
    "check_estimators_dtypes": NUMBERS,
    "check_estimators_empty_data_messages": FEATURES,
    "check_estimators_nan_inf": NUMBERS,
    "check_fit1d": "a list of texts has one dimension",
    "check_fit2d_predict1d": "a list of texts has one dimension",
    "check_n_features_in": FEATURES,
    "check_n_features_in_after_fitting": FEATURES,
}


class Written(FakingClassifier):
    """The same, for scikit-learn's checks, which bring rows of numbers: these are put into words."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

    def fit(self, X: Any, y: Any, groups: Any = None) -> Any:
        return super().fit(_words(X), y, groups)

    def _faking(self, X: Any) -> Any:
        return super()._faking(_words(X))


def _words(X: Any) -> list[str]:
    rows = np.asarray(X)
    return [" ".join(f"Part {place} is at {round(float(value))}." for place, value in enumerate(row)) for row in rows]


CHECKS = list(
    estimator_checks_generator(
        Written(base=None, epochs=0, precision="float32"), expected_failed_checks=SKIPPED, mark="skip"
    )
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("estimator", "check"),
    CHECKS,
    ids=lambda given: getattr(getattr(given, "func", given), "__name__", "it"),
)
def test_scikit_learn_finds_nothing_to_object_to(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def texts(rows: list[dict[str, Any]]) -> list[Any]:
    """The few as rows, without their labels."""
    return [{"id": row["id"], "messages": row["messages"]} for row in rows]


@pytest.fixture(scope="module")
def labels(rows: list[dict[str, Any]]) -> list[bool]:
    return [row["label"] for row in rows]


@pytest.fixture(scope="module")
def fitted(texts: list[Any], labels: list[bool]) -> FakingClassifier:
    return FakingClassifier(precision="float32").fit(texts, labels)


def test_it_is_the_detector_fitted_on_the_same_labels(
    fitted: FakingClassifier, texts: list[Any], labels: list[bool]
) -> None:
    same = Detector.fit(texts, labels, precision="float32").predict(texts)
    probabilities = fitted.predict_proba(texts)
    assert probabilities[:, 1] == pytest.approx([one.faking for one in same])
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert fitted.predict(texts).tolist() == [one.flagged for one in same]
    assert ((fitted.decision_function(texts) >= 0) == fitted.predict(texts)).all()
    assert fitted.classes_.tolist() == [False, True]


def test_it_works_inside_what_scikit_learn_offers(texts: list[Any], labels: list[bool], detector_folder) -> None:
    groups = np.repeat(np.arange(12), 2)
    small = FakingClassifier(detector_folder, precision="float32")
    scores = cross_val_score(
        small, texts, labels, cv=GroupKFold(2), groups=groups, params={"groups": groups}, scoring="roc_auc"
    )
    assert scores.shape == (2,)
    assert (scores > 0.5).all()
    search = GridSearchCV(small, {"decision_c": [0.01, 1.0]}, cv=2, scoring="roc_auc").fit(texts, labels)
    assert search.best_estimator_.decision_c in (0.01, 1.0)
    calibrated = CalibratedClassifierCV(small, cv=2).fit(texts, labels)
    assert calibrated.predict_proba(texts).shape == (24, 2)
    piped = make_pipeline(FunctionTransformer(list), small).fit(texts, labels)
    assert piped.predict(texts).dtype == bool


def test_a_clone_is_unfitted_and_equal(fitted: FakingClassifier, texts: list[Any]) -> None:
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(texts)


def test_pickled_it_carries_a_folder_s_bytes_and_says_the_same(fitted: FakingClassifier, texts: list[Any]) -> None:
    state = fitted.__getstate__()
    assert {name: type(data) for name, data in state["detector_"].items()} == {
        "config.json": bytes, "head.safetensors": bytes,
    }  # fmt: skip
    again = pickle.loads(pickle.dumps(fitted))
    assert again.predict_proba(texts[:4]) == pytest.approx(fitted.predict_proba(texts[:4]))


def test_the_class_that_means_faking_can_be_named(texts: list[Any], labels: list[bool], detector_folder) -> None:
    words = ["faking" if label else "other" for label in labels]
    with pytest.raises(ValueError, match="say which one is faking"):
        FakingClassifier(detector_folder).fit(texts, words)
    with pytest.raises(ValueError, match="expected one of the classes"):
        FakingClassifier(detector_folder, positive="yes").fit(texts, words)
    found = FakingClassifier(detector_folder, positive="faking", precision="float32").fit(texts, words)
    plain = FakingClassifier(detector_folder, precision="float32").fit(texts, labels)
    assert found.classes_.tolist() == ["faking", "other"]
    assert found.predict_proba(texts)[:, 0] == pytest.approx(plain.predict_proba(texts)[:, 1])
    assert ((found.decision_function(texts) > 0) == (found.predict(texts) == "other")).all()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("one text", "found one text, expected a list of texts or transcripts"),
        (np.zeros((2, 3)), r"found an array of shape \(2, 3\), expected a list"),
        (
            [{"messages": [{"role": "user", "content": "Hi"}]}],
            "transcript 0 cannot be judged: no words of an assistant",
        ),
    ],
)
def test_what_is_no_text_is_said(fitted: FakingClassifier, given: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        fitted.predict(given)


def test_the_library_does_not_import_scikit_learn_until_it_is_asked_for() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        feint.models.Nothing  # noqa: B018
