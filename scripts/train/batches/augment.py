"""Random changes of a training batch that leave its labels true, as TensorFlow operations."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from .draws import Draws

NOISE = np.random.default_rng(0).standard_normal((8, 768, 768), np.float32)


def random_affine(images: tf.Tensor, how: dict[str, float], draws: Draws) -> tf.Tensor:
    """Flips, rotates, scales and shifts: float32 [batch, h, w, c] -> same, zeros where nothing is.

    A quarter of the images is only flipped and stays as sharp as in service, since interpolation blurs.
    """
    batch = tf.shape(images)[0]
    height, width = float(images.shape[1]), float(images.shape[2])
    still = draws.each(batch, 0.0, 1.0) < 0.25

    def unless_still(values: tf.Tensor, rest: float) -> tf.Tensor:
        return tf.where(still, rest, values)

    limit = math.radians(how["rotation"])
    angle = unless_still(draws.each(batch, -limit, limit), 0.0)
    # Above 1 the part shrinks. Magnifying much would cut off the edges, and with them breaks and frays.
    low, high = how["zoom"]
    zoom = unless_still(draws.each(batch, low, high), 1.0)
    stretch = tf.exp(unless_still(draws.each(batch, -0.08, 0.08), 0.0))
    shift = how["shift"]
    dx = unless_still(draws.each(batch, -shift, shift), 0.0) * width
    dy = unless_still(draws.each(batch, -shift, shift), 0.0) * height
    flip_x = tf.sign(draws.each(batch, -1.0, 1.0) + 1e-9)
    flip_y = tf.sign(draws.each(batch, -1.0, 1.0) + 1e-9)
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


def random_light(images: tf.Tensor, how: dict[str, float], draws: Draws) -> tf.Tensor:
    """Exposure, gamma, a slope of the light, blur and noise: float32 [batch, h, w, 1] in 0…1 -> same.

    Black stays black, so that letterbox bars look as they do in service.
    """
    batch = tf.shape(images)[0]
    light = how["light"]
    inside = tf.cast(images > 1.5 / 255, tf.float32)
    gamma = tf.exp(draws.each(batch, -light, light, 4))
    gain = tf.exp(draws.each(batch, -light, light, 4))
    x = tf.linspace(-1.0, 1.0, images.shape[2])[tf.newaxis, tf.newaxis, :, tf.newaxis]
    y = tf.linspace(-1.0, 1.0, images.shape[1])[tf.newaxis, :, tf.newaxis, tf.newaxis]
    slope = (
        1 + draws.each(batch, -0.2, 0.2, 4) * x + draws.each(batch, -0.2, 0.2, 4) * y
    )
    offset = draws.each(batch, -0.05, 0.05, 4)
    images = tf.pow(tf.maximum(images, 1e-4), gamma) * gain * slope + offset
    blurred = tf.nn.avg_pool2d(images, 3, 1, "SAME")
    # Below zero the same mixture sharpens.
    mix = tf.where(
        draws.each(batch, 0.0, 1.0, 4) < 0.4, draws.each(batch, -0.5, 0.7, 4), 0.0
    )
    images = images + mix * (blurred - images)
    # Drawing fresh normal numbers for every pixel would cost more than all the rest: shift a kept field instead.
    start = draws.uniform([2], 0, NOISE.shape[1] // 2, tf.int32)
    height, width = images.shape[1], images.shape[2]
    with tf.init_scope():
        kept = tf.constant(NOISE)
    noise = kept[:, start[0] : start[0] + height, start[1] : start[1] + width]
    noise = tf.gather(noise, draws.uniform([batch], 0, NOISE.shape[0], tf.int32))
    noise = noise[..., tf.newaxis] * draws.each(batch, 0.0, how["noise"], 4)
    return tf.clip_by_value((images + noise) * inside, 0.0, 1.0)


def fit_frames(
    donors: tf.Tensor, boxes: tf.Tensor, host_boxes: tf.Tensor, draws: Draws
) -> tf.Tensor:
    """Flips letterboxed donors and stretches their photograph onto the hosts' frames: float32 [n, h, w, c] -> same.

    Boxes are width and height in pixels, [n, 2]. Edges meet edges, so that what sits at an edge stays there.
    """
    count = tf.shape(donors)[0]
    scale = boxes / tf.maximum(host_boxes, 1.0)
    sx = scale[:, 0] * tf.sign(draws.each(count, -1.0, 1.0) + 1e-9)
    sy = scale[:, 1] * tf.sign(draws.each(count, -1.0, 1.0) + 1e-9)
    cx, cy = (donors.shape[2] - 1) / 2, (donors.shape[1] - 1) / 2
    zero = tf.zeros_like(sx)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=donors,
        transforms=tf.stack(
            [sx, zero, cx - sx * cx, zero, sy, cy - sy * cy, zero, zero], axis=1
        ),
        output_shape=tf.shape(donors)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def paste_defects(hosts: tf.Tensor, donors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Copies masked defects onto sound parts: two float32 [n, h, w, 2] (image, mask) -> same and bool [n].

    The patch takes the host's brightness around it. Where it is too small to see or the two differ too much the host
    stays sound and the flag is false.
    """
    image, mask = donors[..., :1], tf.cast(donors[..., 1:] > 0.3, tf.float32)
    wide = tf.nn.max_pool2d(mask, 7, 1, "SAME")
    soft = tf.nn.avg_pool2d(wide, 5, 1, "SAME")
    around = tf.nn.max_pool2d(wide, 9, 1, "SAME") * (1 - mask)
    host = hosts[..., :1]
    around *= tf.cast((host > 0.03) & (image > 0.03), tf.float32)

    def total(values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(values, axis=[1, 2, 3], keepdims=True)

    ratio = total(host * around) / (total(image * around) + 1e-3)
    fits = (total(around) > 20) & (total(mask) > 6) & (ratio > 0.3) & (ratio < 3)
    pasted = host * (1 - soft) + image * tf.clip_by_value(ratio, 0.3, 3) * soft
    out = tf.where(
        fits, tf.concat([pasted, mask], axis=3), tf.concat([host, 0 * mask], axis=3)
    )
    return out, fits[:, 0, 0, 0]
