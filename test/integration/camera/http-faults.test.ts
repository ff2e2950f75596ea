import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Frame } from '#jidoka/domain/frame.js';
import { answerOf, jpegOf, partOf, STREAM_HEAD } from '../../simulators/http-camera.js';
import { eventually } from './helpers.js';
import { bytesOf, type Changes, cameraAt, cutJpeg, HttpRig, jpeg, makeJpegs, streamTo } from './http-rig.js';

let rig: HttpRig;
beforeEach(() => {
  rig = new HttpRig();
});
afterEach(() => rig.end());
makeJpegs();

const large = (): Buffer => Buffer.concat([jpeg().subarray(0, -2), Buffer.alloc(5000, 0x55), jpeg().subarray(-2)]);
/** What a camera does wrong at first, and the code it is told with. Then it sends pictures. */
const faults: [name: string, code: string, wrong: (socket: Socket) => void, config?: Changes][] = [
  ['accepts and says nothing', 'CAMERA_HTTP_SLOW', () => undefined, { connectTimeoutMs: 200 }],
  ['closes at once', 'CAMERA_HTTP_LOST', (socket) => socket.destroy()],
  ['speaks another protocol', 'CAMERA_HTTP_PROTOCOL', (socket) => socket.write('220 smtp ready\r\n')],
  [
    'answers with a page',
    'CAMERA_HTTP_NO_PICTURE',
    (socket) => socket.write(answerOf('<html><title>Log in</title>', 'text/html')),
  ],
  [
    'answers with a page in a stream',
    'CAMERA_HTTP_NO_PICTURE',
    (socket) => socket.end(`${STREAM_HEAD}<html><title>Log in</title>`),
  ],
  ['answers with nothing', 'CAMERA_HTTP_NO_PICTURE', (socket) => socket.write(answerOf(''))],
  [
    'answers with a PNG',
    'CAMERA_HTTP_NO_PICTURE',
    (socket) => socket.write(answerOf('\x89PNG\r\n\x1a\n', 'image/png')),
  ],
  ['answers 404', 'CAMERA_HTTP_NOT_FOUND', (socket) => socket.write(answerOf('no', 'text/plain', '404 Not Found'))],
  ['answers 403', 'CAMERA_HTTP_FORBIDDEN', (socket) => socket.write(answerOf('no', 'text/plain', '403 Forbidden'))],
  ['answers 503', 'CAMERA_HTTP_BUSY', (socket) => socket.write(answerOf('no', 'text/plain', '503 Busy'))],
  ['answers 500', 'CAMERA_HTTP_REFUSED', (socket) => socket.write(answerOf('no', 'text/plain', '500 Oops'))],
  ['answers 204', 'CAMERA_HTTP_REFUSED', (socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n')],
  [
    'asks for a login',
    'CAMERA_HTTP_LOGIN',
    (socket) => socket.write(answerOf('', 'text/plain', '401 No', 'WWW-Authenticate: Basic realm="c"\r\n')),
  ],
  [
    'sends to another machine',
    'CAMERA_HTTP_REDIRECT',
    (socket) => socket.write(answerOf('', 'text/plain', '302 Found', 'Location: http://elsewhere.example/x\r\n')),
  ],
  [
    'sends in a circle',
    'CAMERA_HTTP_REDIRECT',
    (socket) => socket.write(answerOf('', 'text/plain', '302 Found', 'Location: /picture\r\n')),
  ],
  [
    'sends nowhere',
    'CAMERA_HTTP_REDIRECT',
    (socket) => socket.write(answerOf('', 'text/plain', '302 Found', 'Location: http://[\r\n')),
  ],
  ['cuts a picture off', 'CAMERA_HTTP_TRUNCATED', (socket) => socket.write(answerOf(cutJpeg()))],
  [
    'cuts a picture off by closing',
    'CAMERA_HTTP_TRUNCATED',
    (socket) => socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), cutJpeg()])),
  ],
  [
    'stops in the middle of a picture',
    'CAMERA_HTTP_SLOW',
    (socket) => socket.write(answerOf(jpeg()).subarray(0, -30)),
    { stallAfterMs: 200 },
  ],
  [
    'sends a picture that is too large',
    'CAMERA_HTTP_TOO_LARGE',
    (socket) => socket.write(answerOf(large())),
    { maxFrameBytes: 4096 },
  ],
  [
    'sends a stream of pictures that are too large',
    'CAMERA_HTTP_TOO_LARGE',
    (socket) => socket.write(Buffer.concat([Buffer.from(STREAM_HEAD), partOf(large())])),
    { maxFrameBytes: 4096, stallAfterMs: 200 },
  ],
  [
    'stalls after the head of a part',
    'CAMERA_HTTP_STALLED',
    (socket) => socket.write(`${STREAM_HEAD}--frame\r\nContent-Type: image/jpeg\r\n\r\n`),
    { stallAfterMs: 200 },
  ],
  [
    'stalls after a page in a stream',
    'CAMERA_HTTP_NO_PICTURE',
    (socket) => socket.write(`${STREAM_HEAD}--frame\r\n\r\n<html><title>Log in</title>`),
    { stallAfterMs: 200 },
  ],
  [
    'stalls before the first picture',
    'CAMERA_HTTP_STALLED',
    (socket) => socket.write(STREAM_HEAD),
    { stallAfterMs: 200 },
  ],
  [
    'stalls in the middle of a picture',
    'CAMERA_HTTP_STALLED',
    (socket) => socket.write(Buffer.concat([Buffer.from(STREAM_HEAD), partOf(jpeg()).subarray(0, -30)])),
    { stallAfterMs: 200 },
  ],
  [
    'streams cut pictures alone',
    'CAMERA_HTTP_TRUNCATED',
    (socket) => {
      socket.write(STREAM_HEAD);
      const ticking = setInterval(() => socket.write(partOf(cutJpeg())), 20);
      socket.on('close', () => clearInterval(ticking));
    },
    { stallAfterMs: 300 },
  ],
  [
    'ends the stream',
    'CAMERA_HTTP_LOST',
    (socket) => socket.end(Buffer.concat([Buffer.from(STREAM_HEAD), partOf(jpeg())])),
  ],
  [
    'sends pictures of another size',
    'CAMERA_HTTP_SIZE_CHANGED',
    (socket) => socket.write(answerOf(jpeg())),
    { size: { width: 65, height: 48 } },
  ],
  [
    'sends garbage without end',
    'CAMERA_HTTP_NO_PICTURE',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = (): boolean => socket.write(Buffer.alloc(30_000, 0x41), () => void (socket.writable && more()));
      more();
    },
  ],
  [
    'sends headers without end',
    'CAMERA_HTTP_PROTOCOL',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = (): boolean => socket.write(`X-A: ${'a'.repeat(5000)}\r\n`, () => void (socket.writable && more()));
      more();
    },
  ],
];
it.each(faults)(
  'names the fault when a camera %s (%s), and takes pictures once it is mended',
  async (name, code, wrong, config) => {
    let mended = false;
    await rig.serve((socket) => {
      if (mended) socket.end(answerOf(jpeg()));
      else wrong(socket);
    });
    const camera = rig.run(cameraAt(rig.server.url, { ...config, framesPerSecond: 20 }));
    await eventually(() => expect(camera.status().state).toBe('failed'));
    // The code, a sentence and a remedy, and the place.
    expect(camera.status().text).toMatch(new RegExp(`^${code}: .*\\. Where: ${rig.server.url}\\..*\\.$`));
    if (name.includes('page')) expect(camera.status().text).toContain('Log in');
    if (config?.size !== undefined) return;
    mended = true;
    const before = rig.frames.length;
    await eventually(() => expect(rig.frames.length).toBeGreaterThan(before));
    await eventually(() => expect(camera.status().state).toBe('running'));
  },
);

