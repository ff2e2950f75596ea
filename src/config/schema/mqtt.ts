import { z } from 'zod';
import { COMMAND_NAMES } from '../../domain/command.js';
import { nameSchema, positiveMs, secretSchema } from './common.js';

/** The name under which the outbox and the log know the broker of `mqtt`. */
export const MAIN_DESTINATION = 'mqtt';

const brokerUrl = z.url({ protocol: /^(mqtt|mqtts|ws|wss)$/, hostname: /./ });

const tlsSchema = z
  .strictObject({
    ca: z.string().min(1).optional().describe("PEM file of the authority that signed the broker's certificate."),
    cert: z.string().min(1).optional().describe("PEM file of this client's certificate."),
    key: z.string().min(1).optional().describe("PEM file of this client's private key."),
    serverName: z.string().min(1).optional().describe("Name to expect in the broker's certificate."),
  })
  .describe(
    "For `mqtts` and `wss`. The broker's certificate is always verified. Renewed files are taken without a restart.",
  );

const sparkplugId = z
  .string()
  .regex(/^[^+#/\p{Cc}]+$/u, 'no +, #, / or control characters')
  .max(128);

export const sparkplugSchema = z
  .strictObject({
    groupId: sparkplugId.describe('Sparkplug group id.').meta({ examples: ['press-shop'] }),
    edgeNodeId: sparkplugId.optional().describe("Sparkplug edge node id. Default: the gateway's name."),
    primaryHostId: sparkplugId
      .optional()
      .describe(
        'Host application to wait for: while its STATE is offline nothing is sent and everything is kept for it.',
      ),
  })
  .describe('For `profile: sparkplug`: who this edge node is. Each station is a device.');
export type SparkplugConfig = z.infer<typeof sparkplugSchema>;

export const destinationSchema = z.strictObject({
  url: brokerUrl
    .describe('The broker: `mqtt://HOST:1883`, `mqtts://HOST:8883`, `ws://…` or `wss://…`.')
    .meta({ examples: ['mqtt://broker.plant.local:1883'] }),
  fallbackUrls: z
    .array(brokerUrl)
    .max(8)
    .default([])
    .describe('Further brokers of the same cluster, tried in turn when the one before cannot be reached.'),
  profile: z
    .enum(['json', 'sparkplug'])
    .default('json')
    .describe('`json`: plain topics below `baseTopic`. `sparkplug`: Sparkplug B 3.0.'),
  sparkplug: sparkplugSchema.optional(),
  baseTopic: z
    .string()
    .regex(
      /^[^+#/\s$\p{Cc}]([^+#\p{Cc}]*[^+#/\s\p{Cc}])?$/u,
      'no +, # or control characters, no slash or space at either end, no $ at the beginning',
    )
    .max(200)
    .optional()
    .describe(
      'Every topic begins with it: `BASE/status`, `BASE/STATION/inspection`, `BASE/STATION/state`. It may hold ' +
        '`{enterprise}`, `{site}`, `{area}`, `{line}`, `{cell}` and `{gateway}`. Default: the levels of ' +
        '`gateway.location` that are given, or `jidoka` without any.',
    ),
  protocol: z
    .enum(['auto', '5', '3.1.1'])
    .default('auto')
    .describe('`auto` tries MQTT 5 and falls back to 3.1.1 where the broker refuses it.'),
  clientId: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe(
      "Default: `jidoka-` and the gateway's name, for further destinations with their name behind. Two clients with one id throw each other out.",
    ),
  username: z.string().min(1).optional().describe('User name at the broker.'),
  password: secretSchema.optional(),
  keepAliveSeconds: z.number().int().min(5).max(3600).default(30).describe('MQTT keep-alive.'),
  connectTimeoutMs: positiveMs.default(10_000).describe('How long one attempt to connect may take.'),
  reconnectMaxMs: positiveMs.default(30_000).describe('Longest wait between two attempts to connect.'),
  window: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(50)
    .describe('Messages that may be under way without acknowledgement.'),
  drainPerSecond: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe('After an outage at most so many kept messages a second go out, so that consumers are not flooded.'),
  failsFirst: z
    .boolean()
    .default(false)
    .describe(
      'While older messages still wait, a copy of each fail goes out at once on `BASE/STATION/urgent`. The message itself keeps its place in the sequence.',
    ),
  expireAfterSeconds: z
    .number()
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .describe('Messages that could not be sent for this long are given up and counted. Default: never.'),
  willDelaySeconds: z
    .number()
    .int()
    .min(0)
    .max(3600)
    .default(0)
    .describe('MQTT 5: the broker tells the others of a lost connection only after this time. Not with Sparkplug.'),
  commands: z
    .array(z.enum(COMMAND_NAMES))
    .default([])
    .describe('Commands that are taken from this broker. Without any the agent listens to none.')
    .meta({ examples: [['pause', 'resume']] }),
  tls: tlsSchema.optional(),
});
export type DestinationConfig = z.infer<typeof destinationSchema>;

export const mqttSchema = destinationSchema.describe('The MQTT broker that the verdicts go to.');

export const destinationsSchema = z
  .record(nameSchema, destinationSchema)
  .default({})
  .describe(
    'Further places that get every message too, by name. Each keeps its own account of what it has received, so that one that is away does not hold up the others.',
  );
