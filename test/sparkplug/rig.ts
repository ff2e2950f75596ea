import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { connectAsync, type MqttClient } from 'mqtt';
import { vi } from 'vitest';
import { renderTile, TILE_CLASSES } from '#jidoka/camera/simulated/tile.js';
import { type FeedServer, startFeedServer } from '#jidoka/simline/feed-server.js';
import { AgentProcess } from '../simulators/agent-process.js';
import { Mosquitto } from '../simulators/mosquitto.js';
import { TestOpcuaServer } from '../simulators/opcua-server.js';
import { encodePayload } from '../simulators/sparkplug-protoc.js';
import { RecordingProxy, Tape } from '../simulators/sparkplug-recorder.js';
import { type Identity, type RawMessage, type Recording, toRecording } from './recording.js';
import { type Type, typeOf } from './view.js';

export const GROUP = 'press-shop';
export const DEVICES = ['inlet', 'outlet'] as const;
export type Device = (typeof DEVICES)[number];

export interface RigOptions {
  readonly scenario: string;
  readonly protocol: '5' | '3.1.1';
  readonly servers?: 1 | 2;
  readonly host?: string;
}

const PATIENCE = { timeout: 60_000, interval: 50 } as const;

/** The agent with two stations, its cameras and its PLC, between recording proxies and real brokers. */
export class Rig {
  readonly tape = new Tape();
  readonly brokers: Mosquitto[] = [];
  readonly opcua = new TestOpcuaServer({ tags: { Temperature: { type: 'Double', value: 182.5 } } });
  readonly proxies: RecordingProxy[] = [];
  readonly #feeds = new Map<Device, FeedServer>();
  readonly #clients: MqttClient[] = [];
  readonly #witnessed: RawMessage[] = [];
  #agent: AgentProcess | undefined;
  #part = 0;

  private constructor(
    private readonly options: RigOptions,
    private readonly folder: string,
  ) {}

