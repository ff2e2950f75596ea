"""Early stopping keeps the best epoch and never looks at the validation split."""

from __future__ import annotations

import unittest

import keras
import numpy as np

from ..evaluation.figures import cross_entropy
from ..networks.serving import predict
from ..stopping import inner_split
from ..training import fit
from .small import short_network, small_data, small_recipe


class StoppingTest(unittest.TestCase):
    """On a part of the training side."""

    def test_keeps_the_weights_of_the_best_epoch(self) -> None:
        recipe = small_recipe(epochs=12, rate=0.2, stop={"on": "inner", "patience": 1})
        data = small_data()
        learnt, inner = inner_split(recipe, data, data.train)
        self.assertFalse(
            np.intersect1d(inner, data.held).size or np.intersect1d(inner, learnt).size
        )
        keras.utils.set_random_seed(1)
        network = short_network()
        history = fit(recipe, data, network, None)
        losses = [entry["held_loss"] for entry in history]
        self.assertLess(len(history), 12)
        self.assertGreater(losses[-1], min(losses))
        logits, _ = predict(network, data.images[inner], recipe.model)
        self.assertAlmostEqual(
            cross_entropy(logits, data.labels[inner]), min(losses), delta=0.001
        )
