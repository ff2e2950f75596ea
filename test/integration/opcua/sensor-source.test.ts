import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaSensorSource } from '#jidoka/opcua/sensor-source.js';
import { sensorSourceContract } from '../../contract/sensors.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { makeConnection, PATIENCE, removePki, sensor } from './rig.js';

const TAGS = {
  temperature: { type: 'Double', value: 20 },
  pressure: { type: 'Float', value: 4.5 },
  running: { type: 'Boolean', value: true },
  recipe: { type: 'String', value: 'A4' },
  total: { type: 'Int64', value: [0, 12] },
  curve: { type: 'Double', array: true, value: [1, 2] },
  broken: { type: 'Double', value: 0 },
};

afterAll(removePki);

sensorSourceContract('an OPC UA server', async () => {
  const server = new TestOpcuaServer({ tags: TAGS });
  await server.reserve();
  const connection = await makeConnection(server.endpoint);
  await connection.start();
  return {
    source: new OpcuaSensorSource({
      sensors: [sensor('temperature', 'temperature'), sensor('ghost', 'ghost')],
      connections: new Map([['plc', connection]]),
    }),
    sensors: ['temperature', 'ghost'],
    connect: () => server.start(),
    disconnect: () => server.kill(),
    set: (value) => server.set('temperature', value),
    dispose: async () => {
      await connection.stop();
      await server.dispose();
    },
  };
});

describe('OPC UA readings', () => {
  const server = new TestOpcuaServer({ tags: TAGS });
  let connection: OpcuaConnection;
  let source: OpcuaSensorSource;

  const read = (name: string, atMs = Date.now()) =>
    source.snapshot(atMs).readings.find((reading) => reading.sensor === name);

  beforeAll(async () => {
    await server.start();
    await server.set('broken', Number.NaN);
  });
  afterAll(() => server.dispose());

  beforeEach(async () => {
    connection = await makeConnection(server.endpoint);
    source = new OpcuaSensorSource({
      sensors: [...Object.keys(TAGS), 'ghost'].map((tag) =>
        sensor(tag, tag, tag === 'pressure' ? { unit: 'bar' } : {}),
      ),
      connections: new Map([['plc', connection]]),
    });
    await connection.start();
    await source.start(new AbortController().signal);
    await vi.waitFor(() => expect(read('temperature')).toMatchObject({ quality: 'good', stale: false }), PATIENCE);
  });
  afterEach(async () => {
    await source.stop();
    await connection.stop();
  });

  it('have the value, unit, quality and time of each type of tag', () => {
    expect(read('pressure')).toMatchObject({ value: 4.5, unit: 'bar', quality: 'good', status: 'Good', stale: false });
    expect(read('running')?.value).toBe(true);
    expect(read('recipe')?.value).toBe('A4');
    expect(read('total')?.value).toBe(12);
    expect(read('temperature')).not.toHaveProperty('unit');
  });

  it('are bad where the value is none, and the status tells each cause', () => {
    expect(read('curve')).toMatchObject({ value: null, quality: 'bad' });
    expect(read('broken')).toMatchObject({ value: null, quality: 'bad' });
    expect(read('ghost')).toMatchObject({ value: null, quality: 'bad', status: 'BadNodeIdUnknown', stale: true });
    const { state, text, faults } = source.status();
    expect(state).toBe('degraded');
    expect(text).toBe('3 of 8 tags cannot be read: curve, broken, ghost.');
    expect(faults.get('ghost')).toMatch(/^OPCUA_NODE_UNKNOWN: .*ns=1;s=ghost/);
    expect(faults.get('curve')).toMatch(/array of Double/);
    expect(faults.get('broken')).toMatch(/NaN/);
  });

  it("have the server's status by name and keep the value that comes with it", async () => {
    await server.set('temperature', 33, { status: 'BadSensorFailure' });
    await vi.waitFor(() => {
      expect(read('temperature')).toMatchObject({ value: 33, quality: 'bad', status: 'BadSensorFailure' });
    }, PATIENCE);
    expect(source.status().faults.get('temperature')).toMatch(/^OPCUA_VALUE_BAD: .*BadSensorFailure/);
    await server.set('temperature', 34, { status: 'UncertainLastUsableValue' });
    await vi.waitFor(() => {
      expect(read('temperature')).toMatchObject({
        value: 34,
        quality: 'uncertain',
        status: 'UncertainLastUsableValue',
      });
    }, PATIENCE);
    await server.set('temperature', 20);
    await vi.waitFor(() => expect(read('temperature')).toMatchObject({ value: 20, quality: 'good' }), PATIENCE);
  });

  it('do not grow stale while nothing changes and the server lives', async () => {
    const before = read('recipe');
    await vi.waitFor(() => expect(read('recipe')?.ageMs).toBeGreaterThan((before?.ageMs ?? 0) + 2000), PATIENCE);
    expect(read('recipe')).toMatchObject({ value: 'A4', stale: false, quality: 'good' });
  });

  it('stand in with the earliest value where the capture was before all of them, and say so', async () => {
    const sourceTimeMs = read('temperature')?.sourceTimeMs ?? 0;
    expect(read('temperature', sourceTimeMs - 100)).toMatchObject({
      value: 20,
      quality: 'uncertain',
      status: 'UncertainSubstituteValue',
      ageMs: -100,
      stale: false,
    });
    expect(read('temperature', sourceTimeMs - 60_000)).toMatchObject({ quality: 'uncertain', stale: true });
  });

  it('of a tag that comes to exist later are found by themselves', async () => {
    const patient = await makeConnection(server.endpoint, {}, { retryTagsMs: 100 });
    const late = new OpcuaSensorSource({
      sensors: [sensor('late', 'late')],
      connections: new Map([['plc', patient]]),
    });
    await patient.start();
    await late.start(new AbortController().signal);
    await vi.waitFor(() => expect(late.status().faults.get('late')).toMatch(/OPCUA_NODE_UNKNOWN/), PATIENCE);
    await server.addTag('late', { type: 'Double', value: 7 });
    await vi.waitFor(() => {
      expect(late.snapshot(Date.now()).readings[0]).toMatchObject({ value: 7, quality: 'good', stale: false });
    }, PATIENCE);
    expect(late.status()).toMatchObject({ state: 'connected', faults: new Map() });
    await late.stop();
    await patient.stop();
  });

  it('ask the server no longer for tags once the source has stopped', async () => {
    const session = await server.sessions();
    expect(session.monitoredItems).toBe(Object.keys(TAGS).length);
    await source.stop();
    await vi.waitFor(async () => expect((await server.sessions()).monitoredItems).toBe(0), PATIENCE);
  });
});

describe('OPC UA sensors', () => {
  const none = new AbortController().signal;

  it('of an unknown connection are refused at the start', async () => {
    const source = new OpcuaSensorSource({
      sensors: [sensor('a', 'a', { connection: 'ghost' })],
      connections: new Map(),
    });
    await expect(source.start(none)).rejects.toMatchObject({
      code: 'OPCUA_CONNECTION_UNKNOWN',
      consequence: 'config',
      got: 'ghost',
    });
  });

  it('have to say which of two connections they mean', async () => {
    const one = await makeConnection('opc.tcp://127.0.0.1:1');
    const connections = new Map([
      ['one', one],
      ['two', one],
    ]);
    const source = new OpcuaSensorSource({ sensors: [sensor('a', 'a')], connections });
    await expect(source.start(none)).rejects.toMatchObject({
      code: 'OPCUA_CONNECTION_AMBIGUOUS',
      expected: 'one of one, two',
    });
  });
});
