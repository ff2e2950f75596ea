"""A photographed defect copied onto a sound part, or covered with a sound part's surface.

The network then cannot tell a class by the few parts that carry it: the same part is seen sound and defective.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from .part_pictures import DARK, ON, Box, box_of

Generator = np.random.Generator
# Defects that may lie anywhere and at any turn; all others keep their place relative to the edges.
ANYWHERE = ("blowhole",)
ALONG_MARKS = ("crack",)


def _sign(rng: Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def _frame(
    source: Box, target: Box, sx: float, sy: float, mirror: tuple[float, float]
) -> np.ndarray:
    """Affine matrix [2, 3] that stretches one part's frame onto another's, about the middle."""
    x = mirror[0] * sx * target.width / source.width
    y = mirror[1] * sy * target.height / source.height
    middle = ((source.left + source.right) / 2, (source.top + source.bottom) / 2)
    place = ((target.left + target.right) / 2, (target.top + target.bottom) / 2)
    return np.array(
        [[x, 0, place[0] - x * middle[0]], [0, y, place[1] - y * middle[1]]]
    )


def _anywhere(
    rng: Generator, kind: str, mask: np.ndarray, source: Box, target: Box
) -> np.ndarray:
    """Affine matrix [2, 3] that puts the defect at a random place, size and turn; a crack keeps its height."""
    rows, columns = np.nonzero(mask > ON)
    middle = np.array([columns.mean(), rows.mean()])
    size = math.exp(rng.uniform(-0.45, 0.4))
    x, y = _sign(rng) * size, _sign(rng) * size * math.exp(rng.uniform(-0.2, 0.2))
    turn = (
        rng.uniform(0, 2 * math.pi) if kind in ANYWHERE else rng.normal() * 0.25
    )
    c, s = math.cos(turn), math.sin(turn)
    linear = np.array([[c * x, -s * y], [s * x, c * y]])
    place = np.array(
        [
            rng.uniform(target.left + 8, target.right - 8),
            rng.uniform(target.top + 8, target.bottom - 8),
        ]
    )
    if kind in ALONG_MARKS:
        height = (middle[1] - source.top) / source.height
        height = 1 - height if y < 0 else height
        place[1] = target.top + height * target.height
    return np.hstack([linear, (place - linear @ middle)[:, np.newaxis]])


def _blend(
    rng: Generator, host: np.ndarray, patch: np.ndarray, core: np.ndarray
) -> np.ndarray | None:
    """The patch in the host around `core`, at the host's brightness; None where the two do not fit."""
    size = int(rng.integers(5, 11))
    wide = cv2.dilate(core, np.ones((size, size), np.uint8))
    soft = cv2.GaussianBlur(wide.astype(np.float32), (0, 0), rng.uniform(1.2, 3))
    around = cv2.dilate(wide, np.ones((15, 15), np.uint8)) * (1 - core)
    around = around * ((host > 6) & (patch > 6))
    if around.sum() < 30:
        return None
    ratio = float(host[around > 0].mean()) / max(
        1.0, float(patch[around > 0].mean())
    )
    if not 0.25 < ratio < 4:
        return None
    return host * (1 - soft) + np.clip(patch * ratio, 0, 255) * soft


def paste(
    rng: Generator, kind: str, host: np.ndarray, donor: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """The donor's masked defect on a sound host: three uint8 [h, w] -> picture and mask, or None."""
    height, width = host.shape
    source, target = box_of(donor), box_of(host)
    if (mask > ON).sum() < 6:
        return None
    if kind in ANYWHERE + ALONG_MARKS:
        matrix = _anywhere(rng, kind, mask, source, target)
    else:
        spread = 0.2 if kind == "fray" else 0.0
        sx, sy = np.exp(rng.uniform(-spread, spread, 2))
        matrix = _frame(source, target, sx, sy, (_sign(rng), _sign(rng)))
    patch = cv2.warpAffine(donor, matrix, (width, height), flags=cv2.INTER_LINEAR)
    moved = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_LINEAR)
    core = (moved > ON).astype(np.uint8)
    if core.sum() < 12:
        return None
    out = _blend(rng, host, patch, core)
    if out is None:
        return None
    if kind != "break":
        # Only a break changes the part's outline.
        inside = host > DARK - 1
        out, core = np.where(inside, out, host), core * inside
        if core.sum() < 12:
            return None
    return out.astype(np.uint8), core * 255


def erase(
    rng: Generator, host: np.ndarray, mask: np.ndarray, sound: np.ndarray
) -> np.ndarray | None:
    """A defective host with its defect covered by a sound part's surface: three uint8 [h, w] -> picture, or None."""
    if (mask > ON).mean() > 0.15:
        return None
    height, width = host.shape
    matrix = _frame(box_of(sound), box_of(host), 1, 1, (1, 1))
    patch = cv2.warpAffine(sound, matrix, (width, height), flags=cv2.INTER_LINEAR)
    core = (mask > ON).astype(np.uint8)
    if core.sum() < 12:
        return None
    out = _blend(rng, host, patch, core)
    return None if out is None else out.astype(np.uint8)