it('waits for a camera that is not there, and finds it', async () => {
  await rig.serve(() => undefined);
  const { port, url } = rig.server;
  await rig.server.stop();
  const camera = rig.run(cameraAt(url));
  await eventually(() => expect(camera.status().text).toMatch(/^CAMERA_HTTP_UNREACHABLE: .*ECONNREFUSED/));
  await rig.serve(streamTo, port);
  await eventually(() => expect(rig.frames.length).toBeGreaterThan(2));
});

it('says that a host name is not known', async () => {
  await rig.serve(() => undefined);
  const camera = rig.run(cameraAt('http://no-such-camera.invalid/picture?password=hidden'));
  await eventually(() => expect(camera.status().text).toMatch(/^CAMERA_HTTP_(HOST_UNKNOWN|UNREACHABLE): /));
  expect(camera.status().text).not.toContain('hidden');
});

it('does not use cut pictures of a stream that goes on, counts them and says so', async () => {
  await rig.serve((socket) => {
    socket.write(STREAM_HEAD);
    for (const part of [jpeg(0), cutJpeg(), jpeg(1), cutJpeg(), cutJpeg(), jpeg(2)]) socket.write(partOf(part));
  });
  const camera = rig.run(cameraAt(rig.server.url));
  await eventually(() => expect(rig.frames).toHaveLength(3));
  expect(rig.frames.map(({ sequence }) => sequence)).toEqual([0, 2, 5]);
  expect(camera.status()).toMatchObject({ state: 'running', framesDropped: 3 });
  expect(camera.status().text).toContain('3 came cut off or too large and were not used.');
});

