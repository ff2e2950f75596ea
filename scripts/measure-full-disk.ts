// Inspects at a high rate while the disk is full and prints what that costs in memory. Needs a build, and the right to
// mount a tmpfs.
//
//   npx tsx scripts/measure-full-disk.ts [minutes] [parts a second]
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { BoundedQueue } from '#jidoka/base/bounded-queue.js';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import type { Frame } from '#jidoka/domain/frame.js';
import { Inspector } from '#jidoka/pipeline/inspect.js';
import { ModelSlot } from '#jidoka/pipeline/model-slot.js';
import type { PairedPart } from '#jidoka/pipeline/paired-part.js';
import { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';

const minutes = Number(process.argv[2] ?? 3);
const perSecond = Number(process.argv[3] ?? 200);
const PICTURE_BYTES = 200_000;
const MEGABYTE = 1024 * 1024;

const disk = mkdtempSync(join(tmpdir(), 'jidoka-full-'));
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'jidoka-full', disk]);
const ballast = join(disk, 'other-program');

const ledger = new SqliteLedger({
  directory: disk,
  imageQuotaBytes: 64 * MEGABYTE,
  destinations: [{ name: 'mqtt' }],
  outboxQuotaBytes: 64 * MEGABYTE,
  retention: {},
  pid: process.pid,
  logger: silentLogger,
});
await ledger.start();

const camera = {
  overflow: 'drop-oldest' as const,
  frames: (): AsyncIterable<Frame> => {
    throw new Error('not used');
  },
  unreadable: async () => undefined,
  inspected: async () => undefined,
  status: () => ({ state: 'running' as const, text: '', framesTaken: 0, framesDropped: 0, quarantined: 0 }),
};
const labels = ['good', 'bad'];
const models = new ModelSlot({
  classifier: {
    start: () => Promise.reject(new Error('not used')),
    classify: async (image) => ({
      image,
      classification: {
        labels,
        scores: Float32Array.of(0.9, 0.1),
        label: 'good',
        score: 0.9,
        timing: { queueMs: 0, preprocessMs: 0, inferenceMs: 0 },
      },
    }),
    alive: async () => true,
    stop: async () => undefined,
  },
  info: {
    model: { name: 'none', version: '1.0.0', sha256: '0'.repeat(64) },
    variant: 'fp32',
    labels,
    goodLabel: 'good',
    goodThreshold: 0.5,
    provider: 'cpu',
    providerFallbacks: [],
    workers: 2,
    license: 'none',
    dataSource: 'none',
  },
  policy: {
    goodLabel: 'good',
    classes: new Map(),
    minimumPassConfidence: 0.5,
    sensors: [],
    requiredSensors: new Set(),
  },
});
let committed = 0;
let verdicts = 0;
const inspector = new Inspector({
  station: { name: 'line', images: 'all' },
  view: { rotate: 0 },
  camera,
  sensors: {
    start: async () => undefined,
    stop: async () => undefined,
    snapshot: (atMs) => ({ atMs, readings: [] }),
    status: () => ({ state: 'connected', text: '', faults: new Map() }),
  },
  models,
  encoder: { toJpeg: async (image) => image.data },
  jpegQuality: 85,
  ledger,
  output: {
    delayed: false,
    start: async () => undefined,
    stop: async () => undefined,
    opened: () => undefined,
    taken: () => undefined,
    dropped: () => undefined,
    turnedAway: () => undefined,
    restarted: () => undefined,
    lateMs: () => undefined,
    withhold: () => undefined,
    write: async () => {
      verdicts += 1;
    },
    figures: () => ({ overruns: 0, ackTimeouts: 0 }),
    trouble: () => undefined,
  },
  clock: systemClock,
  logger: silentLogger,
  onInspected: () => {
    committed += 1;
  },
  onUnrecorded: () => undefined,
});
const queue = new BoundedQueue<PairedPart>(8, 'wait');
const running = inspector.run(queue);

function fill(): void {
  const file = openSync(ballast, 'a');
  try {
    for (;;) writeSync(file, new Uint8Array(4096));
  } catch {
    closeSync(file);
  }
}

const endMs = performance.now() + minutes * 60_000;
let nextReportMs = 0;
let sequence = 0;
while (performance.now() < endMs) {
  fill();
  for (let index = 0; index < perSecond / 10; index += 1) {
    const nowMs = Date.now();
    const image = { kind: 'encoded' as const, data: new Uint8Array(PICTURE_BYTES).fill(sequence) };
    await queue.push({
      part: { id: uuidv7(), openedAtMs: nowMs, openedTickMs: performance.now() },
      frame: { image, capturedAtMs: nowMs, sequence },
    });
    sequence += 1;
  }
  if (performance.now() >= nextReportMs) {
    nextReportMs = performance.now() + 10_000;
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    const { pendingWrites, recordsGivenUp, state } = ledger.status();
    const mb = (bytes: number): string => `${Math.round(bytes / MEGABYTE)} MB`;
    process.stdout.write(
      `${state}: ${verdicts} verdicts, ${committed} committed, ${pendingWrites} held, ${recordsGivenUp} given up; ` +
        `rss ${mb(rss)}, heap ${mb(heapUsed)}, buffers ${mb(arrayBuffers)}\n`,
    );
  }
  await sleep(100);
}

rmSync(ballast);
queue.close();
await running;
const { recordsGivenUp } = ledger.status();
process.stdout.write(`room again: ${verdicts} verdicts = ${committed} committed + ${recordsGivenUp} given up\n`);
await ledger.stop();
execFileSync('umount', [disk]);
rmdirSync(disk);
if (verdicts !== committed + recordsGivenUp) process.exitCode = 1;
