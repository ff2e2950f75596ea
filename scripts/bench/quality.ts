// How many spoilt pictures the quality gate refuses, how many good ones, and what it costs. Real photographs of magnetic
// tiles (JIDOKA_DATA), as they are and laid into a drawn fixture that stands still. `npx tsx scripts/bench/quality.ts`,
// with `cost` for the cost alone; needs a build.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Image, RawImage } from '#jidoka/domain/frame.js';
import { qualityProblem } from '#jidoka/pipeline/quality-gate.js';
import { distributionOf, proposalFor, referenceOf } from '#jidoka/vision/quality/calibration.js';
import { Comparison } from '#jidoka/vision/quality/comparison.js';
import { THUMBNAIL_WIDTH } from '#jidoka/vision/quality/quality-meter.js';
import { thumbnailOf } from '#jidoka/vision/quality/thumbnail.js';

const MAX_PIXELS = 100_000_000;
const FRAMES = 50;
const EMPTIES = 20;
const folder = join(process.env['JIDOKA_DATA'] ?? '../shared/data', 'magnetic-tile');

/** The same numbers at each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

type Grey = RawImage & { readonly format: 'grey8' };
const WIDTH = 640;
const HEIGHT = 480;

function drawFixture(): Float32Array {
  const next = random(7);
  const out = new Float32Array(WIDTH * HEIGHT);
  for (let at = 0; at < out.length; at += 1) {
    const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
    let level = 70 + 20 * (x / WIDTH) + 4 * (next() - 0.5);
    if (y < 40 || y > HEIGHT - 40) level += 35;
    if (Math.abs(x - 60) < 6 || Math.abs(x - WIDTH + 60) < 6) level -= 40;
    for (const [cx, cy] of [
      [30, 70],
      [610, 70],
      [30, 410],
      [610, 410],
    ] as const) {
      const r = Math.hypot(x - cx, y - cy);
      if (r < 16) level = 140 + (Math.abs(x - cx) < 3 ? -70 : 0);
    }
    out[at] = level;
  }
  return out;
}
const fixture = drawFixture();

async function tile(file: string): Promise<Grey> {
  const { data, info } = await sharp(readFileSync(file))
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { kind: 'raw', format: 'grey8', width: info.width, height: info.height, data };
}

/** A tile in the fixture, never twice at quite the same place and in quite the same light, as on a line. */
async function inFixture(part: Grey | undefined, next: () => number, moved = { x: 0, y: 0 }): Promise<Grey> {
  const light = 0.95 + 0.1 * next();
  const jitter = { x: Math.round(8 * (next() - 0.5)), y: Math.round(8 * (next() - 0.5)) };
  const fitted =
    part &&
    (await sharp(part.data, { raw: { width: part.width, height: part.height, channels: 1 } })
      .resize({ width: 400, height: 300, fit: 'fill' })
      .toColourspace('b-w')
      .raw()
      .toBuffer());
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (let at = 0; at < data.length; at += 1) {
    const [x, y] = [(at % WIDTH) - moved.x, Math.floor(at / WIDTH) - moved.y];
    const [px, py] = [x - 120 - jitter.x, y - 90 - jitter.y];
    const inside = fitted !== undefined && px >= 0 && py >= 0 && px < 400 && py < 300;
    const clamped = Math.min(HEIGHT - 1, Math.max(0, y)) * WIDTH + Math.min(WIDTH - 1, Math.max(0, x));
    const level = inside ? (fitted[py * 400 + px] ?? 0) : (fixture[clamped] ?? 0);
    data[at] = Math.max(0, Math.min(255, Math.round(level * light + 4 * (next() - 0.5))));
  }
  return { kind: 'raw', format: 'grey8', width: WIDTH, height: HEIGHT, data };
}

const scaled = (image: Grey, gain: number): Grey => ({
  ...image,
  data: image.data.map((level) => Math.min(255, Math.round(level * gain))),
});
async function blurred(image: Grey, sigma: number): Promise<Grey> {
  const raw = { width: image.width, height: image.height, channels: 1 as const };
  return { ...image, data: await sharp(image.data, { raw }).blur(sigma).toColourspace('b-w').raw().toBuffer() };
}
const uniform = (image: Grey, next: () => number): Grey => ({
  ...image,
  data: image.data.map(() => Math.round(90 + 6 * (next() - 0.5))),
});

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.jpg'))
  .sort()
  .map((name) => join(folder, name));
const shuffle = random(42);
const mixed = files.map((file) => ({ file, key: shuffle() })).sort((a, b) => a.key - b.key);
const good = mixed.filter(({ file }) => file.includes('free')).map(({ file }) => file);
const taught = new Set(good.slice(0, FRAMES));
const others = mixed.map(({ file }) => file).filter((file) => !taught.has(file));

