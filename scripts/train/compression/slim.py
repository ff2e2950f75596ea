"""Structured pruning: takes whole channels out, the least important first, so that every kernel does less work.

Importance (`rank`): `l1`, the sum of the absolute weights that make a channel, over the layer's mean (Li et al. 2017,
"Pruning filters for efficient ConvNets"); `gamma`, the absolute scale of its batch norms (Liu et al. 2017, "Network
slimming"), where it has any. Tied channels share the mean.
"""

from __future__ import annotations

from collections import defaultdict

import keras
import numpy as np
from keras import layers

from .channels import Channels, walk, without

LEAST = 4


def importance(network: keras.Model, found: Channels, rank: str) -> dict[int, float]:
    """Representative -> importance, 1 on average."""
    values: dict[int, list[float]] = defaultdict(list)
    scales: dict[int, list[float]] = defaultdict(list)
    for layer in network.layers:
        if layer.name in found.makes:
            axis = (
                (0, 1, 3)
                if isinstance(layer, layers.Conv2DTranspose)
                else tuple(range(layer.kernel.ndim - 1))
            )
            sums = np.abs(np.asarray(layer.kernel)).sum(axis=axis)
            for root, value in zip(
                found.roots(found.makes[layer.name]), sums / max(sums.mean(), 1e-12)
            ):
                values[root].append(float(value))
        elif (
            isinstance(layer, layers.BatchNormalization)
            and layer.scale
            and layer.name in found.reads
        ):
            gammas = np.abs(np.asarray(layer.gamma))
            for root, value in zip(
                found.roots(found.reads[layer.name]), gammas / max(gammas.mean(), 1e-12)
            ):
                scales[root].append(float(value))
    chosen = {
        r: scales[r] if rank == "gamma" and r in scales else v
        for r, v in values.items()
    }
    return {root: float(np.mean(v)) for root, v in chosen.items()}


def spaces(found: Channels) -> list[list[int]]:
    """Free representatives by the layers that make them: channels that run side by side through the same layers."""
    makers: dict[int, list[str]] = defaultdict(list)
    for name, atoms in found.makes.items():
        for root in found.roots(atoms):
            makers[int(root)].append(name)
    free = found.free_roots()
    by_makers: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for root, names in makers.items():
        if root in free:
            by_makers[tuple(names)].append(root)
    return list(by_makers.values())


def least_important(
    network: keras.Model, found: Channels, share: float, rank: str
) -> set[int]:
    """Representatives of the `share` least important channels of each space; what stays is a multiple of LEAST.

    Kernels work on blocks of channels, so odd counts would save nothing.
    """
    weight = importance(network, found, rank)
    removed: set[int] = set()
    for space in spaces(found):
        stay = max(LEAST, round(len(space) * (1 - share) / LEAST) * LEAST)
        ordered = sorted(space, key=lambda root: weight[root])
        removed.update(ordered[: max(0, len(space) - stay)])
    return removed


def slim(network: keras.Model, share: float, rank: str = "l1") -> keras.Model:
    """The network without the `share` least important channels of each layer, still to be fine-tuned."""
    found = walk(network)
    return without(network, found, least_important(network, found, share, rank))
