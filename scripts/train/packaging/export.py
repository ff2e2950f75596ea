"""Keras to ONNX, and the proof that both compute the same.

The graph takes uint8 `image` [batch, height, width, channels], scales inside, and gives `logits` float32 [batch, classes]
and `map` float32 [batch, rows, columns, classes].
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from ..evaluation.figures import softmax
from ..networks.serving import predict, serve
from ..recipe import Recipe
from .session import open_session, run_session

OPSET = 17
IMAGES = 200
TOLERANCE = 1e-4


@contextmanager
def native_output_hidden() -> Iterator[None]:
    """Keeps what TensorFlow's optimizer chats on the error output off the terminal; Python's own errors still raise."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def to_onnx(network: keras.Model, recipe: Recipe) -> onnx.ModelProto:
    """The serving graph of a trained network."""
    spec = tf.TensorSpec([None, *recipe.shape], tf.uint8, name="image")

    @tf.function(input_signature=[spec])
    def graph_of(image: tf.Tensor) -> dict[str, tf.Tensor]:
        logits, cells = serve(network, tf.cast(image, tf.float32), recipe.model)
        return {"logits": logits, "map": cells}

    with native_output_hidden():
        model, _ = tf2onnx.convert.from_function(
            graph_of, input_signature=[spec], opset=OPSET
        )
    outputs = {output.name: output for output in model.graph.output}
    names = (model.graph.input[0].name, *outputs)
    if names != ("image", "logits", "map"):
        raise SystemExit(f"the graph's input and outputs are called {names}")
    _, rows, columns, classes = network.output["map"].shape
    shapes = {"logits": (classes,), "map": (rows, columns, classes)}
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    for name, shape in shapes.items():
        dims = outputs[name].type.tensor_type.shape.dim
        dims[0].dim_param = "batch"
        for dim, size in zip(dims[1:], shape, strict=True):
            dim.dim_value = size
    model.producer_name = "jidoka"
    model.graph.doc_string = recipe.description
    onnx.checker.check_model(model)
    return model


def difference(
    network: keras.Model, model: Path, images: np.ndarray, options: dict[str, Any]
) -> tuple[float, float]:
    """Greatest difference between Keras and onnxruntime on IMAGES pictures: of the scores, and of the map over its range."""
    some = np.random.default_rng(0).permutation(len(images))[:IMAGES]
    logits, cells = predict(network, images[some], options)
    onnx_logits, onnx_cells = run_session(open_session(model), images[some])
    scores = np.abs(softmax(logits) - softmax(onnx_logits)).max()
    spread = max(float(np.ptp(cells)), 1e-6)
    return float(scores), float(np.abs(cells - onnx_cells).max() / spread)


def export(
    network: keras.Model, recipe: Recipe, images: np.ndarray, path: Path
) -> float:
    """Writes the ONNX file, or nothing where it does not compute what Keras does; gives the scores' difference."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(to_onnx(network, recipe).SerializeToString())
    scores, cells = difference(network, partial, images, recipe.model)
    print(
        f"{path.name}: ONNX against Keras, scores within {scores:.1e}, map within {cells:.1e} of its range",
        flush=True,
    )
    if scores > TOLERANCE or cells > 1e-3:
        partial.unlink()
        raise SystemExit(
            f"{path.name}: ONNX and Keras differ by more than {TOLERANCE}: nothing was written"
        )
    partial.rename(path)
    return scores
