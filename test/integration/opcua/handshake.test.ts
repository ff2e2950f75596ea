import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { InspectedLine } from '../../simulators/inspected-line.js';
import { foreignPlcAbsent, type PlcOptions, SimulatedPlc } from '../../simulators/plc.js';
import { isGood, type LadderRecord, type LadderSettings, type LadderTag } from '../../simulators/plc-ladder.js';
import { keptLog, makeConnection, PATIENCE, removePki } from './rig.js';

// The whole run: JIDOKA_PLC_PARTS=10000 JIDOKA_PLC_KILLS=20 JIDOKA_PLC_LINES=10 npx vitest run test/integration/opcua/handshake.test.ts
const PARTS = Number(process.env['JIDOKA_PLC_PARTS'] ?? 24);
const KILLS = Number(process.env['JIDOKA_PLC_KILLS'] ?? 1);
const LINES = Number(process.env['JIDOKA_PLC_LINES'] ?? 2);
const DEADLINE_MS = 600;

const QUIET: LadderSettings = {
  seed: 11,
  parts: Math.ceil(PARTS / LINES),
  gapMs: 20,
  timeoutMs: 3000,
  trigger: 'pulse',
  lostAcks: 0,
  lateAcks: 0,
  lateAckMs: 600,
  programRestarts: 0,
};
// So many that a short run has some too.
const SHORT = PARTS < 1000;
const ROUGH: LadderSettings = {
  ...QUIET,
  lostAcks: SHORT ? 0.15 : 0.03,
  lateAcks: 0.05,
  programRestarts: SHORT ? 0.1 : 0.02,
};

/** One part in fifty takes the model far longer than its deadline, one in fifty just about as long. */
function inferenceMs(part: number): number {
  if (part % 50 === 17) return DEADLINE_MS + 100;
  return part % 50 === 33 ? DEADLINE_MS - 150 : (part * 7) % 23;
}

