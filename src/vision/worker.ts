import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { expectHash, sha256Of } from './package-files.js';
import { ModelSession } from './session.js';
import { plainError, type WorkerReply, type WorkerRequest, type WorkerSetup } from './worker-protocol.js';

// One thread with one session. It ends only by its own will: ending it from outside while ONNX Runtime computes aborts
// the whole process, so the main thread asks it to stop and waits.
const setup = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');

const send = (reply: WorkerReply): void => port.postMessage(reply);

async function open(): Promise<ModelSession> {
  // The very bytes that are hashed are the ones that are loaded: the file may have changed since the package was read.
  const bytes = await readFile(setup.modelFile);
  expectHash(sha256Of(bytes), setup.variant.sha256, setup.modelFile);
  return ModelSession.open(bytes, setup);
}

async function infer(session: ModelSession, pixels: Uint8Array, map: boolean): Promise<void> {
  const startedMs = performance.now();
  try {
    const output = await session.infer(pixels, map);
    send({ kind: 'scores', ...output, inferenceMs: performance.now() - startedMs });
  } catch (error) {
    send({ kind: 'failed', error: plainError(error, 'INFERENCE_ERROR') });
  }
}

async function stop(session: ModelSession): Promise<void> {
  await session.release();
  port?.close();
}

try {
  const session = await open();
  port.on('message', (request: WorkerRequest) => {
    if (request.kind === 'infer') void infer(session, request.pixels, request.map);
    else if (request.kind === 'ping') send({ kind: 'pong', id: request.id });
    else void stop(session);
  });
  send({ kind: 'ready', ...session.choice });
} catch (error) {
  // Nothing listens on the port, so the thread ends by itself.
  send({ kind: 'unusable', error: plainError(error, 'MODEL_UNLOADABLE') });
}
