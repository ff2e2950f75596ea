import type { ClientSession } from 'node-opcua-client';
import { withTimeout } from '../../base/lifecycle.js';
import type { Logger } from '../../base/logger.js';
import type { OpcuaConnectionConfig } from '../../config/schema/connections.js';
import { opcuaErrors } from '../errors.js';
import { type ClientLibrary, loadLibrary } from '../library.js';
import { Access, type Password } from '../security/access.js';

/** A server that somebody at the terminal wants to look into. */
export interface Target {
  readonly config: OpcuaConnectionConfig;
  readonly password: Password | undefined;
  readonly pkiFolder: string;
  readonly applicationName: string;
  readonly logger: Logger;
}

export interface Visit {
  readonly session: ClientSession;
  readonly library: ClientLibrary;
}

export const REQUEST_TIMEOUT_MS = 10_000;
const SESSION_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 2000;

/**
 * Opens a session, works in it and ends it, whatever happens: nothing is left on the server. Gives undefined where the
 * signal came first. Throws JidokaErrors where the server cannot be entered.
 */
export async function visit<T>(
  target: Target,
  signal: AbortSignal,
  work: (visit: Visit) => Promise<T>,
): Promise<T | undefined> {
  const library = await loadLibrary(target.logger);
  const access = await Access.prepare({
    ...target,
    library,
    timeoutMs: REQUEST_TIMEOUT_MS,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    nowMs: () => Date.now(),
  });
  let session: ClientSession | undefined;
  try {
    if (signal.aborted) return undefined;
    await access.connect();
    if (signal.aborted) return undefined;
    session = await access.createSession();
    return await untilAborted(work({ session, library: library.client }), signal);
  } finally {
    await quietly(session?.close(true));
    await quietly(access.client.disconnect());
    await access.close();
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    // What is under way when the signal comes fails with the session; nobody waits for it any more.
    work.catch(() => undefined);
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

/** A server that hangs does not keep the command: its own time-out ends the session then. */
async function quietly(work: Promise<unknown> | undefined): Promise<void> {
  if (work === undefined) return;
  await withTimeout(work, CLOSE_TIMEOUT_MS, () => opcuaErrors.OPCUA_SERVER_SILENT()).catch(() => undefined);
}
