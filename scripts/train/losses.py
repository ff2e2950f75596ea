"""What training minimizes."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

SOUND_CELLS = 60.0


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


def cell_class_loss(truth: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Focal cross-entropy of cells that are one class each: truth [b, h, w, 2], logits [b, h, w, classes] -> [b].

    The truth holds class and weight; class 0 is sound. Cells with a defect count by their mean, so that a blowhole of
    one cell weighs as much as a fray of a hundred; sound ones by their sum over SOUND_CELLS.
    """
    classes = logits.shape[-1]
    chosen = tf.cast(truth[..., 0], tf.int32)
    own = tf.reduce_sum(
        tf.nn.log_softmax(logits, axis=-1) * tf.one_hot(chosen, classes), axis=-1
    )
    focal = -own * tf.square(1 - tf.exp(own)) * truth[..., 1]
    defect = tf.cast(chosen > 0, tf.float32)
    count = tf.reduce_sum(defect * truth[..., 1], axis=[1, 2])
    found = tf.reduce_sum(focal * defect, axis=[1, 2]) / (count + 2.0)
    sound = tf.reduce_sum(focal * (1 - defect), axis=[1, 2]) / SOUND_CELLS
    return 2 * found + sound


def losses_for(how: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """Losses and their weights by output, from a recipe's `training` section.

    `smoothing` of the labels (Szegedy et al. 2016), `map_weight` of the map's loss where masks teach it,
    `map_loss`: `each` (a map for each class, cell_loss) or `one` (each cell is one class, cell_class_loss).
    """
    entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=how.get("smoothing", 0.0)
    )
    losses: dict[str, Any] = {"logits": entropy}
    weights = {"logits": 1.0}
    if how.get("map_weight", 0) > 0:
        one = how.get("map_loss", "each") == "one"
        losses["map"] = cell_class_loss if one else cell_loss
        weights["map"] = how["map_weight"]
    return losses, weights
