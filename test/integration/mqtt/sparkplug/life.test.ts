import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import { mqttSchema } from '#jidoka/config/schema/mqtt.js';
import type { AuditEntry, Command } from '#jidoka/domain/command.js';
import type { SparkplugPublisherOptions } from '#jidoka/mqtt/sparkplug/options.js';
import { SparkplugPublisher } from '#jidoka/mqtt/sparkplug/sparkplug-publisher.js';
import { exampleInspection, onlineStatus, outboxRecord, stationState } from '../../../simulators/messages.js';
import { Mosquitto, mosquittoAbsent } from '../../../simulators/mosquitto.js';
import { commandPayload, gaps, type HostTemplate, metric, SparkplugHost } from '../../../simulators/sparkplug-host.js';

const STATION = 'bottle-neck';
const CAMERA = `camera of ${STATION}`;
const CAPTURED_AT_MS = Date.UTC(2026, 10, 23, 9, 41, 7, 250);
/** Shorter than the config allows, so that a row is proven within seconds. */
const KEEP_ALIVE_S = 1;

class RecordedCommands {
  readonly executed: Command[] = [];
  readonly refusals: AuditEntry[] = [];
  execute(command: Command) {
    this.executed.push(command);
    return Promise.resolve({ ok: true, value: {} } as const);
  }
  refused(entry: AuditEntry) {
    this.refusals.push(entry);
  }
}

