import type { RecordedEvent, Recording } from '../recording.js';
import { both, type Check, type Checks, type Evidence, each, type Session, sessions, shared } from '../view.js';

interface State {
  readonly online: boolean;
  readonly timestamp: number;
}

type Step =
  | { readonly kind: 'state'; readonly state: State; readonly counts: boolean; readonly online: boolean }
  | { readonly kind: 'sent'; readonly type: string; readonly online: boolean; readonly at: number };

const waiting = (evidence: Evidence): Session[] =>
  sessions(evidence).filter(({ recording }) => recording.host !== undefined);

function stateOf(event: RecordedEvent, host: string): State | undefined {
  if (event.kind !== 'publish' || event.from !== 'broker' || event.message.topic !== `spBv1.0/STATE/${host}`)
    return undefined;
  try {
    return JSON.parse(event.message.text) as State;
  } catch {
    return undefined;
  }
}

/** The session with what its STATEs mean at each moment: one counts that is not older than the last that counted. */
function steps({ recording: { host = '' }, events }: Session): Step[] {
  const result: Step[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  let online = false;
  for (const event of events) {
    const state = stateOf(event, host);
    if (state !== undefined) {
      const counts = state.timestamp >= newest;
      if (counts) {
        newest = state.timestamp;
        online = state.online;
      }
      result.push({ kind: 'state', state, counts, online });
    } else if (event.kind === 'publish' && event.from === 'edge') {
      result.push({ kind: 'sent', type: event.message.topic.split('/')[2] ?? '', online, at: event.at });
    }
  }
  return result;
}

const births = (evidence: Evidence): Step[] =>
  waiting(evidence).flatMap((session) =>
    steps(session).filter((step) => step.kind === 'sent' && step.type === 'NBIRTH'),
  );

/** No birth while the host was not online; and the recordings have a session that waited and one that was born. */
const waitsForHost: Check = both(
  each(births, (step) => !step.online && 'an NBIRTH while the primary host was not online'),
  each(
    (evidence) => waiting(evidence).filter((session) => !steps(session).some(({ kind }) => kind === 'sent')),
    () => undefined,
  ),
);

const offlineSeen = (evidence: Evidence): Session[] =>
  waiting(evidence).filter((session) =>
    steps(session).some((step) => step.kind === 'state' && !step.state.online && step.counts),
  );

/** An offline STATE kept the birth back: it came before any birth of its session. */
const offlineIsNotOnline: Check = both(
  waitsForHost,
  each(
    (evidence) => offlineSeen(evidence).filter((session) => steps(session)[0]?.kind === 'state'),
    () => undefined,
  ),
);

/** A stale `online` came while the node waited, and nothing was born by it. */
const staleOnlineIgnored: Check = both(
  waitsForHost,
  each(
    (evidence) =>
      waiting(evidence)
        .flatMap(steps)
        .filter((step) => step.kind === 'state' && step.state.online && !step.counts),
    (step) => step.kind === 'state' && step.online && 'the host was online already',
  ),
);

const otherHostIgnored: Check = both(
  waitsForHost,
  each(
    (evidence) =>
      evidence.flatMap((recording) =>
        recording.host === undefined
          ? []
          : recording.events.flatMap((event, position) =>
              event.kind === 'mark' && event.text === 'other host online' ? [{ recording, position }] : [],
            ),
      ),
    ({ recording, position }) => {
      const next = recording.events
        .slice(position)
        .find(
          (event) =>
            stateOf(event, recording.host ?? '') !== undefined || (event.kind === 'publish' && event.from === 'edge'),
        );
      return next?.kind === 'publish' && next.from === 'edge' && 'the node spoke after another host came online';
    },
  ),
);

/** Born sessions whose host then went offline by a STATE that counts. */
function ended(evidence: Evidence): { readonly session: Session; readonly after: Step[] }[] {
  return waiting(evidence).flatMap((session) => {
    const all = steps(session);
    const born = all.findIndex((step) => step.kind === 'sent' && step.type === 'NBIRTH');
    const offline = all.findIndex(
      (step, index) => index > born && step.kind === 'state' && step.counts && !step.state.online,
    );
    return born < 0 || offline < 0 ? [] : [{ session, after: all.slice(offline + 1) }];
  });
}

const leavesWithoutHost: Check = each(ended, ({ session, after }) => {
  const sent = after.filter((step) => step.kind === 'sent');
  if (sent.at(-1)?.type !== 'NDEATH') return 'the host went offline and no NDEATH ended the session';
  if (sent.some(({ type }) => type.endsWith('BIRTH'))) return 'a birth although the host had gone offline';
  const closed = session.events.some(({ kind }) => kind === 'closed');
  return !closed && 'the connection stays although the host has gone offline';
});

/** The next CONNECT after a session without its host goes to another server. */
const movesOn = (left: (evidence: Evidence) => Session[]): Check =>
  each(left, (session) => {
    const next = waiting([session.recording]).find(({ connection }) => connection > session.connection);
    return next === undefined
      ? 'the node did not connect again'
      : next.server === session.server && `it went back to server ${next.server}`;
  });

const severalServers = (recording: Recording): boolean =>
  new Set(sessions([recording]).map(({ server }) => server)).size > 1;

const lostHost = (evidence: Evidence): Session[] => ended(evidence).map(({ session }) => session);

const staleOfflineIgnored: Check = each(
  (evidence) =>
    waiting(evidence).flatMap((session) => {
      const all = steps(session);
      const stale = all.findIndex((step) => step.kind === 'state' && !step.counts && !step.state.online && step.online);
      return stale < 0 ? [] : [all.slice(stale + 1)];
    }),
  (after) => {
    const next = after.find((step) => step.kind === 'sent');
    return (
      (next?.kind !== 'sent' || !next.type.endsWith('DATA')) &&
      `after a stale offline came ${next?.kind === 'sent' ? next.type : 'nothing'}`
    );
  },
);

/** Subscribed before the birth, on each of several servers. */
const readsState: Check = both(
  each(waiting, ({ events, recording: { host } }) => {
    const subscribed = events.findIndex(
      (event) => event.kind === 'subscribe' && event.topics.some(({ topic }) => topic === `spBv1.0/STATE/${host}`),
    );
    const birth = events.findIndex((event) => event.kind === 'publish' && event.from === 'edge');
    const greeted = events.some((event) => event.kind === 'connack' && event.code === 0);
    return (
      greeted && (subscribed < 0 || (birth >= 0 && birth < subscribed)) && 'a session that does not read the STATE'
    );
  }),
  each(
    (evidence) => (new Set(waiting(evidence).map(({ server }) => server)).size > 1 ? [true] : []),
    () => undefined,
  ),
);

/** A connection has ended with its DISCONNECT, or when it is closed, before the next CONNECT goes out. */
const oneServer: Check = each(
  (evidence) => evidence.filter(severalServers),
  (recording) => {
    let open: number | undefined;
    for (const event of recording.events) {
      if (event.kind === 'connect') {
        if (open !== undefined) return `${recording.scenario}: connection ${event.connection} beside ${open}`;
        open = event.connection;
      }
      const over = event.kind === 'closed' || (event.kind === 'disconnect' && event.from === 'edge');
      if (over && event.connection === open) open = undefined;
    }
    return undefined;
  },
);

export const primaryHostChecks: Checks = {
  ...shared(
    ['message-flow-edge-node-birth-publish-phid-wait', 'operational-behavior-edge-node-birth-sequence-wait'],
    waitsForHost,
  ),
  'message-flow-edge-node-birth-publish-phid-wait-id': otherHostIgnored,
  'message-flow-edge-node-birth-publish-phid-wait-online': offlineIsNotOnline,
  'message-flow-edge-node-birth-publish-phid-wait-timestamp': staleOnlineIgnored,
  ...shared(
    ['message-flow-edge-node-birth-publish-phid-offline', 'operational-behavior-edge-node-termination-host-offline'],
    leavesWithoutHost,
  ),
  'operational-behavior-edge-node-termination-host-offline-reconnect': movesOn(lostHost),
  'operational-behavior-edge-node-termination-host-offline-timestamp': staleOfflineIgnored,
  'operational-behavior-primary-application-state-with-multiple-servers-state-subs': readsState,
  'operational-behavior-primary-application-state-with-multiple-servers-single-server': oneServer,
  'operational-behavior-primary-application-state-with-multiple-servers-walk': movesOn((evidence) =>
    offlineSeen(evidence.filter(severalServers)),
  ),
};
