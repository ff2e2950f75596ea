"""Drawn, pasted and erased defects, what the map is to learn of them, and training in phases."""

from __future__ import annotations

import unittest
from dataclasses import replace

import cv2
import numpy as np

from ..batches.defects import map_target
from ..batches.drawn import KINDS, draw
from ..batches.part_pictures import ON, seam_only
from ..batches.transplant import erase, paste
from ..recipe import load_recipe

SIZE = (256, 320)


def part(seed: int) -> np.ndarray:
    """A ground surface with vertical marks between letterbox bars: uint8 [256, 320]."""
    rng = np.random.default_rng(seed)
    marks = 120 + 20 * rng.standard_normal((1, SIZE[1]))
    image = marks + 3 * rng.standard_normal(SIZE)
    image[:, :60] = 0
    image[:, -60:] = 0
    return image.clip(0, 255).astype(np.uint8)


def spot(row: int, column: int) -> np.ndarray:
    """A mask with one round defect."""
    mask = np.zeros(SIZE, np.uint8)
    cv2.circle(mask, (column, row), 8, 255, -1)
    return mask


def far_from(mask: np.ndarray, distance: int) -> np.ndarray:
    """True where nothing of the mask is within `distance` pixels."""
    wide = 2 * distance + 1
    near = cv2.dilate((mask > 0).astype(np.uint8), np.ones((wide, wide), np.uint8))
    return near == 0


class Drawn(unittest.TestCase):
    """batches/drawn.py"""

    def test_every_kind_changes_the_part_where_its_mask_is_and_nowhere_else(
        self,
    ) -> None:
        sound, other = part(1), part(2)
        for kind in KINDS:
            made = 0
            for seed in range(12):
                found = draw(np.random.default_rng(seed), kind, sound, other)
                if found is None:
                    continue
                made += 1
                image, mask = found
                change = np.abs(image.astype(int) - sound)
                self.assertGreater(change[mask > ON].mean(), 2, kind)
                self.assertEqual(change[far_from(mask, 20)].max(initial=0), 0, kind)
            self.assertGreater(made, 6, kind)


class Transplants(unittest.TestCase):
    """batches/transplant.py"""

    def test_a_pasted_blowhole_is_where_the_mask_says(self) -> None:
        donor, mask = part(3), spot(120, 160)
        donor[mask > 0] = 20
        host = part(4)
        found = paste(np.random.default_rng(5), "blowhole", host, donor, mask)
        self.assertIsNotNone(found)
        image, pasted = found
        self.assertLess(image[pasted > ON].mean(), host[pasted > ON].mean() / 2)
        self.assertTrue((image == host)[far_from(pasted, 20)].all())

    def test_an_erased_defect_is_gone(self) -> None:
        host, mask = part(6), spot(100, 150)
        before = host[mask > 0].mean()
        host[mask > 0] = 20
        image = erase(np.random.default_rng(7), host, mask, part(8))
        self.assertIsNotNone(image)
        self.assertLess(abs(image[mask > 0].mean() - before), 25)
        self.assertTrue((image == host)[far_from(mask, 20)].all())


class MapTargets(unittest.TestCase):
    """What each cell is to say."""

    def test_cells_beside_the_defect_weigh_nothing(self) -> None:
        mask = np.zeros((64, 64), np.uint8)
        mask[16:24, 16:24] = 255
        target = map_target((mask, mask, np.zeros_like(mask), 3), 8)
        self.assertEqual(target[2, 2].tolist(), [3, 1])
        self.assertEqual(target[1, 1].tolist(), [0, 0])
        self.assertEqual(target[6, 6].tolist(), [0, 1])

    def test_of_a_region_ground_otherwise_only_the_seam_counts(self) -> None:
        image, mask = part(9), np.zeros(SIZE, np.uint8)
        mask[:120] = 255
        band, unsure = seam_only(image, mask)
        self.assertTrue((band[110:118, 80:240] > ON).all())
        self.assertEqual(int(band[:60].max()), 0)
        self.assertTrue((unsure[:60] > ON).all())


class Phases(unittest.TestCase):
    """Recipe.phases"""

    def test_each_says_what_it_does_otherwise(self) -> None:
        recipe = load_recipe("smoke")
        size = {"width": 96, "height": 64}
        training = {**recipe.training, "epochs": 9}
        training["phases"] = [{"input": size, "epochs": 2}, {}]
        first, last = replace(recipe, training=training).phases
        self.assertEqual((first.input | size, first.training["epochs"]), (first.input, 2))
        self.assertEqual((last.input, last.training["epochs"]), (recipe.input, 9))
        self.assertNotIn("phases", last.training)


if __name__ == "__main__":
    unittest.main()
