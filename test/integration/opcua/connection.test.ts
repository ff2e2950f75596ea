import { once } from 'node:events';
import { queryObjects } from 'node:v8';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaSensorSource } from '#jidoka/opcua/sensor-source.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { forkProgram } from '../../simulators/program.js';
import { heardConsole, keptLog, makeConnection, PATIENCE, pkiFolder, removePki, sensor } from './rig.js';

afterAll(removePki);

describe('OPC UA connection', () => {
  const server = new TestOpcuaServer({ tags: { temperature: { type: 'Double', value: 20 } } });
  const log = keptLog();
  let connection: OpcuaConnection;
  let source: OpcuaSensorSource;

  const reading = () => source.snapshot(Date.now()).readings[0];
  const spoken = () => log.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);

  async function connect(config: object = {}): Promise<void> {
    log.lines.length = 0;
    connection = await makeConnection(server.endpoint, config, { logger: log.logger });
    source = new OpcuaSensorSource({
      sensors: [sensor('temperature', 'temperature')],
      connections: new Map([['plc', connection]]),
    });
    await source.start(new AbortController().signal);
    await connection.start();
  }

  const live = () => vi.waitFor(() => expect(reading()).toMatchObject({ value: 20, stale: false }), PATIENCE);

  beforeAll(() => server.start());
  afterAll(() => server.dispose());
  afterEach(async () => {
    await source.stop();
    await connection.stop();
  });

  it('opens one session and closes it at the stop', async () => {
    const before = await server.sessions();
    await connect();
    expect(connection.status()).toMatchObject({ state: 'connecting', text: `Connecting to ${server.endpoint}.` });
    await live();
    expect(connection.status()).toMatchObject({ state: 'connected', text: `Connected to ${server.endpoint}, 1 tag.` });
    expect(await server.sessions()).toMatchObject({ open: 1, subscriptions: 1, everOpened: before.everOpened + 1 });
    await connection.stop();
    await vi.waitFor(
      async () => expect(await server.sessions()).toMatchObject({ open: 0, subscriptions: 0 }),
      PATIENCE,
    );
    expect(connection.status().state).toBe('stopped');
  });

  it('keeps its one session while nothing changes', async () => {
    await connect();
    await live();
    const { everOpened } = await server.sessions();
    const since = Date.now();
    await vi.waitFor(() => expect(Date.now() - since).toBeGreaterThan(3000), PATIENCE);
    expect(reading()).toMatchObject({ value: 20, stale: false });
    expect(await server.sessions()).toMatchObject({ open: 1, everOpened });
  });

  it('finds a server that was killed and comes back, with one session', async () => {
    await connect();
    await live();
    await server.kill();
    await vi.waitFor(() => expect(reading()).toMatchObject({ value: 20, stale: true }), PATIENCE);
    await vi.waitFor(
      () => expect(connection.status().text).toMatch(/^OPCUA_SERVER_ABSENT: .*goes on trying/),
      PATIENCE,
    );
    await server.start();
    await live();
    expect(await server.sessions()).toMatchObject({ open: 1, subscriptions: 1, monitoredItems: 1 });
  });

  it('says a server that is frozen is silent, and goes on when it runs again, with one session', async () => {
    await connect();
    await live();
    const seenAtMs = reading()?.sourceTimeMs ?? 0;
    server.freeze();
    try {
      await vi.waitFor(() => expect(connection.isLive).toBe(false), PATIENCE);
      expect(reading()).toMatchObject({ value: 20, stale: true });
      expect(connection.status().text).toMatch(/^OPCUA_SERVER_SILENT: /);
      expect(source.snapshot(seenAtMs).readings[0]).toMatchObject({ value: 20, stale: false });
    } finally {
      server.thaw();
    }
    await live();
    await vi.waitFor(
      async () => expect(await server.sessions()).toMatchObject({ open: 1, subscriptions: 1 }),
      PATIENCE,
    );
  });

  it('notices by the next request that the server has ended its session, and opens one other', async () => {
    await connect();
    await live();
    const { everOpened } = await server.sessions();
    await server.closeSessions();
    await expect(connection.readNode('ns=1;s=temperature')).rejects.toThrow();
    await vi.waitFor(() => expect(spoken().join()).toMatch(/OPCUA_CONNECTION_LOST: .*BadSession/), PATIENCE);
    await live();
    await vi.waitFor(
      async () => expect(await server.sessions()).toMatchObject({ open: 1, everOpened: everOpened + 1 }),
      PATIENCE,
    );
  });

  it('does not take a short hang for a loss', async () => {
    await connect();
    await live();
    const { everOpened } = await server.sessions();
    const since = Date.now();
    server.freeze();
    try {
      await vi.waitFor(() => expect(Date.now() - since).toBeGreaterThan(600), PATIENCE);
    } finally {
      server.thaw();
    }
    await server.set('temperature', 21);
    await vi.waitFor(() => expect(reading()).toMatchObject({ value: 21, stale: false }), PATIENCE);
    await server.set('temperature', 20);
    expect(await server.sessions()).toMatchObject({ open: 1, everOpened });
  });

  it('stops while the server is frozen, and leaves nothing behind when it runs again', async () => {
    await connect();
    await live();
    server.freeze();
    try {
      await connection.stop();
    } finally {
      server.thaw();
    }
    expect(connection.status().state).toBe('stopped');
    await vi.waitFor(
      async () => expect(await server.sessions()).toMatchObject({ open: 0, subscriptions: 0 }),
      PATIENCE,
    );
  });

  it('stops while it is connecting', async () => {
    await connect();
    await connection.stop();
    expect(connection.status().state).toBe('stopped');
    await vi.waitFor(async () => expect(await server.sessions()).toMatchObject({ open: 0 }), PATIENCE);
  });

  it('can be started again', async () => {
    await connect();
    await live();
    await connection.stop();
    await connection.start();
    await live();
    expect(await server.sessions()).toMatchObject({ open: 1 });
  });

  it('stops when its signal aborts', async () => {
    await connect();
    await live();
    await connection.stop();
    const abort = new AbortController();
    await connection.start(abort.signal);
    await live();
    abort.abort();
    await vi.waitFor(() => expect(connection.status().state).toBe('stopped'), PATIENCE);
    await vi.waitFor(async () => expect(await server.sessions()).toMatchObject({ open: 0 }), PATIENCE);
  });

  it('keeps the log calm while the server is away', async () => {
    await connect();
    await live();
    await server.kill();
    const attempts = () => log.lines.filter(({ message }) => message.startsWith('OPCUA_SERVER_ABSENT')).length;
    await vi.waitFor(() => expect(attempts()).toBeGreaterThan(3), PATIENCE);
    expect(spoken().map((line) => line.split(':')[0])).toEqual([
      `Connected to opc.tcp`,
      'OPCUA_CONNECTION_LOST',
      'OPCUA_SERVER_ABSENT',
    ]);
    await server.start();
    await live();
    expect(spoken().at(-1)).toBe(`Connected to ${server.endpoint}.`);
  });

  it('keeps the console silent', async () => {
    const heard = heardConsole();
    try {
      await connect();
      await live();
      server.freeze();
      await vi.waitFor(() => expect(connection.status().text).toMatch(/SILENT/), PATIENCE);
      server.thaw();
      await live();
      await server.kill();
      await vi.waitFor(() => expect(connection.status().text).toMatch(/ABSENT/), PATIENCE);
      await server.start();
      await live();
      await connection.stop();
    } finally {
      heard.end();
      server.thaw();
    }
    expect(heard.said).toEqual([]);
  });

  it('keeps nothing of the attempts that failed', async () => {
    const away = await makeConnection('opc.tcp://127.0.0.1:1', { reconnectMaxMs: 10 }, { logger: log.logger });
    await connect();
    log.lines.length = 0;
    await away.start();
    await vi.waitFor(() => expect(log.lines.length).toBeGreaterThan(30), PATIENCE);
    await away.stop();
    await vi.waitFor(
      () => expect(queryObjects(OPCUACertificateManager, { format: 'count' })).toBeLessThan(5),
      PATIENCE,
    );
  });

  it.each(['connected', 'disconnected'] as const)(
    'leaves nothing running when it is stopped while %s',
    async (state) => {
      const endpoint = state === 'connected' ? server.endpoint : 'opc.tcp://127.0.0.1:1';
      const child = forkProgram('integration/opcua/stop-process.ts', [endpoint, await pkiFolder(), state], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      child.disconnect();
      onTestFinished(() => void child.kill('SIGKILL'));
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
  );

  it('waits longer for a server that gives signs of life rarely', async () => {
    await connect({ lostAfterMs: 60 });
    await live();
    const { everOpened } = await server.sessions();
    const since = Date.now();
    await vi.waitFor(() => expect(Date.now() - since).toBeGreaterThan(1500), PATIENCE);
    expect((await server.sessions()).everOpened).toBe(everOpened);
    expect(spoken().join()).toMatch(/gives a sign of life only every \d+ ms/);
  });
});
