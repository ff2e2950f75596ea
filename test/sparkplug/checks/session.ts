import {
  bdSeqOf,
  bornSessions,
  both,
  type Check,
  type Checks,
  deaths,
  type Evidence,
  each,
  metric,
  metricsOf,
  type Session,
  sentOf,
  sessions,
  shared,
} from '../view.js';

const wills = (evidence: Evidence) => sessions(evidence).map(({ connect }) => connect.will);
const publishedFirst: Check = each(
  bornSessions,
  ({ sent }) => sent[0]?.type !== 'NBIRTH' && `first came ${sent[0]?.message.topic}`,
);

/** From 0 on a new gateway, one more with every CONNECT, over restarts of the agent too, 0 after 255. */
const bdSeqGrows: Check = (evidence) => {
  const recorded = evidence.map(({ scenario, events }) => ({
    scenario,
    values: events.flatMap((event) => (event.kind === 'connect' ? [bdSeqOf(event.will)] : [])),
  }));
  const wrong = recorded.flatMap(({ scenario, values }) =>
    values.flatMap((value, index) => {
      const wanted = index % 256;
      return value === wanted ? [] : [`${scenario}: CONNECT ${index} has bdSeq ${value}, not ${wanted}`];
    }),
  );
  return recorded.some(({ values }) => values.length > 1) ? wrong : ['no second CONNECT was recorded', ...wrong];
};

const isDeathPayload: Check = each(deaths, ({ payload }) => {
  const names = payload?.metrics.map(({ name }) => name);
  return (
    (names?.length !== 1 || names[0] !== 'bdSeq') && `an NDEATH has ${names?.join(', ') ?? 'no Sparkplug payload'}`
  );
});

const noSeq: Check = each(deaths, ({ payload }) => payload?.seq !== undefined && `an NDEATH has seq ${payload.seq}`);

const bdSeqIsInt64 = (name: string): Check =>
  each(
    (evidence) => (name === 'will' ? wills(evidence) : sentOf(evidence, 'NBIRTH').map(({ message }) => message)),
    (message) => {
      const found = message && metric(message, 'bdSeq');
      return (found?.datatype !== 4 || bdSeqOf(message) === undefined) && 'bdSeq is no INT64';
    },
  );

const birthHasWillsBdSeq: Check = each(
  (evidence) =>
    bornSessions(evidence).flatMap(({ connect, sent }) =>
      sent.filter(({ type }) => type === 'NBIRTH').map(({ message }) => ({ will: connect.will, message })),
    ),
  ({ will, message }) => {
    const value = bdSeqOf(message);
    return (value === undefined || value !== bdSeqOf(will)) && `NBIRTH ${value}, will ${bdSeqOf(will)}`;
  },
);

/** Every NDEATH, the node's own and the one that waits as a will, ends the birth of its session. */
const deathHasBirthsBdSeq: Check = both(
  birthHasWillsBdSeq,
  each(
    (evidence) =>
      bornSessions(evidence).flatMap(({ sent }) =>
        sent.filter(({ type }) => type === 'NDEATH').map(({ message }) => ({ message, sent })),
      ),
    ({ message, sent }) => {
      const born = bdSeqOf(sent.find(({ type }) => type === 'NBIRTH')?.message);
      return bdSeqOf(message) !== born && `NDEATH ${bdSeqOf(message)} after NBIRTH ${born}`;
    },
  ),
);

/** Sessions that the node left by itself once it was born: stopped, or because of its primary host. */
function leftOnPurpose(evidence: Evidence, version?: number): Session[] {
  return bornSessions(evidence).filter(
    ({ events, connect }) =>
      events.some((event) => event.kind === 'disconnect' && event.from === 'edge') &&
      (version === undefined || connect.version === version),
  );
}

/** Also those that the scenario ended with a stop: there the node must not just vanish. */
const stopsAreClean: Check = each(
  (evidence) =>
    evidence.flatMap((recording) =>
      recording.events
        .filter((event) => event.kind === 'mark' && event.text === 'stop')
        .map((mark) => ({ recording, mark })),
    ),
  ({ recording, mark }) => {
    const open = bornSessions([recording]).filter(
      ({ events }) =>
        (events[0]?.at ?? 0) <= mark.at && !events.some((event) => event.kind === 'closed' && event.at < mark.at),
    );
    const last = open.at(-1);
    return (
      !last?.sent.some(({ type, at }) => type === 'NDEATH' && at >= mark.at) &&
      `${recording.scenario}: stopped without NDEATH`
    );
  },
);

