"""The network: a small residual CNN whose cell map of defects, learnt from masks, feeds the classifier.

The idea of deciding from features and a segmentation together: Bozic, Tabernik, Skocaj, "Mixed supervision for
surface-defect detection", Computers in Industry 2021.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers


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


def build(
    height: int, width: int, classes: int, defects: int, options: dict[str, Any]
) -> keras.Model:
    """uint8-valued image [b, h, w, 1] in 0…255 -> {"logits": [b, classes], "cells": [b, h/8, w/8, defects]}.

    `options`: `widths` of the four scales 1/2, 1/4, 1/8, 1/16; `blocks` of the last three; `dropout`.
    """
    widths, blocks = options["widths"], options["blocks"]
    image = layers.Input((height, width, 1), name="image", dtype="float32")
    x = layers.Rescaling(1 / 64, offset=-1)(image)
    x = _conv(x, widths[0], 3, 2)
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
    cells = layers.Conv2D(defects, 1, name="cells", bias_initializer=keras.initializers.Constant(-3))(fused)
    evidence = [
        layers.GlobalAveragePooling2D()(deep),
        layers.GlobalMaxPooling2D()(deep),
        layers.GlobalAveragePooling2D()(fused),
        layers.GlobalMaxPooling2D()(fused),
        layers.GlobalMaxPooling2D()(cells),
        layers.GlobalAveragePooling2D()(layers.Activation("sigmoid")(cells)),
    ]
    x = layers.Dropout(options.get("dropout", 0.3))(layers.Concatenate()(evidence))
    logits = layers.Dense(classes, name="logits")(x)
    return keras.Model(image, {"logits": logits, "cells": cells})


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
