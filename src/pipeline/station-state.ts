import { isoUtc } from '../base/clock.js';
import { firstPassYield, type Inspection, type StationCounts } from '../domain/inspection.js';
import { type PlcFigures, STATE_SCHEMA, type StationState } from '../domain/state.js';
import type { CameraStatus } from '../ports/camera.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import type { Pause } from './pause-gate.js';

/** What the state message shows besides the totals. */
export interface StationFigures {
  readonly camera: CameraStatus;
  /** Frames that the station's queue dropped. */
  readonly dropped: number;
  /** Frames that were too old. */
  readonly stale: number;
  /** What came during a pause. */
  readonly turnedAway: number;
  readonly pause: Pause | undefined;
  readonly failed: StationState['failed'];
  /** Absent where no PLC gets the verdicts. */
  readonly plc?: PlcFigures;
  readonly shed: StationState['shed'];
  readonly model: ClassifierInfo;
  readonly thresholds: StationState['thresholds'];
  /** Present where the station has recipes. */
  readonly recipe?: string | null;
}

/** The running totals of one station, as the retained state message shows them. */
export class StationTally {
  #counts: StationCounts;
  #last: StationState['last'] = null;
  #lastDecidedAtMs = Number.NEGATIVE_INFINITY;

  /** Begins with the totals the ledger has from earlier runs. */
  constructor(
    readonly station: string,
    counts: StationCounts,
  ) {
    this.#counts = counts;
  }

  get counts(): StationCounts {
    return this.#counts;
  }

  /** An inspection is committed. */
  add(inspection: Inspection, seq: number): void {
    const { decision } = inspection.verdict;
    this.#counts = { ...this.#counts, [decision]: this.#counts[decision] + 1 };
    this.#setLast(inspection, seq);
  }

  /** An inspection will never be recorded: its verdict is shown all the same, but no total has it. */
  addUnrecorded(inspection: Inspection): void {
    this.#setLast(inspection, null);
  }

  /** After a disk in trouble the commits come later than the verdicts of younger parts: the newest stays. */
  #setLast(inspection: Inspection, seq: number | null): void {
    if (inspection.decidedAtMs < this.#lastDecidedAtMs) return;
    this.#lastDecidedAtMs = inspection.decidedAtMs;
    this.#last = {
      id: inspection.id,
      seq,
      verdict: inspection.verdict.decision,
      class: inspection.result?.label ?? null,
      score: inspection.result === null ? null : Math.round(inspection.result.score * 1e5) / 1e5,
      capturedAt: isoUtc(inspection.capturedAtMs),
    };
  }

  state(atMs: number, figures: StationFigures): StationState {
    const { camera, dropped, stale, turnedAway, pause, failed, plc, shed, model, thresholds, recipe } = figures;
    const { pass, fail, review } = this.#counts;
    return {
      schema: STATE_SCHEMA,
      station: this.station,
      at: isoUtc(atMs),
      last: this.#last,
      counts: { pass, fail, review, total: pass + fail + review },
      firstPassYield: firstPassYield(this.#counts),
      paused: pause === undefined ? null : pausedState(pause),
      dropped: { camera: camera.framesDropped, station: dropped, paused: turnedAway, stale },
      quarantined: camera.quarantined,
      failed,
      ...(plc !== undefined && { plc }),
      shed,
      camera: camera.text,
      ...(recipe !== undefined && { recipe }),
      model: {
        name: model.model.name,
        version: model.model.version,
        variant: model.variant,
        provider: model.provider,
      },
      thresholds,
    };
  }
}

function pausedState({ sinceMs, by, reason }: Pause): StationState['paused'] {
  return { since: isoUtc(sinceMs), by, ...(reason !== undefined && { reason }) };
}
