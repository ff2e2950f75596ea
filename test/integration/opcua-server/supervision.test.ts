import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { type Logger, silentLogger } from '#jidoka/base/logger.js';
import { MachineVisionFace } from '#jidoka/opcua-server/machine-vision-face.js';
import type { ServerSettings } from '#jidoka/opcua-server/protocol.js';
import type { ControlledStation } from '#jidoka/ports/controlled-station.js';
import { Authority, opensslAbsent } from '../../simulators/certificates.js';
import { freePort } from '../../simulators/mosquitto.js';

const model = { name: 'm', version: '1.0.0', sha256: 'ab'.repeat(32) };
const station: ControlledStation = {
  name: 'surface',
  simulated: false,
  paused: undefined,
  recipes: { all: [{ name: 'm', model }], inForce: 'm' },
  troubles: [],
  pause: () => undefined,
  resume: () => undefined,
  selectRecipe: async () => undefined,
  inspectNow: async () => false,
  acknowledge: () => undefined,
  audit: () => undefined,
};

function recording(): { lines: string[]; logger: Logger } {
  const lines: string[] = [];
  const note = (_: object, text: string) => void lines.push(text);
  const logger: Logger = { ...silentLogger, info: note, warn: note, child: () => logger };
  return { lines, logger };
}

describe('the OPC UA server in its thread', { timeout: 180_000 }, () => {
  let folder: string;
  let face: MachineVisionFace | undefined;
  let squatter: Server | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jidoka-mv-'));
  });

  afterEach(async () => {
    await face?.stop();
    squatter?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function build(port: number, logger: Logger, more: Partial<ServerSettings> = {}): MachineVisionFace {
    return new MachineVisionFace({
      settings: {
        host: '127.0.0.1',
        port,
        hostname: '127.0.0.1',
        policies: ['None'],
        modes: ['signAndEncrypt'],
        anonymous: true,
        users: [],
        pkiFolder: join(folder, 'pki'),
        results: 4,
        maxSessions: 2,
        gateway: 'gw',
        version: '1',
        startedAtMs: Date.now(),
        configurationHash: 'ab',
        stations: [{ name: 'surface', simulated: false }],
        ...more,
      },
      newJobId: () => 'job',
      clock: systemClock,
      logger,
    });
  }

  it('waits for its port, says so meanwhile, and listens when it is free', async () => {
    const port = await freePort();
    squatter = createServer().listen(port, '127.0.0.1');
    const { lines, logger } = recording();
    face = build(port, logger);
    face.open([station]);
    await vi.waitFor(() => expect(face?.trouble()).toMatch(/^OPCUA_SERVER_PORT_TAKEN: .*EADDRINUSE/), {
      timeout: 90_000,
      interval: 100,
    });
    squatter.close();
    await vi.waitFor(() => expect(lines).toContain('The OPC UA server for machine vision listens.'), {
      timeout: 90_000,
      interval: 100,
    });
    expect(face.trouble()).toBeUndefined();
    // However often it was tried in vain, it was told once.
    expect(lines.filter((line) => line.startsWith('OPCUA_SERVER_PORT_TAKEN'))).toHaveLength(1);
    await face.stop();
    const free = createServer();
    await new Promise<void>((resolve, reject) => {
      free.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    free.close();
  });

  it.skipIf(opensslAbsent !== undefined)('takes no certificate that is not there or not of its key', async () => {
    const authority = new Authority(folder);
    const [one, other] = ['one', 'other'].map((name) => authority.issue(name, 'IP:127.0.0.1'));
    for (const [certificate, got] of [
      [{ cert: join(folder, 'none.pem'), key: join(folder, 'none.key') }, /ENOENT/],
      [{ cert: one?.cert ?? '', key: other?.key ?? '' }, /the key is not that of the certificate/],
    ] as const) {
      face = build(await freePort(), recording().logger, { certificate });
      face.open([station]);
      const trouble = () => face?.trouble();
      await vi.waitFor(() => expect(trouble()).toMatch(/^OPCUA_SERVER_CERTIFICATE: /), {
        timeout: 90_000,
        interval: 100,
      });
      expect(trouble()).toMatch(got);
      expect(trouble()).toContain(certificate.cert);
      await face.stop();
    }
    expect(existsSync(join(folder, 'none.pem'))).toBe(false);
  });
});
