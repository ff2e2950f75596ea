import type { Size } from './size-guard.js';

/** What the scanner has come upon. `atMs` is the time that was given with the picture's first bytes. */
export type Scanned =
  | { readonly kind: 'picture'; readonly data: Uint8Array<ArrayBuffer>; readonly size: Size; readonly atMs: number }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'too-large' };

const START = Buffer.from([0xff, 0xd8, 0xff]);
const INITIAL_BYTES = 65_536;

/**
 * Cuts JPEG pictures out of a stream of bytes by their own structure (ITU-T T.81, annex B), whatever stands between them.
 * Boundaries and lengths in the headers of a multipart stream are not needed, so those that are wrong do no harm: a
 * picture is whole with its end marker and is handed out at once. A thumbnail inside a picture's header is part of that
 * header. A picture that another one begins in is truncated. Memory: `maxBytes` and what one `push` brings.
 */
export class JpegScanner {
  readonly #maxBytes: number;
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;
  /** Everything before it has been looked at. */
  #at = 0;
  #place: 'between' | 'marker' | 'pixels' = 'between';
  #start = 0;
  #startedAtMs = 0;
  #size: Size | undefined;
  #hasPixels = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a picture has begun that is not whole yet. */
  get inPicture(): boolean {
    return this.#place !== 'between';
  }

  push(chunk: Uint8Array, atMs: number): readonly Scanned[] {
    this.#append(chunk);
    const found: Scanned[] = [];
    for (let next = this.#next(atMs); next !== undefined; next = this.#next(atMs)) found.push(next);
    if (this.inPicture && this.#length - this.#start > this.#maxBytes) {
      found.push({ kind: 'too-large' });
      this.#place = 'between';
      this.#at = this.#length;
    }
    this.#compact();
    return found;
  }

  #next(atMs: number): Scanned | undefined {
    for (;;) {
      if (this.#place === 'between') {
        const start = this.#buffer.subarray(0, this.#length).indexOf(START, this.#at);
        if (start < 0) {
          this.#at = Math.max(this.#at, this.#length - START.length + 1);
          return undefined;
        }
        this.#begin(start, atMs);
      }
      const step = this.#place === 'pixels' ? this.#passPixels() : this.#readMarker();
      if (step === 'more') return undefined;
      if (step === 'end') return this.#take();
      if (step === 'cut') return this.#giveUp(atMs);
    }
  }

  #begin(start: number, atMs: number): void {
    this.#place = 'marker';
    this.#start = start;
    this.#startedAtMs = atMs;
    this.#size = undefined;
    this.#hasPixels = false;
    this.#at = start + 2;
  }

  /** In compressed pixels 0xff is followed by 0 or by a restart marker; anything else ends them. */
  #passPixels(): 'more' | 'next' {
    const bytes = this.#buffer.subarray(0, this.#length);
    for (;;) {
      const at = bytes.indexOf(0xff, this.#at);
      if (at < 0 || at + 1 >= this.#length) {
        this.#at = at < 0 ? this.#length : at;
        return 'more';
      }
      const code = bytes[at + 1] ?? 0;
      this.#at = at;
      if (code !== 0 && code !== 0xff && !(code >= 0xd0 && code <= 0xd7)) {
        this.#place = 'marker';
        return 'next';
      }
      this.#at = code === 0xff ? at + 1 : at + 2;
    }
  }

  #readMarker(): 'more' | 'next' | 'end' | 'cut' {
    const available = this.#length - this.#at;
    if (available < 2) return 'more';
    const at = this.#at;
    if (this.#buffer[at] !== 0xff) return 'cut';
    const code = this.#buffer[at + 1] ?? 0;
    if (code === 0xff) {
      this.#at += 1;
      return 'next';
    }
    if (code === 0xd9) return this.#hasPixels && this.#size !== undefined ? 'end' : 'cut';
    // A start in here belongs to the next picture; codes below 0xc0 and above 0xfe are in no JPEG's header.
    if (code === 0xd8 || code < 0xc0 || (code >= 0xf0 && code !== 0xfe)) return 'cut';
    if (code >= 0xd0 && code <= 0xd7) {
      this.#at += 2;
      return 'next';
    }
    if (available < 4) return 'more';
    const length = this.#buffer.readUInt16BE(at + 2);
    if (length < 2) return 'cut';
    if (available < length + 2) return 'more';
    if (isFrameHeader(code) && length >= 8) {
      this.#size = { height: this.#buffer.readUInt16BE(at + 5), width: this.#buffer.readUInt16BE(at + 7) };
    }
    this.#at += length + 2;
    if (code === 0xda) {
      this.#hasPixels = true;
      this.#place = 'pixels';
    }
    return 'next';
  }

  #take(): Scanned {
    const end = this.#at + 2;
    if (end - this.#start > this.#maxBytes) {
      this.#at = end;
      this.#place = 'between';
      return { kind: 'too-large' };
    }
    const data = new Uint8Array(this.#buffer.subarray(this.#start, end));
    this.#at = end;
    this.#place = 'between';
    return { kind: 'picture', data, size: this.#size ?? { width: 0, height: 0 }, atMs: this.#startedAtMs };
  }

  /** The picture breaks off here. What follows is searched; what was passed is not, since it may hold a thumbnail. */
  #giveUp(atMs: number): Scanned {
    const nextBegins = this.#buffer[this.#at] === 0xff && this.#buffer[this.#at + 1] === 0xd8;
    if (nextBegins) this.#begin(this.#at, atMs);
    else this.#place = 'between';
    return { kind: 'truncated' };
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = needed;
  }

  #compact(): void {
    const keepFrom = this.inPicture ? this.#start : this.#at;
    this.#buffer.copyWithin(0, keepFrom, this.#length);
    this.#length -= keepFrom;
    this.#at -= keepFrom;
    this.#start = 0;
  }
}

/** SOF0 to SOF15; three codes of that range mean something else. */
function isFrameHeader(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}
