"""Step 6: writes the model package models/NAME/VERSION/: ONNX files, model.json, golden samples, CARD.md.

It is put together beside and then takes the old one's place.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ..data.dataset import load_dataset
from ..networks import load_network
from ..packaging.card import make_card
from ..packaging.golden import make_golden
from ..packaging.manifest import make_manifest, sha256
from ..recipe import Recipe


def read_json(path: Path) -> Any:
    """What an earlier step wrote."""
    if not path.is_file():
        raise SystemExit(f"{path} is missing: run the earlier steps, or all")
    return json.loads(path.read_text(encoding="utf-8"))


def run(recipe: Recipe, folder: Path, arguments: Any) -> None:
    """Runs the step."""
    runs = recipe.run_folder
    data = load_dataset(runs / "preprocess" / "data.npz")
    compressed = read_json(runs / "compress" / "variants.json")
    report = read_json(runs / "report" / "figures.json")
    history = read_json(runs / "train" / "history.json")
    variants = compressed["variants"]
    partial = folder / "package"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for found in variants.values():
        shutil.copyfile(runs / "compress" / found["file"], partial / found["file"])
    files = {name: partial / found["file"] for name, found in variants.items()}
    temperatures = {name: found["temperature"] for name, found in variants.items()}
    golden = make_golden(recipe, files, temperatures, partial / "golden")
    network = load_network(runs / "train" / "network.keras")
    cells = tuple(network.output["map"].shape[1:3])
    manifest = make_manifest(
        recipe, data, variants, golden, partial, len(history), cells
    )
    hashes = {
        found["file"]: sha256(partial / found["file"]) for found in variants.values()
    }
    hashes["prepared data"] = sha256(runs / "preprocess" / "data.npz")
    card = make_card(
        recipe,
        manifest,
        {
            "variants": variants,
            "milliseconds": compressed["milliseconds"],
            "report": report,
            "preprocess": read_json(runs / "preprocess" / "report.json"),
            "golden": golden,
            "hashes": hashes,
        },
    )
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (partial / "model.json").write_text(text, encoding="utf-8")
    (partial / "CARD.md").write_text(card, encoding="utf-8")
    target = recipe.package_folder
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(partial, target)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {', '.join(variants)}; {size:,} bytes in all")
