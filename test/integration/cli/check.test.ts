import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');
const valid = join(root, 'config', 'two-stations.yaml');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-check-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function check(...args: string[]) {
  const command = [join(root, 'dist', 'cli', 'main.js'), 'check', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr };
}

describe('jidoka check', () => {
  it('says that a file is valid and what is in it', () => {
    expect(check('--config', valid)).toEqual({
      status: 0,
      stdout: `${valid} is valid: 2 stations (press-exit, packing), 3 sensors, 2 OPC UA servers, MQTT to mqtts://broker.plant.example:8883.\n`,
      stderr: '',
    });
  });

  it('names every one of five faults with line and column, and exits with 2', () => {
    const file = join(folder, 'faulty.yaml');
    writeFileSync(
      file,
      [
        'version: 1',
        'gateway:',
        '  name: Press Hall', // 1: not a name
        'mqtt:',
        '  url: mqtt://broker',
        '  username: jidoka',
        '  password: hunter2', // 2: a secret in plain text
        'stations:',
        '  - name: press-1',
        '    camera:',
        '      kind: simulated',
        '      framesPerSecnd: 5', // 3: an unknown key
        '    sensors:', // 4: no server is configured
        '      - { name: force, nodeId: "ns=2;s=Force" }',
        '    model: {}', // 5: a missing key
      ].join('\n'),
    );
    const { status, stdout, stderr } = check('--config', file);
    expect([status, stdout]).toEqual([2, '']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringContaining(`${file}:3:9  `),
      expect.stringContaining(`${file}:7:13  \`password\` holds the secret in plain text`),
      `${file}:12:7  The key \`framesPerSecnd\` is not known in \`camera\`.  Did you mean \`framesPerSecond\`?`,
      expect.stringContaining(`${file}:14:9  A server is needed`),
      expect.stringContaining(`${file}:15:5  \`model\` lacks the key \`package\``),
      `${file} is not valid: 5 problems.`,
    ]);
    expect(stderr).not.toContain('hunter2');
  });

  it('gives the same as JSON', () => {
    const file = join(folder, 'faulty.yaml');
    writeFileSync(file, 'version: 2\ngateway: { name: a }\nmqtt: { url: "mqtt://b" }\nstations: []\n');
    const { status, stdout, stderr } = check('--config', file, '--json');
    expect([status, stderr]).toEqual([2, '']);
    expect(JSON.parse(stdout)).toEqual({
      valid: false,
      file,
      problems: [
        { file, line: 1, column: 10, path: 'version', what: expect.any(String), instead: 'Write `1`.' },
        { file, line: 4, column: 11, path: 'stations', what: expect.any(String), instead: expect.any(String) },
      ],
    });
    expect(JSON.parse(check('--config', valid, '--json').stdout)).toEqual({
      valid: true,
      file: valid,
      stations: 2,
      problems: [],
    });
  });

  it('prints what takes effect, which is valid again', () => {
    const printed = check('--config', valid, '--print');
    expect(printed).toMatchObject({ status: 0, stderr: '' });
    expect(printed.stdout).toContain('password:\n    credential: mqtt-password');
    expect(printed.stdout).toContain('connectTimeoutMs: 10000');
    const copy = join(folder, 'effective.yaml');
    writeFileSync(copy, printed.stdout);
    expect(check('--config', copy).status).toBe(0);
    expect(JSON.parse(check('--config', valid, '--print', '--json').stdout)).toMatchObject({
      valid: true,
      config: { mqtt: { password: { credential: 'mqtt-password' }, window: 50 } },
    });
  });

  it('says why a file cannot be read, and exits with 2', () => {
    const missing = join(folder, 'none.yaml');
    expect(check('--config', missing)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^CONFIG_FILE_UNREADABLE: .*none\.yaml.*there is no such file/),
    });
    expect(check('--config', folder).stderr).toContain('it is a folder');
    expect(JSON.parse(check('--config', missing, '--json').stdout)).toMatchObject({
      valid: false,
      error: expect.stringContaining('there is no such file'),
    });
  });

  it('stops reading where a file has no end', () => {
    expect(check('--config', '/dev/zero').stderr).toContain('larger than 1048576 bytes');
  });
});
