"""The network for parts with small defects: a map of defects, learnt from masks, that a small head decides from.

The idea of deciding from features and a segmentation together: Bozic, Tabernik, Skocaj, "Mixed supervision for
surface-defect detection", Computers in Industry 2021. Everything but the head is convolutional, so the same weights
work on cut-outs, where training sees many more defects in the same time.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from ..recipe import Recipe
from .blocks import conv, neighbourhood, residual

WINDOW = 32
FLOOR = 2.0
DARK = 4.5
# The map starts where most cells are: sound.
SOUND_BIAS = 3.0


def normalized(image: keras.KerasTensor) -> keras.KerasTensor:
    """Grey relative to the part, contrast in the neighbourhood, and where the part is: [b, h, w, 1] -> [b, h, w, 3].

    Only the part counts (letterbox bars and the dark surround become 0), so that a defect looks the same under every
    exposure and in every shape of part.
    """
    inside = ops.cast(image > DARK, "float32")
    local = neighbourhood(image, inside, WINDOW, FLOOR)
    contrast = (image - local[..., 0:1]) * local[..., 1:2]
    share = layers.GlobalAveragePooling2D(keepdims=True)(inside)
    mean = layers.GlobalAveragePooling2D(keepdims=True)(image * inside)
    relative = image * (share / (mean + 1e-3)) - 1
    both = ops.clip(ops.concatenate([2 * relative, contrast], axis=3), -6, 6)
    return ops.concatenate([both * inside, inside], axis=3)


def evidence(odds: keras.KerasTensor) -> keras.KerasTensor:
    """What the map says of each defect class: [b, h, w, classes] -> [b, 3 * (classes - 1)].

    The greatest log-odds against sound in one cell and in 2 x 2 cells, and the logarithm of the share of cells.
    """
    shares = layers.GlobalAveragePooling2D()(ops.softmax(odds, axis=-1))[:, 1:]
    odds = odds[..., 1:]
    return layers.Concatenate()(
        [
            layers.GlobalMaxPooling2D()(layers.AveragePooling2D(2, 1)(odds)),
            layers.GlobalMaxPooling2D()(odds),
            ops.log(shares + 1e-4),
        ]
    )


def build(recipe: Recipe) -> keras.Model:
    """Image [b, h, w, 1] in 0…255 -> {"logits": [b, classes], "map": [b, h/8, w/8, classes]}; class 0 is sound.

    `model`: `widths` of the scales 1/2, 1/4, 1/8, 1/16, 1/32; `blocks` of the last three; `dropout` of the features
    that the head sees beside the map's evidence.
    """
    options, classes = recipe.model, len(recipe.labels)
    widths, blocks = options["widths"], options["blocks"]
    image = layers.Input(recipe.shape, name="image", dtype="float32")
    x = conv(conv(normalized(image), widths[0], stride=2), widths[1], stride=2)
    scales = []
    for width, count in zip(widths[2:], blocks):
        x = conv(x, width, stride=2)
        for _ in range(count):
            x = residual(x)
        scales.append(x)
    eighth, sixteenth, deep = scales
    x = layers.UpSampling2D(2)(conv(deep, widths[3], 1, relu=False))
    x = layers.ReLU()(layers.Add()([sixteenth, x]))
    x = layers.UpSampling2D(2)(conv(x, widths[2], 1, relu=False))
    x = layers.ReLU()(layers.Add()([eighth, x]))
    x = conv(x, widths[2], 1)
    x = layers.SpatialDropout2D(0.1)(x)
    bias = np.zeros(classes, np.float32)
    bias[0] = SOUND_BIAS
    cells = layers.Conv2D(
        classes, 1, name="cells", bias_initializer=keras.initializers.Constant(bias.tolist())
    )(x)
    # Log-odds against sound: nothing speaks for a sound cell but that nothing speaks against it.
    odds = cells - cells[..., 0:1]
    features = layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(deep), layers.GlobalMaxPooling2D()(x)]
    )
    features = layers.Dropout(options.get("dropout", 0.5))(features)
    x = layers.Concatenate()([evidence(odds), features])
    x = layers.Dropout(0.1)(layers.BatchNormalization()(x))
    logits = layers.Dense(classes, name="logits", kernel_initializer="zeros")(x)
    return keras.Model(image, {"logits": logits, "map": odds})
