import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const source = join(import.meta.dirname, '..', '..', '..', 'systemd');
const unit = readFileSync(join(source, 'jidoka.service'), 'utf8');
const dropIns = readdirSync(join(source, 'jidoka.service.d')).filter((file) => file.endsWith('.conf.example'));
const found = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
const version = Number(/^systemd (\d+)/.exec(found.stdout ?? '')?.[1] ?? 0);
const reason = version > 0 ? '' : ' (skipped: systemd-analyze not installed)';

/** The worst exposure that may be shipped, in tenths: 0 is best, 100 worst. */
const MAX_EXPOSURE = 15;

describe.skipIf(version === 0)(`jidoka.service${reason}`, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jidoka-unit-'));
    // The check wants the program to exist, and Node may be elsewhere on the machine of the test.
    writeFileSync(join(folder, 'jidoka.service'), unit.replace('/usr/bin/node', process.execPath));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const analyze = (...args: string[]) =>
    spawnSync('systemd-analyze', args, { encoding: 'utf8', env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` } });
  const verify = () => analyze('verify', '--man=no', join(folder, 'jidoka.service'));

  it('is a valid unit', () => {
    expect(verify()).toMatchObject({ status: 0, stderr: '' });
  });

  it('is refused by the same check once a line is wrong', () => {
    writeFileSync(join(folder, 'jidoka.service'), unit.replace('Type=notify', 'Tpye=notify'));
    expect(verify().stderr).toContain('Tpye');
  });

  it(`is exposed to at most ${MAX_EXPOSURE / 10} of 10`, () => {
    const threshold = `--threshold=${MAX_EXPOSURE}`;
    const result = analyze('security', '--offline=true', threshold, join(folder, 'jidoka.service'));
    expect({ status: result.status, score: /exposure level.*/.exec(result.stdout)?.[0] }).toEqual({
      status: 0,
      score: expect.stringMatching(/: (0|1)\.\d OK/),
    });
  });

  it.each(dropIns)('is still valid with the drop-in %s', (file) => {
    const newer = file.startsWith('restart-backoff') && version < 254;
    mkdirSync(join(folder, 'jidoka.service.d'));
    cpSync(join(source, 'jidoka.service.d', file), join(folder, 'jidoka.service.d', file.replace('.example', '')));
    const { stderr } = verify();
    const unknown = newer ? stderr.split('\n').filter((line) => !/Restart(Steps|MaxDelaySec)/.test(line)) : [stderr];
    expect(unknown.join('').trim()).toBe('');
  });
});

describe('jidoka.service', () => {
  it('keeps what the daemon relies on', () => {
    const lines = unit.split('\n');
    for (const line of [
      'Type=notify',
      'NotifyAccess=all',
      'ExecReload=/bin/kill -HUP $MAINPID',
      'RestartPreventExitStatus=78',
      'StateDirectory=jidoka',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.filter((line) => /^MemoryDenyWriteExecute=/.test(line))).toEqual([]);
  });

  it('is listed with its drop-ins', () => {
    const readme = readFileSync(join(source, 'jidoka.service.d', 'README.md'), 'utf8');
    expect([...readme.matchAll(/`([\w-]+\.conf\.example)`/g)].map((match) => match[1]).sort()).toEqual(dropIns.sort());
  });
});
