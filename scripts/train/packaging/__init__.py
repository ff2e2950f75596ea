"""From a trained network to a model package: ONNX, manifest, golden samples, card."""
