import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentProcess } from '../../simulators/agent-process.js';
import { FfmpegCamera, ffmpegAbsent, PythonCamera, pythonAbsent } from '../../simulators/camera-servers.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { connectionsTo } from '../../simulators/tcp-table.js';
import { renderedTiles, StationOnDisk, Subscriber } from './line.js';

const absent = mosquittoAbsent ?? ffmpegAbsent ?? pythonAbsent;
const reason = absent === undefined ? '' : ` (skipped: ${absent})`;
/** The issue asks for 20; each round takes about two seconds. */
const KILLS = Number(process.env['JIDOKA_CAMERA_KILLS'] ?? 2);

describe.skipIf(absent !== undefined)(`an agent with HTTP cameras${reason}`, () => {
  let broker: Mosquitto;
  let place: StationOnDisk;
  let subscriber: Subscriber;
  let stream: FfmpegCamera;
  let snapshots: PythonCamera;
  let agent: AgentProcess;

  beforeEach(async () => {
    broker = await Mosquitto.start();
    place = await StationOnDisk.create();
    let number = 0;
    for (const jpeg of (await renderedTiles(12)).values()) {
      await writeFile(join(place.photos, `${String(number).padStart(4, '0')}.jpg`), jpeg);
      number += 1;
    }
    stream = await FfmpegCamera.at(place.photos, 10);
    snapshots = await PythonCamera.at(place.photos);
    subscriber = await Subscriber.connect(broker.url);
    await writeFile(
      place.config,
      `version: 1
gateway: { name: net }
storage: { directory: state }
mqtt: { url: '${broker.url}', baseTopic: plant }
stations:
  - name: streamed
    camera: { kind: http, url: '${stream.url}', stallAfterMs: 1000, reconnectMaxMs: 500 }
    model: { package: rendered-tile }
    maxFrameAgeMs: 2000
  - name: fetched
    camera: { kind: http, url: '${snapshots.url}', reconnectMaxMs: 500 }
    trigger: { kind: timer, everyMs: 200 }
    model: { package: rendered-tile }
    maxFrameAgeMs: 2000
`,
    );
    await stream.start();
    await snapshots.start();
    agent = new AgentProcess(place.config);
    await agent.ready();
  });

  afterEach(async () => {
    await agent.dispose();
    stream.thaw();
    await Promise.all([stream.kill(), snapshots.kill()]);
    await subscriber.end();
    await broker.dispose();
    await place.remove();
  });

  /** Parts that the model has seen: those without a picture are recorded too. */
  const judged = (name: string) =>
    subscriber.unique.filter((message) => message.station === name && message.class !== null);
  const troubles = (): string[] =>
    ((subscriber.latest.get('plant/status')?.['troubles'] ?? []) as { where: string; text: string }[]).map(
      ({ where, text }) => `${where}: ${text}`,
    );
  const soon = { timeout: 20_000, interval: 20 };

  async function moreJudged(name: string): Promise<void> {
    const before = judged(name).length;
    await expect.poll(() => judged(name).length, soon).toBeGreaterThan(before + 2);
  }

  it(`inspects what real servers send, and goes on after each of ${KILLS} kills`, async () => {
    await moreJudged('streamed');
    await moreJudged('fetched');
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await Promise.all([stream.kill(), snapshots.kill()]);
      await expect
        .poll(troubles, soon)
        .toEqual([
          expect.stringMatching(/^camera of streamed: CAMERA_HTTP_/),
          expect.stringMatching(/^camera of fetched: CAMERA_HTTP_/),
        ]);
      await Promise.all([stream.start(), snapshots.start()]);
      await moreJudged('streamed');
      await moreJudged('fetched');
      await expect.poll(troubles, soon).toEqual([]);
      // However often they were lost, there are no more connections than cameras need.
      expect(connectionsTo(stream.port, agent.pid)).toBe(1);
      expect(connectionsTo(snapshots.port, agent.pid)).toBeLessThanOrEqual(2);
    }
    expect(await agent.signal('SIGTERM')).toBe(0);
    for (const name of ['streamed', 'fetched']) {
      const numbers = subscriber.unique.filter(({ station }) => station === name).map(({ seq }) => seq);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    }
  }, 600_000);

  it('notices a stream whose server hangs, and takes it up again', async () => {
    await moreJudged('streamed');
    stream.freeze();
    await agent.logged(/^CAMERA_HTTP_STALLED: .*no whole picture for 1000 ms/);
    await expect.poll(troubles, soon).toEqual([expect.stringMatching(/^camera of streamed: CAMERA_HTTP_/)]);
    // This server ends with the connection that was given up, as it serves one client only.
    stream.thaw();
    await expect.poll(() => stream.runs, soon).toBe(false);
    await stream.start();
    await moreJudged('streamed');
    await expect.poll(troubles, soon).toEqual([]);
  });
});
