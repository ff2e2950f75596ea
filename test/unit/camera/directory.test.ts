import { describe, expect, it } from 'vitest';
import { type Candidate, FirstInOrder, inOrder, originOf } from '#jidoka/camera/directory/candidate.js';
import { KnownFiles } from '#jidoka/camera/directory/known-files.js';
import { WaitingFiles } from '#jidoka/camera/directory/waiting-files.js';
import { hasExtension, sniffImage } from '#jidoka/camera/image-file.js';
import { seededRandom } from '#jidoka/camera/simulated/random.js';

function candidate(name: string, mtimeNs: bigint, mark = `1:${mtimeNs}`): Candidate {
  return { name, kind: 'file', sizeBytes: 1, mtimeNs, mark };
}

describe('first in order', () => {
  it('keeps the oldest, by name where the time is the same, and counts the others', () => {
    const random = seededRandom(2);
    const all = Array.from({ length: 500 }, (_, index) => candidate(`f${index}`, BigInt(random.integer(0, 60))));
    for (const limit of [1, 7, 100, 499, 500, 1000]) {
      const first = new FirstInOrder(limit);
      for (const each of all) first.offer(each);
      expect(first.sorted()).toEqual([...all].sort(inOrder).slice(0, limit));
      expect(first.refused).toBe(Math.max(0, 500 - limit));
    }
  });

  it('tells files apart by name and state', () => {
    expect(originOf(candidate('a.jpg', 1n)).key).not.toBe(originOf(candidate('a.jpg', 2n)).key);
    expect(originOf(candidate('a.jpg', 1n)).key).not.toBe(originOf(candidate('b.jpg', 1n)).key);
  });
});

describe('known files', () => {
  it('reports a file as gone only after it was missing long enough from the folder it was in', async () => {
    const known = new KnownFiles(10, 1000);
    known.beginPass('disk');
    known.add('a.jpg', '1:1');
    known.add('b.jpg', '1:1');
    known.beginPass('disk');
    expect(known.touch('a.jpg')).toBe(true);
    expect(known.touch('c.jpg')).toBe(false);
    expect(await known.gone(5000, 10)).toEqual([]);
    known.beginPass('empty mount point');
    expect(await known.gone(9000, 10)).toEqual([]);
    known.beginPass('disk');
    known.touch('a.jpg');
    expect(await known.gone(6000, 10)).toEqual([{ name: 'b.jpg', key: 'b.jpg:1:1' }]);
  });

  it('starts the time anew when the file is seen again', async () => {
    const known = new KnownFiles(10, 1000);
    known.beginPass('disk');
    known.add('a.jpg', '1:1');
    known.beginPass('disk');
    expect(await known.gone(1000, 10)).toEqual([]);
    known.beginPass('disk');
    known.touch('a.jpg');
    known.beginPass('disk');
    expect(await known.gone(3000, 10)).toEqual([]);
    known.beginPass('disk');
    expect(await known.gone(4000, 10)).toHaveLength(1);
  });

  it('holds a limited number and gives up the oldest', () => {
    const known = new KnownFiles(3, 1000);
    for (const name of ['a', 'b', 'c', 'a', 'd']) known.add(name, '1:1');
    expect(known.size).toBe(3);
    expect(['a', 'b', 'c', 'd'].filter((name) => known.markOf(name) !== undefined)).toEqual(['a', 'c', 'd']);
  });
});

describe('waiting files', () => {
  it('lets a file rest anew when its state changes, and not when a listing shows it again', () => {
    const waiting = new WaitingFiles(() => 100);
    waiting.replace([candidate('a', 1n), candidate('b', 2n)], 0);
    expect(waiting.firstReady(99)).toBeUndefined();
    waiting.replace([candidate('a', 1n), candidate('b', 3n)], 60);
    expect(waiting.firstReady(100)?.candidate.name).toBe('a');
    expect(waiting.nextReadyMs()).toBe(100);
    const first = waiting.firstReady(100);
    if (first !== undefined) waiting.remove(first);
    expect(waiting.firstReady(159)).toBeUndefined();
    expect(waiting.firstReady(160)?.candidate.name).toBe('b');
    waiting.clear();
    expect(waiting.nextReadyMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('image files', () => {
  it.each([
    ['JPEG', [0xff, 0xd8, 0xff, 0xe1]],
    ['PNG', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
    ['BMP', [0x42, 0x4d, 0, 0]],
    ['TIFF', [0x49, 0x49, 0x2a, 0]],
    ['TIFF', [0x4d, 0x4d, 0, 0x2a]],
    ['WebP', [...Buffer.from('RIFF1234WEBPVP8 ')]],
  ])('knows a %s by its first bytes', (name, bytes) => {
    expect(sniffImage(Uint8Array.from(bytes))).toBe(name);
    expect(sniffImage(Uint8Array.from(bytes.slice(0, 1)))).toBeNull();
  });

  it.each(['', 'plain text', '<svg/>', '%PDF-1.7', 'PK\u0003\u0004', 'GIF89a', 'RIFF1234WAVE'])(
    'does not take %j for one',
    (text) => {
      expect(sniffImage(Buffer.from(text))).toBeNull();
    },
  );

  it('looks at the ending of a name in any case', () => {
    const extensions = new Set(['jpg', 'tif']);
    expect(['a.jpg', 'A.JPG', 'x.y.Tif', '.jpg'].every((name) => hasExtension(name, extensions))).toBe(true);
    expect(['jpg', 'a.jpg.part', 'a.jpg~', 'a.', 'ajpg'].some((name) => hasExtension(name, extensions))).toBe(false);
  });
});
