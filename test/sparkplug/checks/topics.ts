import {
  both,
  type Check,
  type Checks,
  deaths,
  deviceOf,
  type Evidence,
  each,
  receivedOf,
  sentOf,
  sessions,
  shared,
  type Type,
  typeOf,
} from '../view.js';

/** Every topic that the edge node used: published, left as a will, subscribed to; and what reached it. */
function topics(evidence: Evidence): { readonly topic: string; readonly type: Type | undefined }[] {
  const used = evidence.flatMap((recording) =>
    recording.events.flatMap((event) => {
      if (event.kind === 'publish') return [event.message.topic];
      if (event.kind === 'subscribe') return event.topics.map(({ topic }) => topic);
      return event.kind === 'connect' && event.will !== undefined ? [event.will.topic] : [];
    }),
  );
  return used.map((topic) => ({ topic, type: typeOf(topic) }));
}

/** Topics of the edge node alone: not STATE. */
function nodeTopics(evidence: Evidence) {
  return topics(evidence).filter(({ type }) => type !== 'STATE');
}

function deviceTopics(evidence: Evidence) {
  return topics(evidence).filter(({ type }) => type?.startsWith('D'));
}

function expectedTopic(group: string, type: Type, node: string, device?: string): string {
  return ['spBv1.0', group, type, node, ...(device === undefined ? [] : [device])].join('/');
}

/** The exact topic of a type, for each of its messages. */
function topicOf(type: Type): Check {
  return each(
    (evidence) => sentOf(evidence, type),
    ({ message: { topic }, recording: { group, node, devices } }) => {
      const wanted = type.startsWith('D')
        ? devices.map((device) => expectedTopic(group, type, node, device))
        : [expectedTopic(group, type, node)];
      return !wanted.includes(topic) && `${type} went to ${topic}`;
    },
  );
}

const deathTopic: Check = each(
  (evidence) =>
    sessions(evidence).flatMap(({ recording: { group, node }, connect }) => ({ group, node, will: connect.will })),
  ({ group, node, will }) =>
    will?.topic !== expectedTopic(group, 'NDEATH', node) && `the will is for ${will?.topic ?? 'nothing'}`,
);

const level = (index: number) => (evidence: Evidence) =>
  nodeTopics(evidence).map(({ topic }) => topic.split('/')[index] ?? '');
const deviceLevel = (evidence: Evidence) => deviceTopics(evidence).map(({ topic }) => deviceOf(topic) ?? '');

/** MQTT-1.5.3: text without U+0000; a level is not empty. mqtt-packet puts U+FFFD where bytes were no UTF-8. */
const isText = (id: string): string | false =>
  (id === '' || id.includes('\0') || id.includes('\uFFFD')) && `"${id}" is no UTF-8 text`;
