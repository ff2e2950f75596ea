"""Step 3: trains a recipe's network.

python train.py RECIPE [--fold K | --cross]

Without options: learns from every fold but the validation split and writes runs/NAME/weights.weights.h5 and history.
--fold K holds fold K out instead; --cross does so for every fold in turn and reports out-of-fold figures, which is how
designs are compared (nothing is exported from these runs).
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import argparse
import json
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from augment import fit_frames, paste_defects, random_affine, random_light
from metrics import describe, summarize
from model import build, multiply_adds
from recipe import Recipe, load_recipe

CELL = 8
THREADS = 2


def sampling(labels: np.ndarray, groups: np.ndarray, good: int) -> np.ndarray:
    """Probability of drawing each training image: float64 [n].

    The good class takes three tenths, the others share the rest by the root of their size; within a class an image
    counts less where many of its group are there.
    """
    weight = np.zeros(len(labels))
    classes = np.unique(labels)
    for c in classes:
        chosen = labels == c
        _, inverse, size = np.unique(
            groups[chosen], return_inverse=True, return_counts=True
        )
        inside = 1 / np.sqrt(size[inverse])
        weight[chosen] = inside / inside.sum() * np.sqrt(chosen.sum())
    bad = labels != good
    weight[~bad] *= 0.3 / weight[~bad].sum()
    weight[bad] *= 0.7 / weight[bad].sum()
    return weight / weight.sum()


def batches(
    recipe: Recipe,
    arrays: dict[str, np.ndarray],
    chosen: np.ndarray,
    groups: np.ndarray,
) -> tf.data.Dataset:
    """Endless augmented batches of (images [b, h, w, 1] in 0…255, {"logits", "cells"} targets)."""
    how = recipe.training
    classes = len(recipe.labels)
    good = recipe.labels.index(recipe.good_label)
    images = tf.constant(arrays["images"][chosen])
    masks = tf.constant(arrays["masks"][chosen])
    known = tf.constant(arrays["has_mask"][chosen].astype(np.float32))
    labels = arrays["labels"][chosen]
    targets = tf.constant(labels)
    draw = sampling(labels, groups[chosen], good)
    rng = np.random.default_rng(how["seed"])

    # The first `paste` images of a batch are sound hosts for the defects of as many donors after the batch's end.
    paste = how["paste"]
    boxes = arrays["boxes"][chosen]
    aspects = np.log(boxes[:, 0] / boxes[:, 1])
    frames = tf.constant(boxes)
    hosts = np.flatnonzero(labels == good)
    donors = np.flatnonzero((labels != good) & arrays["has_mask"][chosen])

    def donor_for(host: int) -> int:
        # A frame of about the same shape, so that stretching it onto the host keeps the defect's own shape.
        near = donors[np.abs(aspects[donors] - aspects[host]) < 0.5]
        near = near if len(near) else donors
        return int(rng.choice(near, p=draw[near] / draw[near].sum()))

    def indices():
        while True:
            drawn = rng.choice(len(labels), how["batch"], p=draw)
            drawn[:paste] = rng.choice(hosts, paste, p=draw[hosts] / draw[hosts].sum())
            yield np.array(
                [*drawn, *(donor_for(host) for host in drawn[:paste])], np.int64
            )

    def load(index: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        pair = tf.stack([tf.gather(images, index), tf.gather(masks, index)], axis=3)
        pair = tf.cast(pair, tf.float32) / 255
        pair.set_shape([how["batch"] + paste, *images.shape[1:], 2])
        if paste:
            pair, rest = pair[: how["batch"]], pair[how["batch"] :]
            given, donated = index[:paste], index[how["batch"] :]
            rest = fit_frames(
                rest, tf.gather(frames, donated), tf.gather(frames, given)
            )
            changed, done = paste_defects(pair[:paste], rest)
            pair = tf.concat([changed, pair[paste:]], axis=0)
            taken = tf.where(done, donated, given)
            index = tf.concat([taken, index[paste : how["batch"]]], axis=0)
        pair = random_affine(pair, how["augment"])
        image = random_light(pair[..., :1], how["augment"])
        truth = tf.one_hot(tf.gather(targets, index), classes)
        cells = tf.nn.max_pool2d(pair[..., 1:], CELL, CELL, "SAME")
        # One map for each class; the last channel says whether the mask is known at all.
        maps = tf.cast(cells > 0.3, tf.float32) * truth[:, tf.newaxis, tf.newaxis, :]
        weight = tf.ones_like(cells) * tf.reshape(
            tf.gather(known, index), [-1, 1, 1, 1]
        )
        return image * 255, {
            "logits": truth,
            "cells": tf.concat([maps, weight], axis=3),
        }

    signature = tf.TensorSpec([how["batch"] + paste], tf.int64)
    return (
        tf.data.Dataset.from_generator(indices, output_signature=signature)
        .map(load, num_parallel_calls=1)
        .prefetch(4)
    )


def cell_loss(truth: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Focal cross-entropy of defect cells: truth [b, h, w, classes + 1], logits [b, h, w, classes] -> [b].

    Focal weighting (Lin et al. 2017) keeps the many empty cells from drowning a blowhole of one cell.
    """
    maps, weight = truth[..., :-1], truth[..., -1:]
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(maps, logits)
    probability = tf.sigmoid(logits)
    miss = tf.where(maps > 0.5, 1 - probability, probability)
    focal = entropy * tf.square(miss) * tf.where(maps > 0.5, 4.0, 1.0) * weight
    filled = tf.reduce_sum(maps * weight, axis=[1, 2, 3]) + 8.0
    return tf.reduce_sum(focal, axis=[1, 2, 3]) / filled


