import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentProcess } from '../../simulators/agent-process.js';
import { ffmpegAbsent, GigeCamera, gigeAbsent, RtspServer, rtspServerAbsent } from '../../simulators/gst-cameras.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { Subscriber } from './line.js';

/** Twenty by hand; a few with every run of the tests. */
const ROUNDS = Number(process.env['JIDOKA_CAMERA_KILLS'] ?? 2);
const ROUND_MS = 60_000;

/** A camera that can be killed and brought back, and how the agent reaches it. */
interface World {
  /** The `camera:` of the station. */
  readonly camera: string;
  readonly environment?: Record<string, string>;
  kill(): Promise<void>;
  bringBack(): Promise<void>;
  dispose(): Promise<void>;
}

const SUPERVISION = 'stallAfterMs: 1000, reconnectMaxMs: 500';

async function gige(folder: string): Promise<World> {
  const device = await GigeCamera.start();
  await device.launcher(folder);
  const region = 'sensorRegion: { width: 256, height: 192 }';
  return {
    camera: `{ kind: gige, camera: ${device.name}, pixelFormat: Mono8, framesPerSecond: 5, ${region}, ${SUPERVISION} }`,
    // The agent finds this gst-launch-1.0 first: it runs the real one in the camera's network.
    environment: { PATH: `${folder}:${process.env['PATH']}` },
    kill: () => device.unplug(),
    bringBack: () => device.plugIn(),
    dispose: () => device.dispose(),
  };
}

async function rtsp(_: string, camera: (url: string) => string): Promise<World> {
  const server = await RtspServer.start(['viewer', 'secret']);
  return {
    camera: camera(server.url),
    environment: { CAMERA_PASSWORD: 'secret' },
    kill: () => server.kill(),
    bringBack: () => server.restart(),
    dispose: () => server.kill(),
  };
}

const LOGIN = 'username: viewer, password: { env: CAMERA_PASSWORD }';
const WORLDS: readonly [string, string | undefined, (folder: string) => Promise<World>][] = [
  ['GigE Vision', gigeAbsent, gige],
  [
    'RTSP',
    rtspServerAbsent,
    (folder) => rtsp(folder, (url) => `{ kind: rtsp, url: "${url}", ${LOGIN}, ${SUPERVISION} }`),
  ],
  [
    'FFmpeg',
    rtspServerAbsent ?? ffmpegAbsent,
    (folder) => rtsp(folder, (url) => `{ kind: ffmpeg, input: "${url}", ${LOGIN}, ${SUPERVISION} }`),
  ],
];

describe.each(WORLDS)('jidoka run with a camera by %s', (_, cameraAbsent, makeWorld) => {
  const absent = mosquittoAbsent ?? cameraAbsent;
  let folder: string;
  let broker: Mosquitto;
  let world: World;
  let agent: AgentProcess;
  let subscriber: Subscriber;

  beforeEach(async () => {
    if (absent !== undefined) return;
    folder = await mkdtemp(join(tmpdir(), 'jidoka-live-'));
    broker = await Mosquitto.start();
    world = await makeWorld(folder);
    const config = join(folder, 'jidoka.yaml');
    await writeFile(
      config,
      `version: 1
gateway: { name: test-gateway }
storage: { directory: ${join(folder, 'state')} }
mqtt: { url: "${broker.url}", baseTopic: plant/line }
stations:
  - name: surface
    camera: ${world.camera}
    model: { package: rendered-tile }
    images: none
`,
    );
    subscriber = await Subscriber.connect(broker.url);
    agent = new AgentProcess(config, world.environment);
  });
  afterEach(async () => {
    if (absent !== undefined) return;
    await agent.dispose();
    await subscriber.end();
    await world.dispose();
    await broker.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const status = () => subscriber.latest.get('plant/line/status');
  const eventually = (check: () => void) => vi.waitFor(check, { timeout: ROUND_MS, interval: 50 });

  it.skipIf(absent !== undefined)(
    `inspects, and goes on inspecting after each of ${ROUNDS} losses of the camera${absent === undefined ? '' : ` (skipped: ${absent})`}`,
    { timeout: (ROUNDS + 1) * 2 * ROUND_MS },
    async () => {
      await agent.ready(ROUND_MS);
      await eventually(() => expect(subscriber.inspections.length).toBeGreaterThan(2));
      for (let round = 0; round < ROUNDS; round += 1) {
        await world.kill();
        await eventually(() =>
          expect(status()).toMatchObject({
            health: 'degraded',
            troubles: [{ where: 'camera of surface', text: expect.stringMatching(/^CAMERA_[A-Z_]+: /) }],
          }),
        );
        const before = subscriber.inspections.length;
        await world.bringBack();
        await eventually(() => expect(subscriber.inspections.length).toBeGreaterThan(before + 1));
        await eventually(() => expect(status()).toMatchObject({ health: 'ok', troubles: [] }));
      }
      const sequence = subscriber.unique.map(({ seq }) => seq);
      expect(sequence).toEqual(sequence.map((_, index) => index + 1));
      expect(await agent.signal('SIGTERM')).toBe(0);
      expect(agent.text).not.toContain('secret');
    },
  );
});
