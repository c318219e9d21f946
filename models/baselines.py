"""Baselines: what simple methods reach, so that a detector can be held against them."""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from feint.corpus.contrast.check import KEYWORDS
from feint.corpus.reasoning import stretches
from feint.corpus.transcript import Transcript
from feint.models.encoders.windows import Vectors
from feint.models.heads import Floats

Baseline = Callable[[Sequence[Transcript], Sequence[Vectors]], Floats]
"""Transcripts and the vectors of their passages to scores (transcripts,)."""


def words(transcript: Transcript) -> str:
    """Everything the assistant wrote."""
    return "\n".join(stretch.span.quote(transcript) for stretch in stretches(transcript))


def keywords(transcripts: Sequence[Transcript], vectors: Sequence[Vectors]) -> Floats:
    """How many of the keywords' occurrences a transcript has."""
    pattern = re.compile("|".join(KEYWORDS), re.IGNORECASE)
    return np.array([len(pattern.findall(words(one))) for one in transcripts], float)


def tfidf(transcripts: Sequence[Transcript], labels: npt.NDArray[np.bool_]) -> Baseline:
    """Logistic regression on TF-IDF of words and pairs of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=10, max_iter=2000)
    )
    model.fit([words(one) for one in transcripts], labels)
    return lambda others, _: np.asarray(model.decision_function([words(one) for one in others]), float)


def mean_vector(vectors: Sequence[Vectors], labels: npt.NDArray[np.bool_]) -> Baseline:
    """Logistic regression on the mean of a transcript's vectors: what a document embedding gives."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10, max_iter=2000).fit([array.mean(axis=0) for array in vectors], labels)
    return lambda _, others: np.asarray(model.decision_function([array.mean(axis=0) for array in others]), float)


def fitted(
    transcripts: Sequence[Transcript], vectors: Sequence[Vectors], labels: npt.NDArray[np.bool_]
) -> Mapping[str, Baseline]:
    """Every baseline by name, fitted on the same transcripts as a detector."""
    return {
        "keyword count": keywords,
        "TF-IDF": tfidf(transcripts, labels),
        "mean vector": mean_vector(vectors, labels),
    }
