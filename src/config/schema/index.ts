import { z } from 'zod';
import { nameSchema } from './common.js';
import { opcuaConnectionSchema } from './connections.js';
import { destinationsSchema, mqttSchema } from './mqtt.js';
import { opcuaServerSchema } from './opcua-server.js';
import { stationSchema } from './station.js';

export const storageSchema = z
  .strictObject({
    directory: z
      .string()
      .min(1)
      .optional()
      .describe('Folder of the database and the images. Default: `$STATE_DIRECTORY` under systemd, else `./state`.'),
    imageQuotaBytes: z
      .number()
      .int()
      .min(1_048_576)
      .default(2_147_483_648)
      .describe('Kept images use at most this much; the oldest go first.'),
    imageDays: z.number().int().min(1).max(36_500).optional().describe('Kept images older than this are deleted.'),
    inspectionDays: z
      .number()
      .int()
      .min(1)
      .max(36_500)
      .default(730)
      .describe('Inspections older than this are deleted, once every destination has them.'),
    inspectionQuotaBytes: z
      .number()
      .int()
      .min(16_777_216)
      .default(8_589_934_592)
      .describe('The database uses at most about this much; the oldest inspections go first.'),
    outboxQuotaBytes: z
      .number()
      .int()
      .min(1_048_576)
      .default(2_147_483_648)
      .describe(
        'Messages that wait for a destination use at most this much. Beyond it the oldest passes are given up, then reviews, then fails; what was given up is counted and published.',
      ),
    jpegQuality: z.number().int().min(1).max(100).default(85).describe('For frames that are not JPEG already.'),
  })
  .describe('What is kept on the gateway.');

export const inferenceSchema = z
  .strictObject({
    models: z
      .string()
      .min(1)
      .optional()
      .describe('Folder of the model packages. Default: the models that come with jidoka.'),
    workers: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('Worker threads a model. More than one pays where the gateway has cores to spare.'),
    providers: z
      .array(z.enum(['cpu', 'webgpu', 'cuda', 'tensorrt', 'openvino', 'coreml', 'dml', 'xnnpack']))
      .min(1)
      .default(['cpu'])
      .describe('Execution providers in order of preference; where one cannot be loaded the next is taken.'),
    maxImagePixels: z
      .number()
      .int()
      .min(10_000)
      .max(1_000_000_000)
      .default(100_000_000)
      .describe('Larger pictures are refused before they are decoded.'),
  })
  .describe('How the models run.');

const level = z
  .string()
  .regex(/^[^+#/\s$\p{Cc}]+$/u, 'no +, #, /, $, spaces or control characters')
  .max(64)
  .optional();

/** The levels of ISA-95 (IEC 62264) that a unified namespace is built from. */
export const locationSchema = z
  .strictObject({
    enterprise: level.describe('The company.'),
    site: level.describe('The plant.'),
    area: level.describe('The hall or department.'),
    line: level.describe('The production line.'),
    cell: level.describe('The work cell.'),
  })
  .describe('Where this gateway stands, from the company down to the cell: the beginning of its topics.');

export const configSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this format.'),
    gateway: z
      .strictObject({
        name: nameSchema.describe('Name of this gateway, unique in the plant.').meta({ examples: ['press-hall-2'] }),
        location: locationSchema.optional(),
      })
      .describe('Who this is.'),
    storage: storageSchema.prefault({}),
    inference: inferenceSchema.prefault({}),
    mqtt: mqttSchema,
    destinations: destinationsSchema,
    opcua: z
      .record(nameSchema, opcuaConnectionSchema)
      .default({})
      .describe('OPC UA servers by the name that sensors, triggers and outputs refer to.'),
    opcuaServer: opcuaServerSchema.optional(),
    stations: z.array(stationSchema).min(1).max(64).describe('The inspection points of this gateway.'),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severity that is written.'),
        format: z
          .enum(['auto', 'json', 'text'])
          .default('auto')
          .describe('`auto`: text on a terminal, one JSON object a line elsewhere.'),
      })
      .prefault({})
      .describe('The log, on standard error.'),
  })
  .describe('Configuration of a jidoka gateway. Relative paths start at the folder of this file.');

export type Config = z.infer<typeof configSchema>;
