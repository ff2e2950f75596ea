import { createServer, type Socket } from 'node:net';
import { encodeFeedFrame, encodeFeedIdle, FEED_IDLE_MS, type FeedFrame } from '../camera/simulated/feed-protocol.js';
import { LOOPBACK, listenNear } from './listen.js';

/** Bytes that may wait for a slow camera; it then misses frames, and sees that from the part numbers. */
const MAX_BACKLOG_BYTES = 1_048_576;
const MAX_CAMERAS = 32;

export interface FeedServer {
  readonly port: number;
  readonly url: string;
  /** Cameras that are connected. */
  readonly cameras: number;
  send(frame: FeedFrame): void;
  stop(): Promise<void>;
}

/** Sends frames to every camera that is connected, on 127.0.0.1 only. */
export async function startFeedServer(preferredPort: number): Promise<FeedServer> {
  const cameras = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    if (cameras.size >= MAX_CAMERAS) return void socket.destroy();
    cameras.add(socket);
    // The feed goes one way; what a peer sends is read and forgotten.
    socket.resume();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => cameras.delete(socket));
  });
  const port = await listenNear(server, preferredPort);
  const idle = setInterval(() => broadcast([encodeFeedIdle()]), FEED_IDLE_MS);
  const broadcast = (pieces: readonly Uint8Array[]): void => {
    idle.refresh();
    for (const socket of cameras) {
      if (socket.writableLength > MAX_BACKLOG_BYTES) continue;
      for (const piece of pieces) socket.write(piece);
    }
  };
  return {
    port,
    url: `tcp://${LOOPBACK}:${port}`,
    get cameras() {
      return cameras.size;
    },
    send: (frame) => broadcast(encodeFeedFrame(frame)),
    stop: async () => {
      clearInterval(idle);
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of cameras) socket.destroy();
      await closed;
    },
  };
}
