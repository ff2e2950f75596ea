"""From which score of the good label on a part is called good."""

from __future__ import annotations

from typing import Any

import numpy as np

TARGETS = (0.005, 0.01, 0.02, 0.03, 0.05)
LOWEST = 0.5


def choose_threshold(
    good_scores: np.ndarray, is_good: np.ndarray, escape: float
) -> float:
    """The lowest threshold, from 0.5 on, that lets at most the share `escape` of the defective parts pass.

    It lies halfway between the first score that must not pass and the next higher score of any part, to four decimals,
    so that rounding elsewhere decides no part.
    """
    bad = np.sort(good_scores[~is_good])[::-1]
    allowed = int(np.floor(escape * len(bad) + 1e-9))
    barred = bad[allowed] if allowed < len(bad) else 0.0
    if barred < LOWEST:
        return LOWEST
    above = good_scores[good_scores > barred]
    middle = (barred + (above.min() if len(above) else 1.0)) / 2
    threshold = round(float(middle), 4)
    return (
        threshold
        if threshold > barred
        else min(1.0, float(np.nextafter(np.float32(barred), np.float32(2))))
    )


def rates(
    good_scores: np.ndarray, is_good: np.ndarray, threshold: float
) -> tuple[float, float]:
    """Escape rate and false-reject rate: shares of the defective and of the good parts."""
    passed = good_scores >= threshold
    return float(passed[~is_good].mean()), float((~passed[is_good]).mean())


def suggestions(good_scores: np.ndarray, is_good: np.ndarray) -> list[dict[str, Any]]:
    """A threshold for each of TARGETS with what it gives, as the manifest lists them."""
    out = []
    for target in TARGETS:
        threshold = choose_threshold(good_scores, is_good, target)
        escapes, rejects = rates(good_scores, is_good, threshold)
        out.append(
            {
                "targetEscapeRate": target,
                "threshold": threshold,
                "escapeRate": round(escapes, 4),
                "falseRejectRate": round(rejects, 4),
            }
        )
    return out
