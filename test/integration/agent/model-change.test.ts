import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AedesBroker } from '../../simulators/aedes-broker.js';
import { AgentProcess } from '../../simulators/agent-process.js';
import { type TinyModel, tinyModel, tinyVariant, writeTinyPackage } from '../../simulators/onnx.js';
import { StationOnDisk, Subscriber } from './line.js';

/** Calls dark pictures good, so that a bright part tells by its verdict which model judged it. */
const INVERSE: TinyModel = { weights: [-10, 10], biases: [5, -5] };
/** A machine may have other work. */
const PATIENT = { timeout: 60_000 };
const RELOADED = /^The models have been looked at\./;

describe('jidoka run on SIGHUP', { timeout: 240_000 }, () => {
  let broker: AedesBroker;
  let station: StationOnDisk;
  let subscriber: Subscriber;
  let agent: AgentProcess;
  let bright: Uint8Array;
  let delivered: string[];

  beforeEach(async () => {
    broker = await AedesBroker.onFreePort();
    await broker.start();
    subscriber = await Subscriber.connect(broker.url);
    station = await StationOnDisk.create();
    delivered = [];
    bright = await sharp(Buffer.alloc(1024, 255), { raw: { width: 32, height: 32, channels: 1 } })
      .jpeg()
      .toBuffer();
    await writeTinyPackage(station.folder);
    await station.writeConfig({ mqttUrl: broker.url, model: join(station.folder, 'tiny') });
    agent = new AgentProcess(station.config);
    await agent.logged(/^Ready\b/, 60_000);
  });

  afterEach(async () => {
    await agent.dispose();
    await subscriber.end();
    await broker.stop();
    await station.remove();
  });

  async function deliver(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const name = `${String(delivered.length).padStart(4, '0')}.jpg`;
      await station.deliver(name, bright);
      delivered.push(name);
    }
  }

  async function allArrived(): Promise<void> {
    await vi.waitFor(() => expect(subscriber.unique.length).toBe(delivered.length), PATIENT);
  }

  /** Sends the signal and waits until it has been served. */
  async function reload(outcome = RELOADED): Promise<void> {
    const before = agent.count(outcome);
    agent.send('SIGHUP');
    await vi.waitFor(() => expect(agent.count(outcome)).toBeGreaterThan(before), PATIENT);
  }

  const status = () => subscriber.latest.get('plant/line/status');
  const state = () => subscriber.latest.get('plant/line/surface/state');

  /** Every part once, in both places, and each judged by one model as a whole. */
  function expectNoPartLost(): void {
    const rows = station.rows();
    expect(rows.map(({ source }) => source).sort()).toEqual([...delivered].sort());
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(subscriber.unique.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    for (const { model, verdict, class: label } of subscriber.unique) {
      const expected = model.version === '1.0.0' ? ['pass', 'good'] : ['fail', 'defect1'];
      expect({ version: model.version, judged: [verdict, label] }).toEqual({
        version: model.version,
        judged: expected,
      });
    }
  }

  const versions = (): string[] => subscriber.unique.map(({ model }) => model.version);

  it('judges with a new version from some part on, while parts come all the time, and loses none', async () => {
    await deliver(10);
    await allArrived();
    await writeTinyPackage(station.folder, INVERSE, undefined, '1.1.0');
    let changed = false;
    const changing = reload().then(() => {
      changed = true;
    });
    // The line does not stop for it: parts come until the new model is in use, and some more.
    while (!changed) {
      await deliver(5);
      await allArrived();
    }
    await changing;
    await deliver(10);
    await allArrived();
    expectNoPartLost();
    const seen = versions();
    expect(seen.slice(0, 10)).toEqual(new Array(10).fill('1.0.0'));
    expect(seen.slice(-10)).toEqual(new Array(10).fill('1.1.0'));
    expect(seen).toEqual([...seen].sort());
    expect(await agent.logged(/^Station surface judges with this model/)).toMatchObject({ model: 'tiny 1.1.0' });
    await vi.waitFor(() => expect(state()).toMatchObject({ model: { version: '1.1.0', variant: 'fp32' } }), PATIENT);
    await vi.waitFor(() => expect(status()).toMatchObject({ health: 'ok', troubles: [] }), PATIENT);
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  it('goes on with the model in use where the new one is broken, says so, and takes it once it is mended', async () => {
    const broken = (manifest: Record<string, unknown>) => ({
      ...manifest,
      variants: { fp32: tinyVariant(tinyModel()) },
    });
    await writeTinyPackage(station.folder, INVERSE, broken, '1.1.0');
    await reload();
    const text = expect.stringMatching(/^tiny 1\.0\.0 goes on.*MODEL_HASH_MISMATCH/);
    const trouble = { health: 'degraded', troubles: [{ where: 'model of surface', text }] };
    await vi.waitFor(() => expect(status()).toMatchObject(trouble), PATIENT);
    await deliver(5);
    await allArrived();
    expect(versions()).toEqual(new Array(5).fill('1.0.0'));
    await rm(join(station.folder, 'tiny', '1.1.0'), { recursive: true });
    await writeTinyPackage(station.folder, INVERSE, undefined, '1.1.0');
    await reload();
    await vi.waitFor(() => expect(status()).toMatchObject({ health: 'ok', troubles: [] }), PATIENT);
    await deliver(5);
    await allArrived();
    expect(versions().slice(5)).toEqual(new Array(5).fill('1.1.0'));
    expectNoPartLost();
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  it('changes nothing for a configuration with problems, names them, and serves the next signal', async () => {
    const text = await readFile(station.config, 'utf8');
    await writeTinyPackage(station.folder, INVERSE, undefined, '1.1.0');
    await writeFile(station.config, text.replace('baseTopic', 'basTopic'));
    await reload(/^The configuration cannot be used, so every model stays/);
    expect(agent.text).toMatch(/jidoka\.yaml:\d+:\d+ .*basTopic.*baseTopic/);
    await vi.waitFor(() => expect(status()).toMatchObject({ troubles: [{ where: 'configuration' }] }), PATIENT);
    await deliver(1);
    await allArrived();
    expect(versions()).toEqual(['1.0.0']);
    await writeFile(station.config, text.replace('images: fails-and-reviews', 'images: none'));
    await reload();
    expect(await agent.logged(/takes effect at a restart only/)).toMatchObject({ keys: ['stations.surface.images'] });
    await vi.waitFor(() => expect(status()).toMatchObject({ health: 'ok' }), PATIENT);
    await deliver(1);
    await allArrived();
    expect(versions()).toEqual(['1.0.0', '1.1.0']);
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  it('serves signals that come close together, and a stop that follows at once', async () => {
    await writeTinyPackage(station.folder, INVERSE, undefined, '1.1.0');
    for (let count = 0; count < 5; count += 1) agent.send('SIGHUP');
    await agent.logged(RELOADED);
    await writeTinyPackage(station.folder, {}, undefined, '1.2.0');
    await reload();
    await vi.waitFor(() => expect(state()).toMatchObject({ model: { version: '1.2.0' } }), PATIENT);
    await writeTinyPackage(station.folder, INVERSE, undefined, '1.3.0');
    agent.send('SIGHUP');
    agent.send('SIGHUP');
    expect(await agent.signal('SIGTERM')).toBe(0);
    expect(agent.text).not.toMatch(/did not stop cleanly|took longer/);
  });
});
