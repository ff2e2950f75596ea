"""Figures of a classifier on labelled scores."""

from __future__ import annotations

from typing import Any

import numpy as np


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Logits [n, classes], divided by the temperature -> scores [n, classes]."""
    shifted = logits.astype(np.float64) / temperature
    powers = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def cross_entropy(
    logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0
) -> float:
    """Mean negative logarithm of the true class's score."""
    scores = softmax(logits, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(scores, 1e-12)).mean())


def summarize(
    scores: np.ndarray, labels: np.ndarray, good: int | None, threshold: float
) -> dict[str, Any]:
    """Scores [n, classes] and labels [n] -> accuracy, balanced accuracy, recalls,
    precisions, confusion, escapes, false rejects.

    Escape: a defective part whose good score reaches the threshold; false reject: a good part whose score does not.
    The rates are shares of the defective and of the good parts; None without a good class.
    """
    classes = scores.shape[1]
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, scores.argmax(axis=1)), 1)
    count = confusion.sum(axis=1)
    recalls = np.diag(confusion) / np.maximum(count, 1)
    called = confusion.sum(axis=0)
    precisions = [
        float(confusion[i, i] / n) if n else None for i, n in enumerate(called)
    ]
    figures: dict[str, Any] = {
        "images": len(labels),
        "accuracy": float(np.trace(confusion) / len(labels)),
        "balancedAccuracy": float(recalls[count > 0].mean()),
        "recalls": recalls.tolist(),
        "precisions": precisions,
        "confusion": confusion.tolist(),
        "escapeRate": None,
        "falseRejectRate": None,
    }
    if good is not None:
        passed = scores[:, good] >= threshold
        figures["escapeRate"] = float(passed[labels != good].mean())
        figures["falseRejectRate"] = float((~passed[labels == good]).mean())
    return figures


def describe(
    names: list[str],
    scores: np.ndarray,
    labels: np.ndarray,
    good: int | None,
    threshold: float,
) -> str:
    """The same as text for a terminal or a model card."""
    figures = summarize(scores, labels, good, threshold)
    lines = [
        f"images {figures['images']}, accuracy {figures['accuracy']:.4f},"
        f" balanced accuracy {figures['balancedAccuracy']:.4f}"
    ]
    if good is not None:
        lines.append(
            f"good from {threshold:.3f} on: escapes {figures['escapeRate']:.4f},"
            f" false rejects {figures['falseRejectRate']:.4f}"
        )
    lines.append(confusion_table(names, figures))
    return "\n".join(lines)


def confusion_table(names: list[str], figures: dict[str, Any]) -> str:
    """Rows are what the pictures are, columns what they were called; recall at the end, precision below."""
    wide = max(10, *(len(name) + 2 for name in names))
    lines = [
        f"{'true, given':{wide}}"
        + "".join(f"{n:>{wide}}" for n in names)
        + "    recall"
    ]
    for name, row, recall in zip(names, figures["confusion"], figures["recalls"]):
        cells = "".join(f"{n:>{wide}}" for n in row)
        lines.append(f"{name:{wide}}{cells}{recall:>10.3f}")
    precisions = ["-" if p is None else f"{p:.3f}" for p in figures["precisions"]]
    lines.append(f"{'precision':{wide}}" + "".join(f"{p:>{wide}}" for p in precisions))
    return "\n".join(lines)
