import type { DestinationConfig } from '../config/schema/mqtt.js';
import { DISCOVERY_SCHEMA, type TopicDescription } from '../domain/discovery.js';
import { INSPECTION_SCHEMA } from '../domain/message.js';
import { STATE_SCHEMA, STATUS_SCHEMA } from '../domain/state.js';
import { COMMAND_RESULT_SCHEMA, COMMAND_SCHEMA } from './commands-payload.js';
import { CONTENT_TYPE } from './message.js';
import { payloadForms } from './payload-schemas.js';
import {
  commandResultTopic,
  commandTopic,
  discoveryTopic,
  inspectionTopic,
  snapshotTopic,
  stateTopic,
  statusTopic,
  urgentTopic,
} from './topics.js';

type TopicConfig = Pick<DestinationConfig, 'failsFirst' | 'commands'>;

/** One kind of topic of the JSON profile: what discovery, docs/mqtt.md and docs/asyncapi.yaml say of it. */
export interface TopicKind {
  readonly name: string;
  /** The topic below a base, for topics of a station with its name. */
  readonly topic: (base: string, station: string) => string;
  readonly ofStation: boolean;
  readonly direction: 'publish' | 'subscribe';
  readonly carries: string;
  readonly qos: 0 | 1;
  readonly retained: boolean;
  /** Name of the payload's form; a kind without one is no JSON and has a content type of its own. */
  readonly schema?: string;
  readonly contentType?: string;
  /** What in the config brings it about, in words and as a test; always there without it. */
  readonly onlyWith?: { readonly words: string; readonly holds: (config: TopicConfig) => boolean };
}

const COMMANDED: NonNullable<TopicKind['onlyWith']> = {
  words: '`commands`',
  holds: ({ commands }) => commands.length > 0,
};

export const TOPIC_KINDS: readonly TopicKind[] = [
  {
    name: 'inspection',
    topic: inspectionTopic,
    ofStation: true,
    direction: 'publish',
    carries: 'One message for each inspected part, in the order of `seq`, complete after an outage too.',
    qos: 1,
    retained: false,
    schema: INSPECTION_SCHEMA,
  },
  {
    name: 'urgent',
    topic: urgentTopic,
    ofStation: true,
    direction: 'publish',
    carries: 'A copy of each fail at once, while older messages of the station still wait for their turn.',
    qos: 1,
    retained: false,
    schema: INSPECTION_SCHEMA,
    onlyWith: { words: '`failsFirst: true`', holds: ({ failsFirst }) => failsFirst },
  },
  {
    name: 'state',
    topic: stateTopic,
    ofStation: true,
    direction: 'publish',
    carries: "The station's totals and its last part.",
    qos: 1,
    retained: true,
    schema: STATE_SCHEMA,
  },
  {
    name: 'status',
    topic: statusTopic,
    ofStation: false,
    direction: 'publish',
    carries: 'The gateway: online or offline, and what troubles it.',
    qos: 1,
    retained: true,
    schema: STATUS_SCHEMA,
  },
  {
    name: 'discovery',
    topic: discoveryTopic,
    ofStation: false,
    direction: 'publish',
    carries: 'Every topic of the gateway, what is on it, and the stations with their models and sensors.',
    qos: 1,
    retained: true,
    schema: DISCOVERY_SCHEMA,
  },
  {
    name: 'station-command',
    topic: commandTopic,
    ofStation: true,
    direction: 'subscribe',
    carries: 'Commands for the station.',
    qos: 1,
    retained: false,
    schema: COMMAND_SCHEMA,
    onlyWith: COMMANDED,
  },
  {
    name: 'command',
    topic: (base) => commandTopic(base),
    ofStation: false,
    direction: 'subscribe',
    carries: 'Commands for the gateway.',
    qos: 1,
    retained: false,
    schema: COMMAND_SCHEMA,
    onlyWith: COMMANDED,
  },
  {
    name: 'station-command-result',
    topic: commandResultTopic,
    ofStation: true,
    direction: 'publish',
    carries: 'Answers to commands for the station that name no response topic.',
    qos: 1,
    retained: false,
    schema: COMMAND_RESULT_SCHEMA,
    onlyWith: COMMANDED,
  },
  {
    name: 'command-result',
    topic: (base) => commandResultTopic(base),
    ofStation: false,
    direction: 'publish',
    carries: 'Answers to commands for the gateway that name no response topic.',
    qos: 1,
    retained: false,
    schema: COMMAND_RESULT_SCHEMA,
    onlyWith: COMMANDED,
  },
  {
    name: 'snapshot',
    topic: snapshotTopic,
    ofStation: true,
    direction: 'publish',
    carries: 'Pictures that the command `snapshot` asked for.',
    qos: 1,
    retained: false,
    contentType: 'image/jpeg',
    onlyWith: { words: '`commands: [snapshot]`', holds: ({ commands }) => commands.includes('snapshot') },
  },
];

/** The topics of one gateway at one destination. */
export function topicsOf(base: string, stations: readonly string[], config: TopicConfig): readonly TopicDescription[] {
  const ids = new Map(payloadForms().map(({ name, id }) => [name, id]));
  return TOPIC_KINDS.filter(({ onlyWith }) => onlyWith?.holds(config) ?? true).flatMap((kind) => {
    const { direction, carries, qos, retained, schema, contentType = CONTENT_TYPE } = kind;
    const schemaId = ids.get(schema ?? '');
    const form = schema !== undefined && schemaId !== undefined && { schema, schemaId };
    const rest = { direction, carries, qos, retained, contentType, ...form };
    return kind.ofStation
      ? stations.map((station) => ({ topic: kind.topic(base, station), station, ...rest }))
      : [{ topic: kind.topic(base, ''), ...rest }];
  });
}
