"""The arrays that every later step reads."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Dataset:
    """Pictures of one recipe, resized, with their labels and split."""

    images: np.ndarray  # uint8 [n, height, width, channels]
    labels: np.ndarray  # int64 [n], indices into the recipe's labels
    names: np.ndarray  # str [n], "class/file"
    groups: np.ndarray  # int64 [n], near-duplicates share a number
    folds: np.ndarray  # int64 [n]
    validation: np.ndarray  # bool [n], true for the validation split
    fine: np.ndarray  # uint8 [n, height * k, width * k, channels], k from the recipe's input.fine; [0, …] without one
    fine_masks: np.ndarray  # uint8 [n, height * k, width * k]; [0, …] likewise
    masks: np.ndarray  # uint8 [n, height, width], 255 on the defect; [0, height, width] where the recipe has no masks
    has_mask: np.ndarray  # bool [n], false where a defective part's mask is unknown
    boxes: np.ndarray  # float32 [n, 2], width and height in pixels of the picture without letterbox bars

    @property
    def train(self) -> np.ndarray:
        """Indices of the training side: int64 [m]."""
        return np.flatnonzero(~self.validation)

    @property
    def held(self) -> np.ndarray:
        """Indices of the validation split: int64 [k]."""
        return np.flatnonzero(self.validation)

    @property
    def sources(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures [n, h, w, c] and masks [n, h, w] to cut training pictures from: the fine ones where there are any."""
        if len(self.fine):
            return self.fine, self.fine_masks
        return self.images, self.masks

    @property
    def masked(self) -> bool:
        """Whether there are masks at all."""
        return len(self.masks) > 0

    def save(self, path: Path) -> None:
        """Writes the arrays as .npz."""
        np.savez(path, **{f.name: getattr(self, f.name) for f in fields(self)})


def load_dataset(path: Path) -> Dataset:
    """Reads what `Dataset.save` wrote."""
    if not path.exists():
        raise SystemExit(f"{path} is missing: run preprocess first")
    with np.load(path) as arrays:
        return Dataset(**{name: arrays[name] for name in arrays.files})
