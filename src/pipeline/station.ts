import { BoundedQueue } from '../base/bounded-queue.js';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { StationConfig } from '../config/schema/station.js';
import type { Part } from '../domain/inspection.js';
import type { Camera } from '../ports/camera.js';
import { FrameGate } from './frame-gate.js';
import type { Inspector } from './inspect.js';
import type { PairedPart } from './paired-part.js';
import type { Trigger } from './trigger.js';

export interface StationOptions {
  readonly config: Pick<StationConfig, 'name' | 'queue' | 'frameTimeoutMs'>;
  readonly camera: Camera;
  /** Absent where every frame is a part. */
  readonly trigger?: Trigger;
  readonly inspector: Inspector;
  readonly newPartId: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * One inspection point: pairs triggers with frames, bounds what waits, and hands each part to the inspector. Reads top
 * to bottom as a part goes.
 */
export class Station {
  readonly name: string;
  readonly #options: StationOptions;
  readonly #queue: BoundedQueue<PairedPart>;
  #triggersDropped = 0;

  constructor(options: StationOptions) {
    this.#options = options;
    this.name = options.config.name;
    const { length, overflow } = options.config.queue;
    this.#queue = new BoundedQueue(length, overflow ?? options.camera.overflow);
  }

  /** Parts that were not inspected because the gateway was behind. */
  get dropped(): number {
    return this.#queue.dropped + this.#triggersDropped;
  }

  /**
   * Runs until the signal aborts and every part taken is recorded.
   * @throws JidokaError (config) of a camera that can never work, or what made recording impossible for good.
   */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const inspecting = this.#options.inspector.run(this.#queue).finally(() => failed.abort());
    // Awaited below, when the camera has ended; until then a failure must not count as unhandled.
    inspecting.catch(() => undefined);
    const ending = AbortSignal.any([signal, failed.signal]);
    try {
      if (this.#options.trigger === undefined) await this.#takeEveryFrame(ending);
      else await this.#takeTriggered(this.#options.trigger, ending);
    } finally {
      this.#queue.close();
      await inspecting;
    }
  }

  async #takeEveryFrame(signal: AbortSignal): Promise<void> {
    const { camera, clock } = this.#options;
    for await (const frame of camera.frames(signal)) {
      await this.#queue.push({ part: this.#openPart(clock.nowMs()), frame });
    }
  }

  async #takeTriggered(trigger: Trigger, signal: AbortSignal): Promise<void> {
    const { camera, config, logger } = this.#options;
    const gate = new FrameGate();
    const pending = new Set<Promise<void>>();
    const stopTrigger = trigger((atMs) => {
      if (pending.size >= config.queue.length) {
        this.#triggersDropped += 1;
        logger.warn(
          { dropped: this.dropped },
          'A trigger came while too many parts were waiting for a frame; the part was not inspected.',
        );
        return;
      }
      const pairing = gate
        .take(atMs, config.frameTimeoutMs, signal)
        .then((frame) => this.#queue.push({ part: this.#openPart(atMs), frame }))
        .catch((error: unknown) => logger.error({}, `A part could not be queued: ${messageOf(error)}`))
        .finally(() => pending.delete(pairing));
      pending.add(pairing);
    });
    try {
      for await (const frame of camera.frames(signal)) gate.offer(frame);
    } finally {
      stopTrigger();
      await Promise.all(pending);
    }
  }

  #openPart(openedAtMs: number): Part {
    return { id: this.#options.newPartId(), openedAtMs };
  }
}
