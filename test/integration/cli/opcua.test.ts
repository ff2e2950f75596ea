import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { JidokaError } from '#jidoka/base/errors.js';
import { registerOpcua } from '#jidoka/cli/opcua.js';
import { opcuaConnectionSchema } from '#jidoka/config/schema/connections.js';
import { sensorSchema } from '#jidoka/config/schema/station.js';
import { type TagOptions, TestOpcuaServer } from '../../simulators/opcua-server.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const main = join(import.meta.dirname, '..', '..', '..', 'dist', 'cli', 'main.js');
const MANY = 1200;

const many = Object.fromEntries(
  Array.from({ length: MANY }, (_, index): [string, TagOptions] => [
    `Slot${index}`,
    { type: 'Int16', value: index, folder: 'Magazine' },
  ]),
);

describe('jidoka opcua', () => {
  let folder: string;
  let state: string;
  const server = new TestOpcuaServer({
    tags: {
      OvenTemperature: { type: 'Double', value: 181.25, unit: '°C', range: [0, 400], folder: 'Line1' },
      Temperatures: { type: 'Double', value: [1, 2, 3], array: true, folder: 'Line1' },
      'DoorTemp\u001b[2J': { type: 'Float', value: 20, readOnly: true, folder: 'Line1' },
      Running: { type: 'Boolean', value: true, folder: 'Line1' },
      counter: { type: 'UInt32', value: 0 },
      ...many,
    },
    users: { jidoka: 'right' },
    trustClients: false,
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jidoka-opcua-cli-'));
    state = join(folder, 'state');
    vi.stubEnv('STATE_DIRECTORY', state);
    vi.stubEnv('JIDOKA_OPCUA_PASSWORD', 'right');
    await server.start();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** A command in this process: starting one takes longer than most commands do. */
  async function run(...args: string[]) {
    const program = new Command('jidoka').exitOverride();
    registerOpcua(program);
    const written = { stdout: '', stderr: '' };
    const spies = (['stdout', 'stderr'] as const).map((stream) =>
      vi.spyOn(process[stream], 'write').mockImplementation((text) => {
        written[stream] += String(text);
        return true;
      }),
    );
    process.exitCode = undefined;
    try {
      await program.parseAsync(['node', 'jidoka', 'opcua', ...args]);
      return { status: process.exitCode ?? 0, code: null, ...written };
    } catch (error) {
      if (!(error instanceof JidokaError)) throw error;
      return { status: error.consequence === 'config' ? 78 : 1, code: error.code, ...written, stderr: error.message };
    } finally {
      for (const spy of spies) spy.mockRestore();
      process.exitCode = undefined;
    }
  }

  const noSession = () =>
    vi.waitFor(async () => expect(await server.sessions()).toMatchObject({ open: 0, subscriptions: 0 }), {
      timeout: 20_000,
    });

  it('discovers the endpoints and gives a configuration that is valid, for people and for scripts', async () => {
    const { status, stdout } = await run('discover', server.endpoint);
    expect(status).toBe(0);
    expect(stdout).toMatch(/signAndEncrypt +Aes256_Sha256_RsaPss .*<- recommended/);
    expect(stdout).toMatch(/^SHA-1 +[0-9A-F]{40}$/m);
    const json = JSON.parse((await run('discover', server.endpoint, '--json')).stdout) as {
      endpoints: { recommended: boolean }[];
      config: string;
      certificate: { sha1: string };
    };
    expect(json.endpoints).toHaveLength(7);
    expect(json.endpoints.filter(({ recommended }) => recommended)).toHaveLength(1);
    expect(stdout).toContain(json.certificate.sha1);
    expect(stdout).toContain(json.config.trimEnd());
    const { opcua } = parse(json.config) as { opcua: Record<string, unknown> };
    expect(opcuaConnectionSchema.parse(opcua['plc'])).toMatchObject({
      endpoint: server.endpoint,
      securityMode: 'signAndEncrypt',
      securityPolicy: 'Aes256_Sha256_RsaPss',
    });
    expect(await readdir(folder)).not.toContain('state');
  });

  it('says that nothing answers, and what an address looks like', async () => {
    const absent = await run('discover', 'opc.tcp://127.0.0.1:1');
    expect(absent).toMatchObject({ status: 1, stderr: expect.stringContaining('OPCUA_SERVER_ABSENT: ') });
    expect(await run('browse', 'http://plc')).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('opc.tcp://'),
    });
    expect(await run('browse', 'press')).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('--config FILE'),
    });
  });

  it('finds tags by name and gives sensors that are valid', async () => {
    const { status, stdout } = await run('browse', server.endpoint, '--find', 'line1 TEMP');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Line1\/OvenTemperature +ns=1;s=OvenTemperature +Double \(writable\) +181\.25 °C +0 to 400/);
    expect(stdout).toMatch(/Line1\/Temperatures .*Double\[3\]/);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('Running');
    const { sensors } = parse(stdout.slice(stdout.indexOf('sensors:'))) as { sensors: unknown[] };
    expect(sensors.map((entry) => sensorSchema.parse(entry))).toMatchObject([
      { name: expect.stringContaining('door-temp'), nodeId: expect.stringContaining('ns=1;s=DoorTemp') },
      { name: 'oven-temperature', nodeId: 'ns=1;s=OvenTemperature', unit: '°C', min: 0, max: 400 },
    ]);
    await noSession();
  });

  it('follows continuation points, keeps to its bounds and says so', async () => {
    const all = JSON.parse(
      (await run('browse', server.endpoint, '--find', 'Magazine', '--limit', '5000', '--json')).stdout,
    );
    expect(all).toMatchObject({ matched: MANY, incomplete: null });
    expect(new Set(all.tags.map(({ nodeId }: { nodeId: string }) => nodeId)).size).toBe(MANY);
    const few = await run('browse', server.endpoint, '--max-nodes', '300', '--limit', '3');
    expect(few.stdout).toMatch(/… and \d+ more/);
    expect(few.stdout).toContain('it ended after 300 nodes');
    const flat = await run('browse', server.endpoint, '--max-depth', '1', '--find', 'Slot1');
    expect(flat).toMatchObject({ status: 1, stdout: expect.stringContaining('deeper than 1 levels') });
    await noSession();
  });

  it('trusts a server after showing its certificate, refuses to guess, and ends the trust again', async () => {
    const secure = ['browse', server.endpoint, '--secure', '--username', 'jidoka', '--find', 'counter'];
    const refused = await run(...secure);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('OPCUA_CERT_UNTRUSTED: ') });
    const fingerprint = /opcua trust --state \S+ ([0-9A-F]{40})$/m.exec(refused.stderr)?.[1] ?? '';
    const listed = JSON.parse((await run('trust', '--json')).stdout);
    expect(listed.rejected).toMatchObject([{ sha1: fingerprint }]);

    const asked = await run('trust', server.endpoint);
    expect(asked).toMatchObject({
      status: 78,
      stdout: expect.stringContaining(fingerprint),
      stderr: expect.stringContaining('--yes'),
    });
    expect(await run('trust', fingerprint.slice(0, 10), '--yes')).toMatchObject({ status: 0 });
    expect(await run('trust', server.endpoint, '--yes')).toMatchObject({
      stdout: expect.stringContaining('trusted already'),
    });
    expect((await run('trust', '--list')).stdout).toContain(fingerprint);
    expect(await run(...secure)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('OPCUA_CLIENT_CERT_REFUSED: '),
    });

    const own = join(folder, 'jidoka.pem');
    expect(await run('certificate', '-o', own)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^application +urn:/m),
    });
    await mkdir(join(server.pki, 'trusted', 'certs'), { recursive: true });
    await cp(own, join(server.pki, 'trusted', 'certs', 'jidoka.pem'));
    await rm(join(server.pki, 'rejected'), { recursive: true, force: true });
    await server.kill();
    await server.start();
    expect(await run(...secure)).toMatchObject({ status: 0, stdout: expect.stringContaining('ns=1;s=counter') });

    expect(await run('trust', '--remove', fingerprint, '--yes')).toMatchObject({ status: 0 });
    expect(await run(...secure)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('OPCUA_CERT_UNTRUSTED: '),
    });
    expect(await run('trust', '--remove', fingerprint, '--yes')).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('OPCUA_CERT_NOT_FOUND'),
    });
    const rubbish = join(folder, 'rubbish.crl');
    await writeFile(rubbish, 'rubbish');
    expect(await run('trust', rubbish)).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('OPCUA_TRUST_FILE_UNUSABLE'),
    });
  });

  it('watches tags of a server in the configuration; a wrong one stops no other; --count ends it', async () => {
    const config = join(folder, 'jidoka.yaml');
    await writeFile(
      config,
      [
        'version: 1',
        'gateway: { name: gw }',
        `storage: { directory: ${state} }`,
        'mqtt: { url: mqtt://broker }',
        `opcua: { press: { endpoint: "${server.endpoint}", username: jidoka, password: { env: JIDOKA_OPCUA_PASSWORD } } }`,
        'stations: [{ name: s, camera: { kind: simulated }, model: { package: rendered-tile } }]',
      ].join('\n'),
    );
    const counting = setInterval(() => void server.set('counter', Date.now() % 100_000).catch(() => undefined), 100);
    const wanted = ['ns=1;s=nope', 'ns=1;s=counter', '--count', '3', '--json', '--interval', '50'];
    const { status, stdout, stderr } = await run('watch', 'press', '--config', config, ...wanted);
    clearInterval(counting);
    const lines = stdout.trim().split('\n');
    expect([status, lines.map((line) => JSON.parse(line).nodeId)]).toEqual([1, Array(3).fill('ns=1;s=counter')]);
    expect(stderr.match(/OPCUA_NODE_UNKNOWN/g)).toHaveLength(1);
    await noSession();
  });

  it('ends on Ctrl-C with no session left, nor anything in the folder', async () => {
    const away = await mkdtemp(join(folder, 'away-'));
    const { STATE_DIRECTORY: _, ...environment } = process.env;
    const child = spawn(process.execPath, [main, 'opcua', 'watch', server.endpoint, 'ns=1;s=Running'], {
      cwd: away,
      env: { ...environment, TMPDIR: away },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const closed = once(child, 'close');
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await vi.waitFor(() => expect(said).toContain('ns=1;s=Running  true  Good'), { timeout: 60_000 });
    expect(await server.sessions()).toMatchObject({ open: 1 });
    child.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
    expect(await readdir(away)).toEqual([]);
    await noSession();
  });
});
