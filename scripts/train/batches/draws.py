"""Random numbers that depend on a seed alone, whatever was drawn before and by which thread."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


class Draws:
    """A stream for one batch: each call folds a number of its own into the batch's seed (int32 [2])."""

    def __init__(self, seed: tf.Tensor) -> None:
        self._seed = seed
        self._calls = 0

    def _next(self) -> tf.Tensor:
        self._calls += 1
        return tf.random.experimental.stateless_fold_in(self._seed, self._calls)

    def uniform(
        self, shape: Any, low: Any, high: Any, dtype: tf.DType = tf.float32
    ) -> tf.Tensor:
        """Uniform numbers in low…high (integers: high excluded)."""
        return tf.random.stateless_uniform(shape, self._next(), low, high, dtype)

    def normal(self, shape: Any) -> tf.Tensor:
        """Standard normal numbers."""
        return tf.random.stateless_normal(shape, self._next())

    def each(
        self, batch: tf.Tensor, low: float, high: float, dims: int = 1
    ) -> tf.Tensor:
        """One number for each image: float32 [batch] or, with more dims, [batch, 1, …]."""
        shape = tf.concat([[batch], tf.ones([dims - 1], tf.int32)], axis=0)
        return self.uniform(shape, low, high)


def generator(*key: int) -> np.random.Generator:
    """numpy's generator for such a key as (seed, epoch, step)."""
    return np.random.default_rng(key)
