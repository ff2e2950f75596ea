import { execFileSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readImageFile } from '#jidoka/camera/image-file.js';
import { jpegBytes, temporaryFolder, writeJpeg } from './helpers.js';

describe('reading an image file', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  it('gives the bytes in a buffer of their own', async () => {
    const content = await readImageFile(await writeJpeg(folder.path, 'a.jpg'), 1000);
    if (content.kind !== 'bytes') throw new Error(`got ${content.kind}`);
    expect(content.data).toEqual(new Uint8Array(jpegBytes('a.jpg')));
    expect(content.data.buffer.byteLength).toBe(content.data.length);
  });

  it('follows a symbolic link only when told to', async () => {
    const link = join(folder.path, 'link.jpg');
    await symlink(await writeJpeg(folder.path, 'a.jpg'), link);
    await expect(readImageFile(link, 1000)).rejects.toMatchObject({ code: 'ELOOP' });
    expect((await readImageFile(link, 1000, true)).kind).toBe('bytes');
  });

  it('neither waits for a pipe nor reads what is too large', async () => {
    const pipe = join(folder.path, 'pipe.jpg');
    execFileSync('mkfifo', [pipe]);
    expect(await readImageFile(pipe, 1000)).toEqual({ kind: 'not-a-file' });
    expect((await readImageFile(folder.path, 1000)).kind).toBe('not-a-file');
    const large = join(folder.path, 'large.jpg');
    await writeFile(large, Buffer.alloc(1001));
    expect(await readImageFile(large, 1000)).toEqual({ kind: 'too-large' });
  });

  it('notices a file that changes while it is read', async () => {
    const path = join(folder.path, 'growing.jpg');
    await writeFile(path, Buffer.alloc(64 * 1024 * 1024, 1));
    const reading = readImageFile(path, 1_000_000_000);
    let done = false;
    void reading.finally(() => {
      done = true;
    });
    let writes = 0;
    while (!done) {
      await writeFile(path, `${writes}`, { flag: 'a' });
      writes += 1;
    }
    expect((await reading).kind).toBe('changing');
    expect(writes).toBeGreaterThan(0);
  });
});
