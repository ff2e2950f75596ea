import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReplayCamera } from '#jidoka/camera/replay/replay-camera.js';
import type { Frame } from '#jidoka/domain/frame.js';
import { cameraContract, takeFrames } from '../../contract/camera.js';
import { cameraDeps, eventually, temporaryFolder, writeJpeg } from './helpers.js';

function makeCamera(path: string, loop = true): ReplayCamera {
  return new ReplayCamera({ path, framesPerSecond: 200, loop }, cameraDeps());
}

const text = (frame: Frame | undefined) =>
  Buffer.from(frame?.image.data ?? [])
    .toString('latin1')
    .slice(4, -2);

cameraContract('replay', async () => {
  const folder = await temporaryFolder();
  for (const name of ['1.jpg', '2.jpg', '3.jpg', '4.jpg']) await writeJpeg(folder.path, name);
  return { camera: makeCamera(folder.path), offer: async () => undefined, dispose: folder.remove };
});

describe('replay camera', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  it('shows the files of the folder and its subfolders by name, again and again', async () => {
    await mkdir(join(folder.path, 'b'));
    await writeJpeg(folder.path, 'c.jpg', 'C');
    await writeJpeg(join(folder.path, 'b'), 'x.PNG', 'B');
    await writeJpeg(folder.path, 'a.jpg', 'A');
    await writeJpeg(folder.path, 'readme.md', '?');
    const frames = await takeFrames(makeCamera(folder.path), 7);
    expect(frames.map(text)).toEqual(['A', 'B', 'C', 'A', 'B', 'C', 'A']);
    expect(frames.every((frame) => frame.origin === undefined)).toBe(true);
  });

  it('ends after the last file when it is not to loop', async () => {
    await writeJpeg(folder.path, 'a.jpg');
    await writeJpeg(folder.path, 'b.jpg');
    const camera = makeCamera(folder.path, false);
    expect(await takeFrames(camera, 99)).toHaveLength(2);
    expect(camera.status()).toMatchObject({ state: 'stopped', text: 'Every file has been shown.' });
  });

  it('skips files that are no images and those found undecodable, and counts each once', async () => {
    await writeJpeg(folder.path, 'good.jpg', 'good');
    await writeJpeg(folder.path, 'torn.jpg', 'torn');
    await writeFile(join(folder.path, 'text.jpg'), 'no image');
    await writeFile(join(folder.path, 'empty.jpg'), '');
    const camera = makeCamera(folder.path);
    const ending = new AbortController();
    const shown: string[] = [];
    for await (const frame of camera.frames(ending.signal)) {
      shown.push(text(frame));
      if (text(frame) === 'torn') await camera.unreadable(frame, 'the JPEG ends too early');
      if (shown.length === 6) ending.abort();
    }
    expect(shown).toEqual(['good', 'torn', 'good', 'good', 'good', 'good']);
    expect(camera.status().quarantined).toBe(3);
  });

  it('refuses a folder that is missing or holds no images, as a matter of the config', async () => {
    const missing = makeCamera(join(folder.path, 'nowhere'));
    await expect(takeFrames(missing, 1)).rejects.toMatchObject({
      code: 'CAMERA_FOLDER_MISSING',
      consequence: 'config',
    });
    expect(missing.status().text).toMatch(/^CAMERA_FOLDER_MISSING: .*nowhere/);
    await writeFile(join(folder.path, 'readme.md'), 'nothing to see');
    await expect(takeFrames(makeCamera(folder.path), 1)).rejects.toMatchObject({
      code: 'CAMERA_FOLDER_EMPTY',
      consequence: 'config',
    });
  });

  it('waits for a folder that goes away while it runs', async () => {
    await writeJpeg(folder.path, 'a.jpg', 'A');
    const camera = makeCamera(folder.path);
    const ending = new AbortController();
    let shown = 0;
    const running = (async () => {
      for await (const _frame of camera.frames(ending.signal)) shown += 1;
    })();
    await eventually(() => expect(shown).toBeGreaterThan(1));
    await rename(folder.path, `${folder.path}-away`);
    await eventually(() => expect(camera.status().state).toBe('failed'));
    const before = shown;
    await rename(`${folder.path}-away`, folder.path);
    await eventually(() => expect(shown).toBeGreaterThan(before));
    ending.abort();
    await running;
    await rm(`${folder.path}-away`, { recursive: true, force: true });
  });

  it('does not hurry after a slow reader', async () => {
    for (let index = 0; index < 10; index += 1) await writeJpeg(folder.path, `${index}.jpg`);
    const camera = new ReplayCamera({ path: folder.path, framesPerSecond: 20, loop: true }, cameraDeps());
    const at: number[] = [];
    const ending = new AbortController();
    for await (const frame of camera.frames(ending.signal)) {
      at.push(frame.capturedAtMs);
      // The reader takes six periods over the first frame.
      if (at.length === 1) await new Promise((resolve) => setTimeout(resolve, 300));
      if (at.length === 5) ending.abort();
    }
    // Timers may only be late: three whole periods lie between the four frames after the pause.
    expect((at[4] ?? 0) - (at[1] ?? 0)).toBeGreaterThanOrEqual(145);
  });
});
