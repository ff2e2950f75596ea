import type { ConfigPath } from '../problem.js';

/**
 * A place in the file as it was read, before any schema: checks that look at several values at once run even where
 * the schema has found other faults, so that all problems are shown together. What has the wrong type is passed over,
 * since the schema has reported it.
 */
export class Cursor {
  constructor(
    readonly value: unknown,
    readonly path: ConfigPath,
  ) {}

  /** The value of a key; a key that is absent gives a cursor on undefined. */
  at(key: string): Cursor {
    const { value } = this;
    const own = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key);
    return new Cursor(own ? (value as Record<string, unknown>)[key] : undefined, [...this.path, key]);
  }

  get exists(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get text(): string | undefined {
    return typeof this.value === 'string' ? this.value : undefined;
  }

  get number(): number | undefined {
    return typeof this.value === 'number' ? this.value : undefined;
  }

  /** The entries of a list; empty for anything else. */
  get items(): readonly Cursor[] {
    return Array.isArray(this.value) ? this.value.map((entry, index) => new Cursor(entry, [...this.path, index])) : [];
  }

  /** The keys and values of a section; empty for anything else. */
  get entries(): readonly (readonly [string, Cursor])[] {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    return Object.keys(value).map((key) => [key, this.at(key)]);
  }
}