  static async start(options: RigOptions): Promise<Rig> {
    const rig = new Rig(options, await mkdtemp(join(tmpdir(), 'jidoka-sparkplug-')));
    try {
      for (let index = 0; index < (options.servers ?? 1); index += 1) {
        const broker = await Mosquitto.start({ persistence: true });
        rig.brokers.push(broker);
        rig.proxies.push(await RecordingProxy.start(rig.tape, index, broker.port));
        await rig.#openClient(broker);
      }
      for (const device of DEVICES) rig.#feeds.set(device, await startFeedServer(0));
      await rig.opcua.start();
      await writeFile(join(rig.folder, 'jidoka.yaml'), rig.#config());
      return rig;
    } catch (error) {
      await rig.dispose();
      throw error;
    }
  }

  get databaseFile(): string {
    return join(this.folder, 'state', 'jidoka.sqlite');
  }

  /** Rows of the outbox that are not known to be received. */
  waitingRows(): number {
    const database = new Database(this.databaseFile, { readonly: true });
    try {
      return database.prepare<[], { rows: number }>('SELECT count(*) AS rows FROM outbox').get()?.rows ?? -1;
    } finally {
      database.close();
    }
  }

  get node(): string {
    return `node-${this.options.scenario}`;
  }

  startAgent(): void {
    // Far from UTC, so that a local time would be seen.
    this.#agent = new AgentProcess(join(this.folder, 'jidoka.yaml'), { TZ: 'Asia/Kathmandu' });
  }

  /** `SIGTERM` as operations stop it, `SIGKILL` as a power cut does. */
  async endAgent(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.tape.mark(signal === 'SIGTERM' ? 'stop' : 'kill');
    await this.#agent?.signal(signal);
  }

  /** One part before each camera that is there. */
  part(devices: readonly Device[] = DEVICES): void {
    this.#part += 1;
    const tileClass = TILE_CLASSES[this.#part % TILE_CLASSES.length] ?? 'free';
    const image = renderTile({ tileClass, seed: this.#part });
    for (const device of devices) {
      this.#feeds.get(device)?.send({ part: this.#part, capturedAtMs: Date.now(), image });
    }
  }

  /** Parts, one at a time, until data of each of these devices has followed. */
  async partSeen(devices: readonly Device[] = DEVICES): Promise<void> {
    for (const device of devices) {
      const before = this.count('DDATA', device);
      await vi.waitFor(
        () => {
          this.part([device]);
          if (this.count('DDATA', device) <= before) throw new Error(`no data of ${device}:\n${this.#agent?.text}`);
        },
        { timeout: 60_000, interval: 200 },
      );
    }
  }

  async loseCamera(device: Device): Promise<() => Promise<void>> {
    const feed = this.#feeds.get(device);
    this.tape.mark('camera lost', device);
    await feed?.stop();
    return async () => {
      this.#feeds.set(device, await startFeedServer(feed?.port ?? 0));
      this.tape.mark('camera back', device);
    };
  }

  /** Messages of a type that the edge node has published. */
  count(type: Type, device?: string): number {
    return this.tape.entries.filter((entry) => {
      if (entry.kind !== 'packet' || entry.from !== 'edge' || entry.packet.cmd !== 'publish') return false;
      const { topic } = entry.packet;
      return typeOf(topic) === type && (device === undefined || topic.endsWith(`/${device}`));
    }).length;
  }

  /** Waits for more messages of a type than there were. */
  async more(type: Type, before: number, device?: string): Promise<void> {
    await this.until(() => this.count(type, device) > before, `no further ${type} ${device ?? ''}`);
  }

  /** Waits for all births after `births` earlier ones. */
  async born(births: number): Promise<void> {
    await this.more('NBIRTH', births);
    const devices = births * DEVICES.length;
    await this.until(() => this.count('DBIRTH') >= devices + DEVICES.length, 'no further DBIRTHs');
  }

  async until(condition: () => boolean, failure: string): Promise<void> {
    await vi.waitFor(() => {
      if (!condition()) throw new Error(`${failure}; the agent's log:\n${this.#agent?.text}`);
    }, PATIENCE);
  }

  /** A command in the text form of protobuf, encoded by protoc. */
  async command(type: 'NCMD' | 'DCMD', payload: string, device?: Device): Promise<void> {
    const topic = ['spBv1.0', GROUP, type, this.node, ...(device === undefined ? [] : [device])].join('/');
    await this.#clients[0]?.publishAsync(topic, encodePayload(payload), { qos: 0, retain: false });
  }

  /** What a host says of itself on one of the servers. */
  async state(server: number, host: string, online: boolean, timestamp: number): Promise<void> {
    const text = JSON.stringify({ online, timestamp });
    await this.#clients[server]?.publishAsync(`spBv1.0/STATE/${host}`, text, { qos: 1, retain: true });
  }

  recording(): Recording {
    const { scenario, host } = this.options;
    const identity: Identity = {
      scenario,
      group: GROUP,
      node: this.node,
      devices: [...DEVICES],
      ...(host !== undefined && { host }),
    };
    return toRecording(identity, this.tape, this.#witnessed);
  }

  async dispose(): Promise<void> {
    await this.#agent?.dispose();
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
    for (const feed of this.#feeds.values()) await feed.stop();
    for (const proxy of this.proxies) await proxy.stop();
    for (const broker of this.brokers) await broker.dispose();
    await this.opcua.dispose();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Sends commands and STATEs, and sees what any subscriber sees. */
  async #openClient(broker: Mosquitto): Promise<void> {
    const client = await connectAsync(broker.url, { reconnectPeriod: 50 });
    client.on('message', (topic, payload, { qos, retain }) => {
      if (!topic.startsWith('spBv1.0/STATE/')) this.#witnessed.push({ topic, payload, qos, retain });
    });
    await client.subscribeAsync('spBv1.0/#', { qos: 1 });
    this.#clients.push(client);
  }

  #config(): string {
    const { protocol, host } = this.options;
    const [url = '', ...fallback] = this.proxies.map((proxy) => proxy.url);
    const station = (name: Device): string => `
  - name: ${name}
    camera: { kind: simulated, url: 'tcp://127.0.0.1:${this.#feeds.get(name)?.port}' }
    model: { package: rendered-tile }
    verdict: { minimumPassConfidence: 0.5 }
    sensors:
      - { name: temperature, nodeId: 'ns=1;s=Temperature', unit: °C, samplingMs: 50, required: false }`;
    return `version: 1
gateway: { name: gateway-${this.options.scenario} }
storage: { directory: ${join(this.folder, 'state')} }
mqtt:
  url: ${url}
  fallbackUrls: [${fallback.join(', ')}]
  profile: sparkplug
  protocol: '${protocol}'
  keepAliveSeconds: 5
  reconnectMaxMs: 300
  window: 1000
  commands: [set-threshold, pause, resume, rebirth]
  sparkplug: { groupId: ${GROUP}, edgeNodeId: ${this.node}${host === undefined ? '' : `, primaryHostId: ${host}`} }
opcua:
  plc: { endpoint: '${this.opcua.endpoint}', publishingIntervalMs: 50, reconnectMaxMs: 500 }
stations:${DEVICES.map(station).join('')}
`;
  }
}
