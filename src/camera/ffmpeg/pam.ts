import {
  Filling,
  type Framing,
  MAX_PICTURE_BYTES,
  PictureBuffers,
  StreamFault,
  type StreamPicture,
} from '../process/framing.js';

/*
 * Pictures in the PAM format one after the other, as FFmpeg's `image2pipe` writes them
 * (https://netpbm.sourceforge.net/doc/pam.html): a few lines of text that name width, height and depth, then the pixels
 * without padding. Every picture names its own size, so that a stream which changes it is understood.
 */
const END = 'ENDHDR\n';
/** No header is shorter: `P7`, four numbers of one digit and the end. What lies behind it is read byte by byte. */
const SHORTEST_HEADER = 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\n'.length + END.length;
const LONGEST_HEADER = 256;

export class PamFraming implements Framing {
  readonly #buffers = new PictureBuffers();
  readonly #header = new Uint8Array(LONGEST_HEADER);
  #headerBytes = 0;
  #picture:
    | { readonly filling: Filling; readonly width: number; readonly height: number; readonly depth: number }
    | undefined;

  get midway(): boolean {
    return this.#picture !== undefined || this.#headerBytes > 0;
  }

  target(): Uint8Array {
    if (this.#picture !== undefined) return this.#picture.filling.rest;
    return this.#header.subarray(this.#headerBytes, Math.max(SHORTEST_HEADER, this.#headerBytes + 1));
  }

  advance(bytes: number): StreamPicture | undefined {
    if (this.#picture === undefined) {
      this.#headerBytes += bytes;
      if (this.#headerBytes >= SHORTEST_HEADER) this.#readHeader();
      return undefined;
    }
    const { filling, width, height, depth } = this.#picture;
    filling.add(bytes);
    if (!filling.full) return undefined;
    this.#picture = undefined;
    const format = depth === 1 ? 'grey8' : 'rgb8';
    return { format, width, height, data: filling.bytes, sentAtMs: undefined, count: undefined };
  }

  recycle(data: Uint8Array): void {
    this.#buffers.giveBack(data);
  }

  #readHeader(): void {
    const text = Buffer.from(this.#header.buffer, 0, this.#headerBytes).toString('latin1');
    if (!text.startsWith('P7\n')) throw new StreamFault('malformed', 'something that is no picture in PAM format');
    if (!text.endsWith(END)) {
      if (this.#headerBytes === LONGEST_HEADER) throw new StreamFault('malformed', 'a picture header without an end');
      return;
    }
    this.#headerBytes = 0;
    const field = (name: string): number => Number(new RegExp(`^${name} (\\d{1,9})$`, 'm').exec(text)?.[1] ?? 0);
    const [width, height, depth] = [field('WIDTH'), field('HEIGHT'), field('DEPTH')];
    const length = width * height * depth;
    if (length < 1 || length > MAX_PICTURE_BYTES || field('MAXVAL') !== 255 || (depth !== 1 && depth !== 3)) {
      throw new StreamFault('unusable-format', `pictures of the form "${text.trim().split('\n').join(', ')}"`);
    }
    this.#picture = { filling: new Filling(this.#buffers.take(length)), width, height, depth };
  }
}
