import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandResultMessage } from '#jidoka/mqtt/commands-payload.js';
import { AgentProcess, projectRoot } from '../../simulators/agent-process.js';
import { Chance, malformed } from '../../simulators/malformed-commands.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { StationOnDisk } from './line.js';

const run = promisify(execFile);
const reason = mosquittoAbsent === undefined ? '' : ` (skipped: ${mosquittoAbsent})`;
const page = readFileSync(join(projectRoot, 'docs', 'commands.md'), 'utf8');
const FLOOD = 4000;
/** Left unanswered at once; the broker's own queue for a client is bounded too. */
const AT_ONCE = 40;

describe.skipIf(mosquittoAbsent !== undefined)(`commands on the wire${reason}`, { timeout: 300_000 }, () => {
  let broker: Mosquitto;
  let station: StationOnDisk;
  let client: MqttClient;
  let agent: AgentProcess;
  const answers: CommandResultMessage[] = [];
  let arrived: () => void = () => undefined;

  beforeAll(async () => {
    broker = await Mosquitto.start();
    station = await StationOnDisk.create();
    client = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    client.on('message', (_, payload) => {
      answers.push(JSON.parse(payload.toString()) as CommandResultMessage);
      arrived();
    });
    const topics = ['plant1/line4/command/result/#', 'plant1/line4/+/command/result/#', 'answers/#'];
    await client.subscribeAsync(topics, { qos: 1 });
    await writeFile(
      station.config,
      `version: 1
gateway: { name: wire }
storage: { directory: state }
mqtt:
  url: '${broker.url}'
  baseTopic: plant1/line4
  commands: [pause, resume, inspect, set-threshold, acknowledge-alarm, select-model, select-recipe, rebirth, snapshot]
stations:
  - name: press-1
    camera: { kind: simulated, framesPerSecond: 20 }
    trigger: { kind: timer, everyMs: 86400000 }
    model: { package: rendered-tile }
    recipes: { lid 4: {}, housing: {} }
`,
    );
    agent = new AgentProcess(station.config);
    await agent.logged(/^Ready\b/, 120_000);
    await agent.logged(/^Commands are taken from the broker/, 60_000);
  }, 200_000);

  afterAll(async () => {
    await agent.dispose();
    await client.endAsync(true);
    await broker.dispose();
    await station.remove();
  });

  /** Takes the first answer that comes. */
  async function nextAnswer(): Promise<CommandResultMessage> {
    while (answers.length === 0) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
    return answers.shift() as CommandResultMessage;
  }

  it('go as docs/commands.md tells it', async () => {
    const blocks = [...page.matchAll(/```json (command|answer) ?(.*)\n([\s\S]*?)```/g)];
    expect(blocks.length).toBeGreaterThanOrEqual(18);
    for (let index = 0; index < blocks.length; index += 2) {
      const [, , topic = '', command = ''] = blocks[index] ?? [];
      const [, kind, , answer = ''] = blocks[index + 1] ?? [];
      expect(kind).toBe('answer');
      await client.publishAsync(topic, command, { qos: 1 });
      expect({ topic, answer: lasting(await nextAnswer()) }).toEqual({ topic, answer: lasting(JSON.parse(answer)) });
    }
  });

  it('can be sent with the command lines of docs/commands.md', async () => {
    const lines = page.split('\n').filter((line) => /^mosquitto_(rr|pub) /.test(line));
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const { stdout } = await run('bash', ['-c', line.replace('-h BROKER', `-h 127.0.0.1 -p ${broker.port}`)]);
      const seen = await nextAnswer();
      expect(seen).toMatchObject({ ok: true });
      if (line.startsWith('mosquitto_rr')) expect(JSON.parse(stdout)).toEqual(seen);
    }
  });

  it(`outlast ${FLOOD} messages that are none; each is refused with a reason, and commands still work`, async () => {
    const chance = new Chance(4);
    const codes = new Map<string, number>();
    let sent = 0;
    for (let number = 0; sent < FLOOD; number += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, index) => malformed(chance, number + index)).filter(
        deliverable,
      );
      for (const { payload, responseTopic, correlationData, topic } of batch) {
        const properties = {
          ...(responseTopic !== undefined && { responseTopic: here(responseTopic) }),
          ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }),
        };
        await client.publishAsync(here(topic), Buffer.from(payload), { qos: 1, properties });
      }
      for (let answered = 0; answered < batch.length; answered += 1) {
        const answer = await nextAnswer();
        if (!answer.ok) codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
      }
      sent += batch.length;
    }
    const refused = [...codes.values()].reduce((sum, count) => sum + count, 0);
    expect(refused).toBeGreaterThan(FLOOD * 0.9);
    expect(codes.size).toBeGreaterThan(10);
    await client.publishAsync(
      'plant1/line4/press-1/command',
      JSON.stringify({ schema: 'jidoka.command/1', id: 'after-all', command: 'resume' }),
      { qos: 1 },
    );
    expect(await nextAnswer()).toMatchObject({ id: 'after-all', ok: true });
    expect(agent.count(/met a fault in the agent/)).toBe(0);
    expect(agent.log.length).toBeLessThan(1000);
    expect(await agent.signal('SIGTERM')).toBe(0);
  });
});

/** The topic of this line for one of the line that the messages are made for. */
function here(topic: string): string {
  return topic.replace('plant/line/press', 'plant1/line4/press-1').replace(/^plant\/line/, 'plant1/line4');
}

/** What mosquitto and the client let through to the agent's topics. */
function deliverable({ topic, responseTopic = 'ok', retain }: ReturnType<typeof malformed>): boolean {
  if (!['plant/line/command', 'plant/line/press/command'].includes(topic) || retain === true) return false;
  return responseTopic !== '' && !/[+#\p{C}]/u.test(responseTopic);
}

/** The answer without what is other each time. */
function lasting(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => lasting(item, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, lasting(member, name)]));
  }
  if (VARIABLE.has(key) && value !== null) return typeof value;
  return value;
}
const VARIABLE = new Set([
  'at',
  'paused',
  'inspection',
  'verdict',
  'class',
  'score',
  'sha256',
  'capturedAt',
  'bytes',
  'version',
]);
