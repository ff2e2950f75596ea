"""Cleaning, groups and the leak check."""

from __future__ import annotations

import unittest

import numpy as np

from ..data.clean import find_excluded
from ..data.groups import assign_folds, unit_rows
from ..data.sources import TEST, TRAIN
from ..data.split import Split, leaks, make_split
from .small import small_recipe


def thumbnails_with_twins() -> np.ndarray:
    """30 pictures, of which 20…29 are 0…9 a little brighter and noisier."""
    rng = np.random.default_rng(1)
    first = rng.integers(0, 200, (20, 32, 32))
    again = first[:10] * 1.1 + 5 + rng.normal(size=(10, 32, 32)) * 3
    return np.concatenate([first, again]).clip(0, 255).astype(np.uint8)


class SplitTest(unittest.TestCase):
    """Near-duplicates stay together, and a split that parts them is refused."""

    def setUp(self) -> None:
        self.recipe = small_recipe()
        self.names = [f"free/{i}.png" for i in range(30)]
        self.labels = np.arange(30) % 3
        self.labels[20:] = self.labels[:10]
        self.rows = unit_rows(thumbnails_with_twins())

    def test_twins_share_a_side(self) -> None:
        sides = np.zeros(30, int)
        split = make_split(self.recipe, self.names, self.labels, sides, self.rows)
        np.testing.assert_array_equal(split.groups[:10], split.groups[20:])
        np.testing.assert_array_equal(split.validation[:10], split.validation[20:])
        self.assertFalse(leaks(self.recipe, split, self.rows)["leaks"])

    def test_a_parted_pair_is_a_leak(self) -> None:
        validation = np.arange(30) == 3
        apart = Split(np.arange(30), validation.astype(int), validation)
        found = leaks(self.recipe, apart, self.rows)
        self.assertTrue(found["leaks"])
        self.assertEqual(found["validationImagesWithNearDuplicate"], 1)
        self.assertGreater(found["closestCorrelation"], 0.95)

    def test_detail_ignores_the_light(self) -> None:
        rng = np.random.default_rng(2)
        ramp = np.linspace(0, 150, 32)[None, :, None]
        shaded = (ramp + rng.integers(0, 40, (2, 32, 32))).astype(np.uint8)
        plain, detail = unit_rows(shaded), unit_rows(shaded, detail=True)
        self.assertGreater(plain[0] @ plain[1], 0.9)
        self.assertLess(abs(detail[0] @ detail[1]), 0.2)

    def test_folds_hold_whole_groups_of_every_class(self) -> None:
        groups = np.arange(30) // 2
        labels = groups % 3
        folds = assign_folds(labels, groups, 3, 3, seed=1)
        np.testing.assert_array_equal(folds[::2], folds[1::2])
        for fold in range(3):
            self.assertEqual(set(labels[folds == fold]), {0, 1, 2})


class CleanTest(unittest.TestCase):
    """Exact duplicates and contradictions."""

    def test_what_is_left_out(self) -> None:
        images = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2, 1)
        images[1] = images[0]  # a copy
        images[3] = images[2]  # under another label
        images[5] = images[4]  # the test side's picture in training
        labels = np.array([0, 0, 0, 1, 1, 1])
        sides = np.array([TRAIN, TRAIN, TRAIN, TRAIN, TRAIN, TEST])
        names = list("abcdef")
        excluded = find_excluded(images, labels, names, sides)
        self.assertEqual(sorted(excluded), [1, 2, 3, 4])
        self.assertIn("two labels: c, d", excluded[2])
        self.assertIn("test side's f", excluded[4])
