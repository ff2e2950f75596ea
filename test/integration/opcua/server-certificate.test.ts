import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import { loadLibrary } from '#jidoka/opcua/library.js';
import { type CertificateFacts, readCertificates } from '#jidoka/opcua/security/certificate.js';
import { TrustStore } from '#jidoka/opcua/security/trust-store.js';
import { verifyServer } from '#jidoka/opcua/security/verify-server.js';
import { type Certificate, opensslAbsent } from '../../simulators/certificates.js';
import { type IssueOptions, OpcuaAuthority } from '../../simulators/opcua-certificates.js';
import { keptLog } from './rig.js';

const URI = 'urn:test:server';
const URL = 'opc.tcp://127.0.0.1:4840';

describe.skipIf(opensslAbsent !== undefined)("a server's certificate", () => {
  let folder: string;
  let pki: string;
  let authority: OpcuaAuthority;
  let store: TrustStore;
  const made = new Map<string, Certificate>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jidoka-judge-'));
    authority = new OpcuaAuthority(join(folder, 'authority'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    pki = await mkdtemp(join(folder, 'pki-'));
    // A key for each test would take long.
    await cp(await sharedOwn(), join(pki, 'own'), { recursive: true });
    store = new TrustStore(pki);
  });

  let own: Promise<string> | undefined;
  function sharedOwn(): Promise<string> {
    own ??= (async () => {
      const { certificates } = await loadLibrary(silentLogger);
      const manager = new certificates.OPCUACertificateManager({
        rootFolder: join(folder, 'first'),
        disableFileWatchers: true,
      });
      await manager.initialize();
      await manager.dispose();
      return join(folder, 'first', 'own');
    })();
    return own;
  }

  function issued(options: IssueOptions = {}): Certificate {
    const key = JSON.stringify(options);
    const known = made.get(key) ?? authority.issue('server', { uri: URI, ...options });
    made.set(key, known);
    return known;
  }

  async function factsOf(file: string): Promise<CertificateFacts> {
    const [facts] = readCertificates(await readFile(file));
    if (facts === undefined) throw new Error(`no certificate in ${file}`);
    return facts;
  }

  async function judge(certificate: CertificateFacts, more: object = {}): Promise<void> {
    const { certificates } = await loadLibrary(silentLogger);
    const manager = new certificates.OPCUACertificateManager({ rootFolder: pki, disableFileWatchers: true });
    await manager.initialize();
    try {
      await verifyServer({
        url: URL,
        endpoint: {
          url: URL,
          mode: 'signAndEncrypt',
          policy: 'Basic256Sha256',
          supported: true,
          logins: ['anonymous'],
          plainPassword: false,
          applicationUri: URI,
          applicationName: 'server',
          certificate: certificate.der,
        },
        manager,
        pkiFolder: pki,
        checkHostName: true,
        nowMs: Date.now(),
        logger: keptLog().logger,
        ...more,
      });
    } finally {
      await manager.dispose();
    }
  }

  async function trustAuthority(): Promise<void> {
    await store.trust(await factsOf(authority.cert));
    const list = authority.revocationList();
    await store.addRevocationList(list, await readFile(list));
  }

  it('is refused and kept while nobody trusts it, and accepted afterwards', async () => {
    const facts = await factsOf(issued({ selfSigned: true }).cert);
    await expect(judge(facts)).rejects.toMatchObject({
      code: 'OPCUA_CERT_UNTRUSTED',
      got: expect.stringContaining(facts.sha1),
      hint: expect.stringMatching(`jidoka opcua trust --state ${folder} ${facts.sha1}$`),
    });
    expect(await readdir(store.folder('rejected'))).toHaveLength(1);
    await judge(facts).catch(() => undefined);
    expect(await readdir(store.folder('rejected'))).toHaveLength(1);
    await store.trust(facts);
    expect(await readdir(store.folder('rejected'))).toEqual([]);
    await judge(facts);
    await store.distrust(facts);
    await expect(judge(facts)).rejects.toMatchObject({ code: 'OPCUA_CERT_UNTRUSTED' });
  });

  it('is accepted by its authority, until that revokes it', async () => {
    const certificate = authority.issue('server', { uri: URI });
    const facts = await factsOf(certificate.cert);
    await expect(judge(facts)).rejects.toMatchObject({ code: 'OPCUA_CERT_ISSUER_UNKNOWN' });
    await store.trust(await factsOf(authority.cert));
    await expect(judge(facts)).rejects.toMatchObject({
      code: 'OPCUA_CERT_REVOCATION_UNKNOWN',
      hint: expect.stringContaining('.crl'),
    });
    await trustAuthority();
    await judge(facts);
    authority.revoke(certificate);
    await trustAuthority();
    await expect(judge(facts)).rejects.toMatchObject({ code: 'OPCUA_CERT_REVOKED' });
    await store.trust(facts);
    await expect(judge(facts)).rejects.toMatchObject({ code: 'OPCUA_CERT_REVOKED' });
  });

  it('that is trusted itself needs neither its authority nor a revocation list', async () => {
    const facts = await factsOf(issued().cert);
    await store.trust(facts);
    await judge(facts);
    await store.trust(await factsOf(authority.cert));
    await judge(facts);
  });

  it.each([
    ['expired', { fromDays: -10, toDays: -1 }, 'OPCUA_CERT_EXPIRED', /expired on .* gateway's clock says/],
    ['of tomorrow', { fromDays: 1 }, 'OPCUA_CERT_NOT_YET_VALID', /valid from .* gateway's clock says/],
    ['of another application', { uri: 'urn:test:other' }, 'OPCUA_CERT_URI_MISMATCH', /urn:test:other/],
    ['of no application', { uri: null }, 'OPCUA_CERT_URI_MISMATCH', /no URI/],
    ['for another host', { names: ['DNS:plc-9', 'IP:10.0.0.9'] }, 'OPCUA_CERT_HOST_MISMATCH', /plc-9, 10\.0\.0\.9/],
    ['without host names', { names: [] }, 'OPCUA_CERT_HOST_MISMATCH', /without host names/],
  ])('is refused though trusted: %s', async (_, options, code, got) => {
    const facts = await factsOf(issued({ selfSigned: true, ...options }).cert);
    await store.trust(facts);
    await expect(judge(facts)).rejects.toMatchObject({ code, where: URL, got: expect.stringMatching(got) });
    // It stays trusted: the same one may be right again when a clock or a name is.
    expect(await store.isTrusted(facts)).toBe(true);
  });

  it('need not name the host where that is not asked for, and any name of this machine does at its loopback address', async () => {
    const elsewhere = await factsOf(issued({ selfSigned: true, names: ['DNS:plc-9'] }).cert);
    await store.trust(elsewhere);
    await judge(elsewhere, { checkHostName: false });
    await judge(elsewhere, { url: 'opc.tcp://PLC-9:4840/x' });
    const here = await factsOf(issued({ selfSigned: true, names: [`DNS:${hostname()}`] }).cert);
    await store.trust(here);
    await judge(here);
    await expect(judge(here, { url: 'opc.tcp://10.1.2.3:4840' })).rejects.toMatchObject({
      code: 'OPCUA_CERT_HOST_MISMATCH',
    });
  });

  it('that is none is refused', async () => {
    const facts = await factsOf(issued().cert);
    await expect(judge({ ...facts, der: Buffer.from('rubbish') })).rejects.toMatchObject({
      code: 'OPCUA_CERT_INVALID',
    });
    await expect(judge({ ...facts, der: facts.der.subarray(0, 300) })).rejects.toMatchObject({
      code: 'OPCUA_CERT_INVALID',
    });
  });

  it('with a forged signature is refused', async () => {
    const facts = await factsOf(issued().cert);
    await trustAuthority();
    const forged = Buffer.from(facts.der);
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    const [changed] = readCertificates(forged);
    if (changed === undefined) throw new Error('no certificate');
    await expect(judge(changed)).rejects.toMatchObject({ code: 'OPCUA_CERT_INVALID' });
  });

  it('is announced before it expires', async () => {
    const facts = await factsOf(issued({ selfSigned: true, toDays: 25 }).cert);
    await store.trust(facts);
    const { logger, lines } = keptLog();
    await judge(facts, { logger });
    expect(lines).toMatchObject([{ level: 'warn', message: expect.stringMatching(/expires in 2[45] days/) }]);
  });

  it('is found by the beginning of its fingerprint, and those of strangers do not fill the disk', async () => {
    const facts = await factsOf(issued({ selfSigned: true }).cert);
    await store.reject(facts);
    const colons = facts.sha1
      .slice(0, 12)
      .replace(/(..)(?=.)/g, '$1:')
      .toLowerCase();
    expect((await store.find('rejected', colons)).certificate.sha256).toBe(facts.sha256);
    await expect(store.find('rejected', facts.sha1.slice(0, 4))).rejects.toMatchObject({
      code: 'OPCUA_CERT_NOT_FOUND',
    });
    await expect(store.find('trusted', facts.sha1)).rejects.toMatchObject({ code: 'OPCUA_CERT_NOT_FOUND' });
    const { file } = await store.find('rejected', facts.sha1);
    for (let index = 0; index < 60; index += 1) await cp(file, join(store.folder('rejected'), `copy-${index}.pem`));
    expect((await store.find('rejected', facts.sha1)).certificate.sha256).toBe(facts.sha256);
    await store.reject(await factsOf(issued().cert));
    expect((await readdir(store.folder('rejected'))).length).toBeLessThanOrEqual(50);
  });
});
