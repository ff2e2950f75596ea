import type { Metric } from './payload.js';
import type { Message, RecordedEvent, Recording, WireEvent } from './recording.js';

export type Type = 'NBIRTH' | 'DBIRTH' | 'NDATA' | 'DDATA' | 'NDEATH' | 'DDEATH' | 'NCMD' | 'DCMD' | 'STATE';
export const TYPES: readonly Type[] = [
  'NBIRTH',
  'DBIRTH',
  'NDATA',
  'DDATA',
  'NDEATH',
  'DDEATH',
  'NCMD',
  'DCMD',
  'STATE',
];

export type Evidence = readonly Recording[];
/** What is wrong, one sentence each; nothing wrong: none. */
export type Check = (evidence: Evidence) => string[];
/** Checks by the id of their assertion. */
export type Checks = Readonly<Record<string, Check>>;

export type Connect = Extract<WireEvent, { kind: 'connect' }>;

/** One connection of the edge node, from its CONNECT on. */
export interface Session {
  readonly recording: Recording;
  readonly connection: number;
  readonly server: number;
  readonly connect: Connect;
  readonly events: readonly RecordedEvent[];
  /** What the edge node published in it, in order. */
  readonly sent: readonly Sent[];
}

export interface Sent {
  readonly at: number;
  readonly type: Type | undefined;
  readonly message: Message;
  readonly recording: Recording;
  /** Position among all events of the recording. */
  readonly position: number;
  readonly before: Sent | undefined;
}

/** The type by any level that names one, so that a topic of the wrong shape is seen as what it was meant to be. */
export function typeOf(topic: string): Type | undefined {
  return topic.split('/').find((level): level is Type => (TYPES as readonly string[]).includes(level));
}

export function deviceOf(topic: string): string | undefined {
  return topic.split('/')[4];
}

export function sessions(evidence: Evidence): Session[] {
  return evidence.flatMap((recording) => {
    const connects = recording.events.filter((event) => event.kind === 'connect');
    return connects.map((connect) => {
      const events = recording.events.filter(
        (event) => event.kind !== 'mark' && event.connection === connect.connection,
      );
      const sent: Sent[] = [];
      for (const [position, event] of recording.events.entries()) {
        if (event.kind !== 'publish' || event.from !== 'edge' || event.connection !== connect.connection) continue;
        const { at, message } = event;
        sent.push({ at, type: typeOf(message.topic), message, recording, position, before: sent.at(-1) });
      }
      return { recording, connection: connect.connection, server: connect.server, connect, events, sent };
    });
  });
}

/** Sessions in which the node was born. */
export function bornSessions(evidence: Evidence): Session[] {
  return sessions(evidence).filter(({ sent }) => sent.some(({ type }) => type === 'NBIRTH'));
}

export function sentOf(evidence: Evidence, ...types: readonly Type[]): Sent[] {
  return sessions(evidence).flatMap(({ sent }) =>
    sent.filter(({ type }) => type !== undefined && types.includes(type)),
  );
}

/** Commands and STATEs that reached the edge node, with their position in the recording. */
export function receivedOf(
  evidence: Evidence,
  ...types: readonly Type[]
): { readonly message: Message; readonly recording: Recording; readonly position: number; readonly at: number }[] {
  return evidence.flatMap((recording) =>
    recording.events.flatMap((event, position) => {
      if (event.kind !== 'publish' || event.from !== 'broker') return [];
      const type = typeOf(event.message.topic);
      if (type === undefined || !types.includes(type)) return [];
      return [{ message: event.message, recording, position, at: event.at }];
    }),
  );
}

/** Wills and the NDEATHs that the node published itself. */
export function deaths(evidence: Evidence): Message[] {
  const wills = sessions(evidence).flatMap(({ connect }) => (connect.will === undefined ? [] : [connect.will]));
  return [...wills, ...sentOf(evidence, 'NDEATH').map(({ message }) => message)];
}

export function metricsOf(message: Message): readonly Metric[] {
  return message.payload?.metrics ?? [];
}

export function metric(message: Message, name: string): Metric | undefined {
  return metricsOf(message).find((candidate) => candidate.name === name);
}

export function bdSeqOf(message: Message | undefined): number | undefined {
  const found = message && metric(message, 'bdSeq');
  const value = found?.values.find(({ field }) => field === 'long_value')?.value;
  return value === undefined ? undefined : Number(value);
}

/** Names by alias, from all births of the session up to this message. */
export function aliasNames(session: Session, until?: Sent): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const sent of session.sent) {
    if (sent === until) break;
    if (sent.type !== 'NBIRTH' && sent.type !== 'DBIRTH') continue;
    for (const { alias, name } of metricsOf(sent.message)) if (alias !== undefined) names.set(alias, name ?? '');
  }
  return names;
}

/** Builds a check that looks at each of `list`; where there is none it has seen nothing and says so. */
export function each<T>(
  list: (evidence: Evidence) => readonly T[],
  problem: (item: T) => string | undefined | false,
): Check {
  return (evidence) => {
    const items = list(evidence);
    if (items.length === 0) return ['the recordings have nothing to examine'];
    return items.flatMap((item) => problem(item) || []);
  };
}

export function both(...checks: readonly Check[]): Check {
  return (evidence) => checks.flatMap((check) => check(evidence));
}

/** The same check for several assertions. */
export function shared(ids: readonly string[], check: Check): Checks {
  return Object.fromEntries(ids.map((id) => [id, check]));
}
