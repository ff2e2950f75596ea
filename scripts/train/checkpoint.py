"""A training's state after its last finished epoch, on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np


def _variables(model: keras.Model) -> list[Any]:
    """All that a step changes: weights, statistics, dropout's seeds, the optimizer with its averages and step count."""
    return [*model.variables, *model.optimizer.variables]


class Checkpoint(keras.callbacks.Callback):
    """Saves after every epoch; a kill at any moment leaves the previous state or the new one, never half of one."""

    def __init__(self, path: Path, history: list[dict[str, Any]]) -> None:
        super().__init__()
        self.path, self.history = path, history

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes beside, then renames."""
        values = {f"v{i}": np.asarray(v) for i, v in enumerate(_variables(self.model))}
        done = np.frombuffer(
            json.dumps({"epoch": epoch + 1, "history": self.history}).encode(), np.uint8
        )
        partial = self.path.with_suffix(".partial.npz")
        with partial.open("wb") as file:
            np.savez(file, done=done, **values)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(self.path)


def restore(path: Path, model: keras.Model) -> tuple[int, list[dict[str, Any]]]:
    """Puts the saved state back into a compiled model: finished epochs and their history, (0, []) without a file."""
    if not path.is_file():
        return 0, []
    model.optimizer.build(model.trainable_variables)
    with np.load(path) as saved:
        variables = _variables(model)
        if len(saved.files) != len(variables) + 1:
            raise SystemExit(f"{path} belongs to another network: delete it")
        for i, variable in enumerate(variables):
            variable.assign(saved[f"v{i}"])
        done = json.loads(saved["done"].tobytes())
    return done["epoch"], done["history"]
