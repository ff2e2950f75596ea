"""The network: a small residual CNN whose cell map of defects, learnt from masks, feeds the classifier.

The idea of deciding from features and a segmentation together: Bozic, Tabernik, Skocaj, "Mixed supervision for
surface-defect detection", Computers in Industry 2021.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from ..recipe import Recipe

WINDOW = 32
DARK = 4.5


def _conv(x: Any, channels: int, kernel: int, stride: int = 1) -> Any:
    """Convolution, batch norm, ReLU: [b, h, w, c] -> [b, h/stride, w/stride, channels]."""
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _separable(x: Any, channels: int, stride: int = 1) -> Any:
    """Depthwise 3x3 and pointwise convolution, with a residual where the shape stays."""
    y = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(channels, 1, use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    if stride == 1 and x.shape[-1] == channels:
        y = layers.Add()([x, y])
    return layers.ReLU()(y)


def _normalized(image: Any) -> Any:
    """Relative grey level beside local contrast: [b, h, w, 1] in 0…255 -> [b, h, w, 2].

    The first is pixel / mean of the part - 1; the second (pixel - mean) / deviation of its 32-pixel neighbourhood. Both
    count the part alone (letterbox bars and the dark surround are left out and become 0), so that a defect looks the
    same under every exposure.
    """
    inside = keras.ops.cast(image > DARK, "float32")
    moments = keras.ops.concatenate(
        [inside, image * inside, image * image * inside], axis=3
    )
    moments = layers.AveragePooling2D(WINDOW, WINDOW // 4, padding="same")(moments)
    count = moments[..., 0:1] + 1e-3
    mean = moments[..., 1:2] / count
    variance = keras.ops.maximum(moments[..., 2:3] / count - mean * mean, 0.0)
    local = keras.ops.concatenate([mean, 1 / (keras.ops.sqrt(variance) + 2)], axis=3)
    local = layers.UpSampling2D(WINDOW // 4, interpolation="bilinear")(local)
    contrast = (image - local[..., 0:1]) * local[..., 1:2]
    whole = layers.GlobalAveragePooling2D(keepdims=True)(moments)
    relative = image * (whole[..., 0:1] / (whole[..., 1:2] + 1e-3)) - 1
    both = keras.ops.concatenate([2 * relative, contrast], axis=3)
    return keras.ops.clip(both, -6, 6) * inside


def build(recipe: Recipe) -> keras.Model:
    """Image [b, h, w, 1] in 0…255 -> {"logits": [b, classes], "map": [b, h/8, w/8, classes]}.

    `model`: `widths` of the four scales 1/2, 1/4, 1/8, 1/16; `blocks` of the last three; `dropout`. The map's values are
    logits of "this cell shows that defect"; nothing speaks for the good class.
    """
    options, classes = recipe.model, len(recipe.labels)
    height, width, _ = recipe.shape
    widths, blocks = options["widths"], options["blocks"]
    image = layers.Input((height, width, 1), name="image", dtype="float32")
    x = _conv(_normalized(image), widths[0], 3, 2)
    x = _conv(x, widths[1], 3, 2)
    for _ in range(blocks[0]):
        x = _separable(x, widths[1])
    x = _separable(x, widths[2], 2)
    for _ in range(blocks[1]):
        x = _separable(x, widths[2])
    fine = x
    x = _separable(x, widths[3], 2)
    for _ in range(blocks[2]):
        x = _separable(x, widths[3])
    deep = x
    x = layers.Conv2D(widths[2], 1, use_bias=False)(deep)
    x = layers.UpSampling2D(2, interpolation="nearest")(layers.BatchNormalization()(x))
    fused = _separable(layers.ReLU()(layers.Add()([fine, x])), widths[2])
    cells = layers.Conv2D(
        classes, 1, name="map", bias_initializer=keras.initializers.Constant(-3)
    )(fused)
    evidence = [
        layers.GlobalAveragePooling2D()(fused),
        layers.GlobalMaxPooling2D()(fused),
        layers.GlobalMaxPooling2D()(cells),
        layers.GlobalAveragePooling2D()(layers.Activation("sigmoid")(cells)),
    ]
    x = layers.Concatenate()(evidence)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(options.get("dropout", 0.3))(x)
    logits = layers.Dense(classes, name="logits", kernel_initializer="zeros")(x)
    return keras.Model(image, {"logits": logits, "map": cells})
