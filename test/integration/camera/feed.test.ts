import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Backoff } from '#jidoka/base/backoff.js';
import { FeedCamera } from '#jidoka/camera/simulated/feed-camera.js';
import { encodeFeedFrame, encodeFeedIdle } from '#jidoka/camera/simulated/feed-protocol.js';
import { renderTile } from '#jidoka/camera/simulated/tile.js';
import type { Frame } from '#jidoka/domain/frame.js';
import { type FeedServer, startFeedServer } from '#jidoka/simline/feed-server.js';
import { cameraContract } from '../../contract/camera.js';
import { cameraDeps, eventually } from './helpers.js';

const image = renderTile({ tileClass: 'free', seed: 1, width: 48, height: 32 });

function makeCamera(port: number, silenceMs = 5_000): FeedCamera {
  const backoff = new Backoff({ initialMs: 20, maxMs: 100 });
  return new FeedCamera({ url: `tcp://127.0.0.1:${port}`, silenceMs, backoff }, cameraDeps());
}

cameraContract('frame feed', async () => {
  const server = await startFeedServer(0);
  let part = 0;
  const ticking = setInterval(() => {
    server.send({ part, capturedAtMs: Date.now(), image });
    part += 1;
  }, 20);
  return {
    camera: makeCamera(server.port),
    offer: async () => undefined,
    dispose: async () => {
      clearInterval(ticking);
      await server.stop();
    },
  };
});

describe('frame feed camera', () => {
  let frames: Frame[];
  let ending: AbortController;
  let running: Promise<void>;
  const servers: { stop(): Promise<void> }[] = [];

  function run(camera: FeedCamera): FeedCamera {
    running = (async () => {
      for await (const frame of camera.frames(ending.signal)) frames.push(frame);
    })();
    return camera;
  }

  async function feedServer(port = 0): Promise<FeedServer> {
    const server = await startFeedServer(port);
    servers.push(server);
    return server;
  }

  /** A peer that does with each connection what the test says. */
  async function peer(onConnection: (socket: Socket, count: number) => void): Promise<number> {
    let count = 0;
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      count += 1;
      sockets.add(socket);
      socket.on('error', () => undefined);
      onConnection(socket, count);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push({
      stop: async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    });
    return (server.address() as AddressInfo).port;
  }

  const sendFrame = (socket: Socket, part: number) => {
    for (const piece of encodeFeedFrame({ part, capturedAtMs: Date.now(), image })) socket.write(piece);
  };

  beforeEach(() => {
    frames = [];
    ending = new AbortController();
    running = Promise.resolve();
  });
  afterEach(async () => {
    ending.abort();
    await running;
    for (const server of servers.splice(0)) await server.stop();
  });

  it('resumes after the server was killed and started again', async () => {
    const first = await feedServer();
    const camera = run(makeCamera(first.port));
    await eventually(() => expect(first.cameras).toBe(1));
    expect(camera.status().state).toBe('waiting');
    first.send({ part: 0, capturedAtMs: Date.now(), image });
    await eventually(() => expect(frames).toHaveLength(1));
    expect(camera.status().state).toBe('running');
    await first.stop();
    await eventually(() => expect(camera.status().state).toBe('failed'));
    expect(camera.status().text).toMatch(/CAMERA_FEED_LOST/);
    const second = await feedServer(first.port);
    expect(second.port).toBe(first.port);
    await eventually(() => expect(second.cameras).toBe(1));
    second.send({ part: 0, capturedAtMs: Date.now(), image });
    await eventually(() => expect(frames).toHaveLength(2));
    expect(frames.map((frame) => frame.sequence)).toEqual([0, 1]);
    expect(frames[1]?.image).toEqual(image);
    expect(camera.status()).toMatchObject({ state: 'running', framesDropped: 0 });
  });

  it('counts malformed bytes, connects anew and takes the next good frame', async () => {
    const garbage = [
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      Buffer.concat([Buffer.from('JKF1'), Buffer.from([0xff, 0xff, 0xff, 0xff])]),
      Buffer.concat([Buffer.from('JKF1'), Buffer.from([0, 0, 0, 3]), Buffer.from('{]}')]),
    ];
    const port = await peer((socket, count) => {
      const bytes = garbage[count - 1];
      if (bytes === undefined) sendFrame(socket, 5);
      else socket.write(bytes);
    });
    const camera = run(makeCamera(port));
    await eventually(() => expect(frames).toHaveLength(1));
    expect(camera.status().framesDropped).toBe(3);
    expect(frames[0]?.sequence).toBe(3);
  });

  it('counts the parts that the server could not send', async () => {
    const port = await peer((socket) => {
      sendFrame(socket, 10);
      sendFrame(socket, 14);
    });
    const camera = run(makeCamera(port));
    await eventually(() => expect(frames).toHaveLength(2));
    expect(frames.map((frame) => frame.sequence)).toEqual([0, 4]);
    expect(camera.status().framesDropped).toBe(3);
  });

  it('gives up a peer that is silent or only trickles bytes, but not one that is idle', async () => {
    let trickle: NodeJS.Timeout | undefined;
    let idle: NodeJS.Timeout | undefined;
    const connections: number[] = [];
    const port = await peer((socket, count) => {
      connections.push(count);
      const [head] = encodeFeedFrame({ part: 0, capturedAtMs: 0, image });
      let sent = 0;
      if (count === 2) {
        trickle = setInterval(() => {
          socket.write(head.subarray(sent, sent + 1));
          sent += 1;
        }, 20);
      }
      if (count === 3) {
        idle = setInterval(() => socket.write(encodeFeedIdle()), 20);
        setTimeout(() => sendFrame(socket, 0), 1500);
      }
    });
    try {
      run(makeCamera(port, 1000));
      await eventually(() => expect(frames).toHaveLength(1));
      expect(connections).toEqual([1, 2, 3]);
    } finally {
      clearInterval(trickle);
      clearInterval(idle);
    }
  });

  it('keeps the newest few frames for a slow reader and counts the others', async () => {
    const server = await feedServer();
    const camera = makeCamera(server.port);
    const iterator = camera.frames(ending.signal)[Symbol.asyncIterator]();
    const first = iterator.next();
    await eventually(() => expect(server.cameras).toBe(1));
    server.send({ part: 0, capturedAtMs: Date.now(), image });
    expect((await first).value?.sequence).toBe(0);
    for (let part = 1; part < 20; part += 1) server.send({ part, capturedAtMs: Date.now(), image });
    await eventually(() => expect(camera.status().framesDropped).toBe(15));
    const rest: (number | undefined)[] = [];
    for (let count = 0; count < 4; count += 1) rest.push((await iterator.next()).value?.sequence);
    expect(rest).toEqual([16, 17, 18, 19]);
    ending.abort();
    expect((await iterator.next()).done).toBe(true);
  });

  it('does not believe a capture time far from its own clock', async () => {
    const port = await peer((socket) => {
      for (const piece of encodeFeedFrame({ part: 0, capturedAtMs: 1, image })) socket.write(piece);
    });
    const before = Date.now();
    run(makeCamera(port));
    await eventually(() => expect(frames).toHaveLength(1));
    expect(frames[0]?.capturedAtMs).toBeGreaterThanOrEqual(before);
  });
});
