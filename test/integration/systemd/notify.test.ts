import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemdNotifier } from '#jidoka/app/systemd.js';
import type { Logger } from '#jidoka/base/logger.js';

const present = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const missing = ['systemd-notify', 'python3'].filter((command) => !present(command));
const reason = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not installed)`;

describe.skipIf(missing.length > 0)(`the real systemd-notify${reason}`, () => {
  const script = join(import.meta.dirname, '..', '..', 'simulators', 'notify_socket.py');
  let folder: string;
  let receiver: ChildProcess;
  let messages: string[];
  let notifySocket: string;
  let warnings: object[];
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields) => void warnings.push(fields),
    error: () => undefined,
    child: () => logger,
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'jidoka-notify-'));
    notifySocket = join(folder, 'notify');
    messages = [];
    warnings = [];
    receiver = spawn('python3', [script, notifySocket], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (receiver.stdout === null) throw new Error('no output');
    const lines = createInterface(receiver.stdout);
    lines.on('line', (line) => messages.push(JSON.parse(line) as string));
    await vi.waitFor(() => expect(messages).toEqual(['listening']), { timeout: 20_000 });
    messages.length = 0;
  });

  afterEach(async () => {
    receiver.kill();
    await once(receiver, 'exit');
    rmSync(folder, { recursive: true });
  });

  const lines = (): string[] =>
    messages.flatMap((message) => message.split('\n')).filter((line) => line !== 'BARRIER=1');

  it('carries readiness, a status with spaces and signs, and the stop', async () => {
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: undefined });
    await notifier.ready('press-1: 12 pass, 1 fail; 50 % "ok"');
    await notifier.stopping();
    await vi.waitFor(() => expect(lines()).toContain('STOPPING=1'));
    expect(lines()).toEqual(['READY=1', 'STATUS=press-1: 12 pass, 1 fail; 50 % "ok"', 'STOPPING=1', 'STATUS=stopping']);
    expect(warnings).toEqual([]);
  });

  it('feeds the watchdog again and again', async () => {
    const notifier = new SystemdNotifier({ logger, notifySocket, watchdogUsec: 300_000 });
    notifier.watch(async () => true);
    const fed = () => lines().filter((line) => line === 'WATCHDOG=1').length;
    await vi.waitFor(() => expect(fed()).toBeGreaterThan(2), { timeout: 20_000 });
    await notifier.stopping();
    await vi.waitFor(() => expect(lines()).toContain('STOPPING=1'));
    expect(lines().lastIndexOf('WATCHDOG=1')).toBeLessThan(lines().indexOf('STOPPING=1'));
  });

  it('goes on without systemd when the socket is gone', async () => {
    const notifier = new SystemdNotifier({ logger, notifySocket: join(folder, 'gone'), watchdogUsec: undefined });
    await notifier.ready();
    await notifier.stopping();
    expect(warnings).toHaveLength(1);
  });
});
