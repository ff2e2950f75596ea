"""Random views of a part's picture: moved as a whole, or cut out around its defect; then lit otherwise."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .part_pictures import ON, PartPicture, box_of

Generator = np.random.Generator
View = tuple[np.ndarray, np.ndarray, np.ndarray, int]
TRIES = 8
NOISE = np.random.default_rng(0).standard_normal((1024, 1024)).astype(np.float32)


def _linear(
    rng: Generator, scale: float, how: dict[str, float]
) -> tuple[np.ndarray, bool]:
    """Mirroring, turn, zoom and stretch: matrix [2, 2]; a quarter is only mirrored (true), so that it stays sharp."""
    mirror = np.array([1 if rng.random() < 0.5 else -1 for _ in range(2)])
    if rng.random() < 0.25:
        return np.diag(mirror * scale), True
    angle = 0.0
    if rng.random() < 0.7:
        limit = how["rotation"]
        angle = math.radians(rng.uniform(-limit, limit))
    low, high = how["zoom"]
    zoom = scale * math.exp(rng.uniform(math.log(low), math.log(high)))
    stretch = math.exp(rng.uniform(-0.15, 0.15))
    c, s = math.cos(angle) * zoom, math.sin(angle) * zoom
    turned = np.array([[c * stretch, -s / stretch], [s * stretch, c / stretch]])
    return turned * mirror, False


def _softened(rng: Generator, image: np.ndarray) -> np.ndarray:
    """What the eye of a smaller picture sees of a finer one."""
    if rng.random() < 0.6:
        return cv2.blur(image, (2, 2))
    return cv2.GaussianBlur(image, (3, 3), 0.7)


def whole(
    rng: Generator,
    part: PartPicture,
    size: tuple[int, int],
    how: dict[str, float],
) -> View | None:
    """The part moved: picture, mask, unsure uint8 [height, width] and class; None where its defect is out of sight."""
    height, width = size
    linear, still = _linear(rng, width / part.image.shape[1], how)
    fine = np.array(part.image.shape[::-1])
    middle, centre = (fine - 1) / 2, (np.array([width, height]) - 1) / 2
    if not still:
        limit = how["shift"] * np.array([width, height])
        centre = centre + rng.uniform(-limit, limit)
    matrix = np.hstack([linear, (centre - linear @ middle)[:, np.newaxis]])

    def warp(pixels: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(
            pixels, matrix, (width, height), flags=cv2.INTER_LINEAR
        )

    image = warp(_softened(rng, part.image))
    if part.label == 0:
        empty = np.zeros_like(image)
        return image, empty, empty, 0
    mask = warp(cv2.blur(part.mask, (2, 2)))
    if (mask > ON).sum() < 3:
        return None
    return image, mask, warp(part.unsure), part.label


def cutout(
    rng: Generator,
    part: PartPicture,
    size: tuple[int, int],
    scale: float,
    how: dict[str, float],
) -> View | None:
    """A piece of the part at `scale`, four times in five around its defect; sound (class 0) where none is in it."""
    height, width = size
    fine = part.image.shape
    box = box_of(part.image)
    for _ in range(TRIES):
        if part.label > 0 and rng.random() < 0.8:
            rows, columns = np.nonzero(part.mask[::4, ::4] > ON)
            if len(rows) == 0:
                return None
            i = rng.integers(len(rows))
            reach = 0.42 * np.array([width, height]) / scale
            place = np.array([columns[i], rows[i]]) * 4 + rng.uniform(-reach, reach)
        else:
            edge = 0.3 * np.array([width, height]) / scale
            low = np.array([box.left, box.top]) + edge
            high = np.maximum(low + 1, np.array([box.right, box.bottom]) - edge)
            place = rng.uniform(low, high)
        linear, _ = _linear(rng, scale, how)
        # Only what the piece can show is filtered.
        reach = (0.8 * np.array([width, height]) / scale).astype(int)
        left, top = np.maximum(0, place.astype(int) - reach)
        right, bottom = np.minimum(fine[::-1], place.astype(int) + reach)
        if right - left < 4 or bottom - top < 4:
            continue
        piece = (slice(top, bottom), slice(left, right))
        centre = (np.array([width, height]) - 1) / 2
        shift = centre - linear @ (place - np.array([left, top]))
        matrix = np.hstack([linear, shift[:, np.newaxis]])

        def warp(pixels: np.ndarray) -> np.ndarray:
            return cv2.warpAffine(
                pixels[piece], matrix, (width, height), flags=cv2.INTER_LINEAR
            )

        image = warp(_softened(rng, part.image))
        mask, unsure = warp(part.mask), warp(part.unsure)
        shown = int((mask > ON).sum())
        if shown < 2 * width and (unsure > ON).any():
            continue
        if (image > 5).mean() < 0.3 and rng.random() < 0.9:
            continue
        return image, mask, unsure, part.label if shown >= 4 else 0
    return None


def lit(rng: Generator, image: np.ndarray, how: dict[str, float]) -> np.ndarray:
    """Gamma, exposure, a slope of the light, blur or sharpening, noise: uint8 [h, w] -> float32 [h, w] in 0…255.

    Black stays black, so that letterbox bars look as they do in service.
    """
    height, width = image.shape
    light = how["light"]
    gamma, gain = np.exp(rng.uniform(-light, light, 2))
    levels = np.power(np.arange(256) / 255.0, gamma) * 255 * gain + rng.uniform(-10, 10)
    out = np.clip(levels, 0, 255).astype(np.float32)[image]
    x = np.linspace(-1, 1, width, dtype=np.float32)[np.newaxis]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, np.newaxis]
    a, b = rng.uniform(-0.25, 0.25, 2)
    out *= 1 + np.float32(a) * x + np.float32(b) * y
    kind = rng.random()
    if kind < 0.25:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.0))
    elif kind < 0.45:
        out += rng.uniform(0.2, 0.9) * (out - cv2.GaussianBlur(out, (0, 0), 1.0))
    top, left = (
        rng.integers(0, NOISE.shape[0] - height),
        rng.integers(0, NOISE.shape[1] - width),
    )
    out += NOISE[top : top + height, left : left + width] * rng.uniform(0, how["noise"])
    return np.clip(np.where(image > 1, out, 0), 0, 255)
