import { type Type, typeOf } from '../view.js';
import { connects, type Fault, found, last, mark, moveBefore, publishes, removeEvents, will } from './find.js';

function topicFault(type: Type, breaks: readonly string[], change: (topic: string) => string): Fault {
  return {
    name: `${type} on another topic: ${change('spBv1.0/G/TYPE/N/D')}`,
    breaks,
    commit: (copy) => {
      const message = last(copy, type);
      message.topic = change(message.topic);
    },
  };
}

const otherNode = (topic: string): string => topic.replace(/^(\w+\.0\/[^/]+\/\w+\/)[^/]+/, '$1stranger');
const level = (index: number, id: string) => (topic: string) => topic.split('/').with(index, id).join('/');
const oneMore = (topic: string): string => `${topic}/more`;

/** QoS and retain of a type. */
function deliveryFaults(type: Type, qos: readonly string[], retain: readonly string[]): Fault[] {
  return [
    {
      name: `${type} with QoS 1`,
      breaks: qos,
      commit: (copy) => {
        last(copy, type).qos = 1;
      },
    },
    {
      name: `${type} retained`,
      breaks: retain,
      commit: (copy) => {
        last(copy, type).retain = true;
      },
    },
  ];
}

const TOPICS: readonly Fault[] = [
  topicFault('NBIRTH', ['topics-nbirth-topic', 'message-flow-edge-node-birth-publish-nbirth-topic'], otherNode),
  topicFault(
    'DBIRTH',
    [
      'topics-dbirth-topic',
      'message-flow-device-birth-publish-dbirth-topic',
      'message-flow-device-birth-publish-dbirth-match-edge-node-topic',
    ],
    otherNode,
  ),
  topicFault('NDATA', ['topics-ndata-topic'], otherNode),
  topicFault('DDATA', ['topics-ddata-topic'], otherNode),
  topicFault('DDEATH', ['topics-ddeath-topic'], otherNode),
  topicFault('NDEATH', ['topics-ndeath-topic'], otherNode),
  topicFault('DDATA', ['topic-structure-namespace-a'], level(0, 'spAv1.0')),
  topicFault('NDATA', ['topic-structure', 'topic-structure-namespace-device-id-non-associated-message-types'], oneMore),
  topicFault('DDATA', ['topic-structure-namespace-device-id-associated-message-types'], (topic) =>
    topic.split('/').slice(0, 4).join('/'),
  ),
  topicFault('DDATA', ['intro-group-id-chars', 'topic-structure-namespace-valid-group-id'], level(1, 'a+b')),
  topicFault('DDATA', ['intro-edge-node-id-chars', 'topic-structure-namespace-valid-edge-node-id'], level(3, 'a#b')),
  topicFault('DDATA', ['intro-device-id-chars', 'topic-structure-namespace-valid-device-id'], level(4, 'a/b')),
  topicFault('DDATA', ['intro-group-id-string'], level(1, '')),
  topicFault('DDATA', ['intro-edge-node-id-string'], level(3, '\uFFFD')),
  topicFault('DDATA', ['intro-device-id-string'], level(4, '')),
  topicFault('DBIRTH', ['case-sensitivity-sparkplug-ids'], (topic) =>
    topic
      .split('/')
      .with(4, (topic.split('/')[4] ?? '').toUpperCase())
      .join('/'),
  ),
];