function deathBeforeDisconnect(version?: number): Check {
  return each(
    (evidence) => leftOnPurpose(evidence, version),
    ({ sent, recording }) =>
      sent.at(-1)?.type !== 'NDEATH' && `${recording.scenario}: DISCONNECT after ${sent.at(-1)?.type}`,
  );
}

export const sessionChecks: Checks = {
  'principles-birth-certificates-order': publishedFirst,
  'principles-persistence-clean-session-311': each(
    (evidence) => sessions(evidence).filter(({ connect }) => connect.version === 4),
    ({ connect }) => !connect.clean && 'the session is not clean',
  ),
  'principles-persistence-clean-session-50': each(
    (evidence) => sessions(evidence).filter(({ connect }) => connect.version === 5),
    ({ connect: { clean, sessionExpiry = 0 } }) =>
      (!clean || sessionExpiry !== 0) && `clean start ${clean}, expiry ${sessionExpiry}`,
  ),
  'topics-ndeath-payload': isDeathPayload,
  ...shared(['topics-ndeath-seq', 'payloads-ndeath-seq'], noSeq),
  ...shared(
    ['message-flow-edge-node-birth-publish-will-message', 'payloads-ndeath-will-message'],
    each(
      wills,
      (will) => (will === undefined || !will.topic.includes('/NDEATH/')) && 'a CONNECT without an NDEATH as its will',
    ),
  ),
  'message-flow-edge-node-birth-publish-will-message-payload': each(
    wills,
    (will) => (will?.payload === undefined || will.payload.unknown.length > 0) && 'the will is no Sparkplug payload',
  ),
  'message-flow-edge-node-birth-publish-will-message-payload-bdSeq': both(bdSeqIsInt64('will'), bdSeqGrows),
  ...shared(
    ['message-flow-edge-node-birth-publish-will-message-qos', 'payloads-ndeath-will-message-qos'],
    each(wills, (will) => will?.qos !== 1 && `the will has QoS ${will?.qos}`),
  ),
  ...shared(
    ['message-flow-edge-node-birth-publish-will-message-will-retained', 'payloads-ndeath-will-message-retain'],
    each(wills, (will) => will?.retain !== false && 'the will is retained'),
  ),
  'topics-nbirth-bdseq-increment': bdSeqGrows,
  ...shared(
    ['topics-nbirth-bdseq-included', 'payloads-nbirth-bdseq'],
    each(
      (evidence) => sentOf(evidence, 'NBIRTH'),
      ({ message }) =>
        metricsOf(message).filter(({ name }) => name === 'bdSeq').length !== 1 && 'not one bdSeq in an NBIRTH',
    ),
  ),
  ...shared(['topics-nbirth-bdseq-matching', 'payloads-nbirth-bdseq-repeat'], birthHasWillsBdSeq),
  'message-flow-edge-node-birth-publish-nbirth-payload-bdSeq': both(bdSeqIsInt64('NBIRTH'), birthHasWillsBdSeq),
  'payloads-ndeath-bdseq': deathHasBirthsBdSeq,
  'message-flow-edge-node-birth-publish-connect': each(bornSessions, ({ events }) => {
    const connack = events.findIndex((event) => event.kind === 'connack' && event.code === 0);
    const birth = events.findIndex((event) => event.kind === 'publish' && event.from === 'edge');
    return (connack < 0 || birth < connack) && 'a birth before the CONNACK';
  }),
  ...shared(
    ['operational-behavior-edge-node-intentional-disconnect-ndeath', 'payloads-ndeath-will-message-publisher'],
    both(deathBeforeDisconnect(), stopsAreClean),
  ),
  'operational-behavior-edge-node-intentional-disconnect-packet': each(leftOnPurpose, ({ events }) => {
    const own = events.filter(
      (event) => (event.kind === 'publish' || event.kind === 'disconnect') && event.from === 'edge',
    );
    const [death, goodbye] = own.slice(-2);
    const ordered =
      death?.kind === 'publish' && death.message.topic.includes('/NDEATH/') && goodbye?.kind === 'disconnect';
    return !ordered && 'the DISCONNECT does not follow the NDEATH at once';
  }),
  'payloads-ndeath-will-message-publisher-disconnect-mqtt311': deathBeforeDisconnect(4),
  'payloads-ndeath-will-message-publisher-disconnect-mqtt50': each(
    (evidence) =>
      sessions(evidence).flatMap(({ connect, events }) =>
        connect.version === 5 ? events.filter((event) => event.kind === 'disconnect' && event.from === 'edge') : [],
      ),
    (event) => event.kind === 'disconnect' && event.reason !== 4 && `DISCONNECT with reason ${event.reason}`,
  ),
};
