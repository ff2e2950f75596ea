import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { messageOf } from '../base/errors.js';
import { sleep } from '../base/lifecycle.js';
import { checkInSteps } from './step-check.js';

/** Rests this long after each step, so that commits find the disk free. */
const REST_MS = 5;

export type CheckOutcome =
  | { readonly outcome: 'sound' }
  | { readonly outcome: 'damaged'; readonly damage: string }
  | { readonly outcome: 'failed'; readonly reason: string };

/** Entry of the thread that reads a large database through beside the running agent. */
async function check(file: string): Promise<CheckOutcome> {
  const db = new Database(file, { readonly: true, timeout: 10_000 });
  try {
    const steps = checkInSteps(db);
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done)
        return step.value === undefined ? { outcome: 'sound' } : { outcome: 'damaged', damage: step.value };
      await sleep(REST_MS);
    }
  } catch (error) {
    return { outcome: 'failed', reason: messageOf(error) };
  } finally {
    db.close();
  }
}

const port = parentPort;
if (port !== null) void check(String(workerData)).then((outcome) => port.postMessage(outcome));