it('does not take pictures of another size than the first, and goes on when the old size is back', async () => {
  const other = await jpegOf(0, 32, 24);
  await rig.serve((socket, { count }) => {
    socket.write(STREAM_HEAD);
    socket.write(partOf(jpeg(0)));
    if (count === 1) socket.write(partOf(other));
  });
  const camera = rig.run(cameraAt(rig.server.url));
  await eventually(() => expect(rig.frames).toHaveLength(2));
  expect(rig.frames.map((frame) => bytesOf(frame).equals(jpeg(0)))).toEqual([true, true]);
  expect(rig.frames.map(({ sequence }) => sequence)).toEqual([0, 2]);
  expect(camera.status()).toMatchObject({ state: 'running', framesDropped: 1 });
  expect(rig.server.connections).toBe(2);
});

it('keeps the newest few frames of a flood for a slow reader, and bounds what it takes', async () => {
  const parts = Buffer.concat([0, 1, 2].map((number) => partOf(jpeg(number))));
  let sent = 0;
  await rig.serve((socket) => {
    socket.write(STREAM_HEAD);
    const more = (): boolean => {
      sent += 3;
      return socket.write(parts, () => void (socket.writable && setImmediate(more)));
    };
    more();
  });
  const camera = cameraAt(rig.server.url);
  const iterator = camera.frames(rig.ending.signal)[Symbol.asyncIterator]();
  const first = await iterator.next();
  await eventually(() => expect(camera.status().framesDropped).toBeGreaterThan(2000));
  expect(camera.status().text).toMatch(/It sends more than 240 a second; the rest is dropped and counted\.$/);
  const held: Frame[] = [];
  for (let count = 0; count < 4; count += 1) {
    const { value } = await iterator.next();
    if (value !== undefined) held.push(value);
  }
  // What was held is the newest, and what was dropped leaves a gap in the numbers.
  const gap = (held[0]?.sequence ?? 0) - (first.value?.sequence ?? 0);
  expect(gap).toBeGreaterThan(100);
  expect(sent).toBeGreaterThan(gap);
  rig.ending.abort();
  while ((await iterator.next()).done !== true);
});

it('goes on over many lost connections and leaves no socket and no timer behind', async () => {
  await rig.serve((socket) => void socket.end(Buffer.concat([Buffer.from(STREAM_HEAD), partOf(jpeg())])));
  rig.run(cameraAt(rig.server.url, {}, { backoffMs: 1 }));
  const rounds = Number(process.env['JIDOKA_CAMERA_RESTARTS'] ?? 50);
  await eventually(() => expect(rig.frames.length).toBeGreaterThan(10));
  const before = process.getActiveResourcesInfo().length;
  await expect.poll(() => rig.frames.length, { timeout: 600_000, interval: 20 }).toBeGreaterThan(rounds);
  expect(rig.server.connections).toBeGreaterThan(rounds);
  await eventually(() => expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before + 5));
}, 700_000);
