import { z } from 'zod';
import { INSPECTION_SCHEMA } from '../domain/message.js';
import { STATE_SCHEMA, STATUS_SCHEMA } from '../domain/state.js';
import { REASON_CODES } from '../domain/verdict.js';
import {
  COMMAND_RESULT_SCHEMA,
  COMMAND_SCHEMA,
  commandPayloadSchema,
  commandResultPayloadSchema,
} from './commands-payload.js';

const time = z.iso.datetime().describe('ISO 8601 in UTC with milliseconds.');
const verdict = z.enum(['pass', 'fail', 'review']);
const count = z.int().min(0);
const share = z.number().min(0).max(1);
const durationMs = z.number().min(0);

const readingSchema = z.object({
  sensor: z.string().describe('Name of the sensor in the config.'),
  value: z
    .union([z.number(), z.boolean(), z.string(), z.null()])
    .describe('null where nothing was ever received or the server sent no value.'),
  unit: z.string().exactOptional().describe('Engineering unit, where the config names one.'),
  quality: z.enum(['good', 'uncertain', 'bad']).describe('Quality that the OPC UA server gave the value.'),
  status: z.string().describe('The OPC UA status by name; `NoData` where nothing was ever received.'),
  sourceTime: time.nullable().describe('When the source says it measured; null where nothing was received.'),
  ageMs: z.int().nullable().describe('Capture time minus source time.'),
  stale: z.boolean().describe("The value is older than the sensor's limit, or its server is away."),
});

/** `BASE/STATION/inspection`. */
export const inspectionPayloadSchema = z
  .object({
    schema: z.literal(INSPECTION_SCHEMA).describe('Changes when a consumer of the old form would misread the new one.'),
    id: z.uuid({ version: 'v7' }).describe('The same inspection always has the same id: drop ids already seen.'),
    station: z.string().describe('Name of the inspection point.'),
    seq: z.int().min(1).describe("Counts the station's inspections from 1 without gaps."),
    partId: z.string().exactOptional().describe('The id the PLC or MES knows the part by.'),
    source: z.string().exactOptional().describe('Name of the file that was inspected, where it was a file.'),
    capturedAt: time.describe('Time of the exposure, ISO 8601 in UTC.'),
    decidedAt: time.describe('Time of the verdict, ISO 8601 in UTC.'),
    verdict: verdict.describe('`review` means that a person must look.'),
    reasons: z
      .array(
        z.object({
          code: z.enum(REASON_CODES).describe('Stable code.'),
          text: z.string().describe('A plain sentence with the names and values in it.'),
        }),
      )
      .describe('Why the part did not simply pass, the deciding reason first; empty for a pass.'),
    class: z.string().nullable().describe('The class with the highest score; null where the model could not judge.'),
    score: share.nullable().describe('Its score.'),
    scores: z.record(z.string(), share).nullable().describe('Every class with its score.'),
    readings: z
      .array(readingSchema)
      .describe('Every sensor of the station at capture time, in the order of the config.'),
    model: z
      .object({
        name: z.string(),
        version: z.string(),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .describe('Of the ONNX file.'),
      })
      .describe('The model that judged.'),
    latencyMs: z
      .object({
        wait: durationMs.describe('From capture to the start of the inspection.'),
        queue: durationMs.exactOptional().describe('Waiting for a free worker.'),
        preprocess: durationMs.exactOptional().describe('Decoding, cutting, turning, resizing.'),
        inference: durationMs.exactOptional().describe('In the model.'),
        total: durationMs.describe('From capture to verdict.'),
      })
      .describe('Milliseconds by stage; a stage that did not happen is absent.'),
  })
  .describe('One inspected part, on BASE/STATION/inspection.');

