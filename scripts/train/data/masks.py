"""Defect masks in the pictures' order, from files or from the renderer's sound twins."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..recipe import Recipe, data_root
from .resize import resize_folder

# Grey levels by which a rendered defect must differ from the sound tile of the same seed.
RENDERED_DIFFERENCE = 8


def masks_from_files(
    recipe: Recipe, names: list[str], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [n, *size], 255 on the defect, and bool [n]: known, or nothing to know (a good part)."""
    height, width = size
    masks = np.zeros((len(names), height, width), np.uint8)
    known = np.array([name.split("/")[0] == recipe.good_label for name in names])
    where = {Path(name).with_suffix("").as_posix(): i for i, name in enumerate(names)}
    mask_names, pixels, _ = resize_folder(
        data_root() / recipe.data["masks"],
        (height, width, 1),
        recipe.preprocessing["resize"],
        "linear",
        0,
    )
    for name, mask in zip(mask_names, pixels[..., 0]):
        i = where.get(Path(name).with_suffix("").as_posix())
        if i is not None:
            masks[i] = mask
            known[i] = True
    return masks, known


def masks_from_twins(
    names: list[str], images: np.ndarray, good_label: str
) -> tuple[np.ndarray, np.ndarray]:
    """Rendered frames of one side: tiles of the same number share the surface, so the difference is the defect.

    Names "class/file" and uint8 [n, h, w, c] -> uint8 [n, h, w] and bool [n].
    """
    sound = {
        Path(name).stem: i
        for i, name in enumerate(names)
        if name.startswith(f"{good_label}/")
    }
    twins = np.array([sound.get(Path(name).stem, -1) for name in names])
    difference = np.abs(images.astype(np.int16) - images[twins]).max(axis=3)
    masks = np.where(difference > RENDERED_DIFFERENCE, 255, 0).astype(np.uint8)
    masks[twins < 0] = 0
    return masks, twins >= 0


def part_boxes(images: np.ndarray, fill: int) -> np.ndarray:
    """Width and height of what is not a letterbox bar: uint8 [n, h, w, c] -> float32 [n, 2]."""
    bar = (np.abs(images.astype(np.int16) - fill) < 3).all(axis=3)
    width = (~bar.all(axis=1)).sum(axis=1)
    height = (~bar.all(axis=2)).sum(axis=1)
    return np.stack([width, height], axis=1).astype(np.float32)
