import type { z } from 'zod';
import {
  type GoldenSample,
  goldenSampleSchema,
  type Manifest,
  manifestSchema,
  type Variant,
  variantSchema,
} from './manifest.js';
import { quoted } from './quoted.js';

/** How far the scores of a golden sample may be from a sum of 1: they are written rounded. */
const SUM_TOLERANCE = 0.01;
/** A map goes from thread to thread with a part: 16 MB of float32. */
const MAX_MAP_VALUES = 4_194_304;
/** Golden pictures are handed to a worker together, as the pixels of the model's input. */
const MAX_GOLDEN_BYTES = 67_108_864;

/** Those parts of a manifest that keep their schema; a part that does not is absent, and its fault is told elsewhere. */
type SoundParts = Partial<Omit<Manifest, 'variants' | 'golden'>> & {
  /** Every name that stands there, the names of faulty variants included; undefined where there is no such section. */
  readonly variantNames: readonly string[] | undefined;
  readonly variants: readonly (readonly [string, Variant])[];
  readonly samples: readonly { readonly path: string; readonly sample: GoldenSample }[];
};

/**
 * What the schema cannot say since it concerns several fields. It looks at the JSON as it stands, whatever faults the
 * schema has found, so that all problems are told together.
 */
export function contradictions(json: unknown): string[] {
  const parts = soundParts(json);
  return [
    ...labelProblems(parts),
    ...preprocessingProblems(parts),
    ...mapProblems(parts),
    ...variantProblems(parts),
    ...goldenProblems(parts),
  ];
}

function soundParts(json: unknown): SoundParts {
  const fields = entriesOf(json).flatMap(([key, value]) => {
    const field = Object.hasOwn(manifestSchema.shape, key)
      ? manifestSchema.shape[key as keyof typeof manifestSchema.shape]
      : undefined;
    return field === undefined ? [] : sound(field, value).map((data) => [key, data] as const);
  });
  const variants = memberOf(json, 'variants');
  const samples = memberOf(memberOf(json, 'golden'), 'samples');
  return {
    ...(Object.fromEntries(fields) as Partial<Omit<Manifest, 'variants' | 'golden'>>),
    variantNames: variants === undefined ? undefined : entriesOf(variants).map(([name]) => name),
    variants: entriesOf(variants).flatMap(([name, value]) =>
      sound(variantSchema, value).map((variant) => [name, variant] as const),
    ),
    samples: (Array.isArray(samples) ? samples : []).flatMap((value: unknown, index) =>
      sound(goldenSampleSchema, value).map((sample) => ({ path: `golden.samples[${index}]`, sample })),
    ),
  };
}

function labelProblems({ labels, goodLabel }: SoundParts): string[] {
  if (labels === undefined) return [];
  const problems = repeated(labels).map((label) => `labels: "${label}" stands there twice, write each label once`);
  if (goodLabel !== undefined && goodLabel !== null && !labels.includes(goodLabel)) {
    problems.push(`goodLabel: "${goodLabel}" is not among the labels, write one of ${quoted(labels)} or null`);
  }
  return problems;
}

function preprocessingProblems({ preprocessing, input }: SoundParts): string[] {
  if (preprocessing === undefined) return [];
  const { scale, mean, std } = preprocessing;
  const problems: string[] = [];
  if (std.includes(0)) problems.push('preprocessing.std: 0 divides by zero, write another number');
  if (input === undefined) return problems;
  if (preprocessing.order === 'bgr' && input.channels === 1) {
    problems.push('preprocessing.order: "bgr" is for three channels, leave it out');
  }
  for (const [field, { length }] of Object.entries({ mean, std })) {
    if (length !== 1 && length !== input.channels) {
      problems.push(`preprocessing.${field}: ${length} values, write 1 or ${input.channels} (one a channel)`);
    }
  }
  const scales = scale !== 1 || mean.some((value) => value !== 0) || std.some((value) => value !== 1);
  if (input.type === 'uint8' && scales) {
    problems.push(
      'preprocessing: scale, mean and std are for float32 input, leave them out and scale uint8 input in the graph',
    );
  }
  return problems;
}

