import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cameraContract } from '../../contract/camera.js';
import { answerOf, BareCamera, partOf, STREAM_HEAD } from '../../simulators/http-camera.js';
import { eventually } from './helpers.js';
import { bytesOf, cameraAt, HttpRig, jpeg, makeJpegs, streamTo } from './http-rig.js';

makeJpegs();

cameraContract('HTTP snapshot', async () => {
  const server = await BareCamera.start((socket, { count }) => void socket.write(answerOf(jpeg(count))));
  return {
    camera: cameraAt(server.url, { framesPerSecond: 50 }),
    offer: async () => undefined,
    dispose: () => server.stop(),
  };
});

cameraContract('MJPEG', async () => {
  const server = await BareCamera.start(streamTo);
  return { camera: cameraAt(server.url), offer: async () => undefined, dispose: () => server.stop() };
});

describe('HTTP camera', () => {
  let rig: HttpRig;
  beforeEach(() => {
    rig = new HttpRig();
  });
  afterEach(() => rig.end());

  describe.each([
    ['as the standard has it', (picture: Buffer) => partOf(picture)],
    ['without lengths', (picture: Buffer) => [`--frame\r\nContent-Type: image/jpeg\r\n\r\n`, picture, '\r\n']],
    ['with LF alone', (picture: Buffer) => [`--frame\nContent-Type: image/jpeg\n\n`, picture, '\n']],
    [
      'with a boundary without its dashes',
      (picture: Buffer) => [`frame\r\nContent-Type: image/jpeg\r\n\r\n`, picture, '\r\n'],
    ],
    ['with a boundary that is not the announced one', (picture: Buffer) => [`--other\r\n\r\n`, picture, '\r\n']],
    ['without headers of the parts', (picture: Buffer) => [`--frame\r\n\r\n`, picture]],
    ['without anything between the pictures', (picture: Buffer) => picture],
    [
      'with a length that is too short',
      (picture: Buffer) => [`--frame\r\nContent-Length: 40\r\n\r\n`, picture, '\r\n'],
    ],
    [
      'with a length that is too long',
      (picture: Buffer) => [`--frame\r\nContent-Length: 999999\r\n\r\n`, picture, '\r\n'],
    ],
    ['with filling after each picture', (picture: Buffer) => [`--frame\r\n\r\n`, picture, '\0\0\0\0\r\n']],
    [
      'with parts that are no pictures',
      (picture: Buffer) => [`--frame\r\nContent-Type: text/plain\r\n\r\n21.5 C\r\n--frame\r\n\r\n`, picture],
    ],
  ])('with a stream %s', (_, part) => {
    it('takes each picture as it is, at once', async () => {
      await rig.serve((socket) => {
        socket.write(`${STREAM_HEAD}This is a preamble.\r\n`);
        for (let number = 0; number < 4; number += 1) {
          for (const piece of [part(jpeg(number))].flat()) socket.write(piece);
        }
      });
      const camera = rig.run(cameraAt(rig.server.url));
      // The last one too: nothing need follow it.
      await eventually(() => expect(rig.frames).toHaveLength(4));
      for (const [number, frame] of rig.frames.entries()) expect(bytesOf(frame).equals(jpeg(number))).toBe(true);
      expect(rig.frames.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3]);
      expect(camera.status()).toMatchObject({ state: 'running', framesDropped: 0 });
      expect(camera.status().text).toBe(`Receives pictures of 64 x 48 from ${rig.server.url}.`);
    });
  });

  it.each([
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/x-mixed-replace;boundary="--a b"\r\n\r\n',
      true,
    ],
    [
      'of HTTP 1.0',
      'HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: multipart/x-mixed-replace;boundary=--x\r\n\r\n',
      false,
    ],
    ['whose headers end in LF', 'HTTP/1.1 200 OK\nContent-Type: multipart/x-mixed-replace;boundary=x\n\n', false],
    ['without a reason', 'HTTP/1.1 200\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n', false],
    ['of the kind video', 'HTTP/1.1 200 OK\r\nContent-Type: video/x-motion-jpeg\r\n\r\n', false],
  ])('takes a stream %s', async (_, head, chunked) => {
    await rig.serve((socket) => {
      socket.write(head);
      for (const number of [0, 1, 2]) {
        const part = partOf(jpeg(number));
        socket.write(
          chunked ? Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]) : part,
        );
      }
    });
    rig.run(cameraAt(rig.server.url));
    await eventually(() => expect(rig.frames).toHaveLength(3));
  });

  it.each([
    ['with a length', (picture: Buffer) => answerOf(picture)],
    ['under another type', (picture: Buffer) => answerOf(picture, 'application/octet-stream')],
    ['without a type', (picture: Buffer) => Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), picture])],
    [
      'with a length that is too long',
      (picture: Buffer) => Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n'), picture]),
    ],
    ['with something behind it', (picture: Buffer) => answerOf(Buffer.concat([picture, Buffer.alloc(100)]))],
  ])('fetches a picture %s', async (_, answer) => {
    await rig.serve((socket, { count }) => void socket.write(answer(jpeg(count - 1))));
    const camera = rig.run(cameraAt(rig.server.url, { framesPerSecond: 50 }));
    await eventually(() => expect(rig.frames.length).toBeGreaterThanOrEqual(3));
    for (const [number, frame] of rig.frames.slice(0, 3).entries())
      expect(bytesOf(frame).equals(jpeg(number))).toBe(true);
    expect(camera.status().text).toBe(`Fetches pictures of 64 x 48 from ${rig.server.url}.`);
    expect(rig.server.requests[0]?.line).toBe('GET /picture HTTP/1.1');
  });

  it('keeps one connection for pictures, and survives that the camera closes it', async () => {
    await rig.serve((socket, { count }) => {
      socket.write(answerOf(jpeg()));
      if (count === 5) socket.end();
    });
    const camera = rig.run(cameraAt(rig.server.url, { framesPerSecond: 50 }));
    await eventually(() => expect(rig.frames.length).toBeGreaterThanOrEqual(10));
    expect(rig.server.connections).toBe(2);
    expect(camera.status().state).toBe('running');
  });
});
