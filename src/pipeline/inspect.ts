import type { BoundedQueue } from '../base/bounded-queue.js';
import type { Clock } from '../base/clock.js';
import { JidokaError, messageOf } from '../base/errors.js';
import { InOrder } from '../base/in-order.js';
import type { Logger } from '../base/logger.js';
import { Semaphore } from '../base/semaphore.js';
import type { StationConfig } from '../config/schema/station.js';
import type { Image, View } from '../domain/frame.js';
import type { Inspection, InspectionResult, StageTiming } from '../domain/inspection.js';
import type { Classification } from '../domain/model.js';
import type { Decision, ReasonCode } from '../domain/verdict.js';
import type { Camera } from '../ports/camera.js';
import type { Classifier } from '../ports/classifier.js';
import type { ImageEncoder } from '../ports/image-encoder.js';
import type { Ledger } from '../ports/ledger.js';
import type { SensorSource } from '../ports/sensors.js';
import type { VerdictOutput } from '../ports/verdict-output.js';
import { type Evidence, judge } from './judge.js';
import type { ModelInUse, ModelSlot } from './model-slot.js';
import type { PairedPart } from './paired-part.js';

/** Inspections that may be judged and not yet committed; beyond it the station waits for the disk. */
const MAX_UNCOMMITTED = 64;

export interface InspectorOptions {
  readonly station: Pick<StationConfig, 'name' | 'images'>;
  readonly view: View;
  readonly camera: Camera;
  readonly sensors: SensorSource;
  /** Read once for each part. */
  readonly models: ModelSlot;
  readonly encoder: ImageEncoder;
  readonly jpegQuality: number;
  readonly ledger: Ledger;
  readonly output?: VerdictOutput;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onInspected: (inspection: Inspection, seq: number) => void;
}

/**
 * The way of one part from its frame to its committed record: classify, judge, actuate, record. Several parts are
 * under way at once so that a worker never waits for the main thread, yet verdicts reach the PLC and the ledger in the
 * order in which the parts came.
 */
export class Inspector {
  readonly #options: InspectorOptions;
  readonly #verdicts = new InOrder();
  readonly #records = new InOrder();
  readonly #classifying: Semaphore;
  readonly #uncommitted = new Semaphore(MAX_UNCOMMITTED);
  #outputCounter = 0;
  #outputFailures = 0;
  #recordsRefused = 0;
  readonly #started = new Map<string, number>();

  constructor(options: InspectorOptions) {
    this.#options = options;
    this.#classifying = new Semaphore(this.#partsAtOnce());
  }

  /** Verdicts that the PLC did not take and inspections that the ledger refused. */
  get failed(): { readonly plcWrites: number; readonly records: number } {
    return { plcWrites: this.#outputFailures, records: this.#recordsRefused };
  }

  /** One part in each worker and one more being prepared or judged meanwhile. */
  #partsAtOnce(): number {
    return this.#options.models.current.info.workers + 1;
  }

  /** How long the oldest part has been with the model, ms; 0 when none is. The watchdog looks at it. */
  get busyMs(): number {
    const [oldest] = this.#started.values();
    return oldest === undefined ? 0 : this.#options.clock.monotonicMs() - oldest;
  }

  /**
   * Inspects until the queue is closed and every part is committed.
   * @throws whatever made a record impossible for good, such as a ledger that died; the queue is closed then.
   */
  async run(queue: BoundedQueue<PairedPart>): Promise<void> {
    const underWay = new Set<Promise<void>>();
    let failure: { readonly error: unknown } | undefined;
    for (;;) {
      await this.#uncommitted.acquire();
      this.#classifying.limit = this.#partsAtOnce();
      await this.#classifying.acquire();
      const paired = await queue.shift();
      if (paired === undefined) break;
      const inspection = this.#inspect(paired)
        .catch((error: unknown) => {
          failure ??= { error };
          queue.close();
        })
        .finally(() => {
          this.#uncommitted.release();
          underWay.delete(inspection);
        });
      underWay.add(inspection);
    }
    await Promise.all(underWay);
    if (failure !== undefined) throw failure.error;
  }

  async #inspect(paired: PairedPart): Promise<void> {
    const { ledger, camera, onInspected } = this.#options;
    const decided = this.#options.models
      .use((model) => this.#decide(paired, model))
      .finally(() => this.#classifying.release());
    const kept = decided.then(({ inspection, image }) => this.#kept(inspection.verdict.decision, image));
    // The reject gate has milliseconds: it waits neither for the image nor for the disk.
    const actuated = this.#verdicts.turn()(async () => this.#actuate((await decided).inspection));
    // The ledger keeps the order of calls, so the turn ends with the call, not with the commit: one fsync serves many.
    const called = this.#records.turn()(async () => {
      const { inspection } = await decided;
      return { inspection, recorded: ledger.record(inspection, await kept) };
    });
    const recorded = called.then(({ inspection, recorded: commit }) =>
      commit.then(
        ({ seq }) => onInspected(inspection, seq),
        (error: unknown) => this.#unrecorded(inspection, error),
      ),
    );
    // All in one place: whatever fails first has a handler, and nothing waits for another's turn to be told.
    await Promise.all([kept, actuated, recorded]);
    if (paired.frame !== undefined) await camera.inspected(paired.frame);
  }

