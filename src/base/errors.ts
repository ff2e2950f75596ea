/**
 * What follows from an error, and so what the daemon does with it:
 * `config` exits 78 and is not restarted; `transient` is retried with back-off; `degraded` lets the part go on as
 * `review`; `fatal` drains and exits 1, so that systemd restarts the daemon.
 */
export type Consequence = 'config' | 'transient' | 'degraded' | 'fatal';

/** One entry of a folder's error catalogue; `docs/errors.md` is generated from these. */
export interface ErrorDefinition {
  readonly consequence: Consequence;
  /** A plain sentence without the particulars. */
  readonly summary: string;
  /** What the reader can do about it. */
  readonly remedy: string;
}

/** The particulars of one occurrence. */
export interface ErrorDetails {
  /** The thing and the place: a file, a tag, a station, an address. */
  readonly where?: string;
  readonly got?: string;
  readonly expected?: string;
  /** A remedy that fits this occurrence better than the catalogue's. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An expected error: it carries a stable code, what is wrong, where, and what to do. */
export class JidokaError extends Error {
  readonly code: string;
  readonly consequence: Consequence;
  readonly where: string | undefined;
  readonly got: string | undefined;
  readonly expected: string | undefined;
  readonly hint: string;

  constructor(code: string, definition: ErrorDefinition, details: ErrorDetails = {}) {
    super(describe(code, definition, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'JidokaError';
    this.code = code;
    this.consequence = definition.consequence;
    this.where = details.where;
    this.got = details.got;
    this.expected = details.expected;
    this.hint = details.hint ?? definition.remedy;
  }
}

type Catalogue<T extends Record<string, ErrorDefinition>> = {
  readonly [K in keyof T]: (details?: ErrorDetails) => JidokaError;
} & { readonly definitions: T };

/**
 * Makes one function a code: `throw visionErrors.MODEL_HASH_MISMATCH({ where: path })`. Every folder that can fail
 * has its own `errors.ts`.
 */
export function defineErrors<const T extends Record<string, ErrorDefinition>>(definitions: T): Catalogue<T> {
  const makers = Object.fromEntries(
    Object.entries(definitions).map(([code, definition]) => [
      code,
      (details?: ErrorDetails) => new JidokaError(code, definition, details),
    ]),
  );
  return { ...makers, definitions } as unknown as Catalogue<T>;
}

/** The message of anything thrown, for a log line or a `got`. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describe(code: string, definition: ErrorDefinition, details: ErrorDetails): string {
  const parts = [`${code}: ${definition.summary}`];
  if (details.where !== undefined) parts.push(`Where: ${details.where}.`);
  if (details.got !== undefined) parts.push(`Got: ${details.got}.`);
  if (details.expected !== undefined) parts.push(`Expected: ${details.expected}.`);
  parts.push(details.hint ?? definition.remedy);
  return parts.join(' ');
}
