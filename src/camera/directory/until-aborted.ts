import { sleep } from '../../base/lifecycle.js';

/** How long file operations that are under way at the abort are waited for. */
const GRACE_MS = 1_000;

/**
 * Waits for `work`, but not for ever once the signal has aborted: an operation on a network share that has gone away
 * may never return, and the agent must be able to stop all the same. Then undefined.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const settled = new AbortController();
  const abandoned = (async (): Promise<undefined> => {
    const either = AbortSignal.any([signal, settled.signal]);
    if (!either.aborted) {
      await new Promise<void>((resolve) => either.addEventListener('abort', () => resolve(), { once: true }));
    }
    await sleep(GRACE_MS, settled.signal);
    return undefined;
  })();
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    settled.abort();
  }
}
