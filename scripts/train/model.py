"""The network: a small residual CNN whose cell map of defects, learnt from masks, feeds the classifier.

The idea of deciding from features and a segmentation together: Bozic, Tabernik, Skocaj, "Mixed supervision for
surface-defect detection", Computers in Industry 2021.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

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


def build(
    height: int, width: int, classes: int, defects: int, options: dict[str, Any]
) -> keras.Model:
    """uint8-valued image [b, h, w, 1] in 0…255 -> {"logits": [b, classes], "cells": [b, h/8, w/8, defects]}.

    `options`: `widths` of the four scales 1/2, 1/4, 1/8, 1/16; `blocks` of the last three; `dropout`.
    """
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
        defects, 1, name="cells", bias_initializer=keras.initializers.Constant(-3)
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
    return keras.Model(image, {"logits": logits, "cells": cells})


def scores_of(network: keras.Model, image: Any, options: dict[str, Any]) -> Any:
    """Softmax scores [b, classes] of images [b, h, w, 1] in 0…255.

    With `mirrored` in the options, the mean of the scores for the picture and for its left-right mirror image, both in
    one pass: a tile has no handedness, and two looks are steadier than one.
    """
    if not options.get("mirrored", False):
        return keras.ops.softmax(network(image, training=False)["logits"])
    both = keras.ops.concatenate([image, keras.ops.flip(image, axis=2)], axis=0)
    scores = keras.ops.softmax(network(both, training=False)["logits"])
    count = keras.ops.shape(image)[0]
    return (scores[:count] + scores[count:]) / 2


def multiply_adds(model: keras.Model) -> int:
    """Multiply-adds of the convolutions and dense layers for one image."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            _, h, w, _ = layer.output.shape
            total += h * w * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total
