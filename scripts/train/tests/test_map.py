"""The reference network's map is an exact decomposition of its logits."""

from __future__ import annotations

import unittest

import keras
import numpy as np

from ..networks import build_network
from .small import randomized, small_data, small_recipe


class MapTest(unittest.TestCase):
    """Cells and the biases' part add up."""

    def test_cells_and_biases_add_up_to_the_logits(self) -> None:
        network = randomized(build_network(small_recipe()))
        images = small_data().images.astype(np.float32)
        head = network.get_layer("head")
        features = keras.Model(network.input, head.input)(images)
        out = network(images)
        total = np.asarray(out["map"]).sum(axis=(1, 2)) + np.asarray(
            head.bias_part(features)
        )
        logits = np.asarray(out["logits"])
        np.testing.assert_allclose(total, logits, rtol=1e-4, atol=1e-4)

    def test_it_is_flatten_dense_relu_dense(self) -> None:
        network = randomized(build_network(small_recipe()))
        images = small_data().images.astype(np.float32)
        head = network.get_layer("head")
        features = np.asarray(keras.Model(network.input, head.input)(images))
        plain = head.out(head.hidden(features.reshape(len(features), -1)))
        np.testing.assert_allclose(
            np.asarray(plain),
            np.asarray(network(images)["logits"]),
            rtol=1e-4,
            atol=1e-4,
        )
