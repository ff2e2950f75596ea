import type { Metric } from '../payload.js';
import type { Message } from '../recording.js';
import type { Type } from '../view.js';
import { type Fault, first, found, last, metricsOf, named, publishes, will } from './find.js';

function inPayload(name: string, type: Type, breaks: readonly string[], commit: (message: Message) => void): Fault {
  return { name: `${type}: ${name}`, breaks, commit: (copy) => commit(last(copy, type)) };
}

function inMetric(name: string, type: Type, breaks: readonly string[], commit: (metric: Metric) => void): Fault {
  return inPayload(name, type, breaks, (message) => commit(found(metricsOf(message).at(-1), 'metric')));
}

const noSeq = (message: Message): void => {
  delete found(message.payload, 'payload').seq;
};
const skipSeq = (message: Message): void => {
  const payload = found(message.payload, 'payload');
  payload.seq = ((payload.seq ?? 0) + 1) % 256;
};
const noTimestamp = (message: Message): void => {
  delete found(message.payload, 'payload').timestamp;
};

function numberFaults(type: Type, missing: readonly string[], skipped: readonly string[]): Fault[] {
  const grows = 'payloads-sequence-num-incrementing';
  return [
    inPayload('no seq', type, ['payloads-sequence-num-always-included', ...missing], noSeq),
    inPayload('a gap in seq', type, type === 'NBIRTH' ? skipped : [grows, ...skipped], skipSeq),
  ];
}

const timestampFaults = (['nbirth', 'dbirth', 'ndata', 'ddata'] as const).map((prefix) =>
  inPayload(
    'no timestamp',
    prefix.toUpperCase() as Type,
    [`topics-${prefix}-timestamp`, `payloads-${prefix}-timestamp`, 'payloads-timestamp-in-UTC'],
    noTimestamp,
  ),
);

const LOCAL_OFFSET_MS = 20_700_000;

function bdSeq(message: Message, change: (value: number) => number): void {
  const value = found(named(message, 'bdSeq').values[0], 'value') as { value: string };
  value.value = String(change(Number(value.value)));
}

const rebirthMetric = (message: Message): Metric => named(message, 'Node Control/Rebirth');

const BIRTH_BDSEQ = [
  'topics-nbirth-bdseq-matching',
  'payloads-nbirth-bdseq-repeat',
  'message-flow-edge-node-birth-publish-nbirth-payload-bdSeq',
  'payloads-ndeath-bdseq',
];

/** For a birth of node or device: what each metric must have. */
function birthFaults(type: 'NBIRTH' | 'DBIRTH'): Fault[] {
  const prefix = type.toLowerCase();
  const flow =
    type === 'NBIRTH'
      ? 'message-flow-edge-node-birth-publish-nbirth-payload'
      : 'message-flow-device-birth-publish-dbirth-payload';
  return [
    {
      name: `${type} is no Sparkplug payload`,
      breaks: [flow],
      commit: (copy) => {
        last(copy, type).payload = undefined;
      },
    },
    inMetric(
      'a metric without datatype',
      type,
      [`topics-${prefix}-metrics`, 'payloads-metric-datatype-req'],
      (metric) => {
        delete metric.datatype;
      },
    ),
    inMetric(
      'a metric without name',
      type,
      [`topics-${prefix}-metrics`, 'payloads-alias-birth-requirement'],
      (metric) => {
        delete metric.name;
      },
    ),
    inMetric('a metric without value', type, [`operational-behavior-data-publish-${prefix}-values`], (metric) => {
      metric.values = [];
    }),
    inMetric('is_null beside a value', type, [`operational-behavior-data-publish-${prefix}-values`], (metric) => {
      metric.isNull = true;
    }),
    inMetric('a datatype that does not exist', type, ['payloads-metric-datatype-value'], (metric) => {
      metric.datatype = 35;
    }),
    inMetric('a datatype that is no uint32', type, ['payloads-metric-datatype-value-type'], (metric) => {
      metric.datatype = -1;
    }),
    inMetric('a metric without timestamp', type, ['payloads-name-birth-data-requirement'], (metric) => {
      delete metric.timestamp;
    }),
    inMetric(
      'an older metric behind a newer one',
      type,
      [`operational-behavior-data-publish-${prefix}-order`],
      (metric) => {
        metric.timestamp = (metric.timestamp ?? 0) - 60_000;
      },
    ),
    inPayload('two names that differ by case', type, ['case-sensitivity-metric-names'], (message) => {
      metricsOf(message).push({ ...first(message), name: (first(message).name ?? '').toUpperCase() });
    }),
  ];
}