const hasTopicCharacters = (id: string): string | false => /[+#/\0]/.test(id) && `"${id}" has reserved characters`;

/** Groups and nodes as they were configured stand in every topic, so that a / in an id would be seen. */
const configuredIds: Check = each(
  nodeTopics,
  ({ topic }) => topic.split('/').length > 5 && `${topic} has too many levels`,
);

function differ(ids: readonly string[]): string[] {
  const spelling = new Map<string, string>();
  return [...new Set(ids)].flatMap((id) => {
    const other = spelling.get(id.toLowerCase());
    spelling.set(id.toLowerCase(), id);
    return other === undefined ? [] : [`${other} and ${id} differ by case alone`];
  });
}

/** One client alone speaks for the pair of group and node. */
const oneClient: Check = (evidence) => {
  const clients = new Map<string, Set<string>>();
  for (const { connect, sent } of sessions(evidence)) {
    for (const { type, message } of sent) {
      const [, group, , node] = message.topic.split('/');
      if (type === 'NBIRTH') {
        const key = `${group}/${node}`;
        clients.set(key, (clients.get(key) ?? new Set()).add(connect.clientId));
      }
    }
  }
  if (clients.size === 0) return ['no birth was recorded'];
  return [...clients].flatMap(([key, ids]) =>
    ids.size > 1 ? [`${[...ids].join(' and ')} both speak for ${key}`] : [],
  );
};

/** Each birth sequence names each device once. */
const devicesOnce: Check = each(sessions, ({ sent }) => {
  let born = new Set<string>();
  for (const { type, message } of sent) {
    const device = deviceOf(message.topic) ?? '';
    if (type === 'NBIRTH') born = new Set();
    if (type === 'DDEATH') born.delete(device);
    if (type !== 'DBIRTH') continue;
    if (born.has(device)) return `${device} was born twice`;
    born.add(device);
  }
  return sent.some(({ type }) => type === 'DBIRTH') ? undefined : sent.length > 0 && 'a session without devices';
});

const duplicateDevices: Check = (evidence) => {
  const nodes = new Map<string, Set<string>>();
  for (const { message } of sentOf(evidence, 'DBIRTH')) {
    const [, group, , node, device = ''] = message.topic.split('/');
    nodes.set(device, (nodes.get(device) ?? new Set()).add(`${group}/${node}`));
  }
  return [...nodes.values()].some((set) => set.size > 1) ? [] : ['no two edge nodes had a device of the same id'];
};

const WITH_DEVICE: readonly (Type | undefined)[] = ['DBIRTH', 'DDATA', 'DDEATH', 'DCMD'];

export const topicChecks: Checks = {
  ...shared(['intro-group-id-string'], each(level(1), isText)),
  ...shared(['intro-edge-node-id-string'], each(level(3), isText)),
  ...shared(['intro-device-id-string'], each(deviceLevel, isText)),
  ...shared(
    ['intro-group-id-chars', 'topic-structure-namespace-valid-group-id'],
    both(each(level(1), hasTopicCharacters), configuredIds),
  ),
  ...shared(
    ['intro-edge-node-id-chars', 'topic-structure-namespace-valid-edge-node-id'],
    both(each(level(3), hasTopicCharacters), configuredIds),
  ),
  ...shared(
    ['intro-device-id-chars', 'topic-structure-namespace-valid-device-id'],
    both(each(deviceLevel, hasTopicCharacters), configuredIds),
  ),
  ...shared(
    [
      'intro-edge-node-id-uniqueness',
      'topic-structure-namespace-unique-edge-node-descriptor',
      'payloads-nbirth-edge-node-descriptor',
    ],
    oneClient,
  ),
  'topic-structure': each(topics, ({ topic, type }) => {
    const levels = topic.split('/');
    const length = type === 'STATE' ? 3 : WITH_DEVICE.includes(type) ? 5 : 4;
    const place = type === 'STATE' ? 1 : 2;
    return (levels.length !== length || levels[place] !== type) && `${topic} has another structure`;
  }),
  'topic-structure-namespace-a': each(
    topics,
    ({ topic }) => !topic.startsWith('spBv1.0/') && `${topic} begins otherwise`,
  ),
  'topic-structure-namespace-unique-device-id': devicesOnce,
  'topic-structure-namespace-duplicate-device-id-across-edge-node': duplicateDevices,
  'topic-structure-namespace-device-id-associated-message-types': each(
    deviceTopics,
    ({ topic }) => topic.split('/').length !== 5 && `${topic} names no device`,
  ),
  'topic-structure-namespace-device-id-non-associated-message-types': each(
    (evidence) => topics(evidence).filter(({ type }) => !WITH_DEVICE.includes(type)),
    ({ topic, type }) => topic.split('/').length !== (type === 'STATE' ? 3 : 4) && `${topic} has one level too many`,
  ),
  'case-sensitivity-sparkplug-ids': each(
    (evidence) => [topics(evidence).map(({ topic }) => topic.split('/'))].filter((list) => list.length > 0),
    (list) =>
      [1, 3, 4].flatMap((index) => differ(list.flatMap((levels) => levels[index] ?? []))).join('; ') || undefined,
  ),
  'case-sensitivity-metric-names': each(
    (evidence) => sentOf(evidence, 'NBIRTH', 'DBIRTH'),
    ({ message }) => differ((message.payload?.metrics ?? []).flatMap(({ name }) => name ?? [])).join('; ') || undefined,
  ),
  ...shared(['topics-nbirth-topic', 'message-flow-edge-node-birth-publish-nbirth-topic'], topicOf('NBIRTH')),
  ...shared(['topics-dbirth-topic', 'message-flow-device-birth-publish-dbirth-topic'], topicOf('DBIRTH')),
  'topics-ndata-topic': topicOf('NDATA'),
  'topics-ddata-topic': topicOf('DDATA'),
  'topics-ddeath-topic': topicOf('DDEATH'),
  'topics-ndeath-topic': both(
    topicOf('NDEATH'),
    deathTopic,
    each(deaths, ({ topic }) => typeOf(topic) !== 'NDEATH' && topic),
  ),
  'message-flow-edge-node-birth-publish-will-message-topic': deathTopic,
  'topics-ncmd-topic': commandTopic('NCMD'),
  'topics-dcmd-topic': commandTopic('DCMD'),
  'message-flow-device-birth-publish-dbirth-match-edge-node-topic': each(
    (evidence) =>
      sessions(evidence)
        .flatMap(({ sent }) => sent.map((one) => ({ one, sent })))
        .filter(({ one }) => one.type === 'DBIRTH'),
    ({ one, sent }) => {
      const birth = sent.findLast(({ type, position }) => type === 'NBIRTH' && position < one.position);
      const [, group, , node] = one.message.topic.split('/');
      const [, birthGroup, , birthNode] = (birth?.message.topic ?? '').split('/');
      return (group !== birthGroup || node !== birthNode) && `${one.message.topic} after ${birth?.message.topic}`;
    },
  ),
};

/** The node takes commands on exactly this topic: it subscribes to it and one came. */
function commandTopic(type: 'NCMD' | 'DCMD'): Check {
  return each(
    (evidence) => receivedOf(evidence, type),
    ({ message: { topic }, recording: { group, node, devices, events } }) => {
      const wanted =
        type === 'NCMD'
          ? [expectedTopic(group, type, node)]
          : devices.map((device) => expectedTopic(group, type, node, device));
      const subscribed = events.some(
        (event) => event.kind === 'subscribe' && event.topics.some((one) => one.topic === topic),
      );
      return (!wanted.includes(topic) || !subscribed) && `${topic} is not where commands are taken`;
    },
  );
}
