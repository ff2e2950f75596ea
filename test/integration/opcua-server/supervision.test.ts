import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { type Logger, silentLogger } from '#jidoka/base/logger.js';
import { MachineVisionFace } from '#jidoka/opcua-server/machine-vision-face.js';
import type { ControlledStation } from '#jidoka/ports/controlled-station.js';
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

  it('waits for its port, says so meanwhile, and listens when it is free', async () => {
    const port = await freePort();
    squatter = createServer().listen(port, '127.0.0.1');
    const lines: string[] = [];
    const note = (_: object, text: string) => void lines.push(text);
    const logger: Logger = { ...silentLogger, info: note, warn: note, child: () => logger };
    face = new MachineVisionFace({
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
      },
      newJobId: () => 'job',
      clock: systemClock,
      logger,
    });
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
});
