"""The training loop, for the network itself and for fine-tuning its pruned forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from .batches import batches_of
from .checkpoint import Checkpoint, restore
from .data.dataset import Dataset
from .evaluation.figures import cross_entropy, softmax, summarize
from .losses import losses_for
from .networks.serving import predict
from .progress import Progress
from .recipe import Recipe
from .stopping import Stopping, inner_split


def optimizer_for(how: dict[str, Any], steps: int, rate: float) -> keras.Optimizer:
    """The optimizer of a `training` section for `steps` in all.

    `optimizer` adam or adamw, `schedule` constant or cosine (warm-up over a twentieth, Loshchilov and Hutter 2017, down
    to a hundredth), `weight_decay`, `clip` of the gradient's norm, `ema`: momentum of the weights' average.
    """
    schedule: Any = rate
    if how.get("schedule", "constant") == "cosine":
        warm = max(1, steps // 20)
        schedule = keras.optimizers.schedules.CosineDecay(
            rate / 20,
            max(1, steps - warm),
            alpha=0.01,
            warmup_target=rate,
            warmup_steps=warm,
        )
    options: dict[str, Any] = {"global_clipnorm": how.get("clip")}
    if "ema" in how:
        options |= {"use_ema": True, "ema_momentum": how["ema"]}
    if how.get("optimizer", "adam") == "adamw":
        return keras.optimizers.AdamW(
            schedule, weight_decay=how["weight_decay"], **options
        )
    return keras.optimizers.Adam(schedule, **options)


@contextmanager
def averaged(network: keras.Model) -> Iterator[None]:
    """Inside, the trainable weights are their moving average, as they will be exported."""
    optimizer = network.optimizer
    if not optimizer.use_ema or not optimizer.built:
        yield
        return
    pairs = list(
        zip(network.trainable_variables, optimizer._model_variables_moving_average)
    )
    kept = [np.asarray(variable) for variable, _ in pairs]
    for variable, average in pairs:
        variable.assign(average)
    try:
        yield
    finally:
        for (variable, _), values in zip(pairs, kept):
            variable.assign(values)


class History(keras.callbacks.Callback):
    """Writes down every epoch's losses and, every `watch_every` epochs, the figures on held-out pictures.

    They are watched, never used to choose an epoch, unless the recipe's `stop` names them.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Dataset,
        held: np.ndarray,
        epochs: int,
        log: list[dict[str, Any]],
    ) -> None:
        super().__init__()
        self.recipe, self.data, self.held, self.epochs, self.log = (
            recipe,
            data,
            held,
            epochs,
            log,
        )
        stop = recipe.training.get("stop", {}).get("on")
        self.every = (
            1
            if stop in ("inner", "validation")
            else recipe.training.get("watch_every", 10)
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds the held-out figures to the logs that the other callbacks see."""
        entry: dict[str, Any] = {
            key: float(value) for key, value in (logs or {}).items()
        }
        if len(self.held) and (
            (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs
        ):
            with averaged(self.model):
                logits, _ = predict(
                    self.model, self.data.images[self.held], self.recipe.model
                )
            labels = self.data.labels[self.held]
            figures = summarize(softmax(logits), labels, self.recipe.good, 0.5)
            entry["held_loss"] = cross_entropy(logits, labels)
            entry["held_balanced"] = figures["balancedAccuracy"]
            entry["held_accuracy"] = figures["accuracy"]
        if logs is not None:
            logs.update(
                {key: value for key, value in entry.items() if key.startswith("held")}
            )
        self.log.append({"epoch": epoch + 1, **entry})


def fit(
    recipe: Recipe,
    data: Dataset,
    network: keras.Model,
    run: Path | None,
    *,
    epochs: int | None = None,
    rate: float | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    chosen: np.ndarray | None = None,
    held: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Trains `network` in place by the recipe's `training` section and gives its history, one entry an epoch.

    With a folder `run` it continues after the last epoch that was finished there. `epochs` and `rate` replace the
    recipe's. It learns from the indices `chosen` (default: the training side) and watches `held` (the validation split).
    At the end the weights are their moving average where the recipe has one. `callbacks` run before the checkpoint.
    """
    how = recipe.training
    epochs, rate = epochs or how["epochs"], rate or how["rate"]
    chosen = data.train if chosen is None else chosen
    held = data.held if held is None else held
    if how.get("stop", {}).get("on") == "inner":
        chosen, held = inner_split(recipe, data, chosen)
    module = batches_of(recipe)
    steps = module.steps_an_epoch(recipe, len(chosen))
    losses, weights = losses_for(how)
    keras.utils.set_random_seed(how["seed"])
    network.compile(
        optimizer_for(how, steps * epochs, rate),
        loss=losses,
        loss_weights=weights,
        jit_compile=False,
    )
    path = None if run is None else run / "checkpoint.npz"
    first, history = (0, []) if path is None else restore(path, network)
    if first:
        print(f"continues after epoch {first} of {epochs}", flush=True)
    stopping = Stopping(how.get("stop"), run, history, averaged)
    if first < epochs and not stopping.reached():
        used = [History(recipe, data, held, epochs, history), *callbacks, stopping]
        if path is not None:
            used.append(Checkpoint(path, history))
        network.fit(
            module.batches(recipe, data, chosen, first, network),
            initial_epoch=first,
            epochs=epochs,
            steps_per_epoch=steps,
            verbose=0,
            shuffle=False,
            callbacks=[*used, Progress(epochs, steps, first)],
        )
    if network.optimizer.use_ema:
        network.optimizer.finalize_variable_values(network.trainable_variables)
    stopping.restore_best(network)
    return history
