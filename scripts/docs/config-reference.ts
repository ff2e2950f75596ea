import { range } from '#jidoka/config/expectation.js';
import {
  choicesOf,
  dereference,
  discriminatorOf,
  isSecret,
  type JsonSchema,
  propertyOf,
  variantsOf,
} from '#jidoka/config/json-schema.js';

const INTRODUCTION = `# Configuration

Generated from the schema by \`npm run docs\`: what stands here is what \`jidoka check\` accepts.

A gateway has one YAML file, \`/etc/jidoka/jidoka.yaml\` on an installed system. \`config/\` holds examples to copy. Before
a restart:

\`\`\`sh
jidoka check --config /etc/jidoka/jidoka.yaml           # every problem with its line, or "is valid"
jidoka check --config /etc/jidoka/jidoka.yaml --print   # what takes effect, every default filled in
\`\`\`

With \`# yaml-language-server: $schema=./jidoka.schema.json\` as the first line, editors with YAML support (VS Code with
the YAML extension, for one) complete the keys and mark mistakes while you type.

**Secrets** never stand in this file. Where a table says *secret*, write where it is kept:

\`\`\`yaml
password: { credential: mqtt-password }          # systemd: LoadCredential=mqtt-password:/etc/jidoka/secrets/mqtt-password
password: { file: /run/secrets/mqtt-password }   # a file that holds the secret and nothing else
password: { env: MQTT_PASSWORD }                 # an environment variable
\`\`\`

**YAML** is read as version 1.2: switches are \`true\` and \`false\` (\`yes\`, \`no\`, \`on\` and \`off\` are texts), numbers
have a decimal point and no unit, lines are indented with spaces. The unit of a number is in its key: \`timeoutMs\` is in
milliseconds, \`imageQuotaBytes\` in bytes.

In the tables, **required** keys have no default; "–" means that the key may be left out and has no value then. Names
are 1 to 63 of \`a-z\`, \`0-9\`, \`-\` and \`_\`, beginning with a letter or a digit.
`;

interface Section {
  readonly title: string;
  readonly schema: JsonSchema;
  readonly depth: number;
}

/** The reference of every key as Markdown: a table for each section, nested sections after the one they belong to. */
export function renderConfigReference(schema: JsonSchema): string {
  const sections = sectionsOf('', schema, 1);
  return `${[INTRODUCTION.trimEnd(), ...sections.map(renderSection)].join('\n\n')}\n`;
}

function sectionsOf(path: string, reference: JsonSchema, depth: number): readonly Section[] {
  const schema = dereference(reference);
  if (isSecret(reference)) return [];
  if (schema.type === 'array') {
    return typeof schema.items === 'object' && !Array.isArray(schema.items)
      ? sectionsOf(`${path}[]`, withDescription(schema.items, schema), depth)
      : [];
  }
  const variants = variantsOf(schema);
  const discriminator = discriminatorOf(variants);
  if (discriminator !== undefined) {
    const kinds = variants.flatMap((variant) => {
      const kind = String(propertyOf(variant, discriminator)?.const);
      return sectionsOf(`${path} (${discriminator}: ${kind})`, variant, depth + 1);
    });
    return [{ title: path, schema, depth }, ...kinds];
  }
  if (typeof schema.additionalProperties === 'object') {
    return sectionsOf(`${path}.NAME`, withDescription(schema.additionalProperties, schema), depth);
  }
  if (schema.properties === undefined) return [];
  const own = { title: path, schema, depth };
  const base = path.replace(/ \(.*\)$/, '');
  const nested = Object.entries(schema.properties).flatMap(([key, property]) =>
    typeof property === 'object' ? sectionsOf(base === '' ? key : `${base}.${key}`, property, depth + 1) : [],
  );
  return [own, ...unlike(nested)];
}

/** An entry of a list is described by the list where it has no words of its own. */
function withDescription(entry: JsonSchema, collection: JsonSchema): JsonSchema {
  const description = collection.description ?? dereference(entry).description;
  return description === undefined ? entry : { ...entry, description };
}

function unlike(sections: readonly Section[]): readonly Section[] {
  return [...new Map(sections.map((section) => [section.title, section])).values()];
}

function renderSection({ title, schema, depth }: Section): string {
  const heading = `${'#'.repeat(Math.min(depth + 1, 4))} ${title === '' ? 'The top of the file' : `\`${title}\``}`;
  const description = schema.description === undefined ? [] : [schema.description];
  const kinds = variantsOf(schema);
  const discriminator = discriminatorOf(kinds);
  if (discriminator !== undefined) return [heading, ...description, renderKinds(kinds, discriminator)].join('\n\n');
  const rows = Object.entries(schema.properties ?? {}).map(([key, property]) =>
    typeof property === 'object' ? renderRow(key, property, schema.required?.includes(key) === true) : '',
  );
  const table = ['| key | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
  return [heading, ...description, table].join('\n\n');
}

function renderKinds(variants: readonly JsonSchema[], discriminator: string): string {
  const lines = variants.map((variant) => {
    const kind = String(propertyOf(variant, discriminator)?.const);
    return `- \`${discriminator}: ${kind}\`: ${variant.description ?? ''}`;
  });
  return [`The key \`${discriminator}\` chooses what else is written here:`, '', ...lines].join('\n');
}

function renderRow(key: string, reference: JsonSchema, required: boolean): string {
  const schema = dereference(reference);
  const kind = schema.const !== undefined && reference.description === undefined;
  const meaning = reference.description ?? schema.description ?? (kind ? 'Chooses this kind.' : '');
  const value = required ? '**required**' : renderDefault(schema);
  return `| \`${key}\` | ${cell(typeOf(reference))} | ${value} | ${cell(meaning)} |`;
}

function renderDefault(schema: JsonSchema): string {
  const value = schema.default;
  if (value === undefined) return '–';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`[${value.join(', ')}]\``;
  if (typeof value !== 'object' || value === null) return `\`${String(value)}\``;
  const entries = Object.entries(value);
  if (entries.length > 0) return `\`{ ${entries.map(([key, entry]) => `${key}: ${String(entry)}`).join(', ')} }\``;
  return schema.properties === undefined ? 'none' : 'see below';
}

function typeOf(reference: JsonSchema): string {
  if (isSecret(reference)) return 'secret';
  const schema = dereference(reference);
  const choices = choicesOf(schema);
  if (choices !== undefined) return choices.map((choice) => `\`${quoted(choice)}\``).join(', ');
  switch (schema.type) {
    case 'integer':
      return `whole number${range(schema)}`;
    case 'number':
      return `number${range(schema)}`;
    case 'boolean':
      return '`true`, `false`';
    case 'string':
      return schema.format === 'uri' ? 'address' : 'text';
    case 'array':
      return `list of ${entriesOf(schema)}`;
    default:
      return typeof schema.additionalProperties === 'object' ? 'sections by name' : 'section';
  }
}

function entriesOf(schema: JsonSchema): string {
  if (typeof schema.items !== 'object' || Array.isArray(schema.items)) return 'values';
  const entry = dereference(schema.items);
  if (entry.type === 'object') return 'sections';
  return choicesOf(entry) === undefined ? `${typeOf(entry)}s` : typeOf(entry);
}

/** A text that YAML would read as a number is written in quotes. */
function quoted(choice: string | number | boolean): string {
  return typeof choice === 'string' && /^[\d.]+$/.test(choice) && Number.isFinite(Number(choice))
    ? `"${choice}"`
    : String(choice);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
