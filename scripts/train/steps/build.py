"""Step 2: makes the network, prints what it is made of and checks the recipe's limits.

Writes runs/NAME/build/: network.keras (untrained), size.json, summary.txt.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras

from ..networks import build_network
from ..networks.size import measure, over_limits
from ..recipe import Recipe


def run(recipe: Recipe, folder: Path, arguments: Any) -> None:
    """Runs the step."""
    keras.utils.set_random_seed(recipe.training.get("seed", 1))
    network = build_network(recipe)
    size = measure(network, recipe.model)
    lines: list[str] = []
    network.summary(print_fn=lambda line, **_: lines.append(line), line_length=110)
    cells = network.output["map"].shape
    lines.append(
        f"{size['parameters']:,} parameters, {size['multiplyAdds'] / 1e6:.2f} million multiply-adds a frame,"
        f" map {cells[1]} x {cells[2]}"
    )
    text = "\n".join(lines)
    print(text, flush=True)
    too_much = over_limits(size, recipe.model.get("limits", {}))
    if too_much:
        raise SystemExit("; ".join(too_much))
    (folder / "summary.txt").write_text(text + "\n", encoding="utf-8")
    (folder / "size.json").write_text(json.dumps(size), encoding="utf-8")
    network.save(folder / "network.keras")
