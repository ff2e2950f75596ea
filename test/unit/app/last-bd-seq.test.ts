import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lastBdSeqIn } from '#jidoka/app/last-bd-seq.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jidoka-bdseq-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('is known again after a restart, for each destination', async () => {
  expect(await lastBdSeqIn(folder, 'mqtt').load()).toBeUndefined();
  await lastBdSeqIn(folder, 'mqtt').save(254);
  await lastBdSeqIn(folder, 'mqtt').save(255);
  await lastBdSeqIn(folder, 'cloud').save(0);
  expect(await lastBdSeqIn(folder, 'mqtt').load()).toBe(255);
  expect(await lastBdSeqIn(folder, 'cloud').load()).toBe(0);
});

it.each(['', '{', '{"bdSeq":256}', '{"bdSeq":"1"}', '[]'])('does not believe %j', async (text) => {
  await writeFile(join(folder, 'sparkplug-mqtt.json'), text);
  expect(await lastBdSeqIn(folder, 'mqtt').load()).toBeUndefined();
});

it('says where the disk does not keep it', async () => {
  await expect(lastBdSeqIn(join(folder, 'gone'), 'mqtt').save(1)).rejects.toThrow(/ENOENT/);
});
