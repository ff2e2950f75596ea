import { z } from 'zod';
import { messageOf } from '../../base/errors.js';
import type { RawImage } from '../../domain/frame.js';
import { cameraErrors } from '../errors.js';

/*
 * The frame feed of the simulated line, over TCP, from server to camera only. Each message is
 *
 *   4 bytes  "JKF1"
 *   4 bytes  length of the header, unsigned, big-endian
 *   header   UTF-8 JSON, see `headerSchema`
 *   pixels   for `type: "frame"`: width * height bytes, grey, rows from top to bottom
 *
 * The server sends `type: "idle"` when there was nothing else to send for FEED_IDLE_MS, so that a silent connection
 * is known to be dead.
 */
export const FEED_IDLE_MS = 2_000;
export const FEED_SILENCE_MS = 10_000;
export const FEED_MAX_HEADER_BYTES = 1_024;
export const FEED_MAX_PIXELS = 16_777_216;

const MAGIC = 0x4a_4b_46_31;
const PREFIX_BYTES = 8;

const headerSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('idle') }),
  z
    .strictObject({
      type: z.literal('frame'),
      /** Counts the line's parts; a gap means that the server could not send a frame to this camera. */
      part: z.number().int().min(0),
      capturedAtMs: z.number().int().min(0),
      format: z.literal('grey8'),
      width: z.number().int().min(1).max(65_535),
      height: z.number().int().min(1).max(65_535),
    })
    .refine((header) => header.width * header.height <= FEED_MAX_PIXELS, 'more pixels than allowed'),
]);

export interface FeedFrame {
  readonly part: number;
  /** Wall time of the server, ms since 1970 UTC. */
  readonly capturedAtMs: number;
  readonly image: RawImage;
}

/** Bytes of one frame on the wire, the head and the pixels apart so that the pixels are not copied. */
export function encodeFeedFrame(frame: FeedFrame): readonly [head: Uint8Array, pixels: Uint8Array] {
  const { part, capturedAtMs, image } = frame;
  const header = { type: 'frame', part, capturedAtMs, format: 'grey8', width: image.width, height: image.height };
  return [encodeHead(header), image.data];
}

/** Bytes of the message that says "nothing new". */
export function encodeFeedIdle(): Uint8Array {
  return encodeHead({ type: 'idle' });
}

function encodeHead(header: object): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(PREFIX_BYTES + json.length);
  head.writeUInt32BE(MAGIC, 0);
  head.writeUInt32BE(json.length, 4);
  json.copy(head, PREFIX_BYTES);
  return head;
}

/** A buffer that is filled piece by piece. */
class Filling {
  #filled = 0;

  constructor(readonly bytes: Uint8Array) {}

  get full(): boolean {
    return this.#filled === this.bytes.length;
  }

  /** Copies what fits and returns the rest. */
  take(chunk: Uint8Array): Uint8Array {
    const count = Math.min(chunk.length, this.bytes.length - this.#filled);
    this.bytes.set(chunk.subarray(0, count), this.#filled);
    this.#filled += count;
    return chunk.subarray(count);
  }
}

type FrameHeader = Extract<z.infer<typeof headerSchema>, { type: 'frame' }>;

/**
 * Turns the bytes of a feed, cut anywhere, into frames. Holds at most one header or one frame's pixels, and allocates
 * the pixels only once a valid header has told their size; each frame has a buffer of its own.
 */
export class FeedParser {
  #prefix = new Filling(new Uint8Array(PREFIX_BYTES));
  #header: Filling | undefined;
  #pixels: { readonly header: FrameHeader; readonly filling: Filling } | undefined;
  #messages = 0;

  /** Whole messages so far, idle ones included. */
  get messages(): number {
    return this.#messages;
  }

  /** @throws CAMERA_FEED_MALFORMED; the connection is then to be closed, since the place in the stream is lost. */
  push(chunk: Uint8Array): FeedFrame[] {
    const frames: FeedFrame[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#pixels !== undefined) {
        rest = this.#pixels.filling.take(rest);
        if (this.#pixels.filling.full) frames.push(this.#finishFrame(this.#pixels));
      } else if (this.#header !== undefined) {
        rest = this.#header.take(rest);
        if (this.#header.full) this.#readHeader(this.#header.bytes);
      } else {
        rest = this.#prefix.take(rest);
        if (this.#prefix.full) this.#readPrefix();
      }
    }
    return frames;
  }

  #readPrefix(): void {
    const view = new DataView(this.#prefix.bytes.buffer);
    const length = view.getUint32(4);
    if (view.getUint32(0) !== MAGIC)
      throw cameraErrors.CAMERA_FEED_MALFORMED({ expected: 'a message that begins with "JKF1"' });
    if (length < 1 || length > FEED_MAX_HEADER_BYTES) {
      throw cameraErrors.CAMERA_FEED_MALFORMED({
        got: `a header of ${length} bytes`,
        expected: `1 to ${FEED_MAX_HEADER_BYTES} bytes`,
      });
    }
    this.#header = new Filling(new Uint8Array(length));
  }

  #readHeader(bytes: Uint8Array): void {
    const header = parseHeader(bytes);
    this.#prefix = new Filling(new Uint8Array(PREFIX_BYTES));
    this.#header = undefined;
    if (header.type === 'idle') this.#messages += 1;
    else {
      this.#pixels = { header, filling: new Filling(new Uint8Array(header.width * header.height)) };
    }
  }

  #finishFrame({ header, filling }: { readonly header: FrameHeader; readonly filling: Filling }): FeedFrame {
    this.#pixels = undefined;
    this.#messages += 1;
    const { part, capturedAtMs, width, height } = header;
    return { part, capturedAtMs, image: { kind: 'raw', format: 'grey8', width, height, data: filling.bytes } };
  }
}

function parseHeader(bytes: Uint8Array): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    const got = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw cameraErrors.CAMERA_FEED_MALFORMED({ got: `a header that cannot be used: ${got}`, cause: error });
  }
}
