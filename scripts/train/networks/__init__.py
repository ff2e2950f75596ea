"""Networks by `model.kind`: the module networks/KIND.py with `build(recipe) -> keras.Model`.

A network takes float32 `image` [b, height, width, channels] with values 0…255 (scaling is its own work) and gives a
dict: "logits" [b, classes], and "map" [b, rows, columns, classes], the evidence that each spot gives for each class.
Further outputs may serve training. Layers of its own need `@keras.saving.register_keras_serializable("jidoka")` and,
where they multiply weights, a method `multiply_adds()`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import keras

from ..recipe import Recipe


def build_network(recipe: Recipe) -> keras.Model:
    """The recipe's untrained network, checked against the interface."""
    kind = recipe.model["kind"]
    if not (Path(__file__).parent / f"{kind}.py").is_file():
        raise SystemExit(f"no network of kind {kind} in networks/")
    network = import_module(f".{kind}", __name__).build(recipe)
    classes = len(recipe.labels)
    logits, cells = network.output["logits"], network.output["map"]
    if tuple(network.input.shape[1:]) != recipe.shape:
        raise SystemExit(f"the network takes {network.input.shape}, not {recipe.shape}")
    if (
        tuple(logits.shape[1:]) != (classes,)
        or len(cells.shape) != 4
        or cells.shape[3] != classes
    ):
        raise SystemExit(
            f"the network gives logits {logits.shape} and map {cells.shape} for {classes} classes"
        )
    return network


def load_network(path: Path) -> keras.Model:
    """A network saved by a step; makes the networks' own layers known first."""
    for module in Path(__file__).parent.glob("*.py"):
        if not module.stem.startswith("__"):
            import_module(f".{module.stem}", __name__)
    return keras.models.load_model(path, compile=False)
