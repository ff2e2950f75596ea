"""CARD.md, from the run."""

from __future__ import annotations

import platform
import re
from typing import Any

import numpy as np
import onnx

from ..evaluation.figures import confusion_table
from ..recipe import Recipe
from .manifest import framework, validation_command

TEMPLATE = """# {name} {version}

{description}.

## Use

{purpose}

| | |
|---|---|
| input | uint8 [batch, {height}, {width}, {channels}], {preprocessing} |
| `logits` | float32 [batch, {classes}]: {labels}; softmax(logits / temperature) are the scores |
| `map` | float32 [batch, {rows}, {columns}, {classes}]: the evidence that each spot gives for each class |
| good label | {good} |
| default variant | {default} |

## Data, citation and terms

{source}

Terms: {license}

{terms}

## Split

{split}. {left_out}

```
{balance}
```

## Figures

On the validation split, `{command}` (figures of the table: onnxruntime on the CPU):

{variants}

`latency`: time of one inference over that of `{default}`, one thread, measured in turns in one process ({milliseconds:.2f} ms
for fp32 on the machine that trained, {machine}). `ECE`: expected calibration error, 15 bins, at the variant's temperature, which
was fitted on the same split. Sizes in bytes, in brackets after gzip. Multiply-adds count zeroed weights too.

{meanings}

The default variant, class by class:

```
{confusion}
```

{calibration}

{thresholds}

{pointing}

## Golden samples

{golden_count} pictures drawn by `scripts/train/packaging/drawings.py` or the renderer, none of them a photograph. Every score must come
out within {tolerance}: other kernels (the graph without onnxruntime's optimizations, INT8 in floating point between its
roundings) and one grey level in every fiftieth pixel, as a stand-in for another processor's rounding, move them by
{wobble:.4f} at most; a wrong channel order or scaling moves them by tenths.

## Limits

{limits}

## How to reproduce

Set up as in `scripts/train/README.md`, then

```
python scripts/train all {name}
```

Recipe `scripts/train/recipes/{name}.yaml`, seed {seed}, {epochs} epochs. Sums on several threads differ in the last digits,
so a repeated training gives close but not equal weights.

| | |
|---|---|
{hashes}
| made with | {framework}, onnx {onnx}, numpy {numpy}, Python {python} |
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(value: float | None) -> str:
    """A share in percent, a dash for none."""
    return "-" if value is None else f"{100 * value:.1f} %"


def variants_table(variants: dict[str, Any]) -> str:
    """One row a variant."""
    head = [
        "variant",
        "bytes (gzip)",
        "parameters",
        "multiply-adds",
        "latency",
        "accuracy",
        "balanced",
        "ECE",
        "escapes",
        "false rejects",
    ]
    rows = []
    for name, v in variants.items():
        m = v["metrics"]
        rows.append(
            [
                f"`{name}`",
                f"{v['bytes']:,} ({v['bytesCompressed']:,})",
                f"{v['parameters']:,}",
                f"{v['multiplyAdds'] / 1e6:.2f} M",
                f"{v['latencyRatio']:.2f}",
                f"{m['accuracy']:.4f}",
                f"{m['balancedAccuracy']:.4f}",
                f"{m['calibrationError']:.4f}",
                percent(m["escapeRate"]),
                percent(m["falseRejectRate"]),
            ]
        )
    return table(head, rows)


def thresholds_text(found: dict[str, Any], default: str, wanted: float | None) -> str:
    """What other escape rates cost."""
    if not found["thresholds"]:
        return "The model only tells defects apart, so there is no threshold for a good part."
    rows = [
        [
            percent(t["targetEscapeRate"]),
            f"{t['threshold']:.4f}",
            percent(t["escapeRate"]),
            percent(t["falseRejectRate"]),
        ]
        for t in found["thresholds"]
    ]
    head = ["escapes at most", "threshold", "escapes", "false rejects"]
    return (
        f"A part is good from a score of {found['goodThreshold']} on, chosen for at most {percent(wanted)} escapes. Others, for"
        f" `{default}` (never below 0.5; the manifest lists them for each variant):\n\n{table(head, rows)}"
    )


def pointing_text(game: dict[str, Any] | None) -> str:
    """The pointing game's table."""
    if not game or not game["all"]:
        return "There are no defect masks, so the map was not measured against any."
    rows = [
        [
            name,
            str(r["images"]),
            percent(r["hit"]),
            percent(r["hitWithinHalfACell"]),
            percent(r["chance"]),
        ]
        for name, r in {**game["classes"], "all": game["all"]}.items()
    ]
    head = ["class", "pictures", "on the mask", "within half a cell", "chance"]
    return (
        "Pointing game: the map's peak for the true class lies on the defect's mask (`chance`: the share of the picture"
        f" that masks cover).\n\n{table(head, rows)}"
    )


def make_card(recipe: Recipe, manifest: dict[str, Any], found: dict[str, Any]) -> str:
    """The card; `found` holds `variants`, `milliseconds`, `report` (evaluate), `preprocess`, `golden`, `hashes`."""
    variants, default = found["variants"], manifest["defaultVariant"]
    chosen, report = variants[default], found["report"]
    left_out = found["preprocess"]["leftOut"]
    how = manifest["preprocessing"]
    shown = "\n".join(f"- {item['name']}: {item['reason']}" for item in left_out[:20])
    out_text = (
        "No picture was left out."
        if not left_out
        else f"{len(left_out)} pictures were left out:\n\n{shown}"
    )
    areas = ", ".join(f"{name} {area:.4f}" for name, area in report["areas"].items())
    output = manifest["output"]["map"]
    text = TEMPLATE.format(
        **manifest["input"] | {"name": recipe.name},
        version=recipe.version,
        description=recipe.description,
        purpose=recipe.card["purpose"].strip(),
        preprocessing=f"{how['resize']}, kernel {how['kernel']}, fill {how['fill']}",
        classes=len(recipe.labels),
        labels=", ".join(recipe.labels),
        rows=output["rows"],
        columns=output["columns"],
        good=recipe.good_label or "none: the model only tells defects apart",
        default=default,
        source=recipe.card["source"].strip(),
        license=recipe.card["license"].strip(),
        terms=recipe.card.get("terms", "").strip(),
        split=manifest["validation"]["split"],
        left_out=out_text,
        balance=found["preprocess"]["table"],
        command=validation_command(recipe),
        variants=variants_table(variants),
        milliseconds=found["milliseconds"],
        machine=platform.machine(),
        meanings="\n".join(
            f"- `{name}`: {v['description']}" for name, v in variants.items()
        ),
        confusion=confusion_table(recipe.labels, chosen),
        calibration=(
            f"Calibration error {chosen['calibrationErrorBefore']:.4f} before, {chosen['metrics']['calibrationError']:.4f} after"
            f" dividing the logits by {chosen['temperature']}. Area under the ROC: {areas}."
        ),
        thresholds=thresholds_text(chosen, default, recipe.evaluation.get("escape")),
        pointing=pointing_text(report["pointing"]),
        golden_count=len(manifest["golden"]["samples"]),
        tolerance=manifest["golden"]["tolerance"],
        wobble=found["golden"]["wobble"],
        limits="\n".join(f"- {line.strip()}" for line in recipe.card["limits"]),
        seed=manifest["training"]["seed"],
        epochs=manifest["training"]["epochs"],
        hashes="\n".join(
            f"| {name} | `{digest}` |" for name, digest in found["hashes"].items()
        ),
        framework=framework(),
        onnx=onnx.__version__,
        numpy=np.__version__,
        python=platform.python_version(),
    )
    return re.sub(r"\n{3,}", "\n\n", text)
