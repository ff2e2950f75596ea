import type { PlcOutputConfig } from '../config/schema/plc.js';
import type { OutputResult } from '../ports/verdict-output.js';
import type { PlcValue } from './encode.js';
import type { Levels } from './handshake-state.js';
import type { FieldWrite } from './plc-writer.js';

const CODES = { pass: 1, fail: 2, review: 3 } as const;

const RESTING_LEVELS: Levels = {
  ready: false,
  busy: false,
  error: false,
  errorCode: 0,
  triggerAck: false,
  standing: false,
};

/**
 * Which values go to which tags, and in which order: a PLC may take the nodes of one Write call one by one, so what
 * means nothing good is written before what means something.
 */
export class PlcFields {
  constructor(private readonly config: PlcOutputConfig) {}

  /** No result. */
  get none(): readonly FieldWrite[] {
    const { ok, nok, reject, handshake } = this.config;
    return [
      { field: 'done', nodeId: handshake?.done, value: false },
      { field: 'ok', nodeId: ok, value: false },
      { field: 'nok', nodeId: nok, value: false },
      { field: 'reject', nodeId: reject, value: true },
    ];
  }

  /** Every tag as it is while nothing is to be said. */
  get resting(): readonly FieldWrite[] {
    return [...this.none, ...this.levels(RESTING_LEVELS)];
  }

  /** Everything of a result but what tells the PLC to take it. The bit that falls comes first, the one that rises last. */
  result({ decision, label, score, partId, inspectionId }: OutputResult): readonly FieldWrite[] {
    const { config } = this;
    const pass = decision === 'pass';
    const ok: FieldWrite = { field: 'ok', nodeId: config.ok, value: pass };
    const nok: FieldWrite = { field: 'nok', nodeId: config.nok, value: !pass };
    const reject: FieldWrite = { field: 'reject', nodeId: config.reject, value: !pass };
    const details: readonly FieldWrite[] = [
      { field: 'code', nodeId: config.code, value: CODES[decision] },
      { field: 'label', nodeId: config.label, value: label ?? '' },
      { field: 'score', nodeId: config.score, value: score ?? 0 },
      { field: 'partId', nodeId: config.partId, value: partId ?? '' },
      { field: 'inspectionId', nodeId: config.inspectionId, value: inspectionId },
    ];
    const lowered: FieldWrite = { field: 'done', nodeId: config.handshake?.done, value: false };
    return pass ? [lowered, nok, ...details, reject, ok] : [lowered, reject, ok, ...details, nok];
  }

  /** What tells the PLC to take the result. */
  take(counter: number): readonly FieldWrite[] {
    const { config } = this;
    return [
      { field: 'counter', nodeId: config.counter, value: counter },
      { field: 'done', nodeId: config.handshake?.done, value: true },
    ];
  }

  /** Those levels that differ from `before`; without it all of them. */
  levels(levels: Levels, before?: Levels): readonly FieldWrite[] {
    const { ready, busy, error, errorCode, triggerAck, standing } = levels;
    const { handshake } = this.config;
    const clears = before?.standing === true && !standing;
    const all: readonly [keyof Levels, FieldWrite][] = [
      ['errorCode', { field: 'errorCode', nodeId: handshake?.errorCode, value: errorCode }],
      ['error', { field: 'error', nodeId: handshake?.error, value: error }],
      ['busy', { field: 'busy', nodeId: handshake?.busy, value: busy }],
      ['triggerAck', { field: 'triggerAck', nodeId: handshake?.triggerAck, value: triggerAck ?? false }],
    ];
    const isReady: [keyof Levels, FieldWrite] = ['ready', { field: 'ready', nodeId: handshake?.ready, value: ready }];
    const ordered = ready ? [...all, isReady] : [isReady, ...all];
    const changed = ordered.filter(([level]) => before === undefined || before[level] !== levels[level]);
    return [...(clears ? this.none : []), ...changed.map(([, field]) => field)];
  }

  heartbeat(beat: PlcValue): readonly FieldWrite[] {
    return [{ field: 'heartbeat', nodeId: this.config.handshake?.heartbeat, value: beat }];
  }
}

export { RESTING_LEVELS };
