import type { ClientSession, OPCUAClient } from 'node-opcua-client';
import type { Clock } from '../base/clock.js';
import type { ClientLibrary } from './library.js';
import type { ClockReading } from './server-clock.js';

const START_TIME = 'i=2257';
const CURRENT_TIME = 'i=2258';
/** A server whose answers bear no time is taken to renew the node of its clock once a second. */
const NODE_STEP_MS = 1000;
/** An empty DateTime is of the year 1601. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);

/** Asks the server of one session for the time. */
export class ServerTime {
  #startMs: number | null = null;
  #reading = false;
  #stampMs: number | null = null;

  constructor(
    private readonly library: ClientLibrary,
    client: OPCUAClient,
    private readonly session: ClientSession,
    private readonly clock: Clock,
  ) {
    // The head of an answer tells when it was given, finer than the node does; the library hands on the body alone.
    client.on('receive_response', ({ responseHeader, schema }) => {
      if (this.#reading && schema.name === 'ReadResponse') this.#stampMs = timeOf(responseHeader.timestamp);
    });
  }

  /** When the server started, by its own clock; null until it has told. */
  get serverStartMs(): number | null {
    return this.#startMs;
  }

  /** Rejects with what the library throws; null where the server does not tell its time. */
  async read(): Promise<ClockReading | null> {
    this.#reading = true;
    this.#stampMs = null;
    const askedAtMs = this.clock.monotonicMs();
    const { Value } = this.library.AttributeIds;
    const [start, current] = await this.session.read([
      { nodeId: START_TIME, attributeId: Value },
      { nodeId: CURRENT_TIME, attributeId: Value },
    ]);
    const answeredAtMs = this.clock.monotonicMs();
    this.#reading = false;
    this.#startMs = timeOf(start?.value?.value) ?? this.#startMs;
    const nodeMs = timeOf(current?.value?.value);
    const stampMs = this.#stampMs;
    // Both tell a time that is past, so the later one is nearer; where they are far apart the node is the clock.
    if (stampMs !== null && (nodeMs === null || Math.abs(stampMs - nodeMs) < 2 * NODE_STEP_MS)) {
      return { askedAtMs, answeredAtMs, serverMs: Math.max(stampMs, nodeMs ?? stampMs), coarseMs: 0 };
    }
    return nodeMs === null ? null : { askedAtMs, answeredAtMs, serverMs: nodeMs, coarseMs: NODE_STEP_MS };
  }
}

function timeOf(value: unknown): number | null {
  return value instanceof Date && value.getTime() > EARLIEST_MS ? value.getTime() : null;
}
