"""Strategies: for each, how strongly it wants each transcript to be read next."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feint.annotation.gold import ballots
from feint.corpus.errors import MissingExtra
from feint.corpus.tables import Judgements, Verdicts

Floats = NDArray[np.float64]
FOLDS = 5
"""Group folds for the probabilities that labels are held against."""
ENOUGH = 10
"""Fewest labels of either kind that errors are looked for among."""
BLOCK = 1024
"""Rows of distances held at once."""


def uncertainty(faking: Floats) -> Floats:
    """The square of 4 p (1 - p): 1 where a detector cannot tell, 0 where it is sure or was not asked (nan).

    The variance of the label says where reading teaches most about prevalence (Neyman 1934; Zrnic and Candès 2024). Squared, a
    share spent on uncertainty goes to what is uncertain even where nearly everything is clear.

    >>> uncertainty(np.array([0.5, 0.1, np.nan])).round(3).tolist()
    [1.0, 0.13, 0.0]
    """
    return np.nan_to_num(np.square(4 * faking * (1 - faking)))


def distances(vectors: Floats, covered: NDArray[np.bool_]) -> Floats:
    """Squared distance of each row to the nearest covered one, all 1 where nothing is covered.

    Drawing in proportion to it, and covering what was drawn, is k-means++ seeding (Arthur and Vassilvitskii 2007): a
    draw spreads over what has not been looked at, and its probability is known.

    >>> distances(np.array([[0.0, 0], [3, 4], [0, 1]]), np.array([True, False, False])).tolist()
    [0.0, 25.0, 1.0]
    """
    if not covered.any():
        return np.ones(len(vectors))
    centres = vectors[covered]
    squares = np.square(centres).sum(axis=1)
    found = np.empty(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK]
        apart = np.square(block).sum(axis=1)[:, None] + squares - 2 * block @ centres.T
        found[start : start + BLOCK] = apart.min(axis=1)
    found[covered] = 0
    return np.maximum(found, 0)


def disagreement(judgements: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """transcript_id, readers, disagreement: half for a tied headline, half times the share of tied indicators.

    Tied is what as many readers call there as not: a third reader settles it, and it is no disagreement any more.

    >>> rows = [("t", "ann", "concealment", "endorsed"), ("t", "ben", "concealment", "absent")]
    >>> judged = Judgements.validate(pl.DataFrame(rows, Judgements.column_names(), orient="row"), cast=True)
    >>> disagreement(judged, Verdicts.create_empty()).row(0)
    ('t', 2, 0.5)
    """
    votes = ballots(Judgements.validate(judgements), Verdicts.validate(verdicts))
    headline = pl.col("indicator") == "faking"
    tied = pl.col("yes").eq(pl.col("no")) & pl.col("yes").gt(0)
    return (
        votes.filter(~pl.col("indicator").is_in(["faking_strict", "faking_considered"]))
        .group_by("transcript_id", "indicator")
        .agg(pl.col("vote").sum().alias("yes"), (~pl.col("vote")).sum().alias("no"), pl.col("annotator"))
        .group_by("transcript_id")
        .agg(
            pl.col("annotator").explode(empty_as_null=True, keep_nulls=True).n_unique().alias("readers"),
            (
                tied.filter(headline).any().cast(pl.Float64) / 2
                + tied.filter(~headline).mean().fill_null(0) / 2
            ).alias("disagreement"),
        )
        .sort("transcript_id")
    )  # fmt: skip


def suspicion(vectors: Floats, labels: NDArray[np.bool_], groups: Sequence[str]) -> Floats:
    """From 0 to 1, how far each label looks like an error: confident learning (Northcutt, Jiang and Chuang 2021).

    A label is suspected where a classifier that did not learn from its group is more confident of the other than it
    usually is; those have 1 less their self-confidence, all others 0. The classifier is a logistic regression on the vectors,
    by group folds; cleanlab finds the errors (extra `annotate`). With fewer than `ENOUGH` labels of either kind, or fewer
    groups than folds, nothing is suspected.
    """
    none = np.zeros(len(labels))
    if min(labels.sum(), (~labels).sum()) < ENOUGH or len(set(groups)) < FOLDS:
        return none
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise MissingExtra("annotate", "looking for label errors") from error
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    folds = list(StratifiedGroupKFold(FOLDS).split(vectors, labels, groups))
    if any(len(set(labels[learnt])) < 2 for learnt, _ in folds):
        return none
    given = labels.astype(int)
    model = LogisticRegression(class_weight="balanced", max_iter=2000)
    probabilities = cross_val_predict(model, vectors, given, cv=folds, method="predict_proba")
    suspected = find_label_issues(given, probabilities, n_jobs=1)
    return np.where(suspected, 1 - probabilities[np.arange(len(given)), given], 0)
