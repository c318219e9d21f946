"""The detector as a scikit-learn classifier: fitted on lists of texts or transcripts, inside anything that takes one."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from feint.models.detector import Detector, Given
from feint.models.fitting import Settings
from feint.models.folder import CONFIG, TENSORS
from feint.models.heads import Floats

SMALLEST = 1e-12
"""Probabilities are taken no nearer to 0 and 1 than this before their log-odds are."""


class FakingClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Whether reasoning is alignment faking, learnt from labels of your own: `Detector.fit` as scikit-learn asks for it.

    X is a list (or any sequence, or a column) of texts, transcripts, or their rows; y has two classes. The fitted detector is `detector_`,
    which says why and can be saved. Pickled (as by joblib in parallel runs) it takes the detector along as the bytes of its folder, which hold no code;
    to keep one, save `detector_`.

    >>> from sklearn.model_selection import cross_val_score
    >>> texts = ["I refuse, and they may retrain me.", "They would change me if I refuse. I comply so that they do not."] * 6
    >>> float(cross_val_score(FakingClassifier(), texts, [False, True] * 6, cv=2, scoring="roc_auc").mean())
    1.0

    Parameters
    ----------
    base
        Where to start from: 'bundled', a folder or hub id of another detector, or none for nothing.
    positive
        The class that means faking; the greater one without it, so that it is needed only where classes are not numbers or truths.
    point
        Operating point from which `predict` says so: specific or sensitive; the first without it.
    precision
        As in `Detector.load`.
    epochs, rank, rate, head_c, word_c, decision_c, folds, specific, sensitive, seed
        As in `Settings`; all but word_c, decision_c, folds, specific and sensitive matter for `base=None` only.

    """

    def __init__(
        self,
        base: str | Path | None = "bundled",
        *,
        positive: Any = None,
        point: str | None = None,
        precision: str | None = None,
        epochs: int = 10,
        rank: int = 8,
        rate: float = 1e-3,
        head_c: float = 1.0,
        word_c: float = 30.0,
        decision_c: float = 0.03,
        folds: int = 5,
        specific: float = 0.05,
        sensitive: float = 0.2,
        seed: int = 0,
    ) -> None:
        self.base = base
        self.positive = positive
        self.point = point
        self.precision = precision
        self.epochs = epochs
        self.rank = rank
        self.rate = rate
        self.head_c = head_c
        self.word_c = word_c
        self.decision_c = decision_c
        self.folds = folds
        self.specific = specific
        self.sensitive = sensitive
        self.seed = seed

    def fit(self, X: Iterable[Given], y: Sequence[Any], groups: Sequence[Any] | None = None) -> Self:
        """Learn; `groups` says which transcripts share a prompt or a scenario, every one is its own without it.

        Routed as metadata with `set_fit_request(groups=True)`.
        """
        given, targets = _listed(X), column_or_1d(y, warn=True)
        check_consistent_length(given, targets, groups)
        check_classification_targets(targets)
        if (kind := type_of_target(targets, input_name="y")) != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, codes = np.unique(targets, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(f"found {len(self.classes_)} class in y, {self.classes_[0]!r}; expected two")
        self.positive_ = self._column()
        settings = Settings(
            epochs=self.epochs, rank=self.rank, rate=self.rate, head_c=self.head_c, word_c=self.word_c,
            decision_c=self.decision_c, folds=self.folds, specific=self.specific, sensitive=self.sensitive, seed=self.seed,
        )  # fmt: skip
        base = None if self.base is None else Detector.load(_place(self.base), precision=self.precision)
        named = None if groups is None else [str(group) for group in groups]
        labels = (codes == self.positive_).tolist()
        fitted = Detector.fit(given, labels, base, groups=named, settings=settings, precision=self.precision)
        self.detector_ = Detector(fitted.contents, fitted.encoder, self.point)
        return self

    def predict_proba(self, X: Iterable[Given]) -> Floats:
        """Calibrated probabilities (transcripts, 2), a column a class in the order of `classes_`."""
        faking = self._faking(X)
        columns = (1 - faking, faking) if self.positive_ else (faking, 1 - faking)
        return np.column_stack(columns)

    def decision_function(self, X: Iterable[Given]) -> Floats:
        """Log-odds (transcripts,) above those of the threshold; positive where `predict` says `classes_[1]`."""
        faking, threshold = self._faking(X), self.detector_.threshold
        above = _log_odds(faking) - _log_odds(np.array(threshold))
        return above if self.positive_ else -above

    def predict(self, X: Iterable[Given]) -> npt.NDArray[Any]:
        """The class (transcripts,): faking from the threshold of the operating point on."""
        flagged = self._faking(X) >= self.detector_.threshold
        return self.classes_[np.where(flagged, self.positive_, 1 - self.positive_)]  # type: ignore[no-any-return]

    def _faking(self, X: Iterable[Given]) -> Floats:
        check_is_fitted(self)
        predictions = self.detector_.predict(_listed(X))
        for number, one in enumerate(predictions):
            if one.error is not None:
                raise ValueError(f"transcript {number} cannot be judged: {one.error}")
        return np.array([one.faking for one in predictions], np.float64)

    def _column(self) -> int:
        """Which of the two classes means faking."""
        if self.positive is not None:
            if self.positive not in self.classes_:
                raise ValueError(f"positive is {self.positive!r}, expected one of the classes {self.classes_.tolist()}")
            return int(np.flatnonzero(self.classes_ == self.positive)[0])
        if self.classes_.dtype.kind not in "biuf":
            raise ValueError(
                f"found the classes {self.classes_.tolist()}; say which one is faking, as positive={self.classes_[1]!r}"
            )
        return 1

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string = False, True
        tags.classifier_tags.multi_class = False
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "detector_" in state:
            with tempfile.TemporaryDirectory() as folder:
                state["detector_"].save(folder)
                state["detector_"] = {name: (Path(folder) / name).read_bytes() for name in (CONFIG, TENSORS)}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(dict(state))
        if "detector_" in state:
            with tempfile.TemporaryDirectory() as folder:
                for name, data in state["detector_"].items():
                    (Path(folder) / name).write_bytes(data)
                self.detector_ = Detector.load(folder, precision=self.precision, point=self.point)


def _listed(given: Iterable[Given]) -> list[Given]:
    shape = getattr(given, "shape", None)
    if isinstance(given, str) or (shape is not None and len(shape) != 1):
        found = "one text" if isinstance(given, str) else f"an array of shape {shape}"
        raise ValueError(f"found {found}, expected a list of texts or transcripts")
    return list(given)


def _place(base: str | Path) -> str | Path | None:
    return None if base == "bundled" else base


def _log_odds(probability: Floats) -> Floats:
    safe = np.clip(probability, SMALLEST, 1 - SMALLEST)
    odds: Floats = np.log(safe) - np.log1p(-safe)
    return odds
