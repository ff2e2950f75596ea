import type { Metric } from '../payload.js';
import {
  bornSessions,
  both,
  type Check,
  type Checks,
  type Evidence,
  each,
  metricsOf,
  receivedOf,
  type Session,
  sentOf,
} from '../view.js';

const BIRTHS = ['NBIRTH', 'DBIRTH'] as const;
const DATA = ['NDATA', 'DDATA'] as const;
/** The largest number of the list of data types: DateTimeArray. */
const LAST_DATATYPE = 34;
/** Clocks and values that were read a while before they were sent. */
const OLDEST_MS = 600_000;
const AHEAD_MS = 5_000;

interface Told {
  readonly type: string;
  readonly metric: Metric;
  readonly at: number;
  readonly startedAt: number;
}

const told =
  (...types: readonly ('NBIRTH' | 'DBIRTH' | 'NDATA' | 'DDATA')[]) =>
  (evidence: Evidence): Told[] =>
    sentOf(evidence, ...types).flatMap(({ type = '', message, at, recording: { startedAt } }) =>
      metricsOf(message).map((metric) => ({ type, metric, at, startedAt })),
    );

const label = ({ type, metric: { name, alias } }: Told): string => `${type}: ${name ?? `alias ${alias}`}`;

/** Sessions with the aliases that their births gave, and whether aliases are used at all. */
const withAliases = (evidence: Evidence): Session[] =>
  bornSessions(evidence).filter(({ sent }) =>
    sent.some(
      ({ type, message }) => type?.endsWith('BIRTH') && metricsOf(message).some(({ alias }) => alias !== undefined),
    ),
  );

const aliasesUnique: Check = each(withAliases, ({ sent }) => {
  let owners = new Map<number, string>();
  for (const { type, message } of sent) {
    if (type === 'NBIRTH') owners = new Map();
    if (type !== 'NBIRTH' && type !== 'DBIRTH') continue;
    for (const { alias, name } of metricsOf(message)) {
      if (alias === undefined) continue;
      const owner = `${message.topic.split('/')[4] ?? ''}:${name}`;
      if (owners.has(alias) && owners.get(alias) !== owner)
        return `alias ${alias} is both ${owners.get(alias)} and ${owner}`;
      owners.set(alias, owner);
    }
  }
  return undefined;
});

/** A name, or an alias that a birth before gave a name to. */
const named: Check = each(bornSessions, ({ sent }) => {
  const known = new Set<number>();
  for (const { type, message } of sent) {
    for (const { alias, name } of metricsOf(message)) {
      if (name === undefined && (alias === undefined || !known.has(alias)))
        return `${type}: a metric without name or known alias`;
      if (alias !== undefined && name !== undefined) known.add(alias);
    }
  }
  return undefined;
});

const commandTaken: Check = (evidence) => {
  const commands = receivedOf(evidence, 'NCMD', 'DCMD').flatMap(({ message }) => metricsOf(message));
  return [
    ...(commands.some(({ timestamp }) => timestamp !== undefined) ? [] : ['no command with a timestamp at its metric']),
    ...(commands.some(({ timestamp }) => timestamp === undefined) ? [] : ['no command without one']),
    ...answered(evidence),
  ];
};

/** Every rebirth that was asked for came, whether its metric had a timestamp or not. */
function answered(evidence: Evidence): string[] {
  return receivedOf(evidence, 'NCMD').flatMap(({ message, recording, position }) => {
    if (!metricsOf(message).some(({ name }) => name === 'Node Control/Rebirth')) return [];
    const births = sentOf([recording], 'NBIRTH').filter((birth) => birth.position > position);
    return births.length === 0 ? [`${recording.scenario}: no NBIRTH after an NCMD`] : [];
  });
}

export const metricChecks: Checks = {
  'payloads-timestamp-in-UTC': each(
    (evidence) => sentOf(evidence, ...BIRTHS, ...DATA, 'DDEATH'),
    ({ message, at, type }) =>
      Math.abs((message.payload?.timestamp ?? 0) - at) > AHEAD_MS * 12 &&
      `${type}: ${message.payload?.timestamp} is not now in UTC`,
  ),
  'payloads-metric-timestamp-in-UTC': each(told(...BIRTHS, ...DATA), (one) => {
    const { timestamp = 0 } = one.metric;
    const early = Math.min(one.startedAt, one.at) - OLDEST_MS;
    return (timestamp < early || timestamp > one.at + AHEAD_MS) && `${label(one)}: ${timestamp} is no time of this run`;
  }),
  'payloads-name-birth-data-requirement': each(
    told(...BIRTHS, ...DATA),
    (one) => one.metric.timestamp === undefined && `${label(one)} has no timestamp`,
  ),
  'payloads-name-cmd-requirement': commandTaken,
  'payloads-name-requirement': named,
  'payloads-alias-uniqueness': aliasesUnique,
  'payloads-alias-birth-requirement': each(
    (evidence) => told(...BIRTHS)(evidence).filter(({ metric: { alias } }) => alias !== undefined),
    (one) => one.metric.name === undefined && `${label(one)} has no name`,
  ),
  'payloads-alias-data-cmd-requirement': both(
    each(withAliases, () => undefined),
    each(
      told(...DATA),
      (one) => (one.metric.name !== undefined || one.metric.alias === undefined) && `${label(one)} goes by its name`,
    ),
  ),
  'payloads-metric-datatype-value-type': each(
    (evidence) => told(...BIRTHS)(evidence).filter(({ metric: { datatype } }) => datatype !== undefined),
    (one) => {
      const { datatype = -1 } = one.metric;
      return (!Number.isInteger(datatype) || datatype < 0 || datatype > 0xffff_ffff) && `${label(one)}: ${datatype}`;
    },
  ),
  'payloads-metric-datatype-value': each(
    (evidence) => told(...BIRTHS, ...DATA)(evidence).filter(({ metric: { datatype } }) => datatype !== undefined),
    (one) => {
      const { datatype = 0 } = one.metric;
      return (datatype < 1 || datatype > LAST_DATATYPE) && `${label(one)} has datatype ${datatype}`;
    },
  ),
  'payloads-metric-datatype-req': each(
    told(...BIRTHS),
    (one) => one.metric.datatype === undefined && `${label(one)} has no datatype`,
  ),
  'payloads-metric-datatype-not-req': each(
    told(...DATA),
    (one) => one.metric.datatype !== undefined && `${label(one)} repeats its datatype`,
  ),
};
