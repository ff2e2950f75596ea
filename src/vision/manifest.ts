import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');
const channelValues = z.array(z.number()).min(1).max(3);

/**
 * `model.json` of a model package `NAME/VERSION/{model.onnx, model.json, CARD.md}`. `scripts/train` writes it, the
 * model package loader checks it.
 */
export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'MAJOR.MINOR.PATCH'),
  description: z.string().min(1),
  /** File name beside the manifest. */
  file: z.string().regex(/^[\w.-]+\.onnx$/, 'a file name ending in .onnx, without folders'),
  sha256,
  labels: z.array(z.string().min(1).max(64)).min(2).max(1000),
  /** The label of a good part, or null where the model only tells defects apart. */
  goodLabel: z.string().nullable(),
  input: z.strictObject({
    name: z.string().min(1),
    width: z.number().int().min(1).max(4096),
    height: z.number().int().min(1).max(4096),
    channels: z.union([z.literal(1), z.literal(3)]),
    /** Order of the tensor's axes; the batch comes first. */
    layout: z.enum(['NHWC', 'NCHW']),
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
  }),
  output: z.strictObject({
    name: z.string().min(1),
    activation: z.enum(['softmax', 'logits']),
    /** Logits are divided by it before the softmax (Guo et al. 2017, "On calibration of modern neural networks"). */
    temperature: z.number().positive().default(1),
  }),
  /** A part is called good from this score of the good label on. */
  goodThreshold: z.number().min(0).max(1).default(0.5),
  /** License of the weights, as an SPDX expression or the words of the data's owner. */
  license: z.string().min(1),
  /** Where the training data comes from, with its citation. */
  dataSource: z.string().min(1),
  /** Figures on the validation split, with the command that gives them. */
  metrics: z.strictObject({
    split: z.string().min(1),
    command: z.string().min(1),
    images: z.number().int().min(1),
    accuracy: z.number().min(0).max(1),
    balancedAccuracy: z.number().min(0).max(1),
    escapeRate: z.number().min(0).max(1).nullable(),
    falseRejectRate: z.number().min(0).max(1).nullable(),
  }),
  training: z.strictObject({
    createdAt: z.iso.datetime(),
    seed: z.number().int(),
    framework: z.string().min(1),
    images: z.number().int().min(1),
    epochs: z.number().int().min(1),
    parameters: z.number().int().min(1),
  }),
});

export type Manifest = z.infer<typeof manifestSchema>;
