"""onnxruntime on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from ..threads import threads


def open_session(
    model: Path, count: int | None = None, optimized: bool = True
) -> onnxruntime.InferenceSession:
    """A session with `count` threads (default: those of training); `optimized` False leaves the graph as it is."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = count or threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not optimized:
        options.graph_optimization_level = (
            onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        )
    return onnxruntime.InferenceSession(
        str(model), options, providers=["CPUExecutionProvider"]
    )


def run_session(
    session: onnxruntime.InferenceSession, images: np.ndarray, batch: int = 32
) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [n, h, w, c] -> logits float32 [n, classes], map float32 [n, rows, columns, classes]."""
    starts = range(0, len(images), batch)
    pairs = [
        session.run(["logits", "map"], {"image": images[s : s + batch]}) for s in starts
    ]
    return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])
