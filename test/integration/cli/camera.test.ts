import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliPath } from '../../simulators/agent-process.js';
import { answerOf, BareCamera, jpegOf, partOf, STREAM_HEAD } from '../../simulators/http-camera.js';
import { ledgerIn } from '../store/place.js';

let folder: string;
let config: string;
let jpeg: Buffer;
let stream: BareCamera;
let refusing: BareCamera;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-cli-camera-'));
  jpeg = await jpegOf(2, 320, 240);
  const cut = jpeg.subarray(0, -40);
  stream = await BareCamera.start((socket) => {
    socket.write(STREAM_HEAD);
    let number = 0;
    const ticking = setInterval(() => {
      // Each tenth picture is cut off.
      socket.write(partOf(number % 10 === 9 ? cut : jpeg));
      number += 1;
    }, 20);
    socket.on('close', () => clearInterval(ticking));
  });
  refusing = await BareCamera.start((socket) => {
    socket.write(answerOf('no', 'text/plain', '404 Not Found'));
  });
  writeFileSync(join(folder, 'secret'), 'word\n', { mode: 0o600 });
  config = join(folder, 'jidoka.yaml');
  writeFileSync(
    config,
    `version: 1
gateway: { name: gw }
mqtt: { url: 'mqtt://127.0.0.1:1' }
storage: { directory: state }
stations:
  - name: streamed
    camera: { kind: http, url: '${stream.url}', username: u, password: { file: secret } }
    trigger: { kind: timer, everyMs: 60000 }
    model: { package: rendered-tile }
  - { name: refused, camera: { kind: http, url: '${refusing.url}' }, model: { package: rendered-tile } }
  - { name: drawn, camera: { kind: simulated, framesPerSecond: 50 }, model: { package: rendered-tile } }
  - { name: replayed, camera: { kind: replay, path: nowhere }, model: { package: rendered-tile } }
`,
  );
});

