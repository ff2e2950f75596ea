"""Temperature, calibration error, thresholds, ROC, pointing game."""

from __future__ import annotations

import unittest

import numpy as np

from ..compression.sparse import prune, sparsity_at
from ..evaluation.calibration import calibration_error, fit_temperature
from ..evaluation.figures import cross_entropy, softmax
from ..evaluation.pointing import pointing_game
from ..evaluation.roc import curve
from ..evaluation.thresholds import choose_threshold, rates
from ..stopping import best_epoch


class CalibrationTest(unittest.TestCase):
    """Labels drawn from known probabilities."""

    def setUp(self) -> None:
        rng = np.random.default_rng(4)
        self.honest = rng.normal(size=(20_000, 4)) * 2
        scores = softmax(self.honest)
        self.labels = (
            (scores.cumsum(axis=1) < rng.uniform(size=(20_000, 1)))
            .sum(axis=1)
            .clip(0, 3)
        )

    def test_finds_the_temperature_that_the_logits_were_multiplied_by(self) -> None:
        for factor in (0.4, 1.0, 3.0):
            self.assertAlmostEqual(
                fit_temperature(self.honest * factor, self.labels) / factor,
                1,
                delta=0.03,
            )

    def test_the_fit_is_the_least_cross_entropy(self) -> None:
        logits = self.honest * 2.5
        fitted = fit_temperature(logits, self.labels)
        best = cross_entropy(logits, self.labels, fitted)
        for other in (fitted * 0.97, fitted * 1.03, 1.0):
            self.assertLess(best, cross_entropy(logits, self.labels, other))

    def test_no_mistake_is_no_reason_to_be_surer(self) -> None:
        labels = self.honest.argmax(axis=1)
        self.assertAlmostEqual(fit_temperature(self.honest, labels), 1, delta=0.001)
        self.assertGreater(fit_temperature(self.honest * 30, self.labels), 20 - 0.1)

    def test_calibration_error(self) -> None:
        self.assertLess(calibration_error(softmax(self.honest), self.labels), 0.015)
        self.assertGreater(
            calibration_error(softmax(self.honest * 3), self.labels), 0.1
        )


class ThresholdTest(unittest.TestCase):
    """The lowest threshold that keeps the escapes."""

    def test_keeps_the_target(self) -> None:
        rng = np.random.default_rng(5)
        scores, good = rng.uniform(size=1000), rng.uniform(size=1000) < 0.5
        for target in (0.0, 0.01, 0.05, 0.2):
            threshold = choose_threshold(scores, good, target)
            escapes, _ = rates(scores, good, threshold)
            self.assertLessEqual(escapes, target)
            more, _ = rates(scores, good, max(0.5, threshold - 0.02))
            self.assertTrue(more > target or threshold == 0.5)

    def test_never_below_a_half(self) -> None:
        scores = np.array([0.9, 0.8, 0.1, 0.2])
        self.assertEqual(
            choose_threshold(scores, np.array([True, True, False, False]), 0.0), 0.5
        )


class CurveTest(unittest.TestCase):
    """Known cases."""

    def test_area(self) -> None:
        positive = np.array([True, True, False, False])
        self.assertEqual(curve(np.array([4.0, 3, 2, 1]), positive)["area"], 1)
        self.assertEqual(curve(np.array([1.0, 1, 1, 1]), positive)["area"], 0.5)

    def test_pointing(self) -> None:
        maps, masks = np.zeros((2, 2, 4, 2)), np.zeros((2, 8, 16), np.uint8)
        maps[:, 1, 2, 1] = 1  # the cell of rows 4…7 and columns 8…11
        masks[0, 6, 10] = 255  # its middle
        masks[1, 4, 8] = 255  # its corner
        found = pointing_game(maps, np.array([1, 1]), masks, ["free", "dot"], 0)
        self.assertEqual(found["all"]["hit"], 0.5)
        self.assertEqual(found["all"]["hitWithinHalfACell"], 1)

    def test_sparsity_schedule(self) -> None:
        self.assertEqual(sparsity_at(0, 100, 0.6), 0)
        self.assertEqual(sparsity_at(150, 100, 0.6), 0.6)
        values = prune(np.arange(1, 11, dtype=np.float32), 0.3)
        self.assertEqual((values == 0).sum(), 3)
        self.assertEqual(values.min(initial=9, where=values > 0), 4)

    def test_best_epoch(self) -> None:
        self.assertEqual(best_epoch([3, 2, 1, 0.9999, 1.5], 0.001), 2)
