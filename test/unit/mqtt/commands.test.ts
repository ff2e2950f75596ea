import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { troublesOf } from '#jidoka/app/health.js';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import { JsonCommands } from '#jidoka/mqtt/commands.js';
import { mqttErrors } from '#jidoka/mqtt/errors.js';
import { CommandWorld } from '../../simulators/command-world.js';
import { MemoryAuditLog } from '../../simulators/memory-audit-log.js';

const order = (change: object = {}): string =>
  JSON.stringify({ schema: 'jidoka.command/1', id: 'a', command: 'pause', station: 'press', ...change });
const at = (offsetMs: number): string => new Date(Date.now() + offsetMs).toISOString();

async function answerTo(payload: string | Uint8Array, message: object = {}, world = new CommandWorld()) {
  await world.connect();
  world.receive(payload, message);
  await turnOfTheLoop();
  const [answer, ...more] = world.answers();
  expect(more).toEqual([]);
  return { answer, world };
}

describe('JsonCommands', () => {
  it.each([
    ['COMMAND_NOT_UTF8', Buffer.from([0x22, 0xff, 0x22])],
    ['COMMAND_NOT_JSON', '{"schema":'],
    ['COMMAND_NOT_JSON', ''],
    ['COMMAND_NOT_JSON', `\uFEFF${order()}`],
    ['COMMAND_TOO_LARGE', order({ sender: 'x'.repeat(9000) })],
    ['COMMAND_TOO_DEEP', order({ arguments: { a: { b: { c: { d: 1 } } } } })],
    ['COMMAND_DUPLICATE_KEY', order().replace('{', '{"id":"b",')],
    ['COMMAND_DUPLICATE_KEY', order().replace('{', '{"\\u0069d":"b",')],
    ['COMMAND_FORM_INVALID', order().replace('{', '{"__proto__":{},')],
    ['COMMAND_FORM_INVALID', order({ expiresAT: at(1000) })],
    ['COMMAND_FORM_INVALID', order({ id: 'has spaces' })],
    ['COMMAND_FORM_INVALID', order({ sender: 'evil\u202Eniam' })],
    ['COMMAND_FORM_INVALID', '[]'],
    ['COMMAND_SCHEMA_UNKNOWN', order({ schema: 'jidoka.command/2' })],
    ['COMMAND_UNKNOWN', order({ command: 'reboot' })],
    ['COMMAND_STATION_UNKNOWN', order({ station: 'nowhere' })],
    ['COMMAND_EXPIRED', order({ expiresAt: at(-1) })],
    ['COMMAND_TOO_OLD', order({ sentAt: at(-61_000) })],
    ['COMMAND_TOO_OLD', order({ sentAt: at(70_000) })],
  ])('says %s and does nothing', async (code, payload) => {
    const { answer, world } = await answerTo(payload);
    expect(answer).toMatchObject({ ok: false, code, text: expect.stringMatching(/^[\x20-\x7e…]*$/) });
    expect(world.effects).toEqual([]);
    expect(world.executor.counts.refused).toBe(1);
  });

  it.each([
    ['COMMAND_RETAINED', { retain: true }],
    ['COMMAND_TOPIC_UNKNOWN', { topic: 'plant/line/other/command' }],
    ['COMMAND_STATION_CONFLICT', { topic: 'plant/line/weld/command' }],
    ['COMMAND_RESPONSE_INVALID', { responseTopic: 'plant/line/press/state' }],
    ['COMMAND_RESPONSE_INVALID', { responseTopic: 'plant/line/press/command' }],
    ['COMMAND_RESPONSE_INVALID', { responseTopic: 'spBv1.0/g/NBIRTH/e' }],
    ['COMMAND_RESPONSE_INVALID', { responseTopic: 'x', correlationData: Buffer.alloc(1025) }],
  ])('says %s to a good command that comes so', async (code, message) => {
    const { answer, world } = await answerTo(order(), message);
    expect(answer).toMatchObject({ ok: false, code, id: 'a', command: 'pause' });
    expect(world.effects).toEqual([]);
  });

  it('takes what is allowed and nothing else, and has the refused one in the audit', async () => {
    const audit = new MemoryAuditLog();
    const world = new CommandWorld(audit, ['resume']);
    expect((await answerTo(order({ sender: 'kim' }), {}, world)).answer).toMatchObject({ code: 'COMMAND_NOT_ALLOWED' });
    expect((await answerTo(order({ id: 'b', command: 'resume' }), {}, world)).answer).toMatchObject({ ok: true });
    expect(world.effects).toEqual(['press resumed']);
    const [done, refused] = await audit.audited(10);
    expect(done).toMatchObject({ id: 'b', name: 'resume', result: { ok: true } });
    expect(refused).toMatchObject({ id: 'a', name: 'pause', station: 'press', sender: 'kim', destination: 'mqtt' });
  });

  it('answers where it is asked to, with the correlation data, else on the topic of the result', async () => {
    const world = new CommandWorld();
    await world.connect();
    const correlationData = Buffer.from([0, 255]);
    world.receive(order(), { responseTopic: 'desk/7', correlationData });
    world.receive(order({ id: 'b' }), { responseTopic: 'plant/line/command/result/desk' });
    world.receive(order({ id: 'c' }), { topic: 'plant/line/press/command' });
    world.receive(order({ id: 'd' }));
    await turnOfTheLoop();
    expect(world.sent.map(({ topic }) => topic)).toEqual([
      'desk/7',
      'plant/line/command/result/desk',
      'plant/line/press/command/result',
      'plant/line/command/result',
    ]);
    expect(world.sent[0]?.properties?.correlationData).toEqual(correlationData);
    expect(world.sent.every(({ retain }) => !retain)).toBe(true);
  });

  it('bounds the answers that wait for the broker, and counts those it could not send', async () => {
    const world = new CommandWorld();
    let published = 0;
    await world.listener.attach({
      usable: true,
      subscribe: async () => undefined,
      publish: () => {
        published += 1;
        return new Promise<void>(() => undefined);
      },
    });
    for (let index = 0; index < 500; index += 1) world.receive('{');
    expect(published).toBe(100);
    world.listener.detach();
    expect(world.log.join('\n')).toMatch(/^390 further answers to commands were not sent\.$/m);
  });

  it('tells the health that it hears nothing, for as long as that is so', async () => {
    const world = new CommandWorld();
    const refused = mqttErrors.MQTT_SUBSCRIPTION_REFUSED({ where: 'here' });
    const subscribed: string[] = [];
    const line = { usable: true, publish: async () => undefined };
    await world.listener.attach({ ...line, subscribe: () => Promise.reject(refused) });
    expect(troublesOf([world.listener])).toMatchObject([{ where: 'commands from mqtt', text: expect.any(String) }]);
    await world.listener.attach({
      ...line,
      subscribe: async (topics) => void subscribed.push(...topics.map(({ topic }) => topic)),
    });
    expect(troublesOf([world.listener])).toEqual([]);
    expect(subscribed).toEqual(['plant/line/command', 'plant/line/press/command', 'plant/line/weld/command']);
  });

  it('does not mind an answer for which there is no connection any more', async () => {
    const world = new CommandWorld();
    world.receive(order());
    await turnOfTheLoop();
    expect(world.effects).toEqual(['press paused']);
    expect(world.log.join('\n')).toContain('the broker is away');
  });

  it('does not mistake the name of a station for a word of its own', () => {
    const { executor } = new CommandWorld();
    const listener = new JsonCommands({
      destination: 'mqtt',
      baseTopic: 'b',
      stations: ['command', 'constructor'],
      allowed: ['pause'],
      commands: executor,
      clock: systemClock,
      logger: silentLogger,
    });
    expect(listener.where).toBe('commands from mqtt');
    expect(() =>
      listener.handle({ topic: 'b/command/command', payload: Buffer.from('{'), retain: false, qos: 1 }),
    ).not.toThrow();
  });
});
