import { describe, expect, it } from 'vitest';
import { PamFraming } from '#jidoka/camera/ffmpeg/pam.js';
import { GdpFraming } from '#jidoka/camera/gstreamer/gdp.js';
import type { Framing, StreamPicture } from '#jidoka/camera/process/framing.js';
import { gdpCaps, gdpGrey, gdpPacket, pamPicture } from '../../simulators/picture-streams.js';

/** Feeds a stream as a socket would: at most `most` bytes at a time, never more than there is room for. */
function feed(framing: Framing, stream: Uint8Array, most = Number.POSITIVE_INFINITY): StreamPicture[] {
  const pictures: StreamPicture[] = [];
  for (let at = 0; at < stream.length; ) {
    const room = framing.target();
    expect(room.length).toBeGreaterThan(0);
    const bytes = Math.min(room.length, most, stream.length - at);
    room.set(stream.subarray(at, at + bytes));
    at += bytes;
    const picture = framing.advance(bytes);
    if (picture !== undefined) pictures.push(picture);
  }
  return pictures;
}

describe('GStreamer Data Protocol', () => {
  it.each([1, 7, 61, 62, 63, 1000, Number.POSITIVE_INFINITY])('cuts pictures from pieces of %d bytes', (most) => {
    const framing = new GdpFraming();
    const pictures = feed(framing, gdpGrey(8, 4, 10, 20, 30), most);
    expect(pictures.map(({ data }) => [...new Set(data)])).toEqual([[10], [20], [30]]);
    expect(pictures.map(({ count }) => count)).toEqual([0, 1, 2]);
    expect(pictures.map(({ sentAtMs }) => sentAtMs)).toEqual([0, 100, 200]);
    expect(pictures[0]).toMatchObject({ format: 'grey8', width: 8, height: 4 });
    expect(framing.midway).toBe(false);
  });

  it('gives each picture a buffer of its own, of exactly its size', () => {
    const [first, second] = feed(new GdpFraming(), gdpGrey(8, 4, 1, 2));
    expect(first?.data.buffer.byteLength).toBe(32);
    expect(first?.data.buffer).not.toBe(second?.data.buffer);
  });

  it('uses the buffer of a picture that nobody wanted for the next one', () => {
    const framing = new GdpFraming();
    const [first] = feed(framing, gdpGrey(8, 4, 1));
    framing.recycle(first?.data ?? new Uint8Array());
    const [second] = feed(framing, gdpGrey(8, 4, 2));
    expect(second?.data.buffer).toBe(first?.data.buffer);
    framing.recycle(second?.data ?? new Uint8Array());
    expect(feed(framing, gdpGrey(8, 6, 3))[0]?.data).toHaveLength(48);
  });

  it('takes the padding away that GStreamer puts behind rows', () => {
    const rows = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 99, 99, 99, 11, 12, 13, 14, 15, 16, 17, 18, 19, 99, 99, 99]);
    const stream = Buffer.concat([gdpCaps('RGB', 3, 2), gdpPacket({ type: 1, payload: rows })]);
    const [picture] = feed(new GdpFraming(), stream, 5);
    expect([...(picture?.data ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(picture?.data.buffer.byteLength).toBe(18);
    expect(picture).toMatchObject({ format: 'rgb8', width: 3, height: 2, sentAtMs: undefined, count: undefined });
  });

  it('follows a change of size and format under way', () => {
    const stream = Buffer.concat([
      gdpGrey(8, 4, 1),
      gdpCaps('RGB', 4, 2),
      gdpPacket({ type: 1, payload: Buffer.alloc(24, 7) }),
    ]);
    expect(feed(new GdpFraming(), stream, 40).map(({ format, width }) => [format, width])).toEqual([
      ['grey8', 8],
      ['rgb8', 4],
    ]);
  });

  it('passes over events of any length', () => {
    const stream = Buffer.concat([
      gdpPacket({ type: 66, payload: Buffer.alloc(0) }),
      gdpPacket({ type: 80, payload: Buffer.alloc(200_000, 1) }),
      gdpGrey(4, 4, 9),
    ]);
    expect(feed(new GdpFraming(), stream)).toHaveLength(1);
  });

  it('knows when it stands in the middle of something', () => {
    const framing = new GdpFraming();
    const stream = gdpGrey(8, 4, 1);
    feed(framing, stream.subarray(0, 30));
    expect(framing.midway).toBe(true);
    feed(framing, stream.subarray(30, stream.length - 1));
    expect(framing.midway).toBe(true);
    expect(feed(framing, stream.subarray(-1))).toHaveLength(1);
    expect(framing.midway).toBe(false);
  });

  it.each<[string, Buffer, string]>([
    ['text', Buffer.alloc(62, 'Setting pipeline to PLAYING ...\n'), 'malformed'],
    ['an unknown type', gdpPacket({ type: 9, payload: Buffer.alloc(1) }), 'malformed'],
    ['a picture before its format', gdpPacket({ type: 1, payload: Buffer.alloc(32) }), 'malformed'],
    ['a format without end', gdpPacket({ type: 2, payload: Buffer.alloc(1), claimedLength: 1e9 }), 'malformed'],
    ['an endless event', gdpPacket({ type: 70, payload: Buffer.alloc(1), claimedLength: 4e9 }), 'malformed'],
    [
      'a short picture',
      Buffer.concat([gdpCaps('GRAY8', 8, 4), gdpPacket({ type: 1, payload: Buffer.alloc(31) })]),
      'truncated',
    ],
    [
      'a long picture',
      Buffer.concat([gdpCaps('GRAY8', 8, 4), gdpPacket({ type: 1, payload: Buffer.alloc(33) })]),
      'truncated',
    ],
    ['another format', gdpCaps('I420', 8, 4), 'unusable-format'],
    ['a size of nothing', gdpCaps('RGB', 0, 4), 'unusable-format'],
    ['a size beyond all measure', gdpCaps('RGB', 60_000, 60_000), 'unusable-format'],
    [
      'no pictures at all',
      gdpPacket({ type: 2, payload: Buffer.from('audio/x-raw, rate=(int)8000') }),
      'unusable-format',
    ],
  ])('refuses %s', (_, stream, kind) => {
    expect(() => feed(new GdpFraming(), stream)).toThrow(expect.objectContaining({ kind }));
  });
});

describe('PAM pictures', () => {
  const rgb = { format: 'rgb8', width: 640, height: 2, data: new Uint8Array(3840).fill(5) } as const;
  const grey = { format: 'grey8', width: 1, height: 3, data: Uint8Array.of(1, 2, 3) } as const;

  it.each([1, 10, 53, 1000, Number.POSITIVE_INFINITY])(
    'are cut from pieces of %d bytes, whatever their size',
    (most) => {
      const framing = new PamFraming();
      const pictures = feed(framing, Buffer.concat([pamPicture(rgb), pamPicture(grey), pamPicture(rgb)]), most);
      expect(pictures).toEqual([rgb, grey, rgb].map((image) => ({ ...image, sentAtMs: undefined, count: undefined })));
      expect(pictures[1]?.data.buffer.byteLength).toBe(3);
      expect(framing.midway).toBe(false);
    },
  );

  it('know when they are incomplete', () => {
    const framing = new PamFraming();
    feed(framing, pamPicture(grey).subarray(0, 20));
    expect(framing.midway).toBe(true);
    feed(framing, pamPicture(grey).subarray(20, -1));
    expect(framing.midway).toBe(true);
  });

  it.each<[string, string, string]>([
    ['another format', `P6\n640 480\n255\n${'x'.repeat(200)}`, 'malformed'],
    ['a header without an end', `P7\n${'# remark\n'.repeat(60)}`, 'malformed'],
    [
      '16 bits a value',
      'P7\nWIDTH 640\nHEIGHT 480\nDEPTH 1\nMAXVAL 65535\nTUPLTYPE GRAYSCALE\nENDHDR\n',
      'unusable-format',
    ],
    [
      'an alpha channel',
      'P7\nWIDTH 640\nHEIGHT 480\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n',
      'unusable-format',
    ],
    ['no width', 'P7\nHEIGHT 480\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n', 'unusable-format'],
    [
      'a size beyond all measure',
      'P7\nWIDTH 99999\nHEIGHT 99999\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n',
      'unusable-format',
    ],
  ])('are refused with %s', (_, stream, kind) => {
    expect(() => feed(new PamFraming(), Buffer.from(stream))).toThrow(expect.objectContaining({ kind }));
  });
});
