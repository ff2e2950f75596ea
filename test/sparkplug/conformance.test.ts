import { beforeAll, describe, expect, it } from 'vitest';
import { hostAbsent, type Seen } from '../simulators/sparkplug-python-host.js';
import { dissect, tsharkAbsent } from '../simulators/sparkplug-tshark.js';
import { assertions } from './assertions.js';
import { checks, whyNotApplicable } from './checks/index.js';
import { usesDataSets, usesTemplateParameters } from './checks/structures.js';
import { type Played, playAll, scenariosAbsent } from './evidence.js';
import { THRESHOLD } from './scenarios.js';
import { type Sent, sessions } from './view.js';

const because = (reason: string | undefined): string => (reason === undefined ? '' : ` (skipped: ${reason})`);

let played: Played;

describe.skipIf(scenariosAbsent !== undefined)(`Sparkplug 3.0${because(scenariosAbsent)}`, () => {
  beforeAll(async () => {
    played = await playAll();
  }, 600_000);

  describe('assertions', () => {
    const applicable = assertions.filter((assertion) => whyNotApplicable(assertion) === undefined);

    for (const { id } of applicable) {
      it(`tck-id-${id}`, () => {
        expect(checks[id]?.(played.recordings)).toEqual([]);
      });
    }

    it('apply unless the structure they speak of is never sent', () => {
      expect(usesDataSets(played.recordings)).toBe(false);
      expect(usesTemplateParameters(played.recordings)).toBe(false);
    });
  });

  describe.skipIf(tsharkAbsent !== undefined)(`Wireshark's dissector${because(tsharkAbsent)}`, () => {
    it('reads on every connection what protoc reads', () => {
      for (const session of sessions(played.recordings.slice(0, 1))) {
        const own = dissect(played.tape.entries, session.connection).filter(({ type }) => !type.endsWith('CMD'));
        expect(own.filter(({ malformed }) => malformed)).toEqual([]);
        expect(own.map(({ malformed: _, ...message }) => message)).toEqual(session.sent.map(asDissected));
      }
    }, 300_000);
  });

  describe.skipIf(hostAbsent !== undefined)(
    `a host application of another implementation${because(hostAbsent)}`,
    () => {
      const saw = (type: string, device: string | null = null): readonly Seen[] =>
        (played.hostSaw ?? []).filter((seen) => seen.type === type && (device === null || seen.device === device));
      const values = (seen: Seen, name: string): unknown[] =>
        (seen.metrics ?? []).filter((metric) => metric.name === name).map(({ value }) => value);

      it('understands every message', () => {
        expect(played.hostSaw?.filter(({ error }) => error !== undefined)).toEqual([]);
      });

      it('sees the births of node and devices, and again after each rebirth it asked for', () => {
        expect(saw('NBIRTH').length).toBeGreaterThanOrEqual(4);
        expect(saw('NBIRTH').map(({ seq }) => seq)).toEqual(saw('NBIRTH').map(() => 0));
        for (const device of ['inlet', 'outlet']) {
          expect(saw('DBIRTH', device).length).toBeGreaterThanOrEqual(saw('NBIRTH').length);
        }
      });

      it('sees a device die and be born again, and the node die by its will and by its own word', () => {
        const outlet = (played.hostSaw ?? []).filter(({ device }) => device === 'outlet').map(({ type }) => type);
        expect(outlet[outlet.indexOf('DDEATH') + 1]).toBe('DBIRTH');
        expect(saw('NDEATH').length).toBeGreaterThanOrEqual(2);
        const last = saw('NBIRTH').at(-1);
        expect(saw('NDEATH').at(-1)?.bdSeq).toEqual(last === undefined ? undefined : values(last, 'bdSeq')[0]);
      });

      it('sees every inspection that was committed, with its verdict, live or as history', () => {
        const verdicts = new Map<unknown, unknown>();
        for (const seen of [...saw('DDATA'), ...saw('DBIRTH')]) {
          const [id] = values(seen, 'Inspection/Id');
          if (id !== undefined && id !== null) verdicts.set(id, values(seen, 'Inspection/Verdict')[0]);
        }
        const missed = played.committed.filter(({ id }) => !verdicts.has(id));
        expect(missed).toEqual([]);
        expect(played.committed.map(({ id }) => verdicts.get(id))).toEqual(
          played.committed.map(({ verdict }) => verdict),
        );
      });

      it('sees what was made while the broker was away as history, with the times of then', () => {
        const old = saw('DDATA').filter(({ metrics = [] }) => metrics.some(({ historical }) => historical));
        expect(old.length).toBeGreaterThan(0);
        for (const { metrics = [] } of old) {
          expect(metrics.every(({ historical }) => historical)).toBe(true);
        }
      });

      it('never takes an older inspection for the present one', () => {
        for (const device of ['inlet', 'outlet']) {
          const live = saw('DDATA', device).flatMap(({ metrics = [] }) =>
            metrics.filter(({ name, historical }) => name === 'Inspection/Seq' && !historical),
          );
          const numbers = live.map(({ value }) => Number(value));
          expect(numbers).toEqual(numbers.toSorted((first, second) => first - second));
        }
      });

      it('writes a threshold and is told of it', () => {
        const told = saw('DDATA', 'outlet').flatMap((seen) => values(seen, THRESHOLD.name));
        expect(told).toContain(THRESHOLD.value);
      });
    },
  );
});

function asDissected({ message, type = 'NDATA' }: Sent) {
  const [namespace = '', group = '', , node = '', device] = message.topic.split('/');
  const { timestamp, seq, metrics = [] } = message.payload ?? {};
  return {
    namespace,
    group,
    type,
    node,
    ...(device !== undefined && { device }),
    ...(timestamp !== undefined && { timestamp: String(timestamp) }),
    ...(seq !== undefined && { seq: String(seq) }),
    metrics: metrics.map(({ name, alias }) => name ?? `alias ${alias}`),
  };
}
