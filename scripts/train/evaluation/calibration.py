"""How far a score can be read as a probability (Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural
networks"): expected calibration error, and the temperature that repairs most of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .figures import cross_entropy

BINS = 15
# With fewer mistakes than this nobody can say how sure the network may be.
LEAST_MISTAKES = 5


def reliability(scores: np.ndarray, labels: np.ndarray) -> list[dict[str, Any]]:
    """Bins of equal width of the greatest score: scores [n, classes], labels [n] -> images, confidence, accuracy."""
    confidence = scores.max(axis=1)
    right = scores.argmax(axis=1) == labels
    # Bin k holds (k / BINS, (k + 1) / BINS].
    index = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    bins = []
    for k in range(BINS):
        inside = index == k
        count = int(inside.sum())
        bins.append(
            {
                "from": k / BINS,
                "to": (k + 1) / BINS,
                "images": count,
                "confidence": float(confidence[inside].mean()) if count else None,
                "accuracy": float(right[inside].mean()) if count else None,
            }
        )
    return bins


def calibration_error(scores: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error: sum over bins of |accuracy - confidence|, weighted by the bin's share of images."""
    return sum(
        bin["images"] / len(labels) * abs(bin["accuracy"] - bin["confidence"])
        for bin in reliability(scores, labels)
        if bin["images"]
    )


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least mean cross-entropy, within 0.05…20, to four digits; at least 1 with few mistakes.

    A network without a mistake has its least cross-entropy at temperature 0, where it is sure of everything: that a split
    is too small to show a mistake is no reason to raise the scores. The cross-entropy is convex in 1 / T, so a golden-section search over ln T finds its one minimum (ln is monotonic).
    """
    mistakes = int((logits.argmax(axis=1) != labels).sum())
    low = np.log(0.05) if mistakes >= LEAST_MISTAKES else 0.0
    high = np.log(20.0)
    ratio = (np.sqrt(5) - 1) / 2

    def loss(position: float) -> float:
        return cross_entropy(logits, labels, float(np.exp(position)))

    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = loss(a), loss(b)
    while high - low > 1e-5:
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = loss(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = loss(b)
    return round(float(np.exp((low + high) / 2)), 4)
