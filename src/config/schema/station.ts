import { z } from 'zod';
import { cameraSchema } from './camera.js';
import { nameSchema, positiveMs } from './common.js';
import { modelSchema, verdictSchema } from './judging.js';
import { connection, nodeId } from './node-id.js';
import { plcOutputSchema } from './plc.js';
import { qualitySchema } from './quality.js';
import { recipeNameSchema, recipesSchema } from './recipes.js';
import { partsSchema, passesNeededSchema, regionsSchema } from './regions.js';

export const triggerSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('frame') }).describe('Every frame is a part.'),
    z
      .strictObject({
        kind: z.literal('timer'),
        everyMs: positiveMs.describe('Time between two parts.').meta({ examples: [1000] }),
      })
      .describe('A part at a fixed interval.'),
    z
      .strictObject({
        kind: z.literal('tag'),
        connection,
        nodeId,
        edge: z
          .enum(['rising', 'any'])
          .default('rising')
          .describe(
            '`rising`: false to true, or a larger number; `any`: every change, for a toggle. A number that falls to 0 is a PLC that was restarted, and no part.',
          ),
        samplingMs: z.number().int().min(10).max(10_000).default(50).describe('Sampling interval asked of the server.'),
        partId: nodeId
          .optional()
          .describe(
            "The part's id, a number or a string, read with the edge. The PLC holds it until `busy` or `triggerAck`. May be the trigger itself where that counts parts.",
          ),
        recipe: nodeId
          .optional()
          .describe("The part's recipe, a number or a string, read with the edge as `partId` is."),
      })
      .describe('A part at each edge of a PLC tag.'),
  ])
  .describe('What opens a part.');
export type TriggerConfig = z.infer<typeof triggerSchema>;

export const sensorSchema = z
  .strictObject({
    name: nameSchema
      .describe('Name of the value in messages and on the dashboard.')
      .meta({ examples: ['oven-temperature'] }),
    connection,
    nodeId,
    unit: z.string().max(32).optional().describe('Engineering unit, as it goes into messages.'),
    samplingMs: z.number().int().min(10).max(3_600_000).default(500).describe('Sampling interval asked of the server.'),
    staleAfterMs: positiveMs
      .default(10_000)
      .describe(
        'A reading is stale when the server was not heard from for this long before the capture. A value that has not changed is not stale while the server lives.',
      ),
    valueAt: z
      .enum(['last', 'interpolate'])
      .default('last')
      .describe(
        'The value at the capture: `last` takes the last one measured before it; `interpolate` a number on the straight line to the next one, where that has arrived in time. Never across a gap, a bad value or a reconnection.',
      ),
    min: z.number().optional().describe('Below it a part is not passed automatically.'),
    max: z.number().optional().describe('Above it a part is not passed automatically.'),
    required: z.boolean().default(true).describe('A stale or bad reading sends the part to review.'),
  })
  .describe('One process value.');
export type SensorConfig = z.infer<typeof sensorSchema>;

export const stationSchema = z
  .strictObject({
    name: nameSchema.describe('Name of the inspection point in topics and messages.').meta({ examples: ['press-1'] }),
    camera: cameraSchema.describe('Where the pictures come from.'),
    trigger: triggerSchema.default({ kind: 'frame' }),
    sensors: z.array(sensorSchema).max(500).default([]).describe('Process values read with each part.'),
    model: modelSchema,
    verdict: verdictSchema.prefault({}),
    regions: regionsSchema.optional(),
    passesNeeded: passesNeededSchema.optional(),
    parts: partsSchema.default('one'),
    recipes: recipesSchema.default({}),
    defaultRecipe: recipeNameSchema
      .optional()
      .describe('Recipe for parts that come without one. Default: the station itself, as it stands without recipes.'),
    quality: qualitySchema.optional(),
    output: z
      .strictObject({ plc: plcOutputSchema.optional() })
      .default({})
      .describe('Where the verdict goes besides MQTT.'),
    images: z
      .enum(['all', 'fails-and-reviews', 'none'])
      .default('fails-and-reviews')
      .describe('Which images are kept.'),
    queue: z
      .strictObject({
        length: z.number().int().min(1).max(1000).default(8).describe('Frames that may wait for inspection.'),
        overflow: z
          .enum(['wait', 'drop-oldest', 'drop-newest'])
          .optional()
          .describe('When it is full. Default: `wait` for folders, `drop-oldest` for live cameras. Drops are counted.'),
      })
      .prefault({})
      .describe('What happens when frames come faster than they are inspected.'),
    frameTimeoutMs: positiveMs
      .default(2000)
      .describe('A part without a frame for this long after its trigger is recorded as review.'),
    maxFrameAgeMs: positiveMs
      .optional()
      .describe(
        'A frame that was captured longer ago than this is not inspected, and counted: it may show the part before. For live cameras; pictures in a folder may lie there for long. Default: any age.',
      )
      .meta({ examples: [500] }),
  })
  .describe('One inspection point.');
export type StationConfig = z.infer<typeof stationSchema>;
