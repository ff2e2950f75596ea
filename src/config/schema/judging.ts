import { z } from 'zod';
import { probability, variantNameSchema } from './common.js';

export const modelSchema = z
  .strictObject({
    package: z
      .string()
      .min(1)
      .describe(
        'Folder of the model package: `NAME/VERSION` below `inference.models`, or a path. With `NAME` alone the highest version is taken.',
      )
      .meta({ examples: ['magnetic-tile/1.0.0'] }),
    variant: variantNameSchema
      .optional()
      .describe("Which form of the model runs, as its package names it. Default: the package's default variant.")
      .meta({ examples: ['int8'] }),
    providers: z
      .array(z.enum(['cpu', 'webgpu', 'cuda', 'tensorrt', 'openvino', 'coreml', 'dml', 'xnnpack']))
      .min(1)
      .optional()
      .describe('Execution providers for this model in order of preference. Default: `inference.providers`.'),
  })
  .describe('The CNN that judges.');
export type ModelConfig = z.infer<typeof modelSchema>;

const classRuleSchema = z.strictObject({
  action: z
    .enum(['fail', 'review', 'ignore'])
    .describe('What the class means for the part: reject it, let a person look, or nothing.'),
  threshold: probability.default(0.5).describe('The rule holds from this score on.'),
});

export const verdictSchema = z
  .strictObject({
    minimumPassConfidence: probability
      .optional()
      .describe("Score of the good class from which a part passes automatically. Default: the model's own threshold."),
    defaultAction: z
      .enum(['fail', 'review', 'ignore'])
      .default('fail')
      .describe('For defect classes without a rule of their own.'),
    classes: z
      .record(z.string(), classRuleSchema)
      .default({})
      .describe("Rules by class name, as the model's labels spell it."),
  })
  .describe('How scores and sensor values become pass, fail or review.');
