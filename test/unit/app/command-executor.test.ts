import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AuditEntry } from '#jidoka/domain/command.js';
import { CommandWorld, command } from '../../simulators/command-world.js';
import { MemoryAuditLog } from '../../simulators/memory-audit-log.js';

afterEach(() => vi.useRealTimers());

describe('CommandExecutor', () => {
  it('carries a command out once for each id, however often and over restarts', async () => {
    const audit = new MemoryAuditLog();
    const before = new CommandWorld(audit);
    const results = await Promise.all(
      Array.from({ length: 5 }, () => before.executor.execute(command('a', 'inspect', 'press'))),
    );
    expect(before.effects).toEqual(['press inspected']);
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    const after = new CommandWorld(audit);
    expect(await after.executor.execute(command('a', 'inspect', 'press'))).toEqual(results[0]);
    expect(after.effects).toEqual([]);
  });

  it('refuses another command under an id that is known, and leaves the first its answer', async () => {
    const world = new CommandWorld();
    const first = await world.executor.execute(command('a', 'set-threshold', 'press', { good: 0.7 }));
    expect(await world.executor.execute(command('a', 'set-threshold', 'press', { good: 0.8 }))).toMatchObject({
      ok: false,
      code: 'COMMAND_ID_REUSED',
    });
    expect(await world.executor.execute(command('a', 'set-threshold', 'press', { good: 0.7 }))).toEqual(first);
    expect(world.effects).toEqual(['press good 0.7']);
  });

  it('tries an id again after a restart where nothing had come of it', async () => {
    const audit = new MemoryAuditLog();
    const before = new CommandWorld(audit);
    before.stations[0]?.pause({ sinceMs: 0, by: 'kim' });
    expect(await before.executor.execute(command('a', 'inspect', 'press'))).toMatchObject({
      code: 'COMMAND_STATION_PAUSED',
    });
    const after = new CommandWorld(audit);
    expect(await after.executor.execute(command('a', 'inspect', 'press'))).toMatchObject({ ok: true });
  });

  it('does one thing after the other to a station, and different stations at once; one for all waits for each', async () => {
    const world = new CommandWorld();
    const release: (() => void)[] = [];
    world.inspecting = () => new Promise((resolve) => release.push(resolve));
    const all = [
      world.executor.execute(command('a', 'inspect', 'press')),
      world.executor.execute(command('b', 'set-threshold', 'press', { good: 0.7 })),
      world.executor.execute(command('c', 'set-threshold', 'weld', { good: 0.8 })),
      world.executor.execute(command('d', 'pause')),
      world.executor.execute(command('e', 'resume', 'weld')),
    ];
    await all[2];
    await turnOfTheLoop();
    expect(world.effects).toEqual(['weld good 0.8']);
    release[0]?.();
    await Promise.all(all);
    expect(world.effects).toEqual([
      'weld good 0.8',
      'press inspected',
      'press good 0.7',
      'press paused',
      'weld paused',
      'weld resumed',
    ]);
  });

  it('answers at the deadline; what is late then, or waits behind it, has no effect', async () => {
    vi.useFakeTimers();
    const world = new CommandWorld();
    let release: () => void = () => undefined;
    world.loading = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    const slow = world.executor.execute(command('a', 'select-model', 'press', { package: 'tiny' }));
    const behind = world.executor.execute(command('b', 'set-threshold', 'press', { good: 0.7 }));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await behind).toMatchObject({ ok: false, code: 'COMMAND_TIMED_OUT' });
    expect(await slow).toMatchObject({ ok: false, code: 'COMMAND_TIMED_OUT' });
    release();
    const next = await world.executor.execute(command('c', 'set-threshold', 'press', { good: 0.9 }));
    expect(next).toMatchObject({ ok: true });
    expect(world.effects).toEqual(['press good 0.9']);
  });

  it('refuses what expires while it waits', async () => {
    const world = new CommandWorld();
    let release: () => void = () => undefined;
    world.inspecting = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    const first = world.executor.execute(command('a', 'inspect', 'press'));
    const second = world.executor.execute({ ...command('b', 'pause', 'press'), expiresAtMs: Date.now() });
    await turnOfTheLoop();
    release();
    await first;
    expect(await second).toMatchObject({ ok: false, code: 'COMMAND_EXPIRED' });
    expect(world.effects).toEqual(['press inspected']);
  });

  it('bounds what waits, and an id refused for that is free', async () => {
    const world = new CommandWorld();
    const release: (() => void)[] = [];
    world.inspecting = () => new Promise((resolve) => release.push(resolve));
    const waiting = Array.from({ length: 32 }, (_, index) =>
      world.executor.execute(command(`c${index}`, index === 0 ? 'inspect' : 'resume', 'press')),
    );
    expect(await world.executor.execute(command('late', 'resume', 'weld'))).toMatchObject({
      code: 'COMMAND_QUEUE_FULL',
    });
    await turnOfTheLoop();
    release[0]?.();
    await Promise.all(waiting);
    expect(await world.executor.execute(command('late', 'resume', 'weld'))).toMatchObject({ ok: true });
  });

  it.each([
    ['COMMAND_STATION_MISSING', command('a', 'inspect')],
    ['COMMAND_STATION_UNWANTED', command('a', 'rebirth', 'press')],
    ['COMMAND_STATION_UNKNOWN', command('a', 'pause', 'constructor')],
    ['COMMAND_ARGUMENTS_INVALID', command('a', 'set-threshold', 'press', {})],
    ['COMMAND_ARGUMENTS_INVALID', command('a', 'set-threshold', 'press', { good: '0.5' })],
    ['COMMAND_ARGUMENTS_INVALID', command('a', 'set-threshold', 'press', { good: Number.NaN })],
    ['COMMAND_ARGUMENTS_INVALID', command('a', 'pause', 'press', { forever: true })],
    ['COMMAND_ARGUMENTS_INVALID', command('a', 'select-model', 'press', { package: '../../etc' })],
    ['COMMAND_ARGUMENTS_INVALID', command('a', 'snapshot', 'press', { width: 1e9 })],
    ['COMMAND_ALARM_UNKNOWN', command('a', 'acknowledge-alarm', undefined, { alarm: 'volcano' })],
    ['COMMAND_NOT_SUPPORTED', { ...command('a', 'rebirth'), from: { destination: 'page' } }],
  ])('says %s, does nothing, and has it in the audit', async (code, given) => {
    const audit = new MemoryAuditLog();
    const world = new CommandWorld(audit);
    const result = await world.executor.execute(given);
    expect(result).toMatchObject({ ok: false, code, text: expect.stringMatching(/^[A-Z_]+: .*\.$/) });
    expect(world.effects.filter((effect) => effect !== 'rebirth page')).toEqual([]);
    expect(await audit.audited(10)).toMatchObject([{ id: 'a', destination: given.from.destination, result: { code } }]);
    const { done, failed, refused } = world.executor.counts;
    expect([done, failed + refused]).toEqual([0, 1]);
  });

  it('works while the disk does not take the audit, answers all the same, and stops when too much waits', async () => {
    vi.useFakeTimers();
    const audit = new MemoryAuditLog();
    const stuck: AuditEntry[] = [];
    const world = new CommandWorld(
      Object.assign(audit, { audit: (entry: AuditEntry) => new Promise<void>(() => stuck.push(entry)) }),
    );
    const give = async (id: string) => {
      const result = world.executor.execute(command(id, 'pause', 'press'));
      await vi.advanceTimersByTimeAsync(2000);
      return result;
    };
    expect(await give('first')).toMatchObject({ ok: true });
    for (let index = 0; index < 199; index += 1) await give(`c${index}`);
    expect(stuck).toHaveLength(200);
    expect(await give('more')).toMatchObject({ ok: false, code: 'COMMAND_NOT_RECORDED' });
  });

  it('does nothing where it cannot look up whether it was done before, and the id stays free', async () => {
    const audit = new MemoryAuditLog();
    const lookUp = vi.spyOn(audit, 'result').mockRejectedValueOnce(new Error('no disk'));
    const world = new CommandWorld(audit);
    expect(await world.executor.execute(command('a', 'pause', 'press'))).toMatchObject({
      code: 'COMMAND_NOT_RECORDED',
    });
    expect(world.effects).toEqual([]);
    expect(await world.executor.execute(command('a', 'pause', 'press'))).toMatchObject({ ok: true });
    expect(lookUp).toHaveBeenCalledTimes(2);
  });

  it('gives up what waits when it is closed, and takes nothing after', async () => {
    const world = new CommandWorld();
    world.inspecting = (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    const waiting = world.executor.execute(command('a', 'inspect', 'press'));
    await turnOfTheLoop();
    await world.executor.close(1000);
    expect(await waiting).toMatchObject({ ok: false, code: 'COMMAND_NOT_READY' });
    expect(await world.executor.execute(command('b', 'pause', 'press'))).toMatchObject({ code: 'COMMAND_NOT_READY' });
    expect(world.effects).toEqual([]);
  });

  it('tells a fault of its own from a refusal, and goes on', async () => {
    const world = new CommandWorld();
    world.inspecting = () => Promise.reject(new TypeError('x is not a function'));
    expect(await world.executor.execute(command('a', 'inspect', 'press'))).toMatchObject({ code: 'COMMAND_FAILED' });
    expect(world.log.join()).toContain('met a fault in the agent');
    expect(await world.executor.execute(command('b', 'pause', 'press'))).toMatchObject({ ok: true });
  });

  it('keeps pictures out of the audit and of what it remembers', async () => {
    const audit = new MemoryAuditLog();
    const world = new CommandWorld(audit);
    expect(await world.executor.execute(command('a', 'snapshot', 'press'))).toMatchObject({ value: { image: '/9j/' } });
    const repeated = await world.executor.execute(command('a', 'snapshot', 'press'));
    expect(repeated).toMatchObject({ ok: true, value: { bytes: 3 } });
    expect(JSON.stringify([repeated, await audit.audited(10)])).not.toContain('/9j/');
  });

  it('lets a flood of refusals fill neither the log nor the audit, and counts each', async () => {
    const audit = new MemoryAuditLog();
    const world = new CommandWorld(audit);
    for (let index = 0; index < 20_000; index += 1) {
      await world.executor.execute(command(`c${index}`, 'pause', 'nowhere'));
    }
    expect(world.executor.counts.refused).toBe(20_000);
    expect(world.log.length).toBeLessThan(100);
    expect((await audit.audited(20_000)).length).toBeLessThan(1000);
    await world.executor.close(1000);
    expect(world.log.join('\n')).toMatch(/^\d+ further commands were refused\.$/m);
    expect(world.log.join('\n')).toMatch(/^\d+ further commands are not in the audit\.$/m);
  });
});
