"""Step 4: judges the trained network on the validation split.

Writes runs/NAME/report/: figures.json, figures.txt, and as PNG the confusion matrix, the reliability diagram, the ROC,
the losses and some maps.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import Dataset, load_dataset
from ..evaluation.calibration import reliability
from ..evaluation.figures import confusion_table, softmax
from ..evaluation.judge import judge
from ..evaluation.plots import (
    draw_confusion,
    draw_history,
    draw_maps,
    draw_reliability,
    draw_roc,
)
from ..evaluation.pointing import pointing_game
from ..evaluation.roc import curves
from ..networks import load_network
from ..networks.serving import predict
from ..recipe import Recipe

SHOWN = 8


def text_of(recipe: Recipe, found: dict[str, Any]) -> str:
    """The figures for a terminal."""
    metrics = found["metrics"]
    lines = [
        f"images {metrics['images']}, accuracy {metrics['accuracy']:.4f}, balanced accuracy {metrics['balancedAccuracy']:.4f}"
    ]
    if recipe.good is not None:
        lines.append(
            f"good from {found['goodThreshold']:.4f} on: escapes {metrics['escapeRate']:.4f},"
            f" false rejects {metrics['falseRejectRate']:.4f}"
        )
    lines.append(
        f"calibration error {found['calibrationErrorBefore']:.4f}, {metrics['calibrationError']:.4f} at temperature"
        f" {found['temperature']:.3f}; cross-entropy {found['crossEntropyBefore']:.4f}, then {found['crossEntropy']:.4f}"
    )
    lines += [
        f"area under the ROC, {name}: {area:.4f}"
        for name, area in found["areas"].items()
    ]
    game = found["pointing"]
    if game and game["all"]:
        for name, row in {**game["classes"], "all": game["all"]}.items():
            lines.append(
                f"pointing game, {name}: {row['hit']:.3f}, within half a cell {row['hitWithinHalfACell']:.3f}"
                f" of {row['images']} (chance {row['chance']:.3f})"
            )
    lines.append(confusion_table(recipe.labels, found))
    return "\n".join(lines)


def show_maps(recipe: Recipe, data: Dataset, maps: np.ndarray, path: Path) -> None:
    """The map of the true class for the first pictures of each class."""
    labels = data.labels[data.held]
    wanted = [i for i in range(len(recipe.labels)) if i != recipe.good]
    each = max(1, SHOWN // len(wanted))
    some = np.concatenate([np.flatnonzero(labels == i)[:each] for i in wanted])[:SHOWN]
    own = maps[some, :, :, labels[some]]
    masks = data.masks[data.held[some]] if data.masked else None
    titles = [recipe.labels[labels[i]] for i in some]
    draw_maps(data.images[data.held[some]], own, masks, titles, path)


def run(recipe: Recipe, folder: Path, arguments: Any) -> None:
    """Runs the step."""
    data = load_dataset(recipe.run_folder / "preprocess" / "data.npz")
    trained = recipe.run_folder / "train"
    if not (trained / "network.keras").is_file():
        raise SystemExit(f"{trained / 'network.keras'} is missing: run train first")
    network = load_network(trained / "network.keras")
    logits, maps = predict(network, data.images[data.held], recipe.model)
    labels = data.labels[data.held]
    found = judge(recipe, logits, labels)
    scores = softmax(logits, found["temperature"])
    before, after = reliability(softmax(logits), labels), reliability(scores, labels)
    lines = curves(scores, labels, recipe.labels, recipe.good)
    found["areas"] = {name: round(line["area"], 4) for name, line in lines.items()}
    found["reliability"] = after
    found["pointing"] = None
    if data.masked:
        known = data.has_mask[data.held]
        found["pointing"] = pointing_game(
            maps[known],
            labels[known],
            data.masks[data.held[known]],
            recipe.labels,
            recipe.good,
        )
    text = text_of(recipe, found)
    print(text, flush=True)
    (folder / "figures.txt").write_text(text + "\n", encoding="utf-8")
    (folder / "figures.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    draw_confusion(recipe.labels, found["confusion"], folder / "confusion.png")
    draw_reliability(before, after, folder / "reliability.png")
    draw_roc(lines, folder / "roc.png")
    show_maps(recipe, data, maps, folder / "maps.png")
    history = json.loads((trained / "history.json").read_text(encoding="utf-8"))
    draw_history(history, folder / "history.png")
