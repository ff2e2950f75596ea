import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { renderTile } from '#jidoka/camera/simulated/tile.js';
import type { InspectionMessage } from '#jidoka/domain/message.js';
import { AedesBroker } from '../../simulators/aedes-broker.js';
import { AgentProcess, cliPath } from '../../simulators/agent-process.js';
import { StationOnDisk, Subscriber } from './line.js';

const [WIDTH, HEIGHT] = [480, 320];
const PATIENT = { timeout: 60_000 };
const run = promisify(execFile);

interface Scene {
  readonly seed?: number;
  readonly right?: number;
  readonly light?: number;
  readonly blur?: number;
}

/** A rendered tile in a fixture with a rail and screws; without a seed there is no tile. */
async function scene({ seed, right = 0, light = 1, blur = 0 }: Scene): Promise<Buffer> {
  const tile = seed === undefined ? undefined : renderTile({ tileClass: 'free', seed });
  const fitted =
    tile &&
    (await sharp(tile.data, { raw: { width: tile.width, height: tile.height, channels: 1 } })
      .resize({ width: 260, height: 180, fit: 'fill' })
      .toColourspace('b-w')
      .raw()
      .toBuffer());
  const data = Buffer.alloc(WIDTH * HEIGHT);
  for (let at = 0; at < data.length; at += 1) {
    const [x, y] = [(at % WIDTH) - right, Math.floor(at / WIDTH)];
    const screw = [40, 440].some((cx) => [40, 280].some((cy) => Math.hypot(x - cx, y - cy) < 15));
    const rail = Math.abs(y - 40) < 4 || Math.abs(y - 280) < 4;
    const inside = fitted !== undefined && x >= 110 && x < 370 && y >= 70 && y < 250;
    const level = inside ? (fitted[(y - 70) * 260 + x - 110] ?? 0) : screw ? 150 : rail ? 40 : 80;
    data[at] = Math.min(255, Math.round(level * light));
  }
  const pipeline = sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } });
  return (blur > 0 ? pipeline.blur(blur) : pipeline).toColourspace('b-w').jpeg({ quality: 92 }).toBuffer();
}

