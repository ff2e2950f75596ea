import { z } from 'zod';
import { port, secretSchema } from './common.js';

const userSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(128)
    .describe('User name.')
    .meta({ examples: ['mes'] }),
  password: secretSchema,
  role: z
    .enum(['viewer', 'operator'])
    .default('viewer')
    .describe('`viewer` reads and gets events; `operator` also calls methods, which start and stop inspections.'),
});

export const opcuaServerSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address to listen at. Default: this machine alone. `0.0.0.0`: every network of the gateway.')
      .meta({ examples: ['0.0.0.0'] }),
    port: port.default(4840).describe('TCP port.'),
    hostname: z
      .string()
      .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'write a host name or an address')
      .optional()
      .describe(
        'Name or address by which clients reach this gateway. Default: `host`, or the name of the machine where that means every network.',
      ),
    policies: z
      .array(z.enum(['None', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss']))
      .min(1)
      .default(['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'])
      .describe(
        'Security policies that are offered. `None` leaves everything readable on the network; methods can be called over it on this machine alone.',
      ),
    modes: z
      .array(z.enum(['sign', 'signAndEncrypt']))
      .min(1)
      .default(['signAndEncrypt'])
      .describe('Security modes that are offered with each policy but `None`.'),
    anonymous: z
      .boolean()
      .default(false)
      .describe('Clients without a user may read and get events. They never call methods.'),
    users: z.array(userSchema).max(64).default([]).describe('Who may log in.'),
    certificate: z
      .strictObject({
        cert: z.string().min(1).describe('PEM file of the certificate.'),
        key: z.string().min(1).describe('PEM file of its key, without a passphrase.'),
      })
      .optional()
      .describe('Certificate of the server. Default: a self-signed one is made in the PKI folder at the first start.'),
    pki: z
      .string()
      .min(1)
      .optional()
      .describe(
        'PKI folder: clients are trusted whose certificate lies in its `trusted/certs`; the others end in `rejected`. Default: `pki/opcua-server` in the state folder.',
      ),
    results: z.number().int().min(1).max(256).default(32).describe('How many results of each station are kept.'),
    maxSessions: z.number().int().min(1).max(100).default(10).describe('Clients at once.'),
  })
  .describe(
    'The gateway as an OPC UA server after OPC 40100-1 (OPC UA for Machine Vision). Without this section there is none.',
  );
export type OpcuaServerConfig = z.infer<typeof opcuaServerSchema>;
