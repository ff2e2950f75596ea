import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '#jidoka/base/lifecycle.js';
import { DirectoryCamera, type DirectoryCameraOptions } from '#jidoka/camera/directory/directory-camera.js';
import type { Frame } from '#jidoka/domain/frame.js';
import { cameraContract, takeFrames } from '../../contract/camera.js';
import { asOrdinaryUser } from '../../simulators/ordinary-user.js';
import { cameraDeps, eventually, jpegBytes, MemoryOriginLog, temporaryFolder, writeJpeg } from './helpers.js';

const EXTENSIONS = ['jpg', 'jpeg', 'png'];

function makeCamera(path: string, log = new MemoryOriginLog(), changes: Partial<DirectoryCameraOptions> = {}) {
  const options = { after: 'keep', settleMs: 60, pollMs: 50, maxFileBytes: 100_000, graceMs: 200 } as const;
  return new DirectoryCamera({ path, extensions: EXTENSIONS, ...options, ...changes }, cameraDeps(log));
}

cameraContract('directory', async () => {
  const folder = await temporaryFolder();
  let count = 0;
  return {
    camera: makeCamera(folder.path),
    offer: async (more) => {
      for (let left = more; left > 0; left -= 1) {
        count += 1;
        await writeJpeg(folder.path, `part-${count}.jpg`);
      }
    },
    dispose: folder.remove,
  };
});

