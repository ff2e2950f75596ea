// Thread that draws frames, so that the main thread stays free for the network.
import { parentPort } from 'node:worker_threads';
import type { RenderReply, RenderRequest } from './render-messages.js';
import { renderTile } from './tile.js';

parentPort?.on('message', ({ sequence, capturedAtMs, tileClass, tileSeed }: RenderRequest) => {
  const image = renderTile({ tileClass, seed: tileSeed });
  const reply: RenderReply = { sequence, capturedAtMs, image };
  parentPort?.postMessage(reply, [image.data.buffer as ArrayBuffer]);
});
