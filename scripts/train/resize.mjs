/**
 * Resizes a folder of class folders exactly as the agent does (sharp), so that training sees what serving sees.
 *
 * node scripts/train/resize.mjs SOURCE OUT WIDTH HEIGHT CHANNELS MODE KERNEL FILL
 *
 * SOURCE is CLASS/FILE; OUT.bin receives uint8 [n, HEIGHT, WIDTH, CHANNELS] and OUT.json `{ names, failed }`: the
 * "CLASS/FILE" in that order, and what could not be read as `{ name, reason }`. CHANNELS is 1 (grey) or 3 (RGB); MODE
 * is stretch, letterbox or cover. The options are those of src/vision/preprocess.ts: change both together.
 */
import { createWriteStream } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import sharp from 'sharp';

/** Pictures decoded beside each other; they are written in order all the same. */
const TOGETHER = 16;

const fits = { stretch: 'fill', letterbox: 'contain', cover: 'cover' };
const [source, out, ...rest] = process.argv.slice(2);
const [width, height, channels] = rest.slice(0, 3).map(Number);
const [mode, kernel, fillText] = rest.slice(3);
const fit = fits[mode];
if (out === undefined || fit === undefined || fillText === undefined || (channels !== 1 && channels !== 3)) {
  process.stderr.write('usage: resize.mjs SOURCE OUT WIDTH HEIGHT 1|3 stretch|letterbox|cover KERNEL FILL\n');
  process.exit(64);
}
const fill = Number(fillText);
sharp.concurrency(1);

const found = [];
for (const folder of (await readdir(source, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
  if (!folder.isDirectory() && !folder.isSymbolicLink()) continue;
  for (const file of (await readdir(join(source, folder.name))).sort()) {
    if (/\.(jpe?g|png|bmp)$/i.test(file)) found.push(`${folder.name}/${file}`);
  }
}

/** @returns {Promise<Buffer | string>} the pixels, or why there are none */
async function resized(name) {
  try {
    const pixels = await sharp(join(source, name), { failOn: 'warning', ignoreIcc: true })
      .removeAlpha()
      .resize({
        width,
        height,
        fit,
        kernel,
        position: 'centre',
        background: { r: fill, g: fill, b: fill },
        fastShrinkOnLoad: false,
      })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer();
    const wanted = width * height * channels;
    return pixels.length === wanted ? pixels : `${pixels.length} bytes after resizing, not ${wanted}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const names = [];
const failed = [];
const stream = createWriteStream(`${out}.bin`);
for (let start = 0; start < found.length; start += TOGETHER) {
  const some = found.slice(start, start + TOGETHER);
  const results = await Promise.all(some.map(resized));
  for (const [index, result] of results.entries()) {
    if (typeof result === 'string') failed.push({ name: some[index], reason: result });
    else {
      names.push(some[index]);
      if (!stream.write(result)) await new Promise((resolve) => stream.once('drain', resolve));
    }
  }
}
stream.end();
await finished(stream);
await writeFile(`${out}.json`, JSON.stringify({ names, failed }));
