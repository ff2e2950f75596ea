/** Which model judged: enough to find the very file again. */
export interface ModelIdentity {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the ONNX file, lower-case hex. */
  readonly sha256: string;
}

/** What a model says of a picture. */
export interface Classification {
  readonly labels: readonly string[];
  /** One probability a label, in the order of `labels`; they sum to 1. */
  readonly scores: Float32Array;
  /** The label with the highest score, and that score. */
  readonly label: string;
  readonly score: number;
  readonly timing: ClassificationTiming;
}

/** Where in the picture the model sees evidence for each class: a class-activation map. */
export interface ClassMap {
  /** They cover the region that the model looked at evenly, after its rotation. */
  readonly rows: number;
  readonly columns: number;
  readonly labels: readonly string[];
  /** rows * columns * labels, labels innermost; higher for more evidence, in the model's own unit. */
  readonly values: Float32Array;
}

/** Durations in ms. */
export interface ClassificationTiming {
  /** Waiting for a free worker. */
  readonly queueMs: number;
  /** Decoding, cutting, turning, resizing. */
  readonly preprocessMs: number;
  readonly inferenceMs: number;
}