afterAll(async () => {
  await Promise.all([stream.stop(), refusing.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Beside a running event loop: the cameras above answer. */
async function camera(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const child = spawn(process.execPath, [cliPath, 'camera', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

const target = (name: string): string => join(folder, name);

describe('jidoka camera snapshot', () => {
  it('writes the picture as the camera has made it, and says what it is', async () => {
    const file = target('one.jpg');
    writeFileSync(file, 'an older file');
    const { status, stdout, stderr } = await camera(['snapshot', 'streamed', '--config', config, '-o', file]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^\S+one\.jpg: 320 x 240, \S+ k?B, taken at \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
    expect(readFileSync(file).equals(jpeg)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    await expect.poll(() => stream.sockets.size).toBe(0);
  });

  it.each(['drawn', 'streamed'])('writes a PNG of the camera of %s', async (station) => {
    const file = target(`${station}.png`);
    expect((await camera(['snapshot', station, '--config', config, '-o', file, '--wait', '0.2'])).status).toBe(0);
    const { format, width } = await sharp(file).metadata();
    expect([format, width]).toEqual(['png', station === 'drawn' ? 240 : 320]);
  });

  it('says in one line why there is no picture', async () => {
    const cases: readonly (readonly [args: readonly string[], status: number, words: RegExp])[] = [
      [
        ['refused', '-o', 'x.jpg', '--timeout', '1'],
        1,
        /CLI_CAMERA_NO_PICTURE: .*station refused.*CAMERA_HTTP_NOT_FOUND: /,
      ],
      [['nobody', '-o', 'x.jpg'], 78, /CLI_STATION_UNKNOWN: .*Expected: streamed or refused or drawn or replayed/],
      [['drawn', '-o', 'x.gif'], 78, /CLI_BAD_OPTION: .*ends in \.jpg, \.jpeg or \.png/],
      [['drawn', '-o', join(tmpdir(), 'no', 'such', 'folder.jpg')], 78, /CLI_BAD_OPTION: .*ENOENT/],
      [['drawn', '-o', 'x.jpg', '--timeout', 'soon'], 78, /CLI_BAD_OPTION: .*--timeout/],
      [['replayed', '-o', 'x.jpg'], 78, /CAMERA_FOLDER_MISSING/],
    ];
    await Promise.all(
      cases.map(async ([args, expected, words]) => {
        const { status, stdout, stderr } = await camera(['snapshot', ...args, '--config', config]);
        expect({ args, status, stdout }).toEqual({ args, status: expected, stdout: '' });
        expect(stderr).toMatch(words);
        expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      }),
    );
  });

  it('says so when the agent has the camera', async () => {
    const ledger = ledgerIn(join(folder, 'state'));
    await ledger.start();
    try {
      const { stderr } = await camera(['snapshot', 'refused', '--config', config, '-o', 'x.jpg', '--timeout', '1']);
      expect(stderr).toContain(`The agent runs with this configuration (process ${process.pid})`);
    } finally {
      await ledger.stop();
    }
  });

  it('closes the camera on Ctrl-C', async () => {
    const args = ['snapshot', 'streamed', '--config', config, '-o', target('late.jpg'), '--wait', '600'];
    const child = spawn(process.execPath, [cliPath, 'camera', ...args], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await expect.poll(() => stream.sockets.size, { timeout: 20_000 }).toBe(1);
    child.kill('SIGINT');
    const [status] = (await ended) as [number | null];
    expect(status).not.toBeNull();
    await expect.poll(() => stream.sockets.size).toBe(0);
  });
});

describe('jidoka camera test', () => {
  it('measures rate, jitter, losses, size and age', async () => {
    const args = ['test', 'streamed', '--config', config, '--seconds', '1.5'];
    const { status, stdout, stderr } = await camera(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const names = stdout.split('\n').map((line) => line.split('  ')[0]);
    expect(names).toEqual([
      'station',
      'first picture',
      'picture',
      'pictures',
      'rate',
      'interval',
      'lost',
      'size',
      'data',
      'age',
      'camera',
      '',
    ]);
    expect(stdout).toMatch(/^picture +320 x 240, encoded$/m);
    expect(stdout).toMatch(/^interval +p50 [\d.]+ ms {3}p95 [\d.]+ ms {3}max [\d.]+ ms$/m);
  });

  it('gives the figures as JSON', async () => {
    const { status, stdout } = await camera(['test', 'streamed', '--config', config, '--seconds', '1.5', '--json']);
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as Record<string, never>;
    expect(report).toMatchObject({
      station: 'streamed',
      kind: 'http',
      bytes: { min: jpeg.length, mean: jpeg.length, max: jpeg.length },
      camera: { state: 'running' },
    });
    expect(report['frames']).toBeGreaterThan(5);
    // The pictures that came cut off, and were not used.
    expect(report['lost']).toBeGreaterThan(0);
  });

  it('exits with 1 when no picture comes', async () => {
    const { status, stdout, stderr } = await camera(['test', 'refused', '--config', config, '--timeout', '1']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/CLI_CAMERA_NO_PICTURE: .*CAMERA_HTTP_NOT_FOUND/);
  });
});

describe('jidoka camera list', () => {
  /** Without the programs that would ask the network of the machine for cameras. */
  const bare = { ...process.env, PATH: '/nowhere' };

  it('tries each camera of the configuration, and says what could not be searched', async () => {
    const { status, stdout, stderr } = await camera(['list', '--config', config, '--timeout', '3'], bare);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}streamed {2}http {7}picture {5}Receives pictures of 320 x 240 from /m);
    expect(stdout).toMatch(/^ {2}refused {3}http {7}no picture {2}CAMERA_HTTP_NOT_FOUND: /m);
    expect(stdout).toMatch(/^ {2}drawn {5}simulated {2}picture /m);
    expect(stdout).toMatch(/^ {2}replayed {2}replay {5}no picture {2}CAMERA_FOLDER_MISSING: /m);
    expect(stdout).toMatch(/^V4L2 cameras$/m);
    expect(stdout).toContain('not searched: arv-tool-0.8 is not installed (sudo apt-get install aravis-tools-cli)');
    expect(stdout).toContain('neither cam nor libcamera-hello is installed (sudo apt-get install libcamera-tools)');
  });

  it('needs no configuration, and speaks JSON', async () => {
    const { status, stdout } = await camera(['list', '--json'], bare);
    expect(status).toBe(0);
    const { stations, searches } = JSON.parse(stdout) as { stations: []; searches: { kind: string }[] };
    expect(stations).toEqual([]);
    expect(searches.map(({ kind }) => kind)).toEqual(['V4L2', 'GenICam', 'libcamera']);
  });

  const ownNetwork = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' }).status === 0;
  const aravis = ['arv-tool-0.8', 'arv-fake-gv-camera-0.8'].every(
    (tool) => spawnSync(tool, ['--help'], { stdio: 'ignore' }).error === undefined,
  );
  const absent = !aravis ? 'aravis-tools are not installed' : 'no network of its own can be made';
  const skipped = aravis && ownNetwork ? '' : ` (skipped: ${absent})`;

  it.skipIf(skipped !== '')(`finds a GigE Vision camera in its own network${skipped}`, () => {
    const script = `ip link set lo up
arv-fake-gv-camera-0.8 -i 127.0.0.1 -s TEST01 >/dev/null 2>&1 &
fake=$!
found=
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  found=$("$0" "$1" camera list)
  case "$found" in *TEST01*) break ;; esac
done
kill $fake
printf '%s\\n' "$found"`;
    const { stdout } = spawnSync('unshare', ['-n', 'bash', '-c', script, process.execPath, cliPath], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^GenICam cameras\n {2}\S*TEST01 {2}at 127\.0\.0\.1$/m);
  });
});
