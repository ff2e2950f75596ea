"""Every training picture once an epoch in random order, unchanged."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from ..data.dataset import Dataset
from ..recipe import Recipe
from .draws import generator


def steps_an_epoch(recipe: Recipe, count: int) -> int:
    """Batches of an epoch; the last may be smaller."""
    return -(-count // recipe.training["batch"])


def batches(
    recipe: Recipe,
    data: Dataset,
    chosen: np.ndarray,
    first_epoch: int,
    network: keras.Model,
) -> tf.data.Dataset:
    """See the package."""
    how = recipe.training
    classes = len(recipe.labels)
    eye = np.eye(classes, dtype=np.float32)

    def draw():
        epoch = first_epoch
        while True:
            order = generator(how["seed"], epoch).permutation(chosen)
            for start in range(0, len(order), how["batch"]):
                some = order[start : start + how["batch"]]
                yield data.images[some], eye[data.labels[some]]
            epoch += 1

    signature = (
        tf.TensorSpec([None, *recipe.shape], tf.uint8),
        tf.TensorSpec([None, classes], tf.float32),
    )
    return (
        tf.data.Dataset.from_generator(draw, output_signature=signature)
        .map(lambda images, truth: (tf.cast(images, tf.float32), {"logits": truth}))
        .prefetch(4)
    )
