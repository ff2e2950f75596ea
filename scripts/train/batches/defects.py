"""Batches of parts with small defects: photographed, drawn, pasted and erased ones, as cut-outs or whole.

`mix` says how many of each batch are `real`, `drawn`, `pasted`, `erased`; `pool` how many of the last three are made
before training; `drawn` the shares of the classes among the drawn ones. With `cutouts` the network's input is smaller than the recipe's and sees pieces around the defects.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import keras
import numpy as np
import tensorflow as tf

from ..data.dataset import Dataset
from ..recipe import Recipe
from .draws import generator
from .drawn import draw
from .part_pictures import ON, PartPicture, seam_only
from .tile import sampling
from .transplant import erase, paste
from .views import View, cutout, lit, whole

# A class whose mask is one side of a seam, of which only the seam is to be seen.
SEAMS = ("uneven",)
# Key of the random stream that makes the pools.
POOL = 101


def steps_an_epoch(recipe: Recipe, count: int) -> int:
    """As the recipe says: classes are drawn, so an epoch is no pass over the pictures."""
    return recipe.training["steps"]


class Parts:
    """Training pictures to draw from, and the pools made of them."""

    def __init__(self, recipe: Recipe, data: Dataset, chosen: np.ndarray) -> None:
        self.recipe, self.chosen = recipe, chosen
        images, self.masks = data.sources
        self.images = images[..., 0]
        self.labels = data.labels
        weight = sampling(data.labels[chosen], data.groups[chosen], recipe.good)
        self.weight = np.zeros(len(data.labels))
        self.weight[chosen] = weight
        self.good = chosen[data.labels[chosen] == recipe.good]
        self.bad = chosen[
            (data.labels[chosen] != recipe.good) & data.has_mask[chosen]
        ]
        how = recipe.training
        self.pools = {
            kind: self._pool(kind, how["pool"][kind], generator(how["seed"], POOL, i))
            for i, kind in enumerate(("drawn", "pasted", "erased"))
            if how["mix"].get(kind, 0) > 0
        }
        self.real = lru_cache(maxsize=None)(self._real)

    def _pick(self, rng: np.random.Generator, among: np.ndarray) -> int:
        shares = self.weight[among]
        return int(rng.choice(among, p=shares / shares.sum()))

    def _part(self, image: np.ndarray, mask: np.ndarray, label: int) -> PartPicture:
        if self.recipe.labels[label] in SEAMS:
            return PartPicture(image, *seam_only(image, mask), label)
        return PartPicture(image, mask, np.zeros_like(mask), label)

    def _real(self, i: int) -> PartPicture:
        return self._part(self.images[i], self.masks[i], int(self.labels[i]))

    def _pool(
        self, kind: str, count: int, rng: np.random.Generator
    ) -> list[PartPicture]:
        """Parts of one made kind. Classes take part equally, drawn ones as the recipe's `drawn` says."""
        labels = self.recipe.labels
        classes, shares = np.unique(self.labels[self.bad]), None
        if kind == "drawn":
            wanted = self.recipe.training["drawn"]
            classes = np.array([labels.index(label) for label in wanted])
            shares = np.array(list(wanted.values())) / sum(wanted.values())
        made: list[PartPicture] = []
        while len(made) < count:
            c = int(rng.choice(classes, p=shares))
            donor = self._pick(rng, self.bad[self.labels[self.bad] == c])
            host, other = self._pick(rng, self.good), self._pick(rng, self.good)
            sound = self.images[host]
            if kind == "drawn":
                found = draw(rng, labels[c], sound, self.images[other])
            elif kind == "pasted":
                image, mask = self.images[donor], self.masks[donor]
                found = paste(rng, labels[c], sound, image, mask)
            else:
                c = self.recipe.good
                image = erase(rng, self.images[donor], self.masks[donor], sound)
                found = None if image is None else (image, np.zeros_like(image))
            if found is not None:
                made.append(self._part(*found, c))
        return made

    def draw(self, kind: str, rng: np.random.Generator) -> PartPicture:
        """A random part of that kind."""
        if kind == "real":
            return self.real(self._pick(rng, self.chosen))
        pool = self.pools[kind]
        return pool[rng.integers(len(pool))]


def map_target(view: View, cell: int) -> np.ndarray:
    """Class and weight of each cell: float32 [rows, columns, 2].

    Cells without the defect that touch one with it, and unsure ones, weigh nothing.
    """
    _, mask, unsure, label = view
    rows, columns = mask.shape[0] // cell, mask.shape[1] // cell

    def on(pixels: np.ndarray) -> np.ndarray:
        cells = pixels.reshape(rows, cell, columns, cell)
        return cells.max(axis=(1, 3)) > ON

    hit = on(mask)
    out = np.ones((rows, columns, 2), np.float32)
    out[..., 0] = np.where(hit, label, 0)
    if label > 0:
        near = cv2.dilate(hit.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        out[..., 1] = np.where(~hit & (near | on(unsure)), 0, 1)
    return out


def batches(
    recipe: Recipe,
    data: Dataset,
    chosen: np.ndarray,
    first_epoch: int,
    network: keras.Model,
) -> tf.data.Dataset:
    """See the package; the target "map" is [b, rows, columns, 2] for losses.cell_class_loss."""
    if recipe.good != 0:
        raise SystemExit("batches of defects want the good label first")
    how = recipe.training
    height, width, _ = recipe.shape
    rows, columns = network.output["map"].shape[1:3]
    cell, scale = height // rows, 1 / recipe.input["fine"]
    parts = Parts(recipe, data, chosen)
    kinds = [kind for kind, count in how["mix"].items() for _ in range(count)]
    eye = np.eye(len(recipe.labels), dtype=np.float32)

    def view(kind: str, rng: np.random.Generator) -> View:
        while True:
            part = parts.draw(kind, rng)
            if how.get("cutouts", False):
                found = cutout(rng, part, (height, width), scale, how["augment"])
            else:
                found = whole(rng, part, (height, width), how["augment"])
            if found is not None:
                return found

    def draw_batches():
        epoch = first_epoch
        while True:
            for step in range(how["steps"]):
                rng = generator(how["seed"], epoch, step)
                first = step * how["batch"]
                some = [
                    view(kinds[(first + i) % len(kinds)], rng)
                    for i in range(how["batch"])
                ]
                images = np.stack([lit(rng, v[0], how["augment"]) for v in some])
                yield (
                    images[..., np.newaxis].astype(np.float32),
                    {
                        "logits": eye[[v[3] for v in some]],
                        "map": np.stack([map_target(v, cell) for v in some]),
                    },
                )
            epoch += 1

    signature = (
        tf.TensorSpec([None, height, width, 1], tf.float32),
        {
            "logits": tf.TensorSpec([None, len(eye)], tf.float32),
            "map": tf.TensorSpec([None, rows, columns, 2], tf.float32),
        },
    )
    return tf.data.Dataset.from_generator(
        draw_batches, output_signature=signature
    ).prefetch(4)