function dataFaults(type: 'NDATA' | 'DDATA'): Fault[] {
  const prefix = type === 'NDATA' ? 'nbirth' : 'dbirth';
  const payload = type === 'NDATA' ? 'topics-ndata-payload' : 'topics-ddata-payload';
  return [
    inMetric(
      'a metric that is in no birth',
      type,
      [`topics-${prefix}-metric-reqs`, `operational-behavior-data-publish-${prefix}`, 'payloads-name-requirement'],
      (metric) => {
        metric.alias = 999_999;
      },
    ),
    inMetric('its datatype again', type, ['payloads-metric-datatype-not-req'], (metric) => {
      metric.datatype = 12;
    }),
    inMetric('its name again', type, ['payloads-alias-data-cmd-requirement'], (metric) => {
      metric.name = 'name';
    }),
    inMetric('local time', type, ['payloads-metric-timestamp-in-UTC'], (metric) => {
      metric.timestamp = (metric.timestamp ?? 0) + LOCAL_OFFSET_MS;
    }),
    {
      name: `${type}: the same again`,
      breaks: [payload, `operational-behavior-data-publish-${prefix}-change`],
      commit: (copy) => {
        const [one, two] = [found(publishes(copy, type)[0], type), found(publishes(copy, type)[1], type)];
        two.message.payload = { ...found(two.message.payload, 'payload'), metrics: metricsOf(one.message) };
        two.message.topic = one.message.topic;
        one.message.payload = structuredClone(one.message.payload);
        const target = copy.find(({ events }) => events.includes(one));
        // Right behind each other, so that nothing has changed in between.
        if (target !== undefined) {
          target.events = target.events.filter((event) => event !== two);
          target.events.splice(target.events.indexOf(one) + 1, 0, two);
        }
      },
    },
    inPayload('no metrics', type, [payload], (message) => {
      found(message.payload, 'payload').metrics = [];
    }),
  ];
}

export const contentFaults: readonly Fault[] = [
  ...birthFaults('NBIRTH'),
  ...birthFaults('DBIRTH'),
  ...dataFaults('NDATA'),
  ...dataFaults('DDATA'),
  ...timestampFaults,
  inPayload('no timestamp', 'DDEATH', ['payloads-ddeath-timestamp'], noTimestamp),
  ...numberFaults(
    'NBIRTH',
    [
      'message-flow-edge-node-birth-publish-nbirth-payload-seq',
      'payloads-nbirth-seq',
      'payloads-sequence-num-req-nbirth',
    ],
    ['topics-nbirth-seq-num'],
  ),
  ...numberFaults(
    'DBIRTH',
    ['payloads-dbirth-seq'],
    ['topics-dbirth-seq', 'message-flow-device-birth-publish-dbirth-payload-seq', 'payloads-dbirth-seq-inc'],
  ),
  ...numberFaults('NDATA', ['payloads-ndata-seq'], ['topics-ndata-seq-num', 'payloads-ndata-seq-inc']),
  ...numberFaults('DDATA', ['payloads-ddata-seq'], ['topics-ddata-seq-num', 'payloads-ddata-seq-inc']),
  ...numberFaults(
    'DDEATH',
    ['payloads-ddeath-seq'],
    ['topics-ddeath-seq-num', 'payloads-ddeath-seq-inc', 'payloads-ddeath-seq-number'],
  ),
  {
    name: 'a will with seq',
    breaks: ['topics-ndeath-seq', 'payloads-ndeath-seq'],
    commit: (copy) => {
      found(will(copy).payload, 'payload').seq = 0;
    },
  },
  {
    name: 'a will with two metrics',
    breaks: ['topics-ndeath-payload'],
    commit: (copy) => void metricsOf(will(copy)).push({ name: 'more', values: [] }),
  },
  {
    name: 'a will that is no Sparkplug payload',
    breaks: ['message-flow-edge-node-birth-publish-will-message-payload'],
    commit: (copy) => {
      will(copy).payload = undefined;
    },
  },
  {
    name: 'a will with an old bdSeq',
    breaks: [
      'message-flow-edge-node-birth-publish-will-message-payload-bdSeq',
      'topics-nbirth-bdseq-increment',
      ...BIRTH_BDSEQ,
    ],
    commit: (copy) => bdSeq(will(copy), (value) => value + 1),
  },
  {
    name: 'bdSeq as UInt64',
    breaks: ['message-flow-edge-node-birth-publish-will-message-payload-bdSeq'],
    commit: (copy) => {
      named(will(copy), 'bdSeq').datatype = 8;
    },
  },
  inPayload('another bdSeq than the will', 'NBIRTH', BIRTH_BDSEQ, (message) => bdSeq(message, (value) => value + 1)),
  inPayload('no bdSeq', 'NBIRTH', ['topics-nbirth-bdseq-included', 'payloads-nbirth-bdseq'], (message) => {
    const payload = found(message.payload, 'payload');
    payload.metrics = payload.metrics.filter(({ name }) => name !== 'bdSeq');
  }),
  inPayload(
    'no rebirth metric',
    'NBIRTH',
    ['topics-nbirth-rebirth-metric', 'payloads-nbirth-rebirth-req', 'operational-behavior-data-commands-rebirth-name'],
    (message) => {
      rebirthMetric(message).name = 'Rebirth';
    },
  ),
  inPayload(
    'a rebirth metric that is true',
    'NBIRTH',
    ['topics-nbirth-rebirth-metric', 'payloads-nbirth-rebirth-req', 'operational-behavior-data-commands-rebirth-value'],
    (message) => {
      rebirthMetric(message).values = [{ field: 'boolean_value', value: 'true' }];
    },
  ),
  inPayload(
    'a rebirth metric that is a number',
    'NBIRTH',
    ['operational-behavior-data-commands-rebirth-datatype'],
    (message) => {
      rebirthMetric(message).datatype = 3;
    },
  ),
  inPayload(
    'a rebirth metric with an alias',
    'NBIRTH',
    ['operational-behavior-data-commands-rebirth-name-aliases'],
    (message) => {
      rebirthMetric(message).alias = 7_777;
    },
  ),
  inPayload('an alias twice', 'DBIRTH', ['payloads-alias-uniqueness'], (message) => {
    const aliased = metricsOf(message).filter(({ alias }) => alias !== undefined);
    found(aliased[1], 'second alias').alias = found(aliased[0]?.alias, 'alias');
  }),
];
