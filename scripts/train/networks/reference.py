"""The reference CNN: three convolutions and two dense layers, as in the classic Keras tutorial on CIFAR-10.

Conv 32 3x3 ReLU, max pool 2x2, Conv 64 3x3 ReLU, max pool 2x2, Conv 64 3x3 ReLU, Flatten, Dense 64 ReLU, Dense classes;
valid padding, input scaled to 0…1. The softmax is left to whoever reads the logits.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from ..recipe import Recipe


@keras.saving.register_keras_serializable("jidoka")
class GatedDense(layers.Layer):
    """Flatten, Dense `units` ReLU, Dense `classes`, with the logits' exact decomposition over the cells.

    With x [b, p, k] the features of cell p, W1 the hidden kernel [p, k, units], W2 [units, classes] and the gates
    g_j = 1 where hidden unit j is positive, held as they are:

        logits_c = sum over p of map_pc + sum_j W2_jc g_j b1_j + b2_c,   map_pc = sum_j W2_jc g_j sum_k W1_pkj x_pk

    The ReLU is the product with its gate, so nothing is approximated (gradient times input of a piecewise linear
    network: Shrikumar et al. 2016, "Not just a black box").
    """

    def __init__(self, units: int, classes: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.units, self.classes = units, classes
        self.hidden = layers.Dense(units, activation="relu", name="hidden")
        self.out = layers.Dense(classes, name="out")

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Features [b, rows, columns, channels]."""
        self.grid = shape[1:]
        self.hidden.build((None, shape[1] * shape[2] * shape[3]))
        self.out.build((None, self.units))

    def call(self, features: Any) -> dict[str, Any]:
        """[b, rows, columns, channels] -> {"logits": [b, classes], "map": [b, rows, columns, classes]}."""
        rows, columns, channels = self.grid
        cells = rows * columns
        kernel = ops.reshape(self.hidden.kernel, (cells, channels, self.units))
        by_cell = ops.transpose(ops.reshape(features, (-1, cells, channels)), (1, 0, 2))
        parts = ops.transpose(ops.matmul(by_cell, kernel), (1, 0, 2))
        hidden = ops.relu(ops.sum(parts, axis=1) + self.hidden.bias)
        gates = ops.cast(hidden > 0, "float32")
        evidence = ops.matmul(parts * gates[:, None, :], self.out.kernel)
        logits = ops.matmul(hidden, self.out.kernel) + self.out.bias
        return {
            "logits": logits,
            "map": ops.reshape(evidence, (-1, rows, columns, self.classes)),
        }

    def bias_part(self, features: Any) -> Any:
        """What the biases give: features -> [b, classes]; the map's sum plus this is the logits."""
        hidden = self.hidden(ops.reshape(features, (ops.shape(features)[0], -1)))
        gates = ops.cast(hidden > 0, "float32")
        return ops.matmul(gates * self.hidden.bias, self.out.kernel) + self.out.bias

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> dict[str, Any]:
        """Shapes of both outputs."""
        return {"logits": (shape[0], self.classes), "map": (*shape[:3], self.classes)}

    def multiply_adds(self) -> int:
        """Both dense layers, and the second one once more for each cell."""
        rows, columns, channels = self.grid
        cells = rows * columns
        return cells * channels * self.units + (cells + 1) * self.units * self.classes

    def slice_inputs(self, values: list[Any], keep: Any) -> list[Any]:
        """Weights for the input channels `keep` (bool [channels]) alone; see compression/channels.py."""
        rows, columns, _ = self.grid
        kernel = values[0].reshape(rows * columns, -1, self.units)[:, keep]
        return [kernel.reshape(-1, self.units), *values[1:]]

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return super().get_config() | {"units": self.units, "classes": self.classes}


def build(recipe: Recipe) -> keras.Model:
    """Image [b, h, w, c] in 0…255 -> {"logits": [b, classes], "map": [b, rows, columns, classes]}."""
    widths = recipe.model.get("widths", [32, 64, 64])
    image = layers.Input(recipe.shape, name="image", dtype="float32")
    x = layers.Rescaling(1 / 255)(image)
    for i, width in enumerate(widths):
        if i > 0:
            x = layers.MaxPooling2D(2)(x)
        x = layers.Conv2D(width, 3, activation="relu")(x)
    outputs = GatedDense(
        recipe.model.get("units", 64), len(recipe.labels), name="head"
    )(x)
    return keras.Model(image, outputs)
