"""Makes each variant's ONNX file; every one says in a sentence what was done to the weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..batches import batches_of
from ..data.dataset import Dataset
from ..networks import load_network
from ..networks.size import measure
from ..packaging.export import export
from ..recipe import Recipe
from ..training import fit
from .quantize import quantize
from .slim import slim
from .sparse import Pruner, finish

BASE = "fp32"


@dataclass(frozen=True)
class Variant:
    """A file with what is known of it without running it."""

    path: Path
    description: str
    parameters: int
    multiply_adds: int


def _tuned(recipe: Recipe, how: dict[str, Any]) -> Recipe:
    """The recipe for fine-tuning: its own training, with the epochs and rate of the compression and no early stop."""
    last = recipe.phases[-1].training
    training = {key: value for key, value in last.items() if key != "stop"}
    return replace(
        recipe, training=training | {key: how[key] for key in ("epochs", "rate")}
    )


def _fine_tuned(
    recipe: Recipe,
    data: Dataset,
    network: keras.Model,
    folder: Path,
    how: dict[str, Any],
    **rest: Any,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fit(_tuned(recipe, how), data, network, folder, **rest)


def base(recipe: Recipe, data: Dataset, folder: Path) -> Variant:
    """The network as trained."""
    network = load_network(recipe.run_folder / "train" / "network.keras")
    path = folder / "model.onnx"
    export(network, recipe, data.images, path)
    size = measure(network, recipe.model)
    return Variant(
        path,
        "The weights as trained, 32-bit floating point.",
        size["parameters"],
        size["multiplyAdds"],
    )


def sparse(recipe: Recipe, data: Dataset, folder: Path) -> Variant:
    """Single weights of small magnitude set to zero while training goes on."""
    how, saved = recipe.compress["sparse"], folder / "sparse" / "network.keras"
    if not saved.is_file():
        network = load_network(recipe.run_folder / "train" / "network.keras")
        steps = (
            batches_of(recipe).steps_an_epoch(recipe.phases[-1], len(data.train))
            * how["epochs"]
        )
        pruner = Pruner(how["sparsity"], int(steps * how.get("end", 0.6)))
        _fine_tuned(recipe, data, network, saved.parent, how, callbacks=[pruner])
        finish(network, how["sparsity"])
        network.save(saved)
    network = load_network(saved)
    zeros = finish(network, how["sparsity"])
    path = folder / "model-sparse.onnx"
    export(network, recipe, data.images, path)
    size = measure(network, recipe.model)
    text = (
        f"{zeros:.0%} of the kernels' weights set to zero by magnitude and fine-tuned for {how['epochs']} epochs; smaller"
        " when compressed, not faster on a dense kernel."
    )
    return Variant(path, text, size["parameters"], size["multiplyAdds"])


def slimmed(recipe: Recipe, data: Dataset, folder: Path) -> Variant:
    """Whole channels taken out, then fine-tuned."""
    how, saved = recipe.compress["slim"], folder / "slim" / "network.keras"
    if not saved.is_file():
        full = load_network(recipe.run_folder / "train" / "network.keras")
        network = slim(full, how["share"], how.get("rank", "l1"))
        _fine_tuned(recipe, data, network, saved.parent, how)
        network.save(saved)
    network = load_network(saved)
    path = folder / "model-slim.onnx"
    export(network, recipe, data.images, path)
    size = measure(network, recipe.model)
    text = f"{how['share']:.0%} of the channels of each layer taken out and fine-tuned for {how['epochs']} epochs."
    return Variant(path, text, size["parameters"], size["multiplyAdds"])


def quantized(
    recipe: Recipe, data: Dataset, folder: Path, source: Variant, name: str
) -> Variant:
    """Static INT8 of another variant, calibrated on training pictures."""
    how = recipe.compress["int8"]
    order = np.random.default_rng(recipe.training["seed"]).permutation(data.train)
    path = folder / f"model-{name}.onnx"
    done = quantize(
        source.path, path, data.images[order[: how.get("images", 200)]], how
    )
    count = len(done["left"])
    kept = (
        f", {count} operation{'s' if count > 1 else ''} left in floating point"
        if count
        else ""
    )
    print(
        f"{path.name}: scores change by {done['damage']:.4f} on training pictures{kept}",
        flush=True,
    )
    slim_first = " of the slim variant" if name != "int8" else ""
    text = f"Static INT8 quantization{slim_first}, weights of 7 bits by channel{kept}."
    return Variant(path, text, source.parameters, source.multiply_adds)


def make_variants(recipe: Recipe, data: Dataset, folder: Path) -> dict[str, Variant]:
    """All variants that the recipe's `compress` names, the base first."""
    made = {BASE: base(recipe, data, folder)}
    wanted = recipe.compress
    if "int8" in wanted:
        made["int8"] = quantized(recipe, data, folder, made[BASE], "int8")
    if "sparse" in wanted:
        made["sparse"] = sparse(recipe, data, folder)
    if "slim" in wanted:
        made["slim"] = slimmed(recipe, data, folder)
        if wanted["slim"].get("int8", False):
            made["slim-int8"] = quantized(
                recipe, data, folder, made["slim"], "slim-int8"
            )
    return made
