"""A small recipe, data and network that the tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from ..data.dataset import Dataset
from ..recipe import Recipe

LABELS = ["free", "dot", "line"]


def small_recipe(**training: Any) -> Recipe:
    """Three classes of 16 x 24 grey pictures."""
    return Recipe(
        name="small",
        version="1.0.0",
        description="small",
        labels=LABELS,
        good_label="free",
        data={},
        input={"height": 16, "width": 24, "channels": 1},
        preprocessing={"resize": "stretch", "kernel": "linear", "fill": 0},
        split={"correlation": 0.9, "gap": 0, "folds": 3, "validation": 0, "seed": 1},
        model={"kind": "reference", "widths": [6, 8], "units": 8},
        training={
            "batches": "plain",
            "seed": 5,
            "epochs": 3,
            "batch": 8,
            "optimizer": "adamw",
            "schedule": "cosine",
            "rate": 0.01,
            "weight_decay": 0.001,
            "ema": 0.9,
            **training,
        },
        evaluation={"escape": 0.02},
        runs=Path("/nonexistent"),
    )


def small_data(count: int = 60) -> Dataset:
    """Noise with a dot or a line on it."""
    rng = np.random.default_rng(0)
    images = rng.integers(80, 120, (count, 16, 24, 1)).astype(np.uint8)
    labels = np.arange(count) % 3
    images[labels == 1, 4:8, 4:8] = 250
    images[labels == 2, 10] = 10
    names = np.array([f"{LABELS[k]}/{i:03d}.png" for i, k in enumerate(labels)])
    return Dataset(
        images=images,
        labels=labels,
        names=names,
        groups=np.arange(count),
        folds=np.arange(count) // 3 % 3,
        validation=np.arange(count) // 3 % 3 == 0,
        fine=np.zeros((0, 16, 24, 1), np.uint8),
        fine_masks=np.zeros((0, 16, 24), np.uint8),
        masks=np.where(np.abs(images[..., 0] - 100.0) > 60, 255, 0).astype(np.uint8),
        has_mask=np.ones(count, bool),
        boxes=np.full((count, 2), 16, np.float32),
    )


def branched_network() -> keras.Model:
    """Every kind of channel relation: residual, concatenation, depthwise, upsampling, gating, flattening."""
    image = layers.Input((16, 24, 1), name="image")
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    y = layers.Conv2D(8, 1)(layers.BatchNormalization()(y))
    x = layers.ReLU()(layers.Add()([x, y]))
    fine = x
    x = layers.Conv2D(12, 3, 2, padding="same", activation="relu")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(12, 1, activation="sigmoid")(
        layers.Conv2D(8, 1, activation="relu")(gate)
    )
    x = layers.Multiply()([x, gate])
    x = layers.Concatenate()([fine, layers.UpSampling2D(2)(x)])
    x = layers.BatchNormalization()(layers.SeparableConv2D(8, 3, padding="same")(x))
    x = layers.Dropout(0.2)(x)
    x = layers.Conv2DTranspose(8, 3, 2, padding="same")(layers.MaxPooling2D(4)(x))
    cells = layers.Conv2D(3, 1, name="cells")(x)
    flat = layers.Dense(8, activation="relu")(
        layers.Flatten()(layers.AveragePooling2D(4)(x))
    )
    both = layers.Concatenate()([flat, layers.GlobalMaxPooling2D()(cells)])
    return keras.Model(image, {"logits": layers.Dense(3)(both), "map": cells})


def short_network() -> keras.Model:
    """Little to compile, but with statistics and random numbers of its own: batch norm and dropout."""
    image = layers.Input((16, 24, 1), name="image")
    x = layers.Conv2D(4, 5, 4, use_bias=False)(layers.Rescaling(1 / 255)(image))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    cells = layers.Conv2D(3, 1, name="cells")(layers.Dropout(0.2)(x))
    return keras.Model(
        image, {"logits": layers.GlobalMaxPooling2D()(cells), "map": cells}
    )


def randomized(network: keras.Model, seed: int = 0) -> keras.Model:
    """Weights that hide nothing: no zeros, no ones, positive variances."""
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        values = [rng.normal(size=v.shape) * 0.3 for v in layer.get_weights()]
        if isinstance(layer, layers.BatchNormalization):
            values[-1] = np.abs(values[-1]) + 0.5
        layer.set_weights(values)
    return network
