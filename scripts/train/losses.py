"""What training minimizes."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def cell_loss(truth: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Focal cross-entropy of defect cells: truth [b, h, w, classes + 1], logits [b, h, w, classes] -> [b].

    Focal weighting (Lin et al. 2017) keeps the many empty cells from drowning a blowhole of one cell.
    """
    maps, weight = truth[..., :-1], truth[..., -1:]
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(maps, logits)
    probability = tf.sigmoid(logits)
    miss = tf.where(maps > 0.5, 1 - probability, probability)
    focal = entropy * tf.square(miss) * tf.where(maps > 0.5, 4.0, 1.0) * weight
    filled = tf.reduce_sum(maps * weight, axis=[1, 2, 3]) + 8.0
    return tf.reduce_sum(focal, axis=[1, 2, 3]) / filled


def losses_for(how: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """Losses and their weights by output, from a recipe's `training` section.

    `smoothing` of the labels (Szegedy et al. 2016), `map_weight` of the map's loss where masks teach it.
    """
    entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=how.get("smoothing", 0.0)
    )
    losses: dict[str, Any] = {"logits": entropy}
    weights = {"logits": 1.0}
    if how.get("map_weight", 0) > 0:
        losses["map"] = cell_loss
        weights["map"] = how["map_weight"]
    return losses, weights
