import type { Inspection, Part } from '../domain/inspection.js';

/** An inspection that is committed. */
export interface Inspected {
  readonly inspection: Inspection;
  readonly seq: number;
}

/** What whoever asks for a part wants to be so. */
export interface PartWish {
  /** The id the part is known by outside; it is recorded with it. */
  readonly externalId?: string;
  /** The part is let in though the station is paused. */
  readonly despitePause?: boolean;
  /** Called with the part's id when it is opened. */
  readonly opened?: (id: string) => void;
}

/** Somebody who asked for a part and waits for what becomes of it. */
export interface Call extends PartWish {
  readonly resolve: (inspected: Inspected | undefined) => void;
}

/** Parts that somebody asked for, from the call to the committed inspection. */
export class CalledParts {
  /** Calls for the next part that is opened. */
  readonly #next = new Set<Call>();
  readonly #open = new Map<string, readonly Call[]>();

  /** Somebody waits for the next part who wants it during a pause too. */
  get wantedDespitePause(): boolean {
    return [...this.#next].some(({ despitePause }) => despitePause === true);
  }

  /**
   * Asks for a part with `ask`, which gets the call, or for the next one that is opened. Resolves when it is committed;
   * with undefined when it was lost on the way or the signal aborted first.
   */
  call(signal: AbortSignal, ask?: (call: Call) => void, wish: PartWish = {}): Promise<Inspected | undefined> {
    return new Promise((resolve) => {
      const call: Call = {
        ...wish,
        resolve: (inspected) => {
          signal.removeEventListener('abort', giveUp);
          resolve(inspected);
        },
      };
      const giveUp = (): void => {
        this.#next.delete(call);
        for (const [id, calls] of this.#open)
          this.#put(
            id,
            calls.filter((other) => other !== call),
          );
        call.resolve(undefined);
      };
      if (signal.aborted) return giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      if (ask === undefined) this.#next.add(call);
      else ask(call);
    });
  }

  /**
   * A part is open: for the call that asked for it, else for all that wait for the next. Gives what the first of them
   * who knows it by an id has said of it.
   */
  opened(id: string, call?: Call): Pick<Part, 'externalId'> {
    const calls = call === undefined ? [...this.#next] : [call];
    if (call === undefined) this.#next.clear();
    if (calls.length > 0) this.#put(id, calls);
    for (const { opened } of calls) opened?.(id);
    const externalId = calls.find((one) => one.externalId !== undefined)?.externalId;
    return externalId === undefined ? {} : { externalId };
  }

  settle(id: string, inspected: Inspected | undefined): void {
    const calls = this.#open.get(id) ?? [];
    this.#open.delete(id);
    for (const { resolve } of calls) resolve(inspected);
  }

  #put(id: string, calls: readonly Call[]): void {
    if (calls.length === 0) this.#open.delete(id);
    else this.#open.set(id, calls);
  }
}
