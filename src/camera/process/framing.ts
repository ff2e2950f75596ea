import type { PixelFormat } from '../../domain/frame.js';

/** One picture as it was cut out of the stream. */
export interface StreamPicture {
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  /** All of its own buffer: rows without padding. */
  readonly data: Uint8Array;
  /** Time of the picture on the sender's clock, whose zero means nothing; undefined where it has none. */
  readonly sentAtMs: number | undefined;
  /** Counts the pictures at the source; undefined where it does not. */
  readonly count: number | undefined;
}

/**
 * Cuts a stream into pictures. The reader asks where the next bytes belong and has the system put them there, so that
 * pixels are not copied on their way into the picture's own buffer.
 */
export interface Framing {
  /** Room for the next bytes; never empty. */
  target(): Uint8Array;
  /**
   * Says that so many bytes were put at the beginning of `target()`. Gives the picture that they have completed.
   * @throws StreamFault; the place in the stream is then lost.
   */
  advance(bytes: number): StreamPicture | undefined;
  /** Whether a picture or a header is incomplete: a stream that ends now has been cut. */
  readonly midway: boolean;
  /** Takes back the buffer of a picture that nobody wants, for the next one. */
  recycle(data: Uint8Array): void;
}

export type FramingName = 'gdp' | 'pam';

export type FaultKind = 'malformed' | 'truncated' | 'unusable-format';

/** The stream cannot be understood any further; the message is the rest of the sentence "the stream holds …". */
export class StreamFault extends Error {
  constructor(
    readonly kind: FaultKind,
    message: string,
  ) {
    super(message);
  }
}

/** 100 million pixels in colour. More is not allocated, whatever a header claims. */
export const MAX_PICTURE_BYTES = 300_000_000;

/** A buffer that is filled piece by piece. */
export class Filling {
  #filled = 0;

  constructor(readonly bytes: Uint8Array) {}

  get rest(): Uint8Array {
    return this.bytes.subarray(this.#filled);
  }

  get filled(): number {
    return this.#filled;
  }

  get full(): boolean {
    return this.#filled === this.bytes.length;
  }

  add(bytes: number): void {
    this.#filled += bytes;
  }
}

/** Gives buffers for pictures; one that came back unwanted is given again where its size fits. */
export class PictureBuffers {
  #spare: Uint8Array | undefined;

  take(length: number): Uint8Array {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.length === length ? spare : new Uint8Array(length);
  }

  giveBack(data: Uint8Array): void {
    this.#spare = data;
  }
}
