import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { JpegScanner, type Scanned } from '#jidoka/camera/http/jpeg-scanner.js';

const MAX = 1_000_000;
const noise = Buffer.from(Array.from({ length: 90 * 60 * 3 }, (_, index) => (index * 7919 * (index % 13)) % 256));
const raw = { raw: { width: 90, height: 60, channels: 3 as const } };
let plain: Buffer;
let progressive: Buffer;
let withThumbnail: Buffer;

beforeAll(async () => {
  plain = await sharp(noise, raw).jpeg({ quality: 90 }).toBuffer();
  progressive = await sharp(noise, raw).jpeg({ progressive: true }).toBuffer();
  const thumbnail = await sharp(noise, raw).resize(16, 12).jpeg().toBuffer();
  // An APP1 segment with a whole JPEG in it, as EXIF has it.
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), Buffer.from('Exif\0\0'), thumbnail]);
  segment.writeUInt16BE(segment.length - 2, 2);
  withThumbnail = Buffer.concat([plain.subarray(0, 2), segment, plain.subarray(2)]);
});

/** Feeds the bytes in pieces of one size; the time of each is its number. */
function scan(bytes: Uint8Array, pieceSize = bytes.length, max = MAX): { found: Scanned[]; scanner: JpegScanner } {
  const scanner = new JpegScanner(max);
  const found: Scanned[] = [];
  for (let at = 0; at < bytes.length; at += pieceSize) {
    found.push(...scanner.push(bytes.subarray(at, at + pieceSize), at / pieceSize));
  }
  return { found, scanner };
}

const kinds = (found: readonly Scanned[]): string[] => found.map(({ kind }) => kind);
const text = (content: string): Buffer => Buffer.from(content, 'latin1');

describe('the JPEG scanner', () => {
  it.each([1, 2, 3, 7, 64, 1500, 100_000])('finds each kind of JPEG in pieces of %d bytes', (pieceSize) => {
    const pictures = [plain, progressive, withThumbnail, plain];
    const stream = Buffer.concat([
      text('--x\r\n\r\n'),
      ...pictures.flatMap((picture) => [picture, text('\r\n--x\r\n\r\n')]),
    ]);
    const { found, scanner } = scan(stream, pieceSize);
    expect(
      found.map((one) =>
        one.kind === 'picture' ? Buffer.compare(one.data, pictures[found.indexOf(one)] ?? text('')) : one,
      ),
    ).toEqual([0, 0, 0, 0]);
    expect(scanner.inPicture).toBe(false);
  });

  it('tells the size, and the time of the piece in which a picture began', () => {
    const { found } = scan(Buffer.concat([text('....'), plain, text('..........'), plain]), 10);
    const begun = [0, Math.floor((4 + plain.length + 10) / 10)];
    expect(found).toMatchObject(begun.map((atMs) => ({ kind: 'picture', size: { width: 90, height: 60 }, atMs })));
  });

  it('hands out buffers of their own', () => {
    const { found } = scan(Buffer.concat([plain, plain]));
    for (const one of found) {
      if (one.kind !== 'picture') throw new Error('a picture was expected');
      expect([one.data.byteOffset, one.data.buffer.byteLength]).toEqual([0, plain.length]);
    }
  });

  it.each([
    ['cut in its pixels', () => plain.subarray(0, plain.length - 40)],
    ['cut in its header', () => plain.subarray(0, 150)],
    ['without its end marker', () => plain.subarray(0, plain.length - 2)],
    ['with an end marker before the pixels', () => Buffer.concat([plain.subarray(0, 20), Buffer.from([0xff, 0xd9])])],
    ['with a thumbnail, cut in it', () => withThumbnail.subarray(0, 120)],
  ])('never takes a picture %s, and finds one after it', (_, broken) => {
    const stream = Buffer.concat([
      broken(),
      text('\r\n--x\r\nContent-Type: image/jpeg\r\n\r\n'),
      plain,
      text('\r\n'),
      plain,
    ]);
    for (const pieceSize of [1, 13, stream.length]) {
      const { found } = scan(stream, pieceSize);
      const whole = found.filter((one) => one.kind === 'picture');
      expect(kinds(found)[0]).toBe('truncated');
      expect(whole.length).toBeGreaterThan(0);
      for (const one of whole) expect(Buffer.compare(one.data, plain)).toBe(0);
    }
  });

  it('gives up a picture that is too large, and finds the next', () => {
    const large = Buffer.concat([plain.subarray(0, -2), Buffer.alloc(5000, 0x55), plain.subarray(-2)]);
    const { found } = scan(Buffer.concat([large, plain]), 100, 4999 + plain.length);
    expect(kinds(found)).toEqual(['too-large', 'picture']);
  });

  it('holds no more than a picture, whatever comes', () => {
    const before = process.memoryUsage().arrayBuffers;
    const scanner = new JpegScanner(100_000);
    const endless = Buffer.alloc(65_536, 0x20);
    for (let count = 0; count < 2000; count += 1) scanner.push(endless, 0);
    // A picture without end, again and again.
    const begun = Buffer.concat([plain.subarray(0, -2), Buffer.alloc(60_000, 0x55)]);
    let tooLarge = 0;
    for (let count = 0; count < 500; count += 1) {
      tooLarge += scanner.push(begun, 0).filter(({ kind }) => kind === 'too-large').length;
      tooLarge += scanner.push(endless, 0).filter(({ kind }) => kind === 'too-large').length;
    }
    expect(tooLarge).toBe(500);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
  });

  it('survives any bytes, and takes a whole picture after them', () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let round = 0; round < 2000; round += 1) {
      const damaged = Buffer.from(round % 2 === 0 ? plain : withThumbnail);
      for (let count = random(30); count >= 0; count -= 1) damaged[random(damaged.length)] = random(256);
      const scanner = new JpegScanner(MAX);
      for (let at = 0; at < damaged.length; ) {
        const end = at + 1 + random(500);
        scanner.push(damaged.subarray(at, end), 0);
        at = end;
      }
      // A segment that lies about its length swallows up to 64 KiB, so the second clean run is found for certain.
      const clean = Buffer.concat([Buffer.alloc(70_000, 0x20), plain]);
      const last = [...scanner.push(clean, 0), ...scanner.push(clean, 0)].at(-1);
      expect(last?.kind).toBe('picture');
    }
  });
});
