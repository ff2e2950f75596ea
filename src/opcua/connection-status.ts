import type { JidokaError } from '../base/errors.js';
import type { Losses } from './loss-count.js';
import type { ClockEstimate } from './server-clock.js';
import type { SupervisorState } from './supervisor.js';

export interface OpcuaConnectionStatus {
  readonly state: 'stopped' | 'connecting' | 'connected' | 'disconnected';
  /** A plain sentence for the operator. */
  readonly text: string;
  /** NodeId → what is wrong with it. */
  readonly faults: ReadonlyMap<string, string>;
  /** The server's clock minus the gateway's, and how far that may be wrong; null where it never told its time. */
  readonly clock: ClockEstimate | null;
  /** A sentence where the clocks are too far apart; else null. */
  readonly clockNote: string | null;
  /** A sentence for each tag whose source times are of another clock than they should be. */
  readonly timeNotes: readonly string[];
  readonly losses: Losses;
  /** Sessions that the server may still hold since the network was cut. */
  readonly leftSessions: number;
}

interface Situation {
  readonly state: SupervisorState<JidokaError>['kind'];
  readonly endpoint: string;
  readonly tags: number;
  readonly faults: number;
  readonly clockNote: string | null;
}

/** A connection's state in words; `trouble` is what the last attempt failed of. */
export function describe(
  { state, endpoint, tags, faults, clockNote }: Situation,
  trouble: JidokaError | undefined,
): Pick<OpcuaConnectionStatus, 'state' | 'text'> {
  switch (state) {
    case 'stopped':
    case 'stopping':
      return { state: 'stopped', text: 'Stopped.' };
    case 'live': {
      const counted = `${tags} ${tags === 1 ? 'tag' : 'tags'}`;
      const wrong = faults === 0 ? '' : `, ${faults} with an error`;
      const clock = clockNote === null ? '' : ` ${clockNote}`;
      return { state: 'connected', text: `Connected to ${endpoint}, ${counted}${wrong}.${clock}` };
    }
    default:
      if (trouble === undefined) return { state: 'connecting', text: `Connecting to ${endpoint}.` };
      return { state: 'disconnected', text: `${trouble.message} The gateway goes on trying.` };
  }
}
