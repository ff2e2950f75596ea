import type { OverflowPolicy } from '#jidoka/base/bounded-queue.js';
import type { Frame } from '#jidoka/domain/frame.js';
import type { Inspection } from '#jidoka/domain/inspection.js';
import type { Camera, CameraStatus } from '#jidoka/ports/camera.js';
import type { ClassifiedImage, Classifier, ClassifierInfo } from '#jidoka/ports/classifier.js';
import type { Ledger, LedgerStatus, Recorded } from '#jidoka/ports/ledger.js';
import type { SensorSource } from '#jidoka/ports/sensors.js';
import type { OutputFigures, OutputPart, OutputResult, VerdictOutput } from '#jidoka/ports/verdict-output.js';

// Stand-ins for the ports, for what real peers cannot be made to do on demand: answer out of order, fail at one exact
// part, never answer. Everything else is tested with the real thing under test/integration.

export function frame(sequence: number, capturedAtMs = 1000 + sequence): Frame {
  return {
    image: { kind: 'raw', format: 'grey8', width: 1, height: 1, data: Uint8Array.of(sequence) },
    capturedAtMs,
    sequence,
  };
}

export class ScriptedCamera implements Camera {
  readonly unreadableFrames: { frame: Frame; reason: string }[] = [];
  readonly inspectedFrames: number[] = [];

  constructor(
    private readonly source: (signal: AbortSignal) => AsyncIterable<Frame>,
    readonly overflow: OverflowPolicy = 'wait',
  ) {}

  frames(signal: AbortSignal): AsyncIterable<Frame> {
    return this.source(signal);
  }

  async inspected(inspectedFrame: Frame): Promise<void> {
    this.inspectedFrames.push(inspectedFrame.sequence);
  }

  async unreadable(badFrame: Frame, reason: string): Promise<void> {
    this.unreadableFrames.push({ frame: badFrame, reason });
  }

  status(): CameraStatus {
    return { state: 'running', text: 'running', framesTaken: 0, framesDropped: 0, quarantined: 0 };
  }
}

export const twoClasses: ClassifierInfo = {
  model: { name: 'two', version: '1.0.0', sha256: '0'.repeat(64) },
  variant: 'fp32',
  labels: ['good', 'bad'],
  goodLabel: 'good',
  goodThreshold: 0.5,
  provider: 'cpu',
  providerFallbacks: [],
  workers: 2,
  license: 'Apache-2.0',
  dataSource: 'none',
};

/** Answers each image, by its first pixel or itself, with what `answer` resolves to: the score of `good`. */
export class ScriptedClassifier implements Classifier {
  constructor(private readonly answer: (pixel: number, image: Frame['image']) => Promise<number>) {}

  async start(): Promise<ClassifierInfo> {
    return twoClasses;
  }

  async classify(image: Frame['image']): Promise<ClassifiedImage> {
    const good = await this.answer(image.data[0] ?? 0, image);
    return {
      image,
      classification: {
        labels: twoClasses.labels,
        scores: Float32Array.of(good, 1 - good),
        label: good >= 0.5 ? 'good' : 'bad',
        score: Math.max(good, 1 - good),
        timing: { queueMs: 0, preprocessMs: 1, inferenceMs: 2 },
      },
    };
  }

  async alive(): Promise<boolean> {
    return true;
  }

  async stop(): Promise<void> {}
}

export class MemoryLedger implements Ledger {
  readonly records: { inspection: Inspection; jpeg: Uint8Array | undefined }[] = [];

  constructor(private readonly commit: (seq: number) => Promise<void> = async () => undefined) {}

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async record(inspection: Inspection, jpeg?: Uint8Array): Promise<Recorded> {
    this.records.push({ inspection, jpeg });
    const seq = this.records.length;
    await this.commit(seq);
    return { seq };
  }

  async totals(): Promise<Awaited<ReturnType<Ledger['totals']>>> {
    return { counts: { pass: 0, fail: 0, review: 0 }, lastSeq: 0 };
  }

  status(): LedgerStatus {
    return {
      state: 'open',
      text: 'open',
      outboxRows: 0,
      waiting: {},
      pendingWrites: 0,
      recordsGivenUp: 0,
      imageBytes: 0,
      imagesEvicted: 0,
    };
  }

  async alive(): Promise<boolean> {
    return true;
  }

  brokenDown(): ReturnType<Ledger['brokenDown']> {
    return new Promise(() => undefined);
  }
}

export const noSensors: SensorSource = {
  start: async () => undefined,
  stop: async () => undefined,
  snapshot: (atMs) => ({ atMs, readings: [] }),
  status: () => ({ state: 'connected', text: 'no sensors', faults: new Map() }),
};

export class RecordingOutput implements VerdictOutput {
  readonly delayed: boolean = false;
  readonly written: OutputResult[] = [];
  /** What became of the parts, in order: `opened`, `taken`, `dropped`, `withheld`, `written`, each with its id. */
  readonly events: string[] = [];

  constructor(
    private readonly accept: (result: OutputResult) => Promise<void> = async () => undefined,
    readonly lateMs: (id: string) => number | undefined = () => undefined,
  ) {}

  opened({ id }: OutputPart): void {
    this.events.push(`opened ${id}`);
  }

  taken(id: string): void {
    this.events.push(`taken ${id}`);
  }

  dropped(id: string): void {
    this.events.push(`dropped ${id}`);
  }

  turnedAway(): void {
    this.events.push('turned away');
  }

  restarted(): void {
    this.events.push('restarted');
  }

  withhold(id: string): void {
    this.events.push(`withheld ${id}`);
  }

  async write(result: OutputResult): Promise<void> {
    await this.accept(result);
    this.events.push(`written ${result.inspectionId}`);
    this.written.push(result);
  }

  figures(): OutputFigures {
    return { overruns: 0, ackTimeouts: 0 };
  }

  trouble(): undefined {}

  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}
