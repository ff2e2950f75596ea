import type { Metric, Template } from '../payload.js';
import {
  bornSessions,
  both,
  type Check,
  type Checks,
  deviceOf,
  type Evidence,
  each,
  metric,
  metricsOf,
  type Sent,
  type Session,
  sentOf,
  shared,
  type Type,
} from '../view.js';

/** A message with the session it is part of. */
interface Placed {
  readonly sent: Sent;
  readonly session: Session;
}

export function placed(evidence: Evidence, ...types: readonly Type[]): Placed[] {
  return bornSessions(evidence).flatMap((session) =>
    session.sent.filter(({ type }) => type !== undefined && types.includes(type)).map((sent) => ({ sent, session })),
  );
}

const of =
  (...types: readonly Type[]) =>
  (evidence: Evidence) =>
    sentOf(evidence, ...types);
const qosZero = (type: Type): Check =>
  each(of(type), ({ message }) => message.qos !== 0 && `${type} with QoS ${message.qos}`);
const notRetained = (type: Type): Check => each(of(type), ({ message }) => message.retain && `${type} is retained`);

/** Sent when it says so: the clocks of node and recorder are the same. */
const SENT_WITHIN_MS = 60_000;
const stamped = (type: Type): Check =>
  each(of(type), ({ message, at }) => {
    const timestamp = message.payload?.timestamp;
    if (timestamp === undefined) return `${type} without a timestamp`;
    return Math.abs(timestamp - at) > SENT_WITHIN_MS && `${type} sent ${at - timestamp} ms after its timestamp`;
  });

const hasSeq = (...types: readonly Type[]): Check =>
  each(of(...types), ({ type, message }) => {
    const seq = message.payload?.seq;
    return (seq === undefined || seq < 0 || seq > 255) && `${type} has seq ${seq}`;
  });

/** One more than the message before on this connection, 0 after 255; 0 at an NBIRTH. */
const seqFollows = (...types: readonly Type[]): Check =>
  each(of(...types), ({ type, message, before }) => {
    const previous = type === 'NBIRTH' ? 255 : before?.message.payload?.seq;
    const wanted = ((previous ?? Number.NaN) + 1) % 256;
    return message.payload?.seq !== wanted && `${type} has seq ${message.payload?.seq} after ${previous}`;
  });

const seqWraps: Check = (evidence) =>
  sentOf(evidence, 'NDATA', 'DDATA', 'DBIRTH', 'DDEATH').some(
    ({ message, before }) => message.payload?.seq === 0 && before?.message.payload?.seq === 255,
  )
    ? []
    : ['no session was long enough to go from 255 to 0'];

const isSparkplug = (type: Type): Check =>
  each(
    of(type),
    ({ message: { payload } }) =>
      (payload === undefined || payload.unknown.length > 0) && `${type} is no Sparkplug payload`,
  );

/** The metrics of a birth, the ones with a value as with none, say all there is to say. */
const completeMetrics = (type: Type): Check =>
  each(of(type), ({ message }) =>
    metricsOf(message).length === 0
      ? `${type} without metrics`
      : metricsOf(message)
          .filter(
            (one) => one.name === undefined || one.datatype === undefined || (one.values.length !== 1 && !one.isNull),
          )
          .map((one) => `${type}: ${one.name ?? 'a metric without a name'} lacks name, datatype or value`)
          .join('; ') || undefined,
  );

const valueOrNull = (type: Type): Check =>
  each(
    of(type),
    ({ message }) =>
      metricsOf(message)
        .filter(({ values, isNull }) => (isNull === true ? values.length > 0 : values.length !== 1))
        .map(({ name }) => `${type}: ${name} has neither or both of value and is_null`)
        .join('; ') || undefined,
  );

/** The birth that the data of the same node or device goes by. */
function birthOf({ sent, session }: Placed): Sent | undefined {
  const type = sent.message.topic.includes('/D') ? 'DBIRTH' : 'NBIRTH';
  const device = deviceOf(sent.message.topic);
  return session.sent.findLast(
    (one) => one.type === type && one.position < sent.position && deviceOf(one.message.topic) === device,
  );
}

function nameIn(birth: Sent | undefined, { name, alias }: Metric): string | undefined {
  return metricsOf(birth?.message ?? { topic: '', qos: 0, retain: false, payload: undefined, text: '' }).find(
    (one) => (name !== undefined && one.name === name) || (alias !== undefined && one.alias === alias),
  )?.name;
}

/** Every metric of data is one of the birth before. */
const announced = (data: Type): Check =>
  each(
    (evidence) => placed(evidence, data),
    (one) => {
      const birth = birthOf(one);
      const unknown = metricsOf(one.sent.message).filter((each) => nameIn(birth, each) === undefined);
      return (
        unknown.map(({ name, alias }) => `${data}: ${name ?? `alias ${alias}`} is in no birth`).join('; ') || undefined
      );
    },
  );

const valueText = ({ values, isNull }: Metric): string => JSON.stringify([isNull === true, values]);

