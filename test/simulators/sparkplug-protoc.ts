import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './agent-process.js';

const FOLDER = join(projectRoot, 'test', 'sparkplug');
const PACKAGE = 'com.cirruslink.sparkplug.protobuf';

/** Why payloads cannot be decoded here; undefined where they can. */
export const protocAbsent = installed() ? undefined : 'protoc is not installed';

/** A message as protoc prints it: the values of each field in their order; numbers name fields that are unknown. */
export interface Printed {
  readonly fields: ReadonlyMap<string, readonly (string | Printed)[]>;
}

/** Decodes payloads with protoc; undefined for what is no Sparkplug payload. */
export function decodePayloads(payloads: readonly Uint8Array[]): (Printed | undefined)[] {
  try {
    return decodeTogether(payloads);
  } catch {
    // One of them is damaged: each alone tells which.
    return payloads.map((payload) => {
      try {
        return decodeTogether([payload])[0];
      } catch {
        return undefined;
      }
    });
  }
}

/** A payload from protobuf's text format, for what a host sends. */
export function encodePayload(text: string): Buffer {
  return execFileSync('protoc', [`--proto_path=${FOLDER}`, `--encode=${PACKAGE}.Payload`, 'sparkplug_b.proto'], {
    input: text,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** One run for all: as the repeated field 1 of one message. */
function decodeTogether(payloads: readonly Uint8Array[]): Printed[] {
  if (payloads.length === 0) return [];
  const input = Buffer.concat(payloads.flatMap((payload) => [Buffer.from([0x0a]), varint(payload.length), payload]));
  const text = execFileSync('protoc', [`--proto_path=${FOLDER}`, `--decode=${PACKAGE}.Payloads`, 'sparkplug_b.proto'], {
    input,
    encoding: 'utf8',
    maxBuffer: 1_073_741_824,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const printed = parsePrinted(text).fields.get('payload') ?? [];
  // protoc prints an empty message as `payload { }`, so that none is missing.
  return printed.map((entry) => (typeof entry === 'string' ? { fields: new Map() } : entry));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}

/** Reads protobuf's text format as protoc writes it: one field a line. */
export function parsePrinted(text: string): Printed {
  const root = new Map<string, (string | Printed)[]>();
  const open = [root];
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const fields = open.at(-1) ?? root;
    const [, name = '', rest = ''] = /^(\w+)(: .*| \{)$/.exec(line) ?? [];
    if (line === '}') open.pop();
    else if (rest === ' {') {
      const inner = new Map<string, (string | Printed)[]>();
      add(fields, name, { fields: inner });
      open.push(inner);
    } else if (name !== '') add(fields, name, unquoted(rest.slice(2)));
  }
  return { fields: root };
}

function add(fields: Map<string, (string | Printed)[]>, name: string, value: string | Printed): void {
  const values = fields.get(name);
  if (values === undefined) fields.set(name, [value]);
  else values.push(value);
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '"': 34, "'": 39, '\\': 92 };

/** Strings and bytes are printed as octal escapes beyond ASCII; what is no UTF-8 becomes U+FFFD. */
function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  const bytes: number[] = [];
  for (const [, octal, escaped, plain] of value.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\])/g)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (escaped !== undefined) bytes.push(ESCAPES[escaped] ?? escaped.charCodeAt(0));
    else bytes.push((plain ?? '').charCodeAt(0));
  }
  return Buffer.from(bytes).toString('utf8');
}

function installed(): boolean {
  try {
    execFileSync('protoc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
