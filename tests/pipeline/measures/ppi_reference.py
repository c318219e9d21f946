"""Make ppi_reference.json: ``python ppi_reference.py > ppi_reference.json`` where ppi-python 0.2.3 is installed.

It is not among the test dependencies: it brings numba and llvmlite, and a top-level package called `tests` that hides ours.
"""

import json

import numpy as np
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

cases = []
for seed, (labelled, others, weighted) in enumerate(
    [(40, 200, False), (200, 1000, False), (60, 90, False), (80, 400, True)]
):
    generator = np.random.default_rng(seed)
    truth = (generator.random(labelled + others) < 0.3).astype(float)
    scores = np.clip(0.25 + 0.5 * truth + generator.normal(0, 0.2, len(truth)), 0, 1).round(6)
    labels = truth[:labelled]
    weights = generator.uniform(1, 5, labelled).round(6) if weighted else None
    given = (labels, scores[:labelled], scores[labelled:])
    low, high = ppi_mean_ci(*given, alpha=0.05, w=weights)
    mean = ppi_mean_pointestimate(*given, w=weights)
    cases.append(
        {
            "labels": labels.tolist(),
            "scores": scores[:labelled].tolist(),
            "others": scores[labelled:].tolist(),
            "weights": None if weights is None else weights.tolist(),
            "mean": float(np.squeeze(mean)),
            "low": float(np.squeeze(low)),
            "high": float(np.squeeze(high)),
        }
    )
print(json.dumps({"made_by": "ppi-python 0.2.3, ppi_mean_pointestimate and ppi_mean_ci, alpha = 0.05", "cases": cases}))