describe.skipIf(mosquittoAbsent)('a Sparkplug edge node', () => {
  let broker: Mosquitto;
  let host: SparkplugHost;
  let publisher: SparkplugPublisher;

  beforeEach(async () => {
    broker = await Mosquitto.start();
    host = await SparkplugHost.start(broker.url, 'press-shop', 'line4');
  });
  afterEach(async () => {
    await publisher.stop(500);
    await host.stop();
    await broker.dispose();
  });

  function create(
    options: Partial<SparkplugPublisherOptions> = {},
    config: Partial<SparkplugPublisherOptions['config']> = {},
  ): SparkplugPublisher {
    publisher = new SparkplugPublisher({
      config: {
        ...mqttSchema.parse({ url: broker.url, profile: 'sparkplug', reconnectMaxMs: 300 }),
        keepAliveSeconds: KEEP_ALIVE_S,
        ...config,
      },
      sparkplug: { groupId: 'press-shop' },
      destination: 'mqtt',
      identity: onlineStatus(),
      devices: [
        {
          name: STATION,
          sensors: [
            { name: 'temperature', unit: '°C' },
            { name: 'pressure', unit: 'bar' },
          ],
          goodThreshold: 0.9,
          thresholds: { chipped: 0.5 },
          camera: CAMERA,
          plcs: ['OPC UA server plc'],
        },
      ],
      announceIntervalMs: 20,
      logger: silentLogger,
      ...options,
    });
    return publisher;
  }

  const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 10 });
  const born = (count = 1) => until(() => expect(host.of('DBIRTH')).toHaveLength(count));
  const inspection = (seq: number) => outboxRecord(seq, seq, exampleInspection(STATION));

  it('is born with everything it will ever report', async () => {
    create().announceState(stationState());
    publisher.announceStatus(onlineStatus());
    await publisher.start();
    await born();
    const [node, device] = host.messages;
    expect(node).toMatchObject({ type: 'NBIRTH', qos: 0, retain: false, seq: 0 });
    expect(device).toMatchObject({ type: 'DBIRTH', qos: 0, retain: false, seq: 1, device: STATION });
    expect(metric(node, 'bdSeq')).toMatchObject({ value: 0, datatype: 4, alias: undefined });
    expect(metric(node, 'Node Control/Rebirth')).toMatchObject({ value: false, datatype: 11, alias: undefined });
    const definition = metric(node, 'Inspection Result')?.value as HostTemplate;
    expect(definition).toMatchObject({ isDefinition: true, ref: undefined, version: '1' });
    const instance = metric(device, 'Inspection/Result')?.value as HostTemplate;
    expect(instance).toMatchObject({ isDefinition: false, ref: 'Inspection Result' });
    expect(instance.members.map(({ name }) => name)).toEqual(definition.members.map(({ name }) => name));
    expect(metric(device, 'Inspection/Seq')).toMatchObject({ value: 812, timestamp: CAPTURED_AT_MS });
    expect(metric(device, 'Inspection/Part Id')).toMatchObject({ isNull: true, value: undefined });
    expect(metric(device, 'Sensor/temperature')).toMatchObject({ isNull: true, datatype: 10 });
    expect(metric(device, 'Sensor/temperature')?.properties.get('engUnit')).toBe('°C');
    expect(metric(device, 'Count/Total')).toMatchObject({ value: 812 });
    expect(metric(device, 'Control/Threshold/chipped')).toMatchObject({ value: 0.5 });
    const all = [...(node?.metrics ?? []), ...(device?.metrics ?? [])];
    const aliases = all.flatMap(({ alias }) => alias ?? []);
    expect(new Set(aliases).size).toBe(aliases.length);
    for (const { name, datatype, timestamp } of all) {
      expect(name).toMatch(/^[A-Za-z0-9 _/-]+$/);
      expect(datatype).toBeTypeOf('number');
      expect(timestamp).toBeTypeOf('number');
    }
  });

  it('reports each inspection by alias, with the time of its exposure, and settles it when it is proven', async () => {
    await create().start();
    await born();
    const record = inspection(1);
    let settled = false;
    const sentAtMs = performance.now();
    const delivery = publisher.deliver(record, 'live').then(() => {
      settled = true;
    });
    await until(() => expect(host.of('DDATA')).toHaveLength(1));
    expect(settled).toBe(false);
    const [data] = host.of('DDATA');
    expect(data).toMatchObject({ qos: 0, retain: false, seq: 2, device: STATION });
    expect(
      data?.metrics.every(({ named, datatype, historical }) => !named && datatype === undefined && !historical),
    ).toBe(true);
    expect(metric(data, 'Inspection/Id')).toMatchObject({ value: record.inspectionId, timestamp: CAPTURED_AT_MS });
    expect(metric(data, 'Inspection/Score')?.value).toBeCloseTo(0.98765, 5);
    expect(metric(data, 'Sensor/temperature')).toMatchObject({ value: 71.4, timestamp: CAPTURED_AT_MS - 120 });
    expect(metric(data, 'Sensor/pressure')?.properties.get('Quality')).toBe(0);
    const instance = metric(data, 'Inspection/Result')?.value as HostTemplate | undefined;
    expect(instance?.members.find(({ name }) => name === 'Id')?.value).toBe(record.inspectionId);
    await delivery;
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(2 * KEEP_ALIVE_S * 1000);
  });

  it('marks what is older than the present as history and leaves the present alone', async () => {
    await create().start();
    await born();
    void publisher.deliver(inspection(5), 'live').catch(() => undefined);
    void publisher.deliver(inspection(3), 'history').catch(() => undefined);
    void publisher.deliver(inspection(4), 'live').catch(() => undefined);
    await until(() => expect(host.of('DDATA')).toHaveLength(3));
    expect(host.of('DDATA').map(({ metrics }) => metrics.every(({ historical }) => historical))).toEqual([
      false,
      true,
      true,
    ]);
    await host.command(undefined, commandPayload([{ name: 'Node Control/Rebirth', value: true }]));
    await born(2);
    expect(metric(host.of('DBIRTH')[1], 'Inspection/Seq')?.value).toBe(5);
    expect(gaps(host.messages)).toEqual([]);
  });

  it('is born again with the same bdSeq when a host asks, as often as it asks', async () => {
    await create().start();
    await born();
    for (let round = 0; round < 20; round += 1) {
      await host.command(undefined, commandPayload([{ name: 'Node Control/Rebirth', value: true }]));
      void publisher.deliver(inspection(round + 1), 'live').catch(() => undefined);
    }
    await until(() => {
      expect(host.of('DDATA')).toHaveLength(20);
      expect(host.of('NBIRTH').length).toBeGreaterThan(1);
    });
    const births = host.of('NBIRTH');
    expect(births.length).toBeLessThan(20);
    expect(new Set(births.map((birth) => metric(birth, 'bdSeq')?.value))).toEqual(new Set([0]));
    expect(gaps(host.messages)).toEqual([]);
  });

  it('reports the death of a device, keeps its rows, and sends them as history after its birth', async () => {
    create().announceStatus(onlineStatus());
    await publisher.start();
    await born();
    publisher.announceStatus(onlineStatus({ troubles: [{ where: CAMERA, text: 'The camera does not answer.' }] }));
    await until(() => expect(host.of('DDEATH')).toHaveLength(1));
    const { last } = stationState();
    if (last === null) throw new Error('no inspection in the example');
    publisher.announceState(stationState({ last: { ...last, seq: 7 } }));
    const delivery = publisher.deliver(inspection(7), 'live');
    publisher.announceStatus(onlineStatus());
    await until(() => expect(host.of('DDATA')).toHaveLength(1));
    expect(host.of('DBIRTH', 'DDEATH', 'DDATA').map(({ type }) => type)).toEqual([
      'DBIRTH',
      'DDEATH',
      'DBIRTH',
      'DDATA',
    ]);
    expect(host.of('DDATA')[0]?.metrics.every(({ historical }) => historical)).toBe(true);
    expect(gaps(host.messages)).toEqual([]);
    await delivery;
  });

  it('rejects what is not proven when the broker goes, and is born again with the next bdSeq', async () => {
    const connected = vi.fn();
    create().onConnected(connected);
    await publisher.start();
    await born();
    const delivery = publisher.deliver(inspection(1), 'live');
    const outcome = expect(delivery).rejects.toMatchObject({ consequence: 'transient' });
    await until(() => expect(host.of('DDATA')).toHaveLength(1));
    await broker.kill();
    await outcome;
    await expect(publisher.deliver(inspection(1), 'live')).rejects.toMatchObject({ consequence: 'transient' });
    await broker.restart();
    await until(() => expect(publisher.status().state).toBe('connected'));
    expect(connected).toHaveBeenCalledTimes(2);
    await host.stop();
    host = await SparkplugHost.start(broker.url, 'press-shop', 'line4');
    await host.command(undefined, commandPayload([{ name: 'Node Control/Rebirth', value: true }]));
    await born();
    expect(metric(host.of('NBIRTH')[0], 'bdSeq')?.value).toBe(1);
    await publisher.deliver(inspection(1), 'history');
    expect(metric(host.of('DDATA')[0], 'Inspection/Seq')).toMatchObject({
      value: 1,
      historical: true,
      timestamp: CAPTURED_AT_MS,
    });
  });

  it.each(['5', '3.1.1'] as const)('says goodbye with its NDEATH over MQTT %s', async (protocol) => {
    await create({}, { protocol }).start();
    await born();
    await publisher.stop(2000);
    await until(() => expect(host.of('NDEATH')).not.toEqual([]));
    for (const death of host.of('NDEATH')) {
      expect(death).toMatchObject({ qos: 1, retain: false, seq: undefined });
      expect(death.metrics).toMatchObject([{ name: 'bdSeq', value: 0, datatype: 4 }]);
    }
    expect(publisher.status().state).toBe('stopped');
  });

  it('waits for its primary host, and leaves when that goes', async () => {
    await host.state('scada', false, 1000);
    await create({ sparkplug: { groupId: 'press-shop', primaryHostId: 'scada' } }).start();
    await until(() => expect(publisher.status().text).toContain('scada is not online'));
    await expect(publisher.deliver(inspection(1), 'live')).rejects.toMatchObject({ consequence: 'transient' });
    await host.state('scada', true, 2000);
    await born();
    await host.state('scada', false, 1999);
    await host.state('scada', false, 2000);
    await until(() => expect(host.of('NDEATH')).not.toEqual([]));
    await until(() => expect(publisher.status().text).toContain('scada is not online'));
    await host.state('scada', true, 3000);
    await born(2);
    expect(metric(host.of('NBIRTH')[1], 'bdSeq')?.value).toBe(1);
  });

  it('walks to the next broker when the primary host is not online on the first', async () => {
    const second = await Mosquitto.start();
    const there = await SparkplugHost.start(second.url, 'press-shop', 'line4');
    try {
      await host.state('scada', false, 1000);
      await there.state('scada', true, 1000);
      const sparkplug = { groupId: 'press-shop', primaryHostId: 'scada' };
      await create({ sparkplug }, { fallbackUrls: [second.url] }).start();
      await until(() => expect(there.of('DBIRTH')).toHaveLength(1));
      expect(host.of('NBIRTH')).toEqual([]);
    } finally {
      await publisher.stop(500);
      await there.stop();
      await second.dispose();
    }
  });

  it('carries out allowed commands alone, and survives anything else', async () => {
    const commands = new RecordedCommands();
    await create({ commands }, { commands: ['set-threshold'] }).start();
    await born();
    const alias = host.aliasOf('Control/Good Threshold');
    if (alias === undefined) throw new Error('no alias');
    await host.command(STATION, commandPayload([{ alias, value: 0.8 }]));
    await until(() => expect(metric(host.of('DDATA').at(-1), 'Control/Good Threshold')?.value).toBe(0.8));
    expect(commands.executed).toMatchObject([{ name: 'set-threshold', station: STATION, arguments: { good: 0.8 } }]);
    await host.command(STATION, commandPayload([{ name: 'Control/Mode', value: 'pause' }]));
    await host.command(STATION, commandPayload([{ name: 'Count/Pass', value: 5 }]));
    await host.command('nobody', commandPayload([{ name: 'Control/Mode', value: 'pause' }]));
    await host.command(undefined, commandPayload([{ name: 'Node Control/Reboot', value: true }]));
    await until(() => expect(commands.refusals).toHaveLength(3));
    expect(commands.refusals.map(({ name, result }) => [name, result.ok ? '' : result.code])).toEqual([
      ['pause', 'COMMAND_NOT_ALLOWED'],
      ['Count/Pass', 'COMMAND_UNKNOWN'],
      ['Node Control/Reboot', 'COMMAND_UNKNOWN'],
    ]);
    await host.command(undefined, Buffer.from('no protobuf'));
    await until(() => expect(metric(host.of('NDATA').at(-1), 'Commands/Malformed')?.value).toBe(1));
    expect(commands.executed).toHaveLength(1);
    expect(gaps(host.messages)).toEqual([]);
  });

  it('tells state by exception', async () => {
    create({
      shed: () =>
        Promise.resolve([{ destination: 'mqtt', station: STATION, verdict: 'pass', reason: 'full', count: 3 }]),
    }).announceStatus(onlineStatus());
    publisher.announceState(stationState());
    await publisher.start();
    await born();
    await until(() => expect(publisher.status().state).toBe('connected'));
    publisher.announceState(
      stationState({ at: '2026-11-23T09:41:09.000Z', counts: { pass: 801, fail: 10, review: 2, total: 813 } }),
    );
    await until(() => expect(metric(host.of('DDATA').at(-1), 'Count/Pass')?.value).toBe(801));
    const told = host.of('DDATA').flatMap(({ metrics }) => metrics.map(({ name }) => name));
    expect(told.sort()).toEqual(['Count/Pass', 'Count/Total']);
    const shed = [...host.of('NBIRTH'), ...host.of('NDATA')].map(
      (message) => metric(message, 'Outbox/Shed Passes')?.value,
    );
    expect(shed).toContain(3);
  });
});
