import { expect, it } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import { type AuditEntry, COMMAND_NAMES, type Command } from '#jidoka/domain/command.js';
import { CommandInbox } from '#jidoka/mqtt/sparkplug/command-inbox.js';
import { DeviceMetrics } from '#jidoka/mqtt/sparkplug/device-metrics.js';
import { Aliases } from '#jidoka/mqtt/sparkplug/metric-table.js';
import { Chance } from '../../../simulators/malformed-commands.js';
import { commandPayload } from '../../../simulators/sparkplug-host.js';

/** The issue of delivery asks for 100,000. */
const TOTAL = Number(process.env['JIDOKA_FUZZ_MESSAGES'] ?? 20_000);
const SEED = 20_261_125;

/** An inbox with one device, and what came of each message. */
function inboxWithOneDevice() {
  const outcomes = { executed: [] as Command[], refused: [] as AuditEntry[], rebirths: 0, malformed: 0 };
  const allowed = new Set(COMMAND_NAMES);
  const description = {
    name: 'press',
    sensors: [],
    goodThreshold: 0.9,
    thresholds: { crack: 0.5 },
    camera: '',
    plcs: [],
  };
  const device = new DeviceMetrics(description, allowed, new Aliases(), () => systemClock.nowMs());
  const inbox = new CommandInbox({
    destination: 'mqtt',
    allowed,
    commands: {
      execute: async (command) => {
        outcomes.executed.push(command);
        return { ok: true, value: {} };
      },
      refused: (entry) => outcomes.refused.push(entry),
    },
    device: (name) => (name === 'press' ? device : undefined),
    onRebirth: () => {
      outcomes.rebirths += 1;
    },
    onWritten: () => undefined,
    onMalformed: (count) => {
      outcomes.malformed = count;
    },
    newId: () => 'id',
    clock: systemClock,
    logger: silentLogger,
  });
  return { inbox, outcomes };
}

const VALID = [
  commandPayload([{ name: 'Node Control/Rebirth', value: true }]),
  commandPayload([{ name: 'Control/Mode', value: 'pause' }]),
  commandPayload([{ name: 'Control/Good Threshold', value: 0.75 }]),
  commandPayload([{ alias: 3, value: 0.5 }]),
  commandPayload([
    { name: 'Control/Threshold/crack', value: 1.5 },
    { name: 'Count/Pass', value: -1 },
  ]),
];

/** Noise, or a valid payload that was cut, repeated or changed in a few places. */
function mutated(chance: Chance): Buffer {
  if (chance.below(3) === 0) return chance.bytes(chance.below(200));
  const bytes = Buffer.concat(Array.from({ length: 1 + chance.below(3) }, () => chance.of(VALID)));
  for (let changes = chance.below(6); changes > 0; changes -= 1) bytes[chance.below(bytes.length)] = chance.below(256);
  return chance.below(2) === 0 ? bytes : bytes.subarray(0, chance.below(bytes.length + 1));
}

it(`of ${TOTAL} Sparkplug commands of every kind each is refused with a reason, or means what it says`, async () => {
  const { inbox, outcomes } = inboxWithOneDevice();
  const sum = (): number => outcomes.executed.length + outcomes.refused.length + outcomes.rebirths + outcomes.malformed;
  const chance = new Chance(SEED);
  let unanswered = 0;
  for (let number = 0; number < TOTAL; number += 1) {
    const before = sum();
    const device = chance.of([undefined, 'press', 'press', 'nobody']);
    const payload = mutated(chance);
    inbox.receive({ topic: 'spBv1.0/g/DCMD/n/press', payload, retain: chance.below(20) === 0, qos: 1 }, device);
    await Promise.resolve();
    if (sum() === before) unanswered += 1;
  }
  expect(unanswered).toBe(0);
  for (const { result } of outcomes.refused) {
    expect(result.ok ? '' : result.code).toMatch(/^COMMAND_(UNKNOWN|NOT_ALLOWED|ARGUMENTS_INVALID)$/);
  }
  for (const { name } of outcomes.executed) expect(['pause', 'resume', 'set-threshold']).toContain(name);
  expect(outcomes.malformed).toBeGreaterThan(TOTAL / 4);
  expect(outcomes.refused.length).toBeGreaterThan(TOTAL / 20);
  expect(outcomes.rebirths).toBeGreaterThan(0);

  const done = outcomes.executed.length;
  inbox.receive({ topic: '', payload: VALID[1] ?? Buffer.alloc(0), retain: false, qos: 1 }, 'press');
  await Promise.resolve();
  expect(outcomes.executed.slice(done)).toMatchObject([{ name: 'pause', station: 'press' }]);
}, 120_000);