/** Live data brings something new: each message a changed value, no metric the same value of the same time twice. */
const changes = (data: Type): Check =>
  each(bornSessions, (session) => {
    const known = new Map<string, Metric>();
    for (const sent of session.sent) {
      const device = deviceOf(sent.message.topic) ?? '';
      const live = metricsOf(sent.message).filter(({ isHistorical }) => isHistorical !== true);
      const keyOf = (one: Metric) => `${device}/${nameIn(birthOf({ sent, session }), one) ?? one.name}`;
      if (sent.type === data && live.length > 0) {
        const news = live.filter((one) => valueText(one) !== valueText(known.get(keyOf(one)) ?? { values: [] }));
        const same = live.filter((one) => !news.includes(one) && known.get(keyOf(one))?.timestamp === one.timestamp);
        if (news.length === 0) return `${data} at ${sent.at} changes nothing`;
        if (same.length > 0) return `${data} repeats ${keyOf(same[0] ?? { values: [] })}`;
      }
      if (sent.type === data && metricsOf(sent.message).length === 0) return `${data} without metrics`;
      if (sent.type?.endsWith('BIRTH') || sent.type === data) for (const one of live) known.set(keyOf(one), one);
    }
    return undefined;
  });

const seen = (type: Type): Check => each(of(type), () => undefined);

/** Nothing, or a template of nothing. */
function isUnknown({ isNull, values: [value] }: Metric): boolean {
  if (isNull === true || value === undefined) return true;
  return (
    value.field === 'template_value' && (value.value as Template).metrics.every((member) => member.isNull === true)
  );
}

/** Within a message, as the list has them; and of one metric, from message to message. */
const inOrder = (...types: readonly Type[]): Check =>
  each(bornSessions, (session) => {
    const last = new Map<string, number>();
    for (const sent of session.sent) {
      if (sent.type === undefined || !types.includes(sent.type)) continue;
      let inList = 0;
      for (const one of metricsOf(sent.message)) {
        if (one.isHistorical) continue;
        const timestamp = one.timestamp ?? 0;
        if (timestamp < inList) return `${sent.type}: ${one.name ?? one.alias} is older than the metric before it`;
        inList = timestamp;
        const key = `${deviceOf(sent.message.topic)}/${nameIn(birthOf({ sent, session }), one) ?? one.name}`;
        // Where nothing is known there is no time of it either.
        if (isUnknown(one)) continue;
        if (sent.type.endsWith('DATA') && timestamp < (last.get(key) ?? 0))
          return `${sent.type}: ${key} goes back in time`;
        last.set(key, timestamp);
      }
    }
    return undefined;
  });

/** Nothing comes between the NBIRTH and the DBIRTHs of all devices that are there. */
const birthsTogether = (data: Type): Check =>
  each(
    (evidence) => placed(evidence, 'NBIRTH'),
    ({ sent, session }) => {
      const rest = session.sent.filter(({ position }) => position > sent.position);
      const end = rest.findIndex(({ type }) => type !== 'DBIRTH');
      const block = (end < 0 ? rest : rest.slice(0, end)).map(({ message }) => deviceOf(message.topic));
      const away = new Set<string | undefined>();
      for (const event of session.recording.events.slice(0, sent.position)) {
        if (event.kind === 'mark' && event.text === 'camera lost') away.add(event.device);
        if (event.kind === 'mark' && event.text === 'camera back') away.delete(event.device);
      }
      const missing = session.recording.devices.filter((device) => !away.has(device) && !block.includes(device));
      const early = session.sent.find(
        ({ type, position }) => type === data && position < (session.sent[0]?.position ?? 0),
      );
      const first = session.sent.find(({ type }) => type === data || type === 'NBIRTH');
      if (early !== undefined || first?.type === data) return `${data} before the NBIRTH`;
      return missing.length > 0 && `${session.recording.scenario}: after an NBIRTH no DBIRTH of ${missing.join(', ')}`;
    },
  );

const dataAfterBirths = (data: Type): Check => both(seen(data), birthsTogether(data));

const rebirth = (problem: (found: Metric | undefined) => string | undefined | false): Check =>
  each(of('NBIRTH'), ({ message }) => problem(metric(message, 'Node Control/Rebirth')));

const isFalse: Check = rebirth((found) => found?.values[0]?.value !== 'false' && 'Node Control/Rebirth is not false');
const isBoolean: Check = rebirth(
  (found) =>
    (found?.datatype !== 11 || found.values[0]?.field !== 'boolean_value') && 'Node Control/Rebirth is no Boolean',
);
const isThere: Check = rebirth((found) => found === undefined && 'no Node Control/Rebirth');

function everyType(prefix: string, type: Type): Checks {
  return {
    [`topics-${prefix}-mqtt`]: both(qosZero(type), notRetained(type)),
    [`topics-${prefix}-timestamp`]: stamped(type),
    [`payloads-${prefix}-timestamp`]: stamped(type),
    [`payloads-${prefix}-seq`]: hasSeq(type),
    [`payloads-${prefix}-qos`]: qosZero(type),
    [`payloads-${prefix}-retain`]: notRetained(type),
  };
}

