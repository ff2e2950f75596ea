// Writes what is generated from the code: config/jidoka.schema.json, docs/config.md, docs/errors.md, docs/schemas/,
// docs/asyncapi.yaml, docs/sparkplug-conformance.md and the generated parts of docs/mqtt.md.
// Needs a build, since it reads the built output as every user of the package does.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configJsonSchema } from '#jidoka/config/json-schema.js';
import { payloadSchemas, payloadSchemaText } from '#jidoka/mqtt/payload-schemas.js';
import { renderAsyncApi } from './docs/asyncapi.js';
import { renderConfigReference } from './docs/config-reference.js';
import { readCatalogues, renderErrorReference } from './docs/error-reference.js';
import { renderMqttPage } from './docs/mqtt-page.js';
import { renderSparkplugTable } from './docs/sparkplug-table.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Every generated file by its path from the root of the repository. */
export async function generateDocs(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['config/jidoka.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
    ['docs/config.md', renderConfigReference(configJsonSchema())],
    ['docs/errors.md', renderErrorReference(await readCatalogues(root))],
    ['docs/asyncapi.yaml', renderAsyncApi(root)],
    ['docs/sparkplug-conformance.md', renderSparkplugTable()],
    ['docs/mqtt.md', renderMqttPage(readFileSync(join(root, 'docs', 'mqtt.md'), 'utf8'))],
    ...Object.entries(payloadSchemas()).map(
      ([file, schema]) => [`docs/schemas/${file}`, payloadSchemaText(schema)] as const,
    ),
  ]);
}

/** Files in the folder of payload schemas that no schema stands behind any more. */
export function staleSchemas(generated: ReadonlyMap<string, string>): readonly string[] {
  try {
    return readdirSync(join(root, 'docs', 'schemas'))
      .map((file) => `docs/schemas/${file}`)
      .filter((path) => !generated.has(path));
  } catch {
    return [];
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await generateDocs();
  for (const [path, text] of files) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
  for (const path of staleSchemas(files)) {
    rmSync(join(root, path));
    console.log(`removed ${path}`);
  }
}
