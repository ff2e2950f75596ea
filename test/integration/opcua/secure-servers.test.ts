import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { OpcuaConnection, OpcuaConnectionOptions } from '#jidoka/opcua/connection.js';
import { readCertificates } from '#jidoka/opcua/security/certificate.js';
import { ownCertificateFiles } from '#jidoka/opcua/security/own-certificate.js';
import { TrustStore } from '#jidoka/opcua/security/trust-store.js';
import { gatewayCertificate } from '#jidoka/opcua/tools/gateway-certificate.js';
import { type AsyncuaOptions, AsyncuaServer, asyncuaAbsent } from '../../simulators/asyncua-server.js';
import { type Certificate, opensslAbsent } from '../../simulators/certificates.js';
import { OpcuaAuthority } from '../../simulators/opcua-certificates.js';
import { keptLog, makeConnection, PATIENCE } from './rig.js';

const absent = asyncuaAbsent ?? opensslAbsent;
const POLICIES = ['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'] as const;
const SECURE = { securityMode: 'signAndEncrypt', securityPolicy: 'Aes256_Sha256_RsaPss' } as const;
const URI = 'urn:jidoka:test:asyncua';

describe.skipIf(absent !== undefined)(
  `security against another make of server${absent === undefined ? '' : ` (${absent})`}`,
  () => {
    let folder: string;
    let pki: string;
    let trustedClients: string;
    let authority: OpcuaAuthority;
    let user: Certificate;
    let good: Certificate;
    let server: AsyncuaServer;
    let connection: OpcuaConnection | undefined;

    const options = (more: Partial<AsyncuaOptions> = {}): AsyncuaOptions => ({
      tags: { temperature: { type: 'Double', value: 20.5 }, ok: { type: 'Boolean', value: false } },
      policies: POLICIES.flatMap((policy) =>
        (['Sign', 'SignAndEncrypt'] as const).map(
          (mode) => `${policy.replaceAll('_', '') as 'Basic256Sha256'}_${mode}` as const,
        ),
      ),
      users: { jidoka: 'right' },
      userCertificates: [user.cert],
      logins: ['username', 'certificate'],
      certificate: good.cert,
      key: good.key,
      applicationUri: URI,
      trustedClients,
      ...more,
    });

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'jidoka-secure-'));
      pki = join(folder, 'state', 'pki');
      trustedClients = join(folder, 'clients');
      authority = new OpcuaAuthority(join(folder, 'authority'));
      user = authority.issue('operator', { uri: null, names: [], selfSigned: true });
      good = authority.issue('server', { uri: URI });
      await gatewayCertificate({
        pkiFolder: pki,
        applicationName: 'jidoka',
        files: undefined,
        renew: false,
        nowMs: Date.now(),
        logger: keptLog().logger,
      });
      await mkdir(trustedClients);
      const own = new X509Certificate(await readFile(ownCertificateFiles(pki).cert));
      await writeFile(join(trustedClients, 'jidoka.der'), own.raw);
      await trust(good);
      server = new AsyncuaServer(options());
      await server.start();
    });
    afterAll(async () => {
      await server?.dispose();
      await rm(folder, { recursive: true, force: true });
    });
    afterEach(() => connection?.stop());

    async function trust({ cert }: Certificate): Promise<void> {
      const [facts] = readCertificates(await readFile(cert));
      if (facts !== undefined) await new TrustStore(pki).trust(facts);
    }

    async function restart(more: Partial<AsyncuaOptions>): Promise<void> {
      await server.kill();
      server.options = options(more);
      await server.start();
    }

    async function connect(config: object, more: Partial<OpcuaConnectionOptions> = {}): Promise<OpcuaConnection> {
      connection = await makeConnection(server.endpoint, config, { pkiFolder: pki, ...more });
      await connection.start();
      return connection;
    }

    async function trouble(config: object, more: Partial<OpcuaConnectionOptions> = {}): Promise<string> {
      const plc = await connect(config, more);
      await vi.waitFor(() => expect(plc.status().state).toBe('disconnected'), PATIENCE);
      const { text } = plc.status();
      await plc.stop();
      return text;
    }

    const live = () => vi.waitFor(() => expect(connection?.status()).toMatchObject({ state: 'connected' }), PATIENCE);

    for (const securityPolicy of POLICIES) {
      it.each(['sign', 'signAndEncrypt'] as const)(
        `reads and writes with ${securityPolicy}, %s, logged in by user name`,
        async (securityMode) => {
          const plc = await connect({ securityMode, securityPolicy, username: 'jidoka' }, { password: 'right' });
          await live();
          expect((await plc.readNode('ns=1;s=temperature')).value).toMatchObject({ value: 20.5, quality: 'good' });
          expect(await plc.write([{ nodeId: 'ns=1;s=ok', dataType: 1, value: true }])).toEqual(['Good']);
        },
      );
    }

    it.each(POLICIES)('logs in with a user certificate over %s', async (securityPolicy) => {
      const plc = await connect({ securityMode: 'signAndEncrypt', securityPolicy, userCertificate: user });
      await live();
      expect((await plc.readNode('ns=1;s=temperature')).value).toMatchObject({ value: 20.5 });
    });

    it('says what is wrong with each login', async () => {
      expect(await trouble({ ...SECURE, username: 'jidoka' }, { password: 'wrong' })).toMatch(/^OPCUA_LOGIN_REFUSED: /);
      const stranger = authority.issue('stranger', { uri: null, selfSigned: true, freshKey: true });
      expect(await trouble({ ...SECURE, userCertificate: stranger })).toMatch(
        new RegExp(`^OPCUA_USER_CERT_REFUSED: .*Make ${stranger.cert} known to the server`),
      );
      const old = authority.issue('old', { uri: null, selfSigned: true, fromDays: -3, toDays: -1 });
      expect(await trouble({ ...SECURE, userCertificate: old })).toMatch(/^OPCUA_OWN_CERT_EXPIRED: /);
      expect(await trouble(SECURE)).toMatch(
        /^OPCUA_LOGIN_KIND_NOT_OFFERED: .*Expected: user name and password or user certificate\./,
      );
      expect(await trouble({}, {})).toMatch(/^OPCUA_(POLICY_NOT_OFFERED|CONNECT_FAILED): /);
      await vi.waitFor(async () => expect(await server.sessions()).toMatchObject({ open: 0 }), PATIENCE);
    });

    it("says that the server refused the gateway's certificate, and takes that of the plant's authority", async () => {
      const plant = authority.issue('gateway', { uri: 'urn:plant:gateway' });
      const config = { ...SECURE, username: 'jidoka', applicationCertificate: plant };
      const text = await trouble(config, { password: 'right' });
      expect(text).toMatch(/^OPCUA_CLIENT_CERT_REFUSED: /);
      expect(text).toContain(plant.cert);
      await writeFile(join(trustedClients, 'plant.der'), new X509Certificate(await readFile(plant.cert)).raw);
      await restart({});
      await connect(config, { password: 'right' });
      await live();
    });

    it.each([
      ['expired', { fromDays: -10, toDays: -1 }, 'OPCUA_CERT_EXPIRED'],
      ['not trusted', {}, 'OPCUA_CERT_UNTRUSTED'],
      ['for another host', { names: ['DNS:plc-9'] }, 'OPCUA_CERT_HOST_MISMATCH'],
    ])("tells a server's certificate that is %s, and sends it no password", async (what, more, code) => {
      const certificate = authority.issue('server', { uri: URI, selfSigned: true, ...more });
      if (what !== 'not trusted') await trust(certificate);
      await restart({ certificate: certificate.cert, key: certificate.key });
      const password = vi.fn(() => 'right');
      expect(await trouble({ ...SECURE, username: 'jidoka' }, { password })).toMatch(new RegExp(`^${code}: `));
      expect(password).not.toHaveBeenCalled();
      expect(await server.sessions()).toMatchObject({ open: 0, everOpened: 0 });
    });
  },
);
