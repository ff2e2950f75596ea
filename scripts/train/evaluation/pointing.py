"""The pointing game (Zhang et al. 2016, "Top-down neural attention by excitation backprop"): does the map's peak for the
true class lie on the defect?"""

from __future__ import annotations

from typing import Any

import numpy as np

SOLID = 127


def peaks(maps: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the greatest cell of the true class: float [n, rows, columns, classes], [n] -> int [n] each."""
    own = maps[np.arange(len(labels)), :, :, labels]
    return np.unravel_index(own.reshape(len(own), -1).argmax(axis=1), own.shape[1:])


def hits(
    mask: np.ndarray, row: int, column: int, cells: tuple[int, int]
) -> tuple[bool, bool]:
    """Whether the middle of a cell lies on the mask uint8 [h, w], and whether it does within half a cell.

    Half a cell around its middle is the cell itself: the map cannot point more finely.
    """
    height, width = mask.shape
    top, bottom = row * height / cells[0], (row + 1) * height / cells[0]
    left, right = column * width / cells[1], (column + 1) * width / cells[1]
    middle = mask[int((top + bottom) / 2), int((left + right) / 2)] > SOLID
    inside = mask[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
    return bool(middle), bool((inside > SOLID).any())


def pointing_game(
    maps: np.ndarray,
    labels: np.ndarray,
    masks: np.ndarray,
    names: list[str],
    good: int | None,
) -> dict[str, Any]:
    """Maps [n, rows, columns, classes], labels [n], masks uint8 [n, h, w] -> shares hit, by class and over all.

    Only defective pictures whose mask is not empty count. `chance` is the mean share of the picture that the mask
    covers: what pointing anywhere would hit.
    """
    counted = np.flatnonzero(
        (masks > SOLID).any(axis=(1, 2)) & (labels != (-1 if good is None else good))
    )
    rows, columns = peaks(maps[counted], labels[counted])
    cells = maps.shape[1:3]
    found = np.array(
        [hits(masks[i], r, c, cells) for i, r, c in zip(counted, rows, columns)],
        dtype=bool,
    ).reshape(-1, 2)
    chance = (masks[counted] > SOLID).mean(axis=(1, 2))

    def share(chosen: np.ndarray) -> dict[str, Any]:
        return {
            "images": int(chosen.sum()),
            "hit": round(float(found[chosen, 0].mean()), 4),
            "hitWithinHalfACell": round(float(found[chosen, 1].mean()), 4),
            "chance": round(float(chance[chosen].mean()), 4),
        }

    present = [i for i in range(len(names)) if (labels[counted] == i).any()]
    by_class = {names[i]: share(labels[counted] == i) for i in present}
    everything = share(np.ones(len(counted), bool)) if len(counted) else None
    return {"cells": list(cells), "all": everything, "classes": by_class}
