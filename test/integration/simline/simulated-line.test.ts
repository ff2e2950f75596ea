import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { AttributeIds, type ClientSession, DataType, OPCUAClient, StatusCodes } from 'node-opcua-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import { FeedCamera } from '#jidoka/camera/simulated/feed-camera.js';
import { renderTile } from '#jidoka/camera/simulated/tile.js';
import { linePart } from '#jidoka/simline/process-model.js';
import { type SimulatedLine, startSimulatedLine } from '#jidoka/simline/simulated-line.js';
import { takeFrames } from '../../contract/camera.js';
import { cameraDeps, eventually } from '../camera/helpers.js';

const FREE_PORTS = { mqttPort: 0, opcuaPort: 0, cameraPort: 0 } as const;
const SEED = 11;

describe('simulated line', () => {
  let line: SimulatedLine;
  let client: OPCUAClient;
  let session: ClientSession;

  beforeAll(async () => {
    line = await startSimulatedLine({ seed: SEED, partsPerSecond: 20, ...FREE_PORTS });
    client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
    await client.connect(line.opcuaEndpoint);
    session = await client.createSession();
  });
  afterAll(async () => {
    await session.close();
    await client.disconnect();
    await line.stop();
  });

  const read = async (tag: string) => session.read({ nodeId: `ns=1;s=${tag}`, attributeId: AttributeIds.Value });

  it('needs no notice where the ports are free', () => {
    expect(line.notices).toEqual([]);
    expect(line.cameraUrls).toEqual([line.cameraUrl]);
  });

  it('shows process values with good quality, a fresh source time, a range and a unit', async () => {
    for (const tag of ['Temperature', 'Pressure', 'Speed', 'Vibration']) {
      const value = await read(`Line1.${tag}`);
      expect(value.statusCode).toEqual(StatusCodes.Good);
      expect(value.value.dataType).toBe(DataType.Double);
      expect(Math.abs(Date.now() - (value.sourceTimestamp?.getTime() ?? 0))).toBeLessThan(10_000);
      expect(value.value.value).toBeGreaterThan(0);
    }
    const children = await session.browse('ns=1;s=Line1.Temperature');
    expect(children.references?.map((reference) => reference.browseName.name)).toEqual(
      expect.arrayContaining(['EURange', 'EngineeringUnits']),
    );
  });

  it('counts parts and toggles the trigger with each', async () => {
    const before = (await read('Line1.PartCounter')).value.value as number;
    await eventually(async () => {
      expect((await read('Line1.PartCounter')).value.value).toBeGreaterThan(before + 2);
    });
    const values = await session.read(
      ['Line1.PartCounter', 'Line1.Trigger'].map((tag) => ({
        nodeId: `ns=1;s=${tag}`,
        attributeId: AttributeIds.Value,
      })),
    );
    expect(values[1]?.value.value).toBe((values[0]?.value.value as number) % 2 === 1);
  });

  it('takes results on its writable tags, and refuses writes to its own', async () => {
    const writes = [
      ['OK', DataType.Boolean, true],
      ['NOK', DataType.Boolean, false],
      ['Code', DataType.Int16, 2],
      ['Label', DataType.String, 'crack'],
      ['Score', DataType.Float, 0.5],
      ['Counter', DataType.UInt32, 7],
    ] as const;
    const write = (tag: string, dataType: DataType, value: unknown) =>
      session.write({
        nodeId: `ns=1;s=${tag}`,
        attributeId: AttributeIds.Value,
        value: { value: { dataType, value } },
      });
    for (const [tag, dataType, value] of writes) {
      expect(await write(`Line1.Result.${tag}`, dataType, value)).toEqual(StatusCodes.Good);
      expect((await read(`Line1.Result.${tag}`)).value.value).toBe(value);
    }
    expect((await write('Line1.Temperature', DataType.Double, 1)).isGood()).toBe(false);
  });

  it('passes messages between MQTT clients and keeps retained ones', async () => {
    const clients: MqttClient[] = [];
    try {
      const publisher = await connectAsync(line.mqttUrl, { protocolVersion: 4 });
      clients.push(publisher);
      await publisher.publishAsync('plant/status', 'online', { qos: 1, retain: true });
      const subscriber = await connectAsync(line.mqttUrl, { protocolVersion: 4 });
      clients.push(subscriber);
      const message = new Promise<string>((resolve) => {
        subscriber.on('message', (topic, payload, packet) => resolve(`${topic} ${payload} ${packet.retain}`));
      });
      await subscriber.subscribeAsync('plant/#', { qos: 1 });
      expect(await message).toBe('plant/status online true');
    } finally {
      await Promise.all(clients.map((each) => each.endAsync()));
    }
  });

  it('shows each part to a camera as the process made it', async () => {
    const camera = new FeedCamera({ url: line.cameraUrl }, cameraDeps());
    const before = line.parts();
    const frames = await takeFrames(camera, 5);
    const possible = Array.from({ length: line.parts() - before + 1 }, (_, index) => {
      const { tileClass, tileSeed } = linePart(SEED, before + index);
      return renderTile({ tileClass, seed: tileSeed });
    });
    for (const frame of frames) expect(possible).toContainEqual(frame.image);
  });
});

describe('simulated line: ports and folders', () => {
  it('takes the next free port and says so', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen({ host: '127.0.0.1', port: 0, exclusive: true }, resolve));
    const taken = (blocker.address() as AddressInfo).port;
    const line = await startSimulatedLine({ seed: 1, partsPerSecond: 2, ...FREE_PORTS, mqttPort: taken });
    try {
      expect(line.notices).toEqual([`Port ${taken} is taken; the MQTT broker uses ${new URL(line.mqttUrl).port}.`]);
      await (await connectAsync(line.mqttUrl)).endAsync();
    } finally {
      await line.stop();
      blocker.close();
    }
  });

  it('keeps its certificate in the given folder, closes every port and can be started there again', async () => {
    const stateFolder = await mkdtemp(join(tmpdir(), 'jidoka-line-state-'));
    try {
      const options = { seed: 1, partsPerSecond: 5, mqttPort: 0, opcuaPort: 0, cameraPorts: [0, 0], stateFolder };
      const line = await startSimulatedLine(options);
      expect(line.cameraUrls).toHaveLength(2);
      expect(await readdir(stateFolder)).toContain('server');
      const camera = new FeedCamera(
        { url: line.cameraUrls[1] ?? '' },
        { station: 's', originLog: cameraDeps().originLog, logger: silentLogger, clock: systemClock },
      );
      expect(await takeFrames(camera, 1)).toHaveLength(1);
      await line.stop();
      const ports = [line.mqttUrl, ...line.cameraUrls, line.opcuaEndpoint].map((url) => Number(new URL(url).port));
      for (const port of ports) {
        const server = createServer();
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen({ host: '127.0.0.1', port }, resolve);
        });
        server.close();
      }
      await (await startSimulatedLine(options)).stop();
    } finally {
      await rm(stateFolder, { recursive: true, force: true });
    }
  });

  it('leaves nothing running in its process and prints nothing', async () => {
    const script = `
      import { startSimulatedLine } from '#jidoka/simline/simulated-line.js';
      const line = await startSimulatedLine({ seed: 1, partsPerSecond: 50, mqttPort: 0, opcuaPort: 0, cameraPort: 0 });
      await line.stop();`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: join(import.meta.dirname, '..', '..', '..'),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    child.stderr.on('data', (chunk) => {
      printed += chunk;
    });
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect({ code, printed }).toEqual({ code: 0, printed: '' });
  });
});
