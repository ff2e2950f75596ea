import { describe, expect, it } from 'vitest';
import { encodeFeedFrame, encodeFeedIdle, type FeedFrame, FeedParser } from '#jidoka/camera/simulated/feed-protocol.js';
import { seededRandom } from '#jidoka/camera/simulated/random.js';
import { renderTile } from '#jidoka/camera/simulated/tile.js';

function frame(part: number): FeedFrame {
  return {
    part,
    capturedAtMs: 1000 + part,
    image: renderTile({ tileClass: 'free', seed: part, width: 20, height: 10 }),
  };
}

function message(header: string, magic = 'JKF1', length = Buffer.byteLength(header)): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  return Buffer.concat([Buffer.from(magic), size, Buffer.from(header)]);
}

const valid = { type: 'frame', part: 1, capturedAtMs: 1, format: 'grey8', width: 4, height: 4 };

describe('frame feed protocol', () => {
  it('gives back what was sent, wherever the bytes are cut', () => {
    const frames = [frame(0), frame(1), frame(2)];
    const bytes = Buffer.concat([...frames.flatMap((each) => [...encodeFeedFrame(each), encodeFeedIdle()])]);
    const random = seededRandom(4);
    for (let round = 0; round < 50; round += 1) {
      const parser = new FeedParser();
      const received: FeedFrame[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + random.integer(1, round < 5 ? 1 : 300);
        received.push(...parser.push(bytes.subarray(at, end)));
        at = end;
      }
      expect(received).toEqual(frames);
      expect(parser.messages).toBe(6);
    }
  });

  it('gives each frame a buffer of its own', () => {
    const bytes = Buffer.concat(encodeFeedFrame(frame(1)));
    const [received] = new FeedParser().push(bytes);
    expect(received?.image.data.buffer.byteLength).toBe(200);
    bytes.fill(0);
    expect(received?.image).toEqual(frame(1).image);
  });

  it.each([
    ['another protocol', Buffer.from('GET / HTTP/1.1')],
    ['an empty header', message('')],
    ['a header that is too long', message('', 'JKF1', 1025)],
    ['a header of 4 GB', message('', 'JKF1', 0xffffffff)],
    ['no JSON', message('{"type":')],
    ['bytes that are no UTF-8', Buffer.concat([message('', 'JKF1', 2), Buffer.from([0xc3, 0x28])])],
    ['another type', message('{"type":"stop"}')],
    ['a missing field', message(JSON.stringify({ ...valid, part: undefined }))],
    ['an unknown field', message(JSON.stringify({ ...valid, extra: 1 }))],
    ['another pixel format', message(JSON.stringify({ ...valid, format: 'rgb8' }))],
    ['no width', message(JSON.stringify({ ...valid, width: 0 }))],
    ['a broken width', message(JSON.stringify({ ...valid, width: 1.5 }))],
    ['a negative height', message(JSON.stringify({ ...valid, height: -4 }))],
    ['too many pixels', message(JSON.stringify({ ...valid, width: 65_535, height: 65_535 }))],
    [
      'a number beyond all bounds',
      message('{"type":"frame","part":1e999,"capturedAtMs":1,"format":"grey8","width":1,"height":1}'),
    ],
    ['a list', message('[]')],
  ])('refuses %s', (_what, bytes) => {
    expect(() => new FeedParser().push(bytes)).toThrowError(/^CAMERA_FEED_MALFORMED: /);
  });

  it('never fails in another way on random bytes', () => {
    const random = seededRandom(99);
    const good = Buffer.concat(encodeFeedFrame(frame(3)));
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Buffer.from(good);
      for (let flips = random.integer(1, 4); flips > 0; flips -= 1) {
        bytes[random.integer(0, 90)] = random.integer(0, 255);
      }
      try {
        new FeedParser().push(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CAMERA_FEED_MALFORMED', consequence: 'transient' });
      }
    }
  });
});
