import { v7 as uuidv7 } from 'uuid';
import type { BoundedQueue } from '../base/bounded-queue.js';
import type { Clock } from '../base/clock.js';
import { JidokaError, messageOf } from '../base/errors.js';
import { InOrder } from '../base/in-order.js';
import type { Logger } from '../base/logger.js';
import { Semaphore } from '../base/semaphore.js';
import type { StationConfig } from '../config/schema/station.js';
import type { Image, Region, View } from '../domain/frame.js';
import type { Inspection, StageTiming } from '../domain/inspection.js';
import type { Decision } from '../domain/verdict.js';
import type { Camera, FrameToken } from '../ports/camera.js';
import type { ImageDecoder } from '../ports/image-decoder.js';
import type { ImageEncoder } from '../ports/image-encoder.js';
import type { Ledger, Recorded } from '../ports/ledger.js';
import type { SensorSource } from '../ports/sensors.js';
import type { VerdictOutput } from '../ports/verdict-output.js';
import { type Examined, Examiner } from './examiner.js';
import type { ModelInUse, ModelSlot } from './model-slot.js';
import type { PairedPart } from './paired-part.js';
import { partsOfFrame } from './parts-of-frame.js';
import type { QualityGate } from './quality-gate.js';
import { type Chosen, Recipes } from './recipes.js';
import { judgeLooks } from './regions.js';
import { WriteBack } from './write-back.js';

/**
 * Parts whose verdict is on its way to the PLC or whose record is on its way to the ledger; beyond it the station
 * waits for the PLC or the image encoder. It never waits for the disk: what is not committed is the ledger's to hold.
 */
const MAX_UNTOLD = 64;

export interface InspectorOptions {
  readonly station: Pick<StationConfig, 'name' | 'images'>;
  /** What the model sees of a picture; `recipes` have views of their own. */
  readonly view: View;
  readonly camera: Camera;
  readonly sensors: SensorSource;
  /** Read once for each part; `recipes` have models of their own. */
  readonly models: ModelSlot;
  readonly recipes?: Recipes;
  readonly quality?: QualityGate;
  readonly encoder: ImageEncoder;
  readonly decoder?: ImageDecoder;
  readonly jpegQuality: number;
  readonly ledger: Ledger;
  readonly output?: VerdictOutput;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onInspected: (inspection: Inspection, seq: number) => void;
  /** The verdict has reached the PLC, but the ledger has given the record up. */
  readonly onUnrecorded: (inspection: Inspection) => void;
}

interface Decided {
  readonly inspection: Inspection;
  readonly ticks: { readonly openedMs: number; readonly decidedMs: number };
  readonly image: Image | undefined;
  /** Tells the camera that the picture could not be read. */
  readonly unreadable?: () => Promise<void>;
}

/** A part that has been judged, and what its camera wants to hear of. Nothing as large as a picture is in it. */
interface Called {
  readonly inspection: Inspection;
  readonly commit: Promise<Recorded>;
  readonly taken: FrameToken | undefined;
}

/**
 * The way of one part from its frame to its committed record: classify, judge, actuate, record. Several parts are
 * under way at once so that a worker never waits for the main thread, yet verdicts reach the PLC and the ledger in the
 * order in which the parts came.
 *
 * A disk in trouble may keep thousands of records waiting for their commit, so a part that has been handed to the
 * ledger keeps nothing but the inspection alive.
 */
export class Inspector {
  readonly #options: InspectorOptions;
  readonly #recipes: Recipes;
  readonly #examiner: Examiner;
  readonly #verdicts = new InOrder();
  readonly #records = new InOrder();
  readonly #classifying: Semaphore;
  readonly #untold = new Semaphore(MAX_UNTOLD);
  readonly #writeBack = new WriteBack();
  #outputCounter = 0;
  #recordsRefused = 0;
  /** Of the last record that was refused, where none has been committed since. */
  #refusal: string | undefined;
  readonly #started = new Map<string, number>();

  constructor(options: InspectorOptions) {
    this.#options = options;
    this.#recipes = options.recipes ?? Recipes.none(options.models, { kind: 'whole', view: options.view });
    this.#examiner = new Examiner(options);
    this.#classifying = new Semaphore(this.#partsAtOnce());
  }

