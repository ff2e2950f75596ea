"""Magnitude pruning of single weights with a gradual schedule (Zhu and Gupta 2017, "To prune, or not to prune")."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

EVERY = 10


def kernels(network: keras.Model, least: int = 256) -> list[keras.Variable]:
    """Kernels worth pruning: of convolutions and dense layers with at least `least` weights; depthwise ones are tiny."""
    found = []
    for layer in network._flatten_layers(include_self=False):
        big = isinstance(layer, (layers.Conv2D, layers.Dense)) and not isinstance(
            layer, layers.DepthwiseConv2D
        )
        if big and int(np.prod(layer.kernel.shape)) >= least:
            found.append(layer.kernel)
    return found


def sparsity_at(step: int, end: int, target: float) -> float:
    """Share of zeros after `step` steps: target * (1 - (1 - step / end)^3), and the target from `end` on."""
    left = 1 - min(step, end) / max(end, 1)
    return target * (1 - left**3)


def prune(values: np.ndarray, share: float) -> np.ndarray:
    """The same with the `share` smallest weights set to zero."""
    count = int(share * values.size)
    if count == 0:
        return values
    limit = np.partition(np.abs(values).ravel(), count - 1)[count - 1]
    return np.where(np.abs(values) <= limit, 0, values).astype(values.dtype)


class Pruner(keras.callbacks.Callback):
    """Sets the smallest weights of each kernel to zero, more of them as training goes on, and keeps them there.

    The schedule reads the optimizer's step, so a continued training goes on where it was.
    """

    def __init__(self, target: float, end: int) -> None:
        super().__init__()
        self.target, self.end = target, end
        self.masks: list[np.ndarray] | None = None

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
        """Masks after each step; chooses the masks anew every EVERY steps until the schedule's end."""
        step = int(self.model.optimizer.iterations)
        found = kernels(self.model)
        if self.masks is None or (step % EVERY == 0 and step <= self.end):
            share = sparsity_at(step, self.end, self.target)
            self.masks = [prune(np.asarray(kernel), share) != 0 for kernel in found]
        for kernel, mask in zip(found, self.masks):
            kernel.assign(np.asarray(kernel) * mask)


def finish(network: keras.Model, target: float) -> float:
    """Prunes the final (averaged) weights to the target; gives the share of zeros among the pruned kernels."""
    zeros = total = 0
    for kernel in kernels(network):
        values = prune(np.asarray(kernel), target)
        kernel.assign(values)
        zeros, total = zeros + int((values == 0).sum()), total + values.size
    return zeros / max(total, 1)
