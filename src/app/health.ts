import type { Logger } from '../base/logger.js';

/** Something an operator should know of, in plain words. */
export interface Trouble {
  /** The thing: `camera surface`, `broker`, `store`, … */
  readonly where: string;
  readonly text: string;
}

/** One part of the agent that can be asked whether it is in trouble; `undefined` when it is well. */
export interface HealthSource {
  readonly where: string;
  readonly trouble: () => string | undefined;
}

/** Asks every source and logs what has come and what is over, once each, so that the log tells a story. */
export class HealthWatch {
  #known = new Map<string, string>();

  constructor(
    private readonly sources: readonly HealthSource[],
    private readonly logger: Logger,
  ) {}

  check(): readonly Trouble[] {
    const now = new Map<string, string>();
    for (const { where, trouble } of this.sources) {
      const text = trouble();
      if (text !== undefined) now.set(where, text);
    }
    for (const [where, text] of now) {
      if (!this.#known.has(where)) this.logger.warn({ where }, text);
    }
    for (const where of this.#known.keys()) {
      if (!now.has(where)) this.logger.info({ where }, 'Well again.');
    }
    this.#known = now;
    return [...now].map(([where, text]) => ({ where, text }));
  }
}
