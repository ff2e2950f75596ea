import { z } from 'zod';
import { positiveMs, secretSchema } from './common.js';

const keyPair = (whose: string) =>
  z.strictObject({
    cert: z
      .string()
      .min(1)
      .describe(`File of ${whose} certificate, PEM or DER; certificates of its issuers may follow.`),
    key: z.string().min(1).describe('File of its private key, PEM or DER, without a pass phrase.'),
  });

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
    userCertificate: keyPair("the user's")
      .optional()
      .describe('Logs in with a certificate in place of a user name. Renewed files are taken at the next connection.'),
    applicationCertificate: keyPair("the gateway's")
      .optional()
      .describe(
        'The certificate that the gateway presents, from an authority of the plant. Default: a self-signed one in the `pki` folder, made when it is missing. Renewed files are taken at the next connection.',
      ),
    checkHostName: z
      .boolean()
      .default(true)
      .describe(
        "With message security: the server's certificate must name the host of `endpoint`. `false` for servers that are reached by another name; it must be trusted all the same.",
      ),
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
    clock: z
      .enum(['server', 'gateway'])
      .default('server')
      .describe(
        "Whose clock the source times of the tags carry. `server`: the server's; its difference to the gateway's is measured and taken off. `gateway`: they are believed as they come.",
      ),
    clockWarnMs: positiveMs
      .default(1000)
      .describe("A difference between the server's clock and the gateway's from which on it is reported as trouble."),
    reconnectMaxMs: positiveMs.default(30_000).describe('Longest wait between two attempts to connect.'),
  })
  .describe('One OPC UA server.');
export type OpcuaConnectionConfig = z.infer<typeof opcuaConnectionSchema>;
