"""Which channels of a functional Keras network hang together, and the smaller network without some of them.

Every channel of a layer's output is an atom. Adding two tensors ties their atoms, concatenating lists them, depthwise
layers, norms and pools pass them on. Atoms that reach the network's outputs, or an operation that is not known here,
stay. (The dependency graph of Fang et al. 2023, "DepGraph", for the layers of a small CNN.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers

SAME = {
    "Activation", "ReLU", "LeakyReLU", "ELU", "Dropout", "SpatialDropout2D", "GaussianNoise", "Rescaling",
    "MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D", "UpSampling2D", "Resizing",
    "ZeroPadding2D", "Cropping2D", "BatchNormalization", "Identity",
    "Relu", "Relu6", "Silu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Gelu",
}  # fmt: skip
TYING = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"}


@dataclass
class Channels:
    """What the walk found."""

    reads: dict[str, np.ndarray] = field(
        default_factory=dict
    )  # layer name -> atoms of its input channels
    makes: dict[str, np.ndarray] = field(
        default_factory=dict
    )  # layer name -> atoms it produces (convolutions, dense)
    parent: list[int] = field(default_factory=list)
    frozen: set[int] = field(default_factory=set)

    def root(self, atom: int) -> int:
        """Representative of all atoms tied to this one."""
        while self.parent[atom] != atom:
            self.parent[atom] = self.parent[self.parent[atom]]
            atom = self.parent[atom]
        return atom

    def roots(self, atoms: np.ndarray) -> np.ndarray:
        """Representatives of many."""
        return np.array([self.root(a) for a in atoms], np.int64)

    def fresh(self, count: int, frozen: bool = False) -> np.ndarray:
        """New atoms."""
        atoms = np.arange(len(self.parent), len(self.parent) + count)
        self.parent.extend(atoms.tolist())
        if frozen:
            self.freeze(atoms)
        return atoms

    def freeze(self, atoms: np.ndarray) -> None:
        """These must stay."""
        self.frozen.update(int(a) for a in atoms)

    def tie(self, first: np.ndarray, second: np.ndarray) -> None:
        """Channel by channel."""
        for a, b in zip(first, second, strict=True):
            self.parent[self.root(a)] = self.root(b)

    def free_roots(self) -> set[int]:
        """Representatives of the atoms that may go."""
        kept = {self.root(a) for a in self.frozen}
        return {self.root(a) for atoms in self.makes.values() for a in atoms} - kept


def _produce(found: Channels, layer: Any, count: int, read: np.ndarray) -> np.ndarray:
    """A layer with weights over all channels; when it is used again both uses are tied."""
    if layer.name in found.makes:
        found.tie(found.reads[layer.name], read)
    else:
        found.reads[layer.name], found.makes[layer.name] = read, found.fresh(count)
    return found.makes[layer.name]


def _apply(
    found: Channels,
    operation: Any,
    given: list[tuple[Any, np.ndarray]],
    made: list[Any],
) -> list[np.ndarray]:
    """Atoms of an operation's outputs from its inputs as (tensor, atoms)."""
    kind = type(operation).__name__
    tensor, read = given[0] if given else (None, np.zeros(0, np.int64))
    plain_conv = (
        kind in ("Conv2D", "Conv2DTranspose") and getattr(operation, "groups", 1) == 1
    )
    if plain_conv or (kind == "Dense" and isinstance(operation, layers.Dense)):
        return [_produce(found, operation, made[0].shape[-1], read)]
    if hasattr(operation, "slice_inputs"):
        # A layer of our own that can do without some of its input channels; its outputs stay.
        found.reads[operation.name] = read
        return [found.fresh(t.shape[-1], frozen=True) for t in made]
    if kind in SAME or (kind == "DepthwiseConv2D" and operation.depth_multiplier == 1):
        if kind in ("DepthwiseConv2D", "BatchNormalization"):
            found.reads[operation.name] = read
        return [read]
    if kind == "Flatten":
        return [np.tile(read, int(np.prod(tensor.shape[1:-1])))]
    if kind == "Reshape" and made[0].shape[-1] == tensor.shape[-1]:
        return [read]
    if kind == "Concatenate" and operation.axis in (-1, len(made[0].shape) - 1):
        return [np.concatenate([atoms for _, atoms in given])]
    if kind in TYING and len(given) > 1:
        widest = max((atoms for _, atoms in given), key=len)
        for _, atoms in given:
            if len(atoms) == len(widest):
                found.tie(atoms, widest)
            else:
                found.freeze(atoms)
        return [widest]
    for _, atoms in given:
        found.freeze(atoms)
    return [
        found.fresh(t.shape[-1] or 1, frozen=True)
        if len(t.shape)
        else found.fresh(1, True)
        for t in made
    ]


def walk(network: keras.Model) -> Channels:
    """Follows the channels through the network."""
    found = Channels()
    atoms_of: dict[int, np.ndarray] = {}
    for tensor in network.inputs:
        atoms_of[id(tensor)] = found.fresh(tensor.shape[-1], frozen=True)
    for depth in sorted(network._nodes_by_depth, reverse=True):
        for node in network._nodes_by_depth[depth]:
            if node.is_input:
                continue
            given = [(t, atoms_of[id(t)]) for t in node.input_tensors]
            results = _apply(found, node.operation, given, node.output_tensors)
            for tensor, atoms in zip(node.output_tensors, results, strict=True):
                atoms_of[id(tensor)] = atoms
    for tensor in network.outputs:
        found.freeze(atoms_of[id(tensor)])
    return found


def keeps(found: Channels, atoms: np.ndarray, removed: set[int]) -> np.ndarray:
    """bool, which of the atoms stay when the representatives `removed` go."""
    return ~np.isin(found.roots(atoms), list(removed))


def without(network: keras.Model, found: Channels, removed: set[int]) -> keras.Model:
    """A new network without the channels of the representatives `removed`, with the weights of the rest."""
    if removed - found.free_roots():
        raise ValueError("some of these channels must stay")

    def clone(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in found.makes:
            count = int(keeps(found, found.makes[layer.name], removed).sum())
            config["units" if isinstance(layer, layers.Dense) else "filters"] = count
        return type(layer).from_config(config)

    smaller = keras.models.clone_model(network, clone_function=clone)
    for layer in network.layers:
        if layer.weights:
            values = layer.get_weights()
            if layer.name in found.reads:
                values = _sliced(found, layer, values, removed)
            smaller.get_layer(layer.name).set_weights(values)
    return smaller


def _sliced(
    found: Channels, layer: keras.Layer, values: list[np.ndarray], removed: set[int]
) -> list[np.ndarray]:
    """The weights of the channels that stay."""
    read = keeps(found, found.reads[layer.name], removed)
    if hasattr(layer, "slice_inputs"):
        return layer.slice_inputs(values, read)
    if isinstance(layer, layers.BatchNormalization):
        return [v[read] for v in values]
    if isinstance(layer, layers.DepthwiseConv2D):
        return [v[..., read, :] if v.ndim == 4 else v[read] for v in values]
    made = keeps(found, found.makes[layer.name], removed)
    if isinstance(layer, layers.Conv2DTranspose):
        return [v[:, :, made][..., read] if v.ndim == 4 else v[made] for v in values]
    return [v[..., read, :][..., made] if v.ndim > 1 else v[made] for v in values]
