"""Batches of surfaces that fill the picture: turned, mirrored, enlarged, lit otherwise, covered, and mixed by twos.

Changes are small where they could hide the defect: a strip may hold one inclusion at its edge.
"""

from __future__ import annotations

import math

import cv2
import keras
import numpy as np
import tensorflow as tf

from ..data.dataset import Dataset
from ..recipe import Recipe
from .draws import generator

cv2.setNumThreads(1)


def steps_an_epoch(recipe: Recipe, count: int) -> int:
    """Whole batches of an epoch."""
    return max(1, count // recipe.training["batch"])


def moved(
    rng: np.random.Generator, image: np.ndarray, height: int, width: int
) -> np.ndarray:
    """Turned, mirrored, stretched, shifted a little, and resized: uint8 [h, w] -> uint8 [height, width].

    Beyond the edges lies the mirror image.
    """
    angle = math.radians(rng.uniform(-12, 12)) if rng.random() < 0.5 else 0.0
    zoom, stretch = (
        math.exp(rng.uniform(-0.12, 0.15)),
        math.exp(rng.uniform(-0.12, 0.12)),
    )
    scale = zoom * width / image.shape[1]
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    matrix = np.array([[c * stretch, -s / stretch], [s * stretch, c / stretch]])
    matrix = matrix * rng.choice([-1, 1], 2)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    reach = max(0.0, zoom - 1) / 2 * np.array([width, height]) + 0.03 * width
    middle = np.array([(image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2])
    shift = centre - matrix @ middle + rng.uniform(-1, 1, 2) * reach
    if image.shape[1] > width and rng.random() < 0.5:
        image = cv2.blur(image, (2, 2))
    return cv2.warpAffine(
        image,
        np.hstack([matrix, shift[:, np.newaxis]]),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def lit(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Contrast, brightness, noise, blur and at times a covered patch: uint8 [h, w] -> float32 [h, w] in 0…255."""
    out = image.astype(np.float32)
    mean = out.mean()
    out = (
        (out - mean) * math.exp(rng.uniform(-0.4, 0.4)) + mean + rng.uniform(-40, 40)
    )
    out += rng.standard_normal(out.shape, np.float32) * rng.uniform(0, 2.5)
    if rng.random() < 0.2:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.0))
    if rng.random() < 0.3:
        high, wide = rng.integers(len(out) // 8, len(out) // 3, 2)
        top, left = (
            rng.integers(0, out.shape[0] - high),
            rng.integers(0, out.shape[1] - wide),
        )
        out[top : top + high, left : left + wide] = rng.uniform(40, 200)
    return np.clip(out, 0, 255)


def batches(
    recipe: Recipe,
    data: Dataset,
    chosen: np.ndarray,
    first_epoch: int,
    network: keras.Model,
) -> tf.data.Dataset:
    """See the package. `mixup` is the beta distribution's parameter (Zhang et al. 2018), for every other batch."""
    how, classes = recipe.training, len(recipe.labels)
    steps, size = steps_an_epoch(recipe, len(chosen)), how["batch"]
    eye = np.eye(classes, dtype=np.float32)
    height, width, _ = recipe.shape
    source, _ = data.sources

    def draw():
        epoch = first_epoch
        while True:
            order = generator(how["seed"], epoch).permutation(chosen)
            for step in range(steps):
                rng = generator(how["seed"], epoch, step)
                some = order[step * size : (step + 1) * size]
                images = np.stack(
                    [lit(rng, moved(rng, source[i, ..., 0], height, width)) for i in some]
                )
                images = images[..., np.newaxis]
                truth = eye[data.labels[some]]
                if how.get("mixup", 0) > 0 and rng.random() < 0.5:
                    share = np.float32(rng.beta(how["mixup"], how["mixup"]))
                    other = rng.permutation(len(some))
                    images = share * images + (1 - share) * images[other]
                    truth = share * truth + (1 - share) * truth[other]
                yield images.astype(np.float32), {"logits": truth}
            epoch += 1

    signature = (
        tf.TensorSpec([None, *recipe.shape], tf.float32),
        {"logits": tf.TensorSpec([None, classes], tf.float32)},
    )
    return tf.data.Dataset.from_generator(draw, output_signature=signature).prefetch(4)
