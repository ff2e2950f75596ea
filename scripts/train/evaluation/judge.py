"""Everything that is said about one network or variant, from its logits on the validation split."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..recipe import Recipe
from .calibration import calibration_error, fit_temperature
from .figures import cross_entropy, softmax, summarize
from .thresholds import LOWEST, choose_threshold, suggestions


def judge(recipe: Recipe, logits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Logits [n, classes] and labels [n] -> the manifest's figures of a variant, and what the card adds.

    The temperature is fitted first; threshold and figures belong to the scores after it. All of it on the same split,
    so the calibration error and the rates at the threshold are somewhat flattering.
    """
    temperature = fit_temperature(logits, labels)
    scores = softmax(logits, temperature)
    threshold, listed = LOWEST, []
    if recipe.good is not None:
        good_scores, is_good = scores[:, recipe.good], labels == recipe.good
        threshold = choose_threshold(good_scores, is_good, recipe.evaluation["escape"])
        listed = suggestions(good_scores, is_good)
    figures = summarize(scores, labels, recipe.good, threshold)
    error = calibration_error(scores, labels)
    keys = ("accuracy", "balancedAccuracy", "escapeRate", "falseRejectRate")
    metrics = {"images": figures["images"]}
    metrics |= {k: None if figures[k] is None else round(figures[k], 4) for k in keys}
    metrics["calibrationError"] = round(error, 4)
    return {
        "temperature": temperature,
        "goodThreshold": threshold,
        "thresholds": listed,
        "metrics": metrics,
        "recalls": figures["recalls"],
        "precisions": figures["precisions"],
        "confusion": figures["confusion"],
        "calibrationErrorBefore": round(calibration_error(softmax(logits), labels), 4),
        "crossEntropy": round(cross_entropy(logits, labels, temperature), 4),
        "crossEntropyBefore": round(cross_entropy(logits, labels), 4),
    }
