import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from '../../simulators/agent-process.js';
import { Commander } from '../../simulators/commander.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { StationOnDisk } from './line.js';

const reason = mosquittoAbsent === undefined ? '' : ` (skipped: ${mosquittoAbsent})`;

describe.skipIf(mosquittoAbsent !== undefined)(`commands to a running agent${reason}`, { timeout: 120_000 }, () => {
  let broker: Mosquitto;
  let station: StationOnDisk;
  let scada: Commander;
  let agent: AgentProcess;

  beforeAll(async () => {
    broker = await Mosquitto.start();
    station = await StationOnDisk.create();
    scada = await Commander.connect(broker.url, 'plant/line');
    await writeFile(
      station.config,
      `version: 1
gateway: { name: commanded }
storage: { directory: state }
mqtt:
  url: '${broker.url}'
  baseTopic: plant/line
  reconnectMaxMs: 500
  commands: [pause, resume, inspect, set-threshold, acknowledge-alarm, select-model, rebirth, snapshot]
stations:
  - name: flow
    camera: { kind: simulated, framesPerSecond: 10 }
    model: { package: rendered-tile }
  - name: asked
    camera: { kind: simulated, framesPerSecond: 20, seed: 5 }
    trigger: { kind: timer, everyMs: 86400000 }
    model: { package: rendered-tile }
`,
    );
    agent = new AgentProcess(station.config);
    await agent.logged(/^Ready\b/, 60_000);
    await agent.logged(/^Commands are taken from the broker/, 60_000);
  }, 200_000);

  afterAll(async () => {
    await agent.dispose();
    await scada.end();
    await broker.dispose();
    await station.remove();
  });

  const stateOf = (name: string) => scada.latest.get(`plant/line/${name}/state`) as Record<string, never> | undefined;
  const status = () => scada.latest.get('plant/line/status') as { troubles: Record<string, unknown>[] } & object;
  const inspectionsOf = (name: string) =>
    scada.latest.get(`plant/line/${name}/inspection`) as { id: string; seq: number };

  it('pauses a station so that nothing of it is inspected, shows it, and resumes', async () => {
    await scada.until(() => inspectionsOf('flow'));
    const { message } = await scada.give('flow', 'pause', { reason: 'new lamp' }, { sender: 'line-leader' });
    expect(message).toMatchObject({ ok: true, command: 'pause', station: 'flow' });
    await scada.until(() => (Number(stateOf('flow')?.['dropped']?.['paused']) > 5 ? true : undefined));
    expect(stateOf('flow')).toMatchObject({ paused: { by: 'line-leader (mqtt)', reason: 'new lamp' } });
    const trouble = await scada.until(() => status().troubles.find(({ where }) => where === 'station flow'));
    expect(trouble['text']).toMatch(/^paused since .* by line-leader \(mqtt\) \(new lamp\): parts are not inspected/);
    expect(await scada.give('flow', 'inspect')).toMatchObject({
      message: { ok: false, code: 'COMMAND_STATION_PAUSED' },
    });

    const last = inspectionsOf('flow').seq;
    expect(stateOf('flow')?.['last']?.['seq']).toBe(last);
    expect(await scada.give('flow', 'resume')).toMatchObject({ message: { ok: true } });
    const next = await scada.until(() => (inspectionsOf('flow').seq > last ? inspectionsOf('flow').seq : undefined));
    expect(next).toBe(last + 1);
    await scada.until(() => (status().troubles.length === 0 ? true : undefined));
  });

  it('inspects one part now, by a trigger of its own or the next frame', async () => {
    for (const [name, seq] of [
      ['asked', 1],
      ['asked', 2],
    ] as const) {
      const { message } = await scada.give(name, 'inspect');
      expect(message).toMatchObject({ ok: true, value: { seq } });
      const inspection = message.ok ? message.value['inspection'] : '';
      await scada.until(() => (inspectionsOf(name)?.id === inspection ? true : undefined));
      expect(inspectionsOf(name)).toMatchObject({ seq, verdict: message.ok ? message.value['verdict'] : '' });
    }
    expect(await scada.give('flow', 'inspect')).toMatchObject({ message: { ok: true } });
  });

  it('sets thresholds that hold from the next part on, and says so in the state', async () => {
    const { message } = await scada.give('asked', 'set-threshold', { good: 1, classes: {} });
    expect(message).toMatchObject({ ok: true, value: { thresholds: { good: 1, changed: true } } });
    const { message: inspected } = await scada.give('asked', 'inspect');
    expect(inspected).toMatchObject({ ok: true });
    expect(JSON.stringify(inspected)).toMatch(/a pass needs 1"|CLASS_FAIL/);
    await scada.until(() => (stateOf('asked')?.['thresholds']?.['good'] === 1 ? true : undefined));
    expect(await scada.give('asked', 'set-threshold', { classes: { elephant: 0.5 } })).toMatchObject({
      message: { ok: false, code: 'PIPELINE_NO_THRESHOLD' },
    });
    expect(await scada.give('asked', 'set-threshold', { good: 1.5 })).toMatchObject({
      message: { ok: false, code: 'COMMAND_ARGUMENTS_INVALID' },
    });
    expect(stateOf('asked')?.['thresholds']).toMatchObject({ good: 1 });
  });

  it('takes another model into use only where the loader takes it; thresholds begin anew with it', async () => {
    const { message: refused } = await scada.give('asked', 'select-model', { package: 'no-such-model' });
    expect(refused).toMatchObject({ ok: false, code: 'MODEL_NOT_FOUND' });
    expect(await scada.give('asked', 'select-model', { package: '../../etc' })).toMatchObject({
      message: { ok: false, code: 'COMMAND_ARGUMENTS_INVALID' },
    });
    const { message } = await scada.give('asked', 'select-model', { package: 'magnetic-tile' });
    expect(message).toMatchObject({ ok: true, value: { model: { name: 'magnetic-tile' } } });
    await scada.until(() => (stateOf('asked')?.['model']?.['name'] === 'magnetic-tile' ? true : undefined));
    expect(stateOf('asked')?.['thresholds']).toMatchObject({ changed: false });
    const { message: inspected } = await scada.give('asked', 'inspect');
    const id = inspected.ok ? inspected.value['inspection'] : '';
    await scada.until(() => (inspectionsOf('asked').id === id ? true : undefined));
    expect(inspectionsOf('asked')).toMatchObject({ model: { name: 'magnetic-tile' } });
    expect(stateOf('flow')?.['model']).toMatchObject({ name: 'rendered-tile' });
  });

  it('acknowledges an alarm for as long as it lasts', async () => {
    await scada.give('asked', 'pause');
    await scada.until(() => status().troubles.find(({ where }) => where === 'station asked'));
    const { message } = await scada.give(null, 'acknowledge-alarm', { alarm: 'station asked' }, { sender: 'kim' });
    expect(message).toMatchObject({ ok: true, value: { acknowledged: { by: 'kim (mqtt)' } } });
    await scada.until(() => status().troubles.find(({ acknowledged }) => acknowledged !== undefined));
    await scada.give(null, 'resume');
    await scada.until(() => (status().troubles.length === 0 ? true : undefined));
    await scada.give('asked', 'pause');
    const again = await scada.until(() => status().troubles.find(({ where }) => where === 'station asked'));
    expect(again['acknowledged']).toBeUndefined();
    await scada.give('asked', 'resume');
    expect(await scada.give(null, 'acknowledge-alarm', { alarm: 'volcano' })).toMatchObject({
      message: { ok: false, code: 'COMMAND_ALARM_UNKNOWN' },
    });
  });

  it('gives the next picture in the answer or on a topic of its own', async () => {
    const { message } = await scada.give('flow', 'snapshot', { width: 64 });
    const image = Buffer.from(message.ok ? String(message.value['image']) : '', 'base64');
    expect(await sharp(image).metadata()).toMatchObject({ format: 'jpeg', width: 64 });
    const { message: told } = await scada.give('flow', 'snapshot', { as: 'topic' });
    expect(told).toMatchObject({ ok: true, value: { topic: 'plant/line/flow/snapshot', contentType: 'image/jpeg' } });
    const [picture] = scada.bytes;
    expect(picture).toMatchObject({ topic: 'plant/line/flow/snapshot', contentType: 'image/jpeg' });
    expect(picture?.payload.byteLength).toBe(told.ok ? told.value['bytes'] : 0);
    expect((await sharp(picture?.payload).metadata()).format).toBe('jpeg');
  });

  it('says everything anew on rebirth', async () => {
    scada.latest.delete('plant/line/asked/state');
    scada.latest.delete('plant/line/status');
    expect(await scada.give(null, 'rebirth')).toMatchObject({ message: { ok: true, value: { destination: 'mqtt' } } });
    await scada.until(() => stateOf('asked') && status());
  });

  it('answers where MQTT 5 asks for it, with the correlation data, and nowhere it should not', async () => {
    const command = (id: string) => JSON.stringify({ schema: 'jidoka.command/1', id, command: 'rebirth' });
    await scada.send(null, command('here'), {
      properties: { responseTopic: 'answers/scada', correlationData: Buffer.from('42') },
    });
    expect(await scada.answer('here')).toMatchObject({
      topic: 'answers/scada',
      correlationData: '42',
      message: { ok: true },
    });
    await scada.send(null, command('there'), { properties: { responseTopic: 'plant/line/status' } });
    expect(await scada.answer('there')).toMatchObject({
      topic: 'plant/line/command/result',
      message: { ok: false, code: 'COMMAND_RESPONSE_INVALID' },
    });
  });

  it('carries out a repeated command once and answers as before', async () => {
    const first = await scada.give('asked', 'inspect', {}, { id: 'only-once' });
    scada.answers.length = 0;
    const second = await scada.give('asked', 'inspect', {}, { id: 'only-once' });
    expect({ ...second.message, at: '' }).toEqual({ ...first.message, at: '' });
    expect(await scada.give('asked', 'pause', {}, { id: 'only-once-2' })).toMatchObject({ message: { ok: true } });
    scada.answers.length = 0;
    expect(await scada.give('asked', 'resume', {}, { id: 'only-once-2' })).toMatchObject({
      message: { ok: false, code: 'COMMAND_ID_REUSED' },
    });
    await scada.give('asked', 'resume');
    const { message } = await scada.give('asked', 'inspect');
    expect(message.ok && first.message.ok && Number(message.value['seq']) - Number(first.message.value['seq'])).toBe(1);
  });

  it('refuses a command that lay in wait at the broker; a pause does not outlive the agent', async () => {
    const pause = JSON.stringify({ schema: 'jidoka.command/1', id: 'lain', command: 'pause' });
    await scada.send('flow', pause, { retain: true });
    // To those who listen already it is a message like any other.
    expect(await scada.answer('lain')).toMatchObject({ message: { ok: true } });
    scada.answers.length = 0;
    expect(await agent.signal('SIGTERM')).toBe(0);
    agent = new AgentProcess(station.config);
    expect(await scada.answer('lain')).toMatchObject({ message: { ok: false, code: 'COMMAND_RETAINED' } });
    await scada.send('flow', '', { retain: true });
    await agent.logged(/^Ready\b/, 60_000);
    expect(await scada.give('flow', 'inspect')).toMatchObject({ message: { ok: true } });
    expect(stateOf('flow')?.['paused']).toBeNull();
    expect(status()).toMatchObject({ commands: { done: expect.any(Number) } });
  });
});
