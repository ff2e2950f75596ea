import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { sleep } from '#jidoka/base/lifecycle.js';
import { renderedTiles } from '../integration/agent/line.js';
import { AgentProcess } from '../simulators/agent-process.js';
import { Mosquitto } from '../simulators/mosquitto.js';
import { unreadFrom } from '../simulators/tcp-table.js';
import { FlakyProxy } from './flaky-proxy.js';
import type { Committed } from './judgement.js';

const PARTS_PER_SECOND_A_STATION = 20;
const POLL_MS = 15;
const COMPLETE_WITHIN_MS = 60_000;
const LONGEST_WAIT_MS = 120_000;

/** The whole line: an agent with two stations, a broker behind a network that can be broken, and a consumer. */
export class Rig {
  agent: AgentProcess;
  readonly #agents: AgentProcess[] = [];
  #consumerUp = false;

  private constructor(
    private readonly folder: string,
    readonly broker: Mosquitto,
    readonly proxy: FlakyProxy,
    private readonly consumer: ChildProcess,
  ) {
    if (consumer.stdout !== null) {
      createInterface({ input: consumer.stdout }).on('line', (line) => {
        this.#consumerUp = line === 'up';
      });
    }
    this.agent = this.startAgent();
  }

  static async start(): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'jidoka-chaos-'));
    // What the broker acknowledged it writes down; a consumer that is connected has it in its socket before that.
    const broker = await Mosquitto.start({
      persistence: true,
      extra: ['autosave_on_changes true', 'autosave_interval 1', 'max_inflight_messages 0'],
    });
    const proxy = await FlakyProxy.start(broker.port);
    await mkdir(join(folder, 'tiles'));
    for (const [name, jpeg] of await renderedTiles(12)) await writeFile(join(folder, 'tiles', name), jpeg);
    await writeFile(join(folder, 'jidoka.yaml'), config(proxy.url));
    const received = join(folder, 'received.txt');
    await writeFile(received, '');
    const script = join(import.meta.dirname, 'subscriber-process.mjs');
    const consumer = spawn(process.execPath, [script, broker.url, 'chaos/+/inspection', received], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const rig = new Rig(folder, broker, proxy, consumer);
    await rig.consumerUp();
    await rig.agentReady(rig.agent);
    return rig;
  }

  /**
   * Kills the broker at whatever point it has come to, once the consumer has what the broker had sent before. Without
   * that a message can be lost that nobody is to blame for: acknowledged and sent on, but not yet on the broker's disk,
   * it lies in the consumer's socket when the broker dies; the consumer's next acknowledgement fails, and with it its
   * connection and all that it has not read.
   */
  async killBroker(): Promise<void> {
    this.broker.freeze();
    let before = -1;
    await until('the consumer has what the broker had sent', async () => {
      const [unread, count] = [unreadFrom(this.broker.port), await this.receivedCount()];
      const settled = unread === 0 && count === before;
      before = count;
      return settled;
    });
    await this.broker.kill();
  }

  startAgent(): AgentProcess {
    this.agent = new AgentProcess(join(this.folder, 'jidoka.yaml'));
    this.#agents.push(this.agent);
    return this.agent;
  }

  /** A start takes about a second, on a machine that has other work much longer. */
  async agentReady(agent: AgentProcess): Promise<void> {
    await agent.ready(LONGEST_WAIT_MS);
  }

  /** Messages that the consumer has written down, without their topics. */
  async received(): Promise<string[]> {
    const text = await readFile(join(this.folder, 'received.txt'), 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return whole.split('\n').flatMap((line) => (line === '' ? [] : [line.slice(line.indexOf(' ') + 1)]));
  }

  async receivedCount(): Promise<number> {
    return (await this.received()).length;
  }

  committed(): Committed[] {
    return this.#query<Committed>(`
      SELECT inspections.id, stations.name AS station, inspections.seq, inspections.verdict
      FROM inspections JOIN stations ON stations.station = inspections.station ORDER BY inspections.number`);
  }

  committedCount(): number {
    return this.#query<{ rows: number }>('SELECT count(*) AS rows FROM inspections')[0]?.rows ?? 0;
  }

  outboxCount(): number {
    return this.#query<{ rows: number }>('SELECT count(*) AS rows FROM outbox')[0]?.rows ?? 0;
  }

  /** Waits until the line has recorded `count` parts more. */
  recorded(count: number): Promise<void> {
    const target = this.committedCount() + count;
    return until(`${count} more parts are recorded`, () => this.committedCount() >= target);
  }

  /** Waits until `count` more messages have reached the consumer. */
  async arrived(count: number): Promise<void> {
    const target = (await this.receivedCount()) + count;
    await until(`${count} more messages arrive`, async () => (await this.receivedCount()) >= target);
  }

  consumerUp(): Promise<void> {
    return until('the consumer is connected', () => this.#consumerUp);
  }

  consumerDown(): Promise<void> {
    return until('the consumer has lost its connection', () => !this.#consumerUp);
  }

  /** Ends the line in peace, as often as it takes until nothing waits, and lets the last messages arrive. */
  async calm(): Promise<void> {
    this.proxy.delayMs = 0;
    this.proxy.thaw();
    this.proxy.open();
    do {
      await until('the backlog is gone', () => this.outboxCount() < 10);
      const code = await this.agent.signal('SIGTERM');
      if (code !== 0) throw new Error(`the agent ended with ${code}:\n${this.agent.text}`);
      if (this.outboxCount() > 0) await this.agentReady(this.startAgent());
    } while (this.outboxCount() > 0);
  }

  /** Waits until each committed inspection has arrived, or long enough to say that it does not. */
  async complete(): Promise<void> {
    const ids = this.committed().map(({ id }) => id);
    await until(
      'everything has arrived',
      async () => {
        const arrived = new Set((await this.received()).map((payload) => (JSON.parse(payload) as Committed).id));
        return ids.every((id) => arrived.has(id));
      },
      COMPLETE_WITHIN_MS,
    ).catch(() => undefined);
  }

  async dispose(): Promise<void> {
    for (const agent of this.#agents) await agent.dispose();
    if (this.consumer.exitCode === null) {
      const ended = once(this.consumer, 'exit');
      this.consumer.kill('SIGKILL');
      await ended;
    }
    await this.proxy.stop();
    await this.broker.dispose();
    await rm(this.folder, { recursive: true, force: true });
  }

  #query<Row>(sql: string): Row[] {
    const database = new Database(join(this.folder, 'state', 'jidoka.sqlite'), { readonly: true, timeout: 10_000 });
    try {
      return database.prepare<[], Row>(sql).all();
    } finally {
      database.close();
    }
  }
}

/** Asks until it is so; a fault of the rig or of the agent shows as the sentence that did not come true. */
async function until(what: string, isSo: () => boolean | Promise<boolean>, timeoutMs = LONGEST_WAIT_MS): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`within ${timeoutMs} ms it was not so that ${what}`);
    await sleep(POLL_MS);
  }
}

function config(mqttUrl: string): string {
  const station = (name: string): string => `
  - name: ${name}
    camera: { kind: replay, path: tiles, framesPerSecond: ${PARTS_PER_SECOND_A_STATION} }
    model: { package: rendered-tile }
    images: none`;
  return `version: 1
gateway: { name: chaos }
storage: { directory: state }
mqtt:
  url: ${mqttUrl}
  baseTopic: chaos
  reconnectMaxMs: 300
  keepAliveSeconds: 5
  drainPerSecond: 1000
  failsFirst: true
log: { format: json, level: info }
stations:${station('left')}${station('right')}
`;
}
