"""Batches of parts with defects: rare classes drawn more often, defects pasted onto sound parts, geometry and light."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from ..data.dataset import Dataset
from ..recipe import Recipe
from .augment import fit_frames, paste_defects, random_affine, random_light
from .draws import Draws, generator


def steps_an_epoch(recipe: Recipe, count: int) -> int:
    """As the recipe says: classes are drawn, so an epoch is no pass over the pictures."""
    return recipe.training["steps"]


def sampling(labels: np.ndarray, groups: np.ndarray, good: int) -> np.ndarray:
    """Probability of drawing each training image: float64 [n].

    The good class takes three tenths, the others share the rest by the root of their size; within a class an image
    counts less where many of its group are there.
    """
    weight = np.zeros(len(labels))
    for c in np.unique(labels):
        chosen = labels == c
        _, inverse, size = np.unique(
            groups[chosen], return_inverse=True, return_counts=True
        )
        inside = 1 / np.sqrt(size[inverse])
        weight[chosen] = inside / inside.sum() * np.sqrt(chosen.sum())
    bad = labels != good
    weight[~bad] *= 0.3 / weight[~bad].sum()
    weight[bad] *= 0.7 / weight[bad].sum()
    return weight / weight.sum()


class Drawing:
    """Which pictures make a batch: `batch` of them, the first `paste` sound hosts, then as many donors of defects."""

    def __init__(self, recipe: Recipe, data: Dataset, chosen: np.ndarray) -> None:
        self.how = recipe.training
        self.labels = data.labels[chosen]
        self.draw = sampling(self.labels, data.groups[chosen], recipe.good)
        boxes = data.boxes[chosen]
        self.aspects = np.log(boxes[:, 0] / boxes[:, 1])
        self.hosts = np.flatnonzero(self.labels == recipe.good)
        self.donors = np.flatnonzero(
            (self.labels != recipe.good) & data.has_mask[chosen]
        )

    def donor_for(self, host: int, rng: np.random.Generator) -> int:
        """A frame of about the same shape, so that stretching it onto the host keeps the defect's own shape."""
        near = self.donors[np.abs(self.aspects[self.donors] - self.aspects[host]) < 0.5]
        near = near if len(near) else self.donors
        return int(rng.choice(near, p=self.draw[near] / self.draw[near].sum()))

    def indices(self, epoch: int, step: int) -> np.ndarray:
        """int64 [batch + paste], positions in `chosen`."""
        rng = generator(self.how["seed"], epoch, step)
        paste = self.how["paste"]
        drawn = rng.choice(len(self.labels), self.how["batch"], p=self.draw)
        shares = self.draw[self.hosts] / self.draw[self.hosts].sum()
        drawn[:paste] = rng.choice(self.hosts, paste, p=shares)
        donors = [self.donor_for(host, rng) for host in drawn[:paste]]
        return np.array([*drawn, *donors], np.int64)


def batches(
    recipe: Recipe,
    data: Dataset,
    chosen: np.ndarray,
    first_epoch: int,
    network: keras.Model,
) -> tf.data.Dataset:
    """See the package; the target "map" is [b, rows, columns, classes + 1] for losses.cell_loss."""
    how, classes = recipe.training, len(recipe.labels)
    cell = recipe.shape[0] // network.output["map"].shape[1]
    images = tf.constant(data.images[chosen])
    masks = tf.constant(
        data.masks[chosen]
        if data.masked
        else np.zeros(data.images[chosen].shape[:3], np.uint8)
    )
    known = tf.constant(data.has_mask[chosen].astype(np.float32))
    targets = tf.constant(data.labels[chosen])
    frames = tf.constant(data.boxes[chosen])
    drawing = Drawing(recipe, data, chosen)
    size, paste = how["batch"], how["paste"]

    def draw():
        epoch = first_epoch
        while True:
            for step in range(how["steps"]):
                seed = generator(how["seed"], epoch, step, 1).integers(2**31, size=2)
                yield drawing.indices(epoch, step), seed.astype(np.int32)
            epoch += 1

    def load(
        index: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        draws = Draws(seed)
        pair = tf.concat(
            [tf.gather(images, index), tf.gather(masks, index)[..., tf.newaxis]], axis=3
        )
        pair = tf.cast(pair, tf.float32) / 255
        pair.set_shape([size + paste, *images.shape[1:3], images.shape[3] + 1])
        if paste:
            pair, rest = pair[:size], pair[size:]
            given, donated = index[:paste], index[size:]
            rest = fit_frames(
                rest, tf.gather(frames, donated), tf.gather(frames, given), draws
            )
            changed, done = paste_defects(pair[:paste], rest)
            pair = tf.concat([changed, pair[paste:]], axis=0)
            index = tf.concat(
                [tf.where(done, donated, given), index[paste:size]], axis=0
            )
        pair = random_affine(pair, how["augment"], draws)
        image = random_light(pair[..., :-1], how["augment"], draws)
        truth = tf.one_hot(tf.gather(targets, index), classes)
        out = {"logits": truth}
        if how.get("map_weight", 0) > 0:
            cells = tf.nn.max_pool2d(pair[..., -1:], cell, cell, "SAME")
            # One map for each class; the last channel says whether the mask is known at all.
            maps = (
                tf.cast(cells > 0.3, tf.float32) * truth[:, tf.newaxis, tf.newaxis, :]
            )
            weight = tf.ones_like(cells) * tf.reshape(
                tf.gather(known, index), [-1, 1, 1, 1]
            )
            out["map"] = tf.concat([maps, weight], axis=3)
        return image * 255, out

    signature = (tf.TensorSpec([size + paste], tf.int64), tf.TensorSpec([2], tf.int32))
    return (
        tf.data.Dataset.from_generator(draw, output_signature=signature)
        .map(load, num_parallel_calls=1)
        .prefetch(4)
    )
