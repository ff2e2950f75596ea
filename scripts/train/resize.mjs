/**
 * Resizes a folder of class folders exactly as the agent does (sharp), so that training sees what serving sees.
 *
 * node scripts/train/resize.mjs SOURCE OUT WIDTH HEIGHT MODE KERNEL FILL
 *
 * SOURCE is CLASS/FILE; OUT.bin receives uint8 [n, HEIGHT, WIDTH] and OUT.json the list of "CLASS/FILE" in that order.
 * MODE is stretch, letterbox or cover. The options are those of src/vision/preprocess.ts: change both together.
 */
import { createWriteStream } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import sharp from 'sharp';

const fits = { stretch: 'fill', letterbox: 'contain', cover: 'cover' };
const [source, out, widthText, heightText, mode, kernel, fillText] = process.argv.slice(2);
const fit = fits[mode];
if (source === undefined || out === undefined || fit === undefined || fillText === undefined) {
  process.stderr.write('usage: resize.mjs SOURCE OUT WIDTH HEIGHT stretch|letterbox|cover KERNEL FILL\n');
  process.exit(64);
}
const [width, height, fill] = [Number(widthText), Number(heightText), Number(fillText)];
sharp.concurrency(1);

const names = [];
for (const folder of (await readdir(source, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
  if (!folder.isDirectory() && !folder.isSymbolicLink()) continue;
  for (const file of (await readdir(join(source, folder.name))).sort()) {
    if (/\.(jpe?g|png|bmp)$/i.test(file)) names.push(`${folder.name}/${file}`);
  }
}

const stream = createWriteStream(`${out}.bin`);
for (const name of names) {
  const pixels = await sharp(join(source, name), { ignoreIcc: true })
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
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer();
  if (pixels.length !== width * height) throw new Error(`${name}: ${pixels.length} bytes, not ${width * height}`);
  stream.write(pixels);
}
stream.end();
await finished(stream);
await writeFile(`${out}.json`, JSON.stringify(names));
