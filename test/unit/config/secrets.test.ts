import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '#jidoka/config/load.js';
import { printConfig } from '#jidoka/config/print.js';
import { readSecretFile, resolveSecret, type SecretSources } from '#jidoka/config/secrets.js';
import { MINIMAL } from './helpers.js';

let folder: string;
let warnings: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-secrets-'));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function sources(environment: Record<string, string> = {}, credentialsDirectory?: string): SecretSources {
  return { environment, credentialsDirectory, readFile: readSecretFile, warn: (text) => void warnings.push(text) };
}

function secretFile(name: string, text: string, mode = 0o400): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('resolveSecret', () => {
  it('takes an environment variable', async () => {
    expect(await resolveSecret({ env: 'P' }, sources({ P: 's3cret' }))).toBe('s3cret');
  });

  it.each([
    ['abc\n', 'abc'],
    ['abc\r\n', 'abc'],
    [' a b \n\n', ' a b \n'],
  ])('strips one line break at the end of the file %j', async (text, secret) => {
    expect(await resolveSecret({ file: secretFile('p', text) }, sources())).toBe(secret);
    expect(warnings).toEqual([]);
  });

  it('takes a credential from the folder that systemd names', async () => {
    secretFile('mqtt-password', 'abc\n', 0o444);
    expect(await resolveSecret({ credential: 'mqtt-password' }, sources({}, folder))).toBe('abc');
    expect(warnings).toEqual([]);
  });

  it('warns of a file that everybody may read, without the secret', async () => {
    const path = secretFile('p', 'abc', 0o644);
    expect(await resolveSecret({ file: path }, sources())).toBe('abc');
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${path}`)]);
    expect(warnings.join()).not.toContain('abc');
  });

  it.each([
    ['a variable that is not set', { env: 'NONE' }, 'CONFIG_SECRET_VARIABLE_MISSING'],
    ['an empty variable', { env: 'EMPTY' }, 'CONFIG_SECRET_EMPTY'],
    ['a file that is not there', { file: '/nonexistent/p' }, 'CONFIG_SECRET_UNREADABLE'],
    ['a folder', { file: '/' }, 'CONFIG_SECRET_UNREADABLE'],
    ['a credential that is not there', { credential: 'none' }, 'CONFIG_SECRET_CREDENTIAL_MISSING'],
    ['a credential outside of its folder', { credential: '../passwd' }, 'CONFIG_SECRET_CREDENTIAL_MISSING'],
  ])('refuses %s', async (_, reference, code) => {
    const outcome = resolveSecret(reference, sources({ EMPTY: ' \n' }, folder));
    await expect(outcome).rejects.toMatchObject({ code, consequence: 'config' });
  });

  it('refuses an empty file and one that is far too large', async () => {
    await expect(resolveSecret({ file: secretFile('e', '\n') }, sources())).rejects.toMatchObject({
      code: 'CONFIG_SECRET_EMPTY',
    });
    await expect(resolveSecret({ file: secretFile('l', 'x'.repeat(65_537)) }, sources())).rejects.toMatchObject({
      code: 'CONFIG_SECRET_UNREADABLE',
      got: expect.stringContaining('65536'),
    });
  });

  it('says how to try a credential without systemd', async () => {
    await expect(resolveSecret({ credential: 'p' }, sources())).rejects.toThrow('CREDENTIALS_DIRECTORY');
  });
});

describe('printConfig', () => {
  it('prints YAML that loads to the same configuration, secrets as references', () => {
    const text = MINIMAL.replace('1883" }', '1883", username: u, password: { env: MQTT_PASSWORD } }');
    const result = loadConfig(text, 'f.yaml');
    if (!('config' in result)) throw new Error(JSON.stringify(result.problems));
    const printed = printConfig(result.config);
    expect(printed).toContain('password:\n    env: MQTT_PASSWORD');
    expect(printed).toContain('keepAliveSeconds: 30');
    expect(loadConfig(printed, 'printed')).toEqual(result);
  });

  it('masks what came in with an address', () => {
    const result = loadConfig(MINIMAL, 'f.yaml');
    if (!('config' in result)) throw new Error(JSON.stringify(result.problems));
    const config = { ...result.config, mqtt: { ...result.config.mqtt, url: 'mqtt://u:hunter2@b' } };
    expect(printConfig(config)).not.toContain('hunter2');
  });
});
