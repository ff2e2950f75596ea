import { type ErrorDetails, JidokaError, messageOf } from '../base/errors.js';
import type { MapResult } from './class-map.js';
import { visionErrors } from './errors.js';
import type { GoldenSet } from './golden-check.js';
import type { Manifest, Variant } from './manifest.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly modelFile: string;
  readonly manifest: Manifest;
  readonly variant: Pick<Variant, 'sha256' | 'temperature'>;
  /** In order of preference. */
  readonly providers: readonly string[];
  readonly intraOpThreads: number;
  /** What a provider must reproduce before it is used; without it none is asked. */
  readonly golden?: GoldenSet;
}

export interface ProviderFallback {
  readonly provider: string;
  readonly reason: string;
}

/** Which provider a worker took, and why not those before it. */
export interface ProviderChoice {
  readonly provider: string;
  readonly fallbacks: readonly ProviderFallback[];
}

/** What a model gives for one picture. */
export interface ModelOutput {
  /** One probability a label. */
  readonly scores: Float32Array;
  /** Present when a map was asked for and the model has one. */
  readonly map?: MapResult;
}

/** From the main thread. At most one `infer` is under way in a worker; `stop` comes when none is. */
export type WorkerRequest =
  | { readonly kind: 'infer'; readonly pixels: Uint8Array; readonly map: boolean }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'stop' };

/** To the main thread. The first message is `ready` or `unusable`. */
export type WorkerReply =
  | ({ readonly kind: 'ready' } & ProviderChoice)
  | { readonly kind: 'unusable'; readonly error: PlainError }
  | ({ readonly kind: 'scores'; readonly inferenceMs: number } & ModelOutput)
  | { readonly kind: 'failed'; readonly error: PlainError }
  | { readonly kind: 'pong'; readonly id: number };

type VisionErrorCode = keyof typeof visionErrors.definitions;

/** An error in a form that crosses threads: structured cloning keeps neither class nor code. */
export interface PlainError {
  readonly code: VisionErrorCode;
  readonly details: ErrorDetails;
}

/** Errors that are not of the catalogue get the code `otherwise` and their message as what was got. */
export function plainError(error: unknown, otherwise: VisionErrorCode): PlainError {
  if (!(error instanceof JidokaError) || !(error.code in visionErrors.definitions)) {
    return { code: otherwise, details: { got: firstLine(messageOf(error)) } };
  }
  const { where, got, expected, hint } = error;
  return {
    code: error.code as VisionErrorCode,
    details: {
      hint,
      ...(where !== undefined && { where }),
      ...(got !== undefined && { got }),
      ...(expected !== undefined && { expected }),
    },
  };
}

export function reviveError({ code, details }: PlainError): JidokaError {
  return visionErrors[code](details);
}

/** Native libraries answer with several lines; the first that says something is the reason. */
export function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.trim() ?? '';
}
