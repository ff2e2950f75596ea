import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import type { TagSample } from '#jidoka/opcua/tag-history.js';
import { AsyncuaServer, asyncuaAbsent } from '../../simulators/asyncua-server.js';
import { OpcuaProxy } from '../../simulators/opcua-proxy.js';
import { keptLog, makeConnection, PATIENCE, pkiFolder, removePki } from './rig.js';

const because = asyncuaAbsent === undefined ? '' : ` (skipped: ${asyncuaAbsent})`;
const TAGS = { level: { type: 'Double', value: 1 } };

afterAll(removePki);

describe.skipIf(asyncuaAbsent !== undefined)(`an OPC UA connection that is disturbed${because}`, () => {
  const log = keptLog();
  let server: AsyncuaServer;
  let proxy: OpcuaProxy;
  let connection: OpcuaConnection;
  let seen: TagSample[];

  async function connect(endpoint: string, config: object = {}): Promise<void> {
    log.lines.length = 0;
    seen = [];
    connection = await makeConnection(endpoint, { reconnectMaxMs: 300, ...config }, { logger: log.logger });
    connection.monitor({ nodeId: 'ns=1;s=level', samplingMs: 20, onSample: (sample) => seen.push(sample) });
    await connection.start();
    await read(1);
  }

  /** Waits until the server's value has come in the present life. */
  const read = (value: unknown) =>
    vi.waitFor(() => {
      expect(connection.isLive).toBe(true);
      expect(seen.at(-1)).toMatchObject({ value, life: connection.life });
    }, PATIENCE);

  const endOf = (life: number) => vi.waitFor(() => expect(connection.life).toBeGreaterThan(life), PATIENCE);

  const heldOnServer = () =>
    vi.waitFor(
      async () => expect(await server.sessions()).toMatchObject({ open: 1, subscriptions: 1, monitoredItems: 1 }),
      PATIENCE,
    );

  const said = () => log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);

  describe('on its way', () => {
    beforeAll(async () => {
      server = new AsyncuaServer({ tags: TAGS });
      await server.start();
    });
    afterAll(() => server.dispose());
    beforeEach(async () => {
      await server.set('level', 1);
      proxy = await OpcuaProxy.start(server.port);
      await connect(`opc.tcp://127.0.0.1:${proxy.port}/`);
    });
    afterEach(async () => {
      await connection.stop();
      await proxy.stop();
      await server.limitSessions(1000);
    });

    it('by a network that swallows everything finds its way back once it works again', async () => {
      proxy.freeze();
      await vi.waitFor(() => expect(connection.status().text).toMatch(/^OPCUA_SERVER_SILENT: /), PATIENCE);
      await server.set('level', 2);
      proxy.breakFrozen();
      await read(2);
      await heldOnServer();
    });

    it('by a network that held everything back loses nothing where it is soon over', async () => {
      const { life } = connection;
      proxy.freeze();
      for (let value = 2; value < 40; value += 1) await server.set('level', value);
      proxy.thaw();
      await read(39);
      expect(connection.life).toBe(life);
      expect(seen.map(({ value }) => value)).toEqual(Array.from({ length: 39 }, (_, index) => index + 1));
      expect(seen.some(({ overflow }) => overflow)).toBe(false);
    });

    it('by a server that is frozen for a while leaves no session behind on it', async () => {
      server.freeze();
      try {
        await vi.waitFor(() => expect(connection.status().text).toMatch(/^OPCUA_SERVER_SILENT: /), PATIENCE);
      } finally {
        server.thaw();
      }
      await server.set('level', 2);
      await read(2);
      await heldOnServer();
      await vi.waitFor(() => expect(connection.status().leftSessions).toBe(0), PATIENCE);
    });

    it('by a half-closed socket is set up anew', async () => {
      const { life } = connection;
      proxy.halfClose();
      await endOf(life);
      await read(1);
      await heldOnServer();
    });

    it.each([
      ['session the server has closed', () => server.closeSessions()],
      ['subscription the server has deleted', () => server.deleteSubscriptions()],
      ['subscription has timed out, as the server says', () => server.changeStatus('BadTimeout')],
    ])('is set up anew where it is one whose %s', async (_what, disturb) => {
      const { life } = connection;
      await disturb();
      await endOf(life);
      await server.set('level', 3);
      await read(3);
      await heldOnServer();
      // Asyncua tells nobody that their session is gone: it is noticed by the silence.
      expect(said().join()).toMatch(/OPCUA_(CONNECTION_LOST|SERVER_SILENT)/);
      expect(connection.status().leftSessions).toBe(0);
    });

    it('by the loss of a notification counts it and asks how everything stands', async () => {
      const { life } = connection;
      await server.set('level', 4);
      await read(4);
      await server.skipNotification();
      await server.set('level', 5);
      await endOf(life);
      await read(5);
      expect(connection.status().losses).toEqual({ notifications: 1, overflows: 0 });
      expect(seen.at(-1)).toMatchObject({ first: true });
      await heldOnServer();
    });

    it('by a server without a free session says so and waits for one', async () => {
      await server.limitSessions(0);
      proxy.cut();
      proxy.open();
      await vi.waitFor(() => expect(connection.status().text).toMatch(/^OPCUA_TOO_MANY_SESSIONS: /), PATIENCE);
      await server.limitSessions(1000);
      await read(1);
      await heldOnServer();
    });
  });

  describe('by a change of the server', () => {
    afterEach(async () => {
      await connection.stop();
      await server.dispose();
    });

    it('that announces another address, which nobody can reach, goes on at its own', async () => {
      server = new AsyncuaServer({ tags: TAGS, announced: 'opc.tcp://plc.invalid:4840/one' });
      await server.start();
      await connect(server.endpoint);
      await server.kill();
      server.options = { ...server.options, announced: 'opc.tcp://192.0.2.7:4841/two' };
      await server.start();
      await server.set('level', 2);
      await read(2);
      await heldOnServer();
    });

    it('to a new certificate names the trouble, and goes on once it is trusted', async () => {
      server = new AsyncuaServer({ tags: TAGS, policies: ['Basic256Sha256_SignAndEncrypt'] });
      await server.start();
      const pki = await pkiFolder();
      const trusted = join(pki, 'trusted', 'certs');
      await mkdir(trusted, { recursive: true });
      await copyFile(join(server.folder, 'server.der'), join(trusted, 'first.der'));
      await connect(server.endpoint, { securityMode: 'signAndEncrypt', securityPolicy: 'Basic256Sha256' });
      await server.kill();
      for (const file of await readdir(server.folder)) await rm(join(server.folder, file));
      await server.start();
      await vi.waitFor(() => expect(connection.status().text).toMatch(/^OPCUA_CERT_UNTRUSTED: /), PATIENCE);
      // As the remedy says: out of the folder of the rejected ones.
      const [rejected] = await readdir(join(pki, 'rejected'));
      await rename(join(pki, 'rejected', rejected ?? ''), join(trusted, rejected ?? ''));
      await server.set('level', 2);
      await read(2);
      await heldOnServer();
    });
  });

  it('by a server that takes the connection and never answers says it is silent, and can be stopped', async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => {
      sockets.add(socket);
      socket.resume();
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }).listen(0, '127.0.0.1');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      mute.close();
    });
    await vi.waitFor(() => expect(mute.listening).toBe(true), PATIENCE);
    const { port } = mute.address() as { port: number };
    const deaf = await makeConnection(`opc.tcp://127.0.0.1:${port}/`);
    await deaf.start();
    await vi.waitFor(() => expect(deaf.status().text).toMatch(/^OPCUA_SERVER_SILENT: /), PATIENCE);
    await deaf.stop();
    expect(deaf.status().state).toBe('stopped');
    await vi.waitFor(() => expect(sockets.size).toBe(0), PATIENCE);
  });
});
