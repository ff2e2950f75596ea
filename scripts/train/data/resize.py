"""Pictures to arrays through resize.mjs, which resizes as the agent does."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ..recipe import HERE, Recipe

THUMBNAIL = 32


def resize_folder(
    source: Path, shape: tuple[int, int, int], mode: str, kernel: str, fill: int
) -> tuple[list[str], np.ndarray, list[dict[str, str]]]:
    """Resizes CLASS/FILE images to `shape` (height, width, channels).

    Gives their names, uint8 [n, height, width, channels], and the unreadable ones as {"name", "reason"}.
    """
    height, width, channels = shape
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "resized"
        size = [str(width), str(height), str(channels)]
        script = str(HERE / "resize.mjs")
        subprocess.run(
            ["node", script, str(source), str(out), *size, mode, kernel, str(fill)],
            check=True,
        )
        listed = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
        pixels = np.fromfile(out.with_suffix(".bin"), np.uint8)
    images = pixels.reshape(len(listed["names"]), height, width, channels)
    return listed["names"], images, listed["failed"]


def resize_for(
    recipe: Recipe, source: Path, times: int = 1
) -> tuple[list[str], np.ndarray, list[dict[str, str]]]:
    """Resizes a folder to the model's input as the manifest says, or to that many times its width and height."""
    how = recipe.preprocessing
    height, width, channels = recipe.shape
    shape = (height * times, width * times, channels)
    return resize_folder(source, shape, how["resize"], how["kernel"], how["fill"])


def thumbnails_of(recipe: Recipe, source: Path, images: np.ndarray) -> np.ndarray:
    """Stretched grey pictures for finding near-duplicates: uint8 [n, 32, 32].

    Images [n, h, w, c] that are that small already are taken as they are.
    """
    height, width, _ = recipe.shape
    if (height, width) == (THUMBNAIL, THUMBNAIL):
        return images.mean(axis=3).astype(np.uint8)
    small = (THUMBNAIL, THUMBNAIL, 1)
    _, thumbnails, _ = resize_folder(source, small, "stretch", "linear", 0)
    return thumbnails[..., 0]
