"""Structured pruning changes nothing but what it takes out."""

from __future__ import annotations

import unittest

import keras
import numpy as np
from keras import layers

from ..compression.channels import Channels, keeps, walk, without
from ..compression.slim import least_important, slim
from ..networks import build_network
from ..networks.size import multiply_adds
from ..recipe import load_recipe
from .small import branched_network, randomized, small_recipe


def muted(network: keras.Model, found: Channels, removed: set[int]) -> keras.Model:
    """The network of full size, in which whoever reads a removed channel multiplies it by zero."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    for layer in copy.layers:
        if layer.name not in found.reads or isinstance(
            layer, (layers.BatchNormalization, layers.DepthwiseConv2D)
        ):
            continue
        gone = ~keeps(found, found.reads[layer.name], removed)
        values = layer.get_weights()
        if hasattr(layer, "slice_inputs"):
            rows, columns, channels = layer.grid
            values[0].reshape(rows * columns, channels, -1)[:, gone] = 0
        elif isinstance(layer, layers.Conv2DTranspose):
            values[0][..., gone] = 0
        else:
            values[0][..., gone, :] = 0
        layer.set_weights(values)
    return copy


class ChannelsTest(unittest.TestCase):
    """On a network with every relation, on the reference and on the tile network."""

    @classmethod
    def setUpClass(cls) -> None:
        made = (
            branched_network(),
            build_network(small_recipe()),
            build_network(load_recipe("rendered-tile")),
        )
        cls.networks = [randomized(network) for network in made]

    def outputs(self, network: keras.Model) -> list[np.ndarray]:
        images = np.random.default_rng(3).integers(
            0, 256, (4, *network.input.shape[1:])
        )
        out = network(images.astype(np.float32), training=False)
        return [np.asarray(out["logits"]), np.asarray(out["map"])]

    def test_taking_nothing_out_changes_nothing(self) -> None:
        for network in self.networks:
            same = without(network, walk(network), set())
            for before, after in zip(self.outputs(network), self.outputs(same)):
                np.testing.assert_array_equal(before, after)

    def test_taking_channels_out_equals_zeroing_them(self) -> None:
        for network in self.networks:
            found = walk(network)
            removed = least_important(network, found, 0.5, "l1")
            self.assertTrue(removed)
            smaller, zeroed = (
                without(network, found, removed),
                muted(network, found, removed),
            )
            self.assertLess(smaller.count_params(), network.count_params())
            self.assertLess(multiply_adds(smaller), multiply_adds(network))
            for a, b in zip(self.outputs(smaller), self.outputs(zeroed)):
                np.testing.assert_allclose(
                    a, b, rtol=1e-4, atol=1e-5 * max(1, np.abs(b).max())
                )

    def test_outputs_stay(self) -> None:
        network = self.networks[0]
        smaller = slim(network, 0.5, "gamma")
        self.assertEqual(smaller.output["logits"].shape, (None, 3))
        found = walk(network)
        with self.assertRaises(ValueError):
            without(network, found, {found.root(int(found.makes["cells"][0]))})
