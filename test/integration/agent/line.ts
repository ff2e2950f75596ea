import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { connectAsync, type MqttClient } from 'mqtt';
import sharp from 'sharp';
import { renderTile, TILE_CLASSES } from '#jidoka/camera/simulated/tile.js';
import type { InspectionMessage } from '#jidoka/domain/message.js';
import { projectRoot } from '../../simulators/agent-process.js';

/** Real photographs where they are at hand. */
export const dataFolder = process.env['JIDOKA_DATA'] ?? join(projectRoot, '..', 'shared', 'data');
export const hasPhotographs = existsSync(join(dataFolder, 'magnetic-tile'));

/** One station's folders and configuration on disk, as a plant engineer would lay them out. */
export class StationOnDisk {
  private constructor(readonly folder: string) {}

  static async create(): Promise<StationOnDisk> {
    const station = new StationOnDisk(await mkdtemp(join(tmpdir(), 'jidoka-agent-')));
    await mkdir(station.photos);
    return station;
  }

  get photos(): string {
    return join(this.folder, 'photos');
  }

  get state(): string {
    return join(this.folder, 'state');
  }

  get config(): string {
    return join(this.folder, 'jidoka.yaml');
  }

  async writeConfig(options: {
    mqttUrl: string;
    opcuaEndpoint?: string;
    model: string;
    mqttExtra?: string;
    plcOutput?: boolean;
  }): Promise<void> {
    const { mqttUrl, opcuaEndpoint, model, mqttExtra = '', plcOutput = false } = options;
    const sensors =
      opcuaEndpoint === undefined
        ? ''
        : `
    sensors:
      - { name: temperature, nodeId: 'ns=1;s=Temperature', unit: °C, samplingMs: 50, min: 0, max: 100 }`;
    const output = plcOutput
      ? `
    output:
      plc: { ok: 'ns=1;s=OK', nok: 'ns=1;s=NOK', code: 'ns=1;s=Code', counter: 'ns=1;s=Counter' }`
      : '';
    await writeFile(
      this.config,
      `version: 1
gateway: { name: test-gateway }
storage: { directory: ${this.state} }
mqtt:
  url: ${mqttUrl}
  baseTopic: plant/line
  reconnectMaxMs: 500${mqttExtra}
${opcuaEndpoint === undefined ? '' : `opcua:\n  plc: { endpoint: '${opcuaEndpoint}', publishingIntervalMs: 50, reconnectMaxMs: 500 }\n`}stations:
  - name: surface
    camera: { kind: directory, path: photos, settleMs: 20, pollMs: 50 }
    model: { package: ${model} }
    images: fails-and-reviews${sensors}${output}
`,
    );
  }

  /** Puts a finished file into the folder, as a careful writer does: written elsewhere, then renamed. */
  async deliver(name: string, content: Uint8Array): Promise<void> {
    const temporary = join(this.folder, name);
    await writeFile(temporary, content);
    await rename(temporary, join(this.photos, name));
  }

  /** What is committed, in the order of the sequence numbers. */
  rows(): { id: string; seq: number; source: string; verdict: string }[] {
    const database = new Database(join(this.state, 'jidoka.sqlite'), { readonly: true });
    try {
      const query = 'SELECT id, seq, source, verdict FROM inspections ORDER BY seq';
      return database.prepare<[], ReturnType<typeof this.rows>[number]>(query).all();
    } finally {
      database.close();
    }
  }

  /** The recipes of a station's inspections, in their order. */
  recipes(station: string): (string | null)[] {
    const database = new Database(join(this.state, 'jidoka.sqlite'), { readonly: true });
    try {
      const query = 'SELECT recipe FROM inspections JOIN stations USING (station) WHERE name = ? ORDER BY seq';
      return database.prepare<[string], string | null>(query).pluck().all(station);
    } finally {
      database.close();
    }
  }

  outboxRows(): number {
    const database = new Database(join(this.state, 'jidoka.sqlite'), { readonly: true });
    try {
      return database.prepare<[], { rows: number }>('SELECT count(*) AS rows FROM outbox').get()?.rows ?? -1;
    } finally {
      database.close();
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `count` rendered tiles as JPEG files, good and defective. */
export async function renderedTiles(count: number): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (let index = 0; index < count; index += 1) {
    const tileClass = TILE_CLASSES[index % TILE_CLASSES.length] ?? 'free';
    const { data, width, height } = renderTile({ tileClass, seed: 9000 + index });
    const jpeg = await sharp(data, { raw: { width, height, channels: 1 } })
      .jpeg()
      .toBuffer();
    files.set(`${String(index).padStart(4, '0')}-${tileClass}.jpg`, jpeg);
  }
  return files;
}

export async function photographNames(): Promise<string[]> {
  const root = join(dataFolder, 'magnetic-tile');
  const names = await readdir(root, { recursive: true });
  return names
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .map((name) => join(root, name));
}

/** A subscriber that is not the agent's: every message of every topic, in the order of arrival. */
export class Subscriber {
  readonly inspections: InspectionMessage[] = [];
  readonly latest = new Map<string, Record<string, unknown>>();

  private constructor(private readonly client: MqttClient) {}

  static async connect(url: string): Promise<Subscriber> {
    const client = await connectAsync(url, { clean: false, clientId: 'independent', reconnectPeriod: 50 });
    const subscriber = new Subscriber(client);
    client.on('message', (topic, payload) => {
      const message = JSON.parse(payload.toString()) as Record<string, unknown>;
      if (topic.endsWith('/inspection')) subscriber.inspections.push(message as unknown as InspectionMessage);
      else subscriber.latest.set(topic, message);
    });
    await client.subscribeAsync('#', { qos: 1 });
    return subscriber;
  }

  /** Inspections without the duplicates that at-least-once allows, in the order of first arrival. */
  get unique(): InspectionMessage[] {
    return [...new Map(this.inspections.map((message) => [message.id, message])).values()];
  }

  async end(): Promise<void> {
    await this.client.endAsync(true);
  }
}
