"""Step 5: exports the network and makes its compressed variants, each with figures of its own.

Writes runs/NAME/compress/: the ONNX files and variants.json. A fine-tuning that was interrupted continues.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from ..compression.latency import latency_ratios
from ..compression.variants import BASE, make_variants
from ..data.dataset import load_dataset
from ..evaluation.judge import judge
from ..packaging.session import open_session, run_session
from ..recipe import Recipe


def run(recipe: Recipe, folder: Path, arguments: Any) -> None:
    """Runs the step."""
    data = load_dataset(recipe.run_folder / "preprocess" / "data.npz")
    made = make_variants(recipe, data, folder)
    paths = {name: variant.path for name, variant in made.items()}
    ratios, milliseconds = latency_ratios(paths, data.images[:1])
    out = {}
    for name, variant in made.items():
        logits, _ = run_session(open_session(variant.path), data.images[data.held])
        found = judge(recipe, logits, data.labels[data.held])
        content = variant.path.read_bytes()
        out[name] = {
            "file": variant.path.name,
            "description": variant.description,
            "parameters": variant.parameters,
            "multiplyAdds": variant.multiply_adds,
            "bytes": len(content),
            "bytesCompressed": len(gzip.compress(content, mtime=0)),
            "latencyRatio": ratios[name],
            **found,
        }
        metrics = found["metrics"]
        gate = (
            ""
            if recipe.good is None
            else f", escapes {metrics['escapeRate']}, false rejects {metrics['falseRejectRate']}"
        )
        print(
            f"{name:10} {len(content):8} bytes, latency x{ratios[name]:.2f}, balanced {metrics['balancedAccuracy']:.4f},"
            f" calibration error {metrics['calibrationError']:.4f}{gate}",
            flush=True,
        )
    print(f"{BASE}: {milliseconds:.2f} ms an inference on one thread")
    report = {"variants": out, "milliseconds": milliseconds}
    (folder / "variants.json").write_text(
        json.dumps(report, indent=1), encoding="utf-8"
    )
