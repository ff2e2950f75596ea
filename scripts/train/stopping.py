"""When a training ends early, and which epoch's weights it keeps.

`training.stop`: `on` is `loss` (a plateau of the training loss), `inner` (the loss on a grouped part of the training
side, held out for this) or `validation` (openly chosen on the validation split, whose figures are then flattering);
`patience` in epochs; `least`: improvement that counts, as a share. On held-out pictures the best epoch's weights are
kept, on the training loss the last one's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from .data.dataset import Dataset
from .data.groups import assign_folds
from .recipe import Recipe

INNER_FOLDS = 6
MEASURES = {"loss": "loss", "inner": "held_loss", "validation": "held_loss"}


def inner_split(
    recipe: Recipe, data: Dataset, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Indices to learn from and to hold out, whole groups, both from `chosen`."""
    how = recipe.training["stop"]
    folds = assign_folds(
        data.labels[chosen],
        data.groups[chosen],
        len(recipe.labels),
        how.get("folds", INNER_FOLDS),
        how.get("seed", 1),
    )
    return chosen[folds != 0], chosen[folds == 0]


def best_epoch(values: list[float], least: float) -> int:
    """Index of the last value that was lower than the best before it by the share `least`; the first counts."""
    best = 0
    for i, value in enumerate(values):
        if value < values[best] * (1 - least):
            best = i
    return best


class Stopping(keras.callbacks.Callback):
    """Ends the training once the measure has not improved for `patience` epochs."""

    def __init__(
        self,
        how: dict[str, Any] | None,
        run: Path | None,
        history: list[dict[str, Any]],
        averaged: Callable[..., Any],
    ) -> None:
        super().__init__()
        self.how, self.history, self.averaged = how, history, averaged
        self.measure = MEASURES[how["on"]] if how else None
        self.path = None if run is None else run / "best.npz"
        self.kept: list[np.ndarray] | None = None

    def _values(self) -> list[float]:
        return [entry[self.measure] for entry in self.history]

    def reached(self) -> bool:
        """Whether the history so far says stop."""
        if not self.how or not self.history:
            return False
        since = (
            len(self.history)
            - 1
            - best_epoch(self._values(), self.how.get("least", 0.001))
        )
        return since >= self.how["patience"]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keeps the best weights and says stop."""
        if not self.how:
            return
        newest = (
            best_epoch(self._values(), self.how.get("least", 0.001))
            == len(self.history) - 1
        )
        if self.measure == "held_loss" and newest:
            with self.averaged(self.model):
                self.kept = [np.asarray(v) for v in self.model.variables]
            if self.path is not None:
                np.savez(self.path, *self.kept)
        if self.reached():
            print(
                f"stops: {self.measure} has not improved for {self.how['patience']} epochs",
                flush=True,
            )
            self.model.stop_training = True

    def restore_best(self, network: keras.Model) -> None:
        """Puts the best epoch's weights in, where held-out pictures chose one."""
        if not self.how or self.measure != "held_loss":
            return
        if self.kept is None and self.path is not None and self.path.is_file():
            with np.load(self.path) as saved:
                self.kept = [saved[f"arr_{i}"] for i in range(len(saved.files))]
        for variable, values in zip(network.variables, self.kept or []):
            variable.assign(values)
