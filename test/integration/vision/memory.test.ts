import { expect, it } from 'vitest';
import type { RawImage } from '#jidoka/domain/frame.js';
import { JpegEncoder } from '#jidoka/vision/jpeg-encoder.js';
import { preprocess } from '#jidoka/vision/preprocess.js';

const picture: RawImage = {
  kind: 'raw',
  format: 'grey8',
  width: 700,
  height: 700,
  data: new Uint8Array(490_000).fill(99),
};
const preprocessing = {
  resize: 'stretch' as const,
  kernel: 'linear' as const,
  fill: 0,
  scale: 1,
  mean: [0],
  std: [1],
  order: 'rgb' as const,
};
const input = {
  name: 'image',
  width: 700,
  height: 700,
  channels: 3 as const,
  layout: 'NHWC' as const,
  type: 'uint8' as const,
};
const inputBytes = 700 * 700 * 3;

async function residentGrowth(times: number, work: () => Promise<unknown>): Promise<number> {
  // The first rounds fill the allocators' pools, which stay.
  for (let round = 0; round < 50; round += 1) await work();
  const before = process.memoryUsage.rss();
  for (let round = 0; round < times; round += 1) await work();
  return process.memoryUsage.rss() - before;
}

it('gives back the memory of every picture it has prepared', async () => {
  const growth = await residentGrowth(400, () => preprocess(picture, { rotate: 0 }, { input, preprocessing }, 1e8));
  // Kept memory would be all of it; garbage that waits to be collected is a small part.
  expect(growth).toBeLessThan((400 * inputBytes) / 3);
}, 60_000);

it('gives back the memory of every JPEG it has made', async () => {
  const noise: RawImage = { ...picture, data: picture.data.map((_, index) => (index * 2654435761) >>> 24) };
  const encoder = new JpegEncoder({ maxImagePixels: 1e8 });
  const bytes = (await encoder.toJpeg(noise, 95)).byteLength;
  const growth = await residentGrowth(400, () => encoder.toJpeg(noise, 95));
  expect(bytes).toBeGreaterThan(200_000);
  expect(growth).toBeLessThan((400 * bytes) / 3);
}, 60_000);
