import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentProcess } from '../../simulators/agent-process.js';
import { freePort } from '../../simulators/mosquitto.js';
import { overwritePage, pagesOf, randomFrom } from '../store/damage.js';
import { renderedTiles, StationOnDisk } from './line.js';

describe('jidoka run with a database that is damaged under way', () => {
  let station: StationOnDisk;
  let agent: AgentProcess | undefined;

  beforeEach(async () => {
    station = await StationOnDisk.create();
    await station.writeConfig({ mqttUrl: `mqtt://127.0.0.1:${await freePort()}`, model: 'rendered-tile' });
  });

  afterEach(async () => {
    await agent?.dispose();
    await station.remove();
  });

  it('exits with 1, so that systemd restarts it, and goes on with all that was recorded', async () => {
    const tiles = [...(await renderedTiles(6))];
    const database = join(station.state, 'jidoka.sqlite');
    agent = new AgentProcess(station.config);
    await agent.ready();
    for (const [name, jpeg] of tiles.slice(0, 5)) await station.deliver(name, jpeg);
    await vi.waitFor(() => expect(station.rows()).toHaveLength(5), { timeout: 30_000, interval: 100 });

    const before = station.rows();
    // Another program's write makes the agent read its pages anew.
    const other = new Database(database);
    other.exec('UPDATE stations SET pass = pass');
    other.pragma('wal_checkpoint(TRUNCATE)');
    for (const page of pagesOf(database, 'inspections_by_verdict')) overwritePage(database, page, randomFrom(page));
    other.close();
    const [name, jpeg] = tiles[5] ?? ['', new Uint8Array()];
    await station.deliver(name, jpeg);
    expect(await agent.exited()).toBe(1);
    expect(existsSync(`${database}.suspect`)).toBe(true);

    agent = new AgentProcess(station.config);
    await agent.ready();
    await vi.waitFor(() => expect(station.rows()).toHaveLength(6), { timeout: 30_000, interval: 100 });
    expect(station.rows().slice(0, 5)).toEqual(before);
    expect(station.rows()[5]).toMatchObject({ seq: 6, source: name });
    expect(await agent.signal('SIGTERM')).toBe(0);
    expect(readdirSync(station.state).filter((file) => /damaged-\w+Z$/.test(file))).toHaveLength(1);
    expect(existsSync(`${database}.suspect`)).toBe(false);
  }, 120_000);
});