describe('directory camera', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let log: MemoryOriginLog;
  let frames: Frame[];
  let ending: AbortController;
  let running: Promise<void>;

  /** Runs a camera as a station does: each frame is committed, then said to be inspected. */
  function run(changes: Partial<DirectoryCameraOptions> = {}): DirectoryCamera {
    const camera = makeCamera(folder.path, log, changes);
    ending = new AbortController();
    running = (async () => {
      for await (const frame of camera.frames(ending.signal)) {
        frames.push(frame);
        if (frame.origin !== undefined) log.commit(frame.origin);
        await camera.inspected(frame);
      }
    })();
    return camera;
  }

  const names = () => frames.map((frame) => frame.origin?.name);
  const reasons = () => Object.fromEntries(log.entries.map(({ name, reason }) => [name, reason]));
  async function stop(): Promise<void> {
    ending.abort();
    await running;
  }
  /** Waits until a file that was written after the others has been taken: what was to be taken before, has been. */
  async function afterMarker(): Promise<void> {
    await writeJpeg(folder.path, 'marker.jpg', String(Math.random()));
    await eventually(() => expect(names()).toContain('marker.jpg'));
  }

  beforeEach(async () => {
    folder = await temporaryFolder();
    log = new MemoryOriginLog();
    frames = [];
    ending = new AbortController();
    running = Promise.resolve();
  });
  afterEach(async () => {
    await stop();
    await folder.remove();
  });

  it('takes files by modification time, then by name, with the content as it is on disk', async () => {
    for (const [name, second] of [
      ['b.jpg', 2],
      ['c.JPG', 1],
      ['a.jpeg', 2],
    ] as const) {
      await utimes(await writeJpeg(folder.path, name), second, second);
    }
    await writeJpeg(folder.path, 'notes.txt');
    run();
    await eventually(() => expect(names()).toEqual(['c.JPG', 'a.jpeg', 'b.jpg']));
    expect(frames[0]?.image).toEqual({ kind: 'encoded', data: new Uint8Array(jpegBytes('c.JPG')) });
    expect(frames[0]?.capturedAtMs).toBe(1000);
  });

  it('takes a half-written file once, when it is finished', async () => {
    const path = join(folder.path, 'slow.jpg');
    run({ settleMs: 1000 });
    await writeFile(path, jpegBytes('first half'));
    // The writer is slow but never pauses for as long as the file has to be left alone.
    for (let piece = 0; piece < 15; piece += 1) {
      await sleep(100);
      await appendFile(path, 'more');
    }
    expect(names()).toEqual([]);
    await appendFile(path, 'the end');
    await eventually(() => expect(names()).toEqual(['slow.jpg']));
    expect(Buffer.from(frames[0]?.image.data ?? []).toString('latin1')).toMatch(/the end$/);
    await afterMarker();
    expect(names()).toEqual(['slow.jpg', 'marker.jpg']);
  });

  it('takes a file that is renamed into place, and one that is renamed while it waits, once', async () => {
    const camera = run({ settleMs: 1500 });
    await rename(await writeJpeg(folder.path, 'upload.part'), join(folder.path, 'renamed.jpg'));
    const waiting = await writeJpeg(folder.path, 'waiting.jpg');
    await eventually(() => expect(camera.status().state).toBe('running'));
    await rename(waiting, join(folder.path, 'final.jpg'));
    await eventually(() => expect(names().sort()).toEqual(['final.jpg', 'renamed.jpg']));
    await afterMarker();
    expect(frames).toHaveLength(3);
  });

  it('quarantines what is no image, with a reason, once', async () => {
    await writeFile(join(folder.path, 'text.jpg'), 'Dear colleague, the picture follows.');
    await writeFile(join(folder.path, 'empty.jpg'), '');
    await mkdir(join(folder.path, 'album.jpg'));
    await writeFile(join(folder.path, 'huge.png'), Buffer.alloc(100_001, 1));
    await symlink('/etc/hostname', join(folder.path, 'link.jpg'));
    execFileSync('mkfifo', [join(folder.path, 'pipe.jpg')]);
    const camera = run();
    await eventually(() => expect(camera.status().quarantined).toBe(6));
    expect(reasons()).toEqual({
      'text.jpg': 'its content is no JPEG, PNG, BMP, TIFF or WebP image',
      'empty.jpg': 'it is empty',
      'album.jpg': 'it is a folder',
      'huge.png': 'it has 100001 bytes, more than the 100000 of maxFileBytes',
      'link.jpg': 'it is a symbolic link; only files themselves are taken',
      'pipe.jpg': 'it is a pipe, socket or device',
    });
    await writeJpeg(join(folder.path, 'album.jpg'), 'inside.jpg');
    await stop();
    const restarted = run();
    await afterMarker();
    expect(restarted.status().quarantined).toBe(0);
    expect(log.entries).toHaveLength(6);
    expect(names()).toEqual(['marker.jpg']);
  });

  it('quarantines a picture that the classifier could not decode, and takes it when it is written anew', async () => {
    const camera = makeCamera(folder.path, log);
    await writeJpeg(folder.path, 'torn.jpg', 'half a picture');
    const [frame] = await takeFrames(camera, 1);
    if (frame === undefined) throw new Error('a frame was expected');
    await camera.unreadable(frame, 'the JPEG ends too early');
    expect(reasons()).toEqual({ 'torn.jpg': 'the JPEG ends too early' });
    expect(camera.status().quarantined).toBe(1);
    run();
    await afterMarker();
    expect(names()).toEqual(['marker.jpg']);
    await writeJpeg(folder.path, 'torn.jpg', 'the whole of the picture');
    await eventually(() => expect(names()).toEqual(['marker.jpg', 'torn.jpg']));
  });

  it('takes an empty file that is filled before the grace is over', async () => {
    const path = join(folder.path, 'late.jpg');
    await writeFile(path, '');
    const camera = run({ graceMs: 60_000 });
    await eventually(() => expect(camera.status().state).toBe('running'));
    await writeFile(path, jpegBytes('now'));
    await eventually(() => expect(names()).toEqual(['late.jpg']));
    expect(log.entries).toEqual([]);
  });

  it('quarantines a file it may not read', async () => {
    const secret = join(folder.path, 'secret.jpg');
    await writeFile(secret, jpegBytes('x'), { mode: 0o000 });
    await asOrdinaryUser([folder.path, secret], async () => {
      run();
      await eventually(() => expect(reasons()).toEqual({ 'secret.jpg': 'the agent has no permission to read it' }));
      await stop();
    });
  });

  it('takes names with spaces, line breaks and other alphabets; sets aside one that is no UTF-8', async () => {
    const odd = ['two words.jpg', 'line\nbreak.jpg', '自働化 ü.jpg', '-rf.jpg', '#?%.jpg'];
    for (const name of odd) await writeJpeg(folder.path, name);
    await writeFile(
      Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.jpg')]),
      'x',
    );
    run();
    await eventually(() => expect(names().sort()).toEqual([...odd].sort()));
    await eventually(() => expect(Object.values(reasons()).join()).toMatch(/not valid UTF-8/));
  });

  it('does not take a file again after a restart, and takes what was not committed', async () => {
    await writeJpeg(folder.path, 'done.jpg');
    run();
    await eventually(() => expect(names()).toEqual(['done.jpg']));
    await stop();
    await writeJpeg(folder.path, 'taken.jpg');
    expect((await takeFrames(makeCamera(folder.path, log), 1)).map((frame) => frame.origin?.name)).toEqual([
      'taken.jpg',
    ]);
    frames = [];
    run();
    await afterMarker();
    expect(names()).toEqual(['taken.jpg', 'marker.jpg']);
  });

  it('takes a file that is overwritten under its old name', async () => {
    run();
    await writeJpeg(folder.path, 'same.jpg', 'one');
    await eventually(() => expect(frames).toHaveLength(1));
    await writeJpeg(folder.path, 'same.jpg', 'another');
    await eventually(() => expect(frames).toHaveLength(2));
    expect(names()).toEqual(['same.jpg', 'same.jpg']);
  });

  it('deletes a file once its inspection is committed, and not one that was overwritten since', async () => {
    const camera = makeCamera(folder.path, log, { after: 'delete' });
    await writeJpeg(folder.path, 'one.jpg');
    await writeJpeg(folder.path, 'two.jpg');
    const [one, two] = await takeFrames(camera, 2);
    if (one === undefined || two === undefined) throw new Error('two frames were expected');
    expect((await readdir(folder.path)).sort()).toEqual(['one.jpg', 'two.jpg']);
    await writeJpeg(folder.path, 'two.jpg', 'other content');
    await camera.inspected(one);
    await camera.inspected(two);
    expect(await readdir(folder.path)).toEqual(['two.jpg']);
    expect(log.forgotten).toEqual([one.origin?.key]);
  });

  it('outlives a folder that is missing, vanishes and comes back, and forgets nothing meanwhile', async () => {
    await rm(folder.path, { recursive: true });
    const camera = run({ goneAfterMs: 0 });
    await eventually(() => expect(camera.status().state).toBe('failed'));
    expect(camera.status().text).toMatch(/^CAMERA_FOLDER_UNREADABLE: .*no such file/);
    await mkdir(folder.path);
    await writeJpeg(folder.path, 'first.jpg');
    await eventually(() => expect(names()).toEqual(['first.jpg']));
    await rename(folder.path, `${folder.path}-away`);
    await eventually(() => expect(camera.status().state).toBe('failed'));
    await mkdir(folder.path);
    await eventually(() => expect(camera.status().state).toBe('running'));
    await writeJpeg(folder.path, 'second.jpg');
    await eventually(() => expect(names()).toEqual(['first.jpg', 'second.jpg']));
    expect(log.forgotten).toEqual([]);
    await rm(folder.path, { recursive: true });
    await rename(`${folder.path}-away`, folder.path);
    await eventually(() => expect(camera.status().state).toBe('running'));
    await afterMarker();
    expect(names()).toEqual(['first.jpg', 'second.jpg', 'marker.jpg']);
  });

  it('lets the log forget files that are gone', async () => {
    run({ goneAfterMs: 1 });
    const path = await writeJpeg(folder.path, 'short-lived.jpg');
    await eventually(() => expect(frames).toHaveLength(1));
    await rm(path);
    await eventually(() => expect(log.forgotten).toEqual([frames[0]?.origin?.key]));
  });

  it('waits for a log that fails, and loses nothing', async () => {
    log.failure = new Error('the disk is full');
    await writeJpeg(folder.path, 'kept.jpg');
    await writeFile(join(folder.path, 'text.jpg'), 'no image');
    const camera = run();
    await eventually(() => expect(camera.status().text).toMatch(/the disk is full/));
    log.failure = undefined;
    await eventually(() => expect(names()).toEqual(['kept.jpg']));
    await eventually(() => expect(Object.keys(reasons())).toEqual(['text.jpg']));
  });

  it('drops a file that vanishes or shrinks to nothing while it waits, without a word', async () => {
    const camera = run({ settleMs: 2000, graceMs: 60_000 });
    const vanishing = await writeJpeg(folder.path, 'vanishing.jpg');
    const shrinking = await writeJpeg(folder.path, 'shrinking.jpg');
    await eventually(() => expect(camera.status().state).toBe('running'));
    await rm(vanishing);
    await truncate(shrinking, 0);
    await afterMarker();
    expect(names()).toEqual(['marker.jpg']);
    expect(log.entries).toEqual([]);
  });

  it('takes each of 2,000 files once, over a restart in the middle', async () => {
    const all = Array.from({ length: 2000 }, (_, index) => `part-${String(index).padStart(4, '0')}.jpg`);
    for (let from = 0; from < all.length; from += 200) {
      await Promise.all(all.slice(from, from + 200).map((name) => writeJpeg(folder.path, name)));
    }
    run({ settleMs: 20 });
    await eventually(() => expect(frames.length).toBeGreaterThan(700));
    await stop();
    run({ settleMs: 20 });
    await eventually(() => expect(frames.length).toBeGreaterThanOrEqual(2000));
    await afterMarker();
    expect(names().slice(0, -1).sort()).toEqual(all);
  });
});
