import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemdNotifier } from '#jidoka/app/systemd.js';
import type { Logger } from '#jidoka/base/logger.js';

let logged: string[];
const log = (level: string) => (_: object, message: string) => void logged.push(`${level}: ${message}`);
const logger: Logger = {
  debug: log('debug'),
  info: log('info'),
  warn: log('warn'),
  error: log('error'),
  child: () => logger,
};

let sent: string[][];
const spawn = async (assignments: readonly string[]) => void sent.push([...assignments]);
const notifySocket = '/run/notify';

beforeEach(() => {
  logged = [];
  sent = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

describe('SystemdNotifier', () => {
  it('does nothing without a socket', async () => {
    const notifier = new SystemdNotifier({ logger, notifySocket: undefined, watchdogUsec: 3_000_000, spawn });
    await notifier.ready('up');
    notifier.watch(async () => true);
    await notifier.stopping();
    expect(vi.getTimerCount()).toBe(0);
    expect(sent).toEqual([]);
  });

  it('reports readiness, changes of its status, and the stop', async () => {
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: undefined, spawn });
    await notifier.ready('up');
    await notifier.status('12 pass\n1 fail');
    await notifier.status('12 pass 1 fail');
    await notifier.stopping();
    expect(sent).toEqual([['READY=1', 'STATUS=up'], ['STATUS=12 pass 1 fail'], ['STOPPING=1', 'STATUS=stopping']]);
  });

  it('asks for more time while a start takes long', async () => {
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: undefined, spawn });
    await notifier.starting();
    expect(sent).toEqual([['EXTEND_TIMEOUT_USEC=300000000']]);
  });

  it('feeds the watchdog at a third of its period, until the stop', async () => {
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: 30_000_000, spawn });
    notifier.watch(async () => true);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(sent).toEqual(Array(4).fill(['WATCHDOG=1']));
    await notifier.stopping();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(5);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('feeds it only while the health check passes, and says so once', async () => {
    const answers = [true, false, false, true];
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: 30_000_000, spawn });
    notifier.watch(async () => answers.shift() ?? true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(2);
    expect(logged).toEqual([
      'error: The health check failed; unless it recovers, systemd restarts the daemon.',
      'info: The health check passes again.',
    ]);
    await notifier.stopping();
  });

  it('still sends the status of a daemon that is not well', async () => {
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: 30_000_000, spawn });
    notifier.watch(
      () => Promise.reject(new Error('the store is silent')),
      () => 'disk full',
    );
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toEqual([['STATUS=disk full']]);
    await notifier.stopping();
  });

  it('asks no second time while the health check hangs, and does not feed the watchdog meanwhile', async () => {
    const healthy = vi.fn(() => new Promise<boolean>(() => undefined));
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: 30_000_000, spawn });
    notifier.watch(healthy);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(healthy).toHaveBeenCalledTimes(1);
    expect(sent).toEqual([]);
    await notifier.stopping();
  });

  it('sends one message at a time', async () => {
    let running = 0;
    let most = 0;
    const slow = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 25_000));
      running -= 1;
    };
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: 30_000_000, spawn: slow });
    const ready = notifier.ready();
    notifier.watch(async () => true);
    await vi.advanceTimersByTimeAsync(60_000);
    const stopped = notifier.stopping();
    await vi.advanceTimersByTimeAsync(200_000);
    await Promise.all([ready, stopped]);
    expect(most).toBe(1);
  });

  it('logs once that systemd cannot be told, and again after it could', async () => {
    const outcomes = [false, false, true, false];
    const flaky = () => (outcomes.shift() ? Promise.resolve() : Promise.reject(new Error('ENOENT')));
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: undefined, spawn: flaky });
    for (const text of ['a', 'b', 'c', 'd']) await notifier.status(text);
    expect(logged).toEqual(Array(2).fill('warn: systemd could not be notified.'));
  });
});