const death = everyType('ddeath', 'DDEATH');

export const messageChecks: Checks = {
  ...everyType('nbirth', 'NBIRTH'),
  ...everyType('dbirth', 'DBIRTH'),
  ...everyType('ndata', 'NDATA'),
  ...everyType('ddata', 'DDATA'),
  ...Object.fromEntries(
    Object.entries(death).filter(([id]) =>
      ['topics-ddeath-mqtt', 'payloads-ddeath-timestamp', 'payloads-ddeath-seq'].includes(id),
    ),
  ),
  'payloads-ddeath-seq-number': both(hasSeq('DDEATH'), seqFollows('DDEATH')),
  'topics-nbirth-seq-num': seqFollows('NBIRTH'),
  ...shared(
    ['message-flow-edge-node-birth-publish-nbirth-payload-seq', 'payloads-sequence-num-req-nbirth'],
    hasSeq('NBIRTH'),
  ),
  ...shared(['topics-dbirth-seq', 'payloads-dbirth-seq-inc'], seqFollows('DBIRTH')),
  'message-flow-device-birth-publish-dbirth-payload-seq': both(hasSeq('DBIRTH'), seqFollows('DBIRTH')),
  ...shared(['topics-ndata-seq-num', 'payloads-ndata-seq-inc'], seqFollows('NDATA')),
  ...shared(['topics-ddata-seq-num', 'payloads-ddata-seq-inc'], seqFollows('DDATA')),
  ...shared(['topics-ddeath-seq-num', 'payloads-ddeath-seq-inc'], seqFollows('DDEATH')),
  'payloads-sequence-num-always-included': hasSeq('NBIRTH', 'DBIRTH', 'NDATA', 'DDATA', 'DDEATH'),
  'payloads-sequence-num-incrementing': both(seqFollows('NDATA', 'DDATA', 'DBIRTH', 'DDEATH'), seqWraps),
  'message-flow-edge-node-birth-publish-nbirth-payload': isSparkplug('NBIRTH'),
  'message-flow-device-birth-publish-dbirth-payload': isSparkplug('DBIRTH'),
  'message-flow-edge-node-birth-publish-nbirth-qos': qosZero('NBIRTH'),
  'message-flow-edge-node-birth-publish-nbirth-retained': notRetained('NBIRTH'),
  'message-flow-device-birth-publish-dbirth-qos': qosZero('DBIRTH'),
  'message-flow-device-birth-publish-dbirth-retained': notRetained('DBIRTH'),
  'topics-nbirth-metrics': completeMetrics('NBIRTH'),
  'topics-dbirth-metrics': completeMetrics('DBIRTH'),
  'operational-behavior-data-publish-nbirth-values': valueOrNull('NBIRTH'),
  'operational-behavior-data-publish-dbirth-values': valueOrNull('DBIRTH'),
  ...shared(['topics-nbirth-metric-reqs', 'operational-behavior-data-publish-nbirth'], announced('NDATA')),
  ...shared(['topics-dbirth-metric-reqs', 'operational-behavior-data-publish-dbirth'], announced('DDATA')),
  ...shared(
    ['topics-ndata-payload', 'operational-behavior-data-publish-nbirth-change'],
    both(seen('NDATA'), changes('NDATA')),
  ),
  ...shared(
    ['topics-ddata-payload', 'operational-behavior-data-publish-dbirth-change'],
    both(seen('DDATA'), changes('DDATA')),
  ),
  'operational-behavior-data-publish-nbirth-order': both(seen('NDATA'), inOrder('NBIRTH', 'NDATA')),
  'operational-behavior-data-publish-dbirth-order': both(seen('DDATA'), inOrder('DBIRTH', 'DDATA')),
  'message-flow-device-birth-publish-nbirth-wait': each(
    (evidence) => bornSessions(evidence).filter(({ sent }) => sent.some(({ type }) => type === 'DBIRTH')),
    ({ sent }) =>
      sent.findIndex(({ type }) => type === 'DBIRTH') < sent.findIndex(({ type }) => type === 'NBIRTH') &&
      'a DBIRTH before the NBIRTH',
  ),
  'payloads-dbirth-order': both(birthsTogether('DDATA'), birthsTogether('NDATA')),
  'payloads-ndata-order': dataAfterBirths('NDATA'),
  'payloads-ddata-order': dataAfterBirths('DDATA'),
  ...shared(['topics-nbirth-rebirth-metric', 'payloads-nbirth-rebirth-req'], both(isThere, isBoolean, isFalse)),
  'operational-behavior-data-commands-rebirth-name': isThere,
  'operational-behavior-data-commands-rebirth-datatype': isBoolean,
  'operational-behavior-data-commands-rebirth-value': isFalse,
  'operational-behavior-data-commands-rebirth-name-aliases': both(
    isThere,
    rebirth((found) => found?.alias !== undefined && 'Node Control/Rebirth has an alias'),
  ),
};
