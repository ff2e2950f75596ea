"""What the exported graph computes from a trained network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


def serve(network: keras.Model, image: Any, options: dict[str, Any]) -> tuple[Any, Any]:
    """Logits [b, classes] and map [b, rows, columns, classes] of images [b, h, w, c] in 0…255.

    With `mirrored` in the options both are the mean over the picture and its left-right mirror image, in one pass: a
    tile has no handedness, and two looks are steadier than one. Then the logits are the logarithm of the mean score.
    """
    if not options.get("mirrored", False):
        out = network(image, training=False)
        return out["logits"], out["map"]
    out = network(
        ops.concatenate([image, ops.flip(image, axis=2)], axis=0), training=False
    )
    count = ops.shape(image)[0]
    scores = ops.softmax(out["logits"])
    logits = ops.log((scores[:count] + scores[count:]) / 2 + 1e-12)
    cells = (out["map"][:count] + ops.flip(out["map"][count:], axis=2)) / 2
    return logits, cells


def predict(
    network: keras.Model, images: np.ndarray, options: dict[str, Any], batch: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [n, h, w, c] -> logits float32 [n, classes], map float32 [n, rows, columns, classes]."""
    logits, cells = [], []
    for start in range(0, len(images), batch):
        pair = serve(network, images[start : start + batch].astype(np.float32), options)
        logits.append(np.asarray(pair[0]))
        cells.append(np.asarray(pair[1]))
    return np.concatenate(logits), np.concatenate(cells)
