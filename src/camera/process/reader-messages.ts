import type { RawImage } from '../../domain/frame.js';
import type { FaultKind, FramingName } from './framing.js';

/** How one life's stream is to be read. */
export interface StreamOptions {
  /** Unix socket on which the camera's program waits to be read. */
  readonly path: string;
  readonly framing: FramingName;
  /** Taken off each capture time. */
  readonly latencyMs: number;
  /** Pictures come at a constant rate, so that a gap between two tells of lost ones. */
  readonly constantRate: boolean;
}

/** From the main thread to the reader. */
export type ReaderRequest =
  | { readonly kind: 'connect'; readonly life: number; readonly options: StreamOptions }
  /** A picture has been taken over: another one may be sent. */
  | { readonly kind: 'taken'; readonly life: number }
  | { readonly kind: 'disconnect'; readonly life: number };

export interface ReceivedPicture {
  readonly image: RawImage;
  readonly capturedAtMs: number;
  /** Pictures that the source lost, or that nobody could take in time, before this one. */
  readonly lost: number;
}

/** Why a stream has ended. Without a fault it was closed by the program. */
export interface StreamEnd {
  readonly fault?: { readonly kind: FaultKind | 'unreadable'; readonly text: string };
  /** It ended in the middle of a picture. */
  readonly midway: boolean;
}

/** From the reader to the main thread. */
export type ReaderReply =
  | { readonly kind: 'picture'; readonly life: number; readonly picture: ReceivedPicture }
  | { readonly kind: 'ended'; readonly life: number; readonly end: StreamEnd };
