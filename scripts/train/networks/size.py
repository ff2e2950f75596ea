"""Parameters and multiply-adds of a network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers


def multiply_adds(network: keras.Model) -> int:
    """Multiply-adds of the convolutions and dense layers for one image.

    A layer applied several times counts once for each place. Other layers count by their method `multiply_adds()`.
    """
    total = 0
    for layer in network.layers:
        for node in layer._inbound_nodes:
            shape = node.output_tensors[0].shape
            if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
                total += shape[1] * shape[2] * int(np.prod(layer.kernel.shape))
            elif isinstance(layer, layers.Conv2DTranspose):
                _, height, width, _ = node.input_tensors[0].shape
                total += height * width * int(np.prod(layer.kernel.shape))
            elif isinstance(layer, layers.Dense):
                total += int(np.prod(shape[1:-1])) * int(np.prod(layer.kernel.shape))
            elif hasattr(layer, "multiply_adds"):
                total += layer.multiply_adds()
    return total


def measure(network: keras.Model, options: dict[str, Any]) -> dict[str, int]:
    """{"parameters", "multiplyAdds"} of one inference; a mirrored second look counts twice."""
    looks = 2 if options.get("mirrored", False) else 1
    return {
        "parameters": network.count_params(),
        "multiplyAdds": looks * multiply_adds(network),
    }


def over_limits(size: dict[str, int], limits: dict[str, int]) -> list[str]:
    """What exceeds the recipe's limits (maxParameters, maxMultiplyAdds), in words."""
    pairs = (("parameters", "maxParameters"), ("multiplyAdds", "maxMultiplyAdds"))
    return [
        f"{size[key]} {key}, the recipe allows {limits[limit]}"
        for key, limit in pairs
        if limit in limits and size[key] > limits[limit]
    ]
