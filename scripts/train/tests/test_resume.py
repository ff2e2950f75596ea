"""A training that is killed between two epochs ends as an uninterrupted one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import keras
import numpy as np

from ..recipe import HERE
from ..training import fit
from .small import short_network, small_data, small_recipe


class Killer(keras.callbacks.Callback):
    """Kills its process when an epoch begins: the checkpoint of the one before is on disk."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """As a power cut does."""
        if epoch == self.epoch:
            os.kill(os.getpid(), signal.SIGKILL)


def train(
    run: Path | None, *callbacks: keras.callbacks.Callback
) -> tuple[keras.Model, list[dict[str, float]]]:
    """The small network with norms and dropout, weights averaged, rate on a cosine."""
    keras.utils.set_random_seed(1)
    network = short_network()
    return network, fit(small_recipe(), small_data(), network, run, callbacks=callbacks)


def killed(run: Path) -> int:
    """Runs `train` in a process that dies after two epochs; gives its exit code."""
    code = (
        f"import sys; sys.path[0] = {str(HERE.parent)!r}; from train.threads import limit_threads; limit_threads();"
        f"from pathlib import Path; from train.tests.test_resume import Killer, train; train(Path({str(run)!r}), Killer(2))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False
    ).returncode


class ResumeTest(unittest.TestCase):
    """With optimizer, average, schedule, dropout's seeds and the order of the pictures."""

    def test_continues_where_it_was_killed(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder)
            self.assertEqual(killed(run), -signal.SIGKILL)
            self.assertTrue((run / "checkpoint.npz").is_file())
            resumed, history = train(run)
        whole, expected = train(None)
        self.assertEqual([entry["epoch"] for entry in history], [1, 2, 3])
        for ours, theirs in zip(history, expected):
            self.assertAlmostEqual(ours["loss"], theirs["loss"], delta=1e-4)
        # One thread: equal to the last bit. Several threads sum in varying order.
        tolerance = 0 if os.environ.get("JIDOKA_TRAIN_THREADS") == "1" else 1e-3
        for a, b in zip(resumed.get_weights(), whole.get_weights()):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