function mapProblems({ output, input, labels }: SoundParts): string[] {
  const map = output?.map;
  if (output === undefined || map === undefined || map === null) return [];
  const problems: string[] = [];
  if (map.name === output.name) {
    problems.push(`output.map.name: "${map.name}" is the output with the scores, write the name of the other output`);
  }
  if (input !== undefined) {
    for (const [field, most, limit] of [
      ['rows', input.height, 'height'],
      ['columns', input.width, 'width'],
    ] as const) {
      if (map[field] <= most) continue;
      problems.push(`output.map.${field}: ${map[field]}, write at most the input's ${limit}, ${most}`);
    }
  }
  const values = map.rows * map.columns * (labels?.length ?? 0);
  if (values > MAX_MAP_VALUES) {
    problems.push(`output.map: ${values} values with one a label, make the map coarser (at most ${MAX_MAP_VALUES})`);
  }
  return problems;
}

function variantProblems(parts: SoundParts): string[] {
  const { variantNames, defaultVariant, variants, output, goodLabel, validation } = parts;
  const problems: string[] = [];
  if (variantNames !== undefined && defaultVariant !== undefined && !variantNames.includes(defaultVariant)) {
    const choice = variantNames.length === 0 ? 'describe it under variants' : `write one of ${quoted(variantNames)}`;
    problems.push(`defaultVariant: "${defaultVariant}" is not among the variants, ${choice}`);
  }
  const hashes = new Map<string, string>();
  for (const [name, { temperature, metrics, thresholds, file, sha256 }] of variants) {
    if (output?.activation === 'softmax' && temperature !== 1) {
      problems.push(`variants.${name}.temperature: only for the activation "logits", write 1 or leave it out`);
    }
    if (goodLabel === null && thresholds.length > 0) {
      problems.push(`variants.${name}.thresholds: only where there is a goodLabel, leave them out`);
    }
    for (const rate of ['escapeRate', 'falseRejectRate'] as const) {
      if (goodLabel !== null || typeof metrics?.[rate] !== 'number') continue;
      problems.push(`variants.${name}.metrics.${rate}: only where there is a goodLabel, write null`);
    }
    if (validation === null && metrics !== null) {
      problems.push(`variants.${name}.metrics: figures of an unknown split, name it under validation or write null`);
    }
    if ((hashes.get(file) ?? sha256) !== sha256) {
      problems.push(`variants.${name}.sha256: another variant gives "${file}" another hash, write the file's own`);
    }
    hashes.set(file, sha256);
  }
  return problems;
}

function goldenProblems({ samples, variantNames, labels, input }: SoundParts): string[] {
  const problems = repeated(samples.map(({ sample }) => sample.file)).map(
    (file) => `golden.samples: "${file}" stands there twice, write each picture once`,
  );
  for (const { path, sample } of samples) {
    const named = Object.keys(sample.scores);
    const missing = (variantNames ?? named).filter((name) => !named.includes(name));
    if (missing.length > 0) problems.push(`${path}.scores: lacks ${quoted(missing)}, write scores for every variant`);
    const unknown = named.filter((name) => variantNames?.includes(name) === false);
    if (unknown.length > 0) problems.push(`${path}.scores: ${quoted(unknown)} is no variant, leave it out`);
    for (const [name, scores] of Object.entries(sample.scores)) {
      if (labels !== undefined && scores.length !== labels.length) {
        problems.push(`${path}.scores.${name}: ${scores.length} scores, write ${labels.length} (one a label)`);
      }
      const sum = scores.reduce((total, score) => total + score, 0);
      if (Math.abs(sum - 1) > SUM_TOLERANCE) {
        problems.push(`${path}.scores.${name}: the scores sum to ${sum.toFixed(4)}, write probabilities that sum to 1`);
      }
    }
  }
  const bytes = input === undefined ? 0 : samples.length * input.width * input.height * input.channels;
  if (bytes > MAX_GOLDEN_BYTES) {
    problems.push(`golden.samples: ${bytes} bytes of model input, leave some out (at most ${MAX_GOLDEN_BYTES} bytes)`);
  }
  return problems;
}

/** The value as the schema reads it, or nothing. */
function sound<T extends z.ZodType>(schema: T, value: unknown): z.output<T>[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [parsed.data] : [];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function memberOf(value: unknown, key: string): unknown {
  return entriesOf(value).find(([name]) => name === key)?.[1];
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
