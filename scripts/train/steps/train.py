"""Step 3: trains the network; continues at the last finished epoch where it was interrupted.

Writes runs/NAME/train/: network.keras (trained, averaged), history.json. `--fold K` holds fold K out instead of the
recipe's validation split, `--cross` every fold in turn: designs are compared so. Nothing is exported from those.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..batches import batches_of
from ..data.dataset import Dataset, load_dataset
from ..evaluation.figures import describe, softmax
from ..networks import build_network, load_network
from ..networks.serving import predict
from ..recipe import Recipe
from ..training import fit


def load_built(recipe: Recipe) -> keras.Model:
    """The untrained network that `build` saved."""
    path = recipe.run_folder / "build" / "network.keras"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: run build first")
    return load_network(path)


def run(recipe: Recipe, folder: Path, arguments: Any) -> None:
    """Runs the step."""
    data = load_dataset(recipe.run_folder / "preprocess" / "data.npz")
    network = load_built(recipe)
    history = []
    for number, phase in enumerate(recipe.phases):
        done = train_phase(phase, recipe, data, network, folder, number)
        before = len(history)
        history += [
            {**entry, "phase": number, "epoch": before + entry["epoch"]}
            for entry in done
        ]
    network.save(folder / "network.keras")
    (folder / "history.json").write_text(json.dumps(history), encoding="utf-8")
    for leftover in folder.glob("phase-*"):
        shutil.rmtree(leftover)


def train_phase(
    phase: Recipe,
    recipe: Recipe,
    data: Dataset,
    network: keras.Model,
    folder: Path | None,
    number: int,
    **rest: Any,
) -> list[dict[str, Any]]:
    """Trains `network` in place by one phase. A phase with an input of its own learns in a twin of that size."""
    run = None if folder is None else folder / f"phase-{number}"
    if run is not None:
        run.mkdir(exist_ok=True)
    batches_of(phase)
    if phase.shape == recipe.shape:
        return fit(phase, data, network, run, **rest)
    twin = build_network(phase)
    twin.set_weights(network.get_weights())
    # What is held out has the recipe's size, so nothing is watched.
    nothing = np.zeros(0, np.int64)
    history = fit(phase, data, twin, run, **{**rest, "held": nothing})
    network.set_weights(twin.get_weights())
    return history


def hold_out(recipe: Recipe, data: Dataset, fold: int) -> np.ndarray:
    """Trains without one fold; gives its logits [n of the fold, classes]."""
    outside, inside = (
        np.flatnonzero(data.folds != fold),
        np.flatnonzero(data.folds == fold),
    )
    network = load_built(recipe)
    print(
        f"-- fold {fold} held out: {len(outside)} to learn from, {len(inside)} held",
        flush=True,
    )
    for number, phase in enumerate(recipe.phases):
        sides = {"chosen": outside, "held": inside}
        train_phase(phase, recipe, data, network, None, number, **sides)
    return predict(network, data.images[inside], recipe.model)[0]


def cross(recipe: Recipe, fold: int | None) -> None:
    """Holds one fold or every fold out and prints the figures on what was held out."""
    data = load_dataset(recipe.run_folder / "preprocess" / "data.npz")
    folds = range(int(data.folds.max()) + 1) if fold is None else [fold]
    logits = np.zeros((len(data.labels), len(recipe.labels)))
    for k in folds:
        logits[data.folds == k] = hold_out(recipe, data, k)
    seen = np.isin(data.folds, list(folds))
    scores = softmax(logits[seen])
    print(describe(recipe.labels, scores, data.labels[seen], recipe.good, 0.5))
    if fold is None:
        np.save(recipe.run_folder / "out-of-fold.npy", logits)
