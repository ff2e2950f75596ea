"""Static INT8 quantization by onnxruntime: 8-bit activations calibrated on training pictures, weights of each channel.

Weights take 7 bits (`reduce_range`): on x86 processors without VNNI the 8-bit product of two neighbours overflows its 16
bits and saturates (onnxruntime's documentation, "When and why do I need to try U8S8"). Operations that hurt most are
left in float: the one whose quantization alone changes the scores most goes first, until the whole stays within the
recipe's budget.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from ..evaluation.figures import softmax
from ..packaging.session import open_session, run_session

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
# Without MatMul: onnxruntime 1.30, which the agent runs, takes no weights by channel in a quantized one.
WEIGHTED = ("Conv", "ConvTranspose", "Gemm")
# Weights from which on a product is worth quantizing wherever it stands.
LARGE = 4096
PASSING = (
    "Add",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "Concat",
    "Relu",
    "Clip",
    "Resize",
)


class Pictures(CalibrationDataReader):
    """Feeds uint8 [n, h, w, c] in batches of 16."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self.rewind()

    def rewind(self) -> None:
        """Starts again."""
        self._left: Iterator[np.ndarray] = iter(
            [self.images[i : i + 16] for i in range(0, len(self.images), 16)]
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch."""
        batch = next(self._left, None)
        return None if batch is None else {"image": batch}


def _quantize(
    source: Path, out: Path, images: np.ndarray, how: dict[str, Any], **chosen: Any
) -> None:
    quantize_static(
        str(source),
        str(out),
        Pictures(images),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=[*WEIGHTED, *PASSING],
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=METHODS[how.get("method", "minmax")],
        **chosen,
    )


def _before_weights(model: onnx.ModelProto) -> list[str]:
    """Nodes without a weighted operation before them: the scaling of the input, which must stay exact."""
    reached: set[str] = set()
    names = []
    for node in model.graph.node:
        if node.op_type in WEIGHTED or any(i in reached for i in node.input):
            reached.update(node.output)
        else:
            names.append(node.name)
    return names


def _after_convolutions(model: onnx.ModelProto) -> list[str]:
    """Nodes that no convolution follows, but for large products: the decision, made of few numbers of many sizes.

    One scale for maxima, shares and means together would leave nothing of the small ones, and they cost no time.
    """
    sizes = {t.name: int(np.prod(t.dims)) for t in model.graph.initializer}
    followed: set[str] = set()
    names = []
    for node in reversed(model.graph.node):
        large = node.op_type in WEIGHTED and any(
            sizes.get(name, 0) >= LARGE for name in node.input
        )
        if "Conv" in node.op_type or any(o in followed for o in node.output):
            followed.update(node.input)
        elif not large:
            names.append(node.name)
    return names


def damage(first: Path, second: Path, images: np.ndarray) -> float:
    """Mean over pictures of the greatest difference of a score."""
    pair = [
        softmax(run_session(open_session(path), images)[0]) for path in (first, second)
    ]
    return float(np.abs(pair[0] - pair[1]).max(axis=1).mean())


def quantize(
    source: Path, out: Path, images: np.ndarray, how: dict[str, Any]
) -> dict[str, Any]:
    """Writes the INT8 form of `source`, calibrated and checked on training pictures uint8 [n, h, w, c].

    `how`: `budget` for `damage` (default 0.02), `most` operations to leave in float, `method` of calibration. Gives
    {"damage", "left"}: what it changed and which operations stayed in float.
    """
    with tempfile.TemporaryDirectory() as folder:
        ready, trial = Path(folder) / "ready.onnx", Path(folder) / "trial.onnx"
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        model = onnx.load(ready)
        outside = _before_weights(model) + _after_convolutions(model)
        weighted = [node.name for node in model.graph.node if node.op_type in WEIGHTED]
        left: list[str] = []
        ranked: list[str] | None = None
        while True:
            _quantize(ready, out, images, how, nodes_to_exclude=[*outside, *left])
            changed = damage(source, out, images)
            if changed <= how.get("budget", 0.02) or len(left) >= min(
                how.get("most", 4), len(weighted) - 1
            ):
                return {"damage": changed, "left": left}
            if ranked is None:
                some, alone = images[:48], {}
                for name in weighted:
                    _quantize(ready, trial, some, how, nodes_to_quantize=[name])
                    alone[name] = damage(source, trial, some)
                ranked = sorted(alone, key=lambda name: -alone[name])
            left.append(ranked[len(left)])
