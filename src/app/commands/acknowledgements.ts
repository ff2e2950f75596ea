import type { Trouble } from '../health.js';

/** Who has said that they know of an alarm, for as long as it lasts: one that comes back is a new one. */
export class Acknowledgements {
  readonly #known = new Map<string, { readonly at: string; readonly by: string }>();

  /** The first to acknowledge an alarm is the one who is named. */
  acknowledge(where: string, by: string, at: string): { readonly at: string; readonly by: string } {
    const known = this.#known.get(where) ?? { at, by };
    this.#known.set(where, known);
    return known;
  }

  /** The troubles of now with who knows of them; what is over is forgotten. */
  on(troubles: readonly Trouble[]): readonly Trouble[] {
    const present = new Set(troubles.map(({ where }) => where));
    for (const where of this.#known.keys()) if (!present.has(where)) this.#known.delete(where);
    return troubles.map((trouble) => {
      const acknowledged = this.#known.get(trouble.where);
      return acknowledged === undefined ? trouble : { ...trouble, acknowledged };
    });
  }
}
