"""Defects drawn onto sound parts, with their masks: more shapes and places than a few photographed parts can show.

Each function takes a random generator, the picture float32 [h, w] of a sound part, its Box, the local brightness
float32 [h, w], and another sound part's picture uint8 [h, w]; it gives the changed picture and the mask float32 [h, w]
in 0…1. Sizes are in pixels of pictures of 640 x 512 or so.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from .part_pictures import DARK, ON, Box, box_of

Generator = np.random.Generator
Drawn = tuple[np.ndarray, np.ndarray]
# OpenCV draws at eighths of a pixel.
BITS = 3


def _filled(shape: tuple[int, ...], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A filled polygon with soft borders: float32 [h, w] in 0…1."""
    mask = np.zeros(shape, np.uint8)
    points = np.stack([x, y], axis=1) * (1 << BITS)
    cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA, BITS)
    return mask.astype(np.float32) / 255


def _blob(
    rng: Generator,
    shape: tuple[int, ...],
    centre: tuple[float, float],
    radii: tuple[float, float],
    rough: float,
) -> np.ndarray:
    """An ellipse with an irregular border, turned at random."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.ones(48)
    for wave in range(1, 6):
        radius += (
            rng.normal()
            * rough
            / wave
            * np.cos(wave * angle + rng.uniform(0, 2 * math.pi))
        )
    radius = np.clip(radius, 0.3, 2)
    x, y = radii[0] * radius * np.cos(angle), radii[1] * radius * np.sin(angle)
    turn = rng.uniform(0, 2 * math.pi)
    c, s = math.cos(turn), math.sin(turn)
    return _filled(shape, centre[0] + c * x - s * y, centre[1] + s * x + c * y)


def _grain(rng: Generator, shape: tuple[int, ...], size: float) -> np.ndarray:
    """Smooth noise of unit deviation."""
    noise = rng.standard_normal(shape, np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), size)
    return noise / noise.std()


def _soft(rng: Generator, mask: np.ndarray, low: float, high: float) -> np.ndarray:
    return cv2.GaussianBlur(mask, (0, 0), rng.uniform(low, high))


def blowhole(
    rng: Generator, image: np.ndarray, box: Box, local: np.ndarray, other: np.ndarray
) -> Drawn:
    """One or two small dark holes, at times with a bright rim."""
    total = np.zeros_like(image)
    for _ in range(1 if rng.random() < 0.8 else 2):
        radius = rng.uniform(3.5, 13)
        centre = (
            rng.uniform(box.left + 6, box.right - 6),
            rng.uniform(box.top + 6, box.bottom - 6),
        )
        hole = _blob(
            rng, image.shape, centre, (radius, radius * rng.uniform(0.35, 1)), 0.25
        )
        hole = _soft(rng, hole, 0.6, 1.8)
        fill = local * rng.uniform(0.1, 0.6)
        fill = fill * (1 + 0.15 * rng.standard_normal(image.shape, np.float32))
        image = image * (1 - hole) + fill * hole
        if rng.random() < 0.4:
            rim = np.roll(hole, tuple(rng.integers(-2, 3, 2)), (0, 1)) * (1 - hole)
            image = image + rim * local * rng.uniform(0.1, 0.6)
        total = np.maximum(total, hole)
    return image, total


def crack(
    rng: Generator, image: np.ndarray, box: Box, local: np.ndarray, other: np.ndarray
) -> Drawn:
    """A dark wandering line, mostly along the grinding marks and mostly from an edge."""
    total = np.zeros_like(image)
    for _ in range(1 if rng.random() < 0.75 else 2):
        far = rng.random() < 0.5
        length = rng.uniform(30, 0.95 * box.height) if far else rng.uniform(25, 110)
        along = rng.random() < 0.75
        angle = (
            math.pi / 2 + rng.normal() * 0.2 if along else rng.uniform(0, math.pi)
        )
        x, start = rng.uniform(box.left + 5, box.right - 5), rng.random()
        if start < 0.33:
            y, angle = box.bottom - 1, -angle
        elif start < 0.65:
            y = box.top + 1
        else:
            y = rng.uniform(box.top + 2, box.bottom - 20)
        points, bend = [(x, y)], 0.0
        for _ in range(int(length / 5)):
            bend = 0.7 * bend + rng.normal() * 0.12
            angle += bend / 2 + rng.normal() * 0.12
            x, y = x + 5 * math.cos(angle), y + 5 * math.sin(angle)
            points.append((x, y))
        width, line = rng.uniform(1.2, 5.5), np.zeros(image.shape, np.uint8)
        corners = (np.array(points) * (1 << BITS)).astype(int)
        for i in range(len(corners) - 1):
            taper = min(1, (len(corners) - i) / 6 + 0.4)
            thick = max(1, round(width * rng.uniform(0.6, 1.3) * taper))
            cv2.line(
                line, corners[i], corners[i + 1], 255, thick, cv2.LINE_AA, BITS
            )
        soft = _soft(rng, line.astype(np.float32) / 255, 0.6, 1.2)
        image = image * (1 - soft) + local * rng.uniform(0.1, 0.55) * soft
        total = np.maximum(total, soft)
    return image, total


def broken_edge(
    rng: Generator, image: np.ndarray, box: Box, local: np.ndarray, other: np.ndarray
) -> Drawn:
    """One to three chips at edges and corners, dark with a coarse grain, at times with a bright or dark rim."""
    total, before = np.zeros_like(image), image
    level = float(np.median(image[image > DARK])) if (image > DARK).any() else 0.0
    for _ in range(int(rng.integers(1, 4))):
        side = rng.integers(4)
        radius = (
            rng.uniform(6, 40) if rng.random() < 0.8 else rng.uniform(40, 80)
        )
        x, y = rng.uniform(box.left, box.right), rng.uniform(box.top, box.bottom)
        if side < 2:
            y = (box.top, box.bottom)[side]
        else:
            x = (box.left, box.right)[side - 2]
        if rng.random() < 0.35:
            x = (box.left, box.right)[rng.integers(2)]
            y = (box.top, box.bottom)[rng.integers(2)]
        flat = radius * rng.uniform(0.25, 1)
        wide, high = (radius, flat) if side < 2 else (flat, radius)
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        ragged = 1 + 0.25 * np.convolve(
            rng.normal(size=46), np.ones(3) / 1.7, "same"
        )[3:-3]
        chip = _filled(
            image.shape,
            x + wide * ragged * np.cos(angle),
            y + high * ragged * np.sin(angle),
        )
        fill = level * rng.uniform(0.03, 0.55)
        grain = _grain(rng, image.shape, rng.uniform(1, 4))
        fill = fill * (1 + rng.uniform(0.1, 0.5) * grain)
        soft = _soft(rng, chip, 0.5, 1.5)
        image = image * (1 - soft) + fill * soft
        if rng.random() < 0.5:
            rim = cv2.dilate(chip, np.ones((3, 3))) - chip
            image = image + rim * local * rng.uniform(-0.5, 0.6)
        total = np.maximum(total, chip)
    near = np.zeros_like(image)
    near[
        max(0, box.top - 2) : box.bottom + 2, max(0, box.left - 2) : box.right + 2
    ] = 1
    return np.where(near > 0, image, before), total * near


def fray(
    rng: Generator, image: np.ndarray, box: Box, local: np.ndarray, other: np.ndarray
) -> Drawn:
    """A large area that was not ground: without the marks, darker or at times brighter, with a clear border."""
    size = rng.uniform(0.15, 0.45) * min(box.width, box.height)
    centre = (
        rng.uniform(box.left + 0.1 * box.width, box.right - 0.1 * box.width),
        rng.uniform(box.top, box.bottom),
    )
    radii = (size * rng.uniform(0.4, 1), size * rng.uniform(0.7, 1.6))
    mask = _blob(rng, image.shape, centre, radii, 0.15) * (image > DARK)
    flat = cv2.GaussianBlur(image, (0, 0), rng.uniform(6, 20))
    darker = rng.random() < 0.75
    level = rng.uniform(0.4, 0.8) if darker else rng.uniform(0.85, 1.25)
    grain = _grain(rng, image.shape, rng.uniform(0.6, 3))
    fill = flat * level * (1 + rng.uniform(0.02, 0.12) * grain)
    fill = fill + rng.uniform(0, 0.4) * (image - flat)
    soft = _soft(rng, mask, 0.8, 2.5)
    return image * (1 - soft) + fill * soft, mask


def uneven(
    rng: Generator, image: np.ndarray, box: Box, local: np.ndarray, other: np.ndarray
) -> Drawn:
    """Beyond a seam the part is ground otherwise: another part's marks, or the same ones rougher or smoother."""
    there = box_of(other)
    part = image[box.top : box.bottom, box.left : box.right]
    marks = other[there.top : there.bottom, there.left : there.right]
    marks = cv2.resize(marks, (box.width, box.height)).astype(np.float32)
    if rng.random() < 0.5:
        marks = marks[:, ::-1]
    gain = rng.uniform(0.8, 1.35)
    around, light = cv2.blur(marks, (61, 61)) + 1, cv2.blur(part, (61, 61)) + 1
    contrast = rng.uniform(0.8, 1.8)
    beyond = light * np.clip(1 + contrast * (marks / around - 1), 0, 4) * gain
    if rng.random() < 0.3:
        smooth = cv2.GaussianBlur(part, (0, 0), rng.uniform(1, 4))
        rougher = part + (part - smooth) * rng.uniform(0.5, 2)
        beyond = (rougher if rng.random() < 0.5 else smooth) * gain
    x = np.arange(box.width)
    seam = rng.uniform(0.12, 0.5) * box.height
    seam = seam + rng.normal() * 0.17 * box.height * (x / box.width - 0.5)
    seam = seam + 4 * np.sin(x / rng.uniform(20, 80) + rng.uniform(0, 6))
    mask = (np.arange(box.height)[:, None] < seam[None]).astype(np.float32)
    if rng.random() < 0.5:
        mask = mask[::-1].copy()
    if rng.random() < 0.2:
        edge = rng.uniform(0.15, 0.5) * box.width
        edge = edge + 3 * np.sin(np.arange(box.height) / 40)
        mask = (x[None] < edge[:, None]).astype(np.float32)
    mask = mask * (part > DARK)
    soft = _soft(rng, mask, 0.8, 4)
    out, total = image.copy(), np.zeros_like(image)
    changed = part * (1 - soft) + beyond * soft
    out[box.top : box.bottom, box.left : box.right] = np.where(
        part > DARK, changed, part
    )
    total[box.top : box.bottom, box.left : box.right] = mask
    return out, total


KINDS: dict[str, Callable[..., Drawn]] = {
    "blowhole": blowhole,
    "crack": crack,
    "break": broken_edge,
    "fray": fray,
    "uneven": uneven,
}


def draw(
    rng: Generator, kind: str, sound: np.ndarray, other: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """A defect of that kind on a sound part: two uint8 [h, w] -> picture and mask, or None where too little shows."""
    image = sound.astype(np.float32)
    local = cv2.blur(image, (41, 41)) + 1
    image, mask = KINDS[kind](rng, image, box_of(sound), local, other)
    mask = mask * (sound > DARK) if kind == "crack" else mask
    out = np.clip(mask * 255, 0, 255).astype(np.uint8)
    if (out > ON).sum() <= 10:
        return None
    return np.clip(image, 0, 255).astype(np.uint8), out
