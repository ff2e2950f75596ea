import type { RecordedEvent } from '../recording.js';
import { typeOf } from '../view.js';
import { type Copy, type Fault, first, found, mark, moveBefore, publishes, removeEvents, withHost } from './find.js';

type Event = Exclude<RecordedEvent, { kind: 'mark' }>;

function stateEvents(copy: Copy): Event[] {
  return publishes([withHost(copy)], 'STATE', 'broker');
}

function online(event: Event): boolean {
  return event.kind === 'publish' && event.message.text.includes('true');
}

/** Gives every STATE another word. */
function rewrite(copy: Copy, change: (state: { online: boolean; timestamp: number }) => object): void {
  for (const event of stateEvents(copy)) {
    if (event.kind === 'publish') event.message.text = JSON.stringify(change(JSON.parse(event.message.text)));
  }
}

const isBirth = (event: RecordedEvent): boolean => event.kind === 'publish' && typeOf(event.message.topic) === 'NBIRTH';
const isCommand = (type: string) => (event: RecordedEvent) =>
  event.kind === 'publish' && event.from === 'broker' && typeOf(event.message.topic) === type;

/** The NBIRTHs that answer commands. */
function afterCommand(
  copy: Copy,
): { readonly events: RecordedEvent[]; readonly command: number; readonly birth: number }[] {
  return copy.flatMap(({ events }) =>
    events.flatMap((event, command) => {
      const birth = isCommand('NCMD')(event)
        ? events.findIndex((other, index) => index > command && isBirth(other))
        : -1;
      return birth < 0 ? [] : [{ events, command, birth }];
    }),
  );
}

const WAITS = ['message-flow-edge-node-birth-publish-phid-wait', 'operational-behavior-edge-node-birth-sequence-wait'];
const NCMD = ['verb', 'metric-name', 'metric-value'].flatMap((part) => [
  `operational-behavior-data-commands-ncmd-${part}`,
  `operational-behavior-data-commands-ncmd-rebirth-${part.replace('metric-', '')}`,
]);
const DCMD = ['verb', 'metric-name', 'metric-value'].map((part) => `operational-behavior-data-commands-dcmd-${part}`);
const FORMS = [
  'topics-X-mqtt',
  'topics-X-timestamp',
  'topics-X-payload',
  'payloads-X-timestamp',
  'payloads-X-seq',
  'payloads-X-qos',
  'payloads-X-retain',
];

