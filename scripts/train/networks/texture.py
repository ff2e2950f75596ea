"""The network for surfaces that fill the picture: a small residual CNN that decides by the mean of its map.

The last layer gives one value a class and spot; the logits are pooled from them and nothing else, so the map shows what
the decision was made of (class-activation mapping, Zhou et al. 2016). Mean and soft maximum are both taken: a texture
is everywhere, an inclusion is in one place.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from ..recipe import Recipe
from .blocks import conv, neighbourhood, residual

WINDOW = 32
FLOOR = 3.0


def normalized(image: keras.KerasTensor) -> keras.KerasTensor:
    """Relative to the picture, relative to the neighbourhood, and as it is: [b, h, w, 1] in 0…255 -> [b, h, w, 3]."""
    mean = ops.mean(image, axis=(1, 2), keepdims=True)
    deviation = ops.sqrt(ops.mean(ops.square(image - mean), axis=(1, 2), keepdims=True))
    local = neighbourhood(image, ops.ones_like(image), WINDOW, FLOOR)
    return ops.concatenate(
        [
            (image - mean) / (deviation + 8),
            (image - local[..., 0:1]) * local[..., 1:2],
            (image - 128) / 64,
        ],
        axis=3,
    )


def pooled(cells: keras.KerasTensor) -> keras.KerasTensor:
    """Half the mean, half the soft maximum (log-mean-exp of twice the value): [b, h, w, c] -> [b, c]."""
    soft = ops.log(ops.mean(ops.exp(ops.clip(2 * cells, -30, 30)), axis=(1, 2))) / 2
    return ops.mean(cells, axis=(1, 2)) / 2 + soft / 2


def build(recipe: Recipe) -> keras.Model:
    """Image [b, h, w, 1] in 0…255 -> {"logits": [b, classes], "map": [b, h/16, w/16, classes]}.

    `model`: `widths` of the scales 1/2, 1/4, 1/8, 1/16; `dropout` of whole channels before the map.
    """
    options, classes = recipe.model, len(recipe.labels)
    widths = options["widths"]
    image = layers.Input(recipe.shape, name="image", dtype="float32")
    x = conv(normalized(image), widths[0], stride=2)
    x = residual(conv(x, widths[1], stride=2), 2)
    x = residual(conv(x, widths[2], stride=2), 2)
    x = conv(conv(x, widths[3], stride=2), widths[3])
    x = layers.SpatialDropout2D(options.get("dropout", 0.2))(x)
    cells = layers.Conv2D(classes, 1, name="map")(x)
    return keras.Model(image, {"logits": pooled(cells), "map": cells})
