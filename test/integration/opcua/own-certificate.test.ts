import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKeyPair } from '#jidoka/opcua/security/key-pair.js';
import { ownCertificateFiles } from '#jidoka/opcua/security/own-certificate.js';
import { gatewayCertificate } from '#jidoka/opcua/tools/gateway-certificate.js';
import { opensslAbsent } from '../../simulators/certificates.js';
import { OpcuaAuthority } from '../../simulators/opcua-certificates.js';
import { keptLog } from './rig.js';

const DAY_MS = 86_400_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jidoka-own-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = (pki: string, more: object = {}) => ({
  pkiFolder: join(folder, pki),
  applicationName: 'jidoka press-hall',
  files: undefined,
  renew: false,
  nowMs: Date.now(),
  logger: keptLog().logger,
  ...more,
});

describe("the gateway's self-signed certificate", () => {
  it('is made once, with a URI and a key that only its owner may read, however many connections start', async () => {
    const log = keptLog();
    const made = await Promise.all([1, 2, 3].map(() => gatewayCertificate(options('pki', { logger: log.logger }))));
    expect(new Set(made.map(({ certificate }) => certificate.sha256)).size).toBe(1);
    expect(made[0]?.applicationUri).toMatch(/^urn:[^ ]+:jidoka:press-hall$/);
    expect((await stat(ownCertificateFiles(join(folder, 'pki')).key)).mode & 0o077).toBe(0);
    expect(log.lines.filter(({ message }) => message.includes('must be told to trust it'))).toHaveLength(1);
  });

  it('keeps its name when the gateway is renamed, since servers know it by that', async () => {
    const [before] = [await gatewayCertificate(options('pki'))];
    const after = await gatewayCertificate(options('pki', { applicationName: 'jidoka other' }));
    expect(after.applicationUri).toBe(before.applicationUri);
    expect(after.certificate.sha256).toBe(before.certificate.sha256);
  });

  it('is announced before it expires and made anew afterwards', async () => {
    const { certificate } = await gatewayCertificate(options('pki'));
    const near = keptLog();
    const nowMs = certificate.notAfterMs - 10 * DAY_MS;
    await gatewayCertificate(options('pki', { nowMs, logger: near.logger }));
    expect(near.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('expires in 10 days') }]);
    await gatewayCertificate(options('pki', { nowMs, logger: near.logger }));
    expect(near.lines).toHaveLength(1); // once a day

    const late = keptLog();
    const renewed = await gatewayCertificate(
      options('pki', { nowMs: certificate.notAfterMs + 1000, logger: late.logger }),
    );
    expect(renewed.certificate.sha256).not.toBe(certificate.sha256);
    expect(renewed.certificate.notAfterMs).toBeGreaterThan(certificate.notAfterMs);
    expect(late.lines[0]?.message).toContain('The one before expired on');
  });

  it('is made anew when asked for and when the file is damaged', async () => {
    const first = await gatewayCertificate(options('pki'));
    const second = await gatewayCertificate(options('pki', { renew: true }));
    expect(second.certificate.sha256).not.toBe(first.certificate.sha256);
    await writeFile(second.cert, 'rubbish');
    const third = await gatewayCertificate(options('pki'));
    expect(third.certificate.sha256).not.toBe(second.certificate.sha256);
  });
});

describe.skipIf(opensslAbsent !== undefined)("a certificate of the plant's authority", () => {
  let authority: OpcuaAuthority;
  beforeAll(() => {
    authority = new OpcuaAuthority(join(folder, 'authority'));
  });

  it('is presented under the URI in it, and a renewed file is taken without a restart', async () => {
    const files = authority.issue('gateway', { uri: 'urn:plant:gateway-7' });
    const before = await gatewayCertificate(options('plant', { files }));
    expect(before.applicationUri).toBe('urn:plant:gateway-7');
    const renewed = authority.issue('gateway', { uri: 'urn:plant:gateway-7' });
    await cp(renewed.cert, files.cert);
    await cp(renewed.key, files.key);
    const after = await gatewayCertificate(options('plant', { files }));
    expect(after.certificate.sha256).not.toBe(before.certificate.sha256);
  });

  it('may be in DER and bring its issuer with it', async () => {
    const files = authority.issue('chained');
    const chain = `${await readFile(files.cert, 'utf8')}${await readFile(authority.cert, 'utf8')}`;
    await writeFile(files.cert, chain);
    const pem = await readKeyPair(files);
    expect(pem.chain).toHaveLength(2);
    await writeFile(files.cert, Buffer.concat(pem.chain));
    await writeFile(files.key, pem.privateKey.export({ type: 'pkcs8', format: 'der' }));
    expect((await readKeyPair(files)).certificate.sha256).toBe(pem.certificate.sha256);
  });

  it.each([
    ['expired', { fromDays: -10, toDays: -1 }, 'OPCUA_OWN_CERT_EXPIRED', 'valid from'],
    ['without a URI', { uri: null }, 'OPCUA_OWN_CERT_UNUSABLE', 'URI:urn:'],
    ['with an elliptic key', { curve: true }, 'OPCUA_OWN_CERT_UNUSABLE', 'RSA with 2048 bits'],
  ])('is refused %s', async (_, issue, code, words) => {
    const files = authority.issue('odd', issue);
    await expect(gatewayCertificate(options('plant', { files }))).rejects.toMatchObject({
      code,
      where: files.cert,
      message: expect.stringContaining(words),
    });
  });

  it('is refused with the key of another, with none, and with an encrypted one', async () => {
    const [one, other] = [authority.issue('one'), authority.issue('other', { freshKey: true })];
    const rejection = (files: { cert: string; key: string }) =>
      expect(gatewayCertificate(options('plant', { files }))).rejects;
    await rejection({ cert: one.cert, key: other.key }).toMatchObject({
      code: 'OPCUA_OWN_CERT_UNUSABLE',
      got: `a certificate that does not belong to the private key in ${other.key}`,
    });
    await rejection({ cert: one.cert, key: join(folder, 'none') }).toMatchObject({ where: join(folder, 'none') });
    const { privateKey } = await readKeyPair(one);
    const sealed = join(folder, 'sealed.key');
    const seal = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
    await writeFile(sealed, privateKey.export(seal));
    await rejection({ cert: one.cert, key: sealed }).toMatchObject({
      where: sealed,
      expected: expect.stringContaining('without a pass phrase'),
    });
  });
});
