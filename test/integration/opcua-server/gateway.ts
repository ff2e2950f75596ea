import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { AgentProcess } from '../../simulators/agent-process.js';
import type { Argument } from '../../simulators/asyncua-client.js';
import { freePort } from '../../simulators/mosquitto.js';

export const USERS = { op: 'op-secret', board: 'board-secret' } as const;

/** What the first start of a server may take on a busy machine: it makes a key and loads the node sets. */
const LISTEN_MS = 120_000;

/** A gateway with its own OPC UA server and no broker: `flow` inspects every frame, `asked` only when somebody asks. */
export class Gateway {
  agent: AgentProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly port: number,
  ) {}

  static async create(): Promise<Gateway> {
    const gateway = new Gateway(await mkdtemp(join(tmpdir(), 'jidoka-mv-')), await freePort());
    await writeFile(
      gateway.config,
      `version: 1
gateway: { name: mv-gateway }
storage: { directory: state }
mqtt: { url: 'mqtt://127.0.0.1:1', reconnectMaxMs: 60000 }
opcuaServer:
  port: ${gateway.port}
  policies: [Basic256Sha256, None]
  results: 8
  users:
    - { name: op, password: { env: OP_PASSWORD }, role: operator }
    - { name: board, password: { env: BOARD_PASSWORD } }
stations:
  - name: flow
    camera: { kind: simulated, framesPerSecond: 10 }
    model: { package: rendered-tile }
  - name: asked
    camera: { kind: simulated, framesPerSecond: 20, seed: 5 }
    trigger: { kind: timer, everyMs: 86400000 }
    model: { package: rendered-tile }
  - name: folder
    camera: { kind: directory, path: photos, pollMs: 100 }
    model: { package: rendered-tile }
`,
    );
    await mkdir(gateway.photos);
    return gateway;
  }

  get config(): string {
    return join(this.folder, 'jidoka.yaml');
  }

  get photos(): string {
    return join(this.folder, 'photos');
  }

  get url(): string {
    return `opc.tcp://127.0.0.1:${this.port}`;
  }

  get pki(): string {
    return join(this.folder, 'state', 'pki', 'opcua-server');
  }

  /** Resolves when the server listens. */
  async start(): Promise<void> {
    const preload = join(import.meta.dirname, 'no-network-interfaces.cjs');
    this.agent = new AgentProcess(this.config, {
      OP_PASSWORD: USERS.op,
      BOARD_PASSWORD: USERS.board,
      NODE_OPTIONS: `--require=${preload}`,
    });
    await this.agent.logged(/^The OPC UA server for machine vision listens/, LISTEN_MS);
  }

  query<T>(sql: string): T[] {
    const database = new Database(join(this.folder, 'state', 'jidoka.sqlite'), { readonly: true });
    try {
      return database.prepare<[], T>(sql).all();
    } finally {
      database.close();
    }
  }

  async dispose(): Promise<void> {
    await this.agent?.dispose();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A client's certificate, as its maker would make one. */
export function clientCertificate(folder: string, name: string): { cert: string; key: string; uri: string } {
  // asyncua knows a file's form by the end of its name.
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)];
  const uri = `urn:test:${name}`;
  const extensions = [
    `subjectAltName=URI:${uri},DNS:localhost`,
    'keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyCertSign',
    'extendedKeyUsage=clientAuth,serverAuth',
  ].flatMap((extension) => ['-addext', extension]);
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`];
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert, ...extensions], { stdio: 'ignore' });
  return { cert, key, uri };
}

const SYSTEMS = 'VisionSystems';
export const system = (station: string, ...rest: string[]): string[] => [SYSTEMS, station, ...rest];
export const vision = (station: string): string[] => system(station, 'VisionStateMachine');
export const automatic = (station: string): string[] => [...vision(station), 'AutomaticModeStateMachine'];
export const results = (station: string): string[] => system(station, 'ResultManagement');
export const recipes = (station: string): string[] => system(station, 'RecipeManagement');
export const configurations = (station: string): string[] => system(station, 'ConfigurationManagement');

export const int32 = (value: number): Argument => ({ type: 'Int32', value });
export const uint32 = (value: number): Argument => ({ type: 'UInt32', value });
export const id = (struct: string, Id?: string): Argument => ({
  struct: `${struct}DataType`,
  ...(Id !== undefined && { fields: { Id } }),
});

export const cause: readonly Argument[] = [int32(7), { type: 'String', value: 'lens cleaning' }];

/** The arguments of StartSingleJob and StartContinuous. */
export function start(given: { meas?: string; part?: string; recipe?: string; product?: string } = {}): Argument[] {
  return [
    id('MeasId', given.meas),
    id('PartId', given.part),
    id('RecipeIdExternal', given.recipe),
    id('ProductId', given.product),
    { list: [] },
  ];
}

/** The arguments of GetResultListFiltered. */
export function filter(given: { meas?: string; part?: string; most?: number; from?: number } = {}): Argument[] {
  return [
    int32(0),
    id('MeasId', given.meas),
    id('PartId', given.part),
    id('RecipeIdExternal'),
    id('RecipeIdInternal'),
    id('ConfigurationId'),
    id('ConfigurationId'),
    id('ProductId'),
    id('JobId'),
    uint32(given.most ?? 0),
    uint32(given.from ?? 0),
    int32(0),
  ];
}
