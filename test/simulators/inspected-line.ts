import { setTimeout as wait } from 'node:timers/promises';
import { v7 } from 'uuid';
import { systemClock } from '#jidoka/base/clock.js';
import type { Logger } from '#jidoka/base/logger.js';
import { plcOutputSchema } from '#jidoka/config/schema/plc.js';
import { triggerSchema } from '#jidoka/config/schema/station.js';
import type { Frame } from '#jidoka/domain/frame.js';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaTagWatcher } from '#jidoka/opcua/tag-watcher.js';
import { OpcuaVerdictOutput } from '#jidoka/opcua/verdict-output.js';
import { Inspector } from '#jidoka/pipeline/inspect.js';
import { ModelSlot } from '#jidoka/pipeline/model-slot.js';
import { Station } from '#jidoka/pipeline/station.js';
import { tagTrigger } from '#jidoka/pipeline/trigger.js';
import { isGood } from './plc-ladder.js';
import { MemoryLedger, noSensors, ScriptedCamera, ScriptedClassifier, twoClasses } from './ports.js';

export interface InspectedLineOptions {
  readonly connection: OpcuaConnection;
  readonly trigger: object;
  readonly plc: object;
  /** The part in front of the camera, which a picture shows. */
  readonly shown: () => number;
  /** How long the model takes over a part, ms. */
  readonly inferenceMs: (part: number) => number;
  readonly logger: Logger;
}

/**
 * The real station, inspector, trigger and output around a camera and a model that are quick and know the truth: the
 * picture shows the number of the part, and the model reads it there.
 */
export class InspectedLine {
  readonly ledger = new MemoryLedger();
  readonly output: OpcuaVerdictOutput;
  readonly inspector: Inspector;
  readonly #station: Station;
  readonly #watcher: OpcuaTagWatcher;
  readonly #trigger: Extract<ReturnType<typeof triggerSchema.parse>, { kind: 'tag' }>;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: InspectedLineOptions) {
    const { connection, logger, shown, inferenceMs } = options;
    const trigger = triggerSchema.parse({ kind: 'tag', samplingMs: 10, ...options.trigger });
    if (trigger.kind !== 'tag') throw new Error('a line with a PLC has a tag as its trigger');
    this.#trigger = trigger;
    const camera = new ScriptedCamera((signal) => pictures(shown, signal), 'drop-oldest');
    this.#watcher = new OpcuaTagWatcher({ connection, logger });
    this.output = new OpcuaVerdictOutput({ connection, config: plcOutputSchema.parse(options.plc), logger });
    this.inspector = new Inspector({
      station: { name: 'line', images: 'none' },
      view: { rotate: 0 },
      camera,
      sensors: noSensors,
      models: new ModelSlot({
        classifier: new ScriptedClassifier(async (_, image) => {
          const part = new DataView(image.data.buffer, image.data.byteOffset).getUint32(0);
          await wait(inferenceMs(part));
          return isGood(part) ? 0.9 : 0.1;
        }),
        info: twoClasses,
        policy: {
          goodLabel: 'good',
          classes: new Map([['bad', { action: 'fail', threshold: 0.5 }]]),
          minimumPassConfidence: 0.5,
          sensors: [],
          requiredSensors: new Set(),
        },
      }),
      encoder: { toJpeg: async (image) => image.data },
      jpegQuality: 85,
      ledger: this.ledger,
      output: this.output,
      clock: systemClock,
      logger,
      onInspected: () => undefined,
      onUnrecorded: () => undefined,
    });
    this.#station = new Station({
      config: { name: 'line', queue: { length: 8 }, frameTimeoutMs: 500 },
      camera,
      trigger: tagTrigger(trigger, this.#watcher, systemClock),
      inspector: this.inspector,
      output: this.output,
      newPartId: () => v7(),
      clock: systemClock,
      logger,
    });
  }

  async start(): Promise<void> {
    this.#running = this.#station.run(this.#stopping.signal);
    const { nodeId } = this.#trigger;
    await this.output.start(
      () => (this.#watcher.sees(nodeId) ? 'ready' : 'unavailable'),
      () => this.#watcher.renew(nodeId),
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.output.stop();
  }
}

/** Pictures of whatever is in front of the camera, as quickly as a line camera takes them. */
async function* pictures(shown: () => number, signal: AbortSignal): AsyncIterable<Frame> {
  for (let sequence = 0; !signal.aborted; sequence += 1) {
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, shown());
    const image = { kind: 'raw', format: 'grey8', width: 4, height: 1, data } as const;
    yield { image, capturedAtMs: Date.now(), sequence };
    await wait(4);
  }
}
