"""Training batches by `training.batches`: the module batches/KIND.py with `batches(...)` and `steps_an_epoch(...)`.

`batches(recipe, data, chosen, first_epoch, network)` gives an endless tf.data.Dataset of (images float32 [b, h, w, c]
in 0…255, targets), starting at `first_epoch`; `chosen` are indices of the training pictures; targets are a dict with
"logits" (one-hot) and what the losses of the other outputs want. All randomness comes from (seed, epoch, step), so that
a continued training draws what an uninterrupted one does.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from ..recipe import Recipe


def batches_of(recipe: Recipe) -> ModuleType:
    """The module that makes the recipe's batches."""
    kind = recipe.training["batches"]
    if not (Path(__file__).parent / f"{kind}.py").is_file():
        raise SystemExit(f"no batches of kind {kind} in batches/")
    return import_module(f".{kind}", __name__)
