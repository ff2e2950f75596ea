import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');
const channelValues = z.array(z.number()).min(1).max(3);
const share = z.number().min(0).max(1);
const variantName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/);

/** Figures on the validation split that the manifest names. Shares of nothing are null. */
const figuresSchema = z.strictObject({
  images: z.number().int().min(1),
  accuracy: share,
  balancedAccuracy: share,
  /** At the variant's `goodThreshold`; null where the model has no good label. */
  escapeRate: share.nullable(),
  falseRejectRate: share.nullable(),
  /** Expected calibration error with 15 bins of equal width (Guo et al. 2017). */
  calibrationError: share.nullable(),
});

const thresholdSchema = z.strictObject({
  /** What was asked for. */
  targetEscapeRate: share,
  /** A part is called good from this score of the good label on. */
  threshold: share,
  /** What it gives on the validation split. */
  escapeRate: share,
  falseRejectRate: share,
});

/** One form of the same network: as trained, quantised, pruned. All share input, labels and output. */
export const variantSchema = z.strictObject({
  /** File name beside the manifest. */
  file: z.string().regex(/^[\w.-]+\.onnx$/, 'a file name ending in .onnx, without folders'),
  sha256,
  /** What was done to the weights, in one sentence. */
  description: z.string().min(1),
  parameters: z.number().int().min(1).nullable(),
  /** Of one inference. Those of pruned single weights count, since a dense kernel computes them. */
  multiplyAdds: z.number().int().min(1).nullable(),
  /** Median time of one inference over that of the default variant, measured in turns in one process; null: not measured. */
  latencyRatio: z.number().positive().nullable(),
  /** Logits are divided by it before the softmax (Guo et al. 2017, "On calibration of modern neural networks"). */
  temperature: z.number().positive().default(1),
  /** A part is called good from this score of the good label on. */
  goodThreshold: share.default(0.5),
  /** Suggestions for other escape rates, with what they cost in false rejects. */
  thresholds: z.array(thresholdSchema).max(20).default([]),
  /** Null for a model that was imported without a validation split. */
  metrics: figuresSchema.nullable(),
});

export const goldenSampleSchema = z.strictObject({
  file: z.string().regex(/^golden\/[\w.-]+\.(png|jpe?g|bmp)$/, 'a picture in the folder golden/'),
  sha256,
  /** For each variant one probability a label, in the order of `labels`, for the whole picture without rotation. */
  scores: z.record(variantName, z.array(share)),
});

const goldenSchema = z.strictObject({
  /** Greatest difference of any score that is still the same model: execution providers round differently. */
  tolerance: z.number().positive().max(0.5),
  samples: z.array(goldenSampleSchema).min(1).max(32),
});

/**
 * `model.json` of a model package `NAME/VERSION/{*.onnx, model.json, CARD.md, golden/}`. `scripts/train` and
 * `jidoka model import` write it, the model package loader checks it.
 */
export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'MAJOR.MINOR.PATCH'),
  description: z.string().min(1),
  labels: z.array(z.string().min(1).max(64)).min(2).max(1000),
  /** The label of a good part, or null where the model only tells defects apart. */
  goodLabel: z.string().nullable(),
  input: z.strictObject({
    name: z.string().min(1),
    width: z.number().int().min(1).max(4096),
    height: z.number().int().min(1).max(4096),
    channels: z.union([z.literal(1), z.literal(3)]),
    /** Order of the tensor's axes; the batch comes first. `FLAT`: one row of height * width * channels values. */
    layout: z.enum(['NHWC', 'NCHW', 'FLAT']),
    type: z.enum(['uint8', 'float32']),
  }),
  preprocessing: z.strictObject({
    /** `stretch` ignores the aspect; `letterbox` keeps it and fills with `fill`; `cover` keeps it and cuts the rest. */
    resize: z.enum(['stretch', 'letterbox', 'cover']),
    kernel: z.enum(['nearest', 'linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3']),
    /** Grey level of letterbox bars, 0…255. */
    fill: z.number().int().min(0).max(255).default(0),
    /** For float32 input: `(pixel * scale - mean) / std`, one value or one a channel. uint8 input scales in the graph. */
    scale: z.number().default(1),
    mean: channelValues.default([0]),
    std: channelValues.default([1]),
    /** Which of three channels comes first: red, or blue as in OpenCV. `mean` and `std` are in this order. */
    order: z.enum(['rgb', 'bgr']).default('rgb'),
  }),
  output: z.strictObject({
    name: z.string().min(1),
    activation: z.enum(['softmax', 'logits']),
    /**
     * A second output, the class-activation map: float32 [batch, rows, columns, labels], the evidence that each spot
     * gives for each class, higher for more. The rows and columns cover the model's input evenly.
     */
    map: z
      .strictObject({
        name: z.string().min(1),
        rows: z.number().int().min(1).max(1024),
        columns: z.number().int().min(1).max(1024),
      })
      .nullable()
      .default(null),
  }),
  variants: z.record(variantName, variantSchema),
  /** The variant that runs where the configuration names none. */
  defaultVariant: variantName,
  /** Pictures with the scores they must give, checked whenever the model is loaded. */
  golden: goldenSchema.nullable(),
  /** License of the weights, as an SPDX expression or the words of the data's owner. */
  license: z.string().min(1),
  /** Where the training data comes from, with its citation. */
  dataSource: z.string().min(1),
  /** The split that the figures come from, and the command that gives them. */
  validation: z.strictObject({ split: z.string().min(1), command: z.string().min(1) }).nullable(),
  training: z
    .strictObject({
      createdAt: z.iso.datetime(),
      seed: z.number().int(),
      framework: z.string().min(1),
      images: z.number().int().min(1),
      epochs: z.number().int().min(1),
    })
    .nullable(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Variant = Manifest['variants'][string];
export type GoldenSample = z.infer<typeof goldenSampleSchema>;
