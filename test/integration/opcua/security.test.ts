import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { OpcuaConnection, OpcuaConnectionOptions } from '#jidoka/opcua/connection.js';
import { TrustStore } from '#jidoka/opcua/security/trust-store.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { heardConsole, makeConnection, PATIENCE, removePki } from './rig.js';

const SECURE = { securityMode: 'signAndEncrypt', securityPolicy: 'Basic256Sha256' };

describe('OPC UA security', () => {
  const server = new TestOpcuaServer({
    fewNodes: true,
    tags: { temperature: { type: 'Double', value: 20 } },
    anonymous: false,
    users: { jidoka: 'right' },
    securityModes: [1, 3],
    securityPolicies: [
      'http://opcfoundation.org/UA/SecurityPolicy#None',
      'http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256',
    ],
    trustClients: false,
  });
  const login = { username: 'jidoka' };
  let connection: OpcuaConnection;
  let state: string;
  let pki: string;

  async function connect(config: object, more: Partial<OpcuaConnectionOptions> = {}): Promise<void> {
    connection = await makeConnection(server.endpoint, config, more);
    await connection.start();
  }

  const trouble = (code: RegExp) => vi.waitFor(() => expect(connection.status().text).toMatch(code), PATIENCE);
  const live = () => vi.waitFor(() => expect(connection.status().state).toBe('connected'), PATIENCE);

  // What goes wrong here the library would tell the console at length.
  const heard = heardConsole();

  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), 'jidoka-opcua-secure-'));
    pki = join(state, 'pki');
    await server.start();
  });
  afterAll(async () => {
    heard.end();
    expect(heard.said).toEqual([]);
    await server.dispose();
    await removePki();
    await rm(state, { recursive: true, force: true });
  });
  afterEach(() => connection.stop());

  it('logs in with a user name and a password', async () => {
    await connect(login, { password: 'right' });
    await live();
  });

  it('asks for the password at each attempt, so that a corrected one is taken', async () => {
    const passwords = ['wrong', 'right'];
    await connect(login, { password: async () => passwords.shift() ?? 'right' });
    await live();
    expect(passwords).toEqual([]);
  });

  it('says that the password is wrong, without repeating it, and leaves no session', async () => {
    await connect(login, { password: 'quite-wrong' });
    await trouble(/^OPCUA_LOGIN_REFUSED: /);
    expect(connection.status().text).not.toContain('quite-wrong');
    await connection.stop();
    await vi.waitFor(async () => expect(await server.sessions()).toMatchObject({ open: 0 }), PATIENCE);
  });

  it('says that the server wants a user', async () => {
    await connect({});
    await trouble(/^OPCUA_LOGIN_KIND_NOT_OFFERED: /);
  });

  it('says that the server does not offer the policy', async () => {
    await connect(
      { ...login, securityMode: 'signAndEncrypt', securityPolicy: 'Aes256_Sha256_RsaPss' },
      { password: 'right' },
    );
    await trouble(/^OPCUA_POLICY_NOT_OFFERED: /);
  });

  it('lists what the server offers where that is something else', async () => {
    await connect({ ...login, ...SECURE, securityPolicy: 'Aes128_Sha256_RsaOaep' }, { password: 'right' });
    await trouble(/^OPCUA_POLICY_NOT_OFFERED: .*one of none with None, signAndEncrypt with Basic256Sha256/);
  });

  it('trusts no stranger, and connects once both sides trust each other', async () => {
    const store = new TrustStore(pki);
    await connect({ ...login, ...SECURE }, { password: 'right', pkiFolder: pki });
    await trouble(/^OPCUA_CERT_UNTRUSTED: /);
    const [stranger] = await store.list('rejected');
    if (stranger === undefined) throw new Error('the certificate was not kept');
    const { certificate } = stranger;
    expect(connection.status().text).toContain(`jidoka opcua trust --state ${dirname(pki)} ${certificate.sha1}`);
    expect(await store.list('trusted')).toEqual([]);
    await connection.stop();

    await store.trust(certificate);
    await connect({ ...login, ...SECURE }, { password: 'right', pkiFolder: pki });
    await trouble(/^OPCUA_CLIENT_CERT_REFUSED: /);
    const ours = join(pki, 'own', 'certs', 'client_certificate.pem');
    expect(connection.status().text).toContain(ours);
    await connection.stop();

    await mkdir(join(server.pki, 'trusted', 'certs'), { recursive: true });
    await cp(ours, join(server.pki, 'trusted', 'certs', 'jidoka.pem'));
    await rm(join(server.pki, 'rejected'), { recursive: true, force: true });
    await server.kill();
    await server.start();
    await connect({ ...login, ...SECURE }, { password: 'right', pkiFolder: pki });
    await live();
    expect(await server.sessions()).toMatchObject({ open: 1 });
    await connection.stop();
    expect(await server.sessions()).toMatchObject({ open: 0 });

    await store.distrust(certificate);
    await connect({ ...login, ...SECURE }, { password: 'right', pkiFolder: pki });
    await trouble(/^OPCUA_CERT_UNTRUSTED: /);
  });
});
