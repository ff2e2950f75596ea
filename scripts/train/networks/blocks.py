"""Pieces that the networks share."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

MOMENTUM = 0.98


def conv(
    x: Any, channels: int, kernel: int = 3, stride: int = 1, relu: bool = True
) -> Any:
    """Convolution, batch norm and, unless told otherwise, ReLU: [b, h, w, c] -> [b, h/stride, w/stride, channels].

    Plain convolutions, not depthwise ones: a CPU computes them two to three times as fast for each multiply-add, and
    they lose less when they are quantised.
    """
    x = layers.Conv2D(
        channels,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    return layers.ReLU()(x) if relu else x


def residual(x: Any, convolutions: int = 1) -> Any:
    """3x3 convolutions beside the identity (He et al. 2016): [b, h, w, c] -> same."""
    channels = x.shape[-1]
    y = x
    for i in range(convolutions):
        y = conv(y, channels, relu=i + 1 < convolutions)
    return layers.ReLU()(layers.Add()([x, y]))


def neighbourhood(image: Any, inside: Any, window: int, floor: float) -> Any:
    """Mean and 1 / (deviation + floor) of each pixel's neighbourhood: [b, h, w, 1] -> [b, h, w, 2].

    Only pixels where `inside` [b, h, w, 1] is 1 count. Computed every window / 4 pixels and interpolated between.
    """
    moments = ops.concatenate([inside, image * inside, image * image * inside], axis=3)
    moments = layers.AveragePooling2D(window, window // 4, padding="same")(moments)
    count = moments[..., 0:1] + 1e-3
    mean = moments[..., 1:2] / count
    variance = ops.maximum(moments[..., 2:3] / count - mean * mean, 0.0)
    local = ops.concatenate([mean, 1 / (ops.sqrt(variance) + floor)], axis=3)
    return layers.UpSampling2D(window // 4, interpolation="bilinear")(local)
