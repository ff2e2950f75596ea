import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { DataType, StatusCodes, Variant } from 'node-opcua-client';
import { OPCUAServer } from 'node-opcua-server';
import type { PlcOptions } from './plc.js';
import { LADDER_TAGS, Ladder, type LadderRecord, type LadderTag } from './plc-ladder.js';
import { smallNodeset } from './small-nodeset.js';

/** A simulated PLC with one ladder program a line, in a process of its own that can be killed in any scan. */

const options = JSON.parse(process.argv[2] ?? '{}') as PlcOptions & { port: number; folder: string };

const server = new OPCUAServer({
  port: options.port,
  hostname: '127.0.0.1',
  resourcePath: '/UA/Plc',
  nodeset_filename: [smallNodeset],
  serverCertificateManager: new OPCUACertificateManager({
    rootFolder: join(options.folder, 'pki'),
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  }),
  serverCapabilities: { minSupportedSampleRate: 10 },
});

type Address = ReturnType<NonNullable<OPCUAServer['engine']['addressSpace']>['getOwnNamespace']>;
type Variable = ReturnType<Address['addVariable']>;

/** Line → the part that its camera sees, as the test says it. */
const present = new Map<number, number>();
process.on('message', ({ line, part }: { line: number; part: number }) => present.set(line, part));

function definition(tag: LadderTag, trigger: 'pulse' | 'counter'): readonly [string, unknown] {
  const entry = LADDER_TAGS[tag];
  return 'pulse' in entry ? entry[trigger] : entry;
}

function createLine(line: number): Ladder {
  const settings = { ...options.ladder, seed: options.ladder.seed + line * 104_729 };
  const space = server.engine.addressSpace;
  if (space === null) throw new Error('the server has no address space yet');
  const variables = new Map<LadderTag, Variable>();
  const variant = (tag: LadderTag, value?: unknown): Variant => {
    const [type, initial] = definition(tag, settings.trigger);
    return new Variant({ dataType: DataType[type as keyof typeof DataType], value: value ?? initial });
  };
  for (const tag of Object.keys(LADDER_TAGS) as LadderTag[]) {
    const [dataType] = definition(tag, settings.trigger);
    const variable = space.getOwnNamespace().addVariable({
      browseName: `${line}.${tag}`,
      nodeId: `s=${line}.${tag}`,
      organizedBy: space.rootFolder.objects,
      dataType,
      minimumSamplingInterval: 10,
      value: variant(tag),
    } as Parameters<Address['addVariable']>[0]);
    variables.set(tag, variable);
  }
  const set = (tag: LadderTag, value: unknown): void => {
    const variable = variables.get(tag);
    if (variable?.readValue().value.value === value) return;
    variable?.setValueFromSource(variant(tag, value), StatusCodes.Good);
  };
  const file = join(options.folder, `line-${line}.jsonl`);
  const past = recordsOf(file);
  const last = past.findLast(({ kind }) => kind === 'triggered')?.part ?? 0;
  // The time is for whoever reads the file after a fault.
  const write = (record: LadderRecord): void =>
    appendFileSync(file, `${JSON.stringify({ ...record, at: Date.now() })}\n`);
  // What a PLC with retentive memory does after a power cut: the part that was under way has no result.
  const ended = past.some((record) => record.part === last && ['accepted', 'given-up'].includes(record.kind));
  if (last > 0 && !ended) write({ kind: 'given-up', part: last, why: 'power cut' });
  const world = {
    get: (tag: LadderTag): unknown => variables.get(tag)?.readValue().value.value,
    set,
    clear: () => {
      for (const tag of Object.keys(LADDER_TAGS) as LadderTag[]) set(tag, definition(tag, settings.trigger)[1]);
    },
    record: write,
    brings: (part: number) => process.send?.({ line, part }),
    present: () => present.get(line) ?? 0,
    nowMs: () => performance.now(),
  };
  return new Ladder(world, settings, last);
}

function recordsOf(file: string): LadderRecord[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LadderRecord);
  } catch {
    return [];
  }
}

process.on('disconnect', () => process.exit(0));

await server.initialize();
const ladders = Array.from({ length: options.lines }, (_, line) => createLine(line));
await server.start();
process.send?.({ ready: true });
const scanning = setInterval(() => {
  for (const ladder of ladders) ladder.scan();
  if (!ladders.every(({ finished }) => finished)) return;
  clearInterval(scanning);
  process.send?.({ finished: true });
}, 5);
