import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaSensorSource } from '#jidoka/opcua/sensor-source.js';
import { AsyncuaServer, asyncuaAbsent } from '../../simulators/asyncua-server.js';
import { makeConnection, PATIENCE, pkiFolder, removePki, sensor } from './rig.js';

describe.skipIf(asyncuaAbsent !== undefined)(
  `an OPC UA server of another make${asyncuaAbsent === undefined ? '' : ` (${asyncuaAbsent})`}`,
  () => {
    const ending = new AbortController();
    let server: AsyncuaServer;
    let connection: OpcuaConnection | undefined;

    beforeEach(() => {
      connection = undefined;
    });

    afterEach(async () => {
      await connection?.stop();
      await server.dispose();
    });

    afterAll(async () => {
      ending.abort();
      await removePki();
    });

    test('is read and written over an encrypted channel, and keeps nothing once it is left', async () => {
      server = new AsyncuaServer({
        tags: { temperature: { type: 'Double', value: 20.5 }, ok: { type: 'Boolean', value: false } },
        policies: ['Basic256Sha256_SignAndEncrypt'],
        users: { jidoka: 'secret' },
        logins: ['username'],
      });
      await server.start();
      const pki = await pkiFolder();
      await mkdir(join(pki, 'trusted', 'certs'), { recursive: true });
      await copyFile(join(server.folder, 'server.der'), join(pki, 'trusted', 'certs', 'asyncua.der'));
      connection = await makeConnection(
        server.endpoint,
        { securityMode: 'signAndEncrypt', securityPolicy: 'Basic256Sha256', username: 'jidoka' },
        { password: 'secret' },
      );
      const source = new OpcuaSensorSource({
        sensors: [sensor('temperature', 'temperature')],
        connections: new Map([['plc', connection]]),
      });
      await source.start(ending.signal);
      await connection.start();
      await vi.waitFor(() => expect(source.snapshot(Date.now()).readings[0]?.value).toBe(20.5), PATIENCE);
      await server.set('temperature', 21.5);
      await vi.waitFor(() => expect(source.snapshot(Date.now()).readings[0]?.value).toBe(21.5), PATIENCE);

      const statuses = await connection.write([{ nodeId: 'ns=1;s=ok', dataType: 1, value: true }]);
      expect(statuses).toEqual(['Good']);
      expect(await server.get('ok')).toBe(true);
      expect(await server.writes()).toEqual([[{ name: 'ok', type: 'Boolean', value: true }]]);
      expect(await server.sessions()).toMatchObject({ open: 1, subscriptions: 1, monitoredItems: 1 });

      await connection.stop();
      expect(await server.sessions()).toMatchObject({ open: 0, subscriptions: 0, monitoredItems: 0 });
      expect(await readdir(join(pki, 'rejected'))).toEqual([]);
    });
  },
);
