import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The JSON Schemas of the messages by file name; none where the product publishes none. */
export async function readPayloadSchemas(root: string): Promise<ReadonlyMap<string, unknown>> {
  if (!existsSync(join(root, 'src', 'mqtt', 'payload-schemas.ts'))) return new Map();
  const module: unknown = await import(pathToFileURL(join(root, 'dist', 'mqtt', 'payload-schemas.js')).href);
  if (typeof module !== 'object' || module === null || !('payloadSchemas' in module)) return new Map();
  const { payloadSchemas } = module;
  if (typeof payloadSchemas !== 'function') return new Map();
  const schemas: unknown = payloadSchemas();
  return new Map(Object.entries(schemas as Record<string, unknown>).sort(([left], [right]) => (left < right ? -1 : 1)));
}
