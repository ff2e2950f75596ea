import { z } from 'zod';
import { DISCOVERY_SCHEMA } from '../domain/discovery.js';
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

/** What the model said, of a part as of one region. */
const result = {
  class: z.string().nullable().describe('The class with the highest score; null where the model could not judge.'),
  score: share.nullable().describe('Its score.'),
  scores: z.record(z.string(), share).nullable().describe('Every class with its score.'),
};

/** `BASE/STATION/inspection`. */
export const inspectionPayloadSchema = z
  .object({
    schema: z.literal(INSPECTION_SCHEMA).describe('Changes when a consumer of the old form would misread the new one.'),
    id: z.uuid({ version: 'v7' }).describe('The same inspection always has the same id: drop ids already seen.'),
    station: z.string().describe('Name of the inspection point.'),
    seq: z.int().min(1).describe("Counts the station's inspections from 1 without gaps."),
    partId: z.string().exactOptional().describe('The id the PLC or MES knows the part by.'),
    recipe: z.string().exactOptional().describe('What the PLC had set for the part.'),
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
    ...result,
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
    lateMs: durationMs
      .exactOptional()
      .describe('By how much the verdict missed its deadline; the PLC did not get it. Absent where it was in time.'),
    regions: z
      .array(
        z.object({
          name: z.string().describe('Name of the region in the config.'),
          verdict,
          ...result,
        }),
      )
      .exactOptional()
      .describe('Where several regions of the picture were judged, each by itself; `class` is the deciding one.'),
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
    destinations: z
      .record(
        z.string(),
        z.object({
          connected: z.boolean(),
          waiting: count.describe('Messages that wait for it.'),
          shed: count.describe("Messages that were given up for good; the stations' states say which."),
        }),
      )
      .exactOptional()
      .describe('Each destination by name, `mqtt` the main one; absent when offline.'),
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

const latency = z
  .object({ last: durationMs, p50: durationMs, p95: durationMs, max: durationMs })
  .describe('Durations in ms; the percentiles are of the newest 256.');

/** `BASE/STATION/state`. */
export const statePayloadSchema = z
  .object({
    schema: z.literal(STATE_SCHEMA),
    station: z.string(),
    at: time.describe('When this state was taken.'),
    last: z
      .object({
        id: z.uuid({ version: 'v7' }),
        seq: z.int().min(1).nullable().describe('null where the inspection could not be recorded.'),
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
        stale: count.describe('Frames that were older than `maxFrameAgeMs`.'),
      })
      .describe('What was not inspected, since the daemon started.'),
    quarantined: count.describe('Files set aside with a reason, since the daemon started.'),
    failed: z
      .object({
        plcWrites: count.describe('Verdicts that the PLC did not take.'),
        records: count.describe(
          'Inspections that were not recorded: the database refused them, or was in trouble for too long.',
        ),
      })
      .describe('What could not be done, since the daemon started.'),
    plc: z
      .object({
        late: count.describe('Verdicts that missed their deadline; the PLC did not get them.'),
        overruns: count.describe('Triggers that came before the station was ready for them.'),
        ackTimeouts: count.describe('Results that the PLC did not acknowledge in time.'),
        fromDecisionMs: latency
          .nullable()
          .describe('From the verdict until the PLC has taken it; null before the first.'),
        fromTriggerMs: latency.nullable().describe('From the trigger until the PLC has taken the verdict.'),
      })
      .exactOptional()
      .describe('How verdicts reach the PLC, since the daemon started; absent where none does.'),
    shed: z
      .array(
        z.object({
          destination: z.string().describe('Name of the destination that did not get them.'),
          verdict,
          reason: z.enum(['full', 'expired']).describe('`full`: the quota was reached. `expired`: they were too old.'),
          count: count,
        }),
      )
      .describe('Messages that were given up for good, since the first part; empty where none was.'),
    camera: z.string().describe('State of the camera.'),
    recipe: z
      .string()
      .nullable()
      .exactOptional()
      .describe('Present where the station has recipes: the one for parts that bring none; null for none.'),
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

const level = z.string().exactOptional();

/** `BASE/discovery`. */
export const discoveryPayloadSchema = z
  .object({
    schema: z.literal(DISCOVERY_SCHEMA),
    gateway: z.string().describe('Name of the gateway.'),
    version: z.string().describe('Version of jidoka.'),
    baseTopic: z.string().describe('What every topic of this gateway begins with.'),
    location: z
      .object({ enterprise: level, site: level, area: level, line: level, cell: level })
      .describe('Where the gateway stands; levels that are not configured are absent.'),
    topics: z
      .array(
        z.object({
          topic: z.string(),
          direction: z
            .enum(['publish', 'subscribe'])
            .describe('As the gateway sees it: it publishes there, or it subscribes and listens.'),
          carries: z.string().describe('A plain sentence.'),
          qos: z.union([z.literal(0), z.literal(1)]),
          retained: z.boolean(),
          station: z.string().exactOptional().describe('The inspection point it belongs to.'),
          contentType: z.string().describe('MIME type of the payload.'),
          schema: z
            .string()
            .exactOptional()
            .describe('The value of `schema` in the payload; absent for other than JSON.'),
          schemaId: z.string().exactOptional().describe('`$id` of the JSON Schema, the key in `schemas`.'),
        }),
      )
      .describe('Every topic of this gateway.'),
    stations: z
      .array(
        z.object({
          name: z.string(),
          camera: z.string().describe('Kind of camera.'),
          trigger: z.string().describe('What opens a part.'),
          model: z
            .object({
              name: z.string(),
              version: z.string(),
              labels: z.array(z.string()).describe('The classes it tells apart, the values of `class`.'),
              goodLabel: z
                .string()
                .nullable()
                .describe('The label of a good part; null for a model that only tells defects apart.'),
            })
            .nullable()
            .describe('The model that judges; null until it is loaded.'),
          recipes: z.array(z.string()).exactOptional().describe('The recipes of the station, where it has any.'),
          sensors: z.array(
            z.object({
              name: z.string(),
              unit: z.string().exactOptional().describe('Engineering unit.'),
              min: z.number().exactOptional().describe('Below it a part is not passed automatically.'),
              max: z.number().exactOptional().describe('Above it a part is not passed automatically.'),
              required: z.boolean().describe('A stale or bad reading sends the part to review.'),
            }),
          ),
        }),
      )
      .describe('The inspection points.'),
    schemas: z
      .record(z.string(), z.record(z.string(), z.unknown()))
      .exactOptional()
      .describe(
        'The JSON Schemas by `$id`; absent where the message would be larger than brokers commonly take. They are also in docs/schemas of jidoka.',
      ),
  })
  .describe('Every topic of a gateway and what is on it, retained on BASE/discovery.');

/** The payloads by the name of their form. */
const PAYLOADS = {
  [INSPECTION_SCHEMA]: inspectionPayloadSchema,
  [STATUS_SCHEMA]: statusPayloadSchema,
  [STATE_SCHEMA]: statePayloadSchema,
  [DISCOVERY_SCHEMA]: discoveryPayloadSchema,
  [COMMAND_SCHEMA]: commandPayloadSchema,
  [COMMAND_RESULT_SCHEMA]: commandResultPayloadSchema,
} as const;

export interface PayloadForm {
  /** The value of the payload's member `schema`, such as `jidoka.state/1`. */
  readonly name: string;
  readonly id: string;
  /** Name of the file in docs/schemas. */
  readonly file: string;
  /** Draft 2020-12. */
  readonly jsonSchema: Readonly<Record<string, unknown>>;
}

let forms: readonly PayloadForm[] | undefined;

/** What is known of each payload. */
export function payloadForms(): readonly PayloadForm[] {
  forms ??= Object.entries(PAYLOADS).map(([name, schema]) => {
    const [, kind, version] = /^jidoka\.([a-z-]+)\/(\d+)$/.exec(name) ?? [];
    const id = `urn:jidoka:${kind}:${version}`;
    const { $schema, ...rest } = plainJsonSchema(schema, 'draft-2020-12');
    const file = `${kind}.v${version}.json`;
    return { name, id, file, jsonSchema: { $schema, $id: id, title: name, ...rest } };
  });
  return forms;
}

/**
 * The JSON Schemas (draft 2020-12) of the payloads by file name, as docs/schemas holds them. They leave members open
 * that they do not name: a later version may add some, and consumers must let them pass.
 */
export function payloadSchemas(): Record<string, object> {
  return Object.fromEntries(payloadForms().map(({ file, jsonSchema }) => [file, jsonSchema]));
}

/** The file's content for one of `payloadSchemas()`. */
export function payloadSchemaText(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** The schema of a payload in the draft that AsyncAPI documents are written in; undefined for an unknown name. */
export function draft7Schema(name: string): Record<string, unknown> | undefined {
  const schema = Object.entries(PAYLOADS).find(([known]) => known === name)?.[1];
  return schema === undefined ? undefined : plainJsonSchema(schema, 'draft-7');
}

function plainJsonSchema(schema: z.ZodType, target: 'draft-2020-12' | 'draft-7'): Record<string, unknown> {
  return z.toJSONSchema(schema, {
    target,
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
}