def fit(
    recipe: Recipe,
    arrays: dict[str, np.ndarray],
    groups: np.ndarray,
    valid: np.ndarray,
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """Trains on everything outside `valid` (bool [n]); gives the averaged network and its history."""
    how = recipe.training
    keras.utils.set_random_seed(how["seed"])
    size = recipe.input
    classes = len(recipe.labels)
    model = build(size["height"], size["width"], classes, classes, recipe.model)
    print(
        f"{model.count_params()} parameters, {multiply_adds(model) / 1e6:.1f} million multiply-adds",
        flush=True,
    )
    steps = how["steps"] * how["epochs"]
    warm = max(1, steps // 20)
    schedule = keras.optimizers.schedules.CosineDecay(
        how["rate"] / 20,
        steps - warm,
        alpha=0.01,
        warmup_target=how["rate"],
        warmup_steps=warm,
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=how["weight_decay"],
        global_clipnorm=5.0,
        use_ema=True,
        ema_momentum=how["ema"],
    )
    model.compile(
        optimizer,
        loss={
            "logits": keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=how["smoothing"]
            ),
            "cells": cell_loss,
        },
        loss_weights={"logits": 1.0, "cells": how["cell_weight"]},
    )
    data = batches(recipe, arrays, np.flatnonzero(~valid), groups)
    good = recipe.labels.index(recipe.good_label)
    history: list[dict[str, Any]] = []
    started = time.monotonic()

    def report(epoch: int, logs: dict[str, float] | None) -> None:
        if (epoch + 1) % 10 and epoch + 1 < how["epochs"]:
            return
        scores = predict(model, arrays["images"][valid])
        figures = summarize(scores, arrays["labels"][valid], good, 0.5)
        seconds = time.monotonic() - started
        history.append(
            {
                "epoch": epoch + 1,
                "loss": logs["loss"],
                "balanced": figures["balancedAccuracy"],
            }
        )
        recalls = " ".join(f"{r:.2f}" for r in figures["recalls"])
        print(
            f"epoch {epoch + 1:3d} {seconds:5.0f} s loss {logs['loss']:.3f} cells {logs['cells_loss']:.3f}"
            f" held out: balanced {figures['balancedAccuracy']:.3f} accuracy {figures['accuracy']:.3f} [{recalls}]",
            flush=True,
        )

    model.fit(
        data,
        epochs=how["epochs"],
        steps_per_epoch=how["steps"],
        verbose=0,
        callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.LambdaCallback(on_epoch_end=report),
        ],
    )
    return model, history


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """uint8 [n, h, w] -> softmax scores float32 [n, classes]."""
    out = []
    for start in range(0, len(images), 64):
        batch = images[start : start + 64, :, :, np.newaxis].astype(np.float32)
        out.append(np.asarray(tf.nn.softmax(model(batch, training=False)["logits"])))
    return np.concatenate(out)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("--fold", type=int, help="hold this fold out")
    parser.add_argument(
        "--cross", action="store_true", help="hold every fold out in turn"
    )
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    arrays = dict(np.load(recipe.run_folder / "arrays.npz"))
    split = json.loads((recipe.run_folder / "split.json").read_text(encoding="utf-8"))
    folds, groups = np.array(split["folds"]), np.array(split["groups"])
    good = recipe.labels.index(recipe.good_label)
    if not arguments.cross:
        held = split["validation"] if arguments.fold is None else arguments.fold
        model, history = fit(recipe, arrays, groups, folds == held)
        if arguments.fold is None:
            model.save_weights(recipe.run_folder / "weights.weights.h5")
            (recipe.run_folder / "history.json").write_text(
                json.dumps(history), encoding="utf-8"
            )
        return
    scores = np.zeros((len(folds), len(recipe.labels)), np.float32)
    for fold in range(int(folds.max()) + 1):
        model, _ = fit(recipe, arrays, groups, folds == fold)
        scores[folds == fold] = predict(model, arrays["images"][folds == fold])
    np.save(recipe.run_folder / "out-of-fold.npy", scores)
    print(describe(recipe.labels, scores, arrays["labels"], good, 0.5))


if __name__ == "__main__":
    main()
