import type { Result } from './protocol.js';

/** The newest results of one station, a bounded number. */
export class ResultRing {
  readonly #most: number;
  readonly #configuration: string;
  readonly #results: Result[] = [];

  /** `configuration`: the id of the one that all of them were made with. */
  constructor(most: number, configuration: string) {
    this.#most = most;
    this.#configuration = configuration;
  }

  /** A result that is there already is not added again. */
  add(result: Result): boolean {
    if (this.find(result.inspection.id) !== undefined) return false;
    this.#results.push(result);
    if (this.#results.length > this.#most) this.#results.shift();
    return true;
  }

  find(id: string): Result | undefined {
    return this.#results.find(({ inspection }) => inspection.id === id);
  }

  /** Those that fit, the newest first. */
  matching(filter: ResultFilter): readonly Result[] {
    return this.#results.filter((result) => fits(result, filter, this.#configuration)).reverse();
  }
}

/** An empty text, or a state of 0, fits everything. */
export interface ResultFilter {
  readonly state: number;
  readonly measId: string;
  readonly partId: string;
  readonly externalRecipe: string;
  readonly internalRecipe: string;
  readonly externalConfiguration: string;
  readonly internalConfiguration: string;
  readonly product: string;
  readonly jobId: string;
}

/** Values of ResultState. */
export const RESULT_STATES = { COMPLETED: 1, FAILED: 4 } as const;

export function resultState({ inspection }: Result): number {
  return inspection.result === null ? RESULT_STATES.FAILED : RESULT_STATES.COMPLETED;
}

/** jidoka gives results no ExternalConfigurationId and no ProductId, so none of them fits a filter that names one. */
function fits(result: Result, filter: ResultFilter, configuration: string): boolean {
  const texts: readonly (readonly [string, string | undefined])[] = [
    [filter.measId, result.measId],
    [filter.partId, result.partId],
    [filter.externalRecipe, result.recipe.name],
    [filter.internalRecipe, result.recipe.name],
    [filter.externalConfiguration, undefined],
    [filter.internalConfiguration, configuration],
    [filter.product, undefined],
    [filter.jobId, result.jobId],
  ];
  const state = filter.state === 0 || filter.state === resultState(result);
  return state && texts.every(([wanted, is]) => wanted === '' || wanted === is);
}

/** A page of a list as clients ask for it; `most` of 0 means all that there are. */
export function page<T>(
  list: readonly T[],
  start: number,
  most: number,
): { readonly items: readonly T[]; readonly complete: boolean } {
  const items = most === 0 ? list.slice(start) : list.slice(start, start + most);
  return { items, complete: start + items.length >= list.length };
}
