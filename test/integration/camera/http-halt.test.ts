import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { sleep } from '#jidoka/base/lifecycle.js';
import { BareCamera, jpegOf, partOf, STREAM_HEAD } from '../../simulators/http-camera.js';
import { eventually } from './helpers.js';

const HALT_MS = 2500;
/** The scheduler of a loaded machine may come between a time and what it is the time of. */
const TOLERANCE_MS = 1000;

/** The picture with a comment behind its first marker. */
function withComment(jpeg: Buffer, comment: string): Buffer {
  const text = Buffer.from(comment);
  const segment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text]);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}

it('never gives out a picture as newer than it is, though the process was halted while the stream went on', async () => {
  const jpeg = await jpegOf(1, 800, 600);
  const server = await BareCamera.start((socket: Socket) => {
    socket.write(STREAM_HEAD);
    const ticking = setInterval(() => socket.write(partOf(withComment(jpeg, String(Date.now())))), 40);
    socket.on('close', () => clearInterval(ticking));
  });
  const script = join(import.meta.dirname, '..', '..', 'simulators', 'camera-process.mjs');
  const child = spawn(process.execPath, [script, server.url], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const seen: { capturedAtMs: number; sentAtMs: number }[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [capturedAtMs = Number.NaN, sentAtMs = Number.NaN] = line.split(' ').map(Number);
      seen.push({ capturedAtMs, sentAtMs });
    });
    await eventually(() => expect(seen.length).toBeGreaterThan(10));
    child.kill('SIGSTOP');
    const halted = seen.length;
    await sleep(HALT_MS);
    const resumedAtMs = Date.now();
    child.kill('SIGCONT');
    // Pictures sent in the halt did come out of the socket, and then the stream went on as before.
    await eventually(() => expect(seen.slice(halted).some(({ sentAtMs }) => sentAtMs < resumedAtMs - 1000)).toBe(true));
    await eventually(() => expect(seen.at(-1)?.sentAtMs).toBeGreaterThan(resumedAtMs + 1000));
    for (const { capturedAtMs, sentAtMs } of seen) expect(capturedAtMs - sentAtMs).toBeLessThan(TOLERANCE_MS);
    // The halt is over for those that come after it: they are not taken for old for ever.
    expect(seen.some(({ capturedAtMs }) => capturedAtMs > resumedAtMs)).toBe(true);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    await server.stop();
  }
});