export const wireFaults: readonly Fault[] = [
  ...TOPICS,
  ...deliveryFaults(
    'NBIRTH',
    ['topics-nbirth-mqtt', 'message-flow-edge-node-birth-publish-nbirth-qos', 'payloads-nbirth-qos'],
    ['topics-nbirth-mqtt', 'message-flow-edge-node-birth-publish-nbirth-retained', 'payloads-nbirth-retain'],
  ),
  ...deliveryFaults(
    'DBIRTH',
    ['topics-dbirth-mqtt', 'message-flow-device-birth-publish-dbirth-qos', 'payloads-dbirth-qos'],
    ['topics-dbirth-mqtt', 'message-flow-device-birth-publish-dbirth-retained', 'payloads-dbirth-retain'],
  ),
  ...deliveryFaults(
    'NDATA',
    ['topics-ndata-mqtt', 'payloads-ndata-qos'],
    ['topics-ndata-mqtt', 'payloads-ndata-retain'],
  ),
  ...deliveryFaults(
    'DDATA',
    ['topics-ddata-mqtt', 'payloads-ddata-qos'],
    ['topics-ddata-mqtt', 'payloads-ddata-retain'],
  ),
  ...deliveryFaults('DDEATH', ['topics-ddeath-mqtt'], ['topics-ddeath-mqtt']),
  {
    name: 'the will with QoS 0',
    breaks: ['message-flow-edge-node-birth-publish-will-message-qos', 'payloads-ndeath-will-message-qos'],
    commit: (copy) => {
      will(copy).qos = 0;
    },
  },
  {
    name: 'the will retained',
    breaks: ['message-flow-edge-node-birth-publish-will-message-will-retained', 'payloads-ndeath-will-message-retain'],
    commit: (copy) => {
      will(copy).retain = true;
    },
  },
  {
    name: 'the will for another topic',
    breaks: ['message-flow-edge-node-birth-publish-will-message-topic', 'topics-ndeath-topic'],
    commit: (copy) => {
      will(copy).topic = otherNode(will(copy).topic);
    },
  },
  {
    name: 'no will',
    breaks: ['message-flow-edge-node-birth-publish-will-message', 'payloads-ndeath-will-message'],
    commit: (copy) => {
      found(connects(copy)[0], 'CONNECT').will = undefined;
    },
  },
  {
    name: 'a session with MQTT 3.1.1 that is kept',
    breaks: ['principles-persistence-clean-session-311'],
    commit: (copy) => {
      for (const connect of connects(copy)) if (connect.version === 4) connect.clean = false;
    },
  },
  {
    name: 'a session with MQTT 5 that outlives its connection',
    breaks: ['principles-persistence-clean-session-50'],
    commit: (copy) => {
      for (const connect of connects(copy)) if (connect.version === 5) connect.sessionExpiry = 600;
    },
  },
  {
    name: 'two clients for one edge node',
    breaks: [
      'intro-edge-node-id-uniqueness',
      'topic-structure-namespace-unique-edge-node-descriptor',
      'payloads-nbirth-edge-node-descriptor',
    ],
    commit: (copy) => {
      found(connects([found(copy[0], 'recording')])[1], 'second CONNECT').clientId = 'stranger';
    },
  },
  {
    name: 'one device born twice',
    breaks: ['topic-structure-namespace-unique-device-id'],
    commit: (copy) => {
      const births = publishes(copy, 'DBIRTH');
      found(births[1], 'second DBIRTH').message.topic = found(births[0], 'DBIRTH').message.topic;
    },
  },
  {
    name: 'no two edge nodes with a device of one id',
    breaks: ['topic-structure-namespace-duplicate-device-id-across-edge-node'],
    commit: (copy) => void copy.splice(1),
  },
  {
    name: 'data before the birth',
    breaks: ['principles-birth-certificates-order', 'payloads-ddata-order', 'payloads-dbirth-order'],
    commit: (copy) => {
      const birth = found(publishes(copy, 'NBIRTH')[0], 'NBIRTH');
      moveBefore(copy, found(publishes(copy, 'DDATA')[0], 'DDATA'), birth);
    },
  },
  {
    name: 'data of the node between the births',
    breaks: ['payloads-ndata-order'],
    commit: (copy) => {
      const birth = found(publishes(copy, 'DBIRTH')[0], 'DBIRTH');
      moveBefore(copy, found(publishes(copy, 'NDATA')[0], 'NDATA'), birth);
    },
  },
  {
    name: 'a DBIRTH before the NBIRTH',
    breaks: ['message-flow-device-birth-publish-nbirth-wait'],
    commit: (copy) => {
      const birth = found(publishes(copy, 'NBIRTH')[0], 'NBIRTH');
      moveBefore(copy, found(publishes(copy, 'DBIRTH')[0], 'DBIRTH'), birth);
    },
  },
  {
    name: 'a birth before the CONNACK',
    breaks: ['message-flow-edge-node-birth-publish-connect'],
    commit: (copy) => removeEvents(copy, ({ kind }) => kind === 'connack'),
  },
  {
    name: 'a stop without NDEATH',
    breaks: [
      'operational-behavior-edge-node-intentional-disconnect-ndeath',
      'payloads-ndeath-will-message-publisher',
      'payloads-ndeath-will-message-publisher-disconnect-mqtt311',
      'operational-behavior-edge-node-intentional-disconnect-packet',
    ],
    commit: (copy) =>
      removeEvents(copy, (event) => event.kind === 'publish' && typeOf(event.message.topic) === 'NDEATH'),
  },
  {
    name: 'a stop without a word',
    breaks: ['operational-behavior-edge-node-intentional-disconnect-ndeath'],
    commit: (copy) =>
      removeEvents(
        copy,
        (event) =>
          event.kind === 'disconnect' || (event.kind === 'publish' && typeOf(event.message.topic) === 'NDEATH'),
      ),
  },
  {
    name: 'a DISCONNECT that forgets the will',
    breaks: ['payloads-ndeath-will-message-publisher-disconnect-mqtt50'],
    commit: (copy) => {
      for (const { events } of copy) for (const event of events) if (event.kind === 'disconnect') event.reason = 0;
    },
  },
  {
    name: 'commands that are not subscribed to',
    breaks: ['message-flow-edge-node-ncmd-subscribe', 'topics-ncmd-topic', 'topics-dcmd-topic'],
    commit: (copy) => removeEvents(copy, ({ kind }) => kind === 'subscribe'),
  },
  {
    name: 'commands for devices with QoS 0',
    breaks: ['message-flow-device-dcmd-subscribe'],
    commit: (copy) => {
      for (const { events } of copy) {
        for (const event of events) {
          if (event.kind === 'subscribe') event.topics = event.topics.map(({ topic }) => ({ topic, qos: 0 }));
        }
      }
    },
  },
  {
    name: 'data while nothing changes',
    breaks: ['principles-rbe-recommended'],
    commit: (copy) => moveBefore(copy, found(publishes(copy, 'DDATA')[0], 'DDATA'), mark(copy, 'busy')),
  },
  {
    name: 'a lost device without DDEATH',
    breaks: ['operational-behavior-device-ddeath'],
    commit: (copy) =>
      removeEvents(copy, (event) => event.kind === 'publish' && typeOf(event.message.topic) === 'DDEATH'),
  },
];
