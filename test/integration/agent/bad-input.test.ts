import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentProcess, projectRoot } from '../../simulators/agent-process.js';
import { freePort } from '../../simulators/mosquitto.js';
import { pngOf } from '../../simulators/pictures.js';
import { renderedTiles, StationOnDisk } from './line.js';

describe('jidoka run with bad input', () => {
  let station: StationOnDisk;
  let agent: AgentProcess | undefined;
  let mqttUrl: string;

  beforeEach(async () => {
    station = await StationOnDisk.create();
    // Nobody listens there: inspecting does not need a broker.
    mqttUrl = `mqtt://127.0.0.1:${await freePort()}`;
  });

  afterEach(async () => {
    await agent?.dispose();
    await station.remove();
  });

  function quarantine(): { name: string; reason: string }[] {
    const database = new Database(join(station.state, 'jidoka.sqlite'), { readonly: true });
    try {
      const query = 'SELECT name, reason FROM origins WHERE reason IS NOT NULL ORDER BY name';
      return database.prepare<[], { name: string; reason: string }>(query).all();
    } finally {
      database.close();
    }
  }

  it('goes on past unreadable images: what is none is quarantined, what cannot be decoded goes to review', async () => {
    await station.writeConfig({ mqttUrl, model: 'rendered-tile' });
    agent = new AgentProcess(station.config);
    await agent.ready();
    const [[name, jpeg] = ['', new Uint8Array()]] = [...(await renderedTiles(1))];
    await station.deliver('a-text.jpg', new TextEncoder().encode('this is no picture'));
    await station.deliver('b-empty.jpg', new Uint8Array());
    await mkdir(join(station.photos, 'c-folder.png'));
    await station.deliver('d-cut.jpg', jpeg.subarray(0, jpeg.length / 3));
    await station.deliver('e-bomb.png', pngOf(20_000, 20_000, { bitDepth: 1, data: Buffer.alloc(20_000 * 2501) }));
    await station.deliver(`z-${name}`, jpeg);
    await vi.waitFor(
      () => {
        expect(station.rows().map(({ source }) => source)).toContain(`z-${name}`);
        expect(quarantine().map(({ name: quarantined }) => quarantined)).toEqual([
          'a-text.jpg',
          'b-empty.jpg',
          'c-folder.png',
          'd-cut.jpg',
          'e-bomb.png',
        ]);
      },
      { timeout: 30_000, interval: 100 },
    );
    expect(await agent.signal('SIGTERM')).toBe(0);
    const verdicts = new Map(station.rows().map(({ source, verdict }) => [source, verdict]));
    expect(verdicts.get('d-cut.jpg')).toBe('review');
    expect(verdicts.get('e-bomb.png')).toBe('review');
    expect(verdicts.size).toBe(3);
    const reasons = new Map(quarantine().map(({ name: quarantined, reason }) => [quarantined, reason]));
    expect(reasons.get('a-text.jpg')).toMatch(/no JPEG, PNG/);
    expect(reasons.get('c-folder.png')).toMatch(/folder/);
    expect(reasons.get('e-bomb.png')).toMatch(/20000/);
  }, 60_000);

  it('refuses a model whose hash is wrong, names both hashes, and ends with 78', async () => {
    const copy = join(station.folder, 'models', 'tampered', '1.0.0');
    await cp(join(projectRoot, 'models', 'rendered-tile', '1.0.0'), copy, { recursive: true });
    const bytes = await readFile(join(copy, 'model.onnx'));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(join(copy, 'model.onnx'), bytes);
    await station.writeConfig({ mqttUrl, model: copy });
    agent = new AgentProcess(station.config);
    expect(await agent.exited()).toBe(78);
    expect(agent.text).toMatch(/^jidoka: MODEL_\w*HASH\w*: .*[0-9a-f]{64}.*[0-9a-f]{64}/m);
  });

  it('shows every problem of a configuration at once and ends with 78', async () => {
    await station.writeConfig({ mqttUrl, model: 'rendered-tile' });
    const text = await readFile(station.config, 'utf8');
    await writeFile(station.config, text.replace('kind: directory', 'kind: directry').replace('baseTopic', 'basTopic'));
    agent = new AgentProcess(station.config);
    expect(await agent.exited()).toBe(78);
    expect(agent.text).toMatch(/jidoka\.yaml:\d+:\d+ .*basTopic.*baseTopic/);
    expect(agent.text).toMatch(/jidoka\.yaml:\d+:\d+ .*directry.*directory/);
  });

  it('names a rule for a class that the model does not have', async () => {
    await station.writeConfig({ mqttUrl, model: 'rendered-tile' });
    const text = await readFile(station.config, 'utf8');
    await writeFile(station.config, `${text}    verdict: { classes: { craks: { action: review } } }\n`);
    agent = new AgentProcess(station.config);
    expect(await agent.exited()).toBe(78);
    expect(agent.text).toMatch(/craks/);
    expect(agent.text).toMatch(/crack/);
  });
});
