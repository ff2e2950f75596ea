import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './agent-process.js';
import type { Side, TapeEntry } from './sparkplug-recorder.js';

/** Why Wireshark cannot read a tape here; undefined where it can. */
export const tsharkAbsent = ['tshark', 'text2pcap'].every(installed) ? undefined : 'tshark is not installed';

/** A Sparkplug message as Wireshark's dissector understands it. */
export interface Dissected {
  readonly namespace: string;
  readonly group: string;
  readonly type: string;
  readonly node: string;
  readonly device?: string;
  readonly seq?: string;
  readonly timestamp?: string;
  /** Name or alias of each metric with its datatype and value as Wireshark writes them. */
  readonly metrics: readonly string[];
  readonly malformed: boolean;
}

const BROKER_PORT = 1883;
const PROTO_FOLDER = join(projectRoot, 'test', 'sparkplug');

/** Dissects what passed on one connection: the recorded bytes as TCP segments, so that no capture needs to be allowed. */
export function dissect(entries: readonly TapeEntry[], connection: number): Dissected[] {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-tshark-'));
  try {
    const capture = join(folder, 'wire.pcap');
    const dump = join(folder, 'wire.txt');
    const chunks = entries.flatMap((entry) =>
      entry.kind === 'bytes' && entry.connection === connection ? segments(entry.from, entry.bytes) : [],
    );
    writeFileSync(dump, chunks.join('\n'));
    execFileSync('text2pcap', ['-q', '-D', '-T', `40000,${BROKER_PORT}`, dump, capture], { stdio: 'ignore' });
    return messages(JSON.parse(tshark(capture)) as readonly Layered[]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** text2pcap's hexadecimal dump; a packet holds less than 64 KiB. */
function segments(from: Side, bytes: Buffer): string[] {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += 32_000) {
    const part = bytes.subarray(start, start + 32_000);
    const lines = [from === 'edge' ? 'O' : 'I'];
    for (let offset = 0; offset < part.length; offset += 16) {
      const hex = [...part.subarray(offset, offset + 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
      lines.push(`${offset.toString(16).padStart(6, '0')} ${hex}`);
    }
    parts.push(`${lines.join('\n')}\n`);
  }
  return parts;
}

function tshark(capture: string): string {
  const options = ['-d', `tcp.port==${BROKER_PORT},mqtt`, '-o', `uat:protobuf_search_paths:"${PROTO_FOLDER}","TRUE"`];
  const output = ['-Y', 'sparkplugb', '-T', 'json', '--no-duplicate-keys', '-J', 'sparkplugb protobuf _ws.malformed'];
  return execFileSync('tshark', ['-r', capture, ...options, ...output], {
    encoding: 'utf8',
    maxBuffer: 1_073_741_824,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

type Tree = { readonly [key: string]: string | Tree | readonly (string | Tree)[] };
interface Layered {
  readonly _source: { readonly layers: Tree };
}

function messages(packets: readonly Layered[]): Dissected[] {
  return packets.flatMap(({ _source: { layers } }) =>
    list(layers['sparkplugb']).map((message) => {
      const topic = message['Topic Namespace'] as Readonly<Record<string, string>>;
      const fields = messageFields((message['protobuf'] ?? {}) as Tree);
      return {
        namespace: topic['sparkplugb.namespace'] ?? '',
        group: topic['sparkplugb.groupid'] ?? '',
        type: topic['sparkplugb.messagetype'] ?? '',
        node: topic['sparkplugb.edgenodeid'] ?? '',
        ...(topic['sparkplugb.deviceid'] !== undefined && { device: topic['sparkplugb.deviceid'] }),
        ...pick(fields, 'timestamp'),
        ...pick(fields, 'seq'),
        metrics: fields.filter(({ name }) => name === 'metrics').map(({ tree }) => describe(messageFields(tree))),
        malformed: '_ws.malformed' in layers || JSON.stringify(message).includes('UNKNOWN'),
      };
    }),
  );
}

interface Field {
  readonly name: string;
  readonly value: string;
  readonly tree: Tree;
}

/** The fields of the message below a node; their keys read `Field(1): timestamp = 1790000000000 (uint64)`. */
function messageFields(tree: Tree): Field[] {
  const message = Object.entries(tree).find(([key]) => key.startsWith('Message: '))?.[1];
  return list(message).flatMap((fields) =>
    Object.entries(fields).flatMap(([key, value]) => {
      const [, name = '', text = ''] = /^Field\(\d+\): (\w*)(?: =)? ?(.*?) \([\w ]*\)$/s.exec(key) ?? [];
      return list(value).map((inner) => ({ name, value: text, tree: inner }));
    }),
  );
}

function describe(fields: readonly Field[]): string {
  const of = (name: string): string | undefined => fields.find((field) => field.name === name)?.value;
  return `${of('name') ?? `alias ${of('alias')}`}`;
}

function pick<K extends string>(fields: readonly Field[], name: K): { readonly [key in K]?: string } {
  const value = fields.find((field) => field.name === name)?.value;
  return (value === undefined ? {} : { [name]: value }) as { readonly [key in K]?: string };
}

function list(value: Tree[string] | undefined): Tree[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).filter((entry): entry is Tree => typeof entry === 'object');
}

function installed(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
