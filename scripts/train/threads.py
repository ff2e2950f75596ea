"""How many threads training may use: JIDOKA_TRAIN_THREADS, default 2. Must be called before TensorFlow is imported."""

from __future__ import annotations

import os


def threads() -> int:
    """Threads of one operation and of operations beside each other."""
    return max(1, int(os.environ.get("JIDOKA_TRAIN_THREADS", "2")))


def limit_threads() -> None:
    """Tells TensorFlow and the linear algebra below numpy, and silences TensorFlow's start."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # More than twice as fast with plain convolutions; off by default on processors without AVX-512.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    for name in (
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
    ):
        os.environ[name] = str(threads())
