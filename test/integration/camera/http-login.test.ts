import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Authority, opensslAbsent } from '../../simulators/certificates.js';
import { type Asked, answerOf } from '../../simulators/http-camera.js';
import { eventually, temporaryFolder } from './helpers.js';
import { cameraAt, HttpRig, jpeg, makeJpegs } from './http-rig.js';

let rig: HttpRig;
beforeEach(() => {
  rig = new HttpRig();
});
makeJpegs();

const refusal = (challenge: string): Buffer =>
  answerOf('', 'text/plain', '401 Unauthorized', `WWW-Authenticate: ${challenge}\r\n`);

/** What a camera checks of a digest, written down apart from the client's code. */
function digestIsRight(asked: Asked, hash: 'md5' | 'sha256', nonce: string, password: string): boolean {
  const field = (name: string): string =>
    new RegExp(`\\b${name}="?([^",]*)`).exec(asked.headers['authorization'] ?? '')?.[1] ?? '';
  const h = (text: string): string => createHash(hash).update(text).digest('hex');
  const uri = asked.line.split(' ')[1];
  const expected = h(
    `${h(`operator:camera:${password}`)}:${nonce}:${field('nc')}:${field('cnonce')}:auth:${h(`GET:${uri}`)}`,
  );
  return field('response') === expected && field('uri') === uri && field('nonce') === nonce;
}

const login = { username: 'operator', password: 'sécret' };

function looking(path = '/picture?size=1', password = login.password): ReturnType<typeof cameraAt> {
  const url = new URL(path, rig.server.url).href;
  return rig.run(cameraAt(url, { framesPerSecond: 50, username: login.username }, { password }));
}

describe('the login at an HTTP camera', () => {
  afterEach(() => rig.end());

  it('is basic where the camera asks for it, and then comes with each request', async () => {
    const right = `Basic ${Buffer.from('operator:sécret').toString('base64')}`;
    await rig.serve((socket, asked) => {
      socket.write(asked.headers['authorization'] === right ? answerOf(jpeg()) : refusal('Basic realm="camera"'));
    });
    looking();
    await eventually(() => expect(rig.frames.length).toBeGreaterThan(3));
    const sent = rig.server.requests.map(({ headers }) => headers['authorization']);
    expect(sent.slice(0, 3)).toEqual([undefined, right, right]);
  });

  it.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
  ] as const)('is a digest with %s, with a new nonce when the camera wants one', async (algorithm, hash) => {
    let nonce = 'one';
    await rig.serve((socket, asked) => {
      if (asked.count === 6) nonce = 'two';
      const challenge = `Digest realm="camera", qop="auth", algorithm=${algorithm}, nonce="${nonce}", stale=${nonce === 'two'}`;
      socket.write(digestIsRight(asked, hash, nonce, login.password) ? answerOf(jpeg()) : refusal(challenge));
    });
    const camera = looking();
    await eventually(() => expect(rig.frames.length).toBeGreaterThan(8));
    expect(camera.status().state).toBe('running');
    // One request without a login, and one with the nonce that had grown old.
    expect(rig.server.requests.length - rig.frames.length).toBeLessThanOrEqual(3);
  });

  it('says that it is wrong, names the user and never the password', async () => {
    await rig.serve((socket) => void socket.write(refusal('Basic realm="camera"')));
    const camera = looking('/picture', 'wrong');
    await eventually(() => expect(camera.status().state).toBe('failed'));
    expect(camera.status().text).toMatch(/^CAMERA_HTTP_LOGIN: .* Got: it refuses the user operator\. Check `username`/);
    expect(camera.status().text).not.toContain('wrong');
  });

  it('says that the camera wants one, or one that is not allowed', async () => {
    await rig.serve((socket) => void socket.write(refusal('Basic realm="camera"')));
    const camera = rig.run(
      cameraAt(rig.server.url, { username: 'operator', authentication: 'digest' }, { password: 'secret' }),
    );
    await eventually(() => expect(camera.status().text).toMatch(/it offers basic\. Set `authentication: auto`/));
    expect(rig.server.requests.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
  });

  it('follows a redirect within the camera, and tells its password nowhere else', async () => {
    const right = `Basic ${Buffer.from('operator:sécret').toString('base64')}`;
    await rig.serve((socket, { line, headers }) => {
      if (line.includes('/picture')) socket.write(answerOf('', 'text/plain', '302 Found', 'Location: /new?a=1\r\n'));
      else socket.write(headers['authorization'] === right ? answerOf(jpeg()) : refusal('Basic realm="camera"'));
    });
    looking();
    await eventually(() => expect(rig.frames.length).toBeGreaterThan(1));
    expect(rig.server.requests.map(({ line }) => line)).toContain('GET /new?a=1 HTTP/1.1');
  });
});