describe('the quality of pictures', { timeout: 120_000 }, () => {
  let broker: AedesBroker;
  let place: StationOnDisk;
  let subscriber: Subscriber;
  let agent: AgentProcess | undefined;
  let quality: string;
  let delivered = 0;

  const config = (lines: string): string => `version: 1
gateway: { name: quality }
storage: { directory: state }
mqtt: { url: '${broker.url}', baseTopic: plant/line, reconnectMaxMs: 500 }
stations:
  - name: surface
    camera: { kind: directory, path: photos, settleMs: 20, pollMs: 50 }
    model: { package: rendered-tile/1.0.0 }
${lines}`;

  async function calibrate(...more: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
    const command = [cliPath, 'camera', 'calibrate', 'surface', '--config', place.config, ...more];
    return run(process.execPath, command).then(
      ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
      (error: { stdout: string; stderr: string; code: number }) => error,
    );
  }

  beforeAll(async () => {
    broker = await AedesBroker.onFreePort();
    await broker.start();
    place = await StationOnDisk.create();
    subscriber = await Subscriber.connect(broker.url);
    await writeFile(place.config, config(''));
    for (const [folder, count] of [
      ['parts', 12],
      ['empty', 6],
    ] as const) {
      await mkdir(join(place.folder, folder));
      for (let index = 0; index < count; index += 1) {
        const light = 0.97 + 0.005 * (index % 12);
        const picture = await scene({ light, ...(folder === 'parts' && { seed: 100 + index }) });
        await writeFile(join(place.folder, folder, `${index}.jpg`), picture);
      }
    }
    const { stdout } = await calibrate('--from', join(place.folder, 'parts'), '--empty', join(place.folder, 'empty'));
    quality = stdout.slice(stdout.indexOf('    quality:'));
    await writeFile(place.config, config(`${quality.trimEnd()}\n      warnAfter: 3\n`));
  }, 120_000);

  afterEach(async () => {
    await agent?.dispose();
    agent = undefined;
  });
  afterAll(async () => {
    await subscriber?.end();
    await broker?.stop();
    await place?.remove();
  });

  async function inspect(of: Scene): Promise<InspectionMessage> {
    delivered += 1;
    await place.deliver(`${String(delivered).padStart(3, '0')}.jpg`, await scene(of));
    await vi.waitFor(() => expect(subscriber.unique).toHaveLength(delivered), PATIENT);
    return subscriber.unique[delivered - 1] as InspectionMessage;
  }
  const troubles = (): unknown => subscriber.latest.get('plant/line/status')?.['troubles'];

  it('is calibrated by a command whose output is ready to paste', async () => {
    for (const key of [
      'minimumLight',
      'maximumLight',
      'maximumSaturated',
      'minimumSharpness',
      'minimumPresence',
      'minimumMatch',
      'maximumShift',
    ]) {
      expect(quality).toMatch(new RegExp(`^ {6}${key}: [\\d.]+$`, 'm'));
    }
    expect(quality).toMatch(/^ {6}reference: quality\/surface\.json$/m);
    const { stdout } = await run(process.execPath, [cliPath, 'check', '--config', place.config]);
    expect(stdout).toMatch(/is valid/);
    const written = JSON.parse(await readFile(join(place.folder, 'quality', 'surface.json'), 'utf8')) as object;
    expect(written).toMatchObject({ station: 'surface', frames: 12, emptyFrames: 6, measured: { light: {} } });
    const still = await sharp(join(place.folder, 'quality', 'surface-still.png')).stats();
    expect(still.channels[0]?.mean).toBeGreaterThan(100);
  });

  it('sends pictures that are not fit to be judged to review, warns, and judges good ones', async () => {
    agent = new AgentProcess(place.config);
    await agent.ready(60_000);
    const judged = await inspect({ seed: 500 });
    expect(judged.class).not.toBeNull();
    expect(judged.reasons.map(({ code }) => code)).not.toContain('IMAGE_BLURRED');
    for (const [spoilt, code] of [
      [{ seed: 501, light: 0.6 }, 'IMAGE_TOO_DARK'],
      [{ seed: 502, light: 1.6 }, 'IMAGE_TOO_BRIGHT'],
      [{ seed: 503, blur: 4 }, 'IMAGE_BLURRED'],
      [{ seed: 504, right: 12 }, 'CAMERA_MOVED'],
      [{}, 'SCENE_EMPTY'],
    ] as const) {
      const { verdict, reasons, class: label, score } = await inspect(spoilt);
      expect({ verdict, codes: reasons.map((one) => one.code), label, score }).toEqual({
        verdict: 'review',
        codes: [code],
        label: null,
        score: null,
      });
    }
    const text = expect.stringMatching(/^the last 5 pictures were refused.*no part in view/);
    await vi.waitFor(() => expect(troubles()).toEqual([{ where: 'pictures of surface', text }]), PATIENT);
    expect((await inspect({ seed: 505, light: 1.01 })).class).not.toBeNull();
    await vi.waitFor(() => expect(troubles()).toEqual([]), PATIENT);
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  it('does not start with a reference that is not whole', async () => {
    const picture = join(place.folder, 'quality', 'surface.png');
    const whole = await readFile(picture);
    await writeFile(picture, whole.subarray(0, 100));
    agent = new AgentProcess(place.config);
    expect(await agent.exited()).toBe(78);
    expect(agent.text).toMatch(/QUALITY_REFERENCE_UNUSABLE.*surface\.png is not the file that was written with it/);
    await writeFile(picture, whole);
  });

  it('says what to do where the camera gives too few pictures, where nobody is at the terminal, and where it may not write', async () => {
    await mkdir(join(place.folder, 'few'));
    await writeFile(join(place.folder, 'few', '1.jpg'), await scene({ seed: 1 }));
    expect(await calibrate('--from', join(place.folder, 'few'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/CLI_TOO_FEW_PICTURES.*Got: 1 pictures.*--timeout/),
    });
    expect(await calibrate('--empty')).toMatchObject({ code: 78, stderr: expect.stringMatching(/--empty FOLDER/) });
    const nowhere = ['--output', join(place.config, 'below')];
    expect(await calibrate('--from', join(place.folder, 'parts'), ...nowhere)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/CLI_NOT_WRITTEN/),
    });
  });
});