describe('handshake with a simulated PLC', () => {
  let plc: SimulatedPlc;
  let connection: OpcuaConnection;
  let lines: InspectedLine[];
  const log = keptLog();

  async function begin(ladder: LadderSettings, options: Partial<PlcOptions> = {}): Promise<void> {
    plc = new SimulatedPlc({ lines: LINES, ladder, ...options });
    await plc.start();
    connection = await makeConnection(plc.endpoint, { publishingIntervalMs: 20, reconnectMaxMs: 500 });
    lines = Array.from({ length: plc.options.lines }, (_, line) => {
      const node = (tag: LadderTag) => plc.node(line, tag);
      return new InspectedLine({
        connection,
        trigger: { nodeId: node('Trigger'), partId: node('PartId'), recipe: node('Recipe') },
        plc: {
          ok: node('OK'),
          nok: node('NOK'),
          reject: node('Reject'),
          code: node('Code'),
          label: node('Label'),
          partId: node('PartEcho'),
          inspectionId: node('InspectionId'),
          counter: node('Counter'),
          deadlineMs: DEADLINE_MS,
          handshake: {
            ready: node('Ready'),
            busy: node('Busy'),
            done: node('Done'),
            ack: node('Ack'),
            ackTimeoutMs: 400,
            triggerAck: node('TriggerAck'),
            error: node('Error'),
            errorCode: node('ErrorCode'),
            heartbeat: node('Heartbeat'),
            heartbeatMs: 200,
            plcHeartbeat: node('PlcHeartbeat'),
            samplingMs: 10,
          },
        },
        shown: () => plc.shown(line),
        inferenceMs,
        logger: log.logger,
      });
    });
    await connection.start();
    await Promise.all(lines.map((line) => line.start()));
  }

  afterEach(async () => {
    await Promise.all(lines.map((line) => line.stop()));
    await connection.stop();
    await plc.dispose();
  });
  afterAll(removePki);

  /** Holds what the PLC has put down against what the station has recorded; gives the sums over all lines. */
  async function account() {
    const sums = {
      accepted: 0,
      ignored: 0,
      givenUp: new Map<string, number>(),
      late: 0,
      ackTimeouts: 0,
      failed: 0,
      overruns: 0,
    };
    for (const [index, line] of lines.entries()) {
      const records = await plc.records(index);
      expect(records.filter(({ kind }) => kind === 'violation')).toEqual([]);
      checkLine(records, line, plc.options.ladder.parts);
      for (const record of records) {
        if (record.kind === 'accepted') sums.accepted += 1;
        if (record.kind === 'ignored') sums.ignored += 1;
        if (record.kind === 'given-up') sums.givenUp.set(record.why, (sums.givenUp.get(record.why) ?? 0) + 1);
      }
      sums.late += line.inspector.writeBack.late;
      sums.failed += line.inspector.failed.plcWrites;
      sums.ackTimeouts += line.output.figures().ackTimeouts;
      sums.overruns += line.output.figures().overruns;
    }
    if (!SHORT) {
      process.stderr.write(`${JSON.stringify({ ...sums, givenUp: [...sums.givenUp] })} ${latencies(lines)}\n`);
    }
    return sums;
  }

  it('gives every part its own verdict, or none where that is late', async () => {
    await begin(QUIET);
    await plc.finished;
    const { accepted, givenUp, late, overruns } = await account();
    const expectedLate =
      LINES * Array.from({ length: QUIET.parts }, (_, i) => i + 1).filter((p) => p % 50 === 17).length;
    expect(late).toBeGreaterThanOrEqual(expectedLate);
    expect([...givenUp.keys()].filter((why) => !/^(error [14]|no result)$/.test(why))).toEqual([]);
    expect(accepted).toBeGreaterThan((LINES * QUIET.parts) / 2);
    expect(overruns).toBe(0);
    expect(lines.map((line) => line.output.trouble())).toEqual(lines.map(() => undefined));
  }, 7_200_000);

  it.each(['pulse', 'counter'] as const)(
    'keeps every verdict with its part over lost acknowledgements, program restarts and power cuts, with a %s',
    async (trigger) => {
      await begin({ ...ROUGH, trigger, seed: trigger === 'pulse' ? 3 : 5 });
      let over = false;
      const finished = plc.finished.then(() => {
        over = true;
      });
      for (let kill = 1; kill <= KILLS && !over; kill += 1) {
        const due = Math.floor((ROUGH.parts * kill) / (KILLS + 1));
        await vi.waitFor(() => expect(over || plc.shown(0) >= due).toBe(true), { timeout: 7_000_000, interval: 20 });
        // Not always in the same phase of the handshake.
        await wait((kill * 37) % 200);
        if (over) break;
        await plc.kill();
        await vi.waitFor(() => expect(connection.isLive).toBe(false), PATIENCE);
        await plc.start();
      }
      await finished;
      const { accepted, ackTimeouts } = await account();
      expect(accepted).toBeGreaterThan((LINES * ROUGH.parts) / 2);
      expect(ackTimeouts).toBeGreaterThan(0);
    },
    7_200_000,
  );

  const why = foreignPlcAbsent === undefined ? '' : ` (skipped: ${foreignPlcAbsent})`;
  it.skipIf(foreignPlcAbsent !== undefined)(
    `does so with a server of another make${why}`,
    async () => {
      const parts = Math.max(20, PARTS / 20);
      await begin({ ...QUIET, parts, trigger: 'counter', lostAcks: 0.2 }, { make: 'asyncua', lines: 1 });
      await plc.finished;
      const { accepted, ackTimeouts } = await account();
      expect(accepted).toBeGreaterThan(parts / 2);
      expect(ackTimeouts).toBeGreaterThan(0);
    },
    7_200_000,
  );
});

function checkLine(records: readonly LadderRecord[], line: InspectedLine, parts: number): void {
  const inspections = grouped(
    line.ledger.records.map(({ inspection }) => inspection),
    ({ partId }) => partId,
  );
  const ends = grouped(
    records.filter(({ kind }) => kind === 'accepted' || kind === 'given-up'),
    ({ part }) => part,
  );
  for (let part = 1; part <= parts; part += 1) {
    const [end, ...more] = ends.get(part) ?? [];
    const recorded = inspections.get(String(part)) ?? [];
    expect({ part, end, more, times: recorded.length <= 1 }).toMatchObject({ part, more: [], times: true });
    const [inspection] = recorded;
    if (inspection !== undefined) {
      const good = inspection.verdict.decision === 'pass';
      expect({ part, good, recipe: inspection.recipe }).toEqual({
        part,
        good: isGood(part),
        recipe: `recipe-${part % 3}`,
      });
    }
    if (end?.kind !== 'accepted') {
      expect({ part, end: end?.kind }).toEqual({ part, end: 'given-up' });
      continue;
    }
    expect({ part, ok: end.ok, inspection: end.inspection }).toEqual({
      part,
      ok: isGood(part),
      inspection: inspection?.id,
    });
    expect(inspection?.lateMs).toBeUndefined();
  }
}

function latencies(lines: readonly InspectedLine[]): string {
  return JSON.stringify(lines.map((line) => line.inspector.writeBack));
}

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
