import { BoundedQueue } from '../base/bounded-queue.js';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { StationConfig } from '../config/schema/station.js';
import type { Part } from '../domain/inspection.js';
import type { Camera } from '../ports/camera.js';
import { type Call, CalledParts, type Inspected, type PartWish } from './called-parts.js';
import { FrameGate } from './frame-gate.js';
import { FrameTap } from './frame-tap.js';
import type { Inspector } from './inspect.js';
import type { PairedPart } from './paired-part.js';
import { PauseGate } from './pause-gate.js';
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
  /** Closed, it lets no part in; those inside are finished. */
  readonly gate = new PauseGate(() => this.#called.wantedDespitePause);
  /** Where a copy of the next frame can be had. */
  readonly tap = new FrameTap();
  readonly #options: StationOptions;
  readonly #queue: BoundedQueue<PairedPart>;
  readonly #called = new CalledParts();
  #openCalled: ((call: Call) => void) | undefined;
  #triggersDropped = 0;

  constructor(options: StationOptions) {
    this.#options = options;
    this.name = options.config.name;
    const { length, overflow } = options.config.queue;
    this.#queue = new BoundedQueue(length, overflow ?? options.camera.overflow, ({ part }) => {
      this.#called.settle(part.id, undefined);
    });
  }

  /** Parts that were not inspected because the gateway was behind. */
  get dropped(): number {
    return this.#queue.dropped + this.#triggersDropped;
  }

  /**
   * One part now: beside those of the trigger, or where every frame is a part the next one. Resolves when it is
   * committed; with undefined when it was dropped or the signal aborted first.
   */
  inspectNow(signal: AbortSignal, wish?: PartWish): Promise<Inspected | undefined> {
    const inspected = this.#called.call(signal, this.#openCalled, wish);
    this.gate.askAgain();
    return inspected;
  }

  /** Call it for each committed inspection, for those who asked for the part. */
  inspected(inspected: Inspected): void {
    this.#called.settle(inspected.inspection.id, inspected);
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
      this.tap.offer(frame);
      // What a folder holds can wait for the end of the pause; a live picture is of a part that passes by.
      if (camera.overflow === 'wait') {
        if (!(await this.gate.untilOpen(signal))) break;
      } else if (!this.gate.admits()) continue;
      await this.#queue.push({ part: this.#openPart(clock.nowMs()), frame });
    }
  }

  async #takeTriggered(trigger: Trigger, signal: AbortSignal): Promise<void> {
    const { camera, config, logger } = this.#options;
    const gate = new FrameGate();
    const pending = new Set<Promise<void>>();
    const open = (atMs: number, call?: Call): void => {
      if (call?.despitePause !== true && !this.gate.admits()) {
        call?.resolve(undefined);
        return;
      }
      if (pending.size >= config.queue.length) {
        this.#triggersDropped += 1;
        call?.resolve(undefined);
        logger.warn(
          { dropped: this.dropped },
          'A trigger came while too many parts were waiting for a frame; the part was not inspected.',
        );
        return;
      }
      const pairing = gate
        .take(atMs, config.frameTimeoutMs, signal)
        .then((frame) => this.#queue.push({ part: this.#openPart(atMs, call), frame }))
        .catch((error: unknown) => logger.error({}, `A part could not be queued: ${messageOf(error)}`))
        .finally(() => pending.delete(pairing));
      pending.add(pairing);
    };
    const stopTrigger = trigger((atMs) => open(atMs));
    this.#openCalled = (call) => open(this.#options.clock.nowMs(), call);
    try {
      for await (const frame of camera.frames(signal)) {
        this.tap.offer(frame);
        gate.offer(frame);
      }
    } finally {
      this.#openCalled = undefined;
      stopTrigger();
      await Promise.all(pending);
    }
  }

  #openPart(openedAtMs: number, call?: Call): Part {
    const id = this.#options.newPartId();
    return { id, openedAtMs, ...this.#called.opened(id, call) };
  }
}