  /** A record the ledger cannot hold as it is must not stop the line; any other failure is for good. */
  #unrecorded(inspection: Inspection, error: unknown): void {
    if (!(error instanceof JidokaError) || error.consequence !== 'degraded') throw error;
    this.#recordsRefused += 1;
    this.#options.logger.error({ part: inspection.id }, `An inspection is not recorded: ${error.message}`);
  }

  async #decide(
    { part, frame }: PairedPart,
    { classifier, info, policy }: ModelInUse,
  ): Promise<{ inspection: Inspection; image: Image | undefined }> {
    const { clock, sensors, station } = this.#options;
    const startedMs = clock.monotonicMs();
    this.#started.set(part.id, startedMs);
    const capturedAtMs = frame?.capturedAtMs ?? part.openedAtMs;
    // Waiting is from the trigger or the frame, whichever was later: a file may be older than the agent.
    const waitMs = Math.max(0, clock.nowMs() - Math.max(capturedAtMs, part.openedAtMs));
    const { evidence, image } = await this.#classify(frame, classifier);
    // Taken after the inference: by then the server has had time to send the values of the capture time.
    const snapshot = sensors.snapshot(capturedAtMs);
    const verdict = judge(evidence, snapshot, policy);
    this.#started.delete(part.id);
    const timing = evidence.classification?.timing;
    const inspection: Inspection = {
      id: part.id,
      station: station.name,
      ...(part.externalId !== undefined && { partId: part.externalId }),
      capturedAtMs,
      decidedAtMs: clock.nowMs(),
      verdict,
      model: info.model,
      result: evidence.classification === undefined ? null : resultOf(evidence.classification),
      snapshot,
      timing: {
        waitMs,
        ...timing,
        totalMs: waitMs + clock.monotonicMs() - startedMs,
      } satisfies StageTiming,
      ...(frame?.origin !== undefined && { origin: frame.origin }),
    };
    return { inspection, image };
  }

  async #classify(
    frame: PairedPart['frame'],
    classifier: Classifier,
  ): Promise<{ evidence: Evidence; image: Image | undefined }> {
    const { camera, view, logger } = this.#options;
    if (frame === undefined) {
      const text = 'the camera gave no frame for this part in time';
      return { evidence: { failure: { code: 'NO_FRAME', text } }, image: undefined };
    }
    try {
      const { classification, image } = await classifier.classify(frame.image, view);
      return { evidence: { classification }, image };
    } catch (error) {
      const code: ReasonCode =
        error instanceof JidokaError && error.code.startsWith('IMAGE_') ? 'IMAGE_UNREADABLE' : 'INFERENCE_FAILED';
      const text = messageOf(error);
      logger.warn({ file: frame.origin?.name }, `A part goes to review: ${text}`);
      if (code === 'IMAGE_UNREADABLE') await camera.unreadable(frame, text);
      return { evidence: { failure: { code, text } }, image: undefined };
    }
  }

  async #actuate(inspection: Inspection): Promise<void> {
    const { output, logger } = this.#options;
    if (output === undefined) return;
    this.#outputCounter += 1;
    try {
      await output.write({
        inspectionId: inspection.id,
        decision: inspection.verdict.decision,
        label: inspection.result?.label ?? null,
        score: inspection.result?.score ?? null,
        counter: this.#outputCounter,
      });
    } catch (error) {
      this.#outputFailures += 1;
      logger.warn({ part: inspection.id }, `The PLC did not get a verdict: ${messageOf(error)}`);
    }
  }

  async #kept(decision: Decision, image: Image | undefined): Promise<Uint8Array | undefined> {
    const { station, encoder, jpegQuality, logger } = this.#options;
    if (image === undefined || station.images === 'none') return undefined;
    if (station.images === 'fails-and-reviews' && decision === 'pass') return undefined;
    try {
      return await encoder.toJpeg(image, jpegQuality);
    } catch (error) {
      logger.warn({}, `An image could not be kept: ${messageOf(error)}`);
      return undefined;
    }
  }
}

function resultOf(classification: Classification): InspectionResult {
  const scores = Object.fromEntries(
    classification.labels.map((label, index) => [label, classification.scores[index] ?? 0]),
  );
  return { label: classification.label, score: classification.score, scores };
}