  /** Verdicts that the PLC did not take and inspections that the ledger refused. */
  get failed(): { readonly plcWrites: number; readonly records: number } {
    return { plcWrites: this.#writeBack.failed, records: this.#recordsRefused };
  }

  /** How the verdicts have reached the PLC. */
  get writeBack(): ReturnType<WriteBack['figures']> {
    return this.#writeBack.figures();
  }

  /** One part in each worker and one more being prepared or judged meanwhile. */
  #partsAtOnce(): number {
    return this.#recipes.workers + 1;
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
      await this.#untold.acquire();
      this.#classifying.limit = this.#partsAtOnce();
      await this.#classifying.acquire();
      const paired = await queue.shift();
      if (paired === undefined) break;
      const chosen = this.#recipes.of(paired.part);
      const [first = paired, ...further] = partsOfFrame(paired, chosen.recipe.areas, () => uuidv7());
      const begin = (one: PairedPart): void => {
        const inspection = this.#inspect(one, chosen)
          .catch((error: unknown) => {
            failure ??= { error };
            queue.close();
          })
          .finally(() => underWay.delete(inspection));
        underWay.add(inspection);
      };
      begin(first);
      for (const one of further) {
        await this.#untold.acquire();
        await this.#classifying.acquire();
        begin(one);
      }
    }
    await Promise.all(underWay);
    if (failure !== undefined) throw failure.error;
  }

  /** Resolves when the part is told to everyone who waits for it, and its record is committed or refused. */
  #inspect(paired: PairedPart, chosen: Chosen): Promise<void> {
    const { ledger } = this.#options;
    const frame = paired.more === true ? undefined : paired.frame;
    const taken = frame && { sequence: frame.sequence, ...(frame.origin !== undefined && { origin: frame.origin }) };
    const decided = chosen.recipe.models
      .use((model) => this.#decide(paired, chosen, model))
      .finally(() => this.#classifying.release());
    const kept = decided.then(({ inspection, image }) =>
      this.#kept(inspection.verdict.decision, image, paired.region?.view.region),
    );
    // The reject gate has milliseconds: it waits neither for the image nor for the disk.
    const actuated = this.#verdicts.turn()(async () => this.#actuate(await decided));
    // A camera that lists a bad picture waits for the disk; the verdict on it does not.
    const listed = decided.then(({ unreadable }) => unreadable?.());
    // The ledger keeps the order of calls, so the turn ends with the call, not with the commit: one fsync serves many.
    const called = this.#records.turn()(async (): Promise<Called> => {
      const { inspection } = await decided;
      return { inspection, commit: ledger.record(inspection, await kept), taken };
    });
    const told = Promise.all([actuated, called.then(nothing), kept.then(nothing)]);
    told.catch(nothing).finally(() => this.#untold.release());
    // All in one place: whatever fails first has a handler, and nothing waits for another's turn to be told.
    return Promise.all([told.then(nothing), listed, called.then((call) => this.#recorded(call))]).then(nothing);
  }

  async #recorded({ inspection, commit, taken }: Called): Promise<void> {
    const recorded = await commit.catch((error: unknown) => this.#unrecorded(inspection, error));
    // A file whose inspection is not recorded stays where it is: the next start takes it again.
    if (recorded === undefined) return;
    this.#refusal = undefined;
    this.#options.onInspected(inspection, recorded.seq);
    if (taken !== undefined) await this.#options.camera.inspected(taken);
  }

  /** A record the ledger does not take must not stop the line; any other failure is for good. */
  #unrecorded(inspection: Inspection, error: unknown): undefined {
    if (!(error instanceof JidokaError) || error.consequence !== 'degraded') throw error;
    this.#recordsRefused += 1;
    // A disk in trouble refuses thousands for the same reason: the count tells how many, the log why.
    if (this.#refusal !== error.code) {
      this.#options.logger.error({ part: inspection.id }, `An inspection is not recorded: ${error.message}`);
    }
    this.#refusal = error.code;
    this.#options.onUnrecorded(inspection);
  }

  async #decide(paired: PairedPart, chosen: Chosen, model: ModelInUse): Promise<Decided> {
    const { part, frame } = paired;
    const { areas } = chosen.recipe;
    const { clock, sensors, station } = this.#options;
    const startedMs = clock.monotonicMs();
    this.#started.set(part.id, startedMs);
    const capturedAtMs = frame?.capturedAtMs ?? part.openedAtMs;
    // Waiting is from the trigger or the frame, whichever was later: a file may be older than the agent.
    const waitMs = Math.max(0, clock.nowMs() - Math.max(capturedAtMs, part.openedAtMs));
    const { looks, ...rest } = await this.#examine(paired, chosen, model);
    // Taken after the inference: by then the server has had time to send the values of the capture time.
    const snapshot = sensors.snapshot(capturedAtMs);
    const passesNeeded = areas.kind === 'regions' && !areas.partEach ? areas.passesNeeded : undefined;
    const { timing, ...judged } = judgeLooks(looks, snapshot, model.policy, passesNeeded);
    this.#started.delete(part.id);
    const ticks = { openedMs: part.openedTickMs, decidedMs: clock.monotonicMs() };
    const lateMs = this.#options.output?.lateMs(part.id);
    const inspection: Inspection = {
      id: part.id,
      station: station.name,
      ...(part.externalId !== undefined && { partId: part.externalId }),
      ...(chosen.name !== undefined && { recipe: chosen.name }),
      capturedAtMs,
      decidedAtMs: clock.nowMs(),
      ...judged,
      model: model.info.model,
      snapshot,
      timing: {
        waitMs,
        ...timing,
        totalMs: waitMs + clock.monotonicMs() - startedMs,
      } satisfies StageTiming,
      // The file is taken once the last of its parts is recorded: a power cut before shows them all again.
      ...(frame?.origin !== undefined && paired.more !== true && { origin: frame.origin }),
      ...(lateMs !== undefined && { lateMs }),
    };
    return { inspection, ticks, ...rest };
  }

  async #examine({ frame, region }: PairedPart, { recipe, problem }: Chosen, model: ModelInUse): Promise<Examined> {
    const name = region?.name ?? null;
    if (frame === undefined) {
      const text = 'the camera gave no frame for this part in time';
      return { looks: [{ name, evidence: { failure: { code: 'NO_FRAME', text } } }], image: undefined };
    }
    // A part of an unknown recipe is never shown to a model: it could be the wrong one.
    if (problem !== undefined) return { looks: [{ name, evidence: { failure: problem } }], image: frame.image };
    return this.#examiner.examine(frame, recipe.areas, region, model.classifier);
  }

  async #actuate({ inspection, ticks }: Decided): Promise<void> {
    const { output, logger } = this.#options;
    if (output === undefined) return;
    this.#outputCounter += 1;
    const { id, lateMs } = inspection;
    if (lateMs !== undefined) {
      this.#writeBack.withhold();
      output.withhold(id);
      logger.warn({ part: id, lateMs }, `A verdict came ${lateMs.toFixed(0)} ms too late; the PLC does not get it.`);
      return;
    }
    const written = this.#write(output, inspection, ticks);
    // To wait for the gate would hold up the parts on the belt behind this one.
    if (!output.delayed) await written;
  }

  async #write(output: VerdictOutput, inspection: Inspection, ticks: Decided['ticks']): Promise<void> {
    const { clock, logger } = this.#options;
    const { id, partId, verdict, result } = inspection;
    try {
      await output.write({
        inspectionId: id,
        ...(partId !== undefined && { partId }),
        decision: verdict.decision,
        label: result?.label ?? null,
        score: result?.score ?? null,
        counter: this.#outputCounter,
      });
      this.#writeBack.written({ ...ticks, nowMs: clock.monotonicMs() });
    } catch (error) {
      this.#writeBack.fail();
      logger.warn({ part: id }, `The PLC did not get a verdict: ${messageOf(error)}`);
    }
  }

  async #kept(decision: Decision, image: Image | undefined, region?: Region): Promise<Uint8Array | undefined> {
    const { station, encoder, jpegQuality, logger } = this.#options;
    if (image === undefined || station.images === 'none') return undefined;
    if (station.images === 'fails-and-reviews' && decision === 'pass') return undefined;
    try {
      return await encoder.toJpeg(image, jpegQuality, undefined, region);
    } catch (error) {
      logger.warn({}, `An image could not be kept: ${messageOf(error)}`);
      return undefined;
    }
  }
}

function nothing(): void {}
