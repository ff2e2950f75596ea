"""Step 4: exports the trained network as a model package: model.onnx and model.json.

python export.py RECIPE

The graph takes uint8 `image` [batch, height, width, 1], scales inside and gives softmax `scores` [batch, classes]. It is
compared with Keras on 200 images before anything is written; the threshold and the figures come from the validation
split, computed with onnxruntime. A card is written by hand beside them.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import argparse
import hashlib
import json
from datetime import datetime, timezone
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx

from evaluate import run_onnx
from metrics import describe, summarize
from model import build, multiply_adds, scores_of
from recipe import Recipe, load_recipe

OPSET = 17
TOLERANCE = 1e-4


def to_onnx(network: keras.Model, recipe: Recipe) -> onnx.ModelProto:
    """Wraps the network with scaling and softmax: uint8 [batch, h, w, 1] -> `scores` float32 [batch, classes]."""
    shape = [None, recipe.input["height"], recipe.input["width"], 1]

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8, name="image")])
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.cast(image, tf.float32)
        return {"scores": scores_of(network, pixels, recipe.model)}

    graph, _ = tf2onnx.convert.from_function(
        serve, input_signature=serve.input_signature, opset=OPSET
    )
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    graph.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    graph.producer_name = "jidoka"
    graph.graph.doc_string = recipe.description
    onnx.checker.check_model(graph)
    names = (graph.graph.input[0].name, graph.graph.output[0].name)
    if names != ("image", "scores"):
        raise SystemExit(f"the graph's input and output are called {names}")
    return graph


def keras_scores(
    network: keras.Model, recipe: Recipe, images: np.ndarray
) -> np.ndarray:
    """uint8 [n, h, w] -> scores float32 [n, classes], by Keras."""
    batches = [
        images[i : i + 50, ..., np.newaxis].astype(np.float32)
        for i in range(0, len(images), 50)
    ]
    return np.concatenate(
        [np.asarray(scores_of(network, batch, recipe.model)) for batch in batches]
    )


def choose_threshold(
    scores: np.ndarray, labels: np.ndarray, good: int, escape: float
) -> float:
    """The lowest threshold, from 0.50 on in hundredths, that lets at most the share `escape` of defective parts pass."""
    for step in range(50, 100):
        passed = scores[labels != good, good] >= step / 100
        if passed.mean() <= escape:
            return step / 100
    return 0.99


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    recipe = load_recipe(parser.parse_args().recipe)
    folder = recipe.run_folder
    arrays = np.load(folder / "arrays.npz")
    split = json.loads((folder / "split.json").read_text(encoding="utf-8"))
    valid = np.array(split["folds"]) == split["validation"]
    size, classes = recipe.input, len(recipe.labels)
    network = build(size["height"], size["width"], classes, classes, recipe.model)
    network.load_weights(folder / "weights.weights.h5")
    model_bytes = to_onnx(network, recipe).SerializeToString()

    images = arrays["images"]
    some = np.random.default_rng(0).choice(len(images), 200, replace=False)
    difference = np.abs(
        run_onnx(model_bytes, images[some]) - keras_scores(network, recipe, images[some])
    )
    print(
        f"ONNX against Keras on 200 images: greatest difference {difference.max():.2e}"
    )
    if difference.max() > TOLERANCE:
        raise SystemExit(f"more than {TOLERANCE}: nothing was written")

    good = recipe.labels.index(recipe.good_label)
    scores, labels = run_onnx(model_bytes, images[valid]), arrays["labels"][valid]
    threshold = choose_threshold(scores, labels, good, recipe.threshold["escape"])
    text = describe(recipe.labels, scores, labels, good, threshold)
    figures = summarize(scores, labels, good, threshold)
    package = recipe.package_folder
    package.mkdir(parents=True, exist_ok=True)
    (package / "model.onnx").write_bytes(model_bytes)
    manifest: dict[str, Any] = {
        "schemaVersion": 1,
        "name": recipe.name,
        "version": recipe.version,
        "description": recipe.description,
        "file": "model.onnx",
        "sha256": hashlib.sha256(model_bytes).hexdigest(),
        "labels": recipe.labels,
        "goodLabel": recipe.good_label,
        "input": {
            "name": "image",
            **size,
            "channels": 1,
            "layout": "NHWC",
            "type": "uint8",
        },
        "preprocessing": recipe.preprocessing,
        "output": {"name": "scores", "activation": "softmax"},
        "goodThreshold": threshold,
        "license": recipe.data["license"],
        "dataSource": recipe.data["source"],
        "metrics": {
            "split": recipe.split["description"],
            "command": recipe.split["command"],
            "images": figures["images"],
            **{
                key: None if figures[key] is None else round(figures[key], 4)
                for key in (
                    "accuracy",
                    "balancedAccuracy",
                    "escapeRate",
                    "falseRejectRate",
                )
            },
        },
        "training": {
            "createdAt": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seed": recipe.training["seed"],
            "framework": f"Keras {keras.__version__}, TensorFlow {tf.__version__}, tf2onnx {tf2onnx.__version__}",
            "images": int((~valid).sum()),
            "epochs": recipe.training["epochs"],
            "parameters": network.count_params(),
        },
    }
    looks = 2 if recipe.model.get("mirrored", False) else 1
    text_json = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (package / "model.json").write_text(text_json, encoding="utf-8")
    print(
        f"{network.count_params()} parameters, {looks * multiply_adds(network) / 1e6:.1f} million multiply-adds"
    )
    print(f"model.onnx {len(model_bytes)} bytes, sha256 {manifest['sha256']}")
    print(f"onnxruntime {onnxruntime.__version__}, validation split:\n{text}")


if __name__ == "__main__":
    main()
