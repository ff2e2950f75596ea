"""Figures as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

INK, SOFT = "#1b4f72", "#aed6f1"


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=120, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)


def draw_confusion(names: list[str], confusion: list[list[int]], path: Path) -> None:
    """Counts, shaded by the share of the row."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 1.5 + 0.7 * len(names)
    figure, axes = plt.subplots(figsize=(size, size))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(counts):
        for k, count in enumerate(row):
            color = "white" if shares[i, k] > 0.6 else "black"
            axes.text(
                k, i, str(count), ha="center", va="center", color=color, fontsize=8
            )
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("called")
    axes.set_ylabel("is")
    _save(figure, path)


def draw_reliability(
    before: list[dict[str, Any]], after: list[dict[str, Any]], path: Path
) -> None:
    """Accuracy over confidence with the number of images below, before and after the temperature."""
    figure, axes = plt.subplots(2, 2, figsize=(8, 5), height_ratios=[3, 1], sharex=True)
    for column, (title, bins) in enumerate(
        (("temperature 1", before), ("fitted temperature", after))
    ):
        filled = [b for b in bins if b["images"]]
        left, width = [b["from"] for b in filled], 1 / len(bins)
        upper, lower = axes[0][column], axes[1][column]
        upper.bar(
            left,
            [b["accuracy"] for b in filled],
            width,
            align="edge",
            color=SOFT,
            edgecolor=INK,
        )
        upper.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
        upper.plot(
            [b["confidence"] for b in filled],
            [b["accuracy"] for b in filled],
            "o",
            color=INK,
            markersize=3,
        )
        upper.set_title(title)
        upper.set_ylim(0, 1)
        lower.bar(left, [b["images"] for b in filled], width, align="edge", color=INK)
        lower.set_xlabel("confidence")
    axes[0][0].set_ylabel("accuracy")
    axes[1][0].set_ylabel("images")
    _save(figure, path)


def draw_roc(curves: dict[str, dict[str, Any]], path: Path) -> None:
    """One line a curve."""
    figure, axes = plt.subplots(figsize=(5, 5))
    for name, line in curves.items():
        axes.plot(
            line["falsePositive"],
            line["truePositive"],
            label=f"{name}, area {line['area']:.4f}",
            linewidth=1,
        )
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    axes.set_xlabel("false-positive rate")
    axes.set_ylabel("true-positive rate")
    axes.legend(fontsize=7, loc="lower right")
    _save(figure, path)


def draw_history(history: list[dict[str, Any]], path: Path) -> None:
    """Losses over the epochs."""
    figure, axes = plt.subplots(figsize=(6, 4))
    for key in sorted(
        {key for entry in history for key in entry if key.endswith("loss")}
    ):
        points = [(entry["epoch"], entry[key]) for entry in history if key in entry]
        axes.plot(*zip(*points), marker="." if len(points) < 20 else None, label=key)
    axes.set_xlabel("epoch")
    axes.legend(fontsize=7)
    _save(figure, path)


def draw_maps(
    images: np.ndarray,
    maps: np.ndarray,
    masks: np.ndarray | None,
    titles: list[str],
    path: Path,
) -> None:
    """Pictures [n, h, w, c] with their map [n, rows, columns] on top and the mask's edge [n, h, w]."""
    figure, axes = plt.subplots(
        2, len(images), figsize=(2.2 * len(images), 4.6), squeeze=False
    )
    for i, (image, cells, title) in enumerate(zip(images, maps, titles)):
        height, width = image.shape[:2]
        shown = image[..., 0] if image.shape[2] == 1 else image
        for row in range(2):
            axes[row][i].imshow(shown, cmap="gray", vmin=0, vmax=255)
            axes[row][i].set_axis_off()
        axes[0][i].set_title(title, fontsize=8)
        axes[1][i].imshow(
            cells,
            cmap="inferno",
            alpha=0.6,
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        )
        if masks is not None and masks[i].any():
            axes[0][i].contour(
                masks[i] > 127, levels=[0.5], colors="red", linewidths=0.6
            )
    _save(figure, path)
