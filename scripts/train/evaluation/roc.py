"""Receiver operating characteristic."""

from __future__ import annotations

from typing import Any

import numpy as np


def curve(scores: np.ndarray, positive: np.ndarray) -> dict[str, Any]:
    """Scores [n] and bool [n] -> {"falsePositive", "truePositive", "area"} over all thresholds; equal scores move together."""
    order = np.argsort(-scores, kind="stable")
    sorted_scores, hits = scores[order], positive[order].astype(np.int64)
    last = np.append(np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1)
    true = np.concatenate([[0], np.cumsum(hits)[last]]) / max(hits.sum(), 1)
    false = np.concatenate([[0], np.cumsum(1 - hits)[last]]) / max((1 - hits).sum(), 1)
    area = float(((false[1:] - false[:-1]) * (true[1:] + true[:-1]) / 2).sum())
    return {
        "falsePositive": false.tolist(),
        "truePositive": true.tolist(),
        "area": area,
    }


def curves(
    scores: np.ndarray, labels: np.ndarray, names: list[str], good: int | None
) -> dict[str, dict[str, Any]]:
    """Defective against good where there is a good label, else each class against the rest."""
    if good is not None:
        return {"defective": curve(1 - scores[:, good], labels != good)}
    return {name: curve(scores[:, i], labels == i) for i, name in enumerate(names)}
