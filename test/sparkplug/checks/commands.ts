import type { Message } from '../recording.js';
import {
  bdSeqOf,
  bornSessions,
  both,
  type Check,
  type Checks,
  deviceOf,
  type Evidence,
  each,
  metricsOf,
  receivedOf,
  type Sent,
  type Session,
  shared,
} from '../view.js';

/** DATA that was already on its way when the command passed carries a timestamp of before. */
const ON_ITS_WAY_MS = 250;

interface Asked {
  readonly session: Session;
  readonly at: number;
  readonly after: readonly Sent[];
}

/** Sessions in which a host asked for a rebirth, with what the node sent from then on. */
function rebirths(evidence: Evidence): Asked[] {
  return bornSessions(evidence).flatMap((session) =>
    receivedOf([session.recording], 'NCMD').flatMap(({ message, position, at }) => {
      const asks = metricsOf(message).some(
        ({ name, values }) => name === 'Node Control/Rebirth' && values[0]?.value === 'true',
      );
      const event = session.recording.events[position];
      const here = event?.kind !== 'mark' && event?.connection === session.connection;
      return asks && here ? [{ session, at, after: session.sent.filter((sent) => sent.position > position) }] : [];
    }),
  );
}

const reborn = ({ after }: Asked): Sent | undefined => after.find(({ type }) => type === 'NBIRTH');

const dataStops: Check = each(rebirths, (asked) => {
  const birth = reborn(asked);
  const late = asked.after.find(
    (sent) =>
      sent.type?.endsWith('DATA') &&
      sent.position < (birth?.position ?? Number.POSITIVE_INFINITY) &&
      (sent.message.payload?.timestamp ?? 0) > asked.at + ON_ITS_WAY_MS,
  );
  return birth === undefined
    ? 'no rebirth followed'
    : late !== undefined && 'data went on after the rebirth was asked for';
});

const allBorn: Check = each(rebirths, (asked) => {
  const birth = reborn(asked);
  if (birth === undefined) return 'no NBIRTH after it was asked for';
  const before = asked.session.sent.filter(({ position }) => position < birth.position);
  const alive = new Set<string>();
  for (const { type, message } of before) {
    const device = deviceOf(message.topic) ?? '';
    if (type === 'DBIRTH') alive.add(device);
    if (type === 'DDEATH') alive.delete(device);
  }
  const rest = asked.after.filter(({ position }) => position > birth.position);
  const end = rest.findIndex(({ type }) => type !== 'DBIRTH');
  for (const { message } of end < 0 ? rest : rest.slice(0, end)) alive.delete(deviceOf(message.topic) ?? '');
  return alive.size > 0 && `no DBIRTH of ${[...alive].join(', ')} after the rebirth`;
});

const sameBdSeq: Check = each(rebirths, (asked) => {
  const value = bdSeqOf(reborn(asked)?.message);
  return (value === undefined || value !== bdSeqOf(asked.session.connect.will)) && `the rebirth has bdSeq ${value}`;
});

/** Granted by the broker before the birth, on exactly that topic, with QoS 1. */
function subscribed(wanted: (session: Session) => readonly string[]): Check {
  return each(bornSessions, (session) => {
    const birth = session.events.findIndex((event) => event.kind === 'publish' && event.from === 'edge');
    const early = session.events.slice(0, birth);
    const topics = early.flatMap((event) => (event.kind === 'subscribe' ? event.topics : []));
    const granted = early.flatMap((event) => (event.kind === 'suback' ? event.granted : []));
    const missing = wanted(session).filter((topic) => !topics.some((one) => one.topic === topic && one.qos === 1));
    if (missing.length > 0) return `not subscribed with QoS 1 before the birth: ${missing.join(', ')}`;
    return (granted.length < topics.length || granted.some((qos) => qos >= 0x80)) && 'a subscription was not granted';
  });
}

const commandsOf = (type: 'NCMD' | 'DCMD') => (evidence: Evidence) => receivedOf(evidence, type);

