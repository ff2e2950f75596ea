// What several regions of one picture cost to prepare for a model: each cut out of the file by itself, or the file
// decoded once. `npx tsx scripts/bench/regions.ts`; needs a build. Median waiting time
// and mean processor time of ROUNDS pictures.
import sharp from 'sharp';
import type { Image } from '#jidoka/domain/frame.js';
import { PictureDecoder } from '#jidoka/vision/picture-decoder.js';
import { preprocess } from '#jidoka/vision/preprocess.js';

const ROUNDS = 40;
const WIDTH = 1920;
const HEIGHT = 1200;
const SIDE = 400;
const MAX_PIXELS = 100_000_000;
const decoder = new PictureDecoder({ maxImagePixels: MAX_PIXELS });
const model = {
  input: { name: 'x', width: 128, height: 128, channels: 1, layout: 'NHWC', type: 'uint8' },
  preprocessing: { resize: 'stretch', kernel: 'linear', fill: 0 },
} as unknown as Parameters<typeof preprocess>[2];

const noise = await sharp({
  create: {
    width: WIDTH,
    height: HEIGHT,
    channels: 3,
    background: '#808080',
    noise: { type: 'gaussian', mean: 128, sigma: 25 },
  },
})
  .blur(1.5)
  .jpeg({ quality: 90 })
  .toBuffer();
const jpeg: Image = { kind: 'encoded', data: noise };
const raw = await decoder.toRaw(jpeg);

async function median(work: () => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round += 1) {
    const startMs = performance.now();
    await work();
    times.push(performance.now() - startMs);
  }
  const { user, system } = process.cpuUsage(before);
  const waitedMs = times.sort((a, b) => a - b)[ROUNDS / 2] ?? 0;
  return `${waitedMs.toFixed(1)} ms (${((user + system) / 1000 / ROUNDS).toFixed(1)} ms of processor)`;
}

console.log(`${WIDTH} x ${HEIGHT} JPEG of ${Math.round(noise.byteLength / 1024)} KiB, regions of ${SIDE} x ${SIDE}`);
for (const count of [1, 2, 4, 8]) {
  const regions = Array.from({ length: count }, (_, index) => ({
    left: (index % 4) * 480,
    top: Math.floor(index / 4) * 600 + 100,
    width: SIDE,
    height: SIDE,
  }));
  const cut = (image: Image) =>
    Promise.all(regions.map((region) => preprocess(image, { region, rotate: 0 }, model, MAX_PIXELS)));
  const each = await median(() => cut(jpeg));
  const once = await median(async () => cut(await decoder.toRaw(jpeg)));
  const pixels = await median(() => cut(raw));
  console.log(`${count} regions: each from the file ${each}, decoded once ${once}, raw frame ${pixels}`);
}
