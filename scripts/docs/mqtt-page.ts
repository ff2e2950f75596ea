import { payloadForms } from '#jidoka/mqtt/payload-schemas.js';
import { disconnectReasons } from '#jidoka/mqtt/reasons.js';
import { TOPIC_KINDS } from '#jidoka/mqtt/topic-catalogue.js';
import { exampleMessages } from './example-messages.js';
import { prettyJson } from './pretty-json.js';

/**
 * docs/mqtt.md is written by hand but for the parts between `<!-- generated: NAME -->` and `<!-- end -->`.
 * @throws where the page has a mark that means nothing, or lacks one
 */
export function renderMqttPage(page: string): string {
  const parts = generatedParts();
  const missing = new Set(Object.keys(parts));
  const text = page.replace(/<!-- generated: (\S+) -->[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`docs/mqtt.md: nothing is generated under the name ${name}`);
    missing.delete(name);
    return `<!-- generated: ${name} -->\n${part}\n<!-- end -->`;
  });
  if (missing.size > 0) throw new Error(`docs/mqtt.md lacks the generated parts ${[...missing].join(', ')}`);
  return text;
}

function generatedParts(): Readonly<Record<string, string>> {
  const { inspection, state, status, discovery } = exampleMessages();
  const schemas = Object.fromEntries(Object.keys(discovery.schemas ?? {}).map((id) => [id, {}]));
  return {
    topics: topicTable(),
    inspection: example(inspection),
    state: example(state),
    status: example(status),
    discovery: example({ ...discovery, schemas }),
    disconnects: disconnectTable(),
  };
}

function topicTable(): string {
  const files = new Map(payloadForms().map(({ name, file }) => [name, file]));
  const rows = TOPIC_KINDS.map(({ topic, direction, carries, onlyWith, qos, retained, schema, contentType }) => {
    const only = onlyWith === undefined ? '' : ` Only with ${onlyWith.words}.`;
    const file = files.get(schema ?? '');
    const cells = [
      `\`${topic('BASE', 'STATION')}\``,
      direction === 'publish' ? 'from the gateway' : 'to the gateway',
      `${carries}${only}`,
      String(qos),
      retained ? 'yes' : 'no',
      file === undefined ? `${contentType}` : `[${file}](schemas/${file})`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| topic | way | what | QoS | retained | schema |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

function disconnectTable(): string {
  const rows = disconnectReasons().map(({ code, name, error }) => {
    const hex = `0x${code.toString(16).padStart(2, '0')}`;
    return `| ${hex} | ${name} | \`${error.code}\` | ${error.hint} |`;
  });
  return ['| code | reason | error | what to do |', '|---|---|---|---|', ...rows].join('\n');
}

function example(message: object): string {
  return ['```json', prettyJson(message), '```'].join('\n');
}
