import { z } from 'zod';
import { positiveMs, secretSchema } from './common.js';

export const mqttSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^(mqtt|mqtts|ws|wss)$/, hostname: /./ })
      .describe('The broker: `mqtt://HOST:1883`, `mqtts://HOST:8883`, `ws://…` or `wss://…`.')
      .meta({ examples: ['mqtt://broker.plant.local:1883'] }),
    baseTopic: z
      .string()
      .regex(/^[^+#/\s$]([^+#]*[^+#/\s])?$/, 'no + or #, no slash or space at either end, no $ at the beginning')
      .max(200)
      .default('jidoka')
      .describe('Every topic begins with it: `BASE/status`, `BASE/STATION/inspection`, `BASE/STATION/state`.'),
    protocol: z
      .enum(['auto', '5', '3.1.1'])
      .default('auto')
      .describe('`auto` tries MQTT 5 and falls back to 3.1.1 where the broker refuses it.'),
    clientId: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe("Default: `jidoka-` and the gateway's name. Two clients with one id throw each other out."),
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
    tls: z
      .strictObject({
        ca: z.string().min(1).optional().describe("PEM file of the authority that signed the broker's certificate."),
        cert: z.string().min(1).optional().describe("PEM file of this client's certificate."),
        key: z.string().min(1).optional().describe("PEM file of this client's private key."),
        serverName: z.string().min(1).optional().describe("Name to expect in the broker's certificate."),
      })
      .optional()
      .describe("For `mqtts` and `wss`. The broker's certificate is always verified."),
  })
  .describe('The MQTT broker that the verdicts go to.');
export type MqttConfig = z.infer<typeof mqttSchema>;

export const opcuaConnectionSchema = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^opc\.tcp$/, hostname: /./ })
      .describe('`opc.tcp://HOST:PORT/PATH` of the server.')
      .meta({ examples: ['opc.tcp://plc1.plant.local:4840'] }),
    securityMode: z
      .enum(['none', 'sign', 'signAndEncrypt'])
      .default('none')
      .describe('Message security. Anything but `none` needs certificates on both sides.'),
    securityPolicy: z
      .enum(['None', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'])
      .default('None')
      .describe('Must be one that the server offers together with the mode.'),
    username: z.string().min(1).optional().describe('User name; without it the session is anonymous.'),
    password: secretSchema.optional(),
    publishingIntervalMs: z
      .number()
      .int()
      .min(20)
      .max(60_000)
      .default(200)
      .describe('How often the server sends what has changed.'),
    lostAfterMs: positiveMs
      .default(5000)
      .describe('Neither data nor keep-alive for this long: the session is thrown away and built anew.'),
    reconnectMaxMs: positiveMs.default(30_000).describe('Longest wait between two attempts to connect.'),
  })
  .describe('One OPC UA server.');
export type OpcuaConnectionConfig = z.infer<typeof opcuaConnectionSchema>;
