import { z } from 'zod';
import { nameSchema } from './common.js';

export const nodeId = z
  .string()
  .regex(/^(ns=\d+;)?[isgb]=.+$/, 'write it as ns=2;s=Line1.Temperature, ns=2;i=1001 or i=2258')
  .describe('OPC UA NodeId, such as `ns=2;s=Line1.Temperature`.')
  .meta({ examples: ['ns=2;s=Line1.Temperature'] });

export const connection = nameSchema
  .optional()
  .describe('Name under `opcua`; may be left out where only one is configured.');
