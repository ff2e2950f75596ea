import type { PixelFormat } from '../../domain/frame.js';
import {
  Filling,
  type Framing,
  MAX_PICTURE_BYTES,
  PictureBuffers,
  StreamFault,
  type StreamPicture,
} from '../process/framing.js';

/*
 * The GStreamer Data Protocol 1.0 as `gdppay` writes it (gst-plugins-bad, gst/gdp/dataprotocol.c). Each packet is a
 * header of 62 bytes, numbers big-endian, and its payload:
 *
 *    0  version, 1 and 0            10  presentation time, ns      42  flags of the buffer
 *    2  flags of the header         18  duration, ns               44  decoding time
 *    4  type of the payload         26  offset: counts frames      52  reserved
 *    6  length of the payload       34  end offset                 58  checksums (not asked for)
 *
 * Payloads are caps as text, events as text, and buffers. So size and format stand in the stream itself, before the
 * first frame and again whenever they change, and each frame brings its own length and time.
 */
export const GDP_HEADER_BYTES = 62;
const VERSION = 0x0100;
const TYPE_BUFFER = 1;
const TYPE_CAPS = 2;
const TYPE_FIRST_EVENT = 64;
const NO_TIME = 0xff_ff_ff_ff;
const MAX_CAPS_BYTES = 65_536;
const MAX_EVENT_BYTES = 16_777_216;
const SCRATCH_BYTES = 65_536;

interface Shape {
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
  /** GStreamer begins each row at a multiple of four bytes. */
  readonly strideBytes: number;
}

type Payload =
  | { readonly kind: 'caps'; readonly filling: Filling }
  | { readonly kind: 'skip'; left: number }
  | {
      readonly kind: 'picture';
      readonly filling: Filling;
      readonly shape: Shape;
      readonly sentAtMs: number | undefined;
      readonly count: number | undefined;
    };

export class GdpFraming implements Framing {
  readonly #buffers = new PictureBuffers();
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  #header = new Filling(new Uint8Array(GDP_HEADER_BYTES));
  #payload: Payload | undefined;
  #shape: Shape | undefined;

  get midway(): boolean {
    return this.#payload !== undefined || this.#header.filled > 0;
  }

  target(): Uint8Array {
    if (this.#payload === undefined) return this.#header.rest;
    if (this.#payload.kind === 'skip') return this.#scratch.subarray(0, this.#payload.left);
    return this.#payload.filling.rest;
  }

  advance(bytes: number): StreamPicture | undefined {
    const payload = this.#payload;
    if (payload === undefined) {
      this.#header.add(bytes);
      if (this.#header.full) this.#beginPayload();
      return undefined;
    }
    if (payload.kind === 'skip') {
      payload.left -= bytes;
      if (payload.left === 0) this.#payload = undefined;
      return undefined;
    }
    payload.filling.add(bytes);
    if (!payload.filling.full) return undefined;
    this.#payload = undefined;
    if (payload.kind === 'picture') return picture(payload);
    this.#shape = readCaps(new TextDecoder().decode(payload.filling.bytes));
    return undefined;
  }

  recycle(data: Uint8Array): void {
    this.#buffers.giveBack(data);
  }

  #beginPayload(): void {
    const { bytes } = this.#header;
    const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#header = new Filling(bytes);
    if (header.getUint16(0) !== VERSION) throw new StreamFault('malformed', 'something that is no GStreamer packet');
    const [type, length] = [header.getUint16(4), header.getUint32(6)];
    if (type === TYPE_BUFFER) this.#payload = this.#beginPicture(header, length);
    else if (type === TYPE_CAPS) {
      if (length < 1 || length > MAX_CAPS_BYTES) throw new StreamFault('malformed', `a format of ${length} bytes`);
      this.#payload = { kind: 'caps', filling: new Filling(new Uint8Array(length)) };
    } else if (type >= TYPE_FIRST_EVENT) {
      if (length > MAX_EVENT_BYTES) throw new StreamFault('malformed', `an event of ${length} bytes`);
      this.#payload = length === 0 ? undefined : { kind: 'skip', left: length };
    } else throw new StreamFault('malformed', `a packet of the unknown type ${type}`);
  }

  #beginPicture(header: DataView, length: number): Payload {
    const shape = this.#shape;
    if (shape === undefined) throw new StreamFault('malformed', 'a picture before its format');
    const padded = shape.strideBytes * shape.height;
    if (length !== padded && length !== shape.rowBytes * shape.height) {
      const size = `${shape.width}x${shape.height}`;
      throw new StreamFault('truncated', `a picture of ${length} bytes, where ${size} needs ${padded}`);
    }
    const [time, count] = [header.getBigUint64(10), header.getBigUint64(26)];
    return {
      kind: 'picture',
      filling: new Filling(this.#buffers.take(length)),
      shape,
      sentAtMs: Number(time >> 32n) === NO_TIME ? undefined : Number(time) / 1e6,
      count: count > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(count),
    };
  }
}

function picture({ filling, shape, sentAtMs, count }: Extract<Payload, { kind: 'picture' }>): StreamPicture {
  const { format, width, height } = shape;
  return { format, width, height, data: withoutPadding(filling.bytes, shape), sentAtMs, count };
}

function withoutPadding(data: Uint8Array, { rowBytes, strideBytes, height }: Shape): Uint8Array {
  if (data.length === rowBytes * height) return data;
  const packed = new Uint8Array(rowBytes * height);
  for (let row = 0; row < height; row += 1) {
    const begin = row * strideBytes;
    packed.set(data.subarray(begin, begin + rowBytes), row * rowBytes);
  }
  return packed;
}

function readCaps(text: string): Shape {
  const caps = text.replace(/\0/g, '').trim();
  const field = (pattern: RegExp): string => pattern.exec(caps)?.[1] ?? '';
  const name = field(/[,;]\s*format=\(string\)"?([A-Za-z0-9_]+)/);
  const [width, height] = [Number(field(/[,;]\s*width=\(int\)(\d+)/)), Number(field(/[,;]\s*height=\(int\)(\d+)/))];
  const channels = name === 'GRAY8' ? 1 : 3;
  const usable = caps.startsWith('video/x-raw,') && (name === 'GRAY8' || name === 'RGB') && width > 0 && height > 0;
  if (!usable) throw new StreamFault('unusable-format', `pictures of the form "${caps.slice(0, 200)}"`);
  const rowBytes = width * channels;
  const strideBytes = Math.ceil(rowBytes / 4) * 4;
  if (strideBytes * height > MAX_PICTURE_BYTES) {
    throw new StreamFault('unusable-format', `pictures of ${width}x${height}, more than can be inspected`);
  }
  return { format: channels === 1 ? 'grey8' : 'rgb8', width, height, rowBytes, strideBytes };
}