const reason = opensslAbsent === undefined ? '' : ` (skipped: ${opensslAbsent})`;

describe.skipIf(opensslAbsent !== undefined)(`an HTTPS camera${reason}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let authority: Authority;
  let server: Server;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    folder = await temporaryFolder();
    authority = new Authority(folder.path);
  });
  afterAll(() => folder.remove());
  afterEach(async () => {
    rig.ending.abort();
    await rig.running;
    await eventually(() => expect(sockets.size).toBe(0));
    server.close();
  });

  async function serveTls(file: string, names: string, days?: number): Promise<string> {
    const { cert, key } = authority.issue(file, names, days);
    server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) => {
      response.setHeader('content-type', 'image/jpeg').end(jpeg());
    });
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}/picture`;
  }

  it('is believed by its own authority', async () => {
    const url = await serveTls('good', 'IP:127.0.0.1');
    expect(isIP(new URL(url).hostname)).toBe(4);
    const camera = rig.run(cameraAt(url, { framesPerSecond: 50, tls: { ca: authority.cert } }));
    await eventually(() => expect(rig.frames.length).toBeGreaterThan(3));
    expect(camera.status().state).toBe('running');
  });

  it('is believed under the name that is configured', async () => {
    const url = await serveTls('named', 'DNS:camera-7.plant.local');
    rig.run(cameraAt(url, { tls: { ca: authority.cert, serverName: 'camera-7.plant.local' } }));
    await eventually(() => expect(rig.frames.length).toBeGreaterThan(0));
  });

  it.each([
    [
      'nobody vouches for',
      'IP:127.0.0.1',
      undefined,
      false,
      'CAMERA_HTTP_TLS',
      'signed by nobody that this gateway trusts',
    ],
    ['is for another name', 'DNS:other.plant.local', undefined, true, 'CAMERA_HTTP_TLS', 'is for another name'],
    ['has expired', 'IP:127.0.0.1', -1, true, 'CAMERA_HTTP_TLS', 'not valid at this time'],
  ] as const)('is not believed when its certificate %s', async (_, names, days, trusted, code, words) => {
    const url = await serveTls('bad', names, days);
    const camera = rig.run(cameraAt(url, trusted ? { tls: { ca: authority.cert } } : {}));
    await eventually(() => expect(camera.status().state).toBe('failed'));
    expect(camera.status().text).toMatch(new RegExp(`^${code}: `));
    expect(camera.status().text).toContain(words);
    expect(rig.frames).toEqual([]);
  });

  it.each([
    ['is not there', 'nothing.pem', 'ENOENT'],
    ['holds no certificate', 'bad.ext', 'no PEM block'],
  ])('says that the file of its authority %s', async (_, file, words) => {
    const url = await serveTls('bad', 'IP:127.0.0.1');
    const camera = rig.run(cameraAt(url, { tls: { ca: join(folder.path, file) } }));
    await eventually(() => expect(camera.status().text).toMatch(/^CAMERA_HTTP_CA_FILE: /));
    expect(camera.status().text).toContain(words);
  });

  it('says so when the port speaks plain HTTP', async () => {
    server = (await import('node:http')).createServer((_, response) => void response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const camera = rig.run(cameraAt(`https://127.0.0.1:${(server.address() as AddressInfo).port}/picture`));
    await eventually(() =>
      expect(camera.status().text).toMatch(/^CAMERA_HTTP_TLS: .* Check that its port speaks HTTPS/),
    );
  });
});
