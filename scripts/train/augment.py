"""Random changes of a training batch that leave its labels true, as TensorFlow operations."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf


NOISE = np.random.default_rng(0).standard_normal((8, 768, 768), np.float32)


def _uniform(batch: tf.Tensor, low: float, high: float, dims: int = 1) -> tf.Tensor:
    """One number for each image: float32 [batch, 1, 1, 1] (or [batch] with dims=1)."""
    shape = tf.concat([[batch], tf.ones([dims - 1], tf.int32)], axis=0)
    return tf.random.uniform(shape, low, high)


def random_affine(images: tf.Tensor, how: dict[str, float]) -> tf.Tensor:
    """Flips, rotates, scales and shifts: float32 [batch, h, w, c] -> same, zeros where nothing is.

    A quarter of the images is only flipped and stays as sharp as in service, since interpolation blurs.
    """
    batch = tf.shape(images)[0]
    height, width = float(images.shape[1]), float(images.shape[2])
    still = _uniform(batch, 0.0, 1.0) < 0.25

    def unless_still(values: tf.Tensor, rest: float) -> tf.Tensor:
        return tf.where(still, rest, values)

    limit = math.radians(how["rotation"])
    angle = unless_still(_uniform(batch, -limit, limit), 0.0)
    log_zoom = math.log(how["zoom"])
    zoom = tf.exp(unless_still(_uniform(batch, -log_zoom, log_zoom), 0.0))
    stretch = tf.exp(unless_still(_uniform(batch, -0.1, 0.1), 0.0))
    shift = how["shift"]
    dx = unless_still(_uniform(batch, -shift, shift), 0.0) * width
    dy = unless_still(_uniform(batch, -shift, shift), 0.0) * height
    flip_x = tf.sign(_uniform(batch, -1.0, 1.0) + 1e-9)
    flip_y = tf.sign(_uniform(batch, -1.0, 1.0) + 1e-9)
    # Output pixel -> input pixel about the centre of the image.
    a0 = tf.cos(angle) * zoom * stretch * flip_x
    a1 = -tf.sin(angle) * zoom * flip_x
    b0 = tf.sin(angle) * zoom * flip_y
    b1 = tf.cos(angle) * zoom / stretch * flip_y
    cx, cy = (width - 1) / 2, (height - 1) / 2
    a2 = cx + dx - a0 * cx - a1 * cy
    b2 = cy + dy - b0 * cx - b1 * cy
    zero = tf.zeros_like(a0)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1),
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def random_light(images: tf.Tensor, how: dict[str, float]) -> tf.Tensor:
    """Exposure, gamma, a slope of the light, blur and noise: float32 [batch, h, w, 1] in 0…1 -> same.

    Black stays black, so that letterbox bars look as they do in service.
    """
    batch = tf.shape(images)[0]
    light = how["light"]
    inside = tf.cast(images > 1.5 / 255, tf.float32)
    gamma = tf.exp(_uniform(batch, -light, light, 4))
    gain = tf.exp(_uniform(batch, -light, light, 4))
    x = tf.linspace(-1.0, 1.0, images.shape[2])[tf.newaxis, tf.newaxis, :, tf.newaxis]
    y = tf.linspace(-1.0, 1.0, images.shape[1])[tf.newaxis, :, tf.newaxis, tf.newaxis]
    slope = 1 + _uniform(batch, -0.2, 0.2, 4) * x + _uniform(batch, -0.2, 0.2, 4) * y
    offset = _uniform(batch, -0.05, 0.05, 4)
    images = tf.pow(tf.maximum(images, 1e-4), gamma) * gain * slope + offset
    blurred = tf.nn.avg_pool2d(images, 3, 1, "SAME")
    # Below zero the same mixture sharpens.
    mix = tf.where(
        _uniform(batch, 0.0, 1.0, 4) < 0.4, _uniform(batch, -0.5, 0.7, 4), 0.0
    )
    images = images + mix * (blurred - images)
    # Drawing fresh normal numbers for every pixel would cost more than all the rest: shift a kept field instead.
    start = tf.random.uniform([2], 0, NOISE.shape[1] // 2, tf.int32)
    height, width = images.shape[1], images.shape[2]
    noise = tf.constant(NOISE)[:, start[0] : start[0] + height, start[1] : start[1] + width]
    noise = tf.gather(noise, tf.random.uniform([batch], 0, NOISE.shape[0], tf.int32))
    noise = noise[..., tf.newaxis] * _uniform(batch, 0.0, how["noise"], 4)
    return tf.clip_by_value((images + noise) * inside, 0.0, 1.0)
