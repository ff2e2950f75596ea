import type { Metric, Template } from '../payload.js';
import type { Message, RecordedEvent, Recording, WireEvent } from '../recording.js';
import { type Type, typeOf } from '../view.js';

/** Recordings as they are tampered with: a copy, so everything may be changed. */
export type Copy = Recording[];

/** One thing that an edge node could do wrong, and the assertions that must then fail. */
export interface Fault {
  readonly name: string;
  readonly breaks: readonly string[];
  readonly commit: (copy: Copy) => void;
}

type Publish = Extract<WireEvent, { kind: 'publish' }>;

export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the recordings have no ${what} to tamper with`);
  return value;
}

export function publishes(copy: Copy, type: Type, from: 'edge' | 'broker' = 'edge'): Publish[] {
  return copy.flatMap(({ events }) =>
    events.filter(
      (event): event is Publish =>
        event.kind === 'publish' && event.from === from && typeOf(event.message.topic) === type,
    ),
  );
}

/** The last of them: the first may be repeated by a later one. */
export function last(copy: Copy, type: Type): Message {
  return found(publishes(copy, type).at(-1), type).message;
}

export function metricsOf(message: Message): Metric[] {
  return found(message.payload, 'payload').metrics;
}

export function first(message: Message): Metric {
  return found(metricsOf(message)[0], 'metric');
}

export function named(message: Message, name: string): Metric {
  return found(
    metricsOf(message).find((metric) => metric.name === name),
    name,
  );
}

export function connects(copy: Copy): Extract<WireEvent, { kind: 'connect' }>[] {
  return copy.flatMap(({ events }) => events.filter((event) => event.kind === 'connect'));
}

export function will(copy: Copy): Message {
  return found(connects(copy)[0]?.will, 'will');
}

export function removeEvents(copy: Copy, drop: (event: RecordedEvent) => boolean): void {
  for (const recording of copy) recording.events = recording.events.filter((event) => !drop(event));
}

/** Puts an event right before another one. */
export function moveBefore(copy: Copy, moved: RecordedEvent, target: RecordedEvent): void {
  for (const recording of copy) {
    if (!recording.events.includes(target)) continue;
    const rest = recording.events.filter((event) => event !== moved);
    rest.splice(rest.indexOf(target), 0, moved);
    recording.events = rest;
  }
}

export function templates(copy: Copy, definition: boolean, type: Type): Template[] {
  return publishes(copy, type).flatMap(({ message }) =>
    metricsOf(message).flatMap(({ values }) =>
      values.flatMap(({ field, value }) => {
        const template = field === 'template_value' ? (value as Template) : undefined;
        return template !== undefined && (template.isDefinition === true) === definition ? [template] : [];
      }),
    ),
  );
}

/** The recording of the scenario with a primary host. */
export function withHost(copy: Copy): Recording {
  return found(
    copy.find(({ host }) => host !== undefined),
    'primary host',
  );
}

export function mark(copy: Copy, text: string): Extract<RecordedEvent, { kind: 'mark' }> {
  const marks = copy.flatMap(({ events }) => events.filter((event) => event.kind === 'mark'));
  return found(
    marks.find((event) => event.text === text),
    `mark "${text}"`,
  );
}
