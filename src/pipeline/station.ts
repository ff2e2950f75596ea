import { BoundedQueue } from '../base/bounded-queue.js';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { InOrder } from '../base/in-order.js';
import type { Logger } from '../base/logger.js';
import type { StationConfig } from '../config/schema/station.js';
import type { Frame } from '../domain/frame.js';
import type { Part } from '../domain/inspection.js';
import type { Camera } from '../ports/camera.js';
import type { VerdictOutput } from '../ports/verdict-output.js';
import { type Call, CalledParts, type Inspected, type PartWish } from './called-parts.js';
import { FrameAge } from './frame-age.js';
import { FrameGate } from './frame-gate.js';
import { FrameTap } from './frame-tap.js';
import type { Inspector } from './inspect.js';
import type { PairedPart } from './paired-part.js';
import { PauseGate } from './pause-gate.js';
import type { Announcement, Trigger } from './trigger.js';

export interface StationOptions {
  readonly config: Pick<StationConfig, 'name' | 'queue' | 'frameTimeoutMs' | 'maxFrameAgeMs'>;
  readonly camera: Camera;
  /** Absent where every frame is a part. */
  readonly trigger?: Trigger;
  readonly inspector: Inspector;
  /** Is told of every part from its trigger on. */
  readonly output?: VerdictOutput;
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
  readonly #age: FrameAge;
  readonly #captures = new InOrder();
  #openCalled: ((call: Call) => void) | undefined;
  #triggersDropped = 0;
  #running = false;

  constructor(options: StationOptions) {
    this.#options = options;
    this.name = options.config.name;
    this.#age = new FrameAge(options.config.maxFrameAgeMs, options.clock);
    const { length, overflow } = options.config.queue;
    this.#queue = new BoundedQueue(length, overflow ?? options.camera.overflow, ({ part }) => {
      this.#called.settle(part.id, undefined);
      options.output?.dropped(part.id);
    });
  }

  /** Parts are being taken. */
  get isRunning(): boolean {
    return this.#running;
  }

  /** Parts that were not inspected because the gateway was behind. */
  get dropped(): number {
    return this.#queue.dropped + this.#triggersDropped;
  }

  /** Frames that were too old to be paired with a part. */
  get stale(): number {
    return this.#age.refused;
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
    this.#running = true;
    try {
      if (this.#options.trigger === undefined) await this.#takeEveryFrame(ending);
      else await this.#takeTriggered(this.#options.trigger, ending);
    } finally {
      this.#running = false;
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
      if (!this.#age.admits(frame)) continue;
      const part = this.#openPart(clock.nowMs());
      this.#options.output?.taken(part.id);
      await this.#queue.push({ part, frame });
    }
  }

  async #takeTriggered(trigger: Trigger, signal: AbortSignal): Promise<void> {
    const { camera, config, logger, output } = this.#options;
    const gate = new FrameGate((frame) => this.#age.admits(frame));
    const pending = new Set<Promise<void>>();
    // A part whose id is read slowly is not overtaken: its result has to reach the PLC first.
    const order = new InOrder();
    const turnAway = (call: Call | undefined): void => {
      if (call === undefined) output?.turnedAway();
      else call.resolve(undefined);
    };
    const open = (atMs: number, { identity, echo }: Announcement = {}, call?: Call): void => {
      if (call?.despitePause !== true && !this.gate.admits()) {
        turnAway(call);
        return;
      }
      if (pending.size >= config.queue.length) {
        this.#triggersDropped += 1;
        turnAway(call);
        logger.warn(
          { dropped: this.dropped },
          'A trigger came while too many parts were waiting for a frame; the part was not inspected.',
        );
        return;
      }
      const part = this.#openPart(atMs, call);
      if (identity === undefined) output?.taken(part.id, echo);
      const identified = identity?.finally(() => output?.taken(part.id, echo));
      const framed = this.#capture(signal) ?? gate.take(atMs, config.frameTimeoutMs, signal);
      const pair = Promise.all([framed, identified]);
      const pairing = order
        .turn()(async () => {
          const [frame, known] = await pair;
          await this.#queue.push({ part: { ...part, ...known }, frame });
        })
        .catch((error: unknown) => {
          output?.dropped(part.id);
          logger.error({}, `A part could not be queued: ${messageOf(error)}`);
        })
        .finally(() => pending.delete(pairing));
      pending.add(pairing);
    };
    const stopTrigger = trigger(
      (atMs, announcement) => open(atMs, announcement),
      () => output?.restarted(),
    );
    this.#openCalled = (call) => open(this.#options.clock.nowMs(), {}, call);
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

  /** The picture of the part that opens now, from a camera that takes one when asked; those parts stay in their order. */
  #capture(signal: AbortSignal): Promise<Frame | undefined> | undefined {
    const { camera, config } = this.#options;
    const capturing = camera.capture?.(config.frameTimeoutMs, signal);
    if (capturing === undefined) return undefined;
    return this.#captures.turn()(async () => {
      const frame = await capturing;
      if (frame === undefined || !this.#age.admits(frame)) return undefined;
      this.tap.offer(frame);
      return frame;
    });
  }

  #openPart(openedAtMs: number, call?: Call): Part {
    const { newPartId, clock, output } = this.#options;
    const id = newPartId();
    const openedTickMs = clock.monotonicMs();
    const wished = this.#called.opened(id, call);
    output?.opened({ id, openedTickMs, called: call !== undefined });
    return { id, openedAtMs, openedTickMs, ...wished };
  }
}
