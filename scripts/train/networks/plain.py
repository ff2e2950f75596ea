"""The least network that keeps the interface, to copy for one of your own: strided convolutions, and a map that is pooled.

The logits are the greatest and the mean value of each class's map (class-activation mapping, Zhou et al. 2016, with both
poolings), so a spot of the map says what it adds.
"""

from __future__ import annotations

import keras
from keras import layers

from ..recipe import Recipe


def build(recipe: Recipe) -> keras.Model:
    """Image [b, h, w, c] in 0…255 -> {"logits": [b, classes], "map": [b, rows, columns, classes]}.

    `model`: `widths`, one convolution of stride 2 each.
    """
    image = layers.Input(recipe.shape, name="image", dtype="float32")
    x = layers.Rescaling(1 / 64, offset=-2)(image)
    for width in recipe.model["widths"]:
        x = layers.Conv2D(width, 3, 2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    cells = layers.Conv2D(len(recipe.labels), 1, name="map")(x)
    pooled = [
        layers.GlobalMaxPooling2D()(cells),
        layers.GlobalAveragePooling2D()(cells),
    ]
    return keras.Model(image, {"logits": layers.Add()(pooled), "map": cells})
