// Writes rendered magnetic tiles into one folder a class, for training and validation:
//   npx tsx scripts/render-tiles.ts --out DIR --count 200 --seed 1 [--format jpg|png]
// Tile I of a class has the seed SEED * 1,000,000 + I, so that two seeds never share a picture.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { renderTile, TILE_CLASSES } from '../src/camera/simulated/tile.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    format: { type: 'string', default: 'jpg' },
    width: { type: 'string', default: '240' },
    height: { type: 'string', default: '160' },
  },
});

const [count, seed, width, height] = [values.count, values.seed, values.width, values.height].map(Number);
if (
  values.out === undefined ||
  (values.format !== 'jpg' && values.format !== 'png') ||
  ![count, seed, width, height].every((value) => Number.isSafeInteger(value) && Number(value) >= 0)
) {
  console.error('Usage: npx tsx scripts/render-tiles.ts --out DIR [--count 200] [--seed 1] [--format jpg|png]');
  process.exit(2);
}

const total = Number(count) * TILE_CLASSES.length;
let written = 0;
for (const tileClass of TILE_CLASSES) {
  const folder = join(values.out, tileClass);
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < Number(count); index += 1) {
    const tile = renderTile({
      tileClass,
      seed: Number(seed) * 1_000_000 + index,
      width: Number(width),
      height: Number(height),
    });
    const picture = sharp(tile.data, { raw: { width: tile.width, height: tile.height, channels: 1 } });
    const encoded = values.format === 'jpg' ? picture.jpeg({ quality: 92 }) : picture.png();
    await encoded.toColourspace('b-w').toFile(join(folder, `tile_${String(index).padStart(5, '0')}.${values.format}`));
    written += 1;
    if (process.stdout.isTTY || written % 100 === 0 || written === total) {
      process.stdout.write(
        `${process.stdout.isTTY ? '\r' : ''}${written} of ${total} tiles (${tileClass})   ${process.stdout.isTTY ? '' : '\n'}`,
      );
    }
  }
}
console.log(`${process.stdout.isTTY ? '\n' : ''}Written to ${values.out}`);
