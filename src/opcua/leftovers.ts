import type { ClientSession, OPCUAClient } from 'node-opcua-client';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { withTimeout } from '../base/lifecycle.js';
import { opcuaErrors } from './errors.js';
import type { ClientLibrary } from './library.js';

interface Leftover {
  readonly session: ClientSession;
  /** When the server it was made on had started, by the server's clock; null where that is not known. */
  readonly serverStartMs: number | null;
  readonly endsAtMs: number;
}

/** What the library keeps to itself. */
interface InnerClient {
  performMessageTransaction(request: object, callback: (error: Error | null) => void): void;
}

interface InnerSession {
  readonly authenticationToken: { readonly value: unknown };
  getPublishEngine(): { terminate(): void };
}

const MOST = 8;

const silent = (): Error => opcuaErrors.OPCUA_SERVER_SILENT();

/**
 * Asks the server to end a session with its subscriptions; true once it has said that it did.
 *
 * This is not the library's `session.close`, which forgets the session even where the server never heard of its end,
 * and which answers a refusal by making a new session.
 */
export async function endSession(
  library: ClientLibrary,
  client: OPCUAClient,
  session: ClientSession,
  limitMs: number,
): Promise<boolean> {
  const { authenticationToken } = inner(session);
  const request = new library.CloseSessionRequest({ deleteSubscriptions: true });
  request.requestHeader.authenticationToken = authenticationToken as typeof request.requestHeader.authenticationToken;
  const answer = new Promise<boolean>((resolve) => {
    (client as unknown as InnerClient).performMessageTransaction(request, (error) => resolve(error === null));
  });
  // Left alone it would look ten times a second whether the channel has come back, for ever.
  inner(session).getPublishEngine().terminate();
  return withTimeout(answer, limitMs, silent).catch(() => false);
}

/**
 * Sessions that a server may still hold, since it could not be told to end them: the network was cut. It would keep
 * each until its time-out, with everything that is queued for it, and a small PLC has few to give. So the next life of
 * the connection takes them over and ends them.
 *
 * A server that was restarted may have given the same token to somebody else, where it numbers them; a session is
 * therefore touched only if its token cannot have been given twice, or if the server has not been restarted since. That
 * has to be done over a channel that has no session of its own, since some servers know no more than one of each.
 */
export class Leftovers {
  #held: Leftover[] = [];

  constructor(private readonly clock: Clock) {}

  get count(): number {
    return this.#present().length;
  }

  /** Keeps a session that `endSession` could not end and whose client has been disconnected. */
  keep(session: ClientSession, serverStartMs: number | null): void {
    const endsAtMs = this.clock.monotonicMs() + session.timeout;
    this.#held = [...this.#present(), { session, serverStartMs, endsAtMs }].slice(-MOST);
  }

  /**
   * Ends what may be ended over a client that is connected; `serverStartMs` is null before it is known. Never throws:
   * what fails is tried again in the next life, or ends by its time-out.
   */
  async clear(
    library: ClientLibrary,
    client: OPCUAClient,
    serverStartMs: number | null,
    limitMs: number,
  ): Promise<void> {
    const present = this.#present();
    const ours = present.filter((one) => unguessable(one.session) || isSame(one.serverStartMs, serverStartMs));
    // What is neither, once the server's start is known, went with the server's earlier life.
    this.#held = serverStartMs === null ? present.filter((one) => !ours.includes(one)) : [];
    for (const one of ours) {
      const settled = await takeOver(library, client, one.session, limitMs);
      if (!settled) this.#held.push(one);
    }
  }

  #present(): Leftover[] {
    const nowMs = this.clock.monotonicMs();
    return this.#held.filter(({ endsAtMs }) => endsAtMs > nowMs);
  }
}

/** Ends a session of an earlier client over this one; true if there is nothing more to be done about it. */
async function takeOver(
  library: ClientLibrary,
  client: OPCUAClient,
  session: ClientSession,
  limitMs: number,
): Promise<boolean> {
  try {
    // Without security the library has not yet asked for the endpoints, and reactivates nothing without them.
    await withTimeout(client.getEndpoints(), limitMs, silent);
    await withTimeout(client.reactivateSession(session), limitMs, silent);
    return await endSession(library, client, session, limitMs);
  } catch (error) {
    return /BadSession/.test(messageOf(error));
  }
}

function inner(session: ClientSession): InnerSession {
  return session as unknown as InnerSession;
}

/** Random bytes or a GUID, which no server gives twice. */
function unguessable(session: ClientSession): boolean {
  const { value } = inner(session).authenticationToken;
  return Buffer.isBuffer(value) ? value.length >= 16 : typeof value === 'string' && value.length >= 32;
}

function isSame(one: number | null, other: number | null): boolean {
  return one !== null && one === other;
}