export const hostFaults: readonly Fault[] = [
  {
    name: 'a birth although the primary host is offline',
    breaks: [
      ...WAITS,
      'message-flow-edge-node-birth-publish-phid-wait-online',
      'message-flow-edge-node-birth-publish-phid-wait-id',
      'message-flow-edge-node-birth-publish-phid-wait-timestamp',
    ],
    commit: (copy) => rewrite(copy, (state) => ({ ...state, online: false })),
  },
  {
    name: 'a birth by an old online',
    breaks: ['message-flow-edge-node-birth-publish-phid-wait-timestamp'],
    commit: (copy) => {
      const stale = found(
        stateEvents(copy).find(
          (event, index, all) =>
            online(event) &&
            index > 0 &&
            JSON.parse(text(event)).timestamp < JSON.parse(text(found(all[index - 1], 'STATE'))).timestamp,
        ),
        'old online',
      );
      moveBefore(copy, birthCopy(copy, stale), next(copy, stale));
    },
  },
  {
    name: 'a birth by another host',
    breaks: ['message-flow-edge-node-birth-publish-phid-wait-id'],
    commit: (copy) => {
      const position = mark(copy, 'other host online');
      moveBefore(copy, birthCopy(copy, position), next(copy, position));
    },
  },
  {
    name: 'a session that goes on without its host',
    breaks: [
      'message-flow-edge-node-birth-publish-phid-offline',
      'operational-behavior-edge-node-termination-host-offline',
    ],
    commit: (copy) =>
      removeEvents(
        copy,
        (event) => event.kind === 'publish' && event.from === 'edge' && typeOf(event.message.topic) === 'NDEATH',
      ),
  },
  {
    name: 'back to the same server',
    breaks: [
      'operational-behavior-edge-node-termination-host-offline-reconnect',
      'operational-behavior-primary-application-state-with-multiple-servers-walk',
    ],
    commit: (copy) => {
      for (const event of withHost(copy).events) if (event.kind !== 'mark') event.server = 0;
    },
  },
  {
    name: 'an old offline ends the session',
    breaks: ['operational-behavior-edge-node-termination-host-offline-timestamp'],
    commit: (copy) => {
      const { events } = withHost(copy);
      withHost(copy).events = events.filter(
        (event) =>
          !(event.kind === 'publish' && event.from === 'edge' && typeOf(event.message.topic)?.endsWith('DATA')),
      );
    },
  },
  {
    name: 'a server whose STATE is not read',
    breaks: ['operational-behavior-primary-application-state-with-multiple-servers-state-subs'],
    commit: (copy) => {
      for (const event of withHost(copy).events)
        if (event.kind === 'subscribe' && event.server === 1) event.topics = [];
    },
  },
  {
    name: 'two servers at once',
    breaks: ['operational-behavior-primary-application-state-with-multiple-servers-single-server'],
    commit: (copy) => removeEvents(copy, ({ kind }) => kind === 'closed' || kind === 'disconnect'),
  },
  {
    name: 'data after a rebirth was asked for',
    breaks: ['operational-behavior-data-commands-rebirth-action-1'],
    commit: (copy) => {
      const { events, birth, command } = found(afterCommand(copy)[0], 'rebirth');
      const late = structuredClone(found(publishes(copy, 'DDATA')[0], 'DDATA'));
      const asked = found(events[command], 'NCMD');
      late.connection = asked.kind === 'mark' ? -1 : asked.connection;
      found(late.message.payload, 'payload').timestamp = asked.at + 1_000;
      events.splice(birth, 0, late);
    },
  },
  {
    name: 'a rebirth without its devices',
    breaks: ['operational-behavior-data-commands-rebirth-action-2'],
    commit: (copy) => {
      const { events, birth } = found(afterCommand(copy)[0], 'rebirth');
      events.splice(birth + 1, 1);
    },
  },
  {
    name: 'a rebirth with a new bdSeq',
    breaks: ['operational-behavior-data-commands-rebirth-action-3'],
    commit: (copy) => {
      const { events, birth } = found(afterCommand(copy)[0], 'rebirth');
      const event = events[birth];
      const metrics = event?.kind === 'publish' ? found(event.message.payload, 'payload').metrics : [];
      found(
        metrics.find(({ name }) => name === 'bdSeq'),
        'bdSeq',
      ).values = [{ field: 'long_value', value: '99' }];
    },
  },
  {
    name: 'a rebirth that does not come',
    breaks: ['payloads-name-cmd-requirement', ...NCMD, ...FORMS.map((id) => id.replace('X', 'ncmd'))],
    commit: (copy) => {
      const positions = new Set(afterCommand(copy).flatMap(({ events, birth }) => events.slice(birth).filter(isBirth)));
      removeEvents(copy, (event) => positions.has(event));
    },
  },
  {
    name: 'a written value that is never reported',
    breaks: [...DCMD, ...FORMS.map((id) => id.replace('X', 'dcmd'))],
    commit: (copy) => {
      for (const { message } of publishes(copy, 'DCMD', 'broker'))
        first(message).values = [{ field: 'double_value', value: '0.123456' }];
    },
  },
];

function text(event: Event): string {
  return event.kind === 'publish' ? event.message.text : '';
}

function next(copy: Copy, event: RecordedEvent): RecordedEvent {
  const { events } = withHost(copy);
  return found(events[events.indexOf(event) + 1], 'event');
}

/** A birth on the connection that is open at an event. */
function birthCopy(copy: Copy, event: RecordedEvent): RecordedEvent {
  const { events } = withHost(copy);
  const birth = structuredClone(found(publishes([withHost(copy)], 'NBIRTH')[0], 'NBIRTH'));
  const open = events.slice(0, events.indexOf(event) + 1).findLast((other) => other.kind === 'connect');
  birth.connection = open?.connection ?? -1;
  return birth;
}