/** After a DCMD the device reports the value that was written. */
const deviceObeys: Check = each(commandsOf('DCMD'), ({ message, recording, position }) => {
  const device = deviceOf(message.topic) ?? '';
  const session = bornSessions([recording]).find(({ sent }) => sent.some((one) => one.position > position));
  const own = session?.sent.filter(({ message: { topic } }) => deviceOf(topic) === device) ?? [];
  return (
    metricsOf(message)
      .filter((written) => {
        const birth = own.findLast(({ type, position: at }) => type === 'DBIRTH' && at < position);
        const alias = metricsOf(birth?.message ?? message).find(({ name }) => name === written.name)?.alias;
        const answer = own.filter((one) => one.position > position).flatMap(({ message: after }) => metricsOf(after));
        return !answer.some(
          (one) =>
            (one.name === written.name || one.alias === alias) &&
            Number(one.values[0]?.value) === Number(written.values[0]?.value),
        );
      })
      .map(({ name }) => `${device}: ${name} was written and never reported`)
      .join('; ') || undefined
  );
});

const nodeObeys: Check = both(
  each(rebirths, (asked) => reborn(asked) === undefined && 'a rebirth that was asked for never came'),
  dataStops,
);

/** A command in the form that the specification asks of hosts came, and the node did what it said. */
const accepted = (type: 'NCMD' | 'DCMD', form: (message: Message) => boolean): Check =>
  both(
    each(
      (evidence) => commandsOf(type)(evidence).filter(({ message }) => form(message)),
      () => undefined,
    ),
    type === 'NCMD' ? nodeObeys : deviceObeys,
  );

const nameFromBirth = (message: Message): boolean => metricsOf(message).some(({ name }) => name !== undefined);
const hasValue = (message: Message): boolean => metricsOf(message).some(({ values }) => values.length === 1);
const isRebirth = (message: Message): boolean =>
  metricsOf(message).some(({ name, values }) => name === 'Node Control/Rebirth' && values[0]?.value === 'true');

function hostCommands(type: 'NCMD' | 'DCMD'): Checks {
  const prefix = type.toLowerCase();
  return {
    [`topics-${prefix}-mqtt`]: accepted(type, ({ qos, retain }) => qos === 0 && !retain),
    [`payloads-${prefix}-qos`]: accepted(type, ({ qos }) => qos === 0),
    [`payloads-${prefix}-retain`]: accepted(type, ({ retain }) => !retain),
    [`payloads-${prefix}-seq`]: accepted(type, ({ payload }) => payload !== undefined && payload.seq === undefined),
    ...shared(
      [`topics-${prefix}-timestamp`, `payloads-${prefix}-timestamp`],
      accepted(type, ({ payload }) => payload?.timestamp !== undefined),
    ),
    ...shared(
      [`topics-${prefix}-payload`, `operational-behavior-data-commands-${prefix}-verb`],
      accepted(type, (message) => metricsOf(message).length > 0),
    ),
    [`operational-behavior-data-commands-${prefix}-metric-name`]: accepted(type, nameFromBirth),
    [`operational-behavior-data-commands-${prefix}-metric-value`]: accepted(type, hasValue),
  };
}

export const commandChecks: Checks = {
  'message-flow-edge-node-ncmd-subscribe': subscribed(({ recording: { group, node } }) => [
    `spBv1.0/${group}/NCMD/${node}`,
  ]),
  'message-flow-device-dcmd-subscribe': subscribed(({ recording: { group, node, devices } }) =>
    devices.map((device) => `spBv1.0/${group}/DCMD/${node}/${device}`),
  ),
  'operational-behavior-data-commands-rebirth-action-1': dataStops,
  'operational-behavior-data-commands-rebirth-action-2': allBorn,
  'operational-behavior-data-commands-rebirth-action-3': sameBdSeq,
  ...hostCommands('NCMD'),
  ...hostCommands('DCMD'),
  ...shared(
    [
      'operational-behavior-data-commands-ncmd-rebirth-verb',
      'operational-behavior-data-commands-ncmd-rebirth-name',
      'operational-behavior-data-commands-ncmd-rebirth-value',
    ],
    accepted('NCMD', isRebirth),
  ),
};
