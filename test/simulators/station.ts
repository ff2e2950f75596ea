import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import type { Frame } from '#jidoka/domain/frame.js';
import type { VerdictPolicy } from '#jidoka/domain/verdict.js';
import { Inspector, type InspectorOptions } from '#jidoka/pipeline/inspect.js';
import { ModelSlot } from '#jidoka/pipeline/model-slot.js';
import { Station, type StationOptions } from '#jidoka/pipeline/station.js';
import {
  frame,
  MemoryLedger,
  noSensors,
  type RecordingOutput,
  type ScriptedCamera,
  ScriptedClassifier,
  twoClasses,
} from './ports.js';

export const policy: VerdictPolicy = {
  goodLabel: 'good',
  classes: new Map([['bad', { action: 'fail', threshold: 0.5 }]]),
  minimumPassConfidence: 0.5,
  sensors: [],
  requiredSensors: new Set(),
};

interface Setup {
  camera: ScriptedCamera;
  answer?: (pixel: number) => Promise<number>;
  ledger?: MemoryLedger;
  output?: RecordingOutput;
  inspector?: Partial<InspectorOptions>;
  station?: Partial<StationOptions>;
}

/** A station with real parts of the pipeline between a scripted camera and scripted ends. */
export function build({ camera, answer, ledger = new MemoryLedger(), output, inspector, station }: Setup) {
  const inspected: { id: string; seq: number }[] = [];
  const unrecorded: string[] = [];
  const theInspector = new Inspector({
    station: { name: 'surface', images: 'fails-and-reviews' },
    view: { rotate: 0 },
    camera,
    sensors: noSensors,
    models: new ModelSlot({
      classifier: new ScriptedClassifier(answer ?? (async () => 0.9)),
      info: twoClasses,
      policy,
    }),
    encoder: { toJpeg: async (image) => image.data },
    jpegQuality: 85,
    ledger,
    ...(output !== undefined && { output }),
    clock: systemClock,
    logger: silentLogger,
    onInspected: (inspection, seq) => inspected.push({ id: inspection.id, seq }),
    onUnrecorded: ({ id }) => unrecorded.push(id),
    ...inspector,
  });
  let id = 0;
  const theStation = new Station({
    config: { name: 'surface', queue: { length: 8 }, frameTimeoutMs: 50 },
    camera,
    inspector: theInspector,
    newPartId: () => `part-${++id}`,
    clock: systemClock,
    logger: silentLogger,
    ...station,
  });
  return { station: theStation, inspector: theInspector, ledger, inspected, unrecorded };
}

export async function* frames(count: number): AsyncIterable<Frame> {
  for (let sequence = 0; sequence < count; sequence += 1) yield frame(sequence);
}

export const never = new AbortController().signal;
