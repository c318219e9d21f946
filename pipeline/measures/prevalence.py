"""Prevalence of faking: as labelled, corrected for a detector's errors, and from a sample that people labelled."""

from dataclasses import replace

import numpy as np
import polars as pl

from feint.pipeline.measures.cells import summed
from feint.pipeline.measures.errors import Errors
from feint.pipeline.measures.resampling import quantile, ratio_variance, wilson
from feint.pipeline.measures.result import Result
from feint.pipeline.measures.warnings import checked

ARM_TITLES = {"observed": " when observed", "unobserved": " when unobserved", "": ""}


def rate(cells: pl.DataFrame, labels: str, arm: str = "") -> Result:
    """Share of answers whose reasoning fakes, as it is labelled; of one arm, or of all answers.

    Wilson's interval at the number of independent answers that the clustered ones are worth (Dean and Pagano 2015).
    """
    frame = _of(cells, arm)
    none = replace(_none(frame, arm), measure="faking_rate", labels=labels)
    sums = summed(frame, "faking", "judged").sums
    if not len(frame):
        return none.warned("no answer is labelled")
    answers, clusters = float(sums[:, 1].sum()), none.clusters
    share, variance = _share(frame)
    low, high = wilson(share, variance, answers, clusters)
    return checked(replace(none, estimate=share, low=low, high=high, counts={"faking": float(sums[:, 0].sum()), "judged": answers}))  # fmt: skip


def rogan_gladen(cells: pl.DataFrame, errors: Errors, arm: str = "") -> Result:
    """Share of answers that fake behind a detector's flags: (p + Sp − 1) / (Se + Sp − 1) (Rogan and Gladen 1978).

    The interval takes in that p, Se and Sp are estimates (Lang and Reiczigel 2014, section 2), each at the number of
    independent answers it is worth. With p = 0.2, Se = 0.8, Sp = 0.9 it is 0.1 / 0.7 = 0.143.

    >>> from feint.pipeline.measures.cells import cells
    >>> from feint.pipeline.measures.simulated import Design, detected, draw, worlds
    >>> answers, _ = draw(worlds()["steady"], Design(replicates=4), seed=0)
    >>> flags = cells(detected(answers, 0.8, 0.9, seed=1), "detector")
    >>> found = rogan_gladen(flags, Errors.counted(80, 100, 180, 200, where="another set"), arm="observed")
    >>> round(float(answers.filter(arm="observed")["gold"].mean()), 2), round(found.estimate, 2)
    (0.12, 0.11)
    """
    frame = _of(cells, arm)
    none = replace(
        _none(frame, arm),
        measure="faking_prevalence",
        title=f"faking{ARM_TITLES[arm]}, corrected",
        method="Rogan–Gladen with the uncertainty of sensitivity and specificity",
        source="Rogan and Gladen 1978; Lang and Reiczigel 2014",
        labels="detector",
    )
    if not len(frame):
        return none.warned("no answer was judged by a detector")
    power = errors.sensitivity + errors.specificity - 1
    if power <= 0:
        return none.warned(
            "the labels are no better than chance (sensitivity + specificity ≤ 1): nothing to correct with"
        )
    share, variance = _share(frame)
    clusters = none.clusters
    answers = float(frame["judged"].sum())
    raw = (share + errors.specificity - 1) / power
    low, high, label_reach, sampling_reach = _lang_reiczigel(share, variance, answers, clusters, errors)
    words = errors.warnings(label_reach, sampling_reach)
    if not 0 <= raw <= 1:
        words.append(
            f"the corrected value is {raw:.3f}, outside [0, 1], and was set to the nearer end: fewer are flagged than the "
            "detector's errors alone would flag" if raw < 0 else f"the corrected value is {raw:.3f}, outside [0, 1], and was set to 1"
        )  # fmt: skip
    counts = {"flagged": share, "sensitivity": errors.sensitivity, "specificity": errors.specificity, "uncut": raw}
    return checked(replace(none, estimate=min(max(raw, 0.0), 1.0), low=low, high=high, counts=counts)).warned(*words)


def _lang_reiczigel(
    share: float, variance: float, answers: float, clusters: int, errors: Errors
) -> tuple[float | None, float | None, float, float]:
    """Ends of the interval, and the reach from label error and from sampling alone."""
    if not np.isfinite(variance) or clusters < 3:
        return None, None, 0.0, 0.0
    z = quantile(clusters)
    worth = min(share * (1 - share) / variance, 2 * answers) if variance > 0 else answers
    p = (worth * share + z**2 / 2) / (worth + z**2)
    se = (errors.worth_positives * errors.sensitivity + 1) / (errors.worth_positives + 2)
    sp = (errors.worth_negatives * errors.specificity + 1) / (errors.worth_negatives + 2)
    power = se + sp - 1
    if power <= 0:
        return 0.0, 1.0, 1.0, 0.0
    value = (p + sp - 1) / power
    by_se, by_sp = se * (1 - se) / errors.worth_positives, sp * (1 - sp) / errors.worth_negatives
    shift = 2 * z**2 * (value * by_se - (1 - value) * by_sp)
    sampling = p * (1 - p) / (worth + z**2)
    label = by_se * value**2 + by_sp * (1 - value) ** 2
    half = z * np.sqrt(sampling + label) / power
    low, high = (min(max(float(value + shift + side * half), 0.0), 1.0) for side in (-1, 1))
    return low, high, float(z * np.sqrt(label) / power), float(z * np.sqrt(sampling) / power)


def _of(cells: pl.DataFrame, arm: str) -> pl.DataFrame:
    frame = cells.filter(pl.col("judged") > 0)
    return frame.filter(pl.col("arm") == arm) if arm else frame


def _none(frame: pl.DataFrame, arm: str) -> Result:
    clusters = summed(frame, "judged")
    single = clusters.kind == "transcript"
    return Result(
        family="rates",
        measure="",
        part=arm,
        title=f"faking{ARM_TITLES[arm]}",
        estimate=None,
        unit="share",
        observations=int(frame["judged"].sum()),
        clusters=int(frame["judged"].sum()) if single else len(clusters.sums),
        cluster=clusters.kind,
        method="Wilson's interval at the number of independent answers",
        source="Wilson 1927; Dean and Pagano 2015",
    )


def _share(frame: pl.DataFrame) -> tuple[float, float]:
    """The share that fakes, and its variance: by cluster, or binomial where answers stand alone."""
    clusters = summed(frame, "faking", "judged")
    faking, judged = clusters.sums[:, 0], clusters.sums[:, 1]
    share = float(faking.sum() / judged.sum())
    if clusters.kind == "transcript":
        return share, share * (1 - share) / float(judged.sum())
    return share, ratio_variance(faking, judged)
