import { z } from 'zod';
import type { CommandName } from './command.js';

const share = z.number().min(0).max(1);
/** Words of a person: no control or formatting characters, which could hide what they say. */
const words = (max: number): z.ZodString =>
  z
    .string()
    .regex(/^[^\p{C}]+$/u, 'text without control characters')
    .max(max);

const recipe = words(64);
const recipeMeant = recipe
  .exactOptional()
  .describe('Where the station has recipes: which one is meant. Default: the one in force.');

/** Pictures wider than this are made smaller whatever is asked. */
export const MAX_SNAPSHOT_WIDTH = 4096;

/** What each command can be given: the one source of the check, of docs/schemas and of the documentation. */
export const COMMAND_ARGUMENTS = {
  pause: z.strictObject({
    reason: words(200).exactOptional().describe('Shown in the health for as long as the pause lasts.'),
  }),
  resume: z.strictObject({}),
  inspect: z.strictObject({
    recipe: recipe.exactOptional().describe('For this part. Default: the one in force.'),
  }),
  'set-threshold': z
    .strictObject({
      good: share.exactOptional().describe('Score of the good class from which a part passes.'),
      classes: z
        .record(z.string().min(1).max(128), share)
        .exactOptional()
        .describe('By class: the score from which its rule holds.'),
      recipe: recipeMeant,
    })
    .refine(({ good, classes = {} }) => good !== undefined || Object.keys(classes).length > 0, {
      error: 'give `good`, or at least one class in `classes`',
    }),
  'acknowledge-alarm': z.strictObject({
    alarm: words(256).describe('The `where` of the trouble, as the status has it.'),
  }),
  'select-model': z.strictObject({
    package: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,62}(\/\d{1,6}\.\d{1,6}\.\d{1,6})?$/, 'NAME, or NAME/MAJOR.MINOR.PATCH')
      .describe('`NAME/VERSION` below `inference.models`; with `NAME` alone the highest version is meant.'),
    variant: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'a name of 1 to 32 of a-z, 0-9, - and _')
      .exactOptional()
      .describe("Default: the package's default variant."),
    recipe: recipeMeant,
  }),
  'select-recipe': z.strictObject({
    recipe: recipe
      .exactOptional()
      .describe('For parts that come without a recipe. Default: what the configuration says.'),
  }),
  rebirth: z.strictObject({}),
  snapshot: z.strictObject({
    width: z
      .int()
      .min(16)
      .max(MAX_SNAPSHOT_WIDTH)
      .exactOptional()
      .describe('A wider picture is made this wide. Default: as the camera gives it.'),
    as: z
      .enum(['result', 'topic'])
      .default('result')
      .describe('`result`: in the answer, in base64. `topic`: as bytes on `BASE/STATION/snapshot`.'),
  }),
} as const satisfies Readonly<Record<CommandName, z.ZodType>>;

export type CommandArguments<Name extends CommandName> = z.infer<(typeof COMMAND_ARGUMENTS)[Name]>;

/** Whether a command is for one station, for the whole gateway, or for either. */
export const COMMAND_SCOPE: Readonly<Record<CommandName, 'station' | 'gateway' | 'either'>> = {
  pause: 'either',
  resume: 'either',
  inspect: 'station',
  'set-threshold': 'station',
  'acknowledge-alarm': 'gateway',
  'select-model': 'station',
  'select-recipe': 'station',
  rebirth: 'gateway',
  snapshot: 'station',
};
