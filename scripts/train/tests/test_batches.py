"""Batches depend on seed, epoch and step alone."""

from __future__ import annotations

import unittest

import numpy as np

from ..batches import batches_of
from .small import short_network, small_data, small_recipe

AUGMENT = {
    "rotation": 6,
    "zoom": [0.9, 1.2],
    "shift": 0.05,
    "light": 0.2,
    "noise": 0.03,
}


class BatchesTest(unittest.TestCase):
    """A training that starts at the second epoch draws what an uninterrupted one draws there."""

    def test_a_later_start_draws_the_same(self) -> None:
        data, network = small_data(), short_network()
        for kind, more in (
            ("plain", {}),
            ("tile", {"steps": 2, "paste": 2, "augment": AUGMENT, "map_weight": 1.0}),
        ):
            recipe = small_recipe(batches=kind, **more)
            module = batches_of(recipe)
            steps = module.steps_an_epoch(recipe, len(data.train))
            whole = module.batches(recipe, data, data.train, 0, network).skip(steps)
            later = module.batches(recipe, data, data.train, 1, network)
            for (a, a_targets), (b, b_targets) in zip(whole.take(2), later.take(2)):
                np.testing.assert_array_equal(a, b)
                np.testing.assert_array_equal(a_targets["logits"], b_targets["logits"])
                self.assertLessEqual(float(np.max(a)), 255)