async function evaluate(
  title: string,
  make: (part: Grey | undefined, moved?: { x: number; y: number }) => Promise<Grey>,
  options: { readonly empties: boolean; readonly spoilt: boolean },
): Promise<void> {
  const shrink = (image: Image) => thumbnailOf(image, MAX_PIXELS, size);
  let size: { width: number; height?: number } = { width: THUMBNAIL_WIDTH };
  const firstFile = [...taught][0] ?? '';
  const first = await thumbnailOf(await make(await tile(firstFile)), MAX_PIXELS, size);
  size = { width: first.width, height: first.height };
  const parts = [];
  for (const file of taught) parts.push(await shrink(await make(await tile(file))));
  const empties = [];
  if (options.empties)
    for (let count = 0; count < EMPTIES; count += 1) empties.push(await shrink(await make(undefined)));
  const comparison = new Comparison(referenceOf(parts, empties));
  const measured = distributionOf(
    parts.map((part) => comparison.measure(part)),
    empties.map((empty) => comparison.measure(empty)),
  );
  const { limits, notes } = proposalFor(measured);
  console.log(`\n${title}: ${JSON.stringify(limits)} ${notes.join(' ')}`);
  console.log(
    JSON.stringify(measured, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(3)) : value)),
  );
  const tally = new Map<string, Map<string, number>>();
  const count = async (what: string, image: Grey): Promise<void> => {
    const problem = qualityProblem(comparison.measure(await shrink(image)), limits);
    const row = tally.get(what) ?? new Map<string, number>();
    tally.set(what, row);
    const code = problem?.code ?? 'accepted';
    row.set(code, (row.get(code) ?? 0) + 1);
  };
  const next = random(99);
  for (const [index, file] of others.entries()) {
    const part = await tile(file);
    await count('good', await make(part));
    if (index >= 100) continue;
    await count('dark (light x 0.7)', scaled(await make(part), 0.7));
    await count('dark (light x 0.5)', scaled(await make(part), 0.5));
    await count('dark (light x 0.3)', scaled(await make(part), 0.3));
    await count('bright (light x 1.5)', scaled(await make(part), 1.5));
    await count('bright (light x 2)', scaled(await make(part), 2));
    await count('bright (light x 3)', scaled(await make(part), 3));
    for (const share of [0.003, 0.006, 0.012]) {
      const image = await make(part);
      await count(
        `blurred (sigma ${(100 * share).toFixed(1)} % of the width)`,
        await blurred(image, share * image.width),
      );
    }
    if (!options.spoilt) {
      await count('uniform', uniform(await make(part), next));
      continue;
    }
    await count('empty', await make(undefined));
    for (const pixels of [3, 7, 13, 32, 80]) {
      const angle = 2 * Math.PI * next();
      const moved = { x: Math.round(pixels * Math.cos(angle)), y: Math.round(pixels * Math.sin(angle)) };
      await count(`moved by ${pixels} px of ${WIDTH}`, await make(part, moved));
    }
    await count('moved, and empty', await make(undefined, { x: 30, y: -10 }));
  }
  for (const [what, row] of tally) {
    const total = [...row.values()].reduce((sum, value) => sum + value, 0);
    console.log(
      `  ${what.padEnd(36)} ${String(total).padStart(5)}  ${[...row].map(([code, n]) => `${code} ${n}`).join(', ')}`,
    );
  }
}

const next = random(3);
if (process.argv[2] !== 'cost') {
  await evaluate('photographs as they are', async (part) => part ?? Promise.reject(new Error('no picture')), {
    empties: false,
    spoilt: false,
  });
  await evaluate('in a fixture, without pictures of the empty scene', (part, moved) => inFixture(part, next, moved), {
    empties: false,
    spoilt: true,
  });
  await evaluate('in a fixture', (part, moved) => inFixture(part, next, moved), { empties: true, spoilt: true });
}
console.log('\ncost of one picture, 1920 x 1200');
const big = await sharp({
  create: {
    width: 1920,
    height: 1200,
    channels: 3,
    background: '#808080',
    noise: { type: 'gaussian', mean: 128, sigma: 25 },
  },
})
  .blur(1.5)
  .jpeg({ quality: 90 })
  .toBuffer();
const bigRaw = await sharp(big).toColourspace('b-w').raw().toBuffer();
const kinds: [string, Image][] = [
  ['JPEG', { kind: 'encoded', data: big }],
  ['raw grey', { kind: 'raw', format: 'grey8', width: 1920, height: 1200, data: bigRaw }],
];
const size = { width: THUMBNAIL_WIDTH, height: 100 };
const thumbs = [];
for (let round = 0; round < 20; round += 1) thumbs.push(await thumbnailOf(kinds[0]?.[1] as Image, MAX_PIXELS, size));
const comparison = new Comparison(referenceOf(thumbs, []));
const MEASURED = 1000;
const [thumb] = thumbs;
if (thumb !== undefined) {
  for (let round = 0; round < MEASURED; round += 1) comparison.measure(thumb);
  const before = process.cpuUsage();
  for (let round = 0; round < MEASURED; round += 1) comparison.measure(thumb);
  const { user, system } = process.cpuUsage(before);
  console.log(`  measured on the main thread: ${((user + system) / MEASURED).toFixed(0)} us of processor`);
}
for (const [kind, image] of kinds) {
  const waits: number[] = [];
  const before = process.cpuUsage();
  for (let round = 0; round < 60; round += 1) {
    const startMs = performance.now();
    await thumbnailOf(image, MAX_PIXELS, size);
    waits.push(performance.now() - startMs);
  }
  const { user, system } = process.cpuUsage(before);
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length / 2] ?? 0;
  console.log(
    `  ${kind}: shrunk in ${median(waits).toFixed(1)} ms away from it, ${((user + system) / 60_000).toFixed(1)} ms of processor`,
  );
}
