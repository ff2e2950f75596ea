import type { Decision } from '../domain/verdict.js';

export interface OutputResult {
  readonly inspectionId: string;
  readonly decision: Decision;
  readonly label: string | null;
  readonly score: number | null;
  /** Counts the verdicts of this run; the PLC sees it change last. */
  readonly counter: number;
}

/**
 * The way back to the PLC. OK and NOK are separate bits and both 0 means no result; the counter is written last, so
 * that a PLC that watches it never reads half a result. `write` resolves once the PLC has taken every value and rejects
 * with a `transient` JidokaError when it has not; a verdict that could not be written is counted by the caller and
 * never written later.
 */
export interface VerdictOutput {
  /** Clears OK and NOK now, if the PLC can be reached, and on each new connection. Does not wait for a connection. */
  start(): Promise<void>;
  write(result: OutputResult): Promise<void>;
  /** Clears OK and NOK a last time. */
  stop(): Promise<void>;
}