/** `BASE/status`. */
export const statusPayloadSchema = z
  .object({
    schema: z.literal(STATUS_SCHEMA),
    gateway: z.string().describe('Name of the gateway.'),
    state: z.enum(['online', 'offline']),
    at: time.describe('When this state began; in an offline message that the broker sent, the time of the connection.'),
    version: z.string().describe('Version of jidoka.'),
    startedAt: time.describe('When the daemon started.'),
    stations: z.array(z.string()).describe('Names of the inspection points.'),
    health: z.enum(['ok', 'degraded']),
    troubles: z
      .array(
        z.object({
          where: z.string(),
          text: z.string().describe('A plain sentence.'),
          acknowledged: z
            .object({ at: time, by: z.string() })
            .exactOptional()
            .describe('Present once somebody has said that they know of it.'),
        }),
      )
      .describe('What is wrong; empty when all is well.'),
    outboxRows: count.describe('Messages that wait for the broker.'),
    commands: z
      .object({
        done: count.describe('They took effect.'),
        failed: count.describe('They could not be carried out.'),
        refused: count.describe('They were none, or not allowed.'),
      })
      .exactOptional()
      .describe('Commands since the daemon started; absent where none are taken.'),
  })
  .describe("The gateway's own state, retained on BASE/status.");

/** `BASE/STATION/state`. */
export const statePayloadSchema = z
  .object({
    schema: z.literal(STATE_SCHEMA),
    station: z.string(),
    at: time.describe('When this state was taken.'),
    last: z
      .object({
        id: z.uuid({ version: 'v7' }),
        seq: z.int().min(1),
        verdict,
        class: z.string().nullable(),
        score: share.nullable(),
        capturedAt: time,
      })
      .nullable()
      .describe('The newest inspection; null before the first.'),
    counts: z
      .object({ pass: count, fail: count, review: count, total: count })
      .describe("Totals since the station's first part."),
    firstPassYield: share.nullable().describe('pass / total; null before the first part.'),
    paused: z
      .object({ since: time, by: z.string(), reason: z.string().exactOptional() })
      .nullable()
      .describe('Since when and by whom the station is paused; null where parts are inspected.'),
    dropped: z
      .object({
        camera: count.describe('Frames the camera lost.'),
        station: count.describe("Frames the station's full queue dropped."),
        paused: count.describe('Frames and triggers that came during a pause.'),
      })
      .describe('What was not inspected, since the daemon started.'),
    quarantined: count.describe('Files set aside with a reason, since the daemon started.'),
    failed: z
      .object({
        plcWrites: count.describe('Verdicts that the PLC did not take.'),
        records: count.describe('Inspections that the database refused.'),
      })
      .describe('What could not be done, since the daemon started.'),
    camera: z.string().describe('State of the camera.'),
    model: z.object({
      name: z.string(),
      version: z.string(),
      variant: z.string().describe('Which form of the model runs, such as `fp32` or `int8`.'),
      provider: z.string().describe('The execution provider in use.'),
    }),
    thresholds: z
      .object({
        good: share.describe('Score of the good class from which a part passes.'),
        classes: z.record(z.string(), share).describe('By class: the score from which its rule holds.'),
        changed: z.boolean().describe('A command has made them other than the configuration says.'),
      })
      .describe('What the next part is judged by.'),
  })
  .describe("A station's running state, retained on BASE/STATION/state.");

/**
 * The JSON Schemas (draft 2020-12) of the payloads by file name, as docs/schemas holds them. They leave members open
 * that they do not name: a later version may add some, and consumers must let them pass.
 */
export function payloadSchemas(): Record<string, object> {
  return {
    'inspection.v1.json': jsonSchema(inspectionPayloadSchema, 'urn:jidoka:inspection:1', INSPECTION_SCHEMA),
    'status.v1.json': jsonSchema(statusPayloadSchema, 'urn:jidoka:status:1', STATUS_SCHEMA),
    'state.v1.json': jsonSchema(statePayloadSchema, 'urn:jidoka:state:1', STATE_SCHEMA),
    'command.v1.json': jsonSchema(commandPayloadSchema, 'urn:jidoka:command:1', COMMAND_SCHEMA),
    'command-result.v1.json': jsonSchema(
      commandResultPayloadSchema,
      'urn:jidoka:command-result:1',
      COMMAND_RESULT_SCHEMA,
    ),
  };
}

/** The file's content for one of `payloadSchemas()`. */
export function payloadSchemaText(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function jsonSchema(schema: z.ZodType, id: string, title: string): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    // The input side names no `additionalProperties: false`.
    io: 'input',
    override: ({ jsonSchema: node }) => {
      // `format` says the same in words people know.
      if (node.format === 'date-time' || node.format === 'uuid') delete node.pattern;
      if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
      if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
      if (node.propertyNames !== undefined) delete node.propertyNames;
    },
  });
  return { $schema, $id: id, title, ...rest };
}
